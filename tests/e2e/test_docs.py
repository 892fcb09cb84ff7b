"""The documents say what the program does: docs/json.md has every field that a run writes.

docs/json.md is parsed by json_page.py. A row that begins with "Only with ..." (or stands below such a line) may be absent
from all runs made here, because it needs a server or a case that this test does not have; those of backends are looked
at in tests/servers.

Everything that architecture.md and contributing.md name in backticks is looked up in the tree. The examples in
contributing.md are run by test_contributing.py.

ctest: long
"""
import ast
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import json_page
import lib

sys.path.insert(0, os.path.join(lib.ROOT, "tests"))
import rooms  # noqa: E402  pylint: disable=wrong-import-position

def read(*path):
    with open(os.path.join(lib.ROOT, *path)) as f:
        return f.read()


class Json(unittest.TestCase):
    """Every field of real runs, against the page."""

    @classmethod
    def setUpClass(cls):
        cls.page = json_page.Page()
        cls.dir = tempfile.mkdtemp(prefix="loadtop-docs-")
        cls.env = {"XDG_STATE_HOME": os.path.join(cls.dir, "state")}
        cls.runs = {}
        try:
            cls.run_all()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    @classmethod
    def run_all(cls):
        cls.add("two pools, open and in batches", "-d", "3s", "--warmup", "200ms", "-t", "2", "--goal", "1k/s",
                "--threshold", "p99<1h", "--threshold", "a:p99.99<1h", "--at", "1s a threads 3", "--at", "1s mark here",
                "--at", "1500ms pause", "--at", "2s resume", "--at", "2500ms remove c",
                "null:?errors=0.2&rate=500/s&name=a", "null:?pattern=batch&depth=8&name=b&think=1ms",
                "null:?name=c&timeout=1ms&service=5ms")
        cls.add("few connections", "-n", "300", "--clients", "4", "--connections", "1", "null:?name=shared")
        cls.add("unthrottled", "-n", "300", "null:?pattern=unthrottled&servers=1&service=100us")
        cls.add("repeated", "-n", "200", "--repeat", "2", "null:")
        cls.add("swept", "--sweep", "threads=1,2,4 hold=1s", "null:?lambda=2000&sigma=0.05&kappa=0.01")
        with lib.Redis() as redis:
            cls.add("redis", "-d", "2s", "--ops", "get:1,set:1", "--ttl", "1h", redis.url)
            cls.add("redis, swept", "--sweep", "depth=1,4 hold=1s", "--pattern", "batch", redis.url)
        cls.runs["killed"] = cls.killed()

    @classmethod
    def add(cls, name, *args):
        cls.runs[name] = lib.headless("--no-history", *args, timeout=300, env=cls.env)
        for ours in "_out", "_err", "_code":
            del cls.runs[name][ours]

    @classmethod
    def killed(cls):
        """A run that the history takes over from a program that was killed."""
        with lib.Headless("-d", "1h", "null:?name=killed", env=cls.env) as run:
            folder = os.path.join(cls.dir, "state", "loadtop", "running")

            def written():
                for name in os.listdir(folder) if os.path.isdir(folder) else []:
                    with open(os.path.join(folder, name), "rb") as f:
                        if f.read().count(b"\n") >= 3:
                            return True
                return False
            lib.until("its journal has three lines", written)
        back = os.path.join(cls.dir, "back.json")
        shown = lib.loadtop("history", "show", "last", "-o", back, env=cls.env)
        assert shown.code == 0, shown
        with open(back) as f:
            return json.load(f)

    def fitted(self):
        """`loadtop fit --json`: a curve whose parameters do not hang on this machine."""
        fit = lib.loadtop("fit", "-", "--json", stdin="".join(
            "%d,%d\n" % p for p in ((1, 100), (2, 190), (4, 340), (8, 520), (16, 600), (32, 560))))
        self.assertEqual(fit.code, 0, fit)
        return json.loads(fit.out)

    def test_each_field_of_a_run_is_described(self):
        for name, run in self.runs.items():
            self.page.check(self, run, name)
        self.page.check(self, self.fitted(), "fit", "pools[].scaling[]")

    def test_options_have_all_their_digits(self):
        self.assertEqual(lib.pool(lib.headless("-n", "1", "null:?lambda=10&sigma=0&kappa=1e-7"))["options"]["kappa"], 1e-7)

    def test_each_field_that_is_described_is_written(self):
        found = json_page.walk(self.fitted(), "pools[].scaling[]", {})
        for run in self.runs.values():
            json_page.walk(run, "", found)
        matched = {self.page.of(path) for path in found}
        self.assertEqual([f.path for f in self.page.fields if not f.optional and f not in matched], [])

    def test_checks_are_listed(self):
        row = re.search(r"(?s)## A check: .*?\| `name` \|(?:[^|]*\|){2}([^|]*)\|", read("docs", "json.md"))
        self.assertEqual(set(re.findall(r"`(\w+)`", row.group(1))),
                         {c["name"] for run in self.runs.values() for c in run["validity"]["checks"]})

    def test_the_outline_in_the_contract(self):
        """Each name in it is a field of json.md; nothing is removed or renamed under schema 1."""
        outline = re.search(r"(?s)In outline:\n\n(.*?)\n## ", read("docs", "contract.md")).group(1)
        names = set(re.findall(r'"(\w+)"', re.sub(r'": "[^"]*"', '"', outline))) - {"get"}
        self.assertGreater(len(names), 70)
        fields = {re.split(r"\W+", f.path.rstrip("[]*."))[-1] for f in self.page.fields}
        self.assertEqual(sorted(names - fields), [])

    @staticmethod
    def names_in(path, function):
        """The names that a function of the sources chooses from."""
        body = re.search(r"(?ms)^const char \*%s\(.*?^}" % function, read(*path.split("/"))).group()
        return {w for w in re.findall(r'"([^"]*)"', body) if w[:1].isalpha()}

    def test_events_are_listed(self):
        below = read("docs", "json.md").split("\n## Events")[1].split("\n## ")[0].split("\n`what` of a change")[1]
        changes, kinds = below.split("All others:")
        listed = [w for line in re.findall(r"(?m)^- ([^:]*):", kinds) for w in re.findall("`([^`]+)`", line)]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual(set(listed), self.names_in("engine/state/snapshot.c", "event_kind_name"))
        dials = set(re.findall(r"\[DIAL_(\w+)\] = \{POOL_", read("engine", "config", "dial.c"))) - {"OPS"}
        self.assertEqual(set(re.findall("`([^`]+)`", changes)), {d.lower() for d in dials} | {"add", "remove"})

    def test_words_of_a_field_are_listed(self):
        """Fields that have one word of a list: the page has the whole list."""
        snapshot = "engine/state/snapshot.c"
        for section, field, path, function in (
                ("The run", "ended_by", snapshot, "end_reason_name"), ("A pool", "state", snapshot, "pool_state_name"),
                ("Whose limit", "kind", snapshot, "bottleneck_name"),
                ("Capacity", "limited_by", snapshot, "capacity_limited_by_name"),
                ("A check", "name", snapshot, "check_name"), ("A curve", "model", "engine/stats/usl.c", "usl_model_name"),
                ("A curve", "phase", "engine/stats/usl.c", "usl_phase_name"),
                ("Events", "by", "engine/config/command_text.c", "origin_name")):
            with self.subTest(field=field, function=function):
                part = re.search(r"(?ms)^## %s:.*?(?=^## )" % re.escape(section), read("docs", "json.md")).group()
                cell = re.search(r"(?m)^\| `%s` \|(?:[^|]*\|){2}([^|]*)\|" % field, part).group(1)
                self.assertEqual(set(re.findall(r"`([^` ]+)`", cell)), self.names_in(path, function))

    def test_what_the_page_says_of_the_accounts(self):
        for name, run in self.runs.items():
            for pool in run["pools"]:
                self.assertEqual(lib.accounting(pool["ops"]), 0, name)
                if name != "killed":
                    self.assertEqual(lib.unaccounted(pool), 0, name)
        self.assertIn("recovered", self.runs["killed"])

    def test_mock_kafka(self):
        if not any(b["name"] == "kafka" and b["built_in"] for b in json.loads(
                lib.loadtop("backends", "--json").out)["backends"]):
            self.skipTest("no Kafka in this build (librdkafka-dev)")
        path = os.path.join(self.dir, "demo.json")
        demo = lib.loadtop("demo", "--headless", "--no-history", "-q", "-d", "3s", "--json", path, timeout=300, env=self.env)
        self.assertEqual(demo.code, 0, demo)
        with open(path) as f:
            run = json.load(f)
        self.assertIn("kafka", [p["backend"] for p in run["pools"]])
        self.page.check(self, run, "demo")


