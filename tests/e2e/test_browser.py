"""Opens reports in a real browser (headless Chromium): there is no error and no request, every plot is drawn, nothing
is wider than the page at 360 and 1280 pixels and on paper, and the figures on the page equal those in the JSON.
"""
import json
import os
import select
import shutil
import subprocess
import time
import unittest

import lib

EVIL = "<script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"

LOOK = """(() => {
  const out = {width: innerWidth, page: document.documentElement.scrollWidth, title: document.title,
               scripts: document.scripts.length, images: document.images.length, plots: [], cut: [], rows: [], leads: []};
  for (const svg of document.querySelectorAll('figure svg')) {
    const box = svg.getBoundingClientRect();
    const drawn = [...svg.querySelectorAll('path,rect,circle,text')].filter(e => e.getBoundingClientRect().width > 0);
    out.plots.push([svg.getAttribute('aria-label'), box.width, box.height, drawn.length]);
    for (const t of svg.querySelectorAll('text')) {
      const b = t.getBoundingClientRect();
      if (b.width && (b.left < box.left - 2 || b.right > box.right + 2))
        out.cut.push(t.textContent);
    }
  }
  for (const tr of document.querySelectorAll('tr'))
    out.rows.push([...tr.cells].map(c => c.innerText));
  for (const li of document.querySelectorAll('li.lead'))
    out.leads.push(li.innerText);
  return JSON.stringify(out);
})()"""


