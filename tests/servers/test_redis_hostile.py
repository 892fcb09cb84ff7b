"""A Redis that lies: figures that no real server has, unrequested replies, and replies without an end. The program
keeps running and says what the server did, and its memory stays within the limits set in the code, as measured by the
kernel (VmHWM).   ctest: timeout=600
"""
import re
import time
import unittest

import lib
from patient import BOUND, PATIENT, Watched, headless, until
from redis_fake import Fake, info

MiB = 1 << 20
BUFFERED_MAX = 256 * MiB    # NET_BUFFERED_MAX
PROGRAM = 64 * MiB      # the program without what servers make it hold: some 30
AROUND = 96 << 10       # what a connection may hold beside, and its own memory


def peak(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))


def dbs(count):
    return "# Keyspace\r\n" + "".join("db%d:keys=1\r\n" % i for i in range(count))


# A first INFO, and one a second later; the second is larger where rates can be.
HUGE = "9" * 400  # infinite as a double
LARGE = "9" * 300  # and this is finite
FIRST = info("0", run_id="a", server_time_usec="1000000")
INFOS = {
    "huge": (FIRST, info(HUGE, run_id="a")),
    "large": (FIRST, info(LARGE, run_id="a", server_time_usec="2000000")),
    "digits": (info("0", run_id="a"), info("9007199254740992", run_id="a", server_time_usec="1")),
    "inf": (info("inf"), info("inf")),
    "nan": (info("nan"), info("-nan")),
    "minus": (info("-" + HUGE), info("-1e308")),
    "text": (info("x" * 30000), info("\xff\xfe" * 9000)),
    "lines": (dbs(60000), info("1") + dbs(50000)),
    "keys": (dbs(1), "# Keyspace\r\ndb0:keys=%s\r\n" % HUGE),
    "empty": ("", "\n" * MiB),
}


class Numbers(unittest.TestCase):
    """What INFO says, in every field that is read, headless and on the screen."""

    def setUp(self):
        self.fakes = {name: Fake(info=lambda n, both=both: both[n > 1]) for name, both in INFOS.items()}

    def tearDown(self):
        for f in self.fakes.values():
            f.close()

    def urls(self):
        return ["%s?name=%s&rate=200/s" % (f.url, name) for name, f in self.fakes.items()]

    def told(self):
        return all(f.infos >= 3 for f in self.fakes.values())

    def test_headless(self):
        with lib.Headless(*self.urls()) as h:
            until("each has told its second INFO", lambda: self.told() or not lib.alive(h.pid))
            h.signal(15)
            run = h.wait(code=128 + 15, timeout=BOUND)
        for name in INFOS:
            p = lib.pool(run, name)
            self.assertGreater(p["ops"]["completed"], 0, p)
            self.assertEqual(lib.accounting(p["ops"]), 0)
        self.assertIsNone(lib.pool(run, "huge")["backend_stats"]["connected_clients"])

    def test_dashboard(self):
        with lib.Pty(lib.LOADTOP, *self.urls(), cols=160, rows=50) as t:
            def seen():
                t.pump(0.05)
                return self.told() or not lib.alive(t.pid)
            until("each has told its second INFO", seen)
            for view in "2pool", "3scaling", "4errors", "5events", "6targets", "1overview":
                t.send(view[0])
                t.wait_for("[%s %s]" % (view[0], view[1:]), timeout=BOUND)
            for name in INFOS:
                t.wait_for(name, timeout=BOUND)
            t.send("qy")
            self.assertEqual(t.wait(BOUND), 0, t.text())


class Connections(unittest.TestCase):
    def test_pauses_grow(self):
        """A server that lets itself be connected to and breaks each connection: from the fifth on there is a quarter
        of a second between them, at the least."""
        with Fake(answer=lambda fake, words: b"HTTP/1.1 400 Bad Request\r\n") as f:
            began = time.monotonic()
            with lib.Headless("-d", "900s", f.url) as h:
                until("connections were broken", lambda: f.ended >= 8)
                h.signal(15)
                h.wait(code=None)
            self.assertLessEqual(f.ended, 6 + (time.monotonic() - began) / 0.25)


