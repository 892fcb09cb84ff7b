#!/usr/bin/python3
"""Starts, stops and shows the real servers that tests run against: `./dev servers` is this program.

    control.py start|stop|status [redis] [kafka] [cassandra] [crate]

Each server has a folder .servers/NAME with its data, its log and a file `env` of KEY=value lines, which
are also what `start` and `status` print, for shells and tests to read. All listen on free ports of
127.0.0.1. A server is known by its process id together with the time that it started, so a number that
the kernel gave to somebody else is never signalled. A server that runs already is left as it is.

Exit status: 0; 1 when a server did not come up (its log is printed); 77 when it cannot be had here, with
one line that says what is missing and how to get it.
"""
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BASE = os.environ.get("LOADTOP_SERVERS") or os.path.join(ROOT, ".servers")
LIBRARIES = os.path.join(ROOT, ".cache", "maven")

KAFKA = "3.9.1"  # 4.x has removed requests that librdkafka 2.0.2 sends
CASSANDRA = "5.0.8"


class Missing(Exception):
    """It cannot be had on this machine; the text says what is missing and how to get it."""


class Failed(Exception):
    """It did not come up."""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def free_ports(count):
    """Ports that nobody listens on at this moment, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def started_at(pid):
    """When the process began, in the kernel's ticks; None when it is gone or a zombie."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def need(name, program, package):
    if not shutil.which(program):
        raise Missing("%s needs %s, which is not installed (./dev setup servers, or apt-get install %s)"
                      % (name, program, package))


def maven(name, artifacts):
    """The jars of the artifacts with what they need, fetched once, as a folder."""
    need(name, "java", "default-jre-headless")
    work = os.path.join(LIBRARIES, name)
    lib = os.path.join(work, "lib")
    if os.path.isdir(lib):
        return lib
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(work, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several tests may want it at the same time
        return lib if os.path.isdir(lib) else fetch(name, artifacts, work, lib)


def fetch(name, artifacts, work, lib):
    need(name, "mvn", "maven")
    depends = "".join("<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>"
                      "</dependency>" % tuple(a.split(":")) for a in artifacts)
    write(os.path.join(work, "pom.xml"),
          '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
          "<groupId>loadtop</groupId><artifactId>%s</artifactId><version>1</version>"
          "<packaging>pom</packaging><dependencies>%s</dependencies></project>\n" % (name, depends))
    say("%s: fetching %s with maven" % (name, " ".join(artifacts)))
    shutil.rmtree(lib + ".part", ignore_errors=True)
    output = ""
    for attempt in range(3):
        try:
            p = subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies",
                                "-DincludeScope=runtime", "-DoutputDirectory=lib.part"],
                               cwd=work, capture_output=True, text=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            output = "no end after 300 s"
            continue
        if p.returncode == 0:
            os.rename(lib + ".part", lib)
            return lib
        output = (p.stdout + p.stderr).strip()
        time.sleep(2 * attempt)
    raise Missing("%s: maven could not fetch %s (is the network there?): %s"
                  % (name, " ".join(artifacts), (output.splitlines() or ["no message"])[0]))


# ---- the servers. Each says: argv, the environment lines, and when it answers ------------------