class Chromium:
    """The browser by its debugging pipe: JSON messages that end in a zero byte."""

    def __init__(self, program, folder):
        to_read, self.out = os.pipe()
        self.inp, to_write = os.pipe()

        def pipes():
            lib._die_with_parent()
            os.dup2(to_read, 63)
            os.dup2(to_write, 64)
            os.dup2(63, 3)
            os.dup2(64, 4)
        self.log = open(os.path.join(folder, "chromium.log"), "wb")
        self.popen = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
             "--remote-debugging-pipe", "--user-data-dir=" + os.path.join(folder, "profile"), "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=pipes, close_fds=False)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.events, self.serial, self.session = b"", [], 0, None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(domain + ".enable")

    def close(self):
        self.popen.kill()
        self.popen.wait()
        os.close(self.out)
        os.close(self.inp)
        self.log.close()

    def message(self):
        end = time.monotonic() + lib.bound()
        while b"\0" not in self.buffer:
            if not select.select([self.inp], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("chromium: no message within %g s" % lib.bound())
            more = os.read(self.inp, 1 << 16)
            if not more:
                raise AssertionError("chromium ended: %s" % self.popen.poll())
            self.buffer += more
        one, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **params):
        self.serial += 1
        request = {"id": self.serial, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            m = self.message()
            if m.get("id") == self.serial:
                if "error" in m:
                    raise AssertionError("%s: %s" % (method, m["error"]))
                return m["result"]
            if "method" in m:
                self.events.append(m)

    def load(self, path, width, media=""):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        self.ask("Emulation.setEmulatedMedia", media=media)
        self.events = []
        self.ask("Page.navigate", url="file://" + path)
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            m = self.message()
            if "method" in m:
                self.events.append(m)
        return json.loads(self.ask("Runtime.evaluate", expression=LOOK)["result"]["value"])

    def requests(self):
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        return [e for e in self.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded",
                                                          "Runtime.consoleAPICalled", "Page.javascriptDialogOpening")]


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        program = shutil.which("chromium")
        if not program:
            lib.skip("chromium is not installed (apt-get install chromium): pages are not looked at in a browser")
        cls.dir = lib.folder(cls)
        try:
            cls.chromium = Chromium(program, cls.dir)
        except (AssertionError, OSError) as why:
            lib.skip("chromium does not start here: %s" % why)
        cls.addClassCleanup(cls.chromium.close)
        cls.data = lib.headless("-d", "8s", "--goal", "3k/s", "--threshold", "p99<5s", "--at", "1s mark " + EVIL,
                                "--at", "4s null threads 3", "--at", "6s open pause", "--at", "7s open resume",
                                "null:?service=1ms&errors=0.02&clients=2",
                                "null:?service=2ms&name=open&rate=500/s&clients=20")

    def make(self, run, name, *words):
        path = os.path.join(self.dir, "run.json")
        lib.write_json(path, run)
        out = os.path.join(self.dir, name)
        got = lib.loadtop(*(words or ("report", path)), "-o", out)
        self.assertEqual(got.code, 0, got)
        return out

    def look(self, path, width, media=""):
        seen = self.chromium.load(path, width, media)
        self.assertEqual(self.chromium.complaints(), [])
        self.assertEqual(self.chromium.requests(), ["file://" + path])  # the page itself, and nothing else
        self.assertEqual(seen["width"], width)
        self.assertLessEqual(seen["page"], width, "wider than the page")
        self.assertEqual((seen["scripts"], seen["images"]), (0, 0))
        self.assertNotIn("owned", seen["title"])
        for name, w, h, drawn in seen["plots"]:
            self.assertTrue(w > 200 and h > 60 and drawn > 10, (name, w, h, drawn))
        self.assertEqual(seen["cut"], [], "text that is cut off")
        return seen

    def test_a_report(self):
        page = self.make(self.data, "report.html")
        shown = [self.look(page, 1280), self.look(page, 360), self.look(page, 688, "print")]  # A4 less its margins
        names = [p[0] for p in shown[0]["plots"]]
        for name in ("Throughput over time", "Latency over time", "Latency by percentile", "Where the latencies lie"):
            self.assertEqual(names.count(name), 2, names)
        for other in shown[1:]:
            self.assertEqual([p[0] for p in other["plots"]], names)
            self.assertEqual(other["rows"], shown[0]["rows"])

    def test_its_figures_are_those_of_the_json(self):
        rows = self.look(self.make(self.data, "figures.html"), 1280)["rows"]
        for at, pool in enumerate(self.data["pools"]):
            for key, value in pool["ops"].items():
                said = [row[1] for row in rows if len(row) == 2 and row[0] == key.replace("_", " ")]
                self.assertEqual(said[at:at + 1], ["{:,}".format(value)], (key, rows))
            first = next(row for row in rows if len(row) == 9 and row[0] == pool["name"])
            self.assertEqual(first[5:8], ["{:,}".format(pool["ops"][k]) for k in ("errors", "timeouts", "dropped")])
            self.near(first[1], pool["throughput_per_s"])
            self.near(first[3], pool["latency"]["response"]["p50_us"])
            self.near(first[4], pool["latency"]["response"]["p99_us"])
        services = [row for row in rows if row[0] == "service (from the send)"]
        for row, pool in zip(services, self.data["pools"]):
            latency = pool["latency"]["service"]
            for cell, key in zip(row[1:], ("min_us", "mean_us", "p50_us", "p90_us", "p95_us", "p99_us", "p99_9_us",
                                           "p99_99_us", "max_us")):
                self.near(cell, latency[key])

    def near(self, cell, value):
        """A cell in the page's short form against the JSON's figure (us, or a number)."""
        if value is None:
            self.assertEqual(cell, "-")
            return
        for unit, factor in (("ns", 1e-3), ("us", 1), ("ms", 1e3), ("k", 1e3), ("M", 1e6), ("s", 1e6), ("", 1)):
            if cell.endswith(unit):
                self.assertAlmostEqual(float(cell[:len(cell) - len(unit)]) * factor, value, delta=0.006 * value)
                return

    def test_an_hour(self):
        run = json.loads(json.dumps(self.data))
        for pool in run["pools"]:
            one, interval = pool["series"][1], pool["histograms"]["intervals"][1]
            pool["series"] = [dict(one, t_s=i + 1, span_s=1, completed=one["completed"] + i % 97, errors=i % 3,
                                   p99_us=(one["p99_us"] or 1) * (1 + i % 13), paused=False) for i in range(3600)]
            pool["histograms"]["intervals"] = [dict(interval, start_s=4 * i, length_s=4) for i in range(900)]
        run["elapsed_s"] = 3600
        page = self.make(run, "hour.html")
        self.assertLess(os.path.getsize(page), 1000000)
        self.assertGreaterEqual(len(self.look(page, 1280)["plots"]), 8)

    def test_a_comparison(self):
        run = os.path.join(self.dir, "cmp.json")
        lib.write_json(run, self.data)
        page = self.make(self.data, "compare.html", "compare", run, run)
        for width, media in ((1280, ""), (360, ""), (688, "print")):
            seen = self.look(page, width, media)
            self.assertEqual(len(seen["plots"]), 4)
            self.assertTrue(seen["leads"])


if __name__ == "__main__":
    lib.main()
