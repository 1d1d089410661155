#!/usr/bin/env python3
"""Certified replies and verification for other servers, against a real node and judged by
arithmetic of the test's own (tests/support/handle_crypto.py)."""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import handle_crypto  # noqa: E402
import node  # noqa: E402
from handle_crypto import string  # noqa: E402
from handle_talk import CT, OWN, RD, USUAL, Reply, Secret, Session, Talk, name  # noqa: E402
from session_node import KEY, OWNER, PREFIX, PUBLIC, RECORDS, SECRET, USER, WithNode  # noqa: E402


class Certified(WithNode):
    def ask(self, opcode, body, version=OWN, flags=USUAL | CT | RD):
        with Talk(self.node, version) as talk:
            return talk.ask(opcode, body, flags=flags)

    def test_site_info_tells_the_key(self):
        reply = self.ask(2, name("/"))
        self.is_signed(reply)
        self.assertIn(string(KEY.hs_pubkey), reply.body)

    def test_versions(self):
        for version in ((2, 0), (2, 1), (2, 4), (2, 7), (2, 8), OWN):
            with self.subTest(version):
                reply = self.ask(1, PUBLIC, version)
                self.assertEqual((reply.code, reply.version), (1, version))
                self.is_signed(reply)
        for version in ((2, 5), (2, 6)):
            with self.subTest(version):
                reply = self.ask(1, PUBLIC, version)
                self.assertEqual((reply.code, reply.credential, reply.flags & CT), (1, b"", 0))

    def test_every_kind_of_reply(self):
        self.is_signed(self.ask(1, name(f"{PREFIX}/none") + bytes(8)))
        self.is_signed(self.ask(1, name("99.9/none") + bytes(8)))
        self.is_signed(self.ask(1, name(f"{PREFIX}/big") + bytes(8)))
        self.is_signed(self.ask(777, b""))
        with Talk(self.node) as talk:
            challenge = talk.ask(101, name(f"{PREFIX}/L.010"), flags=USUAL | CT)
            self.assertEqual(challenge.code, 402)
            self.is_signed(challenge)
            done = talk.ask(200, OWNER.body(challenge, talk.sent), flags=USUAL | CT,
                            session=challenge.session)
            self.assertEqual((done.code, done.opcode), (1, 101))
            self.is_signed(done)

    def test_lists(self):
        with Talk(self.node) as talk:
            challenge = talk.ask(105, name(USER), flags=USUAL | CT)
            reply = talk.ask(200, OWNER.body(challenge, talk.sent), session=challenge.session)
            parts = 1
            while reply.flags & 0x04000000:
                self.is_signed(reply)
                reply = talk.receive()
                parts += 1
            self.is_signed(reply)
            self.assertGreaterEqual(parts, 3)
            self.assertEqual(talk.ask(1, PUBLIC).code, 1, "the connection goes on")

    def test_answers_keep_their_order(self):
        with Talk(self.node) as talk:
            ids = [talk.send(1, PUBLIC, flags=USUAL | (CT if i % 3 else 0)) for i in range(30)]
            replies = [talk.receive() for _ in ids]
        self.assertEqual([r.request_id for r in replies], ids)
        for i, reply in enumerate(replies):
            self.assertEqual(bool(reply.credential), bool(i % 3))

    def test_without_being_asked_nothing_is_signed(self):
        with Talk(self.node) as talk:
            self.assertEqual(talk.ask(1, PUBLIC).credential, b"")

    def test_over_udp_nothing_is_signed(self):
        message = struct.pack(">IIIHBBII", 1, 0, USUAL | CT, 0xFFFF, 0, 0, 2_000_000_000,
                              len(PUBLIC)) + PUBLIC + bytes(4)
        envelope = bytes([*OWN, *OWN]) + struct.pack(">IIII", 0, 5, 0, len(message))
        reply = Reply(self.node.udp(envelope + message))
        self.assertEqual((reply.code, reply.credential, reply.flags & CT), (1, b"", 0))

    def test_a_connection_that_closes_meanwhile_harms_nothing(self):
        for _ in range(50):
            with Talk(self.node) as talk:
                talk.send(1, PUBLIC, flags=USUAL | CT)
        self.is_signed(self.ask(1, PUBLIC))


