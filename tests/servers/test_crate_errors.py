"""Each way in which CrateDB refuses a request, provoked and checked to have its class; none stops the load.

Runs against the stand-in, which can be told to refuse. Classes and codes are those of FACTS (seen on a real 6.4.3).
ctest: timeout=900
"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crate_standin"))
from harness import Standin
from loadtop import SLOW, finish, run, start, stop, wait_until


def anon_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))


def asked_more(s):
    """Until the server has been asked some more, and has answered."""
    before = s.stats()["stats"]["requests"]
    wait_until(lambda: s.stats()["stats"]["requests"] > before + 20)


class Errors(unittest.TestCase):
    def provoke(self, kind, name, rows=10, query="", **details):
        """Runs with the fault in half of the bulks; returns the run after the checks that hold for all."""
        with Standin() as s:
            s.fault(kind, p=0.5, **details)
            result = run(s.url(query="rows=%d%s" % (rows, query)), "-n", "400", "-d", "200s")
            self.assertTrue(result.counts_add_up(), result.ops)
            self.assertEqual(set(result.classes), {name})
            self.assertEqual(result.classes[name]["count"], result.ops["errors"])
            self.assertGreater(result.ops["errors"], 0)
            self.assertGreater(result.ops["completed"], 0, "the load went on")
            stored = s.rows()
            self.assertLessEqual(result.ops["completed"], stored)
            self.assertLessEqual(stored, result.ops["completed"] + result.rows["unknown"])
            return result, stored

    def test_failed_rows(self):
        result, stored = self.provoke("rows", "4000 SQLParse", share=0.3)
        self.assertEqual(result.rows["failed"], result.ops["errors"])
        self.assertEqual(result.ops["completed"], stored)
        self.assertIn("a row that the test wanted to fail", result.classes["4000 SQLParse"]["first"])

    def test_duplicate_keys(self):
        with Standin() as s:
            result = run(s.url(query="rows=50&duplicates=0.2"), "-n", "2000")
            self.assertEqual(set(result.classes), {"4091 DuplicateKey"})
            self.assertIn("conflict=nothing", result.classes["4091 DuplicateKey"]["first"])
            self.assertEqual(result.ops["completed"], s.rows())

    def test_rows_of_the_warm_up_are_in_no_class(self):
        """Bulks with failed rows: those that began in the warm-up and are answered after it stay its own."""
        with Standin() as s:
            s.fault("rows", p=1, share=0.5)
            result = run(s.url(query="rows=50&clients=8"), "--warmup", "2s", "-n", "10000")
            self.assertGreater(result.pool["warmup_ops"]["errors"], 0)
            self.assertGreater(result.ops["errors"], 0)
            self.assertEqual(sum(c["count"] for c in result.classes.values()), result.ops["errors"])

    def test_duplicate_keys_before_5_10(self):
        """Up to 5.9 a failed row has error_message and no code."""
        with Standin() as s:
            s.fault("old")
            result = run(s.url(query="rows=50&duplicates=0.2"), "-n", "2000")
            self.assertEqual(set(result.classes), {"4091 DuplicateKey"})
            self.assertEqual(result.ops["completed"], s.rows())

    def test_bulk_refused_whole(self):
        result, stored = self.provoke("error", "4000 SQLParse", code=4000, message="SQLParseException[Cannot cast]")
        self.assertEqual(result.rows["refused"], result.ops["errors"])
        self.assertEqual(result.rows["unknown"], 0)
        self.assertEqual(result.ops["completed"], stored)

    def test_codes(self):
        for code, name in ((4007, "OperationBlocked"), (4037, "ReadOnlyBlock"), (4041, "RelationUnknown"),
                           (4043, "ColumnUnknown"), (4045, "SchemaUnknown"), (4092, "VersionConflict"),
                           (5002, "ShardUnavailable"), (5030, "QueryKilled")):
            with self.subTest(code=code):
                self.provoke("error", "%d %s" % (code, name), code=code)

    def test_table_dropped_under_load(self):
        with Standin() as s:
            process = start(s.url(query="rows=10"), "-d", "900s")
            wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
            s.sql('DROP TABLE "doc"."t"')
            asked_more(s)
            result = stop(process)
            self.assertEqual(set(result.classes), {"4041 RelationUnknown"})
            self.assertIn("create=yes", result.classes["4041 RelationUnknown"]["first"])

    def test_statuses(self):
        for code, name in ((413, "Payload Too Large"), (429, "Too Many Requests"), (503, "Service Unavailable"),
                           (500, "Internal Server Error"), (502, "Bad Gateway")):
            with self.subTest(code=code):
                result, _ = self.provoke("status", "%d %s" % (code, name), code=code)
                self.assertEqual(result.rows["unknown"] > 0, code >= 500)

    def test_status_with_code(self):
        result, _ = self.provoke("status", "5031 NodeUnavailable", code=503, json=5031)
        self.assertIn("made up", result.classes["5031 NodeUnavailable"]["first"])

    def test_unauthorized_while_running(self):
        """401 has a plain text and closes the connection."""
        with Standin() as s:
            process = start(s.url(query="rows=10"), "-d", "900s")
            wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
            s.fault("unauthorized")
            wait_until(lambda: s.stats()["stats"].get("fault_unauthorized", 0) > 5)
            result = stop(process)
            self.assertEqual(set(result.classes), {"401 Unauthorized"})
            self.assertIn("must authenticate", result.classes["401 Unauthorized"]["first"])
            self.assertEqual(result.ops["completed"], s.rows())

    def test_torn(self):
        result, _ = self.provoke("torn", "torn")
        self.assertEqual(result.rows["unknown"], result.ops["errors"])

    def test_closed(self):
        result, _ = self.provoke("close", "closed")
        self.assertEqual(result.rows["unknown"], result.ops["errors"])

    def test_wrong_answers(self):
        for kind, name in (("badjson", "bad reply"), ("short", "bad reply"), ("nothing", "torn")):
            with self.subTest(kind=kind):
                result, _ = self.provoke(kind, name)
                self.assertEqual(result.rows["unknown"], result.ops["errors"])

    def test_bad_utf8(self):
        result, _ = self.provoke("badutf8", "4000 SQLParse")
        self.assertIn("?", result.classes["4000 SQLParse"]["first"])

    def test_timeout(self):
        with Standin() as s:
            s.fault("hang", count=3)
            result = run(s.url(query="rows=10&timeout=500ms"), "-n", "500")
            self.assertGreaterEqual(result.ops["timeouts"], 30)
            self.assertEqual(result.rows["unknown"], result.ops["timeouts"])
            # A busy machine may be late with others, too, and then it has stored them.
            self.assertEqual(s.rows(), result.ops["completed"] + result.ops["timeouts"] - 30)
            self.assertEqual(result.ops["errors"], 0)

    def test_refused(self):
        """The server goes and comes back: the load resumes by itself."""
        with Standin(on_disk=True) as s:
            process = start(s.url(query="rows=10"), "-d", "900s")
            wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
            s.kill()
            s.start()
            wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
            result = stop(process)
            self.assertLessEqual(set(result.classes), {"closed", "torn"})

    def test_one_byte_at_a_time(self):
        with Standin() as s:
            s.fault("dribble")
            result = run(s.url(query="rows=5"), "-n", "10", "-d", "200s")
            self.assertEqual((result.ops["completed"], result.ops["errors"]), (10, 0))
            self.assertEqual(s.rows(), 10)

    def test_huge_reply_is_not_kept(self):
        """Two replies of 200 MB: all is read, and memory stays where it was."""
        with Standin() as s:
            s.fault("huge", mb=200, on="single", match="SELECT 1")
            process = start(s.url(query="ops=stmt&stmt=SELECT 1&timeout=200s"), "-n", "2")
            most = 0
            while s.stats()["stats"].get("fault_huge", 0) < 2:
                most = max(most, anon_kb(process.pid))
            result = finish(process)
            self.assertEqual(result.ops["completed"], 2)
            self.assertGreater(result.pool["bytes"]["received"], 390 << 20)
            if SLOW == 1:
                self.assertLess(most, 20 << 10, "KB of anonymous memory while 200 MB were read")

    def test_errors_are_not_a_flood(self):
        """What the errors view shows is bounded text, valid and without control characters."""
        with Standin() as s:
            s.fault("error", code=4000, message="x\x1b[2J\n" + "y" * 100000)
            result = run(s.url(query="rows=10"), "-n", "500")
            first = result.classes["4000 SQLParse"]["first"]
            self.assertLess(len(first), 256)
            self.assertNotIn("\x1b", first)


class AtTheStart(unittest.TestCase):
    def test_wrong_password(self):
        with Standin("--user", "crate:secret") as s:
            result = run(s.url(user="crate:wrong"), "-d", "1s", code=1)
            self.assertIn("401 Unauthorized", result.err)
            self.assertIn("must authenticate", result.err)
            self.assertNotIn("wrong", result.err.replace("is wrong", ""))

    def test_nobody_there(self):
        with Standin() as s:
            url = s.url()
        result = run(url, "-d", "1s", code=3)
        self.assertIn("is CrateDB running there?", result.err)

    def test_not_crate(self):
        """A web server that knows nothing of _sql."""
        with Standin() as s:
            s.fault("status", code=404, on="sql")
            result = run(s.url(), "-d", "1s", code=1)
            self.assertIn("is this CrateDB's HTTP port", result.err)

    def test_what_only_decorates(self):
        """System tables that the user may not see: the load runs, and it is told once."""
        for table, words in (("sys.nodes", "their free disk is not known"),
                             ("sys.shards", "whether the shards of doc.t have started is not known")):
            with self.subTest(table), Standin() as s:
                s.fault("error", code=4011, on="sql", match=table)
                result = run(s.url(query="rows=10"), "-n", "1000")
                self.assertEqual((result.ops["completed"], result.ops["errors"], s.rows()), (1000, 0, 1000))
                told = [e["to"] for e in result.data["events"] if words in (e["to"] or "")]
                self.assertEqual(len(told), 1, result.data["events"])
                self.assertIn("4011 MissingPrivilege", told[0])

    def test_what_passes(self):
        """A proxy that has lost its server, and a server that sheds load, at the start: waited for."""
        for on, code in ("greet", 502), ("greet", 504), ("greet", 429), ("sql", 502), ("sql", 503):
            with self.subTest(on=on, code=code), Standin() as s:
                s.fault("status", on=on, code=code, count=2)
                result = run(s.url(query="rows=10&balance=0"), "-n", "100")
                self.assertEqual((result.ops["completed"], result.ops["errors"]), (100, 0))
                down = [e["to"] for e in result.data["events"] if e["what"] == "down"]
                self.assertEqual(len(down), 1, result.data["events"])
                self.assertIn(str(code), down[0])

    def test_not_ready_yet(self):
        """503 and "ok": false until it is ready: waited for."""
        with Standin("--ready-after", "1", "--shard-delay", "0.5") as s:
            result = run(s.url(query="rows=10"), "-n", "100")
            self.assertEqual((result.ops["completed"], result.ops["errors"]), (100, 0))


if __name__ == "__main__":
    unittest.main()
