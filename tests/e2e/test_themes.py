"""Themes are found in their folders in the right order, refused with a line number, reloaded while running, and shown
with all their roles.
"""
import os
import re
import shutil
import subprocess
import unittest

import lib

NULL = "null:?service=1ms"
ROLES = re.findall(r"^(\w+) +=", open(os.path.join(lib.ROOT, "themes", "dusk.theme"), encoding="utf-8").read(), re.M)[2:]


def theme(about="mine", text="#d0d0d0 on #101010", **roles):
    lines = ["about = " + about, "text = " + text] + ["%s = %s" % pair for pair in roles.items()]
    return "\n".join(lines) + "\n"


class Themes(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)
        self.home = os.path.join(self.dir, "config", "loadtop", "themes")
        self.here = os.path.join(self.dir, "here")
        os.makedirs(self.home)
        os.makedirs(self.here)
        self.env = {"XDG_CONFIG_HOME": os.path.join(self.dir, "config"), "COLORTERM": "truecolor"}

    def write(self, folder, name, text):
        """As an editor does it: beside, and renamed."""
        path = os.path.join(folder, name + ".theme")
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(path + ".new", path)
        return path

    def themes(self, *args, code=0, program=None):
        p = subprocess.run([program or lib.LOADTOP, "themes", *args], cwd=self.here, capture_output=True, text=True,
                           env=lib.environment(self.env), timeout=lib.bound(), check=False)
        self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return p.stdout if code == 0 else p.stderr

    def start(self, name):
        t = lib.Pty(lib.LOADTOP, "--theme", name, NULL, cols=120, rows=40, env=self.env, cwd=self.here)
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        return t

    def test_order_of_the_folders(self):
        self.assertIn("dusk: calm blue-greys", self.themes("dusk"))
        self.write(self.home, "dusk", theme("the user's"))
        self.assertIn("dusk: the user's (%s/dusk.theme)" % self.home, self.themes("dusk"))
        self.write(self.here, "dusk", theme("of this folder"))
        self.assertIn("dusk: of this folder (./dusk.theme)", self.themes("dusk"))
        path = self.write(self.dir, "other", theme("by its place"))
        self.assertIn("other: by its place (%s)" % path, self.themes(path))

    def test_installed(self):
        build = os.path.dirname(lib.LOADTOP)
        if not os.path.exists(os.path.join(build, "cmake_install.cmake")):
            lib.skip("the program is not in a build folder: nothing to install from")
        prefix = os.path.join(self.dir, "prefix")
        subprocess.run(["cmake", "--install", build, "--prefix", prefix], capture_output=True, check=True, timeout=lib.bound())
        share = os.path.join(prefix, "share", "loadtop", "themes")
        self.assertEqual(sorted(os.listdir(share)),
                         sorted(f for f in os.listdir(os.path.join(lib.ROOT, "themes")) if f.endswith(".theme")))
        self.write(share, "dusk", theme("the system's"))
        program = os.path.join(prefix, "bin", "loadtop")
        self.assertIn("dusk: the system's", self.themes("dusk", program=program))
        self.write(self.home, "dusk", theme("the user's"))
        self.assertIn("dusk: the user's", self.themes("dusk", program=program))

    def test_without_any_file(self):
        """A copy of the program alone has all of them."""
        program = shutil.copy(lib.LOADTOP, os.path.join(self.dir, "alone"))
        listed = self.themes(program=program)
        for name in "dusk", "paper", "contrast", "okabe", "cividis", "mono", "gruvbox", "dracula":
            self.assertRegex(listed, r"(?m)^  %s " % name)
        self.assertIn("nord: arctic blues (built in)", self.themes("nord", program=program))

    def test_wrong_lines(self):
        for line, *says in (("bad = red", "line 3: bad: 'red'", "#RRGGBB"),
                            ("bad = #ff0000 | 256", "line 3: bad: '256'", "0 to 255"),
                            ("bad = #ff0000 | 9 | mauve", "line 3: bad: 'mauve'", "bright-"),
                            ("bad = #ff0000 | 9 | red | red", "line 3: bad: 'red'", "plain"),
                            ("bda = #ff0000", "line 3: there is no role 'bda'; nearest: bad"),
                            ("bad #ff0000", "line 3: 'bad #ff0000' is not `role = colour`"),
                            ("ground = blue", "line 3: ground: 'blue' is not #RRGGBB")):
            with self.subTest(line=line):
                self.write(self.here, "wrong", theme() + line + "\n")
                message = self.themes("wrong", code=2)
                for part in says:
                    self.assertIn(part, message)
        self.assertIn("nearest: dusk, allowed: dusk cividis contrast", self.themes("dsuk", code=2))

    def test_what_is_shown_can_be_read_again(self):
        """`loadtop themes NAME` prints every role, in the format of a file."""
        for name in "dusk", "contrast":
            shown = self.themes(name)
            lines = re.findall(r"^\w+ += .*\|.*$", shown, re.M)
            self.assertEqual([line.split()[0] for line in lines], ROLES)
            self.write(self.here, "again", "about = again\n" + "\n".join(lines) + "\n")
            self.assertEqual(re.findall(r"^\w+ += .*\|.*$", self.themes("again"), re.M), lines)

    def test_read_again_while_it_runs(self):
        self.write(self.here, "mine", theme(strong="#aa0001"))
        t = self.start("mine")
        self.assertIn(b"38;2;170;0;1", bytes(t.raw))
        self.write(self.here, "mine", theme(strong="#00bb02"))
        t.wait_for("theme mine: read again")
        self.assertIn(b"38;2;0;187;2", bytes(t.raw))
        self.write(self.here, "mine", theme(strong="#00bb0"))
        t.wait_for("line 3: strong: '#00bb0'")
        self.assertIn("LOAD ON 1/1", t.text())
        before = len(t.raw)
        t.send("\x0c")  # all is drawn again, in the colours of before
        lib.until("it was drawn anew", lambda: t.pump(0.05) or len(t.raw) > before + 3000)
        self.assertIn(b"38;2;0;187;2", bytes(t.raw)[before:])
        self.write(self.here, "mine", theme(strong="#0000cc"))
        t.wait_for("theme mine: read again")
        self.assertIn(b"38;2;0;0;204", bytes(t.raw)[before:])

    def test_the_next_one_shows_all_its_roles(self):
        t = self.start("dusk")
        t.send("T")
        t.wait_for("theme cividis: for colour-blind eyes")
        for role in ROLES:
            t.wait_for(role)
        t.wait_gone("caution_row")
        t.send(":theme contrast\r")
        t.wait_for("theme contrast: high contrast")
        t.send(":theme dsuk\r")
        t.wait_for("there is no theme 'dsuk'; nearest: dusk")


if __name__ == "__main__":
    lib.main()
