"""Prints the results of a bench, one line for each figure with its limit, and sets the exit status: did all figures
meet their limits?"""
import argparse
import sys

_missed = []


def judge(what, value, limit, unit):
    """Prints value (in unit) against the limit that it must not exceed."""
    fine = value <= limit
    if not fine:
        _missed.append(what)
    print("  %-52s %9.4g %-3s limit %g  %s" % (what, value, unit, limit, "ok" if fine else "MISSED"), flush=True)


def finish():
    """Ends the program: 1 with the names of the missed limits, or 0."""
    sys.exit("missed: " + ", ".join(_missed) if _missed else 0)


def main(doc, benches):
    """Runs the benches named on the command line, or all, each with --repeat, and ends the program."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="*", metavar="|".join(benches))
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    for name in args.bench or benches:
        if name not in benches:
            parser.error("%s: not one of %s" % (name, ", ".join(benches)))
        print(name, flush=True)
        benches[name](args.repeat)
    finish()
