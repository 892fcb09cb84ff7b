#!/usr/bin/env python3
"""A terminal that accepts no output (Ctrl-S, a hanging ssh, a stopped multiplexer) delays neither signals nor keys nor
the outcome of the run, and is restored all the same."""
import contextlib
import os
import re
import signal
import sys
import termios
import time
import unittest

import lib

NULL = "null:?service=1ms"


def fill(terminal):
    """Nobody reads the other end any more, and the kernel's buffer is full."""
    fd = os.open(os.ttyname(terminal.slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    for size in 512, 1:
        try:
            while True:
                os.write(fd, b"x" * size)
        except BlockingIOError:
            pass
    os.close(fd)


def stop(terminal):
    """As Ctrl-S does: the terminal itself holds its output back."""
    termios.tcflow(terminal.slave, termios.TCOOFF)


class Stuck(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)
        self.json = os.path.join(self.dir, "run.json")

    def start(self, *args):
        t = lib.Pty(lib.LOADTOP, "--json", self.json, *args, NULL, cols=100, rows=30, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        t.wait_for(re.compile(r"[1-9][\d.]*k?/s now"))  # a second has been shown
        return t

    def wait_unread(self, t):
        """The program's end, while nothing is read from its terminal: its exit status and how long it took."""
        began = time.monotonic()
        lib.until("the program ends", lambda: t.popen.poll() is not None, every=0.005)
        return t.popen.returncode, time.monotonic() - began

    def assert_given_back(self, t):
        self.assertEqual(t.attributes(), t.before)
        t.pump(1)
        self.assertGreater(t.raw.rfind(b"\x1b[?1049l"), t.raw.rfind(b"\x1b[?1049h"))
        self.assertGreater(t.raw.rfind(b"\x1b[?2004l"), t.raw.rfind(b"\x1b[?2004h"))
        self.assertGreater(t.raw.rfind(b"\x1b[?1000l"), t.raw.rfind(b"\x1b[?1000h"))
        self.assertGreater(t.raw.rfind(b"\x1b[?25h"), t.raw.rfind(b"\x1b[?25l"))

    def run_json(self):
        return lib.read_json(self.json)

    def test_signals(self):
        cases = [(fill, number) for number in lib.END_SIGNALS]
        for block, number in cases + [(stop, signal.SIGTERM)]:
            with self.subTest(block=block.__name__, signal=number):
                def once():
                    t = self.start()
                    block(t)
                    t.send("\x0c")  # a whole frame is to be drawn
                    time.sleep(0.3)  # and more of them: whether it waits in write() yet does not matter
                    t.signal(number)
                    code, took = self.wait_unread(t)
                    self.assertEqual(code, 128 + number)
                    self.assert_given_back(t)
                    self.assertEqual(self.run_json()["ended_by"], "signal")
                    return took
                lib.fastest("the end by signal %d" % number, 0.5, once)

    def test_the_cursor_is_given_back(self):
        """The frame that shows it is cut off, so that curses takes it for shown."""
        for _ in range(5):
            t = self.start()
            fill(t)
            t.send(":")
            time.sleep(0.4)  # the frame is on its way, and nobody reads it
            t.signal(signal.SIGTERM)
            self.assertEqual(self.wait_unread(t)[0], 128 + signal.SIGTERM)
            self.assert_given_back(t)

    def test_input_that_never_stops(self):
        """Keys, a sequence, an answer, a paste without end: a signal ends the program all the same."""
        for first, more in ((b"", b"j" * 512), (b"\x1b[", b"1" * 512), (b"\x1b]", b"1" * 512),
                            (b"\x1b[200~", b"x" * 512)):
            with self.subTest(first=first):
                t = self.start()
                os.set_blocking(t.master, False)

                def flood(data=more, t=t):
                    with contextlib.suppress(BlockingIOError):
                        os.write(t.master, data)
                    t.pump(0)
                os.write(t.master, first)
                until = time.monotonic() + 0.5
                while time.monotonic() < until:
                    flood()
                t.signal(signal.SIGTERM)

                def ended(t=t, flood=flood):
                    flood()
                    return t.popen.poll() is not None
                lib.until("the program ends", ended, every=0)
                self.assertEqual(t.popen.returncode, 128 + signal.SIGTERM)

    def test_keys_and_the_outcome(self):
        """Keys are followed unseen: a thread is added, the run is quit, and the outcome is written."""
        t = self.start()
        fill(t)
        before = self.threads(t)
        t.send("+")
        lib.until("a thread is added", lambda: self.threads(t) > before)
        t.send("q")
        t.send("y")
        lib.until("the outcome is written", lambda: os.path.exists(self.json))
        if t.popen.poll() is None:
            t.signal(signal.SIGTERM)  # the summary may wait for the terminal, but not forever
        code, _ = self.wait_unread(t)
        self.assertIn(code, (0, 128 + signal.SIGTERM))
        self.assert_given_back(t)
        run = self.run_json()
        self.assertEqual(run["ended_by"], "user")
        self.assertIn("threads", [e["what"] for e in run["events"]])

    @staticmethod
    def threads(t):
        return len(os.listdir("/proc/%d/task" % t.pid))

    def test_frames_are_dropped(self):
        """Once output is taken again, what is shown is of now; nothing of the time between is made up for: there are no
        more frames than come in the time in which they are read."""
        t = self.start()
        stop(t)
        t.pump(0.2)
        before, threads = len(t.raw), self.threads(t)
        for n in 1, 2:
            t.send("+")
            lib.until("thread %d more" % n, lambda n=n: self.threads(t) == threads + n)
            time.sleep(1)  # some ten frames
        again = time.monotonic()
        termios.tcflow(t.slave, termios.TCOON)
        t.wait_for("threads 3")
        self.assertLessEqual(t.raw.count(b"\x1b[?2026h", before), 4 + 10 * (time.monotonic() - again))

    def test_suspension(self):
        # A shell with job control: a program that nobody could continue is not stopped.
        t = lib.Pty("/bin/sh", "-mc", "%s %s; read -r go; fg" % (lib.LOADTOP, NULL), cols=100, rows=30, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        pid = self.child(t.pid)
        fill(t)
        os.kill(pid, signal.SIGTSTP)
        lib.until("it is stopped", lambda: self.state(pid) == "T")
        t.send("\n")
        t.wait_for("load stays paused")  # after the shell's fg
        self.assertIn(b"1049l", t.raw)
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(t.wait(), 128 + signal.SIGTERM)
        self.assert_given_back(t)

    def test_ctrl_z_stops_the_process_group(self):
        """The job of a shell is a wrapper that waits for loadtop: Ctrl-Z stops both, as the terminal's own does, else
        the shell would wait for the wrapper forever."""
        wrapper = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
        t = lib.Pty("/bin/sh", "-mc", '"$0" -c "$1" "$2" "$3"; read -r go; fg', sys.executable, wrapper, lib.LOADTOP, NULL,
                    cols=100, rows=30, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        job = self.child(t.pid)
        pid = self.child(job)
        t.send("\x1a")
        lib.until("both are stopped", lambda: self.state(job) == self.state(pid) == "T")
        t.send("\n")
        t.wait_for("load stays paused")  # after the shell's fg
        self.assertIn("PAUSED 1/1", t.text())
        self.assertNotEqual(self.state(job), "T")
        os.kill(pid, signal.SIGTERM)
        t.wait()
        self.assert_given_back(t)

    def test_ctrl_z_where_nobody_could_continue(self):
        """Where SIGTSTP was ignored by the caller it pauses, and stays."""
        t = lib.Pty("/bin/sh", "-mc", 'trap "" TSTP; "$0" "$1"', lib.LOADTOP, NULL, cols=100, rows=30, term="tmux-256color")
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        pid = self.child(t.pid)
        t.send("\x1a")
        t.wait_for("not suspended")
        self.assertIn("PAUSED 1/1", t.text())
        os.kill(pid, signal.SIGTSTP)
        t.send("Z")
        t.wait_for("DISPLAY FROZEN")
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(t.wait(), 128 + signal.SIGTERM)

    @staticmethod
    def child(pid):
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="utf-8") as f:
            return int(f.read())

    @staticmethod
    def state(pid):
        with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
            return f.read().rpartition(")")[2].split()[0]

    def test_crash(self):
        t = self.start()
        fill(t)
        t.signal(signal.SIGSEGV)
        code, _ = self.wait_unread(t)
        self.assertNotEqual(code, 0)
        self.assert_given_back(t)


if __name__ == "__main__":
    lib.main()
