"""The skeleton to copy for a new backend (backends/skeleton.c), against an echo server whose own count is the
reference. It is part of a test program only, not of the installed one."""
import contextlib
import glob
import os
import re
import socket
import struct
import threading
import unittest

import lib

USUAL = lib.LOADTOP
lib.LOADTOP = os.path.join(os.path.dirname(USUAL), "tests", "loadtop_skeleton")


def waits_to_write(pid):
    """Is there a descriptor that an epoll of this process watches for room (EPOLLOUT)? See proc(5), fdinfo."""
    for path in glob.glob("/proc/%d/fdinfo/*" % pid):
        with contextlib.suppress(FileNotFoundError), open(path) as f:
            if any(int(e, 16) & 4 for e in re.findall(r"tfd:.*?events:\s*([0-9a-f]+)", f.read())):
                return True
    return False


class Echo:
    """A server that echoes lines, on a thread for each connection. `answer(server, number, line)` returns the bytes that
    answer the line (its end included), or None for none; `torn`: they are sent one at a time; `gate`: an event that
    must come before a second read."""

    def __init__(self, answer=lambda server, number, line: line, torn=False, gate=None):
        self.answer, self.torn, self.gate = answer, torn, gate
        self.lock = threading.Lock()
        self.lines = self.answers = self.connections = 0
        self.deepest = 0  # complete lines that one read has brought
        self.open, self.threads = set(), []
        self.port = lib.free_port()
        self.url = "skeleton://127.0.0.1:%d" % self.port
        self.start()

    def start(self):
        self.socket = socket.create_server(("127.0.0.1", self.port), backlog=256)
        if self.gate:  # both kernels take little: Linux sizes a sender's buffer by its segments
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.run(self._accept, self.socket)

    def run(self, what, *args):
        self.threads.append(threading.Thread(target=what, args=args, daemon=True))
        self.threads[-1].start()

    def _accept(self, listening):
        while True:
            try:
                s = listening.accept()[0]
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.open.add(s)
            self.run(self._serve, s)

    def _serve(self, s):
        left = b""
        try:
            while got := s.recv(65536):
                *lines, left = (left + got).split(b"\n")
                with self.lock:
                    first, self.lines = self.lines, self.lines + len(lines)
                    self.deepest = max(self.deepest, len(lines))
                answers = [self.answer(self, first + i, line + b"\n") for i, line in enumerate(lines)]
                answers = [a for a in answers if a is not None]
                out = b"".join(answers)
                for at in range(0, len(out), 1 if self.torn else len(out) or 1):
                    s.sendall(out[at:at + 1] if self.torn else out)
                with self.lock:
                    self.answers += len(answers)
                if self.gate:
                    self.gate.wait()
        except OSError:
            pass
        finally:
            with self.lock:
                self.open.discard(s)
            s.close()

    def has_unread(self):
        with self.lock, contextlib.suppress(BlockingIOError):
            return any(s.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) for s in self.open)
        return False

    def stop(self):
        """As when it is killed: nobody listens, and what is open is broken off. start() brings it back."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        with self.lock:
            sockets, self.open = self.open, set()
        for s in sockets:
            with contextlib.suppress(OSError):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


class Skeleton(unittest.TestCase):
    def check(self, run):
        """What holds of every run; its pool."""
        pool = lib.pool(run)
        self.assertEqual(lib.accounting(pool["ops"]), 0, pool["ops"])
        self.assertEqual(sum(c["count"] for c in pool["error_classes"]), pool["ops"]["errors"])
        for check in run["validity"]["checks"]:
            if check["name"] == "accounting":
                self.assertTrue(check["ok"], check["why"])
        return pool

    def test_the_server_counted_as_much(self):
        for args in ((), ("--pattern", "chain", "--depth", 32, "--connections", 1), ("-t", 2, "--pattern", "batch"),
                     ("--rate", "5000/s"), ("--pattern", "unthrottled", "--clients", 2)):
            with self.subTest(args=args), Echo() as server:
                pool = self.check(lib.headless("-n", 6000, "--clients", 4, *args, server.url))
                self.assertEqual(pool["ops"]["completed"], 6000)
                self.assertEqual((server.lines, server.answers), (6000, 6000))
                self.assertEqual((pool["server"], pool["address"]), ("line echo", "127.0.0.1:%d" % server.port))
                if "chain" in args:
                    self.assertGreater(server.deepest, 1)  # they were pipelined, and in one piece

    def test_more_than_the_socket_takes(self):
        """65,536 lines wait on one connection, half a megabyte, before the server reads them."""
        gate = threading.Event()
        with Echo(gate=gate) as server, \
                lib.Headless("-n", 200000, "--pattern", "chain", "--depth", 65536,
                             "--timeout", "600s", server.url) as h:
            lib.until("the client waits for its socket", lambda: server.has_unread() and waits_to_write(h.pid))
            gate.set()
            pool = self.check(h.wait())
        self.assertEqual((pool["ops"]["completed"], server.lines), (200000, 200000))

    def test_torn_answers(self):
        with Echo(torn=True) as server:
            pool = self.check(lib.headless("-n", 500, "--pattern", "chain", "--depth", 8, server.url))
        self.assertEqual((pool["ops"]["completed"], server.lines), (500, 500))

    def test_errors_are_the_servers(self):
        def third(server, number, line):
            return b"!sorry\n" if number % 3 == 0 else line
        with Echo(third) as server:
            pool = self.check(lib.headless("-n", 3000, "--pattern", "chain", server.url, code=None))
        self.assertEqual(pool["ops"]["completed"], 2000)
        self.assertEqual(lib.classes(pool, "count"), {"server": 1000})
        self.assertIn("sorry", str(pool["error_classes"]))

    def test_a_server_that_is_killed_and_comes_back(self):
        with Echo() as server, lib.Headless("-d", "600s", "--clients", 4, "--pattern", "chain", server.url) as h:
            lib.until("load", lambda: server.answers > 1000)
            server.stop()
            lib.until("those that served have ended", lambda: not any(t.is_alive() for t in server.threads))
            before = server.answers
            server.start()
            lib.until("load again", lambda: server.answers > before + 1000)
            h.signal(lib.signal.SIGTERM)
            pool = self.check(h.wait(code=143))
        ops = pool["ops"]
        self.assertEqual(ops["timeouts"], 0)
        self.assertGreater(ops["completed"], before)
        self.assertLessEqual(ops["completed"], server.answers)  # what was on the way at the end was not read
        self.assertLessEqual(server.lines, ops["offered"])
        self.assertLessEqual(ops["errors"], 4 * 16)  # at most what was in flight
        self.assertEqual(set(lib.classes(pool, "count")) - {"closed", "refused"}, set())

    def test_what_the_protocol_does_not_have_is_refused(self):
        for url in ("skeleton://user@localhost:7007", "skeleton://:word@localhost:7007", "skeleton://localhost:7007/path",
                    "skeleton://one:7007,two:7007"):
            with self.subTest(url):
                self.assertEqual(lib.loadtop("--headless", "-n", "1", url).code, 2)

    def test_nobody_is_there(self):
        run = lib.loadtop("--headless", "-d", "2s", "skeleton://127.0.0.1:%d" % lib.free_port())
        self.assertEqual(run.code, 3, run)
        self.assertIn("refused", run.err)

    def test_a_server_that_never_answers(self):
        with Echo(lambda server, number, line: None) as server:
            pool = self.check(lib.headless("-n", 40, "--clients", 4, "--timeout", "200ms", server.url, code=None))
            self.assertEqual(pool["ops"]["timeouts"], 40)
            self.assertEqual(server.lines, 40)
            self.assertGreaterEqual(server.connections, 40)  # a late answer would be taken for the next one's

    def test_what_is_no_answer_ends_the_connection(self):
        for what, line, name in (("garbage", b"\x00\xff\x80 nonsense\n", "protocol"), ("another line", b"key:x\n", "protocol"),
                                 ("nothing", b"\n", "protocol"), ("too long", b"x" * 100000, "too_large"),
                                 ("an answer too many", None, "protocol")):
            def tenth(server, number, asked, line=line):
                return asked if number % 10 != 9 else asked + asked if line is None else line
            with self.subTest(what), Echo(tenth) as server:
                pool = self.check(lib.headless("-n", 200, "--clients", 2, server.url, code=None))
                ops = pool["ops"]
                self.assertEqual(ops["completed"] + ops["errors"], 200)
                self.assertEqual(set(lib.classes(pool, "count")) - {name}, set())
                self.assertGreater(server.connections, 2)
                if line is not None:
                    self.assertEqual(ops["errors"], 20)

    def test_it_is_for_tests_only(self):
        self.addCleanup(setattr, lib, "LOADTOP", lib.LOADTOP)
        lib.LOADTOP = USUAL
        self.assertNotIn("skeleton", lib.loadtop("backends").out)
        self.assertEqual(lib.loadtop("--headless", "-n", "1", "skeleton://localhost:7007").code, 2)


if __name__ == "__main__":
    lib.main()
