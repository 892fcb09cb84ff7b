#!/usr/bin/env python3
"""Measures the CPU time to generate and encode one CrateDB record: at most 1.5 us.

Compiles tests/bench/generate.c as a release is compiled and runs it three times; the figure is the median of
the runs' best. Exit 1 when a record without extra columns costs more than 1.5 us.
"""
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT_NS = 1500


def main():
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "generate")
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O2", "-I", ROOT,
                        os.path.join(ROOT, "tests/bench/generate.c"), os.path.join(ROOT, "backends/crate_sql/record.c"),
                        "-o", program], check=True)
        runs = [subprocess.run([program], check=True, capture_output=True, text=True).stdout.split("\n")
                for _ in range(3)]
    ok = True
    print("columns obj_  ns/record  bytes  GB/s   (limit %d ns without extra columns)" % LIMIT_NS)
    for lines in zip(*runs):
        if not lines[0]:
            continue
        objects, size = int(lines[0].split()[0]), int(lines[0].split()[2])
        ns = statistics.median(float(line.split()[1]) for line in lines)
        print("%12d %10.1f %6d %5.2f" % (objects, ns, size, size / ns))
        ok = ok and (objects or ns <= LIMIT_NS)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
