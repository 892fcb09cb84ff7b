"""A real Cassandra of a test's own: it can be killed and started again at the same place, stopped and continued.

    with Node(auth=True) as n: n.url("ks"), n.query("SELECT ..."), n.kill(), n.start(), n.freeze(), n.thaw()

The recipe is that of control.py (the server of `./dev servers`). Counts are asked with the DataStax driver
(python3-cassandra), which shares nothing with the code under test.
"""
import os
import shutil
import tempfile

import control
import lib

try:
    from cassandra.auth import PlainTextAuthProvider
    from cassandra.cluster import Cluster, NoHostAvailable, OperationTimedOut
    from cassandra.policies import RoundRobinPolicy
except ImportError:
    lib.skip("python3-cassandra is not installed (apt-get install python3-cassandra)")


class Client:
    """The driver's session, closed with the block."""

    def __init__(self, port, auth=False):
        provider = PlainTextAuthProvider("cassandra", "cassandra") if auth else None
        self.cluster = Cluster(["127.0.0.1"], port=port, auth_provider=provider, protocol_version=4,
                               connect_timeout=20, load_balancing_policy=RoundRobinPolicy())

    def __enter__(self):
        self.session = self.cluster.connect()
        self.session.default_timeout = 120
        self.session.default_fetch_size = 20000
        return self

    def __exit__(self, *_):
        self.cluster.shutdown()

    def query(self, cql):
        result = self.session.execute(cql)
        return [tuple(r) for r in result] if result.column_names else []

    def keys(self, table):
        """Every key of the table, by reading all of it: count(*) may time out on a busy machine."""
        return [r[0] for r in self.session.execute("SELECT thekey FROM " + table)]


class Node:
    def __init__(self, auth=False, durable=False):
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
            with open(path, "w") as f:
                f.write(text)
            # This one keeps the schema out of the commit log, for a quicker start.
            self.argv = [a for a in self.argv if not a.startswith("-Dcassandra.unsafesystem")]
        self.port = int(self.env["CASSANDRA_PORT"])

    def start(self):
        self.process = lib.Process(self.argv, self.log, cwd=self.dir)

        def up():
            if not self.process.alive():
                raise AssertionError("cassandra ended:\n" + self.process.output()[-3000:])
            return self.server.answers(self.env)
        lib.until("cassandra answers", up, timeout=180)
        if self.auth:  # the first role is made a moment after the port opens
            def known():
                try:
                    with self.client():
                        return True
                except NoHostAvailable:
                    return False
            lib.until("cassandra knows its first user", known, timeout=60, every=0.5)

    def url(self, path="", user="cassandra:cassandra"):
        return "cassandra://%s127.0.0.1:%d/%s" % (user + "@" if self.auth else "", self.port, path)

    def client(self):
        return Client(self.port, self.auth)

    def query(self, cql):
        with self.client() as c:
            return c.query(cql)

    def keys(self, table):
        with self.client() as c:
            return c.keys(table)

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
