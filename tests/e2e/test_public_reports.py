"""What public bug reports of load generators, clients and terminal tools describe, tried here: tests/public_reports.md has each
report with its outcome. Here are those that need no server but a false one, and that no other test guards."""
import csv
import io
import json
import os
import re
import resource
import subprocess
import sys
import unittest

import lib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))
from redis_fake import Fake

NULL = "null:?service=1ms"


def strict(text):
    """JSON as its standard has it: no NaN, no Infinity."""
    def refuse(word):
        raise AssertionError("%s in the JSON" % word)
    return json.loads(text, parse_constant=refuse)


class Figures(lib.FolderTest):
    def report(self, run, name, *args, env=None):
        path, saved = os.path.join(self.dir, name), os.path.join(self.dir, "run.json")
        lib.write_json(saved, run)
        r = lib.loadtop("report", saved, "-o", path, *args, env=env)
        if r.code:
            return r
        with open(path) as f:
            return f.read()

    def test_the_mean_is_the_same_everywhere(self):
        """redis/memtier_benchmark PR#364: a mean that is cut to whole milliseconds; PR#10: a latency that is none."""
        run = lib.headless("-d", "2s", "--clients", "3", "null:?service=300us")
        pool = lib.pool(run)
        mean = pool["latency"]["service"]["mean_us"]
        self.assertGreaterEqual(mean, 300)
        # the law: clients = throughput x mean, and each client starts the next at once
        self.assertLess(abs(3 / (pool["throughput_per_s"] * mean / 1e6) - 1), 0.1)
        self.assertRegex(run["_out"], r"service +\S+ +%s" % re.escape("%.3g" % mean if mean < 1000 else "%.3g" % (mean / 1e3)))
        text = self.report(run, "run.hgrm", "--service")
        self.assertAlmostEqual(float(re.search(r"Mean *= *([\d.]+)", text).group(1)), mean / 1e3, delta=0.0015)

    def test_no_figure_is_not_a_number(self):
        """redis/memtier_benchmark PR#273, giltene/wrk2#117: NaN and empty values where nothing was completed."""
        for target in "null:?errors=1", "null:?service=10s":
            with self.subTest(target=target):
                said = lib.loadtop("--headless", "--no-history", "--json", "-", "-d", "150ms", target)
                run = strict(said.out)
                self.assertEqual(lib.pool(run)["ops"]["completed"], 0)
                self.assertIsNone(lib.pool(run)["latency"]["service"]["p99_us"])
                for name in "run.csv", "run.plateaus.csv", "run.html", "run.md", "run.svg", "run.txt":
                    text = self.report(run, name)
                    self.assertNotRegex(text, r"(?i)\b-?(nan|inf)\b", name)
                self.assertEqual(self.report(run, "run.hgrm").code, 2)

    def test_more_than_it_can_do(self):
        """giltene/wrk2#138: 833,071 requests "in 1.25 ms" with more threads than cores."""
        run = lib.headless("-d", "1s", "-t", "64", "--clients", "16", "--rate", "10000000/s", "null:")
        pool = lib.pool(run)
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertGreaterEqual(run["elapsed_s"], 1)
        self.assertAlmostEqual(pool["throughput_per_s"], pool["ops"]["completed"] / pool["loaded_s"],
                               delta=0.01 * pool["throughput_per_s"])
        self.assertGreater(pool["ops"]["dropped"] + pool["ops"]["not_started"] + pool["schedule"]["still_due"], 0)
        self.assertFalse(run["validity"]["ok"])

    def test_repeats_are_not_one_long_run(self):
        """tsenart/vegeta#210: two results together, with the gap between them in the rate."""
        run = lib.headless("--repeat", "2", "-d", "1s", "--rate", "100/s", NULL)
        self.assertEqual(len(run["repeats"]), 2)
        for one in run["repeats"]:
            p = one["pools"][0]  # loaded for 1 s of its own
            self.assertAlmostEqual(p["throughput_per_s"], p["ops"]["completed"], delta=2)

    def test_a_threshold_without_a_sample_fails(self):
        """grafana/k6#1346, #4283: a threshold on what was not measured passed."""
        run = lib.headless("-d", "300ms", "--threshold", "p99<5ms", "null:?errors=1", code=99)
        self.assertEqual([(t["ok"], t["value"]) for t in run["thresholds"]], [(False, None)])

    def german(self):
        """The environment of a locale with commas in its numbers, made for this test: few machines have one installed."""
        folder = lib.folder(self)
        made = subprocess.run([lib.need_program("localedef", "libc-bin"), "--no-archive", "-f", "UTF-8", "-i", "de_DE",
                               os.path.join(folder, "de_DE.UTF-8")], capture_output=True, text=True, check=False)
        if not os.listdir(folder):
            lib.skip("localedef cannot make de_DE.UTF-8 (apt-get install locales): " + made.stderr.strip())
        env = {"LOCPATH": folder, "LC_ALL": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
        says = subprocess.run([sys.executable, "-c", "import locale; locale.setlocale(locale.LC_ALL, ''); "
                               "print(locale.str(1.5))"], env=dict(os.environ, **env), capture_output=True, text=True, check=True)
        self.assertEqual(says.stdout.strip(), "1,5")  # the locale is one
        return env

    def test_numbers_have_points_in_every_locale(self):
        """linux-nvme/nvme-cli#354: a comma in the JSON."""
        env = self.german()
        args = ["--headless", "--no-history", "-d", "500ms", "--rate", "1.5k/s", "--at", "0.1s mark x"]
        r = lib.loadtop(*args, "--json", "-", NULL, env=env)
        run = strict(r.out)
        self.assertEqual(lib.pool(run)["rate_per_s"], 1500)
        rows = list(csv.reader(io.StringIO(self.report(run, "run.csv", env=env))))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        self.assertGreater(sum("." in field for row in rows[1:] for field in row), 3)
        shown = lib.loadtop(*args, NULL, env=env)
        self.assertRegex(shown.out, r"\d\.\d")
        self.assertNotRegex(shown.out + self.report(run, "run.md", env=env), r"\d,\d")
        curve = lib.write(os.path.join(lib.folder(self), "curve.csv"), "1,10.5\n2,19.25\n4,35.5\n")
        self.assertEqual(lib.loadtop("fit", "--json", curve, env=env).out, lib.loadtop("fit", "--json", curve).out)


class Asking(Fake):
    """A Redis that keeps the password it was given."""

    given = None

    def _reply(self, words):
        if words[0].upper() == b"AUTH":
            self.given = words[-1]
        return super()._reply(words)


class Places(lib.FolderTest):
    def test_a_target_that_is_not_there_costs_no_cpu(self):
        """redis/redis PR#11366: 100 % of a CPU and no end without a server."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        r = lib.loadtop("--headless", "--no-history", "--clients", "50", "redis://127.0.0.1:1")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(r.code, 3, r)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.assertLess(used, 1.5)

    def test_closed_standard_descriptors(self):
        """php/php-src#7769, mobile-shell/mosh#255: the first socket becomes descriptor 0, 1 or 2, and what is printed goes to
        the server."""
        seen = []

        def answer(_, words):
            seen.append(words)
        with Fake(answer=answer) as fake:
            for closed in "<&- >&- 2>&-", "<&-", ">&-", "2>&-":
                with self.subTest(closed=closed):
                    subprocess.run(["sh", "-c", '"$0" --headless --no-history -n 50 "$1" ' + closed, lib.LOADTOP,
                                    fake.url + "?ops=get"], env=lib.environment(), timeout=lib.bound(), check=False,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertGreaterEqual(fake.asked, 200)
        self.assertEqual({w[0].upper() for w in seen} - {b"GET", b"PING", b"CLIENT", b"INFO", b"HELLO", b"SELECT", b"CONFIG",
                                                         b"HMSET", b"HGETALL", b"HGET", b"TYPE", b"EXISTS", b"TOUCH"}, set())

    def test_no_home(self):
        """htop-dev/htop#1092, #1596: no HOME, or one that cannot be written to."""
        for env in {}, {"HOME": "/nonexistent"}, {"HOME": "/proc"}, {"HOME": ""}:
            with self.subTest(env=env):
                p = subprocess.run([lib.LOADTOP, "--headless", "-n", "50", NULL], env=dict(env, PATH=os.environ["PATH"]),
                                   cwd=self.dir, capture_output=True, text=True, timeout=lib.bound(), check=False)
                self.assertEqual(p.returncode, 0, p)
                self.assertIn("completed 50", p.stdout)
                self.assertLessEqual(len([line for line in p.stderr.splitlines() if "histor" in line or "run" in line]), 2, p)

    def test_passwords_of_a_file(self):
        """envoyproxy/envoy#36092, hivemq/mqtt-cli#136: the line's end, and a mark of an editor, in the password."""
        for content, password in ((b"pw\r\n", b"pw"), (b"pw\n", b"pw"), (b"pw", b"pw"), (b"\xef\xbb\xbfpw\r\n", b"pw")):
            with self.subTest(content=content), Asking() as fake:
                path = os.path.join(self.dir, "password")
                with open(path, "wb") as f:
                    f.write(content)
                os.chmod(path, 0o600)
                r = lib.loadtop("--headless", "--no-history", "-n", "5", "--password-file", path, fake.url + "?ops=get")
                self.assertEqual(fake.given, password)
                self.assertEqual("byte-order mark" in r.err, content.startswith(b"\xef"))

    def test_markup_in_names_and_errors(self):
        """locustio/locust#2126, #374: HTML of a server's error breaks the report."""
        evil = b"-ERR <script>alert(1)</script>\"><title>x\r\n"
        with Fake(answer=lambda _, words: evil if words[0].upper() == b"GET" else None) as fake:
            run = lib.headless("--no-history", "-n", "20", fake.url + "?ops=get", code=None)
        self.assertEqual(lib.loadtop("--headless", "-n", "5", "--name", "a<b>x", NULL).code, 2)
        saved = os.path.join(self.dir, "run.json")
        lib.write_json(saved, run)
        for name in "r.html", "r.svg", "r.md":
            path = os.path.join(self.dir, name)
            self.assertEqual(lib.loadtop("report", saved, "-o", path).code, 0)
            with open(path) as f:
                text = f.read()
            self.assertNotIn("<script>alert", text, name)
            self.assertNotIn("<title>x", text, name)

    def test_a_terminal_that_is_gone(self):
        """aristocratos/btop#1597, #932; jonas/tig#164: the process stays, at a whole CPU, also where HUP is ignored."""
        saved = os.path.join(self.dir, "run.json")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        t = lib.Pty("sh", "-c", 'trap "" HUP; exec "$0" "$@"', lib.LOADTOP, "--no-history", "--json", saved, NULL)
        t.wait_for("LOAD ON 1/1")
        os.close(t.slave)
        os.close(t.master)
        try:
            t.popen.wait(lib.bound())
        finally:
            if t.popen.poll() is None:
                t.popen.kill()
                t.popen.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(t.popen.returncode, 128 + 1)
        self.assertGreater(lib.pool(lib.read_json(saved))["ops"]["completed"], 0)
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3)

    def test_windows_of_odd_sizes(self):
        """hishamhm/htop#733, #885, urbit/vere PR#964, hishamhm/htop#383: 1 x 1, 0 x 0, and LINES, COLUMNS that lie."""
        for cols, rows, env in ((1, 1, None), (38, 10, None), (0, 0, None), (120, 40, {"LINES": "5", "COLUMNS": "20"})):
            with self.subTest(cols=cols, rows=rows):
                t = lib.Pty(lib.LOADTOP, "--no-history", "-d", "300ms", NULL, cols=cols or 80, rows=rows or 24, env=env)
                self.addCleanup(t.close)
                if not cols:
                    t.resize(0, 0)
                    t.resize(80, 24)
                    t.wait_for("ENDED")
                if cols == 120:
                    t.wait_for("ENDED")
                t.send("q")
                lib.until("it asks, or has ended", lambda t=t: t.popen.poll() is not None or t.send("y"), every=0.3)
                self.assertEqual(t.wait(), 0)


if __name__ == "__main__":
    lib.main()
