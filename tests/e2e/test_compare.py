"""`loadtop compare`: it calls noise noise, finds a slow-down, and returns the documented exit codes."""
import copy
import os
import random
import unittest

import lib


def run(seed, slower=1.0, seconds=60, name="redis", failed=0.0):
    """A saved run with seeded, correlated noise of 2 %."""
    noise = random.Random(seed)
    state, series = [noise.gauss(0, 1) for _ in range(4)], []
    for i in range(seconds):
        state = [0.4 * s + 0.9165 * noise.gauss(0, 1) for s in state]
        done = round(50000 / slower * (1 + 0.02 * state[0]))
        series.append({"t_s": i + 1, "span_s": 1, "offered": done, "completed": done, "errors": round(failed * done),
                       "timeouts": 0, "dropped": 0, "threads": 2, "clients": 10, "in_flight": 10,
                       "p50_us": 200 * slower * (1 + 0.02 * state[1]), "p99_us": 900 * slower * (1 + 0.05 * state[2]),
                       "max_us": 4000, "response_p99_us": 950 * slower * (1 + 0.05 * state[3]), "paused": False})
    return {"loadtop": "0", "schema": 1, "started": "2026-01-01T00:00:%02dZ" % (seed % 60),
            "validity": {"ok": True, "checks": []},
            "pools": [{"name": name, "backend": "redis", "threads": 2, "clients": 10, "series": series}]}


