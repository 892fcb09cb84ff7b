#!/usr/bin/python3
"""Is each public function of engine/, backends/ and ui/ used by another file?

  tests/unused.py [TREE]    called by ./dev lint; prints each violation, exits 1 if there is any

One that nothing names, or that tests alone name, goes; one that its own file alone names is static. So goes a macro
that nothing names, and a `struct x;` in a file that does not name it again. By reading the sources: no build is
needed, and what another configuration uses counts.
"""
import collections
import glob
import os
import re
import sys

from rooms import Tree, WORD, without_comments

# Used by tests alone, or by nothing yet.
KEPT = {
    # the contract's, engine/backend.h: for backends to come
    "pool_set_ops", "pool_awaits_consent",
    # rules as text, where the program reads files
    "rules_parse", "rules_add_system",
    # the engine on virtual time
    "engine_step",
    # a backend's own library: what its tests read a value and write a request with
    "cql_value_text",
}
# Where a header uses what it names: the bodies of inline functions, and macros with their further lines.
BODIES = re.compile(r"^\{\n.*?^\}|^\s*#\s*define(?:[^\n]*\\\n)*[^\n]*", re.M | re.S)
MACRO = re.compile(r"^\s*#\s*define\s+(\w+)", re.M)
FORWARD = re.compile(r"^struct (\w+);", re.M)
# What libraries want to see defined before their headers.
FOR_LIBRARIES = re.compile(r"_\w+|NCURSES_WIDECHAR|PCRE2_CODE_UNIT_WIDTH")
# Libraries that are meant to be used from outside as a whole.
WHOLE = ("backends/cql/",)


def check_words(tree):
    """Macros and forward declarations that are not used."""
    wrong = 0
    count = collections.Counter()
    for text in tree.text.values():
        count.update(WORD.findall(text))
    for path, text in sorted(tree.text.items()):
        own = collections.Counter(WORD.findall(text))
        for name in MACRO.findall(text):
            if count[name] == 1 and not FOR_LIBRARIES.fullmatch(name):
                wrong += 1
                print("%s: %s: nothing uses this macro" % (path, name), file=sys.stderr)
        for name in FORWARD.findall(text):
            if own[name] == 1:
                wrong += 1
                print("%s: struct %s: declared, and not named again" % (path, name), file=sys.stderr)
    return wrong


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    tree = Tree(root)
    named = collections.defaultdict(lambda: collections.Counter())  # name: file: how often
    tests = set()
    for path, text in tree.text.items():
        if path.endswith(".h"):
            text = "\n".join(BODIES.findall(text))
        for name in WORD.findall(text):
            if name in tree.defined:
                named[name][path] += 1
    for path in glob.glob(os.path.join(root, "tests", "*", "*.[ch]")):
        with open(path) as f:
            tests.update(WORD.findall(without_comments(f.read())))
    wrong = check_words(tree)
    for name, module in sorted(tree.defined.items(), key=lambda d: (d[1], d[0])):
        own = module + ".c"
        others = [p for p in named[name] if p != own]
        if others or name in KEPT or name == "main":
            continue
        if named[name][own] == 1:
            wrong += 1
            print("%s: %s: %s" % (own, name, "tests alone use it" if name in tests else "nothing uses it"), file=sys.stderr)
        elif name not in tests and not module.startswith(WHOLE):
            wrong += 1
            print("%s: %s: no other file uses it: make it static" % (own, name), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
