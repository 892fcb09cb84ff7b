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


if __name__ == "__main__":
    lib.main()
