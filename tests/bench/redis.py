#!/usr/bin/env python3
"""loadtop on Redis: CPU for a request against redis-benchmark, schedule lag, memory, and how soon `+` works.

    ./dev bench redis [cpu] [lag] [memory] [workers] [plus] [--repeat N]

Each figure is a median of runs; those of two programs are interleaved and load the same server, the same keys and
values. CPU is user and system time of the whole process, from its start to its end. Memory is anonymous memory
(RssAnon) above the same program with one client at rest. Only meaningful while nothing else runs.
Exit status 1 when a limit is missed.
"""
import datetime
import os
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import lib
from benchlib import judge, main

KEYS, SIZE, CLIENTS = 10000, 32, 50
LIMIT_PLAIN, LIMIT_PIPELINE, LIMIT_LAG_US = 0.61, 0.77, 100.0
LIMIT_CLIENTS_MB, LIMIT_WORKERS_MB, LIMIT_TICK, LIMIT_PLUS_MS = 40.0, 100.0, 0.05, 100.0


def cpu_of(argv):
    """Microseconds of CPU that a program takes, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if p.returncode:
        sys.exit("%s: exit %d\n%s" % (" ".join(argv), p.returncode, p.stderr))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1e6


def bench_cpu(repeat):
    peer = lib.need_program("redis-benchmark", "redis-tools")
    with lib.Redis() as redis:
        client = redis.client()
        for k in range(KEYS):  # the keys of both: redis-benchmark's names are fixed
            client("SET", "key:%012d" % k, "x" * SIZE)
        client.close()
        for depth, n, limit in ((1, 400000, LIMIT_PLAIN), (16, 4000000, LIMIT_PIPELINE)):
            ours, theirs = [], []
            for _ in range(repeat):
                theirs.append(cpu_of([peer, "-p", str(redis.port), "-c", str(CLIENTS), "-n", str(n), "-r", str(KEYS), "-t",
                                      "get", "-P", str(depth), "-q"]) / n)
                ours.append(cpu_of([lib.LOADTOP, "--headless", "-q", "--no-history", "-n", str(n), "--clients",
                                    str(CLIENTS), "--ops", "get", "--keys", str(KEYS), "--prefix", "key:",
                                    "--pattern", "sync" if depth == 1 else "batch", "--depth", str(depth),
                                    redis.url]) / n)
            print("CPU for a GET, %d clients, pipeline %d, median of %d interleaved runs" % (CLIENTS, depth, repeat))
            print("  redis-benchmark %.3f us (%.3f to %.3f)" % (statistics.median(theirs), min(theirs), max(theirs)))
            print("  loadtop         %.3f us (%.3f to %.3f)" % (statistics.median(ours), min(ours), max(ours)))
            judge("loadtop / redis-benchmark", statistics.median(ours) / statistics.median(theirs), limit, "")


def bench_lag(repeat):
    with lib.Redis(unix=False) as redis:
        lags = [lib.pool(lib.headless("-d", "5s", "--rate", "10000/s", "--clients", 50, redis.url))["schedule_lag"]
                for _ in range(repeat)]
        print("schedule lag at 10,000/s, median of %d runs; p50 %.0f us, max %.0f us" % (
            repeat, statistics.median(l["p50_us"] for l in lags), statistics.median(l["max_us"] for l in lags)))
        judge("p99", statistics.median(l["p99_us"] for l in lags), LIMIT_LAG_US, "us")


def most_anon(args, seconds):
    """The most anonymous memory of a run, and the share of a core that its supervisor took while it was steady."""
    with lib.Headless("-d", "%ds" % seconds, *args) as h:
        most, cpu = 0, []
        while h.popen.poll() is None:
            try:
                most = max(most, lib.anon_bytes(h.pid))
                cpu.append((time.monotonic(), supervisor_seconds(h.pid)))
            except OSError:
                break
            time.sleep(0.1)
        pool = lib.pool(h.wait())
        if lib.accounting(pool["ops"]) or not pool["ops"]["completed"]:
            sys.exit("not a run to measure: %r" % pool["ops"])
        steady = [c for c in cpu if c[0] > cpu[0][0] + seconds / 3]
        return most, (steady[-2][1] - steady[0][1]) / (steady[-2][0] - steady[0][0])


def supervisor_seconds(pid):
    """CPU of the thread that merges and publishes: that of the name loadtop-engine, or the busiest such."""
    most = 0.0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/stat" % (pid, task)) as f:
            name, _, rest = f.read().partition("(")[2].rpartition(")")
        if name == "loadtop-engine":
            fields = rest.split()
            most = max(most, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return most


def raise_limits(files):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(hard, files)))


def bench_memory(repeat):
    raise_limits(12000)
    with lib.Redis("--maxclients", "10100") as redis:
        idle = statistics.median(most_anon(["--rate", "1/s", redis.url], 3)[0] for _ in range(repeat))
        most = statistics.median(most_anon(["--clients", 10000, redis.url], 6)[0] for _ in range(repeat))
        print("anonymous memory, idle %.1f MB" % (idle / 1e6))
        judge("10,000 clients, above idle", (most - idle) / 1e6, LIMIT_CLIENTS_MB, "MB")


def bench_workers(repeat):
    raise_limits(12000)
    with lib.Redis("--maxclients", "2000") as redis:
        idle = statistics.median(most_anon(["--rate", "1/s", redis.url], 3)[0] for _ in range(repeat))
        runs = [most_anon(["-t", 1000, "--max-threads", 1000, "--rate", "20000/s", redis.url], 10) for _ in range(repeat)]
        print("1,000 threads of one client")
        judge("anonymous memory, above idle", (statistics.median(r[0] for r in runs) - idle) / 1e6, LIMIT_WORKERS_MB, "MB")
        judge("the tick, of a core", statistics.median(r[1] for r in runs), LIMIT_TICK, "")


def loadtop_clients(client):
    """Ids of loadtop's connections that have asked for something."""
    lines = client("CLIENT", "LIST").splitlines()
    fields = [dict(f.split("=", 1) for f in line.split() if "=" in f) for line in lines]
    return {f["id"] for f in fields if f.get("name", "").startswith("loadtop") and f.get("cmd") in ("get", "set")}


def bench_plus(repeat):
    """From the command to the first request of the new thread as the server saw it, polled."""
    waits = []
    with lib.Redis() as redis:
        for _ in range(max(repeat, 5)):
            client = redis.client()
            with lib.Headless("-d", "3s", "--clients", 1, "--at", "1500ms threads +1", redis.url) as h:
                lib.until("the first thread loads", lambda c=client: loadtop_clients(c))
                first = loadtop_clients(client)
                lib.until("the second thread loads", lambda c=client, f=first: loadtop_clients(c) - f, every=0.0005)
                seen = time.time()
                run = h.wait()
            client.close()
            started = datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00")).timestamp()
            at = next(e["t_s"] for e in run["events"] if e["what"] == "threads")
            waits.append((seen - started - at) * 1e3)
    print("from `+` to the new thread's first operation, median of %d" % len(waits))
    judge("wait", statistics.median(waits), LIMIT_PLUS_MS, "ms")


BENCHES = {"cpu": bench_cpu, "lag": bench_lag, "memory": bench_memory, "workers": bench_workers, "plus": bench_plus}


if __name__ == "__main__":
    main(__doc__, BENCHES)
