"""The scaling lab on a real Redis: the two tables in the Redis test runner's notes (threads 1, 2, 4, 8 by pipelines of
1, 5, 10, 20), without a screen and live in the dashboard; and a sweep whose server is killed, or whose pool is resized
by hand or paused.

Nothing here asserts a speed, only structure, identities and order. So the longest test, the sweep without a screen,
runs at the same time as all others.   ctest: long
"""
import contextlib
import json
import os
import re
import tempfile
import unittest

import lib

THREADS, DEPTHS = ("1", "2", "4", "8"), ("1", "5", "10", "20")
SPEC = "threads=1,2,4,8 depth=1,5,10,20 hold=2s"
LIVE_THREADS, LIVE_DEPTHS = ("1", "2", "4"), ("1", "10")
LIVE_SPEC = "threads=1,2,4 depth=1,10 hold=1s"
beside, without_a_screen = contextlib.ExitStack(), None


def setUpModule():
    global without_a_screen
    redis = beside.enter_context(lib.Redis(unix=True))
    without_a_screen = beside.enter_context(lib.Headless("--sweep", SPEC, redis.url + "?pattern=batch"))


def tearDownModule():
    beside.close()


class Tables(unittest.TestCase):
    def check_cell(self, pool, cell):
        """A cell is a plateau of the pool, value by value; one that was not steady says why."""
        self.assertIn(cell["state"], ("steady", "unsteady"), cell)
        if cell["state"] == "unsteady":
            self.assertFalse(cell["valid"])
            self.assertTrue(cell["why_not"])
            if cell["plateau"] is None:  # held too briefly for a single batch
                return
        plateau = pool["plateaus"][cell["plateau"]]
        for name, value in plateau.items():
            self.assertEqual(cell[name], value, name)
        self.assertEqual(str(plateau["vars"]["threads"]), cell["at"]["threads"])
        self.assertEqual(str(plateau["vars"]["depth"]), cell["at"]["depth"])
        self.assertEqual(set(plateau["lights"]), {
            "little", "generator_cpu", "cpu_wait", "schedule_lag", "dropped", "errors", "steady", "clock", "memory",
            "hit_ratio", "other_load", "connections"})
        self.assertIn(plateau["lights"]["hit_ratio"]["state"], ("ok", "caution", None))  # the keys come one by one
        wanted = plateau["vars"]["threads"] * plateau["vars"]["depth"]
        if plateau["valid"]:  # threads that wait for a CPU may still have the load of the step before
            self.assertLessEqual(plateau["in_flight"], wanted * 1.001)

    def check_grid(self, run, all_threads, all_depths):
        pool = lib.pool(run)
        self.assertEqual(len(pool["sweeps"]), 1)
        sweep = pool["sweeps"][0]
        self.assertEqual([v["name"] for v in sweep["vars"]], ["threads", "depth"])
        self.assertEqual([v["relative"] for v in sweep["vars"]], ["efficiency", "gain"])
        self.assertEqual([(c["at"]["threads"], c["at"]["depth"]) for c in sweep["cells"]],
                         [(t, d) for t in all_threads for d in all_depths])
        cells = {(c["at"]["threads"], c["at"]["depth"]): c for c in sweep["cells"]}
        for (threads, depth), cell in cells.items():
            self.check_cell(pool, cell)
            x, one, alone = (c["throughput_per_s"] for c in (cell, cells["1", depth], cells[threads, "1"]))
            self.assertAlmostEqual(cell["relative"]["threads"], x / one / int(threads), places=4)
            self.assertAlmostEqual(cell["relative"]["depth"], x / alone, places=4)
            both = all(c["state"] == "steady" and c["valid"] for c in (cell, cells["1", depth]))
            self.assertEqual(cell["relative_valid"]["threads"], both)
        return sweep

    def test_headless(self):
        run = without_a_screen.wait(600)
        out = run["_out"]
        sweep = self.check_grid(run, THREADS, DEPTHS)
        # the summary holds the same figures as tables that a person reads
        for head in ("throughput /s", "efficiency by threads", "gain by depth", "client CPU", "limited by"):
            self.assertRegex(out, r"(?m)^ +%s.* depth 1 +depth 5 +depth 10 +depth 20$" % head)
        self.assertEqual(len(re.findall(r"(?m)^ +threads [1248] ", out)), 20)  # five tables of four rows
        first = next(c for c in sweep["cells"] if c["at"] == {"threads": "1", "depth": "1"})
        self.assertEqual(first["relative"]["threads"], 1)
        self.assertRegex(out, r"(?m)^ +threads 1 +\(?100 %\)? +\(?100 %\)? +\(?100 %\)? +\(?100 %\)?$")
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "run.md")
            self.assertEqual(lib.loadtop("report", without_a_screen.json, "-o", report).code, 0)
            with open(report, encoding="utf-8") as f:
                self.assertIn("| efficiency by threads |", f.read())

    def test_live(self):
        with lib.Redis(unix=True) as redis, tempfile.TemporaryDirectory() as out:
            path = os.path.join(out, "run.json")
            t = lib.Tmux(lib.LOADTOP, "--json", path, redis.url + "?pattern=batch", cols=140, rows=45)
            self.addCleanup(t.close)
            t.wait_for("LOAD ON 1/1")
            t.send("3", ":")
            t.type("sweep " + LIVE_SPEC)
            t.send("Enter")
            t.wait_for(re.compile(r"redis: threads x depth .*SWEEP \d+ of 6, \d+ (s|min) left"))
            t.wait_for(re.compile(r"(?m)^│ +2 +\W*\(?[\d.]+[kM]?"))  # the second row fills
            t.wait_for(re.compile(r"redis: threads x depth .*\d+ of 6 steady"), timeout=300)
            t.wait_for("efficiency by threads")
            t.send(">")  # the X axis: threads; the grid makes room
            t.wait_gone("threads x depth")
            t.send("1", "q")
            t.wait_for(re.compile("(?i)quit"))
            t.send("y")
            lib.until("the run is written", lambda: os.path.exists(path) or None)
            self.check_grid(lib.read_json(path), LIVE_THREADS, LIVE_DEPTHS)


