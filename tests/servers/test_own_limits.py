"""Limits of the machine that loadtop runs on are not the server's errors: local ports, descriptors. In a network namespace of
the test's own, in which there are twenty local ports."""
import os
import sys
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import lib
from cassandra_fake import Cluster
from harness import Standin
from patient import headless

RANGE = "/proc/sys/net/ipv4/ip_local_port_range"


class OwnLimits(unittest.TestCase):
    def targets(self):
        redis, crate, cassandra = (self.enterContext(c) for c in (lib.Redis(), Standin(), Cluster()))
        return {"redis": redis.url + "?", "crate": crate.url() + "?", "cassandra": cassandra.url + "?streams=1&"}

    def limited(self, limit, most=64):
        """The program with a limit of descriptors."""
        path = os.path.join(lib.folder(self), "limited")
        lib.write(path, '#!/bin/sh\nulimit %s %d\nexec %s "$@"\n' % (limit, most, lib.LOADTOP))
        os.chmod(path, 0o700)
        return mock.patch.object(lib, "LOADTOP", path)

    def test_no_local_port_is_left(self):
        targets = self.targets()
        with open(RANGE) as f:
            self.addCleanup(lib.write, RANGE, f.read())
        for n, (name, url) in enumerate(targets.items()):
            lib.write(RANGE, "%d %d\n" % (40000 + 20 * n, 40019 + 20 * n))  # none that waits in TIME_WAIT
            with self.subTest(name):
                run = headless("-d", "4s", "--clients", "50", url + "pattern=sync", code=None)
                pool = lib.pool(run, name)
                classes = {e["class"]: e for e in pool["connection_errors"]}
                self.assertIn("own_limit", classes, classes)
                self.assertIn("net.ipv4.ip_local_port_range", classes["own_limit"]["last"])
                self.assertFalse({"refused", "connect"} & set(classes), classes)
                self.assertLess(pool["connections_up"], pool["connections_wanted"])
                self.assertFalse(run["validity"]["ok"])

    def test_the_soft_limit_of_descriptors_is_only_a_default(self):
        for name, url in self.targets().items():
            with self.subTest(name):
                with self.limited("-Sn"):
                    run = headless("-d", "2s", "--clients", "100", url + "pattern=sync", code=None)
                self.assertEqual(lib.pool(run, name)["connections_up"], lib.pool(run, name)["connections_wanted"])

    def test_the_hard_limit_is_named(self):
        for name, url in self.targets().items():
            with self.subTest(name):
                with self.limited("-n"):
                    run = headless("-d", "4s", "--clients", "100", url + "pattern=sync", code=None)
                classes = {e["class"]: e for e in lib.pool(run, name)["connection_errors"]}
                self.assertIn("own_limit", classes, classes)
                self.assertIn("ulimit -n", classes["own_limit"]["last"])
                self.assertFalse({"refused", "connect"} & set(classes), classes)
                self.assertFalse(run["validity"]["ok"])

    def test_too_few_for_a_single_connection(self):
        """However few there are: what did not reach the server is not told of the server."""
        for name, url in self.targets().items():
            for limit in range(7, 17):
                with self.subTest(name, limit=limit), self.limited("-n", limit):
                    r = lib.loadtop("--headless", "--no-history", "-d", "1s", url)
                    self.assertIn(r.code, (0, 1), r.err)
                    if r.code or "0 of 1 up" in r.out or "0 threads" in r.out:
                        self.assertEqual(r.code, 1, r.out)
                        self.assertRegex(r.err, "ulimit -n|Too many open files")
                        self.assertNotIn("no target was reached", r.err)


if __name__ == "__main__":
    lib.own_network()
    lib.main()
