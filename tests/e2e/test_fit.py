"""`loadtop fit`: published data sets, files as other tools write them, and clear refusals."""
import json
import tempfile
import unittest

import lib

# SPEC SDM91 and the ray tracer, as in Gunther's Guerrilla Capacity Planning.
SPECSDM91 = [(1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2)]
RAYTRACER = [(1, 20), (4, 78), (8, 130), (12, 170), (16, 190), (20, 200), (24, 210), (28, 230), (32, 260),
             (48, 280), (64, 310)]


def csv(points, separator=",", end="\n", header=None):
    lines = [header] if header else []
    return end.join(lines + [separator.join(str(v) for v in p) for p in points]) + end


def fit(text, *options, env=None):
    """Through stdin: the exit code, stdout and stderr."""
    p = lib.loadtop("fit", "-", *options, stdin=text, env=env)
    return p.code, p.out, p.err


def fitted(text):
    code, out, err = fit(text, "--json")
    assert code == 0, err
    return json.loads(out)


class Published(unittest.TestCase):
    def near(self, value, truth, share):
        self.assertAlmostEqual(value, truth, delta=abs(truth) * share)

    def test_specsdm91(self):
        f = fitted(csv(SPECSDM91))
        self.near(f["lambda"], 89.9952, 1e-4)
        self.near(f["sigma"], 0.0277285, 1e-4)
        self.near(f["kappa"], 1.04366e-4, 1e-4)
        self.near(f["peak_n"], 96.51956, 1e-4)
        self.near(f["peak_throughput_per_s"], 1884, 1e-3)
        self.near(f["peak_n_ci95"][0], 71.6, 0.01)
        self.near(f["peak_n_ci95"][1], 121.5, 0.01)
        self.assertTrue(f["peak_identified"])
        self.assertEqual(f["phase"], "retrograde")

    def test_the_ray_tracer_has_no_peak(self):
        f = fitted(csv(RAYTRACER))
        self.near(f["lambda"], 21.84884, 1e-4)
        self.near(f["sigma"], 0.05777078, 1e-4)
        self.assertEqual(f["kappa"], 0)
        self.assertIsNone(f["peak_n"])
        self.assertIsNone(f["peak_n_ci95"])
        self.assertFalse(f["peak_identified"])
        self.assertIn("kappa is 0", f["why_not"])
        self.assertEqual(f["model"], "Amdahl")
        code, out, _ = fit(csv(RAYTRACER))
        self.assertEqual(code, 0)
        self.assertIn("peak       not identified", out)
        self.assertNotIn("retrograde", out)

    def test_the_same_however_it_is_written(self):
        truth = fitted(csv(SPECSDM91))
        for text in (csv(SPECSDM91[::-1]), csv(SPECSDM91, end="\r\n"), csv(SPECSDM91, "\t"), csv(SPECSDM91, ";"),
                     csv(SPECSDM91, "   "), csv(SPECSDM91, header="N,throughput"),
                     csv([(9, x, n) for n, x in SPECSDM91], header="t,throughput,users"),
                     "# a comment\n\n" + csv(SPECSDM91)):
            got = fitted(text)
            for name in ("lambda", "sigma", "kappa", "peak_n"):
                self.near(got[name], truth[name], 1e-6)

    def test_thousands_are_no_decimals(self):
        """As spreadsheets write them, in every language and for every separator: the same curve, or a refusal."""
        def written(factor, decimals, mark, separator):
            marks = str.maketrans({",": mark, ".": "." if mark == "," else ","})
            return csv([(n, "{:,.{}f}".format(x * factor, decimals).translate(marks)) for n, x in SPECSDM91], separator)
        for separator in "\t", ";":
            for mark in ",", ".":
                for factor, decimals in (1000, 0), (100, 1), (1, 2):  # 1,652,400; 165,240.0; 1,652.40
                    text = written(factor, decimals, mark, separator)
                    with self.subTest(text=text):
                        self.near(fitted(text)["lambda"], 89.9952 * factor, 1e-4)
                text = written(100, 0, mark, separator)  # 6,490 and so on, all of them
                with self.subTest(text=text):
                    code, out, err = fit(text)
                    self.assertEqual((code, out), (2, ""))
                    for said in "line 1", "'6%s490'" % mark, "that is 6490 or 6.490":
                        self.assertIn(said, err)

    def test_headers_of_the_trade(self):
        truth = fitted(csv(SPECSDM91))
        swapped = [(x, n) for n, x in SPECSDM91]
        for text in (csv(SPECSDM91, header="processors,throughput"), csv(swapped, header="requests/s,User Count"),
                     csv(SPECSDM91, ";", header="cores;X [TPS]"), csv(swapped, "\t", header="Ops/sec\tnodes"),
                     csv([(1, n, 2, x) for n, x in SPECSDM91], header="t,concurrency level,p99,Requests per second")):
            self.near(fitted(text)["lambda"], truth["lambda"], 1e-6)
        code, _, err = fit(csv(SPECSDM91, header="a,b"))
        self.assertEqual(code, 2)
        self.assertIn("no column of N among 'a', 'b'", err)
        names = lib.loadtop("help", "fit").out
        for name in "threads", "concurrency level", "requests/s", "iops":
            self.assertIn(name, names)

    def test_a_unit_of_the_header_scales(self):
        """The peak is per second, whatever the file counts in."""
        peak = fitted(csv(SPECSDM91, header="cores,tps"))["peak_throughput_per_s"]
        for unit, factor, said in ("X [kTPS]", 1000, "'X [kTPS]', times 1000"), \
                ("Throughput (req/min)", 1 / 60, "'Throughput (req/min)', divided by 60"):
            text = csv(SPECSDM91, header="cores," + unit)
            got = fitted(text)
            self.near(got["peak_throughput_per_s"], peak * factor, 1e-4)
            self.near(got["x_column_factor"], factor, 1e-6)
            self.assertIn(said, fit(text)[1])

    def test_which_columns_were_taken_is_said(self):
        for header, n, x in (("clients,tps", "clients", "tps"), ("what it was,req/s", "what it was", "req/s"),
                             ("#threads,X", "threads", "X"), (None, None, None)):
            text = csv(SPECSDM91, header=header)
            got = fitted(text)
            self.assertEqual((got["n_column"], got["x_column"]), (n, x))
            self.assertEqual((got["n_column_known"], got["x_column_known"]), (n and n != "what it was", x and True))
            self.assertEqual(got["x_column_factor"], 1)
            _, out, _ = fit(text)
            self.assertIn("N is '%s'" % n if n else "N is the first, throughput the second", out)
            self.assertEqual("what it was' (not a name that is known)" in out, n == "what it was")
        swapped = [(x, n) for n, x in SPECSDM91]
        self.assertEqual(fitted(csv(swapped, "\t", header="#rps\tthreads"))["lambda"], fitted(csv(SPECSDM91))["lambda"])
        code, out, err = fit(csv(SPECSDM91, header="time,throughput"))
        self.assertEqual((code, out), (2, ""))
        self.assertIn("no column of N among 'time', 'throughput'", err)

    def test_words(self):
        code, out, _ = fit(csv(SPECSDM91), env={"LC_ALL": "C"})
        self.assertEqual(code, 0)
        self.assertRegex(out, r"N\* 96\.5")
        self.assertRegex(out, r"saturated from N 5[89]")
        self.assertRegex(out, r"knee +N 4\.9")
        self.assertRegex(out, r"(?m)^ +1 +64\.9 +89\.99.* 100\.0%$")
        self.assertRegex(out, r"(?m)^ +216 +1702\.2 .* 12\.1%$")
        self.assertTrue(out.isascii())
        plot = [line for line in out.splitlines() if "|" in line]
        self.assertEqual(sum(line.count("O") for line in plot), 7)  # one mark for each point


