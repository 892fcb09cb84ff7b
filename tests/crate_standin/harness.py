"""Starts the stand-in for CrateDB, tells it which faults to make, and queries what it has stored. With CRATE_URL the
same functions use a real CrateDB."""
import base64
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from urllib.parse import unquote, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))


class Standin:
    """A stand-in in a process of its own. Use as a context manager."""

    def __init__(self, *options, on_disk=False, tls=False, host="127.0.0.1"):
        self.folder = tempfile.TemporaryDirectory(prefix="loadtop-crate-")
        self.options = [*options, "--host", "0.0.0.0" if host != "127.0.0.1" else host]
        self.host = host  # as loadtop is told; lib.AWAY within lib.own_network() is another machine
        self.tls = tls
        self.port = 0
        if on_disk:
            self.options += ["--db", os.path.join(self.folder.name, "rows.db")]
        if tls:
            self.make_certificate()

    def make_certificate(self):
        self.cert, self.key = (os.path.join(self.folder.name, n) for n in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out", self.cert],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.options += ["--cert", self.cert, "--key", self.key]

    def start(self):
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "standin.py"), "--port", str(self.port),
                                         "--parent", str(os.getpid()), *self.options],
                                        stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 120)
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("listening "):
            raise RuntimeError("the stand-in did not start: %r" % line)
        self.port = int(line.split()[1])
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()
        self.folder.cleanup()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process.stdout.close()

    def kill(self):
        """Ends it at once. start() brings it back on the same port, with what was stored if it is on disk."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def freeze(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def url(self, path="doc.t", query="", user=""):
        scheme = "crates" if self.tls else "crate"
        return "%s://%s%s:%d/%s%s" % (scheme, user + "@" if user else "", self.host, self.port, path,
                                      "?" + query if query else "")

    def password(self):
        """What a saved run does not have, for `loadtop clean`."""
        return ""

    def call(self, method, path, body=None, headers=None, timeout=120):
        if self.tls:
            import ssl
            c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout,
                                            context=ssl.create_default_context(cafile=self.cert))
        else:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body),
                      headers or {})
            answer = c.getresponse()
            return answer.status, answer.read()
        finally:
            c.close()

    def fault(self, kind, **details):
        status, _ = self.call("POST", "/_standin/fault", dict(details, kind=kind))
        assert status == 200

    def says(self, **what):
        """What it says of itself from now on: cluster, free, rejected, lost."""
        status, _ = self.call("POST", "/_standin/set", what)
        assert status == 200

    def stats(self):
        return json.loads(self.call("GET", "/_standin/stats")[1])

    def query(self, sql, *args):
        """Straight to SQLite, past all faults: the truth."""
        status, data = self.call("POST", "/_standin/rows", {"sql": sql, "args": args})
        assert status == 200, data
        return json.loads(data)

    def rows(self, table="doc.t"):
        return self.query('SELECT count(*) FROM "%s"' % table)[0][0]

    def sql(self, stmt, args=None, bulk=None, headers=None):
        body = {"stmt": stmt}
        if args is not None:
            body["args"] = args
        if bulk is not None:
            body["bulk_args"] = bulk
        status, data = self.call("POST", "/_sql", body, headers)
        return status, json.loads(data) if data else None


class Real:
    """A real CrateDB, named by CRATE_URL (crate://[user:password@]host[:port], crates:// with TLS; a slash at the end
    does no harm, a password is percent-encoded as loadtop wants it). With CRATE_CA, a file of certificates, a server
    is trusted that the system does not. Same words as Standin, for tests that need no faults. Each test has a table
    of its own, which is dropped."""

    def __init__(self, *_options, **_more):
        self.parts = urlsplit(os.environ["CRATE_URL"])
        if self.parts.scheme not in ("crate", "crates") or not self.parts.hostname:
            raise RuntimeError("CRATE_URL is to be crate://[user:password@]host[:port], not %r" % self.shown())
        self.tls = self.parts.scheme == "crates"
        self.ca = os.environ.get("CRATE_CA")
        self.port = self.parts.port or 4200
        self.table = "loadtop_test_%d_%d" % (os.getpid(), time.monotonic_ns())

    def shown(self):
        """Without its password."""
        return "%s://%s" % (self.parts.scheme, self.parts.netloc.rpartition("@")[2])

    def http(self):
        """(address for a client that speaks HTTP, user, password)."""
        host = "[%s]" % self.parts.hostname if ":" in self.parts.hostname else self.parts.hostname
        return ("%s://%s:%d" % ("https" if self.tls else "http", host, self.port),
                unquote(self.parts.username or ""), unquote(self.parts.password or ""))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sql('DROP TABLE IF EXISTS "doc"."%s"' % self.table)

    def password(self):
        return self.http()[2]

    def url(self, path=None, query="", user=""):
        path = (path or "doc.t").replace("doc.t", "doc." + self.table)
        query = "&".join(q for q in (query, "tls.ca=" + self.ca if self.ca else "") if q)
        return "%s://%s/%s%s" % (self.parts.scheme, self.parts.netloc, path, "?" + query if query else "")

    def sql(self, stmt, args=None, bulk=None, headers=None):
        if self.tls:
            import ssl
            c = http.client.HTTPSConnection(self.parts.hostname, self.port, timeout=30,
                                            context=ssl.create_default_context(cafile=self.ca))
        else:
            c = http.client.HTTPConnection(self.parts.hostname, self.port, timeout=30)
        headers = dict(headers or {})
        _, user, password = self.http()
        if user:
            headers["Authorization"] = "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()
        body = {"stmt": stmt.replace('"t"', '"%s"' % self.table)}
        if args is not None:
            body["args"] = args
        if bulk is not None:
            body["bulk_args"] = bulk
        try:
            c.request("POST", "/_sql", json.dumps(body), headers)
            answer = c.getresponse()
            data = answer.read()
        finally:
            c.close()
        if answer.status == 401:  # the one answer that is plain text
            raise RuntimeError("CRATE_URL %s: %s" % (self.shown(), data.decode(errors="replace")))
        return answer.status, json.loads(data) if data else None

    def rows(self, table="doc.t"):
        self.sql('REFRESH TABLE "doc"."t"')
        return self.sql('SELECT count(*) FROM "doc"."t"')[1]["rows"][0][0]


def target(*options, **more):
    """The server for tests that hold for every CrateDB."""
    return Real() if os.environ.get("CRATE_URL") else Standin(*options, **more)
