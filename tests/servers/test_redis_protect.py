"""Protection of a Redis, and of keys that are not ours: the mark of a run and how `clean` uses it, the server's
identity, its free room, and when the load is paused because the server is overloaded. Servers on 198.51.100.7 are on
another machine as far as loadtop can tell (lib.own_network).   ctest: timeout=600
"""
import contextlib
import glob
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading

import lib
import redis_fake
from false_server import Proxy
from patient import BOUND, headless, stop, until

MARK = "loadtop:loadtop:runs"
CLAIM = re.compile(r"(string|list|counter|set|hash|zset)=(\d+)")


class Case(lib.FolderTest):
    def clean(self, run, *args, code=0, env=None):
        result = lib.loadtop("clean", "--yes", *args, self.file("run.json", json.dumps(run)), env=env)
        self.assertEqual(result.code, code, result)
        return result.out + result.err

    def rules(self, text):
        return {"LOADTOP_TARGETS_CONF": self.file("targets.conf", text)}


class Marked(Case):
    """One server, this machine's."""

    @classmethod
    def setUpClass(cls):
        cls.redis = lib.Redis()
        cls.addClassCleanup(cls.redis.close)

    def setUp(self):
        super().setUp()
        self.redis.command("FLUSHALL")

    def make(self, n, *args):
        return headless("-n", n, "--ops", "set", "--dist", "sequential", "--keys", n, *args, self.redis.url)

    def test_two_runs_over_the_same_keys(self):
        first, second = self.make(100), self.make(60)
        self.assertEqual(len(self.redis.command("HKEYS", MARK)), 2)
        out = self.clean(first)
        self.assertIn("gone: 40 keys loadtop:000000000060..000000000099 of database 0", out)
        self.assertIn("left: 60 keys loadtop:000000000000..000000000059 of database 0: also written by run %s"
                      % second["run_id"], out)
        self.assertEqual(self.redis.command("DBSIZE"), 61)
        # The way out that it names is one, also when that run's file is lost.
        show = re.search(r"loadtop (history show \w+ -o )FILE\.json", out)
        back = os.path.join(self.dir, "back.json")
        result = lib.loadtop(*show[1].split(), back)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(lib.read_json(back)["run_id"], second["run_id"])
        self.assertIn("gone: 60 keys", self.clean(second))
        self.assertEqual(self.redis.command("DBSIZE"), 0)
        self.assertIn("not there any more", self.clean(second))
        # Under two prefixes that make the same names.
        first = self.make(50, "--prefix", "test", "--ops", "sadd")
        second = self.make(20, "--prefix", "tests:")  # 20 of them are strings now
        third = self.make(40, "--prefix", "tests:")
        self.assertIn("gone: 10 keys tests:000000000040..", self.clean(first))
        self.clean(second)
        self.assertIn("gone: 40 keys tests:000000000000..", self.clean(third))
        self.assertEqual(self.redis.command("DBSIZE"), 0)

    def test_marks_of_very_many_runs(self):
        """Also more than one reply may hold, and under the prefix that makes the same names."""
        run = self.make(30)
        value = "string=10 at=2026-01-02T03:04:05Z by=loadtop:alice@build7:1a2b3c4d"
        with contextlib.closing(self.redis.client()) as c:
            for at in range(0, 12000, 500):
                for mark in MARK, "loadtop:s:loadtop:runs":
                    c("HSET", mark, *(w for i in range(at, at + 500) for w in ("%08x.1.0" % i, value)))
            out = self.clean(run)
            self.assertIn("gone: 20 keys loadtop:000000000010..000000000029 of database 0", out)
            self.assertRegex(out, r"left: 10 keys loadtop:000000000000..000000000009 of database 0: also written by run 0")
            self.assertEqual((c("HLEN", MARK), c("DBSIZE")), (12000, 12))

    def test_two_pools_of_a_run(self):
        self.redis.command("SET", "mine", 1)
        run = headless("-n", 100, "--dist", "sequential", "--keys", 100, self.redis.url + "?ops=set&name=a",
                       self.redis.url + "?ops=lpush&name=b")
        self.assertEqual(self.redis.command("DBSIZE"), 202)
        self.clean(run)
        self.assertEqual(self.redis.command("DBSIZE"), 1)

    def test_a_forged_file_removes_nothing(self):
        run = self.make(50)
        for prefix in "other:", "", "it's $(touch x):":
            for i in range(3):
                self.redis.command("SET", "%s%012d" % (prefix, i), "theirs")
        self.redis.command("SET", "other:thing", "theirs")
        before = self.redis.command("DBSIZE")
        left = lib.pool(run)["left_behind"]
        for prefix in "other:", "", "it's $(touch x):":
            forged = [dict(e, prefix=prefix, first=0, last=999) for e in left]
            for entries in forged, [e for e in forged if e["kind"] == "keys"]:
                lib.pool(run)["left_behind"] = entries
                out = self.clean(run, code=1)
                self.assertIn("stays: 3 keys " + prefix, out)
                self.assertEqual(self.redis.command("DBSIZE"), before)
            if not prefix:
                self.assertIn("no command is given for an empty prefix", out)
                self.assertNotIn("redis-cli", out)
                continue
            # The command that is given instead removes keys of such names, and no more.
            self.assertRegex(out, "the prefix is the file's word, .*look before you run it")
            command = out[out.index("redis-cli"):].splitlines()[0]
            subprocess.run(["sh", "-c", command], check=True, cwd=self.dir, stdout=subprocess.DEVNULL, timeout=BOUND)
            before -= 3
            self.assertEqual(self.redis.command("DBSIZE"), before)
            self.assertFalse(os.path.exists(os.path.join(self.dir, "x")))
        self.assertEqual(self.redis.command("GET", "other:thing"), "theirs")
        # The mark's ranges count, not the file's.
        self.redis.command("SET", "loadtop:000000000070", "theirs")
        lib.pool(run)["left_behind"] = [dict(e, first=0, last=999) if e["kind"] == "keys" else e for e in left]
        self.assertIn("gone: 50 keys", self.clean(run))
        self.assertEqual(self.redis.command("GET", "loadtop:000000000070"), "theirs")
        for bad in (dict(left[0], db=-1), dict(left[0], db=65536), dict(left[0], last=10**12), dict(left[0], first=-1),
                    dict(left[0], prefix="x" * 300), dict(left[0], prefix=None), {"kind": "topic", "what": "x"}):
            lib.pool(run)["left_behind"] = [bad]
            self.assertIn("left_behind", self.clean(run, code=2))
        # A run of before there were marks, and a run's id that is none.
        run["run_id"] = ""
        lib.pool(run)["left_behind"] = [dict(left[0], prefix="loadtop:", last=99)]
        out = self.clean(run, code=1)
        self.assertIn("stays: 1 key loadtop:", out)
        self.assertIn("look before you run it", out)
        # Another run's keys have such names.
        other = self.make(20)
        out = self.clean(run, code=1)
        self.assertIn("run %s has a mark there, and such names are its keys too" % other["run_id"], out)
        self.assertNotIn("look before", out)

    def test_the_claim_comes_first_on_each_connection(self):
        """As the server saw it: whatever ends loadtop, what a connection made was claimed before, also when the mix
        begins to write or keys grow while it runs."""
        with contextlib.closing(lib.RedisClient(self.redis.address)) as monitor:
            monitor("MONITOR")
            run = headless("-d", "4s", "--rate", "400/s", "--clients", 7, "--pattern", "chain", "--depth", 3,
                           "--keys", 100, "--ops", "get", "--at", "1s ops get,set", "--at", "2s set keys 900",
                           "--at", "3s ops set,lpush,get", self.redis.url)
            self.redis.command("ECHO", "the end")
            claimed, written, grown = {}, 0, set()
            for line in iter(monitor.reply, None):
                if '"ECHO" "the end"' in line:
                    break
                who = line.split("[", 1)[1].split("]")[0]
                words = [w.encode().decode("unicode_escape") for w in re.findall(r'"((?:[^"\\]|\\.)*)"', line)]
                if words[0].upper() == "HMSET" and words[1] == MARK:
                    self.assertTrue(words[2].startswith(run["run_id"] + "."), line)
                    for family, bound in CLAIM.findall(words[3]):
                        claimed[who, family] = max(claimed.get((who, family), 0), int(bound))
                elif words[0].upper() in ("SET", "LPUSH"):
                    family = "string" if words[0].upper() == "SET" else "list"
                    number = int(words[1][-12:])
                    self.assertLess(number, claimed.get((who, family), 0), line)
                    grown.update([family] if family == "list" else [number >= 100])
                    written += 1
        self.assertEqual(grown, {"list", True, False})  # all that was to be seen was there
        self.assertGreater(written, 50)
        self.assertEqual(lib.pool(run)["ops"]["errors"], 0)
        self.assertEqual(lib.accounting(lib.pool(run)["ops"]), 0)
        self.clean(run)
        self.assertEqual(self.redis.command("DBSIZE"), 0)

    def test_a_killed_run_is_cleaned(self):
        env = {"XDG_STATE_HOME": os.path.join(self.dir, "state")}
        self.redis.command("SET", "loadtop:mine", 1)

        def written():
            for path in glob.glob(os.path.join(self.dir, "state", "loadtop", "running", "*")):
                with open(path, "rb") as f:
                    if b'"mark"' in f.read():
                        return True
            return False
        with lib.Headless("-d", "240s", "--ops", "set,zadd", "--keys", 300, self.redis.url, env=env) as h:
            until("the journal has it", written)
            h.signal(signal.SIGKILL)
            h.end()
        self.assertGreater(self.redis.command("DBSIZE"), 300)
        back = os.path.join(self.dir, "back.json")
        result = lib.loadtop("history", "show", "last", "-o", back, env=env)
        self.assertEqual(result.code, 0, result)
        self.clean(lib.read_json(back))
        self.assertEqual(self.redis.command("DBSIZE"), 1)

    def test_reading_leaves_no_trace(self):
        for args in (["--read-only", "--ops", "get,set,lpush"], ["--ops", "get,del,rpop"]):
            self.redis.command("CONFIG", "RESETSTAT")
            pool = lib.pool(headless("-n", 500, *args, self.redis.url))
            self.assertEqual((pool["ops"]["completed"], pool["left_behind"]), (500, []))
            self.assertEqual(self.redis.calls("hmset", "hset", "hdel", "set", "lpush"), 0)
            self.assertEqual(self.redis.command("DBSIZE"), 0)

    def test_a_mark_that_is_refused_is_told(self):
        """Somebody else's key has its name; or the user may not write it."""
        self.redis.command("SET", MARK, "theirs")
        self.redis.command("ACL", "SETUSER", "writer", "on", ">secret", "~*", "+@all", "-hmset")
        for url, word in ((self.redis.url, "WRONGTYPE"), (self.redis.url.replace("//", "//writer:secret@"), "NOPERM")):
            run = headless("-n", 50, "--ops", "set", "--dist", "sequential", "--keys", 50, "--clients", 9, url)
            told = [e["to"] for e in run["events"] if "mark of this run is refused" in (e["to"] or "")]
            self.assertEqual(len(told), 1, run["events"])
            self.assertIn(word, told[0])
            entry, = lib.pool(run)["left_behind"]
            self.assertIs(entry["marked"], False)
            self.assertIn(word, entry["unmarked"])
            self.assertIn("stays: 50 keys", self.clean(run, code=1, env={"LOADTOP_PASSWORD": "secret"}
                                                       if "writer" in url else None))
            self.assertEqual(self.redis.command("DBSIZE"), 51)
        self.assertEqual(self.redis.command("GET", MARK), "theirs")

    def test_who_we_are(self):
        with lib.Headless("-d", "240s", "--rate", 10, "--ops", "get", self.redis.url) as h:
            names = until("both have a name", lambda: [n for n in re.findall(
                r" name=(loadtop\S*)", self.redis.command("CLIENT", "LIST")) if n][1:] and re.findall(
                    r" name=(loadtop\S*)", self.redis.command("CLIENT", "LIST")))
            run = stop(h)
        self.assertEqual(len(set(names)), 1)
        self.assertRegex(names[0], r"^loadtop:[\w.-]+@[\w.-]+:%s$" % run["run_id"])

    def test_a_server_that_is_denied_by_what_it_says_of_itself(self):
        run = self.make(10)
        self.redis.command("CONFIG", "RESETSTAT")
        for identity in self.redis.info("server")["run_id"], self.redis.info("replication")["master_replid"]:
            env = self.rules("deny redis=%s\n" % identity)
            for url in self.redis.url, self.redis.url.replace("127.0.0.1", "localhost"):
                result = lib.loadtop("--headless", "-n", 10, "--ops", "set", url, env=env)
                self.assertEqual(result.code, 2, result)
                self.assertIn(identity, result.err)
            self.assertIn(identity, self.clean(run, code=2, env=env))
        self.assertEqual(self.redis.calls("set", "hmset", "unlink", "hgetall", "hscan"), 0)
        env = self.rules("protect redis=%s\n" % identity)
        self.assertEqual(lib.loadtop("--headless", "-n", 10, self.redis.url, env=env).code, 2)
        headless("-n", 10, "--ops", "get", "--confirm", identity, self.redis.url, env=env)
        self.assertIn("protected", self.clean(run, code=2, env=env))
        self.clean(run, "--confirm", identity, env=env)

    def test_a_socket_is_denied_with_everything(self):
        with lib.Redis(unix=True) as redis:
            run = headless("-n", 10, "--ops", "set", redis.url)
            before = int(redis.info("stats")["total_connections_received"])
            env = self.rules("deny *\n")
            result = lib.loadtop("--headless", "-n", 10, redis.url, env=env)
            self.assertEqual(result.code, 2, result)
            self.assertIn("denied", result.err)
            late = headless("-d", "500ms", "--at", "100ms add %s?name=late" % redis.url, "null:", code=None, env=env)
            self.assertEqual(lib.pool(late, "late")["ops"]["offered"], 0)
            self.assertIn("denied", self.clean(run, code=2, env=env))
            self.assertEqual(int(redis.info("stats")["total_connections_received"]), before + 1)  # who asks
            self.clean(run)
            self.assertEqual(redis.command("DBSIZE"), 0)


