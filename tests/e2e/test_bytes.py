"""Text from servers, files and arguments reaches the terminal and the reports as text only: without escape sequences,
control or invisible characters, reversed lines, or markup. Unicode's own categories are the reference.
"""
import copy
import html.parser
import http.server
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import unicodedata
import unittest
import xml.etree.ElementTree

import lib
from false_server import Listener, resp_bulk, resp_commands

# Title, clipboard, device control, erase, CSI as a byte and as a character, bell, DEL, direction, separators,
# what cannot be seen, the specials; then bytes that are not UTF-8: overlong, a surrogate, cut off.
SAID = ("\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x1b\\\x1bPq\x1b\\\x1b[6666m\x7f\x9b31m\x85\u202eevil\u2066\u061c"
        "\u2028\u2029pay\u200bload\u200d\u2060\ufeff\ufff9\U000e0041\u3164")
BYTES = SAID.encode() + b"\x9b32m\x90q\xc0\x9b\xed\xa0\x80\xf4\x90\x80\x80\xff\xe2\x82"
MARKUP = ("\r# x\n```\n~~~\n````` y\n</pre></title></svg><script>alert(1)</script><img src=http://nowhere/ onerror=x>"
          "\"' onload='x' ![i](http://nowhere/) | [a](javascript:x) `c` &lt;\n\n---\n- x\n=1+1")
URL_BYTES = "".join("%%%02x" % b for b in b"p\x9b\xc2\x9b\xe2\x80\xae\xe2\x80\x8b\xff\xc3")


def wrong_in(text):
    """The characters of text that no outlet may let through."""
    found = set()
    for before, c in zip(" " + text, text):
        kind = unicodedata.category(c)
        joins = c in "\u200c\u200d" and ord(before) >= 0x600
        if c not in "\n\t" and not joins and (kind in ("Cc", "Cf", "Zl", "Zp", "Cs") or c in "\u3164\ufffd"):
            found.add("U+%04X" % ord(c))
    return found


class Case(unittest.TestCase):
    def assert_plain(self, data, what):
        """Bytes of a page: UTF-8, and nothing in it that is not to be shown."""
        try:
            text = data.decode()
        except UnicodeDecodeError as e:
            self.fail("%s: %s: %r" % (what, e, data[max(0, e.start - 60):e.start + 20]))
        self.assertEqual(wrong_in(text), set(), "%s:\n%s" % (what, ascii(text[:3000])))
        return text

    def assert_terminal(self, raw, what):
        """Everything that was written to a terminal: cursor, attributes and modes, nothing else."""
        text = self.assert_utf8(raw, what)
        self.assertNotIn("\x1b[6666", text)
        rest = re.sub(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()][0AB]|[=>78M])|[\r\b\x0e\x0f]", "", text)
        self.assertEqual(wrong_in(rest), set(), "%s: %s" % (what, ascii(rest[:3000])))

    def assert_utf8(self, raw, what):
        try:
            return raw.decode()
        except UnicodeDecodeError as e:
            self.fail("%s: %s: %r" % (what, e, raw[max(0, e.start - 60):e.start + 20]))


class EvilRedis(Listener):
    """A Redis whose version, role and errors are full of escapes."""

    def serve(self, s):
        with s.makefile("rb") as f:
            for words in resp_commands(f):
                s.sendall(self.answer([w.decode("latin-1").upper() for w in words]))

    @staticmethod
    def answer(words):
        if words[0] == "INFO":
            info = b"redis_version:7.0.0 %s\r\nredis_mode:%s\r\nrole:%s\r\nrun_id:%s\r\nconnected_clients:1\r\n" % (
                (BYTES,) * 4)
            return resp_bulk(info)
        if words[0] in ("GET", "SET") and not words[1].startswith("LOADTOP:~"):
            return b"-E%s %s\r\n" % (BYTES, BYTES)
        if words[0] in ("PING", "CLIENT", "SELECT", "SET"):
            return b"+PONG %s\r\n" % BYTES if words[0] == "PING" else b"+OK\r\n"
        if words[0] == "EXISTS":
            return b":0\r\n"
        return b"-ERR %s\r\n" % BYTES


class EvilCassandra(Listener):
    """Refuses everybody, in its own words."""

    def serve(self, s):
        while True:
            head = s.recv(9, socket.MSG_WAITALL)
            if len(head) < 9:
                return
            s.recv(struct.unpack(">I", head[5:])[0], socket.MSG_WAITALL)
            body = struct.pack(">IH", 0x0100, len(BYTES)) + BYTES
            s.sendall(b"\x84\x00" + head[2:4] + b"\x00" + struct.pack(">I", len(body)) + body)


