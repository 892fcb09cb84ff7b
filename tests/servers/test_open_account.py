"""The accounting of open arrival, against servers that fail: each start that the schedule made due was offered, dropped
or not started, and nothing else. And -n with bulks ends with exactly N operations.   ctest: timeout=600
"""
import os
import sys
import time
import unittest

import lib
from patient import headless, stop, until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crate_standin"))
from harness import Standin

DEEP = ["--pattern", "chain", "--depth", 20000, "--timeout", "1s", "--rate", "3k/s", "-d", "900s"]
GONE_S = 2  # longer than the timeout: what was due at its beginning is dropped


class Account(unittest.TestCase):
    def holds(self, run, pool):
        """Both identities; all that the load offered came from the schedule."""
        ops = pool["ops"]
        self.assertEqual(lib.accounting(ops), 0, ops)
        self.assertEqual(lib.unaccounted(pool), 0, pool["schedule"])
        self.assertEqual(ops["offered"] + ops["not_started"], pool["schedule"]["due"], ops)
        check = next(c for c in run["validity"]["checks"] if (c["name"], c["pool"]) == ("dropped", pool["name"]))
        self.assertEqual(check["ok"], ops["dropped"] == 0)
        return ops

    def test_killed(self):
        with lib.Redis() as redis:
            with lib.Headless(*DEEP, redis.url + "?name=chain", redis.url + "?name=queue&pattern=queue",
                              redis.url + "?name=batch&pattern=batch&depth=100&clients=50") as h:
                until("load runs", lambda: redis.calls("get") > 3000)
                redis.kill()
                time.sleep(GONE_S)
                run = stop(h)
        for pool in run["pools"]:
            with self.subTest(pool=pool["name"]):
                ops = self.holds(run, pool)
                self.assertGreater(ops["dropped"], 0)
                self.assertFalse(run["validity"]["ok"])

    def test_stopped(self):
        """The values fill every buffer on the way, so that most of what is due cannot be sent."""
        with lib.Redis() as redis:
            with lib.Headless(*DEEP, redis.url + "?ops=set&size=32k&keys=10") as h:
                until("load runs", lambda: redis.calls("set") > 1000)
                redis.freeze()
                time.sleep(GONE_S)
                run = stop(h)
            redis.thaw()
        ops = self.holds(run, lib.pool(run))
        self.assertGreater(ops["dropped"], 0)

    def test_count_with_bulks(self):
        """The pools differ in where a bulk ends: at -n, before it, within the warm-up."""
        pools = {"whole": "rows=100&count=500", "short": "rows=70&count=500", "threads": "rows=70&count=500&threads=3",
                 "warm": "rows=100&count=500&warmup=250ms", "poisson": "rows=80&count=500&arrival=poisson&warmup=90ms"}
        with Standin() as s:
            run = headless("--rate", "1k/s", "--pattern", "chain", "--depth", 4,
                           *["%s&name=%s" % (s.url(query=q), name) for name, q in pools.items()])
        self.assertEqual(run["ended_by"], "count")
        for pool in run["pools"]:
            with self.subTest(pool=pool["name"]):
                ops, warm = pool["ops"], pool["warmup_ops"]
                self.assertEqual((ops["offered"], ops["completed"]), (500, 500), ops)
                self.assertEqual(lib.unaccounted(pool), 0, pool["schedule"])
                self.assertEqual(pool["schedule"]["due"], 500 + (warm["offered"] if warm else 0))


if __name__ == "__main__":
    lib.main()