class Led(Case):
    """The address leads to another server in the middle of a run."""

    def test_a_denied_server_gets_no_request(self):
        with lib.Redis() as first, lib.Redis() as second:
            ids = second.info("server")["run_id"], second.info("replication")["master_replid"]
            for rule, refuse in (ids[0], False), (ids[1], False), ("f" * 40, True):
                second.command("ACL", "SETUSER", "default", "-info" if refuse else "+info")
                with Proxy(first.address) as proxy:
                    first.command("CONFIG", "RESETSTAT")
                    second.command("CONFIG", "RESETSTAT")
                    with lib.Headless("-d", "240s", "--rate", "2k/s", "--clients", 4, "--ops", "get,set",
                                      "redis://127.0.0.1:%d" % proxy.port, env=self.rules("deny redis=%s\n" % rule)) as h:
                        until("it loads", lambda: first.calls("get") > 200)
                        proxy.lead(second.address)
                        run = h.wait(code=2, timeout=BOUND)
                    second.command("ACL", "SETUSER", "default", "+info")
                    if not refuse:
                        self.assertGreater(second.calls("info"), 0)
                    self.assertGreater(second.calls("client|setname"), 0)
                    self.assertEqual(second.calls("get", "set", "hmset", "touch", "hdel"), 0)
                    said = " ".join(e["to"] or "" for e in run["events"] if e["what"] == "refused")
                    self.assertIn("127.0.0.1 answers now, and is protected (it does not tell which" if refuse else
                                  rule + " answers now, and is denied", said, run["events"])
            # The first one does not tell which it is, and was confirmed by its name: that holds for no other that tells.
            for rule, refuse in (ids[0], True), ("f" * 40, False):
                first.command("ACL", "SETUSER", "default", "-info")
                first.command("CONFIG", "RESETSTAT")
                second.command("CONFIG", "RESETSTAT")
                with Proxy(first.address) as proxy, lib.Headless(
                        "-d", "240s", "--rate", "2k/s", "--clients", 4, "--ops", "get,set", "--confirm", "127.0.0.1",
                        "redis://127.0.0.1:%d" % proxy.port, env=self.rules("deny redis=%s\n" % rule)) as h:
                    until("it loads", lambda: first.command("DBSIZE") > 10)
                    proxy.lead(second.address)
                    if refuse:
                        h.wait(code=2, timeout=BOUND)
                        self.assertEqual(second.calls("get", "set", "hmset", "touch", "hdel"), 0)
                    else:
                        until("it loads the other one", lambda: second.calls("get") > 200)
                        stop(h)
                first.command("ACL", "SETUSER", "default", "+info")
                first.command("FLUSHALL")
            # Nothing is asked for when no rule names a Redis.
            first.command("CONFIG", "RESETSTAT")
            with lib.Headless("-d", "240s", "--rate", "2k/s", "--clients", 30, "--ops", "get", first.url) as h:
                until("it loads", lambda: first.calls("get") > 200)
                stop(h)
            self.assertLess(first.calls("info"), 30)


