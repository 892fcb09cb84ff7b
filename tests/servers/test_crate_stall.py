"""A server that stalls for 1 s at a fixed rate: the response times are those that the formula gives.

The quantile q of response time is S - (1-q) T (1 - R/M) with S = 1 s, T the length of the run, rate R and capacity M
(which a closed run measures first). What else runs on a machine only ever makes the stall look longer: here response
time is at least S - (1-q) T; `./dev bench crate_soak` has T = 10 s and asks for 3 % on both sides. Service time shows the
stall once a connection.   ctest: timeout=600
"""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import lib
from harness import Standin
from loadtop import run, start, stop, wait_until
from patient import SOAK

RATE, T, S, CLIENTS = 200, 10 if SOAK else 5, 1.0, 8


class Stall(unittest.TestCase):
    def test_formula(self):
        with Standin() as s:
            query = "rows=1&balance=0&timeout=200s&clients=%d" % CLIENTS
            rows = lambda: s.stats()["stats"].get("bulk_rows", 0)
            capacity = run(s.url(query=query), "-d", "2s" if SOAK else "200ms").pool["throughput_per_s"]
            before = rows()
            process = start(s.url(query=query), "--rate", "%d/s" % RATE, "-d", "900s")
            wait_until(lambda: rows() > before + RATE)
            s.freeze(S)
            wait_until(lambda: rows() > before + RATE * T)
            result = stop(process)
        response, service = (result.pool["latency"][k] for k in ("response", "service"))
        self.assertTrue(result.counts_add_up(), result.ops)
        self.assertEqual(result.ops["errors"] + result.ops["timeouts"], 0, result.ops)
        seconds = response["count"] / RATE
        for q, name in ((0.95, "p95_us"), (0.99, "p99_us")):
            self.assertGreater(response[name], 0.97e6 * (S - (1 - q) * seconds), response)
        self.assertGreater(service["max_us"], 0.95e6)
        self.assertLess(service["p95_us"], response["p95_us"])
        if SOAK and not lib.disturbed(result.data) and capacity > 3 * RATE:
            for q, name in ((0.95, "p95_us"), (0.99, "p99_us")):
                want = (S - (1 - q) * seconds * (1 - RATE / capacity)) * 1e6
                self.assertLess(abs(response[name] / want - 1), 0.03, (response, capacity))
            self.assertLess(service["p99_us"], 0.5e6)
            self.assertLess(service["max_us"], 1.2e6)


if __name__ == "__main__":
    lib.main()
