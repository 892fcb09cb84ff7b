#!/usr/bin/env python3
"""A stand-in for CrateDB's HTTP interface: test equipment, never a measure of a database.

It speaks `_sql` over real HTTP/1.1 (keep-alive, pipelining, chunked and gzip request bodies,
Expect: 100-continue), stores rows in SQLite (in memory, or in a file so that they survive a kill),
checks primary keys, and answers bulk inserts with one rowcount for each row, as CrateDB 6.4 does. It is
one thread with an event loop: a thousand connections cost little.

As in CrateDB a search sees only what was refreshed: rows that were inserted are there for lookups by their key at once,
and for SELECT, count(*), UPDATE and DELETE by anything else after REFRESH TABLE, or after the table's refresh_interval
(0: never by itself). Rows that were deleted are counted until then.

Faults are switched on by `POST /_standin/fault` with JSON, and last for `count` requests (default: until
`{"kind": "none"}`), each with probability `p`, and concern bulk requests unless `on` says "sql" (all
statements), "single" (no bulks) or "greet" (GET /), and those with
`match` in their body:

    slow ms=N      answer after N ms, and say in `duration` that it took so long
    late ms=N      the same as over a long way: `duration` does not know of it
    status code=N [json=true]   503, 429, 413, 500 ...; close=false: the connection stays after one to GET /
    rows p=SHARE   rows fail with -2            error code=4041             the whole request fails by code
    torn           half an answer, then close   close [store=true]          no answer, then close
    hang [store=true]  no answer at all         dribble                     one byte at a time
    huge mb=N      an answer of N MB            badjson, badutf8, short     wrong answers
    die            the process ends after storing, before answering
    fake ms=N      every row is "stored" without being read, after N ms: for figures of the client alone
    unauthorized   every request is answered with 401
    refuse         new connections are accepted and closed at once

`POST /_standin/set` changes what it says of itself: cluster (its name), free (bytes of disk, of each node), rejected
(tasks that thread pools refused), lost (copies of shards that are gone, by table). `GET /_standin/stats` counts what happened,
and says which User-Agents asked. With --nodes N each connection belongs to one of N named nodes,
chosen by --balance. Used by tests/servers/test_crate*.py and tests/bench/crate.py, and by hand:

    ./standin.py --port 4200
"""
import argparse
import asyncio
import base64
import collections
import gzip
import json
import os
import random
import re
import signal
import sqlite3
import ssl
import sys
import time
import zlib

BODY_MAX = 100 << 20
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           409: "Conflict", 413: "Request Entity Too Large", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


SYSTEM = ("sys", "information_schema", "pg_catalog", "blob")


class SqlError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message

    def status(self):
        code = str(self.code)
        if code.startswith("401"):
            return 401
        if code.startswith("403"):
            return 403
        if code.startswith("404"):
            return 404
        if code.startswith("409"):
            return 409
        return 500 if code.startswith("5") else 400


def date_trunc(unit, ms):
    if ms is None:
        return None
    size = {"second": 1000, "minute": 60000, "hour": 3600000, "day": 86400000}.get(unit, 86400000)
    return ms - ms % size


