"""What scripts and the documentation rely on, tested from outside: names in messages, timed commands, what the process
list shows. The load is the simulated service; each start of the program checks several things."""
import os
import re
import time
import unittest

import lib

NULL = "null:?service=1ms"


def events(run):
    return [(e["pool"], e["what"], e["from"], e["to"], e["by"]) for e in run["events"]]


class Refused(unittest.TestCase):
    """Wrong words end before anything starts: one line, exit 2, nothing on stdout."""

    def test_one_line_names_what_is_wrong(self):
        for args, parts in [
                (["--ops", "opp"], ["--ops opp", "did you mean 'op'", "allowed: op"]),
                (["--ops", "op:0"], ["--ops op:0", "above 0"]),
                (["null:?ops=opp"], ["ops opp"]),
                (["--theme", "papre"], ["--theme papre", "nearest: paper"]),
                (["--theme", "zzzzzz"], ["--theme zzzzzz", "allowed: "]),
                (["--sweep", "thraeds=1,2"], ["--sweep", "'threads'"]),
                (["--sweep", "zzzzz=1,2"], ["--sweep", "allowed: threads"]),
                (["--sweep", "service=1,2"], ["--sweep", "unit"]),
                (["--sweep", "other threads=1,2"], ["--sweep", "other", "there are: null"]),
                (["--sweep", "threads=1,2", "null:"], ["--sweep", "which pool"]),
                (["--at", "1s set servise 2ms"], ["--at", "'service'"]),
                (["--at", "1s set service 2"], ["--at", "unit"]),
                (["--at", "1s ops opp"], ["--at", "'op'"]),
                (["--at", "1s nul threads 2"], ["--at", "'null'"]),
                (["--threshold", "zzz<1%"], ["--threshold zzz<1%", "allowed: p50"]),
                (["--threshold", "nul:p99<1s"], ["--threshold nul:p99<1s", "'null'"]),
                (["--threshold", "2:p99<1s"], ["--threshold 2:p99<1s", "there are: null"]),
                (["null:?sigma=0.1"], ["sigma", "lambda"]),
                (["--kappa", "0.1"], ["kappa", "lambda"])]:
            with self.subTest(args=args):
                run = lib.loadtop("--headless", "-n", "5", *args, "null:")
                self.assertEqual((run.code, run.out), (2, ""), run)
                self.assertEqual(run.err.count("\n"), 1, run)
                for part in parts:
                    self.assertIn(part, run.err)

    def test_what_is_timed_is_refused_at_the_start(self):
        """Not when it is due, also beside an `add`, whose pool may bring names that are not known yet."""
        far = "redis://db.example.com"
        for args, parts in [
                (["--at", "1h sweep threads=1,2 hold=500ms"], ["--at", "at least 1s"]),
                (["--at", "1h sweep servise=1,2"], ["--at", "'service'"]),
                (["--at", "1h threads 0"], ["--at", "threads 0", "out of range"]),
                (["--at", "1h sweep servise=1ms,2ms", "--at", "2h add null:"], ["sweep servise", "'service'"]),
                (["--at", "1h set servise 2ms", "--at", "2h add null:"], ["set servise", "'service'"]),
                (["--at", "1h ops opp", "--at", "2h add null:"], ["ops opp", "'op'"]),
                (["--at", "3h nul threads 2", "--at", "2h add null:"], ["no pool 'nul'", "there are: null null-2"]),
                (["--at", "3h 3 threads 2", "--at", "2h add null:"], ["no pool '3'"]),
                (["--at", "1h null-2 threads 2", "--at", "2h add null:"], ["no pool 'null-2'", "it is added at 2h"]),
                (["--at", "1h 2 threads 2", "--at", "2h add null:"], ["no pool '2'", "it is added at 2h"]),
                (["--at", "3h null-3 threads 2", "--at", "2h add null:"], ["no pool 'null-3'", "there are: null null-2"]),
                (["--at", "3h null-x threads 2", "--at", "2h add null:"], ["no pool 'null-x'"]),
                (["--at", "1h remove 1", "--at", "2h null threads 2"], ["no pool 'null'", "it is removed at 1h"]),
                (["--at", "1h remove 1", "--at", "2h remove 1"], ["--at 'remove 1'", "it is removed at 1h"]),
                (["--at", "1h add null:", "--at", "2h sweep threads=1,2"], ["which pool"]),
                (["--at", "1h sweep resume"], ["--at 'sweep resume'", "no sweep before"]),
                (["--at", "1h sweep capacity", "--at", "2h sweep resume"], ["no sweep before"]),
                (["--at", "1h undo"], ["--at 'undo'", "no change before"]),
                (["--locked", "--at", "1h threads 2"], ["--at 'threads 2'", "locked", "unlock"]),
                (["--locked", "--at", "1h sweep threads=1,2"], ["locked", "unlock"]),
                (["--at", "2h resume", "--at", "1h lock"], ["--at 'resume'", "locked"]),
                (["--locked", "--sweep", "threads=1,2"], ["--sweep threads=1,2", "locked"]),
                (["--threshold", "b:p99<1s", "--at", "2h add null:?name=c"], ["no pool 'b'", "there are: null c"]),
                (["--at", "2h add nul:"], ["--at 'add nul:'", "did you mean 'null'"]),
                (["--at", "2h add null:?service=1"], ["--at 'add null:", "unit"]),
                (["--at", "2h add %s?threads=65" % far], ["threads 65", "--max-threads"]),
                (["--max-threads", "8", "--at", "1h threads 9"], ["--at 'threads 9'", "ceiling of 8"]),
                (["--max-threads", "8", "--at", "1h threads 9 over 60s"], ["--at 'threads 9 over 1m'", "ceiling of 8"]),
                (["--max-clients", "8", "--at", "1h sweep clients=1..9"], ["--at", "clients 9", "ceiling of 8"]),
                (["--max-rate", "1k", "--at", "1h rate 2k"], ["--at", "--max-rate"]),
                (["--max-rate", "1k", "--at", "1h sweep capacity from=2k"], ["--at", "--max-rate"]),
                (["--max-rate", "1k", "--at", "1h sweep capacity to=5k"], ["--at", "--max-rate"]),
                (["--at", "1h sweep capacity from=10k to=5k"], ["--at", "from", "is above"]),
                (["--max-threads", "8", "--sweep", "threads=1,9"], ["--sweep threads=1,9", "ceiling of 8"]),
                ([far, "--at", "1h sweep redis threads=1,65"], ["--at", "threads 65", "--max-threads"]),
                (["--max-connections", "4", far, "--at", "1h redis threads 8"], ["--at", "connections: 8", "--max-connections"]),
                (["--max-connections", "4", far, "--at", "1h redis clients 5"], ["--at", "connections: 5"]),
                (["--max-connections", "4", far, "--at", "1h redis connections 5"], ["--at", "connections: 5"]),
                (["--max-connections", "4", far + "?clients=5&connections=1", "--at", "1h redis connections auto"],
                 ["--at", "connections: 5"]),
                (["--max-connections", "4", far, "--at", "1h sweep redis threads=1,8"], ["--at", "connections: 8"]),
                (["--max-connections", "4", far, "--sweep", "redis threads=1,3 clients=1,2"], ["connections: 6"]),
                (["--at", "1h report x.pdf"], ["--at 'report x.pdf'", ".html", ".json"]),
                (["--at", "1h report x.hgrm", "null:"], ["x.hgrm", "of one pool"]),
                (["--at", "1h screenshot"], ["--at 'screenshot'", "no screen"]),
                (["--at", "1h theme paper"], ["--at 'theme paper'", "no screen"]),
                (["--at", "1h baseline"], ["--at 'baseline'", "no screen"]),
                (["--read-only", "redis://127.0.0.1:1", "--at", "1h redis ops set"], ["--at", "--read-only"])]:
            with self.subTest(args=args):
                run = lib.loadtop("--headless", "-n", "5", *args, "null:")
                self.assertEqual((run.code, run.out), (2, ""), run)
                self.assertEqual(run.err.count("\n"), 1, run)
                for part in parts:
                    self.assertIn(part, run.err)

    def test_names_of_captures_are_known_with_a_screen(self):
        for args, parts in [
                (["--at", "1h screenshot x.gif"], ["--at 'screenshot x.gif'", ".png"]),
                (["--at", "1h theme papre"], ["--at 'theme papre'", "nearest: paper"])]:
            with self.subTest(args=args):
                run = lib.loadtop(*args, "null:")
                self.assertEqual((run.code, run.out), (2, ""), run)
                for part in parts:
                    self.assertIn(part, run.err)

    def test_what_may_work_when_it_is_due_is_not_refused(self):
        for args in [
                ["--at", "2h null-2 threads 2", "--at", "1h add null:"],
                ["--at", "2h 2 threads 2", "--at", "1h add null:"],
                ["--at", "2h c threads 2", "--at", "1h add null:?name=c"],
                ["--at", "2h sweep threads=1,2", "--at", "1h add null:", "--at", "90m remove null-2"],
                ["--at", "2h null threads 2", "--at", "1h remove null", "--at", "90m add null:"],  # its name is free again
                ["--at", "2h sweep null resume", "--at", "1h sweep threads=1,2"],
                ["--at", "2h undo", "--at", "1h threads 2"],
                ["--locked", "--at", "1h pause", "--at", "2h unlock", "--at", "3h threads 2"],
                ["--at", "2h ops get", "--at", "1h add redis://127.0.0.1:1"],
                ["--at", "1h report x.json", "--at", "1h report"],
                ["--max-threads", "8", "--at", "1h threads +9", "--at", "1h sweep threads=auto"]]:
            with self.subTest(args=args):
                lib.headless("-n", "5", *args, "null:?service=1ms")

    def test_a_folder_that_is_not_there_yet_is_a_warning(self):
        """As for --json: it may be made by then, and here it is."""
        folder = os.path.join(lib.folder(self), "later")
        lib.headless("-d", "1s", "--at", "500ms report %s/x.md" % lib.folder(self), "null:?service=1ms")
        result = lib.loadtop("--headless", "-n", "5", "--at", "1h report %s/x.md" % folder, "null:")
        self.assertEqual(result.code, 0, result)
        self.assertIn("warning: --at 'report %s/x.md'" % folder, result.err)
        run = lib.Headless("--at", "3s report %s/x.md" % folder, "-d", "4s", "null:?service=1ms")
        self.addCleanup(run.close)
        os.mkdir(folder)
        run.wait()
        self.assertTrue(os.path.exists(folder + "/x.md"))

    def test_settings_that_go_together_may_stand_in_any_order(self):
        run = lib.headless("-n", "5", "--sigma", "0.1", "--lambda", "1000", "null:")
        self.assertEqual(lib.pool(run)["options"]["sigma"], 0.1)


