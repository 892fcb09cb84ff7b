"""Cassandra fails and recovers: each failure has its class, and the load resumes by itself. TLS with the real node,
checked against the node's own list of clients. Uses its own node, with passwords.   ctest: timeout=900

How soon the load resumes is checked only if CASSANDRA_BACK_S gives a limit in seconds: `./dev bench cassandra --part
recovery` runs this file with 1 s, on a machine that does nothing else.
"""
import datetime
import os
import time
import unittest

import lib
from cassandra_node import Node
from false_server import Proxy
from patient import PATIENT, headless, stop, until

BACK_S = float(os.environ.get("CASSANDRA_BACK_S", "inf"))
DISTINCT = "dist=sequential&keys=1000M"
CHAINS = ("--pattern", "chain", "--depth", "20", *PATIENT)
NODE = CLIENT = None


def setUpModule():
    global NODE, CLIENT
    NODE = Node(auth=True, tls=True)
    NODE.start()
    CLIENT = NODE.client()
    CLIENT.__enter__()


def tearDownModule():
    if CLIENT:
        CLIENT.__exit__()
    if NODE:
        NODE.__exit__()


def rows(table, most=100):
    return len(CLIENT.look("SELECT thekey FROM %s LIMIT %d" % (table, most)))


def load_again():
    """Until the node counts more of loadtop's requests, and a whole second of them."""
    before = requests()
    until("load again", lambda: sum(n - before.get(link, 0) for link, n in requests().items()) > 100, every=0.1)
    time.sleep(1.5)


def requests():
    """What the node counts of each connection that loadtop has now."""
    return {(address, port): n for name, address, port, n in CLIENT.query(
        "SELECT driver_name, address, port, request_count FROM system_views.clients") if name == "loadtop"}


def enough(h):
    """Ends the run; its pool."""
    run = stop(h)
    p = lib.pool(run)
    assert lib.accounting(p["ops"]) == 0, p["ops"]
    return run, p


