"""A file of docs/examples against its server, in seconds instead of minutes.

    run = examples.run(self, "kafka-consumers.yaml", node.bootstrap, at=0.1)

Each timed command must act: by what the run says it did, not by what it was asked for.
"""
import os
import re

import lib
from patient import BOUND


def commands(text):
    """[command] of the file's `at`."""
    part = re.search(r"(?m)^at:\n((?:  .*\n)*)", text)
    return re.findall(r'- "\S+ ([^"]*)"', part.group(1)) if part else []


def shorter(text, at):
    """The timed commands at so much of their time."""
    return re.sub(r'(?m)^(  - ")(\d+)s ', lambda m: "%s%dms " % (m.group(1), at * 1000 * int(m.group(2))), text)


def done(run):
    """What the run's timed commands did, as they were asked for."""
    found = ["%s %s %s" % (e["pool"], e["what"], e["to"]) for e in run["events"] if e["by"] == "at"]
    return found + (["quit"] if run["ended_by"] == "user" else [])


def run(test, name, address, *args, at=1, change=(), code=0):
    """Runs a copy with `address` in the place of localhost's; change: (old, new) texts, each of which must be there. The
    run's JSON, whose file is run["_file"] until the test ends."""
    with open(os.path.join(lib.ROOT, "docs", "examples", name), encoding="utf-8") as f:
        text = shorter(re.sub(r"localhost:\d+", address, f.read()), at)
    for old, new in change:
        test.assertIn(old, text)
        text = text.replace(old, new)
    place = lib.folder(test)
    path, out = lib.write(os.path.join(place, name), text), os.path.join(place, "run.json")
    ended = lib.loadtop("--headless", "--no-history", "-q", "-f", path, "--json", out, *args, timeout=BOUND)
    test.assertEqual(ended.code, code, ended)
    found = lib.read_json(out)
    test.assertEqual(done(found), commands(text))
    for pool in found["pools"]:
        test.assertEqual(lib.accounting(pool["ops"]), 0, pool["name"])
        test.assertGreater(pool["ops"]["completed"], 0, pool["name"])
        test.assertEqual(pool["error_classes"], [], pool["name"])
    return found