class Silent(Case):
    """A server that does not tell which one it is, where a rule knows servers by that: a person decides, by its name."""

    RULE = "deny redis=%s\n" % ("a" * 40)
    SAYS = "127.0.0.1 is protected (it does not tell which server it is: "

    def refused(self, url, *args, env=None):
        result = lib.loadtop("--headless", "-n", 10, *args, url, env=env or self.rules(self.RULE))
        self.assertEqual(result.code, 2, result)
        self.assertIn(self.SAYS, result.err)
        self.assertIn("targets.conf:1: deny redis=" + "a" * 40, result.err)
        self.assertIn("--confirm '127.0.0.1'", result.err)

    def test_refused_without_its_name(self):
        with lib.Redis(renamed={"INFO": "OURS"}) as redis:
            env = self.rules(self.RULE)
            self.refused(redis.url)
            self.refused(redis.url, "--confirm", "localhost")
            self.assertEqual(redis.calls("get", "set", "hmset", "touch", "hdel"), 0)
            run = headless("-n", 2000, "--clients", 5, "--confirm", "127.0.0.1", redis.url, env=env)
            self.assertEqual(lib.pool(run)["ops"]["completed"], 2000)
            self.assertEqual(redis.calls("get", "set"), 2000)
            self.assertIn(self.SAYS, self.clean(run, code=2, env=env))
            self.assertGreater(redis.command("DBSIZE"), 1)
            self.clean(run, "--confirm", "127.0.0.1", env=env)
            self.assertEqual(redis.command("DBSIZE"), 0)
            # Where no rule knows a Redis by that, nobody is asked.
            headless("-n", 10, redis.url, env=self.rules("deny kafka=x\nprotect 10.0.0.0/8\nallow kafka=y\n"))

    def test_only_those_that_are_allowed_are_known(self):
        """It may be one of them, or not."""
        with lib.Redis(renamed={"INFO": "OURS"}) as redis:
            env = self.rules("allow redis=y\n")
            result = lib.loadtop("--headless", "-n", 10, redis.url, env=env, timeout=BOUND)
            self.assertEqual(result.code, 2, result)
            self.assertIn("it does not tell which server it is: ", result.err)
            self.assertIn("allow redis=y", result.err)
            self.assertEqual(redis.calls("get", "set"), 0)
            headless("-n", 10, "--confirm", "127.0.0.1", redis.url, env=env)
        with lib.Redis() as redis:  # tells another
            headless("-n", 10, redis.url, env=env)

    def test_behind_a_proxy(self):
        closes = {b"INFO": itertools.repeat(redis_fake.CLOSE), b"CLIENT": itertools.repeat(redis_fake.CLOSE)}
        with redis_fake.Fake(says=closes) as fake:
            self.refused(fake.url)
            self.assertEqual(fake.asked, fake.seen[b"PING"])
            infos = fake.seen[b"INFO"]
            run = headless("-n", 1000, "--clients", 8, "--confirm", "127.0.0.1", fake.url, env=self.rules(self.RULE))
            self.assertEqual(lib.pool(run)["ops"]["completed"], 1000)
            self.assertEqual(lib.pool(run)["ops"]["errors"], 0)
            self.assertLessEqual(fake.seen[b"INFO"] - infos, 2)  # by the start, not on each connection

    def test_an_answer_without_an_identity(self):
        for text in "", "# Server\r\nredis_version:7.0.15\r\n", redis_fake.info("1", **dict.fromkeys((
                "run_id", "master_replid", "master_replid2"), "0" * 40)):
            with self.subTest(text=text), redis_fake.Fake(text) as fake:
                self.refused(fake.url)
                self.assertEqual(fake.asked, 0)

    def test_on_the_screen_its_name_is_typed(self):
        with lib.Redis(renamed={"INFO": "OURS"}) as redis, \
                lib.Pty(lib.LOADTOP, redis.url, env=self.rules(self.RULE), cols=160, rows=40) as t:
            t.wait_for("is protected (it does not", timeout=BOUND)
            t.wait_for("type its", timeout=BOUND)
            self.assertEqual(redis.calls("get", "set"), 0)
            t.send("127.0.0.1")
            t.wait_for("127.0.0.1", timeout=BOUND)
            t.send("\r")
            t.wait_for("LOAD ON 1/1", timeout=BOUND)
            until("it loads", lambda: redis.calls("get", "set") > 0)
            t.send("qy")
            self.assertEqual(t.wait(BOUND), 0, t.text())


