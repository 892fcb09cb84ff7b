"""Runs loadtop headless against the stand-in (or CRATE_URL) and reads its JSON."""
import json
import os
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import lib
from lib import LOADTOP, SLOW

BOUND = 240  # seconds, for whatever must happen: only a hang reaches it


def command(*options):
    return [LOADTOP, "--headless", "--json", "-", *options]


def start(url, *options):
    return subprocess.Popen(command(*options, url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, code=0, timeout=BOUND):
    out, err = process.communicate(timeout=timeout * SLOW)
    assert process.returncode == code, "exit %s, not %s: %s" % (process.returncode, code, err[-2000:])
    return Run(json.loads(out), err) if out.strip() else Run(None, err)


def run(url, *options, code=0, timeout=BOUND):
    return finish(start(url, *options), code, timeout)


class Run:
    """The JSON of a run, with short names for what the tests look at."""

    def __init__(self, data, err):
        self.data, self.err = data, err
        self.pool = data["pools"][0] if data and data["pools"] else None

    @property
    def ops(self):
        return self.pool["ops"]

    @property
    def rows(self):
        return self.pool["backend_stats"]["rows"]

    @property
    def classes(self):
        return {c["class"]: c for c in self.pool["error_classes"]}

    def counts_add_up(self):
        o = self.ops
        return o["offered"] == sum(o[k] for k in ("completed", "errors", "timeouts", "in_flight", "dropped"))


def stop(process):
    """Ends a run by a signal, without draining."""
    process.terminate()
    return finish(process, code=143)


def wait_until(true, seconds=BOUND):
    """Polls; the bound is what makes a test end, not a sleep."""
    return lib.until("what the test waits for", true, seconds, every=0.01)
