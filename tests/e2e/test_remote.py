"""Targets that are not on this machine: nothing is loaded before consent, the administrator's file cannot be
overridden, ceilings hold, the load carries its sender's name, and a target named by a saved run gets no password by
itself. Runs in a network namespace in which 198.51.100.0/24 belongs to another machine and a private Redis answers
there.

ctest: long
"""
import contextlib
import json
import os
import re
import shutil
import socket
import threading

import lib

NULL = "null:?service=1ms"
SYSTEM_CONF = "/etc/loadtop/targets.conf"  # of the private copy of /etc


class Remote(lib.FolderTest):
    def setUp(self):
        super().setUp()
        self.redis = lib.Redis("--bind", "0.0.0.0", "--protected-mode", "no")
        self.addCleanup(self.redis.close)
        self.url = "redis://%s:%d" % (lib.AWAY, self.redis.port)

    def system_conf(self, text):
        lib.write(SYSTEM_CONF, text)
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
        self.addCleanup(lib.write, "/etc/hosts", before)
        lib.write("/etc/hosts", "%s %s\n%s" % (address, name, before))


class OrderlyEnd(Remote):
    def test_that_it_is_elsewhere_is_no_error(self):
        """Only what a protection did is: what loadtop merely notes of the target is not."""
        self.hosts("localhost", "198.51.100.9")
        run = lib.headless("--at", "500ms stop", "redis://localhost:%d" % self.redis.port, code=0)
        self.assertEqual(run["ended_by"], "user")
        self.assertIn("remote", {e["what"] for e in run["events"]})


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


