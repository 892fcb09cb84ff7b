"""What protects a CrateDB on another machine: its cluster's name, room on its disks, signs of overload, and the
sender's name. Runs in a network of its own (lib.own_network), in which the stand-in is on another machine.
ctest: timeout=600
"""
import os
import re
import socket
import sys
import tempfile
import time
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crate_standin"), os.path.join(HERE, "..", "e2e")]
import lib
from harness import Standin
from loadtop import run, start, stop, wait_until
from test_crate import clean

LONG = "production-" + "x" * 90


def texts(result, pool=None):
    return " | ".join(e["to"] or "" for e in result.data["events"] if pool in (None, e["pool"]))


def targets(*lines):
    """The user's targets.conf, for as long as it is entered."""
    f = tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False)
    with f:
        f.write("\n".join(lines) + "\n")
    return mock.patch.dict(os.environ, LOADTOP_TARGETS_CONF=f.name)


def questions(s):
    """What the server was asked besides bulks: a pool asks how it is each second, whether it is paused or not."""
    now = s.stats()["stats"]
    return now["statements"] - now["bulks"]


def still(s, tables):
    """Are these tables written to no more? Their rows, where that was so for some time, in which loadtop asked on."""
    count = lambda: [s.rows("doc." + t) for t in tables]
    seen, asked, end = count(), questions(s), time.monotonic() + 1.5
    while time.monotonic() < end or questions(s) < asked + 3:
        time.sleep(0.05)
        if count() != seen:
            return None
    return seen


