"""Measures how soon the screen shows the effect of a key: from the typed byte to the first byte of output.

A dashboard on a pseudo-terminal with a private Redis under load (think=1ms, so that the machine is not full); each
key's effect is waited for in what the program writes, without a terminal emulator in between. Prints each median and
the median of all, and exits 1 when that is above --limit (50 ms), so that it can be judged on a quiet machine:

    python3 tests/bench/keys.py [--rounds 20] [--limit 50]
"""
import argparse
import os
import select
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import lib  # noqa: E402  pylint: disable=wrong-import-position

# What is typed, what then must come, and what brings back the state before (with what must come then).
KEYS = [
    ("p", b"PAUSED", "p", b"LOAD ON"),
    ("L", b"LOCKED", "L", b"UNLOCKED"),
    ("Z", b"FROZEN", "Z", None),
    ("5", b"WHEN", "1", b"overview"),
    ("6", b"REACHED", "1", b"overview"),
    ("?", b"Esc leaves", "\x1b", None),
    (":", b"Tab completes", "\x1b", None),
    ("+", b"threads", "u", b"threads"),
]


def take(t, wanted, timeout=5):
    """Reads until the bytes came: the time of the read that completed them, or None."""
    got = b""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if not select.select([t.master], [], [], end - time.monotonic())[0]:
            break
        got += os.read(t.master, 65536)
        now = time.monotonic()
        if wanted in got:
            return now
    return None


def settle(t, seconds=0.3):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([t.master], [], [], 0.05)[0]:
            os.read(t.master, 65536)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--rounds", type=int, default=20)
    a.add_argument("--limit", type=float, default=50)
    a = a.parse_args()
    took = {key: [] for key, *_ in KEYS}
    missed = 0
    with lib.Redis() as redis:
        url = "redis://127.0.0.1:%d?think=1ms&clients=4" % redis.port
        with lib.Pty(lib.LOADTOP, url, cols=120, rows=40, term="tmux-256color") as t:
            t.wait_for("LOAD ON 1/1")
            for _ in range(a.rounds):
                for key, shows, back, then in KEYS:
                    settle(t)
                    start = time.monotonic()
                    t.send(key)
                    at = take(t, shows)
                    missed += at is None
                    if at is not None:
                        took[key].append((at - start) * 1e3)
                    t.send(back)
                    if then:
                        take(t, then, 2)
            t.send("\x03\x03")
            t.wait(20)
    every = [v for values in took.values() for v in values]
    for key, values in took.items():
        print("%-8s median %6.1f ms   worst %6.1f ms   of %d" % (
            repr(key), statistics.median(values) if values else float("nan"), max(values, default=float("nan")),
            len(values)))
    print("all      median %6.1f ms   p95 %6.1f ms   %d keys, %d not seen" % (
        statistics.median(every), statistics.quantiles(every, n=20)[18], len(every), missed))
    return 1 if missed > len(every) // 20 or statistics.median(every) > a.limit else 0


if __name__ == "__main__":
    sys.exit(main())
