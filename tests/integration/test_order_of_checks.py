#!/usr/bin/env python3
"""The table of proto/handle.md section 15 asked of a running node: each row mends the fault the row
before was refused for and keeps all later ones, so that the order shows. What the pure functions do
is tried in tests/unit/core/test_op_order.c; here it is the codes a client gets, over TCP and UDP."""

import pathlib
import socket
import struct
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
from handle_talk import (OVERWRITE, OWN, PRIVATE, USUAL, Reply, Secret, Talk, name,  # noqa: E402
                         numbers, string, value, values)

PREFIX = "88.1.2"
PRS = f"0.NA/{PREFIX}"
USER = f"{PREFIX}/user"
PART = f"{PREFIX}/part"
NONE = f"{PREFIX}/none"

NO_REFERRAL = 0x00100000

NOBODY = None
STRANGER = Secret(USER, 2, b"two")
OWNER = Secret(USER, 1, b"one")
SERVER = Secret(f"{PREFIX}/server", 1, b"server")


def admin(index, handle, key, permissions="111111111111"):
    return {"index": index, "type": "HS_ADMIN", "data": {"format": "admin", "value": {
        "handle": handle, "index": key, "permissions": permissions}}}


def secret(index, text):
    return {"index": index, "type": "HS_SECKEY", "permissions": "1100", "data": text}


RECORDS = [
    {"handle": PRS, "values": [admin(100, USER, 1)]},
    {"handle": "0.NA/88.1.3", "values": [admin(100, USER, 0)]},
    {"handle": USER, "values": [secret(1, "one"), secret(2, "two"), secret(3, "three")]},
    {"handle": f"{PREFIX}/server", "values": [secret(1, "server")]},
    {"handle": PART, "values": [
        {"index": 1, "type": "A", "data": "a"},
        {"index": 2, "type": "FIXED", "permissions": "1010", "data": "b"},
        {"index": 3, "type": "OPEN", "permissions": "1111", "data": "c"},
        {"index": 4, "type": "NEVER", "permissions": "0100", "data": "d"},
        {"index": 5, "type": "COST", "permissions": "1100", "data": "e"},
        admin(100, USER, 1)]},
    {"handle": f"{PREFIX}/closed", "values": [
        {"index": 1, "type": "COST", "permissions": "1100", "data": "e"}]},
]
SITE = bytes.fromhex("0001020b00018002" + "00" * 12)
RECORDS += [{"handle": f"0.NA/88.{i}", "values": [
    {"index": 1, "type": kind, "data": {"format": "hex", "value": SITE.hex()}},
    {"index": 2, "type": "DESC", "data": "not told"}]}
    for i, kind in ((5, "HS_SITE"), (6, "HS_SERV"), (8, "HS_SITE.PREFIX"), (9, "HS_NA_DELEGATE"),
                    (10, "DESC"))]
V = value
OPEN_ADMIN = V(3, "HS_ADMIN", struct.pack(">HII", 0xFFF, 0, 0))
NOT_UTF8 = string(PREFIX.encode() + b"/\xff")

