"""Signals without a screen: the partial summary and JSON are out within 500 ms, exit 128+n, whatever the load,
and also when nothing reads the output. (With a screen: test_dashboard*.)
"""
import contextlib
import json
import os
import signal
import subprocess
import time
import unittest

import lib

BOUND = 0.5


def fill(pipe):
    """To the last byte; it stays one whose writers wait."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x")
    os.set_blocking(pipe, True)


class Signals(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)

    def end_by(self, number, *args, ready=None):
        """Runs, sends the signal once there is load, and returns the JSON."""
        runs = []

        def once():
            with lib.Headless(*args) as h:
                lib.until("the load begins", lambda: " client" in h.text()[1])
                if ready:
                    lib.until("it is so far", lambda: ready(h))
                else:
                    time.sleep(1.2)  # so that there is a second to report
                start = time.monotonic()
                h.signal(number)
                h.popen.wait(lib.bound())
                took = time.monotonic() - start
                run = h.wait(code=128 + number)
            self.assertEqual(run["ended_by"], "signal")
            self.assertIn("ended by signal", run["_out"])
            runs.append(run)
            return took
        lib.fastest("the end by signal %d of %s" % (number, args), BOUND, once)
        return runs[-1]

    def test_each(self):
        for number in lib.END_SIGNALS:
            with self.subTest(signal=number):
                pool = lib.pool(self.end_by(number, "-d", "60s", "null:?service=1ms&clients=8&threads=2"))
                self.assertGreater(pool["ops"]["completed"], 16)
                self.assertEqual(lib.accounting(pool["ops"]), 0)
                self.assertEqual(sum(w["completed"] for w in pool["workers"]), pool["ops"]["completed"])
                self.assertGreaterEqual(len(pool["series"]), 1)

    def test_what_is_in_flight_stays_so(self):
        """No draining after a signal: requests that take 60 s are still in flight."""
        pool = lib.pool(self.end_by(signal.SIGTERM, "null:?service=60s&clients=7&threads=2&timeout=100s"))
        self.assertEqual(pool["ops"]["in_flight"], 14)
        self.assertEqual(lib.accounting(pool["ops"]), 0)

    def test_redis_that_hangs(self):
        def once():
            with lib.Redis() as redis, lib.Headless("-t", "2", "--clients", "5", "--timeout", "60s", redis.url) as h:
                lib.until("load", lambda: redis.calls("get", "set") > 0)
                redis.freeze()
                time.sleep(1.0)  # so that everything is stuck in the server
                start = time.monotonic()
                h.signal(signal.SIGTERM)
                h.popen.wait(lib.bound())
                took = time.monotonic() - start
                redis.thaw()
                pool = lib.pool(h.wait(code=128 + signal.SIGTERM))
            self.assertEqual(pool["ops"]["in_flight"], 10)
            self.assertEqual(lib.accounting(pool["ops"]), 0)
            return took
        lib.fastest("the end with a server that hangs", BOUND, once)

    def test_what_is_left_behind_is_of_the_end(self):
        """In a run's first second too, and what only the backend counts is as of the same moment. (A machine that
        stands still may use up the time that there is for it: one of some tries counts.)"""
        for _ in range(20):
            with lib.Redis() as redis:
                with lib.Headless("--clients", 5, redis.url) as h:
                    lib.until("load", lambda: redis.calls("get", "set") > 5000)
                    h.signal(signal.SIGTERM)
                    pool = lib.pool(h.wait(code=128 + signal.SIGTERM))
                keys = redis.command("DBSIZE")
            left = sum(e["count"] or 0 for e in pool["left_behind"])
            self.assertLessEqual(left, keys)
            stats = pool["backend_stats"]
            looked = (stats.get("get_hits") or 0) + (stats.get("get_misses") or 0)
            if keys - left <= pool["ops"]["in_flight"] and looked == pool["by_op"]["get"]["completed"]:
                return
        self.fail("%d keys left behind, %r; %r" % (keys, pool["left_behind"], stats))

    def test_while_no_target_answers(self):
        def once():
            with lib.Headless("redis://127.0.0.1:%d" % lib.free_port()) as h:
                lib.until("it is down", lambda: " client" in h.text()[1])
                start = time.monotonic()
                h.signal(signal.SIGINT)
                self.assertEqual(h.popen.wait(lib.bound()), 128 + signal.SIGINT)
                return time.monotonic() - start
        lib.fastest("the end without a server", BOUND, once)

    def test_many_threads(self):
        pool = lib.pool(self.end_by(signal.SIGTERM, "-t", "200", "null:?service=20ms",
                                    ready=lambda h: len(os.listdir("/proc/%d/task" % h.pid)) > 200))
        self.assertEqual(len(pool["workers"]), 200)
        self.assertEqual(lib.accounting(pool["ops"]), 0)

    def test_twice(self):
        with lib.Headless("null:") as h:
            lib.until("the load begins", lambda: " client" in h.text()[1])
            h.signal(signal.SIGTERM)
            h.signal(signal.SIGINT)
            run = h.wait(code=None)
        self.assertIn(run["_code"], (128 + signal.SIGTERM, 128 + signal.SIGINT))

    def pipe(self):
        """The writing end of a pipe that nobody reads."""
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        return ends[1]

    def test_nobody_reads_stdout(self):
        """The pipe is full and stays full: the JSON is out all the same, and the program ends."""
        write = self.pipe()
        fill(write)
        name = os.path.join(self.dir, "run.json")

        def once():
            p = subprocess.Popen([lib.LOADTOP, "--headless", "--json", name, "null:"], stdout=write,
                                 stderr=subprocess.PIPE, text=True, env=lib.environment())
            try:
                p.stderr.readline()
                start = time.monotonic()
                p.send_signal(signal.SIGTERM)
                p.wait(lib.bound())
                took = time.monotonic() - start
            finally:
                p.kill()
                p.communicate()
            self.assertEqual(p.returncode, 128 + signal.SIGTERM)
            self.assertEqual(lib.read_json(name)["ended_by"], "signal")
            os.unlink(name)
            return took
        lib.fastest("the end with a full pipe", BOUND, once)

    def test_nobody_reads_anything(self):
        """stdout and stderr are full: what is written waits for readers once, not for each piece."""
        out, err = self.pipe(), self.pipe()

        def once():
            p = subprocess.Popen([lib.LOADTOP, "--headless", "--json", "-", "null:"], stdout=out,
                                 stderr=err, env=lib.environment())
            try:
                lib.until("the load begins", lambda: len(os.listdir("/proc/%d/task" % p.pid)) >= 4)
                for write in out, err:
                    fill(write)
                start = time.monotonic()
                p.send_signal(signal.SIGTERM)
                p.wait(20)
                took = time.monotonic() - start
            finally:
                p.kill()
                p.wait()
            self.assertEqual(p.returncode, 128 + signal.SIGTERM)
            return took
        lib.fastest("the end with full pipes", BOUND, once)

    def test_what_the_caller_ignores_stays_ignored(self):
        """As nohup does with HUP."""
        for number in signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU:
            with self.subTest(signal=number):
                p = subprocess.Popen([lib.LOADTOP, "--headless", "-q", "-d", "1500ms", "--json", "-", "null:"],
                                     stdout=subprocess.PIPE, text=True, env=lib.environment(),
                                     preexec_fn=lambda n=number: signal.signal(n, signal.SIG_IGN))
                time.sleep(0.5)
                p.send_signal(number)
                out, _ = p.communicate(timeout=lib.bound())
                self.assertEqual(p.returncode, 0)
                self.assertEqual(json.loads(out)["ended_by"], "duration")

    def test_a_limit_of_cpu_time(self):
        """As batch systems and `ulimit -t` set it: the kernel's XCPU leaves time to write what there is."""
        name = os.path.join(self.dir, "run.json")
        p = subprocess.run(["sh", "-c", 'ulimit -S -t 2; exec "$@"', "sh", lib.LOADTOP, "--headless", "-d", "600s",
                            "--json", name, "null:?service=0us"], env=lib.environment(), capture_output=True, text=True,
                           check=False, timeout=lib.bound(600))
        self.assertEqual(p.returncode, 128 + signal.SIGXCPU, p)
        self.assertIn("ended by signal", p.stdout)
        run = lib.read_json(name)
        self.assertEqual(run["ended_by"], "signal")
        self.assertEqual(lib.accounting(lib.pool(run)["ops"]), 0)

    def test_a_limit_of_the_size_of_files(self):
        """`ulimit -f`: what is larger could not be written, and the summary is printed all the same."""
        name = os.path.join(self.dir, "run.json")
        p = subprocess.run(["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", lib.LOADTOP, "--headless", "-n", "50",
                            "--no-history", "--json", name, "null:"], env=lib.environment(), capture_output=True,
                           text=True, check=False, timeout=lib.bound())
        self.assertEqual(p.returncode, 1, p)
        self.assertIn("File too large", p.stderr)
        self.assertIn("offered 50 = completed 50", p.stdout)
        self.assertEqual(os.listdir(self.dir), [])

    def test_repeat_stops(self):
        run = self.end_by(signal.SIGTERM, "--repeat", "50", "-d", "300ms", "null:",
                          ready=lambda h: "run 3 of 50" in h.text()[1])
        self.assertGreater(len(run["repeats"]), 1)
        self.assertLess(len(run["repeats"]), 50)


if __name__ == "__main__":
    lib.main()
