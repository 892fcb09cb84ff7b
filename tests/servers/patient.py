"""Waiting for what must happen, with a bound that only a hang reaches, however busy the machine is.

    from patient import BOUND, SOAK, headless, until
    until("rows", lambda: len(keys()) == 100)

How long something takes is judged in `./dev bench soak` alone (SOAK), on a machine that does nothing else.
"""
import os

import lib

BOUND = 240  # seconds
SOAK = bool(os.environ.get("LOADTOP_SOAK"))
PATIENT = ("--timeout", "200s")  # an answer may be late: here that is nobody's fault


def until(what, probe, every=0.02):
    return lib.until(what, probe, BOUND, every)


def headless(*args, **more):
    """lib.headless for a run whose counts are exact: no answer is too late for it."""
    return lib.headless(*([] if "--timeout" in args else PATIENT), *args, **dict({"timeout": BOUND}, **more))


def stop(h):
    """Ends a run in the background by a signal: its JSON."""
    h.signal(lib.signal.SIGTERM)
    return h.wait(timeout=BOUND, code=128 + lib.signal.SIGTERM)
