"""Errors of a Redis, by class: counted as the server counts them, named as the server names them, and a refused login
is reported as such. Also passwords, users, databases, protection and clean.   ctest: timeout=600
"""
import contextlib
import http.server
import itertools
import json
import os
import tempfile
import threading
import unittest

import lib
from false_server import Proxy
from redis_fake import Fake
from patient import BOUND, PATIENT, headless, stop, until


def info(client, section):
    """lib.Redis.info on a connection that stands: a server that is full takes no other."""
    return dict(line.split(":", 1) for line in client("INFO", section).splitlines() if ":" in line)


def calls(client):
    """How many GET and SET the server has carried out."""
    stats = info(client, "commandstats")
    return sum(int(stats[name].split("=")[1].split(",")[0]) for name in ("cmdstat_get", "cmdstat_set") if name in stats)


class Errors(unittest.TestCase):
    """Errors that the server answers with, while the load runs."""

    @classmethod
    def setUpClass(cls):
        cls.redis = lib.Redis()

    @classmethod
    def tearDownClass(cls):
        cls.redis.close()

    def setUp(self):
        self.redis.command("FLUSHALL")
        self.redis.command("CONFIG", "RESETSTAT")

    def run_errors(self, *args, count=20000, redis=None, url=None):
        redis = redis or self.redis
        run = headless("-n", count, "--clients", 10, *args, url or redis.url)
        pool = lib.pool(run)
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertEqual(pool["ops"]["offered"], count)
        self.assertEqual(sum(lib.classes(pool, "count").values()), pool["ops"]["errors"])
        return pool

    def test_wrong_type(self):
        # One counter of ten is no number, one list of ten is a string.
        self.redis.command("SET", "loadtop:c:000000000003", "no number")
        self.redis.command("SET", "loadtop:l:000000000004", "no list")
        pool = self.run_errors("--keys", 10, "--ops", "incr,lpush,rpop")
        found = lib.classes(pool, "count")
        self.assertEqual(set(found), {"ERR", "WRONGTYPE"})
        stats = self.redis.commandstats()
        self.assertEqual(found["ERR"], stats["incr"]["failed_calls"])
        self.assertEqual(found["WRONGTYPE"], stats["lpush"]["failed_calls"] + stats["rpop"]["failed_calls"])
        self.assertEqual(self.redis.calls("incr", "lpush", "rpop"), 20000)
        self.assertGreater(min(found.values()), 400)
        text = lib.classes(pool, "last")
        self.assertIn("wrong kind of value", text["WRONGTYPE"])
        self.assertIn("not an integer", text["ERR"])

    def test_out_of_memory(self):
        with lib.Redis("--maxmemory", "2mb") as redis:
            pool = self.run_errors("--keys", 100000, "--size", 1000, "--ops", "set", redis=redis)
            stats = redis.commandstats()["set"]
            self.assertEqual(lib.classes(pool, "count"), {"OOM": stats["rejected_calls"]})
            self.assertEqual(pool["ops"]["completed"], stats["calls"])
            self.assertGreater(stats["rejected_calls"], 1000)

    def test_not_permitted(self):
        self.redis.command("ACL", "SETUSER", "reader", "on", ">secret", "~loadtop:*", "+get", "+info")
        url = self.redis.url.replace("redis://", "redis://reader:secret@")
        pool = self.run_errors("--ops", "get,set", url=url)
        stats = self.redis.commandstats()
        self.assertEqual(lib.classes(pool, "count"), {"NOPERM": stats["set"]["rejected_calls"]})
        self.assertEqual(self.redis.calls("get", "set"), 20000)
        self.assertNotIn("secret", json.dumps(pool))

    def test_read_only_replica(self):
        with lib.Redis() as replica:
            replica.command("REPLICAOF", "127.0.0.1", self.redis.port)
            until("the replica is in step", lambda: replica.info("replication")["master_link_status"] == "up")
            replica.command("CONFIG", "RESETSTAT")
            pool = self.run_errors(redis=replica)
            self.assertEqual(set(lib.classes(pool, "count")), {"READONLY"})
            self.assertEqual(replica.calls("get", "set"), 20000)
            self.assertEqual(lib.classes(pool, "count")["READONLY"], replica.commandstats()["set"]["rejected_calls"])

    def test_busy_with_a_script(self):
        """BUSY for as long as a script runs beyond its limit."""
        self.redis.command("CONFIG", "SET", "busy-reply-threshold", 50)
        script = lib.RedisClient(self.redis.address)
        text = b"local t=redis.call('TIME') repeat local n=redis.call('TIME') until (n[1]-t[1])*1000000+n[2]-t[2]>700000"
        script.socket.settimeout(BOUND)
        with lib.Headless("-d", "900s", *PATIENT, "--rate", "500/s", "--clients", 5, self.redis.url) as h:
            until("load runs", lambda: self.redis.calls("get") > 50)
            script.socket.sendall(b"*3\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n0\r\n" % (len(text), text))
            script.reply()
            before = self.redis.calls("get")
            until("load is back", lambda: self.redis.calls("get") > before + 50)
            pool = lib.pool(stop(h))
        script.close()
        self.assertEqual(set(lib.classes(pool, "count")), {"BUSY"})
        self.assertGreater(lib.classes(pool, "count")["BUSY"], 0)
        self.assertEqual(lib.accounting(pool["ops"]), 0)

    def test_unlinked_connections(self):
        """CLIENT KILL in the middle: what was in flight is an error, the rest goes on."""
        with lib.Headless("-d", "900s", *PATIENT, "--clients", 20, "--pattern", "chain", self.redis.url) as h:
            until("load runs", lambda: self.redis.calls("get") > 1000)
            self.assertGreaterEqual(self.redis.command("CLIENT", "KILL", "TYPE", "normal"), 20)
            before = self.redis.calls("get")
            until("load is back", lambda: self.redis.calls("get") > before + 100)
            pool = lib.pool(stop(h))
        self.assertEqual(set(lib.classes(pool, "count")), {"closed"})
        self.assertLessEqual(pool["ops"]["errors"], 20 * 16)
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        # The outcome of those is unknown: the server counted some of them, and completed never more than it.
        self.assertGreaterEqual(self.redis.calls("get", "set"), pool["ops"]["completed"])
        self.assertLessEqual(self.redis.calls("get", "set"), pool["ops"]["completed"] + pool["ops"]["errors"] +
                             pool["ops"]["in_flight"])


