"""The crate backend from outside: set-up, operations, protection, authentication, hosts, balancer, clean.

The tests in `Everywhere` run against CRATE_URL (crate://[user:password@]host:port) if it is set. All others, and these
too if it is not set, run against the stand-in.   ctest: timeout=900
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import examples
import json_page
import lib
from harness import Standin, target
from loadtop import BOUND, LOADTOP, finish, run, start, stop, wait_until


def clean(result, s, *options, **change):
    """`loadtop clean --yes` of a run, of which `change` changes the pool."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(dict(result.data, pools=[dict(result.pool, **change)]), f)
        f.flush()
        return subprocess.run([LOADTOP, "clean", "--yes", *options, f.name], capture_output=True, text=True, timeout=240,
                              env=dict(os.environ, LOADTOP_PASSWORD=s.password()), check=False)


def say(t, command):
    """In the dashboard's line of commands."""
    t.send(":")
    t.type(command)
    t.send("Enter")


class Everywhere(unittest.TestCase):
    def test_count_is_exact(self):
        """A count that is no multiple of rows: the last bulk is short."""
        with target() as s:
            result = run(s.url(query="rows=100&threads=2&clients=2"), "-n", "12345")
            self.assertEqual(result.ops["offered"], 12345)
            self.assertEqual(result.ops["completed"], 12345)
            self.assertEqual(s.rows(), 12345)
            self.assertIsNone(result.pool["batches"])  # bulks are requests; batches are of the pattern
            self.assertEqual(result.pool["left_behind"], [
                {"kind": "rows", "what": result.pool["backend_stats"]["table"], "count": 12345, "made": "table"}])

    def test_what_the_server_says_of_a_run_below_a_second(self):
        """The last look at it is of the whole run: rates, and the server's share of an answer's time."""
        with target() as s:
            pool = run(s.url(query="rows=10&clients=2"), "-n", "200").pool
            stats = pool["backend_stats"]
            self.assertGreater(stats["server_share_of_answer"], 0)
            self.assertIn(" req/s; ", pool["note"])
            self.assertRegex(pool["note"], r"it works \d+ % of an answer's time")
            self.assertNotIn(None, [n["requests_per_s"] for n in stats["load_by_node"]["nodes"]])

    def test_second_run_uses_the_table_and_no_key_twice(self):
        with target() as s:
            for n in (1, 2):
                result = run(s.url(query="rows=50"), "-n", "500", "--seed", "7")
                self.assertEqual((result.ops["completed"], result.ops["errors"]), (500, 0))
                self.assertEqual(s.rows(), 500 * n)

    def test_every_operation(self):
        with target() as s:
            run(s.url(), "-n", "500")
            result = run(s.url(query="ops=insert:1,select:2,aggregate:1,update:2,delete:1&rows=20&clients=3"),
                         "-n", "4000")
            self.assertEqual((result.ops["completed"], result.ops["errors"]), (4000, 0))
            for op in ("insert", "select", "aggregate", "update", "delete"):
                self.assertGreater(result.pool["by_op"][op]["completed"], 0, op)
            self.assertEqual(s.rows(), 500 + result.rows["acknowledged"] - result.rows["deleted"])
            self.assertGreater(result.rows["deleted"], 0)
            # select, update and delete find what they look for, but for the first few
            looked = sum(result.pool["by_op"][op]["completed"] for op in ("select", "update", "delete"))
            self.assertLess(result.pool["backend_stats"]["found_nothing"], looked / 2)

    def test_own_statements(self):
        with target() as s:
            run(s.url(), "-n", "200")
            query = ("ops=stmt:1&stmt=SELECT * FROM \"doc\".\"%s\" WHERE region = {region} AND user_id < "
                     "{int:1-9999} LIMIT 3; SELECT {text:5}, {real:0-1}, {choice:a|b}, {now}" %
                     s.url().split("doc.")[1])
            result = run(s.url(query=query), "-n", "300")
            self.assertEqual((result.ops["completed"], result.ops["errors"]), (300, 0))

    def test_wide_and_partitioned(self):
        for query in ("objects=50", "partition=day", "partition=region", "shards=2&refresh=500ms&replicas=0-1"):
            with self.subTest(query=query), target() as s:
                result = run(s.url(query=query + "&rows=20"), "-n", "200")
                self.assertEqual((result.ops["completed"], result.ops["errors"]), (200, 0))
                self.assertEqual(s.rows(), 200)

    def test_gzip(self):
        with target() as s:
            plain = run(s.url(query="rows=100"), "-n", "2000")
            small = run(s.url(query="rows=100&gzip=yes"), "-n", "2000")
            self.assertEqual((small.ops["completed"], small.ops["errors"]), (2000, 0))
            self.assertEqual(s.rows(), 4000)
            self.assertLess(small.pool["bytes"]["sent"], plain.pool["bytes"]["sent"] / 2)

    def test_drop_and_clean(self):
        with target() as s:
            dropped = run(s.url(query="drop=yes"), "-n", "100")
            self.assertEqual(dropped.ops["completed"], 100)
            self.assertEqual(s.sql('SELECT count(*) FROM "doc"."t"')[0], 404)
            self.assertEqual(dropped.pool["left_behind"], [])
            self.assertTrue(dropped.pool["backend_stats"]["table_dropped"])
            self.assertIn("dropped", str([e["to"] for e in dropped.data["events"]]))
            first = run(s.url(query="refresh=0"), "-n", "100")
            second = run(s.url(), "-n", "70")
            self.assertNotIn("made", second.pool["left_behind"][0])
            # refresh=0: nothing shows the rows to a DELETE but a REFRESH
            done = clean(second, s)
            self.assertEqual((done.returncode, s.rows()), (0, 100), done.stderr)
            self.assertIn("would go: 70 rows of this run in table doc.", done.stdout)
            self.assertIn("gone: 70 rows of this run", done.stdout)
            self.assertIn("not there any more", clean(second, s).stdout)
            third = run(s.url(), "-n", "30")
            done = clean(first, s)  # its table, with rows of another run: that stays
            self.assertEqual((done.returncode, s.rows()), (1, 30), done.stderr)
            self.assertIn("it holds 30 rows that are not of this run; by hand: DROP TABLE", done.stdout)
            self.assertEqual(clean(third, s).returncode, 0)
            done = clean(first, s)
            self.assertEqual((done.returncode, s.sql('SELECT count(*) FROM "doc"."t"')[0]), (0, 404), done.stderr)
            self.assertIn("gone: table doc.", done.stdout)