class Compare(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)

    def save(self, name, data):
        return lib.write_json(os.path.join(self.dir, name), data)

    def compare(self, base, new, *words, code=0):
        got = lib.loadtop("compare", base, new, *words)
        self.assertEqual(got.code, code, got)
        return got.out

    def test_two_halves_of_one_run(self):
        """In at most 10 of 100 (here 5 of 50) is any figure of the four called real."""
        wrong = 0
        for seed in range(50):
            whole = run(seed, seconds=121)
            halves = []
            for half in (0, 1):
                part = copy.deepcopy(whole)
                part["pools"][0]["series"] = whole["pools"][0]["series"][60 * half:60 * half + 61]
                halves.append(self.save("%d.json" % half, part))
            out = self.compare(*halves)
            wrong += "WORSE" in out or "BETTER" in out
        self.assertLessEqual(wrong, 5)

    def test_three_percent_slower(self):
        found = 0
        for seed in range(30):
            base, new = self.save("a.json", run(seed)), self.save("b.json", run(1000 + seed, slower=1.03))
            found += "WORSE" in self.compare(base, new)
        self.assertGreaterEqual(found, 27)

    def test_exit_codes(self):
        base, slow = self.save("a.json", run(1)), self.save("b.json", run(2, slower=1.2))
        out = self.compare(base, slow)
        self.assertRegex(out, r"throughput +50\.\dk/s +41\.\dk/s +-1[5-8]\.\d+ % .*WORSE")
        self.assertRegex(out, r"p50 of a second .*\+(19|20)\.\d+ %.*WORSE")
        self.compare(base, slow, "--threshold", "10%", code=99)
        self.compare(base, slow, "--threshold", "0.1", code=99)
        self.compare(base, slow, "--threshold", "50%")
        self.compare(slow, base, "--threshold", "1%")  # better is no regression
        self.compare(base, base, "--threshold", "0%")

    def test_failures_count(self):
        out = self.compare(self.save("a.json", run(1)), self.save("b.json", run(2, failed=0.05)), "--threshold", "1%",
                           code=99)
        self.assertRegex(out, r"failed, share .*\+4\.7\d points.*WORSE")

    def test_runs_are_the_values_when_there_are_enough(self):
        sides = []
        for side in range(2):
            sides.append(",".join(self.save("%d-%d.json" % (side, i), run(10 * side + i, slower=1 + 0.04 * i))
                                  for i in range(3)))
        out = self.compare(*sides)
        self.assertIn("Each run is one value", out)
        self.assertNotIn("WORSE", out)  # the runs of a side differ by as much

    def test_what_is_hard_to_compare_is_said(self):
        new = run(2)
        new["validity"]["ok"] = False
        new["pools"][0]["threads"] = 4
        new["pools"][0]["series"][30]["threads"] = 3
        out = self.compare(self.save("a.json", run(1)), self.save("b.json", new))
        self.assertIn("NOT VALID", out)
        self.assertRegex(out, r"differs .*threads was 2, is 4")
        self.assertIn("was resized while it ran", out)

    def test_connections_that_are_missing(self):
        base, new = run(1), run(2)
        base["pools"][0].update(connections_up=50, connections_wanted=50)
        new["pools"][0].update(connections_up=9, connections_wanted=50)
        base, new = self.save("a.json", base), self.save("b.json", new)
        self.assertRegex(self.compare(base, new), r"differs .*connections_up was 50, is 9")
        self.assertNotIn("connections_up", self.compare(base, base))
        self.assertNotIn("connections_up", self.compare(self.save("old.json", run(1)), new))  # it does not tell

    def test_too_short(self):
        out = self.compare(self.save("a.json", run(1, seconds=3)), self.save("b.json", run(2, seconds=3)))
        self.assertIn("too few seconds", out)
        self.assertNotIn("nan", out)

    def test_the_answer_is_first(self):
        base, slow = self.save("a.json", run(1)), self.save("b.json", run(2, slower=1.2))
        first = " ".join(self.compare(base, slow, "--threshold", "10%", code=99).split("====\n")[1].split())
        self.assertRegex(first, r"^X REGRESSION redis throughput -1\d\.\d+ % \(-1\d\.\d+ to -1\d\.\d+\); redis p50")
        same = " ".join(self.compare(base, self.save("c.json", run(3)), "--threshold", "5%").split("====\n")[1].split())
        self.assertRegex(same, r"^NO DIFFERENCE .* about [0-4]\.?\d* % or more would have shown\. \+ THRESHOLD 0 figures")
        short = self.compare(self.save("d.json", run(4, seconds=8)), self.save("e.json", run(5, seconds=8)),
                             "--threshold", "0.1%")
        self.assertIn("too short", short)  # no green light for what could not be seen
        invalid = run(6)
        invalid["validity"]["ok"] = False
        self.assertIn("X NOT VALID", self.compare(base, self.save("f.json", invalid)).split("====\n")[1][:20])

    def test_runs_of_repeat(self):
        """A run of five runs has its spread, and its values are those of runs."""
        def repeated(factor):
            noise, whole = random.Random(int(factor * 100)), run(1, slower=factor)
            whole["repeats"] = [{"run": i + 1, "pools": [{
                "name": "redis", "throughput_per_s": 50000 / factor * (1 + 0.01 * noise.gauss(0, 1)),
                "p50_us": 200 * factor, "p99_us": 900 * factor, "response_p99_us": 950 * factor}]} for i in range(5)]
            return whole
        page = os.path.join(self.dir, "runs.html")
        out = self.compare(self.save("a.json", repeated(1)), self.save("b.json", repeated(1.1)), "--threshold", "5%",
                           "-o", page, code=99)
        self.assertIn("Each run is one value", out)
        self.assertRegex(out, r"redis +throughput +5 +[01]\.?\d* % +5 +[01]\.?\d* %")
        with open(page) as f:
            text = f.read()
        for word in ("Spread between runs", "Welch", "Holm", "Law and Kelton", ">base<", ">new<"):
            self.assertIn(word, text)
        self.assertEqual(text.count("<svg"), 2)
        said = lib.loadtop("help", "compare").out
        for word in ("Welch", "Holm", "Law and Kelton", "--threshold", "99"):
            self.assertIn(word, said)

    def test_files(self):
        base, new = self.save("a.json", run(1)), self.save("b.json", run(2, name="<b>x</b>"))
        self.assertIn("no pool of the same name", lib.loadtop("compare", base, new).err)
        page = os.path.join(self.dir, "c.html")
        self.compare(new, new, "-o", page)
        with open(page) as f:
            text = f.read()
        self.assertIn("&lt;b&gt;x&lt;/b&gt;", text)
        self.assertNotIn("<b>x", text)
        for words in ([], [base], [base, base, base], [base, base, "--threshold", "x"], [base, base, "-o", "x.pdf"]):
            got = lib.loadtop("compare", *words)
            self.assertEqual(got.code, 2, got)
            self.assertEqual(got.err.count("\n"), 1, got)
        self.assertEqual(lib.loadtop("compare", base, base + "x").code, 1)


if __name__ == "__main__":
    lib.main()
