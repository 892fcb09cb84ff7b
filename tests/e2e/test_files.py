"""Paths that are not regular files, or belong to another user: outputs without a reader, inputs without an end, folders
that another user put in the place of ours. The program always ends, by itself or by a signal, and says where the result
went.
"""
import contextlib
import fcntl
import json
import os
import select
import signal
import sqlite3
import subprocess
import tempfile
import unittest

import lib

NULL = "null:?service=1ms"


class Files(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self, dir="/tmp")
        self.outputs = []

    def at(self, name, text=None):
        path = os.path.join(self.dir, name)
        if text is not None:
            lib.write(path, text)
        return path

    def fifo(self, name="fifo"):
        os.mkfifo(self.at(name))
        return self.at(name)

    def start(self, *args, env=None, stdout=None):
        """Its output in files, so that it never waits for this test."""
        p = subprocess.Popen([lib.LOADTOP, *args], stdin=subprocess.DEVNULL, text=True,
                             stdout=self.output() if stdout is None else stdout, stderr=self.output(),
                             env=lib.environment(dict({"XDG_STATE_HOME": self.at("state")}, **(env or {}))))
        p.files = self.outputs[-1 if stdout is not None else -2:]
        self.addCleanup(self.end, p)
        return p

    def output(self):
        self.outputs.append(tempfile.TemporaryFile("w+", dir=self.dir, errors="replace"))
        self.addCleanup(self.outputs[-1].close)
        return self.outputs[-1]

    @staticmethod
    def end(p):
        if p.poll() is None:
            p.kill()
            p.wait()

    @staticmethod
    def texts(p):
        """stdout and stderr so far."""
        return [os.pread(f.fileno(), 1 << 20, 0).decode(errors="replace") for f in p.files]

    def says(self, p, words):
        lib.until("%s says %r" % (p.args, words), lambda: words in "".join(self.texts(p)))

    def ends(self, p, code):
        """Its stdout and stderr, once it has ended with that code (a set: one of these)."""
        try:
            p.wait(lib.bound())
        except subprocess.TimeoutExpired:
            self.fail("%s: does not end: %s" % (p.args, self.texts(p)))
        self.assertIn(p.returncode, code if isinstance(code, set) else {code}, (p.args, self.texts(p)))
        texts = self.texts(p)
        return texts[0], texts[-1]

    @staticmethod
    def by_signal(number):
        return {128 + number, -number}


