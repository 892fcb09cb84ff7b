"""Cassandra on other machines, played by fake nodes in a network of the test's own: no node is loaded without
permission, and a refused node is not even connected to. The reference is the requests that the fake nodes have
received.   ctest: timeout=600
"""
import itertools
import json
import re
import struct
import tempfile
import unittest

import lib
from cassandra_fake import Cluster, error
from patient import BOUND, Watched, headless, until

NEAR, FAR = "127.0.0.1", "198.51.100.8"
CONF = "/etc/loadtop/targets.conf"
LONG = "a-name-of-more-than-sixty-three-letters." + "x" * 30 + ".example"  # 78 letters


def rules(text):
    lib.write(CONF, text)


def words(run):
    return "\n".join(str(e["to"]) for e in run["events"])


class Base(unittest.TestCase):
    def setUp(self):
        rules("")
        self.addCleanup(rules, "")

    def cluster(self, *args, **named):
        c = Cluster(*args, **named)
        c.__enter__()
        self.addCleanup(c.__exit__)
        return c


class Learnt(Base):
    """A contact point on this machine, and a node elsewhere that only its peers table names."""

    def setUp(self):
        super().setUp()
        self.near_and_far = self.cluster(addresses=[NEAR, FAR])

    def test_the_question(self):
        c = self.near_and_far
        c.late = True  # neither keyspace nor table are there
        with lib.Tmux(lib.LOADTOP, "--no-history", "--at", "1s resume", c.url, cols=140, rows=40) as t:
            t.wait_for("This loads what is not on this machine", timeout=BOUND)
            self.assertEqual(c.executed, 0)
            t.send("n")
            t.wait_for(re.compile(r"--at +cassandra refused resume"), timeout=BOUND)
            t.send(":")
            t.type("resume all")
            t.send("Enter")
            t.wait_for(re.compile(r"you +cassandra refused resume"), timeout=BOUND)
            self.assertEqual((c.executed, c.nodes[1].connections, c.created()), (0, 0, []))
            t.send("p")
            t.wait_for("This loads what is not on this machine", timeout=BOUND)
            t.send("y")
            until("load on both", lambda: all(n.executed for n in c.nodes))

    def test_ceilings(self):
        """They hold without a screen, too, also when only the nodes of the URL are used."""
        c = self.near_and_far
        for query in ("?threads=65", "?threads=65&discover=no"):
            r = lib.loadtop("--headless", "--no-history", "-n", "10000", c.url + query)
            self.assertEqual(r.code, 2, r)
            self.assertIn("threads 65", r.err)
            self.assertIn("--max-threads", r.err)
        self.assertEqual((c.executed, c.nodes[1].connections), (0, 0))
        run = headless("-n", "2000", c.url + "?threads=2")
        self.assertIn(FAR + " is not on this machine: ceilings and rules hold", words(run))
        self.assertEqual(c.executed, 2000)
        self.assertGreater(min(n.executed for n in c.nodes), 0)

    def test_connections_to_each_node(self):
        """600 connections of a thread are 1200 with two nodes: above the ceiling of 1000."""
        c = self.near_and_far
        r = lib.loadtop("--headless", "--no-history", "-n", "1000", "--clients", "600", c.url)
        self.assertEqual(r.code, 2, r)
        self.assertIn("connections: 1200 are above the ceiling of 1000", r.err)
        self.assertEqual(c.executed, 0)

    def test_denied_node(self):
        c = self.near_and_far
        rules("deny %s\n" % FAR)
        run = headless("-n", "500", c.url)
        self.assertEqual((c.nodes[0].executed, c.nodes[1].connections), (500, 0))
        self.assertEqual(words(run).count("node %s:%d is not connected to: " % (FAR, c.port)), 1, words(run))
        self.assertEqual(lib.pool(run)["ops"]["errors"], 0)


