"""No property of librdkafka, whether in a target, a flag, `--at`, a scenario or a saved run, makes it run a command,
load code, open a file or jump to an address. Properties that use the user's own files are accepted on the command line
only. Nothing listens on the targets' addresses.
"""
import json
import os
import shutil
import subprocess
import unittest
import urllib.parse

import lib

LIBRARY = """
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void loaded(void) { close(creat(getenv("TOUCHED"), 0600)); }
int conf_init(void *c, void **o, char *e, size_t n) { (void)c, (void)o, (void)e, (void)n; return 0; }
"""
SASL = {"security.protocol": "sasl_plaintext", "sasl.mechanisms": "GSSAPI"}


class Properties(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        backends = json.loads(lib.loadtop("backends", "--json").out)["backends"]
        if not next(b for b in backends if b["name"] == "kafka")["built_in"]:
            lib.skip("built without librdkafka (apt-get install librdkafka-dev)")
        cls.dir = lib.folder(cls)
        cls.touched, cls.library = os.path.join(cls.dir, "touched"), os.path.join(cls.dir, "loaded.so")
        source = os.path.join(cls.dir, "loaded.c")
        lib.write(source, LIBRARY)
        subprocess.run([shutil.which("cc") or lib.need_program("gcc", "gcc"), "-shared", "-fPIC", "-o", cls.library,
                        source], check=True, timeout=lib.bound())
        cls.port = lib.free_port()

    def write(self, name, text):
        return lib.write(os.path.join(self.dir, name), text)

    def url(self, properties):
        return "kafka://127.0.0.1:%d/t%s%s" % (self.port, "?" if properties else "", "&".join(
            "kafka.%s=%s" % (k, urllib.parse.quote(v)) for k, v in properties.items()))

    def run_file(self, properties):
        return self.write("run.json", json.dumps({
            "loadtop": "1", "schema": 1, "run_id": "0123abcd", "pools": [{
                "name": "kafka", "backend": "kafka", "url": self.url(properties),
                "left_behind": [{"kind": "topic", "what": "t", "count": 1}]}]}))

    def scenario(self, properties):
        return self.write("scenario.yaml", "pools:\n  - target: %s\n%s" % (self.url({}), "".join(
            "    kafka.%s: %s\n" % (k, json.dumps(v)) for k, v in properties.items())))

    def ways(self, properties):
        """(the words of a command, the exit codes that say that it was refused)"""
        flags = ["--kafka.%s=%s" % kv for kv in properties.items()]
        return {
            "target": (["--headless", "-n", 1, self.url(properties)], 2),
            "flag": (["--headless", "-n", 1, *flags, self.url({})], 2),
            "at": (["--headless", "-d", "300ms", "--at", "100ms add " + self.url(properties), "null:?service=1ms"], None),
            "scenario": (["--headless", "-n", 1, "-f", self.scenario(properties)], 2),
            "clean": (["clean", "--yes", self.run_file(properties)], 3),  # its options are dropped, so nobody answers
        }

    def refused(self, properties, word, ways=("target", "flag", "at", "scenario", "clean")):
        for how in ways:
            with self.subTest(properties, how=how):
                args, code = self.ways(properties)[how]
                r = lib.loadtop(*args, env={"TOUCHED": self.touched})
                touched = os.path.exists(self.touched)
                if touched:
                    os.remove(self.touched)
                self.assertFalse(touched, r)
                if code is not None:
                    self.assertEqual(r.code, code, r)
                if how not in ("clean", "at"):
                    self.assertIn(word, r.err)
                    self.assertNotIn("thread x", r.err)  # at once, before a pool is opened

    def test_no_command_is_run(self):
        touch = "touch " + self.touched
        self.refused({"sasl.kerberos.kinit.cmd": touch, **SASL}, "shell command")
        self.refused({"sasl.kerberos.principal": "; %s #" % touch, **SASL}, "shell command", ("target", "flag", "at"))
        self.refused({"sasl.kerberos.keytab": "$(%s)" % touch, "sasl.kerberos.principal": "x", **SASL}, "shell command",
                     ("target", "scenario"))

    def test_no_code_is_loaded(self):
        self.refused({"plugin.library.paths": self.library}, "it loads code")
        for name in ("ssl.engine.location", "ssl.providers"):
            self.refused({"security.protocol": "ssl", name: self.library}, "it loads code", ("target", "flag", "scenario"))
        self.refused({"ssl.engine.id": "dynamic"}, "it loads code", ("target", "flag", "scenario"))

    def test_no_address_is_called(self):
        for name in ("ut_handle_ProduceResponse", "opaque", "socket_cb"):
            self.refused({name: "AAAAAAAA"}, "refused", ("target", "flag", "scenario"))

    def test_no_list_is_passed_by_a_prefix_or_an_alias(self):
        for name, word in (("topic.auto.offset.reset", "from=earliest"), ("topic.offset.store.path", "not in files"),
                           ("topic.acks", "without 'topic.'"), ("metadata.broker.list", "hosts of the URL"),
                           ("client.software.name", "reads past"), ("allow.auto.create.topics", "create=yes"),
                           ("https.ca.location", "none that may be set")):
            self.refused({name: "earliest"}, word, ("target", "scenario"))

    def test_a_file_is_read_for_the_command_line_only(self):
        lines = {"ssl.ca.location": "/nonexistent", "sasl.oauthbearer.token.endpoint.url": "http://127.0.0.1/",
                 "enable.ssl.certificate.verification": "false", "ssl.endpoint.identification.algorithm": "none",
                 "sasl.mechanisms": "GSSAPI", "sasl.mechanism": " GSSAPI"}
        for name, value in lines.items():
            self.refused({name: value}, "never from a scenario file", ("scenario",))
            with self.subTest(name):  # another property of one's own does not vouch for it
                r = lib.loadtop("--headless", "-n", 1, "-f", self.scenario({name: value}), "--kafka.linger.ms=5")
                self.assertEqual(r.code, 2, r)
        for args in ([self.url({"ssl.ca.location": "/nonexistent", "security.protocol": "ssl"})],
                     ["--kafka.ssl.ca.location=/nonexistent", "--kafka.security.protocol=ssl", self.url({})]):
            r = lib.loadtop("--headless", "-n", 1, *args)
            self.assertEqual(r.code, 2, r)
            self.assertIn("librdkafka refuses", r.err)  # it was taken, and read: there is no such file
            self.assertIn("ssl.ca.location", r.err)

    def test_no_file_is_read_of_a_host_that_is_denied(self):
        """Opening the pipe, which has no writer, would block."""
        pipe, conf = os.path.join(self.dir, "pipe"), self.write("targets.conf", "deny 127.0.0.0/8\n")
        os.mkfifo(pipe)
        r = lib.loadtop("--headless", "-n", 1, self.url({"ssl.ca.location": pipe, "security.protocol": "ssl"}),
                        env={"LOADTOP_TARGETS_CONF": conf})
        self.assertEqual(r.code, 2, r)
        self.assertIn("denied", r.err)

    def test_no_name_is_cut(self):
        r = lib.loadtop("--headless", "-n", 1, self.url({}) + "?ops=consume&group=" + "g" * 256)
        self.assertEqual(r.code, 2, r)
        self.assertIn("longer than 255", r.err)
        r = lib.loadtop("--headless", "-n", 1, self.url({"client.rack": "r" * 5000, "acks": "banana"}))
        self.assertIn("kafka.acks", r.err)  # a long line does not hide the one after it


if __name__ == "__main__":
    lib.main()