class Away(unittest.TestCase):
    def test_identity(self):
        """A rule that names the cluster holds whatever leads to it, for a run and for clean, before anything is
        asked or made; the whole name counts."""
        with Standin(host=lib.AWAY) as s:
            made = run(s.url(), "-n", "10")
            asked = lambda: s.stats()["stats"]["statements"]
            before = asked()
            s.says(cluster=LONG)
            with targets("deny crate=" + LONG):
                self.assertIn("is denied", run(s.url("doc.u"), "-n", "10", code=2).err)
                done = clean(made, s)
                self.assertEqual(done.returncode, 2)
                self.assertIn("is denied", done.stderr)
            with targets("protect crate=" + LONG):
                self.assertIn("is protected", run(s.url("doc.u"), "-n", "10", code=2).err)
                self.assertEqual(clean(made, s).returncode, 2)
                self.assertEqual(asked(), before)
                run(s.url("doc.u"), "-n", "10", "--confirm", LONG)
                self.assertEqual(clean(made, s, "--confirm", LONG).returncode, 0)
            with targets("deny crate=" + LONG[:-1]):  # another name, though it begins alike
                run(s.url("doc.u"), "-n", "10")
            self.assertEqual(s.query("SELECT name FROM standin_tables"), [["u"]])

    def test_a_proxy_that_hides_who_it_is(self):
        """GET / is blocked: the load does not need it, but a rule that names a cluster may mean this one."""
        with Standin() as s:
            for code in 403, 404:
                s.fault("status", on="greet", code=code, close=False)
                made = run(s.url("doc.t%d" % code, query="balance=0"), "-n", "1000")
                self.assertEqual((made.ops["completed"], made.ops["errors"]), (1000, 0))
                self.assertEqual(s.rows("doc.t%d" % code), 1000)
                told = [e["to"] for e in made.data["events"] if "GET / is not answered" in (e["to"] or "")]
                self.assertEqual(len(told), 1, made.data["events"])
                with targets("deny crate=production"):
                    refused = run(s.url("doc.u"), "-n", "10", code=2).err
                    self.assertIn("127.0.0.1 is protected (it does not tell which server it is: ", refused)
                    done = clean(made, s)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn("it does not tell which server it is", done.stderr)
                    run(s.url("doc.u"), "-n", "10", "--confirm", "127.0.0.1")
                    self.assertEqual(clean(made, s, "--confirm", "127.0.0.1").returncode, 0)
            self.assertEqual(s.query("SELECT name FROM standin_tables"), [["u"]])

    def test_room(self):
        with Standin(host=lib.AWAY) as s:
            s.says(free=1 << 20)
            refused = run(s.url(query="balance=0"), "-n", "100000", code=2).err
            self.assertRegex(refused, r"[\d.]+MB of data are to come, and it has 1.00MB of disk free")
            refused = run(s.url(query="balance=0&replicas=2"), "-n", "2500", code=2).err  # 3 x 470 kB
            self.assertIn("of disk free", refused)
            self.assertEqual(s.query("SELECT count(*) FROM standin_tables")[0][0], 0)
            run(s.url(query="balance=0"), "-n", "2500")
            result = run(s.url(query="balance=0&rows=50"), "-d", "900s")  # ends long before
            self.assertEqual(result.data["ended_by"], "rule")
            sent = s.stats()["stats"]["request_bytes"]
            self.assertLess(sent, 2 << 20)
            s.says(free=0)  # reading takes no room
            self.assertEqual(run(s.url(query="balance=0&ops=select"), "-n", "500").ops["completed"], 500)

    def test_room_that_is_not_known(self):
        with Standin(host=lib.AWAY) as s:
            s.says(free=-1)
            refused = run(s.url(query="balance=0"), "-n", "100", code=2).err
            self.assertIn("sys.nodes does not tell how much disk it has free, and this load writes", refused)
            self.assertIn("--confirm '%s'" % lib.AWAY, refused)
            self.assertEqual(s.query("SELECT count(*) FROM standin_tables")[0][0], 0)
            for more in ("--confirm", lib.AWAY), ("--max-bytes", "1g"):
                self.assertEqual(run(s.url(query="balance=0"), "-n", "100", *more).ops["completed"], 100)
            at = s.rows()
            self.assertEqual(run(s.url(query="balance=0&ops=select"), "-n", "100").ops["completed"], 100)
            result = run(s.url(query="balance=0&ops=select&rate=100/s"), "-n", "1M", "-d", "2s", "--at", "1s ops insert:1")
            self.assertIn("sys.nodes does not tell how much disk it has free", texts(result))
            self.assertEqual(s.rows(), at)

    def test_room_goes(self):
        """While the load runs: what is asked for again, and what others take."""
        with Standin(host=lib.AWAY) as s:
            s.says(free=1 << 30)
            run(s.url(), "-n", "10")
            process = start(s.url(query="rows=5&balance=0"), "-d", "900s")
            wait_until(lambda: s.rows() > 1000)
            asked = questions(s)
            wait_until(lambda: questions(s) > asked + 5)  # it has seen how much there is
            s.says(free=1 << 20)
            wait_until(lambda: still(s, ["t"]))
            self.assertIn("paused: it has 1.00MB of disk left, of 1.00GB at the start", texts(stop(process)))
            at = s.rows()
            result = run(s.url(query="balance=0&ops=select&rate=100/s"), "-n", "1M", "-d", "4s", "--at", "2s ops insert:1")
            self.assertRegex(texts(result), r"[\d.]+MB of data would come, and it has 1.00MB of disk free")
            self.assertEqual(s.rows(), at)

    def test_max_bytes(self):
        """Records as they are before compression; an update writes one again. The stand-in counts them."""
        for query in ("rows=20", "rows=20&gzip=yes", "rows=1&ops=insert:1,update:9"):
            with self.subTest(query=query), Standin(host=lib.AWAY) as s:
                result = run(s.url(query="balance=0&" + query), "-d", "900s", "--max-bytes", "100k")
                self.assertEqual(result.data["ended_by"], "rule")
                least, = s.query('SELECT min(length(id) + length(region) + length(metadata)) FROM "doc.t"')[0]
                self.assertGreater(least, 90)
                self.assertLess(result.ops["completed"] * least, 100000)
                self.assertGreater(result.ops["completed"] * 3 * least, 100000)

    def test_strain(self):
        """Each sign that it suffers pauses the pools that see it, with the reason; others go on."""
        words = {"block": "the table is blocked for writing: 4037 ReadOnlyBlock",
                 "memory": "its memory is short: CircuitBreakingException[Allocating 2kb",
                 "busy": "its queues are full", "lost": "7 of 8 copies of shards of doc.lost are left",
                 "fine": "its thread pools rejected 5 tasks"}
        with Standin(host=lib.AWAY) as s:
            s.says(rejected=100)  # before the load: nothing of its doing
            blocked = "ClusterBlockException[blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];]"
            tripped = "CircuitBreakingException[Allocating 2kb for 'query' failed, breaker would use 1gb in total.]"
            s.fault("error", code=4037, message=blocked, match="\\\"block")
            s.fault("error", code=5000, message=tripped, match="\\\"memory")
            s.fault("status", code=429, match="\\\"busy")
            urls = [s.url("doc." + name, "rows=5&balance=0&name=" + name) for name in words]
            process = start(urls[0], "-d", "900s", *urls[1:])
            wait_until(lambda: len(s.query("SELECT 1 FROM standin_tables")) == len(words) and
                       s.rows("doc.fine") > 100 and s.rows("doc.lost") > 100)
            s.says(lost={"lost": 1})
            wait_until(lambda: still(s, ["block", "memory", "busy", "lost"]))
            at = s.rows("doc.fine")
            wait_until(lambda: s.rows("doc.fine") > at)
            s.says(rejected=105)
            wait_until(lambda: still(s, words))
            result = stop(process)
            for name, reason in words.items():
                self.assertIn("paused: " + reason, texts(result, name))

    def test_refused_connections(self):
        """503 from what is no starting node: there are no more places."""
        with Standin(host=lib.AWAY) as s:
            process = start(s.url(query="rows=5&balance=0"), "-d", "900s")
            wait_until(lambda: s.stats()["stats"].get("bulk_rows", 0) > 0)
            s.fault("status", on="greet", code=503)
            s.fault("close", count=1)
            wait_until(lambda: s.stats()["stats"].get("fault_status"))
            s.fault("none")
            wait_until(lambda: still(s, ["t"]))
            self.assertIn("refuses connections: HTTP 503", texts(stop(process)))


