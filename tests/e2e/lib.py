"""What the Python tests share: folders and files, a private Redis, running the program headless, and two kinds of
terminal. Fake servers are in false_server.py, and time limits for busy real ones in tests/servers/patient.py.

    import lib
    class TestIt(unittest.TestCase):
        def test_counts(self):
            with lib.Redis() as redis:
                run = lib.headless("-n", "1000", redis.url)
                self.assertEqual(lib.pool(run)["ops"]["completed"], 1000)
                self.assertEqual(redis.calls("get", "set"), 1000)
    if __name__ == "__main__":
        lib.main()

Every wait has a time limit and fails with what was seen until then; nothing sleeps and hopes. The limits only end what
hangs: none is shorter than PATIENCE, whatever a test passes, so no test depends on speed. Every process that is started
here is ended by its own id, and by the kernel if the test itself dies. ctest sets LOADTOP (the program), LOADTOP_SOURCE
and LOADTOP_SANITIZE; by hand build/loadtop is used.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

ROOT = os.environ.get("LOADTOP_SOURCE") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOADTOP = os.environ.get("LOADTOP") or os.path.join(ROOT, "build", "loadtop")
SANITIZED = bool(os.environ.get("LOADTOP_SANITIZE"))
SLOW = 4 if SANITIZED else 1  # bounds grow by this, and figures of speed mean nothing
PATIENCE = 60.0  # s: the least that anything is waited for on a machine that does other things too

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# ---- running and skipping ---------------------------------------------------------------------

def skip(why):
    """Ends the whole file as skipped (exit 77), in one line that says what is missing and how to get it.
    With LOADTOP_REQUIRE_SERVERS=1 that is a failure."""
    print("SKIP: " + why, flush=True)
    sys.exit(1 if os.environ.get("LOADTOP_REQUIRE_SERVERS") == "1" else 77)


def need_program(name, package):
    """The path of a program, or the file is skipped."""
    path = shutil.which(name)
    if not path:
        skip("%s is not installed (apt-get install %s)" % (name, package))
    return path


def main():
    """unittest.main, with a skip in every test told to ctest as a skip."""
    result = unittest.main(exit=False, verbosity=2 if "-v" in sys.argv else 1).result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun and len(result.skipped) == result.testsRun:
        skip(result.skipped[0][1])
    sys.exit(0)


def bound(timeout=0.0):
    """How long to wait for something, s: at least PATIENCE, longer where `timeout` says so."""
    return max(timeout, PATIENCE) * SLOW


def until(what, probe, timeout=0.0, every=0.02):
    """Calls probe() until it answers something true, and returns that. Fails after bound(timeout)."""
    end = time.monotonic() + bound(timeout)
    while True:
        got = probe()
        if got:
            return got
        if time.monotonic() >= end:
            raise AssertionError("%s: not within %g s (last: %r)" % (what, bound(timeout), got))
        time.sleep(every)


def fastest(what, most, attempt, tries=20):
    """attempt() does it once and returns the seconds that it took. What else runs on the machine only ever adds to
    that, so the program is quick enough when one of the tries takes `most` or less; the first that does ends it.
    Returns all that was measured."""
    took = []
    for _ in range(tries):
        took.append(attempt())
        if took[-1] <= most * SLOW:
            return took
    raise AssertionError("%s: took %s s, not once within %g" % (
        what, ", ".join("%.3f" % t for t in took), most * SLOW))


def disturbed(run):
    """Why the run itself says that this machine, and not the server, made its figures: the failed checks of its
    generator, in words; empty when it was left alone."""
    return "; ".join(c["why"] for c in run["validity"]["checks"]
                     if c["ok"] is False and c["name"] in ("cpu_wait", "generator_cpu"))


AWAY = "198.51.100.7"  # TEST-NET-2: a documentation range without hosts


def own_network():
    """Runs the test's file again in network and mount namespaces of its own, in which all of 198.51.100.0/24 leads
    back to this machine without being one of its addresses: a server that listens on 0.0.0.0 there is, for loadtop,
    on another machine, and no packet leaves this one. /etc is a copy, so that a test may write
    /etc/loadtop/targets.conf. Call it first of all, when the file is run as a program."""
    if os.environ.get("LOADTOP_OWN_NETWORK"):
        return
    unshare, ip = need_program("unshare", "util-linux"), need_program("ip", "iproute2")
    script = """set -e
        %s link set lo up
        %s route add local 198.51.100.0/24 dev lo
        copy=$(mktemp -d)
        mount -t tmpfs tmpfs "$copy"
        cp -a /etc/. "$copy" 2>/dev/null || true
        rm -rf "$copy/loadtop"
        mkdir "$copy/loadtop"
        mount --bind "$copy" /etc
        umount -l "$copy"
        rmdir "$copy"
        exec "$0" "$@" """ % (ip, ip)
    user = [] if os.geteuid() == 0 else ["-r"]
    if subprocess.run([unshare, *user, "-n", "-m", "true"], stderr=subprocess.DEVNULL).returncode:
        skip("this machine allows no namespaces of its own (unshare -n -m, as root or with user namespaces)")
    os.execvpe(unshare, [unshare, *user, "-n", "-m", "sh", "-c", script, sys.executable, *sys.argv],
               dict(os.environ, LOADTOP_OWN_NETWORK="1"))


def proc_file(pid, name):
    """What another process sees of one with a secret in /proc/PID. Such a process is not dumpable, so root owns the file
    (proc(5)): root reads it; from anybody else `environ` is kept, and that it is root's is what is checked."""
    path = "/proc/%d/%s" % (pid, name)
    try:
        with open(path, "rb") as f:
            return f.read()
    except PermissionError:
        if name != "environ" or os.stat(path).st_uid == os.geteuid():
            raise
        return b""


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Closing:
    """`with` ends it by close()."""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def folder(test, **where):
    """A folder of the test's own, gone at its end: of setUp with self, of setUpClass with cls."""
    path = tempfile.mkdtemp(**dict({"prefix": "loadtop-test-"}, **where))
    keep = test.addClassCleanup if isinstance(test, type) else test.addCleanup
    keep(shutil.rmtree, path, ignore_errors=True)
    return path


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def write(path, text):
    """Writes a file; returns its path."""
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def write_json(path, data):
    return write(path, json.dumps(data))