class Thresholds(unittest.TestCase):
    def test_a_pool_by_name_or_number(self):
        run = lib.headless("-n", "500", "--threshold", "1:p50<5s", "--threshold", "b:p50<1us", "--threshold", "2:p50>1us",
                           "null:?name=a", "null:?name=b", code=99)
        self.assertEqual([t["ok"] for t in run["thresholds"]], [True, False, True])


class Sweeps(unittest.TestCase):
    def test_each_step_is_a_point_however_short(self):
        run = lib.headless("--sweep", "threads=1,2,4 hold=1s", "null:?lambda=1000&sigma=0.05&kappa=0.002")
        points = lib.pool(run)["plateaus"]
        self.assertEqual([p["vars"]["threads"] for p in points], [1, 2, 4])
        for p in points:
            self.assertEqual(p["why_not"] is None, p["valid"])
            self.assertLessEqual(p["in_flight"], 1.001 * p["vars"]["threads"])  # from few to many: none is left over
        self.assertEqual(sorted(points, key=lambda p: p["in_flight"]), points)
        self.assertEqual(run["ended_by"], "duration")


class Secrets(unittest.TestCase):
    SECRET = "hunter2-zz"

    def test_not_in_the_list_of_processes(self):
        port = lib.free_port()
        for args in (["crate://127.0.0.1:%d/t?token=%s" % (port, self.SECRET)],
                     ["--token", self.SECRET, "crate://127.0.0.1:%d/t" % port],
                     ["--token=" + self.SECRET, "crate://127.0.0.1:%d/t" % port],
                     ["--at", "9s add redis://u:%s@127.0.0.1:%d" % (self.SECRET, port), NULL],
                     ["redis+unix://:%s@/nonexistent.sock" % self.SECRET]):
            with self.subTest(args=args), \
                    lib.Headless("-d", "30s", *args, env={"LOADTOP_PASSWORD": self.SECRET}) as h:
                lib.until("the start line", lambda h=h: "client" in h.text()[1])
                for name in "cmdline", "environ":
                    self.assertNotIn(self.SECRET.encode(), lib.proc_file(h.pid, name), name)
                h.signal(lib.signal.SIGTERM)
                result = h.end()
                self.assertEqual(result.code, 143, result)
                with open(h.json) as f:
                    self.assertNotIn(self.SECRET, f.read() + result.out + result.err)