class ForOthers(WithNode):
    """Opcode 201."""

    def body(self, who, data, answer, digest=b"\3" + bytes(range(32))):
        return (name(who.user) + struct.pack(">I", who.index) + string(data) + string(digest) +
                string(answer))

    def verify(self, who=OWNER, version=OWN, nonce=b"n" * 16, digest=bytes(range(32)), code=b"\3",
               answer=None, secret=SECRET):
        answer = answer or handle_crypto.secret_answer(secret, nonce + digest, version)
        with Talk(self.node, version) as talk:
            return talk.ask(201, self.body(who, nonce, answer, code + digest), flags=USUAL | CT)

    def test_right_and_wrong(self):
        for version, digest, code in ((OWN, bytes(32), b"\3"), ((2, 4), bytes(20), b"\2")):
            right = self.verify(version=version, digest=digest, code=code)
            self.assertEqual((right.code, right.body), (1, b"\1"))
            self.is_signed(right)
            wrong = self.verify(version=version, digest=digest, code=code, secret=b"wrong")
            self.assertEqual((wrong.code, wrong.body), (1, b"\0"))

    def test_any_key_of_the_user(self):
        self.assertEqual(self.verify(who=Secret(USER, 0, b""), secret=b"another").body, b"\1")

    def test_nobody_there(self):
        for who in (Secret(f"{PREFIX}/none", 301, b""), Secret(USER, 399, b""),
                    Secret(USER, 100, b"")):
            reply = self.verify(who=who)
            self.assertEqual((reply.code, reply.body), (1, b"\0"))
        self.assertEqual(self.verify(who=Secret("99.9/x", 301, b"")).code, 301)

    def test_what_cannot_be_read(self):
        with Talk(self.node) as talk:
            self.assertEqual(talk.ask(201, b"").code, 4)
            self.assertEqual(talk.ask(201, self.body(OWNER, b"n", b"a", b"\7" + bytes(32))).code, 4)
            reply = talk.ask(201, self.body(OWNER, b"n" * 16, b"\x55junk"))
            self.assertEqual((reply.code, reply.body), (1, b"\0"))


class Keys(unittest.TestCase):
    """site.key_file at start."""

    def refused(self, text, mode, words):
        with tempfile.TemporaryDirectory(prefix="onym-key-") as folder:
            path = pathlib.Path(folder) / "site.pem"
            if text is not None:
                path.write_text(text, "ascii")
                path.chmod(mode)
            it = node.Node(settings=[f"site.key_file={path}"])
            try:
                it.start(wait=False)
                self.assertNotEqual(it.process.wait(20), 0)
                for word in ("site.key_file", *words):
                    self.assertIn(word, it.log())
            finally:
                it.kill()
                it.__exit__(RuntimeError, None, None)

    def test_refusals_say_what_to_do(self):
        self.refused(None, 0, ["site.pem"])
        self.refused("no key\n", 0o600, [])
        self.refused(KEY.pem(), 0o640, [])
        self.refused(self.made("ec"), 0o600, ["EC", "RSA"])

    @staticmethod
    def made(kind):
        with tempfile.TemporaryDirectory(prefix="onym-key-") as folder:
            path = os.path.join(folder, "key.pem")
            done = subprocess.run([node.program("onymctl"), "auth", "key", "gen", "--type", kind,
                                   "--out", path], capture_output=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
            return pathlib.Path(path).read_text("ascii")

    def test_without_a_key_nothing_is_signed(self):
        with node.Node(records=RECORDS, settings=[f"auth.server_admins=301:{USER}"]) as it:
            with Talk(it) as talk:
                reply = talk.ask(1, PUBLIC, flags=USUAL | CT)
                self.assertEqual((reply.code, reply.credential, reply.flags & CT), (1, b"", 0))
                self.assertNotIn(b"RSA_PUB_KEY", talk.ask(2, name("/")).body)
            session = Session(it, OWNER, flags=USUAL | CT)
            self.assertEqual((session.reply.code, session.reply.credential), (1, b""))
            self.assertEqual(session.do(101, name(f"{PREFIX}/L.000"), flags=USUAL | CT).code, 1)


if __name__ == "__main__":
    unittest.main()