class Store:
    """The tables: SQLite, with CrateDB's information_schema and sys tables answered by hand."""

    def __init__(self, path, shard_delay):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = OFF")  # a kill of the process loses nothing that was committed
        self.db.execute("CREATE TABLE IF NOT EXISTS standin_tables"
                        "(schema TEXT, name TEXT, shards INT, made REAL, ddl TEXT, PRIMARY KEY (schema, name))")
        self.db.execute("PRAGMA case_sensitive_like = ON")  # as CrateDB's LIKE is
        self.db.create_function("date_trunc", 2, date_trunc, deterministic=True)
        self.shard_delay = shard_delay
        self.refreshed = {}  # "schema.name": [rows up to this rowid are searchable, when, interval in s]
        for (schema, name), (_, _, ddl) in self.tables().items():
            self.watch(schema, name, ddl)

    def tables(self):
        return {(s, n): (shards, made, ddl) for s, n, shards, made, ddl in
                self.db.execute("SELECT schema, name, shards, made, ddl FROM standin_tables")}

    @staticmethod
    def quoted(schema, name):
        return '"%s.%s"' % (schema, name)

    def names(self, sql, default_schema):
        """Table names as SQLite knows them: "schema.name"."""
        def one(match):
            word, schema, name = match.group(1), match.group(3), match.group(4)
            schema = schema or default_schema
            if schema in SYSTEM and word.upper() != "FROM":
                raise SqlError(4007, 'The relation "%s.%s" doesn\'t support or allow %s operations' % (
                    schema, name, "REFRESH" if word.upper() == "TABLE" else word.upper()))
            if (schema, name) not in self.tables():
                if schema != "doc" and not any(s == schema for s, _ in self.tables()):
                    raise SqlError(4045, "SchemaUnknownException[Schema '%s' unknown]" % schema)
                raise SqlError(4041, "RelationUnknown[Relation '%s' unknown]" % name)
            return "%s %s" % (word, self.quoted(schema, name))
        return re.sub(r'(?i)\b(FROM|INTO|UPDATE|TABLE)\s+("([^"]+)"\.)?"([^"]+)"(?!\.)', one, sql)

    # ---- what a search sees ----

    @staticmethod
    def dead(table):
        """Rows that were deleted since the last refresh: searches still find them."""
        return '"%s~dead"' % table

    def watch(self, schema, name, ddl):
        table = "%s.%s" % (schema, name)
        m = re.search(r"refresh_interval = (\d+)", ddl)
        self.refreshed[table] = [0, 0, int(m.group(1)) / 1e3 if m else 1.0]
        self.db.execute("DROP TABLE IF EXISTS " + self.dead(table))
        self.db.execute('CREATE TABLE %s AS SELECT * FROM "%s" WHERE 0' % (self.dead(table), table))
        self.refresh(table)  # a server that starts finds all

    def newest(self, table):
        return self.db.execute('SELECT max(rowid) FROM "%s"' % table).fetchone()[0] or 0

    def refresh(self, table):
        self.db.execute("DELETE FROM " + self.dead(table))
        self.refreshed[table][:2] = [self.newest(table), time.time()]

    def upto(self, table):
        """The last rowid that a search sees, after the refresh that is due by itself."""
        seen, when, interval = self.refreshed[table]
        if interval and time.time() - when >= interval:
            self.refresh(table)
        return self.refreshed[table][0]

    def searchable(self, sql):
        """The statement on what is searchable, if it looks by anything but a key."""
        if re.search(r'"id" = \?', sql):
            return sql

        def one(match):
            table = match.group(1)
            seen = self.upto(table)
            dead = self.db.execute("SELECT 1 FROM %s LIMIT 1" % self.dead(table)).fetchone()
            if seen >= self.newest(table) and not dead:
                return match.group(0)
            return 'FROM (SELECT * FROM "%s" WHERE rowid <= %d UNION ALL SELECT * FROM %s)' % (
                table, seen, self.dead(table))
        return re.sub(r'(?i)\bFROM "([^"]+\.[^"]+)"', one, sql)

    def change(self, sql, args):
        """UPDATE or DELETE: how many rows."""
        m = re.match(r'(?is)\s*(DELETE FROM|UPDATE)\s+"([^"]+\.[^"]+)"(.*?)(?:\bWHERE\b(.*))?$', sql)
        if not m:
            return self.run(sql, args)
        word, table, middle, where = m.groups()
        where = "(%s)" % (where or "1")
        seen = self.upto(table)
        if '"id" = ?' not in where:
            where += " AND rowid <= %d" % seen
        if word.upper() == "UPDATE":
            return self.run('UPDATE "%s"%sWHERE %s' % (table, middle, where), args)
        self.run('INSERT INTO %s SELECT * FROM "%s" WHERE %s AND rowid <= %d' % (
            self.dead(table), table, where, seen), args)
        return self.run('DELETE FROM "%s" WHERE %s' % (table, where), args)

    # ---- tables ----

    def create(self, sql, default_schema):
        m = re.match(r'(?is)\s*CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?("([^"]+)"\.)?"([^"]+)"\s*\(', sql)
        end = self.closing(sql, m.end()) if m else 0
        rest = re.match(r'(?is)\s*(CLUSTERED\s+INTO\s+(\d+)\s+SHARDS)?\s*(PARTITIONED\s+BY\s*\([^)]*\))?\s*'
                        r'(WITH\s*\([^)]*\))?\s*$', sql[end:]) if end else None
        if not rest:
            raise SqlError(4000, "SQLParseException[line 1:1: mismatched input]")
        schema, name = m.group(3) or default_schema, m.group(4)
        if (schema, name) in self.tables():
            raise SqlError(4093, "RelationAlreadyExists[Relation '%s.%s' already exists.]" % (schema, name))
        body = sql[m.end():end - 1]
        partitioned = 'GENERATED' in body
        if partitioned:  # SQLite has no generated column in a primary key: as far as uniqueness goes, id is enough
            body = re.sub(r'PRIMARY KEY \([^)]*\)', 'PRIMARY KEY ("id")', body)
        for crate, lite in (("TIMESTAMP WITH TIME ZONE", "INTEGER"), ("DOUBLE PRECISION", "REAL"),
                            ("OBJECT(DYNAMIC)", "TEXT")):
            body = body.replace(crate, lite)
        self.db.execute("CREATE TABLE %s (%s)" % (self.quoted(schema, name), body))
        self.db.execute("INSERT INTO standin_tables VALUES (?,?,?,?,?)",
                        (schema, name, int(rest.group(2) or 4), time.time(), sql))
        self.watch(schema, name, sql)

    @staticmethod
    def closing(sql, at):
        """Just past the bracket that closes what is open at `at`; 0: none does."""
        depth = 1
        for i in range(at, len(sql)):
            depth += (sql[i] == "(") - (sql[i] == ")")
            if depth == 0:
                return i + 1
        return 0

    def drop(self, sql, default_schema):
        m = re.match(r'(?is)\s*DROP\s+TABLE\s+(IF\s+EXISTS\s+)?("([^"]+)"\.)?"([^"]+)"', sql)
        schema, name = m.group(3) or default_schema, m.group(4)
        if (schema, name) not in self.tables():
            if m.group(1):
                return 0
            raise SqlError(4041, "RelationUnknown[Relation '%s' unknown]" % name)
        self.db.execute("DROP TABLE %s" % self.quoted(schema, name))
        self.db.execute("DROP TABLE %s" % self.dead("%s.%s" % (schema, name)))
        self.db.execute("DELETE FROM standin_tables WHERE schema = ? AND name = ?", (schema, name))
        return 1

    def catalog(self, sql, args, server):
        """What loadtop asks of information_schema and sys, or None."""
        tables = self.tables()
        key = tuple(args[:2])
        if "SELECT count(*) FROM information_schema.table" in sql:  # by their number
            named = re.search(r"constraint_name = '([^']+)'", sql)
            return ["count(*)"], [[int(key in tables and (not named or '"%s"' % named.group(1) in tables[key][2]))]]
        if "information_schema.tables" in sql:
            if key not in tables:
                return ["number_of_replicas"], [[None]] if key in ((s, "nodes") for s in SYSTEM) else []
            replicas = re.search(r"number_of_replicas = '([^']+)'", tables[key][2])
            return ["number_of_replicas"], [[replicas.group(1) if replicas else "0-1"]]
        if "information_schema.table_constraints" in sql:
            if key not in tables:
                return ["constraint_name"], []
            named = re.findall(r'CONSTRAINT "([^"]+)"', tables[key][2])
            return ["constraint_name"], [[n] for n in ["%s_pkey" % key[1], "%s_%s_id_not_null" % key, *named]]
        if "information_schema.columns" in sql:
            if key not in tables:
                return ["column_name"], []
            rows = self.db.execute("PRAGMA table_xinfo(%s)" % self.quoted(*key)).fetchall()
            return ["column_name"], [[r[1]] for r in rows]
        if "sys.shards" in sql and "num_docs" in sql:
            if key not in tables:
                return ["sum", "sum"], [[None, None]]
            rows = self.db.execute(self.searchable("SELECT count(*) FROM %s" % self.quoted(*key))).fetchone()[0]
            return ["sum", "sum"], [[rows, tables[key][0] * 2 - server.says["lost"].get(key[1], 0)]]
        if "sys.shards" in sql:
            if key not in tables:
                return ["count(*)", "sum"], [[0, None]]
            shards, made, ddl = tables[key]
            if "PARTITIONED BY" in ddl:
                return ["count(*)", "sum"], [[0, None]]
            started = shards if time.time() - made >= self.shard_delay else shards // 2
            return ["count(*)", "sum"], [[shards, started]]
        if "sys.nodes" in sql and "heap" in sql:
            share = len(server.connections) / len(server.nodes)
            return ["name", "cpu", "cores", "used", "max", "open", "rejected", "available"], \
                [[n, 10, 4, 512 << 20, 1024 << 20, share, [0, server.says["rejected"], 0],
                  server.says["free"]] for n in server.nodes]
        if "sys.nodes" in sql and "available" in sql:
            return ["available"], [[server.says["free"]] for n in server.nodes]
        if "sys.nodes" in sql:
            return ["name"], [[n] for n in sorted(server.nodes)]
        return None

    def convert(self, v):
        return json.dumps(v) if isinstance(v, (dict, list)) else v

    def select(self, sql, args, default_schema):
        cursor = self.run(self.searchable(self.names(sql, default_schema)), args)
        return [d[0] for d in cursor.description], [list(r) for r in cursor]

    def run(self, sql, args):
        try:
            return self.db.execute(sql, [self.convert(a) for a in args])
        except sqlite3.IntegrityError as e:
            raise self.integrity(e)
        except sqlite3.Error as e:
            if "no such column" in str(e) or "no column named" in str(e):
                raise SqlError(4043, "ColumnUnknownException[%s]" % e)
            raise SqlError(4000, "SQLParseException[%s]" % e)

    @staticmethod
    def integrity(e):
        if "UNIQUE" in str(e):
            return SqlError(4091, "DuplicateKeyException[A document with the same primary key exists already]")
        return SqlError(4000, "SQLParseException[%s]" % e)

    def bulk(self, sql, rows, default_schema, fail_share):
        """One rowcount for each row; a failed one does not touch the others."""
        text = self.names(sql, default_schema)
        n_args = text.count("?")
        for row in rows:
            if len(row) < n_args:  # fails the whole request, as CrateDB does
                raise SqlError(4000, "SQLParseException[Tried to resolve a parameter but no value is bound]")
            if row[0] is None and text.upper().startswith("INSERT"):
                raise SqlError(4000, "SQLParseException[\"id\" must not be null]")
        results = []
        self.db.execute("BEGIN")
        try:
            if not fail_share and text.upper().startswith("INSERT"):
                converted = [[self.convert(v) for v in row] for row in rows]
                try:
                    before = self.db.total_changes
                    self.db.execute("SAVEPOINT fast")
                    self.db.executemany(text, converted)
                    if self.db.total_changes - before == len(rows):
                        self.db.execute("RELEASE fast")
                        return [{"rowcount": 1}] * len(rows)
                    self.db.execute("ROLLBACK TO fast")
                except sqlite3.IntegrityError:
                    self.db.execute("ROLLBACK TO fast")
            for row in rows:
                if fail_share and random.random() < fail_share:
                    results.append({"rowcount": -2, "error": {
                        "code": 4000, "message": "SQLParseException[a row that the test wanted to fail]"}})
                    continue
                try:
                    cursor = self.change(text, row)
                    results.append({"rowcount": cursor.rowcount})
                except SqlError as e:
                    results.append({"rowcount": -2, "error": {"code": e.code, "message": e.message}})
            return results
        finally:
            self.db.execute("COMMIT")


