"""What the README tells a person to type works, as written.

Every block of commands has a comment before it that says how it is checked:
  <!-- check: run -->             each line is run and must succeed; `localhost:6379` is a private redis-server
  <!-- check: screen "WORDS" -->  each line is started in a terminal and must show the words; then it is left
  <!-- check: unreached: WHY -->  the server cannot be had here: loadtop's lines are run where nobody listens, and
                                  must end as it ends when all is right but for that; the servers' own are left out
  <!-- check: none: WHY -->       not checked here
A block without one fails the test, so that none is forgotten. The table of keys must be the program's.

ctest: long
"""
import os
import re
import shlex
import subprocess
import unittest

import lib

with open(os.path.join(lib.ROOT, "README.md")) as readme:
    README = readme.read()


def blocks():
    """[(check, [command])] of each block of commands."""
    found = []
    for match in re.finditer(r"(?:<!-- check: (.*?) -->\n)?```sh\n(.*?)```", README, re.S):
        text = match.group(2).replace("\\\n", " ")
        lines = [line.split("  #")[0].strip() for line in text.splitlines()]
        found.append((match.group(1), [line for line in lines if line]))
    return found


class Readme(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)
        self.redis = lib.Redis()

    def tearDown(self):
        self.redis.close()

    def words(self, command):
        """The command for a shell, with our program and our Redis."""
        command = command.replace("localhost:6379", "127.0.0.1:%d" % self.redis.port)
        return re.sub(r"^build/loadtop\b", lambda _: shlex.quote(lib.LOADTOP), command)

    def test_every_block_says_how_it_is_checked(self):
        self.assertTrue(blocks())
        for check, lines in blocks():
            self.assertIsNotNone(check, "no check for %r" % lines)
            self.assertRegex(check, r'^(run|screen ".+"|unreached: .+|none: .+)$')

    def test_commands_succeed(self):
        ran = 0
        for check, lines in blocks():
            if check != "run":
                continue
            for command in lines:
                p = subprocess.run(["bash", "-c", self.words(command)], cwd=self.dir, env=lib.environment(),
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                   timeout=lib.bound(300), check=False)
                self.assertEqual(p.returncode, 0, "%s\n%s\n%s" % (command, p.stdout, p.stderr))
                self.assertTrue(p.stdout.strip(), "%s: printed nothing" % command)
                ran += 1
        self.assertGreater(ran, 0)

    def test_commands_for_other_servers_are_right_but_for_the_server(self):
        started = []
        for check, lines in blocks():
            for command in lines if (check or "").startswith("unreached:") else []:
                if not command.startswith("build/loadtop"):
                    continue
                command = re.sub(r"localhost:\d+", "127.0.0.1:%d" % lib.free_port(), self.words(command))
                started.append((command, subprocess.Popen(
                    ["bash", "-c", "exec " + command + " --headless --no-history -d 1s"], cwd=self.dir, text=True,
                    env=lib.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)))
        self.assertTrue(started)
        for command, p in started:
            with p:
                out, err = p.communicate(timeout=lib.bound())
                self.assertEqual(p.returncode, 3, "%s\n%s\n%s" % (command, out, err))
                self.assertIn("no target was reached", err)

    def test_screens_show_their_words(self):
        shown = 0
        for check, lines in blocks():
            screen = re.match(r'screen "(.+)"', check or "")
            for command in lines if screen else []:
                with lib.Tmux("bash", "-c", "exec " + self.words(command), cols=120, rows=30,
                              cwd=self.dir) as t:
                    t.wait_for(screen.group(1))
                    lib.until("operations arrive", lambda: self.redis.calls("get", "set") > 0)
                    t.send("q")
                    lib.until("it asks, or has ended", lambda t=t: t.ended() or "?" in t.text())
                    if not t.ended():
                        t.send("y")
                    self.assertEqual(t.status(), 0, t.text())
                    shown += 1
        self.assertGreater(shown, 0)

    def test_keys_are_the_programs(self):
        table = README.split("## Keys", 1)[1].split("\n## ", 1)[0]
        keys = re.findall(r"`([^`]+)`", "".join(row.split("|")[1] for row in table.splitlines()[4:]
                                                if row.startswith("|")))
        result = lib.loadtop("help", "keys")
        text = result.out if result.code == 0 else lib.loadtop("help").out
        self.assertGreater(len(keys), 20)
        for key in keys:
            self.assertIn(key, text, "the program's help does not know the key %r" % key)


if __name__ == "__main__":
    lib.main()