class Protection(unittest.TestCase):
    def refused_under_load(self, s, command, *args):
        """A command that is typed while the load runs is refused, and the load goes on."""
        requests = lambda: s.stats()["stats"]["requests"]
        with lib.Tmux(LOADTOP, "--no-history", *args, cols=160, rows=40) as t:
            t.wait_for("[threads 1]", timeout=BOUND)
            at = requests()
            wait_until(lambda: requests() > at + 50)
            say(t, command)
            t.send("5")
            t.wait_for(re.compile(r"refused (1 )?" + command), timeout=BOUND)
            at = requests()
            wait_until(lambda: requests() > at + 50)

    def test_a_table_of_others(self):
        with Standin() as s:
            s.sql('CREATE TABLE "doc"."t" ("id" TEXT NOT NULL, "timestamp" TIMESTAMP WITH TIME ZONE, "region" TEXT, '
                  '"product_category" TEXT, "event_type" TEXT, "user_id" INTEGER, "user_segment" TEXT, '
                  '"amount" DOUBLE PRECISION, "quantity" INTEGER, "metadata" OBJECT(DYNAMIC), PRIMARY KEY ("id"))')
            s.sql('INSERT INTO "doc"."t" ("id") VALUES (?)', bulk=[["mine"]])
            s.sql('REFRESH TABLE "doc"."t"')
            for ops in ("insert", "update", "delete", "stmt&stmt=DELETE FROM \"doc\".\"t\""):
                result = run(s.url(query="ops=" + ops), "-n", "10", code=2)
                self.assertIn("--allow-destructive", result.err)
            self.assertEqual(s.rows(), 1)
            result = run(s.url(query="ops=select:1,aggregate:1"), "-n", "10")
            self.assertEqual(result.ops["completed"], 10)
            self.assertEqual(result.pool["backend_stats"]["found_nothing"], 0)
            result = run(s.url(), "-n", "10", "--allow-destructive")
            self.assertEqual(s.rows(), 11)
            self.assertNotIn("made", result.pool["left_behind"][0])
            # Ids that begin as the run's do: one that loadtop could not have made, and no UUID.
            begin = result.data["run_id"]
            s.sql('INSERT INTO "doc"."t" ("id") VALUES (?)', bulk=[[begin + "-0a3f-4abc-8def-00aabbccddee"], [begin + "-x"]])
            done = clean(result, s)
            self.assertEqual((done.returncode, s.rows()), (0, 3), done.stdout)
            said = ": 10 rows of this run in table doc.t: known by their ids only: the table bears no mark of loadtop"
            self.assertIn("would go" + said, done.stdout)
            self.assertIn("gone" + said, done.stdout)

    def test_own_statements_that_write_are_refused_on_every_way(self):
        """Also when the pool's own table is loadtop's: a statement may name any other."""
        with Standin() as s:
            s.sql('CREATE TABLE "doc"."mine" ("id" TEXT NOT NULL, PRIMARY KEY ("id"))')
            s.sql('INSERT INTO "doc"."mine" ("id") VALUES (?)', bulk=[["1"]])
            s.sql('REFRESH TABLE "doc"."mine"')
            statement = '&stmt=DELETE FROM "doc"."mine"'
            result = run(s.url(query="ops=stmt" + statement), "-n", "10", code=2)
            self.assertIn("--allow-destructive", result.err)
            self.refused_under_load(s, "ops stmt", s.url(query="ops=insert" + statement))
            self.assertEqual(s.rows("doc.mine"), 1)
            run(s.url(query="ops=select"), "-n", "10")
            s.sql('DROP TABLE "doc"."t"')  # made again by somebody else
            s.sql('CREATE TABLE "doc"."t" ("id" TEXT NOT NULL, PRIMARY KEY ("id"))')
            self.refused_under_load(s, "ops insert", s.url(query="ops=select"))
            self.assertEqual(s.rows(), 0)
            run(s.url(query="ops=stmt" + statement), "-n", "1", "--allow-destructive")
            self.assertEqual(s.rows("doc.mine"), 0)

    def test_clean_takes_only_what_bears_the_mark_of_its_run(self):
        """Whatever the file says: the tables of others, of a newer run and of an old version stay."""
        made = lambda *names: [{"kind": "rows", "what": n, "count": 9, "made": "table"} for n in names]
        with Standin() as s:
            old = run(s.url("doc.newer"), "-n", "10")
            s.sql('DROP TABLE "doc"."newer"')
            run(s.url("doc.newer"), "-n", "20")
            named = ["newer", "users", "other", "old"]
            for name, mark in (("users", ""), ("other", ', CONSTRAINT "loadtop_run_00000000" CHECK ("n" >= 0)'),
                               ("old", ', CONSTRAINT "made_by_loadtop" CHECK ("n" >= 0)')):
                s.sql('CREATE TABLE "doc"."%s" ("id" TEXT NOT NULL, "n" INTEGER, PRIMARY KEY ("id")%s)' % (name, mark))
                # A key that only begins as those of the run: a random UUID of somebody's.
                key = old.data["run_id"] + "-0000-4000-8000-7c9e6679f0d1"
                s.sql('INSERT INTO "doc"."%s" ("id") VALUES (?)' % name, bulk=[[key], ["mine"]])
            before = [s.rows("doc." + n) for n in named]
            self.assertEqual(before, [20, 2, 2, 2])
            statements = s.stats()["stats"]["statements"]
            done = clean(old, s, left_behind=made(*["doc." + n for n in named]))
            self.assertEqual([s.rows("doc." + n) for n in named], before)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn('by hand: DROP TABLE "doc"."users"', done.stdout)
            hostile = ["sys.nodes", "doc.users; DROP TABLE doc.users", 'doc.users" --', "doc.a.b", "", "_x", "\x1b[2Jx",
                       "doc.%", "x" * 5000]
            done = clean(old, s, left_behind=made(*hostile) + [{"kind": "rows"}, 3, None])
            self.assertEqual(done.stdout.count("stays:"), 11, done.stdout)
            self.assertNotIn("\x1b", done.stdout)
            self.assertEqual([s.rows("doc." + n) for n in named], before)
            self.assertGreater(s.stats()["stats"]["statements"], statements)  # it was the server that was asked
            done = clean(old, s, url="crate://127.0.0.1:%d/?ca=/etc/passwd&stmt-file=/dev/zero" % s.port,
                         left_behind=made("doc.newer"))
            self.assertIn("stays: table doc.newer", done.stdout)  # and the file's options count for nothing
            self.assertEqual([s.rows("doc." + n) for n in named], before)

    def test_drop_asks_for_the_mark(self):
        """drop=yes: a table that somebody else made again while the load ran is not this run's."""
        with Standin() as s:
            process = start(s.url(query="drop=yes&rows=10"), "-n", "5000", "--rate", "1000/s")
            wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
            s.sql('DROP TABLE "doc"."t"')
            s.sql('CREATE TABLE "doc"."t" ("id" TEXT NOT NULL, PRIMARY KEY ("id"))')
            result = finish(process)
            self.assertEqual(s.rows(), 0)
            self.assertIn("not dropped: it does not bear the mark", str([e["to"] for e in result.data["events"]]))
            self.assertFalse(result.pool["backend_stats"]["table_dropped"])

    def test_read_only(self):
        with Standin() as s:
            result = run(s.url(query="ops=select"), "-n", "10", "--read-only", code=2)
            self.assertIn("does not exist", result.err)
            self.assertEqual(s.query("SELECT count(*) FROM standin_tables")[0][0], 0)
            run(s.url(), "-n", "50")
            result = run(s.url(query="ops=select:1,aggregate:1"), "-n", "50", "--read-only")
            self.assertEqual((result.ops["completed"], s.rows()), (50, 50))
            result = run(s.url(query='ops=stmt&stmt=DELETE FROM "doc"."t"'), "-n", "10", "--read-only",
                         "--allow-destructive", code=2)
            self.assertIn("--read-only", result.err)
            self.refused_under_load(s, "ops stmt", "--read-only", "--allow-destructive",
                                    s.url(query="ops=select&stmt=DELETE FROM \"doc\".\"t\""))
            self.assertEqual(s.rows(), 50)

    def test_create_no(self):
        with Standin() as s:
            result = run(s.url(query="create=no"), "-n", "10", code=1)
            self.assertIn("use create=yes", result.err)

    def test_missing_columns(self):
        with Standin() as s:
            run(s.url(), "-n", "10")
            result = run(s.url(query="objects=3"), "-n", "10", code=1)
            self.assertIn("obj_0", result.err)

    def test_usage(self):
        for query, word in (("stmt=SELECT {regoin}", "{region}"), ("stmt=SELECT ?", "generator"),
                            ("replicas=many", "replicas"), ("stmt-file=/nonexistent", "stmt-file"),
                            ("rows=0", "rows"), ("partition=year", "partition")):
            result = run("crate://127.0.0.1:1/doc.t?" + query, "-n", "1", code=2)
            self.assertIn(word, result.err)
        self.assertIn("is not a table", run("crate://127.0.0.1:1/_bad", "-n", "1", code=2).err)


