"""Rows, think time and threads are changed by keys under load in a real terminal (tmux): the screen's marks and figures
follow, and the server sees the change.   ctest: timeout=600
"""
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import lib
from harness import Standin
from loadtop import BOUND, wait_until


class Keys(unittest.TestCase):
    def rates(self, s):
        """Rows a request, over what the server sees from now on."""
        before = s.stats()["stats"]
        now = wait_until(lambda: (lambda x: x if x["bulk_rows"] > before["bulk_rows"] + 2000 else None)(
            s.stats()["stats"]))
        return (now["bulk_rows"] - before["bulk_rows"]) / max(1, now["bulks"] - before["bulks"])

    def test_dials(self):
        with Standin() as s, lib.Tmux(lib.LOADTOP, s.url(query="balance=0"), cols=120, rows=40) as t:
            t.wait_for("[threads 1]", timeout=BOUND)
            wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 1000)
            self.assertAlmostEqual(self.rates(s), 100, delta=1)
            t.send("+")
            t.wait_for("[threads 2]", timeout=BOUND)
            wait_until(lambda: s.stats()["connections"] >= 3)  # two threads and the pool's own
            dial = re.compile(r"DIAL crate .*\[(\w+) ")
            for _ in range(20):
                name = t.wait_for(dial, timeout=BOUND).group(1)
                if name == "rows":
                    break
                t.send("Right")
                wait_until(lambda: t.wait_for(dial, timeout=BOUND).group(1) != name)
            t.wait_for("[rows 100]", timeout=BOUND)
            t.send("=")
            t.type("20")
            t.send("Enter")
            t.wait_for("[rows 20]", timeout=BOUND)
            t.wait_for(re.compile(r"100.{1,3}20"), timeout=BOUND)  # the mark in the plot, and the line of changes
            wait_until(lambda: abs(self.rates(s) - 20) < 1)
            t.send(":")
            t.type("set think 200ms")
            t.send("Enter")
            t.wait_for(re.compile(r"think 0s.{1,4}200ms"), timeout=BOUND)

            def slow():  # two clients that wait 200 ms after each request: at most 10 a second
                return t.find(re.compile(r"\b([0-9.]+) req/s"))
            wait_until(lambda: slow() and 0 < float(slow().group(1)) <= 10.5)
            t.send(":")
            t.type("set think 0s")
            t.send("Enter")
            wait_until(lambda: slow() and float(slow().group(1)) > 12)
            t.wait_for(re.compile(r"LEFT BEHIND.*rows doc\.t"), timeout=BOUND)


if __name__ == "__main__":
    unittest.main()
