"""Each key and command of the dashboard on a real Redis, in tmux: it does what the help says, the server receives it,
and the screen shows it. (The delay is measured by tests/bench/keys.py, on a quiet machine.)
"""
import glob
import os
import re
import time
import unittest

import lib


class OnRedis(unittest.TestCase):
    def setUp(self):
        self.redis = lib.Redis()
        self.addCleanup(self.redis.close)
        self.out = lib.folder(self)
        # With a pause between operations: the machine, and so the screen, has time to spare.
        self.t = lib.Tmux(lib.LOADTOP, "--out", self.out, "--max-threads", "8",
                          "redis://127.0.0.1:%d?think=2ms" % self.redis.port, cols=140, rows=40)
        self.addCleanup(self.t.close)
        self.t.wait_for("LOAD ON 1/1")

    def shown(self, pattern, *keys, text=None, enter=False):
        """Sends keys and waits until the screen shows what they do."""
        if text is not None:
            self.t.type(text)
        if keys or enter:
            self.t.send(*keys, *(["Enter"] if enter else []))
        return self.t.wait_for(pattern)

    def command(self, text, pattern):
        self.t.send(":")
        self.t.wait_for("Tab completes")
        self.shown(pattern, text=text, enter=True)

    def clients(self):
        """Connections that the server has, without the one that asks and the pool's own."""
        return len(self.redis.command("CLIENT", "LIST").splitlines()) - 2

    def serving(self, n):
        lib.until("%d connections" % n, lambda: self.clients() == n)

    def calls(self, *names):
        return self.redis.calls(*(names or ("get", "set")))

    def still(self):
        """No operation comes in any more."""
        def same():
            before = self.calls()
            time.sleep(0.2)
            return self.calls() == before
        lib.until("no more operations", same)

    def moving(self):
        before = self.calls()
        lib.until("operations", lambda: self.calls() > before)

    def test_connections_that_are_missing(self):
        """More clients than the server takes: how many are up and why, in each view that says so, until they are."""
        ours = self.redis.client()
        self.addCleanup(ours.close)
        self.command("clients 4", "4")
        lib.until("4 connections", lambda: len(ours("CLIENT", "LIST").splitlines()) == 6)  # with ours and the pool's
        ours("CONFIG", "SET", "maxclients", 8)
        self.command("clients 20", "NOT VALID redis: 6 of 20 connections up: maxclients")
        why = "6 of 20 connections up: maxclients: %s: ERR max number" % self.redis.url
        self.shown(why, "6")
        self.shown(re.compile("redis +conn maxclients .*ERR max number of clients"), "4")
        self.shown(re.compile("partial .*6 of 20 connections up: maxclients"), "5")
        ours("CONFIG", "SET", "maxclients", 1000)
        self.shown(re.compile("up .*all 20 connections up"))
        self.assertEqual(len(ours("CLIENT", "LIST").splitlines()), 22)

    def test_dials_and_what_the_server_sees(self):
        self.serving(1)
        self.shown("[threads 2]", "+")
        self.serving(2)
        self.shown("[clients 1]", "Right")
        self.shown("[clients 2]", "+")
        self.serving(4)
        self.t.send("=")
        self.shown("[clients 5]", text="5", enter=True)
        self.serving(10)
        self.shown("[conns auto", "Right")
        self.t.send("=")
        self.shown("[conns 3]", text="3", enter=True)
        self.serving(6)  # leased by 5 clients of each of 2 threads
        self.shown("[conns auto", "u")
        self.serving(10)
        self.shown("[clients 2]", "u", "Left")
        self.shown("[threads 2]", "Left")
        time.sleep(0.3)  # a dial turns at most four times a second
        self.shown("[threads 1]", "-")
        self.serving(2)
        self.moving()

    def test_pause_stop_lock(self):
        for keys in (("p", "p"), ("Space", "Space"), ("P", "p")):
            self.shown("PAUSED 1/1", keys[0])
            self.still()
            self.shown("LOAD ON 1/1", keys[1])
            self.moving()
        self.shown("Stop pool 1", "x")
        self.shown("STOPPED", "y")
        self.serving(0)
        self.shown("LOAD ON 1/1", "x")
        self.serving(1)
        self.shown(re.compile(r"\bLOCKED"), "L")
        self.t.send("+")
        self.t.wait_for("locked")
        self.assertEqual(self.clients(), 1)
        self.shown("UNLOCKED", "L")

    def test_commands_of_load(self):
        self.command("threads 3", "[threads 3]")
        self.serving(3)
        self.command("threads /3", "[threads 1]")
        self.command("clients *4", "clients 4")
        self.serving(4)
        self.command("connections 2", "conns 2")
        self.serving(2)
        self.command("connections auto", "conns auto")
        self.serving(4)
        self.command("pattern chain", "pattern chain")
        self.command("depth 8", "depth 8")
        self.command("ops set", re.compile("you +redis ops"))
        lib.until("writes only", lambda: self._only("set", "get"))
        self.command("ops get:80,set:20", re.compile("you +redis ops.*get:80"))
        self.command("set size 100", "size 100")
        self.command("set keys 7", "keys 7")
        self.command("rate 200/s", "rate 200/s")
        self.command("rate off", "rate closed")
        self.command("pattern sync", "pattern sync")
        self.command("threads 4 over 2s", "[threads 4]")
        self.command("undo", "[threads 1]")
        self.command("threads 99", re.compile(r"\bmax-threads"))  # above the ceiling: refused
        self.t.wait_for("[threads 1]")
        self.command("pause", "PAUSED 1/1")
        self.command("resume", "LOAD ON 1/1")
        self.command("pause all", "PAUSED 1/1")
        self.command("resume all", "LOAD ON 1/1")
        self.command("lock", re.compile(r"\bLOCKED"))
        self.command("unlock", "UNLOCKED")
        self.command("stop", "STOPPED")
        self.serving(0)
        self.command("start", "LOAD ON 1/1")
        self.moving()

    def _only(self, one, other):
        before = self.calls(other)
        mark = self.calls(one)
        time.sleep(0.3)
        return self.calls(other) == before and self.calls(one) > mark

    def test_pools_come_and_go(self):
        self.command("add %s?name=second&threads=2&think=5ms" % self.redis.url, "LOAD ON 2/2")
        lib.until("the second pool loads", lambda: self.clients() >= 3)
        self.command("second pause", "1 PAUSED")
        self.command("second resume", "LOAD ON 2/2")
        self.command("remove second", "LOAD ON 1/1")
        lib.until("its connections are gone", lambda: self.clients() <= 2)

    def test_sweep(self):
        self.command("sweep threads=1,2 hold=60s", "SWEEP")
        self.t.wait_for(re.compile(r"SWEEP \d/\d"))
        self.t.wait_for(re.compile(r"\d+ s left"))
        self.shown("SWEEP", "2")  # in every view
        self.command("sweep stop", "LOAD ON 1/1")
        self.t.wait_gone("SWEEP")
        self.t.send("1", "S")
        self.t.wait_for("sweep pool 1")
        self.t.send("Down", "C-u")
        self.t.type("1,2,3")
        self.t.send("Enter")
        self.t.wait_for("SWEEP 1/3")
        self.t.send("S")
        self.t.wait_gone("SWEEP 1/3")

    def test_what_is_kept(self):
        self.t.send("m")
        self.shown("half way", text="half way", enter=True)
        self.command("mark again", "mark again")
        for key, ending in (("c", "png"), ("r", "report.html")):
            self.shown(re.compile("captured: |report: "), key)
            lib.until(ending, lambda e=ending: glob.glob(os.path.join(self.out, "*" + e)))
        self.command("screenshot %s/a.svg" % self.out, "captured: %s/a.svg" % self.out)
        self.command("report %s/a.md" % self.out, "report: %s/a.md" % self.out)
        self.assertTrue(os.path.getsize(os.path.join(self.out, "a.svg")) > 1000)
        self.assertTrue(os.path.getsize(os.path.join(self.out, "a.md")) > 100)
        self.shown("are the baseline now", "b")
        self.command("baseline", "are the baseline now")
        self.shown("theme ", "T")
        self.command("theme dusk", "theme dusk")
        self.shown("glyphs: block", "G")

    def test_help_is_complete(self):
        """Every command of `loadtop help commands` and every key of `loadtop help keys` is in the dashboard's help,
        and what is typed after / finds it."""
        forms = re.findall(r"^  (\S.*)$", lib.loadtop("help", "commands").out, re.M)
        keys = re.findall(r"^  (\S.*?)  +\S", lib.loadtop("help", "keys").out, re.M)
        self.assertGreater(len(forms), 20)
        self.assertGreater(len(keys), 35)
        self.t.resize(140, 160)
        self.t.send("?")
        self.t.wait_for("Esc leaves")
        self.t.wait_for("95 % interval")  # the last line of the help
        screen = self.t.text()
        for word in [f.replace("[POOL] ", "").split()[0] for f in forms] + keys:
            self.assertIn(word, screen)
        self.t.send("/")
        self.t.type("pAuSe All")
        self.t.wait_gone("sort by the column")
        self.assertIn("pause ALL load", self.t.text())
        self.t.send("Enter", "Escape", "Escape")
        self.t.wait_gone("Esc leaves")

    def test_quit(self):
        self.command("quit", "ENDED: user")
        self.assertEqual(self.t.status(), 0)
        self.assertIn("ended by user", self.t.text(history=50))  # tmux's own last line scrolls the first away


if __name__ == "__main__":
    lib.main()