class Names(Base):
    def setUp(self):
        super().setUp()
        with open("/etc/hosts") as f:
            hosts = f.read()
        self.addCleanup(self.write_hosts, hosts)
        self.write_hosts("%s\n%s %s\n" % (hosts, FAR, LONG))
        self.far = self.cluster(addresses=[FAR])
        self.url = "cassandra://%s:%d/loadtop" % (LONG, self.far.port)

    @staticmethod
    def write_hosts(text):
        lib.write("/etc/hosts", text)

    def test_long_name_denied(self):
        """Added during the run; the end of its name is what is denied."""
        rules("deny *.example\n")
        with Watched("--at", "200ms add " + self.url, "null:?service=1ms") as h:
            h.wait_for("cassandra ENDED", BOUND)
            h.end()
            self.assertIn("is denied", h.text())
        self.assertEqual(self.far.nodes[0].connections, 0)

    def test_long_name_confirmed(self):
        """The whole name is what was confirmed, and what each connect asks about."""
        rules("protect %s\n" % LONG)
        r = lib.loadtop("--headless", "--no-history", "-n", "100", self.url)
        self.assertEqual((r.code, self.far.nodes[0].connections), (2, 0), r)
        run = headless("-n", "100", "--confirm", LONG, self.url)
        self.assertEqual(lib.pool(run)["ops"]["completed"], 100)
        self.assertEqual(lib.pool(run)["backend_stats"]["hosts"][0]["address"], "%s:%d" % (LONG, self.far.port))


class Identity(Base):
    def test_denied_cluster(self):
        """By what it says of itself, before anything else is asked; for clean, too."""
        c = self.cluster(name="Test Cluster 1")
        with lib.Headless("-n", "100", c.url) as h:
            h.wait(timeout=BOUND)
            run = lib.read_json(h.json)
            run["pools"][0]["left_behind"] = [{"kind": "table", "what": "loadtop.loadtop", "count": None}]
            run["run_id"] = "00000000"  # the false server's table bears its mark
            lib.write_json(h.json, run)
            c.nodes[0].queries.clear()
            rules("deny cassandra=Test Cluster 1\n")
            for args in (("--headless", "-n", "10", c.url), ("clean", "--yes", h.json)):
                r = lib.loadtop(*args)
                self.assertEqual(r.code, 2, r)
                self.assertIn("Test Cluster 1 is denied", r.err)
            self.assertEqual(set(c.nodes[0].queries), {"SELECT cluster_name FROM system.local"})
            rules("deny cassandra=Test\n")
            headless("-n", "10", c.url)

    def test_a_cluster_that_does_not_tell_its_name(self):
        """Where a rule knows clusters by it, somebody decides by the host's name."""
        c = self.cluster()
        c.says["cluster_name"] = itertools.repeat((0x2100, "not for you"))
        self.assertIn("the cluster's name is not known: ", words(headless("-n", "10", c.url)))
        rules("deny cassandra=Test Cluster 1\n")
        at = c.executed
        r = lib.loadtop("--headless", "-n", "10", c.url)
        self.assertEqual((r.code, c.executed), (2, at), r)
        self.assertIn("127.0.0.1 is protected (it does not tell which server it is: ", r.err)
        run = headless("-n", "500", "--clients", 3, "--confirm", "127.0.0.1", c.url)
        self.assertEqual(lib.pool(run)["ops"]["completed"], 500)

    def test_second_contact_point_of_another_cluster(self):
        """What the first one says does not stand for the others of the URL."""
        ours = self.cluster(name="ours")
        theirs = self.cluster(name="theirs", addresses=["127.0.0.2"], port=ours.port)
        rules("deny cassandra=theirs\n")
        url = "cassandra://127.0.0.1:%d,127.0.0.2:%d/loadtop?discover=no&route=round_robin" % (ours.port, ours.port)
        run = headless("-n", "200", url)
        self.assertEqual(theirs.executed, 0)
        self.assertGreater(theirs.nodes[0].connections, 0)
        self.assertGreater(ours.executed, 0)
        self.assertEqual(lib.pool(run)["ops"]["completed"], ours.executed)

    def test_another_cluster_while_the_load_runs(self):
        """Each new connection is asked, and the pool goes on where it began."""
        c = self.cluster(name="ours")
        with lib.Headless("--no-history", "-d", "240s", "--rate", "2000/s", c.url) as h:
            until("load", lambda: c.executed > 200)
            c.name = "theirs"
            c.nodes[0].stop()
            c.nodes[0].start()
            at = c.executed
            until("it is asked", lambda: c.nodes[0].queries[-1:] == ["SELECT cluster_name FROM system.local"] and
                  c.nodes[0].connections > 4)
            self.assertLessEqual(c.executed, at + 1)  # one that was being answered when it went
            c.name = "ours"
            until("load", lambda: c.executed > at + 200)
            h.signal(2)
            run = h.wait(code=130, timeout=BOUND)
        self.assertIn("cluster 'theirs' answers there", json.dumps(run))

    def test_who_we_are(self):
        c = self.cluster()
        run = headless("-n", "10", c.url)
        self.assertGreaterEqual(len(c.nodes[0].startups), 2)  # what opened the target, and the load
        for s in c.nodes[0].startups:
            self.assertEqual((s["DRIVER_NAME"], s["APPLICATION_NAME"]), ("loadtop", "loadtop"))
            self.assertRegex(s["CLIENT_ID"], r"^loadtop:[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:%s$" % run["run_id"])