class Words(unittest.TestCase):
    """What the other pages tell a person to type is there."""

    PAGES = "contract.md", "json.md", "security.md", "changelog.md"

    def test_options(self):
        known = set(re.findall(r"--[a-z][a-z-]*", "".join(
            lib.loadtop("help", *topic).out for topic in ([], ["compare"], ["patterns"]))))
        for page in self.PAGES:
            for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", read("docs", page))):
                self.assertTrue(option in known, "%s: %s" % (page, option))

    def test_options_of_backends_in_the_contract(self):
        rows = re.findall(r"(?m)^\| (\w+) \| [^|]*\| (.*)\|$", read("docs", "contract.md").replace(r"\|", ";"))
        known = {b["name"]: [o["name"] for o in b["options"]]
                 for b in json.loads(lib.loadtop("backends", "--json").out)["backends"] if b["built_in"]}
        rows = [row for row in rows if row[0] in known]
        self.assertTrue(rows)
        for backend, text in rows:
            for option in re.findall(r"`([a-z][\w.-]*)=?[^`]*`", text):
                self.assertTrue(any(option == o or (o.endswith(".") and option.startswith(o)) for o in known[backend]),
                                "%s: %s" % (backend, option))

    def test_keys_and_commands_of_the_contract(self):
        contract = read("docs", "contract.md")
        keys = contract.split("## Keys")[1].split("\n## ")[0]
        shown = lib.loadtop("help", "keys").out
        for key in re.findall(r"`([^`]{1,2})`", "".join(row.split("|")[1] for row in keys.splitlines() if row.startswith("| `"))):
            self.assertRegex(shown, r"(?m)^  (\S+, )*%s[ ,]" % re.escape(key))
        commands = set(re.findall(r"(?m)^  (?:\[POOL\] )?([a-z]+)", lib.loadtop("help", "commands").out))
        block = contract.split("## Command language")[1].split("\n## ")[0]
        verbs = set(re.findall(r"[a-z-]+", " ".join(re.findall(r"(?m)^    (.*)$", block))))
        self.assertEqual(commands - verbs, set())


