"""Cassandra's protocol spoken wrongly, slowly and by several nodes: a fake server sends what a real one cannot be made
to send. Expected results come from the native protocol's specification and from the fake server's own count of
requests.   ctest: timeout=600
"""
import itertools
import random
import re
import ssl
import struct
import threading
import time
import unittest

import lib
from cassandra_fake import Cluster, error, frame, rows, string, usual, void, RESULT, TEXT
from patient import BOUND, PATIENT, Watched, headless, stop, until

try:
    from cassandra.murmur3 import murmur3
except ImportError:
    murmur3 = None

COMMON = ("--headless", "-q", "--json", "-")


def send_late(s, data):
    try:
        s.sendall(data)
    except OSError:
        pass  # the run is over


class Hostile(unittest.TestCase):
    def run_load(self, cluster, *args, query=""):
        run = headless(*args, cluster.url + "?" + query)
        p = lib.pool(run)
        o = p["ops"]
        self.assertEqual(o["offered"], o["completed"] + o["errors"] + o["timeouts"] + o["in_flight"] + o["dropped"])
        return run, p

    def broken_once(self, bytes_of, text, error_class="protocol", query=""):
        """One connection gets bytes that are wrong; it is closed with the reason, and the load goes on."""
        done = []

        def answer(node, conn, stream, what, key):
            if node.executed == 507 and not done:
                done.append(1)
                return bytes_of(stream)
            return None
        with Cluster(answer=answer) as c:
            _, p = self.run_load(c, "-n", "4000", "--pattern", "chain", "--depth", "20", query=query)
            self.assertEqual(p["ops"]["completed"] + p["ops"]["errors"], 4000)
            self.assertGreaterEqual(p["ops"]["completed"], 3900)
            self.assertEqual(set(lib.classes(p)), {error_class}, p["error_classes"])
            self.assertIn(text, lib.classes(p)[error_class]["first"])
            self.assertGreaterEqual(c.executed, p["ops"]["completed"])

    def test_unknown_opcode(self):
        self.broken_once(lambda s: frame(s, 0x42, b""), "opcode 0x42")

    def test_request_as_answer(self):
        self.broken_once(lambda s: frame(s, RESULT, struct.pack(">i", 1), version=4), "0x04")

    def test_wrong_length(self):
        self.broken_once(lambda s: struct.pack(">BBhBI", 0x84, 0, s, 8, 0x7fffffff), "2147483647 bytes")

    def test_cut_body(self):
        self.broken_once(lambda s: frame(s, RESULT, b"\0\0\0\2\0\0"), "cannot be read")

    def test_unknown_kind(self):
        self.broken_once(lambda s: frame(s, RESULT, struct.pack(">i", 99)), "cannot be read")

    def test_stream_that_nobody_asked_for(self):
        self.broken_once(lambda s: void(32000), "on stream 32000, on which nothing was asked")

    def test_same_answer_twice(self):
        self.broken_once(lambda s: void(s) + void(s), "on which nothing was asked")

    def test_bomb(self):
        bomb = struct.pack(">I", 200 << 20) + b"\x1f\0" + b"\xff" * 64
        self.broken_once(lambda s: frame(s, RESULT, bomb, flags=1), "unpacks to 209715200",
                         query="compression=lz4")

    def test_bomb_of_impossible_ratio(self):
        bomb = struct.pack(">I", 1 << 20) + b"\x1f\0" + b"\xff" * 64
        self.broken_once(lambda s: frame(s, RESULT, bomb, flags=1), "claims to unpack", query="compression=lz4")

    def test_compressed_though_not_agreed(self):
        self.broken_once(lambda s: frame(s, RESULT, b"\0\0\0\4abcd", flags=1), "not agreed")

    def test_paging_state(self):
        """It would be sent back for the next page: a long one is none."""
        state = struct.pack(">iii", 2, 2 | 4, 1) + struct.pack(">i", 70000) + bytes(70000) + struct.pack(">i", 0)
        self.broken_once(lambda s: frame(s, RESULT, state), "cannot be read")

    def test_frames_that_never_end(self):
        """Each is as long as one may be; together they have a bound (NET_BUFFERED_MAX), beyond which connections are
        closed. As the kernel counts it."""
        part = 14 << 20

        def answer(node, conn, stream, what, key):
            conn["socket"].sendall(struct.pack(">BBhBI", 0x84, 0, stream, RESULT, 15 << 20) + bytes(part))
            return b""
        peak, bound = 0, (256 + 64 + 40) << (40 if lib.SANITIZED else 20)  # what is freed stays there
        with Cluster(answer=answer) as c:
            with lib.Headless("--clients", 40, "--connections", 40, *PATIENT, c.url + "?ops=insert") as h:
                def enough():
                    """Connections were closed and made again, or the memory is above its bound."""
                    nonlocal peak
                    with open("/proc/%d/status" % h.pid, encoding="ascii") as f:
                        peak = next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))
                    return c.nodes[0].connections > 50 or peak > bound
                until("the server has said enough", enough)
                h.signal(2)
                p = lib.pool(h.wait(code=130))
        self.assertEqual(set(lib.classes(p)), {"too_much"}, p["error_classes"])
        self.assertIn("hold 256 MiB of all connections", lib.classes(p)["too_much"]["first"])
        self.assertLess(peak, bound)

    def test_closed(self):
        self.broken_once(lambda s: False, "127.0.0.1", error_class="closed")

    def test_torn_everywhere(self):
        """Answers that arrive byte by byte and glued together are still each one answer."""
        def answer(node, conn, stream, what, key):
            conn["held"].append(usual(stream, what, key))
            if node.executed % 7:
                return b""
            out = b"".join(conn["held"])
            conn["held"].clear()
            for at in range(0, len(out), 5):
                conn["socket"].sendall(out[at:at + 5])
            return b""
        with Cluster(answer=answer) as c:
            _, p = self.run_load(c, "-n", "7000", "--pattern", "chain", "--depth", "70", query="ops=select,insert")
            self.assertEqual(p["ops"]["completed"], 7000, p["error_classes"])

    def test_too_old_and_too_new(self):
        for version, word in ((3, "(3/v3)"), (5, "(5/v5)")):
            with Cluster(only_version=version) as c:
                r = lib.loadtop(*COMMON, "-n", "10", c.url)
                self.assertEqual(r.code, 1, r)
                self.assertIn("native protocol v4", r.err)
                self.assertIn(word, r.err)

    def test_details_of_errors(self):
        """Each class of the protocol, with its details in words."""
        kinds = [
            ("unavailable", 0x1000, struct.pack(">Hii", 4, 2, 1), "2 replicas required, 1 alive at QUORUM"),
            ("write_timeout", 0x1100, struct.pack(">Hii", 1, 0, 1) + string("SIMPLE"),
             "write type SIMPLE, 0 of 1 replicas answered at ONE"),
            ("read_timeout", 0x1200, struct.pack(">HiiB", 6, 1, 2, 1), "1 of 2 replicas answered at LOCAL_QUORUM"),
            ("read_failure", 0x1300, struct.pack(">HiiiB", 4, 1, 2, 1, 0), "1 failed at QUORUM"),
            ("write_failure", 0x1500, struct.pack(">Hiii", 4, 1, 2, 1) + string("BATCH"), "write type BATCH"),
            ("truncate", 0x1003, b"", "it said so"), ("server_error", 0, b"", "it said so"),
            ("unauthorized", 0x2100, b"", "it said so"), ("invalid", 0x2200, b"", "it said so"),
            ("syntax", 0x2000, b"", "it said so"), ("config", 0x2300, b"", "it said so"),
            ("exists", 0x2400, string("ks") + string("t"), "ks.t")]

        def answer(node, conn, stream, what, key):
            k = node.executed % (2 * len(kinds))
            return error(stream, kinds[k][1], "it said so", kinds[k][2]) if k < len(kinds) else None
        with Cluster(answer=answer) as c:
            _, p = self.run_load(c, "-n", "2400", "--pattern", "chain")
            found = lib.classes(p)
            self.assertEqual({k: found[k]["count"] for k in found}, {k[0]: 100 for k in kinds})
            for name, _, _, words in kinds:
                self.assertIn(words, found[name]["last"])
            self.assertEqual(p["ops"]["errors"], 1200)

    def test_what_only_decorates(self):
        """The other nodes, events and the cluster's name: refused by a server or a proxy, or the connection is closed
        on it: the load runs, and it is told once."""
        no = lambda: itertools.repeat((0x2100, "User loadtop has no SELECT permission"))
        for word, answers, words in (
                ("REGISTER", no(), "events of the cluster are not known: .*has no SELECT permission"),
                ("REGISTER", itertools.repeat(False), "events of the cluster are not known: REGISTER closes the connection"),
                ("system.peers", no(), "the cluster's other nodes are not known: .*has no SELECT permission"),
                ("system.local", no(), "the cluster's other nodes are not known: .*has no SELECT permission")):
            with self.subTest(word), Cluster(2) as c:
                c.says[word] = answers
                run, p = self.run_load(c, "-n", "2000", "--clients", 4)
                self.assertEqual((p["ops"]["completed"], c.executed), (2000, 2000))
                told = [e["to"] for e in run["events"] if re.search(words, e["to"] or "")]
                self.assertEqual(len(told), 1, run["events"])
                self.assertEqual(c.nodes[1].executed > 0, word == "REGISTER")

    def test_closed_once_is_a_server_that_went_away(self):
        with Cluster() as c:
            c.says["REGISTER"] = iter([False])
            run, p = self.run_load(c, "-n", "200")
            self.assertEqual(p["ops"]["completed"], 200)
            self.assertEqual(len(c.nodes[0].registered), 1)
            self.assertEqual([e for e in run["events"] if "not known" in (e["to"] or "")], [])

    def test_what_passes(self):
        """A node that is not ready yet, at the start: waited for."""
        for word, code, text in (("STARTUP", 0x1001, "too many connections"), ("STARTUP", 0x1002, "bootstrapping"),
                                 ("system.local", 0x1001, "too much"), ("system_schema", 0x1002, "bootstrapping"),
                                 ("STARTUP", 0x0100, "Unable to perform authentication: Cannot achieve QUORUM")):
            with self.subTest(word=word, text=text), Cluster() as c:
                c.says[word] = iter([(code, text)])
                run, p = self.run_load(c, "-n", "200")
                self.assertEqual((p["ops"]["completed"], p["ops"]["errors"], c.executed), (200, 0, 200))
                down = [e["to"] for e in run["events"] if e["what"] == "down"]
                self.assertEqual(len(down), 1, run["events"])
                self.assertIn(text, down[0])

    def test_overloaded_backs_off(self):
        """While a node is overloaded it is asked less and less often, as its clock says; then load is back."""
        times = []

        def answer(node, conn, stream, what, key):
            if 1000 <= node.executed < 1160:
                times.append(time.monotonic())
                return error(stream, 0x1001 if node.executed % 2 else 0x1002, "too much")
            return None
        with Cluster(answer=answer) as c:
            run, p = self.run_load(c, "-n", "6000", "--pattern", "chain", "--depth", "8", "--clients", "2")
            said = len(times)
            self.assertEqual(p["ops"]["errors"], said)
            self.assertEqual(set(lib.classes(p)), {"overloaded", "bootstrapping"})
            # Sixteen in flight, and no more than sixteen at the end of each rest of 25 ms at least.
            self.assertGreater(times[-1] - times[0], 0.025 * (said / 16 - 2))
            self.assertGreater(p["backend_stats"]["back_offs"], 1)
            self.assertTrue([e for e in run["events"] if "backs off" in (e["to"] or "")], run["events"])
            self.assertEqual(p["ops"]["completed"], 6000 - said)

    def test_unprepared_loses_nothing(self):
        def answer(node, conn, stream, what, key):
            if node.executed % 1000 == 500:
                node.prepared.clear()
            return None
        with Cluster(answer=answer) as c:
            _, p = self.run_load(c, "-n", "5000", "--pattern", "chain", "--depth", "50", "--clients", "2",
                                 query="dist=sequential&keys=1000M")
            self.assertEqual(p["ops"]["completed"], 5000)
            self.assertEqual(p["ops"]["errors"], 0)
            self.assertGreaterEqual(p["backend_stats"]["prepared_again"], 5)
            self.assertEqual({int(k) for k in c.nodes[0].keys} >= set(range(5000)), True)
            self.assertGreater(c.nodes[0].prepares, 5)

    def shuffled(self, swap):
        """Answers in any order, some after the request's timeout, the rows with their own keys; with `swap`
        now and then two answers on each other's streams."""
        r, late = random.Random(7), []

        def answer(node, conn, stream, what, key):
            held = conn["held"]
            held.append((stream, what, key))
            if len(held) < 40 and r.random() < 0.97:
                return b""
            r.shuffle(held)
            if swap and node.executed > 500 and len(held) > 3:
                (a, w, k), (b, x, l) = held[0], held[1]
                held[0], held[1] = (b, w, k), (a, x, l)
            if r.random() < 0.03:
                packed = b"".join(usual(*h) for h in held)
                late.append(len(held))
                held.clear()
                threading.Timer(0.35, send_late, (conn["socket"], packed)).start()
                return b""
            out = b"".join(usual(*h) for h in held)
            held.clear()
            return out
        with Cluster(answer=answer) as c, lib.Headless("-d", "900s", "--pattern", "chain", "--depth", "100", "--timeout",
                                                       "200ms", c.url + "?ops=select&keys=100k") as h:
            until("answers, many of them late", lambda: len(late) > 10 and c.executed > 5000)
            p = lib.pool(stop(h))
        self.assertEqual(lib.accounting(p["ops"]), 0)
        return p

    def test_late_answers_meet_nobody_else(self):
        p = self.shuffled(False)
        self.assertGreater(p["ops"]["timeouts"], 5)
        self.assertGreater(p["ops"]["completed"], 200)
        self.assertEqual(p["ops"]["errors"], 0, p["error_classes"])

    def test_swapped_answers_are_found(self):
        p = self.shuffled(True)
        self.assertGreater(lib.classes(p)["wrong_answer"]["count"], 1)

    def test_wrong_key_type_of_row(self):
        def answer(node, conn, stream, what, key):
            if what == "SELECT" and node.executed % 10 == 0:
                return rows(stream, [("thekey", TEXT), ("col1", TEXT), ("col2", TEXT)], [[None, b"a", b"b"]], False)
            if what == "SELECT" and node.executed % 10 == 1:
                return rows(stream, [("thekey", TEXT), ("col1", TEXT), ("col2", TEXT)], [], False)
            return None
        with Cluster(answer=answer) as c:
            _, p = self.run_load(c, "-n", "1000", "--pattern", "chain", query="ops=select")
            self.assertEqual(lib.classes(p)["wrong_answer"]["count"], 100)
            self.assertEqual(p["backend_stats"]["rows_missed"], 100)


