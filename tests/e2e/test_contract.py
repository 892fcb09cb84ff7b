"""What docs and scripts rely on, asked from outside: names in messages, commands that come at a time, what the
process list shows. The load is the simulated service; each start asks several things at once."""
import re
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
                (["null:?sigma=0.1"], ["sigma", "lambda"]),
                (["--kappa", "0.1"], ["kappa", "lambda"])]:
            with self.subTest(args=args):
                run = lib.loadtop("--headless", "-n", "5", *args, "null:")
                self.assertEqual((run.code, run.out), (2, ""), run)
                self.assertEqual(run.err.count("\n"), 1, run)
                for part in parts:
                    self.assertIn(part, run.err)

    def test_settings_that_go_together_may_stand_in_any_order(self):
        run = lib.headless("-n", "5", "--sigma", "0.1", "--lambda", "1000", "null:")
        self.assertEqual(lib.pool(run)["options"]["sigma"], 0.1)


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
                    with open("/proc/%d/%s" % (h.pid, name), "rb") as f:
                        self.assertNotIn(self.SECRET.encode(), f.read(), name)
                h.signal(lib.signal.SIGTERM)
                result = h.end(10)
                self.assertEqual(result.code, 143, result)
                with open(h.json) as f:
                    self.assertNotIn(self.SECRET, f.read() + result.out + result.err)


class Commands(unittest.TestCase):
    def test_over_a_time_is_a_ramp(self):
        run = lib.headless("-d", "3500ms", "--at", "500ms threads 9 over 2s", "--at", "600ms b clients 8 over 2s",
                           "--at", "3s b clients 2 over 100ms", "null:?name=a&threads=5", "null:?name=b")
        self.assertNotIn("refused", [e["what"] for e in run["events"]])
        a, b = lib.pool(run, "a"), lib.pool(run, "b")
        self.assertEqual((a["threads"], b["threads"], b["clients"]), (9, 9, 2))
        seen = [s["threads"] for s in a["series"] if s["completed"]]
        self.assertTrue(any(5 < n < 9 for n in seen), seen)
        self.assertIn(("a", "threads", "5", "9 over 2s", "at"), [
            (p, w, f, re.sub(r"2\.00s", "2s", t), by) for p, w, f, t, by in events(run)])

    def test_a_pool_that_was_added_does_not_outlast_the_run(self):
        run = lib.headless("-d", "1s", "--at", "300ms add null:?service=2ms", NULL, timeout=20)
        self.assertEqual(run["ended_by"], "duration")
        self.assertLess(run["elapsed_s"], 1 + 2 * lib.SLOW)
        self.assertGreater(lib.pool(run, "null-2")["ops"]["completed"], 0)

    def test_depth_is_kept_for_the_next_pattern(self):
        run = lib.headless("-d", "1500ms", "--at", "200ms depth 4", "--at", "400ms pattern chain", "--at",
                           "600ms undo", "--at", "700ms undo", "--at", "800ms pattern queue", NULL)
        self.assertEqual([e[1:4] for e in events(run)], [
            ("depth", "1", "4"), ("pattern", "sync", "chain"), ("pattern", "chain", "sync"),
            ("depth", "4", "1"), ("pattern", "sync", "queue")])
        self.assertEqual(lib.pool(run)["depth"], 16)  # never set, as before the first command


if __name__ == "__main__":
    lib.main()
