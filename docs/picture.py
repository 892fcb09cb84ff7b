#!/usr/bin/env python3
"""Makes docs/overview.svg: the program's own capture of its screen, in the demo, after some turns of the dial.

    ./dev picture [SECONDS]

The demo runs at 132x50 with 24-bit colours; `+` adds a thread to its simulated service with a knee every few seconds,
and `:screenshot` writes what is on the screen then. On a machine that does other work as well the picture would be one
of that: the demo gets a higher priority where it may have one, its Redis is asked to do less than it can, and the
picture is taken at a moment without an alert, which is waited for. No such moment: the old picture stays, and the exit
status is 1.
"""
import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import lib

TARGET = os.path.join(ROOT, "docs", "overview.svg")
STEP_S = 14.0  # a point of the curve needs some seconds without a change
ALERT = "NOT VALID|TARGET DOWN|NO ANSWER"
CALM_S = 150.0  # how long a moment without alerts is waited for
CALM_TENTHS = 8  # so many looks in a row have none before the picture is taken


def say(t, command):
    t.send(":%s\r" % command)
    t.pump(0.5)


def is_calm(t):
    text = t.text()
    return not re.search("^ ! ", text, re.M) and "LOAD ON 5/5" in text


def picture(t):
    """Whether one without an alert was taken."""
    until, calm = time.monotonic() + CALM_S, 0
    while time.monotonic() < until:
        t.pump(0.1)
        calm = calm + 1 if is_calm(t) else 0
        if calm < CALM_TENTHS:
            continue
        part = TARGET[:-len("svg")] + "new.svg"
        t.send(":screenshot %s\r" % part)
        while not os.path.exists(part):  # it is renamed to this when it is whole
            t.pump(0.1)
            if time.monotonic() > until + 10:
                sys.exit("no capture was written")
        with open(part) as f:
            good = not re.search(ALERT, f.read())
        if good:
            os.replace(part, TARGET)
            return True
        os.unlink(part)
        calm = 0
        t.pump(7)  # until the notice of the capture is gone
    return False


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6 * STEP_S
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    except OSError:
        pass
    t = lib.Pty(lib.LOADTOP, "demo", "--no-history", "--colors", "direct", "--theme", "dusk", cols=132, rows=50)
    try:
        t.wait_for("LOAD ON")
        while "▸  " not in t.text() or not t.find("knee"):
            t.pump(0.1)
        say(t, "redis set think 1ms")
        t.send("\x1b[F")  # to the last pool, and up to the one with the knee
        t.wait_for("DIAL queue")
        t.send("k")
        t.wait_for("DIAL knee")
        begun = time.monotonic()
        turned = 0
        while time.monotonic() - begun < seconds:
            t.pump(0.1)
            if turned < 5 and time.monotonic() - begun > (turned + 1) * STEP_S:
                turned += 1
                t.send("+")
        good = picture(t)
        print(t.text())
        t.send("\x03")
        t.pump(0.3)
        t.send("\x03")
        t.wait(15)
    finally:
        t.close()
    if not good:
        sys.exit("no moment without an alert in %g s: %s stays as it was" % (CALM_S, TARGET))
    print("%s: %d bytes" % (TARGET, os.path.getsize(TARGET)))


if __name__ == "__main__":
    main()
