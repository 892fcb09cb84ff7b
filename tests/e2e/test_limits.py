"""All input has limits: pools, window sizes, scenario files, words of the command line, pastes. What exceeds them is
refused with a message, or not drawn; no array is read beyond its end, and nothing blocks.

Times are not measured: without its limit an input would take minutes, and the program is then ended.
"""
import json
import os
import re
import select
import signal
import subprocess
import unittest

import lib

NULL = "null:?service=5ms"


class Pools(lib.FolderTest):
    def refused(self, *args):
        r = lib.loadtop("--headless", "-q", "-d", "100ms", *args)
        self.assertEqual((r.code, r.out, len(r.err.splitlines())), (2, "", 1), r)
        self.assertIn("at most 64 ", r.err)

    def test_65_at_the_start(self):
        self.refused(*[NULL] * 65)
        path = self.file("many.yaml", "pools:\n" + "  - 'null:'\n" * 65)
        self.refused("-f", path)
        path = self.file("some.yaml", "pools:\n" + "  - 'null:'\n" * 60)
        self.refused("-f", path, *[NULL] * 5)

    def test_all_are_loaded_and_saved(self):
        """60 at the start and 4 that come later, each with 50 operations; one more is refused at the start, unless one
        goes before, so that the run has 65 in its file. Everything that reads the file reads all of them."""
        add = "0s add null:?service=1ms&count=50&name="
        late, gone, last = [add + "late-%d" % i for i in range(4)], ["0s remove late-0"], [add + "last"]
        targets = ["null:?service=1ms"] * 60
        self.refused(*sum((["--at", at] for at in late + last + gone), []), *targets)
        run = lib.headless("-n", "50", *sum((["--at", at] for at in late + gone + last), []), *targets)
        pools = {p["name"]: p for p in run["pools"]}
        self.assertEqual(len(run["pools"]), 65)
        self.assertEqual(len(pools), 65)
        self.assertEqual([e for e in run["events"] if e["what"] == "refused"], [])
        for name, p in pools.items():
            if name != "late-0":
                self.assertEqual((p["ops"]["offered"], p["ops"]["completed"]), (50, 50), name)
                self.assertEqual(sum(w["completed"] for w in p["workers"]), 50, name)
            self.assertEqual(lib.accounting(p["ops"]), 0, name)
        saved = self.file("run.json", json.dumps(run))
        for ending in "html", "md", "txt":
            out = os.path.join(self.dir, "report." + ending)
            self.assertEqual(lib.loadtop("report", saved, "-o", out).code, 0)
            with open(out, encoding="utf-8") as f:
                text = f.read()
            for name in pools:
                self.assertIn(name, text)
        self.assertEqual(lib.loadtop("compare", saved, saved, "-o", out).code, 0)
        with open(out, encoding="utf-8") as f:
            self.assertIn("null-60", f.read())
        self.assertEqual(lib.loadtop("clean", saved).code, 0)
        run["pools"] = run["pools"][:1] * 256
        r = lib.loadtop("compare", self.file("more.json", json.dumps(run)), saved)
        self.assertEqual(r.code, 2, r)
        self.assertIn("256 pools", r.err)

    def test_dashboard(self):
        """Every pool of 64 can be selected, in each view that has them, and every view is drawn and searched; the 65th
        is refused where it is typed, and the form for it does not open."""
        saved = os.path.join(self.dir, "run.json")
        t = lib.Pty(lib.LOADTOP, "--json", saved, *[NULL] * 62, cols=120, rows=40, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 62/62")
        for n in 63, 64:
            t.send(":add %s\r" % NULL)
            t.wait_for("LOAD ON %d/%d" % (n, n))
        t.send(":add %s\r" % NULL)
        t.wait_for("at most 64 pools are allowed at a time")
        t.send("\x1b")
        t.wait_gone("at most 64 pools")
        t.send("a")
        t.wait_for("at most 64 pools are allowed at a time")
        t.send("b\x1b[H")
        for n in range(1, 65):
            t.wait_for(re.compile("(POOL|#) %d/64" % n))
            t.send("j")
        t.send("\x1b[H>>>>")  # another order
        t.wait_for(re.compile("(POOL|#) 1/64"))
        t.send("\x1b[F")
        t.wait_for(re.compile("(POOL|#) 64/64"))
        t.send("<<<<")
        for view, name in enumerate(("overview", "pool", "scaling", "errors", "events", "targets"), 1):
            t.send(str(view))
            t.wait_for("[%d %s]" % (view, name))
            t.send("\x1b[Fjjkk/nul\rnN\x1b[H")
            t.send("/null-64\r")
            t.wait_gone("/null-64")
            if name not in ("errors", "events"):
                t.wait_for("null-64")
            t.send("z")
            if name != "overview":
                t.send("\x1b\x1b")
                t.wait_for("[1 overview]")
        t.send("2")
        t.wait_for("64 null-64")
        t.send("+")
        t.wait_for("threads 2")
        t.send("\x03\x03")
        self.assertEqual(t.wait(), 0)
        run = lib.read_json(saved)
        self.assertEqual([p["threads"] for p in run["pools"]], [1] * 63 + [2])


class Windows(lib.FolderTest):
    SIZES = (65535, 80), (80, 65535), (65535, 65535), (32768, 1), (1, 65535), (0, 0), (1, 1), (5000, 5000)

    def test_any_size(self):
        """Said before the start, and in the middle of each view, form, help and prompt. What is drawn of it is at most
        500 rows of 1,000 columns; what the environment says does not count."""
        for rows, cols in self.SIZES:
            with self.subTest(rows=rows, cols=cols):
                t = lib.Pty("/bin/sh", "-c", "read go; exec \"$@\"", "sh", lib.LOADTOP, NULL, cols=120, rows=40,
                            term="tmux-256color", env={"LINES": "65535", "COLUMNS": "99999999999"})
                self.addCleanup(t.close)
                self.window(t, rows, cols)
                t.send("\n")
                lib.until("the first frame", lambda t=t: (t.pump(), b"\x1b[?2026l" in t.raw)[1])
                t.resize(120, 40)
                t.wait_for("LOAD ON 1/1")
                t.send("\x03\x03")
                self.assertEqual(t.wait(), 0)
        t = lib.Pty(lib.LOADTOP, NULL, cols=120, rows=40, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        where = [("1", "[1 overview]"), ("2", "[2 pool]"), ("3", "[3 scaling]"), ("4", "[4 errors]"),
                 ("5", "[5 events]"), ("6", "[6 targets]"), ("?", "Esc leaves, up and down scroll"), ("e", "edit pool 1"),
                 ("S", "sweep pool 1"), (":thr", ":thr"), ("1a", "╭ add ")]
        for i, (keys, title) in enumerate(where):
            t.resize(120, 40)
            t.send(keys)
            t.wait_for(title)
            for rows, cols in self.SIZES[i % 4::4]:
                frames = t.raw.count(b"\x1b[?2026l")
                self.window(t, rows, cols)
                lib.until("a frame of %d x %d" % (rows, cols),
                          lambda n=frames: (self.drain(t), t.raw.count(b"\x1b[?2026l") > n)[1])
                self.assertIsNone(t.popen.poll(), (keys, rows, cols))
            t.resize(120, 40)
            if title != "[1 overview]":
                t.send("\x1b")
                t.wait_gone(title)
        t.wait_for("LOAD ON 1/1")
        t.send("\x03\x03")
        self.assertEqual(t.wait(), 0)
        self.assertEqual(self.lowest(t), 500)

    @staticmethod
    def lowest(t):
        """The lowest row that the cursor was sent to."""
        return max(int(n) for n in re.findall(rb"\x1b\[(\d+)(?:;\d+H|d)", bytes(t.raw)))

    @staticmethod
    def window(t, rows, cols):
        """Only the terminal's word: the emulator keeps its size, it could not hold that one."""
        t._set_size(rows, cols)  # pylint: disable=protected-access

    @staticmethod
    def drain(t):
        """Takes in what was written without drawing it."""
        while select.select([t.master], [], [], 0.01)[0]:
            t.raw += os.read(t.master, 65536)

    def test_pictures(self):
        """A screen of the largest size is captured whole."""
        t = lib.Pty(lib.LOADTOP, "--out", self.dir, NULL, cols=120, rows=40, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        self.window(t, 65535, 65535)
        lib.until("a frame of that size", lambda: (self.drain(t), self.lowest(t) == 500)[1])
        path = os.path.join(self.dir, "large.txt")
        t.send(":screenshot %s\r" % path)
        lib.until("the capture", lambda: (self.drain(t), os.path.exists(path))[1])
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        self.assertLessEqual(len(lines), 500)
        self.assertGreater(len(lines), 40)
        self.assertLessEqual(max(map(len, lines)), 1000)
        t.send(":screenshot %s.png\r" % path)  # it would take seconds, in which no signal is seen
        lib.until("the refusal", lambda: (self.drain(t), b"too large" in t.raw)[1])


class Pastes(unittest.TestCase):
    def test_too_long(self):
        """A quarter of a megabyte into the command line: nothing of it is taken, and none of it is a key. What fits is
        taken."""
        t = lib.Pty(lib.LOADTOP, NULL, cols=120, rows=40, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        t.send(":mark ")
        t.wait_for(":mark")
        t.send("\x1b[200~")
        for _ in range(64):  # a terminal's buffer holds 4 KiB
            t.send("P+xyq\r" * 680)
            t.pump()
        t.send("\x1b[201~")
        t.wait_for("what was pasted does not fit")
        t.send("\x1b[200~half time\x1b[201~\r")
        t.wait_gone("does not fit")
        t.send("5")
        t.wait_for("half time")
        screen = t.text()
        self.assertIn("LOAD ON 1/1", screen)
        self.assertIn("[threads 1]", screen)


class Input(lib.FolderTest):
    """Files and words of absurd size."""

    def refused(self, says, *args, env=None, code=2):
        r = lib.loadtop("--headless", "-q", "-d", "100ms", *args, env=env)
        self.assertEqual((r.code, r.out), (code, ""), r)
        self.assertIn(says, r.err)
        self.assertLess(len(r.err), 400)

    def test_scenarios(self):
        for says, text in [
                ("16 lists and mappings", "pools: " + "[" * 450000 + "]" * 450000),
                ("16 lists and mappings", "pools: " + "{a: " * 200000 + "}" * 200000),
                ("256 anchors", "x: [" + ",".join("&a%d y" % i for i in range(80000)) + "]"),
                ("8 directives", "".join("%%TAG !a%d! tag:x\n" % i for i in range(40000)) + "---\na: 1\n"),
                ("32768 words", "".join("k%d: 1\n" % i for i in range(80000))),
                ("32768 words", "pools:\n- target: 'null:'\n" + "".join("  k%d: 1\n" % i for i in range(60000))),
                ("32768 words", "pools: ['null:']\nat:\n" + "- 1s pause all\n" * 50000),
                ("longer than 64 KiB", "pools: ['null:?name=%s']\n" % ("x" * 900000)),
                ("longer than 1024 KiB", "#" * (1 << 20) + "\npools: ['null:']\n")]:
            with self.subTest(text=text[:20]):
                path = self.file("big.yaml", text)
                self.refused(path + ":", "-f", path)
                self.refused(says, "-f", path)
        for text in "\ufeffpools: ['null:?service=1ms']\n", "pools:\r\n- 'null:?service=1ms'\r\n", \
                "#" * 900000 + "\npools: ['null:']\n":
            self.assertEqual(len(lib.headless("-d", "50ms", "-f", self.file("ok.yaml", text))["pools"]), 1)

    def test_no_plain_file(self):
        fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(fifo)
        self.refused("/dev/zero: not a plain file or a pipe", "-f", "/dev/zero")
        self.refused(self.dir + ": not a plain file or a pipe (a folder)", "-f", self.dir)
        for path in fifo, "/dev/zero":
            self.refused("--theme " + path[:20], "--theme", path, "null:")
            self.refused("not a plain file", "null:", env={"LOADTOP_TARGETS_CONF": path}, code=1)

    def test_a_scenario_through_a_pipe(self):
        """A shell's <(command) and /dev/stdin; one without a writer is waited for until a signal ends it."""
        text = "pools:\n- 'null:?service=1ms'\n"
        for script in ('"$L" --headless --no-history -n 5 -f <(sleep 0.1; printf "$T")',
                       'printf "$T" | "$L" --headless --no-history -n 5 -f /dev/stdin'):
            p = subprocess.run(["bash", "-c", script], env=lib.environment({"L": lib.LOADTOP, "T": text}),
                               capture_output=True, text=True, check=False, timeout=lib.bound())
            self.assertIn("completed 5", p.stdout, p.stderr)
        fifo = os.path.join(self.dir, "alone")
        os.mkfifo(fifo)
        for number in signal.SIGTERM, signal.SIGINT:
            with lib.Headless("-f", fifo) as h:
                lib.until("it waits", lambda h=h: lib.has_open(h.pid, fifo))
                h.signal(number)
                self.assertEqual(h.end().code, -number)
        p = subprocess.run(["bash", "-c", 'yes "# nothing" | "$L" --headless -f /dev/stdin'], capture_output=True,
                           env=lib.environment({"L": lib.LOADTOP}), text=True, check=False, timeout=lib.bound())
        self.assertIn("longer than 1024 KiB", p.stderr)

    def test_words(self):
        word = "x" * 100000
        for args in [word], ["null:?" + word], ["redis://" + word], ["--" + word], ["-" + word], ["-t", word], \
                ["--ops", word], ["--at", word], ["--at", "1s mark " + word], ["--sweep", word], ["--threshold", word], \
                ["--theme", word], ["--confirm", word], ["--at", "0s add null:?name=" + word]:
            self.refused("loadtop: ", *args, *([] if ":" in args[0] else ["null:"]))
        self.refused("more than 256 times", *["--at", "1s pause all"] * 20000, "null:")
        self.refused("at most 64 targets", *["null:"] * 20000)
        self.refused("longer than 256 KiB", "null:", code=1,
                     env={"LOADTOP_TARGETS_CONF": self.file("t", "allow 10.0.0.1\n" * 700000)})
        self.refused("longer than 64 KiB", "--theme", self.file("big.theme", "#" * 10000000), "null:")
        mix = ",".join(["op:1"] * 10000)
        self.assertEqual(lib.headless("-n", "5", "--ops", mix, "null:")["pools"][0]["ops"]["completed"], 5)


@unittest.skipIf(lib.SANITIZED, "a sanitizer has checks of its own in their place")
class Hardened(unittest.TestCase):
    def test_program(self):
        """A release is built so that a fault in memory is hard to use: as the linker's own tool reads it."""
        readelf = lib.need_program("readelf", "binutils")

        def read(*options):
            return subprocess.run([readelf, "-W", *options, lib.LOADTOP], capture_output=True, text=True, check=True,
                                  env=dict(os.environ, LC_ALL="C")).stdout
        self.assertRegex(read("-h"), r"Type:\s+DYN")
        dynamic, program, symbols = read("-d"), read("-l"), read("--dyn-syms")
        self.assertRegex(dynamic, r"FLAGS_1.*\bPIE\b")
        self.assertRegex(dynamic, r"BIND_NOW|FLAGS_1.*\bNOW\b")
        self.assertRegex(program, r"GNU_RELRO")
        self.assertRegex(program, r"GNU_STACK.* RW +0x")
        self.assertRegex(symbols, r"UND __stack_chk_fail\b")
        self.assertRegex(symbols, r"UND __\w+_chk\b")


if __name__ == "__main__":
    lib.main()
