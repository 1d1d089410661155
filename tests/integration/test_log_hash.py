#!/usr/bin/env python3
"""The hash of the log, chosen when a store is made: by onymd, by onymctl load, and kept."""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import node  # noqa: E402
import test_administration as wire  # noqa: E402
from test_audit import audit  # noqa: E402

HANDLE = f"{wire.PREFIX}/EN.P.1"


def onymctl(*words):
    return subprocess.run([str(node.program("onymctl")), *words], capture_output=True, text=True,
                          timeout=60, check=False)


class LogHash(unittest.TestCase):
    def make(self, setting):
        it = node.Node(records=[], workers=2,
                       settings=[f"auth.server_admins=301:{wire.USER}",
                                 f"storage.log_hash={setting}"])
        self.addCleanup(it.__exit__, None, None, None)
        shutil.rmtree(it.data)
        return it

    def register(self, it):
        it.start()
        session = wire.Session(it)
        self.assertEqual(
            session.do(100, wire.create_body(HANDLE, [wire.value(1, "a")])).code, 1)
        self.assertEqual(session.do(101, wire.name(HANDLE)).code, 1)
        session.close()
        self.assertEqual(it.stop(), 0)

    def expect(self, it, name):
        done = audit(it.data, "verify", json_lines=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual((report["good"], report["log_hash"]), (True, name))
        self.assertIn(f"{name} hash {report['hash']}: everything holds",
                      audit(it.data, "verify").stdout)
        lines = [json.loads(line)
                 for line in audit(it.data, "export", json_lines=True).stdout.splitlines()]
        operations = [line for line in lines if line["what"] in ("create", "delete")]
        self.assertEqual([line["digest"] for line in operations], [name] * len(operations))
        self.assertEqual(operations[-1]["before"], operations[-2]["after"])
        self.assertIn(f" digest={name} before=", audit(it.data, "export").stdout)
        check = onymctl("--json", "check", "--no-progress", "--data", str(it.data))
        self.assertEqual(check.returncode, 0, check.stderr)
        self.assertEqual(json.loads(check.stdout)["log_hash"], name)
        self.assertRegex(check.stderr, f"log (entry|entries) with {name} ")

    def test_a_node_makes_its_store_with_the_hash_that_is_set(self):
        for name in ("sha256", "sm3"):
            with self.subTest(name):
                it = self.make(name)
                it.start()
                self.assertEqual(it.stop(), 0)
                self.assertNotIn("log_hash_kept", it.log())
                node.load(it.data, wire.RECORDS)
                self.register(it)
                self.expect(it, name)

    def test_a_store_keeps_its_own(self):
        for name, other in (("sha256", "sm3"), ("sm3", "sha256")):
            with self.subTest(name):
                it = self.make(other)
                node.load(it.data, wire.RECORDS, options=["--log-hash", name])
                self.register(it)
                self.assertEqual(it.log().count("log_hash_kept"), 1, it.log())
                again = node.load(it.data, [{"handle": f"{wire.PREFIX}/b", "values": []}],
                                  options=["--log-hash", other])
                self.assertIn(f"keeps the log hash it was made with, {name};",
                              again.stderr.decode())
                self.expect(it, name)

    def test_a_changed_byte_is_found(self):
        it = self.make("sm3")
        node.load(it.data, wire.RECORDS, options=["--log-hash", "sm3"])
        self.register(it)
        lines = [json.loads(line)
                 for line in audit(it.data, "export", json_lines=True).stdout.splitlines()]
        victim = next(line for line in lines if line["what"] == "create")
        path = pathlib.Path(it.data) / "data.mdb"
        marker = bytes.fromhex(victim["after"])
        self.assertIn(marker, path.read_bytes())
        path.write_bytes(path.read_bytes().replace(marker, marker[:-1] + bytes([marker[-1] ^ 1])))
        done = audit(it.data, "verify")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"log entry {victim['sequence']}: ", done.stderr)

    def test_a_hash_nobody_knows_is_refused(self):
        it = self.make("sm3")
        for word in ("md5", "SM3", ""):
            done = onymctl("load", "--data", str(it.data), "--log-hash", word, "-")
            self.assertEqual(done.returncode, 2)
            self.assertIn("expected sha256 or sm3", done.stderr)
        self.assertFalse(pathlib.Path(it.data).exists())


if __name__ == "__main__":
    unittest.main()
