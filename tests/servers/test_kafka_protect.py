"""What a run creates on the cluster is marked by the run, and `clean` removes only that, whatever a file lists.
Read-only runs leave no trace. A cluster that is denied, or that is not on this machine, receives nothing before
consent.   ctest: timeout=900
"""
import json
import os
import re
import socket
import struct
import time
import unittest

import kafka_node
import lib
from false_server import Proxy
from patient import BOUND, headless, until

ACL = ("kafka.admin.AclCommand", "--add", "--deny-principal", "User:load", "--operation", "Read", "--group", "loadtop.",
       "--resource-pattern-type", "prefixed")


class Between(Proxy):
    """Stands before a broker, and says that it is the broker; of another cluster once it has `other`."""

    def __init__(self, node):
        port = int(node.bootstrap.rpartition(":")[2])
        self.cluster, self.other = node.cluster().encode(), None
        self.hides = False  # it does not tell of which cluster it is
        self.told = 0  # how often it said that it is of the other
        super().__init__(("127.0.0.1", port))
        self.bootstrap = "127.0.0.1:%d" % self.port
        self.places = [struct.pack(">H", 9) + b"127.0.0.1" + struct.pack(">i", p) for p in (port, self.port)]

    def read(self, s):
        """One whole request or answer: its length, and that much."""
        size = s.recv(4, socket.MSG_WAITALL)
        return size and size + s.recv(struct.unpack(">i", size)[0], socket.MSG_WAITALL)

    def change(self, data, answers):
        if answers:
            data = data.replace(*self.places)
        if answers and self.hides and self.cluster in data:
            data = data.replace(struct.pack(">H", len(self.cluster)) + self.cluster, b"\xff\xff")
            data = struct.pack(">i", len(data) - 4) + data[4:]
        if answers and self.other and self.cluster in data:
            data = data.replace(self.cluster, self.other)
            self.told += 1
        return data

    def become(self, other):
        self.other = other
        self.cut()