class Connections(unittest.TestCase):
    def test_passwords_and_tokens(self):
        with Standin("--user", "crate:pa ss:ö") as s:
            result = run(s.url(user="crate:pa%20ss%3A%C3%B6"), "-n", "100")
            self.assertEqual(result.ops["completed"], 100)
            self.assertNotIn("pa%20ss", json.dumps(result.data))
            self.assertNotIn("pa ss", json.dumps(result.data) + result.err)
        with Standin("--token", "abc.def.ghi") as s:
            result = run(s.url(query="token=abc.def.ghi"), "-n", "100")
            self.assertEqual(result.ops["completed"], 100)
            self.assertNotIn("abc.def.ghi", json.dumps(result.data) + result.err)
            with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
                json.dump(result.data, f)
                f.flush()
                for token, code in (("wrong", 1), ("abc.def.ghi", 0)):
                    done = subprocess.run([LOADTOP, "clean", "--yes", "--token", token, f.name], capture_output=True,
                                          text=True, timeout=240, check=False)
                    self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(s.query("SELECT count(*) FROM standin_tables")[0][0], 0)

    def test_tls(self):
        with Standin(tls=True) as s:
            self.assertIn("certificate", run(s.url(), "-n", "10", code=3).err)
            for query in ("tls.ca=" + s.cert, "tls.verify=no", "ca=" + s.cert, "tls-verify=no"):  # and the old names
                result = run(s.url(query=query + "&clients=3"), "-n", "300")
                self.assertEqual((result.ops["completed"], result.ops["errors"]), (300, 0))
                options = result.data["pools"][0]["options"]
                self.assertEqual([o for o in options if "tls" in o or o == "ca"],
                                 ["tls.ca", "tls.cert", "tls.key", "tls.verify"])
                self.assertEqual(options["tls.verify"], "verify=no" not in query)
            # The URL wins over a flag, whichever of the names each of them uses.
            for query, flag in (("tls-verify=no", "--tls.verify=yes"), ("tls.verify=no", "--tls-verify=yes")):
                self.assertEqual(run(s.url(query=query), flag, "-n", "50").ops["completed"], 50)
            self.assertEqual(s.rows(), 1300)

    def test_tls_with_a_certificate_of_ours(self):
        """Which the server asks for. An encrypted key is an error, and nobody is asked for its passphrase."""
        with Standin(tls=True) as trusted:
            with Standin("--clients", trusted.cert, tls=True) as s:
                query = "tls.ca=%s&tls.cert=%s" % (s.cert, trusted.cert)
                self.assertIn("tls.cert, tls.key", run(s.url(query="tls.ca=" + s.cert), "-n", "10", code=3).err)
                locked = trusted.key + ".locked"
                subprocess.run(["openssl", "pkey", "-in", trusted.key, "-aes256", "-passout", "pass:x", "-out", locked],
                               check=True)
                with lib.Pty(LOADTOP, "--headless", "--no-history", "-n", "10",
                             s.url(query=query + "&tls.key=" + locked)) as p:
                    self.assertEqual(p.wait(), 3, p.raw)
                    self.assertNotIn(b"pass phrase", p.raw)
                result = run(s.url(query=query + "&tls.key=" + trusted.key), "-n", "300")
                self.assertEqual((result.ops["completed"], result.rows["acknowledged"]), (300, 300))

    def test_default_schema(self):
        with Standin() as s:
            run(s.url("plain", "schema=mine"), "-n", "10")
            self.assertEqual(s.rows("mine.plain"), 10)

    def test_as_many_connections_as_clients(self):
        with Standin() as s:
            run(s.url(query="rows=1&threads=2&clients=4&balance=0"), "-n", "1000")
            self.assertEqual(s.stats()["stats"]["most_connections"], 9)  # and the pool's own
            run(s.url(query="rows=1&clients=8&connections=2&balance=0"), "-n", "1000")
            self.assertEqual(s.stats()["stats"]["most_connections"], 9)

    def test_connections_are_kept(self):
        with Standin() as s:
            run(s.url(query="rows=1&clients=4&balance=0"), "-n", "1000")
            self.assertLess(s.stats()["stats"]["accepted"], 10)

    def test_fewer_connections_are_closed(self):
        """What a person turns down is closed at the server too."""
        with Standin() as s:
            with lib.Tmux(LOADTOP, "--no-history", s.url(query="rows=1&clients=16&balance=0")) as t:
                wait_until(lambda: s.stats()["connections"] > 15)
                say(t, "clients 2")
                wait_until(lambda: s.stats()["connections"] <= 4)

    def test_several_hosts(self):
        """In turn; one that dies is set aside, and used again when it is back."""
        with Standin() as a, Standin() as b:
            url = "crate://127.0.0.1:%d,127.0.0.1:%d/doc.t?rows=1&clients=4&balance=0&drop=no" % (a.port, b.port)
            run(b.url(), "-n", "1")
            process = start(url, "-d", "900s")
            busy = lambda s: s.stats()["stats"].get("bulk_rows", 0)
            wait_until(lambda: busy(a) > 100 and busy(b) > 100)
            b.kill()
            at = busy(a)
            wait_until(lambda: busy(a) > at + 200)
            b.start()
            run(b.url(), "-n", "1")
            wait_until(lambda: busy(b) > 100)
            result = stop(process)
            self.assertTrue(result.counts_add_up())
            self.assertGreater(result.ops["completed"], 0)

    def test_host_that_is_down_at_the_start(self):
        with Standin() as a, Standin() as b:
            run(b.url(), "-n", "1")
            port = b.port
            b.kill()
            process = start("crate://127.0.0.1:%d,127.0.0.1:%d/doc.t?rows=1&clients=2&balance=0" % (a.port, port),
                            "-d", "900s")
            wait_until(lambda: a.stats()["stats"].get("bulk_rows", 0) > 100)
            b.start()
            run(b.url(), "-n", "1")
            wait_until(lambda: b.stats()["stats"].get("bulk_rows", 0) > 100)
            result = stop(process)
            self.assertEqual(result.ops["errors"], result.classes.get("4041 RelationUnknown", {"count": 0})["count"])


