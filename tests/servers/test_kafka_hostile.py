"""A broker that answers with more than was requested: the answer is refused as soon as its length is known.
ctest: timeout=600
"""
import struct
import unittest

import lib
from false_server import Listener
from patient import BOUND, until

MiB = 1 << 20
SAYS = 48 * MiB  # less than librdkafka's own bound


class Broker(Listener):
    def __init__(self):
        self.sent = 0
        super().__init__()
        self.url = "kafka://127.0.0.1:%d/t" % self.port

    def serve(self, s):
        request = s.recv(65536)  # its length, what it is, and its number
        s.sendall(struct.pack(">i", SAYS) + request[8:12])
        for _ in range(SAYS // MiB - 1):
            s.sendall(bytes(MiB))
            self.sent += MiB


class Hostile(unittest.TestCase):
    def test_long_response(self):
        broker = Broker()
        self.addCleanup(broker.close)
        with lib.Headless("-n", 1, broker.url + "?ops=consume&from=earliest") as h:
            until("an answer has ended", lambda: broker.ended > 0)
            h.signal(2)
            h.end(BOUND)
        # What the kernel's buffers took of it was not read.
        self.assertLess(broker.sent, SAYS - 2 * MiB, "the whole answer was taken")


if __name__ == "__main__":
    lib.main()