class Outputs(Files):
    def test_a_pipe_that_nobody_reads(self):
        """It is waited for, says so, and is told; a signal ends that; the run is kept all the same."""
        given_up = self.start("--headless", "-n", "50", "--json", self.fifo("a"), NULL)
        plain = self.start("--headless", "-n", "50", "--no-history", "--json", self.fifo("b"), NULL)
        signals = {n: self.start("--headless", "-n", "50", "--json", self.fifo("s%d" % n), NULL)
                   for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)}
        report = self.start("report", self.run_file(), "-o", self.fifo("r.md"))
        self.says(plain, "nobody reads this pipe yet")
        late = os.open(self.at("b"), os.O_RDONLY | os.O_NONBLOCK)  # it waits for no writer: that may have given up
        self.addCleanup(os.close, late)
        self.ends(plain, 0)
        self.assertEqual(json.loads(os.read(late, 1 << 20))["pools"][0]["ops"]["completed"], 50)
        for number, p in signals.items():
            self.says(p, "nobody reads this pipe yet")
            p.send_signal(number)
            out, err = self.ends(p, 128 + number)
            self.assertIn("offered 50 = completed 50", out)
            self.assertIn("a signal ended the wait", err)
            self.assertRegex(err, "history show [0-9a-f]{8} -o")
        self.says(report, "nobody reads this pipe yet")
        report.terminate()
        self.ends(report, self.by_signal(signal.SIGTERM))
        out, err = self.ends(given_up, 1)
        self.assertIn("offered 50 = completed 50", out)
        self.assertIn("nobody reads this pipe within 10 s", err)
        shown = err.split("loadtop history show ")[1].split()[0]
        saved = self.start("history", "show", shown, "-o", self.at("kept.json"))
        self.ends(saved, 0)
        self.assertEqual(lib.read_json(self.at("kept.json"))["pools"][0]["ops"]["completed"], 50)

    def run_file(self, name="run.json"):
        if not os.path.exists(self.at(name)):
            self.assertEqual(lib.loadtop("--headless", "-q", "-n", "50", "--no-history", "--json", self.at(name),
                                         NULL).code, 0)
        return self.at(name)

    def test_a_reader_that_stops(self):
        """It has read a byte, and then no more: of a named pipe, of stdout with the JSON, and with the summary."""
        for words in (["--json", self.fifo()], ["--json", "-"], ["--json", self.at("a.json")]):
            fifo = words[-1] == self.at("fifo")
            read, write = (os.open(words[-1], os.O_RDWR), None) if fifo else os.pipe()
            fcntl.fcntl(read, fcntl.F_SETPIPE_SZ, 4096)
            if words[-1] == self.at("a.json"):
                os.write(write, b"x" * 4096)
            p = self.start("--headless", "-n", "50", *words, NULL, stdout=subprocess.DEVNULL if fifo else write)
            if words[-1] == self.at("a.json"):
                lib.until("the run has ended", lambda: os.path.exists(self.at("a.json")))
            else:
                self.assertTrue(select.select([read], [], [], lib.bound())[0])
                os.read(read, 1)
            p.terminate()
            self.ends(p, 128 + signal.SIGTERM)
            os.close(read)
            if write is not None:
                os.close(write)

    def test_a_terminal_that_is_nearly_full(self):
        """Nobody reads it, and there is room for a part of the summary only."""
        master, terminal = os.openpty()
        filler = os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        for fd in master, terminal, filler:
            self.addCleanup(os.close, fd)
        while select.select([], [filler], [], 0.5)[1]:  # the kernel moves what was written on, and has room again
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(filler, b"x" * 100)
        os.read(master, 1000)
        pools = [NULL] * 12  # a summary that is longer than any room of a terminal that was full
        for ended in False, True:
            words = ["-n", "50", "--json", self.at("run.json")] if ended else ["-d", "60s"]
            p = self.start("--headless", *words, *pools, stdout=terminal)
            if ended:
                lib.until("the run has ended", lambda: os.path.exists(self.at("run.json")))
            else:
                self.says(p, "client")
            p.terminate()
            self.ends(p, 128 + signal.SIGTERM)
            self.assertFalse(fcntl.fcntl(terminal, fcntl.F_GETFL) & os.O_NONBLOCK)
            os.read(master, 100)

    def test_a_run_stands_still_for_no_pipe(self):
        """`report FIFO` while it goes on, and the screen's captures."""
        run = lib.headless("-d", "1500ms", "--at", "200ms report " + self.fifo("r.html"), "--no-history", NULL, code=1)
        self.assertIn("nobody reads this pipe", run["_err"])
        t = lib.Tmux(lib.LOADTOP, "--no-history", "-d", "1s", "--json", self.fifo("end"), NULL, cols=120, rows=40)
        self.addCleanup(t.close)
        t.wait_for("ENDED")
        for command in ("screenshot " + self.fifo("shot.txt"), "report " + self.at("r.html")):
            t.send(":")
            t.type(command)
            t.send("Enter")
            t.wait_for("nobody reads this pipe")
            t.send("m")
            t.wait_for("a note for this moment")
            t.send("Escape")
            t.wait_gone("a note for this moment")
        t.send(":")
        t.type("baseline " + self.at("r.html"))
        t.send("Enter")
        t.wait_for("not a plain file")
        t.send("q")
        with open(self.at("end")) as f:  # written once, and now
            self.assertEqual(json.load(f)["ended_by"], "duration")
        self.assertEqual(t.status(), 0, t.text(history=200))

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_devices(self):
        r = lib.loadtop("--headless", "-n", "50", "--no-history", "--json", "/dev/full", NULL)
        self.assertEqual(r.code, 1, r)
        self.assertIn("No space left", r.err)
        self.assertIn("offered 50 = completed 50", r.out)
        # A file that the shell opened keeps what was in it.
        for place in "/dev/stdout", "/dev/fd/1":
            with open(self.at("log", "before\n"), "a") as f:
                p = self.start("--headless", "-n", "50", "--no-history", "--json", place, NULL, stdout=f)
            self.assertEqual(p.wait(lib.bound()), 0)
            with open(self.at("log")) as f:
                text = f.read()
            self.assertTrue(text.startswith("before\n{"), text[:40])
            self.assertEqual(json.JSONDecoder().raw_decode(text, 7)[0]["ended_by"], "count")
            self.assertIn("offered 50 = completed 50", text)


