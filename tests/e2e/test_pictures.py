"""A capture of the screen shows what the screen shows: as text it equals tmux's copy, cell by cell; as SVG and PNG it
has the same cells in the same colours, drawn by an independent program.
"""
import glob
import html
import os
import re
import shutil
import struct
import subprocess
import time
import unittest
import zlib

import lib

NULL = "null:?service=1ms&dist=exp&clients=4&errors=0.01"


def png(path):
    """(width, height, rows of bytes, bytes a pixel) of a PNG of 8 bits without interlacing."""
    with open(path, "rb") as f:
        data = f.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert (depth, interlaced) == (8, 0) and color in (2, 6)
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    size = 3 if color == 2 else 4
    raw, rows, above = zlib.decompress(packed), [], bytearray(width * size)
    for y in range(height):
        kind, line = raw[y * (width * size + 1)], bytearray(raw[y * (width * size + 1) + 1:(y + 1) * (width * size + 1)])
        if kind == 2:
            for i, a in enumerate(above):
                line[i] = (line[i] + a) & 255
        elif kind:
            for i, b in enumerate(above):
                a, c = (line[i - size], above[i - size]) if i >= size else (0, 0)
                if kind == 1:
                    guess = a
                elif kind == 3:
                    guess = (a + b) // 2
                else:
                    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                    guess = a if pa <= pb and pa <= pc else b if pb <= pc else c
                line[i] = (line[i] + guess) & 255
        rows.append(bytes(line))
        above = line
    return width, height, rows, size


class Grid:
    """Cells of a picture: the ground of each, and the strongest ink in it."""

    def __init__(self, path, cols, rows, cell, margin):
        width, height, self.lines, self.size = png(path)
        assert (width, height) == (cols * cell[0] + 2 * margin, rows * cell[1] + 2 * margin), (width, height)
        self.cell, self.margin = cell, margin

    def pixel(self, x, y):
        return tuple(self.lines[y][x * self.size:x * self.size + 3])

    def look(self, col, row):
        """Ground, and how far the strongest ink within is from it."""
        x0, y0 = self.margin + col * self.cell[0], self.margin + row * self.cell[1]
        ground = self.pixel(x0 + 1, y0 + 1)
        far, ink = 0, ground
        for y in range(y0 + 1, y0 + self.cell[1] - 1):
            for x in range(x0 + 1, x0 + self.cell[0] - 1):
                p = self.pixel(x, y)
                d = sum(abs(a - b) for a, b in zip(p, ground))
                if d > far:
                    far, ink = d, p
        return ground, far, ink


