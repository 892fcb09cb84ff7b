"""Three real Cassandra nodes: discovery, tokens, events. The judges are the DataStax driver, which says which node owns
a key, and each node's own count of the requests that it got from loadtop.   ctest: timeout=600
"""
import time
import unittest

import lib
from cassandra_node import Node

NODES = []


def setUpModule():
    try:
        for number in (1, 2, 3):
            NODES.append(Node(join=NODES[0] if NODES else None, number=number, heap="600m",
                              token=-2**63 + number * (2**64 // 3) - 1))
            NODES[-1].start()
        lib.until("each node knows the others", lambda: all(
            len(n.query("SELECT peer FROM system.peers_v2")) == 2 for n in NODES), timeout=120, every=1)
    except BaseException:
        tearDownModule()
        raise


def tearDownModule():
    for n in NODES:
        n.__exit__()


def requests(node):
    """What the node counted of loadtop's connections."""
    return sum(r[1] for r in node.query("SELECT driver_name, request_count FROM system_views.clients")
               if r[0] == "loadtop")


class Ring(unittest.TestCase):
    def loaded(self, table, query, judge):
        """Load that is paused when some is done, so that the connections and the nodes' counts stay; then judge(...)."""
        lib.until("the table is made", lambda: lib.loadtop(
            "--headless", "-n", "10", NODES[0].url(table) + "?dist=sequential", timeout=120).code == 0, timeout=120)
        with NODES[0].client() as c:
            with lib.Headless("-d", "120s", "--max-rate", "2000/s", "--pattern", "chain", "--depth", "30", "--at",
                              "15s pause", NODES[0].url(table) + "?dist=sequential&keys=1000M" + query) as h:
                def still():
                    before = len(c.keys(table))
                    time.sleep(1.0)
                    return before > 100 and len(c.keys(table)) == before
                lib.until("load, and a pause", still, timeout=90)
                keys = c.keys(table)
                c.cluster.refresh_schema_metadata()
                owned = {n.address: 0 for n in NODES}
                for k in keys:
                    replicas = c.cluster.metadata.get_replicas("ring", k.encode())
                    self.assertEqual(len(replicas), 1)
                    owned[replicas[0].address] += 1
                judge(len(keys), owned, {n.address: requests(n) for n in NODES})
                h.signal(lib.signal.SIGTERM)
                run = h.wait(code=128 + lib.signal.SIGTERM)
        p = lib.pool(run)
        self.assertEqual(lib.accounting(p["ops"]), 0)
        self.assertEqual(p["ops"]["completed"], len(keys), p["error_classes"])
        self.assertEqual(sorted(x["address"].partition(":")[0] for x in p["backend_stats"]["hosts"]),
                         sorted(n.address for n in NODES))

    def test_each_request_goes_to_the_node_that_owns_its_key(self):
        def judge(total, owned, got):
            self.assertGreater(min(owned.values()), 10)
            for node, n in owned.items():
                self.assertGreaterEqual(got[node], n, (owned, got))
            # Besides: handshakes, statements, and the questions of the control connection.
            self.assertLess(sum(got.values()), total + 150, (owned, got))
        self.loaded("ring.owners", "", judge)

    def test_round_robin(self):
        def judge(total, _owned, got):
            for n in got.values():
                self.assertTrue(0.8 * total / 3 < n < 1.2 * total / 3 + 150, (total, got))
        self.loaded("ring.turn", "&route=round_robin", judge)

    def test_survives_a_node_that_dies_and_comes_back(self):
        """The cluster says so, the events say so, the others carry on, and it is used again."""
        victim = NODES[2]
        with lib.Headless("-d", "300s", "--max-rate", "1000/s", "--pattern", "chain", "--depth", "20", "--timeout", "2s",
                          NODES[0].url("dies") + "?dist=sequential&keys=1000M") as h:
            lib.until("load on it", lambda: requests(victim) > 300, timeout=60, every=0.5)
            victim.kill()
            before = [requests(n) for n in NODES[:2]]
            lib.until("the others carry on", lambda: all(
                requests(n) > b + 300 for n, b in zip(NODES, before)), timeout=60, every=0.5)
            time.sleep(15)  # until gossip is sure of it
            victim.start()
            lib.until("it is used again", lambda: requests(victim) > 300, timeout=90, every=0.5)
            h.signal(lib.signal.SIGTERM)
            run = h.wait(code=128 + lib.signal.SIGTERM)
        p = lib.pool(run)
        self.assertEqual(lib.accounting(p["ops"]), 0)
        words = [str(e["to"]) for e in run["events"]]
        self.assertIn("node 127.0.0.3 down", words)
        self.assertIn("node 127.0.0.3 up", words)


if __name__ == "__main__":
    lib.main()
