"""A fake Cassandra for tests: it speaks the native protocol v4 over real sockets, and misbehaves when told to.

It has one keyspace and one table (loadtop.loadtop: thekey, col1, col2), and one to several nodes on 127.0.0.x or on
given addresses. It records the keys that were written, the requests, and how connections began. A test passes
`answer(node, conn, stream, what, key)`, which is called for every EXECUTE and returns the bytes to send, or None for
the usual answer. It is test equipment: no figure measured against it is reported as Cassandra's.
"""
import socket
import struct
import threading

READY, SUPPORTED, RESULT, ERROR = 0x02, 0x06, 0x08, 0x00
TEXT, INT, SET, MAP = b"\0\x0d", b"\0\x09", b"\0\x22\0\x0d", b"\0\x21\0\x0d\0\x0d"
INET = b"\0\x10"


def string(s):
    b = s.encode()
    return struct.pack(">H", len(b)) + b


def value(b):
    return struct.pack(">i", -1) if b is None else struct.pack(">i", len(b)) + b


def frame(stream, opcode, body, flags=0, version=0x84):
    return struct.pack(">BBhBI", version, flags, stream, opcode, len(body)) + body


def error(stream, code, text, detail=b""):
    return frame(stream, ERROR, struct.pack(">I", code) + string(text) + detail)


def void(stream):
    return frame(stream, RESULT, struct.pack(">i", 1))


def rows(stream, columns, values, metadata=True):
    """columns: [(name, type bytes)]; values: rows of bytes or None."""
    body = struct.pack(">iii", 2, 1 if metadata else 4, len(columns))
    if metadata:
        body += string("ks") + string("t") + b"".join(string(n) + t for n, t in columns)
    body += struct.pack(">i", len(values)) + b"".join(value(v) for row in values for v in row)
    return frame(stream, RESULT, body)


def strings(items):
    return struct.pack(">i", len(items)) + b"".join(value(i.encode()) for i in items)


def options(body):
    """[string map]"""
    at, words = 2, []
    while at < len(body):
        n = struct.unpack(">H", body[at:at + 2])[0]
        words.append(body[at + 2:at + 2 + n].decode())
        at += 2 + n
    return dict(zip(words[::2], words[1::2]))