class Commands(unittest.TestCase):
    def test_over_a_time_is_a_ramp(self):
        run = lib.headless("-d", "5s", "--at", "500ms threads 9 over 2s", "--at", "600ms b clients 8 over 2s",
                           "--at", "3s b clients 2 over 100ms", "null:?name=a&threads=5", "null:?name=b")
        self.assertNotIn("refused", [e["what"] for e in run["events"]])
        a, b = lib.pool(run, "a"), lib.pool(run, "b")
        self.assertEqual((a["threads"], b["threads"], b["clients"]), (9, 9, 2))
        seen = [s["threads"] for s in a["series"] if s["completed"]]
        self.assertTrue(any(5 < n < 9 for n in seen), seen)
        self.assertIn(("a", "threads", "5", "9 over 2s", "at"), [
            (p, w, f, re.sub(r"2\.00s", "2s", t), by) for p, w, f, t, by in events(run)])

    def test_a_pool_that_was_added_does_not_outlast_the_run(self):
        run = lib.headless("-d", "1s", "--at", "300ms add null:?service=2ms", NULL)
        self.assertEqual(run["ended_by"], "duration")
        added = lib.pool(run, "null-2")
        self.assertGreater(added["ops"]["completed"], 0)
        self.assertLess(added["loaded_s"], run["elapsed_s"] - 0.25)  # its load began later and ended with the run

    def test_depth_is_kept_for_the_next_pattern(self):
        run = lib.headless("-d", "1500ms", "--at", "200ms depth 4", "--at", "400ms pattern chain", "--at",
                           "600ms undo", "--at", "700ms undo", "--at", "800ms pattern queue", NULL)
        self.assertEqual([e[1:4] for e in events(run)], [
            ("depth", "1", "4"), ("pattern", "sync", "chain"), ("pattern", "chain", "sync"),
            ("depth", "4", "1"), ("pattern", "sync", "queue")])
        self.assertEqual(lib.pool(run)["depth"], 16)  # never set, as before the first command


