"""A real Kafka of a test's own: it can be killed and started again at the same place, asks for a password on a second
port and speaks TLS on a third.

    with Node() as n: n.url("topic", ops="consume"), n.ends("topic"), n.kill(), n.start()

The recipe is that of control.py (the server of `./dev servers`). Counts are the broker's end offsets, asked with kcat.
"""
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid

import control
import lib

lib.need_program("kcat", "kcat")

SASL = """listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_load="secret-of-load";
listener.name.sasl.sasl.enabled.mechanisms=PLAIN
"""


TLS = """ssl.keystore.type=PEM
ssl.keystore.location=%s
"""


def certificate(folder):
    """A certificate of 127.0.0.1 that nobody else vouches for: (its path, the path of key and certificate)."""
    key, cert, both = (os.path.join(folder, name) for name in ("key.pem", "cert.pem", "both.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert,
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, timeout=60,
                   capture_output=True)
    with open(both, "w") as out:
        for path in (key, cert):
            with open(path) as f:
                out.write(f.read())
    return cert, both


class Node:
    def __init__(self, file_limit=None, **properties):
        """file_limit: no file of the broker's may grow beyond so many bytes; for it that is a full disk. It has a second
        one, or it would end."""
        self.server = control.Kafka()
        if file_limit:
            self.server.disks = ("data", "data-2")
        self.dir = self.server.dir = tempfile.mkdtemp(prefix="loadtop-kafka-")
        self.log = os.path.join(self.dir, "log")
        self.process = None
        try:
            self.argv, self.env = self.server.prepare()
        except control.Missing as e:
            lib.skip(str(e))
        if file_limit:
            self.argv = ["prlimit", "--fsize=%d" % file_limit, "--"] + self.argv
        self.sasl_port, self.tls_port = control.free_ports(2)
        self.certificate, both = certificate(self.dir)
        path = self.server.path("server.properties")
        with open(path) as f:
            text = f.read()
        more = "SASL://127.0.0.1:%d,TLS://127.0.0.1:%d," % (self.sasl_port, self.tls_port)
        for key in ("\nlisteners=", "\nadvertised.listeners="):
            text = text.replace(key, key + more)
        text = text.replace("protocol.map=", "protocol.map=SASL:SASL_PLAINTEXT,TLS:SSL,") + SASL + TLS % both
        text += "".join("%s=%s\n" % (k.replace("_", "."), v) for k, v in properties.items())
        with open(path, "w") as f:
            f.write(text)
        self.bootstrap = self.env["KAFKA_BOOTSTRAP"]
        self.start()
        self.kcat("-P", "-t", "warm-up", stdin="the first topic takes long\n")
        lib.until("it serves a topic", lambda: self.ends("warm-up") == 1, timeout=60)

    def start(self):
        """Starts it, and waits until it serves. The time (of time.time()) at which its port took a connection."""
        self.process = lib.Process(self.argv, self.log, cwd=self.dir)

        def listens():
            if not self.process.alive():
                raise AssertionError("kafka ended:\n" + self.process.output()[-3000:])
            try:
                socket.create_connection(("127.0.0.1", int(self.bootstrap.rpartition(":")[2])), 1).close()
            except OSError:
                return None
            return time.time()
        back = lib.until("kafka listens", listens, timeout=90, every=0.01)
        lib.until("kafka answers", lambda: self.server.answers(self.env) and self.serves(), timeout=90)
        return back

    def serves(self):
        """Its controller has let it in: it names itself in metadata."""
        p = subprocess.run(["kcat", "-b", self.bootstrap, "-L", "-m", "5"], capture_output=True, text=True, timeout=30,
                           check=False)
        return p.returncode == 0 and "(controller)" in p.stdout

    def kill(self):
        self.process.kill()

    def close(self):
        if self.process:
            self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def url(self, topic, login=None, tls=False, **options):
        """kafka://...; an option's '__' stands for '.': kafka__linger__ms=5."""
        place = "%s@127.0.0.1:%d" % (login, self.sasl_port) if login else self.bootstrap
        if tls:
            place = "127.0.0.1:%d" % self.tls_port
        query = "&".join("%s=%s" % (k.replace("__", "."), v) for k, v in options.items())
        return "kafka://%s/%s%s%s" % (place, topic, "?" if query else "", query)

    def kcat(self, *args, stdin=None):
        p = subprocess.run(["kcat", "-b", self.bootstrap, *map(str, args)], input=stdin, capture_output=True, text=True,
                           timeout=60, check=False)
        if p.returncode:
            raise AssertionError("kcat %s: %s" % (" ".join(map(str, args)), p.stderr))
        return p.stdout

    def answer(self, *args):
        """What kcat says, once it says something: leaders take a moment after a start."""
        def ask():
            try:
                return self.kcat(*args) or " "
            except AssertionError as e:
                return e if time.monotonic() > end else None
        end = time.monotonic() + 30
        said = lib.until("kcat %s" % " ".join(map(str, args)), ask, timeout=100)
        if isinstance(said, AssertionError):
            raise said
        return said

    def partitions(self, topic):
        return self.answer("-L", "-t", topic).count(", leader ")

    def ends(self, topic):
        """The sum of the end offsets of the topic's partitions: how many messages it took."""
        asked = [w for p in range(self.partitions(topic)) for w in ("-t", "%s:%d:-1" % (topic, p))]
        return sum(int(line.rpartition(" ")[2]) for line in self.answer("-Q", *asked).splitlines())

    def appended(self, topic):
        """When the broker took each message of a topic, in seconds since 1970, in order. A node with
        log_message_timestamp_type="LogAppendTime" says so."""
        return sorted(int(t) / 1000 for t in self.kcat("-C", "-t", topic, "-e", "-q", "-f", "%T\n").split())

    def topics(self):
        return [line.split('"')[1] for line in self.kcat("-L").splitlines() if line.strip().startswith('topic "')]


def name():
    """A topic that nobody used before."""
    return "t-" + uuid.uuid4().hex[:12]
