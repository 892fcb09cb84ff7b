"""Signals in each state of the program: it ends within a generous time limit, with 128 + the signal (or by the signal,
if nothing has begun yet), writes its JSON if a run had begun, and restores the terminal. Runs in a network namespace,
for a name server that never answers and hosts that accept no connection. (How fast it ends: test_signals.py.)
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import termios
import unittest

import lib

ALL = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
NULL = "null:?service=1ms"


class Silent:
    """Takes connections and says nothing; `full`: not even that, its backlog is full."""

    def __init__(self, full=False):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0 if full else 64)
        self.port = self.socket.getsockname()[1]
        self.fill = []
        for _ in range(3 if full else 0):
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(("127.0.0.1", self.port))
            self.fill.append(c)
            # The first is taken in and fills it; the others knock.
            lib.until("the backlog is full", lambda: lib.select.select([], self.fill[:1], [], 0)[1])
        self.full = full
        self.socket.setblocking(False)

    def tried(self):
        """Has somebody come (or knocked in vain)?"""
        if self.full:
            with open("/proc/net/tcp") as f:
                fields = [line.split() for line in f]
            # By where they come from: a line may be there twice while sockets come and go.
            knocking = {x[1] for x in fields if x[2] == "0100007F:%04X" % self.port and x[3] == "02"}
            return len(knocking) > len(self.fill) - 1
        with contextlib.suppress(BlockingIOError):
            self.fill.append(self.socket.accept()[0])
        return bool(self.fill)

    def close(self):
        for s in [self.socket, *self.fill]:
            s.close()


class States(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)
        self.processes, self.waits = [], []
        self.addCleanup(self.end_all)

    def end_all(self):
        for _, p, _, _, _ in self.processes:
            if p.poll() is None:
                p.kill()
                p.wait()

    def silent(self, full=False):
        s = Silent(full)
        self.addCleanup(s.close)
        return s

    def start(self, state, args, ready, number, begun=True, env=None):
        """ready(stderr so far, base of its files): is it in that state? begun: there is to be a JSON."""
        base = os.path.join(self.dir, str(len(self.processes)))
        log = open(base + ".err", "w+b")
        self.addCleanup(log.close)
        p = subprocess.Popen([lib.LOADTOP, *[a.replace("JSON", base + ".json").replace("MARK", base + ".txt")
                                             for a in args]],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                             env=lib.environment(env), start_new_session=True)
        self.processes.append((state, p, number, base, begun))

        def is_ready():
            err = os.pread(log.fileno(), 1 << 16, 0).decode(errors="replace")
            return ready(err, base) or p.poll() is not None
        self.waits.append((state, p, number, is_ready))
        self.signal_those_that_are_ready()

    def signal_those_that_are_ready(self):
        """At once, for the state may not last: a target that is not reached is given up after 10 s. True: all have had
        their signal."""
        for wait in list(self.waits):
            state, p, number, is_ready = wait
            if is_ready():
                self.assertIsNone(p.poll(), "%s: it has ended by itself" % state)
                p.send_signal(number)
                self.waits.remove(wait)
        return not self.waits

    def judge(self):
        """How each of them ended."""
        lib.until("all are in their state", self.signal_those_that_are_ready)
        for state, p, number, base, begun in self.processes:
            try:
                p.wait(lib.bound())
            except subprocess.TimeoutExpired:
                self.fail("%s: goes on after signal %d" % (state, number))
            with open(base + ".err") as f:
                err = f.read()
            self.assertIn(p.returncode, (128 + number, -number), (state, err))
            if begun:
                self.assertEqual(p.returncode, 128 + number, state)
                self.assertEqual(lib.read_json(base + ".json")["ended_by"], "signal", state)

    def both(self, i, state, make, **more):
        """With TERM, and with one of the others in turn, each with words and servers of its own: make() -> args, ready,
        and what else start() takes."""
        for number in (ALL[0], ALL[1 + i % 3]):
            args, ready, *own = make()
            self.start(state, args, ready, number, **more, **dict(*own))

    def test_with_a_run(self):
        run = ["--headless", "-q", "--no-history", "--json", "JSON"]
        marked = ["--at", "300ms report MARK"]

        def mark(_, base):
            return os.path.exists(base + ".txt")
        states = {
            "load": [*run, *marked, NULL],
            "warm-up": [*run, *marked, "--warmup", "60s", NULL],
            "paused": [*run, *marked, "--at", "100ms pause", "-d", "60s", NULL],
            "ramp": [*run, *marked, "--at", "100ms threads 20 over 60s", NULL],
            "sweep": [*run, *marked, "--sweep", "threads=1..4 hold=10s", NULL],
            "draining": [*run, "--at", "100ms report MARK", "-d", "200ms", "null:?service=60s&timeout=100s"],
            "stopped target": [*run, *marked, "null:?stall=100ms+60s"],
            "repeats": [*run, *marked, "--repeat", "9", "-d", "5s", NULL]}
        for i, (state, args) in enumerate(states.items()):
            self.both(i, state, lambda args=args: (args, mark))
        targets = (("redis", ""), ("crate", "/t"), ("cassandra", "/k.t"), ("kafka", "/t"), ("rediss", "?tls.verify=no"),
                   ("crates", "/t"), ("redis", "?db=1"))
        for i, (scheme, tail) in enumerate(targets):
            for full in (False, True):
                def target(scheme=scheme, tail=tail, full=full):
                    s = self.silent(full)
                    user = "u:secret@" if scheme in ("cassandra", "redis") else ""
                    return ([*run, "%s://%s127.0.0.1:%d%s" % (scheme, user, s.port, tail)],
                            lambda _err, _base: s.tried())
                self.both(i + full, "%s, %s" % (scheme, "no SYN is answered" if full else "nothing is answered"), target)
        self.judge()

    def test_before_a_run_and_without_one(self):
        """A name that is looked up, a demo that starts, `clean` that waits, a run that is read."""
        for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:2\n"),
                           ("nsswitch.conf", "hosts: files dns\n")):
            path = os.path.join("/etc", name)
            if os.path.lexists(path):  # it may be a link that leads out of the private /etc
                os.rename(path, path + ".before")
                self.addCleanup(os.rename, path + ".before", path)
            lib.write(os.path.join(self.dir, name), text)
            shutil.copyfile(os.path.join(self.dir, name), path)
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(names.close)
        names.bind(("127.0.0.1", 53))
        names.setblocking(False)
        asked = set()

        def looked_up(name):
            with contextlib.suppress(BlockingIOError):
                while True:
                    asked.add(names.recv(512)[13:18])
            return name in asked
        slow = os.path.join(self.dir, "bin")
        os.mkdir(slow)
        lib.write(os.path.join(slow, "redis-server"), "#!/bin/sh\nexec sleep 60\n")
        os.chmod(os.path.join(slow, "redis-server"), 0o755)
        runtimes = []
        number = iter(range(1000, 2000))

        def name():
            n = "a%d" % next(number)
            return ["--headless", "redis://%s.example" % n], lambda *_: looked_up(n.encode())

        def question():
            s = self.silent()
            url = "redis://127.0.0.1:%d" % s.port
            run_file = os.path.join(self.dir, "run-%d.json" % s.port)
            with open(run_file, "w") as f:
                json.dump({"loadtop": "0", "schema": 1, "run_id": "1a2b3c4d", "pools": [{
                    "name": "redis", "backend": "redis", "target": url, "url": url,
                    "left_behind": [{"kind": "keys", "what": "loadtop:0..1", "prefix": "loadtop:", "first": 0, "last": 1,
                                     "db": 0, "count": 2}]}]}, f)
            return ["clean", run_file], lambda *_: s.tried()

        def reading():
            fifo = os.path.join(self.dir, "fifo-%d" % next(number))
            os.mkfifo(fifo)
            keep = os.open(fifo, os.O_RDWR)
            self.addCleanup(os.close, keep)
            os.write(keep, b"[" * 100)
            return ["report", fifo, "-o", "x.md"], lambda *_: not self.waiting(keep)

        def demo():  # each has a folder of its own: another's comes and goes at any time
            runtime = os.path.join(self.dir, "r%d" % len(runtimes))
            os.mkdir(runtime)
            runtimes.append(runtime)
            env = {"PATH": slow + ":" + os.environ["PATH"], "XDG_RUNTIME_DIR": runtime}
            return ["--headless", "demo"], lambda *_: os.listdir(runtime), {"env": env}
        for i, (state, make) in enumerate([
                ("name", name), ("its question", question), ("reading", reading), ("demo", demo)]):
            self.both(i, state, make, begun=False)
        self.judge()
        lib.until("the demos' folders are gone", lambda: not any(map(os.listdir, runtimes)))

    @staticmethod
    def waiting(fd):
        return bool(lib.select.select([fd], [], [], 0)[0])


class Terminal(unittest.TestCase):
    """The terminal is as it was, whatever stood on it."""

    def ends(self, number, words, ready, *args, begun=True):
        t = lib.Pty(lib.LOADTOP, *args, cols=100, rows=30)
        self.addCleanup(t.close)
        t.wait_for(ready)
        for keys, shown in words:
            t.send(keys)
            t.wait_for(shown)
        t.signal(number)
        self.assertIn(t.wait(), (128 + number,) if begun else (128 + number, -number), t.text())
        self.assertEqual(t.attributes()[:4], t.before[:4], (number, args))

    def test_the_screen(self):
        number = iter(ALL * 2)
        run = ["--no-history", "--locked", NULL]
        for words in ([], [(":", ":")], [("?", "help")], [("q", "?")]):
            self.ends(next(number), words, "LOAD ON 1/1", *run)
        with lib.Redis("--bind", "0.0.0.0", "--protected-mode", "no") as redis:
            self.ends(signal.SIGTERM, [], "start load?", "--no-history", "redis://%s:%d" % (lib.AWAY, redis.port))

    def test_a_password_is_asked_for(self):
        for number in ALL:
            self.ends(number, [("hidden", "Password")], "Password", "--headless", "--ask-password", "--no-history",
                      "redis://127.0.0.1:1", begun=False)

    def test_a_password_is_asked_for_on_a_terminal_that_stands_still(self):
        """Ctrl-S before the prompt and after it: output waits forever, and a signal ends that."""
        for number, before in ((signal.SIGTERM, True), (signal.SIGINT, False)):
            t = lib.Pty("sh", "-c", 'read -r go; exec "$0" "$@"', lib.LOADTOP, "--headless", "--ask-password",
                        "--no-history", "redis://127.0.0.1:1")
            self.addCleanup(t.close)
            if before:
                termios.tcflow(t.slave, termios.TCOOFF)
            t.send("\r")
            lib.until("the echo is off", lambda t=t: not t.attributes()[3] & termios.ECHO)
            if not before:
                t.wait_for("Password")
                termios.tcflow(t.slave, termios.TCOOFF)
            t.signal(number)
            self.assertEqual(t.wait(), -number)
            self.assertEqual(t.attributes()[:4], t.before[:4])

    def test_a_password_is_typed(self):
        t = lib.Pty(lib.LOADTOP, "--headless", "--ask-password", "--no-history", "redis://127.0.0.1:1")
        self.addCleanup(t.close)
        t.wait_for("Password")
        self.assertFalse(t.attributes()[3] & termios.ECHO)
        t.signal(signal.SIGTSTP)  # it would be stopped with a terminal that echoes nothing
        t.send("hunter2\r")
        lib.until("the terminal echoes again", lambda: t.attributes()[3] & termios.ECHO)
        t.signal(signal.SIGCONT)
        t.signal(signal.SIGTERM)
        self.assertIn(t.wait(), (128 + signal.SIGTERM, -signal.SIGTERM))
        self.assertNotIn("hunter2", t.text())


class Stopped(unittest.TestCase):
    def test_stopped_and_continued(self):
        """A headless run that was stopped goes on, and a TERM that came meanwhile is followed then."""
        with lib.Headless("-d", "1s", NULL) as a, lib.Headless(NULL) as b:
            for h in a, b:
                lib.until("its load", lambda h=h: " client" in h.text()[1])
                h.signal(signal.SIGSTOP)  # TSTP stops nobody whom no shell could continue
                lib.until("it stands", lambda h=h: self.state(h.pid) == "T")
            b.signal(signal.SIGTERM)
            for h in a, b:
                h.signal(signal.SIGCONT)
            self.assertEqual(a.wait()["ended_by"], "duration")
            self.assertEqual(b.wait(code=128 + signal.SIGTERM)["ended_by"], "signal")

    @staticmethod
    def state(pid):
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0]


if __name__ == "__main__":
    lib.own_network()
    lib.main()
