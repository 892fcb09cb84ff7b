"""An HTTP server that sends more than CrateDB would. Its answers are limited, in bytes and in the size of the parsed
JSON, and the message says what the server did.   ctest: timeout=600
"""
import http.server
import threading
import unittest

import lib
from patient import BOUND

MiB = 1 << 20
GREETING = b'{"name": "n", "cluster_name": "c", "version": {"number": "5.0.0"}}'


class Hostile(unittest.TestCase):
    """`root` is the answer to GET /, `sql` the one to every statement."""

    def serve(self, root, sql):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def say(self, body):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def do_GET(self):
                self.say(root)

            def do_POST(self):
                self.say(sql)

            def log_message(self, *args):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *args: None  # the other side has left
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return "crate://127.0.0.1:%d/t" % server.server_port

    def run_to_its_end(self, *args):
        """What it said on stderr, and its peak (VmHWM) as seen last."""
        peak = 0
        with lib.Headless("-n", 10, *args) as h:
            def ended():
                nonlocal peak
                try:
                    with open("/proc/%d/status" % h.pid, encoding="ascii") as f:
                        for line in f:
                            if line.startswith("VmHWM"):
                                peak = int(line.split()[1]) << 10
                except OSError:
                    pass
                return not lib.alive(h.pid)
            lib.until("it gave up", ended, timeout=BOUND)
            result = h.end(BOUND)
            self.assertIn(result.code, (1, 3), result)
        return result.err, peak

    def test_long_answers(self):
        long = b'{"cols": ["' + b"x" * (5 * MiB) + b'"]}'
        for root, sql in ((long, b"{}"), (GREETING, long)):
            err, _ = self.run_to_its_end(self.serve(root, sql))
            self.assertIn("an answer of more than 4194304 bytes", err)

    def test_many_values(self):
        """4 MB of "[]," would be some 200 MB of arrays."""
        bomb = b'{"rows": [' + b"[]," * (1300 * 1000) + b"[]]}"
        err, peak = self.run_to_its_end(self.serve(GREETING, bomb))
        self.assertIn("too much of it", err)
        if not lib.SANITIZED:
            self.assertLess(peak, 96 * MiB)


if __name__ == "__main__":
    lib.main()
