"""Failures of a broker: each has its class and a message that says what to do. A broker that is killed and comes back:
no acknowledged message is lost, and the load resumes by itself (in the soak, within 2 s after the broker).
ctest: timeout=900
"""
import os
import random
import signal
import time
import unittest

import control
import kafka_node
import lib
from kafka_node import progress, settled
from patient import BOUND, SOAK, headless, until

KILLS = int(os.environ.get("LOADTOP_SOAK_KILLS") or 0)


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = kafka_node.Node(message_max_bytes=200000)

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def refused(self, code, url, *words, args=()):
        r = lib.loadtop("--headless", "-n", 10, *args, url, timeout=BOUND)
        self.assertEqual(r.code, code, r)
        for word in words:
            self.assertIn(word, r.err, r)

    def test_no_broker_at_the_start(self):
        port, = control.free_ports(1)
        self.refused(3, "kafka://127.0.0.1:%d/t" % port, "no broker answers", "Connection refused", "is the broker running")

    def test_usage(self):
        for query, words in (("kafka__lingr__ms=5", ("no such property", "kafka.linger.ms")),
                             ("kafka__acks=banana", ("kafka.acks",)), ("from=yesterday", ("earliest", "10m")),
                             ("kafka__group__id=x", ("use group=",)), ("idempotence=yes&acks=1", ("acks", "all")),
                             ("deliver=each&assign=group", ("assign=hand",)), ("sise=3", ("size",))):
            with self.subTest(query):
                self.refused(2, self.node.url("t") + "?" + query.replace("__", "."), *words)
        self.refused(2, "kafka://%s/" % self.node.bootstrap, "topic is missing")

    def test_a_missing_topic(self):
        self.refused(1, self.node.url(kafka_node.name(), create="no"), "there is no topic", "create=no")
        self.refused(1, self.node.url(kafka_node.name(), replication=3), "lower replication")

    def test_what_others_use_is_left_alone(self):
        topic, group = kafka_node.name(), kafka_node.name()
        self.node.kcat("-P", "-t", topic, stdin="not ours\n")
        self.refused(2, self.node.url(topic), "--allow-destructive")
        self.assertEqual(self.node.ends(topic), 1)
        run = headless("-n", 1, self.node.url(topic, ops="consume", **{"from": "earliest"}))
        self.assertEqual(lib.pool(run)["ops"]["completed"], 1)
        self.node.kcat("-G", group, topic, "-X", "auto.offset.reset=earliest", "-c", 1)
        self.refused(2, self.node.url(topic, ops="consume", group=group), "committed offsets", "--allow-destructive")
        self.refused(2, self.node.url(topic, ops="consume,e2e"), "e2e")

    def test_a_group_with_members_is_left_alone(self):
        """Somebody reads with kcat and has committed nothing yet: joining would take partitions from them."""
        topic, group = kafka_node.name(), kafka_node.name()
        headless("-n", 500, self.node.url(topic, partitions=4, pattern="chain"))
        theirs = lib.Process(["kcat", "-b", self.node.bootstrap, "-G", group, topic, "-X", "enable.auto.commit=false",
                              "-X", "auto.offset.reset=earliest", "-f", "got\n", "-u"], os.path.join(self.node.dir, "theirs"))
        try:
            until("kcat reads all", lambda: theirs.output().count("got\n") == 500)
            self.refused(2, self.node.url(topic, ops="consume", group=group), "has members", "--allow-destructive")
            self.assertNotIn("revoked", theirs.output())
            run = headless("-n", 500, self.node.url(topic, ops="consume", group=kafka_node.name(), **{"from": "earliest"}))
            self.assertEqual(lib.pool(run)["ops"]["completed"], 500)
            with lib.Headless("-d", "900s", "--allow-destructive", self.node.url(topic, ops="consume", group=group)) as h:
                until("kcat shares its partitions", lambda: "revoked" in theirs.output())
                h.signal(signal.SIGINT)
                h.wait(code=130, timeout=BOUND)
        finally:
            theirs.kill()

    def test_passwords(self):
        topic = kafka_node.name()
        headless("-n", 10, self.node.url(topic))
        run = headless("-n", 10, self.node.url(topic, login="load:secret-of-load"))
        self.assertEqual(lib.pool(run)["ops"]["completed"], 10)
        self.assertNotIn("secret-of-load", repr(run))
        r = lib.loadtop("--headless", "-n", 1, self.node.url(topic, login="load:wrong"), timeout=BOUND)
        self.assertNotEqual(r.code, 0)
        self.assertIn("check user", r.err)
        self.assertNotIn("wrong", r.out + r.err)

    def test_tls(self):
        topic, tls = kafka_node.name(), {"tls": True, "kafka__security__protocol": "ssl"}
        run = headless("-n", 10, self.node.url(topic, kafka__ssl__ca__location=self.node.certificate, **tls))
        self.assertEqual(lib.pool(run)["ops"]["completed"], 10)
        self.assertEqual(self.node.ends(topic), 10)
        self.refused(3, self.node.url(topic, **tls), "certificate verify failed", "kafka.ssl.ca.location")

    def test_too_large_for_us_and_for_the_broker(self):
        topic = kafka_node.name()
        for options in ({"size": 1500000}, {"size": 300000}):
            with self.subTest(options):
                pool = lib.pool(headless("-n", 3, self.node.url(topic, **options)))
                self.assertEqual(pool["ops"]["errors"], 3)
                self.assertIn("max.message.bytes", lib.classes(pool, "first")["too_large"])
        self.assertEqual(self.node.ends(topic), 0)

    def test_a_run_is_cleaned_up(self):
        topic = kafka_node.name()
        with lib.Headless("-d", "240s", self.node.url(topic, name="P", rate=100, count=200), self.node.url(
                topic, name="C", ops="consume", count=50, **{"from": "earliest"})) as h:
            run = h.wait(timeout=BOUND)
            self.assertIn(topic, self.node.topics())
            kinds = sorted(e["kind"] for p in run["pools"] for e in p["left_behind"])
            self.assertIn("topic", kinds)
            self.assertIn("group", kinds)
            r = lib.loadtop("clean", "--yes", h.json, timeout=BOUND)
            self.assertEqual(r.code, 0, r)
        until("the topic is gone", lambda: topic not in self.node.topics())


