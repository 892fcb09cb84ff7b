"""Counts are exact: with -n N exactly N operations are made, for every pattern, thread count, number of connections and
arrival; and at the end offered = completed + errors + timeouts + in flight + dropped, for workers, for pools and
against the server's count.
"""
import itertools
import os
import random
import unittest

import lib

PATTERNS = ("sync", "batch", "queue", "chain", "unthrottled")
FULL = os.environ.get("LOADTOP_SOAK") == "1"


class Exact(unittest.TestCase):
    def check(self, run, offered=None):
        for pool in run["pools"]:
            ops = pool["ops"]
            self.assertEqual(lib.accounting(ops), 0, ops)
            self.assertEqual(lib.unaccounted(pool), 0, pool["schedule"])
        for check in run["validity"]["checks"]:  # a thread's two sides must have agreed after each of its turns
            if check["name"] == "accounting":
                self.assertTrue(check["ok"], check["why"])
        for pool in run["pools"]:
            ops = pool["ops"]
            self.assertEqual(sum(w["completed"] for w in pool["workers"]), ops["completed"])
            self.assertEqual(sum(w["errors"] for w in pool["workers"]), ops["errors"])
            for name in ops:
                self.assertEqual(sum(w["ops"][name] for w in pool["workers"]), ops[name], name)
            for w in pool["workers"]:
                self.assertEqual(lib.accounting(w["ops"]), 0)
            for name in "completed", "errors", "timeouts":
                self.assertEqual(sum(o[name] for o in pool["by_op"].values()), ops[name], name)
            self.assertEqual(pool["latency"]["service"]["count"], ops["completed"])
            self.assertEqual(sum(c["count"] for c in pool["error_classes"]), ops["errors"])
            for name in "offered", "completed", "errors", "timeouts", "dropped":
                self.assertEqual(sum(s[name] for s in pool["series"]), ops[name], name)
        if offered is not None:
            self.assertEqual(lib.pool(run)["ops"]["offered"], offered)
            self.assertEqual(lib.pool(run)["ops"]["in_flight"], 0)

    def test_count_for_each_pattern_threads_and_connections(self):
        combinations = list(itertools.product(PATTERNS, (1, 2, 4), (None, 1, 3)))
        if not FULL:
            random.Random(1).shuffle(combinations)
            combinations = combinations[:15] + [(p, 4, 1) for p in PATTERNS]
        for pattern, threads, connections in combinations:
            with self.subTest(pattern=pattern, threads=threads, connections=connections):
                n = 12347
                args = ["-n", n, "-t", threads, "--clients", 5, "--pattern", pattern]
                if pattern != "sync":
                    args += ["--depth", 7]
                if connections:
                    args += ["--connections", connections]
                run = lib.headless(*args, "null:?service=50us&errors=0.01")
                self.check(run, n)
                pool = lib.pool(run)
                self.assertEqual(pool["ops"]["completed"] + pool["ops"]["errors"], n)
                if pattern == "batch":
                    self.assertGreaterEqual(pool["batches"]["completed"] * 7 + 7 * 5 * threads, n)
                if connections:
                    self.assertEqual(pool["connections"], connections)

    def test_count_of_an_open_arrival(self):
        for arrival, pattern in (("constant", "sync"), ("poisson", "chain"), ("constant", "batch")):
            with self.subTest(arrival=arrival, pattern=pattern):
                run = lib.headless("-n", 3001, "-t", 3, "--clients", 8, "--rate", "6k/s", "--arrival", arrival,
                                   "--pattern", pattern, "null:?service=300us")
                self.check(run, 3001)
                self.assertIsNotNone(lib.pool(run)["schedule_lag"])

    def test_fewer_operations_than_clients(self):
        for n in (1, 2, 31):
            self.check(lib.headless("-n", n, "-t", 4, "--clients", 16, "null:"), n)

    def test_short_last_batch(self):
        run = lib.headless("-n", 103, "--pattern", "batch", "--depth", 20, "null:?service=1ms")
        self.check(run, 103)
        self.assertEqual(lib.pool(run)["batches"]["completed"], 6)

    def test_timeouts(self):
        run = lib.headless("-n", 20, "--clients", 4, "--timeout", "50ms", "null:?service=10s", code=None)
        self.check(run, 20)
        self.assertEqual(lib.pool(run)["ops"]["timeouts"], 20)

    def test_a_stop_drops_what_is_owed(self):
        """One client of 100 ms cannot do 100/s: what is due waits, and what is still owed is dropped. How much became
        due in that second is the schedule's own word; a thread that begins late has less of it."""
        run = lib.headless("-d", "1s", "--rate", "100/s", "--timeout", "30s", "null:?service=100ms")
        self.check(run)
        ops = lib.pool(run)["ops"]
        loaded, due = lib.pool(run)["loaded_s"], lib.pool(run)["schedule"]["due"]
        self.assertGreater(due, 0)
        self.assertLessEqual(due, 100 * run["elapsed_s"] + 3)
        self.assertEqual(due, ops["offered"] + ops["not_started"])
        self.assertLessEqual(ops["completed"], 10 * loaded + 2)
        self.assertGreater(ops["dropped"], 0.8 * due - 4)
        self.assertFalse(run["validity"]["ok"])

    def test_disconnects_and_stalls(self):
        run = lib.headless("-n", 4000, "-t", 2, "--clients", 10, "null:?service=2ms&disconnect=200ms&stall=300ms+200ms")
        self.check(run, 4000)
        self.assertGreater(lib.pool(run)["ops"]["errors"], 0)

    def test_random_commands(self):
        """Resizes, pauses, changes of pattern, removals and returns in between: none off by one."""
        for seed in range(40 if FULL else 4):
            rnd = random.Random(seed)
            # so many changes that each undo has one to take back, which is looked at before the run
            args, t = sum((["--at", "0s a clients %d" % n] for n in range(4, 14)), []), 0
            for i in range(25):
                t += rnd.randint(5, 60)
                args += ["--at", "%dms %s" % (t, rnd.choice([
                    "a threads %d" % rnd.randint(1, 6), "a clients %d" % rnd.randint(1, 9),
                    "a connections %d" % rnd.randint(1, 9), "a depth %d" % rnd.randint(1, 20),
                    "a pattern %s" % rnd.choice(PATTERNS), "a pause", "a resume", "a rate 5k/s", "a rate off",
                    "undo", "a stop", "a start", "b threads +1", "b threads -1", "pause all", "resume",
                    "add null:?name=c%d&count=100" % i]))]
            args += ["--at", "%dms resume" % (t + 50), "--at", "%dms remove b" % (t + 60)]
            with self.subTest(seed=seed):
                run = lib.headless("-d", "2s", *args, "null:?name=a&service=700us&errors=0.02&clients=3",
                                   "null:?name=b&service=1ms", code=None)
                self.check(run)
                self.assertEqual(run["_code"], 0, run["_err"])

    def test_the_server_counts_the_same(self):
        with lib.Redis() as redis:
            for pattern, threads, connections in (("sync", 1, None), ("batch", 2, 2), ("queue", 3, 1),
                                                  ("chain", 4, None), ("unthrottled", 2, None)):
                with self.subTest(pattern=pattern):
                    redis.command("CONFIG", "RESETSTAT")
                    args = ["-n", 23457, "-t", threads, "--clients", 4, "--pattern", pattern]
                    args += ["--connections", connections] if connections else []
                    run = lib.headless(*args, redis.url)
                    self.check(run, 23457)
                    self.assertEqual(redis.calls("get", "set"), 23457)


if __name__ == "__main__":
    lib.main()
