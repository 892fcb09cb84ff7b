"""Targets that are not on this machine: nothing is loaded before a yes, the administrator's file is final, ceilings
hold, who loads says so, and what a saved run names gets no password by itself. In a network of its own, in which
198.51.100.0/24 is another machine's and a private Redis answers there.

ctest: timeout=180
"""
import json
import os
import re
import shutil
import socket
import tempfile
import threading
import unittest

import lib

SYSTEM_CONF = "/etc/loadtop/targets.conf"  # of the private copy of /etc


def put(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


class Remote(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="loadtop-remote-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.redis = lib.Redis("--bind", "0.0.0.0", "--protected-mode", "no")
        self.addCleanup(self.redis.close)
        self.url = "redis://%s:%d" % (lib.AWAY, self.redis.port)

    def file(self, name, text):
        return put(os.path.join(self.dir, name), text)

    def system_conf(self, text):
        put(SYSTEM_CONF, text)
        self.addCleanup(os.unlink, SYSTEM_CONF)

    def start(self, *args):
        t = lib.Tmux(lib.LOADTOP, "--no-history", *args, cols=100, rows=30)
        self.addCleanup(t.close)
        return t

    def calls(self):
        return self.redis.calls("get", "set")

    def hosts(self, name, address):
        """The private /etc/hosts says that this name is there."""
        with open("/etc/hosts") as f:
            before = f.read()
        self.addCleanup(put, "/etc/hosts", before)
        put("/etc/hosts", "%s %s\n%s" % (address, name, before))


class Consent(Remote):
    def test_only_a_yes_starts_it(self):
        t = self.start("--at", "1s resume", "--at", "2s resume all", "--at", "3s mark now", self.url)
        t.wait_for("start load?")
        t.wait_for("Redis")  # what is known of it is in the question
        t.send("n")
        t.wait_for("no load is started: p asks again")
        t.send("5")
        t.wait_for("mark")  # the timed commands have had their moment
        for command in ("resume all", "1 resume", "1 start", "undo", "threads 3", "sweep threads=1,2 hold=1s"):
            t.send(":")
            t.type(command)
            t.send("Enter")
        t.wait_for("nobody has said yes")
        self.assertEqual(self.calls(), 0)
        t.send("1", "p")
        t.wait_for("start load?")
        t.send("y")
        t.wait_for("LOAD ON 1/1")
        lib.until("load", lambda: self.calls() > 100)

    def test_a_name_that_leads_elsewhere_is_not_local(self):
        """db.localhost, and even localhost, are what they lead to."""
        self.hosts("db.localhost", "198.51.100.9")
        url = "redis://db.localhost:%d" % self.redis.port
        r = lib.loadtop("--headless", "--no-history", "-d", "1s", "-t", "65", url)
        self.assertNotEqual(r.code, 0)
        self.assertIn("above the ceiling of 64", r.err)
        self.hosts("localhost", "198.51.100.9")
        t = self.start("redis://localhost:%d" % self.redis.port)
        t.wait_for("start load?")
        self.assertEqual(self.calls(), 0)
        t.send("y")
        t.wait_for("LOAD ON 1/1")

    def test_ceilings_without_being_told(self):
        r = lib.loadtop("--headless", "--no-history", "-d", "1s", "-t", "11", "--clients", "100", self.url)
        self.assertEqual(r.code, 2, r)
        self.assertIn("above the ceiling of 1000 in all", r.err)
        run = lib.headless("--no-history", "-d", "1s", "-t", "11", "--clients", "100", "--max-connections", "1100",
                           self.url)
        self.assertGreater(lib.pool(run)["ops"]["completed"], 0)
        self.assertFalse(lib.pool(run)["local"])
        r = lib.loadtop("--headless", "--no-history", "-d", "1s", "--max-rate", "1e-11/s", self.url)
        self.assertEqual(r.code, 2)
        self.assertIn("0.001/s to 1G/s", r.err)


class Administrator(Remote):
    def test_the_systems_file_is_final(self):
        self.system_conf("deny 198.51.100.0/24\n")
        mine = self.file("targets.conf", "allow %s\n" % lib.AWAY)
        env = {"LOADTOP_TARGETS_CONF": mine}
        r = lib.loadtop("--headless", "--no-history", "-d", "1s", self.url, env=env)
        self.assertEqual(r.code, 2, r)
        self.assertIn("denied (%s:1" % SYSTEM_CONF, r.err)
        # A pool that comes later, by a name that is longer than any address.
        name = "a%s.example" % ("b" * 60)
        self.hosts(name, "198.51.100.9")
        run = lib.headless("--no-history", "-d", "2s", "--at", "100ms add redis://%s:%d?name=late" % (name, self.redis.port),
                           "null:?service=1ms", env=env, code=None)
        late = lib.pool(run, "late")
        self.assertEqual(late["ops"]["offered"], 0)
        self.assertEqual(self.calls(), 0)
        self.assertTrue(any("denied" in (e["to"] or "") for e in run["events"]) or "denied" in run["_err"], run["events"])

    def test_more_than_one_name_is_confirmed(self):
        run_id = next(line.split(":")[1] for line in self.redis.command("INFO", "server").splitlines()
                      if line.startswith("run_id:"))
        self.system_conf("protect %s\nprotect redis=%s\n" % (lib.AWAY, run_id.upper()))
        args = ["--headless", "--no-history", "-n", "10", "--ops", "get", self.url]
        for confirmed, missing in (([], lib.AWAY), ([lib.AWAY], run_id), ([run_id], lib.AWAY)):
            r = lib.loadtop(*args, *(w for name in confirmed for w in ("--confirm", name)))
            self.assertEqual(r.code, 2, r)
            self.assertIn("--confirm '%s'" % missing, r.err)
        self.assertEqual(self.calls(), 0)
        r = lib.loadtop(*args, "--confirm", lib.AWAY, "--confirm", run_id)
        self.assertEqual(r.code, 0, r)
        # On the screen one name after the other is asked for, and then the load.
        t = self.start("--ops", "get", self.url)
        for name in (lib.AWAY, run_id):
            t.wait_for(name[:20])
            t.wait_for("type its")
            t.type(name)
            t.send("Enter")
            t.wait_for("may be loaded")
        t.wait_for("start load?")
        t.send("y")
        t.wait_for("LOAD ON 1/1")

    def test_a_rule_that_can_never_match_stops_the_start(self):
        self.system_conf("deny rediss=0123\n")
        r = lib.loadtop("--headless", "--no-history", "-d", "1s", "null:")
        self.assertEqual(r.code, 2, r)
        self.assertIn("no backend is called 'rediss' (did you mean 'redis'?)", r.err)

    def test_a_unix_socket_is_a_target_too(self):
        self.system_conf("deny *\n")
        with lib.Redis(unix=True) as redis:
            r = lib.loadtop("--headless", "--no-history", "-d", "1s", redis.url)
            self.assertEqual(r.code, 2, r)
            self.assertIn("is denied", r.err)
            run = lib.headless("--no-history", "-d", "2s", "--at", "100ms add %s?name=late" % redis.url, "null:?service=1ms",
                               code=None)
            self.assertEqual(lib.pool(run, "late")["ops"]["offered"], 0)
            self.assertEqual(redis.calls("get", "set"), 0)


class Tells(Remote):
    def system_log(self):
        """A socket where the system's log would be."""
        if os.path.exists("/dev/log"):
            self.skipTest("this machine has a log of its own at /dev/log")
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.bind("/dev/log")
        self.addCleanup(os.unlink, "/dev/log")
        self.addCleanup(log.close)
        return log

    def log_lines(self):
        """What the system's log is sent."""
        log = self.system_log()
        lines = []

        def read():
            try:
                while True:
                    line = log.recv(4096).decode()
                    if " loadtop: " in line:  # tmux has words for it, too
                        lines.append(line)
            except OSError:
                pass
        log.settimeout(60)
        threading.Thread(target=read, daemon=True).start()
        return lines

    def test_the_system_log_says_who_loads_what(self):
        lines = self.log_lines()
        run = lib.headless("--no-history", "-d", "1s", self.url)
        lib.until("two lines", lambda: len(lines) >= 2)
        host = re.sub("[^A-Za-z0-9._-]", "_", socket.gethostname())
        self.assertIn("@%s:%s" % (host, run["run_id"]), lines[0])
        self.assertIn("load begins on %s" % self.url, lines[0])
        self.assertRegex(lines[0], r"kill -TERM \d+ ends it")
        self.assertIn("load ended on %s" % self.url, lines[1])
        lib.headless("--no-history", "-d", "1s", "redis://127.0.0.1:%d" % self.redis.port)
        self.assertEqual(len(lines), 2)  # this machine's own is nobody's surprise
        t = self.start("--yes", "-d", "1s", self.url)  # the end of the load, not of the program
        t.wait_for("ENDED")
        lib.until("its end", lambda: len(lines) == 4)
        self.assertIn("load ended on %s" % self.url, lines[3])

    def test_a_log_that_hangs_holds_up_nothing(self):
        self.system_log()  # that nobody reads
        fill = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        fill.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                fill.sendto(b"x", "/dev/log")
        fill.close()
        run = lib.headless("--no-history", "-n", "1000", self.url)
        self.assertEqual(lib.pool(run)["ops"]["completed"], 1000)
        self.assertTrue(lib.pool(run)["backend_stats"])  # its thread did not stand still

    def test_bytes_are_bounded(self):
        run = lib.headless("--no-history", "-d", "60s", "--max-bytes", "100k", "--clients", "8",
                           self.url + "?ops=set&size=100")
        pool = lib.pool(run)
        self.assertEqual(run["ended_by"], "rule")
        self.assertTrue(any("--max-bytes" in (e["to"] or "") for e in run["events"]), run["events"])
        size = len("loadtop:000000000000") + 100  # a name and its value
        self.assertLessEqual(size * self.redis.calls("set"), 100 * 1024)
        self.assertGreater(size * pool["ops"]["completed"], 95 * 1024)


class Files(Remote):
    def test_a_pipe_in_place_of_a_file_holds_up_nothing(self):
        fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(fifo)
        for url in ("crate://127.0.0.1:1/t?ops=stmt&stmt-file=", "cassandra://127.0.0.1:1/k.t?ops=stmt&stmt-file=",
                    "rediss://127.0.0.1:%d?tls.ca=" % self.redis.port):
            run = lib.headless("--no-history", "-d", "1s", "--at", "100ms add " + url + fifo, "null:?service=1ms",
                               code=None)
            self.assertGreater(lib.pool(run, "null")["ops"]["completed"], 0)  # and it has ended

    def test_a_scenario_writes_and_reads_no_file_of_ours(self):
        precious = self.file("precious.txt", "mine\n")
        for command in ("screenshot %s", "report %s", "baseline %s", "theme %s"):
            scenario = self.file("s.yml", "pools: ['null:?service=1ms']\nat: [\"100ms %s\"]\n" % (command % precious))
            run = lib.headless("--no-history", "-d", "1s", "-f", scenario)
            self.assertTrue(any(e["what"] == "refused" and "command line or the keyboard" in e["to"] for e in run["events"]),
                            run["events"])
            with open(precious) as f:
                self.assertEqual(f.read(), "mine\n")


class Secrets(Remote):
    """A saved run may come from anybody: `clean` sends no password where only the file says."""

    def setUp(self):
        super().setUp()
        self.redis.command("CONFIG", "SET", "requirepass", "hunter2")
        self.run_file = self.file("run.json", json.dumps({
            "loadtop": "0", "schema": 1, "run_id": "1a2b3c4d", "pools": [{
                "name": "redis", "backend": "redis", "target": self.url, "url": self.url,
                "left_behind": [{"kind": "keys", "what": "loadtop:0..1", "prefix": "loadtop:", "first": 0, "last": 1,
                                 "db": 0, "count": 2}]}]}))
        self.env = {"LOADTOP_PASSWORD": "hunter2"}

    def logins(self):
        client = lib.RedisClient(("127.0.0.1", self.redis.port), password="hunter2")
        self.addCleanup(client.close)
        stats = client("INFO", "commandstats")
        self.own = getattr(self, "own", 0) + 1
        found = [line for line in stats.splitlines() if line.startswith("cmdstat_auth:")]
        return int(found[0].split("calls=")[1].split(",")[0]) - self.own if found else 0

    def test_yes_is_not_enough(self):
        for args in ([], ["--yes"]):
            r = lib.loadtop("clean", *args, self.run_file, env=self.env)
            self.assertEqual(r.code, 2, r)
            self.assertIn("--confirm '%s'" % lib.AWAY, r.err)
            self.assertEqual(self.logins(), 0)
        secret = self.file("secret", "hunter2\n")
        r = lib.loadtop("clean", "--yes", "--password-file", secret, self.run_file)
        self.assertEqual(r.code, 2, r)
        self.assertEqual(self.logins(), 0)
        r = lib.loadtop("clean", "--yes", "--confirm", lib.AWAY, self.run_file, env=self.env)
        self.assertNotIn("--confirm", r.err)
        self.assertGreater(self.logins(), 0)

    def test_a_typed_yes_is(self):
        for answer, logins in (("y", 0), ("yes", 1)):
            t = lib.Tmux("sh", "-c", "%s clean %s" % (lib.LOADTOP, self.run_file), cols=120, rows=30, env=self.env)
            self.addCleanup(t.close)
            t.wait_for("Type yes:")
            t.wait_for(lib.AWAY)
            t.type(answer)
            t.send("Enter")
            if logins:
                t.wait_for(re.compile(r"would go|stays|not there|Remove"))
                self.assertGreater(self.logins(), 0)
            else:
                t.status()
                self.assertEqual(self.logins(), 0, t.text())


if __name__ == "__main__":
    lib.own_network()
    lib.main()
