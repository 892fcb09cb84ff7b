#!/usr/bin/env python3
"""The engine's own costs and accuracy: a record, allocations, Little's law, a known service, the screen.

    ./dev bench engine [record] [alloc] [little] [known] [screen] [dashboard] [--repeat N]

    record     ns to record a latency, at most 10
    alloc      allocations of the threads of the load for each operation, counted: none (at most 0.003)
    little     N against X R in a closed loop on Redis: within 1 %
    known      a null service of 1 ms constant reads 1 ms within 5 %
    screen     dashboard of 200x50 at 10 frames a second, with the tick: at most 2 % of a core
    dashboard  CPU for an operation with the dashboard against headless, interleaved: the same within the spread of
               equal runs (5 % at least)
Each figure is a median of runs. Only meaningful while nothing else runs. Exit status 1 when a limit is missed.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import lib
from benchlib import judge, main


def compile_c(folder, *words):
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-std=c11", "-D_GNU_SOURCE", "-I", ROOT, *words], check=True, cwd=folder)


def bench_record(repeat):
    with tempfile.TemporaryDirectory() as folder:
        engine = os.path.join(os.path.dirname(lib.LOADTOP), "libengine.a")
        compile_c(folder, os.path.join(ROOT, "tests", "bench", "record.c"), engine, "-o", "record", "-ljansson", "-lm",
                  "-lpthread")
        runs = [list(map(float, subprocess.run([os.path.join(folder, "record")], capture_output=True, text=True,
                                               check=True).stdout.split())) for _ in range(repeat)]
    judge("a record, into the histogram", statistics.median(r[0] for r in runs), 10, "ns")
    judge("a record, drained after each 1,000", statistics.median(r[1] for r in runs), 10, "ns")


def bench_alloc(_repeat):
    with tempfile.TemporaryDirectory() as folder, lib.Redis(unix=True) as redis:
        shim, told = os.path.join(folder, "count.so"), os.path.join(folder, "count")
        compile_c(folder, "-shared", "-fPIC", "-o", shim, os.path.join(ROOT, "tests", "e2e", "malloc_count.c"))
        for options in (["--clients", 50], ["--clients", 50, "--pattern", "batch"], ["--clients", 50, "--rate", "100k/s"]):
            counts = []
            for n in (100000, 1100000):
                lib.headless("-n", n, "--no-history", *options, redis.url, env={"LD_PRELOAD": shim, "MALLOC_COUNT": told})
                with open(told) as f:
                    counts.append(int(f.read()))
            judge("allocations an operation, " + " ".join(map(str, options)), (counts[1] - counts[0]) / 1e6, 0.003, "")


def bench_little(repeat):
    with lib.Redis(unix=True) as redis:
        for options in (["--clients", 1], ["--clients", 50], ["--clients", 1, "--pattern", "chain"],
                        ["--clients", 50, "--pattern", "batch", "-t", 2]):
            off = []
            for _ in range(repeat):
                run = lib.headless("-d", "5s", *options, redis.url)
                off.append(next(c["value"] for c in run["validity"]["checks"] if c["name"] == "little"))
            judge("N against X R, " + " ".join(map(str, options)), statistics.median(off), 0.01, "")


def bench_known(repeat):
    p50 = [lib.pool(lib.headless("-d", "5s", "null:?service=1ms&clients=4"))["latency"]["service"]["p50_us"]
           for _ in range(repeat)]
    judge("a service of 1 ms, off by", abs(statistics.median(p50) / 1000 - 1), 0.05, "")


def bench_screen(repeat):
    shares = []
    for _ in range(repeat):
        with lib.Pty(lib.LOADTOP, "--rate", "10/s", "null:?clients=4", cols=200, rows=50, term="tmux-256color") as t:
            t.wait_for("LOAD ON 1/1")
            time.sleep(2)
            t.pump()
            began, cpu = time.monotonic(), lib.cpu_seconds(t.pid)
            while time.monotonic() < began + 10:
                t.pump(0.2)
            shares.append((lib.cpu_seconds(t.pid) - cpu) / (time.monotonic() - began))
            t.send("q")
            t.wait_for("quit?")
            t.send("y")
            t.wait()
    judge("screen of 200x50 and tick, of a core", statistics.median(shares), 0.02, "")


def cpu_headless(url, n):
    with lib.Headless("-n", n, "--no-history", "--clients", 50, url) as h:
        cpu = 0.0
        while h.popen.poll() is None:
            try:
                cpu = max(cpu, lib.cpu_seconds(h.pid))
            except (OSError, IndexError):
                break
            time.sleep(0.005)
        h.wait()
        return cpu


def cpu_dashboard(url, n):
    with lib.Pty(lib.LOADTOP, "-n", n, "--no-history", "--clients", 50, url, cols=120, rows=40,
                 term="tmux-256color") as t:
        t.wait_for("ENDED", timeout=120)
        cpu = lib.cpu_seconds(t.pid)
        t.send("q")
        t.wait()
        return cpu


def bench_dashboard(repeat):
    n = 2000000
    with lib.Redis() as redis:
        first, second, screen = [], [], []
        for _ in range(max(repeat, 3)):
            first.append(cpu_headless(redis.url, n))
            screen.append(cpu_dashboard(redis.url, n))
            second.append(cpu_headless(redis.url, n))
    headless = statistics.median(first + second)
    spread = max(abs(a - b) for a, b in zip(first, second)) / headless
    print("  headless %.3f us an operation, with the dashboard %.3f; equal runs differ by up to %.1f %%" % (
        headless / n * 1e6, statistics.median(screen) / n * 1e6, 100 * spread))
    judge("dashboard / headless - 1", statistics.median(screen) / headless - 1, max(spread, 0.05), "")


BENCHES = {"record": bench_record, "alloc": bench_alloc, "little": bench_little, "known": bench_known,
           "screen": bench_screen, "dashboard": bench_dashboard}


if __name__ == "__main__":
    main(__doc__, BENCHES)
