"""Random runs on Cassandra: pattern, depth, threads, clients and connections change under load, and in one run the
server is killed in the middle. Counts stay exact, the driver finds exactly the rows that were counted, and every row
that is read has the requested key.   ctest: timeout=900

CASSANDRA_RUNS (3; in the soak 30) is the number of runs, CASSANDRA_SEED the first seed. `./dev bench cassandra_soak` is
the long form.
"""
import os
import random
import time
import unittest

import lib
from cassandra_node import Node
from patient import BOUND, PATIENT, headless

RUNS = int(os.environ.get("CASSANDRA_RUNS", "3"))
SEED = int(os.environ.get("CASSANDRA_SEED", "1"))
ROWS = int(os.environ.get("CASSANDRA_RUN_ROWS", "6000"))
PATTERNS = ("sync", "batch", "queue", "chain", "unthrottled")
# What a server on a busy machine says of itself: the outcome of these is not known.
LATE = {"write_timeout", "read_timeout"}
KILLED = LATE | {"closed", "unavailable", "server_error", "bootstrapping", "overloaded", "read_failure",
                 "write_failure"}
NODE = CLIENT = None


def setUpModule():
    global NODE
    NODE = Node(durable=True)
    NODE.start()


def tearDownModule():
    if NODE:
        NODE.__exit__()


def changes(r, until_ms):
    """--at arguments: what a restless person would do."""
    args = []
    for _ in range(r.randint(5, 12)):
        args += ["--at", "%dms %s" % (r.randint(20, until_ms), r.choice(
            ["threads %d" % r.randint(1, 5), "depth %d" % r.randint(1, 300), "pattern %s" % r.choice(PATTERNS),
             "clients %d" % r.randint(1, 8), "connections %d" % r.randint(1, 4), "set rows %d" % r.randint(1, 30)]))]
    if r.random() < 0.4:
        at = r.randint(20, until_ms)
        args += ["--at", "%dms pause" % at, "--at", "%dms resume" % (at + r.randint(50, 400))]
    return args


class Random(unittest.TestCase):
    def exact(self, p, n, allowed):
        """The identities, and exactly n offered and ended; how many ended with an unknown outcome."""
        o = p["ops"]
        self.assertEqual(lib.accounting(o), 0, o)
        self.assertEqual((o["offered"], o["in_flight"], o["dropped"]), (n, 0, 0), o)
        for name in ("completed", "errors"):
            self.assertEqual(sum(w[name] for w in p["workers"]), o[name], p["workers"])
        self.assertEqual(sum(e["count"] for e in p["error_classes"] if e["class"] != "timeout"), o["errors"],
                         p["error_classes"])
        self.assertLessEqual({e["class"] for e in p["error_classes"]}, allowed | {"timeout"}, p["error_classes"])
        return o["errors"] + o["timeouts"]

    def write(self, r, table, killed):
        kind = r.choice(["insert", "insert:3,batch:1"])
        args = [*PATIENT, "-n", ROWS, "--pattern", r.choice(PATTERNS), *changes(r, 8000 if killed else 1500)]
        if killed:
            args += ["--max-rate", "%d/s" % max(200, ROWS // 12)]  # the kill is to meet the load: 12 s of it
        with lib.Headless(*args, NODE.url(table) + "?dist=sequential&keys=1000M&batch=unlogged&ops=" + kind) as h:
            if killed:
                NODE.wait_for_rows(table)
                time.sleep(r.random())
                NODE.kill_in_the_middle(h.pid)
                NODE.start()
            p = lib.pool(h.wait(timeout=BOUND))
        unknown = self.exact(p, ROWS, KILLED if killed else LATE)
        if killed:
            self.assertGreater(unknown, 0, p["ops"])
        found = NODE.keys(table)
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(p["ops"]["completed"], len(found), p["ops"])
        self.assertLessEqual(len(found), p["ops"]["completed"] + unknown, p["ops"])
        if not unknown:
            # Each key that was drawn is written once or, when its thread was removed before it could be sent,
            # never: there are exactly as many rows as were counted, and no key that nobody drew.
            self.assertEqual(len(found), ROWS)
            self.assertLess(max(map(int, found)), ROWS + 12 * 8 * 300 * 30, "a key that was never drawn")
        return len(found), set(map(int, found)) == set(range(ROWS))

    def read(self, r, table, complete):
        n = 2 * ROWS
        p = lib.pool(headless("-n", n, "--pattern", r.choice(PATTERNS), *changes(r, 1500),
                              NODE.url(table) + "?ops=select&keys=%d" % ROWS))
        self.exact(p, n, LATE)  # wrong_answer is not among them
        s = p["backend_stats"]
        self.assertEqual(s["rows_read"] + s["rows_missed"], p["ops"]["completed"])
        self.assertGreater(s["rows_read"], 0)
        if complete:
            self.assertEqual(s["rows_missed"], 0)

    def test_random_runs(self):
        r = random.Random(SEED)
        for run in range(RUNS):
            killed = run == RUNS // 2
            with self.subTest(run=run, seed=SEED, killed=killed):
                table = "random.r%d" % run
                stored, complete = self.write(r, table, killed)
                self.read(r, table, complete)
                print("run %d of %d: %d rows%s" % (run + 1, RUNS, stored, ", killed once" if killed else ""), flush=True)


if __name__ == "__main__":
    lib.main()
