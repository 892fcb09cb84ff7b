"""The help of the subcommands is what their parsers take: each `loadtop NAME --help`, from outside."""
import re
import unittest

import lib


def forms():
    """{name: its form} of all subcommands, in the usage: a name has one word, or two as `history prune`."""
    part = lib.loadtop("help").out.split("\nSubcommands")[1].split("\nTopics")[0]
    found = {}
    for form in re.findall(r"(?m)^  loadtop (\S.*)$", part):
        found[re.match(r"[a-z]+( (?:list|show|compare|prune)\b)?", form).group()] = form
    return found


def options(form):
    return set(re.findall(r"(?<![\w.])--?[a-z][a-z-]*", form))


class Help(unittest.TestCase):
    def test_each_has_its_part(self):
        usage = lib.loadtop("help").out
        for name, form in forms().items():
            verb = name.split()[0]
            for ask in (["--help"], ["-h"]):
                with self.subTest(name=name, ask=ask):
                    shown = lib.loadtop(*name.split(), *ask)
                    self.assertEqual((shown.code, shown.err), (0, ""))
                    if verb != "help":
                        self.assertIn("  loadtop %s\n" % form, shown.out)
                        self.assertNotIn("--max-threads", shown.out)
                    else:
                        self.assertEqual(shown.out, usage)
            for option in options(form):
                self.assertRegex(lib.loadtop("help", verb).out, r"(?m)^      %s\b( \w+)? +[A-Z]" % re.escape(option))
        self.assertEqual({n.split()[0] for n in forms()}, set(re.findall(r"(?m)^  loadtop ([a-z]+)", usage)))

    def test_the_parsers_take_what_it_says(self):
        for name, form in forms().items():
            if name in ("demo", "clean", "help"):  # options of a run
                continue
            with self.subTest(name=name):
                wrong = lib.loadtop(*name.split(), "--no-such-option")
                self.assertEqual(wrong.code, 2)
                self.assertIn(name + ": unknown option --no-such-option", wrong.err)
                self.assertEqual(options(wrong.err.partition("allowed:")[2]), options(form))
                for option in options(form):
                    self.assertNotIn("unknown option", lib.loadtop(*name.split(), option).err)

    def test_options_of_a_run_are_taken_where_it_says(self):
        form = forms()["clean"]
        self.assertIn("--confirm", options(form))
        for option, value in re.findall(r"\[(--[a-z-]+)( [A-Z]+)?\]", form):
            words = [option] + (["x"] if value else [])
            self.assertNotIn("unknown option", lib.loadtop("clean", *words, "/nowhere.json").err)

    def test_wrong_words(self):
        for words, told in ((["report"], "report: needs 'RUN.json': loadtop report RUN.json -o FILE"),
                            (["report", "x.json"], "report: needs '-o'"),
                            (["report", "x.json", "--pool"], "report: --pool needs a value: --pool NAME"),
                            (["report", "x.json", "--pol=a"], "did you mean --pool?"),
                            (["fit", "a", "b"], "fit: one word too many: 'b': loadtop fit FILE [--json]"),
                            (["fit", "--json=yes", "a"], "fit: unknown option --json=yes"),
                            (["history", "prune", "--keep=x"], "--keep x: not a number of runs"),
                            (["history", "prune", "--older", "5"], "--older 5: not an age"),
                            (["history", "compare", "1", "2", "--threshold", "y"], "a share such as 5%")):
            with self.subTest(words):
                got = lib.loadtop(*words)
                self.assertEqual(got.code, 2)
                self.assertIn(told, got.err)


class Scenario(lib.FolderTest):
    """`loadtop help scenario` has the keys that the reader has, and its example runs."""

    def setUp(self):
        super().setUp()
        self.help = lib.loadtop("help", "scenario").out

    def refused(self, text):
        run = lib.loadtop("--headless", "-f", self.file("wrong.yaml", text))
        self.assertEqual(run.code, 2, run)
        return set(run.err.partition("allowed: ")[2].split())

    def test_keys(self):
        listed = self.help.split("there are no others:\n")[1].split("\n\n")[0]
        keys = re.findall(r"(?m)^  ([a-z]+) ", listed)
        self.assertEqual(set(keys), self.refused("nope: 1\n"))
        limits = " ".join(listed.split("flags of these names:")[1].split()).split()
        self.assertEqual(set(limits), self.refused("limits: { nope: 1 }\n"))

    def test_the_example(self):
        example = re.search(r"(?ms)^  pools:.*?(?=^Each)", self.help).group().replace("\n  ", "\n")[2:]
        run = lib.headless("--no-history", "-q", "-f", self.file("s.yaml", example))
        self.assertEqual([p["name"] for p in run["pools"]], ["cache", "null"])
        self.assertEqual(lib.pool(run, "cache")["threads"], 3)
        self.assertEqual([t["ok"] for t in run["thresholds"]], [True, True])
        self.assertEqual((run["goal_per_s"], run["ended_by"]), (100, "user"))

    def test_what_it_says_of_counts(self):
        for n, key, item in ((64, "pools", "'null:'"), (256, "at", "1s mark x"), (32, "thresholds", "p99<1s")):
            self.assertRegex(self.help, r"(?m)^  %s .*\b%d\b" % (key, n))
            text = "%s:\n%s" % (key, "".join("  - %s\n" % item for _ in range(n + 1)))
            run = lib.loadtop("--headless", "-f", self.file("many.yaml", text), "null:")
            self.assertRegex(run.err, r"at most %d\b" % n)

    def test_what_it_says_of_precedence(self):
        path = self.file("p.yaml", "pools:\n  - target: null:?threads=2&name=a\n    threads: 3\n"
                                   "  - 'null:?name=b'\ngoal: 5/s\n")
        run = lib.headless("--no-history", "-q", "-n", "9", "-t", "4", "--goal", "7/s", "-f", path, "null:?name=c")
        self.assertEqual([(p["name"], p["threads"]) for p in run["pools"]], [("a", 3), ("b", 4), ("c", 4)])
        self.assertEqual(run["goal_per_s"], 7)


if __name__ == "__main__":
    lib.main()
