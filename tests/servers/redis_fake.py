"""A false Redis for tests: it speaks RESP over real sockets, on a thread for each connection, and says what a real
one cannot be brought to say. A test gives `info` (the text, or bytes to send as they are), and `answer(fake, words)`,
called for every other command, which returns bytes, a generator of bytes that is sent until the other side is gone,
or None for the usual answer. It is test equipment: no figure measured against it is called a Redis figure.
"""
import socket
import threading
import types

USUAL = {b"GET": b"$-1\r\n", b"PING": b"+PONG\r\n", b"TOUCH": b":0\r\n", b"EXISTS": b":0\r\n"}

# What the program reads of INFO.
FIELDS = """redis_version server_time_usec connected_clients used_memory used_memory_dataset total_system_memory
maxmemory loading_loaded_perc rejected_connections expired_keys evicted_keys keyspace_hits keyspace_misses
total_error_replies connected_slaves used_cpu_sys used_cpu_user used_cpu_sys_main_thread
used_cpu_user_main_thread cluster_enabled run_id master_replid master_replid2 role""".split()


def info(value, **own):
    """An INFO in which every field is the value, or its own."""
    return "".join("%s:%s\r\n" % (f, own.get(f, value)) for f in FIELDS)


def bulk(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


class Fake:
    def __init__(self, info=info("1"), answer=lambda fake, words: None):
        self.info, self.answer = info, answer
        self.lock = threading.Lock()
        self.asked = 0     # commands of the load
        self.sent = 0      # bytes that were taken from us
        self.ended = 0     # connections that the other side closed
        self.infos = 0
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = "redis://127.0.0.1:%d" % self.socket.getsockname()[1]
        self.open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s = self.socket.accept()[0]
            except OSError:
                return
            with self.lock:
                self.open.add(s)
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _send(self, s, data):
        for part in data if isinstance(data, types.GeneratorType) else (data,):
            s.sendall(part)
            with self.lock:
                self.sent += len(part)

    def _reply(self, words):
        name = words[0].upper()
        if name == b"INFO":
            self.infos += 1
            text = self.info(self.infos) if callable(self.info) else self.info
            return bulk(text) if isinstance(text, str) else text
        if name in (b"CLIENT", b"SELECT", b"AUTH", b"HMSET", b"HDEL"):
            return b"+OK\r\n"
        with self.lock:
            self.asked += 1
        said = self.answer(self, words)
        return USUAL.get(name, b"+OK\r\n") if said is None else said

    def _serve(self, s):
        try:
            with s, s.makefile("rb") as f:
                while head := f.readline():
                    words = []
                    for _ in range(int(head[1:])):
                        words.append(f.read(int(f.readline()[1:]) + 2)[:-2])
                    self._send(s, self._reply(words))
        except OSError:
            pass
        with self.lock:
            self.open.discard(s)
            self.ended += 1

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        with self.lock:
            for s in self.open:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