class Server:
    def __init__(self, args):
        self.args = args
        self.nodes = ["node-%d" % (i + 1) for i in range(args.nodes)]
        self.store = Store(args.db, args.shard_delay)
        self.connections = set()
        self.faults = []
        self.stats = collections.Counter()
        self.agents = collections.Counter()
        self.says = {"cluster": "standin", "free": 1 << 40, "rejected": 0, "lost": {}}
        self.requests_by_node = collections.Counter()
        self.accepted_by_node = collections.Counter()
        self.turn = 0
        self.ready_at = time.time() + args.ready_after

    def next_node(self):
        self.turn += 1
        if self.args.balance == "random":
            return random.choice(self.nodes)
        if self.args.balance == "first":
            return self.nodes[0]
        return self.nodes[(self.turn - 1) % len(self.nodes)]

    def fault(self, kinds, body=b""):
        """The fault that applies to a request of these kinds, or {}."""
        for f in list(self.faults):
            if f.get("on", "bulk") not in kinds or random.random() >= f.get("p", 1):
                continue
            if f.get("match", "").encode() not in body:
                continue
            if "count" in f:
                f["count"] -= 1
                if f["count"] <= 0:
                    self.faults.remove(f)
            self.stats["fault_" + f["kind"]] += 1
            return f
        return {}

    def sql(self, body, headers, fail_share):
        """Status and reply of a statement."""
        started = time.time()
        schema = headers.get("default-schema", "doc")
        try:
            try:
                request = json.loads(body)
            except ValueError:
                raise SqlError(4000, "SQLParseException[failed to parse source]")
            if not isinstance(request, dict) or not isinstance(request.get("stmt"), str):
                raise SqlError(5000, "Couldn't parse request: stmt is missing")
            sql, args, bulk = request["stmt"], request.get("args") or [], request.get("bulk_args")
            if args and bulk:
                raise SqlError(4000, "SQLParseException[request body contains args and bulk_args]")
            self.stats["statements"] += 1
            reply = {"cols": []}
            if bulk is not None:
                self.stats["bulks"] += 1
                self.stats["bulk_rows"] += len(bulk)
                reply["duration"] = 0
                reply["results"] = self.store.bulk(sql, bulk, schema, fail_share)
            else:
                reply.update(self.single(sql, args, schema))
            reply["duration"] = (time.time() - started) * 1e3
            return 200, reply
        except SqlError as e:
            return e.status(), {"error": {"message": e.message, "code": e.code}}
        except sqlite3.Error as e:
            return 500, {"error": {"message": "%s" % e, "code": 5000}}

    def single(self, sql, args, schema):
        word = sql.split(None, 1)[0].upper() if sql.split() else ""
        answer = self.store.catalog(sql, args, self)
        if answer:
            return {"cols": answer[0], "rows": answer[1], "rowcount": len(answer[1])}
        if word == "CREATE":
            self.store.create(sql, schema)
            return {"rows": [[]], "rowcount": 1}
        if word == "DROP":
            return {"rows": [[]], "rowcount": self.store.drop(sql, schema)}
        if word == "REFRESH":
            named = self.store.names(sql, schema)
            self.store.refresh(re.search(r'"([^"]+)"', named).group(1))
            return {"rows": [[]], "rowcount": 1}
        if word in ("SELECT", "WITH", "VALUES"):
            cols, rows = self.store.select(sql, args, schema)
            return {"cols": cols, "rows": rows, "rowcount": len(rows)}
        cursor = self.store.change(self.store.names(sql, schema), args)
        return {"rows": [[]], "rowcount": max(cursor.rowcount, 0)}

    def snapshot(self):
        return {"stats": dict(self.stats), "connections": len(self.connections),
                "requests_by_node": dict(self.requests_by_node),
                "accepted_by_node": dict(self.accepted_by_node), "agents": dict(self.agents), "pid": os.getpid()}


