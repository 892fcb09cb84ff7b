"""What a run without a screen writes, and where: JSON, summary and progress, also to outputs that are full, closed or
missing; its leftovers; and the demo.
"""
import json
import os
import re
import shlex
import subprocess
import unittest

import lib

NULL = "null:?service=1ms"


class Written(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)
        self.file = os.path.join(self.dir, "run.json")

    def loadtop(self, *args, **kw):
        kw.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([lib.LOADTOP, "--headless", *args], stderr=subprocess.PIPE, text=True, check=False,
                              env=lib.environment(), timeout=lib.bound(), cwd=self.dir, **kw)

    def test_json_alone_on_stdout(self):
        run = lib.loadtop("--headless", "-n", "50", "--json", "-", NULL)
        self.assertEqual(json.loads(run.out)["pools"][0]["ops"]["completed"], 50)
        self.assertIn("completed 50 ", run.err)  # the summary goes to stderr
        self.assertIn("1 thread x 1 client = 1 client", run.err)
        quiet = lib.loadtop("--headless", "-q", "-n", "50", "--json=-", NULL)
        self.assertEqual(json.loads(quiet.out)["pools"][0]["ops"]["completed"], 50)
        self.assertEqual(quiet.err, "")

    def test_start_says_how_many(self):
        run = lib.loadtop("--headless", "-n", "400", "-t", "4", "--clients", "50", NULL)
        self.assertIn("4 threads x 50 clients = 200 clients", run.err)
        self.assertEqual(lib.loadtop("--headless", "-q", "-n", "4", NULL).err, "")

    def test_the_command_repeats_the_run(self):
        p = self.loadtop("-n", "300", "-t", "2", "--seed", "7", "--at", "10s mark it's $HOME", "--threshold", "p50<10s",
                         "--json", self.file, "null:?errors=0.1&clients=2")
        self.assertEqual(p.returncode, 0, p)
        first = lib.read_json(self.file)
        os.unlink(self.file)
        words = shlex.split(first["command"])
        self.assertEqual(words[0], "loadtop")
        again = subprocess.run([lib.LOADTOP, *words[1:]], capture_output=True, text=True, cwd=self.dir,
                               env=lib.environment(), timeout=lib.bound(), check=False)
        self.assertEqual(again.returncode, 0, again)
        second = lib.read_json(self.file)
        for name in "threads", "clients", "pattern", "depth", "options":
            self.assertEqual(lib.pool(first)[name], lib.pool(second)[name])
        self.assertEqual(second["command"], first["command"])

    def test_stdout_full(self):
        with open("/dev/full", "w") as full:
            run = self.loadtop("-n", "20", "--json", self.file, NULL, stdout=full)
        self.assertEqual(run.returncode, 1)
        self.assertIn("stdout", run.stderr)
        self.assertEqual(lib.read_json(self.file)["pools"][0]["ops"]["completed"], 20)

    def test_stdout_closed(self):
        p = subprocess.run(["sh", "-c", '"$@" >&-', "sh", lib.LOADTOP, "--headless", "-n", "20", "--json", self.file,
                            NULL], stderr=subprocess.PIPE, text=True, env=lib.environment(), timeout=lib.bound(), check=False)
        self.assertEqual(p.returncode, 1, p)
        self.assertEqual(lib.read_json(self.file)["pools"][0]["ops"]["completed"], 20)

    def test_stdout_broken_pipe(self):
        read, write = os.pipe()
        os.close(read)
        run = self.loadtop("-n", "20", "--json", self.file, NULL, stdout=write)
        os.close(write)
        self.assertEqual(run.returncode, 1)
        self.assertTrue(os.path.exists(self.file))

    def test_no_folder(self):
        run = self.loadtop("-n", "20", "--json", os.path.join(self.dir, "none", "run.json"), NULL)
        self.assertEqual(run.returncode, 1)
        self.assertIn("none/run.json", run.stderr)
        self.assertIn("completed 20 ", run.stdout)

    def test_a_device_is_written_and_not_replaced(self):
        run = self.loadtop("-n", "20", "--json", "/dev/full", NULL)
        self.assertEqual(run.returncode, 1)
        self.assertTrue(os.stat("/dev/full").st_rdev)

    def test_full_disk_keeps_the_older_file(self):
        """A file size limit fails in write() as a full disk does; where we may mount, a full tmpfs as well."""
        self.assertEqual(self.loadtop("-n", "20", "--json", self.file, NULL).returncode, 0)
        with open(self.file, "rb") as f:
            before = f.read()
        p = subprocess.run(["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", lib.LOADTOP, "--headless", "-n", "20",
                            "--json", self.file, NULL], capture_output=True, text=True, env=lib.environment(),
                           timeout=lib.bound(), preexec_fn=lambda: lib.signal.signal(lib.signal.SIGXFSZ, lib.signal.SIG_IGN),
                           check=False)
        self.assertEqual(p.returncode, 1, p)
        self.assertIn("run.json", p.stderr)
        self.assertIn("completed 20 ", p.stdout)
        with open(self.file, "rb") as f:
            self.assertEqual(f.read(), before)
        self.assertEqual(os.listdir(self.dir), ["run.json"])

    def test_full_tmpfs(self):
        disk = os.path.join(self.dir, "disk")
        os.mkdir(disk)
        script = ('mount -t tmpfs -o size=64k none "$1" || exit 77; printf old >"$1/run.json"; '
                  'head -c 61440 /dev/zero >"$1/fill"; "$2" --headless -q -n 20 --json "$1/run.json" null:; code=$?; '
                  'cat "$1/run.json"; ls "$1"; exit $code')
        p = subprocess.run(["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", disk, lib.LOADTOP],
                           capture_output=True, text=True, env=lib.environment(), timeout=lib.bound(), check=False)
        if p.returncode == 77 or "unshare" in p.stderr:
            self.skipTest("no tmpfs may be mounted here")
        self.assertEqual(p.returncode, 1, p)
        self.assertIn("No space left", p.stderr)
        self.assertTrue(p.stdout.endswith("oldfill\nrun.json\n"), p.stdout)

    def test_progress_lines_and_redrawn_line(self):
        run = lib.loadtop("--headless", "-d", "10500ms", "null:?service=20ms")
        lines = [l for l in run.err.splitlines() if re.match(r"\d\d:\d\d:\d\d ", l)]
        self.assertEqual(len(lines), 1, run)
        self.assertRegex(lines[0], r"^00:00:(09|1\d)  null .*p99 ")
        with lib.Pty(lib.LOADTOP, "--headless", "-d", "2s", NULL, cols=60) as term:
            self.assertEqual(term.wait(), 0)
            raw = bytes(term.raw)
        self.assertGreater(raw.count(b"\r00:00:0"), 1)
        summary = raw.rpartition(b"\x1b[K")[2].decode()
        self.assertTrue(summary.startswith("loadtop "), summary[:80])  # the line is wiped before it

    def test_clean(self):
        with lib.Redis() as redis:
            redis.command("SET", "mine", "1")
            run = self.loadtop("-n", "500", "--json", self.file, "--ops", "set", redis.url + "?keys=50")
            self.assertEqual(run.returncode, 0, run)
            self.assertEqual(redis.command("DBSIZE"), 52)  # and the run's mark
            left = lib.read_json(self.file)["pools"][0]["left_behind"]
            self.assertTrue(left)
            self.assertIn("left behind", run.stdout)
            asked = lib.loadtop("clean", self.file)  # nobody is there to consent
            self.assertEqual((asked.code, redis.command("DBSIZE")), (1, 52), asked)
            self.assertIn("would go: 50 keys", asked.out)
            done = lib.loadtop("clean", "--yes", self.file)
            self.assertEqual(done.code, 0, done)
            self.assertIn("gone: 50 keys", done.out)
            self.assertEqual(redis.command("DBSIZE"), 1)
            self.assertEqual(redis.command("GET", "mine"), "1")
            again = lib.loadtop("clean", "--yes", self.file)
            self.assertEqual(again.code, 0, again)
        gone = lib.loadtop("clean", "--yes", self.file)
        self.assertEqual(gone.code, 3, gone)