class Removed(unittest.TestCase):
    def connections(self, redis):
        return [line for line in redis.command("CLIENT", "LIST").splitlines() if "cmd=client" not in line]

    def test_nothing_is_kept_open_to_the_target(self):
        with lib.Redis() as redis, lib.Headless("-d", "600s", "--at", "1s remove b", NULL,
                                                redis.url + "?name=b&ops=set&threads=2&rate=500") as h:
            lib.until("load", lambda: redis.calls("set") > 0)
            lib.until("all are closed while the run goes on", lambda: not self.connections(redis))
            self.assertIsNone(h.popen.poll())
            h.signal(lib.signal.SIGTERM)
            pool = lib.pool(h.wait(code=143), "b")
            self.assertEqual(sum(e["count"] for e in pool["left_behind"]), redis.command("DBSIZE"))
            self.assertEqual(pool["ops"]["completed"], redis.calls("set"))

    def test_one_that_never_answered_is_not_tried_again(self):
        with lib.socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            url = "redis://127.0.0.1:%d?name=b" % s.getsockname()[1]
            with lib.Headless("-d", "600s", "--at", "2s remove b", NULL, url) as h:
                lib.until("a thread that knocks", lambda: self.thread(h.pid, "b pool"))
                lib.until("none any more", lambda: not self.thread(h.pid, "b pool"))

    @staticmethod
    def thread(pid, name):
        found = []
        for tid in os.listdir("/proc/%d/task" % pid):
            try:
                with open("/proc/%d/task/%s/comm" % (pid, tid)) as f:
                    found.append(f.read().strip())
            except OSError:  # it has just ended
                pass
        return name in found


