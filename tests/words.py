#!/usr/bin/python3
"""Are comments and names written in plain words?

  tests/words.py [TREE]    called by ./dev lint; prints each violation, exits 1 if there is any

Two tables: words that comments do not use, and parts of names. Each says what to write instead. Texts that a user sees
(string literals) are not checked. Of documents and shell scripts the first table is checked alone. A word belongs here when it was used for something that has a usual
term, or when it had two meanings; add one together with the change that removes it.
"""
import glob
import io
import os
import re
import sys
import tokenize

# (pattern, say instead). Matched within comments and docstrings, without regard to case.
IN_COMMENTS = [
    (r"anew", "again, or restart, reopen, recompute"),
    (r"doom(?:s|ed)?", "close pending, to be closed"),
    (r"obey(?:s|ed)?", "follow, execute an order"),
    (r"bur(?:y|ies|ied)|graves?", "destroy, free"),
    (r"roomy", "available, with room"),
    (r"thoughts", "think timers"),
    (r"stretch(?:es)?", "period"),  # between two changes of the load; a plateau is a steady one
    (r"since ever", "so far, in total"),
    (r"whoever", "the caller, the reader, the owner: name it"),
    (r"nobody's", "whose it is, or why it has no owner"),
    (r"told apart", "distinguished"),
    (r"to be had", "available"),
    (r"(?:a|the) yes|sa(?:id|ys?) yes", "the user's consent"),
    (r"(?:the|a) look at", "an inspection, a check"),
    (r"the way's|the way between", "the network's, the round trip"),
    (r"bears? (?:this|the|our|a) (?:run's )?mark", "is marked"),
    (r"for ever", "forever"),
    (r"without a hand", "by itself"),
    (r"(?:what|whatever) became of", "the result of"),
    (r"see \* \w+", "the name alone: a replacement of words broke this line"),
]
# The same, only in engine/, backends/ and ui/.
IN_SOURCES = [
    (r"(?:a|the) person(?:'s)?", "the user"),
    (r"what is left behind|left behind|leaves behind", "leftovers"),
    (r"somebody(?:'s)?|nobody", "name who: the user, another program, a client"),
    (r"(?:is|are) told", "is reported"),
    (r"suffers", "is overloaded"),
    (r"(?:a|the first|the last) look", "an inspection, the last call"),
    (r"whose limit", "the bottleneck"),
    (r"for want of", "for lack of"),
    (r"none such", "none"),
    (r"anybody's", "any thread may access it, or whose it is"),
    (r"(?:wish|load) of the moment", "the requested load, present"),
]
# (part of a name between underscores, say instead), in the C sources and Python files. Names of tests are sentences and
# may use any word.
IN_NAMES = [
    ("anew", "restart, reopen"),
    ("doom", "close_later"),
    ("doomed", "close_pending"),
    ("obey", "handle_order"),
    ("bury", "destroy"),
    ("grave", "destroy_job"),
    ("roomy", "available"),
    ("thought", "think_timer"),
    ("thoughts", "think_timers"),
    ("starved", "budget_empty"),
    ("stretch", "period"),
    ("stretches", "periods"),
    ("beyond", "over_budget, destructive, out_of_range"),
    ("way", "network, rtt, setup"),
    ("guilty", "failing_key"),
    ("foreign", "identity_refused, remote"),
    ("hopeless", "permanent"),
    ("held", "sustained, met, buffered, elapsed: what was done with it"),
]
HOUSES = ("engine", "backends", "ui", "tests")
PROSE = ("*.md", "docs/*.md", "tests/*.md", "dev", ".ci/*", "tests/bench/*.sh", "cmake/*")
HERE = "tests/words.py"
TEST_OF_THIS = "tests/e2e/test_words.py"

def any_of(table):
    """One pattern for a table, with a group for each row."""
    return re.compile(r"(?<!\w)(?:%s)(?!\w)" % "|".join("(%s)" % p for p, _ in table), re.I)


COMMENT, SOURCE_COMMENT = any_of(IN_COMMENTS), any_of(IN_COMMENTS + IN_SOURCES)
INSTEAD = dict(IN_NAMES)
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*|[A-Za-z_]\w*|\n', re.S)


def in_c(text):
    """(line, "comment" or "name", text) of a C source; string literals and includes are left out."""
    line = 1
    for match in TOKEN.finditer(re.sub(r'(?m)^(\s*#\s*include\b).*$', r"\1", text)):
        found = match.group(0)
        if found[0] == "/":
            yield line, "comment", found
        elif found[0].isalpha() or found[0] == "_":
            yield line, "name", found
        line += found.count("\n")


def in_python(text):
    """Likewise. A string that is a statement of its own is a docstring: a comment."""
    fresh = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], "comment", token.string
        elif token.type == tokenize.STRING and fresh:
            yield token.start[0], "comment", token.string
        elif token.type == tokenize.NAME:
            yield token.start[0], "name", token.string
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            fresh = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)


def words_of_comment(text):
    """The text of a comment on one line, and a function from an offset in it to a line's number."""
    lines = [re.sub(r"^\s*(?:/\*|\*/|\*(?!/)|//|#|\"\"\")?\s*|\s*(?:\*/|\"\"\")\s*$", "", part)
             for part in text.split("\n")]
    starts, at = [], 0
    for part in lines:
        starts.append(at)
        at += len(part) + 1
    return " ".join(lines), lambda offset: sum(1 for s in starts if s <= offset) - 1


def check(path, text, say):
    names_said = set()
    for line, kind, found in (in_python if path.endswith(".py") else in_c)(text):
        if kind == "comment":
            words, line_of = words_of_comment(found)
            for match in (COMMENT if path.startswith("tests/") else SOURCE_COMMENT).finditer(words):
                instead = (IN_COMMENTS + IN_SOURCES)[next(i for i, g in enumerate(match.groups()) if g)][1]
                say("%s:%d: \"%s\" in a comment: say %s" % (path, line + line_of(match.start()), match.group(0), instead))
            continue
        parts = found.lower().split("_")
        bad = [part for part in parts if part in INSTEAD]
        if bad and found not in names_said and len(parts) <= 4 and parts[0] != "test":
            names_said.add(found)
            say("%s:%d: \"%s\" in the name %s: say %s" % (path, line, bad[0], found, INSTEAD[bad[0]]))


def check_prose(path, text, say):
    for number, line in enumerate(text.splitlines(), 1):
        for match in COMMENT.finditer(line):
            instead = IN_COMMENTS[next(i for i, g in enumerate(match.groups()) if g)][1]
            say("%s:%d: \"%s\": say %s" % (path, number, match.group(0), instead))


def main():
    root = sys.argv[1] if sys.argv[1:] else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    problems = []
    files = 0
    for house in HOUSES:
        for full in sorted(glob.glob(os.path.join(root, house, "**", "*.*"), recursive=True)):
            path = os.path.relpath(full, root)
            if path.endswith((".c", ".h", ".py")) and path not in (HERE, TEST_OF_THIS):
                files += 1
                with open(full, encoding="utf-8") as f:
                    check(path, f.read(), problems.append)
    for pattern in PROSE:
        for full in sorted(glob.glob(os.path.join(root, pattern))):
            files += 1
            with open(full, encoding="utf-8") as f:
                check_prose(os.path.relpath(full, root), f.read(), problems.append)
    print("%d files, %d words to be said plainly" % (files, len(problems)))
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