class Secure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = lib.folder(cls)
        cls.cert, key = lib.certificate(cls.dir)
        cls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.context.load_cert_chain(cls.cert, key)

    def target(self, c, host="127.0.0.1", query=""):
        return "cassandras://%s:%d/loadtop?%s" % (host, c.port, query)

    def test_loads_over_tls(self):
        with Cluster(tls=self.context) as c:
            p = lib.pool(headless("-n", "5000", "--pattern", "chain", "--depth", "100", "--clients", "3", self.target(
                c, query="ops=select,insert&size=3000&tls.ca=" + self.cert)))
            self.assertEqual(p["ops"]["completed"], 5000, p["error_classes"])

    def test_refuses_who_is_not_trusted(self):
        with Cluster(tls=self.context) as c:
            r = lib.loadtop("--headless", "-n", "10", self.target(c), timeout=BOUND)
            self.assertNotEqual(r.code, 0)
            self.assertIn("certificate", r.err)
            r = lib.loadtop("--headless", "-n", "10", self.target(c, query="tls.verify=no"))
            self.assertEqual(r.code, 0, r)
            self.assertEqual(c.executed, 10)

    def test_refuses_another_name(self):
        with Cluster(2, tls=self.context) as c:
            r = lib.loadtop("--headless", "-n", "10", self.target(c, "127.0.0.2", "tls.ca=" + self.cert), timeout=BOUND)
            self.assertNotEqual(r.code, 0)
            self.assertIn("certificate", r.err)

    def test_no_tls_there(self):
        with Cluster() as c:
            r = lib.loadtop("--headless", "-n", "10", self.target(c), timeout=BOUND)
            self.assertEqual(r.code, 1, r)
            self.assertIn("the server answers without TLS: use cassandra://", r.err)


