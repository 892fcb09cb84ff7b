"""A full disk, a folder that is not writable, a folder that does not exist: each gives a message and leaves older files
unchanged.

The full disk is a small tmpfs in a mount namespace of the test's own (unshare). Where that is not allowed, the test is
skipped with a message.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

import lib

NULL = "null:?service=1ms"


class Disk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = lib.headless("-d", "2s", NULL)
        second = cls.data["pools"][0]["series"][0]
        cls.data["pools"][0]["series"] = [dict(second, t_s=i + 1) for i in range(600)]

    def setUp(self):
        self.dir = lib.folder(self)
        self.json = os.path.join(self.dir, "run.json")
        lib.write_json(self.json, self.data)

    def on_a_full_disk(self, script):
        """Runs the lines in a shell with $D a full tmpfs that holds old.* ('old'), $R the run, $L the program."""
        disk = os.path.join(self.dir, "disk")
        os.mkdir(disk)
        full = """set -u
mount -t tmpfs -o size=128k loadtop-test "$D" || exit 77
for f in html md svg json csv; do echo old > "$D/old.$f"; done
%s
""" % script
        p = subprocess.run(["unshare", "-rm", "sh", "-c", full], capture_output=True, text=True, timeout=lib.bound(200), check=False,
                           env=dict(lib.environment(), D=disk, R=self.json, L=lib.LOADTOP,
                                    FILL='head -c 200000 /dev/zero > "$D/fill" 2>/dev/null'))
        if p.returncode == 77 or "unshare" in p.stderr.split(":")[0]:
            self.skipTest("no file system of one's own here (unshare -rm): %s" % p.stderr.strip()[:100])
        return p

    def test_reports(self):
        p = self.on_a_full_disk("""
eval "$FILL"
for f in html md svg csv json; do
    if [ $f = json ]; then "$L" --headless -q -n 50 --no-history --json "$D/old.json" null: >"$D/../out"
    else "$L" report "$R" -o "$D/old.$f"; fi
    echo "exit $? $(cat "$D/old.$f")"
done
ls -A "$D"
cat "$D/../out"
""")
        self.assertEqual(re.findall(r"exit .*", p.stdout), ["exit 1 old"] * 5, p)
        self.assertEqual(p.stderr.count("No space left on device"), 5, p)
        for name in ("old.html", "old.json"):
            self.assertEqual(p.stderr.count(name), 1, p)
        self.assertIn("fill\\nold.csv\\nold.html\\nold.json\\nold.md\\nold.svg\\n".replace("\\n", "\n"), p.stdout)
        self.assertIn("operations    offered 50 = completed 50", p.stdout)  # the summary is printed all the same

    def test_history(self):
        p = self.on_a_full_disk("""
export XDG_STATE_HOME=$D/state
"$L" --headless -q -n 50 null: >/dev/null; echo "exit $?"
eval "$FILL"
"$L" --headless -q -d 1500ms null: | grep -c completed; echo "exit $?"
rm "$D/fill"
"$L" history list
""")
        self.assertEqual(re.findall(r"exit \d+", p.stdout), ["exit 0", "exit 0"], p)
        self.assertIn("loadtop: ", p.stderr)
        self.assertRegex(p.stderr, r"(?i)full|no space", p)
        self.assertRegex(p.stdout, r"(?m)^ +1 +[0-9a-f]{8} ", p)  # the older run is still there

    TROUBLES = """
say() { echo "$1: exit $2 $(cat "$D/$3" 2>/dev/null)"; }
trouble() {
    "$L" report "$R" -o "$D/old.html"; say "$1 report" $? old.html
    "$L" compare "$R" "$R" -o "$D/old.md" >/dev/null; say "$1 compare" $? old.md
    "$L" history show last -o "$D/old.csv" >/dev/null; say "$1 history" $? old.csv
    "$L" --headless -q -n 50 --no-history --json "$D/old.json" null: >"$O"; say "$1 json" $? old.json
    grep -q "offered 50 = completed 50" "$O" && echo "$1 summary"
    XDG_STATE_HOME=$D/state "$L" --headless -q -n 50 null: >"$O"; say "$1 state" $? old.svg
    grep -q "offered 50 = completed 50" "$O" && echo "$1 summary"
    XDG_RUNTIME_DIR=$D TMPDIR=$D "$L" demo --headless -q -d 200ms --no-history >"$O"; say "$1 demo" $? old.svg
    grep -q knee "$O" && echo "$1 summary"
    ls -A "$D" | grep -v '^old[.]' | sed "s/^/$1 leaves: /"
}
export XDG_STATE_HOME=$D/../state
"$L" --headless -q -n 50 null: >/dev/null
"""

    def test_other_troubles(self):
        """No space, no inodes, a file system that may only be read: each output says so, and nothing is lost."""
        p = self.on_a_full_disk(self.TROUBLES + """