class Elsewhere(unittest.TestCase):
    """A target that is not on this machine, as far as its name says (127.0.0.1 as one number)."""

    def setUp(self):
        self.redis = lib.Redis()
        self.addCleanup(self.redis.close)
        self.redis.command("SET", "someone", "else")
        self.before = self.redis.calls("get", "set")
        self.url = "redis://2130706433:%d" % self.redis.port
        self.dir = lib.folder(self)
        self.json = os.path.join(self.dir, "run.json")

    def start(self, *args):
        t = lib.Tmux(lib.LOADTOP, *args, cols=120, rows=40)
        self.addCleanup(t.close)
        return t

    def calls(self):
        return self.redis.calls("get", "set") - self.before

    @staticmethod
    def question(t):
        """The words inside the box, however they are wrapped."""
        lines = t.text().splitlines()
        row, left = next(((i, line.index("╭ start load?")) for i, line in enumerate(lines)
                          if "╭ start load?" in line), (None, 0))
        if row is None:
            return ""
        box = [line[left + 1:] for line in lines[row + 1:]]
        return " ".join(" ".join(line[:line.find("│")] for line in box if "│" in line).split())

    def test_the_first_load_is_asked_for_with_what_is_known(self):
        t = self.start("-d", "1s", "--json", self.json, self.url)
        for word in ("redis://2130706433", "127.0.0.1:%d" % self.redis.port, "Redis ", "1 item,", "0 other clients",
                     "Start the load?"):
            lib.until("the question says " + word, lambda w=word: w in self.question(t))
        t.send("Enter")
        t.wait_gone("start load?")
        t.send("+")
        t.wait_for("threads 2")
        self.assertEqual(self.calls(), 0)
        self.assertEqual(len(self.redis.command("CLIENT", "LIST").splitlines()), 2)  # it looked, and no more
        t.send("p")
        t.wait_for("start load?")
        time.sleep(0.5)  # what must not be counted
        yes = time.monotonic()
        t.send("y")
        t.wait_for("ENDED")
        ended = time.monotonic()
        lib.until("the run is written while the screen stays", lambda: os.path.exists(self.json))
        pool = lib.pool(lib.read_json(self.json))
        self.assertEqual(pool["ops"]["completed"], self.calls())
        self.assertGreaterEqual(pool["loaded_s"], 0.98)
        self.assertLess(pool["loaded_s"], ended - yes)  # not the time until the consent
        t.send("q")
        self.assertEqual(t.status(), 0)

    def test_a_pool_that_is_added_is_asked_for_too(self):
        t = self.start(NULL)
        t.wait_for("LOAD ON 1/1")
        t.send(":")
        t.type("add " + self.url)
        t.send("Enter")
        t.wait_for("start load?")
        t.wait_for("LOAD ON 1/2")
        self.assertEqual(self.calls(), 0)
        t.send("Escape")
        t.wait_gone("start load?")
        t.send("P")
        t.wait_for("PAUSED 2/2")
        t.send(":")
        t.type("resume all")
        t.send("Enter")
        t.wait_for("nobody has said yes")
        t.wait_for("LOAD ON 1/2")
        self.assertEqual(self.calls(), 0)
        t.send("End", "p")
        t.wait_for("start load?")
        t.send("y")
        t.wait_for("LOAD ON 2/2")
        lib.until("load", self.calls)

    def test_yes_skips_the_question(self):
        t = self.start("--yes", self.url)
        t.wait_for("LOAD ON 1/1")
        lib.until("load", self.calls)


if __name__ == "__main__":
    lib.main()
