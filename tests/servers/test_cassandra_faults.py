"""Cassandra killed, stopped and locked: errors by class, exact counts, load back at once. A node of the test's own,
with passwords, whose commit log is synchronous, so that what it acknowledged it still has after SIGKILL.
ctest: timeout=420
"""
import datetime
import os
import random
import time
import unittest

import lib
from cassandra_node import Node

RUNS = int(os.environ.get("CASSANDRA_KILLS", "1"))
BACK_S = float(os.environ.get("CASSANDRA_BACK_S", "10"))  # the bench, on a quiet machine: 1
SEED = int(os.environ.get("CASSANDRA_SEED", "1"))
# What a node that dies, comes back and is not yet quite there says; and what it does not say in time.
CLASSES = {"closed", "timeout", "write_timeout", "write_failure", "unavailable", "server_error", "overloaded",
           "bootstrapping"}
DISTINCT = "?dist=sequential&keys=1000M"
NODE = None


def setUpModule():
    global NODE
    NODE = Node(auth=True, durable=True)
    NODE.start()


def tearDownModule():
    NODE.__exit__()


def seconds_since_start(run, wall):
    return wall - datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00")).timestamp()


class Locked(unittest.TestCase):
    def test_wrong_password(self):
        r = lib.loadtop("--headless", "-n", "10", NODE.url("ks", user="cassandra:wr0ng"))
        self.assertEqual(r.code, 1, r)
        self.assertIn("auth: ", r.err)
        self.assertIn("incorrect", r.err)
        self.assertNotIn("wr0ng", r.err + r.out)
        self.assertLess(r.seconds, 20 * lib.SLOW)

    def test_no_password(self):
        r = lib.loadtop("--headless", "-n", "10", "cassandra://127.0.0.1:%d/ks" % NODE.port)
        self.assertEqual(r.code, 1, r)
        self.assertIn("user and a password", r.err)

    def test_a_role_without_rights(self):
        with NODE.client() as c:
            c.query("CREATE ROLE IF NOT EXISTS load WITH PASSWORD = 'p%40ss' AND LOGIN = true".replace("%40", "@"))
        lib.headless("-n", "100", NODE.url("role") + DISTINCT)
        r = lib.headless("-n", "100", NODE.url("role", user="load:p%40ss") + "?ops=select")
        self.assertEqual(lib.pool(r)["ops"]["completed"], 100)


class Killed(unittest.TestCase):
    def test_killed_under_load(self):
        r = random.Random(SEED)
        for run in range(RUNS):
            self.one(r, "killed.r%d" % run)

    def one(self, r, table):
        args = []
        for at in range(500, 20000, 1500):
            args += ["--at", "%dms %s" % (at + r.randint(0, 1000), r.choice(
                ["threads %d" % r.randint(1, 3), "depth %d" % r.randint(1, 150), "clients %d" % r.randint(1, 6),
                 "pattern %s" % r.choice(["sync", "batch", "queue", "chain"])]))]
        with lib.Headless("-d", "900s", "--pattern", "chain", "--depth", "60", "-t", "2", *args,
                          NODE.url(table) + DISTINCT) as h:
            NODE.wait_for_rows(table)
            NODE.kill_in_the_middle()
            killed = time.time()
            time.sleep(0.5)  # what it carried ends as errors
            cpu, began = lib.cpu_seconds(h.pid), time.time()
            time.sleep(3.0)
            share = (lib.cpu_seconds(h.pid) - cpu) / (time.time() - began)
            NODE.start()
            up = time.time()
            with NODE.client() as c:
                lib.until("load is back", c.sees_load, timeout=BACK_S + 60, every=0.1)
            time.sleep(1.5)  # a whole second of it
            h.signal(lib.signal.SIGTERM)
            run = h.wait(code=128 + lib.signal.SIGTERM)
        p = lib.pool(run)
        o = p["ops"]
        self.assertEqual(lib.accounting(o), 0, o)
        self.assertEqual(sum(w["completed"] for w in p["workers"]), o["completed"])
        self.assertGreater(o["errors"], 0)
        self.assertIn("closed", {e["class"] for e in p["error_classes"]})
        self.assertLessEqual({e["class"] for e in p["error_classes"]}, CLASSES, p["error_classes"])
        if not lib.SANITIZED:
            self.assertLess(share, 0.1)  # while nobody is there; twice the 5 %
        # Load again within a second of its return (the node answers before it knows its users).
        back = [s["t_s"] for s in p["series"] if s["completed"] and s["t_s"] > seconds_since_start(run, killed) + 2]
        self.assertTrue(back)
        self.assertLess(back[0], seconds_since_start(run, up) + (BACK_S + 1.2) * lib.SLOW)  # of a second: its end
        keys = NODE.keys(table)
        self.assertEqual(len(keys), len(set(keys)))
        unknown = o["errors"] + o["timeouts"] + o["in_flight"]
        self.assertGreaterEqual(len(keys), o["completed"])
        self.assertLessEqual(len(keys), o["completed"] + unknown)


class Stopped(unittest.TestCase):
    def test_stopped_for_a_second(self):
        """SIGSTOP for 1 s in 20 s at a constant rate: nothing is lost, and load is back at once."""
        rate, length = 200, 20.0
        lib.headless("-n", 10, NODE.url("stopped") + DISTINCT, timeout=120)  # the table is there
        with lib.Headless("-d", "%gs" % length, "--rate", "%d/s" % rate, "--pattern", "chain", "--depth", "4000",
                          "--timeout", "60s", NODE.url("stopped") + DISTINCT) as h:
            NODE.wait_for_rows("stopped.loadtop")
            NODE.freeze()
            time.sleep(1.0)
            NODE.thaw()
            self.assertIsNone(h.popen.poll(), "the run ended before the node was stopped: too slow a machine")
            run = h.wait()
        p = lib.pool(run)
        self.assertEqual(lib.accounting(p["ops"]), 0)
        self.assertEqual(p["ops"]["errors"] + p["ops"]["timeouts"], 0, p["ops"])
        # A machine that is late at the very end still owes starts then: they are dropped, and said to be.
        self.assertLess(p["ops"]["dropped"], rate * length / 2 if BACK_S > 1 else 1)
        self.assertEqual(p["ops"]["completed"] + p["ops"]["dropped"], p["ops"]["offered"])
        self.assertAlmostEqual(p["ops"]["offered"], rate * length, delta=5)  # the last one may be due at the end
        response, service = p["latency"]["response"], p["latency"]["service"]
        # FACTS: the quantile q of response time is at least S - (1-q) T when the queue drains at once.
        self.assertGreater(response["p99_us"], (1.0 - (1 - 0.99) * length) * 1e6 * 0.97, response)
        # And the queue did drain, as soon as a machine that does other things too allows.
        self.assertLess(response["max_us"], (BACK_S + 1) * 1e6 * lib.SLOW)
        self.assertLess(service["p50_us"], response["max_us"] / 2)


if __name__ == "__main__":
    lib.main()