class Suffers(Base):
    """What a node elsewhere says of its health pauses the load, once, with the reason."""

    def paused(self, words_of, answer, during=None):
        with Cluster(addresses=[FAR], answer=answer) as c:
            with lib.Headless("--no-history", "--rate", "2000/s", c.url) as h:
                if during:
                    until("load", lambda: c.executed > 200)
                    during(c)
                run = h.wait(code=1, timeout=BOUND)  # paused, and nobody is there who could resume it
        self.assertEqual(words(run).count("paused: "), 1, words(run))
        self.assertIn("paused: " + words_of, words(run))

    def test_overloaded(self):
        self.paused("node %s:" % FAR, lambda node, conn, stream, what, key:
                    error(stream, 0x1001, "too many requests") if node.executed == 300 else None)

    def test_replicas_are_missing(self):
        self.paused("replicas are missing: Cannot: 2 replicas required, 1 alive", lambda node, conn, stream, what, key:
                    error(stream, 0x1000, "Cannot", struct.pack(">Hii", 4, 2, 1)) if node.executed == 300 else None)

    def test_disks_are_full(self):
        said = "Guardrail replica_disk_usage violated: Write request failed because disk usage exceeds failure threshold"
        self.paused("disks are full: ", lambda node, conn, stream, what, key:
                    error(stream, 0x2200, said) if node.executed == 300 else None)

    def test_a_node_goes_down(self):
        self.paused("the cluster says that node 198.51.100.99 is down", None,
                    lambda c: c.tell("DOWN", "198.51.100.99"))


class Bytes(Base):
    def test_max_bytes(self):
        """Keys and all rows of a batch count; the node's own count of what it was sent stays below."""
        for ops, size, most, row in (("batch&rows=100", 1000, 1 << 20, 2000), ("batch&batch=counter", 0, 2000, 1),
                                     ("insert", 0, 2000, 1), ("delete", 7, 2000, 1),
                                     ("insert:1,update:1", 100, 100000, 200)):
            with self.subTest(ops=ops):
                c = self.cluster()
                run = headless("-d", "240s", "--max-bytes", most, c.url + "?keys=1000&size=%d&ops=%s" % (size, ops))
                self.assertEqual(run["ended_by"], "rule")
                node = c.nodes[0]
                self.assertLessEqual(node.bytes, most)
                self.assertGreater(node.bytes, 0.2 * most)  # short keys count as the longest
                self.assertGreaterEqual(node.bytes, node.rows * row)
        c = self.cluster()
        run = headless("-d", "240s", "--max-bytes", "10k", c.url + "?size=1000&ops=batch&rows=100")
        self.assertEqual((run["ended_by"], c.nodes[0].rows), ("rule", 0))  # the first is too much


class Race(Base):
    def test_somebody_else_was_quicker(self):
        """Keyspace and table were not there, and then CREATE ... IF NOT EXISTS made neither: they are not ours."""
        c = self.cluster()
        c.late = True
        run = headless("-n", "10", c.url)  # the table is one of another run of loadtop
        self.assertEqual([q.split()[1] for q in c.created()], ["KEYSPACE", "TABLE"])
        self.assertEqual([e["kind"] for e in lib.pool(run)["left_behind"]], ["rows"])
        c.nodes[0].queries.clear()
        c.comment = "loadtop runs on this, too"
        r = lib.loadtop("--headless", "--no-history", "-n", "10", c.url)
        self.assertEqual(r.code, 2, r)
        self.assertIn("was not made by loadtop", r.err)
        self.assertEqual(c.executed, 10)


class Files(Base):
    def test_options_that_read_files_are_the_persons_own(self):
        c = self.cluster()
        for option, value in (("stmt-file", "/etc/passwd"), ("tls.ca", "/etc/passwd"), ("tls.cert", "/etc/passwd"),
                              ("tls.key", "/etc/passwd"), ("tls.verify", "no")):
            with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
                f.write("pools:\n  - target: '%s'\n    %s: %s\n" % (c.url, option, value))
                f.flush()
                r = lib.loadtop("--headless", "--no-history", "-n", "10", "-f", f.name)
            self.assertEqual(r.code, 2, r)
            self.assertIn(option, r.err)
            self.assertNotIn("root", r.err)
        self.assertEqual(c.nodes[0].connections, 0)


if __name__ == "__main__":
    lib.own_network()
    lib.main()
