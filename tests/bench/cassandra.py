#!/usr/bin/env python3
"""Cassandra: loadtop beside the DataStax driver's own five patterns; chains from 120 to 4,000; a stall; recovery.

    ./dev bench cassandra [--requests N] [--runs N] [--seconds S] [--part compare|chains|stall|recovery]

Uses one real Cassandra node, started for this bench and warmed up until it gets no faster. loadtop is compared with
Debian's driver (python3-cassandra) and the newest one on PyPI (cassandra-driver, in .cache/pydriver). Runs of loadtop
and of the drivers alternate, in another order each time, and figures are medians. On a shared machine throughput
differs by a few per cent between equal runs, so the figure to compare is client CPU per request.
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
MEMORY_LIMIT = 12e6
failed = []


def check(ok, words):
    print("%-4s %s" % ("ok" if ok else "FAIL", words), flush=True)
    if not ok:
        failed.append(words)


# ---- the peer: one process for each run, which says what it used ------------------------------------------

def peer(pattern, requests, port):
    """The patterns of the driver's performance notes: the same insert, prepared, on one thread."""
    import warnings
    warnings.simplefilter("ignore")
    from cassandra.cluster import Cluster
    idle = lib.anon_bytes(os.getpid())
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
    print("%g %g %d %s" % (seconds, cpu, idle, cluster.connection_class.__name__), flush=True)
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


def python_with_newest():
    """A Python with the driver of PyPI, in a folder of its own, or why there is none."""
    folder = os.path.join(lib.ROOT, ".cache", "pydriver")
    python = os.path.join(folder, "bin", "python")
    ask = [python, "-c", "import cassandra.cluster"]
    if not os.path.exists(python) or subprocess.run(ask, capture_output=True, check=False).returncode:
        for argv in (["/usr/bin/python3", "-m", "venv", folder],
                     [python, "-m", "pip", "install", "-q", "cassandra-driver"]):
            p = subprocess.run(argv, capture_output=True, text=True, timeout=900, check=False)
            if p.returncode:
                return None, (p.stderr or p.stdout).strip().splitlines()[-1]
    return python, ""


def find_peers():
    """[(name, python)]: Debian's driver and, where it can be had, that of PyPI."""
    found = [("debian", "/usr/bin/python3")]
    python, why = python_with_newest()
    if python:
        found.append(("pypi", python))
    else:
        print("PyPI's cassandra-driver cannot be had here (%s): Debian's alone is compared" % why)
    named = []
    for source, python in found:
        p = subprocess.run([python, "-W", "ignore", "-c", "import cassandra; print(cassandra.__version__)"],
                           capture_output=True, text=True, timeout=60, check=True)
        named.append(("driver %s %s" % (p.stdout.strip(), source), python))
    return named


def run_peer(python, pattern, requests, port):
    """(requests a second, us of CPU for each, bytes of anonymous memory above the idle interpreter)."""
    with subprocess.Popen([python, "-W", "ignore", os.path.abspath(__file__), "--peer", pattern, "--requests",
                           str(requests), "--port", str(port)], stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, CASSANDRA_BENCH_PYTHON="1")) as p:
        watch = Watch(p.pid)
        watch.start()
        out, _ = p.communicate(timeout=900)
        watch.stop.set()
    if p.returncode or not out:
        raise SystemExit("the driver failed")
    seconds, cpu, idle, _ = out.split()
    return requests / float(seconds), 1e6 * float(cpu) / requests, watch.most - int(idle)


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

def warm(node):
    """Until the server gets no faster: its compiler and its caches."""
    url, last = node.url("bench.warm") + "?dist=sequential&keys=1000M", 0
    for _ in range(8):
        rate = run_ours(url, 150000, "--pattern", "chain", "--depth", DEPTH)[0]
        if last and rate < 1.07 * last:
            break
        last = rate
    print("warm: %.0f/s with %d chains" % (rate, DEPTH), flush=True)


def in_turn(things, run):
    """The same things in another order each time, so that none is always after the same one."""
    return things[run % len(things):] + things[:run % len(things)]