O=$D/../out
eval "$FILL"; trouble full
"$L" themes >/dev/full; echo "stdout: exit $?"
"$L" report "$R" -o "$D/../x.html" >/dev/full; echo "stdout: exit $?"
"$L" --headless -q -n 50 --no-history --json - null: >/dev/full; echo "stdout: exit $?"
"$L" --headless -q -n 50 --no-history --json - null: >"$D/short"; echo "stdout: exit $?"
rm "$D/short"
mount -o remount,ro "$D"; trouble readonly
umount "$D"
mount -t tmpfs -o nr_inodes=6 loadtop-test "$D"
for f in html md svg json csv; do echo old > "$D/old.$f"; done
trouble inodes
""")
        for trouble, why in (("full", "No space left on device"), ("readonly", "Read-only file system"),
                             ("inodes", "No space left on device")):
            for what in ("report", "compare", "history", "json"):
                self.assertIn("%s %s: exit 1 old\n" % (trouble, what), p.stdout, p)
            for what in ("state", "demo"):  # a run is not lost for its history, nor the rest of the demo
                self.assertIn("%s %s: exit 0 old\n" % (trouble, what), p.stdout, p)
            self.assertEqual(p.stdout.count(trouble + " summary\n"), 3, p)
            self.assertIn(why, p.stderr)
        self.assertEqual(p.stdout.count("stdout: exit 1"), 4, p)
        left = set(re.findall(r"(?m)^\w+ leaves: (.*)", p.stdout))
        self.assertLessEqual(left, {"fill", "state"}, p)

    def test_in_the_middle_of_a_run(self):
        """The disk fills, and the folder goes, while it runs: said once, and the run goes on to its end."""
        p = self.on_a_full_disk("""
for how in gone fills; do
    mkdir -p "$D/$how"
    XDG_STATE_HOME=$D/$how "$L" --headless -q -d 4s --json "$D/$how/run.json" null: >"$D/../$how" 2>"$D/../$how.err" &
    pid=$!
    n=0; until ls "$D/$how"/loadtop/running/*.run >/dev/null 2>&1 || [ $n -gt 1000 ]; do sleep 0.05; n=$((n + 1)); done
    if [ $how = fills ]; then eval "$FILL"; else rm -rf "$D/gone"; fi
    wait $pid; echo "$how: exit $?"
    grep -c "offered .* = completed" "$D/../$how"
    sed "s/^/$how: /" "$D/../$how.err"
    ls -A "$D/$how" 2>/dev/null | grep "^[.]run"
done
""")
        for how, why in (("fills", "No space left on device|full"), ("gone", "No such file or directory")):
            self.assertIn("%s: exit 1\n1\n" % how, p.stdout, p)
            self.assertRegex(p.stdout, "%s: loadtop: cannot write (to )?\\S*run.json: (%s)" % (how, why), p)
        self.assertRegex(p.stdout, "fills: loadtop: .*a crash would lose this run", p)
        self.assertNotIn("\n.run", p.stdout)

    def test_screen(self):
        got = self.on_a_full_disk("exit 0")
        self.assertEqual(got.returncode, 0, got)
        disk = os.path.join(self.dir, "disk")
        shell = ('mount -t tmpfs -o size=128k t "%s" && echo old > "%s/old.txt" && '
                 'head -c 200000 /dev/zero > "%s/fill" 2>/dev/null; "%s" --no-history --out "%s" "%s"; '
                 'cat "%s/old.txt"; ls "%s"; sleep 30' % (disk, disk, disk, lib.LOADTOP, disk, NULL, disk, disk))
        t = lib.Tmux("unshare", "-rm", "sh", "-c", shell, cols=120, rows=40)
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        t.send("c")
        t.wait_for("No space left on device")
        t.send(":")
        t.type("screenshot %s/old.txt" % disk)
        t.send("Enter")
        t.wait_for("old.txt")
        t.send("r")
        t.wait_for("No space left on device")
        t.wait_for("LOAD ON 1/1")  # the load runs on

    def test_no_permission(self):
        """As another user, where this one may write everywhere."""
        folder = os.path.join(self.dir, "closed")
        os.mkdir(folder)
        old = os.path.join(folder, "old.html")
        lib.write(old, "old\n")
        os.chmod(folder, 0o555)
        os.chmod(self.dir, 0o755)
        os.chmod(self.json, 0o644)

        def other():
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
        if subprocess.run([lib.LOADTOP, "--version"], capture_output=True, preexec_fn=other, check=False).returncode:
            self.skipTest("another user cannot run %s" % lib.LOADTOP)
        for words in (["report", self.json, "-o", old],
                      ["--headless", "-q", "-n", "50", "--no-history", "--json", old, NULL]):
            p = subprocess.run([lib.LOADTOP, *words], capture_output=True, text=True, timeout=lib.bound(), preexec_fn=other,
                               check=False, env=dict(lib.environment(), HOME=self.dir))
            self.assertEqual(p.returncode, 1, p)
            self.assertIn("Permission denied", p.stderr)
            self.assertIn("old.html", p.stderr)
            with open(old) as f:
                self.assertEqual(f.read(), "old\n")
        p = subprocess.run([lib.LOADTOP, "--headless", "-q", "-n", "50", NULL], capture_output=True, text=True,
                           timeout=lib.bound(), preexec_fn=other, check=False,
                           env=dict(lib.environment(), HOME=self.dir, XDG_STATE_HOME=os.path.join(folder, "state")))
        self.assertEqual(p.returncode, 0, p)  # a run is not lost for its history
        self.assertIn("Permission denied", p.stderr)
        self.assertIn("offered 50", p.stdout)

    def test_missing_folder(self):
        missing = os.path.join(self.dir, "not", "there", "x.html")
        got = lib.loadtop("report", self.json, "-o", missing)
        self.assertEqual(got.code, 1, got)
        self.assertIn(missing, got.err)
        t = lib.Tmux(lib.LOADTOP, "--no-history", "--out", os.path.dirname(missing), NULL, cols=120, rows=40)
        self.addCleanup(t.close)
        t.wait_for("LOAD ON 1/1")
        for key in "c", "r":
            t.send(key)
            t.wait_for("No such file or directory")


if __name__ == "__main__":
    if not shutil.which("unshare"):
        print("unshare is not there (apt-get install util-linux)", file=sys.stderr)
    lib.main()