class Start(unittest.TestCase):
    """What the first looks at the server take."""

    def test_info(self):
        """It is not taken, and the load does not need it."""
        for text in (b"$2000000000\r\n", b"$" + b"9" * 18 + b"\r\n", dbs(10 ** 6), b"*1000000000\r\n",
                     b"*19000\r\n" * 2 + b"*1\r\n" * 100000, b"*1\r\n" * 5 + b":1\r\n", b"+" + b"x" * (2 * MiB)):
            with self.subTest(text[:40]), Fake(info=text) as f:
                run = headless("-n", 10, f.url)
                self.assertEqual(lib.pool(run)["ops"]["completed"], 10)
                self.assertEqual(f.infos, 1)
                self.assertIn("INFO is not answered (its answer is too large)", run["_out"])


class Memory(unittest.TestCase):
    """Replies to the load. Sizes are the bounds of the code; nothing here depends on the machine's speed."""

    def run_load(self, connections, answer, enough, *args):
        """Until there was `enough`, or the memory is above its bound. The run and the peak."""
        bound = PROGRAM + BUFFERED_MAX + connections * AROUND
        if lib.SANITIZED:
            bound = 1 << 40  # there, what is freed stays
        with Fake(answer=answer) as f, \
                Watched("--clients", connections // 2, "--threads", 2, *PATIENT, "--ops", "get", *args, f.url) as h:
            until("the server has said enough, and loadtop had enough", lambda: enough(f) and re.search(
                r" err [1-9]", h.text()) or peak(h.pid) > bound)
            most = peak(h.pid)
            run = h.end()
        p = lib.pool(run)
        self.assertEqual(lib.accounting(p["ops"]), 0)
        self.assertLess(most, bound)
        return p, most

    def test_declared_length(self):
        """A string of 512 MB is refused at its head."""
        def answer(fake, words):
            def stream():
                yield b"$512000000\r\n"
                while True:
                    yield b"x" * MiB
            return stream()
        p, most = self.run_load(50, answer, lambda f: f.ended > 100)
        self.assertEqual(set(lib.classes(p)), {"too_large"})
        self.assertIn("a reply of 512000000 bytes, and at most 11", lib.classes(p)["too_large"]["first"])
        if not lib.SANITIZED:
            self.assertLess(most, PROGRAM + 50 * AROUND)

    def test_without_an_end(self):
        """An array that never ends, of empty elements, and one that is nested too deeply."""
        def answer(fake, words):
            def stream():
                yield b"*9999\r\n*9999\r\n*9999\r\n"
                while True:
                    yield b"$100000\r\n" + b"x" * 100000 + b"\r\n"
            return stream() if fake.asked % 2 else b"*1\r\n" * 1000
        p, _ = self.run_load(20, answer, lambda f: f.ended > 60 or f.sent > 2000 * MiB)
        self.assertEqual(set(lib.classes(p)), {"too_large", "protocol"})
        self.assertIn("a reply without an end: 11", lib.classes(p)["too_large"]["first"])
        self.assertIn("more or deeper elements", lib.classes(p)["protocol"]["first"])

    def test_sum(self):
        """Many connections, each with a reply as large as one may be, of which the end never comes."""
        def answer(fake, words):
            return b"$1100000\r\n" + b"x" * 1050000
        p, _ = self.run_load(600, answer, lambda f: f.ended > 20)
        self.assertEqual(set(lib.classes(p)), {"too_much"})
        self.assertIn("hold 256 MiB of all connections", lib.classes(p)["too_much"]["first"])

    def test_larger_values_of_before(self):
        """What is larger than `size` but was asked for by an earlier run, and what is asked for, is taken."""
        def answer(fake, words):
            return b"$1000000\r\n" + b"x" * 1000000 + b"\r\n"
        with Fake(answer=answer) as f:
            p = lib.pool(headless("-n", 50, "--ops", "get", f.url))
            self.assertEqual(p["ops"]["completed"], 50, lib.classes(p))

        def large(fake, words):
            return b"$4000000\r\n" + b"x" * 4000000 + b"\r\n"
        with Fake(answer=large) as f:
            p = lib.pool(headless("-n", 20, "--ops", "get", "--size", "4M", f.url))
            self.assertEqual(p["ops"]["completed"], 20, lib.classes(p))


if __name__ == "__main__":
    lib.main()