class Missing(unittest.TestCase):
    """Fewer connections than are wanted: compared with what the server refused and what it lists."""

    def events(self, run, what):
        return [e["to"] for e in run["events"] if e["what"] == what]

    def check(self, run):
        return next(c for c in run["validity"]["checks"] if c["name"] == "connections")

    def standing(self, client):
        """The load's connections on the server: all but ours and the pool's own, which asks for INFO."""
        names = [line for line in client("CLIENT", "LIST").splitlines() if "name=loadtop" in line]
        return len([line for line in names if "cmd=info" not in line])

    def load_for(self, client, seconds):
        """Waits for so many seconds of a load of 1,000/s."""
        before = calls(client)
        until("load", lambda: calls(client) >= before + 1000 * seconds)

    def test_part_of_the_connections(self):
        with lib.Redis("--maxclients", "10") as redis:
            ours = redis.client()
            with lib.Headless("-d", "900s", *PATIENT, "--clients", 50, redis.url) as h:
                # The server has room for ours, the pool's own, and eight of the load.
                until("some are refused", lambda: int(info(ours, "stats")["rejected_connections"]) >= 42)
                until("it is full", lambda: self.standing(ours) == 8)
                until("load runs", lambda: calls(ours) > 5000)
                run = stop(h)
            refused = int(info(ours, "stats")["rejected_connections"])
            ours.close()
        pool = lib.pool(run)
        self.assertEqual((pool["connections_up"], pool["connections_wanted"]), (8, 50))
        self.assertEqual(lib.classes(pool, "count", "connection_errors"), {"maxclients": refused})
        self.assertIn("max number of clients", pool["connection_errors"][0]["last"])
        self.assertEqual(pool["error_classes"], [])
        self.assertEqual((pool["ops"]["errors"], lib.accounting(pool["ops"])), (0, 0))
        (said,) = self.events(run, "partial")
        self.assertTrue(said.startswith("8 of 50 connections up: maxclients: "), said)
        self.assertFalse(run["validity"]["ok"])
        self.assertFalse(self.check(run)["ok"])
        self.assertIn("at worst 8 of 50 connections up: maxclients", self.check(run)["why"])
        if pool["bottleneck"]["kind"] != "client":  # this machine was busy
            self.assertEqual((pool["bottleneck"]["kind"], pool["bottleneck"]["why"]),
                             ("none", "not known while not all is up: 8 of 50 connections up: maxclients"))

    def test_room_again(self):
        """The limit is raised: all come up, and it is said."""
        with lib.Redis("--maxclients", "10") as redis:
            ours = redis.client()
            with lib.Headless("-d", "900s", *PATIENT, "--clients", 50, "--rate", "1000/s", redis.url) as h:
                until("some are refused", lambda: int(info(ours, "stats")["rejected_connections"]) >= 42)
                until("it is full", lambda: self.standing(ours) == 8)
                self.load_for(ours, 3)
                ours("CONFIG", "SET", "maxclients", 1000)
                until("all are up", lambda: self.standing(ours) == 50)
                self.load_for(ours, 3)
                self.assertEqual(self.standing(ours), 50)
                run = stop(h)
            ours.close()
        pool = lib.pool(run)
        self.assertEqual((pool["connections_up"], pool["connections_wanted"]), (50, 50))
        self.assertEqual(self.events(run, "up"), ["all 50 connections up"])
        self.assertFalse(self.check(run)["ok"])

    def test_a_sweep_past_the_limit(self):
        """A step that the connections do not suffice for is not valid, and says why; a steady load is not needed."""
        with lib.Redis("--maxclients", "10") as redis:
            run = headless("--sweep", "clients=4,50 hold=2s", "--rate", "200/s", redis.url)
        four, fifty = lib.pool(run)["sweeps"][0]["cells"]
        self.assertEqual([(c["connections_up"], c["connections_wanted"], c["lights"]["connections"]["state"])
                          for c in (four, fifty)], [(4, 4, "ok"), (9, 50, "bad")])
        self.assertEqual((fifty["valid"], fifty["why_not"]), (False, "9 of 50 connections up: maxclients"))

    def test_lost_again_and_again(self):
        """Each time they are back before it would be told; that they were away is in the figures all the same."""
        with lib.Redis() as redis:
            ours = redis.client()
            with lib.Headless("-d", "900s", *PATIENT, "--clients", 50, "--rate", "1000/s", redis.url) as h:
                for _ in range(15):
                    until("all stand", lambda: self.standing(ours) == 50)
                    ours("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                run = stop(h)
            ours.close()
        self.assertGreaterEqual(lib.classes(lib.pool(run), "count", "connection_errors")["closed"], 14 * 50)
        self.assertFalse(run["validity"]["ok"])
        self.assertFalse(self.check(run)["ok"])
        self.assertRegex(self.check(run)["why"], r"at worst \d+ of 50 connections up: closed")

    def test_some_that_hang(self):
        """A proxy that serves nine of them, and keeps the others waiting, for as long as the load runs."""
        class Full(Proxy):
            taken = 0

            def serve(self, s):
                with self.lock:
                    self.taken += 1
                    served = self.taken <= 10  # the first is not of the load
                if served:
                    super().serve(s)
                while s.recv(1 << 16):
                    pass
        with lib.Redis() as redis, Full(redis.address) as full:
            run = headless("-d", "4s", "--clients", 50, "redis://127.0.0.1:%d" % full.port)
        pool = lib.pool(run)
        self.assertEqual((pool["connections_up"], pool["connections_wanted"]), (9, 50))
        self.assertEqual(self.events(run, "partial"), ["9 of 50 connections up"])
        self.assertFalse(self.check(run)["ok"])
        self.assertGreater(self.check(run)["value"], 0.5)
        for p in pool["plateaus"]:
            self.assertEqual((p["valid"], p["connections_up"]), (False, 9), p)


def refused_with(redis, word):
    """Does it refuse a command with this class?"""
    try:
        redis.command("PING")
    except lib.RedisError as e:
        return str(e).startswith(word)
    return False


class Passing(unittest.TestCase):
    """A state at the start that passes by itself is waited for, as the loading of data is, and then all is counted."""

    def waits(self, redis, word, begin, over):
        """begin() begins the state, and over() ends it once loadtop has come back for the second time."""
        redis.command("CONFIG", "RESETSTAT")
        begin()
        with Proxy(redis.address) as proxy, \
                lib.Headless("-n", 1000, *PATIENT, "redis://127.0.0.1:%d" % proxy.port) as h:
            until("it has asked again", lambda: proxy.passed >= 2)
            over()
            run = h.wait(timeout=BOUND)
        told = [e["to"] for e in run["events"] if e["what"] == "down"]
        self.assertEqual(len(told), 1, run["events"])
        self.assertIn(word, told[0])
        self.assertEqual(lib.pool(run)["ops"]["completed"], 1000)
        self.assertEqual(redis.calls("get", "set"), 1000)

    def test_busy_with_a_script(self):
        with lib.Redis("--busy-reply-threshold", "10") as redis, \
                contextlib.closing(lib.RedisClient(redis.address, timeout=BOUND)) as script:
            def busy():
                try:
                    return redis.command("ECHO", "x") is None
                except lib.RedisError as e:
                    return str(e).startswith("BUSY")

            def begin():
                script.socket.sendall(b"*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n")
                until("the script runs", busy)
            self.waits(redis, "BUSY", begin, lambda: redis.command("SCRIPT", "KILL"))

    def test_a_replica_without_its_primary(self):
        with lib.Redis("--replica-serve-stale-data", "no") as redis:
            def lost():
                return redis.info("replication").get("master_link_status") == "down"

            def begin():
                redis.command("REPLICAOF", "127.0.0.1", lib.free_port())
                until("it is a replica", lost)
            self.waits(redis, "MASTERDOWN", begin, lambda: redis.command("REPLICAOF", "NO", "ONE"))

    def test_a_replica_without_its_primary_and_without_info(self):
        with lib.Redis("--replica-serve-stale-data", "no", renamed={"INFO": "OURS"}) as redis:
            def begin():
                redis.command("REPLICAOF", "127.0.0.1", lib.free_port())
                until("it refuses", lambda: refused_with(redis, "MASTERDOWN"))
            self.waits(redis, "MASTERDOWN", begin, lambda: redis.command("REPLICAOF", "NO", "ONE"))

    def test_loading_with_info_and_without(self):
        for renamed in None, {"INFO": "OURS", "CLIENT": "MINE"}:
            with self.subTest(renamed=renamed), \
                    lib.Redis("--enable-debug-command", "yes", "--rdbcompression", "no",
                              "--loading-process-events-interval-bytes", 1024, renamed=renamed) as redis, \
                    contextlib.closing(lib.RedisClient(redis.address, timeout=BOUND)) as reload:
                for i in range(2000):
                    reload("SET", "other:%d" % i, 1000 * "x")

                def begin(redis=redis, reload=reload):
                    redis.command("CONFIG", "SET", "key-load-delay", 100000)
                    reload.socket.sendall(b"*2\r\n$5\r\nDEBUG\r\n$6\r\nRELOAD\r\n")
                    until("it loads", lambda: refused_with(redis, "LOADING"))
                self.waits(redis, "LOADING", begin,
                           lambda redis=redis: redis.command("CONFIG", "SET", "key-load-delay", 0))

    def test_a_cluster_without_its_slots(self):
        """It answers INFO and PING."""
        for renamed in None, {"INFO": "OURS"}:
            with self.subTest(renamed=renamed), lib.Redis("--cluster-enabled", "yes", "--cluster-port", lib.free_port(),
                                                          renamed=renamed) as redis:
                self.waits(redis, "CLUSTERDOWN", lambda: None,
                           lambda redis=redis: redis.command("CLUSTER", "ADDSLOTSRANGE", 0, 16383))

    def test_each_such_answer_to_each_command(self):
        busy = b"BUSY Redis is busy running a script"
        for command, text in (
                *((c, busy) for c in (b"AUTH", b"SELECT", b"CLIENT", b"INFO")),
                (b"INFO", b"LOADING Redis is loading the dataset in memory"), (b"INFO", b"MASTERDOWN Link is down"),
                (b"INFO", b"TRYAGAIN Multiple keys request during rehashing of slot"),
                (b"INFO", b"CLUSTERDOWN The cluster is down"), (b"INFO", b"ERR max number of clients reached")):
            with self.subTest(text=text, command=command), Fake(says={command: [b"-%s\r\n" % text]}) as fake:
                run = headless("-n", 100, fake.url.replace("//", "//:geheim@") + "/3")
                self.assertEqual(lib.pool(run)["ops"]["completed"], 100)
                self.assertEqual(fake.seen[b"GET"] + fake.seen[b"SET"], 100)
                told = [e["to"] for e in run["events"] if e["what"] == "down"]
                self.assertEqual(len(told), 1, run["events"])
                self.assertIn(text.decode(), told[0])

    def test_what_only_begins_like_one_does_not_pass(self):
        with Fake(says={b"SELECT": itertools.repeat(b"-BUSYKEY Target key name already exists.\r\n")}) as fake:
            result = lib.loadtop("--headless", "-n", "10", fake.url + "/3")
            self.assertEqual(result.code, 1, result)
            self.assertIn("SELECT: BUSYKEY", result.err)
            self.assertEqual(fake.asked, 0)


class Entrance(unittest.TestCase):
    """Who comes in, and to which database."""

    def refused(self, url, code, *words, args=()):
        result = lib.loadtop("--headless", "-n", "10", *args, url)
        self.assertEqual(result.code, code, result)
        for word in words:
            self.assertIn(word, result.err + result.out)
        self.assertNotIn("geheim", result.err + result.out)

    def test_password_and_user(self):
        with lib.Redis(password="geheim/@:") as redis:
            port = redis.port
            good = "redis://:geheim%%2F%%40%%3A@127.0.0.1:%d" % port
            pool = lib.pool(headless("-n", 1000, good))
            self.assertEqual(pool["ops"]["completed"], 1000)
            self.assertNotIn("geheim", json.dumps(pool))
            self.assertEqual(lib.pool(headless("-n", 10, "redis://127.0.0.1:%d" % port, env={
                "LOADTOP_PASSWORD": "geheim/@:"}))["ops"]["completed"], 10)
            self.refused("redis://127.0.0.1:%d" % port, 1, "NOAUTH", "password")
            self.refused("redis://:geheim@127.0.0.1:%d" % port, 1, "WRONGPASS")
            self.refused("redis://nobody:geheim@127.0.0.1:%d" % port, 1, "WRONGPASS")
            self.assertEqual(redis.calls("get", "set"), 1010)
            redis.command("ACL", "SETUSER", "tester", "on", ">geheim", "~loadtop:*", "+@all")
            pool = lib.pool(headless("-n", 1000, "redis://tester:geheim@127.0.0.1:%d" % port))
            self.assertEqual(pool["ops"]["completed"], 1000)

    def test_a_password_where_nothing_else_is_answered(self):
        """Of a command that it does not know the server says so before it asks for the password."""
        for more in (), ("TTL",):
            renamed = {name: "OURS" + name for name in ("INFO", "CLIENT", *more)}
            with self.subTest(renamed=renamed), lib.Redis(password="geheim", renamed=renamed) as redis:
                self.refused("redis://127.0.0.1:%d" % redis.port, 1, "NOAUTH", "password")
                self.assertEqual(redis.calls("get", "set"), 0)
                self.assertEqual(lib.pool(headless("-n", 100, redis.url))["ops"]["completed"], 100)

    def test_database(self):
        with lib.Redis() as redis:
            headless("-n", 2000, "--ops", "set", "--dist", "sequential", "--keys", 500, redis.url + "/3")
            self.assertEqual(set(redis.info("keyspace")), {"db3"})
            self.assertTrue(redis.info("keyspace")["db3"].startswith("keys=501,"))
            self.refused(redis.url + "/99", 1, "SELECT", "out of range")
            self.refused(redis.url + "/three", 2, "database")
        with lib.Redis(unix=True) as redis:
            headless("-n", 100, "--ops", "set", redis.url + "?db=2")
            self.assertEqual(set(redis.info("keyspace")), {"db2"})

    def test_too_many_clients(self):
        with lib.Redis("--maxclients", "16") as redis:
            pool = lib.pool(headless("-n", 2000, "--clients", "40", redis.url))
            # Those that got in work; the others wait for a connection, and nothing is miscounted.
            self.assertEqual(pool["connections_wanted"], 40)
            self.assertLessEqual(pool["connections_up"], 15)
            self.assertEqual(pool["ops"]["completed"], 2000)
            self.assertEqual(lib.accounting(pool["ops"]), 0)
            self.assertEqual(redis.calls("get", "set"), pool["ops"]["completed"])

    def test_nobody_there(self):
        port = lib.free_port()
        with lib.Headless("-n", 10, "redis://127.0.0.1:%d" % port) as tcp, \
                lib.Headless("-n", 10, "redis+unix:///nonexistent/redis.sock") as unix:
            for h, word in ((tcp, "refused"), (unix, "No such file")):
                result = h.end()
                self.assertEqual(result.code, 3, result)
                self.assertIn(word, result.err)

    def test_the_reason_outlives_the_run(self):
        """It ends before the 10 s in which a target must be reached."""
        with lib.Redis("--maxclients", "1") as redis:  # its own link takes the place
            for args in ("-d", "500ms"), ("-d", "3s"):
                result = lib.loadtop("--headless", *args, "--clients", 2, redis.url, timeout=BOUND)
                self.assertEqual(result.code, 3, result)
                self.assertRegex(result.err, "no target was reached[^:]*: redis: .*max number of clients")
        result = lib.loadtop("--headless", "--max-time", "1s", "redis://127.0.0.1:%d" % lib.free_port(), timeout=BOUND)
        self.assertEqual(result.code, 3, result)
        self.assertRegex(result.err, "no target was reached: redis: .*connection refused")

    def test_not_redis(self):
        class Quiet(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_args):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            self.refused("redis://127.0.0.1:%d" % server.server_port, 1, "not a Redis server")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def test_usage(self):
        for url, words in (("redis://a,b", ("one host",)),
                           ("redis://localhost?dist=zpif", ("zipf",)), ("redis://localhost?siez=3", ("size",)),
                           ("redis://localhost?keys=0", ("keys", "allowed")), ("redis+unix://", ("path",)),
                           ("redis://localhost/1?db=2", ("database",)), ("redis://localhost?ops=gte", ("get",)),
                           ("redis://localhost?prefix=" + "x" * 201, ("prefix",))):
            with self.subTest(url=url):
                result = lib.loadtop("--headless", "-n", "1", url)
                self.assertEqual(result.code, 2, result)
                self.assertEqual(len(result.err.strip().splitlines()), 1, result)
                for word in words:
                    self.assertIn(word, result.err)


class Traces(unittest.TestCase):
    """Only what is ours is touched, and it can be taken away again."""

    def test_nothing_else_is_touched_and_clean_removes_it(self):
        with lib.Redis() as redis, tempfile.TemporaryDirectory() as d:
            for i in range(300):
                redis.command("SET", "other:%d" % i, i)
                redis.command("SET", "loadtop:%d" % i, i)       # not as ours are named
            redis.command("SET", "loadtop:000000005000", "beyond")  # beyond the keys of this run
            every = "get,set,incr,del,exists,lpush,rpop,sadd,hset,hget,zadd,zrange,ping"
            run = headless("-n", 30000, "--keys", 900, "--ops", every, "--clients", 20, redis.url)
            left = lib.pool(run)["left_behind"]
            ours = redis.command("DBSIZE") - 601
            self.assertEqual([e["kind"] for e in left], 6 * ["keys"] + ["mark"])
            # Where the server was too busy to count them in time, it says nothing.
            if None not in [e["count"] for e in left]:
                self.assertEqual(sum(e["count"] for e in left), ours)
            left = [e for e in left if e["count"] is not None]
            for e in [e for e in left if e["kind"] == "keys"]:
                self.assertEqual(len(redis.command("KEYS", e["prefix"] + "0" * 8 + "[0-9]" * 4))
                                 - (e["prefix"] == "loadtop:"), e["count"])
            path = os.path.join(d, "run.json")
            lib.write_json(path, run)
            result = lib.loadtop("clean", "--yes", path)
            self.assertEqual(result.code, 0, result)
            self.assertEqual(redis.command("DBSIZE"), 601)
            self.assertEqual(redis.command("GET", "loadtop:000000005000"), "beyond")
            self.assertEqual(redis.command("GET", "loadtop:17"), "17")
            self.assertEqual(redis.calls("flushall", "flushdb", "scan", "config", "shutdown"), 0)

    def test_an_empty_prefix_is_asked_for_twice(self):
        with lib.Redis() as redis:
            result = lib.loadtop("--headless", "-n", "10", redis.url + "?prefix=")
            self.assertEqual(result.code, 2, result)
            self.assertIn("--allow-destructive", result.err)
            self.assertEqual((result.out, result.err.count("\n")), ("", 1), result)  # before anything starts
            result = lib.loadtop("--headless", "-d", "1s", "--at", "1h add %s?name=late&prefix=" % redis.url, "null:")
            self.assertEqual(result.code, 2, result)
            self.assertIn("--allow-destructive", result.err)
            self.assertEqual(redis.command("DBSIZE"), 0)
            headless("-n", 50, "--ops", "set", "--dist", "sequential", "--allow-destructive",
                     redis.url + "?prefix=")
            self.assertEqual(redis.command("EXISTS", "000000000000", "000000000049"), 2)

    def test_read_only_only_reads(self):
        with lib.Redis() as redis:
            pool = lib.pool(headless("-n", 5000, "--read-only", "--ops", "get,set,exists,incr", redis.url))
            self.assertEqual(pool["ops"]["completed"], 5000)
            self.assertEqual(redis.calls("get", "exists"), 5000)
            self.assertEqual(redis.calls("set", "incr"), 0)
            self.assertEqual(pool["left_behind"], [])

    def test_stats_are_the_servers(self):
        with lib.Redis() as redis, lib.Redis() as idle:
            others = [lib.RedisClient(redis.address) for _ in range(7)]
            run = headless("--clients", 25, "--keys", 100, redis.url + "?count=60000", idle.url + "?rate=10&count=30")
            for o in others:
                o.close()
            busy, quiet = run["pools"]
            stats = busy["backend_stats"]
            self.assertEqual(stats["keys"], 101)  # and the mark of the run
            self.assertEqual(stats["role"], "master")
            self.assertGreater(stats["hit_ratio"], 0.9)
            self.assertEqual(stats["get_hits"] + stats["get_misses"], busy["by_op"]["get"]["completed"])
            # The server counts what is asked of it at the end, too: each key, once more where an answer was late.
            counted = sum(e["count"] for e in busy["left_behind"] if e["kind"] == "keys")
            others = int(redis.info("stats")["keyspace_hits"]) - stats["get_hits"]
            self.assertGreaterEqual(others, counted)
            self.assertEqual(others % counted, 0, (others, counted))
            self.assertLess(quiet["backend_stats"]["server_cpu_share"], 0.3)  # ten requests a second: some 0.003


if __name__ == "__main__":
    lib.main()
