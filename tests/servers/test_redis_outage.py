"""A Redis that dies, hangs or comes back under load: no crash, errors have their class, little CPU is used meanwhile,
the load resumes by itself, and the stall appears in the response times at the right place. How soon the load resumes,
and the upper bound of the stall, are checked only by `./dev bench soak redis` (LOADTOP_SOAK=1), which also uses a unix
socket.   ctest: timeout=600
"""
import time
import unittest

import lib
from patient import PATIENT, SOAK, Watched, stop, until

DOWN_S = 5 if SOAK else 2


class Outage(unittest.TestCase):
    def outage(self, *args, redis):
        """Load, the server killed, DOWN_S without it, back: the pool, and how many seconds after the server's return
        load was back."""
        with Watched("-d", "900s", *args, redis.url) as h:
            until("load runs", lambda: redis.calls("get") > 1000)
            redis.kill()
            until("it is seen to be down", lambda: "DOWN" in h.text())
            cpu, start = lib.cpu_seconds(h.pid), time.monotonic()
            time.sleep(DOWN_S)
            share = (lib.cpu_seconds(h.pid) - cpu) / (time.monotonic() - start)
            redis.start()
            start = time.monotonic()
            until("load is back", lambda: redis.calls("get") > 100)
            back_s = time.monotonic() - start
            until("it is seen to be up", lambda: "DOWN" not in h.text())
            run = h.end()
        pool = lib.pool(run)
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        states = [e["what"] for e in run["events"] if e["pool"] == "redis"]
        self.assertIn("down", states)
        self.assertIn("up", states)
        self.assertLess(states.index("down"), len(states) - 1 - states[::-1].index("up"))
        self.assertLessEqual(share, 0.05 if SOAK else 0.2)  # a thread that does not wait takes all that it can get
        return pool, back_s

    def test_killed(self):
        for unix in (False, True) if SOAK else (False,):
            with self.subTest(unix=unix), lib.Redis(unix=unix) as redis:
                pool, back_s = self.outage(*PATIENT, "--clients", 50, "-t", 2, "--pattern", "chain", redis=redis)
                self.assertEqual({c["class"] for c in pool["error_classes"]}, {"closed"})
                self.assertLessEqual(pool["ops"]["errors"], 100 * 16)
                if SOAK:
                    self.assertLessEqual(back_s, 1.0)

    def test_killed_under_a_rate(self):
        with lib.Redis() as redis:
            pool, _ = self.outage("--clients", 20, "--rate", "2000/s", "--timeout", "1s", redis=redis)
            # What was due while it was away is owed: dropped, once it was later than the timeout.
            self.assertGreater(pool["ops"]["dropped"], 2000 * (DOWN_S - 1) * 0.9)
            self.assertEqual(lib.unaccounted(pool), 0, pool["schedule"])

    def test_stopped_for_one_second(self):
        """The oracle of coordinated omission: with a stall of S in T, the quantile q of the response time is
        S - (1 - q) T when the queue drains at once. What else runs on the machine delays that: it never makes the stall
        look shorter."""
        rate, count = 1000, 10100 if SOAK else 5100  # p99.9 needs ten samples above it
        with lib.Redis() as redis, lib.Headless("-d", "900s", *PATIENT, "--rate", "%d/s" % rate, "--clients", 100,
                                                redis.url) as h:
            until("load runs", lambda: redis.calls("get", "set") > 500)
            redis.freeze()
            start = time.monotonic()
            time.sleep(1.0)
            stop_s = time.monotonic() - start  # at least
            redis.thaw()
            until("enough", lambda: redis.calls("get", "set") > count)
            run = stop(h)
        pool = lib.pool(run)
        response, service = (pool["latency"][k] for k in ("response", "service"))
        off = {}
        for name, q in (("p95_us", 0.95), ("p99_us", 0.99), ("p99_9_us", 0.999)):
            if response[name] is not None:
                off[name] = response[name] / (1e6 * (stop_s - (1 - q) * response["count"] / rate)) - 1
        self.assertIn("p99_us", off)
        self.assertGreaterEqual(min(off.values()), -0.03, off)
        # Service time: each connection was stopped once.
        self.assertGreater(service["max_us"], 0.97e6)
        self.assertLess(service["p95_us"], response["p95_us"])
        if SOAK and not lib.disturbed(run):
            self.assertLessEqual(max(off.values()), 0.03, off)
            self.assertLess(service["p95_us"], 300e3)

    def test_hangs_beyond_the_timeout(self):
        """A server that hangs: each request in flight is a timeout, and a late answer is ignored."""
        with lib.Redis() as redis:
            start = time.monotonic()
            with lib.Headless("-d", "900s", "--clients", 10, "--timeout", "500ms", redis.url) as h:
                until("load runs", lambda: redis.calls("get") > 1000)
                redis.freeze()
                time.sleep(2.0)
                redis.thaw()
                before = redis.calls("get")
                until("load is back", lambda: redis.calls("get") > before + 1000)
                run_s = time.monotonic() - start
                pool = lib.pool(stop(h))
            ops = pool["ops"]
            self.assertEqual(lib.accounting(ops), 0)
            self.assertGreaterEqual(ops["timeouts"], 10)
            # Each connection hangs for 500 ms at a time, and backs off in between.
            self.assertLessEqual(ops["timeouts"] + ops["errors"], 10 * (run_s / 0.5 + 2))
            # The server answered the late ones too: they are no completions.
            calls = redis.calls("get", "set")
            self.assertGreaterEqual(calls, ops["completed"])
            self.assertLessEqual(calls, ops["completed"] + ops["timeouts"] + ops["errors"] + ops["in_flight"])


if __name__ == "__main__":
    lib.main()
