"""A name with two addresses, ::1 before 127.0.0.1, in every backend that connects by itself: the load reaches a server
on either address, and continues at the other address when the first stops answering. /etc/hosts is a copy in namespaces
of the test's own. The reference is each server's own count.
"""
import contextlib
import os
import socket
import sys
import threading
import time
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import lib
from cassandra_fake import Cluster
from harness import Standin
from patient import PATIENT, headless, stop, until

USUAL = lib.LOADTOP
from test_skeleton import Echo  # whose program is another one
SKELETON, lib.LOADTOP = lib.LOADTOP, USUAL

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


class Silent:
    """Listens on [::1] and lets nobody in: its queue is full, so who connects is neither let in nor refused."""

    def __init__(self, port):
        self.listener = socket.socket(socket.AF_INET6)
        self.listener.bind(("::1", port))
        self.listener.listen(0)
        self.waiting = [socket.socket(socket.AF_INET6) for _ in range(4)]
        for s in self.waiting:
            s.setblocking(False)
            s.connect_ex(("::1", port))

    def is_tried(self):
        """Is anybody but us waiting to be let in?"""
        ours = {s.getsockname()[1] for s in self.waiting}
        with open("/proc/net/tcp6") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        asking = [int(r[1].split(":")[1], 16) for r in rows
                  if r[3] == "02" and int(r[2].split(":")[1], 16) == self.listener.getsockname()[1]]
        return any(port not in ours for port in asking)

    def close(self):
        for s in [self.listener, *self.waiting]:
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
        """check(URL, port, what says how many operations the server has done), one backend after the other. CrateDB's
        connections are spread over all addresses, those of the others go to one."""
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
                until("it is loaded", lambda: first.accepted >= (4 if "crate" in url else 6))
                first.close()
                at = done()
                until("it goes on", lambda: done() > at + 500)
                pool = lib.pool(stop(h))
            self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.each(check)

    def test_one_that_never_answers_is_left(self):
        """By connections of the load that the engine gives up, with a backend that looks at the server in no other way."""
        with Echo() as echo, contextlib.closing(Silent(echo.port)) as silent, \
                mock.patch.object(lib, "LOADTOP", SKELETON):
            url = "skeleton://%s:%d?timeout=1s&clients=2" % (NAME, echo.port)
            with lib.Headless("-d", "900s", *PATIENT, url) as h:
                until("the load runs", lambda: echo.lines > 100)
                echo.stop()
                until("it tries the silent one", silent.is_tried)
                echo.start()
                at = echo.lines
                until("it goes on", lambda: echo.lines > at + 100)
                self.assertEqual(lib.accounting(lib.pool(stop(h))["ops"]), 0)


if __name__ == "__main__":
    lib.own_network()
    lib.main()
