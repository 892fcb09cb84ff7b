"""Redis behind the real twemproxy (Debian's nutcracker), which closes a connection on each command that it does not know:
CLIENT, INFO and SELECT. What two servers behind it count is the truth.   ctest: timeout=600
"""
import json
import os
import re
import time
import unittest

import lib
from false_server import Proxy
from patient import BOUND, headless, until


class Far(Proxy):
    """Each answer takes a while."""

    def change(self, data, answers):
        time.sleep(0.35 if answers else 0)
        return data


class Twemproxy(lib.FolderTest):
    def setUp(self):
        super().setUp()
        program = lib.need_program("nutcracker", "nutcracker")
        self.servers = [lib.Redis(password="geheim"), lib.Redis(password="geheim")]
        for redis in self.servers:
            self.addCleanup(redis.close)
        self.port = lib.free_port()
        conf = self.file("nutcracker.yml", "".join((
            "it:\n  listen: 127.0.0.1:%d\n  redis: true\n  redis_auth: geheim\n" % self.port,
            # which keys go where does not depend on the servers' ports then
            "  hash: md5\n  distribution: modula\n  servers:\n",
            *("   - 127.0.0.1:%d:1\n" % redis.port for redis in self.servers))))
        self.proxy = lib.Process([program, "-c", conf, "-a", "127.0.0.1", "-s", str(lib.free_port()), "-p",
                                  os.path.join(self.dir, "pid")], os.path.join(self.dir, "log"))
        self.addCleanup(self.proxy.end)
        self.url = "redis://:geheim@127.0.0.1:%d" % self.port
        until("nutcracker answers", self.answers)

    def answers(self):
        self.assertTrue(self.proxy.alive(), self.proxy.output())
        try:
            c = lib.RedisClient(("127.0.0.1", self.port), "geheim")
        except OSError:
            return False
        c.close()
        return True

    def calls(self, *names):
        return sum(redis.calls(*names) for redis in self.servers)

    def keys(self):
        return sum(redis.command("DBSIZE") for redis in self.servers)

    def test_load_and_clean(self):
        ops = "get,set,incr,del,exists,lpush,rpop,sadd,hset,hget,zadd,zrange"
        run = headless("-n", 20000, "--keys", 300, "--ops", ops, "--clients", 10, "--pattern", "chain", self.url)
        pool = lib.pool(run)
        self.assertEqual((pool["ops"]["completed"], pool["ops"]["errors"]), (20000, 0), lib.classes(pool))
        self.assertEqual(self.calls(*ops.split(",")), 20000)
        told = [e["to"] for e in run["events"] if "is not answered (it closes the connection)" in (e["to"] or "")]
        self.assertEqual(len(told), 2, run["events"])
        for redis in self.servers:
            self.assertGreater(redis.calls("get"), 0)
        left = pool["left_behind"]
        self.assertEqual([e["kind"] for e in left], 6 * ["keys"] + ["mark"])
        self.assertEqual({e["marked"] for e in left[:6]}, {True})
        if None not in [e["count"] for e in left]:
            self.assertEqual(sum(e["count"] for e in left), self.keys())
        result = lib.loadtop("clean", "--yes", self.file("run.json", json.dumps(run)), env={"LOADTOP_PASSWORD": "geheim"})
        self.assertEqual(result.code, 0, result)
        self.assertEqual(self.keys(), 0)
        self.assertEqual(self.calls("unlink"), 0)  # older ones do not know it

    def test_far_away(self):
        """Everything takes longer than one link may."""
        with Far(("127.0.0.1", self.port)) as far:
            url = "redis://:geheim@127.0.0.1:%d" % far.port
            run = headless("-n", 20, "--ops", "set", "--clients", 2, url)
            self.assertEqual(lib.pool(run)["ops"]["completed"], 20, run["events"])
            self.assertGreater(self.keys(), 0)
            result = lib.loadtop("clean", "--yes", self.file("run.json", json.dumps(run)), timeout=BOUND,
                                 env={"LOADTOP_PASSWORD": "geheim"})
            self.assertEqual(result.code, 0, result)
            self.assertEqual(self.keys(), 0)

    def test_servers_that_are_away(self):
        """The proxy answers PING all the same. One of two servers is enough for a load."""
        self.servers[0].close()
        run = headless("-n", 200, "--ops", "get", "--clients", 2, self.url)
        self.assertEqual(self.servers[1].calls("get"), lib.pool(run)["ops"]["completed"])
        self.servers[1].close()
        result = lib.loadtop("--headless", "-n", 200, self.url, timeout=BOUND)
        self.assertEqual(result.code, 3, result)
        self.assertIn("Connection refused (is the server behind the proxy running?)", result.err)

    def test_ping_is_answered_by_the_proxy(self):
        pool = lib.pool(headless("-n", 500, "--ops", "ping", self.url))
        self.assertEqual(pool["ops"]["completed"], 500)

    def test_databases(self):
        result = lib.loadtop("--headless", "-n", 10, self.url + "/2")
        self.assertEqual(result.code, 3, result)
        self.assertIn("SELECT", result.err)
        self.assertEqual(self.calls("get", "set"), 0)

    def test_the_screen(self):
        with lib.Pty(lib.LOADTOP, self.url + "?rate=100/s", cols=160, rows=40) as t:
            t.wait_for("INFO is not answered", timeout=BOUND)  # where the server's figures would be
            t.send("5")
            t.wait_for("[5 events]", timeout=BOUND)
            t.wait_for("CLIENT SETNAME is not answered (it closes the connection)", timeout=BOUND)
            t.send("a")
            t.wait_for("choose a backend")
            names = re.findall(r"│ [▸ ] (\w+)  ", t.text())
            t.send(names.index("redis") * "\x1bOB" + "\r")
            t.wait_for("add a pool: redis")
            t.send("\x15" + self.url + "\x14")
            t.wait_for("127.0.0.1:%d answers" % self.port, timeout=BOUND)
            t.send("\x1b")
            t.wait_gone("add a pool: redis")
            t.send("1qy")
            self.assertEqual(t.wait(BOUND), 0, t.text())


if __name__ == "__main__":
    lib.main()
