"""./dev, the check of the walls between engine, backends and ui, and the control of the servers do what they say.

The checks are tested by violating what they check: a tree with each violation in it must be refused.
"""
import os
import shutil
import signal
import subprocess
import sys
import unittest

import lib

CONTROL = os.path.join(lib.ROOT, "tests", "servers", "control.py")
WALLS = os.path.join(lib.ROOT, "tests", "walls.py")
UNUSED = os.path.join(lib.ROOT, "tests", "unused.py")
ROOMS = os.path.join(lib.ROOT, "tests", "rooms.py")


def run(*argv, **env):
    return subprocess.run(argv, capture_output=True, text=True, timeout=lib.bound(), check=False, cwd=lib.ROOT,
                          env=dict(os.environ, **env))


class Dev(unittest.TestCase):
    def test_help_names_every_command(self):
        p = run("./dev", "help")
        self.assertEqual(p.returncode, 0, p.stderr)
        for command in ("setup", "build", "run", "test", "bench", "lint", "servers"):
            self.assertIn("./dev " + command, p.stdout)

    def test_what_it_does_not_know(self):
        self.assertEqual(run("./dev", "biuld").returncode, 2)
        for words in (["setup", "nonsense"], ["bench", "nonsense"], ["build", "--nonsense"]):
            p = run("./dev", *words)
            self.assertNotEqual(p.returncode, 0, words)
            self.assertIn("nonsense", p.stderr)

    def test_setup_with_nothing_to_do_is_quiet(self):
        if not shutil.which("dpkg-query"):
            self.skipTest("not a Debian")
        p = run("./dev", "setup", "build")
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, "", ""))