class Example(unittest.TestCase):
    def test_every_cell_is_measured_and_the_table_dropped(self):
        """docs/examples/crate-bulk-inserts.yaml, with steps of two seconds."""
        with Standin() as s:
            found = examples.run(self, "crate-bulk-inserts.yaml", "127.0.0.1:%d" % s.port,
                               change=[("rows=100,500,1000", "rows=100,500,1000 hold=2s whole")])
            sweep, = lib.pool(found)["sweeps"]
            self.assertEqual(len(sweep["cells"]), 12)
            self.assertEqual({c["state"] for c in sweep["cells"]} - {"steady", "unsteady"}, set())
            self.assertTrue(lib.pool(found)["backend_stats"]["table_dropped"])
            self.assertEqual(lib.pool(found)["left_behind"], [])


class Balance(unittest.TestCase):
    def test_spread_and_verdict(self):
        for mode, p_low, p_high, words in (("turn", 0.99, 1, "no sign of unevenness"), ("first", 0, 1e-9, "no balancing")):
            with self.subTest(mode=mode), Standin("--nodes", "3", "--balance", mode) as s:
                result = run(s.url(query="clients=3"), "-n", "300")
                balance = result.pool["backend_stats"]["balance"]
                self.assertEqual(sum(n["connections"] for n in balance["nodes"]), 30)
                self.assertEqual(balance["nodes_of_cluster"], 3)
                self.assertTrue(p_low <= balance["p"] <= p_high, balance)
                self.assertIn(words, balance["verdict"])
                self.assertIn(words, [e["to"] for e in result.data["events"] if "fresh" in e["to"]][0])
                nodes = result.pool["backend_stats"]["load_by_node"]["nodes"]
                self.assertEqual(len(nodes), 3)
                self.assertEqual(sum(n["rows"] for n in nodes), 300)
                page = json_page.Page()  # docs/json.md has every field, and no other
                page.check(self, result.data, mode)
                page.check_backend(self, result.pool, "CrateDB")

    def test_on_demand(self):
        with Standin("--nodes", "2") as s:
            with lib.Tmux(LOADTOP, "--no-history", s.url(query="balance=0"), cols=160, rows=40) as t:
                wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
                say(t, "set balance 20")
                t.send("5")
                t.wait_for("20 fresh connections", timeout=BOUND)


