"""If a file for TLS cannot be read, every backend reports this at once and names the option. A pipe is refused too,
because a library would wait for its writer.
"""
import os
import tempfile
import unittest

import lib

TARGETS = ("rediss://127.0.0.1:1?%s", "crates://127.0.0.1:1/doc.t?%s", "cassandras://127.0.0.1:1/ks?%s",
           "kafka://127.0.0.1:1/t?%s")


class TlsFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.pipe = os.path.join(self.folder, "pipe.pem")
        os.mkfifo(self.pipe)

    def test_each_backend_names_it(self):
        for target in TARGETS:
            for option in ("tls.ca", "tls.cert", "tls.key"):
                for path, why in ((os.path.join(self.folder, "none.pem"), "No such file or directory"),
                                  (self.pipe, "not a plain file"), (self.folder, "a folder")):
                    query = "%s=%s" % (option, path)
                    with self.subTest(target=target, query=query):
                        result = lib.loadtop("--headless", "--no-history", "-n", 1, target % query)
                        self.assertEqual(result.code, 2, result)
                        self.assertIn("%s: %s" % (query, why) if why != "a folder" else query, result.err)
                        self.assertIn(why, result.err)


if __name__ == "__main__":
    lib.main()
