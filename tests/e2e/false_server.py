"""Fake servers on real sockets of 127.0.0.1, for tests that need behaviour which a real server cannot be made to show.

    class Silent(Listener):
        def serve(self, s):
            s.recv(65536)
    with Silent() as server:
        lib.headless("redis://127.0.0.1:%d" % server.port, code=None)

A Proxy passes on what a real server sends. A figure that is measured against a fake server is never reported as a
server's.
"""
import contextlib
import socket
import struct
import threading

import lib


def shut(s):
    """Ends both directions of a socket, which may have ended already; a thread that waits for it goes on."""
    with contextlib.suppress(OSError):
        s.shutdown(socket.SHUT_RDWR)


def resp_commands(f):
    """The commands that a Redis client sends, each a list of bytes, until it closes or speaks something else."""
    while (head := f.readline()).startswith(b"*"):
        words = []
        for _ in range(int(head[1:])):
            words.append(f.read(int(f.readline()[1:]) + 2)[:-2])
        yield words


def resp_bulk(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


class Listener(lib.Closing):
    """Calls serve(socket), which a subclass gives, on a thread for each connection, and closes it afterwards.
    `ended`: connections that are over. A subclass sets its own members before it calls __init__ of this one."""

    def __init__(self, backlog=1024):
        self.lock = threading.Lock()
        self.open = set()  # sockets in use
        self.ended = 0
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def serve(self, s):
        raise NotImplementedError

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                s = self.socket.accept()[0]
                with self.lock:
                    self.open.add(s)
                threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        with contextlib.suppress(OSError, ValueError, struct.error), s:  # it may be cut in the middle of a word
            self.serve(s)
        with self.lock:
            self.open.discard(s)
            self.ended += 1

    def cut(self):
        """Ends the connections that stand; new ones are taken."""
        with self.lock:
            for s in self.open:
                shut(s)

    def close(self):
        shut(self.socket)
        self.socket.close()
        self.cut()


class Proxy(Listener):
    """Leads to the server at `to`, (host, port). A subclass may change what passes: see read and change."""

    def __init__(self, to):
        self.to = to
        self.passed = 0  # connections that the server took
        super().__init__()

    def read(self, s):
        """What is passed on as one piece; nothing at the end."""
        return s.recv(1 << 16)

    def change(self, data, answers):
        """What is passed on in its place; answers: it comes from the server."""
        return data

    def lead(self, to):
        """Another server from now on: connected clients must reconnect."""
        with self.lock:
            self.to = to
        self.cut()

    def serve(self, s):
        with self.lock:  # so that nobody is led to the server before
            far = socket.create_connection(self.to, timeout=lib.bound())
            self.open.add(far)
            self.passed += 1
        with far:
            for end in (s, far):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._carry, args=(far, s, True), daemon=True)
            back.start()
            self._carry(s, far, False)
            back.join()
        with self.lock:
            self.open.discard(far)

    def _carry(self, a, b, answers):
        with contextlib.suppress(OSError, struct.error):
            while data := self.read(a):
                b.sendall(self.change(data, answers))
        shut(a)
        shut(b)
