#!/usr/bin/env python3
"""Cassandra: ours beside the DataStax driver's own five patterns, chains from 120 to 4,000, and a stall.

    ./dev bench cassandra [--requests N] [--runs N] [--part compare|chains|stall|soak]

One real node, started for it. Runs of ours and of the peer alternate, figures are medians; throughput on a shared
machine differs by a few per cent between equal runs, so the figure to compare is client CPU for a request.
Limits that are not met are printed as FAIL and make the exit status 1. `--part soak` is not part of the whole: it is
the long form of tests/servers/test_cassandra*.py, 100,000 rows for each pattern, 30 random runs, 30 kills.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# This file has the driver's name: its folder must not be where `import cassandra` looks.
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
if sys.executable != "/usr/bin/python3" and not os.environ.get("CASSANDRA_BENCH_PYTHON"):
    os.environ["CASSANDRA_BENCH_PYTHON"] = "1"  # Debian's python3 is the one that has Debian's driver
    os.execv("/usr/bin/python3", ["/usr/bin/python3", os.path.abspath(__file__)] + sys.argv[1:])
sys.path[:0] = [os.path.join(HERE, "..", "e2e"), os.path.join(HERE, "..", "servers")]

import lib  # noqa: E402

PATTERNS = ("sync", "batch", "queue", "unthrottled", "chain")
DEPTH = 120
CPU_LIMIT_US = 2.5
MEMORY_LIMIT = 12 << 20
failed = []


def check(ok, words):
    print("%-4s %s" % ("ok" if ok else "FAIL", words), flush=True)
    if not ok:
        failed.append(words)


# ---- the peer: one process for each run, which says what it used ------------------------------------------

def peer(pattern, requests, port):
    """The patterns of the driver's performance notes: the same insert, prepared, on one thread."""
    from cassandra.cluster import Cluster
    cluster = Cluster(["127.0.0.1"], port=port, protocol_version=4)
    session = cluster.connect()
    insert = session.prepare("INSERT INTO bench.peer (thekey, col1, col2) VALUES (?, ?, ?)")
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()

    def start(i):
        return session.execute_async(insert, (str(i), "a", "b"))

    if pattern == "sync":
        for i in range(requests):
            session.execute(insert, (str(i), "a", "b"))
    elif pattern == "batch":
        for at in range(0, requests, DEPTH):
            for f in [start(i) for i in range(at, min(at + DEPTH, requests))]:
                f.result()
    elif pattern == "queue":
        import queue
        waiting = queue.Queue(DEPTH)
        for i in range(requests):
            if waiting.full():
                waiting.get_nowait().result()
            waiting.put_nowait(start(i))
        while not waiting.empty():
            waiting.get_nowait().result()
    elif pattern == "unthrottled":
        for f in [start(i) for i in range(requests)]:
            f.result()
    else:
        chains(start, requests)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print("%g %g %d" % (seconds, cpu, after.ru_maxrss * 1024), flush=True)
    os._exit(0)  # the driver's shutdown takes seconds


def chains(start, requests):
    done, lock, left = threading.Event(), threading.Lock(), [0, 0]  # started, ended

    def go(_):
        with lock:
            i = left[0]
            left[0] += 1
        if i < requests:
            f = start(i)
            f.add_callbacks(ended, ended)

    def ended(_):
        with lock:
            left[1] += 1
            if left[1] == requests:
                done.set()
        go(None)

    for _ in range(DEPTH):
        go(None)
    done.wait()


def run_peer(pattern, requests, port):
    p = subprocess.run(["/usr/bin/python3", os.path.abspath(__file__), "--peer", pattern, "--requests", str(requests),
                        "--port", str(port)], capture_output=True, text=True, timeout=600, check=False)
    if p.returncode or not p.stdout:
        raise SystemExit("the driver failed:\n" + p.stderr)
    seconds, cpu, rss = p.stdout.split()
    return requests / float(seconds), 1e6 * float(cpu) / requests, float(rss)


# ---- ours ---------------------------------------------------------------------------------------------------

