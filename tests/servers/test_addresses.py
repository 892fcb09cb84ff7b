"""A name with two addresses, ::1 before 127.0.0.1, in every backend that connects by itself: the load arrives wherever a
server listens, and goes on at the other address when the first stops answering. /etc/hosts is a copy, in namespaces of
the test's own; what was done is each server's own count.
"""
import contextlib
import os
import socket
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import lib
from cassandra_fake import Cluster
from harness import Standin
from patient import PATIENT, headless, stop, until

NAME = "both.example"


class Forwarder:
    """Listens on [::1] and passes on to the same port of 127.0.0.1, until it is closed with all that it carries."""

    def __init__(self, port):
        self.port, self.carried, self.accepted = port, [], 0
        self.listener = socket.create_server(("::1", port), family=socket.AF_INET6)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                come, _ = self.listener.accept()
                go = socket.create_connection(("127.0.0.1", self.port))
                self.carried += [come, go]
                self.accepted += 1
                for a, b in ((come, go), (go, come)):
                    threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    @staticmethod
    def carry(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        for s in (a, b):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def close(self):
        for s in [self.listener, *self.carried]:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()


class Addresses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open("/etc/hosts", "w") as f:
            f.write("127.0.0.1 localhost\n::1 %s\n127.0.0.1 %s\n" % (NAME, NAME))
        first = [a[4][0] for a in socket.getaddrinfo(NAME, 1, type=socket.SOCK_STREAM)]
        if first != ["::1", "127.0.0.1"]:
            lib.skip("a name with ::1 before 127.0.0.1 is %s here" % first)

    def each(self, check):
        """check(URL, port, what says how many operations the server has done), one backend after the other."""
        with self.subTest("redis"), contextlib.closing(lib.Redis()) as redis:
            check("redis://%s:%d" % (NAME, redis.port), redis.port, lambda: redis.calls("get", "set"))
        with self.subTest("cassandra"), Cluster() as c:
            check("cassandra://%s:%d/loadtop" % (NAME, c.port), c.port, lambda: c.executed)
        with self.subTest("crate"), Standin() as s:
            check("crate://%s:%d/doc.t?rows=1&balance=0" % (NAME, s.port), s.port,
                  lambda: s.stats()["stats"].get("bulk_rows", 0))

    def test_only_the_second_is_listened_on(self):
        def check(url, _port, done):
            pool = lib.pool(headless("-n", 500, "-t", 2, "--clients", 4, url))
            self.assertEqual((pool["ops"]["completed"], pool["ops"]["errors"]), (500, 0), pool["error_classes"])
            self.assertEqual(done(), 500)
        self.each(check)

    def test_the_next_is_taken_when_the_first_ends(self):
        def check(url, port, done):
            first = Forwarder(port)
            self.addCleanup(first.close)
            with lib.Headless("-d", "900s", *PATIENT, "-t", 2, "--clients", 3, url) as h:
                until("the load runs", lambda: done() > 100)
                self.assertGreaterEqual(first.accepted, 6)
                first.close()
                at = done()
                until("it goes on", lambda: done() > at + 500)
                pool = lib.pool(stop(h))
            self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.each(check)


if __name__ == "__main__":
    lib.own_network()
    lib.main()