class Server:
    name = None
    patience = 60  # seconds until it must answer

    def __init__(self):
        self.dir = os.path.join(BASE, self.name)
        self.log = os.path.join(self.dir, "log")
        self.extra = {}  # of the process's environment

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def prepare(self):
        """Makes what it needs; returns (argv, {KEY: value})."""
        raise NotImplementedError

    def answers(self, env):
        raise NotImplementedError

    def read_env(self):
        try:
            with open(self.path("env")) as f:
                return dict(line.rstrip("\n").split("=", 1) for line in f)
        except OSError:
            return {}

    def pid(self):
        """Its process id while it runs, else None."""
        try:
            with open(self.path("pid")) as f:
                pid, began = (int(w) for w in f.read().split())
        except (OSError, ValueError):
            return None
        return pid if started_at(pid) == began else None

    def start(self):
        if self.pid():
            return self.read_env()
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        argv, env = self.prepare()
        with open(self.log, "ab") as log:
            p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                                 env=dict(os.environ, **self.extra), start_new_session=True,
                                 close_fds=True)
        write(self.path("pid"), "%d %d\n" % (p.pid, started_at(p.pid) or 0))
        env["%s_PID" % self.name.upper()] = str(p.pid)
        began = time.monotonic()
        while not self.answers(env):
            if p.poll() is not None:
                raise Failed("%s ended with %s" % (self.name, p.returncode))
            if time.monotonic() - began > self.patience:
                self.stop()
                raise Failed("%s does not answer after %d s" % (self.name, self.patience))
            time.sleep(0.1)
        say("%s answers after %.1f s" % (self.name, time.monotonic() - began))
        write(self.path("env"), "".join("%s=%s\n" % item for item in env.items()))
        return env

    def stop(self):
        """SIGTERM, after 20 s SIGKILL. True if it ran."""
        pid = self.pid()
        if not pid:
            return False
        for sig, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 10)):
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, sig)
            end = time.monotonic() + patience
            while time.monotonic() < end:
                try:
                    os.waitpid(pid, os.WNOHANG)  # when it is a child of this very process
                except ChildProcessError:
                    pass
                if not self.pid():
                    os.unlink(self.path("pid"))
                    return True
                time.sleep(0.05)
        raise Failed("%s: process %d does not end" % (self.name, pid))


class Redis(Server):
    name = "redis"
    patience = 15

    def prepare(self):
        program = shutil.which("redis-server")
        if not program:
            raise Missing("redis-server is not installed (./dev setup test, or apt-get install redis-server)")
        port, = free_ports(1)
        sock = self.path("redis.sock")
        if len(sock) > 100:  # sun_path holds 107
            raise Failed("%s: too long a path for a unix socket; set LOADTOP_SERVERS to a shorter folder" % sock)
        return ([program, "--port", str(port), "--bind", "127.0.0.1", "--unixsocket", sock, "--save", "",
                 "--appendonly", "no", "--daemonize", "no", "--dir", self.dir],
                {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), "REDIS_SOCKET": sock,
                 "REDIS_URL": "redis://127.0.0.1:%d" % port, "REDIS_UNIX_URL": "redis+unix://" + sock})

    def answers(self, env):
        try:
            with socket.create_connection(("127.0.0.1", int(env["REDIS_PORT"])), timeout=1) as s:
                s.sendall(b"PING\r\n")
                return s.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class Kafka(Server):
    """One broker, which is its own controller (KRaft)."""

    name = "kafka"
    patience = 90
    disks = ("data",)  # folders for partitions

    def prepare(self):
        lib = maven("kafka", ["org.apache.kafka:kafka_2.13:" + KAFKA, "org.apache.kafka:kafka-tools:" + KAFKA])
        port, controller = free_ports(2)
        config = self.path("server.properties")
        write(config, "\n".join((
            "process.roles=broker,controller", "node.id=1",
            "controller.quorum.voters=1@127.0.0.1:%d" % controller,
            "listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d" % (port, controller),
            "advertised.listeners=PLAINTEXT://127.0.0.1:%d" % port,
            "controller.listener.names=CONTROLLER", "inter.broker.listener.name=PLAINTEXT",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs=" + ",".join(self.path(d) for d in self.disks), "metadata.log.dir=" + self.path("metadata"),
            "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1", "group.initial.rebalance.delay.ms=0", "num.partitions=8", "")))
        java = ["java", "-cp", lib + "/*"]
        identity = self.uuid()
        p = subprocess.run(java + ["kafka.tools.StorageTool", "format", "-t", identity, "-c", config],
                           capture_output=True, text=True, timeout=60, check=False)
        if p.returncode:
            raise Failed("kafka: StorageTool format: " + (p.stdout + p.stderr).strip())
        return (["java", "-Xmx1g", "-cp", lib + "/*", "kafka.Kafka", config],
                {"KAFKA_HOST": "127.0.0.1", "KAFKA_PORT": str(port),
                 "KAFKA_BOOTSTRAP": "127.0.0.1:%d" % port, "KAFKA_URL": "kafka://127.0.0.1:%d" % port,
                 "KAFKA_LIB": lib})

    @staticmethod
    def uuid():
        """A cluster's id: 16 random bytes in base64 for URLs, without padding; one with a '-' in front would be taken
        for an option."""
        import base64  # pylint: disable=import-outside-toplevel
        return "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]

    def answers(self, env):
        """It answers ApiVersions (key 18, version 0): a broker does once it can serve requests."""
        body = b"\x00\x12\x00\x00\x00\x00\x00\x01\x00\x04test"
        try:
            with socket.create_connection(("127.0.0.1", int(env["KAFKA_PORT"])), timeout=2) as s:
                s.sendall(len(body).to_bytes(4, "big") + body)
                with s.makefile("rb") as answer:
                    head = answer.read(10)  # length, correlation id, error code
                return head[4:10] == b"\0\0\0\1\0\0"
        except OSError:
            return False


