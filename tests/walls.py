#!/usr/bin/python3
"""Do the walls between engine, backends and ui hold, and the rules that no compiler checks?

Called by ./dev lint; another tree than this one may be given. Prints each violation as file:line and exits 1 if there is any.

  engine/    includes engine/ only; no curses, no library of a protocol
  backends/  includes engine/, backends/common/ and rooms of its own family only (kafka and kafka_base are one:
             the name up to the first "_"), a backend the library of its protocol besides (cql); the table,
             backends/registry.c, includes all; no curses, nothing of ui/
  ui/        includes ui/ and engine/, and backends/registry.h; curses in ui/term/term.c alone
  anywhere   what of a pool or the engine has an owner or a lock is reached through the functions of OWNERS only
"""
import glob
import os
import re
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CURSES = ("curses.h", "ncurses.h", "ncursesw/", "ncurses/", "term.h", "panel.h", "form.h", "menu.h")
PROTOCOLS = ("hiredis", "curl/", "librdkafka/", "openssl/", "lz4")
DRAWING = ("cairo", "sqlite3.h")
# A protocol that stands apart from its backend, and who may include it.
LIBRARIES = {"cql": {"cassandra"}}
UNSAFE = re.compile(r"(?<![\w.>])(sprintf|vsprintf|strcpy|strcat|strtok|atoi|atol|atof|gets|typedef\s+struct)\b\s*(?=\(|\w|\{)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
LINES_MAX = 800
# Members for the accessors alone, which check who asks or hold the lock (engine/base/role.h).
OWNED = re.compile(r"(?:->|\.)((?:of_supervisor|of_thread|of_front_end|under_(?:\w+_)?lock))\b")
OWNERS = tuple("engine/state/%s.%s" % (module, end) for module in ("pool", "engine_state", "command_log") for end in "hc")


def family(path):
    """The backend that a file of backends/ belongs to: its folder's name up to the first "_"; None: no folder."""
    parts = path.split("/")
    return parts[1].split("_")[0] if len(parts) > 2 else None


def may_include(path, name):
    """May this file of backends/ include that one?"""
    mine, theirs = family(path), family(name)
    if path in ("backends/registry.c", "backends/registry.h") or not theirs:
        return True
    return theirs in (mine, "common") or mine in LIBRARIES.get(theirs, ())


def without_comments(text):
    """The code with comments and strings blanked, line numbers kept."""
    def blank(match):
        found = match.group(0)
        return "\n" * found.count("\n") if found.startswith("/") else '""'
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def forbidden(path, name, system):
    """Why this include is not allowed in this file, or None."""
    part = path.split("/")[0]
    if system:
        if name.startswith(CURSES) and path != "ui/term/term.c":
            return "only ui/term/term.c includes curses"
        if name.startswith(PROTOCOLS) and part != "backends":
            return "libraries of protocols belong to backends/"
        if name.startswith(DRAWING) and part != "ui":
            return "what draws or keeps reports belongs to ui/"
        return None
    to = name.split("/")[0]
    if "/" not in name:
        return 'include from the root of the tree ("%s/%s")' % (part, name)
    if part == "engine" and to != "engine":
        return "engine/ includes nothing of %s/" % to
    if part == "backends" and to not in ("engine", "backends"):
        return "backends/ include nothing of %s/" % to
    if part == "backends" and to == "backends" and not may_include(path, name):
        return "backends never include each other"
    if part == "ui" and to == "backends" and name != "backends/registry.h":
        return "ui/ knows the backends by their table only"
    return None


def main():
    problems = []
    for pattern in ("engine/*.[ch]", "engine/*/*.[ch]", "backends/*.[ch]", "backends/*/*.[ch]", "ui/*.[ch]",
                    "ui/*/*.[ch]", "tests/unit/*.c", "tests/fuzz/*.c"):
        for full in sorted(glob.glob(os.path.join(ROOT, pattern))):
            path = os.path.relpath(full, ROOT)
            with open(full) as f:
                text = f.read()
            if text.count("\n") > LINES_MAX:
                problems.append("%s: %d lines, more than %d" % (path, text.count("\n"), LINES_MAX))
            if not text.lstrip().startswith("/*"):
                problems.append("%s:1: begins without a paragraph that says what it is" % path)
            for match in UNFINISHED.finditer(text):
                problems.append("%s:%d: %s" % (path, text.count("\n", 0, match.start()) + 1, match.group(1)))
            for number, line in enumerate(without_comments(text).split("\n"), 1):
                unsafe = UNSAFE.search(line)
                if unsafe and not path.startswith("tests/"):
                    problems.append("%s:%d: %s" % (path, number, unsafe.group(1)))
                owned = OWNED.search(line)
                if owned and path not in OWNERS:
                    problems.append("%s:%d: %s: has an accessor" % (path, number, owned.group(1)))
            if path.startswith("tests/"):
                continue
            for number, line in enumerate(text.split("\n"), 1):
                include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
                why = include and forbidden(path, include.group(2), include.group(1) == "<")
                if why:
                    problems.append("%s:%d: %s: %s" % (path, number, include.group(2), why))
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
