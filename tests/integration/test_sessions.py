#!/usr/bin/env python3
"""Sessions against a real node, judged by arithmetic of the test's own
(tests/support/handle_crypto.py)."""

import pathlib
import struct
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import handle_crypto  # noqa: E402
from handle_crypto import string  # noqa: E402
from handle_talk import (CT, ENC, OWN, PRIVATE, RD, SESSION_BIT, USUAL, Reply,  # noqa: E402
                         Secret, Session, Talk, name, numbers, setup_body, value, values)
from session_node import CHOSEN, KEY, OTHER, OWNER, PREFIX, PUBLIC, USER, WithNode  # noqa: E402


class Setup(WithNode):
    def test_the_reply_names_a_session_and_is_signed_by_the_site(self):
        session = Session(self.node, OWNER, flags=USUAL | CT)
        self.assertEqual((session.reply.code, session.reply.opcode), (1, 400))
        self.assertTrue(session.id & SESSION_BIT)
        self.is_signed(session.reply)
        self.assertFalse(session.reply.encrypted)

    def test_versions(self):
        for version, code in (((2, 1), 501), ((2, 3), 501), ((2, 4), 1), ((2, 5), 501),
                              ((2, 6), 501), ((2, 7), 1), ((2, 8), 1), ((2, 10), 1), ((2, 11), 1)):
            with self.subTest(version):
                session = Session(self.node, OWNER, version=version)
                self.assertEqual(session.reply.code, code)
                if code == 1:
                    self.assertEqual(session.ask(1, PUBLIC).code, 1)
                    self.assertEqual(session.do(1, CHOSEN, flags=PRIVATE).code, 1)
                else:
                    self.assertIn("2.4, 2.7", session.reply.text())

    def test_refusals_are_told_apart(self):
        group = handle_crypto.DiffieHellman()
        short = handle_crypto.DiffieHellman(p=(1 << 1022) + 981)
        even = handle_crypto.DiffieHellman(p=handle_crypto.GROUP_1024 + 1)
        one = handle_crypto.DiffieHellman()
        one.y = 1
        with Talk(self.node) as talk:
            for what, body, code in (
                    ("1023 bits", setup_body(short), 501),
                    ("an even group", setup_body(even), 501),
                    ("a key that gives the secret away", setup_body(one), 501),
                    ("mode 1", setup_body(group, mode=1), 501),
                    ("mode 2", struct.pack(">HI", 2, 60) + name("") + bytes(4), 501),
                    ("mode 3", struct.pack(">HI", 3, 60) + name("") + bytes(4) + name("a/b") +
                     bytes(4), 501),
                    ("mode 9", setup_body(group, mode=9), 501),
                    ("no DH key", struct.pack(">HI", 4, 60) + name("") + bytes(4) +
                     string(KEY.hs_pubkey), 504),
                    ("cut short", setup_body(group)[:40], 504),
                    ("nothing", b"", 504)):
                with self.subTest(what):
                    self.assertEqual(talk.ask(400, body).code, code)
            self.assertEqual(talk.ask(400, setup_body(group, tail=b"")).code, 1,
                             "the two unused bytes may be missing")
            self.assertEqual(talk.ask(402, string(b"key")).code, 501)

    def test_a_group_of_2048_bits(self):
        session = self.open(group=handle_crypto.DiffieHellman(handle_crypto.GROUP_2048))
        self.assertEqual(session.do(102, values(f"{PREFIX}/L.000", value(1, "D", "x"))).code, 1)

    def test_over_udp_nothing_is_opened(self):
        body = setup_body(handle_crypto.DiffieHellman())
        message = struct.pack(">IIIHBBII", 400, 0, USUAL, 0xFFFF, 0, 0, 2_000_000_000,
                              len(body)) + body + bytes(4)
        envelope = bytes([2, 11, 2, 11]) + struct.pack(">IIII", 0, 5, 0, len(message))
        self.assertEqual(Reply(self.node.udp(envelope + message)).code, 5)