JPMS_EXPORTS = """java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi
java.management/com.sun.jmx.remote.security java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql
java.base/java.lang.ref jdk.unsupported/sun.misc"""
JPMS_OPENS = """java.lang.module jdk.internal.loader jdk.internal.ref jdk.internal.reflect jdk.internal.math
jdk.internal.module jdk.internal.util.jar sun.nio.ch java.io java.lang java.lang.reflect java.util java.nio"""


class Cassandra(Server):
    """One node. With CASSANDRA_AUTH=1 in the environment it wants a password: cassandra/cassandra."""

    name = "cassandra"
    patience = 120

    def prepare(self):
        lib = maven("cassandra", ["org.apache.cassandra:cassandra-all:" + CASSANDRA])
        port, storage = free_ports(2)
        home = self.path("home")
        os.makedirs(home)
        folders = "".join("%s: %s\n" % (key, os.path.join(home, folder)) for key, folder in (
            ("commitlog_directory", "commitlog"), ("saved_caches_directory", "saved_caches"),
            ("hints_directory", "hints"), ("cdc_raw_directory", "cdc_raw")))
        # Its own patience, of 2 s for a write, would make errors of what a busy machine does late.
        patience = "".join(name + "_timeout: 30s\n" for name in (
            "request", "read_request", "range_request", "write_request", "counter_write_request"))
        auth = "authenticator: PasswordAuthenticator\n" if os.environ.get("CASSANDRA_AUTH") == "1" else ""
        write(self.path("cassandra.yaml"), (
            "cluster_name: t\npartitioner: org.apache.cassandra.dht.Murmur3Partitioner\n"
            "endpoint_snitch: SimpleSnitch\nnum_tokens: 1\nlisten_address: 127.0.0.1\nrpc_address: 127.0.0.1\n"
            "storage_port: %d\nnative_transport_port: %d\n"
            "seed_provider:\n  - class_name: org.apache.cassandra.locator.SimpleSeedProvider\n"
            "    parameters:\n      - seeds: \"127.0.0.1:%d\"\n"
            "data_file_directories:\n  - %s\n%s%s"
            "commitlog_sync: periodic\ncommitlog_sync_period: 10s\ncommitlog_segment_size: 5MiB\n"
            "memtable_allocation_type: heap_buffers\ndisk_access_mode: standard\n%s")
            % (storage, port, storage, os.path.join(home, "data"), folders, auth, patience))
        opens = ["java.base/" + p for p in JPMS_OPENS.split()] + ["jdk.management/com.sun.management.internal"]
        write(self.path("jpms.txt"), "".join(
            ["--add-exports=%s=ALL-UNNAMED\n" % e for e in JPMS_EXPORTS.split()]
            + ["--add-opens=%s=ALL-UNNAMED\n" % o for o in opens]))
        agent = next(f for f in os.listdir(lib) if f.startswith("jamm-"))
        return (["java", "-Xms1g", "-Xmx1g", "-javaagent:" + os.path.join(lib, agent),
                 "-Dcassandra.config=file://" + self.path("cassandra.yaml"), "-Dcassandra-foreground=true",
                 "-Dcassandra.storagedir=" + home, "-Dcassandra.skip_wait_for_gossip_to_settle=0",
                 "-Dcassandra.ring_delay_ms=1", "-Dcassandra.superuser_setup_delay_ms=0",
                 "-Dcassandra.unsafesystem=true", "-Djdk.attach.allowAttachSelf=true",
                 "-Dio.netty.tryReflectionSetAccessible=true", "@" + self.path("jpms.txt"),
                 "-cp", lib + "/*", "org.apache.cassandra.service.CassandraDaemon"],
                {"CASSANDRA_HOST": "127.0.0.1", "CASSANDRA_PORT": str(port),
                 "CASSANDRA_URL": "cassandra://127.0.0.1:%d" % port, "CASSANDRA_LIB": lib})

    def answers(self, env):
        """OPTIONS of the native protocol is answered by SUPPORTED."""
        try:
            with socket.create_connection((env["CASSANDRA_HOST"], int(env["CASSANDRA_PORT"])), timeout=2) as s:
                s.sendall(b"\x04\0\0\0\x05\0\0\0\0")
                return s.recv(9)[4:5] == b"\x06"
        except OSError:
            return False


