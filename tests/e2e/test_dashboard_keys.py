"""The dashboard's keys and commands in a real terminal (tmux): each does what the help says, and the screen shows it.
The load is the simulated service, so no server is needed.

ctest: long
"""
import glob
import os
import re
import time
import unittest

import lib

NULL = "null:?service=1ms&clients=4"
SUSPENDED_S = 2.5


class Keys(unittest.TestCase):
    def start(self, *args, cols=120, rows=40, target=NULL, until=None):
        t = lib.Tmux(lib.LOADTOP, *args, *([target] if target else []), cols=cols, rows=rows)
        self.addCleanup(t.close)
        t.wait_for(until or ("LOAD ON 1/1" if target else "NO POOLS"))
        return t

    def test_dial(self):
        t = self.start()
        t.wait_for("[threads 1]")
        t.send("+")
        t.wait_for("[threads 2]")
        t.send("-")
        t.wait_for("[threads 1]")
        t.send("Right")
        t.wait_for("[clients 4]")
        t.send("=")
        t.type("16")
        t.send("Enter")
        t.wait_for("[clients 16]")
        t.send("=")
        t.type("*2")
        t.send("Enter")
        t.wait_for("[clients 32]")
        t.send("u")
        t.wait_for("[clients 16]")
        t.send("=")
        t.type("lots")
        t.send("Enter")
        t.wait_for("lots")
        t.send("Escape")
        t.send("Left", "Left")  # round to the last: an option of the backend
        t.wait_for(re.compile(r"\[disconnect |\[\w+ [^]]*\] *$", re.M))
        t.send("Left")
        t.wait_gone("[threads")

    def test_every_dial_turns(self):
        """Threads, clients, connections, depth, rate and pattern: one step up shows another value."""
        t = self.start(target=NULL + "&pattern=chain&depth=4")
        dial = re.compile(r"DIAL null .*\[(\w+ [^]]*)\]")
        for name in "threads", "clients", "conns", "depth", "rate", "pattern":
            t.wait_for("[%s " % name)
            before = t.wait_for(dial).group(1)
            time.sleep(0.3)  # the dial turns at most four times a second
            t.send("+")
            lib.until("%s turns" % name, lambda: t.find(dial) and t.find(dial).group(1) != before)
            t.send("Right")

    def test_held_key_turns_slowly(self):
        t = self.start()
        start = time.monotonic()
        while time.monotonic() - start < 2.0:
            t.send("+", "+", "+", "+")
        t.wait_for(re.compile(r"\[threads ([3-9]|\d\d)\]"))
        time.sleep(0.5)  # what came before that is through by now
        threads = int(t.wait_for(re.compile(r"\[threads (\d+)\]")).group(1))
        self.assertLessEqual(threads - 1, 4 * (time.monotonic() - start) + 2)

    def test_paste_changes_nothing(self):
        t = self.start()
        t.paste("+++q")
        t.wait_for("text fields only")
        time.sleep(0.4)
        screen = t.text()
        self.assertIn("[threads 1]", screen)
        self.assertIn("LOAD ON 1/1", screen)
        t.paste("pPx\ny\n")
        time.sleep(0.4)
        self.assertIn("LOAD ON 1/1", t.text())
        t.send(":")
        t.paste("mark pasted\n")  # into a text field it goes, and does not press Enter
        t.wait_for(":mark pasted")
        t.send("Enter", "5")
        t.wait_for("mark pasted")

    def test_pause(self):
        t = self.start()
        for key in "p", "Space":
            t.send(key)
            t.wait_for("PAUSED 1/1")
            t.send(key)
            t.wait_for("LOAD ON 1/1")

    def test_pause_all(self):
        t = self.start()
        t.send(":")
        t.type("add null:?service=2ms")
        t.send("Enter")
        t.wait_for("LOAD ON 2/2")
        t.send("P")
        t.wait_for("PAUSED 2/2")
        t.send(":")
        t.type("null resume")
        t.send("Enter")
        t.wait_for("LOAD ON 1/2")
        t.send("x")
        t.wait_for("Stop pool 1")
        t.send("P")  # also in a question, and it is no answer to it
        t.wait_for("PAUSED 2/2")
        t.wait_for("Stop pool 1")
        t.send("Enter")
        t.wait_gone("Stop pool 1")
        self.assertIn("PAUSED 2/2", t.text())
        t.send("3", "P")

    def test_lock(self):
        t = self.start()
        t.send("L")
        t.wait_for(re.compile(r"\bLOCKED"))
        t.send("+")
        t.wait_for("lock")
        time.sleep(0.4)
        self.assertIn("[threads 1]", t.text())
        t.send("p")
        t.wait_for("PAUSED 1/1")  # pausing is always allowed
        t.send("L")
        t.wait_for("UNLOCKED")

    def test_stop_and_start(self):
        t = self.start()
        t.send("x")
        t.wait_for("Stop pool 1")
        t.send("Enter")  # the default is no
        t.wait_gone("Stop pool 1")
        time.sleep(0.3)
        self.assertIn("LOAD ON 1/1", t.text())
        t.send("x", "y")
        t.wait_for("STOPPED")
        t.send("x")
        t.wait_for("LOAD ON 1/1")

    def test_views(self):
        t = self.start()
        titles = ["pools", "percentiles", "a point for each plateau", "errors by class", "events", "targets"]
        for i, title in enumerate(titles):
            t.send(str(i + 1))
            t.wait_for(title)
        t.send("Tab")
        t.wait_for("[1 overview]")
        t.send("BTab")
        t.wait_for("[6 targets]")
        t.send("Escape")
        t.wait_for("[1 overview]")
        t.send("Enter")
        t.wait_for("percentiles")
        t.send("q")
        t.wait_for("[1 overview]")

    def test_command_line(self):
        t = self.start()
        t.send(":")
        t.type("threds 4")
        t.send("Enter")
        screen = t.wait_for(re.compile(r".*'threds'.*\bthreads.*\n:threds 4"))
        self.assertTrue(screen)
        t.send("C-u")
        t.type("null thr")
        t.send("Tab")
        t.wait_for(":null threads")
        t.type("3")  # after the blank that the completion put there
        t.send("Enter")
        t.wait_for("[threads 3]")
        t.send(":", "Up")
        t.wait_for(":null threads 3")
        t.send("C-u")
        t.type("nul threads 2")
        t.send("Enter")
        t.wait_for("null")
        t.send("C-u")
        t.type("add redsi://x")
        t.send("Enter")
        t.wait_for("redis")
        t.send("C-u")
        t.type("rate 5k/s")  # without a pool: the selected one
        t.send("Enter")
        t.wait_for("rate 5.00k/s")

    def test_command_error_points_at_the_word(self):
        t = self.start(cols=100, rows=30)
        t.send(":")
        t.type("null pattern chian")
        t.send("Enter")
        t.wait_for("chain")
        lines = t.text().splitlines()
        typed = next(i for i, line in enumerate(lines) if line.startswith(":null pattern chian"))
        self.assertRegex(lines[typed - 1][lines[typed].index("chian"):], r"^\S.*chain")

    def test_add_with_the_form(self):
        t = self.start()
        t.send("a")
        t.wait_for("choose a backend")
        for _ in range(re.findall(r"│ [▸ ] (\w+)  ", t.text()).index("null")):
            t.send("Down")
        t.wait_for("▸ null")
        t.send("Enter")
        t.wait_for("add a pool: null")
        t.send("Down")
        t.type("99999999")
        t.wait_for(re.compile("allowed|range"))
        t.send("Enter")  # what is wrong is not started
        t.wait_for("add a pool: null")
        t.send("C-u")
        t.type("2")
        t.send("Enter")
        t.wait_for("LOAD ON 2/2")
        t.send("Down")
        t.wait_for(re.compile(r"DIAL null-2 \[threads 2\]"))

    def test_edit_with_the_form(self):
        t = self.start()
        t.send("e")
        t.wait_for("edit pool 1")
        t.send("C-u")
        t.type("3")
        t.send("Down", "C-u")
        t.type("8")
        t.send("Enter")
        t.wait_for("[threads 3]")
        t.wait_for("clients 8")

    def test_remove(self):
        t = self.start()
        t.send(":")
        t.type("add null:?name=other")
        t.send("Enter")
        t.wait_for("LOAD ON 2/2")
        t.send(":")
        t.type("remove other")
        t.send("Enter")
        t.wait_for("LOAD ON 1/1")

    def test_marks_are_events(self):
        t = self.start()
        t.send("m")
        t.type("half time")
        t.send("Enter")
        t.send("5")
        t.wait_for("mark half time")
        t.send("/")
        t.type("half")
        t.send("Enter")
        self.assertIn("half time", t.text())

    def test_capture_is_what_was_seen(self):
        out = lib.folder(self)
        t = self.start("--out", out)
        t.send("p")
        t.wait_for("PAUSED 1/1")
        t.send("Z")
        t.wait_for("DISPLAY FROZEN")
        time.sleep(1.2)  # the axes stand still
        before = t.text().splitlines()
        t.send("c")
        t.wait_for("captured: ")
        base = glob.glob(out + "/loadtop-*.txt")[0][:-4]
        with open(base + ".txt") as f:
            lines = f.read().splitlines()
        for row in range(2, 38):  # the header's clock and the notice differ
            self.assertEqual(lines[row].rstrip(), before[row].rstrip())
        self.assertEqual(lib.read_json(base + ".json")["pools"][0]["name"], "null")
        with open(base + ".svg") as f:
            self.assertIn("</svg>", f.read())
        self.assertTrue(os.path.getsize(base + ".ans") > 1000)
        t.send(":")
        t.type("screenshot %s/sub/x.txt" % out)
        t.send("Enter")
        t.wait_for(re.compile("sub/x.txt.*(No such|cannot)"))
        self.assertEqual([f for f in os.listdir(out) if not f.startswith("loadtop-")], [])

    def test_freeze_is_not_pause(self):
        t = self.start()
        t.send("Z")
        screen = t.wait_for("DISPLAY FROZEN")
        self.assertIn("LOAD ON 1/1", screen)
        t.send("P")
        t.wait_for("PAUSED 1/1")  # the state is that of now
        t.send("Z")
        t.wait_gone("DISPLAY FROZEN")

    def test_help(self):
        t = self.start()
        for key in "?", "h", "F1":
            t.send(key)
            t.wait_for("Esc leaves")
            t.send("Escape")
            t.wait_gone("Esc leaves")
        t.send("?")
        t.wait_for("turn the dial up")
        t.send("/")
        t.type("glyph set")
        t.wait_for("braille, block, acs, ascii")
        t.wait_gone("turn the dial up")
        t.send("Enter")
        t.send("Escape", "Escape")
        t.wait_for("[threads 1]")

    def test_looks(self):
        t = self.start()
        t.send("G")
        t.wait_for("glyphs: block")
        t.send("T")
        t.wait_for("theme ")
        t.send("C-l")
        t.send("F5")
        t.wait_for("LOAD ON 1/1")
        t.send("]")
        t.wait_for("min")
        t.send("[")
        t.wait_for(re.compile("last (15|30|60) s"))

    def test_sort_and_select(self):
        t = self.start()
        t.send(":")
        t.type("add null:?name=busy&service=100us&clients=32")
        t.send("Enter")
        t.wait_for("LOAD ON 2/2")
        t.send("Down")
        t.wait_for("DIAL busy")
        t.send("k")
        t.wait_for("DIAL null")
        for _ in range(9):
            t.send(">")
        lib.until("busy is above null", lambda: re.search(r"busy .*\n.*\n?.*1 null ", t.text()))
        t.send("I")
        lib.until("and below", lambda: re.search(r"1 null .*\n(.*\n)?.*busy", t.text()))
        t.send("/")
        t.type("busy")
        t.send("Enter")
        t.wait_for("DIAL busy")

    def test_baseline(self):
        t = self.start()
        t.wait_for(re.compile(r"[1-9][\d.]*k?/s now"))
        t.send("b")
        t.wait_for(re.compile("op/s.*(.*\n)*.*baseline"))

    def test_empty(self):
        t = self.start(target=None)
        t.wait_for("press a to add one")
        for key in "+", "-", "p", "x", "e", "S", "u", "Enter", "2", "3", "4", "5", "6", "1", "c":
            t.send(key)
        t.send("q")
        self.assertEqual(t.status(), 0)

    def test_ended_stays(self):
        t = self.start("-n", "300", until="ENDED")  # the load may be over before it was ever shown
        t.send("4")
        t.wait_for("errors by class")
        t.send("q", "q")
        self.assertEqual(t.status(), 0)
        self.assertIn("completed 300", t.text(history=100))

    def test_quit_asks(self):
        t = self.start()
        t.send("q")
        t.wait_for("quit?")
        t.send("Enter")
        t.wait_gone("quit?")
        t.send("q", "y")
        self.assertEqual(t.status(), 0)
        self.assertIn("ended by user", t.text(history=100))

    def test_quit_while_paused_does_not_ask(self):
        t = self.start()
        t.send("P")
        t.wait_for("PAUSED 1/1")
        t.send("q")
        self.assertEqual(t.status(), 0)

    def test_ctrl_c(self):
        t = self.start()
        t.send("C-c")
        t.wait_for("All load is paused")
        t.wait_for("PAUSED 1/1")
        t.send("n")
        t.wait_gone("All load is paused")
        t.send(":", "x", "C-c")  # also while text is typed
        t.wait_for("All load is paused")
        t.send("C-c")
        self.assertEqual(t.status(), 0)

    def test_ctrl_z(self):
        t = lib.Tmux("bash", "--norc", "--noprofile", "-i", cols=120, rows=40)
        self.addCleanup(t.close)
        folder = lib.folder(self)
        t.type(lib.LOADTOP + " --json %s/run.json '" % folder + NULL + "'")
        t.send("Enter")
        t.wait_for("LOAD ON 1/1")
        t.wait_for(re.compile(r"[1-9][\d.]*k?/s now"))
        t.send("C-z")
        t.wait_for("Stopped")
        time.sleep(SUSPENDED_S)  # what is tested: a suspension that lasts
        t.type("fg")
        t.send("Enter")
        t.wait_for("PAUSED 1/1")
        t.wait_for("load stays paused")
        t.send("q")
        t.wait_for("ended by user")
        run = lib.read_json(os.path.join(folder, "run.json"))
        pause = next(e for e in run["events"] if e["what"] == "pause")
        self.assertLess(pause["t_s"], run["elapsed_s"] - SUSPENDED_S)  # before it was stopped, not after
        self.assertLess(run["pools"][0]["latency"]["service"]["max_us"], SUSPENDED_S * 1e6)

    def test_command_quit_from_at(self):
        t = self.start("--at", "1s screenshot /dev/null", "--at", "2s quit")
        self.assertEqual(t.status(), 0)

    def test_mouse_looks_and_does_not_load(self):
        t = self.start()
        t.send(":")
        t.type("add null:?name=other")
        t.send("Enter")
        t.wait_for("LOAD ON 2/2")
        lines = t.text().splitlines()
        row = next(i for i, line in enumerate(lines) if " other " in line)
        tab = next((i, line.index("5 events")) for i, line in enumerate(lines) if "5 events" in line)

        def click(x, y):  # as an X10 mouse report, which tmux-256color's kmous begins
            t.run("send-keys", "-t", "t", "-H", "1b", "5b", "4d", "20", "%x" % (x + 33), "%x" % (y + 33))
        click(10, row)
        t.wait_for("DIAL other")
        click(tab[1] + 2, tab[0])
        t.wait_for("events")
        t.send("1")
        screen = t.wait_for("[1 overview]").splitlines()
        for y, line in enumerate(screen):
            for x in range(0, len(line), 9):
                click(x, y)
        time.sleep(0.5)
        screen = t.text()
        self.assertIn("LOAD ON 2/2", screen)
        self.assertRegex(screen, r"threads 1\b")


if __name__ == "__main__":
    lib.main()
