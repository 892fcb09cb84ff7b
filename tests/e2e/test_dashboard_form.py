"""The dashboard's forms against a private Redis. The connection test runs before the start, with the form's values, and
neither loads nor creates anything. The form of a running pool offers what can be changed and nothing else.
"""
import re
import socket
import unittest

import lib


class Form(unittest.TestCase):
    def setUp(self):
        self.redis = lib.Redis()
        self.addCleanup(self.redis.close)
        self.url = "redis://127.0.0.1:%d" % self.redis.port

    def start(self, *args, cols=120, rows=40):
        t = lib.Tmux(lib.LOADTOP, *args, cols=cols, rows=rows)
        self.addCleanup(t.close)
        return t

    def open_form(self, t, url):
        t.send("a")
        t.wait_for("choose a backend")
        names = re.findall(r"│ [▸ ] (\w+)  ", t.text())
        for _ in range(names.index("redis")):
            t.send("Down")
        t.wait_for(re.compile("▸ redis"))
        t.send("Enter")
        t.wait_for("add a pool: redis")
        t.send("C-u")
        t.type(url)

    def test_the_connection_is_tested_first(self):
        t = self.start()
        t.wait_for("NO POOLS")
        self.open_form(t, self.url)
        t.wait_for("[ Ctrl-T  test the connection ]")
        t.send("C-t")
        t.wait_for(re.compile(r"127\.0\.0\.1:%d answers: Redis \d+\.\d+.*, (round trip|after) [\d.]+\ws" %
                              self.redis.port))
        self.assertEqual(self.redis.calls("get", "set"), 0)
        self.assertEqual(self.redis.command("DBSIZE"), 0)
        self.assertIn("NO POOLS", t.text())
        t.type("1")  # another port: what was found was not about this
        t.wait_gone("answers")
        t.send("BSpace", "Enter")
        t.wait_for("LOAD ON 1/1")
        lib.until("load", lambda: self.redis.calls("get", "set") > 0)

    def test_what_fails_and_where(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        t = self.start()
        t.wait_for("NO POOLS")
        self.open_form(t, "redis://127.0.0.1:%d" % port)
        t.send("C-t")
        t.wait_for(re.compile(r"127\.0\.0\.1:%d.*refused" % port))
        t.wait_for("add a pool: redis")
        t.send("Escape")
        t.wait_for("NO POOLS")

    def test_a_wrong_password(self):
        self.redis.command("CONFIG", "SET", "requirepass", "secret")
        t = self.start()
        t.wait_for("NO POOLS")
        self.open_form(t, self.url)
        t.send("C-t")
        t.wait_for(re.compile("NOAUTH|WRONGPASS|assword"))
        t.send("C-u")
        t.type("redis://:secret@127.0.0.1:%d" % self.redis.port)
        t.send("C-t")
        t.wait_for("answers: Redis")

    def test_a_server_that_never_answers(self):
        """The form can be left at once, and the program too."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen(8)
            t = self.start()
            t.wait_for("NO POOLS")
            self.open_form(t, "redis://127.0.0.1:%d" % s.getsockname()[1])
            t.send("C-t")
            t.wait_for("looking at it")
            t.send("Escape")
            t.wait_gone("add a pool: redis")
            t.send("q")
            self.assertEqual(t.status(), 0)

    def test_edit_says_what_it_needs(self):
        t = self.start(self.url)
        t.wait_for("LOAD ON 1/1")
        t.send("e")
        t.wait_for("edit pool 1")
        t.wait_for(re.compile(r"prefix +loadtop:\S* +fixed while it runs"))
        t.send("Up")  # round to the last
        t.wait_for("it is set when the pool starts")
        t.type("x")  # changes nothing
        t.send("Escape")
        t.wait_gone("edit pool 1")


if __name__ == "__main__":
    lib.main()
