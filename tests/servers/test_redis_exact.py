"""loadtop and Redis count the same operations.

The reference is INFO commandstats: calls + rejected_calls of the operations' commands. A tenth of the random runs is
made here; all 100 with LOADTOP_SOAK=1 (LOADTOP_SEED=N for others).   ctest: timeout=600
"""
import os
import random
import unittest

import lib
from patient import PATIENT, headless

OPS = ("get", "set", "incr", "del", "exists", "lpush", "rpop", "sadd", "hset", "hget", "zadd", "zrange", "ping")
COUNT = 123457 if os.environ.get("LOADTOP_SOAK") else 23457
RUNS = 100 if os.environ.get("LOADTOP_SOAK") else 10
SEED = int(os.environ.get("LOADTOP_SEED", "1"))


class Exact(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = lib.Redis()
        cls.unix = lib.Redis(unix=True)

    @classmethod
    def tearDownClass(cls):
        cls.redis.close()
        cls.unix.close()

    def server(self, *args):
        """Unthrottled load goes over the unix socket: on loopback TCP a window that was full opens again only by a
        probe each 200 ms, and what is in flight then could take longer than the drain at the end."""
        return self.unix if "unthrottled" in " ".join(map(str, args)) else self.redis

    def check(self, run, redis):
        """What holds of every run; the pool."""
        pool = lib.pool(run)
        ops = pool["ops"]
        self.assertEqual(lib.accounting(ops), 0, ops)
        self.assertEqual(ops["timeouts"], 0, ops)
        ended = ops["completed"] + ops["errors"]
        if ops["in_flight"]:  # a busy machine had not answered all when the 5 s of draining were over
            self.assertLessEqual(ended, redis.calls(*OPS))
            self.assertLessEqual(redis.calls(*OPS), ended + ops["in_flight"])
        else:
            self.assertEqual(redis.calls(*OPS), ended, pool["error_classes"])
        for what in ("completed", "errors"):
            self.assertEqual(sum(w[what] for w in pool["workers"]), ops[what])
            self.assertEqual(sum(o[what] for o in pool["by_op"].values()), ops[what])
        for name, op in pool["by_op"].items():
            if not ops["in_flight"]:
                self.assertEqual(redis.calls(name), op["completed"] + op["errors"], name)
        self.assertEqual(sum(c["count"] for c in pool["error_classes"]), ops["errors"])
        accounting = [c for c in run["validity"]["checks"] if c["name"].endswith("accounting")]
        self.assertTrue(accounting and all(c["ok"] for c in accounting), run["validity"])
        return pool

    def exactly(self, redis, *args, count=COUNT):
        redis.command("CONFIG", "RESETSTAT")
        run = headless("-n", count, *args, redis.url)
        pool = self.check(run, redis)
        self.assertEqual(pool["ops"]["offered"], count)
        self.assertEqual(pool["ops"]["completed"], count)
        self.assertEqual(pool["ops"]["dropped"], 0)
        self.assertEqual(run["ended_by"], "count")
        return pool

    def test_every_pattern_with_one_to_four_threads(self):
        for threads, pattern in enumerate(("sync", "batch", "queue", "chain", "unthrottled"), 1):
            with self.subTest(pattern=pattern):
                redis = self.server(pattern)
                self.exactly(redis, "--pattern", pattern, "-t", min(threads, 4), "--clients", 7)
                self.exactly(redis, "--pattern", pattern, "-t", 5 - min(threads, 4), "--clients", 20)

    def test_pipelines(self):
        for depth, clients in ((1, 50), (16, 50), (100, 3), (1000, 2)):
            with self.subTest(depth=depth):
                pool = self.exactly(self.redis, "--pattern", "batch", "--depth", depth, "--clients", clients)
                # The last one of each client may be short.
                self.assertGreaterEqual(pool["batches"]["completed"], COUNT // depth)
                self.assertLessEqual(pool["batches"]["completed"], COUNT // depth + clients)

    def test_fewer_connections_than_clients(self):
        for pattern, connections in (("sync", 3), ("batch", 2), ("chain", 1), ("queue", 5)):
            with self.subTest(pattern=pattern):
                pool = self.exactly(self.redis, "--pattern", pattern, "-t", 2, "--clients", 10, "--connections",
                                    connections)
                self.assertIsNotNone(pool["lease_wait"])

    def test_every_operation_over_a_unix_socket(self):
        pool = self.exactly(self.unix, "--ops", ",".join(OPS), "--size", "0-5000", "--keys", 300, "--dist", "zipf",
                            "-t", 2, "--clients", 10, "--pattern", "chain", "--depth", 8, count=40000)
        self.assertEqual(set(pool["by_op"]), set(OPS))
        self.assertEqual(pool["ops"]["errors"], 0)

    def test_large_values_go_out_and_come_back_whole(self):
        pool = self.exactly(self.unix, "--ops", "get,set", "--size", "200000-3000000", "--keys", 20, "--clients", 4,
                            "--pattern", "batch", "--depth", 5, count=300)
        lengths = [self.unix.command("STRLEN", "loadtop:%012d" % k) for k in range(20)]
        self.assertTrue(all(n == 0 or 200000 <= n <= 3000000 for n in lengths), lengths)
        self.assertGreater(max(lengths), 1000000)
        self.assertGreater(pool["bytes"]["sent"], 300 * 0.3 * 200000)
        self.unix.command("FLUSHALL")

    def test_what_was_sent_is_what_was_asked_for(self):
        self.unix.command("FLUSHALL")
        self.exactly(self.unix, "--ops", "set", "--dist", "sequential", "--keys", 1000, "--size", "10-20", "-t", 3,
                     "--clients", 4, count=1000)
        self.assertEqual(self.unix.command("DBSIZE"), 1001)  # and the run's mark
        values = self.unix.command("MGET", *("loadtop:%012d" % k for k in range(1000)))
        self.assertTrue(all(10 <= len(v) <= 20 for v in values))
        self.assertEqual({len(v) for v in values}, set(range(10, 21)))
        self.assertGreater(len(set(values)), 990)
        self.exactly(self.unix, "--ops", "set", "--dist", "sequential", "--keys", 10, "--ttl", "1h", "--clients", 1,
                     count=10)
        self.assertTrue(all(3500 < self.unix.command("TTL", "loadtop:%012d" % k) <= 3600 for k in range(10)))
        self.assertEqual(self.unix.command("TTL", "loadtop:%012d" % 10), -1)

    def test_reads_of_a_sequence_find_what_was_written(self):
        """They have a cursor of their own: with one for both, a read took the key after the one just written."""
        for clients, ops in (1, "set:1,get:1"), (20, "set:1,get:1"), (5, "set:1,get:9"):
            with self.subTest(clients=clients, ops=ops):
                self.redis.command("FLUSHALL")
                self.exactly(self.redis, "--ops", ops, "--dist", "sequential", "--keys", 100000, "--clients", clients,
                             count=20000)
                hits, misses = (int(self.redis.info("stats")[k]) for k in ("keyspace_hits", "keyspace_misses"))
                self.assertGreater(hits, 0.97 * (hits + misses), (hits, misses))

    def test_what_the_server_says_of_a_run_below_a_second(self):
        """The last look at the server is of the whole run, however short it is: its hit ratio is that of the run's own
        reads, which the server counted too, and its CPU is known."""
        for count in 5, 50, 200, 2000:
            with self.subTest(count=count):
                self.redis.command("FLUSHALL")
                pool = self.exactly(self.redis, "--ops", "get:60,set:40", "--keys", 50, "--clients", 4, count=count)
                stats = pool["backend_stats"]
                reads = self.redis.calls("get")
                self.assertEqual(stats["get_hits"] + stats["get_misses"], reads)
                self.assertAlmostEqual(stats["hit_ratio"], stats["get_hits"] / reads, delta=1e-6)
                self.assertGreaterEqual(stats["server_cpu_share"], 0)
                self.assertRegex(pool["note"], r"^cpu \d+ %.*hit ratio [\d.]+ %$")

    def test_the_same_seed_makes_the_same_data(self):
        seen = []
        for _ in range(2):
            self.unix.command("FLUSHALL")
            self.exactly(self.unix, "--seed", 42, "--ops", "set", "--size", "8-40", "--clients", 1, count=500)
            keys = sorted(self.unix.command("KEYS", "*"))
            seen.append(list(zip(keys, self.unix.command("MGET", *keys))))
        self.assertEqual(seen[0], seen[1])

    def test_random_runs(self):
        for i in range(RUNS):
            seed = SEED * 1000 + i
            with self.subTest(seed=seed):
                r = random.Random(seed)
                args = random_run(r)
                redis = self.server(*args)
                redis.command("CONFIG", "RESETSTAT")
                run = headless(*args, redis.url)
                self.check(run, redis)
                refused = [e for e in run["events"] if e["what"] == "refused"]
                self.assertEqual(refused, [], args)


def random_run(r):
    """Options for 1.5 s with random commands in between. A server needs seconds for what a few unthrottled threads
    have in flight, so there they are two at most: nothing may end undecided, or the counts could not be compared."""
    patterns, threads = ["sync", "batch", "queue", "chain"], 5
    if r.random() < 0.25:
        patterns, threads = patterns + ["unthrottled"], 2
    args = ["-d", "1500ms", *PATIENT, "--seed", r.randrange(1 << 30), "-t", r.randint(1, threads),
            "--clients", r.randint(1, 30), "--pattern", r.choice(patterns)]
    if r.random() < 0.3:
        args += ["--connections", r.randint(1, 5)]
    if r.random() < 0.3:
        args += ["--rate", "%d/s" % r.randint(100, 50000), "--arrival", r.choice(["constant", "poisson"])]
    if r.random() < 0.5:
        args += ["--ops", ",".join(r.sample(OPS, r.randint(1, 6)))]
    for _ in range(r.randint(3, 14)):
        args += ["--at", "%dms %s" % (r.randint(1, 1450), r.choice([
            "threads %d" % r.randint(1, threads), "threads %d" % r.randint(1, threads), "threads 1", "threads /2",
            "clients %d" % r.randint(1, 60), "connections %d" % r.randint(1, 20), "connections auto",
            "depth %d" % r.randint(1, 64), "pattern %s" % r.choice(patterns), "set keys %d" % r.randint(1, 100000),
            "set size %d-%d" % (r.randint(0, 50), r.randint(50, 3000)),
            "set dist %s" % r.choice(["zipf", "uniform", "sequential"]), "ops %s" % ",".join(r.sample(OPS, 3)),
            "rate %d/s" % r.randint(100, 50000), "rate off", "set ttl %dms" % r.randint(0, 5000)]))]
    if r.random() < 0.6:
        at = r.randint(1, 1000)
        args += ["--at", "%dms pause" % at, "--at", "%dms resume" % (at + r.randint(1, 300))]
    if r.random() < 0.3:
        at = r.randint(1, 1000)
        args += ["--at", "%dms stop" % at, "--at", "%dms start" % (at + r.randint(100, 300))]
    return args


if __name__ == "__main__":
    lib.main()
