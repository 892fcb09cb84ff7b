"""tests/rooms.py reports each kind of violation that it names, and nothing in a small tree without violations."""
import os
import subprocess
import sys
import unittest

import lib

CHECK = os.path.join(lib.ROOT, "tests", "rooms.py")


class Rooms(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)

    def write(self, **files):
        """engine__base__a_c="text" is engine/base/a.c."""
        for name, text in files.items():
            path = os.path.join(self.dir, name.replace("__", "/")[:-2] + "." + name[-1])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)

    def found(self):
        p = subprocess.run([sys.executable, CHECK, self.dir], capture_output=True, text=True, check=False)
        self.assertEqual(p.returncode, 1, p)
        return p.stderr

    def pair(self, module, header="", code=""):
        self.write(**{module.replace("/", "__") + "_h": header, module.replace("/", "__") + "_c":
                      '#include "%s.h"\n%s' % (module, code)})

    def test_in_order(self):
        self.pair("engine/base/text", "int text_len(void);\n", "int text_len(void)\n{\n    return 1;\n}\n")
        self.pair("engine/load/op", "", '#include "engine/base/text.h"\nstatic int f(void)\n{\n    return text_len();\n}\n')
        said = self.found()  # the other rooms are empty
        for module in ("text", "op"):
            self.assertNotIn(module, said.replace("engine/base/: ", ""))

    def test_an_arrow_against_the_order(self):
        self.pair("engine/load/op", "int op_size(void);\n", "int op_size(void)\n{\n    return 1;\n}\n")
        self.pair("engine/base/text", "", '#include "engine/load/op.h"\n')
        self.assertIn("engine/base/text uses engine/load/op of a room that does not stand before its own", self.found())

    def test_a_circle(self):
        self.pair("engine/load/op", "void op_end(void);\n", '#include "engine/load/client.h"\n')
        self.pair("engine/load/client", "", '#include "engine/load/conn.h"\n')
        self.pair("engine/load/conn", "", "void op_end(void);\nvoid g(void)\n{\n}\n")
        self.assertNotIn("circle", self.found())
        self.pair("engine/load/conn", "", '#include "engine/load/op.h"\n')
        self.assertIn("a circle of 3: engine/load/client engine/load/conn engine/load/op", self.found())

    def test_headers(self):
        self.write(engine__load__op_c="static int x;\n")
        self.assertIn("engine/load/op.c: has no header of its name", self.found())
        self.pair("engine/load/op", "", "int op_size(void)\n{\n    return 1;\n}\n")
        self.assertIn("engine/load/op.c: op_size is not declared in its header", self.found())

    def test_sizes_and_names(self):
        for i in range(16):
            self.write(**{"engine__load__m%d_h" % i: ""})
        self.write(engine__attic__a_h="", engine__loose_h="")
        said = self.found()
        self.assertIn("engine/load/: 16 modules, more than 15", said)
        self.assertIn("engine/attic/: is no room", said)
        self.assertIn("engine/loose: stands in no room", said)
        self.assertIn("engine/base/: is empty", said)


if __name__ == "__main__":
    lib.main()