def cells_of_svg(text, cols, rows):
    """The characters by the coordinates that the file gives them."""
    grid = [[" "] * cols for _ in range(rows)]
    for y, line in re.findall(r'<text y="(\d+)"[^>]*>(.*?)</text>', text):
        for x, piece in re.findall(r'<tspan x="(\d+)"[^>]*>(.*?)</tspan>', line):
            for i, char in enumerate(html.unescape(piece)):
                grid[(int(y) - 14) // 18][int(x) // 9 + i] = char
    return ["".join(row).rstrip() for row in grid]


class Pictures(unittest.TestCase):
    def setUp(self):
        self.dir = lib.folder(self)

    def start(self, cols, rows, *words):
        t = lib.Tmux(lib.LOADTOP, "--no-history", "--out", self.dir, *words, NULL, cols=cols, rows=rows)
        self.addCleanup(t.close)
        return t

    def capture(self, t, key="c"):
        """Presses the key; the base of the files' names."""
        before = set(glob.glob(self.dir + "/*.json"))
        t.send(key)
        new = lib.until("the capture is written", lambda: set(glob.glob(self.dir + "/*.json")) - before)
        return new.pop()[:-5]

    def same(self, t):
        """A capture during which nothing on the screen moved, and what tmux saw; tried until that is so."""
        end = time.monotonic() + lib.bound()
        while True:
            seen = t.text().split("\n")
            base = self.capture(t)
            with open(base + ".txt") as f:
                text = f.read().split("\n")
            saved = [line.rstrip() for line in text]
            seen = [line.rstrip() for line in seen]
            while saved and not saved[-1]:
                saved.pop()
            while seen and not seen[-1]:
                seen.pop()
            if saved == seen:
                return base, saved
            if time.monotonic() > end:
                self.assertEqual(saved, seen)

    def test_text_is_what_tmux_shows(self):
        for cols, rows in ((80, 24), (120, 40), (200, 60)):
            t = self.start(cols, rows, "-d", "3s")
            t.wait_for("ENDED")
            for view in "123456":
                t.send(view)
                base, lines = self.same(t)
                self.assertLessEqual(len(lines), rows)
                with open(base + ".svg") as f:
                    svg = f.read()
                drawn = cells_of_svg(svg, cols, rows)
                while drawn and not drawn[-1]:
                    drawn.pop()
                self.assertEqual(drawn, lines, "view %s at %d x %d" % (view, cols, rows))
            t.close()

    def test_pictures_are_the_same_cells(self):
        if not shutil.which("rsvg-convert"):
            self.skipTest("rsvg-convert is not installed (apt-get install librsvg2-bin)")
        t = self.start(100, 30, "-d", "4s")
        t.wait_for("ENDED")
        base, lines = self.same(t)
        p = subprocess.run(["rsvg-convert", base + ".svg", "-o", base + ".drawn.png"], capture_output=True, text=True,
                           timeout=lib.bound(), check=False)
        self.assertEqual((p.returncode, p.stderr), (0, ""))
        if not os.path.exists(base + ".png"):
            self.skipTest("PNG is not built in (apt-get install libcairo2-dev)")
        ours = Grid(base + ".png", 100, 30, (10, 20), 10)
        drawn = Grid(base + ".drawn.png", 100, 30, (9, 18), 8)
        wrong_ground = wrong_ink = wrong_color = inked = 0
        for row, line in enumerate(lines):
            for col, char in enumerate(line.ljust(100)):
                a, b = ours.look(col, row), drawn.look(col, row)
                if char == " " or char.isalnum():
                    wrong_ground += max(abs(x - y) for x, y in zip(a[0], b[0])) > 8
                if char == " ":
                    wrong_ink += a[1] > 60 or b[1] > 60
                elif char.isalnum() or "\u2801" <= char <= "\u28ff":
                    inked += 1
                    wrong_ink += a[1] < 60 or b[1] < 60
                    # The ink of a cell that is full of dots may be what most of it shows.
                    wrong_color += min(max(abs(x - y) for x, y in zip(one, b[2])) for one in (a[0], a[2])) > 100
        self.assertGreater(inked, 200)
        self.assertLessEqual(wrong_ground, 30)  # of 3,000: a sign may reach over
        self.assertLessEqual(wrong_ink, 45)
        self.assertLessEqual(wrong_color, inked // 6)  # thin strokes come out paler at another size

    def test_the_report_has_the_screens(self):
        t = self.start(80, 24, "--json", os.path.join(self.dir, "run.js"))
        t.wait_for("LOAD ON 1/1")
        t.wait_for(re.compile(r"[1-9][\d.]*k?/s now"))
        first = self.capture(t)
        t.send("2")
        t.wait_for("percentiles")
        self.capture(t)
        with open(first + ".txt") as f:
            words = [line for line in f.read().split("\n") if line.strip()]
        page = os.path.join(self.dir, "r.html")
        t.send(":")
        t.type("report " + page)
        t.send("Enter")
        lib.until("the report is there", lambda: os.path.exists(page))
        with open(page) as f:
            text = f.read()
        screens = re.findall(r'<svg class="cells".*?</svg>', text, re.S)
        self.assertEqual(len(screens), 2)
        grid = cells_of_svg(screens[0], 80, 24)
        self.assertEqual([line.rstrip() for line in words], [line for line in grid if line])
        # Screens come from a file that anybody may have written: only text and numbers get through.
        t.send(":")
        t.type("report " + os.path.join(self.dir, "r.json"))
        t.send("Enter")
        lib.until("the JSON is there", lambda: os.path.exists(os.path.join(self.dir, "r.json")))
        run = lib.read_json(os.path.join(self.dir, "r.json"))
        self.assertEqual(len(run["screens"]), 2)
        evil = "\"/><script>alert(1)</script>"
        run["screens"][0].update(view=evil, lines=[[[0, evil, 255, None, False], [evil, "x", 1, 1, True],
                                                    [5, "y", evil, evil, evil], [0, "z" * 300, 1, None, False]], evil])
        run["screens"][1].update(cols=evil, ground=evil)
        run["screens"] += [{"cols": 10 ** 9, "rows": 10 ** 9, "ground": 0, "lines": []}]
        for none in evil, None:
            lib.write_json(os.path.join(self.dir, "e.json"), {**run, "screens": run["screens"] + [none]})
            got = lib.loadtop("report", os.path.join(self.dir, "e.json"), "-o", page)
            self.assertEqual(got.code, 2, got)
            self.assertIn("screens/3 is no object", got.err)
        lib.write_json(os.path.join(self.dir, "e.json"), run)
        got = lib.loadtop("report", os.path.join(self.dir, "e.json"), "-o", page)
        self.assertEqual(got.code, 0, got)
        with open(page) as f:
            text = f.read()
        self.assertNotIn("<script", text)
        self.assertEqual(len(re.findall(r'<svg class="cells"', text)), 1)


if __name__ == "__main__":
    lib.main()