class Limits(unittest.TestCase):
    def test_slow_server_and_long_way(self):
        """The same answers 1 s late: the server says itself whether it worked that long."""
        for kind, limit, low, high in (("slow", "server", 0.55, 1.01), ("late", "network", -0.01, 0.2)):
            with self.subTest(kind=kind), Standin() as s:
                run(s.url(), "-n", "1")
                s.fault(kind, ms=1000)
                result = run(s.url(query="rows=5&clients=8&balance=0"), "--sweep", "rows=5,10 hold=5s")
                share = result.pool["backend_stats"]["server_share_of_answer"]
                self.assertTrue(low < share < high, share)
                self.assertEqual(result.pool["bottleneck"]["kind"], limit, result.pool["bottleneck"])
                # A period that has just let go of its beginning may not know what the server said of it.
                cells = [c for c in result.pool["sweeps"][0]["cells"] if c["columns"]["server_works"] is not None]
                self.assertTrue(cells)
                self.assertEqual({c["bottleneck"]["kind"] for c in cells}, {limit}, cells)
                for c in cells:
                    self.assertGreater(c["bottleneck"]["share"], 0.5)


class Live(unittest.TestCase):
    def test_rows_and_think(self):
        with Standin() as s:
            process = start(s.url(query="rows=10&think=20ms&balance=0"), "-d", "900s", "--at", "1s set rows 200")
            sizes = []

            def size():
                """Rows of a bulk, of those since the last look."""
                now = s.stats()["stats"]
                seen.append((now.get("bulks", 0), now.get("bulk_rows", 0)))
                bulks, rows = (b - a for a, b in zip(*seen[-2:]))
                sizes.append(rows / bulks if bulks else 0)
                return sizes[-1]
            seen = [(0, 0)]
            wait_until(lambda: size() == 200)
            result = stop(process)
            self.assertIn(10, sizes)
            self.assertLess(result.pool["backend_stats"]["requests"], 2 + result.data["elapsed_s"] / 0.02)

    def test_same_seed_same_records(self):
        rows = []
        for _ in range(2):
            with Standin() as s:
                run(s.url(query="threads=2&clients=2&rows=7&times=seed"), "-n", "500", "--seed", "11")
                rows.append(s.query('SELECT substr("id", 15), "timestamp", "region", "user_id", "amount", "quantity", '
                                    '"metadata" FROM "doc.t" ORDER BY substr("id", 25)'))
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(len({r[0] for r in rows[0]}), 500)


if __name__ == "__main__":
    unittest.main()
