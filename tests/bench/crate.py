#!/usr/bin/env python3
"""Compares loadtop with the Python client `crate` on one table: records/s, CPU per record, memory.

    ./dev bench crate [--seconds S] [--repeat N] [--cells 1x100,4x200,...] [--store]

Both load the same server in the same run, interleaved; figures are medians. The server is the one of CRATE_URL
(crate://[user:password@]host[:port]; the bench's own table there is dropped at the end).
Without it, it is the stand-in, which answers as if it had stored (--store: it stores): then records/s say what the
stand-in can do and nothing about CrateDB, and only the clients' CPU and memory are of interest.

The peer is the reference generator's loop on the client from PyPI, in a virtual environment under .cache (made by
the first run). CPU is user and system time of the whole process, memory the most anonymous memory above the same
program with one connection at rest (loadtop) or an interpreter that has imported the client (the peer).
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "crate_standin"))
from harness import Real, Standin

LOADTOP = os.environ.get("LOADTOP", os.path.join(ROOT, "build", "loadtop"))
PEER = os.path.join(ROOT, "tests", "bench", "crate_peer.py")


def peer_python():
    """An interpreter that has the client."""
    folder = os.path.join(ROOT, ".cache", "crate-venv")
    python = os.path.join(folder, "bin", "python3")
    if subprocess.run([python, "-c", "import crate"], stderr=subprocess.DEVNULL).returncode if os.path.exists(python) else 1:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", "crate"], check=True)
    return python


def measured(command, env=None):
    """Runs it: (stdout, CPU seconds, most anonymous memory in KB)."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    most = 0
    while True:
        try:
            with open("/proc/%d/status" % process.pid) as f:
                found = re.search(r"RssAnon:\s+(\d+)", f.read())
            if not found:
                break  # it has ended and waits to be reaped
            most = max(most, int(found.group(1)))
        except OSError:
            break
        time.sleep(0.02)
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("%s: exit %d: %s" % (command[0], process.returncode, err[-800:]))
    return out, usage.ru_utime + usage.ru_stime, most


class Ours:
    name = "loadtop"

    def __init__(self, url):
        self.url = url + ("&" if "?" in url else "?")

    def run(self, threads, rows, seconds):
        query = "threads=%d&rows=%d&balance=0" % (threads, rows)
        out, cpu, most = measured([LOADTOP, "--headless", "-q", "--json", "-", "--max-threads", "64", "--max-clients", "1024",
                                   "--allow-destructive", "-d", "%gs" % seconds, self.url + query])
        pool = json.loads(out)["pools"][0]
        return pool["ops"]["completed"] / seconds, cpu / max(1, pool["ops"]["completed"]), most

    def rest(self):
        return measured([LOADTOP, "--headless", "-q", "--allow-destructive", "--rate", "1/s", "-d", "1s",
                         self.url + "rows=1&balance=0"])[2]


class Peer:
    name = "crate (PyPI)"

    def __init__(self, python, http, table, user="", password=""):
        self.python, self.http, self.table = python, http, table
        self.env = dict(os.environ, CRATE_USER=user, CRATE_PASSWORD=password)  # not where `ps` shows them

    def run(self, threads, rows, seconds):
        out, cpu, most = measured([self.python, PEER, self.http, self.table, str(threads), str(rows), str(seconds)],
                                  self.env)
        result = json.loads(out)
        return result["rows"] / result["seconds"], cpu / max(1, result["rows"]), most

    def rest(self):
        return measured([self.python, "-c", "import crate.client, time; time.sleep(0.3)"])[2]


def table(ours, peer, cells, args):
    rest = {c.name: c.rest() for c in (ours, peer)}
    print("%-9s %14s %14s %7s %12s %12s %7s %10s %10s" % (
        "threads", "loadtop", "python", "times", "loadtop", "python", "times", "loadtop", "python"))
    print("%-9s %14s %14s %7s %12s %12s %7s %10s %10s" % (
        "x rows", "records/s", "records/s", "", "us CPU/rec", "us CPU/rec", "less", "MB above", "MB above"))
    for threads, rows in cells:
        seen = {ours.name: [], peer.name: []}
        for _ in range(args.repeat):
            for c in (ours, peer):
                seen[c.name].append(c.run(threads, rows, args.seconds))
        mid = {n: [statistics.median(v[i] for v in values) for i in range(3)] for n, values in seen.items()}
        a, b = mid[ours.name], mid[peer.name]
        print("%-9s %14.0f %14.0f %7.2f %12.2f %12.2f %7.1f %10.1f %10.1f" % (
            "%dx%d" % (threads, rows), a[0], b[0], a[0] / b[0] if b[0] else 0, a[1] * 1e6, b[1] * 1e6, b[1] / a[1],
            (a[2] - rest[ours.name]) / 1024, (b[2] - rest[peer.name]) / 1024), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seconds", type=float, default=3)
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--cells", default="1x100,4x200,8x500,16x1000")
    p.add_argument("--store", action="store_true", help="the stand-in stores rows in place of pretending to")
    p.add_argument("--python", help="an interpreter with the client `crate`")
    args = p.parse_args()
    cells = [tuple(map(int, c.split("x"))) for c in args.cells.split(",")]
    python = args.python or peer_python()
    if os.environ.get("CRATE_URL"):
        with Real() as s:
            print("server: %s" % s.shown())
            http, user, password = s.http()
            table(Ours(s.url()), Peer(python, http, '"doc"."%s"' % s.table, user, password), cells, args)
        return 0
    with Standin() as s:
        print("server: the STAND-IN of the tests%s. Its records/s are not CrateDB's; compare CPU and memory only." % (
            "" if args.store else ", which only pretends to store"))
        if not args.store:
            s.fault("fake")
        table(Ours(s.url("doc.bench")), Peer(python, "http://127.0.0.1:%d" % s.port, '"doc"."bench"'), cells, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
