"""The command line as a user sees it: wrong input gives one line and exit code 2, verbs that are not built in say so,
help and `backends` print what the tables contain, and no password is shown anywhere."""
import json
import os
import unittest

import lib


class Refused(unittest.TestCase):
    def refused(self, *args, parts=(), code=2, env=None):
        run = lib.loadtop(*args, env=env)
        self.assertEqual(run.code, code, run)
        self.assertEqual(run.out, "", run)
        self.assertEqual(run.err.count("\n"), 1, run)
        self.assertTrue(run.err.startswith("loadtop: "), run)
        for part in parts:
            self.assertIn(part, run.err)
        return run

    def test_wrong_usage_is_one_line_and_exit_2(self):
        for args, parts in [
                (["--thread", "4", "null:"], ["--thread", "did you mean --threads"]),
                (["--headless"], ["TARGET"]),
                (["--headless", "-t", "0", "null:"], ["--threads 0", "1 to 4096"]),
                (["--headless", "-d", "5", "null:"], ["--duration 5", "unit"]),
                (["--headless", "--pattern", "quene", "null:"], ["quene", "'queue'"]),
                (["--headless", "null:?srevice=1ms"], ["srevice", "service"]),
                (["--headless", "--at", "1s puase", "null:"], ["--at", "puase", "pause"]),
                (["--headless", "--threshold", "p99<5", "null:"], ["--threshold", "unit"]),
                (["--headless", "--threshold", "nul:p99<5ms", "null:"], ["nul", "null"]),
                (["--headless", "-t", "9", "--max-threads", "8", "null:"], ["9", "8"]),
                (["--headless", "--keys", "x\ny", "null:"], ["--keys"]),
                (["--repeat", "3", "null:"], ["--repeat", "--headless"]),
                (["--headless", "redsi://localhost"], ["redsi", "redis"]),
                (["dmeo"], ["dmeo", "demo"]),
                (["help", "key"], ["key", "keys"]),
                (["backends", "nul"], ["nul", "null"]),
                (["backends", "--jsn"], ["--jsn", "--json"]),
                (["demo", "null:"], ["null:"]),
                (["clean"], ["RUN.json"]),
                (["--headless", ""], ["''"])]:
            with self.subTest(args=args):
                self.refused(*args, parts=parts)

    def test_sweep_is_refused_in_words_while_it_is_not_built(self):
        run = lib.loadtop("--headless", "-q", "-d", "1s", "--sweep", "threads=1,2", "null:")
        if "not built" in run.err:
            self.assertEqual((run.code, run.out), (2, ""), run)
        else:
            self.assertEqual(run.code, 0, run)

    def test_verbs_that_are_missing_say_so(self):
        for verb in "fit", "report", "compare", "history":
            run = lib.loadtop(verb, "/nonexistent")
            self.assertNotEqual(run.code, 0, run)
            if "not built" in run.err:
                self.assertEqual(run.code, 1, run)
                self.assertIn("'%s'" % verb, run.err)

    def test_targets_conf(self):
        folder = lib.folder(self)
        conf = os.path.join(folder, "targets.conf")

        def rules(text):
            lib.write(conf, text)
            return {"LOADTOP_TARGETS_CONF": conf}
        target = "redis://127.0.0.1:%d" % lib.free_port()
        self.refused("--headless", "-d", "1s", target, env=rules("deny 127.0.0.0/8\n"), parts=["127.0.0.1", "deny"])
        self.refused("--headless", "-d", "1s", "--confirm", "127.0.0.1", target,
                     env=rules("deny 127.0.0.0/8\n"), parts=["deny"])
        self.refused("--headless", "-d", "1s", target, env=rules("protect 127.0.0.1\n"),
                     parts=["protect", "--confirm '127.0.0.1'"])
        # A name means its host, whichever way that is addressed; one without an address is told.
        for where in ("127.0.0.1", "localhost", "[::1]", "2130706433"):
            self.refused("--headless", "-d", "1s", target.replace("127.0.0.1", where), env=rules("deny localhost\n"),
                         parts=["deny localhost"])
        self.refused("--headless", "-d", "1s", target, env=rules("portect 127.0.0.1\n"), parts=[conf])
        with lib.Redis() as redis:
            run = lib.headless("-n", "10", "--confirm", "127.0.0.1", redis.url, env=rules("protect 127.0.0.1\n"))
            self.assertEqual(lib.pool(run)["ops"]["completed"], 10)
            run = lib.headless("-n", "10", redis.url, env=rules("deny nowhere.invalid\n"))
            self.assertRegex(run["_err"], r"targets.conf:1: deny nowhere.invalid: no address is known")