class Inputs(Files):
    def verbs(self, name):
        return (["report", name, "-o", self.at("x.md")], ["compare", name, name], ["clean", name],
                ["fit", name])

    def test_what_never_ends_or_is_no_file(self):
        with open(self.at("sparse"), "wb") as f:
            f.truncate(1 << 30)
        os.mkfifo(self.at("alone"))
        for name, why in (("/dev/zero", "not a plain file or a pipe"), (self.dir, "a folder"),
                          (self.at("sparse"), "")):
            for words in self.verbs(name):
                if why or words[0] == "report":
                    _, err = self.ends(self.start(*words), {1, 2})
                    self.assertIn(why or name, err)
        waiting = [self.start(*words) for words in self.verbs(self.at("alone"))]
        for p in waiting:
            lib.until("it waits for a writer", lambda p=p: lib.has_open(p.pid, self.at("alone")))
            p.terminate()
            self.ends(p, self.by_signal(signal.SIGTERM))

    def test_a_run_through_a_pipe(self):
        run = self.at("run.json")
        lib.loadtop("--headless", "-q", "-n", "50", "--no-history", "--json", run, NULL)
        script = '"$L" report <(sleep 0.2; gzip -c "$R" | zcat) -o "$O" && "$L" compare <(cat "$R") "$R"'
        p = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=lib.bound(), check=False,
                           env=dict(lib.environment(), L=lib.LOADTOP, R=run, O=self.at("x.md")))
        self.assertEqual(p.returncode, 0, p)
        with open(self.at("x.md")) as f:
            self.assertIn("50", f.read())


