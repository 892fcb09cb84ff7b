"""Waits for what must happen, with a time limit that only a hang reaches, however busy the machine is.

    from patient import BOUND, SOAK, headless, until
    until("rows", lambda: len(keys()) == 100)

How long something takes is checked only by `./dev bench soak` (SOAK), on a machine that does nothing else.
"""
import os
import shutil
import tempfile

import lib

BOUND = 240  # seconds
SOAK = bool(os.environ.get("LOADTOP_SOAK"))
PATIENT = ("--timeout", "200s")  # an answer may be late: that is not what is tested here


def until(what, probe, every=0.02):
    return lib.until(what, probe, BOUND, every)


def headless(*args, **more):
    """lib.headless for a run whose counts are exact: no answer is too late for it."""
    return lib.headless(*([] if "--timeout" in args else PATIENT), *args, **dict({"timeout": BOUND}, **more))


def stop(h):
    """Ends a run in the background by a signal: its JSON."""
    h.signal(lib.signal.SIGTERM)
    return h.wait(timeout=BOUND, code=128 + lib.signal.SIGTERM)


class Watched(lib.Pty):
    """A run without a screen whose line of progress is drawn again twice a second: what it says is in text()."""

    def __init__(self, *args):
        self.dir = tempfile.mkdtemp(prefix="loadtop-run-")
        self.json = os.path.join(self.dir, "run.json")
        super().__init__(lib.LOADTOP, "--headless", "--json", self.json, *args, cols=400, rows=60)

    def end(self):
        """Ends it by a signal: its JSON."""
        self.signal(lib.signal.SIGTERM)
        code = self.wait(BOUND)
        assert code == 128 + lib.signal.SIGTERM, (code, self.text())
        return lib.read_json(self.json)

    def close(self):
        super().close()
        shutil.rmtree(self.dir, ignore_errors=True)