class Prints(unittest.TestCase):
    def test_version_and_help(self):
        self.assertRegex(lib.loadtop("-V").out, r"^loadtop \d+\.\d+\.\d+\n$")
        usage = lib.loadtop("--help")
        self.assertEqual((usage.code, usage.err), (0, ""))
        self.assertEqual(usage.out, lib.loadtop("help").out)
        for word in "--threads", "--allow-destructive", "--password-file", "loadtop demo":
            self.assertIn(word, usage.out)
        for topic, word in [("commands", "pause all"), ("keys", "undo"),
                            ("patterns", "unthrottled"), ("backends", "redis"),
                            ("counting", "offered = completed + errors"), ("protection", "deny    10.20.0.0/16"),
                            ("fit", "concurrency level"), ("exit-codes", "99")]:
            run = lib.loadtop("help", topic)
            self.assertEqual(run.code, 0, run)
            self.assertIn(word, run.out)

    def test_backends(self):
        run = lib.loadtop("backends", "null")
        self.assertIn("kappa", run.out)
        self.assertNotIn("rediss", run.out)
        listed = json.loads(lib.loadtop("backends", "--json").out)
        names = {b["name"]: b for b in listed["backends"]}
        self.assertIn("null", names)
        self.assertIn("redis", names)
        service = next(o for o in names["null"]["options"] if o["name"] == "service")
        self.assertEqual((service["type"], service["default"], service["live"]), ("duration", "1ms", True))
        self.assertEqual([o["name"] for o in names["null"]["ops"]], ["op"])
        threads = next(o for o in listed["pool_options"] if o["name"] == "threads")
        self.assertEqual((threads["min"], threads["max"], threads["default"]), (1, 4096, "1"))
        for b in names.values():
            self.assertEqual(b["built_in"], b["unavailable"] is None)
        tls = {b["name"]: [o["name"] for o in b["options"] if o["name"].startswith(("tls", "ca"))]
               for b in listed["backends"] if b["built_in"] and b["name"] != "null"}
        self.assertTrue(tls)
        for name, options in tls.items():  # in every backend the same, and no former name
            self.assertEqual(options, ["tls.ca", "tls.cert", "tls.key", "tls.verify"], name)
        if "crate" in tls:
            run = lib.loadtop("backends", "crate")
            self.assertRegex(run.out, r"tls\.ca .*, formerly ca\n")
            self.assertRegex(run.out, r"tls\.verify .*, formerly tls-verify\n")
        only = json.loads(lib.loadtop("backends", "null", "--json").out)
        self.assertEqual([b["name"] for b in only["backends"]], ["null"])

    def test_output_that_nobody_can_read(self):
        with open("/dev/full", "w") as full:
            for args in (["-V"], ["help"], ["backends"]):
                p = lib.subprocess.run([lib.LOADTOP, *args], stdout=full, stderr=lib.subprocess.PIPE, text=True,
                                       env=lib.environment(), timeout=lib.bound(), check=False)
                self.assertEqual(p.returncode, 1)
                self.assertIn("stdout", p.stderr)


