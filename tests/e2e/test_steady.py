"""During a run: operations allocate nothing, hundreds of commands lose no operation, and a thread that ends leaves no
gap.
"""
import os
import random
import shutil
import subprocess
import time
import unittest

import lib

SOAK = os.environ.get("LOADTOP_SOAK") == "1"
OPS = ("get", "set", "incr", "lpush", "rpop", "ping")


class Allocations(unittest.TestCase):
    """Counted: between two runs that differ in nothing but the number of operations, the threads of the load allocate
    the same."""

    def setUp(self):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if lib.SANITIZED or not compiler:
            self.skipTest("a sanitizer has an allocator of its own" if lib.SANITIZED else "no C compiler is installed")
        self.dir = lib.folder(self)
        self.shim = os.path.join(self.dir, "count.so")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.shim,
                        os.path.join(lib.ROOT, "tests", "e2e", "malloc_count.c")], check=True)

    def allocations(self, n, *args):
        told = os.path.join(self.dir, "count")
        run = lib.headless("-n", n, "--no-history", *args, env={"LD_PRELOAD": self.shim, "MALLOC_COUNT": told})
        self.assertEqual(sum(p["ops"]["completed"] for p in run["pools"]), n)
        with open(told) as f:
            return int(f.read())

    def test_an_operation_allocates_nothing(self):
        with lib.Redis(unix=True) as redis:
            for options in (["--clients", 10], ["--pattern", "batch", "--clients", 4], ["--pattern", "chain"],
                            ["--clients", 9, "--connections", 2, "-t", 2], ["--rate", "100k/s", "--clients", 50],
                            ["--ops", ",".join(OPS), "--size", "10-200", "--dist", "zipf", "--clients", 5]):
                with self.subTest(options):
                    few, many = (self.allocations(n, *options, redis.url) for n in (20000, 120000))
                    # What grows to its largest size, such as a buffer, does so now and then.
                    self.assertLess(many - few, 300, "in 100,000 operations more")
                    self.assertGreater(few, 0)  # it does count


class Live(unittest.TestCase):
    def test_hundreds_of_commands_lose_nothing(self):
        """20 a second, of every kind: the server counted what we counted, and every part adds up."""
        seconds, seed = (10, 1) if SOAK else (3, 2)
        r, at = random.Random(seed), []
        for i in range(20 * seconds):
            at += ["--at", "%dms %s" % (i * 50 + r.randint(0, 40), r.choice([
                "threads %d" % r.randint(1, 6), "threads +1", "threads -1", "clients %d" % r.randint(1, 30),
                "connections %d" % r.randint(1, 10), "connections auto", "depth %d" % r.randint(1, 32),
                "pattern %s" % r.choice(("sync", "batch", "queue", "chain")), "pause", "resume", "resume", "stop", "start",
                "rate %d/s" % r.randint(500, 50000), "rate off", "undo", "set size 10-100", "set dist zipf",
                "ops %s" % ",".join(r.sample(OPS, 3)), "mark %d" % i]))]
        at += ["--at", "%dms resume" % (1000 * seconds), "--at", "%dms start" % (1000 * seconds)]
        with lib.Redis(unix=True) as redis:
            redis.command("CONFIG", "RESETSTAT")  # the test's own pings
            run = lib.headless("-d", "%ds" % (seconds + 1), "--timeout", "60s", *at, redis.url)
            pool = lib.pool(run)
            ops = pool["ops"]
            self.assertEqual(lib.accounting(ops), 0)
            self.assertEqual(ops["in_flight"] + ops["timeouts"], 0)
            self.assertEqual(redis.calls(*OPS), ops["completed"] + ops["errors"])
        for name in ops:
            self.assertEqual(sum(w["ops"][name] for w in pool["workers"]), ops[name], name)
        marks = [e["to"] for e in run["events"] if e["what"] == "mark"]
        self.assertEqual(marks, sorted(marks, key=int))  # in order, none lost
        self.assertEqual(len(marks), sum(" mark " in a for a in at))

    def test_a_thread_that_goes_leaves_no_gap(self):
        """The server sees requests all the time, while three of four threads are removed one after the other: what is
        longest without any is no longer than it was before, or half a second, in one of some tries."""
        gaps = lib.fastest("the longest time without a request", 1, self.gap)
        self.assertTrue(gaps)

    def gap(self):
        """The longest time without a request while threads go, as a share of what it may be."""
        with lib.Redis() as redis, lib.contextlib.closing(redis.client()) as client, lib.Headless(
                "-d", "60s", "-t", 4, "--clients", 5, "--at", "1500ms threads -1", "--at", "2s threads -1",
                "--at", "2500ms threads -1", redis.url) as h:
            lib.until("load", lambda: redis.calls("get") > 1000)
            start = time.monotonic()

            def longest(until):
                """The longest time without a request until then, of those in which we looked often enough."""
                gap, seen, last = 0.0, -1, time.monotonic()
                while time.monotonic() < until:
                    count = int(client("INFO", "stats").split("total_commands_processed:")[1].split()[0])
                    now = time.monotonic()
                    if count > seen + 2:  # more than our own question
                        gap, last = max(gap, now - last), now
                    seen = count
                return gap
            before = longest(start + 1.2)
            during = longest(start + 3.2)
            h.signal(lib.signal.SIGTERM)
            pool = lib.pool(h.wait(code=128 + lib.signal.SIGTERM))
        self.assertEqual(sum(w["ended_s"] is not None for w in pool["workers"][1:]), 3)
        return during / max(10 * before, 0.5)


if __name__ == "__main__":
    lib.main()
