#!/usr/bin/python3
"""Do the rooms of the houses hold? A room is a folder of engine/, backends/ or ui/; a module is a .c and its header.

  tests/rooms.py [--all] [TREE]    called by ./dev lint; prints each violation and the figures, exits 1 if there is any

What is checked, by reading the sources (no build is needed):

  rooms     a house has the rooms below, and no others (backends/: see OPEN); each holds 5 to 15 modules, or is named
            as one thing
  headers   each .c has a header of its name beside it, which declares what the .c defines for others; those in
            PRIVATE are included by files of their own room only
  arrows    a module includes modules of its own room, or of rooms that stand before its own in the list
  circles   no modules include each other, however long the way round
  hops      who follows one request through engine/load is not led back into a file that he is reading

An arrow is an include, or the use of a function where the header of another module declares it.
"""
import collections
import glob
import os
import re
import sys

# Lowest first: a room uses those before it. (n): one thing, however small.
ROOMS = {
    "engine": ["base", "os", "config", "stats", "state", "load", "figures", "pools", "control"],
    "backends": ["common", "null", "redis", "crate_sql", "crate", "cql", "cassandra", "kafka_base", "kafka"],
    # base: what every part says and waits for. widgets: what a person types into. json: a run as JSON, also read
    # back; export: other formats, and the screen's. page: what reports draw with. run: what is kept of a run, after
    # report, whose tables its summary holds. panels: what views are made of. cli: also dashboard and headless, the
    # two ways in which the command line runs.
    "ui": ["base", "term", "draw", "widgets", "json", "export", "page", "report", "run", "panels", "views", "live",
           "cli"],
}
# Rooms that are to come, where a newcomer would look for them: wire (snapshots and commands as messages), outside
# (socket, metrics, push).
TO_COME = {"engine": ["wire"], "backends": [], "ui": ["outside"]}
# A house that newcomers build in: a folder that is not in the list is a room that stands after all others, however
# small. That backends never include each other is tests/walls.py's to check.
# common: the kit that backends are built from: TLS, names to addresses, links with a deadline, keys, workers.
# crate_sql: statements, records, replies and errors of CrateDB as pure text. kafka_base: what Kafka is without load:
# options, librdkafka's configuration, questions to the cluster, lag and order.
OPEN = {"backends"}
ONE_THING = {"engine/os", "backends/null"}
# Doors of a house: what others include, and what may include any room of it. The skeleton stands at the door of
# backends/ to be copied.
DOORS = {"engine/backend.h", "engine/engine.h", "backends/registry.h", "backends/registry.c", "backends/skeleton.c",
         "ui/main.c"}
MODULES_MIN, MODULES_MAX = 5, 15
NO_HEADER = {"ui/main.c"}
# Headers of a room's own: what stands there is a worker's thread's own, see engine/base/role.h.
PRIVATE = {"engine/load/worker_state.h"}
# One request: from what starts it, through its connection, to its end.
REQUEST = ("clients_run", "arrivals_run", "leases_dispatch", "conns_run_pending", "conns_flush", "conn_down", "op_done")

CALLED = re.compile(r"(?<![\w.>*])(\w+)(?=\()")
WORD = re.compile(r"[A-Za-z_]\w*")
USED = re.compile(r"(?<![\w.>])[A-Za-z_]\w*")  # no members
DEFINED = re.compile(r"^(?!static\b|typedef\b|extern\b|struct \w+\s*\{|enum \w*\s*\{|union\b)"
                     r"[A-Za-z_][\w \t*]*?[ \t*](\w+)\([^;{}]*\)\s*\{", re.M)
