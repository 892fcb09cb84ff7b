"""The number of records that loadtop reports is exactly that of the rows in the table, whatever happens during the run.

The reference is the stand-in's own count of its table. A twentieth of the 50 random runs is made here, all of them by
`./dev bench crate_soak`.   ctest: timeout=900
"""
import os
import random
import sys
import unittest

import lib
from patient import headless

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crate_standin"))
from harness import Standin
from loadtop import run, start, stop, wait_until

SEED = int(os.environ.get("CRATE_SEED", "1"))
RUNS = int(os.environ.get("CRATE_RUNS", "5"))
KILLS = int(os.environ.get("CRATE_KILLS", "2"))


def random_commands(r, seconds):
    """--at options: resizes, pauses and rows, all within the run."""
    options = []
    for _ in range(r.randint(3, 8)):
        at = r.randint(50, int(seconds * 1000) - 100)
        what = r.choice(["threads %d" % r.randint(1, 4), "clients %d" % r.randint(1, 6),
                         "connections %d" % r.randint(1, 5), "set rows %d" % r.choice([1, 7, 50, 150]),
                         "set duplicates %s" % r.choice(["0", "0.1", "0.5"]), "pattern %s" % r.choice(
                             ["sync", "batch", "queue", "chain"]), "depth %d" % r.randint(1, 5)])
        options += ["--at", "%dms %s" % (at, what)]
    if r.random() < 0.5:
        at = r.randint(50, int(seconds * 600))
        options += ["--at", "%dms pause" % at, "--at", "%dms resume" % (at + 150)]
    return options


class Exact(unittest.TestCase):
    def one(self, r, **kind):
        with Standin() as s:
            if r.random() < 0.6:
                s.fault("rows", share=r.choice([0.01, 0.3]), p=r.choice([0.2, 1]))
            if r.random() < 0.3:
                s.fault("status", code=503, p=0.05)
            query = "timeout=200s&rows=%d&threads=%d&clients=%d&duplicates=%s" % (
                r.choice([1, 10, 50, 150]), r.randint(1, 3), r.randint(1, 4), r.choice(["0", "0.05"]))
            seconds = 1.2
            options = random_commands(r, seconds)
            if r.random() < 0.3:
                options += ["-n", str(r.randint(1, 20000)), "-d", "200s"]
            else:
                options += ["-d", "%dms" % (seconds * 1000)]
            if r.random() < 0.3:
                query += "&conflict=nothing"
            result = run(s.url(query=query), *options, "--seed", str(r.randint(1, 1 << 30)))
            note = "%s %s %s" % (query, options, result.ops)
            self.assertTrue(result.counts_add_up(), note)
            self.assertEqual(result.ops["timeouts"], 0, note)
            self.assertEqual(result.rows["acknowledged"], result.ops["completed"] - result.rows["skipped"], note)
            # What a busy machine had not answered when the 5 s of draining were over may be stored or not.
            self.through(s)
            self.assertLessEqual(result.rows["acknowledged"], s.rows(), note)
            self.assertLessEqual(s.rows(), result.rows["acknowledged"] + result.ops["in_flight"], note)
            self.assertEqual(result.rows["unknown"], 0 if "503 Service Unavailable" not in result.classes else
                             result.classes["503 Service Unavailable"]["count"], note)
            self.assertEqual(sum(c["count"] for c in result.pool["error_classes"]), result.ops["errors"], note)
            self.assertEqual(sum(w["completed"] for w in result.pool["workers"]), result.ops["completed"], note)

    @staticmethod
    def through(s):
        """Until the server is through with what it read."""
        wait_until(lambda: s.stats()["connections"] == 1)

    def test_random_runs(self):
        for i in range(RUNS):
            with self.subTest(seed=SEED * 1000 + i):
                self.one(random.Random(SEED * 1000 + i))

    def test_kills(self):
        """The server dies in the middle and comes back: what was answered is there, and no more than that
        and what is unknown."""
        for i in range(KILLS):
            r = random.Random(SEED * 2000 + i)
            with self.subTest(i=i), Standin(on_disk=True) as s:
                process = start(s.url(query="rows=%d&threads=2&clients=3" % r.choice([10, 100, 400])), "-d", "900s")
                wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
                if r.random() < 0.5:
                    s.fault("die", p=0.2)
                    wait_until(lambda: s.process.poll() is not None)
                s.kill()
                s.start()
                wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)  # it came back by itself
                result = stop(process)  # no draining: what is in flight is unknown too
                self.through(s)
                stored = s.rows()
                unknown = sum(c["count"] for n, c in result.classes.items() if n in ("closed", "torn"))
                note = "%s %s %s" % (result.ops, result.rows, result.classes)
                self.assertTrue(result.counts_add_up(), note)
                self.assertGreater(unknown, 0, note)
                self.assertEqual(unknown, result.ops["errors"], note)
                self.assertLessEqual(result.ops["completed"], stored, note)
                self.assertLessEqual(stored, result.ops["completed"] + unknown + result.ops["in_flight"], note)

    def test_whose_limit_a_ceiling_is(self):
        """Three or four bulks a second: those seconds that have three are no less under the ceiling."""
        folder = lib.folder(self)
        names = [os.path.join(folder, "%d.json" % i) for i in range(6)]
        with Standin() as s:
            ats = [w for i, n in enumerate(names) for w in ("--at", "%ds report %s" % (8 + i, n))]
            headless("-d", "14s", "--clients", 8, "--max-rate", "1000/s", *ats, s.url(query="rows=300"))
        said = [lib.pool(lib.read_json(n))["bottleneck"]["kind"] for n in names]
        self.assertIn("rate", said)
        self.assertNotIn("server", said)

    def test_not_sent_twice(self):
        """The server stores a bulk and closes the connection in place of an answer: libcurl alone would send it
        again on a new one, and the second time every key would be there already."""
        with Standin() as s:
            s.fault("close", store=True, p=0.1)
            result = run(s.url(query="rows=20&threads=2&clients=2"), "-n", "4000")
            self.assertGreater(result.ops["errors"], 0)
            self.assertEqual(set(result.classes), {"closed"})
            self.assertEqual(result.rows["unknown"], result.ops["errors"])
            self.assertEqual(s.rows(), result.ops["completed"] + result.ops["errors"])

    def test_stored_after_the_timeout(self):
        with Standin() as s:
            s.fault("hang", store=True, count=5)
            result = run(s.url(query="rows=20&threads=2&clients=2&timeout=300ms"), "-n", "2000")
            self.through(s)
            self.assertGreater(result.ops["timeouts"], 0)
            self.assertNotIn("4091 DuplicateKey", result.classes)
            self.assertEqual(s.rows(), result.ops["completed"] + result.ops["timeouts"])
            self.assertEqual(result.rows["unknown"], result.ops["timeouts"])


if __name__ == "__main__":
    unittest.main()
