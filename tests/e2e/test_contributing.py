"""What docs/contributing.md gives to copy works as it stands there.

Every block of code has a comment before it that says how it is checked:
  <!-- check: unit|virtual|scripted -->  compiled with the flags of the unit tests, linked as they are, and run; virtual and
                                         scripted stand without the frame, which is put round them
  <!-- check: fuzz -->                   the same with the driver of the fuzzers, over two inputs
  <!-- check: python -->                 run as a test by hand is
  <!-- check: bench -->                  run; whichever verdict, for this machine is not quiet
  <!-- check: none: WHY -->              not checked here
A block of `text` needs none.

ctest: long
"""
import json
import os
import re
import shlex
import subprocess
import sys
import unittest

import lib

BUILD = os.path.dirname(lib.LOADTOP)
FRAME = "#include <setjmp.h>\n#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n\n#include <cmocka.h>\n\n"
# Kind: whose flags, objects and libraries it is built with.
LIKE = {"unit": "test_pattern", "virtual": "test_pattern", "scripted": "test_scripted", "fuzz": "fuzz_csv"}


def blocks():
    """[(check or None, code)] of each block that is no `text`."""
    with open(os.path.join(lib.ROOT, "docs", "contributing.md"), encoding="utf-8") as f:
        found = re.findall(r"(?ms)(?:^<!-- check: ([^\n]*) -->\n)?^```(\w+)\n(.*?)^```", f.read())
    return [(check or None, code) for check, language, code in found if language != "text"]


def main_of(code):
    names = re.findall(r"^static void (test_\w+)\(void \*\*state\)", code, re.M)
    return "\nint main(void)\n{\n    const struct CMUnitTest tests[] = {%s};\n" \
        "    return cmocka_run_group_tests(tests, NULL, NULL);\n}\n" % ", ".join("cmocka_unit_test(%s)" % n for n in names)


class Blocks(lib.FolderTest):
    def of(self, *kinds):
        found = [(check, code) for check, code in blocks() if check in kinds]
        self.assertTrue(found)
        return found

    def run_it(self, argv, codes=(0,), **more):
        p = subprocess.run(argv, capture_output=True, text=True, timeout=lib.bound(300), check=False, **more)
        self.assertIn(p.returncode, codes, "%s\n%s\n%s" % (argv, p.stdout, p.stderr))
        return p.stdout + p.stderr

    def build(self, kind, code):
        """The program that the block is; by the commands of one that the build made."""
        like = LIKE[kind]
        link = os.path.join(BUILD, "tests", "CMakeFiles", like + ".dir", "link.txt")
        database = os.path.join(BUILD, "compile_commands.json")
        if not os.path.exists(link) or not os.path.exists(database):
            lib.skip("no %s: only a build by make, with the unit tests, says how they are linked" % link)
        entry = next(e for e in lib.read_json(database) if re.search(r"/(unit|fuzz)/%s\.c$" % like, e["file"]))
        source = self.file("example.c", code)
        words = shlex.split(entry["command"])
        # As if it stood beside the others.
        self.run_it([source if w == entry["file"] else source + ".o" if w.endswith(like + ".c.o") else w for w in words] +
                    ["-I", os.path.dirname(entry["file"])], cwd=entry["directory"])
        with open(link, encoding="utf-8") as f:
            words = shlex.split(f.read())
        program = os.path.join(self.dir, "example")
        self.run_it([source + ".o" if w.endswith(like + ".c.o") else program if w == like else w for w in words],
                    cwd=os.path.join(BUILD, "tests"))
        return program

    def test_every_block_says_how_it_is_checked(self):
        for check, code in blocks():
            self.assertRegex(check or "", r"^(unit|virtual|scripted|fuzz|python|bench|none: .+)$", code)

    def test_unit_tests(self):
        for kind, code in self.of("unit", "virtual", "scripted"):
            with self.subTest(kind=kind):
                program = self.build(kind, code if kind == "unit" else "/* A test. */\n" + FRAME + code + main_of(code))
                self.assertIn("[  PASSED  ] 1 test(s).", self.run_it([program], cwd=lib.ROOT))

    def test_fuzzers(self):
        os.mkdir(os.path.join(self.dir, "corpus"))
        for name, text in ("rate", "5000/s"), ("none", ""):
            lib.write(os.path.join(self.dir, "corpus", name), text)
        for kind, code in self.of("fuzz"):
            self.run_it([self.build(kind, code), os.path.join(self.dir, "corpus"), "200"], cwd=self.dir)

    def python(self, code, *args, codes):
        folders = [os.path.join(lib.ROOT, "tests", f) for f in ("e2e", "servers", "bench")]
        env = dict(lib.environment({"XDG_STATE_HOME": self.dir, "PYTHONPATH": os.pathsep.join(folders)}),
                   LOADTOP=lib.LOADTOP, LOADTOP_SOURCE=lib.ROOT)
        return self.run_it([sys.executable, self.file("example.py", code), *args], codes, env=env, cwd=self.dir)

    def test_python(self):
        for _, code in self.of("python"):
            with self.subTest(code.splitlines()[0]):
                said = self.python(code, codes=(0, 77))
                self.assertRegex(said, r"Ran [1-9]\d* test|SKIP")

    def test_benches(self):
        for _, code in self.of("bench"):
            self.assertRegex(self.python(code, "--repeat", "1", codes=(0, 1)), r" limit \d+  (ok|MISSED)")


if __name__ == "__main__":
    lib.main()
