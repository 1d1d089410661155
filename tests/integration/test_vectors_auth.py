"""onym-vectors over records of authentication: right ones pass, and what is changed in them is seen."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "support"))

import node  # noqa: E402

VECTORS = SOURCE / "proto" / "vectors" / "handle-wire.jsonl"

# "credential/mac-request/v2.8", encrypted by another implementation of AES-CBC under its session
# key with the IV 10 11 ... 1f.
ENCRYPTED = (
    "02084208112233440000044900000000000000b0101112131415161718191a1b1c1d1e1f2b4e40dbe9f8e26b"
    "25034f3283d2ae32fd90d55ef0bf70c08d0e572f0234e8584373bdecfb4b023feb20e6aa42f687b91a96938f"
    "fc36beb03effd25e1f525a4d2a4d4ff50e725ffa5bbd54255f02199c89743d37376b5c9b09eba97d80f8f753"
    "830aa884a3f1d2f77cf9bb1c8c8bf9e15ef94804d82ecfd93664f940373001bbd708ad969e8b1728dfa5de2e"
    "2933df6a2da2cca7ed31eedffb3f9f2713bdce77"
)


def run(records):
    text = "".join(json.dumps(r) + "\n" for r in records)
    done = subprocess.run([node.program("onym-vectors"), "-"], input=text, capture_output=True,
                          text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


def flipped(text, at):
    """The hex text with the lowest bit of one byte changed; numbers may lack their first digit."""
    data = bytearray.fromhex("0" * (len(text) % 2) + text)
    data[at] ^= 1
    return data.hex()


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(VECTORS, encoding="utf-8") as lines:
            cls.all = [json.loads(line) for line in lines]
        cls.by_name = {r["name"]: r for r in cls.all}
        cls.keys = [r for r in cls.all if r["kind"] == "key"]

    def of_kind(self, kind):
        found = [r for r in self.all if r["kind"] == kind]
        self.assertTrue(found, kind)
        return found

    def passes(self, *records):
        code, lines = run(records)
        self.assertEqual((code, lines[-1]), (0, "%d passed, 0 failed, 0 skipped" % len(records)),
                         lines)

    def fails(self, *records, word=""):
        """The last record fails, those in front of it pass."""
        code, lines = run(records)
        self.assertEqual((code, lines[-1]), (1, "%d passed, 1 failed, 0 skipped"
                                             % (len(records) - 1)), lines)
        self.assertIn(word, lines[0])

    def test_secret_answers(self):
        for r in self.of_kind("secret-answer"):
            self.passes(r)
            size = len(r["hex"]) // 2
            for at in (1, size // 2, size - 1):
                self.fails(dict(r, hex=flipped(r["hex"], at)))
            for name in ("nonce", "digest"):
                self.fails(dict(r, **{name: flipped(r[name], 0)}))
            self.fails({**{k: v for k, v in r.items() if k != "secret_hex"}, "secret_utf8": "else"})

    def test_bounds_of_secret_answers(self):
        r = self.by_name["secret-answer/pbkdf2-1-128-ascii"]
        for name, value in (("iterations", 0), ("iterations", 100001), ("keyBits", 120),
                            ("keyBits", 520), ("keyBits", 130), ("salt", "00" * 65)):
            self.fails(dict(r, **{name: value}), word="INVALID")
        self.fails(dict(r, algCode=4), word="INVALID")

    def test_pubkey_answers(self):
        for r in self.of_kind("pubkey-answer"):
            self.passes(r)
            for name in ("nonce", "digest", "hex", "publicKey"):
                self.fails(dict(r, **{name: flipped(r[name], -1)}))

    def test_session_keys(self):
        for r in self.of_kind("session-key"):
            self.passes(r)
            self.passes({k: v for k, v in r.items() if k != "server_x"})
            for name in ("hex", "client_x", "server_x"):
                self.fails(dict(r, **{name: flipped(r[name], -1)}))
            self.fails({k: v for k, v in r.items() if k not in ("client_x", "server_x")})

    def test_hashed_secrets(self):
        for r in self.of_kind("secret-key"):
            self.passes(r)
            self.fails(dict(r, secret_utf8=r["secret_utf8"] + "x"))
            self.fails(dict(r, hex=flipped(r["hex"], 0)))

    def test_credentials(self):
        sealed = [r for r in self.of_kind("message") if r["name"].startswith("credential/")]
        self.assertGreaterEqual(len(sealed), 6)
        for r in sealed:
            self.passes(*self.keys, r)
            if "sessionKey" in r:
                self.fails(dict(r, sessionKey=flipped(r["sessionKey"], -1)), word="MAC")
            else:
                self.fails(*self.keys, dict(r, key="key/admin-rsa-2048"), word="signature")
                code, lines = run([r])
                self.assertEqual((code, lines[-1]), (0, "0 passed, 0 failed, 1 skipped"), lines)

    def test_what_a_credential_covers(self):
        for r in self.of_kind("message"):
            if not r["name"].startswith("credential/"):
                continue
            newer = r["version"] not in ("2.4",)
            # request id, and the recursion count in the header; the session id with the MAC only
            for at, name, covered in ((11, "requestId", newer), (20 + 14, "recursionCount", True),
                                      (7, "sessionId", newer)):
                data = flipped(r["hex"], at)
                other = dict(r, hex=data, **{name: r[name] ^ 1})
                if covered:
                    self.fails(*self.keys, other, word="credential")
                else:
                    self.passes(*self.keys, other)

    def test_encrypted_messages(self):
        plain = self.by_name["credential/mac-request/v2.8"]
        r = dict(plain, kind="encrypted-message", hex=ENCRYPTED)
        self.passes(r)
        self.passes(dict(r, plaintext=plain["hex"][40:]))
        self.fails(dict(r, plaintext=flipped(plain["hex"][40:], -1)))
        self.fails(dict(r, sessionKey=flipped(r["sessionKey"], 0)), word="cannot decrypt")
        self.fails(dict(r, sessionKey=flipped(r["sessionKey"], 31)), word="MAC")
        self.fails(dict(r, hex=flipped(ENCRYPTED, -1)), word="cannot decrypt")
        self.fails(dict(r, handle="88.300.15907/other"), word="handle")

    def test_answers_of_challenge_groups(self):
        for version in ("2.1", "2.4", "2.7", "2.11"):
            group = [r for r in self.all if r.get("group") == "challenge/v" + version]
            self.assertEqual(len(group), 5)
            self.passes(*self.keys, *group)
            request, challenge, secret, pubkey, _ = group
            self.fails(request, challenge, dict(secret, secret_utf8="s3cret-pas"),
                       word="signedResponse")
            self.fails(*self.keys, request, challenge, dict(pubkey, key="key/admin-rsa-2048"),
                       word="signedResponse")
            nonce = dict(challenge, nonce=flipped(challenge["nonce"], 0),
                         hex=challenge["hex"].replace(challenge["nonce"],
                                                      flipped(challenge["nonce"], 0)))
            self.fails(request, nonce, secret, word="signedResponse")

    def test_peers_verdicts_on_captured_answers(self):
        secrets = self.of_kind("secret-key")
        captured = self.of_kind("captured-message")
        self.passes(*self.keys, *secrets, *captured)
        judged = 0
        for r in captured:
            if r["opCode"] != 200:
                continue
            data = bytes.fromhex(r["hex"])
            # the last byte of the answer, in front of an empty credential where there is one
            at = 20 + 24 + int.from_bytes(data[40:44], "big") - 1
            others = [dict(r, hex=flipped(r["hex"], at)) if o is r else o for o in captured]
            code, lines = run(self.keys + secrets + others)
            reply = next((o for o in captured if o["client"] == r["client"]
                          and o["direction"] == "response" and o["requestId"] == r["requestId"]),
                         None)
            asked = any(o["responseCode"] == 402 and o["client"] == r["client"]
                        and o["sessionId"] == r["sessionId"] for o in captured)
            if asked and reply is not None and reply["responseCode"] != 403:
                judged += 1
                self.assertEqual(code, 1, r["name"])
                self.assertIn(reply["name"], lines[0])
                self.assertIn("took an answer", lines[0])
            else:
                self.assertEqual(code, 0, r["name"])
        self.assertGreaterEqual(judged, 10)

    def test_signature_of_a_real_server_against_its_site_information(self):
        captured = self.of_kind("captured-message")
        signed = next(r for r in captured if r["name"] == "captured/hdllib/086-response")
        site = next(r for r in captured if r["opCode"] == 2 and r["responseCode"] == 1
                    and r["client"] == signed["client"])
        self.passes(site, signed)
        self.fails(site, dict(signed, hex=flipped(signed["hex"], -1)), word="signature")


if __name__ == "__main__":
    unittest.main()
