"""The baseline: a saved run is drawn below the live plots, and a difference is shown only beside figures of the same
load.
"""
import json
import os
import re
import unittest

import lib

NULL = "null:?service=1ms&clients=4"


class Baseline(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = lib.folder(cls)
        cls.data = lib.headless("-d", "3s", NULL)
        cls.data["validity"] = {"ok": True, "checks": []}

    def base(self, file, per_s=None, **pool):
        """A saved run that did per_s all the time, whatever this machine does."""
        run = json.loads(json.dumps(self.data))
        if per_s:
            run["pools"][0]["throughput_per_s"] = per_s
            second = run["pools"][0]["series"][0]
            run["pools"][0]["series"] = [dict(second, t_s=i + 1, span_s=1, completed=per_s, paused=False)
                                         for i in range(600)]
        run["pools"][0]["plateaus"] = []
        run["pools"][0].update(pool)
        return lib.write_json(os.path.join(self.dir, file), run)

    def start(self, cols=120, rows=40):
        t = lib.Tmux(lib.LOADTOP, "--no-history", NULL, cols=cols, rows=rows)
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        return t

    def command(self, t, text):
        t.send(":")
        t.type(text)
        t.send("Enter")

    def test_a_saved_run(self):
        t = self.start()
        self.assertNotIn("VS BASE", t.text())
        self.command(t, "baseline " + self.base("slow.json", per_s=100))
        t.wait_for("VS BASE")
        t.wait_for(re.compile(r"/s now \+\d{3,} %\?? on baseline"))  # ?: a busy machine is not valid at times
        t.wait_for(re.compile(r"[^\w ]baseline│"))  # the level, named at its end
        t.wait_for(re.compile(r"closed +[\d.]+k? op .*\+\d{3,} %"))
        self.command(t, "baseline " + self.base("fast.json", per_s=1000000))
        found = t.wait_for(re.compile(r"/s now (-\d+) %\?? on baseline"))
        self.assertLess(int(found.group(1)), -50)
        t.send("+")  # another load: nothing to compare with
        t.wait_for("the base had no such load")
        t.wait_for("other load")
        t.wait_gone("on baseline")
        t.send("-")
        t.wait_for("on baseline")

    def test_beside_the_percentiles_of_a_pool(self):
        t = self.start()
        t.send("2")
        t.wait_for("whole run")
        self.assertNotIn("to base", t.text())
        self.command(t, "baseline " + self.base("slow.json", per_s=100))
        t.wait_for("to base")
        t.wait_for(re.compile(r"p99 +\S+ +\S+ +\S+ +[+-]\d[\d.]* %\??"))
        t.wait_for(re.compile(r"p50 +\S+ +\S+ +\S+ +[+-]\d[\d.]* %\??"))
        t.wait_for(re.compile(r"p99\.9 +\S+ +\S+ +\S+ +- "))  # of a second too few are known

    def test_what_was_not_valid_is_doubted(self):
        self.data["validity"]["ok"] = False
        try:
            path = self.base("bad.json", per_s=100)
        finally:
            self.data["validity"]["ok"] = True
        t = self.start()
        self.command(t, "baseline " + path)
        t.wait_for(re.compile(r"\+\d+ %\? on base"))

    def test_the_present(self):
        t = self.start(cols=80, rows=24)
        t.wait_for("k/s now")
        t.send("b")
        t.wait_for("are the baseline now")
        t.wait_for(re.compile(r"[+-][\d.]+ %\?? on base"))

    def test_what_cannot_be_read(self):
        t = self.start()
        self.command(t, "baseline " + os.path.join(self.dir, "nothing.json"))
        t.wait_for("nothing.json")
        path = os.path.join(self.dir, "torn.json")
        lib.write(path, '{"loadtop": "1", "schema"')
        self.command(t, "baseline " + path)
        t.wait_for("torn.json")
        self.command(t, "baseline " + self.base("other.json", name="kafka", backend="kafka"))
        t.wait_for("none of these pools")
        self.assertNotIn("VS BASE", t.text())


if __name__ == "__main__":
    lib.main()
