"""onymctl resolve against a real node."""

import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402

ONYMCTL = node.program("onymctl")
PREFIX = "88.300.15907"
RECORDS = [
    {"handle": f"0.NA/{PREFIX}", "values": [
        {"index": 100, "type": "HS_ADMIN", "data": {"format": "admin", "value": {
            "handle": f"0.NA/{PREFIX}", "index": 300, "permissions": "111111111111"}}}]},
    {"handle": f"{PREFIX}/part-1", "values": [
        {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://example.com/a"}},
        {"index": 2, "type": "名称", "data": {"format": "string", "value": "前减震器"}, "ttl": 60},
        {"index": 3, "type": "BIN", "data": {"format": "base64", "value": "/wAB"}},
        {"index": 9, "type": "SECRET", "data": {"format": "string", "value": "x"},
         "permissions": "1100"}]},
    {"handle": f"{PREFIX}/large", "values": [
        {"index": i, "type": "DESC", "data": {"format": "string", "value": f"{i}" * 1000}}
        for i in range(1, 60)]},
]


class Node(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = node.Node(records=RECORDS)
        cls.node.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__(None, None, None)

    def resolve(self, *arguments):
        return subprocess.run([ONYMCTL, "resolve", "-s",
                               node.endpoint(node.LOOPBACK, self.node.port), *arguments],
                              capture_output=True, text=True, timeout=60)

    def test_the_same_values_over_both_transports_in_any_case(self):
        for transport in ("+udp", "+tcp"):
            for name in (f"{PREFIX}/part-1", f"{PREFIX}/PART-1"):
                got = self.resolve(transport, name)
                self.assertEqual(got.returncode, 0, got.stdout)
                self.assertIn(f"; question: {name}\n; answer: 1 OK", got.stdout)
                self.assertIn(f" over {transport[1:].upper()}, ", got.stdout)
                self.assertEqual(got.stdout.splitlines()[-3:], [
                    "1       URL   86400  rwr-  https://example.com/a",
                    "2       名称  60     rwr-  前减震器",
                    "3       BIN   86400  rwr-  hex:ff0001"])

    def test_selection(self):
        got = self.resolve("+short", "-t", "url", "-i", "3", f"{PREFIX}/part-1")
        self.assertEqual(got.stdout, "https://example.com/a\nhex:ff0001\n")
        self.assertEqual(self.resolve("-t", "NONE", f"{PREFIX}/part-1").returncode, 1)

    def test_json_is_what_was_loaded(self):
        got = self.resolve("--json", f"0.NA/{PREFIX}")
        answer = json.loads(got.stdout)
        self.assertEqual(answer["responseCode"], 1)
        self.assertEqual(answer["values"][0]["data"], RECORDS[0]["values"][0]["data"])

    def test_the_request_digest_is_right(self):
        for transport in ("+udp", "+tcp"):
            self.assertEqual(self.resolve(transport, "--digest", f"{PREFIX}/part-1").returncode, 0)

    def test_exit_codes(self):
        self.assertEqual(self.resolve(f"{PREFIX}/none").returncode, 1)
        self.assertEqual(self.resolve("99.1/none").returncode, 1)
        self.assertIn("301 NOT_RESPONSIBLE", self.resolve("99.1/none").stdout)

    def test_private_values_are_not_for_strangers(self):
        for options in ([], ["--private"], ["--private", "-i9"]):
            self.assertNotIn("SECRET", self.resolve(*options, f"{PREFIX}/part-1").stdout)

    def test_an_answer_too_large_for_datagrams_comes_over_tcp(self):
        got = self.resolve(f"{PREFIX}/large")
        self.assertEqual(got.returncode, 0, got.stdout)
        self.assertIn(" over TCP, ", got.stdout)
        self.assertEqual(got.stdout.count("DESC"), 59)
        got = self.resolve("+udp", f"{PREFIX}/large")
        self.assertEqual(got.returncode, 5)
        self.assertIn("3 BUSY", got.stdout)

    def test_a_long_answer_in_fragments(self):
        got = self.resolve("+udp", *[f"-i{i}" for i in range(1, 6)], f"{PREFIX}/large")
        self.assertEqual(got.returncode, 0, got.stdout)
        self.assertRegex(got.stdout, r" bytes in \d\d packets, ")
        self.assertEqual(got.stdout.count("DESC"), 5)


if __name__ == "__main__":
    unittest.main()
