"""Cassandra killed, stopped and locked: errors have their class, counts are exact, and the load resumes by itself. Uses
its own node, with passwords and a synchronous commit log, so that the node still has after SIGKILL what it has
acknowledged.   ctest: timeout=900

How soon the load resumes is checked only if CASSANDRA_BACK_S gives a limit in seconds: `./dev bench cassandra --part
recovery`, on a machine that does nothing else.
"""
import datetime
import os
import random
import time
import unittest

import lib
from cassandra_node import Node
from patient import PATIENT, Watched, headless, stop, until

RUNS = int(os.environ.get("CASSANDRA_KILLS", "1"))
BACK_S = float(os.environ.get("CASSANDRA_BACK_S", "inf"))
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

    def test_no_password(self):
        r = lib.loadtop("--headless", "-n", "10", "cassandra://127.0.0.1:%d/ks" % NODE.port)
        self.assertEqual(r.code, 1, r)
        self.assertIn("user and a password", r.err)

    def test_a_role_without_rights(self):
        with NODE.client() as c:
            c.query("CREATE ROLE IF NOT EXISTS load WITH PASSWORD = 'p%40ss' AND LOGIN = true".replace("%40", "@"))
        headless("-n", "100", NODE.url("role") + DISTINCT)
        r = headless("-n", "100", NODE.url("role", user="load:p%40ss") + "?ops=select")
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
        with Watched("-d", "900s", *PATIENT, "--pattern", "chain", "--depth", "60", "-t", "2", *args,
                          NODE.url(table) + DISTINCT) as h:
            NODE.wait_for_rows(table)
            NODE.kill_in_the_middle(h.pid)
            killed = time.time()
            until("it is seen to be down", lambda: "DOWN" in h.text())
            cpu, began = lib.cpu_seconds(h.pid), time.time()
            time.sleep(1.5)
            share = (lib.cpu_seconds(h.pid) - cpu) / (time.time() - began)
            NODE.start()
            up = time.time()
            with NODE.client() as c:
                until("load is back", c.sees_load, every=0.1)
            until("it is seen to be up", lambda: "DOWN" not in h.text())
            time.sleep(1.5)  # a whole second of it
            run = h.end()
        p = lib.pool(run)
        o = p["ops"]
        self.assertEqual(lib.accounting(o), 0, o)
        self.assertEqual(sum(w["completed"] for w in p["workers"]), o["completed"])
        self.assertGreater(o["errors"], 0, o)
        self.assertIn("closed", {e["class"] for e in p["error_classes"]})
        self.assertLessEqual({e["class"] for e in p["error_classes"]}, CLASSES, p["error_classes"])
        self.assertLess(share, 0.2)  # a thread that does not wait takes all that it can get
        # Load again within a second of its return (the node answers before it knows its users).
        back = [s["t_s"] for s in p["series"] if s["completed"] and s["t_s"] > seconds_since_start(run, killed) + 2]
        self.assertTrue(back)
        self.assertLess(back[0], seconds_since_start(run, up) + BACK_S + 1.2)  # of a second: its end
        keys = NODE.keys(table)
        self.assertEqual(len(keys), len(set(keys)))
        unknown = o["errors"] + o["timeouts"] + o["in_flight"]
        self.assertGreaterEqual(len(keys), o["completed"])
        self.assertLessEqual(len(keys), o["completed"] + unknown)


class Stopped(unittest.TestCase):
    def test_stopped_for_a_second(self):
        """SIGSTOP for 1 s at a constant rate: nothing is lost, and response time tells of all that was due meanwhile.
        Other work of the machine only ever adds to the stall."""
        rate, stall_s = 200, 1.0
        headless("-n", 10, NODE.url("stopped") + DISTINCT)  # the table is there
        with lib.Headless("-d", "900s", *PATIENT, "--rate", "%d/s" % rate, "--pattern", "chain", "--depth", "4000",
                          NODE.url("stopped") + DISTINCT) as h:
            NODE.wait_for_rows("stopped.loadtop")
            NODE.freeze()
            time.sleep(stall_s)
            NODE.thaw()
            NODE.wait_for_rows("stopped.loadtop", 1500)
            p = lib.pool(stop(h))
        o, response = p["ops"], p["latency"]["response"]
        self.assertEqual(lib.accounting(o), 0)
        self.assertEqual(lib.unaccounted(p), 0, p["schedule"])
        self.assertEqual(o["errors"] + o["timeouts"], 0, o)
        # What was due during the stall waited for a time between 0 and 1 s: of T s in all, the quantile q is at least
        # S - (1-q) T.
        seconds = response["count"] / rate
        for name, q in (("p95_us", 0.95), ("p99_us", 0.99)):
            self.assertGreater(response[name], 0.97e6 * (stall_s - (1 - q) * seconds), response)


if __name__ == "__main__":
    lib.main()
