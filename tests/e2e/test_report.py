"""The report of a saved run: alone in its file, harmless, small, and with the figures of the JSON.

ctest: timeout=240
"""
import copy
import html.parser
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import lib

EVIL = "<script>alert(1)</script> & \"x\" 'y' <img src=http://nowhere/>"


class Page(html.parser.HTMLParser):
    """What a browser would see: tags, attributes, text of tables and of findings."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.rows, self.titles, self.findings = {}, [], [], [], []
        self.open, self.row = [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes += [(tag, k, v or "") for k, v in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "tr":
            self.row = []
        if tag in ("td", "th") and self.row is not None:
            self.row.append("")
        if tag == "li":
            self.findings.append("")

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        if tag == "tr":
            self.rows.append(self.row)

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.row[-1] += data
        if self.open and self.open[-1] == "title":
            self.titles.append(data)
        if "li" in self.open:
            self.findings[-1] += data

    def value(self, name):
        return next(row[1] for row in self.rows if row and row[0] == name)


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="loadtop-report-")
        cls.data = lib.headless("-d", "4s", "--goal", "3k/s", "--threshold", "p99<5s", "--threshold", "p50<1us",
                                "--at", "1s mark " + EVIL, "--at", "2s null threads 3",
                                "null:?service=1ms&errors=0.02&clients=2", "null:?service=2ms&name=b", code=99)
        cls.html = cls.make(cls.data, "run.html")
        cls.page = Page(cls.html)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir, ignore_errors=True)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    @classmethod
    def make(cls, run, name):
        with open(cls.path("run.json"), "w") as f:
            json.dump(run, f)
        got = lib.loadtop("report", cls.path("run.json"), "-o", cls.path(name))
        assert got.code == 0, got
        with open(cls.path(name)) as f:
            return f.read()

    def test_it_stands_alone(self):
        self.assertNotIn("script", self.page.tags)
        for tag in ("link", "img", "iframe", "object", "base", "form", "a"):
            self.assertNotIn(tag, self.page.tags)
        for _, name, value in self.page.attributes:
            self.assertNotIn(name, ("src", "href", "onload", "onclick"))
            self.assertNotIn("url(", value)
        style = self.html[self.html.index("<style>"):self.html.index("</style>")]
        self.assertNotIn("url(", style)
        self.assertNotIn("@import", style)
        self.assertIn("prefers-color-scheme:dark", style)
        self.assertIn("@media print", style)

    def test_what_was_typed_stays_text(self):
        self.assertTrue(any(EVIL in said for said in self.page.findings))
        evil = json.loads(json.dumps(self.data).replace("simulated service", "<script>x</script>"))
        evil["pools"][0].update(name="<script>n</script>", target="<b>t</b>")
        evil["command"] = EVIL
        evil["events"][0].update(what=EVIL, pool=None)
        evil["pools"][0]["error_classes"][0].update({"class": EVIL, "last": EVIL})
        evil["pools"][0]["plateaus"] = [{"start_s": 1, "end_s": 2, "vars": {"threads": 1}, "in_flight": 1,
                                         "throughput_per_s": 10, "ci95": 1, "valid": False, "why_not": EVIL}]
        evil["pools"][0]["scaling"] = [{"var": EVIL, "points": [0], "why_not": EVIL}]
        page = Page(self.make(evil, "evil.html"))
        for tag in ("script", "img"):
            self.assertNotIn(tag, page.tags)
        self.assertEqual(page.tags["b"], len([f for f in page.findings]))
        markdown = self.make(evil, "evil.md")
        self.assertNotRegex(re.sub(r"(?m)^    .*$", "", markdown), r"<(script|img|b)\b")

    def test_the_figures_are_those_of_the_json(self):
        pool = self.data["pools"][0]
        self.assertEqual(self.page.value("offered"), "{:,}".format(pool["ops"]["offered"]))
        self.assertEqual(self.page.value("completed"), "{:,}".format(pool["ops"]["completed"]))
        self.assertEqual(self.page.value("errors"), "{:,}".format(pool["ops"]["errors"]))
        row = next(row for row in self.page.rows if row[0].startswith("service"))
        latency = pool["latency"]["service"]
        self.assertEqual(row[-1], "{:,}".format(latency["count"]))
        for cell, key in zip(row[1:], ("min_us", "mean_us", "p50_us", "p90_us", "p95_us", "p99_us")):
            value, unit = re.fullmatch(r"([0-9.]+)(ns|us|ms|s)", cell).groups()
            us = float(value) * {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}[unit]
            self.assertAlmostEqual(us, latency[key], delta=0.006 * latency[key])

    def test_the_verdict(self):
        said = " | ".join(self.page.findings)
        self.assertRegex(said, r"SIMULATED")
        self.assertRegex(said, r"threshold p99<5s: held")
        self.assertRegex(said, r"threshold p50<1us: FAILED")
        self.assertRegex(said, r"goal 3.00k/s needed")
        self.assertRegex(said, r"lost null: [0-9,]+ errors")
        self.assertRegex(said, r"lost b: no error")
        self.assertIn(self.data["command"].split()[0], self.html)
        for name in ("a.txt", "a.md"):
            text = " ".join(self.make(self.data, name).replace("\\", "").split())
            self.assertIn("needed", text)
            self.assertIn("SIMULATED", text)

    def test_not_valid_is_the_first_word(self):
        run = copy.deepcopy(self.data)
        run["validity"] = {"ok": False, "checks": [{"name": "generator_cpu", "pool": "null", "ok": False,
                                                    "value": 0.97, "limit": 0.8, "why": "generator CPU 97 %"}]}
        page = Page(self.make(run, "invalid.html"))
        self.assertTrue(any("NOT VALID" in f and "97 %" in f for f in page.findings))
        self.assertFalse(any("can be trusted" in f for f in page.findings))

    def test_values_on_hover(self):
        self.assertTrue(any(re.search(r"/s, .* in flight, p50", t) for t in self.page.titles))
        self.assertTrue(any("threads 1 to 3" in t for t in self.page.titles))
        self.assertGreaterEqual(self.page.tags["svg"], 8)  # throughput, latency, percentiles, heat: two pools

    def hour(self):
        run = copy.deepcopy(self.data)
        for pool in run["pools"]:
            one = pool["series"][1]
            pool["series"] = [dict(one, t_s=i + 1, span_s=1, completed=one["completed"] + i % 97,
                                   p99_us=(one["p99_us"] or 1) * (1 + i % 13)) for i in range(3600)]
            interval = pool["histograms"]["intervals"][1]
            pool["histograms"]["intervals"] = [dict(interval, start_s=4 * i, length_s=4) for i in range(900)]
        run["elapsed_s"] = 3600
        return run

    def test_an_hour_is_small(self):
        page = self.make(self.hour(), "hour.html")
        self.assertLess(len(page.encode()), 1000000)
        self.assertGreaterEqual(Page(page).tags["svg"], 8)

    def test_a_run_that_says_little(self):
        """Null everywhere, nothing measured, wrong types: a report all the same, and never a NaN in it."""
        bare = {"loadtop": "0", "schema": 1, "pools": [{"name": "x", "series": [{"t_s": "no"}], "latency": None,
                                                        "plateaus": [None, 3], "scaling": [{}], "by_op": {"get": 1},
                                                        "histograms": {"service": "!!!", "intervals": [1, {}]}}]}
        for name in ("bare.html", "bare.md", "bare.txt", "bare.csv", "bare.plateaus.csv"):
            self.assertNotRegex(self.make(bare, name), r"\b-?(nan|inf)\b")

    def test_in_a_browser(self):
        chromium = shutil.which("chromium")
        if not chromium:
            self.skipTest("chromium is not installed (apt-get install chromium)")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--user-data-dir=" + self.path("profile"), "--enable-logging=stderr"]
        where = "file://" + self.path("run.html")
        p = subprocess.run([chromium, *flags, "--dump-dom", where], capture_output=True, text=True, timeout=100,
                           check=False)
        self.assertEqual(p.returncode, 0, p.stderr[-2000:])
        self.assertNotIn("CONSOLE", p.stderr)
        page = Page(p.stdout)
        self.assertEqual(page.tags["svg"], self.page.tags["svg"])
        self.assertEqual(page.rows, self.page.rows)
        pdf = self.path("run.pdf")
        subprocess.run([chromium, *flags, "--print-to-pdf=" + pdf, where], capture_output=True, timeout=100, check=False)
        with open(pdf, "rb") as f:
            self.assertEqual(f.read(5), b"%PDF-")


if __name__ == "__main__":
    lib.main()