ANY_DEFINED = re.compile(r"^(?!typedef\b|extern\b|else\b)[A-Za-z_][\w \t*]*?[ \t*](\w+)\([^;{}]*\)\s*\{", re.M)
OBJECT = re.compile(r"^const struct \w+ (\w+) = \{", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def without_comments(text):
    """The code with comments and strings blanked; includes keep their names."""
    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return "\n" * found.count("\n")
        return found if match.string[:match.start()].rstrip(" \t").endswith("include") else '""'
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


class Tree:
    def __init__(self, root):
        self.text = {}
        for house in ROOMS:
            for pattern in ("*.[ch]", "*/*.[ch]"):
                for full in glob.glob(os.path.join(root, house, pattern)):
                    with open(full) as f:
                        self.text[os.path.relpath(full, root)] = without_comments(f.read())
        self.modules = sorted({os.path.splitext(path)[0] for path in self.text})
        self.defined = {}   # function: module
        for path, text in sorted(self.text.items()):
            if path.endswith(".c"):
                for name in DEFINED.findall(text):
                    self.defined[name] = path[:-2]
        self.declared = collections.defaultdict(set)   # function: headers
        for path, text in self.text.items():
            if path.endswith(".h"):
                for name in set(WORD.findall(text)) & set(self.defined):
                    self.declared[name].add(path)
        self.arrows = collections.defaultdict(lambda: collections.defaultdict(set))
        for path, text in self.text.items():
            mine = os.path.splitext(path)[0]
            for include in INCLUDE.findall(text):
                other = os.path.splitext(include)[0]
                if other in self.modules and other != mine:
                    self.arrows[mine][other].add(include)
            if path.endswith(".c"):
                seen = self.included(path)
                for name in set(USED.findall(INCLUDE.sub("", text))):
                    if self.defined.get(name, mine) != mine and self.declared[name] & seen:
                        self.arrows[mine][self.defined[name]].add(name)

    def included(self, path):
        """The headers that a file sees, at first and second hand."""
        seen, to_read = set(), [path]
        while to_read:
            for include in INCLUDE.findall(self.text[to_read.pop()]):
                if include in self.text and include not in seen:
                    seen.add(include)
                    to_read.append(include)
        return seen

    def room(self, module):
        parts = module.split("/")
        return "/".join(parts[:2]) if len(parts) > 2 else parts[0]

    def is_door(self, module):
        return module + ".h" in DOORS or module + ".c" in DOORS


def circles(nodes, arrows):
    """Strongly connected components of more than one node (Tarjan, SIAM J. Comput. 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in arrows.get(node, ()):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]
    sys.setrecursionlimit(10000)
    for node in nodes:
        if node not in index:
            visit(node)
    return found


def check_rooms(tree, say):
    count = collections.Counter(tree.room(m) for m in tree.modules if not tree.is_door(m))
    for room, n in sorted(count.items()):
        house, _, name = room.partition("/")
        if not name:
            for module in tree.modules:
                if tree.room(module) == house and not tree.is_door(module):
                    say("%s: stands in no room of %s/" % (module, house))
        elif name not in ROOMS[house] and house not in OPEN:
            say("%s/: is no room of tests/rooms.py%s" % (room, " yet" if name in TO_COME[house] else ""))
        elif n > MODULES_MAX:
            say("%s/: %d modules, more than %d" % (room, n, MODULES_MAX))
        elif n < MODULES_MIN and room not in ONE_THING and name in ROOMS[house]:
            say("%s/: %d modules, fewer than %d" % (room, n, MODULES_MIN))
    for house, names in ROOMS.items():
        for name in names:
            if not count["%s/%s" % (house, name)]:
                say("%s/%s/: is empty" % (house, name))
    return count


def check_headers(tree, say):
    missing = 0
    for path in sorted(tree.text):
        if not path.endswith(".c") or path in NO_HEADER:
            continue
        header = tree.text.get(path[:-2] + ".h")
        doors = "".join(tree.text[d] for d in DOORS if d in tree.text and d.endswith(".h"))
        names = DEFINED.findall(tree.text[path])
        known = names + OBJECT.findall(tree.text[path])
        if header is None and known and all(re.search(r"\b%s\b" % n, doors) for n in known):
            continue
        if header is None:
            missing += 1
            say("%s: has no header of its name" % path)
            continue
        declared = set(WORD.findall(header + doors))
        for name in names:
            if name not in declared:
                say("%s: %s is not declared in its header" % (path, name))
    return missing


def check_private(tree, say):
    for path, text in sorted(tree.text.items()):
        for include in set(INCLUDE.findall(text)) & PRIVATE:
            if os.path.dirname(path) != os.path.dirname(include):
                say("%s includes %s, which is for its own room only" % (path, include))


def check_arrows(tree, say):
    """Between rooms, and between houses: ui uses engine and the table of backends, backends use engine."""
    wrong = 0
    for module, others in sorted(tree.arrows.items()):
        if tree.is_door(module):
            continue
        house, _, room = tree.room(module).partition("/")
        for other, names in sorted(others.items()):
            to_house, _, to_room = tree.room(other).partition("/")
            if tree.is_door(other) or (house, room) == (to_house, to_room):
                continue
            order = ROOMS[house] + ([room] if house in OPEN and room not in ROOMS[house] else [])
            if house == to_house and room in order and to_room in order and order.index(to_room) < order.index(room):
                continue
            if house != to_house and to_house == "engine":
                continue
            wrong += 1
            say("%s uses %s of a room that does not stand before its own: %s"
                % (module, other, ", ".join(sorted(names)[:6])))
    return wrong


def hops(tree):
    """One who reads on at each call within the room, the first time it is met, and comes back: how often the file
    changes, and how often a call leads back into a file that is being read already."""
    where, calls = {}, {}
    for path, text in tree.text.items():
        if path.startswith("engine/load/") and path.endswith(".c"):
            starts = [(m.start(), m.group(1)) for m in ANY_DEFINED.finditer(text)]
            for (at, name), (end, _) in zip(starts, starts[1:] + [(len(text), "")]):
                where[name] = path[:-2]
                calls[name] = CALLED.findall(text[at:end])[1:]
    stays, back, seen = [], [], set()

    def read(name, reading):
        seen.add(name)
        stays.append(where[name])
        if where[name] in reading and where[name] != reading[-1]:
            back.append(name)
        for other in calls[name]:
            if other in where and other not in seen:
                read(other, reading + [where[name]])
                stays.append(where[name])
    for root in REQUEST:
        if root in where and root not in seen:
            read(root, [])
    changes = [stays[i] for i in range(len(stays)) if i == 0 or stays[i] != stays[i - 1]]
    return len(changes), len(set(changes)), back


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    root = words[0] if words else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    tree = Tree(root)
    problems = []
    count = check_rooms(tree, problems.append)
    missing = check_headers(tree, problems.append)
    check_private(tree, problems.append)
    wrong = check_arrows(tree, problems.append)
    found = circles(tree.modules, tree.arrows)
    for circle in found:
        problems.append("a circle of %d: %s" % (len(circle), " ".join(circle)))
        if "--all" in sys.argv:
            for a in circle:
                for b in sorted(tree.arrows[a]):
                    if b in circle:
                        problems.append("    %s -> %s: %s" % (a, b, " ".join(sorted(tree.arrows[a][b]))[:200]))
    stays, files, back = hops(tree)
    for name in back:
        problems.append("engine/load: %s leads back into a file that is being read" % name)
    print("%d modules in %d rooms, %d .c without a header, %d arrows against the order, %d circles (%d modules), "
          "one request: %d stays in %d files, %d returns"
          % (len(tree.modules), len(count), missing, wrong, len(found), sum(map(len, found)), stays, files, len(back)))
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
