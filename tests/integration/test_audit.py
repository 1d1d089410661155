#!/usr/bin/env python3
"""onymctl audit over what a real node logged: who did what, and whether the chain holds."""

import json
import pathlib
import re
import signal
import struct
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import lmdb_file  # noqa: E402
import node  # noqa: E402
import test_administration as wire  # noqa: E402

PREFIX = wire.PREFIX
USER = wire.USER
HANDLE = f"{PREFIX}/EN.P.1"
GUEST = f"{PREFIX}/guest"
RECORDS = wire.RECORDS + [{"handle": GUEST, "values": [
    {"index": 300, "type": "HS_SECKEY", "permissions": "1100", "data": "guest-pass"}]}]


def audit(data, verb, *words, json_lines=False, **more):
    command = [str(node.program("onymctl")), *(["--json"] if json_lines else []), "audit", verb,
               "--no-progress", "--data", str(data), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **more)


class Audit(unittest.TestCase):
    def setUp(self):
        self.node = node.Node(records=RECORDS, workers=2,
                              settings=[f"auth.server_admins=301:{USER}"]).start()
        self.addCleanup(self.node.__exit__, None, None, None)
        session = wire.Session(self.node)
        self.assertEqual(session.do(100, wire.create_body(HANDLE, [wire.value(1, "a")])).code, 1)
        self.assertEqual(
            session.do(102, wire.create_body(HANDLE, [wire.value(7, "secret-x")])).code, 1)
        self.assertEqual(session.do(103, wire.name(HANDLE) + struct.pack(">II", 1, 1)).code, 1)
        self.assertEqual(session.do(101, wire.name(HANDLE)).code, 1)
        # this one is known but has no rights
        denied = session.do(100, wire.create_body(f"{PREFIX}/b", [wire.value(1, "a")]), user=GUEST,
                            index=300, secret=b"guest-pass")
        self.assertEqual(denied.code, 400)
        session.close()
        self.assertEqual(self.node.stop(), 0)
        self.data = self.node.data

    def entries(self, *words):
        done = audit(self.data, "export", *words, json_lines=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_every_change_has_its_entry(self):
        entries = [e for e in self.entries() if e["what"] != "login"]
        self.assertEqual([e["what"] for e in entries],
                         ["load", "create", "add", "remove", "delete", "denied"])
        load, create, add, remove, delete, denied = entries
        self.assertEqual(load["rows"], len(RECORDS))
        for entry in entries[1:]:
            self.assertTrue(entry["peer"].startswith("127.0.0.1"))
            self.assertRegex(entry["ts"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            self.assertRegex(entry["operation_id"], "^[0-9a-f]{32}$")
        self.assertEqual([(e["principal_index"], e["principal"]) for e in entries[1:]],
                         [(301, USER)] * 4 + [(300, GUEST)])
        for entry in entries[1:5]:
            self.assertEqual((entry["id"], entry["digest"]), (HANDLE, "sha256"))
        self.assertEqual([e.get("rev") for e in entries[1:5]], [1, 2, 3, None])
        self.assertEqual([e.get("indexes") for e in entries[1:5]], [[1], [7], [1], None])
        # each step begins where the one before ended
        self.assertNotIn("before", create)
        self.assertEqual(add["before"], create["after"])
        self.assertEqual(remove["before"], add["after"])
        self.assertEqual(delete["before"], remove["after"])
        self.assertNotIn("after", delete)
        self.assertEqual((denied["action"], denied["status"]), ("create", "NO_PERMISSION"))
        self.assertEqual(len({e["operation_id"] for e in entries[1:]}), 5)

    def test_text_has_one_line_for_each_entry_and_no_values(self):
        done = audit(self.data, "export")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), len(self.entries()))
        self.assertEqual([int(line.split()[0]) for line in lines], list(range(1, len(lines) + 1)))
        self.assertIn(f" create {HANDLE} revision=1 by=301:{USER} from=127.0.0.1", done.stdout)
        self.assertNotIn("secret-x", done.stdout)

    def test_export_from_a_place(self):
        everything = self.entries()
        self.assertEqual(self.entries("--from", "3"), everything[2:])
        self.assertEqual(self.entries("--from", str(len(everything) + 1)), [])
        for wrong in ("0", "-1", "x", "", "99999999999999999999999"):
            done = audit(self.data, "export", "--from", wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertIn("--from", done.stderr)

    def test_verify_says_what_it_saw(self):
        count = len(self.entries())
        done = audit(self.data, "verify", json_lines=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual((report["good"], report["entries"], report["sequence"]),
                         (True, count, count))
        text = audit(self.data, "verify")
        self.assertEqual(text.returncode, 0)
        self.assertIn(f"hash {report['hash']}: everything holds", text.stdout)

    def test_a_changed_byte_is_found(self):
        """In the file, behind the back of the node: who did it is written into the entry."""
        victim = next(e for e in self.entries() if e["what"] == "add")
        path = pathlib.Path(self.data) / "data.mdb"
        raw = path.read_bytes()
        marker = bytes.fromhex(victim["operation_id"])
        # the last copy belongs to the table as it is; older pages may hold others
        spots = [m.start() for m in re.finditer(re.escape(marker), raw)]
        self.assertTrue(spots)
        changed = bytearray(raw)
        for spot in spots:
            at = raw.find(b"127.0.0.1", spot, spot + 400)
            if at >= 0:
                changed[at] = ord("9")
        path.write_bytes(bytes(changed))
        done = audit(self.data, "verify")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"log entry {victim['sequence']}\b")
        report = json.loads(audit(self.data, "verify", json_lines=True).stdout)
        self.assertFalse(report["good"])
        self.assertEqual(audit(self.data, "export").returncode, 1)
        # nor is it good for whoever was started by a program that ignores how its children end
        ignored = audit(self.data, "verify", restore_signals=False, preexec_fn=lambda: signal.signal(
            signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(ignored.returncode, 1, ignored.stderr)

    def test_a_pruned_log_holds_and_goes_on(self):
        before = self.entries()
        kept = audit(self.data, "prune", "--keep-days", "1")
        self.assertEqual(kept.returncode, 0, kept.stderr)
        self.assertIn("nothing was taken away", kept.stdout)
        self.assertEqual(self.entries(), before)
        hash_before = json.loads(audit(self.data, "verify", json_lines=True).stdout)["hash"]
        refused = audit(self.data, "prune", "--keep-days", "0")
        self.assertEqual((refused.returncode, refused.stdout), (6, ""))
        self.assertIn("--yes", refused.stderr)
        self.assertEqual(self.entries(), before)
        gone = audit(self.data, "prune", "--keep-days", "0", "--yes", json_lines=True)
        self.assertEqual(gone.returncode, 0, gone.stderr)
        count = len(before)
        self.assertEqual(json.loads(gone.stdout), {
            "removed": count, "first": count + 1, "left": 0, "hash": hash_before})
        self.assertEqual(self.entries(), [])
        self.node.start()
        session = wire.Session(self.node)
        self.assertEqual(session.do(100, wire.create_body(HANDLE, [wire.value(1, "a")])).code, 1)
        session.close()
        self.assertEqual(audit(self.data, "prune", "--keep-days", "0", "--yes").returncode, 6)
        self.assertEqual(self.node.stop(), 0)
        self.assertEqual([e["sequence"] for e in self.entries()], [count + 1])
        verified = audit(self.data, "verify")
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertIn(f"begins with entry {count + 1}\n1 entry in 1 group", verified.stdout)
        done = subprocess.run([str(node.program("onymctl")), "check", "--data", str(self.data)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ((), ("--keep-days",), ("--keep-days", "36501"), ("--keep-days", "x"),
                      ("--keep-days", "1", "more")):
            self.assertEqual(audit(self.data, "prune", *words).returncode, 2, words)

    def test_pages_that_lead_astray_are_damage_and_no_signal(self):
        """The number of nodes in a leaf of the database, with one bit flipped: LMDB follows it."""
        path = pathlib.Path(self.data) / "data.mdb"
        raw = path.read_bytes()
        said = []
        for page in range(2, len(raw) // lmdb_file.PAGE):
            if lmdb_file.flags_of(lmdb_file.page_at(raw, page)) != lmdb_file.LEAF:
                continue
            for bit in range(4, 8):
                rotten = bytearray(raw)
                rotten[page * lmdb_file.PAGE + 12] ^= 1 << bit
                path.write_bytes(rotten)
                done = audit(self.data, "verify", json_lines=True, env=node.signals_unhandled())
                self.assertIn(done.returncode, (0, 1, 5), (page, bit, done))
                self.assertTrue(isinstance(json.loads(done.stdout), dict), (page, bit, done))
                said.append(done.stderr)
        self.assertTrue(any("lead LMDB astray" in text for text in said), said)

    def test_wrong_use(self):
        for words in ((), ("--data",), ("--data", str(self.data), "extra"),
                      ("--data", str(self.data), "--from", "1")):
            done = subprocess.run([str(node.program("onymctl")), "audit", "verify", *words],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2, words)
        done = audit(pathlib.Path(self.data) / "none", "verify")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no store here", done.stderr)

    def test_a_running_node_is_left_alone(self):
        self.node.start()
        done = audit(self.data, "verify")
        self.assertEqual(done.returncode, 6)
        self.assertIn("onymd", done.stderr)


if __name__ == "__main__":
    unittest.main()