class Watch(threading.Thread):
    """The most anonymous memory that a process had."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.stop = pid, 0, threading.Event()

    def run(self):
        while not self.stop.wait(0.02):
            try:
                self.most = max(self.most, lib.anon_bytes(self.pid))
            except (OSError, AttributeError):
                return


def run_ours(url, requests, *args):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with lib.Headless("-q", "-n", requests, *args, url) as h:
        watch = Watch(h.pid)
        watch.start()
        p = lib.pool(h.wait(timeout=600))
        watch.stop.set()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if p["ops"]["completed"] != requests:
        raise SystemExit("not all completed: %r %r" % (p["ops"], p["error_classes"]))
    return p["throughput_per_s"], 1e6 * cpu / requests, watch.most, p


def idle_memory():
    with lib.Headless("-q", "-d", "2s", "null:?service=1s") as h:
        time.sleep(1)
        idle = lib.anon_bytes(h.pid)
        h.wait()
    return idle


def pattern_args(pattern):
    return ["--pattern", pattern] + ([] if pattern in ("sync", "unthrottled") else ["--depth", DEPTH])


# ---- the parts ------------------------------------------------------------------------------------------------

def compare(node, requests, runs):
    idle = idle_memory()
    table = {}
    node.query("CREATE KEYSPACE IF NOT EXISTS bench WITH replication = {'class': 'SimpleStrategy', "
               "'replication_factor': 1}")
    node.query("CREATE TABLE IF NOT EXISTS bench.peer (thekey text PRIMARY KEY, col1 text, col2 text)")
    url = node.url("bench.ours") + "?dist=sequential&keys=1000M"
    run_ours(url, requests, "--pattern", "chain", "--depth", DEPTH)  # the server warms up
    for _ in range(runs):
        for pattern in PATTERNS:
            n = requests // 10 if pattern == "sync" else requests
            table.setdefault(("ours", pattern), []).append(run_ours(url, n, *pattern_args(pattern))[:3])
            table.setdefault(("driver", pattern), []).append(run_peer(pattern, n // 2, node.port))
    print("\n1 thread, depth %d, medians of %d runs           requests/s   client CPU/request   memory" % (DEPTH, runs))
    for pattern in PATTERNS:
        for who in ("ours", "driver"):
            rate, cpu, memory = (statistics.median(v) for v in zip(*table[who, pattern]))
            if who == "ours":
                memory -= idle
            print("  %-12s %-34s %10.0f   %14.2f us   %6.1f MB%s" % (
                pattern, who, rate, cpu, memory / 1e6, " above idle, anonymous" if who == "ours" else " RSS"))
    ours = [statistics.median(v) for v in zip(*table["ours", "chain"])]
    check(ours[1] <= CPU_LIMIT_US, "client CPU with %d chains: %.2f us a request (limit %.1f)"
          % (DEPTH, ours[1], CPU_LIMIT_US))
    check(ours[2] - idle <= MEMORY_LIMIT, "memory with %d chains: %.1f MB above idle (limit 12)"
          % (DEPTH, (ours[2] - idle) / 1e6))
    for pattern in PATTERNS:
        a, b = (statistics.median(r[1] for r in table[who, pattern]) for who in ("ours", "driver"))
        check(a < b, "%s: %.2f us a request, the driver %.1f" % (pattern, a, b))


def chain_series(node, requests, runs):
    depths, rates, waits = (120, 250, 500, 1000, 4000), {}, {}
    url = node.url("bench.chains") + "?dist=sequential&keys=1000M"
    for _ in range(runs):
        for depth in depths:
            rates.setdefault(depth, []).append(run_ours(url, requests, "--pattern", "chain", "--depth", depth)[0])
    medians = {d: statistics.median(r) for d, r in rates.items()}
    best = max(medians.values())
    for d in depths:
        check(medians[d] >= 0.9 * best, "%5d chains: %8.0f/s, %3.0f %% of the best" % (d, medians[d],
                                                                                      100 * medians[d] / best))
    for connections, streams in ((4, 32768), (4, 64), (1, 64), (1, 16)):
        r = run_ours(url + "&streams=%d" % streams, requests // 2, "--pattern", "chain", "--depth", "125", "--clients", "4",
                     "--connections", connections)
        wait = r[3]["lease_wait"]
        waits[connections, streams] = wait["p50_us"] if wait and wait["p50_us"] else 0
        print("     4 clients of 125 chains on %d connections of %d streams: %8.0f/s, lease wait p50 %.0f us"
              % (connections, streams, r[0], waits[connections, streams]))
    check(waits[1, 16] > waits[4, 32768], "the lease wait shows why few streams are slow")


def stall(node, runs):
    """FACTS: the quantile q of response time is S - (1-q) T (1 - R/M)."""
    rate, length = 1000, 10.0
    url = node.url("bench.stall") + "?dist=sequential&keys=1000M"
    capacity = run_ours(url, 50000, "--pattern", "chain", "--depth", DEPTH)[0]
    found = {}
    for _ in range(runs):
        with lib.Headless("-q", "-d", "%gs" % length, "--rate", "%d/s" % rate, "--pattern", "chain", "--depth", "4000",
                          url) as h:
            time.sleep(3)
            began = time.monotonic()
            node.freeze()
            time.sleep(1.0)
            node.thaw()
            frozen = time.monotonic() - began
            p = lib.pool(h.wait())
        for name, q in (("p95_us", 0.95), ("p99_us", 0.99), ("p99_9_us", 0.999)):
            wanted = frozen - (1 - q) * length * (1 - rate / capacity)
            found.setdefault(name, []).append(p["latency"]["response"][name] / 1e6 / wanted)
    for name, ratios in found.items():
        r = statistics.median(ratios)
        check(abs(r - 1) <= 0.03, "stall of 1 s, response %s: %.3f of the formula (within 3 %%)" % (name[:-3], r))


def soak():
    env = dict(os.environ, CASSANDRA_ROWS="100000", CASSANDRA_RUNS="30", CASSANDRA_KILLS="30",
               PYTHONPATH=os.path.join(HERE, "..", "e2e"))
    for name in ("test_cassandra_hostile", "test_cassandra", "test_cassandra_faults"):
        code = subprocess.run(["/usr/bin/python3", os.path.join(HERE, "..", "servers", name + ".py")], env=env,
                              check=False).returncode
        check(code == 0, name)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--requests", type=int, default=100000)
    args.add_argument("--runs", type=int, default=5)
    args.add_argument("--part", choices=("compare", "chains", "stall", "soak"))
    args.add_argument("--peer", help=argparse.SUPPRESS)
    args.add_argument("--port", type=int, help=argparse.SUPPRESS)
    o = args.parse_args()
    if o.peer:
        peer(o.peer, o.requests, o.port)
    if o.part == "soak":
        soak()
        return 1 if failed else 0
    from cassandra_node import Node
    with Node() as node:
        if o.part in (None, "compare"):
            compare(node, o.requests, o.runs)
        if o.part in (None, "chains"):
            chain_series(node, o.requests, o.runs)
        if o.part in (None, "stall"):
            stall(node, min(o.runs, 3))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