class Passwords(unittest.TestCase):
    SECRET = "s3cret-hunter2"

    def setUp(self):
        self.redis = lib.Redis(password=self.SECRET)
        self.addCleanup(self.redis.close)
        self.bare = "redis://127.0.0.1:%d" % self.redis.port
        self.folder = lib.folder(self)

    def check(self, run):
        self.assertEqual(lib.pool(run)["ops"]["completed"], 20)
        text = json.dumps({k: v for k, v in run.items() if not k.startswith("_")})
        for shown in text, run["_out"], run["_err"]:
            self.assertNotIn(self.SECRET, shown)

    def test_url(self):
        self.check(lib.headless("-n", "20", self.redis.url))

    def test_environment(self):
        self.check(lib.headless("-n", "20", self.bare, env={"LOADTOP_PASSWORD": self.SECRET}))

    def test_file(self):
        name = os.path.join(self.folder, "password")
        lib.write(name, self.SECRET + "\nsecond line\n")
        self.check(lib.headless("-n", "20", "--password-file", name, self.bare))
        run = lib.loadtop("--headless", "-n", "20", "--password-file", name + "x", self.bare)
        self.assertEqual(run.code, 1, run)
        self.assertIn("--password-file", run.err)

    def test_prompt_without_echo(self):
        with lib.Pty(lib.LOADTOP, "--headless", "-q", "-n", "20", "--ask-password", "--json",
                     os.path.join(self.folder, "run.json"), self.bare) as term:
            term.wait_for("Password:")
            lib.until("the echo is off", lambda: not term.attributes()[3] & lib.termios.ECHO)
            term.send(self.SECRET + "x\x7f\r")
            self.assertEqual(term.wait(), 0, term.text())
            self.assertNotIn(self.SECRET.encode(), bytes(term.raw))
            self.assertEqual(term.attributes(), term.before)
        self.assertEqual(lib.pool(lib.read_json(os.path.join(self.folder, "run.json")))["ops"]["completed"], 20)

    def test_an_answer_of_the_terminal_is_no_part_of_a_password(self):
        """It may come late, to a question that another program asked; Ctrl-U begins the line again, without it."""
        for typed, code in ("hun\x1b]11;rgb:0/0/0\x07ter2\r", 2), ("\x1b[?62;c\x15" + self.SECRET + "\r", 0):
            with self.subTest(typed=typed):
                with lib.Pty(lib.LOADTOP, "--headless", "-n", "20", "--ask-password", self.bare) as term:
                    term.wait_for("Password:")
                    lib.until("the echo is off", lambda t=term: not t.attributes()[3] & lib.termios.ECHO)
                    term.send(typed)
                    self.assertEqual(term.wait(), code, term.text())
                    if code:
                        self.assertIn("control characters", term.text())

    def test_prompt_broken_off_gives_the_terminal_back(self):
        with lib.Pty(lib.LOADTOP, "--headless", "-n", "20", "--ask-password", self.bare) as term:
            term.wait_for("Password:")
            lib.until("the echo is off", lambda: not term.attributes()[3] & lib.termios.ECHO)
            term.send("abc\x03")
            self.assertEqual(term.wait(), 1, term.text())
            self.assertEqual(term.attributes(), term.before)

    def test_not_in_the_list_of_processes(self):
        with lib.Headless("-d", "20s", self.redis.url) as run:
            lib.until("load", lambda: self.redis.calls("get", "set") > 0)
            with open("/proc/%d/cmdline" % run.pid) as f:
                self.assertNotIn(self.SECRET, f.read())
            run.signal(lib.signal.SIGTERM)
            run.end()

    def test_wrong_password_is_not_echoed(self):
        run = lib.loadtop("--headless", "-n", "20", "-d", "1s", "redis://:wr0ng-hunter3@127.0.0.1:%d"
                          % self.redis.port)
        self.assertNotEqual(run.code, 0, run)
        self.assertNotIn("hunter3", run.out + run.err)


if __name__ == "__main__":
    lib.main()
