#!/usr/bin/env python3
"""With --json every failure of onymctl is one JSON object on standard output, whichever command it
is and however early it fails; for people the same stands on stderr."""

import json
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import admin_keys  # noqa: E402
import node  # noqa: E402

STATUSES = {1: "NEGATIVE", 2: "INVALID", 3: "UNREACHABLE", 4: "NO_PERMISSION", 5: "ERROR",
            6: "REFUSED", 7: "UNCERTAIN"}


def commands():
    rows = re.findall(r"^  ([a-z]+) ([a-z-]+)  ", admin_keys.run("--help").stdout, re.M)
    return [row for row in rows if row[0] != "onymctl"]


class Failures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-json-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def failure(self, *words, status=None, part="", own=False):
        done = admin_keys.run(*words)
        self.assertNotIn(done.returncode, (0, -6, -11), (words, done))
        if status is not None:
            self.assertEqual(done.returncode, status, (words, done))
        told = json.loads(done.stdout)  # one document, or this raises
        self.assertIsInstance(told, dict, words)
        if not own:
            self.assertEqual(
                (told["outcome"], told["responseCode"], told["status"], told["exit"]),
                ("failed", None, STATUSES[done.returncode], done.returncode), words)
            self.assertTrue(told["message"], words)
            self.assertFalse(told["message"].startswith("onymctl"), words)
            self.assertIn(told["message"].splitlines()[0], done.stderr, words)
        self.assertIn(part, done.stdout)
        return told

    def test_every_command_refuses_an_unknown_option_so(self):
        known = commands()
        self.assertGreater(len(known), 30)
        for noun, verb in known:
            for first in ((noun, verb, "--json"), ("-o", "json", noun, verb),
                          ("--output=json", noun, verb)):
                told = self.failure(*first, "--no-such-option", status=2)
                self.assertRegex(told["message"], "--no-such-option|see onymctl ")

    def test_the_command_line_itself(self):
        for words in (("--json",), ("--json", "ide"), ("--json", "id", "lits"), ("--json", "id"),
                      ("--json", "--timeout"), ("--json", "--timeout", "x", "resolve", "a/b")):
            self.failure(*words, status=2)
        done = admin_keys.run("-s", "no-such-host.invalid", "resolve", "--", "--json")
        self.assertEqual((done.returncode, done.stdout), (3, ""))  # that is an identifier

    def test_what_is_not_there(self):
        gone = self.folder / "gone"
        for words, status in (
                (("load", "--data", self.folder / "d", gone), None),
                (("dump", "--data", gone), None), (("check", "--data", gone), None),
                (("store", "reindex", "--data", gone), None),
                (("audit", "verify", "--data", gone), None),
                (("audit", "export", "--data", gone), None),
                (("audit", "prune", "--data", gone, "--keep-days", "1"), None),
                (("id", "history", "a/b", "--data", gone), None),
                (("batch", "run", gone), None), (("batch", "check", gone), None),
                (("batch", "resume", gone), None),
                (("-c", gone, "tls", "status"), None), (("-c", gone, "tls", "trust"), None),
                (("-c", gone, "conf", "show"), 1), (("-c", gone, "conf", "reload"), 1),
                (("-c", gone, "log", "level", "debug"), None),
                (("-c", gone, "auth", "token", "list"), None),
                (("id", "create", "a/b", "--values", gone), None),
                (("id", "delete", "a/b", "--as", "1:a/b", "--key", gone), 2),
                (("resolve", "a/b", "--private", "--as", "1:a/b", "--key", gone), 2),
                (("auth", "key", "show", gone), None),
                (("init", "--dir", "/proc/nothing", "--yes"), None)):
            with self.subTest(words=words):
                self.failure("--json", *words, status=status)
        self.failure("--json", "-c", gone, "conf", "check", status=1, own=True)

    def test_who_is_not_there(self):
        for words in (("resolve", "a/b"), ("id", "delete", "a/b"), ("id", "list", "88.1"),
                      ("prefix", "list"), ("prefix", "home", "88.1"), ("auth", "challenge")):
            self.failure("--json", "-s", "no-such-host.invalid", *words, status=3)
            told = self.failure("--json", "-s", f"127.0.0.1:{node.free_port()}", "--timeout", "1",
                                *words, status=3, own=True)
            self.assertTrue(told["message"])
        self.failure("--json", "--server", f"unix:{self.folder}/none", "conf", "reload", status=3)
        self.failure("--json", "tls", "status", "--connect", f"127.0.0.1:{node.free_port()}",
                     status=3)
        ca = self.folder / "ca"
        ca.write_text("none")
        self.failure("--json", "-s", "https://127.0.0.1", "id", "history", "a/b", "--ca", ca)

    def test_a_configuration_with_errors_is_told_whole(self):
        conf = self.folder / "onymd.yaml"
        conf.write_text("log:\n  levle: info\nnode:\n  workers: x\n")
        told = self.failure("--json", "-c", conf, "conf", "reload", status=1)
        self.assertIn("levle", told["message"])
        self.assertIn("workers", told["message"])
        self.failure("--json", "-c", conf, "conf", "show", status=1, part="levle")

    def test_what_is_refused(self):
        out = self.folder / "key"
        out.write_text("")
        self.failure("--json", "auth", "key", "gen", "--out", out)
        self.failure("--json", "audit", "prune", "--data", self.folder, "--keep-days", "0",
                     status=6, part="--yes")

    def test_data_that_began_is_not_followed_by_an_object(self):
        data = self.folder / "data"
        node.load(data, [{"handle": "88.1/x", "values": [{"index": 1, "type": "A", "data": "b"}]}])
        raw = (data / "data.mdb").read_bytes()
        at = raw.rfind(b"88.1/x")
        (data / "data.mdb").write_bytes(raw[:at] + b"89" + raw[at + 2:])
        done = admin_keys.run("--json", "dump", "--data", data)
        self.assertNotEqual(done.returncode, 0)
        for line in done.stdout.splitlines():
            self.assertTrue("handle" in json.loads(line) or done.stdout.count("\n") == 1, done)


if __name__ == "__main__":
    unittest.main(verbosity=2)