class Inside(WithNode):
    def test_who_is_proven_once_and_every_message_is_on_another_connection(self):
        session = self.open()
        for i in range(12):  # two workers: many of these reach the one that did not open it
            handle = f"{PREFIX}/made-{i}"
            body = values(handle, value(1, "URL", "a"))
            if i == 0:
                self.assertEqual(session.ask(100, body).code, 402)
                self.assertEqual(session.do(100, body).code, 1)
            else:
                made = session.ask(100, body)
                self.assertEqual((made.code, made.opcode, made.session), (1, 100, session.id))
        self.assertEqual(session.ask(104, values(handle, value(1, "URL", "b"))).code, 1)
        self.assertEqual(session.ask(103, name(handle) + numbers(1)).code, 1)
        self.assertEqual(session.ask(101, name(handle)).code, 1)
        self.assertEqual(session.ask(1, name(handle) + bytes(8)).code, 100)

    def test_the_challenge_comes_under_the_session(self):
        session = self.open()
        challenge = session.ask(101, name(f"{PREFIX}/L.001"))
        self.assertEqual((challenge.code, challenge.session), (402, session.id))

    def test_errors_of_proof(self):
        session = self.open()
        session.who = Secret(USER, 301, b"wrong")
        self.assertEqual(session.do(101, name(f"{PREFIX}/L.002")).code, 403)
        self.assertEqual(session.ask(101, name(f"{PREFIX}/L.002")).code, 402, "still a stranger")

    def test_somebody_else_than_announced_is_asked_each_time(self):
        session = self.open(who=OTHER)
        session.who = OWNER
        self.assertEqual(session.do(101, name(f"{PREFIX}/L.003")).code, 1)
        self.assertEqual(session.ask(101, name(f"{PREFIX}/L.004")).code, 402)

    def test_a_session_without_identity_is_asked_each_time(self):
        session = self.open(who=None)
        session.who = OWNER
        self.assertEqual(session.do(101, name(f"{PREFIX}/L.005")).code, 1)
        self.assertEqual(session.ask(101, name(f"{PREFIX}/L.006")).code, 402)

    def somebody(self, tag, *indexes):
        """A user with keys at those indexes; the first has a session in which it is proven."""
        user = f"{PREFIX}/{tag}"
        owner = self.open()
        self.assertEqual(owner.do(100, values(user, *(
            value(i, "HS_SECKEY", f"pass-{i}", 12) for i in indexes), value(9, "D", "x"))).code, 1)
        session = self.open(who=Secret(user, indexes[0], f"pass-{indexes[0]}".encode()))
        self.assertEqual(session.do(101, name(f"{PREFIX}/L.007")).code, 400)
        self.assertEqual(session.ask(101, name(f"{PREFIX}/L.007")).code, 400, "proven")
        return owner, user, session

    def ended(self, session):
        self.assertEqual(session.ask(1, PUBLIC).code, 500)
        self.assertEqual(session.ask(101, name(f"{PREFIX}/L.007")).code, 500)

    def test_a_session_ends_with_its_key(self):
        for tag, opcode, tail in (("changed", 104, struct.pack(">I", 1) +
                                   value(1, "HS_SECKEY", "another", 12)),
                                  ("removed", 103, numbers(1)), ("deleted", 101, b"")):
            with self.subTest(tag):
                owner, user, session = self.somebody(tag, 1, 2)
                self.assertEqual(owner.ask(104, values(user, value(9, "D", "y"),
                                                       value(2, "HS_SECKEY", "z", 12))).code, 1)
                self.assertEqual(session.ask(101, name(f"{PREFIX}/L.007")).code, 400, "no matter")
                self.assertEqual(owner.ask(opcode, name(user) + tail).code, 1)
                self.ended(session)

    def test_a_login_ends_with_its_key(self):
        owner, user, _ = self.somebody("login", 1)
        who = Secret(user, 1, b"pass-1")
        with Talk(self.node, (2, 10), session=10001) as talk:
            self.assertEqual(talk.ask(2, name("/")).code, 1)
            asked = talk.ask(2001, name(user) + struct.pack(">I", 1), flags=0x10800000)
            self.assertEqual(talk.ask(200, who.body(asked, talk.sent)).code, 1)
            self.assertEqual(talk.ask(101, name(f"{PREFIX}/L.007")).code, 400)
            self.assertEqual(owner.ask(103, name(user) + numbers(1)).code, 1)
            self.assertEqual(talk.ask(101, name(f"{PREFIX}/L.007")).code, 402, "a stranger")

    def test_any_key_of_a_user_proves_one(self):
        """Index 0 names none: the session stands on the one that was right."""
        owner, user, _ = self.somebody("any", 1, 2)
        session = self.open(who=Secret(user, 0, b"pass-2"))
        self.assertEqual(session.do(101, name(f"{PREFIX}/L.007")).code, 400)
        self.assertEqual(owner.ask(103, name(user) + numbers(1)).code, 1)
        self.assertEqual(session.ask(101, name(f"{PREFIX}/L.007")).code, 400)
        self.assertEqual(owner.ask(103, name(user) + numbers(2)).code, 1)
        self.ended(session)

    def test_messages_that_are_not_its_own_are_rejected(self):
        session = self.open()
        self.assertEqual(session.ask(1, PUBLIC).code, 1)
        with self.subTest("again"), session.talk() as talk:
            reply = talk.ask(1, PUBLIC, seal=session.seal(counter=1))
            self.assertEqual((reply.code, reply.credential), (505, b""))
        with self.subTest("counter 0"), session.talk() as talk:
            self.assertEqual(talk.ask(1, PUBLIC, seal=session.seal(counter=0)).code, 505)
        with self.subTest("another key"), session.talk() as talk:
            self.assertEqual(talk.ask(1, PUBLIC, seal=session.seal(key=bytes(32))).code, 505)
        with self.subTest("no MAC"), session.talk() as talk:
            self.assertEqual(talk.ask(1, PUBLIC).code, 505)
        with self.subTest("get-site-info without MAC"), session.talk() as talk:
            self.assertEqual(talk.ask(2, name("/")).code, 505)
        with self.subTest("MAC of another version"), session.talk() as talk:
            self.assertEqual(talk.ask(1, PUBLIC, seal=session.seal(version=(2, 7))).code, 505)
        with self.subTest("MAC for another session"):
            other = self.open()
            with session.talk() as talk:
                self.assertEqual(talk.ask(1, PUBLIC, session=other.id, seal=session.seal()).code,
                                 505)
        with self.subTest("a signature instead"), session.talk() as talk:
            tail = string(b"SHA-256") + string(bytes(256))
            field = bytes(12) + string(b"HS_SIGNED") + struct.pack(">I", len(tail)) + tail
            self.assertEqual(talk.ask(1, PUBLIC, seal=lambda *_: field).code, 505)
        with self.subTest("a credential that is none"), session.talk() as talk:
            self.assertEqual(talk.ask(1, PUBLIC, seal=lambda *_: b"\0" * 7).code, 505)
        self.assertEqual(session.ask(1, PUBLIC).code, 1, "the session lives on")

    def test_the_window_of_counters(self):
        session = self.open()
        self.assertEqual(session.ask(1, PUBLIC, counter=500).code, 1)
        self.assertEqual(session.ask(1, PUBLIC, counter=301).code, 1)
        for counter in (301, 300, 500):
            self.assertEqual(session.ask(1, PUBLIC, counter=counter).code, 505)
        # a wrong MAC must not move it
        with session.talk() as talk:
            self.assertEqual(talk.ask(1, PUBLIC, seal=session.seal(counter=100000,
                                                                   key=bytes(32))).code, 505)
        self.assertEqual(session.ask(1, PUBLIC, counter=302).code, 1)

    def test_unknown_sessions(self):
        session = self.open()
        stranger = session.id ^ 1
        with Talk(self.node) as talk:
            for opcode in (1, 2, 101, 200, 401):
                with self.subTest(opcode):
                    self.assertEqual(talk.ask(opcode, PUBLIC, session=stranger).code, 500)
            self.assertEqual(talk.ask(1, PUBLIC, session=0x7F800001).code, 500,
                             "a worker that is not there")

    def test_the_end(self):
        session = self.open()
        with session.talk() as talk:
            self.assertEqual(talk.ask(401, name("/")).code, 505, "a stranger does not end it")
        ended = session.ask(401, name("/"))
        self.assertEqual((ended.code, ended.session), (1, session.id))
        self.assertTrue(ended.credential, "the last reply still has its MAC")
        self.assertEqual(session.ask(1, PUBLIC).code, 500)
        self.assertEqual(session.ask(401, name("/")).code, 500)

    def test_idle_sessions_end_when_they_asked_to(self):
        session = self.open(timeout=1)
        self.assertEqual(session.ask(1, PUBLIC).code, 1)
        time.sleep(3.1)
        self.assertEqual(session.ask(1, PUBLIC).code, 500)

    def test_private_values(self):
        for version in (OWN, (2, 7), (2, 4)):
            with self.subTest(version):
                session = self.open(version=version)
                found = session.do(1, CHOSEN, flags=PRIVATE)
                self.assertEqual(found.code, 1)
                self.assertIn(b"forty-two", found.body)
                self.assertEqual(found.encrypted, version >= (2, 8), "H-13.6")
                self.assertFalse(session.ask(1, PUBLIC).encrypted)
        stranger = self.open(who=OTHER)
        self.assertEqual(stranger.do(1, CHOSEN, flags=PRIVATE).code, 400)

    def test_encryption(self):
        for version in (OWN, (2, 4)):
            with self.subTest(version):
                session = self.open(version=version)
                handle = f"{PREFIX}/sealed-{version[1]}"
                made = session.do(100, values(handle, value(1, "URL", "a")), flags=USUAL | ENC,
                                  encrypt=True)
                self.assertEqual((made.code, made.encrypted), (1, True))
                plain = session.ask(1, name(handle) + bytes(8), encrypt=True)
                self.assertEqual((plain.code, plain.encrypted), (1, False))
                sealed = session.ask(1, name(handle) + bytes(8), flags=USUAL | ENC | CT | RD)
                self.assertEqual((sealed.code, sealed.encrypted), (1, True))
                self.assertTrue(sealed.flags & CT)
                big = session.ask(1, name(f"{PREFIX}/big") + bytes(8), flags=USUAL | ENC)
                self.assertEqual((big.code, big.encrypted), (1, True))
                self.assertGreater(len(big.body), 40000)

    def test_what_cannot_be_opened_is_rejected_alike(self):
        session = self.open()
        good = session.encrypt(b"x" * 100)
        for what, cipher in (("padding", good[:-1] + bytes([good[-1] ^ 1])), ("cut", good[:-3]),
                             ("an IV only", good[:16]), ("nothing", b""), ("no message", good),
                             ("another key", handle_crypto.Aes(bytes(16)).encrypt(b"y" * 64))):
            with self.subTest(what), session.talk() as talk:
                reply = talk.ask(1, b"", encrypt=lambda _, c=cipher: c)
                self.assertEqual((reply.code, reply.credential), (505, b""))
        with Talk(self.node) as talk:
            self.assertEqual(talk.ask(1, b"", encrypt=lambda _: good).code, 500)
            self.assertEqual(talk.ask(1, b"", session=session.id ^ 1,
                                      encrypt=lambda _: good).code, 500)

    def test_lists_have_a_counter_for_each_part(self):
        session = self.open()
        session.do(101, name(f"{PREFIX}/L.007"))
        parts = 0
        with session.talk() as talk:
            talk.send(105, name(USER), flags=USUAL | CT | ENC, seal=session.seal())
            while True:
                reply = session.check(talk.receive(session.key))
                self.assertEqual((reply.code, reply.encrypted), (1, True))
                parts += 1
                if not reply.flags & 0x04000000:
                    break
        self.assertGreaterEqual(parts, 3)

    def test_over_udp(self):
        session = self.open()
        session.counter += 1

        def packet(counter, flags=USUAL):
            message = struct.pack(">IIIHBBII", 1, 0, flags, 0xFFFF, 0, 0, 2_000_000_000,
                                  len(PUBLIC)) + PUBLIC
            field = session.seal(counter)(session.id, 9, message)
            message += string(field)
            return bytes([*OWN, *OWN]) + struct.pack(">IIII", session.id, 9, 0,
                                                     len(message)) + message

        found = session.check(Reply(self.node.udp(packet(1)), session.key))
        self.assertEqual(found.code, 1)
        sealed = session.check(Reply(self.node.udp(packet(2, USUAL | ENC)), session.key))
        self.assertEqual((sealed.code, sealed.encrypted), (1, True))
        self.assertEqual(Reply(self.node.udp(packet(2))).code, 505)

    def test_the_floods_of_one_address_push_out_their_own(self):
        proven = self.open()
        self.assertEqual(proven.do(101, name(f"{PREFIX}/L.008")).code, 1)
        body = setup_body(handle_crypto.DiffieHellman(x=3))
        first = None
        with Talk(self.node) as talk:  # one connection, one worker: 256 of an address
            for i in range(260):
                reply = talk.ask(400, body)
                self.assertEqual(reply.code, 1)
                first = first or reply.session
            self.assertEqual(talk.ask(1, PUBLIC, session=first).code, 500)
            self.assertEqual(talk.ask(1, PUBLIC, session=reply.session).code, 505)
        self.assertEqual(proven.ask(101, name(f"{PREFIX}/L.009")).code, 1)

    def test_many_at_once(self):
        failures = []

        def work(number):
            try:
                session = Session(self.node, OWNER)
                for i in range(10):
                    handle = f"{PREFIX}/many-{number}-{i}"
                    made = session.do(100, values(handle, value(1, "URL", "a")))
                    gone = session.do(101, name(handle), flags=USUAL | ENC | CT)
                    if (made.code, gone.code) != (1, 1):
                        failures.append((number, i, made.code, gone.code))
            except Exception as error:  # noqa: BLE001: told by the main thread
                failures.append((number, repr(error)))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60)
        self.assertEqual(failures, [])


class Floor(WithNode):
    settings = ("auth.dh_bits_min=2048", "auth.allow_sha1=no")

    def test_the_floor_counts(self):
        small = Session(self.node, OWNER)
        self.assertEqual(small.reply.code, 501)
        self.assertIn("auth.dh_bits_min", small.reply.text())
        big = Session(self.node, OWNER, group=handle_crypto.DiffieHellman(handle_crypto.GROUP_2048))
        self.assertEqual(big.reply.code, 1)

    def test_without_sha1_there_is_no_session_at_2_4(self):
        group = handle_crypto.DiffieHellman(handle_crypto.GROUP_2048)
        self.assertEqual(Session(self.node, OWNER, version=(2, 4), group=group).reply.code, 501)


if __name__ == "__main__":
    unittest.main()