class Hostile(Case):
    """A server that answers `clean` with more than anybody wants."""

    def test_marks_without_end(self):
        run = {"loadtop": "0", "schema": 1, "run_id": "1a2b3c4d", "pools": [{"name": "redis", "left_behind": [
            {"kind": "mark", "what": MARK, "prefix": "loadtop:", "db": 0, "count": 1},
            {"kind": "keys", "what": "", "prefix": "loadtop:", "first": 0, "last": 9, "db": 0, "count": 10}]}]}
        last, more = b"*2\r\n$1\r\n0\r\n", b"*2\r\n$1\r\n1\r\n"  # what HSCAN begins with
        for answer in (more + b"*0\r\n", b"*2000000000\r\n", last + b"*2000000000\r\n",
                       last + b"*2\r\n$5000000\r\n" + b"x" * 4999999, last + b"*30000\r\n" + b"$1\r\nx\r\n" * 30000,
                       last + b"*2\r\n$12\r\n1a2b3c4d.1.1\r\n$21\r\nstring=99999999999999\r\n"):
            commands = []

            def serve(listener, answer=answer, commands=commands):
                for _ in range(2):  # a look, and perhaps the removal
                    with contextlib.suppress(OSError):
                        s, _ = listener.accept()
                        with s, s.makefile("rb") as f:
                            for head in f:
                                words = [f.readline() and f.readline().strip() for _ in range(int(head[1:]))]
                                commands.append(words[0])
                                s.sendall(answer if words[0] == b"HSCAN" else b":0\r\n" if words[0] == b"EXISTS"
                                          else b"$2\r\n#\n\r\n" if words[0] == b"INFO" else b"+OK\r\n")
            with socket.create_server(("127.0.0.1", 0)) as listener:
                run["pools"][0]["url"] = "redis://127.0.0.1:%d" % listener.getsockname()[1]
                thread = threading.Thread(target=serve, args=(listener,), daemon=True)
                thread.start()
                result = lib.loadtop("clean", "--yes", self.file("run.json", json.dumps(run)), timeout=BOUND)
                listener.shutdown(socket.SHUT_RDWR)
                thread.join(10)
            self.assertIn(result.code, (0, 1), result)
            self.assertNotIn("gone: ", result.out)
            self.assertNotIn("not a Redis server", result.err)
            self.assertIn(b"HSCAN", commands)

    def test_figures_without_end(self):
        """INFO of a server that may say anything: no figure of it is believed, and the run goes on."""
        asked = []

        def info(_):
            asked.append(1)
            n = b"%de305" % len(asked)
            names = (b"used_cpu_sys", b"used_cpu_user", b"evicted_keys", b"keyspace_hits", b"expired_keys")
            text = b"".join(b"%s:%s\r\n" % (name, n) for name in names) + (
                b"connected_clients:50\r\nused_memory:nan\r\nmaxmemory:inf\r\nserver_time_usec:-1e300\r\n"
                b"used_memory_dataset:1e300\r\n# Keyspace\r\ndb0:keys=-5\r\n")
            return b"$%d\r\n%s\r\n" % (len(text), text)

        with redis_fake.Fake(info) as fake, lib.Headless("-d", "900s", "--rate", 20, "--ops", "ping",
                                                               fake.url) as h:
            until("it has asked four times", lambda: len(asked) > 3)
            run = stop(h)
        self.assertGreater(lib.pool(run)["ops"]["completed"], 0)