class Protect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = kafka_node.Node(
            away=lib.AWAY, file_limit=11000000, authorizer_class_name="org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            super_users="User:ANONYMOUS", allow_everyone_if_no_acl_found="true")
        cls.addClassCleanup(cls.node.close)
        cls.dir = lib.folder(cls)

    def away(self, host, topic, **options):
        return "kafka://%s:%d/%s?%s" % (host, self.node.away_port, topic, "&".join("%s=%s" % kv for kv in options.items()))

    def run_of(self, *args, **more):
        """A run and its file."""
        path = os.path.join(self.dir, kafka_node.name() + ".json")
        run = headless(*args, **more)
        lib.write_json(path, {k: v for k, v in run.items() if k[0] != "_"})
        return run, path

    def forged(self, run, entries, **more):
        """The file of a run whose list somebody else wrote."""
        path = os.path.join(self.dir, kafka_node.name() + ".json")
        file = {k: v for k, v in run.items() if k[0] != "_"}
        file.update(more)
        file["pools"] = [dict(file["pools"][0], left_behind=[{"kind": k, "what": w, "count": 1} for k, w in entries])]
        return lib.write_json(path, file)

    def clean(self, path, code, *words, args=("--yes",), env=None):
        r = lib.loadtop("clean", *args, path, timeout=BOUND, env=env)
        self.assertEqual(r.code, code, r)
        for word in words:
            self.assertIn(word, r.out + r.err)
        return r

    def refused(self, *args, words=()):
        r = lib.loadtop("--headless", "-n", 10, *args, timeout=BOUND)
        self.assertEqual(r.code, 2, r)
        for word in words:
            self.assertIn(word, r.err)

    def test_a_topic_bears_the_runs_mark(self):
        topic = kafka_node.name()
        run, path = self.run_of("-n", 100, self.node.url(topic, partitions=2, size=3))
        mark = "loadtop.made.topic." + topic
        self.assertIn("loadtop run=%s topic %s," % (run["run_id"], topic), self.node.offsets(mark, topic)[1])
        # Messages too short to bear anything: the mark says that a later run may write here.
        later, other = self.run_of("-n", 50, self.node.url(topic, size=0))
        self.assertEqual(self.node.ends(topic), 150)
        self.assertEqual(lib.pool(later)["left_behind"], [{"kind": "messages", "what": topic, "count": 50}])
        r = self.clean(other, 1, "stays", "cannot be removed one by one")
        self.assertNotIn("--delete", r.out)
        self.clean(self.forged(later, [("topic", topic)]), 1, "run %s made it" % run["run_id"])
        self.assertEqual(self.node.ends(topic), 150)
        self.clean(path, 1, "would go: topic %s (150 messages)" % topic, args=())  # nobody consented
        self.assertEqual(self.node.ends(topic), 150)
        self.clean(path, 0, "gone: topic %s (150 messages)" % topic)
        self.assertNotIn(topic, self.node.topics())
        until("its mark is gone", lambda: mark not in self.node.groups())
        self.clean(path, 0, "not there any more")
        # Somebody makes another of that name.
        self.node.kcat("-P", "-t", topic, stdin="theirs\n")
        self.clean(path, 1, "bears no mark")
        self.assertEqual(self.node.ends(topic), 1)

    def test_an_empty_topic_of_somebody_is_not_ours(self):
        topic = kafka_node.name()
        headless("-n", 1, self.node.url(kafka_node.name()))
        self.node.tool("org.apache.kafka.tools.TopicCommand", "--create", "--topic", topic)
        self.refused(self.node.url(topic), words=("bears no mark", "--allow-destructive"))
        self.assertEqual(self.node.ends(topic), 0)
        run, path = self.run_of("-n", 10, "--allow-destructive", self.node.url(topic))
        self.assertEqual(self.node.ends(topic), 10)
        self.clean(self.forged(run, [("topic", topic)]), 1, "bears no mark")
        self.clean(path, 1, "stays")
        self.assertEqual(self.node.ends(topic), 10)

    def test_groups(self):
        topic, group, theirs = kafka_node.name(), kafka_node.name(), kafka_node.name()
        run, path = self.run_of("-n", 200, "-d", "240s", self.node.url(topic, name="P", count=200),
                                self.node.url(topic, name="C", ops="consume", group=group, **{"from": "earliest"}))
        consumer = lib.pool(run, "C")
        self.assertIn({"kind": "group", "what": group, "count": 1}, consumer["left_behind"])
        self.assertIn("loadtop run=%s group %s," % (run["run_id"], group),
                      self.node.offsets("loadtop.made.group." + group, topic)[1])
        own, _ = self.run_of("-n", 1, self.node.url(topic, ops="consume", **{"from": "earliest"}))
        named, = [e["what"] for e in lib.pool(own)["left_behind"] if e["kind"] == "group"]
        self.node.commit(theirs, topic)
        self.node.commit("loadtop-%s-of-ours" % own["run_id"], topic)
        before = self.node.groups()
        for name in (theirs, group, "", "loadtop-%s-of-ours" % own["run_id"], "loadtop.made.topic." + topic, "x" * 300):
            self.clean(self.forged(own, [("group", name)]), 1, "stays")
        self.assertEqual(self.node.groups(), before)
        self.clean(self.forged(own, [("group", named)]), 0, "gone")
        self.assertNotIn(named, self.node.groups())
        # Somebody has begun to use the group for a topic of theirs.
        self.node.commit(group, "warm-up", 1)
        self.clean(self.forged(run, [("group", group)]), 1, "offsets of topic warm-up")
        self.assertIn(group, self.node.groups())
        # All of the run: the topic goes, and what lay under it.
        self.clean(path, 1, "gone: topic %s (200 messages)" % topic)
        until("its marks are gone", lambda: not [g for g in self.node.groups() if topic in g or g.endswith("." + group)])
        self.assertEqual(self.node.offsets(group, "warm-up")[0], 1)

    def test_files_that_are_no_files_of_ours(self):
        topic = kafka_node.name()
        run, _ = self.run_of("-n", 10, self.node.url(topic))
        for entries in ([("topic", "../" + topic)], [("topic", "t" * 250)], [("table", topic)], [("topic", "")],
                        [("topic", "t; rm -rf ~")], [("messages", topic + "\x1b[31m")]):
            r = self.clean(self.forged(run, entries), 1, "stays")
            self.assertNotIn("\x1b", r.out)
        r = self.clean(self.forged(run, [("group", "g; rm -rf ~")]), 0, "not there")
        r = self.clean(self.forged(run, [("group", kafka_node.name()) for _ in range(100)]), 1, "no run leaves so much")
        self.assertEqual(r.out.count("not there any more"), 2 * 64 if "would" in r.out else 64)
        for run_id in (None, "", "zzzzzzzz", "12345678901234567890", 5):
            self.clean(self.forged(run, [("topic", topic)], run_id=run_id), 1, "stays")
        self.assertEqual(self.node.ends(topic), 10)

    def test_without_the_right_to_mark(self):
        topic = kafka_node.name()
        self.node.tool(*ACL)
        self.addCleanup(self.node.tool, ACL[0], "--remove", "--force", *ACL[2:])
        run, path = self.run_of("-n", 20, self.node.url(topic, login="load:secret-of-load", name="P"),
                                self.node.url(topic, login="load:secret-of-load", name="Q"))
        self.assertEqual(self.node.ends(topic), 40)  # neither waits for a mark of the other
        said = [e["to"] for e in run["events"] if "cannot be marked" in (e["to"] or "")]
        self.assertEqual(len(said), 1, run["events"])
        left, = [e for p in run["pools"] for e in p["left_behind"] if e["kind"] == "topic"]
        self.assertIn("Group authorization failed", left["unmarked"])
        r = self.clean(path, 1, "stays", "--delete --topic " + topic, env={"LOADTOP_PASSWORD": "secret-of-load"})
        self.assertNotIn("secret-of-load", r.out + r.err)
        self.assertEqual(self.node.ends(topic), 40)

    def test_only_reading_leaves_no_trace(self):
        topic, group = kafka_node.name(), kafka_node.name()
        headless("-n", 100, self.node.url(topic, partitions=2))
        self.node.commit(group, topic, 7)
        topics, groups = self.node.topics(), self.node.groups()
        run = headless("-n", 100, "-d", "240s", "--read-only", self.node.url(topic, ops="consume", **{"from": "earliest"}))
        self.assertEqual(lib.pool(run)["ops"]["completed"], 100)
        self.assertEqual(lib.pool(run)["left_behind"], [])
        self.assertTrue([e for e in run["events"] if "assigned by hand" in (e["to"] or "")], run["events"])
        stored = sum(1 for _ in self.node.kcat("-C", "-t", topic, "-p", 0, "-o", 7, "-e", "-q", "-f", "x"))
        stored += sum(1 for _ in self.node.kcat("-C", "-t", topic, "-p", 1, "-e", "-q", "-f", "x"))
        run = headless("-n", stored, "-d", "240s", "--read-only", self.node.url(topic, ops="consume", group=group))
        self.assertEqual(lib.pool(run)["ops"]["completed"], stored)
        self.refused("--read-only", self.node.url(topic, ops="consume", assign="group"), words=("assign=hand",))
        self.refused("--read-only", self.node.url(kafka_node.name(), ops="consume"), words=("--read-only makes none",))
        self.assertEqual((self.node.topics(), self.node.groups()), (topics, groups))
        self.assertEqual(self.node.offsets(group, topic)[0], 7)

    def test_a_topic_is_made_by_create_alone(self):
        """This broker makes every topic that a client asks for, unless the client says not to."""
        topic, missing = kafka_node.name(), kafka_node.name()
        r = lib.loadtop("--headless", "-n", 1, self.node.url(missing, create="no"), timeout=BOUND)
        self.assertEqual(r.code, 1, r)
        with lib.Headless("-d", "240s", "--timeout", "1s", self.node.url(topic, rate=100, pattern="chain")) as h:
            until("load", lambda: topic in self.node.topics() and self.node.ends(topic) > 20)
            self.node.tool("org.apache.kafka.tools.TopicCommand", "--delete", "--topic", topic)
            until("it is deleted", lambda: topic not in self.node.topics())
            until("the producer has missed it", lambda: re.search(r" err [1-9]", h.text()[1]), every=0.2)
            h.signal(2)
            run = h.wait(code=130, timeout=BOUND)
        self.assertGreater(lib.pool(run)["ops"]["errors"] + lib.pool(run)["ops"]["timeouts"], 0)
        topics = self.node.topics()
        self.assertFalse({topic, missing} & set(topics), topics)

    def test_who_it_is(self):
        topic, group = kafka_node.name(), kafka_node.name()
        with lib.Headless("-d", "240s", self.node.url(topic, ops="consume", group=group)) as h:
            client, = until("a member", lambda: self.node.clients(group))
            h.signal(2)
            run = h.wait(code=130, timeout=BOUND)
        self.assertRegex(client, r"^loadtop:[\w.-]+@[\w.-]+:%s$" % run["run_id"])

    def rules(self, text):
        lib.write("/etc/loadtop/targets.conf", text)
        self.addCleanup(lambda: os.path.exists("/etc/loadtop/targets.conf") and os.remove("/etc/loadtop/targets.conf"))

    def test_a_cluster_that_is_denied(self):
        topic, made = kafka_node.name(), kafka_node.name()
        _, path = self.run_of("-n", 10, self.node.url(made))
        self.rules("deny kafka=%s\n" % self.node.cluster())
        self.refused(self.node.url(topic), words=(self.node.cluster(), "denied"))
        self.refused(self.node.url(made, ops="consume"), words=("denied",))
        self.clean(path, 2, "denied")
        self.assertEqual((self.node.ends(made), topic in self.node.topics()), (10, False))
        self.rules("protect kafka=%s\n" % self.node.cluster())
        self.refused(self.node.url(topic), words=("--confirm",))
        self.clean(path, 2, "--confirm")
        self.clean(path, 0, "gone", args=("--yes", "--confirm", self.node.cluster()))

    def test_a_cluster_that_does_not_tell_its_id(self):
        """Where a rule knows clusters by it, somebody decides by the host's name."""
        topic = kafka_node.name()
        with Between(self.node) as between:
            between.hides = True
            url = self.node.url(topic, place=between.bootstrap, linger=0)
            headless("-n", 10, url)
            self.rules("deny kafka=somebody-else\n")
            self.refused(url, words=("127.0.0.1 is protected (it does not tell which server it is: ",))
            self.assertEqual(self.node.ends(topic), 10)
            headless("-n", 10, "--confirm", "127.0.0.1", url)
        headless("-n", 10, self.node.url(topic))  # this one tells that it is another
        self.assertEqual(self.node.ends(topic), 30)

    def test_without_the_right_to_see_settings(self):
        """Where some rights were given, no others are there."""
        topic = kafka_node.name()
        for rights in (("Read", "Write", "Create", "Describe"), "--topic", "*"), (("Create", "IdempotentWrite"), "--cluster"):
            acl = ["--allow-principal", "User:load", *(w for r in rights[0] for w in ("--operation", r)), *rights[1:]]
            self.node.tool(ACL[0], "--add", *acl)
            self.addCleanup(self.node.tool, ACL[0], "--remove", "--force", *acl)
        run = headless("-n", 20, self.node.url(topic, login="load:secret-of-load"))
        self.assertEqual((lib.pool(run)["ops"]["completed"], self.node.ends(topic)), (20, 20))
        for words in "topic's settings are not known", "broker's settings are not known":
            self.assertEqual(len([e for e in run["events"] if words in (e["to"] or "")]), 1, run["events"])

    def load_between(self, topic):
        between = Between(self.node)
        self.addCleanup(between.close)
        h = lib.Headless("-d", "900s", "--timeout", "2s", self.node.url(topic, place=between.bootstrap, partitions=1,
                                                                       linger=0, rate="200/s"))
        self.addCleanup(h.close)
        until("load", lambda: topic in self.node.topics() and self.node.ends(topic) > 100)
        return between, h

    def test_a_cluster_that_is_denied_answers_later(self):
        self.rules("deny kafka=AAAAAAAAAAAAAAAAAAAAAA\n")
        topic = kafka_node.name()
        between, h = self.load_between(topic)
        between.become(b"A" * 22)
        run = h.wait(code=2, timeout=BOUND)
        self.assertIn("A" * 22 + " answers now, and is denied", json.dumps(run["events"]))
        self.assertGreater(self.node.ends(topic), 100)

    def test_another_cluster_answers_later(self):
        """No rule names it, but it is not the one that was looked at."""
        topic = kafka_node.name()
        between, h = self.load_between(topic)
        between.become(b"B" * 22)
        until("it is told", lambda: between.told > 2)

        def still():
            seen, end = self.node.ends(topic), time.monotonic() + 3
            while time.monotonic() < end and self.node.ends(topic) == seen:
                time.sleep(0.1)
            return self.node.ends(topic) == seen and seen
        at = until("nothing is sent", still)
        between.become(None)
        until("load again", lambda: self.node.ends(topic) > at + 100)
        h.signal(2)
        said = json.dumps(h.wait(code=130, timeout=BOUND)["events"])
        for words in ("cluster %s answers there now, and the pool was opened on " % ("B" * 22), " answers again"):
            self.assertIn(words, said)

    def test_max_bytes(self):
        """A message without a value takes room, too: 7 bytes at least, and its key. kcat counts them."""
        for query, most, least in (({"size": 0}, 10000, 7), ({"size": 10, "keys": 1000}, 10000, 18),
                                   ({"size": 0, "ops": "e2e"}, 10000, 39)):
            with self.subTest(**query):
                topic = kafka_node.name()
                run = headless("-d", "240s", "--max-bytes", most, self.node.url(topic, partitions=1, linger=0, **query))
                self.assertEqual(run["ended_by"], "rule")
                sizes = [max(int(k), 0) + max(int(v), 0) + 7 for k, v in (line.split() for line in self.node.kcat(
                    "-C", "-t", topic, "-e", "-q", "-f", "%K %S\n").splitlines())]
                self.assertGreater(len(sizes), 50)
                self.assertGreaterEqual(min(sizes), least)
                self.assertLessEqual(sum(sizes), most)

    def test_a_broker_by_name_that_is_denied(self):
        """The name that the cluster gives is another than that of the URL."""
        topic = kafka_node.name()
        self.rules("deny %s\n" % lib.AWAY)
        self.refused(self.away("127.0.0.1", topic, ops="produce"), words=("never loaded",))
        self.assertNotIn(topic, self.node.topics())

    def test_brokers_elsewhere_wait_for_a_yes(self):
        """The URL names this machine, and only the cluster's own list of brokers leads away from it."""
        topic = kafka_node.name()
        t = lib.Tmux(lib.LOADTOP, self.away("127.0.0.1", topic, partitions=1, linger=0), cols=100, rows=30)
        self.addCleanup(t.close)
        t.wait_for("not on this machine", timeout=BOUND)
        time.sleep(1)  # long enough for a broker to be connected to, made to make a topic, and written to
        self.assertNotIn(topic, self.node.topics())
        t.send("y")
        until("load", lambda: topic in self.node.topics() and self.node.ends(topic) > 10)

    def test_z_a_target_that_suffers_is_left_alone(self):
        """Its last: a disk of the broker's is full, and the partitions on it have lost their leader."""
        topic = kafka_node.name()
        with lib.Headless("-d", "900s", "--timeout", "3s", self.away(
                lib.AWAY, topic, partitions=1, size=10000, pattern="chain", depth=100)) as h:
            until("it is paused", lambda: "paused" in h.text()[1])
            h.signal(2)
            run = h.wait(code=130, timeout=BOUND)
        said = [e["to"] for e in run["events"] if e["by"] == "rule" and "paused" in (e["to"] or "")]
        self.assertTrue(any("lost its leader" in s for s in said), run["events"])


if __name__ == "__main__":
    lib.own_network()
    lib.main()