def certificate(place, names="DNS:localhost,IP:127.0.0.1"):
    """A certificate of this machine in the folder `place`, which nobody else vouches for: its path and its key's."""
    cert, key = os.path.join(place, "cert.pem"), os.path.join(place, "key.pem")
    subprocess.run([need_program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=test", "-addext", "subjectAltName=" + names, "-keyout", key, "-out", cert],
                   check=True, capture_output=True, timeout=bound())
    return cert, key


class FolderTest(unittest.TestCase):
    """Each test has a folder of its own, self.dir."""

    def setUp(self):
        self.dir = folder(self)

    def file(self, name, text):
        """A file in it with this text: its path."""
        return write(os.path.join(self.dir, name), text)


class Process:
    """A server of our own: its output in a log, ended by its id, never outliving the test."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.argv, self.log = argv, log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd,
                                          env=env, preexec_fn=_die_with_parent)
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.alive():
            os.kill(self.pid, number)

    def end(self, timeout=0.0):
        """SIGTERM, and SIGKILL when that was not enough. (SIGCONT first: it may have been stopped.)"""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(bound(timeout))
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def output(self):
        with open(self.log, errors="replace") as f:
            return f.read()


# ---- Redis ------------------------------------------------------------------------------------

class RedisError(Exception):
    """An error reply."""


class RedisClient:
    """Just enough RESP to ask a server what it counted, independent of the code under test."""

    def __init__(self, address, password=None, user=None, timeout=0.0):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(bound(timeout))
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")
        if password:
            self("AUTH", *([user] if user else []), password)

    def __call__(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            n = int(rest)
            return None if n < 0 else self.file.read(n + 2)[:-2].decode(errors="replace")
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))] if int(rest) >= 0 else None
        raise ConnectionError("not RESP: %r" % line)

    def close(self):
        self.file.close()
        self.socket.close()


class Redis(Closing):
    """A private redis-server: on a port of 127.0.0.1 (default), or with unix=True on a socket.

    `url` is its target for loadtop. password= sets requirepass; renamed= gives commands other names
    ({"INFO": "OURS"}), which the methods here use; further options as `("--maxmemory", "1mb")`.
    """

    def __init__(self, *options, unix=False, password=None, port=None, renamed=None):
        self.program = need_program("redis-server", "redis-server")
        self.dir = tempfile.mkdtemp(prefix="loadtop-redis-")
        self.password = password
        self.port = 0 if unix else (port or free_port())
        self.path = os.path.join(self.dir, "redis.sock")
        self.address = self.path if unix else ("127.0.0.1", self.port)
        self.argv = [self.program, "--port", str(self.port), "--save", "", "--appendonly", "no",
                     "--daemonize", "no", "--dir", self.dir, "--bind", "127.0.0.1"]
        if unix:
            self.argv += ["--unixsocket", self.path]
        if password:
            self.argv += ["--requirepass", password]
        self.renamed = renamed or {}
        for name, other in self.renamed.items():
            self.argv += ["--rename-command", name, other]
        self.argv += [str(o) for o in options]
        secret = ":%s@" % password if password else ""
        self.url = ("redis+unix://%s%s" % (secret, self.path) if unix
                    else "redis://%s127.0.0.1:%d" % (secret, self.port))
        self.process = None
        self.start()

    def start(self):
        """Starts it (again, after end or kill: same place, no data) and waits until it answers."""
        self.process = Process(self.argv, os.path.join(self.dir, "log"))

        def up():
            if not self.process.alive():
                raise AssertionError("redis-server ended:\n" + self.process.output())
            try:
                return self.command("PING") == "PONG"
            except (OSError, RedisError):
                return False
        try:
            until("redis-server answers", up)
        except AssertionError:
            self.close()
            raise

    def client(self):
        return RedisClient(self.address, self.password)

    def command(self, *words):
        with contextlib.closing(self.client()) as c:
            return c(self.renamed.get(words[0], words[0]), *words[1:])

    def info(self, section):
        """INFO as a dict of strings."""
        lines = self.command("INFO", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def commandstats(self):
        """{"get": {"calls": 10, "rejected_calls": 0, "failed_calls": 0, ...}, ...}"""
        stats = {}
        for name, value in self.info("commandstats").items():
            fields = dict(f.split("=") for f in value.split(","))
            stats[name[len("cmdstat_"):]] = {
                k: int(v) for k, v in fields.items() if v.isdigit()}
        return stats

    def calls(self, *names):
        """What the server counted of these commands: carried out and rejected."""
        stats = self.commandstats()
        return sum(stats[n]["calls"] + stats[n].get("rejected_calls", 0) for n in names if n in stats)

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def kill(self):
        """As a crash; start() brings an empty one back at the same place."""
        self.process.kill()

    def close(self):
        if self.process:
            self.process.end()
        shutil.rmtree(self.dir, ignore_errors=True)


def server(name):
    """The real server of that name (redis, kafka, cassandra, crate), started if it does not run yet: its
    KEY=value lines as a dict (see tests/servers/control.py). The file is skipped when it cannot be had."""
    p = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "servers", "control.py"), "start", name],
                       capture_output=True, text=True, timeout=900, check=False)
    if p.returncode == 77:
        skip(p.stderr.strip().rpartition("SKIP: ")[2].splitlines()[0])
    if p.returncode:
        raise AssertionError("%s did not start:\n%s" % (name, p.stderr))
    return dict(line.split("=", 1) for line in p.stdout.splitlines())


# ---- the program without a screen -------------------------------------------------------------

class Result:
    """How a command ended: code (negative: the signal), out, err, seconds."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __repr__(self):
        return "exit %d after %.2f s\n--- stdout\n%s\n--- stderr\n%s" % (
            self.code, self.seconds, self.out, self.err)


def environment(extra=None):
    """The test's environment in the C.UTF-8 locale, without what would change the program's looks, and away
    from the history of the person who runs the tests (ctest gives every test XDG_STATE_HOME)."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("LINES", "COLUMNS", "NO_COLOR", "COLORTERM", "ESCDELAY", "TMUX")}
    env.update({"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"})
    if "LOADTOP_SOURCE" not in os.environ:  # by hand
        env["XDG_STATE_HOME"] = os.path.join(tempfile.gettempdir(), "loadtop-test-state-%d" % os.getuid())
    env.update(extra or {})
    return env


def loadtop(*args, timeout=0.0, stdin=None, env=None, cwd=None):
    """Runs the program to its end and returns a Result."""
    start = time.monotonic()
    p = subprocess.Popen([LOADTOP, *map(str, args)], cwd=cwd, env=environment(env),
                         stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                         preexec_fn=_die_with_parent)
    try:
        out, err = p.communicate(stdin, bound(timeout))
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        raise AssertionError("loadtop %s: still running after %g s\n%s\n%s" % (
            " ".join(map(str, args)), bound(timeout), out, err)) from None
    return Result(p.returncode, out, err, time.monotonic() - start)


class Headless(Closing):
    """`loadtop --headless --json FILE ...` in the background: `pid`, signal(), wait() -> the run as a dict."""

    def __init__(self, *args, env=None):
        self.dir = tempfile.mkdtemp(prefix="loadtop-run-")
        self.json = os.path.join(self.dir, "run.json")
        self.argv = [LOADTOP, "--headless", "--json", self.json, *map(str, args)]
        self.out_file = open(os.path.join(self.dir, "out"), "w+", errors="replace")
        self.err_file = open(os.path.join(self.dir, "err"), "w+", errors="replace")
        self.started = time.monotonic()
        self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=self.out_file,
                                      stderr=self.err_file, cwd=self.dir, env=environment(env),
                                      preexec_fn=_die_with_parent)
        self.pid = self.popen.pid

    def signal(self, number):
        os.kill(self.pid, number)

    def text(self):
        parts = []
        for f in (self.out_file, self.err_file):
            with open(f.name, errors="replace") as g:
                parts.append(g.read())
        return tuple(parts)

    def end(self, timeout=0.0):
        """Waits for the end; a Result."""
        try:
            code = self.popen.wait(bound(timeout))
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError("%s: still running\n%s\n%s" % ((" ".join(self.argv),) + self.text())) from None
        out, err = self.text()
        return Result(code, out, err, time.monotonic() - self.started)

    def wait(self, timeout=0.0, code=0):
        """Waits for the end and returns the run; `code` is the exit status that is expected (None: any)."""
        result = self.end(timeout)
        if code is not None and result.code != code:
            raise AssertionError("%s\nexpected exit %d, got %r" % (" ".join(self.argv), code, result))
        with open(self.json) as f:
            run = json.load(f)
        run["_out"], run["_err"], run["_code"] = result.out, result.err, result.code
        return run

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self.out_file.close()
        self.err_file.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def headless(*args, timeout=0.0, code=0, env=None):
    """Runs headless to its end: the run's JSON as a dict (with _out, _err and _code)."""
    with Headless(*args, env=env) as h:
        return h.wait(timeout, code)


def pool(run, name=None):
    """The pool of that name, or the only one."""
    pools = run["pools"]
    if name is None:
        assert len(pools) == 1, [p["name"] for p in pools]
        return pools[0]
    return next(p for p in pools if p["name"] == name)


def classes(pool, what=None):
    """The error classes of a pool by name: all that is said of each, or one member (count, first, last)."""
    return {c["class"]: c[what] if what else c for c in pool["error_classes"]}


def accounting(ops):
    """What the identity is off by: offered - (completed + errors + timeouts + in flight + dropped)."""
    return ops["offered"] - (ops["completed"] + ops["errors"] + ops["timeouts"] + ops["in_flight"]
                             + ops["dropped"])


def unaccounted(pool):
    """What the schedule's side of the account is off by: due - (offered from it + not started + still due), and at the
    end of a run nothing is still due."""
    s = pool["schedule"]
    return abs(s["due"] - s["offered"] - s["not_started"] - s["still_due"]) + s["still_due"] if s else 0


def alive(pid):
    """Does the process run? (One that has ended and whose parent has not looked yet does not.)"""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def has_open(pid, path):
    """Does the process have this file open?"""
    folder = "/proc/%d/fd" % pid
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            if os.readlink(os.path.join(folder, name)) == path:
                return True
    return False


def asleep(pid):
    """Do all threads of the process wait for something?"""
    states = []
    for tid in os.listdir("/proc/%d/task" % pid):
        with contextlib.suppress(OSError), open("/proc/%d/task/%s/stat" % (pid, tid)) as f:
            states.append(f.read().rpartition(")")[2].split()[0])
    return set(states) == {"S"}


def cpu_seconds(pid):
    """User and system time that the process has used, all threads."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def anon_bytes(pid):
    """Anonymous memory of the process (RssAnon)."""
    with open("/proc/%d/status" % pid) as f:
        found = re.search(r"RssAnon:\s+(\d+) kB", f.read())
        return int(found.group(1)) * 1024 if found else 0  # it has ended


# ---- terminals --------------------------------------------------------------------------------

def theme_colors(name):
    """The 24-bit colours of a theme's file, as (red, green, blue)."""
    with open(os.path.join(ROOT, "themes", name + ".theme")) as f:
        return {tuple(bytes.fromhex(rgb)) for rgb in re.findall(r"#([0-9a-fA-F]{6})\b", f.read())}


class Screen(Closing):
    """What both kinds of terminal can be asked. Subclasses give text() -> the screen's lines."""

    def wait_for(self, pattern, timeout=0.0):
        """Waits until the screen has the text (or matches the compiled expression). Returns the screen
        or, for an expression, the match."""
        return self._wait(pattern, timeout, True)

    def wait_gone(self, pattern, timeout=0.0):
        return self._wait(pattern, timeout, False)

    def find(self, pattern):
        text = self.text()
        if isinstance(pattern, str):
            return text if pattern in text else None
        return pattern.search(text)

    def _wait(self, pattern, timeout, wanted):
        end = time.monotonic() + bound(timeout)
        while True:
            got = self.find(pattern)
            if bool(got) == wanted:
                return got or self.text()
            if time.monotonic() >= end:
                raise AssertionError("%r %s within %g s; the screen:\n%s" % (
                    pattern, "did not appear" if wanted else "did not go", bound(timeout), self.text()))
            time.sleep(0.03)


class Tmux(Screen):
    """A program in a real terminal: tmux, on a socket and with a configuration of its own.

    send() takes tmux's key names ("Up", "Enter", "C-c") and literal text. The screen stays when the
    program has ended: status() is then its exit status.
    """

    def __init__(self, *command, cols=80, rows=24, env=None, term="tmux-256color", cwd=None):
        self.tmux = need_program("tmux", "tmux")
        self.dir = tempfile.mkdtemp(prefix="loadtop-tmux-")
        conf = os.path.join(self.dir, "conf")
        with open(conf, "w") as f:
            f.write("set -g remain-on-exit on\nset -g status off\n"
                    "set -g default-terminal %s\nset -g escape-time 0\nset -g history-limit 5000\n" % term)
        self.env = environment(dict(env or {}, TMUX_TMPDIR=self.dir, SHELL="/bin/sh"))
        # In the foreground (-D), so that it is our child and never outlives the test.
        self.server = Process([self.tmux, "-L", "t", "-f", conf, "-D"], os.path.join(self.dir, "log"), self.env)
        try:
            until("tmux answers", self._up)
            self.run("new-session", "-d", "-s", "t", "-x", str(cols), "-y", str(rows),
                     *(["-c", cwd] if cwd else []), "--", *map(str, command or (LOADTOP,)))
        except AssertionError:
            self.close()
            raise

    def _up(self):
        return subprocess.run([self.tmux, "-L", "t", "list-sessions"], env=self.env, capture_output=True,
                              timeout=bound(), check=False).returncode == 0

    def run(self, *args):
        p = subprocess.run([self.tmux, "-L", "t", *args], env=self.env, capture_output=True, text=True,
                           errors="replace", timeout=bound(), check=False)
        if p.returncode != 0:
            raise AssertionError("tmux %s: %s" % (" ".join(args), p.stderr.strip()))
        return p.stdout

    def send(self, *keys):
        self.run("send-keys", "-t", "t", *keys)

    def type(self, text):
        """Literal text, key by key."""
        self.run("send-keys", "-t", "t", "-l", text)

    def paste(self, text):
        """As a terminal pastes: bracketed, if the program asked for it."""
        self.run("set-buffer", text)
        self.run("paste-buffer", "-p", "-t", "t")

    def text(self, colors=False, history=0):
        return self.run("capture-pane", "-p", "-t", "t", *(["-e"] if colors else []),
                        *(["-S", "-%d" % history] if history else []))

    def show(self, name):
        return self.run("display-message", "-p", "-t", "t", "#{%s}" % name).strip()

    def size(self):
        return int(self.show("pane_width")), int(self.show("pane_height"))

    def resize(self, cols, rows):
        self.run("resize-window", "-t", "t", "-x", str(cols), "-y", str(rows))

    def pid(self):
        return int(self.show("pane_pid"))

    def ended(self):
        return self.show("pane_dead") == "1"

    def status(self, timeout=0.0):
        """Waits for the program's end: its exit status, or minus the signal that ended it."""
        def ended():  # tmux sees the end of the pane a moment before the end of the program
            code, sig = self.show("pane_dead_status"), self.show("pane_dead_signal")
            if self.ended() and not code.isdigit() and not sig.isdigit():
                # tmux 3.3 may miss the signal of a program that ends as its pane does; a child of tmux's own
                # that ends makes it look at all of them.
                self.run("run-shell", "-b", "true")
            return self.ended() and (code.isdigit() or sig.isdigit()) and (code, sig)
        code, sig = until("the program in tmux ends", ended, timeout)
        return -int(sig) if sig.isdigit() and sig != "0" else int(code)

    def close(self):
        self.server.end()
        shutil.rmtree(self.dir, ignore_errors=True)


class Pty(Screen):
    """A program on a pseudo-terminal, drawn by pyte: for resizes, signals, and what is written byte by byte.

    `raw` is everything that the program wrote. The terminal's settings are those of a fresh one;
    attributes() reads them back, to see whether they were restored.
    """

    def __init__(self, *command, cols=80, rows=24, env=None, term="xterm-256color", cwd=None):
        try:
            import pyte  # pylint: disable=import-outside-toplevel
        except ImportError:
            skip("python3-pyte is not installed (apt-get install python3-pyte)")
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self.code = None
        command = [str(c) for c in (command or (LOADTOP,))]
        environ = environment(dict(env or {}, TERM=term))
        self.master, slave = pty.openpty()
        self._set_size(rows, cols)
        self.before = termios.tcgetattr(slave)

        def begin():
            _die_with_parent()
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.popen = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environ,
                                      cwd=cwd, preexec_fn=begin)
        self.pid = self.popen.pid
        self.slave = slave  # kept open, so that the settings can be read after the program's end

    def _set_size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, cols, rows):
        self._set_size(rows, cols)
        self.screen.resize(rows, cols)

    def pump(self, seconds=0.0):
        """Takes in what the program wrote; waits up to `seconds` for the first of it, and a second for the rest of a
        frame that has begun, so that a screen is not looked at in the middle of one."""
        while select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            self.raw += data
            self.stream.feed(data)
            seconds = 1.0 if self.raw.rfind(b"\x1b[?2026h") > self.raw.rfind(b"\x1b[?2026l") else 0.0

    def text(self):
        self.pump()
        return "\n".join(line.rstrip() for line in self.screen.display)

    def send(self, data):
        """Bytes or text as typed; "\\x1b[A" is the up key."""
        os.write(self.master, data.encode() if isinstance(data, str) else data)

    def signal(self, number):
        os.kill(self.pid, number)

    def attributes(self):
        return termios.tcgetattr(self.slave)

    def wait(self, timeout=0.0):
        """Waits for the program's end (reading on, so that it never blocks): the exit status, negative for
        a signal."""
        end = time.monotonic() + bound(timeout)
        while self.popen.poll() is None:
            if time.monotonic() >= end:
                raise AssertionError("still running after %g s; the screen:\n%s" % (
                    bound(timeout), self.text()))
            self.pump(0.02)
        self.pump()
        self.code = self.popen.returncode
        return self.code

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        os.close(self.master)
        os.close(self.slave)
