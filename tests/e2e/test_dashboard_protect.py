"""Hosts that are protected by targets.conf: the dashboard asks for their name, and nothing is sent to them before it is
typed, however the pool was added. The load is the simulated service and a private Redis.
"""
import os
import time
import unittest

import lib


class Protected(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)
        self.redis = lib.Redis()
        self.addCleanup(self.redis.close)
        self.url = "redis://127.0.0.1:%d" % self.redis.port
        self.conf = os.path.join(self.dir, "targets.conf")
        lib.write(self.conf, "protect 127.0.0.0/8\n")
        self.before = self.accepted()

    def accepted(self):
        """Connections that the server took in, ours among them."""
        text = self.redis.command("INFO", "stats")
        return int(next(line for line in text.splitlines() if "total_connections_received" in line).split(":")[1])

    def start(self, *args):
        t = lib.Tmux(lib.LOADTOP, *args, cols=100, rows=30, env={"LOADTOP_TARGETS_CONF": self.conf})
        self.addCleanup(t.close)
        return t

    def loads(self):
        return self.redis.calls("get", "set") > 0

    def untouched(self):
        """Only this test's own looks came in since setUp (each is one connection, and so is this one)."""
        self.looks = getattr(self, "looks", 0) + 1
        self.assertEqual(self.accepted() - self.before, self.looks)

    def test_the_name_is_typed(self):
        t = self.start(self.url)
        t.wait_for("protected")
        t.wait_for("type its")
        self.untouched()
        t.type("localhost")
        t.send("Enter")
        t.wait_for("that is not its name")
        t.send("C-u")
        t.paste("127.0.0.1")
        t.wait_for("typed, not pasted")
        self.untouched()
        t.send("Escape")
        t.wait_for("is not loaded: p asks again")
        self.assertNotIn("LOAD ON", t.text())
        time.sleep(0.5)
        self.untouched()
        t.send("p")
        t.wait_for("type its")
        t.type("127.0.0.1")
        t.send("Enter")
        t.wait_for("LOAD ON 1/1")
        lib.until("load", self.loads)

    def test_a_pool_that_is_added_waits_too(self):
        t = self.start("null:?service=1ms")
        t.wait_for("LOAD ON 1/1")
        t.send(":")
        t.type("add " + self.url)
        t.send("Enter")
        t.wait_for("type its")
        t.wait_for("LOAD ON 1/2")
        self.untouched()
        t.type("127.0.0.1")
        t.send("Enter")
        t.wait_for("LOAD ON 2/2")
        t.send(":")  # the name was typed: it holds for this run
        t.type("add %s?name=again" % self.url)
        t.send("Enter")
        t.wait_for("LOAD ON 3/3")

    def test_confirm_needs_no_question(self):
        t = self.start("--confirm", "127.0.0.1", self.url)
        t.wait_for("LOAD ON 1/1")
        lib.until("load", self.loads)

    def test_quit_from_the_question(self):
        t = self.start(self.url)
        t.wait_for("type its")
        t.send("Escape")
        t.wait_for("is not loaded: p asks again")
        t.send("q")
        self.assertEqual(t.status(), 0)
        self.untouched()


if __name__ == "__main__":
    lib.main()
