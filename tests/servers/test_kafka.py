"""The broker's offsets equal what was produced; each message is consumed exactly once (deliver=share) or exactly once
by each client (each), in order, while threads, clients and connections change and through pauses.
ctest: timeout=900
"""
import contextlib
import glob
import os
import random
import signal
import time
import unittest

import examples
import json_page
import kafka_node
import lib
from patient import BOUND, PATIENT, SOAK, headless, until

RUNS = int(os.environ.get("LOADTOP_SOAK_RUNS") or 3)  # random runs; the soak makes it 50
CLEAN = {"missing": 0, "duplicates": 0, "redelivered": 0, "reordered": 0}


def consumer(pool):
    return pool["backend_stats"]["consumer"]


def order(pool):
    found = dict(consumer(pool)["order"])
    found.pop("checked")
    return found


class Kafka(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = kafka_node.Node(log_message_timestamp_type="LogAppendTime")

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def produce(self, topic, n, **options):
        run = headless("-n", n, self.node.url(topic, **options))
        pool = lib.pool(run)
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertEqual(pool["ops"]["completed"], n)
        return pool

    def test_acknowledged_is_what_the_broker_has(self):
        for options in ({}, {"pattern": "batch", "depth": 500}, {"pattern": "queue", "depth": 200, "threads": 2},
                        {"pattern": "chain", "depth": 1000, "clients": 3, "acks": 1, "keys": 100, "compression": "lz4"},
                        {"pattern": "unthrottled", "size": "0-2000", "partitioner": "roundrobin"},
                        {"pattern": "chain", "depth": 5000, "idempotence": "yes", "kafka__linger__ms": 1}):
            topic, n = kafka_node.name(), 123 if not options else 23457
            with self.subTest(options):
                pool = self.produce(topic, n, partitions=3, **options)
                self.assertEqual(self.node.ends(topic), n)
                self.assertEqual(pool["backend_stats"]["acknowledged"], n)
                self.assertEqual(pool["left_behind"], [{"kind": "topic", "what": topic, "count": n}])

    def test_a_run_below_a_second(self):
        """The lag of consumers that were gone before they were looked at is what the broker has and they did not take."""
        topic = kafka_node.name()
        self.produce(topic, 1000, partitions=2)
        run = headless("-n", 300, self.node.url(topic, ops="consume", assign="hand", **{"from": "earliest"}))
        self.assertEqual(lib.pool(run)["ops"]["completed"], 300)
        self.assertEqual(consumer(lib.pool(run))["lag"], self.node.ends(topic) - 300)

    def test_a_full_queue_is_back_pressure(self):
        topic = kafka_node.name()
        self.produce(topic, 20000, pattern="chain", depth=5000, partitions=2, kafka__queue__buffering__max__messages=50)
        self.assertEqual(self.node.ends(topic), 20000)

    def test_librdkafkas_threads_are_the_generator_too(self):
        """Compression is done on a thread of the library's: the worker, which only waits, is not what is busiest."""
        with lib.Headless("-d", "5s", self.node.url(kafka_node.name(), pattern="chain", depth=20000, size=1000,
                                                    compression="gzip", partitions=1)) as h:
            used = {}  # CPU seconds of each thread, as the kernel counts them

            def ended():
                for task in glob.glob("/proc/%d/task/*/stat" % h.pid):
                    with contextlib.suppress(OSError), open(task) as f:
                        name, _, fields = f.read().partition("(")[2].rpartition(") ")
                        used[task] = name, sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")
                return not lib.alive(h.pid)
            until("the end", ended, every=0.1)
            run = h.wait(code=None)
        library = max(cpu for name, cpu in used.values() if name.startswith("rdk:"))
        worker = max(cpu for name, cpu in used.values() if not name.startswith("rdk:"))
        told, = (c["value"] for c in run["validity"]["checks"] if c["name"] == "generator_cpu")
        self.assertGreater(library, worker)
        self.assertGreater(told, 0.5 * library / run["elapsed_s"])  # which is its mean, set-up and all
        self.assertGreater(told, worker / run["elapsed_s"])

    def test_keys_land_where_javas_client_puts_them(self):
        topic = kafka_node.name()
        self.produce(topic, 2000, keys=20, partitions=5, pattern="chain")
        seen = {}
        for line in self.node.kcat("-C", "-t", topic, "-e", "-q", "-f", "%k %p\n").split("\n"):
            if line:
                key, partition = line.split()
                seen.setdefault(key, set()).add(int(partition))
        # org.apache.kafka.common.utils.Utils.murmur2 of "0".."19", & 0x7fffffff, % 5
        self.assertEqual({k: min(v) for k, v in seen.items() if len(v) == 1},
                         {str(k): (murmur2(str(k).encode()) & 0x7fffffff) % 5 for k in range(20)})

    def test_end_to_end_is_counted_once(self):
        topic = kafka_node.name()
        run = headless("-n", 2000, "-t", 2, self.node.url(topic, ops="e2e", partitions=2, linger=0, pattern="chain"))
        pool = lib.pool(run)
        self.assertEqual(pool["ops"]["completed"], 2000)
        self.assertEqual(self.node.ends(topic), 2000)
        self.assertEqual(pool["latency"]["service"]["count"], 2000)
        self.assertGreater(pool["latency"]["service"]["p50_us"], 50)

    def test_each_handling_takes_every_message(self):
        topic, n = kafka_node.name(), 30000
        self.produce(topic, n, pattern="chain", depth=500, partitions=4, size="32-5000")
        for handling in ("borrow", "copy", "recycle"):
            for work in ("0", "20us"):
                with self.subTest(handling=handling, work=work):
                    run = headless("-n", n, "-d", "240s", self.node.url(
                        topic, ops="consume", **{"from": "earliest"}, clients=4, handling=handling, work=work))
                    pool = lib.pool(run)
                    self.assertEqual(pool["ops"]["completed"], n)
                    self.assertEqual(order(pool), CLEAN)
                    alloc = consumer(pool)["run"]["alloc_s"]
                    (self.assertEqual if handling == "borrow" else self.assertGreater)(alloc, 0)

    def test_a_producers_settings_change_while_it_runs(self):
        """One message at a time waits for its linger, by the broker's own stamps."""
        topic, linger_s = kafka_node.name(), 0.35
        run = headless("-d", "7s", "--at", "3s set linger 350ms", self.node.url(topic, linger=0, partitions=1))
        pool = lib.pool(run)
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertEqual(pool["ops"]["completed"], self.node.ends(topic))
        self.assertEqual(pool["ops"]["errors"], 0)
        self.assertEqual([e["what"] for e in run["events"] if e["what"] in ("down", "up")], [])
        times = self.node.appended(topic)
        self.assertGreater(len(times), 10)
        self.assertLess(min(b - a for a, b in zip(times, times[1:])), linger_s / 2)
        self.assertGreater((times[-1] - times[-4]) / 3, 0.9 * linger_s)

    def test_n_is_exact_for_what_is_received(self):
        topic = kafka_node.name()
        self.produce(topic, 5000, pattern="chain", depth=500, partitions=2)
        run = headless("-n", 1234, "-d", "240s", self.node.url(topic, ops="consume", **{"from": "earliest"}))
        self.assertEqual(lib.pool(run)["ops"]["completed"], 1234)

    def test_where_reading_begins(self):
        topic, group = kafka_node.name(), kafka_node.name()
        self.produce(topic, 100, pattern="chain", partitions=3)
        then = int(time.time() * 1000) + 1
        until("time goes on", lambda: time.time() * 1000 > then)
        self.produce(topic, 50, pattern="chain")

        def consumed(n, *args, **options):
            """So many, and the group is at the end then: it began so many messages before it."""
            group = options.setdefault("group", kafka_node.name())
            pool = lib.pool(headless("-d", "240s" if n else "3s", *(["-n", n] if n else []), *args,
                                     self.node.url(topic, ops="consume", **options)))
            self.assertEqual(pool["ops"]["completed"], n, options)
            self.assertEqual(order(pool), CLEAN)
            return sum(max(self.node.offsets(group, topic, p)[0], 0) for p in range(3))
        self.assertEqual(consumed(150, **{"from": "earliest"}), 150)
        consumed(0, **{"from": "latest"})
        self.assertEqual(consumed(50, **{"from": then}), 150)
        self.assertEqual(consumed(150, **{"from": "1h"}), 150)
        self.assertEqual(consumed(60, group=group, **{"from": "earliest"}), 60)
        self.assertEqual(consumed(90, "--allow-destructive", group=group), 150)
        consumed(0, "--allow-destructive", group=group)

    def test_known_work_gives_a_known_share(self):
        """Handling is at least what the messages times the work say, and the three shares are all of the time. What a
        busy machine adds to it is judged in the soak."""
        topic = kafka_node.name()
        url = lambda **options: self.node.url(topic, partitions=1, count=3000, **options)
        run = headless("-d", "240s", url(name="P", rate=1000, arrival="poisson", pattern="chain", depth=50, linger=0),
                       url(name="C", ops="consume", **{"from": "earliest"}, work="400us"))
        pool, excuse = lib.pool(run, "C"), lib.disturbed(run)
        self.assertEqual(pool["ops"]["completed"], 3000)
        run = consumer(pool)["run"]
        busy = 3000 * 400e-6 / run["client_s"]
        self.assertGreaterEqual(run["handling_share"], busy - 0.02)
        self.assertAlmostEqual(run["handling_share"] + run["wait_share"] + run["ready_share"], 1, delta=0.02)
        if SOAK and not excuse:
            self.assertLessEqual(run["handling_share"], busy + 0.02)

    def test_where_it_falls_behind(self):
        """50/s for clients that need 30 ms a message: 6 take 200/s at most, 1 takes 33/s."""
        topic, work_s = kafka_node.name(), 30e-3
        run = headless("--sweep", "C clients=6,1 hold=14s", self.node.url(
            topic, name="P", partitions=6, pattern="chain", depth=200, rate=50), self.node.url(
                topic, name="C", partitions=6, ops="consume", assign="hand", clients=6, work="30ms"))
        pool = lib.pool(run, "C")
        rows = {r["clients"]: r for r in consumer(pool)["by_clients"]}
        self.assertEqual(set(rows), {1, 6})
        self.assertIn(rows[6]["state"], ("keeps up", "stressed"), rows)
        self.assertEqual(rows[1]["state"], "falling behind", rows)
        self.assertLess(rows[1]["wait_share"], 0.1, rows)
        for clients, row in rows.items():
            self.assertGreater(row["handling_share"], row["messages_per_s"] * work_s / clients - 0.03, rows)
            if SOAK:
                self.assertLess(row["handling_share"], row["messages_per_s"] * work_s / clients + 0.03, rows)
        grows = rows[1]["produced_per_s"] - rows[1]["messages_per_s"]
        self.assertAlmostEqual(rows[1]["lag_slope_per_s"], grows, delta=0.25 * grows)
        found, = consumer(pool)["findings"]
        self.assertIn("falls behind with 1 client, keeps up from 6", found)
        self.assertEqual(len(consumer(pool)["table"]["rows"]), 2)
        self.assertEqual(pool["bottleneck"]["kind"], "client", pool["bottleneck"])
        for plateau in pool["plateaus"]:
            self.assertIn("wait_share", plateau["columns"])
        self.check_page(run)

    def test_the_example(self):
        """docs/examples: consumers are added twice, and each gets every message."""
        run = examples.run(self, "kafka-consumers.yaml", self.node.bootstrap, at=0.1,
                           change=[("rate: 10k/s", "rate: 200/s")])
        self.assertEqual(lib.pool(run, "consumers")["clients"], 60)
        self.assertEqual(lib.pool(run, "producers")["ops"]["completed"], self.node.ends("loadtop-example"))

    def check_page(self, run):
        """docs/json.md has every field that producers and consumers write, and no other."""
        page = json_page.Page()
        page.check(self, run, "producers and consumers")
        page.check_backend(self, lib.pool(run, "C"), "Kafka", "Kafka consumers", "One way of consuming")

    def test_a_sweep_waits_for_the_verdict(self):
        """Without hold= a step ends when it is steady, which throughput is long before one knows whether lag grows."""
        topic = kafka_node.name()
        run = headless("--sweep", "C connections=0,1", self.node.url(
            topic, name="P", partitions=2, pattern="chain", depth=500, rate=100), self.node.url(
                topic, name="C", partitions=2, ops="consume", deliver="each", clients=4, handling="copy"))
        pool = lib.pool(run, "C")
        rows = consumer(pool)["by_clients"]
        self.assertEqual([r["connections"] for r in rows], [4, 1])
        for row in rows:
            self.assertIn(row["state"], ("keeps up", "stressed"), rows)
        # What sharing does is told from how it began.
        told, = [f for f in consumer(pool)["findings"] if "(own, copy)" in f]
        self.assertRegex(told, r"^4 clients, 1 shared, copy \(own, copy\): .* \(.*\), wait [\d.]+ % \([\d.]+\), "
                         r"alloc\+free [\d.]+\w+ a message \([\d.]+\w+\), [\d.]+\w+ a client \([\d.]+\w+\)$")

    def random_run(self, seed, mode):
        rng = random.Random(seed * 7 + len(mode))
        topic, at, t = kafka_node.name(), [], 1.0
        for _ in range(rng.randint(3, 8)):
            t += rng.uniform(0.2, 1.0)
            what = rng.choice(("threads", "clients", "connections"))
            at += ["--at", "%.2fs %s %s %d" % (t, rng.choice("CCCP"), what, rng.randint(1, 3 if what == "threads" else 6))]
        if rng.random() < 0.4:
            pause = rng.uniform(1, t)
            at += ["--at", "%.2fs C pause" % pause, "--at", "%.2fs C resume" % (pause + rng.uniform(0.2, 1))]
        rate = rng.choice((500, 2000, 5000))
        n = int(rate * t)
        options = {"share": {}, "hand": {"assign": "hand"}, "each": {"deliver": "each"}}[mode]
        options.update(work=rng.choice(("0", "0", "20us")), handling=rng.choice(("borrow", "copy", "recycle")))
        partitions = rng.choice((1, 3, 8))
        # How many "each" makes of it is not known: its clients begin at the earliest message whenever they come.
        if mode != "each":
            options["count"] = n
        with lib.Headless("-d", "240s", *PATIENT, *at,
                          self.node.url(topic, name="P", partitions=partitions, pattern="chain", depth=200, rate=rate,
                                        count=n),
                          self.node.url(topic, name="C", partitions=partitions, ops="consume", **{"from": "earliest"},
                                        clients=rng.randint(1, 5), **options)) as h:
            run = kafka_node.settled(h, self.node, topic) if mode == "each" else h.wait(timeout=BOUND)
        produced, consumed = lib.pool(run, "P"), lib.pool(run, "C")
        told = "seed %d %s: %s" % (seed, mode, at)
        self.assertEqual(lib.accounting(produced["ops"]), 0, told)
        self.assertEqual(lib.accounting(consumed["ops"]), 0, told)
        self.assertEqual(produced["ops"]["completed"], n, told)
        self.assertEqual(self.node.ends(topic), n, told)
        self.assertEqual(order(consumed), CLEAN, told)
        self.assertEqual(consumer(consumed)["order"]["checked"], consumed["ops"]["completed"], told)
        if mode != "each":
            self.assertEqual(consumed["ops"]["completed"], n, told)
        else:
            self.assertGreaterEqual(consumed["ops"]["completed"], n, told)

    def test_random_runs(self):
        for seed in range(RUNS):
            self.random_run(seed, ("share", "hand", "each")[seed % 3])

    def test_each_client_gets_every_message(self):
        topic, n = kafka_node.name(), 6000
        self.produce(topic, n, pattern="chain", depth=500, partitions=5)
        for clients, connections, threads in ((1, 1, 1), (6, 6, 1), (6, 2, 1), (7, 1, 1), (3, 3, 2), (4, 2, 2)):
            with self.subTest(clients=clients, connections=connections, threads=threads):
                want = n * clients * threads
                once = clients == 7  # it is also seen that nothing comes after them
                with lib.Headless("-n", want + once, "-d", "240s", "-t", threads, self.node.url(
                        topic, ops="consume", deliver="each", **{"from": "earliest"}, clients=clients,
                        connections=connections, name="C")) as h:
                    if once:
                        until("all are there, and 10 s later too", lambda: [p["C"][1] for p in kafka_node.progress(
                            h)][-2:] == [want, want], every=0.2)
                        h.signal(signal.SIGINT)
                    pool = lib.pool(h.wait(code=130 if once else 0, timeout=BOUND))
                self.assertEqual(pool["ops"]["completed"], want)
                self.assertEqual(order(pool), CLEAN)


def murmur2(data):
    """As in Kafka's Java client (org.apache.kafka.common.utils.Utils), from its published source."""
    m, mask, length = 0x5bd1e995, 0xffffffff, len(data)
    h = (0x9747b28c ^ length) & mask
    for i in range(length // 4):
        k = int.from_bytes(data[4 * i:4 * i + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    rest = data[length & ~3:]
    for i in reversed(range(len(rest))):
        h ^= rest[i] << (8 * i)
    if rest:
        h = h * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


if __name__ == "__main__":
    lib.main()
