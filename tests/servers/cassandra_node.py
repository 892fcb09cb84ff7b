"""A real Cassandra of a test's own: it can be killed and started again at the same place, stopped and continued.

    with Node(auth=True) as n: n.url("ks"), n.query("SELECT ..."), n.kill(), n.start(), n.freeze(), n.thaw()
    with Node(tls=True) as n: n.url("ks", tls=True), n.ca

(false_server.Proxy stands between loadtop and a node, to cut its connections without ending the node.)

The recipe is that of control.py (the server of `./dev servers`). Counts are asked with the DataStax driver
(python3-cassandra), which shares nothing with the code under test.
"""
import os
import shutil
import subprocess
import tempfile

import control
import lib
from patient import BOUND, until

try:
    from cassandra import ReadTimeout
    from cassandra.auth import PlainTextAuthProvider
    from cassandra.cluster import Cluster, NoHostAvailable, OperationTimedOut
    from cassandra.policies import WhiteListRoundRobinPolicy
except ImportError:
    lib.skip("python3-cassandra is not installed (apt-get install python3-cassandra)")


class Client:
    """The driver's session, closed with the block."""

    def __init__(self, port, auth=False, address="127.0.0.1"):
        """auth: True, or a user and a password. address: the node that is asked, and no other."""
        user = auth if isinstance(auth, tuple) else ("cassandra", "cassandra")
        provider = PlainTextAuthProvider(*user) if auth else None
        self.make = lambda: Cluster([address], port=port, auth_provider=provider, protocol_version=4,
                                    connect_timeout=30, control_connection_timeout=30,
                                    load_balancing_policy=WhiteListRoundRobinPolicy([address]))

    def connect(self):
        """A session, or None when the node was late."""
        self.cluster = self.make()
        try:
            return self.cluster.connect()
        except NoHostAvailable as e:
            if any(not isinstance(why, OperationTimedOut) for why in e.errors.values()):
                raise
            return None

    def __enter__(self):
        self.session = until("the driver has a session", self.connect)
        self.session.default_timeout = BOUND
        self.session.default_fetch_size = 20000
        return self

    def __exit__(self, *_):
        self.cluster.shutdown()

    def query(self, cql):
        result = self.session.execute(cql)
        return [tuple(r) for r in result] if result.column_names else []

    def look(self, cql):
        """What there is at a glance: nothing when the table is not made yet, or when the node is busy."""
        try:
            return list(self.session.execute(cql, timeout=10))
        except Exception:  # pylint: disable=broad-except
            return []

    def sees_load(self):
        """Is loadtop there and at work, by the node's own list of its clients?"""
        return any(name == "loadtop" and n > 50 for name, n in self.look(
            "SELECT driver_name, request_count FROM system_views.clients"))

    def keys(self, table):
        """Every key of the table, by reading all of it: count(*) may time out on a busy machine, and so may a page."""
        for attempt in range(5):
            try:
                return [r[0] for r in self.session.execute("SELECT thekey FROM " + table)]
            except (ReadTimeout, OperationTimedOut):
                if attempt == 4:
                    raise
        return None