class Source:
    """What there is to be named: files, folders, and the words of the sources."""

    SKIPPED = re.compile(r"(build|\.git|\.cache)")

    def __init__(self):
        self.files, self.words, self.functions = set(), set(), set()
        self.structs = set()
        for folder, folders, files in os.walk(lib.ROOT):
            folders[:] = [f for f in folders if not self.SKIPPED.match(f)]
            self.files |= {os.path.relpath(os.path.join(folder, f), lib.ROOT) for f in files}
        self.folders = {os.path.dirname(f) for f in self.files}
        for folder in list(self.folders):
            self.folders |= {folder[:i] for i, c in enumerate(folder) if c == "/"}
        for path in sorted(self.files):
            if path.endswith((".c", ".h")):
                self.take_c(rooms.without_comments(read(path)))
            elif path.endswith(".py"):
                self.take_python(read(path))
            elif path.endswith((".cmake", "CMakeLists.txt", ".sh")):
                self.words |= set(rooms.WORD.findall(read(path)))

    def take_c(self, text):
        self.words |= set(rooms.WORD.findall(text))
        self.functions |= set(rooms.ANY_DEFINED.findall(text))
        self.functions |= set(re.findall(r"\(\*(\w+)\)\(", text)) | set(re.findall(r"#define (\w+)\(", text))
        self.structs |= set(re.findall(r"\b((?:struct|enum) \w+)\s*\{", text))

    def take_python(self, text):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self.functions.add(node.name)
                self.words.add(node.name)

    def has_path(self, path):
        """Of a path with NAME in it the folders before that must be there."""
        if "NAME" in path:
            return os.path.dirname(path[:path.index("NAME")]) in self.folders
        if path.endswith("/"):
            return path[:-1] in self.folders
        return bool(fnmatch.filter(self.files | self.folders, path))


