"""`.hlog` and `.hgrm` files, read by HdrHistogram's own HistogramLogProcessor: it finds the same percentiles to 3
digits."""
import os
import subprocess
import unittest

import lib

JAR = "/usr/share/java/hdrhistogram.jar"


def rows(text):
    """[(value ms, percentile, total count)] of a .hgrm, and its footer as {name: value}."""
    table, footer = [], {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("#["):
            for part in line.strip("#[]").split(","):
                name, _, value = part.partition("=")
                if value:
                    footer[name.strip()] = value.strip()
        elif words and words[0][0].isdigit():
            table.append((float(words[0]), float(words[1]), int(words[2])))
    return table, footer


class Judged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lib.need_program("java", "default-jre-headless")
        if not os.path.exists(JAR):
            lib.skip("HdrHistogram's Java library is not there (apt-get install libhdrhistogram-java)")
        cls.dir = lib.folder(cls)
        cls.json = os.path.join(cls.dir, "run.json")
        cls.hlog = os.path.join(cls.dir, "run.hlog")
        cls.data = lib.headless("-d", "4s", "null:?service=2ms&dist=exp&clients=20&name=slow",
                               "null:?service=200us&dist=exp&rate=2000/s&clients=20&name=open")
        import json
        lib.write_json(cls.json, cls.data)
        cls.report(cls.hlog)

    @classmethod
    def report(cls, out, *words):
        got = lib.loadtop("report", cls.json, "-o", out, *words)
        assert got.code == 0, got
        with open(out) as f:
            return f.read()

    def java(self, *words):
        p = subprocess.run(["java", "-Xmx128m", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor", "-i", self.hlog,
                            *words], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(p.stderr, "")
        return p.stdout

    def same(self, a, b):
        self.assertAlmostEqual(a, b, delta=1e-3 * max(abs(a), abs(b)) + 0.0011)

    def test_tags(self):
        tags = self.java("-listtags").split()
        for tag in ("slow", "open", "slow/response", "open/op", "open/op/response"):
            self.assertIn(tag, tags)

    def test_the_intervals_are_the_run(self):
        """What the judge adds up of the log's seconds has the percentiles of the JSON."""
        for name in ("slow", "open"):
            truth = lib.pool(self.data, name)["latency"]["service"]
            table, footer = rows(self.java("-tag", name, "-outputValueUnitRatio", "1000000"))
            self.assertEqual(int(footer["Total count"]), truth["count"])
            self.same(float(footer["Max"]), truth["max_us"] / 1e3)
            self.same(float(footer["Mean"]), truth["mean_us"] / 1e3)
            for share, key in ((0.5, "p50_us"), (0.9, "p90_us"), (0.95, "p95_us")):
                value = next(v for v, _, total in table if total >= share * truth["count"])
                at = [v for v, p, _ in table if abs(p - share) < 1e-9]
                self.same(at[0] if at else value, truth[key] / 1e3)

    def count(self, tag, start, end):
        words = ["-tag", tag, "-start", "%.3f" % start, "-outputValueUnitRatio", "1000000"]
        _, footer = rows(self.java(*words, *(["-end", "%.3f" % end] if end else [])))
        return int(footer["Total count"]) if "Total count" in footer else 0

    def test_a_part_of_the_run(self):
        """-start and -end: the reader ends at the first line after the end, and needs times that never go back. What it
        finds in the parts is together what it finds in the whole. (Not compared with the series' counts: a second's
        counts and its histogram are read one after the other, while the threads go on.)"""
        with open(self.hlog) as f:
            starts = [float(line.split(",")[1]) for line in f if line.startswith("Tag=")]
        self.assertEqual(starts, sorted(starts))
        for name in ("slow", "open"):
            series = lib.pool(self.data, name)["series"]
            begins = [s["t_s"] - s["span_s"] for s in series]
            total = self.count(name, 0, None)
            self.assertEqual(total, sum(s["completed"] for s in series), name)
            first = self.count(name, 0, begins[1] - 0.01)
            second = self.count(name, begins[1] - 0.01, begins[2] - 0.01)
            rest = self.count(name, begins[2] - 0.01, None)
            self.assertEqual(first + second + rest, total, name)
            self.assertTrue(first and second and rest, name)

    def test_hgrm_is_what_the_judge_prints(self):
        for name in ("slow", "open"):
            for measure, tag in ((["--service"], name), ([], name + "/response")):
                ours, mine = rows(self.report(os.path.join(self.dir, "a.hgrm"), "--pool", name, *measure))
                theirs, their = rows(self.java("-tag", tag, "-outputValueUnitRatio", "1000000"))
                self.assertEqual(len(ours), len(theirs))
                self.assertGreater(len(ours), 30)
                for a, b in zip(ours, theirs):
                    self.same(a[0], b[0])
                    self.assertAlmostEqual(a[1], b[1], places=9)
                    self.assertEqual(a[2], b[2])
                self.assertEqual(mine["Total count"], their["Total count"])
                self.assertEqual(mine["Buckets"], their["Buckets"])
                self.assertEqual(mine["SubBuckets"], their["SubBuckets"])
                for key in ("Mean", "StdDeviation", "Max"):
                    self.same(float(mine[key]), float(their[key]))


if __name__ == "__main__":
    lib.main()
