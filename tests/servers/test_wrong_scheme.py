"""A server that speaks TLS addressed in plain, and the other way round: the run and `clean` end at
once and name the scheme to use. Whether a port speaks TLS is what Python's ssl says.   ctest: timeout=600
"""
import contextlib
import os
import socket
import ssl
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "e2e")]
import lib
import redis_fake
from cassandra_fake import Cluster
from false_server import Listener
from patient import BOUND, Watched, headless

ALERT = b"\x15\x03\x01\x00\x02\x02\x46"  # a record of TLS: the version is not supported
HELLO = 0x16                             # the first byte of what a client of TLS sends


def speaks_tls(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), BOUND) as s:
        s.settimeout(1)  # plain servers may be silent
        try:
            context.wrap_socket(s, server_hostname="localhost").close()
            return True
        except OSError:
            return False


class WrongScheme(lib.FolderTest):
    @classmethod
    def setUpClass(cls):
        lib.need_program("openssl", "openssl")
        cls.certificates = lib.folder(cls)
        cls.cert, cls.key = lib.certificate(cls.certificates)
        cls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.context.load_cert_chain(cls.cert, cls.key)

    def fails(self, result, *words, code=1):
        self.assertEqual(result.code, code, result)
        for word in words:
            self.assertIn(word, result.err)
        self.assertNotIn("within 10 s", result.err)
        self.assertNotIn("hidden-word", result.out + result.err)

    def check(self, good, wrong, advice):
        """A run of `wrong`, and `clean` of what a run of `good` saved, with its URL changed to that."""
        self.fails(lib.loadtop("--headless", "-n", 10, wrong, timeout=BOUND), advice)
        run = headless("-n", 10, good)
        url, _, option = wrong.partition("?")
        pool = run["pools"][0]
        pool.update(url=url, left_behind=pool["left_behind"] or [{"kind": "any", "what": "any"}])
        path = os.path.join(self.dir, "run.json")
        lib.write_json(path, run)
        options = ["--" + option] if option else []  # `clean` takes none from a file
        self.fails(lib.loadtop("clean", "--yes", *options, path, timeout=BOUND), "clean: ", advice)

    def test_redis(self):
        port = lib.free_port()
        with lib.Redis("--tls-port", port, "--tls-cert-file", self.cert, "--tls-key-file", self.key,
                       "--tls-ca-cert-file", self.cert, "--tls-auth-clients", "no") as redis:
            self.assertEqual((speaks_tls(port), speaks_tls(redis.port)), (True, False))
            good = "redis://127.0.0.1:%d?ops=set" % redis.port
            self.check(good, "redis://127.0.0.1:%d" % port, "the server answers with TLS: use rediss://")
            # It waits for the end of a line in what it is sent, so it has to be asked.
            self.check(good, "rediss://127.0.0.1:%d?tls.verify=no" % redis.port,
                       "the server answers without TLS: use redis://")

    def test_cassandra(self):
        with Cluster() as plain, Cluster(tls=self.context) as secure:
            self.assertEqual((speaks_tls(secure.port), speaks_tls(plain.port)), (True, False))
            self.check(plain.url, secure.url, "the server answers with TLS: use cassandras://")
            self.check(plain.url, plain.url.replace("cassandra://", "cassandras://") + "?tls.verify=no",
                       "the server answers without TLS: use cassandra://")

    def test_a_password_is_not_sent_in_plain_to_find_out(self):
        """To a server in plain that is silent until it can read a line."""
        read = []

        class Lines(Listener):
            def serve(self, s):
                while data := s.recv(65536):
                    read.append(data)
                    if data[0] != HELLO and data.endswith(b"\n"):
                        s.sendall(b"-NOAUTH\r\n")
        with Lines() as server:
            self.fails(lib.loadtop("--headless", "-n", 1, "rediss://u:hidden-word@127.0.0.1:%d" % server.port),
                       "use redis://")
        self.assertGreaterEqual(len(read), 2)
        self.assertNotIn(b"hidden-word", b"".join(read))

    def test_first_bytes_that_say_so(self):
        """An alert, as of servers that say what they cannot read before they close: nothing more is asked."""
        class Says(Listener):
            def serve(self, s):
                s.recv(65536)
                s.sendall(ALERT)
        for url, advice in (("redis://127.0.0.1:%d", "rediss://"), ("cassandra://127.0.0.1:%d/ks", "cassandras://")):
            with self.subTest(url), Says() as server:
                self.fails(lib.loadtop("--headless", "-n", 1, url % server.port), "the server answers with TLS: use " + advice)

    def test_what_closes_is_not_taken_for_tls(self):
        """Such as a proxy without a server behind it."""
        class Closes(Listener):
            def serve(self, s):
                s.recv(65536)
        with Closes() as server:
            result = lib.loadtop("--headless", "-n", 1, "redis://127.0.0.1:%d" % server.port, timeout=BOUND)
        self.assertEqual(result.code, 3, result)
        self.assertIn("the server closed the connection", result.err)
        self.assertNotIn("rediss", result.err)

    def test_connections_of_the_load(self):
        """The first of a run speaks plain, as before an upgrade, the others get an alert."""
        class Redis(redis_fake.Fake):
            def serve(self, s):
                if self.infos:
                    s.recv(65536)
                    s.sendall(ALERT)
                else:
                    super().serve(s)

        def others(s, number):
            if number == 1:
                return usual(s, number)
            with s, contextlib.suppress(OSError):
                s.recv(65536)
                s.sendall(ALERT)
        with Redis() as redis, Watched("-d", "900s", redis.url) as run:
            run.wait_for("answers with TLS: use rediss://", BOUND)
        with Cluster() as c:
            usual, c.nodes[0].serve = c.nodes[0].serve, others
            with Watched("-d", "900s", c.url) as run:
                run.wait_for("answers with TLS: use cassandras://", BOUND)


if __name__ == "__main__":
    lib.main()