class Names(unittest.TestCase):
    """What the pages for developers name is there, so that they cannot rot unseen. NAME, x and x_ stand for what a reader
    chooses."""

    PAGES = "architecture.md", "contributing.md"
    PATH = re.compile(r"\.?[\w*.-]+(/[\w*.-]*)+|[\w-]+\.(c|h|py|sh|md|txt)")

    @classmethod
    def setUpClass(cls):
        cls.source = Source()
        cls.dev = read("dev")

    def has_command(self, words):
        """Is there ./dev WORDS?"""
        if words[:1] == ["bench"] and words[1:] not in ([], ["NAME"]):
            return self.source.has_path("tests/bench/%s.*" % words[1])
        return not words or bool(re.search(r"(?m)^(?:\w+ \| )*%s(?: \|.*)?\)" % words[0], self.dev))

    def wrong(self, name):
        """Why there is nothing of this name; None: there is, or it is no name."""
        source = self.source
        if re.fullmatch(r"struct x|x_\w+", name):
            return None
        if re.fullmatch(r"\w+\(\)", name):
            return None if name[:-2] in source.functions else "no such function"
        if re.fullmatch(r"(struct|enum) \w+", name):
            return None if name in source.structs else "no such type"
        if name.startswith("./dev"):
            return None if self.has_command(name.split()[1:]) else "no such command"
        if self.PATH.fullmatch(name):
            return None if source.has_path(name) else "no such file or folder"
        if re.fullmatch(r"[A-Za-z]\w*_\w+", name):
            return None if name in source.words else "no such word"
        return None

    def test_each_is_there(self):
        wrong = []
        for page in self.PAGES:
            names = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^( *)```.*?^\1```", "", read("docs", page)))
            self.assertGreater(len(names), 100, page)
            wrong += ["docs/%s: `%s`: %s" % (page, n, self.wrong(n)) for n in names if self.wrong(n)]
        self.assertEqual(wrong, [])

    def test_rooms_are_those_that_are_checked(self):
        section = read("docs", "architecture.md").split("## Rooms", 1)[1].split("\n## ", 1)[0]
        listed = re.findall(r"(?m)^\| `(\w+/\w+)` \|", section)
        self.assertEqual(listed, ["%s/%s" % (house, room) for house, names in rooms.ROOMS.items() for room in names])

    def test_a_name_that_is_not_there_is_found(self):
        for name in ("no_such_function()", "struct nothing", "engine/load/nothing.c", "engine/nothing/", "KEY_NOTHING_ELSE",
                     "./dev nothing", "./dev bench nothing", "nothing.c"):
            self.assertIsNotNone(self.wrong(name), name)

    def test_links(self):
        for page in sorted(f for f in self.source.files if f.endswith(".md") and f.startswith(("docs/", "README", "themes/"))):
            for link in re.findall(r"\]\(([^)#:\s]+)\)", read(page)):
                path = os.path.normpath(os.path.join(os.path.dirname(page), link))
                self.assertTrue(path in self.source.files or path in self.source.folders, "%s: %s" % (page, link))