# (opcode, body, who, code) with the flags of the reference client, or (..., flags)
ORDER = [
    (1, name("99.9/x") + bytes(8), NOBODY, 301),
    (1, name("") + bytes(8), NOBODY, 100),
    (1, name(NONE) + bytes(8), NOBODY, 100),
    (1, name(PART) + numbers(77) + bytes(4), NOBODY, 200),
    (1, name(f"{PREFIX}/closed") + bytes(8), NOBODY, 200),
    (1, name(f"{PREFIX}/closed") + bytes(8), NOBODY, 402, PRIVATE),
    (1, name(f"{PREFIX}/closed") + bytes(8), STRANGER, 400, PRIVATE),
    (1, name(PART) + numbers(5) + bytes(4), OWNER, 1, PRIVATE),
    (1, name(PART) + numbers(4, 5) + bytes(4), OWNER, 401, PRIVATE),
    (1, name("0.SITE/status") + bytes(8), NOBODY, 200),

    (100, values("99.9/x", V(0, "A", "")), NOBODY, 301),
    (100, values("", V(0, "A", "")), NOBODY, 100),
    (100, NOT_UTF8 + struct.pack(">I", 1) + V(0, "A", ""), NOBODY, 102),
    (100, values(PART, V(0, "A", ""), V(1, "B", ""), V(1, "B", "")), NOBODY, 202),
    (100, values(PART, V(0x80000001, "A", ""), V(1, "B", ""), V(1, "B", "")), NOBODY, 202),
    (100, values(PART, V(1, "B", ""), V(1, "B", "")), NOBODY, 201),
    (100, values(PART, V(1, "B", "")), NOBODY, 101),
    (100, values(PART, V(1, "B", "")), NOBODY, 402, USUAL | OVERWRITE),
    (100, values(PART, V(1, "B", "")), STRANGER, 400, USUAL | OVERWRITE),
    (100, values(NONE, V(1, "B", "")), NOBODY, 402),
    (100, values(NONE, V(1, "B", "")), STRANGER, 400),
    (100, values(f"{PREFIX}/new", V(1, "B", "")), OWNER, 1),
    (100, values("0.NA/88.7.7", V(1, "B", "")), SERVER, 301),
    (100, values(f"{PRS}.7", V(1, "B", "")), STRANGER, 400),
    (100, values(f"{PRS}.7", V(1, "B", "")), OWNER, 1),

    (101, name("99.9/x"), NOBODY, 301),
    (101, name(NONE), NOBODY, 402),  # before existence
    (101, name(NONE), STRANGER, 100),
    (101, name(f"{PREFIX}/closed"), STRANGER, 400),

    (102, values("99.9/x"), NOBODY, 301),
    (102, values(NONE), NOBODY, 202),
    (102, values(NONE, V(0, "A", ""), V(1, "A", ""), V(1, "A", "")), NOBODY, 202),
    (102, values(NONE, V(1, "A", ""), V(1, "A", "")), NOBODY, 201),
    (102, values(NONE, V(1, "A", "")), NOBODY, 402),
    (102, values(NONE, V(1, "A", "")), STRANGER, 100),
    (102, values(PART, V(1, "A", "")), STRANGER, 201),
    (102, values(PART, V(1, "A", "")), STRANGER, 400, USUAL | OVERWRITE),
    (102, values(PART, V(9, "A", "")), STRANGER, 400),
    (102, values(PART, V(9, "A", "")), OWNER, 1),

    (103, name("99.9/x") + numbers(77), NOBODY, 301),
    (103, name(NONE) + numbers(77), NOBODY, 402),
    (103, name(NONE) + numbers(77), STRANGER, 100),
    (103, name(PART) + numbers(9, 77), STRANGER, 200),
    (103, name(PART) + numbers(9), STRANGER, 400),
    (103, name(PART) + numbers(9), OWNER, 1),

    (104, values("99.9/x", V(2, "A", ""), V(77, "A", "")), NOBODY, 301),
    (104, values(NONE, V(2, "A", ""), V(77, "A", "")), NOBODY, 100),
    (104, values(PART, V(2, "A", ""), V(77, "A", "")), NOBODY, 200),
    (104, values(PART, V(2, "A", "")), NOBODY, 401),
    (104, values(PART, V(1, "A", "x"), V(3, "OPEN", "x")), NOBODY, 402),
    (104, values(PART, OPEN_ADMIN), NOBODY, 402),
    (104, values(PART, V(1, "A", "x")), STRANGER, 400),
    (104, values(PART, V(1, "A", "x"), V(1, "A", "y")), OWNER, 202),
    (104, values(PART, V(3, "OPEN", "x", 0x0F)), NOBODY, 1),
    (104, values(PART, V(1, "A", "x")), OWNER, 1),

    (105, name(PRS), NOBODY, 402),
    (105, name(PRS), STRANGER, 400),
    (105, name(PRS), OWNER, 1),
    (105, name(PREFIX), SERVER, 1),

    (300, name("0.NA/88.7.7"), NOBODY, 402),
    (300, name("0.NA/88.7.7"), OWNER, 400),
    (300, name("0.NA/88.7.7"), SERVER, 1),
    (302, name("/"), NOBODY, 402),
    (302, name("/"), OWNER, 400),
    (302, name("/"), SERVER, 1),
    (301, name("0.NA/88.7.7"), NOBODY, 402),
    (301, name("0.NA/88.7.7"), OWNER, 400),
    (301, name("0.NA/88.7.7"), SERVER, 1),
    (301, name("0.NA/88.7.7"), SERVER, 100),

    (401, name("/"), NOBODY, 500),
    (402, string(b"key"), NOBODY, 501),
]


