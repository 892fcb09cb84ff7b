"""Redis over TLS (rediss://): counts are just as exact, and no server is trusted without a valid certificate. Uses its
own server and certificates; the server requires client certificates.   ctest: timeout=600
"""
import os
import subprocess
import time
import unittest

import lib
from patient import PATIENT, headless, stop, until


class Secure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = lib.folder(cls)
        openssl = lib.need_program("openssl", "openssl")

        def run(*words):
            subprocess.run([openssl, *words], check=True, capture_output=True, cwd=cls.dir)
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ours", "-keyout", "ca.key",
            "-out", "ca.pem")
        for name in "server", "client":
            run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out",
                name + ".csr")
            lib.write(os.path.join(cls.dir, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
            run("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", "names", "-out", name + ".pem")
        cls.port = lib.free_port()
        try:
            cls.redis = lib.Redis("--tls-port", cls.port, "--tls-cert-file", cls.file("server.pem"), "--tls-key-file",
                                  cls.file("server.key"), "--tls-ca-cert-file", cls.file("ca.pem"))
        except AssertionError as e:
            lib.skip("this redis-server has no TLS: %s" % str(e).strip().splitlines()[-1])
        cls.addClassCleanup(cls.redis.close)

    @classmethod
    def file(cls, name):
        return os.path.join(cls.dir, name)

    def url(self, host="127.0.0.1", ca="ca.pem", client="client", **options):
        query = dict(options)
        if ca:
            query["tls.ca"] = self.file(ca)
        if client:
            query.update({"tls.cert": self.file(client + ".pem"), "tls.key": self.file(client + ".key")})
        return "rediss://%s:%d?%s" % (host, self.port, "&".join("%s=%s" % i for i in query.items()))

    def exactly(self, n, *args, **options):
        self.redis.command("CONFIG", "RESETSTAT")
        pool = lib.pool(headless("-n", n, *args, self.url(**options)))
        self.assertEqual(pool["ops"]["completed"], n, pool["error_classes"])
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertEqual(self.redis.calls("get", "set"), n)
        return pool

    def test_exact(self):
        for pattern, threads, clients in (("sync", 2, 10), ("batch", 1, 5), ("queue", 2, 3), ("chain", 4, 7),
                                          ("unthrottled", 1, 2)):
            with self.subTest(pattern):
                self.exactly(23457, "--pattern", pattern, "-t", threads, "--clients", clients)

    def test_large_values_go_out_and_come_back_whole(self):
        """Larger than what a socket takes at once and than a record of TLS, several at a time."""
        pool = self.exactly(200, "--size", "100000-2000000", "--keys", 10, "--clients", 3, "--pattern", "chain",
                            "--depth", 4)
        lengths = [self.redis.command("STRLEN", "loadtop:%012d" % k) for k in range(10)]
        self.assertGreater(max(lengths), 500000)
        self.assertTrue(all(n == 0 or 100000 <= n <= 2000000 for n in lengths), lengths)
        self.assertGreater(pool["bytes"]["sent"], 40 * 0.3 * 100000)
        self.redis.command("FLUSHALL")

    def test_by_name_and_clean(self):
        self.redis.command("FLUSHALL")
        run = headless("-n", 500, "--ops", "set", "--keys", 50, self.url(host="localhost"))
        self.assertEqual(self.redis.command("DBSIZE"), sum(e["count"] for e in lib.pool(run)["left_behind"]))
        path = self.file("run.json")
        lib.write_json(path, run)
        refused = lib.loadtop("clean", "--yes", path)  # the file's word for whom to trust does not count
        self.assertEqual(refused.code, 1, refused)
        self.assertIn("certificate", refused.err)
        result = lib.loadtop("clean", "--yes", "--tls.ca", self.file("ca.pem"), "--tls.cert", self.file("client.pem"),
                             "--tls.key", self.file("client.key"), path)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(self.redis.command("DBSIZE"), 0)

    def refused(self, url, *words, code=1):
        before = self.redis.calls("get", "set")
        result = lib.loadtop("--headless", "-n", "10", url)
        self.assertEqual(result.code, code, result)
        for word in words:
            self.assertIn(word, result.err)
        self.assertEqual(self.redis.calls("get", "set"), before)

    def test_who_is_not_trusted_is_refused(self):
        self.refused(self.url(ca=None), "certificate", "tls.ca")
        self.refused(self.url(ca="client.pem"), "certificate")
        self.refused(self.url(ca="none.pem"), "none.pem", "No such file", code=2)
        self.exactly(100, ca=None, **{"tls.verify": "no"})

    def test_a_scenario_names_no_files_and_trusts_nobody(self):
        """It may come from anybody; what a file of keys is, and whom to trust, is said on the command line."""
        path = self.file("scenario.yaml")
        for option, value in (("tls.ca", self.file("ca.pem")), ("tls.cert", self.file("client.pem")),
                              ("tls.key", self.file("client.key")), ("tls.verify", "no")):
            lib.write(path, "pools:\n  - target: rediss://127.0.0.1:%d\n    %s: %s\n" % (self.port, option, value))
            result = lib.loadtop("--headless", "-n", 10, "-f", path)
            self.assertEqual(result.code, 2, result)
            self.assertIn(option, result.err)

    def test_a_certificate_of_another_name(self):
        result = lib.loadtop("--headless", "-n", "10", self.url(host="127.0.0.2"))
        self.assertIn(result.code, (1, 3), result)  # where the server listens on 127.0.0.1 only: not reached
        with lib.Redis("--tls-port", lib.free_port(), "--tls-cert-file", self.file("client.pem"), "--tls-key-file",
                       self.file("client.key"), "--tls-ca-cert-file", self.file("ca.pem"), "--bind", "127.0.0.1",
                       "127.0.0.2") as other:
            port = other.argv[other.argv.index("--tls-port") + 1]
            self.refused(self.url(host="127.0.0.2").replace(":%d?" % self.port, ":%s?" % port), "certificate",
                         "mismatch")

    def test_who_the_server_does_not_know(self):
        self.refused(self.url(client=None), "TLS", "tls.cert", code=3)

    def test_nobody_is_asked_for_the_passphrase_of_a_key(self):
        """Not even on a terminal, in the middle of a screen."""
        locked = self.file("locked.key")
        subprocess.run(["openssl", "pkey", "-in", self.file("client.key"), "-aes256", "-passout", "pass:x", "-out", locked],
                       check=True)
        with lib.Pty(lib.LOADTOP, "--headless", "--no-history", "-n", "10",
                     self.url().replace(self.file("client.key"), locked)) as p:
            self.assertEqual(p.wait(), 1, p.raw)
            self.assertNotIn(b"pass phrase", p.raw)
            self.assertIn(b"locked.key", p.raw)

    def test_no_tls_there(self):
        self.refused(self.url().replace(":%d?" % self.port, ":%d?" % self.redis.port),
                     "the server answers without TLS: use redis://")

    def test_killed_and_back(self):
        self.redis.command("CONFIG", "RESETSTAT")
        with lib.Headless("-d", "900s", *PATIENT, "--clients", 20, "--pattern", "chain", self.url()) as h:
            until("load runs", lambda: self.redis.calls("get") > 1000)
            self.redis.kill()
            time.sleep(0.5)
            self.redis.start()
            until("load is back", lambda: self.redis.calls("get") > 1000)
            pool = lib.pool(stop(h))
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertLessEqual(pool["ops"]["errors"], 20 * 16)
        self.assertEqual({c["class"] for c in pool["error_classes"]}, {"closed"})


if __name__ == "__main__":
    lib.main()