class Connection(asyncio.Protocol):
    """One TCP connection. Requests are answered one after another."""

    def __init__(self, server):
        self.server = server
        self.buffer = bytearray()
        self.busy = False
        self.closed = False
        self.continued = False

    def connection_made(self, transport):
        s = self.server
        self.transport = transport
        if any(f["kind"] == "refuse" for f in s.faults):
            transport.abort()
            return
        self.node = s.next_node()
        s.connections.add(self)
        s.stats["accepted"] += 1
        s.accepted_by_node[self.node] += 1
        s.stats["most_connections"] = max(s.stats["most_connections"], len(s.connections))

    def connection_lost(self, exc):
        self.closed = True
        self.server.connections.discard(self)

    def data_received(self, data):
        self.buffer += data
        self.next_request()

    # ---- reading ----

    def next_request(self):
        if self.busy or self.closed:
            return
        request = self.parse()
        if request:
            self.busy = True
            self.continued = False
            self.answer(*request)

    def parse(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        method, path, _version = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue" and not self.continued:
            self.continued = True
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        at = end + 4
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, at = self.chunks(at)
            if body is None:
                return None
        else:
            length = int(headers.get("content-length", "0"))
            if length > BODY_MAX:
                del self.buffer[:]
                return method, path, headers, None
            if len(self.buffer) < at + length:
                return None
            body = bytes(self.buffer[at:at + length])
            at += length
        del self.buffer[:at]
        return method, path, headers, body

    def chunks(self, at):
        parts = []
        while True:
            end = self.buffer.find(b"\r\n", at)
            if end < 0:
                return None, at
            size = int(bytes(self.buffer[at:end]).split(b";")[0], 16)
            if len(self.buffer) < end + 2 + size + 2:
                return None, at
            if size == 0:
                return b"".join(parts), end + 4
            parts.append(bytes(self.buffer[end + 2:end + 2 + size]))
            at = end + 2 + size + 2

    # ---- answering ----

    def answer(self, method, path, headers, body):
        s = self.server
        if path.startswith("/_standin/"):
            self.control(method, path, body)
            return
        s.agents[headers.get("user-agent", "")] += 1
        if body is None:
            self.send(413, b"")
            return
        if not self.allowed(headers):
            self.send(401, b"user \"%s\" must authenticate" % b"crate", "text/plain; charset=utf-8", close=True)
            return
        encoding = headers.get("content-encoding", "")
        if encoding in ("gzip", "deflate") and body:
            s.stats["compressed_requests"] += 1
            body = gzip.decompress(body) if encoding == "gzip" else zlib.decompress(body)
        if method in ("GET", "HEAD") and path == "/":
            self.greet()
        elif method == "POST" and path.split("?")[0] == "/_sql":
            self.sql(body, headers)
        else:
            self.send(404 if method == "GET" else 403, b"", "text/plain")

    def allowed(self, headers):
        a = self.server.args
        given = headers.get("authorization", "")
        if any(f["kind"] == "unauthorized" for f in self.server.faults):
            self.server.stats["fault_unauthorized"] += 1
            return False
        if a.token:
            return given == "Bearer " + a.token
        if not a.user:
            return True
        return given == "Basic " + base64.b64encode(a.user.encode()).decode()

    def greet(self):
        s = self.server
        fault = s.fault(("greet",))
        if fault.get("kind") == "hang":
            return
        if fault.get("kind") == "status":
            self.send(fault["code"], b"too many connections", "text/plain", close=fault.get("close", True))
            return
        ready = time.time() >= s.ready_at
        reply = {"ok": ready, "status": 200 if ready else 503, "name": self.node, "cluster_name": s.says["cluster"],
                 "version": {"number": "6.4.3-standin"}}
        self.send(200 if ready else 503, json.dumps(reply).encode())

    def sql(self, body, headers):
        s = self.server
        s.stats["requests"] += 1
        s.stats["request_bytes"] += len(body)
        s.requests_by_node[self.node] += 1
        bulk = headers.get("content-encoding") or b'"bulk_args":' in body[:4096] or len(body) > 4096
        fault = s.fault(("sql", "bulk") if bulk else ("sql", "single"), body)
        kind = fault.get("kind")
        if kind == "status":
            reply = b""
            if fault.get("json"):
                reply = json.dumps({"error": {"message": "ServiceUnavailable[made up]", "code": fault["json"]}}).encode()
            self.send(fault["code"], reply, close=fault.get("close", False))
        elif kind == "error":
            e = SqlError(fault["code"], fault.get("message", "MadeUpException[by the test]"))
            self.send(e.status(), json.dumps({"error": {"message": e.message, "code": e.code}}).encode())
        elif kind == "close":
            if fault.get("store"):
                s.sql(body, headers, 0)
            self.transport.abort()
        elif kind == "fake":
            n = body.count(b'],["') + 1 if bulk else 0
            data = b'{"cols":[],"duration":0.1,"results":[' + b",".join([b'{"rowcount":1}'] * n) + b"]}"
            s.stats["bulk_rows"] += n
            if fault.get("ms"):
                asyncio.get_running_loop().call_later(fault["ms"] / 1e3, self.send, 200, data)
            else:
                self.send(200, data)
        elif kind == "badutf8":
            self.send(400, b'{"error":{"message":"\xff\xfe\x80 broken \xc3","code":4000}}')
        elif kind == "hang":
            if fault.get("store"):
                s.sql(body, headers, 0)
        else:
            self.sql_answered(body, headers, fault)

    def sql_answered(self, body, headers, fault):
        s = self.server
        kind = fault.get("kind")
        status, reply = s.sql(body, headers, fault.get("share", 0) if kind == "rows" else 0)
        if kind == "old":  # up to 5.9
            for r in reply.get("results", []):
                if "error" in r:
                    r["error_message"] = r.pop("error")["message"]
        if kind == "short" and reply.get("results"):
            reply["results"].pop()
        if kind == "slow":
            reply["duration"] = reply.get("duration", 0) + fault["ms"]
        data = json.dumps(reply, separators=(",", ":")).encode()
        if kind == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "torn":
            half = self.head(status, len(data)) + data[:len(data) // 2]
            self.transport.write(half)
            self.transport.close()
        elif kind in ("slow", "late"):
            asyncio.get_running_loop().call_later(fault["ms"] / 1e3, self.send, status, data)
        elif kind == "dribble":
            self.dribble(self.head(status, len(data)) + data, 0)
        elif kind == "huge":
            self.huge(fault["mb"])
        elif kind == "badjson":
            self.send(200, b'{"cols":[],"results":[{"rowcount":1},' + b"\x00oops]")
        elif kind == "nothing":
            self.send(200, b"")
        else:
            self.send(status, data)

    def dribble(self, data, at):
        if self.closed:
            return
        if at == len(data):
            self.finished()
            return
        self.transport.write(data[at:at + 1])
        asyncio.get_running_loop().call_later(0.0002, self.dribble, data, at + 1)

    def huge(self, mb):
        """A select of mb MB: rows of text, in pieces, as fast as the client reads."""
        row = b'["' + b"x" * 1021 + b'"],'
        block = row * 64
        blocks = mb * (1 << 20) // len(block)
        head, tail = b'{"cols":["a"],"rows":[', b'["end"]],"rowcount":%d,"duration":1}' % (blocks * 64 + 1)
        self.transport.write(self.head(200, len(head) + blocks * len(block) + len(tail)) + head)

        def more(left):
            if self.closed:
                return
            while left and self.transport.get_write_buffer_size() < 1 << 20:
                self.transport.write(block)
                left -= 1
            if left:
                asyncio.get_running_loop().call_later(0.001, more, left)
            else:
                self.transport.write(tail)
                self.finished()
        more(blocks)

    def control(self, method, path, body):
        s = self.server
        if path == "/_standin/stats":
            self.send(200, json.dumps(s.snapshot()).encode())
        elif path == "/_standin/fault":
            fault = json.loads(body)
            if fault["kind"] == "none":
                s.faults.clear()
            else:
                s.faults.append(fault)
            if fault["kind"] == "refuse":
                for c in list(s.connections - {self}):
                    c.transport.abort()
            self.send(200, b"{}")
        elif path == "/_standin/set":
            s.says.update(json.loads(body))
            self.send(200, b"{}")
        elif path == "/_standin/ready":
            s.ready_at = time.time() + json.loads(body)["after_s"]
            self.send(200, b"{}")
        elif path == "/_standin/rows":
            request = json.loads(body)
            cursor = s.store.db.execute(request["sql"], request.get("args", []))
            self.send(200, json.dumps(cursor.fetchall()).encode())
        else:
            self.send(404, b"")

    def head(self, status, length, kind="application/json; charset=UTF-8", close=False):
        return ("HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n" %
                (status, REASONS.get(status, "Unknown"), kind, length,
                 "connection: close\r\n" if close else "")).encode()

    def send(self, status, data, kind="application/json; charset=UTF-8", close=False):
        if self.closed:
            return
        self.transport.write(self.head(status, len(data), kind, close) + data)
        if close:
            self.transport.close()
            return
        self.finished()

    def finished(self):
        self.busy = False
        if self.buffer:
            self.next_request()


async def serve(args):
    loop = asyncio.get_running_loop()
    server = Server(args)
    context = None
    if args.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert, args.key)
        if args.clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(args.clients)
    listener = await loop.create_server(lambda: Connection(server), args.host, args.port, ssl=context, backlog=4096)
    port = listener.sockets[0].getsockname()[1]
    print("listening %d" % port, flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if args.parent:
        async def watch_parent():
            while os.getppid() == args.parent:
                await asyncio.sleep(0.5)
            stop.set()
        loop.create_task(watch_parent())
    await stop.wait()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--db", default=":memory:")
    p.add_argument("--nodes", type=int, default=1)
    p.add_argument("--balance", choices=("turn", "random", "first"), default="turn")
    p.add_argument("--user", default="", help="user:password that must be given")
    p.add_argument("--token", default="", help="bearer token that must be given")
    p.add_argument("--shard-delay", type=float, default=0, help="seconds until the shards of a new table started")
    p.add_argument("--ready-after", type=float, default=0, help="seconds until GET / says ok")
    p.add_argument("--cert")
    p.add_argument("--key")
    p.add_argument("--clients", help="whose certificates are asked for")
    p.add_argument("--parent", type=int, default=0, help="end when this process is no longer the parent")
    try:
        asyncio.run(serve(p.parse_args()))
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