class FullDisk(unittest.TestCase):
    def test_a_partition_on_a_full_disk(self):
        """The broker lives on, with one disk less: nobody leads what lay there."""
        with kafka_node.Node(file_limit=11000000) as node:
            pool = lib.pool(headless("-n", 1300, "-d", "200s", "--timeout", "3s", node.url(
                kafka_node.name(), partitions=1, size=10000, pattern="chain", depth=100)))
            self.assertEqual(lib.accounting(pool["ops"]), 0)
            self.assertLess(pool["ops"]["completed"], 1100)  # 10,000 bytes each
            self.assertIn("its disk is full", lib.classes(pool, "first")["no_leader"])
            self.assertIn("the broker's log", lib.classes(pool, "first")["no_leader"])


class Outage(unittest.TestCase):
    def random_kill(self, node, seed):
        """Settings change while the broker is killed and started again."""
        rng = random.Random(seed)
        topic, at, t = kafka_node.name(), [], 2.0
        mode = ("share", "hand", "each")[seed % 3]
        idempotence = rng.choice(("yes", "no"))
        for _ in range(rng.randint(3, 8)):
            t += rng.uniform(0.3, 2.0)
            what = rng.choice(("threads", "clients", "connections"))
            at += ["--at", "%.2fs C %s %d" % (t, what, rng.randint(1, 3 if what == "threads" else 6))]
        options = {"share": {}, "hand": {"assign": "hand"}, "each": {"deliver": "each"}}[mode]
        partitions = rng.choice((1, 3, 8))
        with lib.Headless("-d", "900s", *at, node.url(
                topic, name="P", partitions=partitions, pattern="chain", depth=100, rate=rng.choice((200, 2000)), acks="all",
                idempotence=idempotence, timeout="30s", duration="%ds" % (t + 15)), node.url(
                    topic, name="C", partitions=partitions, ops="consume", **{"from": "earliest"}, clients=rng.randint(1, 5),
                    handling=rng.choice(("borrow", "copy", "recycle")), **options)) as h:
            until("load runs", lambda: topic in node.topics() and node.ends(topic) > 200)
            time.sleep(rng.uniform(0, t))  # the moment of the kill is what is random
            node.kill()
            node.start()
            run = settled(h, node, topic)
        produced, consumed, ends = lib.pool(run, "P"), lib.pool(run, "C"), node.ends(topic)
        order, lost = consumed["backend_stats"]["consumer"]["order"], sum(
            produced["ops"][k] for k in ("timeouts", "errors", "in_flight"))  # perhaps written, perhaps not
        told = "seed %d %s: %s ends %d %s %s" % (seed, mode, at, ends, produced["ops"], order)
        print(told, flush=True)
        self.assertEqual(lib.accounting(produced["ops"]), 0, told)
        self.assertEqual(lib.accounting(consumed["ops"]), 0, told)
        self.assertGreaterEqual(ends, produced["ops"]["completed"], told)  # acknowledged is kept
        self.assertLessEqual(order["missing"], lost * (6 * 3 if mode == "each" else 1), told)
        if idempotence == "yes":
            self.assertEqual((order["duplicates"], order["reordered"]), (0, 0), told)
        if mode == "each":
            self.assertGreaterEqual(consumed["ops"]["completed"], ends, told)
        else:
            self.assertEqual(consumed["ops"]["completed"], ends + order["redelivered"], told)
            self.assertLessEqual(ends - order["duplicates"], produced["ops"]["completed"] + lost, told)

    @unittest.skipUnless(KILLS, "part of the soak")
    def test_random_kills(self):
        with kafka_node.Node() as node:
            for seed in range(KILLS):
                with self.subTest(seed=seed):
                    self.random_kill(node, seed)

    def test_killed_and_back(self):
        with kafka_node.Node(log_message_timestamp_type="LogAppendTime") as node:
            topic, count = kafka_node.name(), 6000
            with lib.Headless("-d", "900s", "--timeout", "2s", node.url(
                    topic, name="P", partitions=4, clients=20, think="20ms", acks="all", count=count), node.url(
                        topic, name="C", partitions=4, ops="consume", **{"from": "earliest"}, clients=3)) as h:
                until("load runs", lambda: topic in node.topics() and node.ends(topic) > 1500)
                node.kill()
                until("both are seen to be down", lambda: progress(h) and all(
                    state == "DOWN" for state, _ in progress(h)[-1].values()))
                cpu, began = lib.cpu_seconds(h.pid), time.monotonic()
                time.sleep(1.5)
                share = (lib.cpu_seconds(h.pid) - cpu) / (time.monotonic() - began)
                listens = node.start()
                run = settled(h, node, topic)
            produced, consumed = lib.pool(run, "P"), lib.pool(run, "C")
            for pool in (produced, consumed):
                self.assertEqual(lib.accounting(pool["ops"]), 0)
                states = [e["what"] for e in run["events"] if e["pool"] == pool["name"]]
                self.assertIn("down", states)
                self.assertIn("up", states)
            # acks=all: nothing that was acknowledged is lost; what was sent twice is counted, not hidden.
            ends = node.ends(topic)
            order = consumed["backend_stats"]["consumer"]["order"]
            self.assertEqual(produced["ops"]["offered"], count)
            self.assertGreaterEqual(ends, produced["ops"]["completed"])
            self.assertLessEqual(ends, produced["ops"]["completed"] + produced["ops"]["timeouts"] +
                                 produced["ops"]["errors"] + order["duplicates"])
            self.assertEqual(consumed["ops"]["completed"], ends + order["redelivered"])
            # The broker's own stamps say when it took the first message again; its port, when it was back.
            after = min(t for t in node.appended(topic) if t > listens - 1) - listens
            print("produced again %.2f s after the broker's port took a connection" % after, flush=True)
            if SOAK and not lib.disturbed(run):
                self.assertLessEqual(after, 2.0, run["events"])
            self.assertLessEqual(share, 0.05 if SOAK else 0.2)  # a thread that does not wait takes all that it can get


if __name__ == "__main__":
    lib.main()