class Tree(unittest.TestCase):
    """A tree to which files are added, and what checks it."""

    def setUp(self):
        self.dir = lib.folder(self)

    def put(self, path, code):
        full = os.path.join(self.dir, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        lib.write(full, "/* A file. */\n" + code + "\n")
        return full


class Walls(Tree):
    def check(self, path, code):
        full = self.put(path, code)
        p = run(sys.executable, WALLS, self.dir)
        os.unlink(full)
        return p

    def test_this_tree(self):
        p = run(sys.executable, WALLS)
        self.assertEqual(p.returncode, 0, p.stderr)

    def test_what_is_allowed(self):
        for path, code in (("engine/a.c", '#include "engine/b.h"'),
                           ("backends/redis/redis.c", "#include <hiredis/hiredis.h>"),
                           ("backends/redis/redis.c", '#include "backends/registry.h"'),
                           ("backends/redis/link.c", '#include "backends/common/link.h"'),
                           ("backends/kafka/pool.c", '#include "backends/kafka_base/lag.h"'),
                           ("backends/cassandra/conn.c", '#include "backends/cql/read.h"'),
                           ("backends/memcached/memcached.c", '#include "backends/memcached/memcached.h"'),
                           ("backends/registry.c", '#include "backends/redis/types.h"'),
                           ("ui/term/term.c", "#include <curses.h>"),
                           ("ui/main.c", '#include "backends/registry.h"'), ("engine/c.c", "/* not sprintf(x) */"),
                           ("engine/d.c", 'int x = 1; /* "strcpy(" */ const char *s = "atoi(";')):
            p = self.check(path, code)
            self.assertEqual(p.returncode, 0, "%s: %s\n%s" % (path, code, p.stderr))

    def test_each_violation_is_found(self):
        for path, code in (("engine/a.c", '#include "ui/cells.h"'), ("engine/a.c", '#include "backends/registry.h"'),
                           ("engine/a.c", "#include <ncurses.h>"), ("engine/a.c", "#include <hiredis/hiredis.h>"),
                           ("engine/load/a.c", "#include <hiredis/hiredis.h>"), ("engine/a.c", '#include "err.h"'),
                           ("backends/redis/redis.c", '#include "ui/cells.h"'),
                           ("backends/redis/redis.c", '#include "backends/kafka_base/lag.h"'),
                           ("backends/redis/redis.c", '#include "backends/cql/read.h"'),
                           ("backends/cql/read.c", '#include "backends/cassandra/types.h"'),
                           ("backends/common/net.c", '#include "backends/redis/types.h"'),
                           ("backends/memcached/memcached.c", '#include "backends/redis/proto.h"'),
                           ("backends/redis/proto.c", '#include "backends/memcached/memcached.h"'),
                           ("backends/stray.c", '#include "backends/redis/types.h"'),
                           ("backends/redis/redis.c", "#include <curses.h>"), ("ui/plot.c", "#  include <curses.h>"),
                           ("ui/views/a.c", "#include <ncursesw/curses.h>"),
                           ("ui/app.c", '#include "backends/redis/types.h"'),
                           ("ui/app.c", "#include <curl/curl.h>"), ("engine/a.c", "void f(char *x) { strcpy(x, x); }"),
                           ("ui/a.c", "typedef struct a b;"), ("engine/a.c", "/* FIX" + "ME */"),
                           ("ui/a.c", "\n" * 801)):
            p = self.check(path, code)
            self.assertEqual(p.returncode, 1, "%s: %s" % (path, code.strip()))
            self.assertIn(path, p.stderr)


class Rooms(Tree):
    def test_a_new_backend_needs_no_entry(self):
        self.put("backends/memcached/memcached.c", '#include "backends/common/link.h"\nint other(void)\n{\n    link();\n}')
        self.put("backends/memcached/memcached.h", "int other(void);")
        self.put("backends/common/link.h", "void link(void);")
        self.put("backends/common/link.c", '#include "backends/common/link.h"\nvoid link(void)\n{\n}')
        self.assertNotIn("memcached", run(sys.executable, ROOMS, self.dir).stderr)
        self.put("backends/common/link.c", '#include "backends/memcached/memcached.h"')
        self.assertIn("backends/common/link uses backends/memcached/memcached",
                      run(sys.executable, ROOMS, self.dir).stderr)

    def test_a_stray_room_is_found(self):
        self.put("engine/attic/a.h", "int a;")
        self.assertIn("engine/attic/: is no room", run(sys.executable, ROOMS, self.dir).stderr)


class Unused(Tree):
    def found(self):
        return run(sys.executable, UNUSED, self.dir).stderr

    def test_what_nobody_uses(self):
        self.put("engine/a.h", "struct lost;\nstruct named;\n#define NOWHERE 1\n#define HERE 2\nint named(struct named *);\n"
                               "int used(void);\nint own(void);\nint tested(void);\nint left(void);\nint in_line(void);")
        self.put("engine/b.h", "int left(void);\nstatic inline int b(void)\n{\n    return in_line() + HERE;\n}")
        self.put("engine/a.c", "int used(void)\n{\n    return own();\n}\nint own(void)\n{\n    return 1;\n}\n"
                               "int tested(void)\n{\n    return 2;\n}\nint left(void)\n{\n    return 3;\n}\n"
                               "int in_line(void)\n{\n    return 4;\n}")
        self.put("ui/main.c", "int main(void)\n{\n    return used(); /* left() */\n}")
        self.put("tests/unit/test_a.c", "static int f(void)\n{\n    return tested();\n}")
        self.assertEqual(self.found().splitlines(), [
            "engine/a.h: NOWHERE: nothing uses this macro", "engine/a.h: struct lost: declared, and not named again",
            "engine/a.c: left: nothing uses it", "engine/a.c: own: no other file uses it: make it static",
            "engine/a.c: tested: tests alone use it"])

    def test_this_tree(self):
        p = run(sys.executable, UNUSED)
        self.assertEqual(p.returncode, 0, p.stderr)


class Servers(unittest.TestCase):
    def setUp(self):
        lib.need_program("redis-server", "redis-server")
        self.dir = lib.folder(self, prefix="lt-srv-")  # short: a socket's path is in it
        self.env = {"LOADTOP_SERVERS": self.dir}

    def tearDown(self):
        run(sys.executable, CONTROL, "stop", "redis", **self.env)

    def control(self, *words):
        return run(sys.executable, CONTROL, *words, **self.env)

    def test_start_status_stop(self):
        p = self.control("start", "redis")
        self.assertEqual(p.returncode, 0, p.stderr)
        env = dict(line.split("=", 1) for line in p.stdout.splitlines())
        client = lib.RedisClient(("127.0.0.1", int(env["REDIS_PORT"])))
        self.assertEqual(client("PING"), "PONG")
        client.close()
        client = lib.RedisClient(env["REDIS_SOCKET"])
        self.assertEqual(int(dict(line.split(":", 1) for line in client("INFO", "server").splitlines()
                                  if ":" in line)["process_id"]), int(env["REDIS_PID"]))
        client.close()
        self.assertEqual(self.control("start", "redis").stdout, p.stdout, "a second start is the same server")
        self.assertEqual(self.control("status", "redis").stdout, p.stdout)
        self.assertEqual(self.control("stop", "redis").returncode, 0)
        self.assertFalse(lib.alive(int(env["REDIS_PID"])))
        self.assertEqual(self.control("status", "redis").stdout, "")

    def test_a_reused_process_id_is_not_signalled(self):
        other = subprocess.Popen(["sleep", "60"])
        try:
            os.makedirs(os.path.join(self.dir, "redis"))
            with open(os.path.join(self.dir, "redis", "pid"), "w") as f:
                f.write("%d 1\n" % other.pid)  # the id of somebody who began at another time
            self.assertEqual(self.control("stop", "redis").returncode, 0)
            self.assertIsNone(other.poll())
        finally:
            other.send_signal(signal.SIGKILL)
            other.wait()

    def test_what_cannot_be_had_is_named(self):
        p = run(sys.executable, CONTROL, "start", "redis", PATH="/nonexistent", **self.env)
        self.assertEqual(p.returncode, 77)
        self.assertRegex(p.stderr, r"^SKIP: redis-server is not installed \(.*apt-get install redis-server\)\n$")
        self.assertEqual(self.control("start", "mongodb").returncode, 2)


if __name__ == "__main__":
    lib.main()
