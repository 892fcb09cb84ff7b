"""docs/json.md as a reader understands it: a heading names the objects that its table describes (`pools[].bytes`), and a row
has the field, its type, its unit and its meaning.

    page = json_page.Page()
    page.check(self, run, "what run this is")              each field is on the page, with its type and decimals
    page.check_backend(self, lib.pool(run), "CrateDB")     and each field of this backend's table is there
"""
import os
import re

import lib

TYPES = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array",
         dict: "object"}
# These have all their digits.
EXACT = re.compile(r"pools\[\]\.(options|scaling\[\]\.(lambda|sigma|kappa|standard_errors|covariance|aicc))(\.|$)")


class Field:
    def __init__(self, path, types, unit, optional):
        self.path, self.types, self.unit, self.optional = path, types, unit, optional
        self.pattern = re.compile("".join("[^.]+" if part == "*" else re.escape(part)
                                          for part in re.split(r"(\*)", path)) + r"\Z")


def walk(value, path, found):
    """Adds each member below value to found: {path: {type: an example}}."""
    if isinstance(value, dict):
        for name, member in value.items():
            name = name.replace(".", ":")  # an option's: tls.ca
            at = path + "." + name if path else name
            found.setdefault(at, {})[TYPES[type(member)]] = member
            walk(member, at, found)
    elif isinstance(value, list):
        for element in value:
            walk(element, path + "[]", found)
    return found


def numbers(value, path):
    """(path, number) of each number that is not an integer; the elements of an array have its path."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from numbers(member, (path + "." if path else "") + name.replace(".", ":"))
    elif isinstance(value, list):
        for element in value:
            yield from numbers(element, path + ("[]" if isinstance(element, dict) else ""))
    elif isinstance(value, float):
        yield path, value


class Page:
    def __init__(self):
        with open(os.path.join(lib.ROOT, "docs", "json.md"), encoding="utf-8") as f:
            sections = re.split(r"^## ", f.read(), flags=re.M)[1:]
        fields = {}
        self.tables = {}  # the heading's words: [path]
        for section in sections:
            heading, _, body = section.partition("\n")
            table = self.tables.setdefault(heading.partition(":")[0], [])
            optional = bool(re.search(r"^Only with ", body, re.M))
            for place in re.findall(r"`([^`]+)`", heading):
                if place.endswith("*"):
                    fields[place] = Field(place, {"object"}, "", True)
                for row in re.findall(r"^\| `.*\|$", body, re.M):
                    self.add(fields, table, place, row, optional)
        # Those with * last: a name counts before a pattern.
        self.fields = sorted(fields.values(), key=lambda f: "*" in f.path)

    @staticmethod
    def add(fields, table, place, row, optional):
        cells = [c.strip() for c in row[1:-1].split("|")]
        assert len(cells) == 4 and cells[3], "not a field, a type, a unit and a meaning: " + row
        types = set(re.split(", | or ", cells[1]))
        assert types <= set(TYPES.values()), "no such type: " + row
        path = ("" if place == "." else place + ".") + cells[0].strip("`")
        only = optional or cells[3].startswith("Only with ")
        if path in fields:  # two backends have a field of that name
            types |= fields[path].types
            only = only and fields[path].optional
        fields[path] = Field(path, types, cells[2], only)
        table.append(path)

    def of(self, path):
        return next((f for f in self.fields if f.pattern.match(path)), None)

    def check(self, test, run, where, root=""):
        """Each field of the run is described, has a type that the page names, and no more decimals than it says."""
        for path, types in walk(run, root, {}).items():
            if "._" in "." + path:
                continue  # what lib.headless adds
            field = self.of(path)
            test.assertIsNotNone(field, "%s: %s is not in docs/json.md" % (where, path))
            for kind, example in types.items():
                test.assertIn(kind, field.types, "%s: %s is %s (%.60r); docs/json.md says otherwise" % (
                    where, path, kind, example))
        for path, value in numbers(run, root):
            unit = self.of(path).unit
            most = 6 if re.search("share|^as |`unit`|likewise", unit) else 3
            if not EXACT.match(path):
                test.assertEqual(value, round(value, most), "%s: %s (%s)" % (where, path, unit))

    def check_backend(self, test, pool, *tables):
        """The pool's backend_stats have the fields of these tables and no others. Those of an array or an object that
        is empty here, and those that the page says may be absent, may be."""
        found = set(walk(pool["backend_stats"], "pools[].backend_stats", {}))
        described = {path for table in tables for path in self.tables[table]}
        test.assertTrue(described)
        test.assertEqual(found - described, set())
        test.assertEqual(described - found, set())