class EvilCrate(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command == "GET":
            body = json.dumps({"ok": True, "status": 200, "name": SAID, "cluster_name": SAID + MARKUP,
                               "version": {"number": "5.9.0" + SAID}}).encode()
        else:
            body = b'{"error":{"message":"' + json.dumps(SAID)[1:-1].encode() + b'","code":4000}}'
        self.send_response(200 if self.command == "GET" else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


class Folder(Case):
    def setUp(self):
        self.dir = lib.folder(self)
        self.env = lib.environment({"XDG_STATE_HOME": os.path.join(self.dir, "state"),
                                    "XDG_CONFIG_HOME": os.path.join(self.dir, "config")})

    def path(self, name):
        return os.path.join(self.dir, name)

    def run_loadtop(self, *args):
        p = subprocess.run([lib.LOADTOP, *args], env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=lib.bound(), check=False)
        self.assertGreaterEqual(p.returncode, 0, p.stderr)
        return p

    def plain_loadtop(self, *args):
        p = self.run_loadtop(*args)
        self.assert_plain(p.stdout, "stdout of %r" % (args,))
        self.assert_plain(p.stderr, "stderr of %r" % (args,))
        return p

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()


class Servers(Folder):
    def test_redis_headless(self):
        redis = EvilRedis()
        self.addCleanup(redis.close)
        url = "redis://127.0.0.1:%d?name=%s" % (redis.port, URL_BYTES)
        args = ["--headless", "-n", "300", "--at", b"0s mark " + BYTES, url]
        p = self.plain_loadtop("--json", "run.json", *args)
        self.assertIn(b"7.0.0 ?]0;owned??]52;", p.stdout)  # it is there, and shown
        self.assertIn(b"pay?load", p.stdout)
        run = json.loads(self.read("run.json"))
        self.assertIn("\x1b]0;owned", run["pools"][0]["server"])  # JSON tells what was said
        self.assert_plain(self.read("run.json"), "run.json")  # and can be looked at
        self.assert_plain(self.run_loadtop("--json", "-", *args).stdout, "--json -")
        for name in ("r.html", "r.md", "r.txt", "r.svg", "r.csv"):
            self.plain_loadtop("report", "run.json", "-o", name)
            self.assert_plain(self.read(name), name)
        for verb in (("list",), ("show", "1"), ("compare", "1", "2")):
            self.plain_loadtop("history", *verb)
        self.plain_loadtop("clean", "run.json", "--yes")

    def test_redis_on_a_terminal(self):
        redis = EvilRedis()
        self.addCleanup(redis.close)
        url = "redis://127.0.0.1:%d?name=%s" % (redis.port, URL_BYTES)
        with lib.Pty(lib.LOADTOP, "--headless", "--no-history", "-d", "2500ms", "--rate", "200/s", url,
                     cols=100) as t:
            t.wait_for(re.compile("in flight"))
            t.wait()
            self.assert_terminal(bytes(t.raw), "headless")
        with lib.Pty(lib.LOADTOP, "--no-history", "--rate", "200/s", "--at", os.fsdecode(b"0s mark " + BYTES),
                     "--out", self.dir, url, cols=160, rows=50, env={"LC_ALL": "C.UTF-8"}) as t:
            t.wait_for("owned")
            for view, shown in (("2", "[2 pool]"), ("3", "[3 scaling]"), ("4", "[4 errors]"), ("5", "[5 events]"),
                                ("6", "7.0.0 ?]0;owned")):
                t.send(view)
                t.wait_for(shown)
            t.send("c")
            lib.until("a screenshot is there", lambda: [n for n in os.listdir(self.dir) if n.endswith(".json")])
            t.signal(signal.SIGTERM)
            t.wait()
            self.assert_terminal(bytes(t.raw), "the dashboard")
        for name in os.listdir(self.dir):
            if name.endswith(".ans"):
                self.assert_terminal(self.read(name).replace(b"\n", b""), name)
            elif name.endswith((".txt", ".svg", ".json")):
                self.assert_plain(self.read(name), name)

    def test_crate_and_cassandra(self):
        crate = http.server.ThreadingHTTPServer(("127.0.0.1", 0), EvilCrate)
        threading.Thread(target=crate.serve_forever, daemon=True).start()
        cassandra = EvilCassandra()
        self.addCleanup(cassandra.close)
        self.addCleanup(crate.server_close)
        self.addCleanup(crate.shutdown)
        p = self.plain_loadtop("--headless", "--no-history", "-n", "10",
                               "crate://127.0.0.1:%d/doc.loadtop" % crate.server_port)
        self.assertIn(b"owned", p.stdout + p.stderr)
        p = self.plain_loadtop("--headless", "--no-history", "-n", "10",
                               "cassandra://127.0.0.1:%d/loadtop" % cassandra.port)
        self.assertIn(b"owned", p.stdout + p.stderr)


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen |= {(tag, None)} | {(tag, name) for name, _ in attrs}


def blocks_of_markdown(text):
    """The indented blocks of CommonMark (after an empty line, outside of a list), and all other lines."""
    blocks, outside, code, listed = [], [], False, False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("    ") and not listed and (code or not outside or not outside[-1].strip()):
            if not code:
                blocks.append([])
            blocks[-1].append(line[4:])
            code = True
            continue
        code = code and not line.strip()  # empty lines go on with it
        if line.strip() and not line.startswith("  "):
            listed = bool(re.match(r"([-*+]|[0-9]+[.)]) ", line))
        outside.append(line)
    return blocks, outside


class Files(Folder):
    """A saved run whose texts, and whose names of operations and options, all come from somebody else."""

    # What the reports look for: a word of ours that decides what is drawn.
    KEEP = {"loadtop", "backend", "encoding", "unit", "kind", "by", "phase", "state", "relative", "service", "response",
            "started", "expr", "run_id"}

    @classmethod
    def setUpClass(cls):
        run = lib.headless("--threshold", "p99<5s", "--at", "100ms mark here", "--clients", "2", "--sweep",
                           "clients=1,2,4 hold=1s", "null:?service=1ms&errors=0.01", code=None)
        for name in ("_out", "_err", "_code"):
            del run[name]
        run["screens"] = [{"t_s": 1.0, "view": "pool", "cols": 200, "rows": 2, "ground": 0,
                           "lines": [[[0, "words", 0xffffff, None, False]], [[3, "more", 0xffffff, 0x101010, True]]]}]
        run["pools"][0]["left_behind"] = [{"kind": "keys", "what": "loadtop:*", "count": 3, "prefix": "loadtop:"}]
        run["recovered"] = "it was cut off"
        cls.benign = run

    def hostile(self, keep, evil):
        """The run with `evil` behind every text but those under the names of `keep`."""
        def change(v, name):
            if isinstance(v, dict):
                evil_names = name in ("by_op", "options")
                return {k + evil if evil_names else k: change(one, k) for k, one in v.items()}
            if isinstance(v, list):
                return [change(one, name) for one in v]
            if isinstance(v, str) and name not in keep:
                return v + evil
            return v
        run = change(copy.deepcopy(self.benign), "")
        for event in run["events"]:
            if event["what"].startswith("mark"):
                event["what"] = "mark"
        return run

    def write(self, name, run):
        lib.write_json(self.path(name), run)

    def test_reports(self):
        self.write("benign.json", self.benign)
        self.write("evil.json", self.hostile(self.KEEP, SAID + MARKUP))
        self.write("all.json", self.hostile(set(), SAID + MARKUP))
        self.write("equals.json", self.hostile(self.KEEP - {"loadtop"}, MARKUP[::-1] + SAID))
        made = {}
        for run in ("benign", "evil", "all", "equals"):
            for ending in ("html", "md", "txt", "svg", "csv", "plateaus.csv", "hlog"):
                name = "%s.%s" % (run, ending)
                self.plain_loadtop("report", run + ".json", "-o", name)
                if os.path.exists(self.path(name)):
                    made[name] = self.assert_plain(self.read(name), name)
            for ending in ("html", "md", "txt"):
                name = "%s.compare.%s" % (run, ending)
                p = self.plain_loadtop("compare", run + ".json", run + ".json", "-o", name)
                self.assertIn(p.returncode, (0, 99), p.stderr)
                made[name] = self.assert_plain(self.read(name), name)
        self.plain_loadtop("compare", "benign.json", "all.json")
        self.plain_loadtop("clean", "evil.json", "--yes")
        self.plain_loadtop("clean", "all.json", "--yes")
        self.look_at_markup(made)

    def look_at_markup(self, made):
        for name, text in made.items():
            of, ending = name.split(".", 1)
            benign = made["benign." + ending]
            if ending.endswith("html"):
                self.assertLessEqual(Page(text).seen, Page(benign).seen, name)
            elif ending == "svg":
                tags = {e.tag for e in xml.etree.ElementTree.fromstring(text).iter()}
                self.assertLessEqual(tags, {e.tag for e in xml.etree.ElementTree.fromstring(benign).iter()}, name)
            elif ending.endswith("md"):
                self.look_at_markdown(name, text, benign)
            elif ending.endswith("csv") and of != "benign":
                self.assertEqual(text.count("\n"), benign.count("\n"), name)
            elif ending == "hlog":
                lines = [line for line in text.split("\n") if line and line[0] not in '#"']
                for line in lines:
                    self.assertRegex(line, r"^(Tag=[^,\s]*,)?[0-9.]+,[0-9.]+,[0-9.]+,[A-Za-z0-9+/=]+$")

    def look_at_markdown(self, name, text, benign):
        blocks, outside = blocks_of_markdown(text)
        self.assertEqual(len(blocks), len(blocks_of_markdown(benign)[0]), name)
        self.assertGreaterEqual(len(blocks), 2, name)
        if "compare" not in name:
            self.assertEqual(len(blocks[-1]), 1, name)  # a command is one line
        words = re.sub(r"\\[\\`*_\[\]|~#@$:.]", "", "\n".join(outside))
        self.assertNotRegex(words, r"<|!\[|\]\(|(?i:https?|ftp)://|www\.", name)
        self.assertNotRegex(words, r"(?m)^ {4}|^\t|^ {0,3}(```|~~~|---|===)", name)
        tables = [line.count("|") for line in words.split("\n") if line.startswith("|")]
        self.assertLessEqual(set(tables), {line.count("|") for line in benign.replace("\\|", "").split("\n")}, name)

    def test_words_of_the_command_line_and_names_of_files(self):
        evil = BYTES.replace(b"/", b"_")
        themes = self.path("config/loadtop/themes")
        os.makedirs(themes)
        with open(os.path.join(themes, "x\x1b[6666m\u202e.theme"), "wb") as f:
            f.write(b"about = \x1b]0;owned\x07\xe2\x80\xae\xff\n")
        with open(os.path.join(themes, "y.theme"), "wb") as f:
            f.write(b"about = words " + BYTES + b"\n")
        lib.write(os.path.join(self.dir.encode(), b"fit " + evil), "n,throughput\n1,100\n2,190\n4,350\n8,600\n16,900\n")
        self.plain_loadtop("themes", "--colors", "none")
        self.plain_loadtop("themes", "y", "--colors", "none")
        self.assert_terminal(self.run_loadtop("themes", "y", "--colors", "256").stdout.replace(b"\n", b""), "themes")
        self.plain_loadtop("fit", b"fit " + evil)
        for name, text in (("s.yaml", b"pools:\n  - target: \"null:\"\n    %s: 1\n" % evil.replace(b":", b"")),
                           ("t.yaml", b"pools:\n  - target: \"" + SAID.encode("unicode_escape") + b"\"\n"),
                           ("u.yaml", b"%s: 1\n" % BYTES), ("f.csv", b"n,throughput\n1,%s\n" % BYTES),
                           ("j.json", b'{"%s": %s' % (BYTES, BYTES)),
                           ("config/loadtop/targets.conf", b"allow %s\n%s x\n" % (BYTES, BYTES))):
            with open(self.path(name), "wb") as f:
                f.write(text)
            p = self.plain_loadtop(*{"f.csv": ("fit", name), "j.json": ("report", name, "-o", "x.html")}.get(
                name, ("--headless", "-n", "1", "-f", "s.yaml" if "/" in name else name)))
            self.assertNotEqual(p.returncode, 0, name)
        os.unlink(self.path("config/loadtop/targets.conf"))
        for args in (("report", evil, "-o", "x.html"), ("report", "x.json", "-o", evil), ("compare", evil, evil),
                     ("clean", evil), ("history", evil), ("history", "show", evil), ("help", evil),
                     ("backends", evil), ("themes", evil), ("fit", evil), (b"--" + evil,), ("-f", evil),
                     ("--headless", evil), ("--headless", "--theme", evil, "null:"),
                     ("--headless", "--threshold", evil, "null:"), ("--headless", "--at", evil, "null:"),
                     ("--headless", "--at", b"0s " + evil, "null:"), ("--headless", b"null:?name=" + evil),
                     ("--headless", "--ops", evil, "null:"), ("--headless", "--json", b"nowhere/" + evil, "-n",
                                                              "1", "null:"),
                     ("--headless", "--password-file", evil, "redis://127.0.0.1:1")):
            self.plain_loadtop(*args)
        with lib.Pty(lib.LOADTOP, "null:", term=evil.replace(b"\x00", b"").decode("utf-8", "surrogateescape")) as t:
            t.wait()
            self.assert_terminal(bytes(t.raw), "TERM")


if __name__ == "__main__":
    lib.main()
