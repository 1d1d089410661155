"""onym-vectors over the shipped vectors, and over records it must refuse, skip or see through."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "support"))

import handle_encode as encoder  # noqa: E402
import node  # noqa: E402

VECTORS = SOURCE / "proto" / "vectors" / "handle-wire.jsonl"
NOT_RUN = {"stream"}  # replication, which the node does not serve


def run(*arguments, text=None):
    done = subprocess.run([node.program("onym-vectors"), *arguments], input=text,
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


def run_records(*records, arguments=()):
    return run(*arguments, "-", text="".join(json.dumps(r) + "\n" for r in records))


def shipped():
    with open(VECTORS, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def message(**fields):
    """A message record of its own bytes."""
    m = {"version": "2.11", "suggested": "2.11", "sessionId": 0, "requestId": 1, "opCode": 1,
         "responseCode": 0, "opFlags": "19000000", "siteInfoSerial": 65535, "recursionCount": 0,
         "expiration": 2000000000}
    m.update(fields)
    return dict(m, name="made", kind="message", hex=encoder.encode_message(m).hex())


class ShippedVectors(unittest.TestCase):
    def test_none_fails_and_only_streams_are_skipped(self):
        code, lines, _ = run(str(VECTORS))
        records = shipped()
        skipped = sum(r["kind"] in NOT_RUN for r in records)
        self.assertEqual(lines[-1], "%d passed, 0 failed, %d skipped"
                         % (len(records) - skipped, skipped))
        self.assertEqual(len([line for line in lines if line.startswith("skip ")]), skipped)
        self.assertEqual(code, 0)

    def test_verbose_lists_every_record(self):
        _, lines, _ = run("--verbose", str(VECTORS))
        listed = [line for line in lines if line.startswith(("pass ", "skip "))]
        self.assertEqual(len(listed), len(shipped()))

    def test_every_changed_field_is_seen(self):
        changed = []
        for r in shipped():
            if r["kind"] not in {"message", "value", "HS_ADMIN", "HS_SITE", "HS_VLIST",
                                 "HS_PUBKEY", "hash-partition"} or "requestHex" in r:
                continue
            for key, value in r.items():
                if key in {"name", "kind", "note", "group", "direction", "hex", "key", "secret_utf8",
                           "sessionKey", "e", "n"} or (key == "handle" and r.get("opCode") in
                                                      (400, 402, 1001, 1002)):
                    continue
                m = {k: v for k, v in r.items() if k != "group"}
                m[key] = (not value if isinstance(value, bool) else value + 1
                          if isinstance(value, int) else "1" + value if isinstance(value, str)
                          else value + ["x"])
                changed.append(m)
        self.assertGreater(len(changed), 700)
        code, lines, _ = run_records(*changed)
        self.assertEqual(lines[-1], "0 passed, %d failed, 0 skipped" % len(changed))
        self.assertEqual(code, 1)

    def test_every_changed_byte_of_a_digest_is_seen(self):
        record = next(r for r in shipped() if "requestHex" in r)
        for at in (40, len(record["requestHex"]) - 10):
            other = record["requestHex"]
            other = other[:at] + ("0" if other[at] != "0" else "1") + other[at + 1:]
            code, lines, _ = run_records(dict(record, requestHex=other))
            self.assertEqual(code, 1, lines)
        code, lines, _ = run_records(record)
        self.assertEqual(code, 0, lines)

    def test_challenge_of_a_group_needs_the_digest_of_its_request(self):
        group = [r for r in shipped() if r.get("group") == "challenge/v2.11"]
        request = message(opCode=101, handle="another/name", requestId=group[0]["requestId"])
        self.assertEqual(run_records(*group)[0], 0)
        code, lines, _ = run_records(dict(request, group="challenge/v2.11"), *group[1:])
        self.assertEqual(code, 1)
        self.assertIn("requestDigest", lines[0])


class OtherRecords(unittest.TestCase):
    def passes(self, *records):
        code, lines, _ = run_records(*records)
        self.assertEqual((code, lines[-1]), (0, "%d passed, 0 failed, 0 skipped" % len(records)),
                         lines)

    def test_old_challenge_carries_its_digest_itself(self):
        self.passes(message(version="2.0", suggested="2.0", opCode=101, responseCode=402,
                            nonce="00" * 16, requestDigest="11" * 16, digestAlgCode=1))

    def test_log_request_by_source(self):
        fields = {"opCode": 1001, "states": '{"ownName":"a"}', "hashOption": 2, "numServers": 3,
                  "serverNum": 1, "handle": "/"}
        self.passes(message(**fields), dict(message(**fields), lastTxnId=41, lastQueryDate=1))
        self.assertEqual(run_records(dict(message(**fields), numServers=4))[0], 1)

    def test_dump_request_with_a_start(self):
        self.passes(message(opCode=1002, hashOption=1, numServers=2, serverNum=0,
                            startPoint="88.1/x", startPointKind=1))

    def test_session_setup_in_every_mode(self):
        setup = {"opCode": 400, "timeout": 3600, "identityHandle": "", "identityIndex": -1}
        for mode, more in ((1, {"publicKey": "00"}), (2, {}), (4, {"publicKey": "01"}),
                           (3, {"exchangeKeyHandle": "a/b", "exchangeKeyIndex": 300})):
            m = dict(setup, mode=mode, identityIndex=0xFFFFFFFF, **more)
            self.passes(message(**m), dict(message(**m), identityIndex=-1))

    def test_encrypted_message_is_read_when_its_plaintext_is_there(self):
        plain = message(handle="88.1/x", indexes=[], types=[])
        data = bytes.fromhex(plain["hex"])
        cipher = bytes(len(data) + 12)
        envelope = bytearray(data[:20])
        envelope[2] |= 0x40
        envelope[16:20] = len(cipher).to_bytes(4, "big")
        record = dict(plain, kind="encrypted-message", hex=(bytes(envelope) + cipher).hex())
        code, lines, _ = run_records(record)
        self.assertEqual((code, lines[-1]), (0, "0 passed, 0 failed, 1 skipped"))
        self.assertIn("ciphertext", lines[0])
        self.passes(dict(record, plaintext=data[20:].hex()))
        self.assertEqual(run_records(dict(record, plaintext=data[20:].hex(), handle="x"))[0], 1)

    def test_keys_are_compared_as_numbers(self):
        key = next(r for r in shipped() if r["kind"] == "HS_PUBKEY")
        self.passes(dict(key, p="00" + key["p"].upper()))

    def test_unknown_kinds_are_skipped_and_unknown_fields_noted(self):
        code, lines, _ = run_records({"name": "n", "kind": "dream"})
        self.assertEqual((code, lines[-1]), (0, "0 passed, 0 failed, 1 skipped"))
        self.assertIn("unknown kind dream", lines[0])
        code, lines, _ = run_records(dict(message(handle="a/b", indexes=[], types=[]), colour="red"),
                                     arguments=("--verbose",))
        self.assertEqual(code, 0)
        self.assertIn("colour", lines[1])

    def test_bad_lines_fail_with_their_place(self):
        for text, word in (('{"kind": "value"', "no JSON"), ("[1]", "not a JSON object"),
                           ('{"name": "x"}', "kind"), ('{"kind": "value", "hex": "0"}', "hex"),
                           ('{"kind": "value", "hex": "00"}', "refused: MALFORMED"),
                           ('{"kind": "value"}', "hex")):
            code, lines, _ = run("-", text='\n{"kind": "dream"}\n' + text + "\n")
            self.assertEqual(code, 1, text)
            self.assertTrue(lines[1].startswith("FAIL -:3 "), lines)
            self.assertIn(word, lines[1])
            self.assertEqual(lines[-1], "0 passed, 1 failed, 1 skipped")

    def test_missing_files_and_wrong_usage(self):
        with tempfile.TemporaryDirectory() as folder:
            missing = os.path.join(folder, "none.jsonl")
            code, lines, _ = run(missing)
            self.assertEqual((code, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))
            self.assertIn("cannot open", lines[0])
        self.assertEqual(run()[0], 2)
        self.assertEqual(run("--colour")[0], 2)
        code, lines, _ = run("--help")
        self.assertEqual(code, 0)
        self.assertTrue(lines[0].startswith("usage: onym-vectors"))
        self.assertLessEqual(max(map(len, lines)), 80)


if __name__ == "__main__":
    unittest.main()
