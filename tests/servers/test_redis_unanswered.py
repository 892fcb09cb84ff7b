"""What loadtop asks a Redis although a load does not need it: a name in the list of clients, and INFO. A server may
refuse both, and a proxy may close the connection on each command that it does not know: the load runs, and it is told
once.   ctest: timeout=600
"""
import itertools
import json
import time
import unittest

import lib
from patient import PATIENT, headless, stop, until
from redis_fake import CLOSE, Fake, info

ALWAYS = itertools.repeat
UNKNOWN = b"-ERR unknown command '%s', with args beginning with: \r\n"


def told(run, words):
    """The events that say it."""
    return [e["to"] for e in run["events"] if words in (e["to"] or "")]


class Unanswered(lib.FolderTest):
    def loads(self, fake, n=2000, clients=4):
        pool = lib.pool(run := headless("-n", n, "--clients", clients, fake.url))
        self.assertEqual((pool["ops"]["completed"], pool["ops"]["errors"]), (n, 0), run["events"])
        self.assertEqual(lib.accounting(pool["ops"]), 0)
        self.assertEqual(fake.seen[b"GET"] + fake.seen[b"SET"], n)
        return run

    def test_both_close_the_connection(self):
        with Fake(says={b"INFO": ALWAYS(CLOSE), b"CLIENT": ALWAYS(CLOSE)}) as fake:
            run = self.loads(fake)
            self.assertEqual(len(told(run, "CLIENT SETNAME is not answered (it closes the connection)")), 1, run["events"])
            self.assertEqual(len(told(run, "INFO is not answered (it closes the connection)")), 1, run["events"])
            self.assertEqual(len(run["events"]), 2, run["events"])
            self.assertIn("INFO is not answered", run["_out"])
            self.assertIsNone(lib.pool(run)["server"])
            self.assertIsNone(lib.pool(run)["target_info"]["other_clients"])

    def test_what_closes_is_not_asked_again(self):
        """Neither by what looks at the server each second, nor by connections that were lost."""
        with Fake(says={b"INFO": ALWAYS(CLOSE), b"CLIENT": ALWAYS(CLOSE)}) as fake:
            with lib.Headless("-d", "900s", *PATIENT, "--rate", "100/s", "--clients", 3, fake.url) as h:
                until("it loads", lambda: fake.seen[b"GET"] > 20 and len(fake.open) == 4)
                taken, asked = fake.taken, (fake.seen[b"INFO"], fake.seen[b"CLIENT"])
                fake.cut()
                until("its connections are back", lambda: fake.taken >= taken + 4)
                time.sleep(3)  # looks at the server
                run = stop(h)
            self.assertEqual(fake.taken, taken + 4)
            self.assertEqual((fake.seen[b"INFO"], fake.seen[b"CLIENT"]), asked)
            self.assertLessEqual(max(asked), 3)
            self.assertEqual(len(told(run, "is not answered")), 2, run["events"])
            self.assertEqual(lib.accounting(lib.pool(run)["ops"]), 0)

    def test_one_closes_the_connection(self):
        with Fake(info("1"), says={b"CLIENT": ALWAYS(CLOSE)}) as fake:
            run = self.loads(fake)
            self.assertEqual(len(told(run, "is not answered")), 1, run["events"])
            self.assertIn("Redis", lib.pool(run)["server"])
        with Fake(says={b"INFO": ALWAYS(CLOSE)}) as fake:
            run = self.loads(fake)
            self.assertEqual(len(told(run, "INFO is not answered")), 1, run["events"])
            self.assertGreaterEqual(fake.seen[b"CLIENT"], 4)  # its connections have a name

    def test_closed_once_is_a_server_that_went_away(self):
        """Not one that does not know the command: the next connection has a name, and INFO is asked each second."""
        for name in b"CLIENT", b"INFO":
            with self.subTest(name=name), Fake(says={name: [CLOSE]}) as fake:
                run = self.loads(fake)
                self.assertEqual(told(run, "is not answered"), [])
                self.assertGreaterEqual(fake.seen[b"CLIENT"], 5)
                self.assertIn("Redis", lib.pool(run)["server"])

    def test_error_replies(self):
        """They do no harm: it goes on asking, and has the figures once there are some."""
        with Fake(says={b"INFO": ALWAYS(UNKNOWN % b"INFO"), b"CLIENT": ALWAYS(UNKNOWN % b"CLIENT")}) as fake:
            run = self.loads(fake)
            self.assertEqual(len(told(run, "CLIENT SETNAME is not answered (ERR unknown command 'CLIENT'")), 1, run["events"])
            self.assertEqual(len(told(run, "INFO is not answered (ERR unknown command 'INFO'")), 1, run["events"])
            self.assertEqual((fake.seen[b"TTL"], fake.seen[b"PING"]), (1, 0))
        with Fake(info("1"), says={b"INFO": 3 * [UNKNOWN % b"INFO"]}) as fake:
            with lib.Headless("-d", "900s", *PATIENT, "--rate", "100/s", fake.url) as h:
                until("INFO is answered", lambda: fake.infos > 1)
                run = stop(h)
            self.assertEqual(len(told(run, "is not answered")), 1, run["events"])
            self.assertIn("Redis", lib.pool(run)["server"])

    def test_an_answer_that_is_too_large(self):
        """At the start, and once it has become so: it is not asked for again, and the load goes on."""
        large = info("1") + 60000 * "db0:keys=1,expires=0\r\n"
        with Fake(large) as fake:
            run = self.loads(fake)
            self.assertEqual(len(told(run, "INFO is not answered (its answer is too large)")), 1, run["events"])
            self.assertEqual(fake.infos, 1)
        with Fake(lambda n: info("1") if n < 3 else large) as fake, \
                lib.Headless("-d", "900s", *PATIENT, "--rate", "100/s", fake.url) as h:
            until("it has become too large", lambda: fake.infos > 2)
            done = fake.seen[b"GET"]
            until("the load goes on", lambda: fake.seen[b"GET"] > done + 300)
            run = stop(h)
            self.assertEqual(fake.infos, 3)
            self.assertEqual(len(told(run, "INFO is not asked any more: its answer is too large")), 1, run["events"])

    def test_far_away(self):
        """Six links, each with several answers, take longer than one link may."""
        with Fake(says={b"INFO": ALWAYS(CLOSE), b"CLIENT": ALWAYS(CLOSE)}, far=0.35) as fake:
            run = self.loads(fake, n=20)
            self.assertEqual(len(run["events"]), 2, run["events"])

    def test_renamed(self):
        """The real thing: rename-command, as managed servers have it."""
        for renamed in {"INFO": "OURS"}, {"CLIENT": "OURS"}, {"PING": "OURS"}:
            with self.subTest(renamed=renamed), lib.Redis(renamed=renamed) as redis:
                run = headless("-n", 2000, "--clients", 5, redis.url)
                pool = lib.pool(run)
                self.assertEqual((pool["ops"]["completed"], pool["ops"]["errors"]), (2000, 0))
                self.assertEqual(redis.calls("get", "set"), 2000)
                self.assertEqual(len(told(run, "is not answered")), "PING" not in renamed, run["events"])
                path = self.file("run.json", json.dumps(run))
                result = lib.loadtop("clean", "--yes", path)
                self.assertEqual(result.code, 0, result)
                self.assertEqual(redis.command("DBSIZE"), 0)

    def test_what_a_load_needs_is_not_left_out(self):
        for name, url, words in (
                (b"SELECT", "redis://127.0.0.1:%d/3", "closed the connection in answer to SELECT (a proxy may have no"),
                (b"AUTH", "redis://:geheim@127.0.0.1:%d", "closed the connection in answer to AUTH (a proxy may take no")):
            with self.subTest(name=name), Fake(says={name: ALWAYS(CLOSE)}) as fake, \
                    lib.Headless("-n", 10, url % fake.port) as h:
                until("it has tried again", lambda fake=fake: fake.taken > 4)
                run = stop(h)
                self.assertEqual(len(told(run, words)), 1, run["events"])
                self.assertNotIn("geheim", json.dumps(run))
                self.assertEqual(fake.asked, 0)

    def test_keys_that_are_not_counted(self):
        """TOUCH, which counts the keys that are left, is not needed either, and the mark is right without it."""
        with Fake(says={b"TOUCH": ALWAYS(CLOSE)}) as fake:
            run = self.loads(fake)
            left = lib.pool(run)["left_behind"]
            self.assertEqual([(e["kind"], e["count"]) for e in left], [("keys", None), ("mark", 1)])
            self.assertGreater(fake.seen[b"TOUCH"], 0)
            self.assertEqual(fake.seen[b"HDEL"], 1)  # claims were replaced by what was made


if __name__ == "__main__":
    lib.main()
