#!/usr/bin/env python3
"""The program that tests/bench/crate.py compares loadtop with: the reference generator's loop on the Python client
`crate` (PyPI).

    crate_peer.py URL TABLE THREADS ROWS SECONDS [pregenerated]

Each thread has its own connection and generator, and inserts in bulk. Prints one JSON object: rows and seconds.
CRATE_USER, CRATE_PASSWORD and CRATE_CA are read from the environment. With `pregenerated` each thread generates one
batch and sends it again and again with new keys, which measures the client alone.
"""
import json
import os
import random
import sys
import threading
import time
import uuid

sys.path.pop(0)  # this folder has a crate.py of its own
from crate import client

REGIONS = ("us-east", "us-west", "eu-central", "ap-southeast")
CATEGORIES = ("electronics", "books", "clothing", "home", "sports")
EVENTS = ("view", "click", "purchase", "cart_add", "cart_remove")
SEGMENTS = ("premium", "standard", "basic", "trial")
COLUMNS = ("id", "timestamp", "region", "product_category", "event_type", "user_id", "user_segment", "amount",
           "quantity", "metadata")


def record(r):
    return [str(uuid.uuid4()), int(time.time() * 1000), r.choice(REGIONS), r.choice(CATEGORIES), r.choice(EVENTS),
            r.randint(1, 10000), r.choice(SEGMENTS), round(r.uniform(1, 1000), 2), r.randint(1, 100),
            {"browser": r.choice(("Chrome", "Firefox", "Safari", "Edge")),
             "os": r.choice(("Windows", "macOS", "Linux", "Android", "iOS")), "session_id": "%016x" % r.getrandbits(64)}]


def work(url, table, rows, until, again, done):
    user = os.environ.get("CRATE_USER")
    who = {"username": user, "password": os.environ.get("CRATE_PASSWORD")} if user else {}
    cursor = client.connect(url, timeout=30, ca_cert=os.environ.get("CRATE_CA"), **who).cursor()
    r = random.Random()
    sql = "INSERT INTO %s (%s) VALUES (%s)" % (table, ", ".join('"%s"' % c for c in COLUMNS), ",".join("?" * len(COLUMNS)))
    batch = [record(r) for _ in range(rows)]
    stored = 0
    while time.monotonic() < until:
        if again:
            for row in batch:
                row[0] = str(uuid.uuid4())
        else:
            batch = [record(r) for _ in range(rows)]
        results = cursor.executemany(sql, batch)
        stored += sum(1 for x in results if x["rowcount"] == 1)
    done.append(stored)


def main():
    url, table, threads, rows, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
    done = []
    start = time.monotonic()
    pool = [threading.Thread(target=work, args=(url, table, rows, start + seconds, "pregenerated" in sys.argv, done))
            for _ in range(threads)]
    for t in pool:
        t.start()
    for t in pool:
        t.join()
    print(json.dumps({"rows": sum(done), "seconds": time.monotonic() - start}))


if __name__ == "__main__":
    main()