class Order(unittest.TestCase):
    def setUp(self):
        self.node = self.enterContext(node.Node(records=RECORDS, workers=2, settings=[
            f"auth.server_admins=1:{PREFIX}/server"]))

    def ask(self, opcode, body, who=NOBODY, flags=USUAL, version=OWN, address="127.0.0.1"):
        sock = socket.create_connection(("127.0.0.1", self.node.port), 10,
                                        source_address=(address, 0))
        with Talk(self.node, version=version, sock=sock) as talk:
            reply = talk.ask(opcode, body, flags=flags)
            if reply.code != 402 or who is NOBODY:
                return reply
            return talk.ask(200, who.body(reply, talk.sent), session=reply.session)

    def over_udp(self, opcode, body):
        message = struct.pack(">IIIHBBII", opcode, 0, USUAL, 0xFFFF, 0, 0, 2_000_000_000,
                              len(body)) + body + bytes(4)
        return Reply(self.node.udp(bytes([*OWN, *OWN]) + struct.pack(
            ">IIII", 0, 7, 0, len(message)) + message))

    def test_the_first_failure_answers(self):
        for row, (opcode, body, who, code, *flags) in enumerate(ORDER):
            with self.subTest(row=row, opcode=opcode):
                reply = self.ask(opcode, body, who, *flags)
                self.assertEqual((reply.code, reply.opcode), (code, opcode), ORDER[row])

    def test_trailing_bytes_of_a_body_are_ignored(self):
        """Deployed clients send them (H-8)."""
        for row, (opcode, body, who, code, *flags) in enumerate(ORDER):
            with self.subTest(row=row, opcode=opcode):
                self.assertEqual(self.ask(opcode, body + b"\0\0\0\1x", who, *flags).code, code)

    def test_clients_before_2_5_know_two_codes_by_other_numbers(self):
        for version, code in (((2, 0), 201), ((2, 1), 201), ((2, 4), 201), ((2, 5), 202),
                              ((2, 11), 202)):
            with self.subTest(version):
                self.assertEqual(self.ask(102, values(PART), version=version).code, code)

    def test_unknown_operations_come_back_with_their_opcode(self):
        for opcode in (0, 3, 106, 606, 777, 1000, 1001, 1002, 1003, 2000, 0xFFFFFFFF):
            with self.subTest(opcode):
                reply = self.ask(opcode, name(PART) + bytes(12))
                self.assertEqual((reply.code, reply.opcode), (5, opcode))

    def test_who_serves_it_instead_is_told(self):
        """302 with HS_SITE or HS_SERV of a prefix that is not homed here, 303 with what a homed one
        delegates by, and 301 to those who want no referrals or where nothing is known."""
        for prefix in ("88.5", "88.6"):
            self.assertEqual(self.ask(301, name(prefix), SERVER).code, 1)
        for handle, code, kind in (("88.5/x", 302, b"HS_SITE"), ("88.6/x", 302, b"HS_SERV"),
                                   ("88.8.1/x", 303, b"HS_SITE.PREFIX"),
                                   ("88.9.1/x", 303, b"HS_NA_DELEGATE"), ("88.10.1/x", 301, b""),
                                   ("88.11/x", 301, b""), ("88.8/x", 100, b"")):
            with self.subTest(handle):
                body = name(handle) + bytes(8)
                for reply in (self.ask(1, body), self.over_udp(1, body)):
                    self.assertEqual(reply.code, code)
                    self.assertIn(kind, reply.body)
                    self.assertNotIn(b"not told", reply.body)
                plain = self.ask(1, body, flags=USUAL | NO_REFERRAL)
                self.assertEqual(plain.code, 100 if code == 100 else 301)
                self.assertEqual(self.ask(100, values(handle, V(1, "A", ""))).code,
                                 402 if code == 100 else 301)

    def test_udp_is_not_for_administration(self):
        """H-5.1: its interface is for queries alone, so code 4; before it what comes before anybody
        is asked, so that a client learns first whether it asks the right server."""
        for opcode, body, code in (
                (100, values(NONE, V(1, "A", "")), 4), (101, name(PART), 4),
                (102, values(PART, V(9, "A", "")), 4), (103, name(PART) + numbers(1), 4),
                (104, values(PART, V(1, "A", "")), 4), (105, name(PRS), 4),
                (300, name("0.NA/88.7.7"), 4), (301, name(PRS), 4), (302, name("/"), 4),
                (100, values("99.9/x", V(1, "A", "")), 301), (104, values(NONE), 100),
                (777, name("/"), 5), (400, bytes(16), 5), (200, bytes(16), 500)):
            with self.subTest(opcode):
                reply = self.over_udp(opcode, body)
                self.assertEqual((reply.code, reply.opcode), (code, opcode))

    def test_index_0_stands_for_the_key_that_was_right(self):
        """H-11.7: any key of the user; rights are those of the key that was proven."""
        create = [(100, values(f"{PREFIX}/by-{i}", V(1, "A", ""))) for i in range(4)]
        for i, (words, code) in enumerate(((b"one", 1), (b"two", 400), (b"none", 403))):
            with self.subTest(words):
                self.assertEqual(self.ask(*create[i], Secret(USER, 0, words)).code, code)
        self.assertEqual(self.ask(302, name("/"), Secret(f"{PREFIX}/server", 0, b"server")).code, 1)
        # and a reference with index 0 names every key (H-11.9)
        for i in (1, 2, 3):
            who = Secret(USER, i, (b"one", b"two", b"three")[i - 1])
            self.assertEqual(self.ask(100, values(f"88.1.3/by-{i}", V(1, "A", "")), who).code, 1)

    def test_a_challenge_is_for_one_address_and_one_answer(self):
        with Talk(self.node) as talk:
            challenge = talk.ask(101, name(PART))
            right = OWNER.body(challenge, talk.sent)
            sock = socket.create_connection(("127.0.0.1", self.node.port), 10,
                                            source_address=("127.0.0.2", 0))
            with Talk(self.node, sock=sock) as thief:
                self.assertEqual(thief.ask(200, right, session=challenge.session).code, 500)
            self.assertEqual(self.ask(1, name(PART) + bytes(8)).code, 1, "nothing was done")
            self.assertEqual(talk.ask(200, right, session=challenge.session).code, 1,
                             "the thief did not use it up")
            self.assertEqual(talk.ask(200, right, session=challenge.session).code, 500)


if __name__ == "__main__":
    unittest.main()
