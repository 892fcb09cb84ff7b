"""Three real Cassandra nodes: discovery, tokens, events. The references are the DataStax driver, which knows the node
that owns a key, and each node's own count of the requests that it received from loadtop.   ctest: timeout=900
"""
import re
import signal
import unittest

import lib
from cassandra_node import Node, NoHostAvailable
from patient import BOUND, PATIENT, stop, until

NODES = []


def setUpModule():
    try:
        for number in (1, 2, 3):
            NODES.append(Node(join=NODES[0] if NODES else None, number=number, heap="600m",
                              token=-2**63 + number * (2**64 // 3) - 1))
        NODES[0].start()
        for node in NODES[1:]:
            node.begin()
        for node in NODES[1:]:
            node.wait()
        until("each node knows the others", lambda: all(peers(n) == 2 for n in NODES), every=0.5)
    except BaseException:
        tearDownModule()
        raise


def peers(node):
    """How many others the node knows."""
    try:
        return len(node.query("SELECT peer FROM system.peers_v2"))
    except NoHostAvailable:
        return 0  # it has just come up


def tearDownModule():
    for n in NODES:
        n.__exit__()


def requests(node):
    """What the node counted of loadtop's connections."""
    return sum(r[1] for r in node.query("SELECT driver_name, request_count FROM system_views.clients")
               if r[0] == "loadtop")


class Ring(unittest.TestCase):
    def loaded(self, table, query, judge):
        """Load that stands still when some is done, so that the connections and the nodes' counts stay; then judge(...)."""
        until("the table is made", lambda: lib.loadtop(
            "--headless", "-n", "10", NODES[0].url(table) + "?dist=sequential", timeout=BOUND).code == 0)
        with NODES[0].client() as c:
            with lib.Headless("-d", "900s", *PATIENT, "--max-rate", "2000/s", "--pattern", "chain", "--depth", "30",
                              NODES[0].url(table) + "?dist=sequential&keys=1000M" + query) as h:
                until("load", lambda: len(c.keys(table)) > 3000, every=0.2)
                h.signal(signal.SIGSTOP)
                until("the nodes have taken all", lambda: not any(n.unread() for n in NODES), every=0.2)
                keys = c.keys(table)
                c.cluster.refresh_schema_metadata()
                owned = {n.address: 0 for n in NODES}
                for k in keys:
                    replicas = c.cluster.metadata.get_replicas("ring", k.encode())
                    self.assertEqual(len(replicas), 1)
                    owned[replicas[0].address] += 1
                judge(len(keys), owned, {n.address: requests(n) for n in NODES})
                h.signal(signal.SIGCONT)
                p = lib.pool(stop(h))
        self.assertEqual(lib.accounting(p["ops"]), 0)
        self.assertEqual((p["ops"]["errors"], p["ops"]["timeouts"]), (0, 0), p["error_classes"])
        self.assertGreaterEqual(p["ops"]["completed"] + p["ops"]["in_flight"], len(keys))
        self.assertEqual(sorted(x["address"].partition(":")[0] for x in p["backend_stats"]["hosts"]),
                         sorted(n.address for n in NODES))

    def test_each_request_goes_to_the_node_that_owns_its_key(self):
        def judge(total, owned, got):
            self.assertGreater(min(owned.values()), 10)
            for node, n in owned.items():
                self.assertGreaterEqual(got[node], n, (owned, got))
            # Besides: handshakes, statements, and the questions of the control connection, some each second.
            self.assertLess(sum(got.values()), 1.2 * total, (owned, got))
        self.loaded("ring.owners", "", judge)

    def test_round_robin(self):
        def judge(total, _owned, got):
            for n in got.values():
                self.assertTrue(0.8 * total / 3 < n < 1.2 * total / 3 + 150, (total, got))
        self.loaded("ring.turn", "&route=round_robin", judge)

    def test_survives_a_node_that_dies_and_comes_back(self):
        """The cluster says so, the events say so, the others carry on, and it is used again."""
        victim = NODES[2]
        with lib.Headless("-d", "900s", "--max-rate", "1000/s", "--pattern", "chain", "--depth", "20", "--timeout", "2s",
                          NODES[0].url("dies") + "?dist=sequential&keys=1000M") as h:
            until("load on it", lambda: requests(victim) > 300, every=0.5)
            victim.kill()
            before = [requests(n) for n in NODES[:2]]
            until("the others carry on", lambda: all(
                requests(n) > b + 300 for n, b in zip(NODES, before)), every=0.5)
            until("the others say that it is down", lambda: all(
                re.search("127.0.0.3.* is now DOWN", n.process.output()) for n in NODES[:2]), every=0.5)
            victim.start()
            until("it is used again", lambda: requests(victim) > 300, every=0.5)
            run = stop(h)
        p = lib.pool(run)
        self.assertEqual(lib.accounting(p["ops"]), 0)
        words = [str(e["to"]) for e in run["events"]]
        self.assertIn("node 127.0.0.3 down", words)
        self.assertIn("node 127.0.0.3 up", words)


if __name__ == "__main__":
    lib.main()
