#!/usr/bin/env python3
"""Measures the memory of 1,000 CrateDB connections with 100 rows per request: below 80 MB over HTTP; also over TLS.

    ./dev bench crate_memory [--connections N] [--rows N]

All connections have a request in flight at once, because the stand-in answers after a second and a half. The figure is
the peak of RssAnon, minus that of the same program with one connection.
"""
import argparse
import os
import re
import sys
import threading
import time

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "crate_standin"))
from harness import Standin
from loadtop import start, finish

LIMIT_MB = 80


def most_anon_mb(s, clients, args):
    query = "rows=%d&clients=%d&balance=0&timeout=60s%s" % (args.rows, clients, "&tls.ca=" + s.cert if s.tls else "")
    process = start(s.url(query=query), "-d", "12s")
    results = []
    reader = threading.Thread(target=lambda: results.append(finish(process, timeout=120)))
    reader.start()
    most = 0
    while reader.is_alive():
        try:
            with open("/proc/%d/status" % process.pid) as f:
                found = re.search(r"RssAnon:\s+(\d+)", f.read())
            most = max(most, int(found.group(1)) if found else 0)
        except OSError:
            pass
        time.sleep(0.02)
    result = results[0]
    assert result.ops["errors"] == result.ops["timeouts"] == 0, result.classes
    return most / 1024


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--connections", type=int, default=1000)
    p.add_argument("--rows", type=int, default=100)
    args = p.parse_args()
    ok = True
    for tls in (False, True):
        with Standin(tls=tls) as s:
            s.fault("fake", ms=1500)
            one = most_anon_mb(s, 1, args)
            many = most_anon_mb(s, args.connections, args)
            reached = s.stats()["stats"]["most_connections"]
            if reached < args.connections:
                print("only %d connections were reached: this machine is too busy" % reached)
                ok = False
        print("%-5s %5d connections, rows=%d: %6.1f MB above one connection (%.1f MB)%s" % (
            "TLS" if tls else "plain", args.connections, args.rows, many - one, one,
            "" if tls else ", limit %d MB" % LIMIT_MB), flush=True)
        ok = ok and (tls or many - one < LIMIT_MB)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
