#!/usr/bin/env python3
"""Makes docs/overview.svg: the program's own capture of its screen, in the demo, after some turns of the dial.

    ./dev picture [SECONDS]

The demo runs at 120x40 with 24-bit colours; `+` adds a thread to its simulated service with a knee every few seconds,
and `:screenshot` writes what is on the screen then. Best on a machine that does nothing else.
"""
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import lib

TARGET = os.path.join(ROOT, "docs", "overview.svg")
STEP_S = 14.0  # a point of the curve needs some seconds without a change


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5 * STEP_S
    t = lib.Pty(lib.LOADTOP, "demo", "--no-history", "--colors", "direct", "--theme", "dusk", cols=120, rows=40)
    try:
        t.wait_for("LOAD ON")
        while "▸  " not in t.text() or not t.find("knee"):
            t.pump(0.1)
        for _ in range(9):  # down to the pool with the knee
            if any(line.strip().strip("│").startswith("▸") and " knee " in line for line in t.text().split("\n")):
                break
            t.send("j")
            t.pump(0.3)
        begun = time.monotonic()
        turned = 0
        while time.monotonic() - begun < seconds:
            t.pump(0.1)
            if time.monotonic() - begun > (turned + 1) * STEP_S:
                turned += 1
                t.send("+")
        t.send("]" if seconds > 90 else "")
        t.pump(1.0)
        t.send(":screenshot %s\r" % TARGET)
        t.wait_for("captured")
        print(t.text())
        t.send("\x03")
        t.pump(0.3)
        t.send("\x03")
        t.wait(15)
    finally:
        t.close()
    print("%s: %d bytes" % (TARGET, os.path.getsize(TARGET)))


if __name__ == "__main__":
    main()