class Listener:
    """Takes connections at every address of this machine, answers nothing and closes them: which addresses were
    connected to."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET6)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(("::", 0))
        self.socket.listen(500)
        self.port = self.socket.getsockname()[1]
        self.seen = set()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                c, _ = self.socket.accept()
                self.seen.add(c.getsockname()[0].replace("::ffff:", ""))
                c.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


SCHEMES = {"redis": "", "crate": "/t", "cassandra": "/k.t", "kafka": "/t"}

# Ways to write 127.0.0.1 or ::1; `%d` is the port. (Without a name server, the last few lead nowhere.)
DENIED = ["127.0.0.1:%d", "127.1:%d", "127.0.1:%d", "2130706433:%d", "0x7f000001:%d", "0x7F.1:%d", "0177.0.0.1:%d",
          "127.000.000.001:%d", "localhost:%d", "LocalHost:%d", "alias.example:%d", "ALIAS.Example:%d",
          "[::ffff:127.0.0.1]:%d", "[::ffff:7f00:1]:%d", "[0:0:0:0:0:FFFF:7F00:0001]:%d", "0.0.0.0:%d", "0:%d",
          "[::]:%d", "[::1]:%d", "[0:0::0:1]:%d", "[::1%%251]:%d", "alias6.example:%d", "%%6cocalhost:%d",
          "%%31%%32%%37.0.0.1:%d", "127%%2e0%%2E0%%2e1:%d", "u@127.0.0.1:%d", "u:p@127.1:%d"]
SEVERAL = ["198.51.100.9:%d,127.1:%d", "alias6.example:%d,198.51.100.9:%d"]
NOWHERE = ["127.0.0.1.:%d", "localhost.:%d", "x.localhost:%d", "[::1%%25lo]:%d"]
NO_HOST = ["\uff11\uff12\uff17.0.0.1:%d", "127\u30020\u30020\u30021:%d", "\u24dbocalhost:%d", "::1:%d"]


class Spellings(Remote):
    """However a denied address is written, nothing connects to it."""

    def setUp(self):
        super().setUp()
        self.listener = Listener()
        self.addCleanup(self.listener.close)
        self.hosts("alias.example", "127.0.0.1")
        self.hosts("alias6.example", "::1")
        self.system_conf("deny 127.0.0.1\ndeny ::1\n")

    def target(self, scheme, host):
        return "%s://%s%s" % (scheme, host.replace("%d", str(self.listener.port)).replace("%%", "%"), SCHEMES[scheme])

    def test_at_the_start(self):
        for host in DENIED:
            for scheme in SCHEMES if host == DENIED[0] else ["redis"]:
                r = lib.loadtop("--headless", "--no-history", "--yes", "-n", "1", self.target(scheme, host))
                self.assertEqual(r.code, 2, (host, r))
                self.assertIn("is denied (%s:" % SYSTEM_CONF, r.err, host)
        for host in SEVERAL:
            for scheme in "kafka", "cassandra", "crate":
                r = lib.loadtop("--headless", "--no-history", "--yes", "-n", "1", self.target(scheme, host))
                self.assertEqual(r.code, 2, (host, r))
                self.assertIn("is denied", r.err, host)
        self.assertEqual(self.listener.seen, set())

    def test_while_it_runs(self):
        for schemes in (["redis", "crate"], ["cassandra", "kafka"]):
            ats = [w for scheme in schemes for host in DENIED + NOWHERE
                   for w in ("--at", "100ms add " + self.target(scheme, host))][:2 * 62]
            run = lib.headless("--no-history", "--yes", "-d", "2s", *ats, NULL, code=None)
            for p in run["pools"][1:]:
                self.assertEqual(p["ops"]["offered"], 0, p["target"])
            self.assertGreater(len(run["pools"]), 50)
        for host in NO_HOST:
            r = lib.loadtop("--headless", "--no-history", "-n", "1", "--at", "1h add " + self.target("redis", host), NULL)
            self.assertEqual(r.code, 2, (host, r))
        self.assertEqual(self.listener.seen, set())

    def test_a_socket_by_other_names(self):
        os.unlink(SYSTEM_CONF)
        self.file("x", "")
        lib.write(SYSTEM_CONF, "deny *\n")
        with lib.Redis(unix=True) as redis:
            link = os.path.join(self.dir, "link.sock")
            os.symlink(redis.path, link)
            folder, name = os.path.split(redis.path)
            for path in (link, folder + "//" + name, folder + "/../" + os.path.basename(folder) + "/" + name,
                         "/" + redis.path, "/proc/self/root" + redis.path):
                r = lib.loadtop("--headless", "--no-history", "-n", "1", "redis+unix://" + path)
                self.assertEqual(r.code, 2, r)
                self.assertIn("is denied", r.err)
            self.assertEqual(redis.calls("get", "set"), 0)


class Names(threading.Thread):
    """A name server on this machine. fN.ANYTHING is at 198.51.100.7 for the first N questions, and then at
    198.51.100.66."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.asked = {}
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                question, whence = self.socket.recvfrom(2048)
                self.socket.sendto(self.answer(question), whence)

    def answer(self, question):
        end = question.index(b"\0", 12) + 5
        name = re.sub(rb"[\0-\x1f]", b".", question[13:end - 5]).lower()
        head = question[:2] + b"\x85\x80\0\1"
        if question[end - 4:end - 2] != b"\0\1":  # nothing but A
            return head + b"\0\0\0\0\0\0" + question[12:end]
        n = self.asked[name] = self.asked.get(name, 0) + 1
        last = 7 if n <= int(name[1:2]) else 66
        return (head + b"\0\1\0\0\0\0" + question[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" +
                bytes((198, 51, 100, last)))


class Rebinding(Remote):
    def test_a_name_that_changes_its_mind(self):
        """Between the check and the connect, and before each further connect."""
        for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
                           ("nsswitch.conf", "hosts: files dns\n")):
            path = "/etc/" + name
            before = os.path.join(self.dir, name)  # it may be a link that leads out of the private /etc
            if os.path.lexists(path):
                os.rename(path, path + ".before")
                self.addCleanup(os.rename, path + ".before", path)
            lib.write(before, text)
            shutil.copyfile(before, path)
        names, listener = Names(), Listener()
        self.addCleanup(names.socket.close)
        self.addCleanup(listener.close)
        self.system_conf("deny 198.51.100.66\n")
        ats = []
        for scheme, tail in SCHEMES.items():
            for n in range(1, 5):
                ats += ["--at", "100ms add %s://f%d.%s:%d%s?name=%s-%d&timeout=500ms" % (
                    scheme, n, scheme, listener.port, tail, scheme, n)]
        run = lib.headless("--no-history", "--yes", "-d", "5s", *ats, NULL, code=None)
        self.assertEqual(len(run["pools"]), 17, run["_err"])
        self.assertEqual(listener.seen, {"198.51.100.7"})
        for scheme in SCHEMES:
            flipped = [n for n in range(1, 5) if names.asked.get(b"f%d.%s" % (n, scheme.encode()), 0) > n]
            self.assertTrue(flipped, (scheme, names.asked))


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
                    # tmux has words for it, too, and so may have a program of another test that ends late.
                    if " loadtop: " in line and (self.url in line or "127.0.0.1" in line):
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
        self.assertEqual(len(lines), 2)  # the load on this machine is not logged
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
        self.assertIn("--max-bytes", pool["state_why"])
        size = len("loadtop:000000000000") + 100  # a name and its value
        self.assertLessEqual(size * self.redis.calls("set"), 100 * 1024)
        self.assertGreater(size * pool["ops"]["completed"], 95 * 1024)


class Files(Remote):
    def test_a_pipe_in_place_of_a_file_holds_up_nothing(self):
        fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(fifo)
        crate = "100ms add crate://127.0.0.1:1/t?ops=stmt&stmt-file=" + fifo
        r = lib.loadtop("--headless", "--no-history", "-d", "1s", "--at", crate, NULL)  # read when it is checked
        self.assertEqual(r.code, 2, r)
        self.assertIn("not a plain file", r.err)
        with contextlib.ExitStack() as stack:
            runs = [stack.enter_context(lib.Headless("--no-history", "-d", "1s", "--at", "100ms add " + url + fifo, NULL))
                    for url in ("cassandra://127.0.0.1:1/k.t?ops=stmt&stmt-file=",
                                "rediss://127.0.0.1:%d?tls.ca=" % self.redis.port)]
            for run in runs:
                self.assertGreater(lib.pool(run.wait(code=None), "null")["ops"]["completed"], 0)  # and it has ended

    def test_a_scenario_writes_and_reads_no_file_of_ours(self):
        precious = self.file("precious.txt", "mine\n")
        for command in ("screenshot %s", "report %s", "baseline %s", "theme %s"):
            scenario = self.file("s.yml", "pools: ['null:?service=1ms']\nat: [\"100ms %s\"]\n" % (command % precious))
            run = lib.headless("--no-history", "-d", "300ms", "-f", scenario)
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
