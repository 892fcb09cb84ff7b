"""Cassandra: what loadtop counts is what the real server contains. The reference is the DataStax driver, which reads
the table back.   ctest: timeout=900

CASSANDRA_ROWS (20,000; in the soak 100,000) is the number of rows.
"""
import os
import re
import tempfile
import unittest

import examples
import json_page
import lib
from cassandra_node import Client
from patient import BOUND, PATIENT, headless, stop, until

ROWS = int(os.environ.get("CASSANDRA_ROWS", "20000"))
PATTERNS = ("sync", "batch", "queue", "chain", "unthrottled")
DISTINCT = "dist=sequential&keys=1000M"

PORT = None
CLIENT = None


def setUpModule():
    global PORT, CLIENT
    PORT = int(lib.server("cassandra")["CASSANDRA_PORT"])
    CLIENT = Client(PORT)
    CLIENT.__enter__()


def tearDownModule():
    CLIENT.__exit__()


def url(path, query=""):
    return "cassandra://127.0.0.1:%d/%s?%s" % (PORT, path, query)


class Base(unittest.TestCase):
    def setUp(self):
        self.ks = "t" + self.id().rpartition(".")[2][-30:].replace("test_", "").lower()
        CLIENT.query("DROP KEYSPACE IF EXISTS " + self.ks)

    def tearDown(self):
        CLIENT.query("DROP KEYSPACE IF EXISTS " + self.ks)

    def adds_up(self, p):
        self.assertEqual(lib.accounting(p["ops"]), 0, p["ops"])
        self.assertEqual(sum(w["completed"] for w in p["workers"]), p["ops"]["completed"])
        self.assertEqual(sum(w["errors"] for w in p["workers"]), p["ops"]["errors"])


