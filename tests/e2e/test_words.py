"""tests/words.py finds refused words in comments, docstrings and names, at their lines, and nowhere else."""
import os
import subprocess
import sys
import unittest

import lib

CHECK = os.path.join(lib.ROOT, "tests", "words.py")


class Words(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)

    def check(self, name, text):
        """The exit code of a check of a tree with this one file, and the violations."""
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        p = subprocess.run([sys.executable, CHECK, self.dir], capture_output=True, text=True, check=False)
        return p.returncode, p.stderr.splitlines()

    def test_this_tree_is_clean(self):
        p = subprocess.run([sys.executable, CHECK], capture_output=True, text=True, check=False)
        self.assertEqual((p.returncode, p.stderr), (0, ""), p)

    def test_a_comment(self):
        code, found = self.check("engine/load/op.c", "int x;\n\n/* Opens it\n * Anew. */\nint y; // whoever\n")
        self.assertEqual(code, 1)
        self.assertEqual(len(found), 2, found)
        self.assertIn('engine/load/op.c:4: "Anew" in a comment: say again', found[0])
        self.assertIn('engine/load/op.c:5: "whoever"', found[1])

    def test_words_on_two_lines_of_a_comment(self):
        code, found = self.check("engine/load/op.h", "/* Both can be told\n * apart here. */\n")
        self.assertEqual(code, 1)
        self.assertIn('engine/load/op.h:1: "told apart" in a comment: say distinguished', found[0])

    def test_a_name(self):
        code, found = self.check("ui/term/term.c", "static int conn_doom(int way);\nint doomsday, wayward, conn_doom;\n")
        self.assertEqual(code, 1)
        self.assertEqual(len(found), 2, found)
        self.assertIn('ui/term/term.c:1: "doom" in the name conn_doom: say close_later', found[0])
        self.assertIn('ui/term/term.c:1: "way" in the name way', found[1])

    def test_words_for_sources_only(self):
        text = "/* Removes what somebody left behind. */\n"
        self.assertEqual(self.check("tests/unit/test_op.c", text), (0, []))
        code, found = self.check("backends/null/null.c", text)
        self.assertEqual((code, len(found)), (1, 2), found)
        self.assertIn('"left behind" in a comment: say leftovers', found[1])

    def test_documents_and_shell_scripts(self):
        code, found = self.check("docs/json.md", "# The run\n\nIt begins anew, as nobody asked.\n")
        self.assertEqual((code, found), (1, ['docs/json.md:3: "anew": say again, or restart, reopen, recompute']))

    def test_what_is_not_checked(self):
        """Texts that a user sees, includes, parts of longer words, and names of tests, which are sentences."""
        self.assertEqual(self.check("ui/cli/cli.c", '#include "ui/cli/anew.h"\n'
                                    'const char *s = "opened anew /* by whoever */";\n/* canew, stretching */\n'
                                    "void test_a_lock_stops_what_is_under_way(void);\n"), (0, []))

    def test_python(self):
        code, found = self.check("tests/e2e/lib.py", '"""Starts it\nanew."""\nx = "anew"\n\n\ndef f():\n'
                                 '    """By whoever."""\n    return x  # told apart\n\n\nroomy = 1\n')
        self.assertEqual(code, 1)
        self.assertEqual([line.split(" ")[0] for line in found],
                         ["tests/e2e/lib.py:%d:" % n for n in (2, 7, 8, 11)], found)


if __name__ == "__main__":
    lib.main()
