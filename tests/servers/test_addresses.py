"""A name with two addresses, ::1 before 127.0.0.1, in every backend: the load and `clean` reach a server on either
address, the load continues at the other address when the first stops answering, and a message names the addresses that
were tried. /etc/hosts is a copy in namespaces of the test's own. The reference is each server's own count.
"""
import concurrent.futures
import contextlib
import os
import socket
import struct
import sys
import threading
import time
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import kafka_node
import lib
from cassandra_fake import Cluster
from harness import Standin
from patient import BOUND, PATIENT, headless, stop, until

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


class Other:
    """Another program on [::1]: it answers anything as a web server does that knows no such page."""

    def __init__(self, port, answer=b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nother"):
        self.answer = answer
        self.listener = socket.create_server(("::1", port), family=socket.AF_INET6)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                with self.listener.accept()[0] as s, contextlib.suppress(OSError):
                    s.recv(65536)
                    s.sendall(self.answer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Silent:
    """Listens on [::1] and lets nobody in: its queue is full, so who connects is neither let in nor refused."""

    def __init__(self, port=0):
        self.listener = socket.socket(socket.AF_INET6)
        self.listener.bind(("::1", port))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.waiting = [socket.socket(socket.AF_INET6) for _ in range(4)]
        for s in self.waiting:
            s.setblocking(False)
            s.connect_ex(("::1", self.port))

    def is_tried(self):
        """Is anybody but us waiting to be let in?"""
        ours = {s.getsockname()[1] for s in self.waiting}
        with open("/proc/net/tcp6") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        asking = [int(r[1].split(":")[1], 16) for r in rows
                  if r[3] == "02" and int(r[2].split(":")[1], 16) == self.port]
        return any(port not in ours for port in asking)

    def close(self):
        for s in [self.listener, *self.waiting]:
            s.close()


def name_both(name):
    """From now on this name has both addresses."""
    with open("/etc/hosts", "w") as f:
        f.write("::1 %s\n127.0.0.1 %s\n" % (name, name))
    first = [a[4][0] for a in socket.getaddrinfo(name, 1, type=socket.SOCK_STREAM)]
    if first != ["::1", "127.0.0.1"]:
        lib.skip("a name with ::1 before 127.0.0.1 is %s here" % first)


class Clean(lib.FolderTest):
    """Servers that listen on 127.0.0.1 only, by the name `localhost`: a run, `clean` of what it left, and `clean` again
    when nobody listens."""

    @classmethod
    def setUpClass(cls):
        name_both("localhost")

    def cleaned(self, run, *args):
        path = os.path.join(self.dir, "run.json")
        lib.write_json(path, run)
        return lib.loadtop("clean", "--yes", *args, path, timeout=BOUND)

    def cleans(self, run):
        result = self.cleaned(run)
        self.assertEqual(result.code, 0, result)

    def reaches_nobody(self, run, port):
        """Both addresses are in the message."""
        result = self.cleaned(run)
        self.assertEqual(result.code, 3, result)
        self.assertRegex(result.err, r"tried .*[Cc]onnection refused")
        self.assertIn("[::1]:%d" % port, result.err)
        self.assertIn("127.0.0.1:%d" % port, result.err)

    def test_redis(self):
        with lib.Redis() as redis:
            run = headless("-n", 100, "--ops", "set", "redis://localhost:%d" % redis.port)
            self.assertGreater(redis.command("DBSIZE"), 0)
            self.cleans(run)
            self.assertEqual(redis.command("DBSIZE"), 0)
        self.reaches_nobody(run, redis.port)

    def test_crate(self):
        with Standin() as s:
            run = headless("-n", 100, "crate://localhost:%d/doc.t?rows=1&balance=0" % s.port)
            self.assertEqual(s.rows(), 100)
            self.cleans(run)
            self.assertEqual(s.query("SELECT count(*) FROM standin_tables")[0][0], 0)
        self.reaches_nobody(run, s.port)

    def test_cassandra(self):
        with Cluster() as c:
            run = headless("-n", 100, "cassandra://localhost:%d/loadtop" % c.port)
            run["pools"][0]["left_behind"] = [{"kind": "table", "what": "loadtop.loadtop", "count": None}]
            c.nodes[0].queries.clear()
            self.cleaned(run)
            self.assertIn("SELECT cluster_name FROM system.local", c.nodes[0].queries)
        self.reaches_nobody(run, c.port)

    def test_kafka(self):
        """librdkafka connects, and takes the name's addresses in turn."""
        topic = kafka_node.name()
        with kafka_node.Node() as node:
            port = int(node.bootstrap.rpartition(":")[2])
            url = node.url(topic, place="localhost:%d" % port)
            run = headless("-n", 100, url)
            self.assertEqual(lib.pool(run)["ops"]["completed"], 100)
            # The other pool's load lets it take longer than the 10 s of a start, on a busy machine.
            with contextlib.closing(Silent(port)), lib.Headless("-d", "900s", *PATIENT, url + "?count=100", "null:") as h:
                until("it is reached", lambda: node.ends(topic) == 200)
                stop(h)
            self.cleans(run)
            until("the topic is gone", lambda: topic not in node.topics())
        self.reaches_nobody(run, port)


class Addresses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        name_both(NAME)

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

    def test_the_message_names_those_that_were_tried(self):
        """At the start. Where the reasons differ each has its own."""
        with contextlib.closing(Silent()) as silent, concurrent.futures.ThreadPoolExecutor(8) as side_by_side:
            port = lib.free_port()
            results = {(place, scheme): side_by_side.submit(lib.loadtop, "--headless", "-n", 10, "%s://%s:%d/%s" % (
                scheme, NAME, place, {"cassandra": "ks", "crate": "doc.t", "kafka": "t"}.get(scheme, "")), timeout=BOUND)
                for place in (port, silent.port) for scheme in ("redis", "cassandra", "crate", "kafka")
                if (place, scheme) != (silent.port, "kafka")}  # which waits for each as long as a start may take
        for (place, scheme), result in results.items():
            with self.subTest(scheme, silent=place == silent.port):
                result = result.result()
                self.assertEqual(result.code, 3, result)
                said = result.err.partition(" tried ")[2]
                self.assertIn("[::1]:%d" % place, said, result)
                self.assertIn("127.0.0.1:%d" % place, said, result)
                if scheme == "kafka":  # librdkafka gives the reason of the last one only
                    continue
                self.assertIn("onnection refused", said)
                if place == silent.port:
                    self.assertTrue(said.startswith("[::1]:%d: no answer in time" % place), said)

    def test_another_program_on_the_first(self):
        """Where its answer ends the run, the message says at which address. Cassandra's node comes next: what does not
        speak the protocol counts as not reached, as during a start."""
        def check(url, port, done):
            with contextlib.closing(Other(port)):
                result = lib.loadtop("--headless", "-n", 10, url, timeout=BOUND)
            if "cassandra" in url:
                self.assertEqual((result.code, done()), (0, 10), result)
                return
            self.assertEqual((result.code, done()), (1, 0), result)
            self.assertRegex(result.err, r"at \[::1\]:%d: (404 Not Found|not a Redis server)" % port)
        self.each(check)

    def test_what_to_do_is_not_cut(self):
        """One reason is said in full, with the address before it: a place to use is one to copy."""
        port = lib.free_port()
        for length in 60, 130:
            host = "%s.example" % ("x" * (length - 8))
            with contextlib.closing(Other(port, b"HTTP/1.1 301 Moved\r\nLocation: https://%s:4200/\r\n"
                                                b"Content-Length: 0\r\n\r\n" % host.encode())):
                result = lib.loadtop("--headless", "-n", 1, "crate://%s:%d/doc.t" % (NAME, port), timeout=BOUND)
            self.assertEqual(result.code, 1, result)
            self.assertIn("at [::1]:%d: the server redirects (301)" % port, result.err)
            self.assertIn(": use crates://%s:4200/\n" % host, result.err)

    def test_what_answers_200_and_is_no_crate(self):
        """A web server that is content with everything: at the first statement its address is named."""
        port = lib.free_port()
        with contextlib.closing(Other(port, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")):
            result = lib.loadtop("--headless", "-n", 1, "crate://%s:%d/doc.t" % (NAME, port), timeout=BOUND)
        self.assertEqual(result.code, 1, result)
        self.assertIn("at [::1]:%d: the answer is not JSON" % port, result.err)

    def test_the_place_is_said_once(self):
        """Of what a Cassandra answers while a connection is opened."""
        refuses = b"\x84\0\0\0\0" + struct.pack(">I", 6 + 200) + struct.pack(">IH", 0x100, 200) + 200 * b"w"
        with contextlib.closing(Other(port := lib.free_port(), refuses)):
            url = "cassandra://load@%s:%d/ks" % (NAME, port)
            result = lib.loadtop("--headless", "-n", 1, url, timeout=BOUND)
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.err.count("load@"), 1, result)
        self.assertRegex(result.err, r"%s: both.example:%d: at \[::1\]:%d: auth: w{100}" % (url, port, port))

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
            self.assertTrue(any("at [::1]:%d: " % port in e["last"] for e in pool["error_classes"]), pool["error_classes"])
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
