"""Passwords and tokens: removed from the process list before anything slow happens; absent from every message, line,
file, history and core; accepted up to 8,192 bytes, without truncation, by every backend. Runs in a network namespace
with a DNS server that never answers.

ctest: long
"""
import base64
import contextlib
import http.server
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import threading

import lib

SECRET = "HUSH-hunter2"
LONG = "HUSH%/?#@: " + "x" * 4085  # 4,096 bytes, some of which a URL must escape
ESCAPED = "".join("%%%02X" % b for b in LONG.encode())  # 12,288


def popen(*args, env=None, **more):
    return subprocess.Popen([lib.LOADTOP, *map(str, args)], env=lib.environment(env), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=lib._die_with_parent, **more)


class Base(lib.FolderTest):
    def listener(self, kind=socket.SOCK_STREAM, port=0):
        s = socket.socket(socket.AF_INET, kind)
        self.addCleanup(s.close)
        s.bind(("127.0.0.1", port))
        s.settimeout(lib.bound())
        if kind == socket.SOCK_STREAM:
            s.listen(16)
        return s

    def end(self, p):
        p.kill()
        out = p.communicate()[0].decode(errors="replace")
        self.assertNotIn("HUSH", out)

    def hidden(self, p, *where):
        for name in where or ("cmdline", "environ"):
            self.assertNotIn(b"HUSH", lib.proc_file(p.pid, name), name)