class Man(unittest.TestCase):
    """docs/loadtop.1, which CMake installs, is what the program prints."""

    def test_it_is_the_programs(self):
        page = lib.loadtop("help", "--man")
        self.assertEqual((page.code, page.err), (0, ""))
        self.assertEqual(read("docs", "loadtop.1"), page.out, "make it again: build/loadtop help --man >docs/loadtop.1")

    PAGE = os.path.join(lib.ROOT, "docs", "loadtop.1")

    def shown(self, *options):
        """The page as a reader sees it in 80 columns. roff says nothing: no line is too long to be broken."""
        if not shutil.which("groff"):
            self.skipTest("groff is not installed (apt-get install groff-base)")
        run = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-rLL=80n", *options, self.PAGE],
                             capture_output=True, text=True, timeout=lib.bound(), check=True)
        self.assertEqual(run.stderr, "")
        return run.stdout

    def entries(self, section):
        """[what stands in bold at an entry of this section]."""
        part = read("docs", "loadtop.1").split(".SH %s\n" % section)[1].split("\n.SH ")[0]
        heads = re.findall(r"(?m)^\.TP.*\n\\fB(.*)\\fR$", part)
        return [re.sub(r"\\\((aq|ga|ti|ha)", lambda m: {"aq": "'", "ga": "`", "ti": "~", "ha": "^"}[m.group(1)],
                       h.replace("\\-", "-").replace("\\&", "")) for h in heads]

    def test_each_line_fits_80_columns(self):
        self.assertEqual([line for line in self.shown("-ww").splitlines() if len(line) > 80], [])

    def test_mandoc_warns_of_nothing(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed (apt-get install mandoc)")
        run = subprocess.run(["mandoc", "-Tlint", "-Wwarning", self.PAGE], capture_output=True, text=True,
                             timeout=lib.bound(), check=False)
        # a page that has no date, which would make each build's different, is what it is meant to be
        self.assertEqual([line for line in run.stdout.splitlines() if "missing date" not in line], [])

    def test_the_environment_is_what_the_sources_read(self):
        read_there = {"LC_ALL, LC_CTYPE, LANG"}  # by setlocale()
        for house in "engine", "backends", "ui":
            for folder, _, files in os.walk(os.path.join(lib.ROOT, house)):
                for name in files:
                    if name.endswith(".c"):
                        text = read(folder, name)
                        read_there |= set(re.findall(r'getenv\("(\w+)"\)', text)) | set(re.findall(r'"(LOADTOP_\w+)="', text))
        self.assertEqual(set(self.entries("ENVIRONMENT")), read_there)

    def test_each_backend_says_what_its_targets_look_like(self):
        part = self.shown().split("\nTARGETS\n")[1].split("\nOPTIONS\n")[0]
        for b in json.loads(lib.loadtop("backends", "--json").out)["backends"]:
            self.assertIn(b["name"], self.entries("TARGETS"))
            for scheme in b["schemes"].split():
                self.assertRegex(part, r"(?<![+\w])%s:" % re.escape(scheme))

    def test_its_examples_run(self):
        """On the simulated service, for a second; those without --headless need a terminal, and say so."""
        with tempfile.TemporaryDirectory(prefix="loadtop-man-") as folder:
            for line in self.entries("EXAMPLES"):
                words = [re.sub(r"(\d+)s$", "1s", w.replace("redis://localhost?ops=get:80,set:20", "null:").replace(
                    "redis://localhost", "null:")) for w in shlex.split(line)[1:]]
                with self.subTest(words):
                    run = lib.loadtop(*words, cwd=folder, env={"XDG_STATE_HOME": folder}, timeout=120)
                    if words[0] in ("demo", "-t") or words[0].startswith("null:"):
                        self.assertIn("needs a terminal", run.err)
                    elif words[0] != "compare":
                        self.assertIn(run.code, (0, 99), run)
                    else:
                        self.assertIn("before.json", run.err)

    def test_sections(self):
        self.assertEqual([s.title() for s in re.findall(r"(?m)^([A-Z][A-Z ]+)$", self.shown())], [
            "Name", "Synopsis", "Description", "Targets", "Options", "Subcommands", "Keys", "Commands", "Patterns",
            "Scenario Files", "Figures", "Comparing Runs", "Fitting The Scaling Law", "Protection", "Exit Status",
            "Environment", "Files", "Examples", "See Also"])

    def test_it_has_what_the_help_has(self):
        """As a reader sees it: a text whose beginning roff took for a macro would be gone."""
        words = " ".join(self.shown().split())
        for topic in [], ["patterns"], ["scenario"], ["counting"], ["compare"], ["fit"], ["protection"], ["exit-codes"]:
            for line in lib.loadtop("help", *topic).out.splitlines()[1:]:
                if not line.startswith("  ") and len(line) > 30 and not line.endswith(":"):
                    self.assertTrue(" ".join(line.split()) in words, line)

    def test_there_is_no_such_option_elsewhere(self):
        self.assertEqual(lib.loadtop("--man").code, 2)


class Install(unittest.TestCase):
    def test_what_is_installed_is_removed_as_the_readme_says(self):
        build = os.path.dirname(lib.LOADTOP)
        manifest = os.path.join(build, "install_manifest.txt")
        self.assertIn("xargs rm -f < build/install_manifest.txt", read("README.md"))
        with tempfile.TemporaryDirectory(prefix="loadtop-install-") as prefix:
            subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, capture_output=True,
                           timeout=lib.bound())
            run = subprocess.run([os.path.join(prefix, "bin", "loadtop"), "-V"], capture_output=True, text=True,
                                 timeout=lib.bound(), check=True)
            self.assertTrue(run.stdout.startswith("loadtop "))
            self.assertTrue(os.path.exists(os.path.join(prefix, "share", "man", "man1", "loadtop.1")))
            self.assertTrue(os.listdir(os.path.join(prefix, "share", "loadtop", "themes")))
            with open(manifest) as f:
                subprocess.run(["xargs", "rm", "-f"], stdin=f, check=True, timeout=lib.bound())
            self.assertEqual([f for _, _, files in os.walk(prefix) for f in files], [])


