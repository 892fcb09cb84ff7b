"""The dashboard's mouse, with the escape sequences that a terminal sends (through tmux): a click selects, reads a
value, sorts or opens, and changes load only on a button that says so. Also the keys for the plots' cursor, the time
axis and a panel shown alone.
"""
import re
import unittest

import lib

NULL = "null:?service=1ms&clients=4"


class Mouse(unittest.TestCase):
    def start(self, *targets, cols=120, rows=40):
        t = lib.Tmux(lib.LOADTOP, *(targets or (NULL,)), cols=cols, rows=rows)
        self.addCleanup(t.close)
        n = len(targets) or 1
        t.wait_for("LOAD ON %d/%d" % (n, n))
        return t

    @staticmethod
    def place(t, pattern):
        """Where the text (or the first group of the expression) is on the screen: column, row."""
        expr = re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern
        t.wait_for(expr)
        for y, line in enumerate(t.text().splitlines()):
            m = expr.search(line)
            if m:
                return m.start(1 if expr.groups else 0), y
        raise AssertionError("%r is not in one line" % pattern)

    @staticmethod
    def click(t, x, y):
        """Press and release, as SGR reports."""
        t.type("\x1b[<0;%d;%dM" % (x + 1, y + 1))
        t.type("\x1b[<0;%d;%dm" % (x + 1, y + 1))

    @staticmethod
    def wheel(t, x, y, up):
        t.type("\x1b[<%d;%d;%dM" % (64 if up else 65, x + 1, y + 1))

    def click_on(self, t, pattern, right=0):
        x, y = self.place(t, pattern)
        self.click(t, x + right, y)

    def test_plot_reads_the_value(self):
        t = self.start()
        t.wait_for(re.compile(r"last \d+ s.* [\d.]+k?/s now"))
        t.wait_for(re.compile(r"LOAD ON 1/1 +00:00:(0[3-9]|[1-5])"))  # a few columns of data
        x, y = self.place(t, re.compile(r"─(now)[│ ]"))
        self.click(t, x - 2, y - 4)
        t.wait_for(re.compile(r"[\d.]+k? op/s"))
        t.wait_for(re.compile(r"errors 0/s"))
        t.wait_for(re.compile(r"p99 [\d.]+\wm?s.*"))
        t.send("Escape")
        t.wait_gone("errors 0/s")

    def test_cursor_by_keys(self):
        t = self.start()
        t.wait_for(re.compile(r"LOAD ON 1/1 +00:00:(0[5-9]|[1-5])"))  # that much to go back in
        t.send("Z")  # the display stands still, so the moments can be distinguished
        t.wait_for("DISPLAY FROZEN")
        t.send(",")
        t.wait_for(re.compile("errors [-0-9]"))

        def clock():  # in the plot, below the header's own
            return re.search(r"\d\d:\d\d:\d\d", "\n".join(t.text().splitlines()[4:])).group()
        newest = clock()
        for _ in range(12):
            t.send(",")
        lib.until("it moves back", lambda: clock() < newest)
        for _ in range(20):
            t.send(".")
        lib.until("and on", lambda: clock() == newest)
        t.send("Escape")
        t.wait_gone(re.compile("errors [-0-9]"))

    def test_time_axis(self):
        t = self.start()
        t.wait_for(re.compile("last (15|30|60) s"))
        for shows in "last 5 min", "last 15 min", "last 60 min", "the whole run":
            t.send("]")
            t.wait_for(shows)
        t.send("]")  # there is nothing longer
        t.wait_for("the whole run")
        for _ in range(5):
            t.send("[")
        t.wait_for(re.compile("last (15|30|60) s"))

    def test_panel_alone(self):
        t = self.start()
        t.send("f")
        t.wait_gone("can I trust it?")
        t.wait_for(re.compile(r"op/s, last"))
        t.send("f")
        t.wait_for("service time, log")
        t.wait_gone("op/s, last")
        t.send("Escape")
        t.wait_for("can I trust it?")
        self.click_on(t, "can I trust it?", 2)  # its title
        t.wait_gone("service time, log")
        # tmux may show a frame half drawn: alone, the panel is as wide as the screen.
        self.click_on(t, re.compile(r"╭ (can I trust it\?) ─{80,}"), 2)
        t.wait_for("service time, log")

    def test_legend(self):
        t = self.start()
        self.click_on(t, re.compile(r"(p50 [\d.]+\w?s)"), 1)
        t.wait_for(re.compile(r"p50 [\d.]+\w?s x"))
        self.click_on(t, re.compile(r"(p50 [\d.]+\w?s x)"), 1)
        t.wait_gone(re.compile(r"p50 [\d.]+\w?s x"))

    def test_compare_legend_selects(self):
        t = self.start(NULL, NULL + "&name=other")
        t.send("C")
        t.wait_for("all pools, a second")
        t.wait_for("DIAL null")
        x, y = self.place(t, re.compile(r"all pools, a second.*(other)"))
        self.click(t, x + 1, y)
        t.wait_for("DIAL other")

    def test_column_sorts(self):
        t = self.start(NULL, "null:?service=1ms&clients=32&name=busy")
        self.click_on(t, "DONE/", 2)
        lib.until("busy is above null", lambda: re.search(r"2 busy .*\n.*\n?.*1 null ", t.text()))
        self.click_on(t, "DONE/", 2)  # again: the other way round
        lib.until("and below", lambda: re.search(r"1 null .*\n(.*\n)?.*2 busy", t.text()))

    def test_events_sort_and_select(self):
        t = self.start()
        for text in "aaa", "bbb", "ccc":
            t.send("m")
            t.type(text)
            t.send("Enter")
        t.send("5")
        t.wait_for(re.compile(r"▸ .*mark ccc(.*\n)+.*mark aaa"))
        self.click_on(t, "WHEN", 1)
        self.click_on(t, "WHEN", 1)
        t.wait_for(re.compile(r"mark aaa(.*\n)+.*mark ccc"))
        self.click_on(t, "mark bbb", 2)
        t.wait_for(re.compile(r"▸ .*mark bbb"))
        x, y = self.place(t, "mark bbb")
        self.wheel(t, x, y, up=True)
        t.wait_for(re.compile(r"▸ .*mark aaa"))
        self.wheel(t, x, y, up=False)
        t.wait_for(re.compile(r"▸ .*mark bbb"))

    def test_old_reports_and_other_buttons(self):
        """X10 reports of older terminals; releases, other buttons and movement do nothing and hold nothing up."""
        t = self.start(NULL, NULL + "&name=other")
        x, y = self.place(t, re.compile(r" 2 (other) "))

        def x10(button):
            t.run("send-keys", "-t", "t", "-H", "1b", "5b", "4d", "%x" % (button + 32), "%x" % (x + 33), "%x" % (y + 33))
        for sequence in "\x1b[<2;%d;%dM", "\x1b[<1;%d;%dM", "\x1b[<66;%d;%dM", "\x1b[<35;%d;%dM", "\x1b[<0;%d;%dm":
            t.type(sequence % (x + 1, y + 1))
        x10(3)
        x10(2)
        before = t.wait_for("DIAL null")
        clock = re.search(r"\d\d:\d\d:\d\d", before).group()
        t.wait_gone(clock)  # the screen goes on by itself, without another key
        t.wait_for("DIAL null")
        x10(0)
        t.wait_for("DIAL other")
        x10(3)
        t.send("+")
        t.wait_for("[threads 2]")

    def test_old_reports_far_right(self):
        """Beyond column 95 the bytes of an X10 report are no UTF-8, and beyond 127 a lost bit would lead elsewhere."""
        for cols in 120, 160:
            t = lib.Pty(lib.LOADTOP, NULL, cols=cols, rows=40)
            self.addCleanup(t.close)
            t.wait_for("LOAD ON 1/1")
            x, y = self.place(t, "6 targets")
            self.assertGreater(x, 96 if cols == 120 else 129)
            t.send(b"\x1b[M" + bytes([32, x + 33, y + 33]))
            t.wait_for("[6 targets]")

    def test_tabs(self):
        for cols, rows in ((120, 40), (80, 24)):
            t = self.start(cols=cols, rows=rows)
            if cols > 100:
                self.click_on(t, "5 events", 1)
                t.wait_for("nothing happened yet")
                self.click_on(t, "2 pool", 1)
                t.wait_for("percentiles")
                self.click_on(t, "4 errors", 1)
            else:
                self.click_on(t, re.compile(r"\[1\](2) 3 4 5 6"))
                t.wait_for("percentiles")
                self.click_on(t, re.compile(r"(4) 5 6"))
            t.wait_for("errors by class")

    def test_form_by_mouse(self):
        t = self.start()
        t.send("a")
        t.wait_for("choose a backend")
        self.click_on(t, re.compile(r"│ +(null) "), 1)
        t.wait_for(re.compile("▸ null"))
        self.click_on(t, "[ Enter  choose ]", 3)
        t.wait_for("add a pool: null")
        self.click_on(t, re.compile(r"│ +(threads) "), 1)
        t.wait_for(re.compile("▸ threads"))
        t.type("2")
        self.assertIn("LOAD ON 1/1", t.text())
        self.click_on(t, "[ Enter  start the load ]", 3)  # a button that says so
        t.wait_for("LOAD ON 2/2")
        t.send("e")
        t.wait_for("edit pool 1")
        self.click_on(t, re.compile(r"(\[ Esc  leave \])"), 3)
        t.wait_gone("edit pool 1")

    def test_question_by_mouse(self):
        t = self.start()
        t.send("x")
        t.wait_for("Stop pool 1")
        self.click_on(t, "LOAD ON", 2)  # nothing behind a question
        self.click_on(t, "[ N  no ]", 3)
        t.wait_gone("Stop pool 1")
        t.wait_for("LOAD ON 1/1")
        t.send("x")
        t.wait_for("Stop pool 1")
        self.click_on(t, "y  yes", 1)
        t.wait_for("STOPPED")


if __name__ == "__main__":
    lib.main()
