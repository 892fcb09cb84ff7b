"""A broker that answers with more than was asked for: its length is refused when it is said.   ctest: timeout=600
"""
import socket
import struct
import threading
import unittest

import lib
from patient import BOUND, until

MiB = 1 << 20
SAYS = 48 * MiB  # less than librdkafka's own bound


class Broker:
    def __init__(self):
        self.sent = self.closed = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "kafka://127.0.0.1:%d/t" % self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            with s:
                request = s.recv(65536)  # its length, what it is, and its number
                s.sendall(struct.pack(">i", SAYS) + request[8:12])
                for _ in range(SAYS // MiB - 1):
                    s.sendall(bytes(MiB))
                    self.sent += MiB
        except OSError:
            pass
        self.closed += 1

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Hostile(unittest.TestCase):
    def test_long_response(self):
        broker = Broker()
        self.addCleanup(broker.close)
        with lib.Headless("-n", 1, broker.url + "?ops=consume&from=earliest") as h:
            until("an answer has ended", lambda: broker.closed > 0)
            h.signal(2)
            h.end(BOUND)
        # What the kernel's buffers took of it was not read.
        self.assertLess(broker.sent, SAYS - 2 * MiB, "the whole answer was taken")


if __name__ == "__main__":
    lib.main()
