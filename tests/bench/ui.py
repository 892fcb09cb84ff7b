#!/usr/bin/env python3
"""Measures what the screen costs, in bytes per frame and CPU, beside htop and btop at the same size and rate.

    ./dev bench ui [--sizes 80x24,200x50] [--seconds 20] [--repeat 3]

Each program runs on a pseudo-terminal (xterm-256color, COLORTERM=truecolor) that only reads, and is asked to draw ten
times a second: loadtop does so by itself, htop by `-d 1`, btop by `update_ms = 100`. The first five seconds are not
counted. CPU is what the kernel counted (schedstat): of loadtop the thread that draws, as the others make the load; of
htop and btop all, as reading /proc is their work, so those two are an upper bound of their drawing. loadtop is shown
with one pool at 200 operations a second, and with the demo's pools. Runs are interleaved, figures are medians.
Then the cost of a full redraw: Ctrl-L, 100 times, with the load paused and the display frozen.
Exit status 1 when a limit is missed: a mean frame of 2048 bytes, 2 ms of CPU for a full redraw at 200x50.
"""
import argparse
import fcntl
import os
import pty
import re
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import lib
from benchlib import finish, judge

RATE, WARM_S, REDRAWS = 10, 5, 100
LIMIT_FRAME, LIMIT_FULL_MS = 2048, 2.0


class Program:
    """On a terminal that counts what is written and throws it away."""

    def __init__(self, argv, cols, rows, env):
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

        def begin():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.popen = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, preexec_fn=begin,
                                      env=lib.environment(dict(env, TERM="xterm-256color", COLORTERM="truecolor")))
        os.close(slave)
        self.pid = self.popen.pid
        self.out = bytearray()

    def read(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.out += os.read(self.master, 1 << 16)
                except OSError:  # it ended
                    return

    def send(self, keys):
        os.write(self.master, keys)

    def cpu_s(self, drawing_only):
        total = 0
        for task in [str(self.pid)] if drawing_only else os.listdir("/proc/%d/task" % self.pid):
            with open("/proc/%d/task/%s/schedstat" % (self.pid, task)) as f:
                total += int(f.read().split()[0])
        return total / 1e9

    def close(self, keys):
        for key in keys:
            if self.popen.poll() is None:
                self.send(key)
                self.read(0.3)
        try:
            self.read(0.5)
            self.popen.wait(8)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        os.close(self.master)


def measure(argv, size, env, seconds, ours, keys):
    """Bytes a second, share of a core, sizes of the frames (loadtop marks them)."""
    cols, rows = map(int, size.split("x"))
    p = Program(argv, cols, rows, env)
    try:
        p.read(WARM_S)
        p.out.clear()
        cpu, began = p.cpu_s(ours), time.monotonic()
        p.read(seconds)
        took = time.monotonic() - began
        share = (p.cpu_s(ours) - cpu) / took
        frames = [len(f) for f in re.findall(rb"\x1b\[\?2026h.*?\x1b\[\?2026l", bytes(p.out), re.S)]
        return len(p.out) / took, share, frames
    finally:
        p.close(keys)


def full_redraw(size):
    """Milliseconds of CPU of one, above what the idle screen takes meanwhile; and its bytes."""
    cols, rows = map(int, size.split("x"))
    p = Program([lib.LOADTOP, "--no-history", "null:?service=1ms&clients=4"], cols, rows, {})
    try:
        p.read(3)
        p.send(b"PZ")
        p.read(1)
        idle, began = p.cpu_s(True), time.monotonic()
        p.read(3)
        idle = (p.cpu_s(True) - idle) / (time.monotonic() - began)
        cpu, began, drawn = p.cpu_s(True), time.monotonic(), 0
        sizes = []
        for _ in range(REDRAWS):
            p.out.clear()
            p.send(b"\x0c")
            end = time.monotonic() + 1
            while time.monotonic() < end and not re.search(rb"\x1b\[\?2026h.{2000,}\x1b\[\?2026l", bytes(p.out), re.S):
                p.read(0.004)
            sizes.append(len(p.out))
            drawn += 1
        cpu = p.cpu_s(True) - cpu - idle * (time.monotonic() - began)
        return cpu / drawn * 1e3, statistics.median(sizes)
    finally:
        p.close((b"Z", b"\x03", b"\x03"))


def programs(folder):
    os.makedirs(os.path.join(folder, "btop"))
    lib.write(os.path.join(folder, "btop", "btop.conf"), "update_ms = 100\ntruecolor = True\n")
    leave = (b"\x03", b"\x03")
    yield "loadtop, 1 pool", [lib.LOADTOP, "--no-history", "null:?service=1ms&rate=200/s"], {}, True, leave
    yield "loadtop demo", [lib.LOADTOP, "demo", "--no-history"], {}, True, leave
    for name, argv in (("htop", ["htop", "-d", "1"]), ("btop", ["btop", "--utf-force"])):
        if shutil.which(name):
            yield name, argv, {"XDG_CONFIG_HOME": folder, "LANG": "C.UTF-8"}, False, (b"q",)
        else:
            print("  %-16s missing (apt-get install %s)" % (name, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="80x24,200x50")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="loadtop-bench-ui-")
    frames_mean = {}
    try:
        todo = list(programs(folder))
        for size in args.sizes.split(","):
            runs = {}
            for _ in range(args.repeat):
                for name, argv, env, ours, keys in todo:
                    runs.setdefault(name, []).append(measure(argv, size, env, args.seconds, ours, keys))
            print("%s, drawn %d times a second%s bytes/frame   (median, p90)   CPU of a core" % (size, RATE, " " * 4))
            for name, got in runs.items():
                share = statistics.median(r[1] for r in got)
                frames = sorted(f for r in got for f in r[2])
                mean = statistics.median(r[0] for r in got) / RATE
                spread = "(%d, %d)" % (frames[len(frames) // 2], frames[len(frames) * 9 // 10]) if frames else ""
                print("  %-32s %8.0f   %15s   %6.2f %%" % (name, mean, spread, share * 100), flush=True)
                frames_mean[size, name] = mean
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for (size, name), mean in frames_mean.items():
        if name.startswith("loadtop"):
            judge("%s: mean frame, %s" % (name, size), mean, LIMIT_FRAME, "B")
    for size in args.sizes.split(","):
        ms, size_bytes = full_redraw(size)
        print("  full redraw at %s: %d bytes" % (size, size_bytes))
        if size == "200x50":
            judge("CPU of a full redraw, %s" % size, ms, LIMIT_FULL_MS, "ms")
        else:
            print("  %-44s %8.2f ms" % ("CPU of a full redraw, %s" % size, ms))
    finish()


if __name__ == "__main__":
    main()