class Crate(Server):
    """CrateDB is in no package registry: the server of CRATE_URL where that is set, or else the stand-in,
    which is test equipment and never a measure of CrateDB."""

    name = "crate"
    patience = 20

    def start(self):
        url = os.environ.get("CRATE_URL")
        if not url:
            return super().start()
        sys.path.insert(0, os.path.join(ROOT, "tests", "crate_standin"))
        from harness import Real  # knows passwords, TLS and CRATE_CA
        real = Real()
        try:
            real.sql("SELECT 1")
        except (OSError, RuntimeError, ValueError) as e:
            raise Failed("CRATE_URL %s does not answer as CrateDB: %s" % (real.shown(), e)) from None
        return {"CRATE_URL": url, "CRATE_HTTP": real.http()[0], "CRATE_REAL": "1"}

    def prepare(self):
        standin = os.path.join(ROOT, "tests", "crate_standin", "standin.py")
        if not os.path.exists(standin):
            raise Missing("crate: neither CRATE_URL is set nor is the stand-in there (%s)" % standin)
        port, = free_ports(1)
        return ([sys.executable, standin, "--port", str(port)],
                {"CRATE_HTTP": "http://127.0.0.1:%d" % port, "CRATE_URL": "crate://127.0.0.1:%d" % port,
                 "CRATE_REAL": "0"})

    def answers(self, env):
        try:
            with urllib.request.urlopen(env["CRATE_HTTP"], timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False


SERVERS = {cls.name: cls for cls in (Redis, Kafka, Cassandra, Crate)}


def start(name):
    """Starts it unless it runs; its KEY=value lines as a dict. One caller at a time."""
    os.makedirs(BASE, exist_ok=True)
    with open(os.path.join(BASE, name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = SERVERS[name]()
        try:
            return server.start()
        except Failed:
            if os.path.exists(server.log):
                with open(server.log, errors="replace") as f:
                    say("--- the end of %s" % server.log)
                    say("".join(f.readlines()[-60:]))
            raise


def main(argv):
    if len(argv) < 2 or argv[1] not in ("start", "stop", "status"):
        say("usage: ./dev servers start|stop|status [%s]..." % "|".join(SERVERS))
        return 2
    names = argv[2:] or list(SERVERS)
    for name in names:
        if name not in SERVERS:
            say("%s: not a server; there are %s" % (name, " ".join(SERVERS)))
            return 2
    code = 0
    for name in names:
        try:
            if argv[1] == "start":
                for item in start(name).items():
                    print("%s=%s" % item, flush=True)
            elif argv[1] == "stop":
                say("%s %s" % (name, "stopped" if SERVERS[name]().stop() else "did not run"))
            else:
                server = SERVERS[name]()
                pid = server.pid()
                say("%s %s" % (name, "runs, process %d" % pid if pid else "does not run"))
                for item in (server.read_env() if pid else {}).items():
                    print("%s=%s" % item)
        except Missing as e:
            say("SKIP: %s" % e)
            code = code or 77
        except Failed as e:
            say("%s" % e)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv))
