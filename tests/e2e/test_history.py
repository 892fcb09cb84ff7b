"""The history of runs: each is saved at its end, listed, shown, compared and pruned; and saving never disturbs a run.
"""
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import unittest

import lib

NULL = "null:?service=1ms"


class History(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)
        self.env = {"XDG_STATE_HOME": os.path.join(self.dir, "state")}
        self.db = os.path.join(self.dir, "state", "loadtop", "history.db")

    def loadtop(self, *words, code=0):
        got = lib.loadtop(*words, env=self.env)
        self.assertEqual(got.code, code, got)
        return got

    def run_some(self, n=1, *words):
        for _ in range(n):
            self.loadtop("--headless", "-q", "-n", "50", *words, NULL)

    def lines(self):
        return [line.split() for line in self.loadtop("history").out.splitlines()[1:]]

    def test_kept_and_shown(self):
        self.assertIn("no run has been kept", self.loadtop("history").out)
        self.assertFalse(os.path.exists(self.db))  # to look makes nothing
        saved = os.path.join(self.dir, "run.json")
        self.run_some(1, "--json", saved)
        self.run_some()
        lines = self.lines()
        self.assertEqual([line[0] for line in lines], ["2", "1"])
        run = lib.read_json(saved)
        self.assertEqual(lines[1][1], run["run_id"])
        for which in ("1", run["run_id"], run["run_id"][:6]):
            back = os.path.join(self.dir, "back.json")
            self.loadtop("history", "show", which, "-o", back)
            self.assertEqual(lib.read_json(back), run)
        shown = self.loadtop("history", "show", "1").out
        self.assertIn("offered", shown)
        self.assertIn(run["run_id"], shown)
        page = os.path.join(self.dir, "page.html")
        self.loadtop("history", "show", "last", "-o", page)
        self.assertTrue(os.path.getsize(page) > 1000)

    def test_an_id_of_digits(self):
        """It may begin with, or be, what looks like a run's number: the number comes first, letters or six digits next."""
        self.run_some(2)
        first = self.lines()[1][1]
        with contextlib.closing(sqlite3.connect(self.db)) as db, db:
            db.execute("UPDATE run SET run_id = '12345678' WHERE id = 1")
        for which in "1", "123456", "1234567", "12345678":
            back = os.path.join(self.dir, "back.json")
            self.loadtop("history", "show", which, "-o", back)
            self.assertEqual(lib.read_json(back)["run_id"], first, which)
            os.unlink(back)
        for which in "12345", "12", "3", "123457", "":
            self.assertIn("no run", self.loadtop("history", "show", which, code=2).err)

    def running(self):
        """The journals of runs that have not ended, each with its lines."""
        folder = os.path.join(self.dir, "state", "loadtop", "running")
        found = {}
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            try:
                with open(os.path.join(folder, name), "rb") as f:
                    found[name] = f.read().count(b"\n")
            except FileNotFoundError:
                pass
        return found

    def start(self, *words):
        p = subprocess.Popen([lib.LOADTOP, "--headless", "-q", "-d", "100s", *words, NULL + "&errors=0.01"],
                             env=dict(lib.environment(), **self.env), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, preexec_fn=lib._die_with_parent)
        self.addCleanup(lambda: (p.kill(), p.wait()))
        return p

    def test_a_killed_program_leaves_its_run(self):
        p = self.start("--at", "1s null threads 3", "--at", "2s mark just before")
        lib.until("4 seconds are written", lambda: any(n >= 5 for n in self.running().values()))
        self.assertEqual(self.lines(), [])  # it still runs: it is not taken away from it
        p.kill()
        p.wait()
        lines = sum(self.running().values())
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(self.lines()[0][-2:], ["crash", "null:"])
        self.assertEqual(self.running(), {})  # once is enough
        back = os.path.join(self.dir, "back.json")
        self.loadtop("history", "show", "last", "-o", back)
        run = lib.read_json(back)
        pool = run["pools"][0]
        self.assertEqual(run["ended_by"], "error")
        self.assertIn("killed or crashed", run["recovered"])
        self.assertGreaterEqual(run["elapsed_s"], lines - 2)  # a line for each second
        times = [s["t_s"] for s in pool["series"]]
        self.assertEqual(times, sorted(set(times)))
        self.assertGreaterEqual(run["elapsed_s"], times[-1])
        for before, second in zip(times, pool["series"][1:]):
            self.assertAlmostEqual(second["t_s"] - second["span_s"], before, delta=0.01)  # none is missing
        ops = pool["ops"]
        self.assertEqual(ops["offered"], sum(ops[k] for k in ("completed", "errors", "timeouts", "in_flight", "dropped")))
        self.assertLessEqual(sum(s["completed"] for s in pool["series"]), ops["completed"])
        self.assertEqual([e["to"] for e in run["events"] if e["what"] in ("threads", "mark")], ["3", "just before"])
        self.assertEqual(pool["series"][-1]["threads"], 3)
        self.assertIn("CUT OFF", self.loadtop("history", "show", "last").out)

    def test_a_torn_line_costs_no_more_than_itself(self):
        p = self.start()
        lib.until("2 seconds are written", lambda: any(n >= 3 for n in self.running().values()))
        p.kill()
        p.wait()
        (name, lines), = self.running().items()
        path = os.path.join(self.dir, "state", "loadtop", "running", name)
        with open(path, "r+b") as f:
            whole = f.read()
            f.truncate(len(whole) - 40)
        for other, data in (("empty.run", b""), ("junk.run", b"\0\1{}\n"), ("list.run", b"[1]\n"), ("half.run.new", b"{")):
            with open(os.path.join(os.path.dirname(path), other), "wb") as f:
                f.write(data)
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(self.running(), {})
        back = os.path.join(self.dir, "back.json")
        self.loadtop("history", "show", "last", "-o", back)
        self.assertLessEqual(len(lib.read_json(back)["pools"][0]["series"]), lines)

    def test_a_wrong_member_does_not_hide_which_run_it_is(self):
        p = self.start()
        lib.until("2 seconds are written", lambda: any(n >= 3 for n in self.running().values()))
        p.kill()
        p.wait()
        (name, _), = self.running().items()
        path = os.path.join(self.dir, "state", "loadtop", "running", name)
        with open(path, "r+b") as f:
            wrong = re.sub(rb'"offered":\d+', b'"offered":-5', f.read())
            f.seek(0)
            f.write(wrong)
            f.truncate()
        self.assertEqual(self.lines()[0][-2:], ["crash", "null:"])
        for words in (["show", "last"], ["compare", "last", "last"], ["show", "last", "-o", os.path.join(self.dir, "r.txt")]):
            self.assertIn("history: last: not a run that loadtop saved: pools/0/ops/offered is below 0",
                          self.loadtop("history", *words, code=2).err)
        back = os.path.join(self.dir, "back.json")
        self.loadtop("history", "show", "last", "-o", back)
        run_id = lib.read_json(back)["run_id"]
        self.loadtop("history", "show", run_id, "-o", back)  # it is found by its name too

    def test_a_run_that_ends_leaves_no_journal(self):
        self.run_some(1, "--rate", "20/s")
        self.assertEqual(self.running(), {})
        self.assertEqual(len(self.lines()), 1)
        self.loadtop("--headless", "-q", "-n", "50", "--rate", "20/s", "--no-history", NULL)
        self.assertEqual(self.running(), {})
        self.assertEqual(len(self.lines()), 1)

    def test_not_kept(self):
        self.run_some(1, "--no-history")
        self.assertFalse(os.path.exists(self.db))

    def test_after_a_signal_too(self):
        env = dict(lib.environment(), **self.env)
        p = subprocess.Popen([lib.LOADTOP, "--headless", "-q", "-d", "60s", NULL], env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, preexec_fn=lib._die_with_parent)
        try:
            lib.until("it loads", lambda: os.path.exists("/proc/%d/task" % p.pid) and
                      len(os.listdir("/proc/%d/task" % p.pid)) > 2)
            p.send_signal(signal.SIGTERM)
            self.assertEqual(p.wait(lib.bound()), 128 + signal.SIGTERM)
        finally:
            p.kill()
            p.wait()
            p.stdout.close()
        self.assertIn("signal", " ".join(self.lines()[0]))

    def test_compared(self):
        self.run_some(2)
        self.assertIn("throughput", self.loadtop("history", "compare", "1", "2").out)
        self.assertIn("no run 9", self.loadtop("history", "compare", "1", "9", code=2).err)

    def test_pruned(self):
        self.run_some(4)
        self.assertIn("2 runs removed", self.loadtop("history", "prune", "--keep", "2").out)
        self.assertEqual([line[0] for line in self.lines()], ["4", "3"])
        self.assertIn("0 runs removed", self.loadtop("history", "prune", "--older", "1h").out)
        self.assertIn("1 run removed", self.loadtop("history", "prune", "--keep", "1").out)

    def test_wrong_words(self):
        self.run_some()
        for words in (["nope"], ["list", "x"], ["show"], ["show", "1", "-o"], ["show", "77"], ["prune"],
                      ["prune", "--keep"], ["prune", "--older", "3"], ["compare", "1"], ["show", ""], ["show", "'; --"]):
            got = self.loadtop("history", *words, code=2)
            self.assertEqual(got.err.count("\n"), 1, got)

    def test_what_goes_wrong_fails_no_run(self):
        os.makedirs(os.path.dirname(self.db))
        lib.write(self.db, "this is no database, and it is long enough to be one" * 100)
        got = self.loadtop("--headless", "-n", "50", NULL)
        self.assertIn("history:", got.err)
        self.assertIn("completed 50 ", got.out)
        self.loadtop("history", code=1)

    def test_many_at_once(self):
        runs = [subprocess.Popen([lib.LOADTOP, "--headless", "-q", "-n", "20", NULL],
                                 env=dict(lib.environment(), **self.env), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE) for _ in range(6)]
        for p in runs:
            _, err = p.communicate(timeout=lib.bound())
            self.assertEqual((p.returncode, err), (0, b""))
        self.assertEqual(len(self.lines()), 6)


if __name__ == "__main__":
    lib.main()
