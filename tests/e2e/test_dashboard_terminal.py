"""The dashboard and its terminal: it is restored after every signal, any size and any TERM work, and an independent
emulator (pyte) shows what was drawn.

ctest: long
"""
import datetime
import fcntl
import os
import re
import shutil
import signal
import statistics
import struct
import tempfile
import termios
import time
import unittest

import lib

NULL = "null:?service=1ms&clients=4"


def unread(terminal):
    """How many typed bytes the program has not read yet."""
    return struct.unpack("i", fcntl.ioctl(terminal.slave, termios.FIONREAD, bytes(4)))[0]


class Terminal(unittest.TestCase):
    def start(self, *args, cols=100, rows=30, term="tmux-256color", env=None):
        # tmux-256color: pyte does not know how to repeat characters, which xterm's description uses.
        t = lib.Pty(lib.LOADTOP, *args, NULL, cols=cols, rows=rows, term=term, env=env)
        self.addCleanup(t.close)
        pools = 1 + sum("null:" in str(arg) for arg in args)
        t.wait_for("LOAD ON %d/%d" % (pools, pools))
        return t

    def assert_restored(self, t):
        self.assertEqual(t.attributes(), t.before)
        tail = bytes(t.raw)
        self.assertGreater(tail.rfind(b"\x1b[?1049l"), tail.rfind(b"\x1b[?1049h"))
        self.assertGreater(tail.rfind(b"\x1b[?2004l"), tail.rfind(b"\x1b[?2004h"))
        self.assertGreater(tail.rfind(b"\x1b[?1000l"), tail.rfind(b"\x1b[?1000h"))

    def test_signals_that_end(self):
        for number in lib.END_SIGNALS:
            with self.subTest(signal=number):
                def once():
                    t = self.start()
                    t.wait_for(re.compile(r"[1-9][\d.]*k?/s now"))  # there is a second to report
                    start = time.monotonic()
                    t.signal(number)
                    code = t.wait()
                    took = time.monotonic() - start
                    self.assertEqual(code, 128 + number)
                    self.assert_restored(t)
                    self.assertIn("ended by signal", bytes(t.raw).decode(errors="replace"))
                    return took
                lib.fastest("the end by signal %d" % number, 0.5, once)

    def test_crashes_give_the_terminal_back(self):
        for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL,
                       signal.SIGTRAP):
            with self.subTest(signal=number):
                t = self.start(env={"ASAN_OPTIONS": "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:"
                                                    "handle_sigill=0", "TSAN_OPTIONS": "handle_segv=0:handle_abort=0"})
                t.signal(number)
                self.assertEqual(t.wait(), -number)
                self.assert_restored(t)

    def test_sanitized_crash_in_a_worker(self):
        """The signal may come to any thread."""
        t = self.start()
        tids = [int(n) for n in os.listdir("/proc/%d/task" % t.pid) if int(n) != t.pid]
        self.assertTrue(tids)
        if lib.SANITIZED:
            self.skipTest("the sanitizer has its own handlers")
        os.kill(t.pid, signal.SIGABRT)
        t.wait()
        self.assert_restored(t)

    def test_quit_restores(self):
        t = self.start()
        t.send("q")
        t.wait_for("quit?")
        t.send("y")
        self.assertEqual(t.wait(), 0)
        self.assert_restored(t)

    def test_terminal_that_goes_away(self):
        t = lib.Pty(lib.LOADTOP, NULL, cols=80, rows=24, term="tmux-256color")
        t.wait_for("LOAD ON 1/1")
        os.close(t.slave)
        os.close(t.master)
        try:
            t.popen.wait(lib.bound())
        finally:
            if t.popen.poll() is None:
                t.popen.kill()
                t.popen.wait()
        self.assertIn(t.popen.returncode, (128 + signal.SIGHUP, 1))

    def test_unknown_term(self):
        for term, says in (("nosuchterm", "nosuchterm is unknown"), ("", "TERM is not set"), ("dumb", "dumb")):
            with self.subTest(term=term):
                t = lib.Pty(lib.LOADTOP, NULL, term=term)
                self.addCleanup(t.close)
                self.assertEqual(t.wait(), 1)
                lines = [line for line in t.text().splitlines() if line.strip()]
                self.assertIn(says, " ".join(lines))
                self.assertIn("--headless", " ".join(lines))

    def test_no_terminal(self):
        r = lib.loadtop(NULL)
        self.assertEqual(r.code, 1)
        self.assertIn("terminal", r.err)
        self.assertEqual(len(r.err.splitlines()), 1)

    def test_wrong_looks_are_wrong_usage(self):
        for args, says in ((("--theme", "dsuk"), "dusk"), (("--glyphs", "brial"), "braille"),
                           (("--colors", "25"), "256")):
            with self.subTest(args=args):
                t = lib.Pty(lib.LOADTOP, *args, NULL)
                self.addCleanup(t.close)
                self.assertEqual(t.wait(), 2)
                self.assertIn(says, t.text())

    def test_glyphs_without_utf8(self):
        """Braille and blocks would be question marks: they are refused, and G passes over them."""
        for locale in ({"LC_ALL": "C"}, {"LC_ALL": "", "LC_CTYPE": "POSIX"}, {"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}):
            for glyphs in "braille", "block":
                with self.subTest(glyphs=glyphs, locale=locale):
                    t = lib.Pty(lib.LOADTOP, "--glyphs", glyphs, NULL, cols=160, env=locale)
                    self.addCleanup(t.close)
                    self.assertEqual(t.wait(), 2)
                    for said in "is not UTF-8", "acs", "LC_ALL=C.UTF-8":
                        self.assertIn(said, t.text())
        t = self.start(env={"LC_ALL": "C"})
        for glyphs in "ascii", "acs", "ascii":
            t.send("G")
            t.wait_for("glyphs: %s (braille and block need a UTF-8 locale)" % glyphs)
            for view, title in ("2", "percentiles"), ("3", "a point for each plateau"), ("4", "errors by class"), \
                    ("5", "events"), ("6", "targets"), ("1", "now"):
                t.send(view)
                t.wait_for(title)
            t.send("e")
            t.wait_for("edit pool 1")
            t.send("\x1b")
            t.wait_gone("edit pool 1")
        t.send("q")
        t.wait_for("quit?")
        t.send("y")
        self.assertEqual(t.wait(), 0)
        drawn = re.sub(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|[\x0e\x0f]", b"", bytes(t.raw))
        self.assertNotIn(b"?", re.sub(rb"[A-Za-z]\?|\? ?help", b"", drawn))  # but those of questions, and the key
        self.assertTrue(lib.loadtop("themes", "dusk", env={"LC_ALL": "C"}).out.isascii())

    def test_old_and_poor_terminals(self):
        for term in "vt100", "linux", "xterm", "screen":
            with self.subTest(term=term):
                t = self.start(term=term, env={"LC_ALL": "C"} if term == "vt100" else None)
                t.send("+")
                t.wait_for("threads 2")
                t.send("P")
                t.wait_for("PAUSED 1/1")
                t.send("q")
                self.assertEqual(t.wait(), 0)

    def test_no_color(self):
        t = self.start(env={"NO_COLOR": "1"})
        time.sleep(0.5)
        t.send("P")
        t.wait_for("PAUSED 1/1")
        self.assertIsNone(re.search(rb"\x1b\[[0-9;]*\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[0-9;]*)?m", bytes(t.raw)))

    def test_direct_colors(self):
        """24-bit colours are sent where COLORTERM or --colors says so, whatever TERM is; each of them is one of the
        theme's, the palette is left alone, and the terminal is given back."""
        theirs = lib.theme_colors("dusk")
        for term, colorterm, args in (("xterm-256color", "truecolor", ()), ("tmux-256color", "24bit", ()),
                                      ("xterm-256color", "", ("--colors", "direct")),
                                      ("screen", "", ("--colors", "direct"))):
            with self.subTest(term=term, colorterm=colorterm, args=args):
                t = self.start("--theme", "dusk", *args, term=term, env={"COLORTERM": colorterm})
                t.send("P")
                t.wait_for("PAUSED 1/1")
                t.send("q")
                self.assertEqual(t.wait(), 0)
                self.assert_restored(t)
                raw = bytes(t.raw)
                sent = {tuple(map(int, rgb)) for rgb in re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", raw)}
                self.assertGreater(len(sent), 8)
                self.assertLessEqual(sent, theirs)
                self.assertNotRegex(raw, rb"[34]8;5;\d|\x1b\]4;|\x1b\]104")
                self.assertRegex(raw, rb"\x1b\[\?(1006;)?1000h")  # the mouse too

    def test_direct_colors_through_tmux(self):
        with lib.Tmux(lib.LOADTOP, NULL, cols=100, rows=30, env={"COLORTERM": "truecolor"}) as t:
            t.wait_for("LOAD ON 1/1")
            screen = t.text(colors=True)
        self.assertIn("38;2;", screen)
        self.assertNotIn("38;5;", screen)

    def test_lesser_tiers_send_their_colors_only(self):
        for colors, wanted, not_wanted in (("256", rb"38;5;\d", rb"[34]8;2;"), ("16", rb"\x1b\[3\d", rb"[34]8;[25];"),
                                           ("none", rb"\x1b\[", rb"\x1b\[([0-9;]*;)?(3[0-8]|4[0-8]|9\d|10\d)(;[0-9;]*)?m")):
            with self.subTest(colors=colors):
                t = self.start("--colors", colors, term="tmux-256color", env={"COLORTERM": "truecolor"})
                t.send("P")
                t.wait_for("PAUSED 1/1")
                self.assertRegex(bytes(t.raw), wanted)
                self.assertNotRegex(bytes(t.raw), not_wanted)

    def test_no_rare_sequences(self):
        """xterm's description repeats characters and scrolls by several lines, by sequences that pyte does not know:
        they are not used, and what it shows is what was drawn."""
        out = lib.folder(self)
        t = self.start("--out", out, "--colors", "direct", "null:?service=9ms", "null:?service=8ms",
                       cols=120, rows=40, term="xterm-256color")
        for turn in range(3):  # lines move down and up: rows of pools, views, alerts
            t.send(":add null:?service=7ms\r")
            t.wait_for("LOAD ON %d/%d" % (4 + turn, 4 + turn))
            t.send("?")
            t.wait_for("Esc leaves")
            t.send("\x1b")
            t.wait_gone("Esc leaves")
        t.send("P")
        t.wait_for("PAUSED")
        t.send("Z")
        t.wait_for("DISPLAY FROZEN")
        path = os.path.join(out, "now.txt")
        t.send(":screenshot %s\r" % path)
        t.wait_for("captured: ")
        with open(path) as f:
            want = f.read().splitlines()
        have = t.text().split("\n")
        for row in range(1, 38):
            self.assertEqual(have[row].rstrip(), want[row].rstrip(), "row %d" % row)
        self.assertNotRegex(bytes(t.raw), rb"\x1b\[\d*[bST]")

    def started_with_two_threads(self):
        """A dashboard in whose folder a report would be seen."""
        self.out = lib.folder(self)
        t = self.start("--out", self.out)
        t.send("+")
        t.wait_for("[threads 2]")
        return t

    def assert_no_key(self, t):
        """What was sent before pressed nothing: an arrow is the first key after it, and there and back nothing has
        changed."""
        t.send("\x1b[C")
        t.wait_for("[clients 4]")
        t.send("\x1bOD")  # both forms of an arrow
        self.assertIn("LOAD ON 1/1", t.wait_for("[threads 2]"))
        self.assertEqual(os.listdir(self.out), [])

    def test_unknown_sequences_are_no_keys(self):
        """Their letters would be keys: C-S-u as terminals with the Kitty protocol send it, focus, modified arrows and
        function keys, a key of the Linux console, one sequence cut short by another."""
        t = self.started_with_two_threads()
        for sequence in ("\x1b[117;6u", "\x1b[I", "\x1b[1;5P", "\x1b[27;5;43~", "\x1bOX", "\x1b[?62;c", "\x1b[99;99R",
                         "\x1bO5P", "\x1b[[P", "\x1b[1;\x1b[99~", "\u009b1;5P", "\u008fP"):
            with self.subTest(sequence=sequence):
                t.send(sequence)
                self.assert_no_key(t)

    ANSWERS = ("\x1b]11;rgb:1e1e/pppp/rrrr\x07", "\x1b]11;rgb:1e1e/pppp/rrrr\x1b\\", "\x1bP>|XTerm(P)p+\x1b\\",
               "\x1b_Gi=1;OK p\x1b\\", "\x1b^p+\x1b\\", "\x1bXp+\x1b\\", "\x1b]p+\x18", "\x1bPp+\x1a",
               "\u009d11;rgb:1e1e/pppp/rrrr\u009c", "\u0090>|p+r\x1b\\")

    def test_answers_of_the_terminal_are_no_keys(self):
        """They may come late, to a question that another program asked, and in parts."""
        t = self.started_with_two_threads()
        for answer in self.ANSWERS:
            with self.subTest(answer=answer):
                t.send(answer)
                self.assert_no_key(t)
                for part in answer[:3], answer[3:-1], answer[-1]:
                    t.send(part)
                    lib.until("it is read", lambda: unread(t) == 0)
                self.assert_no_key(t)
        t.send("\x1b]11;rgb:pp")  # cut by a key
        self.assert_no_key(t)

    def test_a_key_that_arrives_in_parts_is_no_letter(self):
        """Over a slow link the ESC comes alone, or the letter does: P would pause all load, S open a form, I sort."""
        t = self.started_with_two_threads()
        for parts in ("\x1b", "OP"), ("\x1b", "OS"), ("\x1b", "[Z"), ("\x1b", "[I"), ("\x1b", "[A"), ("\x1b", "[P"), \
                ("\x1b", "[1;5P"), ("\x1b[", "P"), ("\x1b[1", ";5", "P"), ("\x1bO", "P"), ("\x1b", "O", "P"), \
                ("\x1b", "[", "P"), ("\x1b[[", "P"), ("\x1b", "]11;rgb:pppp/rrrr\x07"), ("\x1b", "P>|XTerm(P)p\x1b\\"), \
                ("\x1b[<0;1", "0;5", "m"), ("\x1b[M", "p", "P", "+"):
            with self.subTest(parts=parts):
                for i, part in enumerate(parts):
                    time.sleep(0.06 if i else 0)  # longer than curses waits (ESCDELAY), and a slow link's pause
                    t.send(part)
                    lib.until("it is read", lambda: unread(t) == 0)
                time.sleep(0.6)  # what is open is over
                self.assert_no_key(t)
        t.send("?")
        t.wait_for("Esc leaves")
        t.send("\x1b")
        t.wait_gone("Esc leaves")  # it has acted: what is typed now is a key of its own
        t.send("P")
        t.wait_for("PAUSED 1/1")

    def send_parts(self, t, *parts, pause):
        for i, part in enumerate(parts):
            time.sleep(pause if i else 0)
            t.send(part)
            lib.until("it is read", lambda: unread(t) == 0)

    def assert_ctrl_c_acted(self, t):
        """All is paused, and whether to quit is asked. Ends with the load on, as before."""
        t.wait_for("PAUSED 1/1")
        t.wait_for("quit?")
        t.send("\x1b")
        t.wait_gone("quit?")
        t.send("p")
        t.wait_for("LOAD ON 1/1")

    def test_an_answer_that_is_cut_behind_its_introducer(self):
        """What a slow link delivers within a second belongs to it."""
        t = self.started_with_two_threads()
        for introducer in "\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\u0090":
            for pause in 0.16, 0.4:
                with self.subTest(introducer=introducer, pause=pause):
                    self.send_parts(t, introducer, "PPP+r\x1b\\", pause=pause)
                    self.assert_no_key(t)

    def test_a_paste_that_arrives_in_parts_is_no_keys(self):
        """Its begin and its end cut at each place, for longer than curses waits (ESCDELAY)."""
        t = self.started_with_two_threads()
        begin, end = "\x1b[200~", "\x1b[201~"
        for cut in range(1, len(begin) + 1):
            for pause in 0.08, 0.2:
                if cut == 2 and pause > 0.1:
                    continue  # ESC and [ may be two keys
                with self.subTest(begin=cut, pause=pause):
                    self.send_parts(t, begin[:cut], begin[cut:] + "P+Pr" + end, pause=pause)
                    self.assert_no_key(t)
        for cut in range(1, len(end)):
            with self.subTest(end=cut):
                self.send_parts(t, begin + "P+Pr" + end[:cut], end[cut:], pause=0.3)
                self.assert_no_key(t)
        with self.subTest("each character by itself"):
            self.send_parts(t, *(begin + "P+" + end), pause=0.06)
            self.assert_no_key(t)
        t.send(":")
        for cut in range(2, len(begin)):  # an ESC alone leaves the field
            self.send_parts(t, begin[:cut], begin[cut:] + "<%d" % cut + end[:cut], end[cut:], pause=0.08)
        t.wait_for(":<2<3<4<5")

    def test_a_paste_without_an_end(self):
        """Ctrl-C acts, and after some seconds every key does, also while keys are pressed all the time. A Ctrl-C in the
        middle of what is pasted is text."""
        t = self.started_with_two_threads()
        t.send("\x1b[200~pp\x03pp\x1b[201~")
        self.assert_no_key(t)
        for text in "pp", "pp\x1b", "pp\x1b[20":
            with self.subTest(text=text):
                self.send_parts(t, "\x1b[200~" + text, "\x03", pause=0.3)
                self.assert_ctrl_c_acted(t)
        t.send("\x1b[200~pp")
        lib.until("P acts", lambda: "PAUSED 1/1" in t.text() or t.send("P"), every=1.2)

    def test_an_answer_without_an_end_is_over_after_a_pause(self):
        """And the begin of one alone is Alt and a key."""
        t = self.started_with_two_threads()
        for n, begin in enumerate(("\x1b]11;rgb:pp", "\x1bP", "\u009dp"), 3):
            with self.subTest(begin=begin):
                t.send(begin)
                lib.until("a key acts again", lambda n=n: "[threads %d]" % n in t.text() or t.send("+"), every=1.5)
                self.assertIn("LOAD ON 1/1", t.text())
        for cut in "\x1b]11;rgb:pp\x03", "\x1b]11;rgb:pp\x1b\x03", "\x1b[1;\x03", "\x1bO\x03":
            t.send(cut)  # Ctrl-C acts in any state
            self.assert_ctrl_c_acted(t)

    def test_alt_and_a_key_is_not_that_key(self):
        t = self.started_with_two_threads()
        for key in "p", "P", "+", "r", " ", "\x7f":
            with self.subTest(key=key):
                t.send("\x1b" + key)
                self.assert_no_key(t)
        t.send("?")
        t.wait_for("Esc leaves")
        t.send("\x1b\x1b[A")  # Esc itself, and a key that is known
        t.wait_gone("Esc leaves")
        t.send("\x1b\x03")
        t.wait_for("PAUSED 1/1")

    def test_tiny(self):
        t = self.start()
        for cols, rows in ((1, 1), (2, 1), (1, 5), (10, 2), (39, 9), (40, 10), (300, 2), (3, 100)):
            t.resize(cols, rows)
            time.sleep(0.1)
            t.pump()
            self.assertIsNone(t.popen.poll())
        t.resize(100, 30)
        t.wait_for("[threads 1]")
        t.wait_for("LOAD ON 1/1")

    def test_resize_storm(self):
        """500 window changes in 5 s: the load goes on as before and after them, and the screen is right at the end.
        The seconds of one run are compared, by their medians; where the run says that its threads had to wait for a
        CPU, that each of them did something."""
        saved = os.path.join(tempfile.mkdtemp(prefix="loadtop-storm-"), "run.json")
        self.addCleanup(shutil.rmtree, os.path.dirname(saved))
        t = self.start("--json", saved)
        quiet_until = time.monotonic() + 3
        while time.monotonic() < quiet_until:
            t.pump(0.1)
        storm_began, start = time.time(), time.monotonic()
        for i in range(500):
            t.resize(20 + (i * 37) % 180, 3 + (i * 13) % 60)
            t.pump()
            time.sleep(max(0.0, start + (i + 1) * 0.01 - time.monotonic()))
        storm_ended = time.time()
        t.resize(120, 40)
        t.wait_for("[1 overview]")
        t.wait_for("LOAD ON 1/1")
        t.send("q")
        t.wait_for("quit?")
        t.send("y")
        self.assertEqual(t.wait(), 0)
        run = lib.read_json(saved)
        pool = lib.pool(run)
        began = datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00")).timestamp()
        calm, storm = [], []
        for s in pool["series"][1:]:
            of = storm if storm_began < began + s["t_s"] - 1 and began + s["t_s"] < storm_ended else calm
            of.append(s["completed"])
        self.assertGreaterEqual(len(storm), 2, (calm, storm))
        self.assertGreater(min(storm), 0, (calm, storm))
        if not lib.disturbed(run):
            self.assertGreater(statistics.median(storm), statistics.median(calm) / 4, (calm, storm))
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertEqual([e["what"] for e in run["events"] if e["what"] in ("pause", "stop", "down", "threads")], [])
        in_flight = pool["throughput_per_s"] * pool["latency"]["service"]["mean_us"] / 1e6
        self.assertAlmostEqual(in_flight, 4, delta=0.8)  # N = X R: each of the four clients was busy all the time

    @staticmethod
    def looks(screen):
        """Every cell of an emulator's screen: its character, and what can be seen of its colours and attributes (the
        ink of a blank cell cannot)."""
        rows = []
        for y in range(screen.lines):
            row = []
            for x in range(screen.columns):
                c = screen.buffer[y][x]
                dots = c.data and 0x2500 <= ord(c.data[0]) <= 0x28ff  # no bolder in bold, which is not sent for them
                ink = (c.fg, c.bold and not dots) if c.data.strip() else None
                row.append((c.data or " ", ink, c.bg, c.underscore, c.reverse))
            rows.append(row)
        return rows

    def test_emulator_agrees_with_the_grid(self):
        """What ncurses sent, replayed by pyte, is cell for cell the grid that a capture wrote, with its colours: all
        rows, the header and the notice among them. The figures in the header move, so it is tried until two looks are
        at one frame."""
        import pyte  # pylint: disable=import-outside-toplevel
        for glyphs in "braille", "block", "acs", "ascii":
            with self.subTest(glyphs=glyphs):
                out = lib.folder(self)
                t = self.start("--glyphs", glyphs, "--colors", "direct", "--out", out, cols=120, rows=40)
                for key in "+", "2", "3", "5", "1":
                    t.send(key)
                    time.sleep(0.3)
                    t.pump()
                t.send("P")
                t.wait_for("PAUSED 1/1")
                t.send("Z")
                t.wait_for("DISPLAY FROZEN")
                t.send("c")
                t.wait_for("captured: ")
                end = time.monotonic() + lib.bound()
                have, want = [], None
                while have != want and time.monotonic() < end:
                    t.pump(0.2)
                    have = self.looks(t.screen)
                    before = set(os.listdir(out))
                    t.send("c")  # with the notice of the capture before it on the screen

                    def written(old=before):
                        t.pump()
                        return sorted(f for f in set(os.listdir(out)) - old if f.endswith(".json"))
                    name = lib.until("a capture", written)[0]
                    with open(os.path.join(out, name[:-5] + ".ans"), "rb") as f:
                        replay = pyte.Screen(120, 41)
                        pyte.ByteStream(replay).feed(f.read().replace(b"\n", b"\r\n"))
                    want = self.looks(replay)[:40]
                for row in range(40):
                    self.assertEqual("".join(c[0] for c in have[row]), "".join(c[0] for c in want[row]), "row %d" % row)
                    self.assertEqual(have[row], want[row], "row %d" % row)
                self.assertIn("captured: ", "".join(c[0] for c in have[39]))
                self.assertIn("PAUSED 1/1", "".join(c[0] for c in have[0]))

    def test_frames_are_small(self):
        """At 200x50 a frame is 2 KB in the mean, with 24-bit colours and the plots moving; most are far less. A frame
        that comes late has more to say, so the mean is of the ten that a second has room for."""
        t = self.start("--colors", "direct", cols=200, rows=50, term="xterm-256color")
        t.wait_for(re.compile(r"LOAD ON 1/1 +00:00:(0[3-9]|[1-5])"))
        t.pump()
        before, began = len(t.raw), time.monotonic()

        def frames_since():
            t.pump(0.1)
            return re.findall(rb"\x1b\[\?2026h.*?\x1b\[\?2026l", bytes(t.raw[before:]), re.S)
        lib.until("50 frames", lambda: len(frames_since()) >= 50)
        frames = [len(f) for f in frames_since()]
        self.assertLess(sum(frames) / (10 * (time.monotonic() - began)), 2048)
        self.assertLess(statistics.median(frames), 2048)

    def test_load_is_asked_for_elsewhere(self):
        """A target that is not on this machine, by its name (127.0.0.1 as one number), is asked about once it was
        looked at: not while nobody answers, and then before any load."""
        port = lib.free_port()
        t = lib.Pty(lib.LOADTOP, "redis://2130706433:%d" % port, cols=100, rows=30, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("DOWN")
        t.send("p")
        t.wait_for("it is asked about once it answers")
        self.assertNotIn("start load?", t.text())
        with lib.Redis(port=port) as redis:
            t.wait_for("start load?")
            self.assertIn("2130706433", t.text())
            t.send("\r")
            t.wait_gone("start load?")
            self.assertNotIn("LOAD ON", t.text())
            self.assertEqual(redis.calls("get", "set"), 0)
        t.send("\x03\x03")
        self.assertEqual(t.wait(), 0)


if __name__ == "__main__":
    lib.main()