class Bad(unittest.TestCase):
    def refused(self, text, *said):
        code, out, err = fit(text)
        self.assertEqual(code, 2, (out, err))
        self.assertEqual(out, "")
        self.assertEqual(err.count("\n"), 1, err)
        for word in said:
            self.assertIn(word, err)

    def test_too_few(self):
        self.refused("", "no line")
        self.refused("1,10\n", "1 distinct", "at least 3")
        self.refused("1,10\n2,19\n", "2 distinct")
        self.refused("4,10\n4,11\n4,12\n4,13\n", "1 distinct")

    def test_three_points_have_no_interval(self):
        f = fitted("1,100\n8,500\n32,600\n")
        self.assertIsNone(f["peak_n_ci95"])
        self.assertFalse(f["peak_identified"])
        self.assertIn("no interval", f["why_not"])
        self.assertIsNone(f["standard_errors"]["kappa"])

    def test_values(self):
        good = csv(SPECSDM91)
        self.refused(good + "300,nan\n", "line 8", "finite")
        self.refused(good + "0,100\n", "line 8", "above 0")
        self.refused(good + "300,0\n", "line 8", "above 0")
        self.refused(good + "300,-1\n", "line 8", "above 0")
        self.refused(good + "many,100\n", "line 8", "many")
        self.refused(good + "300\n", "line 8", "column")

    def test_words_and_files(self):
        for words in ([], ["a", "b"], ["--nope", "a"]):
            p = lib.loadtop("fit", *words)
            self.assertEqual(p.code, 2, p)
            self.assertEqual(p.err.count("\n"), 1)
        p = lib.loadtop("fit", "/nowhere/f.csv")
        self.assertEqual(p.code, 1)
        self.assertIn("No such file", p.err)

    def test_a_cliff_gets_no_line(self):
        text = "120,7647\n250,7794\n400,7700\n500,680\n600,690\n"
        f = fitted(text)
        self.assertFalse(f["fits"])
        self.assertFalse(f["peak_identified"])
        for name in "phase", "peak_n", "peak_n_ci95", "peak_throughput_per_s", "model", "knee_n", "next_n":
            self.assertIsNone(f[name], name)
        _, out, _ = fit(text)
        self.assertRegex(out, r"(?m)^ +400 +7700 +- +- +-$")
        self.assertNotIn("would teach", out)
        self.assertIn("NO FIT", out)
        self.assertIn("no curve fits", out)
        self.assertNotIn("N*", out)

    def test_a_million_lines(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
            for i in range(1000000):
                n = 1 + i % 64
                f.write("%d,%.3f\n" % (n, 1000 * n / (1 + 0.05 * (n - 1) + 1e-3 * n * (n - 1)) * (1 + 0.001 * (i % 3))))
            f.flush()
            run = lib.loadtop("fit", f.name, "--json", timeout=300)
        self.assertEqual(run.code, 0, run)
        got = json.loads(run.out)
        self.assertAlmostEqual(got["sigma"], 0.05, delta=0.0005)
        self.assertAlmostEqual(got["kappa"], 1e-3, delta=1e-5)


if __name__ == "__main__":
    lib.main()
