#!/usr/bin/env python3
"""Measures what a capture of the screen costs the load, by comparing the seconds of one run with and without one.

    ./dev bench screenshot [--seconds 60] [--rate 5000/s] [--target URL]

A dashboard of 200 x 60 loads a private Redis at a fixed rate while `c` is pressed every fourth second: text, ANSI, SVG,
PNG and JSON each time, made by the thread that draws. Told are medians over the seconds with a capture and over those
without. Exit status 1 when anything was dropped, or when the seconds with a capture did less by more than 2 %, or their
median p99 is more than 1.5 times that of the others. Nothing else may run meanwhile.
"""
import argparse
import os
import statistics
import sys
import tempfile
import time

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import lib

FIGURES = ("done/s", "p50_us", "p99_us", "response_p99_us")


def measure(target, rate, seconds, folder):
    path = os.path.join(folder, "run.json")
    with lib.Tmux(lib.LOADTOP, "--no-history", "--out", folder, "--json", path, "-d", "%ds" % seconds, "--rate", rate,
                  target, cols=200, rows=60) as t:
        t.wait_for("LOAD ON 1/1")
        began = time.monotonic()
        for at in range(4, seconds - 2, 4):
            time.sleep(max(0, began + at - time.monotonic()))
            t.send("c")
        t.wait_for("ENDED", seconds + 30)
        lib.until("the run is written", lambda: os.path.exists(path), 30)
    return lib.read_json(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", default="5000/s")
    parser.add_argument("--target")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loadtop-bench-") as folder:
        if args.target:
            run = measure(args.target, args.rate, args.seconds, folder)
        else:
            with lib.Redis() as redis:
                run = measure(redis.url + "?clients=20", args.rate, args.seconds, folder)
    pool, captured = run["pools"][0], [screen["t_s"] for screen in run["screens"]]
    sides = {True: [], False: []}
    for second in pool["series"][1:-1]:
        if not second["paused"]:
            second["done/s"] = second["completed"] / second["span_s"]
            inside = any(second["t_s"] - second["span_s"] - 0.2 <= t <= second["t_s"] + 0.2 for t in captured)
            sides[inside].append(second)
    print("%d captures at %s; dropped %d, errors %d" % (len(captured), args.rate, pool["ops"]["dropped"],
                                                       pool["ops"]["errors"]))
    print("%-16s %8s" % ("seconds", "number"), *("%16s" % name for name in FIGURES))
    told = {}
    for side, name in ((True, "with a capture"), (False, "without")):
        told[side] = {f: statistics.median(s[f] for s in sides[side] if s[f] is not None) for f in FIGURES}
        print("%-16s %8d" % (name, len(sides[side])), *("%16.1f" % told[side][f] for f in FIGURES))
    bad = (pool["ops"]["dropped"] > 0 or told[True]["done/s"] < 0.98 * told[False]["done/s"] or
           told[True]["p99_us"] > 1.5 * told[False]["p99_us"])
    print("shows in the series" if bad else "does not show in the series")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