class Back(unittest.TestCase):
    """`broken` and `mended` are wall-clock times."""

    def was_down_and_is_back(self, run, p, broken, mended):
        began = datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00")).timestamp()
        after = [s for s in p["series"] if s["completed"] and s["t_s"] > mended - began]
        self.assertTrue(after, "no load after it was mended")
        # A second's sample is stamped with its end, and holds as much of a whole second as there was load in it.
        first, whole = after[0], max(s["completed"] for s in after)
        took = max(0.0, first["t_s"] - min(1.0, first["completed"] / whole) - (mended - began))
        print("back after %.1f s (%s)" % (took, self.id().rpartition(".")[2]), flush=True)
        self.assertLess(took, BACK_S + 0.2)  # what the rates of two seconds differ by
        self.assertLess(broken, mended)

    def test_wrong_password(self):
        """The role's password changes while connections break: auth, and load again when it is put right."""
        CLIENT.query("CREATE ROLE IF NOT EXISTS fickle WITH PASSWORD = 'one' AND LOGIN = true AND SUPERUSER = true")
        with Proxy(("127.0.0.1", NODE.port)) as proxy, lib.Headless("-d", "900s", *CHAINS, NODE.url(
                "fickle", user="fickle:one", port=proxy.port) + "?discover=no&" + DISTINCT) as h:
            until("rows", lambda: rows("fickle.loadtop") == 100, every=0.2)
            self.change_password("two")
            until("the node has forgotten the old password", lambda: not NODE.logs_in("fickle", "one"), every=0.3)
            proxy.cut()
            broken, tries = time.time(), proxy.passed
            until("it tries again", lambda: proxy.passed > tries + 2)
            self.change_password("one")
            until("the node knows the password", lambda: NODE.logs_in("fickle", "one"), every=0.3)
            mended = time.time()
            load_again()
            run, p = enough(h)
        downs = [e["to"] for e in run["events"] if e["what"] == "down"]
        self.assertTrue([d for d in downs if d.startswith("auth: ")], downs)
        self.assertNotIn("fickle:one", str(run))
        self.was_down_and_is_back(run, p, broken, mended)

    @staticmethod
    def change_password(to):
        """The node allows it every 5 s only."""
        def changed():
            try:
                CLIENT.query("ALTER ROLE fickle WITH PASSWORD = '%s'" % to)
                return True
            except Exception:  # pylint: disable=broad-except
                return False
        until("the password is changed", changed, every=0.3)

    def test_keyspace_dropped_and_made_again(self):
        with lib.Headless("-d", "900s", *CHAINS, NODE.url("vanishes") + "?" + DISTINCT) as h:
            until("rows", lambda: rows("vanishes.loadtop") == 100, every=0.2)
            CLIENT.query("DROP KEYSPACE vanishes")
            broken = time.time()
            time.sleep(1.5)
            CLIENT.query("CREATE KEYSPACE vanishes WITH replication = {'class': 'SimpleStrategy', "
                         "'replication_factor': 1}")
            CLIENT.query("CREATE TABLE vanishes.loadtop (thekey text PRIMARY KEY, col1 text, col2 text)")
            mended = time.time()
            until("rows again", lambda: rows("vanishes.loadtop") == 100, every=0.05)
            load_again()
            run, p = enough(h)
        self.assertLessEqual({"invalid"}, set(lib.classes(p)), p["error_classes"])
        self.assertIn("vanishes", lib.classes(p)["invalid"]["first"])
        self.assertIn("DROPPED", str([e["to"] for e in run["events"]]))
        self.was_down_and_is_back(run, p, broken, mended)

    def test_unprepared(self):
        """The statements die with the table, the connections do not: prepared again, requests kept."""
        with lib.Headless("-d", "900s", *CHAINS, NODE.url("unprepared") + "?" + DISTINCT) as h:
            until("rows", lambda: rows("unprepared.loadtop") == 100, every=0.2)
            broken = time.time()
            CLIENT.query("ALTER TABLE unprepared.loadtop ADD col9 text")
            mended = time.time()
            load_again()
            run, p = enough(h)
        self.assertGreater(p["backend_stats"]["prepared_again"], 0)
        self.assertLessEqual(set(lib.classes(p)), {"server_error", "write_timeout"}, p["error_classes"])
        self.was_down_and_is_back(run, p, broken, mended)

    def test_stopped_with_short_timeouts(self):
        """SIGSTOP for 4 s: timeouts, each counted once, and late answers meet nobody else's request."""
        CLIENT.query("CREATE KEYSPACE IF NOT EXISTS stopped WITH replication = {'class': 'SimpleStrategy', "
                     "'replication_factor': 1}")
        headless("-n", "2000", "--pattern", "chain", NODE.url("stopped") + "?dist=sequential&keys=2000")
        with lib.Headless("-d", "900s", *CHAINS[:4], "--timeout", "2s",
                          NODE.url("stopped") + "?ops=select&keys=2000") as h:
            until("it loads", CLIENT.sees_load, every=0.1)
            NODE.freeze()
            broken = time.time()
            time.sleep(4.0)
            NODE.thaw()
            mended = time.time()
            load_again()
            run, p = enough(h)
        self.assertGreaterEqual(p["ops"]["timeouts"], 20)
        self.assertNotIn("wrong_answer", lib.classes(p))
        self.assertEqual(p["backend_stats"]["rows_missed"], 0)
        self.was_down_and_is_back(run, p, broken, mended)


class Tls(unittest.TestCase):
    def target(self, path, query=""):
        return NODE.url(path, tls=True) + "?" + query

    def test_loads_over_tls(self):
        """PLAIN and lz4 over TLS: every row is there, and the node itself says that loadtop's connections are secure."""
        with lib.Headless("-d", "900s", *CHAINS, "--max-rate", "1000/s", self.target(
                "secure", "compression=lz4&size=300&tls.ca=%s&%s" % (NODE.ca, DISTINCT))) as h:
            until("rows", lambda: rows("secure.loadtop", 3000) == 3000, every=0.2)
            clients = CLIENT.query("SELECT driver_name, ssl_enabled, ssl_protocol FROM system_views.clients")
            _, p = enough(h)
        ours = [c for c in clients if c[0] == "loadtop"]
        self.assertGreaterEqual(len(ours), 2, clients)
        self.assertEqual({c[1] for c in ours}, {True}, clients)
        self.assertLessEqual({c[2] for c in ours}, {"TLSv1.2", "TLSv1.3"})
        o = p["ops"]
        self.assertEqual((o["errors"], o["timeouts"]), (0, 0), p["error_classes"])
        stored = len(set(CLIENT.keys("secure.loadtop")))
        self.assertTrue(o["completed"] <= stored <= o["completed"] + o["in_flight"], (stored, o))

    def test_refuses_who_is_not_trusted(self):
        r = lib.loadtop("--headless", "-n", "10", self.target("secure"))
        self.assertEqual(r.code, 1, r)
        self.assertIn("certificate", r.err)
        r = lib.loadtop("--headless", "-n", "10", self.target("secure", "tls.verify=no"))
        self.assertEqual(r.code, 0, r)


if __name__ == "__main__":
    lib.main()