def compare(node, requests, runs):
    idle = idle_memory()
    peers = find_peers()
    table = {}
    node.query("CREATE KEYSPACE IF NOT EXISTS bench WITH replication = {'class': 'SimpleStrategy', "
               "'replication_factor': 1}")
    node.query("CREATE TABLE IF NOT EXISTS bench.peer (thekey text PRIMARY KEY, col1 text, col2 text)")
    url = node.url("bench.ours") + "?dist=sequential&keys=1000M"
    for run in range(runs):
        for pattern in in_turn(list(PATTERNS), run):
            n = requests // 10 if pattern == "sync" else requests
            for who, python in in_turn([("loadtop", None)] + peers, run):
                if python:
                    got = run_peer(python, pattern, n // 2, node.port)
                else:
                    rate, cpu, memory, _ = run_ours(url, n, *pattern_args(pattern))
                    got = rate, cpu, memory - idle
                table.setdefault((who, pattern), []).append(got)
    medians = {k: [statistics.median(v) for v in zip(*rows)] for k, rows in table.items()}
    print("\n1 thread, depth %d, medians of %d runs; memory: anonymous, above the idle program\n"
          "  %-12s %-24s %12s %16s %12s" % (DEPTH, runs, "pattern", "client", "requests/s", "CPU/request", "memory"))
    for pattern in PATTERNS:
        for who, _ in [("loadtop", None)] + peers:
            rate, cpu, memory = medians[who, pattern]
            print("  %-12s %-24s %12.0f %13.2f us %9.1f MB" % (pattern, who, rate, cpu, memory / 1e6))
    _, cpu, memory = medians["loadtop", "chain"]
    check(cpu <= CPU_LIMIT_US, "client CPU with %d chains: %.2f us a request (limit %.1f)" % (DEPTH, cpu, CPU_LIMIT_US))
    check(memory <= MEMORY_LIMIT, "memory with %d chains: %.1f MB above idle (limit 12)" % (DEPTH, memory / 1e6))
    for pattern in PATTERNS:
        for who, _ in peers:
            a, b = medians["loadtop", pattern][1], medians[who, pattern][1]
            check(a < b, "%s: %.2f us a request, %s %.1f: 1/%.0f" % (pattern, a, who, b, b / a))


def chain_series(node, requests, runs, seconds):
    """Steady load after a warm-up of its own: the ramp and the drain of 4,000 chains are no part of it."""
    depths, rates, cpu, waits = [120, 250, 500, 1000, 4000], {}, {}, {}
    url = node.url("bench.chains") + "?dist=sequential&keys=1M"
    for run in range(runs):
        for depth in in_turn(depths, run):
            p = lib.pool(lib.headless("-q", "--warmup", "2s", "-d", "%gs" % seconds, "--pattern", "chain", "--depth", depth,
                                      url, timeout=seconds + 60))
            if p["ops"]["errors"] or p["ops"]["timeouts"]:
                raise SystemExit("errors: %r %r" % (p["ops"], p["error_classes"]))
            rates.setdefault(depth, []).append(p["throughput_per_s"])
            share = p["time_share"]
            cpu.setdefault(depth, []).append(1e6 * (share["client"] + share["generate"]) / p["throughput_per_s"])
    medians = {d: statistics.median(r) for d, r in rates.items()}
    best = max(medians.values())
    for d in depths:
        check(medians[d] >= 0.9 * best, "%5d chains: %8.0f/s (%.0f to %.0f), %3.0f %% of the best, %.2f us of client "
              "CPU a request" % (d, medians[d], min(rates[d]), max(rates[d]), 100 * medians[d] / best,
                                 statistics.median(cpu[d])))
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


def recovery():
    """The tests of trouble with the limit of 1 s."""
    env = dict(os.environ, CASSANDRA_BACK_S="1", PYTHONPATH=os.path.join(HERE, "..", "e2e"))
    for name, what in (("recovery", "unprepared, wrong password, missing keyspace, a node stopped"),
                       ("faults", "a node killed, a node stopped at a constant rate")):
        code = subprocess.run(["/usr/bin/python3", "-W", "ignore",
                               os.path.join(HERE, "..", "servers", "test_cassandra_%s.py" % name), "-v"], env=env,
                              check=False).returncode
        check(code == 0, what + ": in their classes, back within 1 s")


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--requests", type=int, default=100000)
    args.add_argument("--runs", type=int, default=5)
    args.add_argument("--seconds", type=float, default=6, help="of each run with 120 to 4,000 chains")
    args.add_argument("--part", choices=("compare", "chains", "stall", "recovery"))
    args.add_argument("--peer", help=argparse.SUPPRESS)
    args.add_argument("--port", type=int, help=argparse.SUPPRESS)
    o = args.parse_args()
    if o.peer:
        peer(o.peer, o.requests, o.port)
    if o.part != "recovery":
        from cassandra_node import Node
        with Node() as node:
            warm(node)
            if o.part in (None, "compare"):
                compare(node, o.requests, o.runs)
            if o.part in (None, "chains"):
                chain_series(node, o.requests, o.runs, o.seconds)
            if o.part in (None, "stall"):
                stall(node, min(o.runs, 3))
    if o.part in (None, "recovery"):
        recovery()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
