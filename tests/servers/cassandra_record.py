#!/usr/bin/python3
"""Records answers of a real Cassandra, for tests/unit/cql_recorded.h.

Not a test: run it by hand against a throw-away server, to make the recording again:

    tests/servers/cassandra_record.py HOST:PORT [HOST:PORT of one with PasswordAuthenticator]

Each answer is stored as its bytes, and as what the DataStax driver (Debian's python3-cassandra) decodes from them,
written in one canonical line. The unit test decodes the bytes with our own codec and compares the lines, so the
reference is another decoder. Answers that a single node cannot be made to give (timeouts, failures of replicas) are
built from the protocol's specification and decoded by the same driver.
"""
import ctypes
import ctypes.util
import io
import os
import socket
import struct
import sys
import time
import uuid
from cassandra import protocol
from cassandra.protocol import (BatchMessage, ErrorMessage, EventMessage, ExecuteMessage, OptionsMessage,
                                PrepareMessage, QueryMessage, _ProtocolHandler, RegisterMessage,
                                StartupMessage, AuthResponseMessage)
from cassandra.query import BatchType

ProtocolHandler = _ProtocolHandler  # the one in plain Python
records = []


lz4 = ctypes.CDLL(ctypes.util.find_library("lz4"))


def to_lz4(data):
    out = ctypes.create_string_buffer(lz4.LZ4_compressBound(len(data)))
    n = lz4.LZ4_compress_default(data, out, len(data), len(out))
    return struct.pack(">I", len(data)) + out.raw[:n]


def from_lz4(data):
    size = struct.unpack(">I", data[:4])[0]
    out = ctypes.create_string_buffer(size + 1)
    n = lz4.LZ4_decompress_safe(data[4:], out, len(data) - 4, size)
    assert n == size
    return out.raw[:size]


class Link:
    def __init__(self, where, compression=False):
        host, port = where.rsplit(":", 1)
        self.s = socket.create_connection((host, int(port)), timeout=20)
        self.compression = compression
        self.stream = 0

    def exact(self, n):
        out = b""
        while len(out) < n:
            got = self.s.recv(n - len(out))
            if not got:
                raise EOFError
            out += got
        return out

    def frame(self):
        head = self.exact(9)
        return head + self.exact(struct.unpack(">I", head[5:])[0])

    def ask(self, message, name=None, stream=None, tracing=False):
        self.stream = (self.stream + 259) % 32768 if stream is None else stream
        message.tracing = tracing
        packed = self.compression and not isinstance(message, (StartupMessage, OptionsMessage))
        self.s.sendall(ProtocolHandler.encode_message(message, self.stream, 4, to_lz4 if packed else None, False))
        while True:
            raw = self.frame()
            if raw[4] != 0x0C:
                break
            keep("event", raw)
        if name:
            keep(name, raw)
        return decode(raw)

    def start(self, options=None, name=None):
        return self.ask(StartupMessage(cqlversion="3.0.0", options=options or {}), name)

    def query(self, text, name=None, consistency=1, **kw):
        return self.ask(QueryMessage(text, consistency), name, **kw)


def decode(raw):
    version, flags, stream, opcode, length = struct.unpack(">BBhBI", raw[:9])
    return ProtocolHandler.decode_message(version & 0x7F, {}, stream, flags, opcode, raw[9:], from_lz4, None)


# ---- The canonical line, from what the driver read. The C test writes the same from what our codec read.

def hexed(b):
    b = b.encode() if isinstance(b, str) else b
    return "0x" + b.hex()


def type_text(t):
    name = t.typename
    name = {"varchar": "text"}.get(name, name)
    if name in ("list", "set", "map"):
        return "%s<%s>" % (name, ", ".join(type_text(s) for s in t.subtypes))
    if name == "tuple":
        return "tuple<%s>" % ", ".join(type_text(s) for s in t.subtypes)
    if issubclass(t, protocol.UserType):
        return "udt<%s>" % ", ".join(type_text(s) for s in t.subtypes)
    if name.startswith("org.") or "'" in name:
        return "custom"
    return name


def columns_text(meta):
    return "; ".join("%s.%s.%s %s" % (k, t, n, type_text(c)) for k, t, n, c in meta)