class Elsewhere(unittest.TestCase):
    def test_who_asks_and_who_is_asked(self):
        """Every request says who sent it; proxies of the environment, another cluster, and what a scenario names are
        not asked."""
        with Standin() as s, socket.create_server(("127.0.0.1", 0)) as proxy:
            proxy.setblocking(False)
            address = "http://127.0.0.1:%d" % proxy.getsockname()[1]
            names = ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY")
            with mock.patch.dict(os.environ, dict.fromkeys(names, address), no_proxy="", NO_PROXY=""):
                result = run(s.url(query="clients=2"), "-n", "100")
                seen = s.stats()["agents"]
                self.assertEqual(clean(result, s).returncode, 0)
            with self.assertRaises(BlockingIOError):
                proxy.accept()
            who = r"loadtop/\S+ \(loadtop:[\w.-]+@[\w.-]+:%s\)" % result.data["run_id"]
            agents = [a for a in s.stats()["agents"] if a]  # "": this test's own
            self.assertEqual(len(agents), 1, agents)
            self.assertRegex(agents[0], "^" + who + "$")
            self.assertGreater(s.stats()["agents"][agents[0]], seen[agents[0]])  # clean too

    def test_another_cluster(self):
        """All hosts of a pool are to be of the cluster that was allowed: at the start and at each connect."""
        with Standin() as a, Standin() as b:
            b.says(cluster="other")
            url = "crate://127.0.0.1:%d,127.0.0.1:%d/doc.t?rows=1&clients=4&balance=0" % (a.port, b.port)
            result = run(url, "-n", "500")
            self.assertEqual((result.ops["completed"], a.rows()), (500, 500))
            self.assertEqual(b.stats()["stats"].get("requests", 0), 0)
            self.assertIn("it is of another cluster (other)", texts(result))
            process = start(a.url(query="rows=1&balance=0"), "-d", "900s")
            wait_until(lambda: a.rows() > 600)
            a.says(cluster="other")
            a.fault("close", count=1)
            wait_until(lambda: still(a, ["t"]))
            result = stop(process)
            self.assertIn("another cluster answers there", texts(result))
            a.says(cluster="standin")  # and one that does not say which it is, where the first one did
            process = start(a.url(query="rows=1&balance=0"), "-d", "900s")
            at = a.rows()
            wait_until(lambda: a.rows() > at + 100)
            a.fault("status", on="greet", code=403)
            a.fault("close", count=1)
            wait_until(lambda: still(a, ["t"]))
            self.assertIn("another cluster answers there", texts(stop(process)))

    def test_a_scenario_names_no_files(self):
        for option in ("stmt-file: /etc/hostname", "tls.ca: /etc/hostname", "tls.cert: /etc/hostname",
                       "tls.key: /etc/hostname", "tls.verify: no", "ca: /etc/hostname", "tls-verify: no"):
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
                f.write("pools:\n  - target: crates://127.0.0.1:1/doc.t\n    %s\n" % option)
                f.flush()
                refused = lib.subprocess.run([lib.LOADTOP, "--headless", "-n", "1", "-f", f.name], text=True,
                                             capture_output=True, timeout=240, check=False)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertRegex(refused.stderr, re.escape(option.split(":")[0]) + ".*scenario")


if __name__ == "__main__":
    lib.own_network()
    lib.main()