class Nodes(unittest.TestCase):
    def test_discovered_and_routed_by_token(self):
        if not murmur3:
            self.skipTest("python3-cassandra is not installed (apt-get install python3-cassandra)")
        with Cluster(3) as c:
            run = headless("-n", "6000", "--pattern", "chain", "--depth", "60", c.url)
            p = lib.pool(run)
            self.assertEqual(p["ops"]["completed"], 6000)
            self.assertEqual({h["address"].partition(":")[0]: h["requests"] for h in p["backend_stats"]["hosts"]},
                             {n.address: n.executed for n in c.nodes})
            for n in c.nodes:
                self.assertGreater(n.executed, 1500)
                for key in n.keys:
                    self.assertIs(c.owner(murmur3(key)), n, key)

    def test_round_robin(self):
        with Cluster(3) as c:
            headless("-n", "6000", "--pattern", "chain", "--depth", "60", c.url + "?route=round_robin")
            for n in c.nodes:
                self.assertAlmostEqual(n.executed, 2000, delta=200)

    def test_only_contact_points(self):
        with Cluster(3) as c:
            headless("-n", "1000", "--pattern", "chain", c.url + "?discover=no")
            self.assertEqual([n.executed for n in c.nodes], [1000, 0, 0])

    def test_node_down_is_set_aside(self):
        """One of three dies under load and comes back: only what it carried fails, the others go on at once, and
        it is used again."""
        with Cluster(3, replication=2) as c, lib.Headless("-d", "900s", *PATIENT, "--pattern", "chain",
                                                          "--depth", "30", "--clients", "2", c.url) as h:
            victim = c.nodes[1]
            until("load on every node", lambda: min(n.executed for n in c.nodes) > 200)
            victim.stop()
            before = [n.executed for n in c.nodes]
            until("the others go on", lambda: c.nodes[0].executed > before[0] + 500
                  and c.nodes[2].executed > before[2] + 500)
            victim.start()
            at = victim.executed
            until("it is used again", lambda: victim.executed > at + 100)
            p = lib.pool(stop(h))
            o = p["ops"]
            self.assertEqual(o["offered"], o["completed"] + o["errors"] + o["timeouts"] + o["in_flight"])
            self.assertLessEqual(o["errors"], 60)
            self.assertEqual(o["timeouts"], 0)

    def test_connections_to_a_node_are_missing(self):
        """One of three dies and stays away: its connections are missing, which is said once, with the reason."""
        with Cluster(3) as c, Watched("-d", "900s", *PATIENT, "--clients", "2", c.url) as run:
            until("load on every node", lambda: min(n.executed for n in c.nodes) > 200)
            self.assertNotIn("conns ", run.text())
            c.nodes[1].stop()
            until("it is said", lambda: "conns 4/6" in run.text())
            result = run.end()
        p = lib.pool(result)
        self.assertEqual((p["connections_up"], p["connections_wanted"]), (4, 6))
        (said,) = [e["to"] for e in result["events"] if e["what"] == "partial"]
        self.assertTrue(said.startswith("4 of 6 connections up: refused: 127.0.0.2:"), said)
        self.assertIn("refused", lib.classes(p, of="connection_errors"))

    def test_a_node_that_leaves(self):
        """Its connections are not missing, and once they are closed nobody knocks there again."""
        with Cluster(3) as c, lib.Headless("-d", "900s", *PATIENT, "--clients", "2", c.url) as h:
            leaver = c.nodes[1]
            until("load on every node", lambda: min(n.executed for n in c.nodes) > 200)
            asked = sum("peers" in q for n in c.nodes for q in n.queries)
            c.leave(leaver)
            until("it is asked who is there", lambda: sum("peers" in q for n in c.nodes for q in n.queries) > asked)
            until("no more load there", lambda: not self.grows(leaver, c.nodes[0]))
            before = leaver.connections
            leaver.hang_up()
            at = c.nodes[0].executed
            until("the others go on", lambda: c.nodes[0].executed > at + 2000)
            run = stop(h)
            self.assertEqual(leaver.connections, before)
        p = lib.pool(run)
        self.assertEqual((p["connections_up"], p["connections_wanted"]), (4, 4))
        self.assertEqual([e for e in run["events"] if e["what"] == "partial"], [])

    def grows(self, node, beside):
        """Does its count rise while the other one's does?"""
        was, at = node.executed, beside.executed
        until("load", lambda: beside.executed > at + 200)
        return node.executed > was

    def test_node_down_from_the_start(self):
        """A node that never answers must not hold the operations that belong to it."""
        with Cluster(3) as c:
            c.nodes[2].stop()
            p = lib.pool(headless("-n", "3000", "--pattern", "sync", c.url, timeout=BOUND))
            self.assertEqual(p["ops"]["completed"], 3000)
            self.assertGreater(c.nodes[0].executed, 500)
            self.assertGreater(c.nodes[1].executed, 500)


if __name__ == "__main__":
    lib.main()