class Ends(unittest.TestCase):
    def sweep_until(self, redis, spec, then):
        """A dashboard with a sweep of which two steps are over; `then` happens."""
        t = lib.Tmux(lib.LOADTOP, redis.url, cols=140, rows=45)
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        t.send("3", ":")
        t.type(spec)
        t.send("Enter")
        t.wait_for(re.compile(r"SWEEP 3 of 5"))
        then(t)
        return t

    def test_the_server_is_killed(self):
        with lib.Redis() as redis:
            run = lib.Headless("--sweep", "threads=1,2,3,4,5 hold=2s", "--json", "-", redis.url)
            self.addCleanup(run.close)
            lib.until("two steps are over", lambda: int(redis.info("clients").get("connected_clients", 0)) >= 5 or None)
            redis.kill()
            r = run.end()
            pool = lib.pool(json.loads(r.out))
            sweep = pool["sweeps"][0]
            self.assertIn("down for 10 s", sweep["ended_by"])
            self.assertTrue(sweep["resumable"])
            states = [c["state"] for c in sweep["cells"]]
            self.assertEqual(states[-2:], ["waiting", "waiting"])
            self.assertNotIn("waiting", states[:2])

    def test_by_hand(self):
        with lib.Redis() as redis:
            t = self.sweep_until(redis, "sweep threads=1,2,3,4,5 hold=2s", lambda t: t.send("+"))
            t.wait_gone("SWEEP 3 of 5")
            t.send("5")
            t.wait_for("changed by hand")

    def test_a_pause_and_going_on(self):
        with lib.Redis() as redis:
            t = self.sweep_until(redis, "sweep threads=1,2,3,4,5 hold=2s", lambda t: t.send("p"))
            t.wait_gone("SWEEP 3 of 5")
            t.send("p")
            t.wait_for("LOAD ON 1/1")
            t.send(":")
            t.type("sweep resume")
            t.send("Enter")
            t.wait_for(re.compile(r"SWEEP [345] of 5"))
            t.send("5")
            t.wait_for("resumed with")


if __name__ == "__main__":
    lib.main()
