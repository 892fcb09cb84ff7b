"""A real Kafka of a test's own: it can be killed and started again at the same place, asks for a password on a second
port and speaks TLS on a third.

    with Node() as n: n.url("topic", ops="consume"), n.ends("topic"), n.kill(), n.start()

The recipe is that of control.py (the server of `./dev servers`). Counts are the broker's end offsets, asked with kcat.
"""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import uuid

import control
import lib
from patient import BOUND, until

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
    cert, key = lib.certificate(folder, "IP:127.0.0.1")
    both = os.path.join(folder, "both.pem")
    with open(both, "w") as out:
        for path in (key, cert):
            with open(path) as f:
                out.write(f.read())
    return cert, both


def text(s):
    return struct.pack(">h", len(s.encode())) + s.encode()


class Answer:
    """What a broker sent back, read field by field."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def number(self, size):
        self.at += size
        return int.from_bytes(self.body[self.at - size:self.at], "big", signed=True)

    def bytes(self, size):
        n = self.number(size)
        self.at += max(n, 0)
        return self.body[self.at - max(n, 0):self.at]

    def text(self):
        return self.bytes(2).decode()

    def list(self, item):
        return [item() for _ in range(self.number(4))]


class Node(lib.Closing):
    def __init__(self, file_limit=None, away=None, **properties):
        """file_limit: no file of the broker's may grow beyond so many bytes; for it that is a full disk. It has a second
        one, or it would end. away: an address that a fourth port, `away_port`, sends its clients to."""
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
        self.sasl_port, self.tls_port, self.away_port = control.free_ports(3)
        self.certificate, both = certificate(self.dir)
        path = self.server.path("server.properties")
        with open(path) as f:
            config = f.read()
        more = "SASL://127.0.0.1:%d,TLS://127.0.0.1:%d," % (self.sasl_port, self.tls_port)
        protocols = "SASL:SASL_PLAINTEXT,TLS:SSL,"
        for key, address in (("\nlisteners=", "0.0.0.0"), ("\nadvertised.listeners=", away)):
            place = "AWAY://%s:%d," % (address, self.away_port) if away else ""
            config = config.replace(key, key + more + place)
        if away:
            protocols += "AWAY:PLAINTEXT,"
        config = config.replace("protocol.map=", "protocol.map=" + protocols) + SASL + TLS % both
        config += "".join("%s=%s\n" % (k.replace("_", "."), v) for k, v in properties.items())
        lib.write(path, config)
        self.bootstrap = self.env["KAFKA_BOOTSTRAP"]
        self.start()
        self.kcat("-P", "-t", "warm-up", stdin="the first topic takes long\n")
        until("it serves a topic", lambda: self.ends("warm-up") == 1)

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
        back = until("kafka listens", listens, every=0.01)
        until("kafka answers", lambda: self.server.answers(self.env) and self.serves())
        return back

    def serves(self):
        """Its controller has let it in: it names itself in metadata."""
        p = subprocess.run(["kcat", "-b", self.bootstrap, "-L", "-m", "5"], capture_output=True, text=True, timeout=BOUND,
                           check=False)
        return p.returncode == 0 and "(controller)" in p.stdout

    def kill(self):
        self.process.kill()

    def close(self):
        if self.process:
            self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def url(self, topic, login=None, tls=False, place=None, **options):
        """kafka://...; an option's '__' stands for '.': kafka__linger__ms=5. place: another than its own."""
        place = "%s@127.0.0.1:%d" % (login, self.sasl_port) if login else place or self.bootstrap
        if tls:
            place = "127.0.0.1:%d" % self.tls_port
        query = "&".join("%s=%s" % (k.replace("__", "."), v) for k, v in options.items())
        return "kafka://%s/%s%s%s" % (place, topic, "?" if query else "", query)

    def kcat(self, *args, stdin=None):
        p = subprocess.run(["kcat", "-b", self.bootstrap, *map(str, args)], input=stdin, capture_output=True, text=True,
                           timeout=BOUND, check=False)
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
        end = time.monotonic() + BOUND / 2
        said = until("kcat %s" % " ".join(map(str, args)), ask)
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

    # ---- groups, in Kafka's own protocol: no client's library stands between the test and the broker

    def ask(self, key, version, body):
        head = struct.pack(">hhi", key, version, 1) + text("test") + body
        with socket.create_connection(("127.0.0.1", int(self.bootstrap.rpartition(":")[2])), BOUND) as s:
            s.sendall(struct.pack(">i", len(head)) + head)
            with s.makefile("rb") as f:
                size, = struct.unpack(">i", f.read(4))
                answer = Answer(f.read(size))
        answer.number(4)  # the correlation's number
        return answer

    def groups(self):
        """Names of all groups that have members or offsets."""
        a = self.ask(16, 0, b"")  # ListGroups
        assert a.number(2) == 0
        return sorted(name for name, _ in a.list(lambda: (a.text(), a.text())))

    def clients(self, group):
        """The client.id of each member of a group."""
        a = self.ask(15, 0, struct.pack(">i", 1) + text(group))  # DescribeGroups

        def member():
            a.text()
            found = a.text(), a.text(), a.bytes(4), a.bytes(4)
            return found[0]
        return a.list(lambda: (a.number(2), a.text(), a.text(), a.text(), a.text(), a.list(member)))[0][5]

    def offsets(self, group, topic, partition=0):
        """(offset, metadata) as committed; -1: none."""
        a = self.ask(9, 1, text(group) + struct.pack(">i", 1) + text(topic) + struct.pack(">ii", 1, partition))
        (_, ((_, offset, metadata, error),)), = a.list(lambda: (a.text(), a.list(
            lambda: (a.number(4), a.number(8), a.text(), a.number(2)))))
        assert error in (0, 3), error  # 3: there is no such topic
        return offset, metadata

    def commit(self, group, topic, offset=0, metadata=""):
        """As a client that is not in the group."""
        body = (text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, 1) + text(topic) +
                struct.pack(">iiq", 1, 0, offset) + text(metadata))

        def taken():
            a = self.ask(8, 2, body)
            (_, ((_, error),)), = a.list(lambda: (a.text(), a.list(lambda: (a.number(4), a.number(2)))))
            assert error in (0, 14, 15, 16), error  # 14 to 16: the coordinator is not there yet
            return error == 0
        until("%s takes an offset" % group, taken)

    def cluster(self):
        with open(os.path.join(self.dir, "data", "meta.properties")) as f:
            return next(line.split("=", 1)[1].strip() for line in f if line.startswith("cluster.id="))

    def tool(self, name, *args):
        """One of Kafka's own programs."""
        p = subprocess.run(["java", "-Xmx128m", "-cp", self.env["KAFKA_LIB"] + "/*", name, "--bootstrap-server",
                            self.bootstrap, *args], capture_output=True, text=True, timeout=BOUND, check=False)
        if p.returncode:
            raise AssertionError("%s: %s" % (name, p.stdout + p.stderr))
        return p.stdout

    def topics(self):
        return [line.split('"')[1] for line in self.kcat("-L").splitlines() if line.strip().startswith('topic "')]


def name():
    """A topic that nobody used before."""
    return "t-" + uuid.uuid4().hex[:12]


def progress(h):
    """The lines of progress, one in 10 s: a list of {pool: (its state or "", messages done or None)}."""
    lines = []
    for line in h.text()[1].splitlines():
        if re.match(r"\d\d:\d\d:\d\d  ", line):
            lines.append({})
            for part in line[10:].split(" | "):
                count = re.search(r" done ([\d,]+)", part)
                state = re.match(r"\w+ ([A-Z]+)\b", part)
                lines[-1][part.split()[0]] = (state.group(1) if state else "", count and int(count.group(1).replace(",", "")))
    return lines


def settled(h, node, topic):
    """Ends a run when P has ended and C has taken what there is, however long this machine needs for that."""
    def still():
        last = progress(h)[-2:]
        return len(last) == 2 and last[0]["P"][0] == last[1]["P"][0] == "ENDED" and last[0]["C"] == last[1]["C"] and (
            (last[1]["C"][1] or 0) >= node.ends(topic))
    until("P has ended, C has taken all", still, every=0.2)
    h.signal(signal.SIGINT)
    return h.wait(code=130, timeout=BOUND)