class Elsewhere(Case):
    """A server on another machine."""

    @classmethod
    def setUpClass(cls):
        cls.redis = lib.Redis("--bind", "0.0.0.0", "--protected-mode", "no")
        cls.addClassCleanup(cls.redis.close)
        cls.url = "redis://%s:%d" % (lib.AWAY, cls.redis.port)

    def setUp(self):
        super().setUp()
        self.redis.command("FLUSHALL")
        self.redis.command("CONFIG", "RESETSTAT")

    def paused(self, reason, trouble, *args):
        """Both load the same server until it is in trouble: the one that knows it as another machine's pauses."""
        marks = ["away:loadtop:runs", "here:loadtop:runs"]
        self.redis.command("DEL", *marks)
        with lib.Headless("-d", "240s", "--rate", "2k/s", *args, self.url + "?name=away&prefix=away:",
                          self.redis.url + "?name=here&prefix=here:") as h:
            until("both load", lambda: self.redis.command("EXISTS", *marks) == 2)
            trouble()
            until("one is paused", lambda: "away: paused" in h.text()[1])
            calls = self.redis.calls("get", "set")
            until("the other goes on", lambda: self.redis.calls("get", "set") > calls + 500)
            run = stop(h)
        paused = [(e["pool"], e["to"]) for e in run["events"] if (e["to"] or "").startswith("paused")]
        self.assertEqual([p for p, _ in paused], ["away"], run["events"])
        self.assertIn(reason, paused[0][1])

    def config(self, *words):
        return lambda: self.redis.command("CONFIG", "SET", *words)

    def test_it_is_paused_when_the_server_suffers(self):
        for i in range(300):
            self.redis.command("SET", "theirs:%d" % i, "x" * 100000)
        self.redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        self.paused("has evicted", self.config("maxmemory", "20mb"), "--ops", "get,set")
        self.redis.command("CONFIG", "SET", "maxmemory", 0)
        self.redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.paused("OOM", self.config("maxmemory", "1mb"), "--ops", "get,set")
        self.redis.command("CONFIG", "SET", "maxmemory", 0)
        self.paused("NOREPLICAS", self.config("min-replicas-to-write", 1), "--ops", "get,set")
        self.redis.command("CONFIG", "SET", "min-replicas-to-write", 0)
        self.paused("READONLY", lambda: self.redis.command("REPLICAOF", "127.0.0.1", lib.free_port()), "--ops",
                    "get,set")
        self.redis.command("REPLICAOF", "NO", "ONE")

    def test_it_is_paused_when_connections_are_rejected_and_replicas_go(self):
        def too_many():
            self.redis.command("CONFIG", "SET", "maxclients", 10)
            with contextlib.ExitStack() as others, self.assertRaises((lib.RedisError, OSError)):
                for _ in range(20):
                    others.enter_context(contextlib.closing(lib.RedisClient(self.redis.address)))("PING")
        self.paused("rejected", too_many, "--ops", "get,set")
        self.redis.command("CONFIG", "SET", "maxclients", 1000)
        with lib.Redis("--repl-diskless-sync-delay", 0) as replica:
            replica.command("REPLICAOF", "127.0.0.1", self.redis.port)
            until("it is there", lambda: "online" in self.redis.info("replication").get("slave0", ""))
            self.paused("has 0 replicas left, of 1", replica.kill, "--ops", "get,set")

    def test_what_it_has_no_room_for_is_refused(self):
        self.redis.command("CONFIG", "SET", "maxmemory", "20mb")
        self.addCleanup(self.redis.command, "CONFIG", "SET", "maxmemory", 0)
        args = ["-n", "500", "--ops", "set", "--size", "1000"]
        headless(*args, "--keys", "1000000", self.url)  # 500 of them are no more than that
        self.redis.command("FLUSHALL")
        args[1] = "1000000"
        for more in ([], ["--ops", "get,hset", "--keys", "2000"]):
            result = lib.loadtop("--headless", *args, "--keys", "1000000", *more, self.url)
            self.assertEqual(result.code, 2, result)
            self.assertRegex(result.err, "of memory free.*--max-bytes")
        self.assertEqual(self.redis.command("DBSIZE"), 0)
        pool = lib.pool(headless(*args, "--keys", "1000000", "--max-bytes", "100k", self.url))
        self.assertLessEqual(pool["ops"]["offered"], 102)
        self.assertGreater(self.redis.command("DBSIZE"), 90)
        self.redis.command("FLUSHALL")
        # A list that only grows has no bound of its own: it gets what is free.
        run = headless("-d", "240s", "--ops", "lpush", "--keys", "10", "--size", "10000", "--clients", 4, self.url)
        self.assertLess(int(self.redis.info("memory")["used_memory"]), 20 << 20)
        self.assertEqual(lib.pool(run)["ops"]["errors"], 0)
        self.assertTrue([e for e in run["events"] if "of memory free" in (e["to"] or "")], run["events"])
        # This machine's own is the person's own business.
        headless("-n", 50, "--ops", "set", "--size", "1000", "--keys", "1000000", self.redis.url)

    def test_changes_that_it_has_no_room_for_are_refused(self):
        self.redis.command("CONFIG", "SET", "maxmemory", "20mb")
        self.addCleanup(self.redis.command, "CONFIG", "SET", "maxmemory", 0)
        run = headless("-d", "4s", "--rate", "1k/s", "--ops", "set,get", "--size", 32, "--keys", 30000,
                       "--at", "3s set size 1000", "--at", "3s set keys 200000", "--at", "3s set keys 31000",
                       "--at", "3s ops get", "--at", "3100ms set keys 300000", "--at", "3200ms ops set:100", self.url)
        refused = [e["to"] or "" for e in run["events"] if "of data would come" in (e["to"] or "")]
        self.assertEqual(len(refused), 3, run["events"])
        for e in refused:
            self.assertRegex(e, r"it has \S+ of memory free")
        self.assertLess(self.redis.command("DBSIZE"), 5000)

    def test_what_does_not_tell_its_free_memory(self):
        """What writes there needs a bound, or somebody who says so."""
        with lib.Redis("--bind", "0.0.0.0", "--protected-mode", "no", renamed={"INFO": "OURS"}) as redis:
            url = "redis://%s:%d" % (lib.AWAY, redis.port)
            for more in ([], ["--ops", "lpush"], ["--ops", "get:999,incr:1", "--confirm", "127.0.0.1"]):
                result = lib.loadtop("--headless", "-n", 100, *more, url)
                self.assertEqual(result.code, 2, result)
                self.assertIn("INFO does not tell how much memory it has free, and this load writes", result.err)
                self.assertIn("--confirm '%s'" % lib.AWAY, result.err)
            self.assertEqual(redis.command("DBSIZE"), 0)
            self.assertEqual(redis.calls("get", "set"), 0)
            for more in ["--ops", "get,exists"], ["--read-only"], ["--confirm", lib.AWAY], ["--max-bytes", "1m"]:
                self.assertEqual(lib.pool(headless("-n", 200, *more, url))["ops"]["completed"], 200)
            pool = lib.pool(headless("-d", "240s", "--ops", "set", "--size", 1000, "--max-bytes", "100k", url))
            self.assertLessEqual(pool["ops"]["offered"], 102)
            # A change to what writes is no way round it.
            redis.command("FLUSHALL")
            changes = ["--ops", "get", "--rate", "500/s", "--at", "1s ops set:1,get:9", "--at", "2s set keys 99", url]
            run = headless("-d", "3s", *changes)
            told = [e["to"] for e in run["events"] if "INFO does not tell how much memory" in (e["to"] or "")]
            self.assertEqual(len(told), 1, run["events"])
            self.assertEqual(redis.command("DBSIZE"), 0)
            headless("-d", "3s", "--confirm", lib.AWAY, *changes)
            self.assertGreater(redis.command("DBSIZE"), 1)
            # Nor is it asked about where nothing writes, whatever the mix says.
            redis.command("FLUSHALL")
            run = headless("-d", "3s", "--read-only", "--rate", "500/s", "--at", "1s set keys 1000000", "--at",
                           "2s set size 5000", url)
            self.assertEqual([e["to"] for e in run["events"] if "INFO does not tell how much" in (e["to"] or "")], [])
            self.assertEqual((lib.pool(run)["backend_stats"]["get_hits"], redis.command("DBSIZE")), (0, 0))
            # This machine's own is the person's own business.
            headless("-n", 50, "--ops", "set", redis.url)

    def test_what_does_not_tell_its_free_memory_is_asked_about(self):
        """By the question before the first load; by one of its own where --yes skips that one."""
        with lib.Redis("--bind", "0.0.0.0", "--protected-mode", "no", renamed={"INFO": "OURS"}) as redis:
            url = "redis://%s:%d" % (lib.AWAY, redis.port)
            for more in [], ["--yes"]:
                redis.command("CONFIG", "RESETSTAT")
                with lib.Pty(lib.LOADTOP, *more, url, cols=160, rows=40) as t:
                    t.wait_for("(INFO does not tell how much", timeout=BOUND)
                    t.wait_for("Start the load?", timeout=BOUND)
                    self.assertEqual(redis.calls("get", "set"), 0)
                    t.send("y")
                    t.wait_for("LOAD ON 1/1", timeout=BOUND)
                    until("it loads", lambda: redis.calls("set") > 0)
                    t.send("qy")
                    self.assertEqual(t.wait(BOUND), 0, t.text())
            redis.command("CONFIG", "RESETSTAT")
            with lib.Pty(lib.LOADTOP, "--yes", "--confirm", lib.AWAY, url, cols=160, rows=40) as t:
                t.wait_for("LOAD ON 1/1", timeout=BOUND)
                until("it loads", lambda: redis.calls("set") > 0)
                t.send("qy")
                self.assertEqual(t.wait(BOUND), 0, t.text())

    def test_bytes_are_bounded_for_whatever_writes(self):
        for op, size, each in ("sadd", 32, 34), ("incr", 32, 34), ("set", 0, 20), ("hset", 10, 44), ("zadd", 0, 46):
            self.redis.command("CONFIG", "RESETSTAT")
            run = headless("-d", "240s", "--ops", "get,del," + op, "--size", size, "--max-bytes", "10k", "--clients", 3,
                           self.url)
            self.assertLessEqual(self.redis.calls(op) * each, 10240)
            self.assertGreater(self.redis.calls(op) * each, 9000)
            self.assertTrue([e for e in run["events"] if "--max-bytes" in (e["to"] or "")], run["events"])

    def test_a_small_server_keeps_what_it_has(self):
        """It ends or is paused before anybody's key is evicted or a write is refused."""
        self.addCleanup(self.redis.command, "CONFIG", "SET", "maxmemory", 0, "maxmemory-policy", "noeviction")
        for maximum, policy, theirs, args in (
                ("12mb", "allkeys-lru", 100, ["--ops", "lpush", "--size", 1000, "--keys", 100]),
                ("12mb", "allkeys-lru", 100, ["--ops", "set:1,lpush:9,rpop:1", "--size", 3000, "--keys", 400]),
                ("3mb", "noeviction", 1, ["--ops", "lpush", "--size", 500, "--keys", 10])):
            self.redis.command("CONFIG", "SET", "maxmemory", 0)
            self.redis.command("FLUSHALL")
            for i in range(theirs):
                self.redis.command("SET", "theirs:%d" % i, "x" * 50000)
            self.redis.command("CONFIG", "SET", "maxmemory", maximum, "maxmemory-policy", policy)
            self.redis.command("CONFIG", "RESETSTAT")
            with lib.Headless("-d", "240s", "--rate", "2k/s", "--clients", 2, *args, self.url) as h:
                until("it is paused, or ended", lambda: h.popen.poll() is not None or "paused: " in h.text()[1])
                if h.popen.poll() is None:
                    h.signal(signal.SIGTERM)
                run = h.wait(code=None, timeout=BOUND)
            self.assertGreater(lib.pool(run)["ops"]["completed"], 500)
            self.assertEqual(lib.pool(run)["ops"]["errors"], 0, run["events"])
            self.assertEqual(self.redis.info("stats")["evicted_keys"], "0")
            self.assertEqual(self.redis.command("EXISTS", *["theirs:%d" % i for i in range(theirs)]), theirs)


if __name__ == "__main__":
    lib.own_network()
    lib.main()