class Node:
    def __init__(self, cluster, address, token):
        self.cluster, self.address, self.token = cluster, address, token
        self.lock = threading.Lock()
        self.keys = []        # of EXECUTEs, in order
        self.queries = []     # texts of QUERY, in order
        self.startups = []    # options of STARTUP, in order
        self.registered = []  # sockets that want events
        self.executed = self.connections = self.prepares = self.rows = self.bytes = 0  # rows, bytes: written
        self.prepared = set()  # statement ids; emptied to make them unknown
        self.listener = None
        self.open = []

    def start(self):
        self.listener = socket.create_server((self.address, self.cluster.port), backlog=128)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """As if it were killed: the listener and every connection are gone."""
        listener, self.listener = self.listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        self.hang_up()

    def hang_up(self):
        """Every connection is gone, and new ones are taken."""
        for s in list(self.open):
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self, listener):
        while True:
            try:
                s, _ = listener.accept()
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open.append(s)
            self.connections += 1
            threading.Thread(target=self.serve, args=(s, self.connections), daemon=True).start()

    def serve(self, s, number):
        if self.cluster.tls:
            try:
                s = self.cluster.tls.wrap_socket(s, server_side=True)
            except OSError:
                s.close()
                return
        data, conn = b"", {"number": number, "node": self, "socket": s, "delayed": []}
        try:
            while True:
                got = s.recv(1 << 16)
                if not got:
                    return
                data += got
                out = []
                while len(data) >= 9:
                    version, _, stream, opcode, length = struct.unpack(">BBhBI", data[:9])
                    if version > 6:
                        return  # not the protocol
                    if len(data) < 9 + length:
                        break
                    out.append(self.reply(conn, version, stream, opcode, data[9:9 + length]))
                    data = data[9 + length:]
                s.sendall(b"".join(o for o in out if o))
                if any(o is False for o in out):
                    return
        except OSError:
            pass
        finally:
            s.close()
            if s in self.open:
                self.open.remove(s)

    def said(self, stream, words):
        """What `says` has for this request: bytes; False closes the connection; None: the usual."""
        with self.lock:
            for word, answers in self.cluster.says.items():
                if word in words:
                    mine = next(answers, None)
                    return error(stream, *mine) if mine else mine
        return None

    def reply(self, conn, version, stream, opcode, body):
        c = self.cluster
        if c.only_version and version != c.only_version:
            return frame(stream, ERROR, struct.pack(">I", 10) + string(
                "Invalid or unsupported protocol version (%d); supported versions are (%d/v%d)"
                % (version, c.only_version, c.only_version)), version=0x80 | c.only_version)
        if opcode == 0x05:
            return frame(stream, SUPPORTED, struct.pack(">H", 2) + string("CQL_VERSION") + struct.pack(">H", 1)
                         + string("3.4.5") + string("COMPRESSION") + struct.pack(">H", 1) + string("lz4"))
        name = {0x01: "STARTUP", 0x0B: "REGISTER"}.get(opcode)
        mine = self.said(stream, name) if name else None
        if mine is not None:
            return mine
        if opcode == 0x01:
            self.startups.append(options(body))
        if opcode == 0x0B:
            self.registered.append(conn["socket"])
        if opcode in (0x01, 0x0B):
            return frame(stream, READY, b"")
        if opcode == 0x07:
            length = struct.unpack(">I", body[:4])[0]
            self.queries.append(body[4:4 + length].decode())
            mine = self.said(stream, self.queries[-1])
            return self.query(stream, self.queries[-1]) if mine is None else mine
        if opcode == 0x09:
            return self.prepare(stream, body[4:].decode())
        if opcode == 0x0A:
            return self.execute(conn, stream, body)
        if opcode == 0x0D:
            return self.batch(stream, body)
        return error(stream, 10, "opcode %d" % opcode)

    def query(self, stream, cql):
        c = self.cluster
        if "system.local" in cql:
            known = {"cluster_name": (TEXT, c.name.encode()), "release_version": (TEXT, b"0.0-fake"),
                     "partitioner": (TEXT, b"org.apache.cassandra.dht.Murmur3Partitioner"),
                     "data_center": (TEXT, b"dc1"), "schema_version": (b"\0\x0c", bytes(16)),
                     "tokens": (SET, strings([str(self.token)]))}
            asked = [n for n in cql.split("FROM")[0][len("SELECT"):].replace(",", " ").split() if n in known]
            return rows(stream, [(n, known[n][0]) for n in asked], [[known[n][1] for n in asked]])
        if "system.peers_v2" in cql:
            return rows(stream, [("peer", INET), ("native_address", INET), ("data_center", TEXT), ("tokens", SET),
                                 ("native_port", INT)],
                        [[socket.inet_aton(n.address), socket.inet_aton(n.address), b"dc1", strings([str(n.token)]),
                          struct.pack(">i", c.port)] for n in c.nodes if n is not self])
        if "system_schema.keyspaces" in cql:
            m = {"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": str(c.replication)}
            packed = struct.pack(">i", len(m)) + b"".join(value(x.encode()) for kv in m.items() for x in kv)
            return rows(stream, [("replication", MAP)], [] if self.missing("KEYSPACE") else [[packed]])
        if "system_schema.tables" in cql:
            asked = ("comment", "table_name") if "table_name FROM" in cql else ("comment",)
            return rows(stream, [(n, TEXT) for n in asked], [] if self.missing("TABLE") else [[c.comment.encode(), b"loadtop"][:len(asked)]])
        if "system_schema.columns" in cql:
            return rows(stream, [("column_name", TEXT), ("kind", TEXT), ("position", INT), ("type", TEXT)],
                        [[n.encode(), k.encode(), struct.pack(">i", p), b"text"] for n, k, p in (
                            ("col1", "regular", -1), ("col2", "regular", -1), ("thekey", "partition_key", 0))])
        if "client_options" in cql:
            return error(stream, 0x2200, "Undefined column name client_options")  # as before 4.1
        if "system_views.clients" in cql:
            return rows(stream, [("driver_name", TEXT)], [[b"loadtop"]])
        return void(stream)

    def missing(self, kind):
        """With `late` it is not there until loadtop would make it, and then somebody else was quicker."""
        return self.cluster.late and not self.cluster.created(kind)

    def prepare(self, stream, cql):
        self.prepares += 1
        name = cql.split()[0].encode().ljust(16, b"\0")
        self.prepared.add(name)
        params = [("thekey", TEXT), ("col1", TEXT), ("col2", TEXT)]
        place = 0
        if cql.startswith("UPDATE"):
            params, place = params[1:] + params[:1], 2
        elif not cql.startswith("INSERT"):
            params = params[:1]
        result = [("thekey", TEXT), ("col1", TEXT), ("col2", TEXT)] if cql.startswith("SELECT") else []
        body = struct.pack(">i", 4) + struct.pack(">H", 16) + name
        body += struct.pack(">iiiH", 1, len(params), 1, place) + string("loadtop") + string("loadtop")
        body += b"".join(string(n) + t for n, t in params)
        body += struct.pack(">ii", 1 if result else 4, len(result))
        if result:
            body += string("loadtop") + string("loadtop") + b"".join(string(n) + t for n, t in result)
        return frame(stream, RESULT, body)

    @staticmethod
    def values(body, at):
        """A count and so many [value]s; and where they end."""
        count, at, got = struct.unpack(">H", body[at:at + 2])[0], at + 2, []
        for _ in range(count):
            n = struct.unpack(">i", body[at:at + 4])[0]
            got.append(body[at + 4:at + 4 + n] if n >= 0 else None)
            at += 4 + max(n, 0)
        return got, at

    def written(self, values):
        self.rows += 1
        self.bytes += sum(len(v or b"") for v in values)

    def batch(self, stream, body):
        at = 3
        for _ in range(struct.unpack(">H", body[1:3])[0]):
            got, at = self.values(body, at + 19)  # its kind, and the id with its length
            self.written(got)
        return void(stream)

    def execute(self, conn, stream, body):
        name = body[2:18]
        if name not in self.prepared:
            return error(stream, 0x2500, "not prepared", struct.pack(">H", 16) + name)
        got, _ = self.values(body, 21)
        what = name.rstrip(b"\0").decode()
        key = got[2] if what == "UPDATE" else got[0]
        self.executed += 1
        self.keys.append(key)
        if what != "SELECT":
            self.written(got)
        if self.cluster.answer:
            mine = self.cluster.answer(self, conn, stream, what, key)
            if mine is not None:
                return mine
        return usual(stream, what, key)