class Others(Files):
    """What another user (or anybody who may write there) puts in the place of what is ours."""

    def test_the_demo_leaves_what_is_not_its_own(self):
        lib.need_program("redis-server", "redis-server")
        shared = self.at("shared")
        os.mkdir(shared)
        os.chmod(shared, 0o777)
        victim = self.at("victim")
        for kind in ("folder", "link"):
            p = self.start("demo", "--headless", "--no-history", env={"XDG_RUNTIME_DIR": shared})
            self.says(p, "queue: ")
            name, = os.listdir(shared)
            place, moved = os.path.join(shared, name), self.at("moved-" + kind)
            self.assertEqual(os.listdir(place), ["redis.sock"])
            os.rename(place, moved)
            target = place if kind == "folder" else victim
            os.mkdir(target)
            for one in ("precious", "redis.sock", "dump.rdb"):
                lib.write(os.path.join(target, one), "mine\n")
            if kind == "link":
                os.symlink(victim, place)
            elif os.geteuid() == 0:
                os.chown(place, 65534, 65534)
            p.terminate()
            self.ends(p, 128 + signal.SIGTERM)
            lib.until("its own folder is empty", lambda moved=moved: not os.listdir(moved))
            self.assertEqual(sorted(os.listdir(place)), ["dump.rdb", "precious", "redis.sock"], kind)
            os.rename(place, self.at("seen-" + kind))

    @unittest.skipUnless(os.geteuid() == 0, "only root can play another user")
    def test_a_state_folder_of_another_user(self):
        """Neither written to nor believed, and the run goes on."""
        state = self.at("state")
        os.makedirs(os.path.join(state, "loadtop", "running"), 0o777)
        os.chmod(os.path.join(state, "loadtop"), 0o777)
        precious = self.at("precious", "mine\n")
        os.symlink(precious, os.path.join(state, "loadtop", "history.db"))
        said = ["every user may write to it"]
        out, err = self.ends(self.start("--headless", "-n", "50", NULL), 0)
        self.assertIn(said[0], err)
        for place in ("loadtop", "loadtop/running"):
            os.chown(os.path.join(state, place), 65534, 65534)
            os.chmod(os.path.join(state, place), 0o755)
        out, err = self.ends(self.start("--headless", "-n", "50", NULL), 0)
        self.assertIn("belongs to another user", err)
        self.assertIn("offered 50 = completed 50", out)
        _, err = self.ends(self.start("history", "list"), {1, 2})
        self.assertIn("belongs to another user", err)
        self.assertEqual(sorted(os.listdir(os.path.join(state, "loadtop"))), ["history.db", "running"])
        with open(precious) as f:
            self.assertEqual(f.read(), "mine\n")

    def test_no_folder_is_made_in_anothers_home(self):
        home = self.at("home")
        os.mkdir(home)
        missing = self.at("missing")
        for where in (home, missing) if os.geteuid() == 0 else (missing,):
            if where == home:
                os.chown(home, 65534, 65534)
            _, err = self.ends(self.start("--headless", "-n", "50", NULL,
                                          env={"HOME": where, "XDG_STATE_HOME": ""}), 0)
            self.assertEqual(err.count("is not a folder of this user"), 1, err)
        self.assertEqual(os.listdir(home), [])
        self.assertFalse(os.path.exists(missing))
        # A folder of that name further up may be anybody's.
        state = os.path.join(self.at("loadtop"), "state")
        os.makedirs(state)
        if os.geteuid() == 0:
            os.chown(self.at("loadtop"), 65534, 65534)
        self.ends(self.start("--headless", "-n", "50", NULL, env={"XDG_STATE_HOME": state}), 0)
        self.assertEqual(sorted(os.listdir(os.path.join(state, "loadtop"))), ["history.db", "running"])

    def test_what_lies_in_the_journals_folder(self):
        running = os.path.join(self.at("state"), "loadtop", "running")
        os.makedirs(running, 0o700)
        os.mkfifo(os.path.join(running, "a.run"))
        os.mkfifo(os.path.join(running, "b.new"))
        os.mkdir(os.path.join(running, "c.run"))
        os.symlink("/dev/zero", os.path.join(running, "d.run"))
        with open(os.path.join(running, "e.run"), "wb") as f:
            f.truncate(1 << 33)
        out, _ = self.ends(self.start("history", "list"), 0)
        self.assertIn("no run has been kept", out)
        self.assertEqual(sorted(os.listdir(running)), ["a.run", "b.new", "c.run", "d.run", "e.run"])

    def test_a_history_that_is_locked(self):
        """The wait for it is bounded, and a signal ends it; the run is taken into it later."""
        self.ends(self.start("--headless", "-q", "-n", "50", NULL), 0)
        database = os.path.join(self.at("state"), "loadtop", "history.db")
        self.assertEqual(os.stat(database).st_mode & 0o777, 0o600)
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as db:
            db.execute("BEGIN EXCLUSIVE")
            by_itself = self.start("--headless", "-q", "-d", "1200ms", "--json", self.at("a.json"), NULL)
            ended = self.start("--headless", "-q", "-d", "1200ms", "--json", self.at("b.json"), NULL)
            lib.until("its JSON", lambda: os.path.exists(self.at("b.json")))
            ended.terminate()
            _, err = self.ends(ended, 128 + signal.SIGTERM)
            self.assertIn("locked", err)
            _, err = self.ends(by_itself, 0)
            self.assertIn("locked", err)
        out, _ = self.ends(self.start("history", "list"), 0)
        self.assertEqual(out.count("null:"), 3, out)


if __name__ == "__main__":
    lib.main()
