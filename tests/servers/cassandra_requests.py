#!/usr/bin/python3
"""Makes tests/unit/cql_requests.h, requests as the DataStax driver (python3-cassandra) writes them, and
tests/unit/cql_tokens.h, tokens as its Murmur3 computes them. Not a test; run by hand to make the vectors again (and
then clang-format). Needs no server."""
import os
import random
from cassandra.cmurmur3 import murmur3
from cassandra.protocol import (AuthResponseMessage, BatchMessage, ExecuteMessage, OptionsMessage, PrepareMessage,
                                QueryMessage, RegisterMessage, StartupMessage, _ProtocolHandler, _UNSET_VALUE)
from cassandra.query import BatchType

SELECT = "SELECT * FROM k.t"
ID = b"0123456789abcde\0"
REQUESTS = [
    ("options", 1, OptionsMessage()),
    ("startup", 2, StartupMessage(cqlversion="3.0.0", options={})),
    ("startup lz4", 2, StartupMessage(cqlversion="3.0.0", options={"COMPRESSION": "lz4"})),
    ("auth", 3, AuthResponseMessage(b"\0user\0p w")),
    ("register", 4, RegisterMessage(["TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"])),
    ("prepare", 32767, PrepareMessage("INSERT INTO k.t (a, b) VALUES (?, ?)")),
    ("query", 5, QueryMessage(SELECT, 1)),
    ("query with everything", 6, QueryMessage(SELECT, 4, serial_consistency_level=9, fetch_size=100,
                                              paging_state=b"state", timestamp=5)),
    ("execute", 7, ExecuteMessage(ID, [b"key", None, _UNSET_VALUE], 10, skip_meta=True)),
    ("batch", 8, BatchMessage(BatchType.UNLOGGED, [(True, ID, [b"v"]), (False, SELECT, [])], 2, timestamp=1)),
]


def array(data):
    return ", ".join("0x%02x" % b for b in data)


def text(data):
    """As C strings of 20 bytes each."""
    return "\n".join('"%s"' % "".join("\\%03o" % b for b in data[i:i + 20]) for i in range(0, len(data), 20))


def into(name, write):
    unit = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "unit")
    with open(os.path.join(unit, name), "w", encoding="ascii") as f:
        write(lambda line: print(line, file=f))


def write_requests(print):  # pylint: disable=redefined-builtin
    print("/* Requests as the DataStax driver writes them. Made by tests/servers/cassandra_requests.py;\n"
          " * not edited by hand. */\n")
    for i, (_, stream, m) in enumerate(REQUESTS):
        raw = _ProtocolHandler.encode_message(m, stream, 4, None, False)
        print("static const unsigned char request_%d[] = {%s};" % (i, array(raw)))
    print("static const struct {\n    const char *name;\n    const unsigned char *bytes;\n    unsigned len;\n} requests[] = {")
    for i, (name, _, _) in enumerate(REQUESTS):
        print('    {"%s", request_%d, sizeof request_%d},' % (name, i, i))
    print("};")


def write_tokens(print):  # pylint: disable=redefined-builtin
    print("/* Tokens of keys as the DataStax driver computes them. Made by\n"
          " * tests/servers/cassandra_requests.py; not edited by hand. */\n")
    rng = random.Random(1)
    keys = [bytes([v] * n) for v in (0x00, 0x10, 0x7f, 0x80, 0xff) for n in range(1, 34)]
    keys += [bytes(rng.randrange(256) for _ in range(n)) for n in range(1, 65) for _ in range(2)]
    keys += [str(n).encode() for n in (0, 1, 42, 99999, 2**63 - 1)]
    print("static const struct {\n    unsigned len;\n    long long token;\n    const char *key; /* [len] */\n} tokens[] = {")
    for k in keys:
        t = murmur3(k)
        print("    {%d, %s, %s}," % (len(k), "%dLL" % t if t > -2**63 else "(-9223372036854775807LL - 1)", text(k)))
    print("};")


into("cql_requests.h", write_requests)
into("cql_tokens.h", write_tokens)
