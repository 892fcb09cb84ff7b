"""The verdicts of a bench: a line for each figure with its limit, and an exit status that says whether all held."""
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