class ListOfProcesses(Base):
    def test_before_a_name_is_resolved(self):
        dns = self.listener(socket.SOCK_DGRAM, 53)
        lib.write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
        lib.write("/etc/nsswitch.conf", "hosts: files dns\n")
        run_file = self.file("run.json", json.dumps({
            "loadtop": "0", "schema": 1, "run_id": "1a2b3c4d", "pools": [{
                "name": "c", "backend": "crate", "target": "crate://slow.example", "url": "crate://slow.example:4200/t",
                "left_behind": [{"kind": "table", "what": "doc.loadtop", "count": 1}]}]}))
        slow = "slow.example"
        for args in (["--headless", "redis://u:%s@%s" % (SECRET, slow)],
                     ["--headless", "--token", SECRET, "crate://%s/t" % slow],
                     ["--headless", "crate://%s/t?%%74oken=%s" % (slow, SECRET)],
                     ["--headless", "kafka://%s/t?kafka.sasl%%2Epassword=%s" % (slow, SECRET)],
                     ["--headless", "redis://" + slow, "--at", "1s add redis://u:%s@h" % SECRET,
                      "--at=2s add redis://u:%s@h" % SECRET],
                     ["--headless", "redis://" + slow, "--confirm", "redis://a:%s@h redis://b:%s@h" % (SECRET, SECRET)],
                     ["clean", "--token", SECRET, run_file], ["clean", "--token=" + SECRET, run_file]):
            with self.subTest(args=args):
                while lib.select.select([dns], [], [], 0)[0]:
                    dns.recv(2000)  # of the one before
                p = popen(*args, env={"LOADTOP_PASSWORD": SECRET})
                try:
                    dns.recvfrom(2000)  # it has only just begun to look the name up
                    self.hidden(p)
                finally:
                    self.end(p)

    def test_while_a_server_does_not_answer(self):
        server = self.listener()
        port = server.getsockname()[1]
        run_file = self.file("run.json", json.dumps({
            "loadtop": "0", "schema": 1, "run_id": "1a2b3c4d", "pools": [{
                "name": "c", "backend": "crate", "target": "crate://127.0.0.1", "url": "crate://127.0.0.1:%d/t" % port,
                "left_behind": [{"kind": "table", "what": "doc.loadtop", "count": 1}]}]}))
        p = popen("clean", "--token", SECRET, run_file)
        try:
            with contextlib.closing(server.accept()[0]):
                self.hidden(p)
        finally:
            self.end(p)

    def test_of_the_demos_servers(self):
        lib.need_program("redis-server", "redis-server")
        with lib.Tmux(lib.LOADTOP, "demo", "--no-history", "--kafka.sasl.password", SECRET, env={"LOADTOP_PASSWORD": SECRET},
                      cols=100, rows=30) as t:
            t.wait_for("LOAD ON")
            own = t.pid()
            todo, seen = [own], 0
            while todo:
                pid = todo.pop()
                with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                    todo += map(int, f.read().split())
                for name in "cmdline", "environ", "comm":
                    self.assertNotIn(b"HUSH", lib.proc_file(pid, name), (pid, name))
                seen += 1
            self.assertGreaterEqual(seen, 3)

    def test_no_core(self):
        def dumps(*args):
            p = popen("--headless", "-d", "60s", *args, "null:?service=1ms", cwd=self.dir, env={"ASAN_OPTIONS": "0"})
            resource.prlimit(p.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            lib.until("load", lambda: len(os.listdir("/proc/%d/task" % p.pid)) > 2)
            os.kill(p.pid, signal.SIGSEGV)
            _, status = os.waitpid(p.pid, 0)
            p.stdout.close()
            p.returncode = 0
            return os.WCOREDUMP(status)
        if lib.SANITIZED or not dumps():
            self.skipTest("no core is written here, of a process without secrets either")
        self.assertFalse(dumps("--at", "50s add redis://u:%s@127.0.0.1" % SECRET))


class Messages(Base):
    def check(self, *args, words="", env=None):
        r = lib.loadtop(*args, env=env)
        self.assertNotEqual(r.code, 0, r)
        self.assertNotIn("HUSH", r.out + r.err)
        self.assertIn(words, r.err)

    def test_refusals(self):
        slash, question = "write / as %2F", "write ? as %3F"
        cases = (
                           ("redis://app:7/HUSH@h", slash), ("redis://app:7/HUSH@h/0", slash),
                           ("redis://app:7?HUSH@h", question), ("redis://app:7?HUSH=1@h", question),
                           ("redis://app:7/1?HUSH@h", slash), ("redis://app:HUSH/HUSH@h", slash),
                           ("redis://app:HUSH?HUSH@h", question), ("redis://:7/HUSH@h", slash),
                           ("redis://:HUSH/HUSH@h", slash), ("redis+unix://:7/HUSH@/run/x", slash),
                           ("kafka://u:7/HUSH@h/t", slash), ("kafka://u:HUSH/w@h,g/t", slash),
                           ("crates://u:7?HUSH@h", question), ("cassandra://u:7/HUSH@h/ks", slash),
                           ("null://u:7/HUSH@h", slash), ("nosuch://u:7/HUSH@h", slash),
                           ("redis://u:HUSH", "a port is a number"), ("redis://u:%HUSH@h", "write % as %25"),
                           ("redis://u:HUSH@h:x", "a port is"), ("redis:/u:HUSH@h", ""), ("u:HUSH@h", ""),
                           ("redis://u:HUSH@h?nosuch=1", "unknown option"), ("redis://h?nosuch%2Dpassword=HUSH", ""))
        for i, (url, words) in enumerate(cases):
            with self.subTest(url=url):
                self.check("--headless", "-d", "1s", url, words=words)
                if i < 5:
                    self.check("-f", self.file("s.yaml", "pools:\n  - target: '%s'\n    threads: 0\n" % url))
                self.check("--headless", "-d", "1s", "null:", "--at", "1h add " + url, words=words)

    def test_other_words(self):
        url = "redis://u:HUSH@h"
        for args in (["--token", "HUSH", "redis://127.0.0.1:1"], ["--kafka.sasl.password=HUSH", "null:"],
                     ["demo", url], ["help", "keys", url], ["help", url], ["-d", url], ["--ops", url, "null:"],
                     ["--json", url, "null:", "-t", "0"], ["--threshold", url], ["--sweep", url, "null:"],
                     ["--at", url, "null:"], ["--at", "1s " + url, "null:"], ["--at", "1s pause " + url, "null:"],
                     ["--at", "1s %s pause" % url, "null:"], ["--name", url, "null:"], ["--rate", url, "null:"],
                     ["--max-rate", url, "null:"], ["--goal", url, "null:"], ["--theme", url], ["--" + url],
                     ["report", url], ["compare", url, url], ["fit", url], ["backends", url], ["clean", url],
                     ["history", "show", url], ["themes", url], ["-f", url], ["--password-file", url, "redis://h"],
                     ["--at", "1s set kafka.sasl.password HUSH", "null:"], ["--confirm", url, "nosuch:"],
                     ["--headless", *["null:"] * 65, url], ["--out", url, "nosuch:"], ["--pattern", url],
                     ["--at", "1s set token HUSH", "--threshold", "p99<x", "null:"]):
            with self.subTest(args=args):
                self.check("--headless", *args) if args[0].startswith("-") else self.check(*args)

    def test_what_is_kept_of_a_run(self):
        """Commands of every kind that were typed with a secret, one that a server sends back, and all that is written of
        them."""
        server = self.listener()

        def echo():
            with contextlib.suppress(OSError):
                while True:
                    c = server.accept()[0]
                    c.recv(65536)
                    c.sendall(b"-WRONGPASS not %s\r\n" % SECRET.encode() * 3)
                    c.close()
        threading.Thread(target=echo, daemon=True).start()
        port = server.getsockname()[1]
        env = {"XDG_STATE_HOME": self.dir}
        run_json = os.path.join(self.dir, "run.json")
        r = lib.loadtop("--headless", "--json", run_json, "-d", "1500ms", "null:?service=1ms",
                        "--at", "100ms add redis://u:%s@127.0.0.1:%d?name=echo" % (SECRET, port),
                        "--at", "150ms add kafka://127.0.0.1:%d/t?kafka.sasl%%2Epassword=%s" % (port, SECRET),
                        "--at", "200ms add crate://127.0.0.1:%d/t?token=%s" % (port, SECRET),
                        "--at", "400ms mark redis://u:%s@h" % SECRET,
                        # of the two only one is below the ceiling of all connections elsewhere
                        "--at", "600ms add redis://u:%s@192.0.2.1?connections=600&name=a" % SECRET,
                        "--at", "800ms add redis://u:%s@192.0.2.1?connections=600&name=b" % SECRET, env=env)
        self.assertNotIn("HUSH", r.out + r.err)
        run = lib.read_json(run_json)
        self.assertIn("***", run["command"])
        self.assertIn("refused", [e["what"] for e in run["events"]])
        self.assertTrue([e for e in run["events"] if "WRONGPASS not ***" in str(e)] or "not ***" in json.dumps(run), run)
        for ext in "html", "md", "txt", "svg":
            lib.loadtop("report", run_json, "-o", os.path.join(self.dir, "report." + ext))
        names = [os.path.join(d, f) for d, _, files in os.walk(self.dir) for f in files]
        self.assertGreater(len(names), 5)
        for name in names:
            with open(name, "rb") as f:
                self.assertNotIn(b"HUSH", f.read(), name)


class OrdinaryWords(Base):
    """A password that is a word of loadtop's, or a name of the person's, is no hole in them."""

    def run_of(self, *args):
        r = lib.loadtop("--headless", "--no-history", "-d", "2s", "--json", "-", *args)
        self.assertEqual(r.code, 0, r)
        self.assertNotIn("***", r.err)
        return json.loads(r.out), r.err

    def test_words_and_names(self):
        port = lib.free_port()
        run, err = self.run_of("--at", "1ms add cassandra://cassandra:cassandra@127.0.0.1:%d?name=connection" % port,
                               "--at", "2ms add redis://refused:connection@127.0.0.1:%d?name=loadtop" % port,
                               "--at", "3ms add redis://:loadtop@127.0.0.1:%d?name=clients" % port,
                               "--at", "4ms add redis://:clients@127.0.0.1:%d?name=refused" % port,
                               "--at", "50ms refused clients 3",
                               "--at", "100ms mark see http://wiki:8080/x and bob@corp", "null:?service=1ms")
        self.assertIn("loadtop: null: 1 thread", err)
        self.assertEqual([p["name"] for p in run["pools"]], ["null", "connection", "loadtop", "clients", "refused"])
        self.assertIn("http://wiki:8080/x and bob@corp", run["command"])
        events = run["events"]
        self.assertNotIn("***", json.dumps(events))
        self.assertEqual([(e["pool"], e["to"]) for e in events if e["what"] == "clients"], [("refused", "3")])
        down = {e["pool"]: e["to"] for e in events if e["what"] == "down"}
        self.assertIn("cassandra://cassandra@127.0.0.1", down["connection"])
        for pool in "loadtop", "refused":
            self.assertIn("connection refused (is the server running?)", down[pool])


class Prompt(Base):
    def test_history_keeps_no_secret(self):
        with lib.Redis(password=SECRET) as redis, lib.Pty(lib.LOADTOP, "--no-history", "null:?service=1ms", cols=120) as t:
            t.wait_for("LOAD ON")
            t.send(":")
            t.send("add " + redis.url)
            t.wait_for("add redis://:" + "*" * len(SECRET) + "@")
            t.send("\r")
            t.wait_for("LOAD ON 2/2")
            lib.until("load", lambda: redis.calls("get", "set") > 0)
            t.send(":")
            t.send("\x1b[A")
            t.wait_for("add redis://:***@127")
            t.send("\r")
            t.wait_for("the secret was not kept")
            t.send("\x15add redis://u:7/%s@h\r" % SECRET)
            t.wait_for("write / as %2F")
            t.send("\x15%s redis://u:%s@h\r" % ("pause", SECRET))
            t.wait_for("is not expected here")
            t.send("\x1b")
            t.wait_gone("is not expected here")
            t.send(":set token %s\r" % SECRET)
            t.wait_for("set token ***")
            t.send("\x1b")
            t.wait_gone("set token ***")
            t.send("5")  # the events
            t.wait_for("add")
            t.send(":quit\r")
            t.wait()
            self.assertNotIn(b"HUSH", bytes(t.raw))


class Web(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent in place of a password."""
    seen = []

    def do_GET(self):
        self.seen.append(self.headers.get("Authorization"))
        self.send_error(401)
    do_POST = do_GET

    def log_message(self, *args):
        pass


class Echo(Base):
    """What a server says with the secret in it is shown with stars, in the words that are ours."""

    def told(self, url, words):
        run = os.path.join(self.dir, "run.json")
        r = lib.loadtop("--headless", "--no-history", "-n", "1", "--json", run, url)
        with open(run) as f:
            kept = f.read()
        self.assertNotEqual(r.code, 0, r)
        self.assertNotIn("HUSH", r.out + r.err + kept)
        self.assertIn(words, r.err)

    def serve(self, talk):
        server = self.listener()

        def work():
            with contextlib.suppress(OSError, struct.error):
                while True:
                    with server.accept()[0] as c, c.makefile("rb") as f, contextlib.suppress(OSError, struct.error):
                        talk(c, f)
        threading.Thread(target=work, daemon=True).start()
        return server.getsockname()[1]

    def test_redis(self):
        def talk(c, f):
            while c.recv(65536):
                c.sendall(b"-WRONGPASS not %s, is it\r\n" % SECRET.encode())
        self.told("redis://u:%s@127.0.0.1:%d" % (SECRET, self.serve(talk)), "AUTH: WRONGPASS not ***, is it")

    def test_crate(self):
        def talk(c, f):
            c.recv(65536)
            c.sendall(b"HTTP/1.1 401 no\r\nContent-Length: 18\r\n\r\nnot " + SECRET.encode() + b"!!")
        self.told("crate://127.0.0.1:%d/t?token=%s" % (self.serve(talk), SECRET), "not ***!!")

    def test_cassandra(self):
        error = b"not " + SECRET.encode()
        answers = {5: (6, b"\0\0"), 1: (3, struct.pack(">H", 4) + b"Auth"),
                   15: (0, struct.pack(">iH", 0x100, len(error)) + error)}

        def talk(c, f):
            while True:
                version, _, stream, opcode, size = struct.unpack(">BBHBI", f.read(9))
                f.read(size)
                what, answer = answers[opcode]
                c.sendall(struct.pack(">BBHBI", version | 128, 0, stream, what, len(answer)) + answer)
        self.told("cassandra://u:%s@127.0.0.1:%d/ks" % (SECRET, self.serve(talk)), "not ***")

    def test_kafka(self):
        apis = struct.pack(">I12h", 4, 3, 0, 1, 17, 0, 1, 18, 0, 0, 36, 0, 0)
        error = b"not " + SECRET.encode()
        answers = {(18, 3): b"\0\x23" + apis, (18, 0): b"\0\0" + apis, (17, 1): b"\0\0\0\0\0\1\0\5PLAIN",
                   (36, 0): struct.pack(">hh", 58, len(error)) + error + b"\0\0\0\0"}

        def talk(c, f):
            while True:
                body = f.read(struct.unpack(">I", f.read(4))[0])
                answer = body[4:8] + answers[struct.unpack(">hh", body[:4])]
                c.sendall(struct.pack(">I", len(answer)) + answer)
        self.told("kafka://u:%s@127.0.0.1:%d/t?kafka.sasl.mechanism=PLAIN" % (SECRET, self.serve(talk)), "not ***")


class Long(Base):
    """4,096 bytes arrive whole at every backend by every way; what is too long is refused, not cut."""

    def runs(self, redis, *args, env=None):
        run = lib.headless("--no-history", "-n", "5", *args, env=env)
        self.assertEqual(sum(p["ops"]["completed"] for p in run["pools"]), 5 * len(run["pools"]), run)
        self.assertNotIn("HUSH", json.dumps(run))

    def test_redis(self):
        with lib.Redis() as redis:
            redis.command("ACL", "SETUSER", "app", "on", "~*", "+@all", ">" + LONG)
            redis.command("ACL", "SETUSER", "default", "off")
            redis.password = None
            bare = "redis://app@127.0.0.1:%d" % redis.port
            full = "redis://app:%s@127.0.0.1:%d" % (ESCAPED, redis.port)
            self.runs(redis, full)
            self.runs(redis, bare, env={"LOADTOP_PASSWORD": LONG})
            self.runs(redis, "--password-file", self.file("pw", LONG + "\r\nmore"), bare)
            self.runs(redis, "-f", self.file("s.yaml", "pools:\n  - target: '%s'\n" % full))
            self.runs(redis, "--at", "1ms add %s?count=5" % full, "null:?service=10ms")
            fifo = os.path.join(self.dir, "fifo")
            os.mkfifo(fifo)
            with lib.Headless("--no-history", "-n", "5", "--password-file", fifo, bare) as h:
                with open(fifo, "w") as f:  # in pieces, as a program prints it
                    f.write(LONG[:1000])
                    f.flush()
                    f.write(LONG[1000:] + "\n")
                    f.flush()
                    self.assertEqual(lib.pool(h.wait())["ops"]["completed"], 5)
            with lib.Headless("--no-history", "-n", "5", "--password-file", fifo, bare) as h:
                lib.until("it waits", lambda: lib.has_open(h.pid, fifo))
                h.signal(signal.SIGTERM)
                self.assertIn(h.end().code, (-signal.SIGTERM, 128 + signal.SIGTERM))
            with lib.Pty(lib.LOADTOP, "--headless", "--no-history", "-n", "5", "--ask-password", bare) as t:
                t.wait_for("Password:")
                lib.until("the echo is off", lambda: not t.attributes()[3] & lib.termios.ECHO)
                for i in range(0, len(LONG), 1024):
                    t.send(LONG[i:i + 1024])
                t.send("\r")
                self.assertEqual(t.wait(), 0, t.text())
            with lib.Tmux(lib.LOADTOP, "--no-history", "null:?service=1ms", cols=100, rows=30) as t:
                t.wait_for("LOAD ON")
                t.send(":")
                t.paste("add " + full)
                t.wait_for("@127.0.0.1")
                t.send("Enter")
                t.wait_for("LOAD ON 2/2")

    def test_crate(self):
        web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)
        token = LONG.replace(" ", "+")
        at = "127.0.0.1:%d/t" % web.server_port
        basic = "Basic " + base64.b64encode(("u:" + LONG).encode()).decode()
        for args, wanted in ((["--token", token, "crate://" + at], "Bearer " + token),
                             (["crate://%s?token=%s" % (at, ESCAPED.replace("%20", "%2B"))], "Bearer " + token),
                             (["crate://u:%s@%s" % (ESCAPED, at)], basic)):
            Web.seen = []
            r = lib.loadtop("--headless", "--no-history", "-n", "1", *args)
            self.assertNotIn("HUSH", r.out + r.err)
            self.assertTrue(Web.seen, r)
            self.assertEqual(set(Web.seen), {wanted})

    def test_cassandra(self):
        server = self.listener()
        answers = {5: (6, b"\0\0"), 1: (3, struct.pack(">H", 4) + b"Auth")}  # SUPPORTED, AUTHENTICATE
        p = popen("--headless", "--no-history", "-n", "1", "cassandra://u:%s@127.0.0.1:%d/ks" % (
            ESCAPED, server.getsockname()[1]))
        try:
            with server.accept()[0] as c, c.makefile("rb") as f:
                while True:
                    version, _, stream, opcode, size = struct.unpack(">BBHBI", f.read(9))
                    body = f.read(size)
                    if opcode == 15:  # AUTH_RESPONSE
                        break
                    what, answer = answers[opcode]
                    c.sendall(struct.pack(">BBHBI", version | 128, 0, stream, what, len(answer)) + answer)
                self.assertEqual(body[4:], b"\0u\0" + LONG.encode())
        finally:
            self.end(p)

    def test_kafka(self):
        apis = struct.pack(">I9h", 3, 3, 0, 1, 17, 0, 0, 18, 0, 0)  # Metadata, SaslHandshake, ApiVersions
        answers = {(18, 3): b"\0\x23" + apis, (18, 0): b"\0\0" + apis, (17, 0): b"\0\0\0\0\0\1\0\5PLAIN"}
        for url in ("kafka://u:{0}@127.0.0.1:{1}/t?kafka.sasl.mechanism=PLAIN",
                    "kafka://u@127.0.0.1:{1}/t?kafka.sasl.mechanism=PLAIN&kafka.sasl.password={0}"):
            server = self.listener()
            p = popen("--headless", "--no-history", "-n", "1", url.format(ESCAPED, server.getsockname()[1]))
            try:
                with server.accept()[0] as c, c.makefile("rb") as f:
                    while True:
                        body = f.read(struct.unpack(">I", f.read(4))[0])
                        if body[:2] == b"\0u":
                            break
                        answer = body[4:8] + answers[struct.unpack(">hh", body[:4])]
                        c.sendall(struct.pack(">I", len(answer)) + answer)
                    self.assertEqual(body, b"\0u\0" + LONG.encode())
            finally:
                self.end(p)

    def test_what_is_longer_is_refused(self):
        longer = "HUSH" + "y" * 8189
        for args, env, words in (
                (["redis://u:%s@h" % longer], {}, "longer than 8192 bytes"),
                (["redis://h"], {"LOADTOP_PASSWORD": longer}, "LOADTOP_PASSWORD: longer than 8192 bytes"),
                (["--password-file", self.file("pw", longer), "redis://127.0.0.1:1"], {},
                 "pw: its first line is longer than 8192 bytes"),
                (["--password-file", self.file("nul", "a\0b\n"), "redis://127.0.0.1:1"], {}, "a NUL byte"),
                (["--password-file", self.file("empty", "\n"), "redis://127.0.0.1:1"], {}, "is empty"),
                (["--password-file", self.dir, "redis://127.0.0.1:1"], {}, "a folder"),
                (["--token", longer, "crate://127.0.0.1:1/t"], {}, "--token: longer than 8192 bytes"),
                (["--at", "1s add crate://h?token=" + longer, "null:"], {}, ""),
                (["kafka://127.0.0.1:1/t?kafka.sasl.oauthbearer.config=" + longer], {}, "longer than 8192 bytes")):
            with self.subTest(words=words):
                r = lib.loadtop("--headless", "--no-history", "-d", "100ms", *args, env=env)
                self.assertNotIn("HUSH", r.out + r.err)
                self.assertIn(words, r.err)
        with lib.Pty(lib.LOADTOP, "--headless", "-n", "5", "--ask-password", "redis://127.0.0.1:1") as t:
            t.wait_for("Password:")
            lib.until("the echo is off", lambda: not t.attributes()[3] & lib.termios.ECHO)
            for i in range(0, len(longer), 1024):
                t.send(longer[i:i + 1024])
            t.send("\r")
            t.wait_for("--ask-password: longer than 8192 bytes")


if __name__ == "__main__":
    lib.own_network()
    lib.main()