class Node:
    def __init__(self, auth=False, durable=False, tls=False, join=None, number=1, heap="1g", token=None):
        """join: the Node whose cluster it enters, as 127.0.0.NUMBER with the same ports."""
        self.auth = auth
        self.server = control.Cassandra()
        self.dir = self.server.dir = tempfile.mkdtemp(prefix="loadtop-cassandra-")
        self.log = os.path.join(self.dir, "log")
        self.process = None
        try:
            if auth:
                os.environ["CASSANDRA_AUTH"] = "1"
            self.argv, self.env = self.server.prepare()
        except control.Missing as e:
            lib.skip(str(e))
        finally:
            os.environ.pop("CASSANDRA_AUTH", None)
        if durable:  # what was acknowledged survives a SIGKILL
            path = self.server.path("cassandra.yaml")
            with open(path) as f:
                text = f.read()
            text = text.replace("commitlog_sync: periodic\ncommitlog_sync_period: 10s\n", "commitlog_sync: batch\n")
            lib.write(path, text)
            # This one keeps the schema out of the commit log, for a quicker start.
            self.argv = [a for a in self.argv if not a.startswith("-Dcassandra.unsafesystem")]
        if tls:
            self.speak_tls()
        if join:
            self.enter(join, number)
        if token is not None:
            with open(self.server.path("cassandra.yaml"), "a") as f:
                f.write("initial_token: '%d'\n" % token)
        self.argv = [a.replace("-Xms1g", "-Xms" + heap).replace("-Xmx1g", "-Xmx" + heap) for a in self.argv]
        self.address = "127.0.0.%d" % number
        self.port = int(self.env["CASSANDRA_PORT"])

    def enter(self, join, number):
        with open(join.server.path("cassandra.yaml")) as f:
            text = f.read().replace(join.dir, self.dir).partition("initial_token")[0]
        for name in ("listen_address", "rpc_address"):
            text = text.replace("%s: 127.0.0.1\n" % name, "%s: 127.0.0.%d\n" % (name, number))
        lib.write(self.server.path("cassandra.yaml"), text + "auto_bootstrap: false\n")
        self.env.update(CASSANDRA_PORT=join.env["CASSANDRA_PORT"], CASSANDRA_HOST="127.0.0.%d" % number)
        # Patience with the others, and a schema that is still there after a SIGKILL.
        self.argv = [a.replace("ring_delay_ms=1", "ring_delay_ms=5000") for a in self.argv
                     if not a.startswith("-Dcassandra.unsafesystem")]

    def speak_tls(self):
        """Its port takes TLS and plain connections, with a certificate of its own making: self.ca."""
        self.ca, key = lib.certificate(self.server.path(""))
        store = self.server.path("store.p12")
        subprocess.run(["openssl", "pkcs12", "-export", "-in", self.ca, "-inkey", key, "-name", "node", "-passout",
                        "pass:cassandra", "-out", store], check=True, capture_output=True)
        with open(self.server.path("cassandra.yaml"), "a") as f:
            f.write("client_encryption_options:\n  enabled: true\n  optional: true\n  keystore: %s\n"
                    "  keystore_password: cassandra\n  store_type: PKCS12\n" % store)

    def start(self):
        self.begin()
        self.wait()

    def begin(self):
        self.process = lib.Process(self.argv, self.log, cwd=self.dir)

    def wait(self):
        """Until it answers."""
        def up():
            if not self.process.alive():
                raise AssertionError("cassandra ended:\n" + self.process.output()[-3000:])
            return self.server.answers(self.env)
        until("cassandra answers", up)
        if self.auth:  # the first role is made a moment after the port opens
            until("cassandra knows its first user", lambda: self.logs_in("cassandra", "cassandra"), every=0.5)

    def url(self, path="", user="cassandra:cassandra", port=None, tls=False):
        return "cassandra%s://%s%s:%d/%s" % ("s" if tls else "", user + "@" if self.auth else "", self.address,
                                             port or self.port, path)

    def client(self):
        return Client(self.port, self.auth, self.address)

    def logs_in(self, user, password):
        """Does the node take this user, by the driver's word?"""
        try:
            with Client(self.port, (user, password), self.address):
                return True
        except NoHostAvailable:
            return False

    def query(self, cql):
        with self.client() as c:
            return c.query(cql)

    def keys(self, table):
        with self.client() as c:
            return c.keys(table)

    def wait_for_rows(self, table, most=50):
        """Until the table is there and has that many. One session asks: to open one takes longer than to ask."""
        with self.client() as c:
            until("rows in " + table, lambda: len(c.look("SELECT thekey FROM %s LIMIT %d" % (table, most))) == most,
                  every=0.05)

    def unread(self):
        """Bytes that clients have sent to the node's port and that it has not taken, as the kernel counts them."""
        waiting = 0
        for path in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(path) as f:
                for fields in (line.split() for line in f.readlines()[1:]):
                    if int(fields[1].rpartition(":")[2], 16) == self.port:
                        waiting += int(fields[4].rpartition(":")[2], 16)
        return waiting

    def kill_in_the_middle(self, pid):
        """Requests are in flight when it dies: frozen, it answers none, until each client of the load of process `pid`
        waits for an answer (as its threads do, look after look)."""
        self.freeze()
        looks = []

        def waits():
            looks.append(lib.asleep(pid))
            return len(looks) >= 10 and all(looks[-10:])
        until("the load waits for the frozen node", waits)
        self.kill()

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.signal(lib.signal.SIGSTOP)

    def thaw(self):
        self.process.signal(lib.signal.SIGCONT)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
