"""The report of a saved run is one self-contained file, safe to open, small, and has the figures of the JSON.
"""
import copy
import html.parser
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

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
        cls.dir = lib.folder(cls)
        cls.data = lib.headless("-d", "4s", "--goal", "3k/s", "--threshold", "p99<5s", "--threshold", "p50<1us",
                                "--at", "1s mark " + EVIL, "--at", "2s null threads 3",
                                "null:?service=1ms&errors=0.02&clients=2", "null:?service=2ms&name=b", code=99)
        cls.html = cls.make(cls.data, "run.html")
        cls.page = Page(cls.html)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    @classmethod
    def make(cls, run, name):
        lib.write_json(cls.path("run.json"), run)
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
        evil["pools"][0]["connection_errors"] = [{"class": EVIL, "count": 1, "last": EVIL}]
        evil["pools"][0]["plateaus"] = [{"start_s": 1, "end_s": 2, "vars": {"threads": 1}, "in_flight": 1,
                                         "throughput_per_s": 10, "ci95": 1, "valid": False, "why_not": EVIL}]
        evil["pools"][0]["scaling"] = [{"var": EVIL, "points": [0], "why_not": EVIL}]
        page = Page(self.make(evil, "evil.html"))
        for tag in ("script", "img"):
            self.assertNotIn(tag, page.tags)
        self.assertEqual(page.tags["b"], len(page.findings))
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

    def test_connections_that_are_missing(self):
        run = copy.deepcopy(self.data)
        run["pools"][0].update(connections_up=9, connections_wanted=50, connection_errors=[
            {"class": "maxclients", "count": 53, "first": "a", "last": "ERR max number of clients", "first_s": 0,
             "last_s": 2}])
        page = Page(self.make(run, "missing.html"))
        self.assertEqual(page.value("connections up"), "9 of 50")
        self.assertIn(["maxclients", "53", "0.0 s", "2.0 s", "ERR max number of clients"], [row[:5] for row in page.rows])
        for name in ("missing.md", "missing.txt"):
            self.assertRegex(self.make(run, name), r"(?s)Connections refused or lost.*maxclients.*53.*ERR max number")

    def test_the_verdict(self):
        said = " | ".join(self.page.findings)
        self.assertRegex(said, r"SIMULATED")
        # On a machine that is busy with other things the run is not valid, and that comes first.
        first = "FAILED" if self.data["validity"]["ok"] else "NOT VALID"
        self.assertTrue(self.page.findings[0].lstrip("✗!").startswith(first), self.page.findings[0])
        self.assertRegex(said, r"FAILED 1 of 2 thresholds over the whole run: p50<1us was [0-9.]+ms")
        self.assertRegex(said, r"The goal of 3.00k/s is (NOT )?met: together the pools did [0-9.]+k/s on average")
        self.assertRegex(said, r"lost null: [0-9,]+ errors")
        self.assertRegex(said, r"lost b: no error")
        self.assertIn(self.data["command"].split()[0], self.html)
        for name in ("a.txt", "a.md"):
            text = " ".join(self.make(self.data, name).replace("\\", "").split())
            self.assertIn("The goal of 3.00k/s is", text)
            self.assertIn("SIMULATED", text)

    def one(self, **changes):
        """A run of one closed pool with two steady periods of 2 s, at 1,000/s and 2,000/s."""
        run = copy.deepcopy(self.data)
        pool = run["pools"] = [copy.deepcopy(run["pools"][0])]
        pool = run["pools"][0]
        second = pool["series"][1]
        pool["series"] = [dict(second, t_s=i + 1, span_s=1, completed=1000 if i < 5 else 2000, errors=0, timeouts=0,
                               dropped=0, paused=False) for i in range(10)]
        pool["histograms"]["intervals"] = [dict(pool["histograms"]["intervals"][1], start_s=i, length_s=1)
                                           for i in range(10)]
        steady = {"vars": {"threads": 1, "clients": 1, "depth": 1, "rate_per_s": None}, "in_flight": 1, "ci95": 10,
                  "p50_us": 1000, "p99_us": 1500, "cpu_share": 0.1, "valid": True, "why_not": None}
        pool["plateaus"] = [dict(steady, start_s=0, end_s=5, throughput_per_s=1000),
                            dict(steady, start_s=5, end_s=10, throughput_per_s=2000)]
        pool["scaling"], pool["capacity"], pool["throughput_per_s"] = [], None, 1500
        run["goal_per_s"], run["thresholds"] = 1250, []
        run["validity"] = {"ok": True, "checks": []}
        run.update(changes)
        return run

    def lead(self, run):
        return " | ".join(Page(self.make(run, "one.html")).findings[:3])

    def test_a_capacity_is_what_held_the_thresholds(self):
        self.assertRegex(self.lead(self.one()), r"ENOUGH The goal of 1.25k/s is met: 2.00k/s .* headroom 1.60x")
        worse = self.one()
        for second in worse["pools"][0]["series"][5:]:
            second["errors"] = 100  # 4.8 % in the faster period
        worse["thresholds"] = [{"expr": "errors<1%", "ok": True, "value": 0.001}]
        self.assertRegex(self.lead(worse), r"NOT ENOUGH The goal of 1.25k/s is NOT met: 1.00k/s .* headroom 0.80x")
        worse["thresholds"] = [{"expr": "p99<1ns", "ok": False, "value": 1500}]
        self.assertRegex(self.lead(worse), r"NOT SHOWN The goal of 1.25k/s was met on average \(1.50k/s, 1.20x\), but "
                         r"no steady stretch was valid and held every threshold")
        late = self.one(thresholds=[{"expr": "p99<1ms", "ok": True, "value": 900}])
        for plateau, p99 in zip(late["pools"][0]["plateaus"], (900, 1100)):  # of its own response times
            plateau["vars"] = dict(plateau["vars"], rate_per_s=2000)
            plateau["response"] = {"p99_us": p99}
        self.assertRegex(self.lead(late), r"NOT ENOUGH The goal of 1.25k/s is NOT met: 1.00k/s .* headroom 0.80x")
        low = self.one(goal_per_s=5000)
        low["pools"][0]["plateaus"] = []
        self.assertRegex(self.lead(low), r"NOT ENOUGH .* NOT met on average .* headroom there is was not measured")
        none = self.one(goal_per_s=None)
        self.assertIn("Neither a goal", self.lead(none))
        none["pools"][0]["ops"]["completed"] = 0
        self.assertIn("NOTHING MEASURED", self.lead(none))

    def test_a_session_can_be_repeated(self):
        """What was done by hand is in the command, and the program takes that command."""
        run = copy.deepcopy(self.data)
        run["command"] = "loadtop --headless -q --no-history 'null:?service=1ms&name=null'"
        event = {"pool": "null", "from": None, "to": None, "by": "key"}
        run["events"] = [dict(event, t_s=0.3, what="threads", **{"from": "1", "to": "3"}),
                         dict(event, t_s=0.4, what="threads", by="sweep", to="9"),
                         dict(event, t_s=0.5, what="service", to="2ms"), dict(event, t_s=0.52, what="think", to="1ms"),
                         dict(event, t_s=0.54, what="arrival", to="poisson"),
                         dict(event, t_s=0.6, what="mark", pool=None, by="command", to="it's $(touch x) `now`"),
                         dict(event, t_s=0.7, what="pause"), dict(event, t_s=0.8, what="resume"),
                         dict(event, t_s=0.9, what="add", to="null:?name=c")]
        run["ended_by"], run["elapsed_s"] = "user", 1.5
        text = self.make(run, "replay.md")
        command = re.search(r"(?m)^    (loadtop --headless.*)$", text).group(1)
        self.assertIn("1 thing that was done by hand", text)
        words = shlex.split(command)
        self.assertEqual(words[words.index("--at") + 1], "0.300s null threads 3")
        got = lib.loadtop(*words[1:], "--json", "-")
        self.assertEqual(got.code, 0, got)
        again = json.loads(got.out)
        done = [(e["what"], e["to"]) for e in again["events"] if e["by"] == "at"]
        self.assertEqual(done, [("threads", "3"), ("service", "2ms"), ("think", "1ms"), ("arrival", "poisson"),
                                ("mark", "it's $(touch x) `now`"), ("pause", None), ("resume", None)])
        self.assertEqual(again["ended_by"], "user")

    def test_a_pool_that_is_called_like_a_command_is_repeated(self):
        """By its number: the name would be read as the command."""
        names = ["rate", "stop", "capacity", "plain"]
        targets = ["null:?service=1ms&name=" + n for n in names]
        run = lib.headless("-d", "300ms", "--at", "100ms remove rate", *targets)
        self.assertEqual({p["name"]: p["number"] for p in run["pools"]}, {n: i + 1 for i, n in enumerate(names)})
        run["command"] = shlex.join(["loadtop", "--headless", "-q", "--no-history", "-d", "4s", *targets])
        event = {"from": None, "to": None, "by": "key"}
        run["events"] = [dict(event, t_s=0.1, what="threads", pool=n, to="3") for n in names]
        run["events"] += [dict(event, t_s=0.2, what="pause", pool="rate"),
                          dict(event, t_s=0.3, what="sweep", pool="stop", to="threads=1,2 hold=1s")]
        command = re.search(r"(?m)^    (loadtop --headless.*)$", self.make(run, "names.md")).group(1)
        self.assertIn(" --at '0.100s plain threads 3'", command)
        got = lib.loadtop(*shlex.split(command)[1:], "--json", "-")
        self.assertEqual(got.code, 0, got)
        done = [(e["pool"], e["what"], e["to"]) for e in json.loads(got.out)["events"] if e["by"] == "at"]
        self.assertEqual(sorted(done), sorted((e["pool"], e["what"], e["to"]) for e in run["events"]))

    def test_a_long_mix_is_repeated(self):
        """However many characters a mix has, what the report repeats is that mix, by Redis's own count."""
        names = ["get", "set", "incr", "del", "exists", "lpush", "rpop", "sadd", "hset", "hget", "zadd", "ping"]
        mix = ",".join("%s:%.15g" % (name, 1 + 1 / (3 + i)) for i, name in enumerate(names))
        with lib.Redis() as redis:
            target = redis.url + "?name=redis&rate=2k&duration=1s"
            run = lib.headless("--at", "100ms ops " + mix, target)
            run["command"] = shlex.join(["loadtop", "--headless", "-q", "--no-history", target])
            for event in run["events"]:
                event["by"] = "key" if event["by"] == "at" else event["by"]
            command = re.search(r"(?m)^    (loadtop --headless.*)$", self.make(run, "mix.md")).group(1)
            redis.command("CONFIG", "RESETSTAT")
            got = lib.loadtop(*shlex.split(command)[1:], "--json", "-")
            self.assertEqual(got.code, 0, got)
            for name in names:
                self.assertGreater(redis.calls(name), 0, name)
        changes = [[(e["what"], e["from"], e["to"]) for e in r["events"] if e["what"] == "ops"]
                   for r in (run, json.loads(got.out))]
        self.assertEqual(changes, [[("ops", "get:80,set:20", mix)]] * 2)

    def test_the_spread_of_repeats(self):
        spread = {"n": 5, "mean": 1000, "stdev": 10, "min": 990, "max": 1010}
        run = dict(self.data, repeats=[{}] * 5, spread=[{"pool": "null", "throughput_per_s": spread,
                                                        "response_p99_us": dict(spread, stdev=None)}])
        rows = Page(self.make(run, "spread.html")).rows
        self.assertIn(["null", "throughput / s", "5", "1.00k", "10.0 (1 %)", "990", "1.01k"], rows)
        self.assertIn(["null", "response p99", "5", "1.00ms", "- (-)", "990us", "1.01ms"], rows)

    def test_a_picture(self):
        """Another program draws it, and it is one file of words and lines."""
        picture = self.make(self.data, "run.svg")
        root = xml.etree.ElementTree.fromstring(picture)
        words = " ".join("".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text"))
        for word in ("FAILED", "SIMULATED", "Throughput over time", "Latency by percentile", "p50<1us was"):
            self.assertIn(word, words)
        self.assertNotIn("var(", picture)
        self.assertNotRegex(picture, r"href|url\(|<script")
        if shutil.which("rsvg-convert"):
            p = subprocess.run(["rsvg-convert", self.path("run.svg"), "-o", self.path("run.png")], capture_output=True,
                               text=True, timeout=lib.bound(), check=False)
            self.assertEqual((p.returncode, p.stderr), (0, ""))

    def test_not_valid_is_the_first_word(self):
        run = copy.deepcopy(self.data)
        run["validity"] = {"ok": False, "checks": [{"name": "generator_cpu", "pool": "null", "ok": False,
                                                    "value": 0.97, "limit": 0.8, "why": "generator CPU 97 %"}]}
        page = Page(self.make(run, "invalid.html"))
        self.assertIn("NOT VALID", page.findings[0])
        self.assertIn("97 %", page.findings[0])
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

    BARE = {"name": "x", "series": [{"t_s": None}], "latency": None, "plateaus": [{}, {"vars": None}],
            "scaling": [{}], "by_op": {"get": {}}, "histograms": {"service": "!!!", "intervals": [{}]}}

    def test_a_run_that_says_little(self):
        """Null everywhere, nothing measured: a report all the same, and never a NaN in it."""
        bare = {"loadtop": "0", "schema": 1, "pools": [self.BARE]}
        for name in ("bare.html", "bare.md", "bare.txt", "bare.csv", "bare.plateaus.csv"):
            self.assertNotRegex(self.make(bare, name), r"\b-?(nan|inf)\b")
        self.make({"loadtop": "0", "schema": 1, "pools": []}, "none.html")

    def test_wrong_types_are_refused(self):
        """What is wrong is said in one line with its place, and no report is made of it."""
        for change, said in ((("series", [{"t_s": "no"}]), "series/0/t_s is text, not a number"),
                             (("plateaus", [None]), "plateaus/0 is no object"),
                             (("by_op", {"get": 1}), "by_op/get is no object"),
                             (("ops", {"errors": -1}), "ops/errors is below 0"),
                             (("name", ["x"]), "name is a list, not text")):
            with open(self.path("wrong.json"), "w") as f:
                json.dump({"loadtop": "0", "schema": 1, "pools": [dict(self.BARE, **dict([change]))]}, f)
            got = lib.loadtop("report", self.path("wrong.json"), "-o", self.path("wrong.html"))
            self.assertEqual((got.code, got.out, len(got.err.splitlines())), (2, "", 1), got)
            self.assertIn("wrong.json: not a run that loadtop saved: pools/0/" + said, got.err)
            self.assertFalse(os.path.exists(self.path("wrong.html")))


class Older(unittest.TestCase):
    """A run that 382d9c0 saved, when there was no `not_started`: absent reads 0."""
    saved = os.path.join(lib.ROOT, "tests", "golden", "run_382d9c0.json")

    def test_report(self):
        with tempfile.TemporaryDirectory() as folder:
            page = os.path.join(folder, "old.html")
            got = lib.loadtop("report", self.saved, "-o", page)
            self.assertEqual(got.code, 0, got)
            with open(page) as f:
                page = Page(f.read())
        ops = ("offered", "completed", "errors", "timeouts", "in flight", "dropped", "not started")
        self.assertEqual([page.value(name) for name in ops], ["420", "96", "2", "0", "0", "322", "0"])
        self.assertNotIn("connections up", [row[0] for row in page.rows])

    def test_compare(self):
        got = lib.loadtop("compare", self.saved, self.saved)
        self.assertEqual(got.code, 0, got)
        self.assertRegex(got.out, r"errors, timeouts, dropped, not started +2, 0, 322, 0 +2, 0, 322, 0")


if __name__ == "__main__":
    lib.main()