class Examples(unittest.TestCase):
    """docs/examples: each file is run for some seconds, with a private redis-server where it says localhost:6379. A server
    that cannot be had here is looked for where nobody listens: all but the server must be right."""

    FOLDER = os.path.join(lib.ROOT, "docs", "examples")

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="loadtop-examples-")
        self.addCleanup(shutil.rmtree, self.dir)

    def copy(self, name, address):
        """The file with its server's address in the place of localhost's."""
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(re.sub(r"localhost:\d+", address, read("docs", "examples", name)))
        return f.name

    def test_each_runs(self):
        names = sorted(os.listdir(self.FOLDER))
        built = [b["name"] for b in json.loads(lib.loadtop("backends", "--json").out)["backends"] if b["built_in"]]
        self.assertGreaterEqual(len(names), 5)
        with lib.Redis() as redis:
            for name in names:
                with self.subTest(name=name):
                    text = read("docs", "examples", name)
                    self.assertRegex(text, r"\A# .*\n")
                    self.assertIn("-f docs/examples/" + name, text)
                    targets = re.findall(r"target: (\w+):", text)
                    if targets[0] not in built:
                        continue
                    port = redis.port if targets[0] == "redis" else lib.free_port()
                    self.run_one(name, self.copy(name, "127.0.0.1:%d" % port), targets)

    def run_one(self, name, path, targets):
        out = os.path.join(self.dir, "run.json")
        run = lib.loadtop("--headless", "--no-history", "-q", "-f", path, "--max-time", "2s", "--warmup", "0s", "--json", out,
                          timeout=120)
        if targets[0] not in ("redis", "null"):  # tests/servers runs these
            self.assertEqual(run.code, 3, run)
            self.assertIn("no target was reached", run.err)
            return
        self.assertIn(run.code, (0, 99), run)  # on a machine that does other things a threshold may fail
        with open(out) as f:
            pools = json.load(f)["pools"]
        self.assertEqual([p["backend"] for p in pools], targets)
        for pool in pools:
            self.assertGreater(pool["ops"]["offered"] + (pool["warmup_ops"] or {"offered": 0})["offered"], 0, name)

    def test_what_is_said_of_capacity(self):
        """4 servers of 2 ms each: the comment's truth is the service's own."""
        run = lib.headless("-d", "1s", "null:?service=2ms&servers=4", env={"XDG_STATE_HOME": self.dir})
        self.assertEqual(lib.pool(run)["backend_stats"]["capacity_per_s"], 2000)


if __name__ == "__main__":
    lib.main()
