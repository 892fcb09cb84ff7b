"""CSV, .hgrm and .hlog from a saved run: complete, exact, and with the same figures as the JSON."""
import csv
import json
import os
import unittest

import lib


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = lib.folder(cls)
        cls.data = lib.headless("-d", "3s", "--at", "1s null threads 2", "null:?service=1ms&clients=3",
                               "null:?service=1ms&name=b")
        cls.json = cls.path("run.json")
        lib.write_json(cls.json, cls.data)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    def report(self, name, *words, code=0):
        got = lib.loadtop("report", self.json, "-o", self.path(name), *words)
        self.assertEqual(got.code, code, got)
        return got

    def table(self, name):
        self.report(name)
        with open(self.path(name), newline="") as f:
            return list(csv.DictReader(f))

    def test_series(self):
        lines = self.table("a.csv")
        truth = [(p["name"], s) for p in self.data["pools"] for s in p["series"]]
        self.assertEqual(len(lines), len(truth))
        for line, (name, second) in zip(lines, truth):
            self.assertEqual(line["pool"], {"null": "'null"}.get(name, name))
            for key, value in second.items():
                if value is None:
                    self.assertEqual(line[key], "")
                elif isinstance(value, bool):
                    self.assertEqual(line[key], "true" if value else "false")
                else:
                    self.assertEqual(float(line[key]), value, key)

    def test_plateaus_are_what_fit_reads(self):
        run = json.loads(json.dumps(self.data))
        plateau = {"start_s": 1, "end_s": 2, "vars": {"threads": 1, "ops": "get:80,set:20"}, "valid": True,
                   "why_not": None, "p50_us": None}
        run["pools"][1]["plateaus"] = []
        run["pools"][0]["plateaus"] = [
            dict(plateau, in_flight=n, throughput_per_s=1000 * n / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1)))
            for n in (1, 2, 4, 8, 16, 32)] + [dict(plateau, in_flight=64, throughput_per_s=9, valid=False,
                                                   why_not='=cmd|"x"')]
        lib.write_json(self.path("fit.json"), run)
        got = lib.loadtop("report", self.path("fit.json"), "-o", self.path("p.plateaus.csv"))
        self.assertEqual(got.code, 0, got)
        with open(self.path("p.plateaus.csv"), newline="") as f:
            lines = list(csv.DictReader(f))
        self.assertEqual(len(lines), 7)
        self.assertEqual(lines[0]["ops"], "get:80,set:20")
        self.assertEqual(lines[0]["p50_us"], "")
        self.assertEqual(lines[6]["why_not"], "'=cmd|\"x\"")  # no spreadsheet runs it
        said = lib.loadtop("fit", self.path("p.plateaus.csv"), "--json")
        self.assertEqual(said.code, 0, said)
        fit = json.loads(said.out)
        self.assertAlmostEqual(fit["sigma"], 0.05, delta=1e-6)
        self.assertAlmostEqual(fit["kappa"], 0.002, delta=1e-8)  # the invalid point is left out

    # What pandas 2 takes for absent (pandas._libs.parsers.STR_NA_VALUES), and R's read.csv.
    ABSENT = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
              "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}

    def test_texts_are_read_as_texts(self):
        """A column of a text holds nothing that a reader takes for absent, for a number or for a truth value; what the
        text was is what stands behind the apostrophe."""
        names = ["null", "NA", "None", "nan", "inf", "Infinity", "true", "FALSE", "T", "007", "1e3", "-5", "0x10", "b", "a b"]
        run = json.loads(json.dumps(self.data))
        run["pools"] = [dict(self.data["pools"][1], name=name) for name in names]
        lib.write_json(self.path("names.json"), run)
        for ending in "csv", "plateaus.csv":
            for pool in run["pools"]:
                pool["plateaus"] = [{"start_s": 1, "end_s": 2, "vars": {"threads": 1, "ops": "op:1", "pattern": "NULL"},
                                     "in_flight": 1, "throughput_per_s": 5, "valid": True, "why_not": "N/A"}]
            lib.write_json(self.path("names.json"), run)
            got = lib.loadtop("report", self.path("names.json"), "-o", self.path("names." + ending))
            self.assertEqual(got.code, 0, got)
            with open(self.path("names." + ending), newline="") as f:
                lines = list(csv.DictReader(f))
            self.assertEqual(list(dict.fromkeys(line["pool"].removeprefix("'") for line in lines)), names)
            for line in lines:
                texts = [line["pool"]] + [line[c] for c in ("pattern", "why_not") if c in line]
                self.assertFalse(self.ABSENT & set(texts), line)
                for text in texts:
                    self.assertNotIn(text.lower(), ("true", "false", "t", "f"))
                    self.assertRaises(ValueError, float, text)
        self.assertEqual({line["why_not"] for line in lines}, {"'N/A"})

    def test_hgrm(self):
        said = self.report("a.hgrm", code=2)
        self.assertIn("--pool", said.err)
        self.assertIn("null b", said.err)
        self.assertFalse(os.path.exists(self.path("a.hgrm")))
        self.assertIn("no pool c", self.report("a.hgrm", "--pool", "c", code=2).err)
        self.report("a.hgrm", "--pool", "b")
        with open(self.path("a.hgrm")) as f:
            text = f.read()
        self.assertIn("Total count    = %12d]" % lib.pool(self.data, "b")["latency"]["response"]["count"], text)

    def test_hlog_and_what_has_none(self):
        self.report("a.hlog")
        with open(self.path("a.hlog")) as f:
            lines = f.read().splitlines()
        self.assertEqual(lines[1], "#[Histogram log format version 1.3]")
        seconds = [line for line in lines if line.startswith("Tag=null,")]
        self.assertEqual(len(seconds), len(lib.pool(self.data, "null")["histograms"]["intervals"]))
        run = json.loads(json.dumps(self.data))
        for pool in run["pools"]:
            pool["histograms"] = None
        lib.write_json(self.path("none.json"), run)
        for name, words in (("b.hlog", []), ("b.hgrm", ["--pool", "b"])):
            got = lib.loadtop("report", self.path("none.json"), "-o", self.path(name), *words)
            self.assertEqual(got.code, 2, got)
            self.assertIn("histogram", got.err)
            self.assertFalse(os.path.exists(self.path(name)))

    def test_the_seconds_add_up(self):
        """Per-second counts of the log and of the series are of the same operations."""
        for pool in self.data["pools"]:
            self.assertEqual(sum(s["completed"] for s in pool["series"]), pool["ops"]["completed"])

    def test_wrong_words(self):
        for words in ([], [self.json], ["-o", "x.html"], [self.json, "-o"], [self.json, "-o", self.path("x.pdf")],
                      [self.json, self.json, "-o", self.path("x.csv")], [self.json, "--nope", "-o", "x.csv"]):
            got = lib.loadtop("report", *words)
            self.assertEqual(got.code, 2, got)
            self.assertEqual(got.err.count("\n"), 1, got)
        got = lib.loadtop("report", self.path("missing.json"), "-o", self.path("x.csv"))
        self.assertEqual(got.code, 1, got)
        got = lib.loadtop("report", self.json, "-o", "/nowhere/x.csv")
        self.assertEqual(got.code, 1, got)
        self.assertIn("/nowhere", got.err)

    def test_an_older_file_survives(self):
        lib.write(self.path("old.csv"), "old\n")
        lib.write(self.path("bad.json"), '{"loadtop": "1", "schema": 1')
        self.assertEqual(lib.loadtop("report", self.path("bad.json"), "-o", self.path("old.csv")).code, 1)
        with open(self.path("old.csv")) as f:
            self.assertEqual(f.read(), "old\n")


if __name__ == "__main__":
    lib.main()