def usual(stream, what, key):
    if what == "SELECT":
        return rows(stream, [("thekey", TEXT), ("col1", TEXT), ("col2", TEXT)], [[key, b"a", b"b"]], metadata=False)
    return void(stream)


class Cluster:
    """with Cluster(3) as c: ... c.url, c.nodes"""

    def __init__(self, nodes=1, answer=None, replication=1, only_version=0, tls=None, addresses=None, name="fake",
                 port=None):
        """addresses: of its nodes, the first is the contact point."""
        self.left = []  # nodes
        self.name, self.late, self.comment = name, False, "loadtop run 00000000"
        addresses = addresses or ["127.0.0.%d" % (i + 1) for i in range(nodes)]
        nodes = len(addresses)
        self.answer, self.replication, self.only_version = answer, replication, only_version
        self.tls = tls  # an ssl.SSLContext
        self.says = {}  # by a word of the query, or STARTUP, REGISTER: an iterator of (code, text), or False to close
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = port or s.getsockname()[1]
        # Tokens at even distances.
        self.nodes = [Node(self, a, -2**63 + (i + 1) * (2**64 // nodes) - 1) for i, a in enumerate(addresses)]
        self.url = "cassandra://%s:%d/loadtop" % (addresses[0], self.port)

    def __enter__(self):
        for n in self.nodes:
            n.start()
        return self

    def __exit__(self, *_):
        for n in self.nodes + self.left:
            n.stop()

    def tell(self, change, address):
        """STATUS_CHANGE to the clients that registered: change is UP or DOWN."""
        self.send_event("STATUS_CHANGE", change, address)

    def leave(self, node):
        """It leaves the ring, and the others say so; clients that are connected to it stay so."""
        self.left.append(node)
        self.nodes.remove(node)
        self.send_event("TOPOLOGY_CHANGE", "REMOVED_NODE", node.address)

    def send_event(self, kind, change, address):
        body = string(kind) + string(change) + bytes([4]) + socket.inet_aton(address)
        body += struct.pack(">i", self.port)
        for s in [s for n in self.nodes for s in n.registered]:
            s.sendall(frame(-1, 0x0C, body))

    def created(self, kind=""):
        return [q for n in self.nodes for q in n.queries if q.startswith("CREATE " + kind)]

    def owner(self, token):
        """The node whose range a token lies in: the first with a token that is not smaller."""
        for n in sorted(self.nodes, key=lambda n: n.token):
            if n.token >= token:
                return n
        return min(self.nodes, key=lambda n: n.token)

    @property
    def executed(self):
        return sum(n.executed for n in self.nodes)
