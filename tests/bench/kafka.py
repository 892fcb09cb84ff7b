#!/usr/bin/python3
"""Compares CPU per message and throughput with Kafka's own tools on the same broker, interleaved, with the same
settings.

    ./dev bench kafka [--runs 5] [--messages 1000000] [--size 100] [--trips 2000] [--rate 2000]

Each round runs ours and theirs one after the other; a line is the median of the rounds and the ratio ours / theirs.
CPU is user + system of the whole process. Java's start is in its CPU, so it is measured too, by a run with almost no
messages, and taken off: in its favour; the start of ours stays in. Memory a client is anonymous memory above the idle program.
"""
import argparse
import datetime
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "servers"), os.path.join(HERE, "..", "e2e")]
import kafka_node  # noqa: E402
import lib  # noqa: E402


class Failed(Exception):
    """A measurement that came to nothing, and what was said."""


def cpu_of(argv, timeout=300):
    """(user + system seconds, stdout) of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        p = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failed("%s: still running after %d s" % (" ".join(argv), timeout)) from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if p.returncode:
        raise Failed("%s\n%s%s" % (" ".join(argv), p.stdout, p.stderr))
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, p.stdout


def said(pattern, out):
    """The last number that a tool of Kafka's says in this way."""
    found = re.findall(pattern, out, re.M)
    if not found:
        raise Failed("no %s in what the tool says:\n%s" % (pattern, out))
    return float(found[-1])


