"""A Redis that dies, hangs or comes back, under load: no crash, errors by class, next to no CPU meanwhile, load back
within a second, and the stall in the response times, where it belongs. Also over a unix socket with LOADTOP_SOAK=1.
ctest: serial timeout=120
"""
import os
import time
import unittest

import lib



class Outage(unittest.TestCase):
    def outage(self, *args, redis, down_s):
        """Load, the server killed, down_s without it, back: the pool, CPU share while it was away, and how many
        seconds after the server's return load was back."""
        with lib.Headless("-d", "%ds" % (down_s + 4), *args, redis.url) as h:
            lib.until("load runs", lambda: redis.calls("get") > 1000)
            redis.kill()
            time.sleep(0.5)  # the first failures are part of the fall, not of the outage
            cpu, start = lib.cpu_seconds(h.pid), time.monotonic()
            time.sleep(down_s - 0.5)
            share = (lib.cpu_seconds(h.pid) - cpu) / (time.monotonic() - start)
            redis.start()
            start = time.monotonic()
            lib.until("load is back", lambda: redis.calls("get") > 100)
            back_s = time.monotonic() - start
            run = h.wait()
        pool = lib.pool(run)
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertEqual(pool["ops"]["in_flight"], 0)
        states = [e["what"] for e in run["events"] if e["pool"] == "redis"]
        self.assertIn("down", states)
        self.assertIn("up", states)
        self.assertLess(states.index("down"), len(states) - 1 - states[::-1].index("up"))
        return pool, share, back_s

    def test_killed_for_five_seconds(self):
        for unix in (False, True) if os.environ.get("LOADTOP_SOAK") else (False,):
            def once():
                with lib.Redis(unix=unix) as redis:
                    pool, share, back_s = self.outage("--clients", 50, "-t", 2, "--pattern", "chain", redis=redis,
                                                      down_s=5)
                self.assertEqual({c["class"] for c in pool["error_classes"]}, {"closed"})
                self.assertLessEqual(pool["ops"]["errors"], 100 * 16)
                if not lib.SANITIZED:
                    self.assertLessEqual(share, 0.05)
                return back_s
            with self.subTest(unix=unix):
                lib.fastest("load back after the server's return", 1.0, once)

    def test_killed_under_a_rate(self):
        with lib.Redis() as redis:
            pool, share, _ = self.outage("--clients", 20, "--rate", "2000/s", "--timeout", "1s", redis=redis,
                                         down_s=3)
            if not lib.SANITIZED:
                self.assertLessEqual(share, 0.05)
            # What was due while it was away is owed: dropped, once it was later than the timeout.
            self.assertGreater(pool["ops"]["dropped"], 2000 * (3 - 2))
            self.assertAlmostEqual(pool["ops"]["offered"], 2000 * pool["loaded_s"], delta=200)

    def stopped(self):
        """A run of T = 10.1 s (p99.9 needs ten samples above it) with the server stopped for S = 1 s: how far the
        quantiles q of the response time are from S - (1 - q) T, as shares of it; the service time; and why the run
        says that this machine disturbed it, if it does."""
        with lib.Redis() as redis, lib.Headless("-d", "10100ms", "--rate", "1000/s", "--clients", 100, redis.url) as h:
            lib.until("load runs", lambda: redis.calls("get") > 1000)
            redis.freeze()
            start = time.monotonic()
            time.sleep(1.0)
            stop_s = time.monotonic() - start  # at least
            redis.thaw()
            run = h.wait()
        ops, latency = lib.pool(run)["ops"], lib.pool(run)["latency"]
        self.assertGreater(ops["completed"], 9500)
        # At the end of the run a few starts may still be owed where the machine is busy.
        self.assertEqual(ops["completed"] + ops["dropped"], ops["offered"])
        off = {}
        for name, q in (("p95_us", 0.95), ("p99_us", 0.99), ("p99_9_us", 0.999)):
            truth = 1e6 * (stop_s - (1 - q) * ops["completed"] / 1000)
            off[name] = latency["response"][name] / truth - 1
        return off, latency["service"], lib.disturbed(run)

    def test_stopped_for_one_second(self):
        """The oracle of coordinated omission, when the queue drains at once. What else runs on the machine delays
        that: it never makes the stall look shorter, and the best of three runs counts for the upper side, unless
        each of them says of itself that the machine was too busy."""
        excuses = []
        for _ in range(3):
            off, service, excuse = self.stopped()
            self.assertGreaterEqual(min(off.values()), -0.03, off)
            if lib.SANITIZED or max(off.values()) <= 0.03:
                break
            excuses.append(excuse)
        else:
            self.assertTrue(all(excuses), "off by %r" % off)
            print("the upper side was not judged: " + excuses[-1], flush=True)
        # Service time: each connection was stopped once.
        self.assertGreater(service["max_us"], 0.97e6)
        self.assertLess(service["p95_us"], 300e3 * lib.SLOW)

    def test_hangs_beyond_the_timeout(self):
        """A server that hangs: each request in flight is a timeout, and a late answer is nobody's."""
        with lib.Redis() as redis:
            with lib.Headless("-d", "5s", "--clients", 10, "--timeout", "500ms", redis.url) as h:
                lib.until("load runs", lambda: redis.calls("get") > 1000)
                redis.freeze()
                start = time.monotonic()
                time.sleep(2.0)
                redis.thaw()
                before = redis.calls("get")
                lib.until("load is back", lambda: redis.calls("get") > before + 1000)
                hung_s = time.monotonic() - start
                pool = lib.pool(h.wait())
            ops = pool["ops"]
            self.assertEqual(lib.accounting(ops), 0)
            self.assertGreaterEqual(ops["timeouts"], 10)
            # Each connection hangs for 500 ms at a time, and backs off in between.
            self.assertLessEqual(ops["timeouts"] + ops["errors"], 10 * (hung_s / 0.5 + 2))
            # The server answered the late ones too: they are no completions.
            calls = redis.calls("get", "set")
            self.assertGreaterEqual(calls, ops["completed"])
            self.assertLessEqual(calls, ops["completed"] + ops["timeouts"] + ops["errors"])


if __name__ == "__main__":
    lib.main()