class Demo(unittest.TestCase):
    def test_demo(self):
        lib.need_program("redis-server", "redis-server")
        folder = lib.folder(self, dir="/tmp")
        with lib.Headless("demo", "-d", "4s", env={"XDG_RUNTIME_DIR": folder}) as h:
            run = h.wait()
        names = {p["name"]: p for p in run["pools"]}
        built_in = {b["name"] for b in json.loads(lib.loadtop("backends", "--json").out)["backends"] if b["built_in"]}
        kafka = {"mock-tx", "mock-rx"} if "kafka" in built_in else set()
        self.assertEqual(set(names), {"redis", "knee", "queue"} | kafka)
        for name, p in names.items():
            self.assertGreater(p["ops"]["completed"], 0 if name in kafka else 20)
            self.assertEqual(p["ops"]["errors"], 0)
        for name in kafka:  # never to be taken for a broker
            self.assertIs(names[name]["backend_stats"]["mock"], True)
            self.assertIn("MOCK", names[name]["server"])
            self.assertEqual(names[name]["left_behind"], [])
        self.assertEqual(os.listdir(folder), [])
        self.assertIn("loadtop demo", run["command"])

    def test_nothing_is_left_after_a_crash(self):
        lib.need_program("redis-server", "redis-server")
        folder = lib.folder(self, dir="/tmp")
        with lib.Headless("demo", env={"XDG_RUNTIME_DIR": folder}) as h:
            lib.until("the server's folder", lambda: os.listdir(folder))
            socket = os.path.join(folder, os.listdir(folder)[0], "redis.sock")
            lib.until("the server answers", lambda: os.path.exists(socket))
            lib.until("the load begins", lambda: "queue" in h.text()[1])
            with lib.contextlib.closing(lib.RedisClient(socket)) as c:
                server = int(re.search(r"process_id:(\d+)", c("INFO", "server")).group(1))
            with open("/proc/%d/task/%d/children" % (h.pid, h.pid)) as f:
                children = f.read().split()
            self.assertGreaterEqual(len(children), 1)
            h.signal(lib.signal.SIGKILL)
            h.end()
            lib.until("the folder is gone", lambda: not os.listdir(folder))
            lib.until("the server is gone", lambda: not os.path.exists("/proc/%d" % server))
            lib.until("what it started is gone", lambda: not any(os.path.exists("/proc/" + c) for c in children))

    def test_missing_server_is_named(self):
        run = lib.loadtop("--headless", "demo", "-d", "500ms", env={"PATH": "/nonexistent"})
        self.assertEqual(run.code, 0, run)
        self.assertIn("redis-server is not installed", run.err)
        self.assertIn("knee", run.out)


if __name__ == "__main__":
    lib.main()