class Exact(Base):
    def one(self, pattern, *args, query=DISTINCT, rows=ROWS):
        table = "%s.r_%s" % (self.ks, pattern)
        run = headless("-n", rows, "--pattern", pattern, *args, url(table, query))
        p = lib.pool(run)
        p["_out"] = run["_out"]
        self.adds_up(p)
        self.assertEqual(p["ops"]["completed"], rows, (pattern, p["ops"], p["error_classes"]))
        keys = CLIENT.keys(table)
        self.assertEqual(len(keys), rows)
        self.assertEqual(len(set(keys)), rows)
        return p

    def test_every_pattern(self):
        """Exactly so many rows with distinct keys, by each of the five patterns."""
        for pattern in PATTERNS:
            with self.subTest(pattern):
                more = ["--clients", "16", "-t", "2"] if pattern == "sync" else ["--depth", "120"]
                p = self.one(pattern, *more)
                if pattern == "unthrottled":
                    peak = p["memory"]["peak_request_bytes"]
                    self.assertTrue(0 < peak < 65 << 20, peak)
                    self.assertIn("held by requests at most (unthrottled: bound 64 MB a thread)", p["_out"])

    def test_a_run_below_a_second(self):
        """What the last look at the servers says is of the whole run. (A machine that is busy may take longer than a
        second: the last rate is then that of an interval without requests.)"""
        p = self.one("sync", rows=20)
        hosts = p["backend_stats"]["hosts"]
        self.assertGreaterEqual(sum(h["requests"] for h in hosts), 20)
        self.assertNotIn(None, [h["requests_per_s"] for h in hosts])
        p = lib.pool(headless("-n", "20", "--ops", "select", url("%s.r_sync" % self.ks, "keys=1000M")))
        self.assertEqual(p["backend_stats"]["rows_missed"], 20)  # keys of another run
        self.assertIn("100 % of reads found no row", p["note"])

    def test_the_page_of_the_json_has_every_field(self):
        """docs/json.md, and no other."""
        page = json_page.Page()
        run = headless("-n", "2000", "--pattern", "chain", url(self.ks, DISTINCT + "&ops=insert:1,select:1"))
        page.check(self, run, "inserts and selects")
        page.check_backend(self, lib.pool(run), "Cassandra")

    def test_few_connections(self):
        """Fewer connections than clients, and few streams on each: waiting is measured, nothing is lost."""
        p = self.one("chain", "--clients", "8", "--depth", "32", "--connections", "1",
                     query=DISTINCT + "&streams=16", rows=ROWS // 5)
        self.assertIsNotNone(p["lease_wait"])
        self.assertGreater(p["lease_wait"]["p99_us"], 0)

    def test_compressed(self):
        p = self.one("chain", "--depth", "60", query=DISTINCT + "&compression=lz4&size=2000&type=blob", rows=2000)
        self.assertGreater(p["bytes"]["sent"], 2000 * 1000)


class Example(Base):
    def test_it_runs(self):
        """docs/examples/cassandra-mix.yaml: writes and reads by token, 120 in flight on each of two threads."""
        run = examples.run(self, "cassandra-mix.yaml", "127.0.0.1:%d" % PORT, "-d", "5s", *PATIENT,
                           change=[("/loadtop\n", "/%s\n" % self.ks), ("timeout: 2s", "timeout: 200s"),
                                   ("mix:service.p99<20ms", "mix:service.p99<200s")])
        ops = lib.pool(run)["by_op"]
        self.assertEqual(set(ops), {"insert", "select"})
        self.assertEqual([t["ok"] for t in run["thresholds"]], [True, True])
        self.assertEqual((lib.pool(run)["pattern"], lib.pool(run)["depth"], lib.pool(run)["threads"]), ("chain", 120, 2))


class Rows(Base):
    def test_each_row_read_carries_its_key(self):
        """Written, read back, updated and removed by many at once; a row that is not the one asked for would be
        an error of class wrong_answer."""
        table = self.ks + ".loadtop"
        headless("-n", "5000", "--pattern", "chain", "--depth", "100", url(table, "dist=sequential&keys=5000"))
        p = lib.pool(headless("-n", "50000", "--pattern", "chain", "--depth", "250", "-t", "2",
                              url(table, "keys=5000&ops=select:5,update:1,insert:1")))
        self.adds_up(p)
        self.assertEqual(p["ops"]["errors"], 0, p["error_classes"])
        reads = p["by_op"]["select"]["completed"]
        self.assertEqual(p["backend_stats"]["rows_read"], reads)
        self.assertEqual(p["backend_stats"]["rows_missed"], 0)
        p = lib.pool(headless("-n", "5000", "--pattern", "chain",
                              url(table, "dist=sequential&keys=5000&ops=delete")))
        self.assertEqual(p["ops"]["completed"], 5000)
        self.assertEqual(CLIENT.keys(table), [])

    def test_batches_and_counters(self):
        p = lib.pool(headless("-n", "5000", "--pattern", "chain", "--depth", "8",
                              url(self.ks, "ops=batch&rows=7&" + DISTINCT)))
        self.assertEqual(p["ops"]["completed"], 5000)
        self.assertEqual(len(set(CLIENT.keys(self.ks + ".loadtop"))), 5000)
        p = lib.pool(headless("-n", "3000", "--pattern", "chain", "--depth", "8",
                              url(self.ks, "ops=batch&batch=counter&rows=10&keys=100")))
        self.assertEqual(p["ops"]["completed"], 3000)
        total = sum(r[0] for r in CLIENT.query("SELECT n FROM %s.loadtop_counters" % self.ks))
        self.assertEqual(total, 3000)

    def test_every_column_type(self):
        for kind in "text blob int bigint float double boolean uuid timestamp decimal varint inet date time".split():
            with self.subTest(kind):
                table = "%s.c_%s" % (self.ks, kind)
                p = lib.pool(headless("-n", "50", "--pattern", "chain", url(
                    table, DISTINCT + "&columns=4&type=%s&size=5-20" % kind)))
                self.assertEqual(p["ops"]["completed"], 50, p["error_classes"])
                rows = CLIENT.query("SELECT * FROM " + table)
                self.assertEqual(len(rows), 50)
                self.assertTrue(all(v is not None for row in rows for v in row))

    def test_own_statement(self):
        """Parameters by the types that the server names; keys of several columns are routed and generated."""
        CLIENT.query("CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}" % self.ks)
        CLIENT.query("CREATE TABLE %s.own (a int, b uuid, c timestamp, d text, e double, PRIMARY KEY ((a, b), c))" % self.ks)
        insert = "INSERT INTO %s.own (d, c, b, a, e) VALUES (?, ?, ?, ?, ?)" % self.ks
        target = url(self.ks, DISTINCT + "&ops=stmt&size=12&stmt=" + insert.replace(" ", "%20").replace("?", "%3F"))
        refused = lib.loadtop("--headless", "-n", "10", target)
        self.assertEqual(refused.code, 2, refused)
        self.assertIn("--allow-destructive", refused.err)
        p = lib.pool(headless("-n", "2000", "--allow-destructive", "--pattern", "chain", target))
        self.assertEqual(p["ops"]["completed"], 2000, p["error_classes"])
        rows = CLIENT.query("SELECT a, b, c, d, e FROM %s.own" % self.ks)
        self.assertEqual(len(rows), 2000)
        self.assertEqual({len(r[3]) for r in rows}, {12})

    def test_own_statements_and_pages(self):
        """Several of them from a file, drawn alike; a long answer is read page by page as one operation."""
        table = self.ks + ".loadtop"
        headless("-n", "3000", "--pattern", "chain", url(table, "dist=sequential&keys=3000"))
        with tempfile.NamedTemporaryFile("w", suffix=".cql") as f:
            f.write("-- two of them\nSELECT col1 FROM %s WHERE thekey = ?;\n"
                    "SELECT col1, col2 /* all; of them */ FROM %s;\n" % (table, table))
            f.flush()
            target = url(self.ks, "ops=stmt&keys=3000&page=1000&stmt-file=" + f.name)
            p = lib.pool(headless("-n", "40", target))
        self.adds_up(p)
        self.assertEqual(p["ops"]["completed"], 40, p["error_classes"])
        s = p["backend_stats"]
        whole, one = divmod(s["rows_read"], 3000)
        self.assertEqual(whole + one, 40, s)
        self.assertTrue(5 < whole < 35, s)
        self.assertIn(s["further_pages"], (2 * whole, 3 * whole))  # the last page may be an empty one

    def test_warnings(self):
        """A batch that the server finds too large: its warning is counted, and told in the events."""
        run = headless("-n", "500", url(self.ks, DISTINCT + "&ops=batch&rows=50&size=400&batch=unlogged"))
        p = lib.pool(run)
        self.assertEqual(p["ops"]["completed"], 500, p["error_classes"])
        self.assertGreaterEqual(p["backend_stats"]["warnings"], 10)
        self.assertIn("exceeding", " ".join(str(e["to"]) for e in run["events"] if "warning" in str(e["to"])))

    def test_consistency_and_replication(self):
        """More replicas than nodes: unavailable, with how many are required and alive; and one at ONE."""
        query = DISTINCT + "&replication=3&compaction=unified&consistency="
        p = lib.pool(headless("-n", "200", url(self.ks, query + "quorum")))
        self.assertEqual({(e["class"], e["count"]) for e in p["error_classes"]}, {("unavailable", 200)})
        self.assertIn("2 replicas required, 1 alive at QUORUM", p["error_classes"][0]["first"])
        p = lib.pool(headless("-n", "200", url(self.ks, query + "one")))
        self.assertEqual(p["ops"]["completed"], 200, p["error_classes"])
        self.assertIn("'3'", str(CLIENT.query("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = "
                                              "'%s'" % self.ks)))


class Manners(Base):
    def test_somebody_elses_table(self):
        CLIENT.query("CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}" % self.ks)
        CLIENT.query("CREATE TABLE %s.theirs (id bigint, at int, v text, w blob, PRIMARY KEY (id, at))" % self.ks)
        target = url(self.ks + ".theirs", DISTINCT + "&size=9")
        r = lib.loadtop("--headless", "-n", "10", target)
        self.assertEqual(r.code, 2, r)
        self.assertIn("was not made by loadtop", r.err)
        self.assertEqual(CLIENT.query("SELECT count(*) FROM %s.theirs" % self.ks), [(0,)])
        p = lib.pool(headless("-n", "500", "--pattern", "chain", "--allow-destructive", target))
        self.assertEqual(p["ops"]["completed"], 500, p["error_classes"])
        self.assertEqual(len(CLIENT.query("SELECT id FROM %s.theirs" % self.ks)), 500)
        p = lib.pool(headless("-n", "500", "--pattern", "chain", target + "&ops=select&keys=500"))
        self.assertEqual(p["backend_stats"]["rows_read"], 500)

    def test_missing(self):
        for path, word in ((self.ks, "no keyspace"), ("system_auth.nothing", "no table")):
            r = lib.loadtop("--headless", "-n", "10", url(path, "create=no"))
            self.assertEqual(r.code, 1, r)
            self.assertIn("invalid: there is " + word, r.err)
        r = lib.loadtop("--headless", "--read-only", "-n", "10", url(self.ks, "ops=select"))
        self.assertEqual(r.code, 2, r)
        self.assertEqual(CLIENT.query("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '%s'"
                                      % self.ks), [])

    def left(self):
        return CLIENT.query("SELECT table_name FROM system_schema.tables WHERE keyspace_name = '%s'" % self.ks)

    def tables(self):
        """All that there is, system tables too: keyspaces, tables and their comments."""
        return (CLIENT.query("SELECT keyspace_name FROM system_schema.keyspaces"),
                CLIENT.query("SELECT keyspace_name, table_name, comment FROM system_schema.tables"))

    def keyspace(self):
        return CLIENT.query("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '%s'" % self.ks)

    def make_keyspace(self):
        CLIENT.query("CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}" % self.ks)

    @staticmethod
    def forge(h, left=None, **fields):
        """The run's file with another list of what it left behind."""
        run = lib.read_json(h.json)
        run.update(fields)
        if left is not None:
            run["pools"][0]["left_behind"] = [{"kind": k, "what": w, "count": None, "run": run.get("run_id")}
                                              for k, w in left]
        run = {k: v for k, v in run.items() if v is not None}
        lib.write_json(h.json, run)

    def test_cleans_exactly_what_it_made(self):
        """Asked first; the keyspace with its tables, of which there are two."""
        with lib.Headless("-n", "100", url(self.ks + ".mine", "compaction=leveled&ops=batch&batch=counter")) as h:
            p = lib.pool(h.wait(timeout=BOUND))
            self.assertEqual({(e["kind"], e["what"]) for e in p["left_behind"]},
                             {("table", self.ks + ".mine"), ("table", self.ks + ".mine_counters"), ("keyspace", self.ks)})
            self.assertIn("Leveled", str(CLIENT.query("SELECT compaction FROM system_schema.tables WHERE keyspace_name "
                                                      "= '%s' AND table_name = 'mine'" % self.ks)))
            before = self.tables()
            r = lib.loadtop("clean", h.json)
            self.assertEqual(r.code, 1, r)
            self.assertIn("would go: keyspace " + self.ks, r.out)
            self.assertEqual(self.tables(), before)
            r = lib.loadtop("clean", "--yes", h.json)
            self.assertEqual(r.code, 0, r)
            for what in ("keyspace " + self.ks, "table %s.mine" % self.ks, "table %s.mine_counters" % self.ks):
                self.assertIn("gone: " + what, r.out)
            self.assertEqual((self.keyspace(), self.left()), ([], []))
            r = lib.loadtop("clean", "--yes", h.json)
            self.assertEqual((r.code, r.out.count("not there any more")), (0, 3), r)

    def test_cleans_around_what_others_made(self):
        """What others put into the run's keyspace keeps it; an empty one has nothing that says whose it is."""
        with lib.Headless("-n", "100", url(self.ks + ".mine")) as h:
            h.wait(timeout=BOUND)
            by_hand = 'DROP KEYSPACE "%s"' % self.ks
            CLIENT.query("CREATE TYPE %s.kind (a int)" % self.ks)
            r = lib.loadtop("clean", h.json)
            self.assertIn("stays: keyspace %s: it holds type kind" % self.ks, r.out)
            CLIENT.query("DROP TYPE %s.kind" % self.ks)
            CLIENT.query("CREATE TABLE %s.theirs (k int PRIMARY KEY)" % self.ks)
            r = lib.loadtop("clean", "--yes", h.json)
            self.assertEqual(r.code, 1, r)
            self.assertIn("gone: table %s.mine" % self.ks, r.out)
            self.assertIn("stays: keyspace %s: it holds table theirs" % self.ks, r.out)
            self.assertEqual(self.left(), [("theirs",)])
            CLIENT.query("DROP TABLE %s.theirs" % self.ks)
            r = lib.loadtop("clean", "--yes", h.json)
            self.assertEqual(r.code, 1, r)
            self.assertIn("stays: keyspace %s: it is empty" % self.ks, r.out)
            self.assertIn(by_hand, r.out)
            self.assertEqual(len(self.keyspace()), 1)

    def test_clean_keeps_a_keyspace_that_was_there(self):
        """Empty before the run, so that all in it is the run's, and a file that claims it."""
        self.make_keyspace()
        with lib.Headless("-n", "100", url(self.ks)) as h:
            self.assertEqual([e["kind"] for e in lib.pool(h.wait(timeout=BOUND))["left_behind"]], ["table"])
            self.forge(h, [("keyspace", self.ks), ("table", self.ks + ".loadtop")])
            r = lib.loadtop("clean", "--yes", h.json)
            self.assertEqual(r.code, 1, r)
            self.assertIn("stays: keyspace %s: it was there before the run" % self.ks, r.out)
            self.assertEqual((self.left(), len(self.keyspace())), ([], 1))

    def test_forged_and_old_files_remove_nothing(self):
        """Whatever a file claims: another run's table of the same name, comments that only begin as the mark does,
        the server's own keyspaces, names that are more than names, rows; and a file from before runs had ids."""
        with lib.Headless("-n", "100", url(self.ks)) as h:
            mine = h.wait(timeout=BOUND)["run_id"]
            CLIENT.query("DROP TABLE %s.loadtop" % self.ks)
            headless("-n", "100", url(self.ks))  # another run's, of the same name
            CLIENT.query("CREATE TABLE %s.longer (k int PRIMARY KEY) WITH comment = 'loadtop run %s of ours'" % (self.ks, mine))
            CLIENT.query("CREATE TABLE %s.shorter (k int PRIMARY KEY) WITH comment = 'loadtop run '" % self.ks)
            CLIENT.query('CREATE TABLE %s."Case" (k int PRIMARY KEY)' % self.ks)
            CLIENT.query("CREATE TABLE %s.case (k int PRIMARY KEY) WITH comment = 'loadtop run %s'" % (self.ks, mine))
            before = self.tables()
            for run in (mine, None):  # None: as an old version wrote it
                stay = ["loadtop", "longer", "shorter", "Case"] + ([] if run else ["case"])
                self.forge(h, [("table", "%s.%s" % (self.ks, t)) for t in stay] + [
                    ("keyspace", self.ks), ("rows", self.ks + ".loadtop"), ("keyspace", "system_auth"),
                    ("keyspace", "system"), ("table", "system_auth.roles"), ("keyspace", ""), ("table", self.ks),
                    ("keyspace", '%s"; DROP KEYSPACE "%s' % (self.ks, self.ks)), ("table", '%s.loadtop"' % self.ks),
                    ("table", "%s.loadtop' OR table_name = 'case" % self.ks), ("topic", "x"),
                    ("table", "%s.%s" % (self.ks, "x" * 300)),
                    ("keyspace", self.ks.upper()), ("table", self.ks.upper() + ".LOADTOP")], run_id=run)
                r = lib.loadtop("clean", "--yes", h.json)
                self.assertEqual(r.code, 1, r)
                self.assertNotIn("gone", r.out)
                self.assertEqual(r.out.count("not there any more"), 2, r)  # the names in capitals
                self.assertIn("table %s.loadtop: another run of loadtop made it; by hand: DROP TABLE" % self.ks, r.out)
                self.assertIn("table %s.longer: it does not bear this run's mark" % self.ks, r.out)
                self.assertIn("rows in %s.loadtop: the table was there before" % self.ks, r.out)
                self.assertEqual(self.tables(), before)

    def some_rows(self):
        return len(CLIENT.look("SELECT thekey FROM %s.loadtop LIMIT 100" % self.ks)) == 100

    def test_table_dropped_and_made_again_under_load(self):
        """Prepared statements die with the table: errors by class while it is gone, load again at once after."""
        with lib.Headless("-d", "900s", *PATIENT, "--pattern", "chain", "--depth", "20", "--clients", "2",
                          url(self.ks, DISTINCT)) as h:
            until("rows", self.some_rows)
            CLIENT.query("DROP TABLE %s.loadtop" % self.ks)
            CLIENT.query("CREATE TABLE %s.loadtop (thekey text PRIMARY KEY, col1 text, col2 text)" % self.ks)
            until("rows again", self.some_rows)
            run = stop(h)
        p = lib.pool(run)
        self.adds_up(p)
        self.assertGreater(p["backend_stats"]["prepared_again"], 0)
        self.assertLessEqual({e["class"] for e in p["error_classes"]}, {"invalid", "server_error", "unprepared"})
        words = " ".join(str(e["to"]) for e in run["events"])
        self.assertIn("DROPPED TABLE %s.loadtop" % self.ks, words)
        self.assertIn("CREATED TABLE %s.loadtop" % self.ks, words)


class Traces(Base):
    def test_read_only_leaves_none(self):
        """Nothing is prepared but the read, and no read takes part in Paxos, which keeps what it promised."""
        CLIENT.query("CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}" % self.ks)
        CLIENT.query("CREATE TABLE %s.theirs (k text PRIMARY KEY, v text)" % self.ks)
        for i in range(10):
            CLIENT.query("INSERT INTO %s.theirs (k, v) VALUES ('%d', 'x')" % (self.ks, i))
        rounds = CLIENT.query("SELECT count(*) FROM system.paxos")
        target = url(self.ks + ".theirs", "ops=select&keys=10&dist=sequential")
        p = lib.pool(headless("-n", "10", "--read-only", "--allow-destructive", target))
        self.assertEqual(p["backend_stats"]["rows_read"], 10)
        self.assertEqual(p["left_behind"], [])
        prepared = [q for q, in CLIENT.query("SELECT query_string FROM system.prepared_statements")
                    if '"%s"."theirs"' % self.ks in q]
        self.assertEqual([q.split()[0] for q in prepared], ["SELECT"])
        p = lib.pool(headless("-n", "3", "--read-only", target + "&consistency=serial"))
        self.assertEqual(lib.classes(p, "count"), {"read_only": 3})
        self.assertEqual(CLIENT.query("SELECT count(*) FROM system.paxos"), rounds)

    def test_who_we_are(self):
        """The node's own list of clients names user, host and run; another run is another client."""
        def ids():
            return [(o or {}).get("CLIENT_ID", "") for o, in CLIENT.query("SELECT client_options FROM system_views.clients")]
        with lib.Headless("-d", "900s", "--max-rate", "50/s", url(self.ks)) as other:
            first = until("its connections", lambda: [i for i in ids() if i.startswith("loadtop:")][1:])
            run = headless("-n", "50", "--max-rate", "50/s", url(self.ks))
            until("it is gone", lambda: not [i for i in ids() if i.endswith(run["run_id"])])
            others = len(ids())
            run_id = stop(other)["run_id"]
        self.assertRegex(first[0], "^loadtop:.+@.+:%s$" % run_id)
        self.assertIn(", %d other clients" % others, run["_out"])


class Screens(Base):
    def test_events_nodes_and_memory(self):
        """What the cluster says of itself reaches the events and the targets view; unthrottled says what it pays."""
        with lib.Tmux(lib.LOADTOP, "--no-history", url(self.ks, DISTINCT + "&pattern=chain&depth=20"), cols=140,
                      rows=40) as t:
            t.wait_for("[threads 1]", timeout=BOUND)
            until("rows", lambda: CLIENT.query("SELECT table_name FROM system_schema.tables WHERE keyspace_name = "
                                               "'%s'" % self.ks))
            t.send("2")
            t.send(":")
            t.type("pattern unthrottled")
            t.send("Enter")
            t.wait_for(re.compile(r"requests held [0-9.]+ ?[kM]?B at most, bound 64 MB"), timeout=BOUND)
            t.send(":")
            t.type("pattern sync")
            t.send("Enter")
            CLIENT.query("CREATE TABLE %s.another (k int PRIMARY KEY)" % self.ks)
            t.send("5")
            t.wait_for("CREATED TABLE %s.another" % self.ks, timeout=BOUND)
            t.send("6")
            t.wait_for("1 of 1 nodes up", timeout=BOUND)
            t.wait_for("datacenter1", timeout=BOUND)


class Token(unittest.TestCase):
    def test_server_agrees_on_tokens(self):
        """The node's own token() of keys that loadtop made, against the driver's; ours is tested against the same
        driver in tests/unit, so all three agree."""
        from cassandra.murmur3 import murmur3
        ks = "ttoken"
        headless("-n", "300", url(ks, DISTINCT))
        for key, token in CLIENT.query("SELECT thekey, token(thekey) FROM %s.loadtop" % ks):
            self.assertEqual(token, murmur3(key.encode()))
        CLIENT.query("DROP KEYSPACE " + ks)


if __name__ == "__main__":
    lib.main()