def value_text(ctype, raw):
    """By the driver's own deserialisers, except where it has no exact text of its own."""
    import cassandra.cqltypes as q
    if raw is None:
        return "null"

    def inner(c, v):
        if v is None:
            return "null"
        n = c.typename
        if isinstance(v, str) and n in ("varchar", "ascii", "text"):
            return "'" + v.replace("'", "''") + "'"
        return plain(c, v)

    def plain(c, v):
        n = c.typename
        if n in ("varchar", "text", "ascii"):
            return v
        if n == "blob":
            return hexed(v)
        if n == "boolean":
            return "true" if v else "false"
        if n == "double":
            return repr_double(v)
        if n == "float":
            return repr_float(v)
        if n == "timestamp":
            return v.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (v.microsecond // 1000)
        if n == "decimal":
            return decimal_text(v)
        if n == "time":
            return str(v)[:8] + ".%09d" % (v.nanosecond_time % 10**9)
        if n == "duration" or "Duration" in type(v).__name__:
            return "%dmo%dd%dns" % (v.months, v.days, v.nanoseconds)
        if n in ("list", "set"):
            a, b = "[]" if n == "list" else "{}"
            return a + ", ".join(inner(c.subtypes[0], e) for e in v) + b
        if n == "map":
            return "{" + ", ".join(inner(c.subtypes[0], k) + ": " + inner(c.subtypes[1], e)
                                   for k, e in v.items()) + "}"
        if n == "tuple":
            return "(" + ", ".join(inner(s, e) for s, e in zip(c.subtypes, v)) + ")"
        if issubclass(c, protocol.UserType):
            return "{" + ", ".join(f + ": " + inner(s, e)
                                   for f, s, e in zip(c.fieldnames, c.subtypes, v)) + "}"
        return str(v)

    return plain(ctype, ctype.from_binary(raw, 4))


def repr_double(v):
    return "%.17g" % v


def repr_float(v):
    return "%.9g" % v


def decimal_text(v):
    sign, digits, exponent = v.as_tuple()
    text, scale = "".join(map(str, digits)), -exponent
    minus = "-" if sign else ""
    if scale == 0:
        return minus + text
    if scale < 0 or scale > len(text) + 6:
        return "%s%sE%d" % (minus, text, -scale)
    if scale >= len(text):
        return minus + "0." + "0" * (scale - len(text)) + text
    return minus + text[:-scale] + "." + text[-scale:]


def raw_rows(body, msg):
    """The values as bytes: the driver's cursor over the metadata, then plain [bytes]."""
    f = io.BytesIO(body)
    protocol.read_int(f)
    m = protocol.ResultMessage(2)
    m.recv_results_metadata(f, {})
    n = protocol.read_int(f)
    return [m.recv_row(f, len(m.column_metadata)) for _ in range(n)]


def body_of(raw):
    flags, body = raw[1], raw[9:]
    if flags & 1:
        body = from_lz4(body)
    if flags & 2:
        body = body[16:]
    if flags & 8:
        f = io.BytesIO(body)
        protocol.read_stringlist(f)
        body = body[f.tell():]
    return body


def schema_text(e):
    target = e["target_type"]
    name = e.get(target.lower())
    if name is not None and not isinstance(name, str):
        name = "%s(%s)" % (name.name, ", ".join(name.argument_types))
    return "%s %s %s%s" % (e["change_type"], target, e["keyspace"], "." + name if name else "")


def error_text(m):
    out = "ERROR %04x %s" % (m.code, m.message)
    i = m.info
    if m.code == 0x1000:
        out += " | %d %d %d" % (i["consistency"], i["required_replicas"], i["alive_replicas"])
    elif m.code in (0x1100, 0x1200):
        out += " | %d %d %d" % (i["consistency"], i["received_responses"], i["required_responses"])
    elif m.code in (0x1300, 0x1500):
        out += " | %d %d %d %d" % (i["consistency"], i["received_responses"], i["required_responses"], i["failures"])
    if m.code in (0x1200, 0x1300):
        out += " data" if i.get("data_retrieved") else " nodata"
    if m.code in (0x1100, 0x1500):
        from cassandra import WriteType
        names = {v: k for k, v in WriteType.name_to_value.items()}
        out += " " + names[i["write_type"]]
    if m.code == 0x2500:
        out += " | " + hexed(i)
    if m.code in (0x2400, 0x1400):
        out += " | %s.%s" % ((i["keyspace"], i["table"]) if m.code == 0x2400 else (i["keyspace"], i["function"]))
    return out


def canonical(raw):
    stream = struct.unpack(">h", raw[2:4])[0]
    m = decode(raw)
    extra = "".join(" warning=" + w for w in (m.warnings or []))
    if m.trace_id:
        extra += " trace=" + str(m.trace_id)
    head = "%d " % stream
    if isinstance(m, ErrorMessage):
        return head + error_text(m) + extra
    if isinstance(m, EventMessage):
        if m.event_type == "SCHEMA_CHANGE":
            return head + "EVENT SCHEMA_CHANGE " + schema_text(m.event_args)
        a = m.event_args
        return head + "EVENT %s %s %s:%d" % (m.event_type, a["change_type"], a["address"][0], a["address"][1])
    name = type(m).__name__
    if name == "ResultMessage":
        if m.kind == 1:
            return head + "VOID" + extra
        if m.kind == 3:
            return head + "KEYSPACE " + m.new_keyspace + extra
        if m.kind == 5:
            return head + "SCHEMA " + schema_text(m.schema_change_event) + extra
        if m.kind == 4:
            out = "PREPARED %s bind %s keys %s" % (hexed(m.query_id), columns_text(m.bind_metadata), m.pk_indexes)
            if m.column_metadata:
                out += " result " + columns_text(m.column_metadata)
            return head + out + extra
        out = "ROWS " + columns_text(m.column_metadata)
        for row in raw_rows(body_of(raw), m):
            out += " | " + " ; ".join(value_text(c[3], v) for c, v in zip(m.column_metadata, row))
        if m.paging_state:
            out += " paging=" + hexed(m.paging_state)
        return head + out + extra
    if name == "SupportedMessage":
        return head + "SUPPORTED 3.4.7 in CQL_VERSION: %s, lz4 in COMPRESSION: %s" % (
            "yes" if "3.4.7" in m.cql_versions else "no", "yes" if "lz4" in m.options["COMPRESSION"] else "no")
    if name == "AuthenticateMessage":
        return head + "AUTHENTICATE " + m.authenticator
    if name == "AuthChallengeMessage":
        return head + "CHALLENGE " + hexed(m.challenge)
    if name == "AuthSuccessMessage":
        return head + "SUCCESS " + (hexed(m.token) if m.token is not None else "null")
    if name == "ReadyMessage":
        return head + "READY"
    raise ValueError(name)


def keep(name, raw):
    records.append((name, raw, canonical(raw)))


# ---- What is recorded

TYPES = ("ascii bigint blob boolean decimal double float int timestamp uuid text varint timeuuid inet date time "
         "smallint tinyint duration").split()
ROWS = [
    ("'plain'", "-9223372036854775808", "0x00ff10", "true", "-12345.678901", "-1.5e300", "0.1", "-2147483648",
     "'2016-02-03T04:05:06.789Z'", "123e4567-e89b-12d3-a456-426614174000", "'grün ''q'''",
     "-123456789012345678901234567890", "50554d6e-29bb-11e5-b345-feff819cdc9f", "'192.168.1.200'", "'1969-12-31'",
     "'23:59:59.999999999'", "-32768", "-128", "-1y2mo3w4d5h6m7s"),
    ("''", "42", "0x", "false", "0.000001", "3.141592653589793", "-1e-30", "2147483647", "'1969-12-31T23:59:59.999Z'",
     "ffffffff-ffff-4fff-bfff-ffffffffffff", "'€uro'", "340282366920938463463374607431768211456",
     "d2177dd0-eaa2-11de-a572-001b779c76e3", "'2001:db8::ff00:42:8329'", "'2024-02-29'", "'00:00:00.000000001'",
     "32767", "127", "12h30m"),
    ("null",) * 19,
    ("'x'", "0", "0xdeadbeef", "true", "123", "0", "1", "0", "'1970-01-01T00:00:00.000Z'",
     "00000000-0000-4000-8000-000000000000", "'tab\\t'", "128", "50554d6e-29bb-11e5-b345-feff819cdc9f",
     "'::1'", "'1970-01-01'", "'12:00:00'", "0", "0", "89h4m48s"),
]


def record_types(c):
    c.query("CREATE KEYSPACE rec WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            "schema keyspace")
    c.query("CREATE TYPE rec.address (street text, number int)", "schema type")
    c.query("CREATE TABLE rec.types (k int PRIMARY KEY, %s)" % ", ".join(
        "c_%s %s" % (t, t) for t in TYPES), "schema table")
    for i, row in enumerate(ROWS):
        c.query("INSERT INTO rec.types (k, %s) VALUES (%d, %s)" % (
            ", ".join("c_" + t for t in TYPES), i, ", ".join(row)), "void")
    for i in range(len(ROWS)):
        c.query("SELECT %s FROM rec.types WHERE k = %d" % (", ".join("c_" + t for t in TYPES), i), "rows of native types")
    c.query("CREATE TABLE rec.nested (k int PRIMARY KEY, l list<text>, s set<int>, m map<text, bigint>, "
            "t tuple<int, text, boolean>, u frozen<address>, d map<int, frozen<list<frozen<set<text>>>>>)", "schema table")
    c.query("INSERT INTO rec.nested (k, l, s, m, t, u, d) VALUES (1, ['a', 'it''s', ''], {3, 1, 2}, "
            "{'x': 1, 'y': -2}, (7, null, true), {street: 'Main', number: 12}, {5: [{'p', 'q'}, {}]})", "void")
    c.query("SELECT l, s, m, t, u, d FROM rec.nested", "rows of nested types")
    c.query("CREATE TABLE rec.counts (k text, c int, n counter, PRIMARY KEY (k, c))", "schema table")
    c.query("UPDATE rec.counts SET n = n + 5 WHERE k = 'a' AND c = 1", "void")
    c.query("SELECT k, n FROM rec.counts", "rows of a counter")
    c.query("USE rec", "set keyspace")
    c.query("SELECT l FROM rec.nested WHERE k = 99", "no rows")


def record_requests(c, where):
    c.query("SELECT k FROM rec.types", "traced", tracing=True)
    c.query("SELECT count(*) FROM rec.types", "aggregation warning")
    page = c.ask(QueryMessage("SELECT k FROM rec.types", 1, fetch_size=2), "first page")
    c.ask(QueryMessage("SELECT k FROM rec.types", 1, fetch_size=2, paging_state=page.paging_state), "second page")
    p = c.ask(PrepareMessage("INSERT INTO rec.types (k, c_text, c_bigint) VALUES (?, ?, ?)"), "prepared insert")
    value = struct.pack(">i", 77)
    c.ask(ExecuteMessage(p.query_id, [value, b"seventy-seven", struct.pack(">q", 77)], 1), "executed insert")
    p2 = c.ask(PrepareMessage("SELECT k, c_text, c_bigint FROM rec.types WHERE k = ?"), "prepared select")
    c.ask(ExecuteMessage(p2.query_id, [value], 1), "executed select", stream=32767)
    c.ask(PrepareMessage("SELECT n FROM rec.counts WHERE c = ? AND k = ?"), "prepared, key in second place")
    c.ask(BatchMessage(BatchType.LOGGED, [(True, p.query_id, [value, b"one", None]),
                                          (False, "INSERT INTO rec.types (k, c_text) VALUES (78, 'two')", [])], 1), "batch")
    big = [(False, "INSERT INTO rec.types (k, c_text) VALUES (%d, '%s')" % (i, "y" * 400), []) for i in range(100, 120)]
    c.ask(BatchMessage(BatchType.UNLOGGED, big, 1), "batch size warning")
    return p, p2


def record_errors(c, where, prepared):
    c.query("SELEC 1", "syntax")
    c.query("SELECT * FROM rec.nothing", "invalid: no table")
    c.query("SELECT * FROM nowhere.nothing", "invalid: no keyspace")
    c.query("CREATE KEYSPACE rec WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", "exists keyspace")
    c.query("CREATE TABLE rec.types (k int PRIMARY KEY)", "exists table")
    c.query("CREATE KEYSPACE bad WITH replication = {'class': 'NoSuchStrategy'}", "config")
    c.query("CREATE KEYSPACE rec3 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}")
    c.query("CREATE TABLE rec3.t (k int PRIMARY KEY)")
    c.query("INSERT INTO rec3.t (k) VALUES (1)", "unavailable", consistency=4)
    c.query("SELECT * FROM rec3.t", "unavailable", consistency=5)
    c.ask(ExecuteMessage(bytes(range(16)), [], 1), "unprepared")
    c.query("DROP KEYSPACE rec3", "schema dropped")
    raw = Link(where)
    raw.s.sendall(struct.pack(">BBhBI", 4, 0, 1, 7, 0))
    keep("protocol: query before startup", raw.frame())


def record_lz4(where):
    c = Link(where, compression=True)
    c.start({"COMPRESSION": "lz4"}, "ready")
    c.query("SELECT k, c_text FROM rec.types WHERE k = 101", "lz4 rows")
    c.query("INSERT INTO rec.types (k) VALUES (500)", "lz4 void")
    c.query("SELECT * FROM rec.nothing", "lz4 error")


def record_auth(where):
    for password, name in (("wrong", "auth refused"), ("cassandra", "auth success")):
        c = Link(where)
        c.start(name="authenticate")
        c.ask(AuthResponseMessage(b"\0cassandra\0" + password.encode()), name)
    c.query("CREATE ROLE rec WITH PASSWORD = 'p' AND LOGIN = true")
    c.query("CREATE KEYSPACE recauth WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    time.sleep(1)
    d = Link(where)
    d.start()
    d.ask(AuthResponseMessage(b"\0rec\0p"))
    d.query("CREATE TABLE recauth.t (k int PRIMARY KEY)", "unauthorized")
    c.query("DROP ROLE rec")
    c.query("DROP KEYSPACE recauth")


def s(text):
    return struct.pack(">H", len(text)) + text.encode()


def built(name, opcode, body, flags=0, stream=9):
    keep(name, struct.pack(">BBhBI", 0x84, flags, stream, opcode, len(body)) + body)


def build_rest():
    e = lambda code, text: struct.pack(">I", code) + s(text)
    built("server error", 0, e(0, "java.lang.NullPointerException"))
    built("overloaded", 0, e(0x1001, "too many requests"))
    built("bootstrapping", 0, e(0x1002, "not yet"))
    built("truncate", 0, e(0x1003, "cannot truncate"))
    for t in "SIMPLE BATCH UNLOGGED_BATCH COUNTER BATCH_LOG CAS VIEW CDC".split():
        built("write timeout", 0, e(0x1100, "Operation timed out") + struct.pack(">Hii", 4, 1, 2) + s(t))
    built("read timeout", 0, e(0x1200, "timed out") + struct.pack(">HiiB", 1, 0, 1, 0))
    built("read timeout", 0, e(0x1200, "timed out") + struct.pack(">HiiB", 6, 1, 2, 1))
    built("read failure", 0, e(0x1300, "failed") + struct.pack(">HiiiB", 4, 1, 2, 1, 1))
    built("function failure", 0, e(0x1400, "it threw") + s("ks") + s("avg") + struct.pack(">H", 2) + s("int") + s("text"))
    built("write failure", 0, e(0x1500, "failed") + struct.pack(">Hiii", 10, 0, 1, 1) + s("SIMPLE"))
    built("challenge", 0x0E, struct.pack(">i", 4) + b"who?")
    built("success with token", 0x10, struct.pack(">i", 3) + b"tok")
    inet4 = bytes([4, 10, 0, 0, 3]) + struct.pack(">i", 9042)
    inet6 = bytes([16]) + socket.inet_pton(socket.AF_INET6, "fe80::1:2") + struct.pack(">i", 9142)
    for t, change in (("TOPOLOGY_CHANGE", "NEW_NODE"), ("TOPOLOGY_CHANGE", "REMOVED_NODE"),
                      ("STATUS_CHANGE", "UP"), ("STATUS_CHANGE", "DOWN")):
        built("event", 0x0C, s(t) + s(change) + inet4, stream=-1)
    built("event", 0x0C, s("STATUS_CHANGE") + s("DOWN") + inet6, stream=-1)
    built("event", 0x0C, s("SCHEMA_CHANGE") + s("UPDATED") + s("FUNCTION") + s("ks") + s("f") + struct.pack(">H", 2)
          + s("int") + s("text"), stream=-1)
    built("event", 0x0C, s("SCHEMA_CHANGE") + s("DROPPED") + s("AGGREGATE") + s("ks") + s("g") + struct.pack(">H", 0), stream=-1)
    warned = struct.pack(">H", 2) + s("careful") + s("very") + struct.pack(">i", 1)
    built("two warnings", 8, warned, flags=8)
    built("trace and warning", 8, uuid.UUID(int=0x1234).bytes + warned, flags=10)
    payload = struct.pack(">H", 1) + s("k") + struct.pack(">i", 2) + b"vv"
    built("payload", 8, payload + struct.pack(">i", 1), flags=4)
    # Metadata that names the table for each column, as joins of system views do.
    own = struct.pack(">iii", 2, 0, 2) + s("k1") + s("t1") + s("a") + struct.pack(">H", 9) + s("k2") + s("t2") + s("b")
    own += struct.pack(">H", 13) + struct.pack(">i", 1) + struct.pack(">ii", 4, 5) + struct.pack(">i", 2) + b"hi"
    built("own tables", 8, own)


def main():
    where = sys.argv[1]
    c = Link(where)
    c.ask(OptionsMessage(), "supported")
    c.start(name="ready")
    watcher = Link(where)
    watcher.start()
    watcher.ask(RegisterMessage(["TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"]), "registered")
    c.query("DROP KEYSPACE IF EXISTS rec")
    record_types(c)
    prepared = record_requests(c, where)
    record_errors(c, where, prepared)
    record_lz4(where)
    c.query("DROP KEYSPACE rec", "schema dropped")
    watcher.s.settimeout(3)
    try:
        while True:
            keep("event of the server", watcher.frame())
    except (socket.timeout, TimeoutError):
        pass
    if len(sys.argv) > 2:
        record_auth(sys.argv[2])
    build_rest()
    write()


def write():
    unit = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "unit")
    with open(os.path.join(unit, "cql_recorded_bytes.h"), "w", encoding="ascii") as f:
        write_bytes(lambda line: print(line, file=f))
    with open(os.path.join(unit, "cql_recorded.h"), "w", encoding="ascii") as f:
        write_table(lambda line: print(line, file=f))


def write_bytes(print):  # pylint: disable=redefined-builtin
    print("/* Answers of a real Cassandra 5.0.8, byte for byte; cql_recorded.h says what is in them. Made by\n"
          " * tests/servers/cassandra_record.py; not edited by hand. */\n")
    for i, (name, raw, says) in enumerate(records):
        print("static const unsigned char recorded_%d[] = {" % i)
        for j in range(0, len(raw), 16):
            print("    " + " ".join("0x%02x," % b for b in raw[j:j + 16]))
        print("};")


def write_table(print):  # pylint: disable=redefined-builtin
    print("/* Answers of a real Cassandra 5.0.8, and what the DataStax driver reads in them. Made by\n"
          " * tests/servers/cassandra_record.py; not edited by hand. */\n#include \"tests/unit/cql_recorded_bytes.h\"\n")
    print("struct recorded {\n    const char *name;\n    const unsigned char *bytes;\n    unsigned len;\n"
          "    const char *says;\n};\n")
    print("static const struct recorded recorded[] = {")
    for i, (name, raw, says) in enumerate(records):
        letters = [ch if 32 <= ord(ch) < 127 and ch not in '"\\?' else "".join("\\%03o" % b for b in ch.encode())
                   for ch in says]
        print('    {"%s", recorded_%d, sizeof recorded_%d,' % (name, i, i))
        for j in range(0, len(letters), 90):
            print('     "%s"%s' % ("".join(letters[j:j + 90]), "}," if j + 90 >= len(letters) else ""))
    print("};")


main()