class Bench:
    def __init__(self, node, args):
        self.node, self.args = node, args
        self.java = ["java", "-Xmx512m", "-cp", node.env["KAFKA_LIB"] + "/*"]
        self.topics = {}  # filled, by how many messages are in it
        self.json = os.path.join(node.dir, "bench.json")

    def loadtop(self, *args):
        # A machine or a broker that stands still for some seconds costs time, not messages.
        cpu, _ = cpu_of([lib.LOADTOP, "--headless", "--no-history", "--timeout", "60s", "--json", self.json, *map(str, args)])
        return cpu, lib.read_json(self.json)["pools"][0]

    def complete(self, n, cpu, pool):
        if pool["ops"]["completed"] != n:
            raise Failed("loadtop: of %d messages: %s %s" % (n, pool["ops"], pool["error_classes"]))
        return cpu, pool

    def produce_ours(self, topic, n):
        cpu, pool = self.complete(n, *self.loadtop("-n", n, self.node.url(
            topic, partitions=4, pattern="chain", depth=20000, acks=1, size=self.args.size, linger="5ms", batch=16384)))
        return cpu, pool["throughput_per_s"]

    def produce_theirs(self, topic, n):
        cpu, out = cpu_of(self.java + [
            "org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", str(n), "--record-size",
            str(self.args.size), "--throughput", "-1", "--producer-props", "bootstrap.servers=" + self.node.bootstrap,
            "acks=1", "linger.ms=5", "batch.size=16384"])
        return cpu, said(r"([\d.]+) records/sec", out)

    def consume_ours(self, topic, n):
        cpu, pool = self.complete(n, *self.loadtop("-n", n, "-d", "120s", self.node.url(
            topic, ops="consume", **{"from": "earliest"})))
        return cpu, pool["throughput_per_s"]

    def consume_theirs(self, topic, n):
        cpu, out = cpu_of(self.java + [
            "org.apache.kafka.tools.ConsumerPerformance", "--topic", topic, "--messages", str(n), "--bootstrap-server",
            self.node.bootstrap, "--timeout", "60000", "--hide-header"])
        return cpu, said(r"^[\d-]+ [\d:]+, [^,]+, [^,]+, [^,]+, [^,]+, ([\d.]+),", out)

    def trips_ours(self, topic, n):
        cpu, pool = self.complete(n, *self.loadtop("-n", n, self.node.url(
            topic, ops="e2e", partitions=1, linger=0, acks=1, size=self.args.size)))
        return cpu, pool["latency"]["service"]["mean_us"] / 1000

    def trips_theirs(self, topic, n):
        cpu, out = cpu_of(self.java + ["org.apache.kafka.tools.EndToEndLatency", self.node.bootstrap, topic, str(n), "1",
                                       str(self.args.size)])
        return cpu, said(r"Avg latency: ([\d.]+) +ms", out)

    def tried(self, measure, topic, n):
        """One measurement, or one more when it came to nothing; that is told, not hidden."""
        try:
            return measure(topic, n)
        except Failed as why:
            print("again:    %s" % why, flush=True)
            return measure(topic, n)

    def compare(self, what, unit, ours, theirs, n, topic):
        rows = []
        for i in range(self.args.runs):
            pair = (ours, theirs) if i % 2 == 0 else (theirs, ours)
            measured = {f: self.tried(f, topic, n) for f in pair}
            (cpu, rate), (their_cpu, their_rate) = measured[ours], measured[theirs]
            start = self.tried(theirs, topic, max(n // 1000, 10))[0]
            rows.append((cpu / n * 1e6, (their_cpu - start) / n * 1e6, rate, their_rate))
        us, them, rate, their_rate = (statistics.median(c) for c in zip(*rows))
        print("%-9s CPU us/message %7.2f against %7.2f = %.2f    %s %10.4g against %10.4g = %.2f" % (
            what, us, them, us / them, unit, rate, their_rate, rate / their_rate), flush=True)
        return us, them

    def memory(self):
        """Anonymous memory for a client, at several numbers of clients, while they drain a backlog with deliver=each.
        True when all are within the bounds and within 10 % of each other."""
        ok, of_60 = True, {}
        for connections, counts, most in ((None, (20, 40, 60, 120), 3000), (4, (60, 120), 200)):
            seen, backlog = [], self.args.backlog
            for clients in counts:
                while True:
                    kb, rate, drained = self.drain(clients, connections, backlog)
                    if not drained or backlog >= 64 * self.args.backlog:
                        break
                    backlog *= 4  # it was gone before the memory was looked at
                seen.append(kb)
                of_60[connections] = (kb, rate) if clients == 60 else of_60.get(connections)
                ok = ok and not drained and kb <= most and rate >= 100000
                print("memory    %3d clients, %s: %7.0f kB a client (at most %d), taking %.4g messages/s of a backlog" % (
                    clients, "own consumers" if not connections else "%d shared" % connections, kb, most, rate), flush=True)
            if not connections:
                spread = max(seen) / min(seen) - 1
                ok = ok and spread <= 0.1
                print("memory    own consumers: %.0f %% between the least and the most (at most 10)" % (100 * spread))
        print("memory    60 clients, own / 4 shared: memory %.1f, messages %.2f" % tuple(
            own / shared for own, shared in zip(of_60[None], of_60[4])), flush=True)
        return ok

    def drain(self, clients, connections, backlog):
        """Clients that each read a backlog: kB a client and messages a second taken by all together over the seconds
        that loadtop's own row has, and whether the backlog was gone by then."""
        topic = self.topic_of(backlog)
        more = {"connections": connections} if connections else {}
        _, pool = self.loadtop("-d", "12s", self.node.url(topic, ops="consume", deliver="each", clients=clients,
                                                          **{"from": "earliest"}, **more))
        consumer = pool["backend_stats"]["consumer"]
        row, = consumer["by_clients"]
        return row["anon_bytes_per_client"] / 1e3, row["messages_per_s"], consumer["lag"] < 1

    def topic_of(self, messages):
        if messages not in self.topics:
            self.topics[messages] = kafka_node.name()
            self.produce_ours(self.topics[messages], messages)
        return self.topics[messages]

    def throttle(self):
        """60 clients that get every message, with a consumer's settings that do and that do not throttle it."""
        settings = (("loadtop's own", {}),
                    ("too tight", {"kafka__queued__min__messages": 1000, "kafka__fetch__message__max__bytes": 4096,
                                   "kafka__queued__max__messages__kbytes": 4}),
                    ("librdkafka's", {"kafka__queued__min__messages": 100000, "kafka__fetch__message__max__bytes": 1048576,
                                      "kafka__queued__max__messages__kbytes": 65536}))
        for name, more in settings:
            topic = kafka_node.name()
            cpu, _ = self.loadtop("-d", "25s", self.node.url(
                topic, name="P", partitions=4, rate=self.args.rate, pattern="chain", depth=5000, size=self.args.size), self.node.url(
                    topic, name="C", partitions=4, ops="consume", deliver="each", clients=60, **more))
            pool = lib.read_json(self.json)["pools"][1]
            c = pool["backend_stats"]["consumer"]
            row = c["by_clients"][0]
            print("settings  %-13s 60 clients at %d/s: %s; wait %.1f %%, %.4g messages/s, %.0f kB a client, %.1f s CPU: %s" % (
                name, self.args.rate, c["words"], 100 * row["wait_share"], row["messages_per_s"],
                row["anon_bytes_per_client"] / 1e3, cpu, pool["bottleneck"]["why"]), flush=True)


def outage(node, runs):
    """How long after a killed broker's port takes connections again messages are produced (by the broker's own stamps)
    and consumed (by the run's seconds) again. True when both are within 2 s, but for the width of a second."""
    produced, consumed = [], []
    for _ in range(runs):
        topic = kafka_node.name()
        with lib.Headless("-d", "280s", "--timeout", "2s", "--no-history",
                          node.url(topic, name="P", partitions=4, clients=20, think="20ms", acks="all"),
                          node.url(topic, name="C", partitions=4, ops="consume", **{"from": "earliest"}, clients=3)) as h:
            lib.until("load runs", lambda: topic in node.topics() and node.ends(topic) > 1500, timeout=60)
            node.kill()
            time.sleep(4)
            listens = node.start()
            lib.until("load is back", lambda: any(t > listens - 1 for t in node.appended(topic)), timeout=60)
            time.sleep(4)  # whole seconds of the consumers' series
            h.signal(signal.SIGINT)
            run = h.wait(code=130)
        began = datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00")).timestamp()
        produced.append(min(t for t in node.appended(topic) if t > listens - 1) - listens)
        consumed.append(min(s["t_s"] for s in lib.pool(run, "C")["series"]
                            if s["completed"] and began + s["t_s"] > listens) + began - listens)
    print("outage    back after the broker's port: produced %.2f s (worst %.2f), consumed within %.2f s (worst %.2f)" % (
        statistics.median(produced), max(produced), statistics.median(consumed), max(consumed)), flush=True)
    return max(produced) <= 2 and max(consumed) <= 3.2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=1000000)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--trips", type=int, default=2000)
    parser.add_argument("--only", choices=("produce", "consume", "e2e", "memory", "throttle", "outage"))
    parser.add_argument("--backlog", type=int, default=1000000, help="messages, for memory: more when they do not last")
    parser.add_argument("--rate", type=int, default=2000)
    args = parser.parse_args()
    with kafka_node.Node() as node, tempfile.TemporaryDirectory():
        b = Bench(node, args)
        topic = kafka_node.name()
        ok = True
        if args.only in (None, "produce", "consume"):
            b.produce_ours(topic, args.messages)  # makes the topic; warms the broker
        if args.only in (None, "produce"):
            us, them = b.compare("produce", "messages/s", b.produce_ours, b.produce_theirs, args.messages, topic)
            ok = ok and us <= 1.1 and us < them
        if args.only in (None, "consume"):
            us, them = b.compare("consume", "messages/s", b.consume_ours, b.consume_theirs, args.messages, topic)
            ok = ok and us < them
        if args.only in (None, "e2e"):
            trip = kafka_node.name()
            b.trips_ours(trip, 100)
            us, them = b.compare("e2e", "mean ms", b.trips_ours, b.trips_theirs, args.trips, trip)
            ok = ok and us < them
        if args.only in (None, "memory"):
            ok = b.memory() and ok
        if args.only in (None, "throttle"):
            b.throttle()
    if args.only in (None, "outage"):
        with kafka_node.Node(log_message_timestamp_type="LogAppendTime") as node:
            ok = outage(node, args.runs) and ok
    bounds = {"produce": "ahead in CPU for a message and within 1.1 us", "consume": "ahead in CPU for a message",
              "e2e": "ahead in CPU for a message", "memory": "memory and draining within their bounds",
              "outage": "back within 2 s"}
    asked = "; ".join("%s: %s" % b for b in bounds.items() if args.only in (None, b[0]))
    if asked:
        print("%s: %s" % (asked, "yes" if ok else "NO"))
    return 0 if ok else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit("bench kafka: %s" % failure)
