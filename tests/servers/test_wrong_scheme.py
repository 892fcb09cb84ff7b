"""A server that speaks TLS addressed in plain, and the other way round, and CrateDB's redirects: the run and `clean` end
at once and name the scheme to use. Whether a port speaks TLS is what Python's ssl says.   ctest: timeout=600
"""
import contextlib
import os
import socket
import ssl
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import kafka_node
import lib
import redis_fake
from cassandra_fake import Cluster
from false_server import Listener
from harness import Standin
from patient import BOUND, PATIENT, Watched, headless, until

ALERT = b"\x15\x03\x01\x00\x02\x02\x46"  # a record of TLS: the version is not supported
HELLO = 0x16                             # the first byte of what a client of TLS sends


def speaks_tls(port, patience=1):
    """patience: seconds. A plain server may be silent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), BOUND) as s:
        s.settimeout(patience)
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
            self.assertEqual((speaks_tls(port, BOUND), speaks_tls(redis.port)), (True, False))
            good = "redis://127.0.0.1:%d?ops=set" % redis.port
            self.check(good, "redis://127.0.0.1:%d" % port, "the server answers with TLS: use rediss://")
            # It waits for the end of a line in what it is sent, so it has to be asked.
            self.check(good, "rediss://127.0.0.1:%d?tls.verify=no" % redis.port,
                       "the server answers without TLS: use redis://")

    def test_cassandra(self):
        with Cluster() as plain, Cluster(tls=self.context) as secure:
            self.assertEqual((speaks_tls(secure.port, BOUND), speaks_tls(plain.port)), (True, False))
            self.check(plain.url, secure.url, "the server answers with TLS: use cassandras://")
            self.check(plain.url, plain.url.replace("cassandra://", "cassandras://") + "?tls.verify=no",
                       "the server answers without TLS: use cassandra://")

    def test_crate(self):
        with Standin() as plain, Standin(tls=True) as secure:
            self.assertEqual((speaks_tls(secure.port, BOUND), speaks_tls(plain.port)), (True, False))
            good = plain.url(query="rows=1")
            self.check(good, secure.url().replace("crates://", "crate://"), "the server answers with TLS: use crates://")
            self.check(good, plain.url(query="tls.verify=no").replace("crate://", "crates://"),
                       "the server answers without TLS: use crate://")

    def test_kafka(self):
        with kafka_node.Node() as node:
            port, topic = int(node.bootstrap.rpartition(":")[2]), kafka_node.name()
            self.assertEqual((speaks_tls(node.tls_port, BOUND), speaks_tls(port)), (True, False))
            good = node.url(topic)
            self.check(good, node.url(topic, tls=True), "the broker answers with TLS: use kafka.security.protocol=ssl")
            self.check(good, good + "?kafka.security.protocol=ssl",
                       "the broker answers without TLS: use kafka.security.protocol=plaintext")
            login = "kafka://load:hidden-word@127.0.0.1:%d/t%s"
            self.fails(lib.loadtop("--headless", "-n", 1, login % (node.tls_port, "")), "kafka.security.protocol=sasl_ssl")
            self.fails(lib.loadtop("--headless", "-n", 1, login % (node.sasl_port, "?kafka.security.protocol=sasl_ssl")),
                       "kafka.security.protocol=sasl_plaintext")

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
        for url, advice in (("redis://127.0.0.1:%d", "rediss://"), ("cassandra://127.0.0.1:%d/ks", "cassandras://"),
                            ("crate://127.0.0.1:%d/doc.t", "crates://")):
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


class Http(Listener):
    """Answers each request with a status and headers, TLS with a hello if it has a context. `load`: this answer is for
    POST, and GET is answered as a CrateDB does."""

    def __init__(self, status, headers="", body="", context=None, load=False):
        self.answer = "HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body)
        self.context, self.load, self.requests = context, load, []
        super().__init__()

    def serve(self, s):
        if self.context and s.recv(1, socket.MSG_PEEK)[0] == HELLO:
            self.context.wrap_socket(s, server_side=True).close()
            return
        with s.makefile("rb") as f:
            while line := f.readline():
                self.requests.append(line.split()[0])
                size = 0
                while (header := f.readline()).strip():
                    if header.lower().startswith(b"content-length:"):
                        size = int(header.split(b":")[1])
                f.read(size)
                s.sendall(self.answer.encode())


class Redirects(lib.FolderTest):
    def told(self, location, *words, status="301 Moved Permanently", scheme="crate"):
        with Http(status, "Location: %s\r\n" % location if location else "") as server:
            place = "%s://127.0.0.1:%d/doc.t" % (scheme, server.port)
            result = lib.loadtop("--headless", "-n", 1, place)
            self.assertEqual(result.code, 1, result)
            for word in words:
                self.assertIn(word.replace("PORT", str(server.port)), result.err)
            self.assertEqual(server.requests, [b"GET"])
        return result.err

    def test_to_https(self):
        for status in ("301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect",
                       "308 Permanent Redirect"):
            self.told("https://db.example/x", "redirects (%s) to https://db.example:443/: use crates://db.example:443/" %
                      status[:3], status=status)
        self.told("https://[::1]:4200/", "use crates://[::1]:4200/")

    def test_clean(self):
        with Standin() as s:
            run = headless("-n", 1, s.url(query="rows=1"))
        with Http("308 Permanent Redirect", "Location: https://db.example/\r\n") as server:
            run["pools"][0]["url"] = "crate://127.0.0.1:%d/doc.t" % server.port
            path = os.path.join(self.dir, "run.json")
            lib.write_json(path, run)
            result = lib.loadtop("clean", "--yes", path)
            self.assertEqual((result.code, server.requests), (1, [b"GET"]), result)
            self.assertIn("redirects (308) to https://db.example:443/: use crates://db.example:443/", result.err)

    def test_elsewhere(self):
        self.told("http://node2:4200/", "redirects (301) to http://node2:4200/: use crate://node2:4200/")
        self.told("/login", "redirects (301) to another path: is this CrateDB's HTTP port?")
        self.told("http://127.0.0.1:1/", "use crate://127.0.0.1:1/")
        self.told("", "does not say where to")
        self.told("gopher://x/", "does not say where to")
        said = self.told("https://%s/" % ("x" * 5000), "redirects (301)")
        self.assertLess(len(said), 500)
        said = self.told("https://a\x1b[31mb/", "redirects (301)")
        self.assertTrue(all(line.isprintable() for line in said.splitlines()), said)

    def test_in_plain_to_a_port_of_https_that_says_so_in_plain(self):
        """As nginx, Apache and Go do."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*lib.certificate(lib.folder(self)))
        for tls, word in ((context, "the server answers with TLS: use crates://"), (None, "400 Bad Request: no reason")):
            with self.subTest(word), Http("400 Bad Request", body="no reason", context=tls) as server:
                result = lib.loadtop("--headless", "-n", 1, "crate://127.0.0.1:%d/doc.t" % server.port)
                self.assertEqual(result.code, 1, result)
                self.assertIn(word, result.err)

    def test_of_the_load(self):
        """Each request is an error that says where to."""
        with Standin() as s:
            headless("-n", 1, s.url(query="rows=1"))  # makes the table
            s.fault("status", code=307, location="https://db.example/", on="bulk")
            pool = lib.pool(headless("-n", 20, s.url(query="rows=1")))
            self.assertEqual((pool["ops"]["completed"], pool["ops"]["errors"]), (0, 20))
            self.assertIn("redirects (307) to https://db.example:443/: use crates://db.example:443/",
                          lib.classes(pool, "last")["HTTP 307"])
        with Standin() as s, Watched("-d", "900s", *PATIENT, s.url(query="rows=1")) as run:
            until("the load runs", lambda: s.stats()["stats"].get("bulk_rows", 0) > 10)
            s.fault("status", code=308, location="https://db.example/", on="greet")
            s.fault("close", count=1)  # so that the connection is opened again
            run.wait_for("redirects (308) to https://db.example:443/: use crates://", BOUND)


if __name__ == "__main__":
    lib.main()
