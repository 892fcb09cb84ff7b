"""A fake Redis for tests: it speaks RESP over real sockets, with a thread for each connection, and answers what a real
server cannot be made to answer. A test passes `info` (a text, or bytes to send unchanged), and `answer(fake, words)`,
which is called for every other command and returns bytes, a generator of bytes (sent until the other side has closed),
or None for the usual answer. `says` has, by command, what it answers at first, as bytes, or CLOSE, before it answers as
usual: itertools.repeat(CLOSE) for always. `far` is how many seconds each answer takes. It is test equipment: no figure measured against it is reported as Redis's.
"""
import collections
import time
import types

from false_server import Listener, resp_bulk, resp_commands

USUAL = {b"GET": b"$-1\r\n", b"PING": b"+PONG\r\n", b"TOUCH": b":0\r\n", b"EXISTS": b":0\r\n"}
CLOSE = object()  # closes the connection, as a proxy does that does not know the command

# What the program reads of INFO.
FIELDS = """redis_version server_time_usec connected_clients used_memory used_memory_dataset total_system_memory
maxmemory loading_loaded_perc rejected_connections expired_keys evicted_keys keyspace_hits keyspace_misses
total_error_replies connected_slaves used_cpu_sys used_cpu_user used_cpu_sys_main_thread
used_cpu_user_main_thread cluster_enabled run_id master_replid master_replid2 role""".split()


def info(value, **own):
    """An INFO in which every field is the value, or its own."""
    return "".join("%s:%s\r\n" % (f, own.get(f, value)) for f in FIELDS)


class Fake(Listener):
    def __init__(self, info=info("1"), answer=lambda fake, words: None, says=None, far=0):
        self.far = far
        self.info, self.answer = info, answer
        self.says = {name: iter(answers) for name, answers in (says or {}).items()}
        self.asked = 0     # commands of the load
        self.sent = 0      # bytes that were taken from us
        self.infos = 0
        self.taken = 0     # connections
        self.seen = collections.Counter()  # commands by their name
        super().__init__()
        self.url = "redis://127.0.0.1:%d" % self.port

    def _send(self, s, data):
        for part in data if isinstance(data, types.GeneratorType) else (data,):
            s.sendall(part)
            with self.lock:
                self.sent += len(part)

    def _reply(self, words):
        name = words[0].upper()
        with self.lock:
            self.seen[name] += 1
            first = next(self.says.get(name, iter(())), None)
        if first is not None:
            return first
        if name == b"INFO":
            self.infos += 1
            text = self.info(self.infos) if callable(self.info) else self.info
            return resp_bulk(text) if isinstance(text, str) else text
        if name == b"TTL":
            return b":-2\r\n"
        if name in (b"CLIENT", b"SELECT", b"AUTH", b"CLUSTER", b"HMSET", b"HDEL"):
            return b"+OK\r\n"
        with self.lock:
            self.asked += 1
        said = self.answer(self, words)
        return USUAL.get(name, b"+OK\r\n") if said is None else said

    def serve(self, s):
        with self.lock:
            self.taken += 1
        with s.makefile("rb") as f:
            for words in resp_commands(f):
                reply = self._reply(words)
                time.sleep(self.far)
                if reply is CLOSE:
                    return
                self._send(s, reply)
