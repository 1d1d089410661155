#!/usr/bin/env python3
"""Deployed clients, acted out against a real node: what the reference library and the national
pointer SDK were recorded to send goes out byte for byte, except ids of challenges, expirations
where they would be in the past, and proofs, which are made anew with the keys of the test. The
older ID-SDK, of which there is no recording, is composed from proto/handle.md section 18."""

import base64
import hashlib
import json
import pathlib
import struct
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import handle_codec  # noqa: E402
import handle_crypto  # noqa: E402
import node  # noqa: E402
from handle_talk import (CT, OVERWRITE, Holder, Reply, Secret, Session, Talk,  # noqa: E402
                         answer_body, challenge_data, name, numbers, value, values)
from session_node import WithNode  # noqa: E402

VECTORS = ROOT / "proto" / "vectors" / "handle-wire.jsonl"
KEY = handle_crypto.Rsa()
HOME = "88.300.15907"
OWNER = f"0.NA/{HOME}"
SECRET = b"s3cret-pass"
VIN = f"{HOME}/VIN-测试-0HS_PUBKEY"
AT = 0x80000000


def admin(index, handle, key_index):
    return {"index": index, "type": "HS_ADMIN", "data": {"format": "admin", "value": {
        "handle": handle, "index": key_index, "permissions": "111111111111"}}}


def pubkey(index, data):
    return {"index": index, "type": "HS_PUBKEY", "data": {"format": "base64",
                                                          "value": base64_of(data)}}


def base64_of(data):
    return base64.b64encode(data).decode()


def public_pem():
    """The public half as national tools store it: a PEM text."""
    der = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a02820101") + \
        b"\0" + KEY.n.to_bytes(256, "big") + bytes.fromhex("0203010001")
    text = base64_of(der)
    return "\n".join(["-----BEGIN PUBLIC KEY-----",
                      *[text[i:i + 64] for i in range(0, len(text), 64)],
                      "-----END PUBLIC KEY-----", ""])


RECORDS = [
    {"handle": OWNER, "values": [
        admin(100, OWNER, 300), admin(101, OWNER, 301), pubkey(300, KEY.hs_pubkey),
        {"index": 301, "type": "HS_SECKEY", "permissions": "1100", "data": SECRET.decode()}]},
    {"handle": VIN, "values": [{"index": 1, "type": "URL", "data": "https://example.cn/part/1"},
                               admin(100, OWNER, 300)]},
    # what the pointer SDK's own examples take for granted (H-18)
    {"handle": "0.NA/88.888.1024", "values": [admin(100, "88.888.1024/admin", 300)]},
    {"handle": "88.888.1024/admin", "values": [
        pubkey(300, public_pem().encode()), pubkey(301, KEY.hs_pubkey)]},
]
SERVER_ADMINS = f"300:{OWNER} 301:{OWNER} 300:88.888.1024/admin 301:88.888.1024/admin"


def recorded(group):
    """The messages of a recording, in order."""
    with VECTORS.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["kind"] == "captured-message" and \
                    record["group"].startswith(f"captured/{group}"):
                record["bytes"] = bytes.fromhex(record["hex"])
                yield record


def pairs(group):
    """Requests with the reply each got."""
    messages = list(recorded(group))
    for request, reply in zip(messages[::2], messages[1::2]):
        assert (request["direction"], reply["direction"]) == ("request", "response")
        assert request["requestId"] == reply["requestId"]
        yield request, reply


def one(recording):
    """A single message of a recording, by the end of its name."""
    with VECTORS.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["name"] == f"captured/{recording}":
                return bytes.fromhex(record["hex"])
    raise KeyError(recording)


def with_session(raw, session):
    return raw[:4] + struct.pack(">I", session) + raw[8:]


def sent_part(raw):
    """Header and body of a message: what a digest covers."""
    (length,) = struct.unpack(">I", raw[40:44])
    return raw[20:44 + length]


def exchange(sock, raw):
    sock.sendall(raw)
    return Reply(node.read_message(sock))


def answered(raw, session, body):
    """A recorded opcode-200 message with another proof in it; its envelope and header stay."""
    tail = raw[44 + struct.unpack(">I", raw[40:44])[0]:]  # the credential field, where there is one
    message = raw[20:40] + struct.pack(">I", len(body)) + body + tail
    return raw[:4] + struct.pack(">I", session) + raw[8:16] + struct.pack(
        ">I", len(message)) + message


def fields(message):
    """A reply's fields as a recording and ours can be compared."""
    out = handle_codec.decode_message(message)
    for key in ("expiration", "siteInfoSerial", "signature", "credential", "message", "nonce",
                "sessionId", "site"):
        out.pop(key, None)
    for v in out.get("values", []):
        v.pop("timestamp")
    return out


class Dialogue(WithNode):
    """Each test has a node of its own: recordings make, home and unhome."""

    records = RECORDS
    admins = SERVER_ADMINS

    @classmethod
    def setUpClass(cls):
        cls.make_key()

    def setUp(self):
        self.node = self.make_node()
        self.addCleanup(lambda: self.node.__exit__(None, None, None))
        self.node.start()

    def same(self, request, got, want, but=()):
        """Ours says what the recorded reply to that request says."""
        ours, theirs = fields(got.raw), fields(want)
        for key in but:
            ours.pop(key, None)
            theirs.pop(key, None)
        self.assertEqual(ours, theirs, request["name"])


class ReferenceLibrary(Dialogue):
    """hdllib 9.2.0: a connection for each request, no session."""

    def send(self, raw):
        with self.node.tcp_connect(10) as sock:
            return exchange(sock, raw)

    def prove(self, challenge, request, recorded_answer, who):
        self.assertGreater(challenge.session, 0)
        return self.send(answered(recorded_answer, challenge.session,
                                  who.body(challenge, sent_part(request))))

    def play(self, group, skip=()):
        """Plays a recording; challenges that were left unanswered there are left so here."""
        open_challenge = None
        for request, reply in pairs(group):
            if request["name"].endswith(skip):
                continue
            raw = request["bytes"]
            if request["opCode"] == 200:
                proof = handle_codec.decode_message(raw)
                who = Holder(OWNER, 300, KEY) if proof["authType"] == "HS_PUBKEY" else \
                    Secret(OWNER, 301, SECRET)
                self.assertEqual((proof["userHandle"], proof["userIndex"]),
                                 (who.user, who.index))
                got = self.prove(*open_challenge, raw, who)
                self.assertEqual(got.session, 0)
            else:
                got = self.send(raw)
            if got.code == 402:
                open_challenge = (got, raw)
            yield request, reply["bytes"], got

    def test_values_with_a_public_key(self):
        for request, want, got in self.play("hdllib/1"):
            self.same(request, got, want)
        # the recording ends with an unanswered challenge: answer it
        remove = one("hdllib/029-request")
        done = self.prove(self.send(remove), remove, one("hdllib/017-request"),
                          Holder(OWNER, 300, KEY))
        self.assertEqual((done.code, done.opcode), (1, 103))

    def test_prefixes_with_a_public_key(self):
        # its first request is not in the recording; the other recording has the same one
        asked = one("hdllib/117-request")
        listed = self.prove(self.send(asked), asked, one("hdllib/047-request"),
                            Holder(OWNER, 300, KEY))
        self.assertIn(OWNER, handle_codec.decode_message(listed.raw)["handles"])
        for request, want, got in self.play("hdllib/3", skip=("047-request",)):
            self.same(request, got, want)
        private = one("hdllib/061-request")
        found = self.prove(self.send(private), private, one("hdllib/051-request"),
                           Holder(OWNER, 300, KEY))
        self.assertEqual(found.code, 1)
        self.assertIn(SECRET, found.body)

    def test_records_with_a_secret(self):
        made = f"{HOME}/VIN-测试-0HS_SECKEY"
        for request, want, got in self.play("hdllib/5"):
            self.same(request, got, want)
            if request["name"].endswith("085-request"):  # asked to be certified
                _, kind, hash_name, signature = got.proof()
                self.assertEqual((kind, hash_name), (b"HS_SIGNED", b"SHA-256"))
                self.assertTrue(got.flags & CT and KEY.verifies(got.covered(0), signature))
                self.assertEqual(Reply(want).proof()[:3], got.proof()[:3])
        # between the two recordings a value was removed again
        with Talk(self.node) as talk:
            challenge = talk.ask(103, name(made) + numbers(5))
            removed = self.send(answered(one("hdllib/089-request"), challenge.session, Secret(
                OWNER, 301, SECRET).body(challenge, talk.sent)))
            self.assertEqual((removed.code, removed.opcode), (1, 103))
        for request, want, got in self.play("hdllib/7"):
            if request["name"].endswith(("115-request", "119-request")):
                mine = handle_codec.decode_message(got.raw)["handles"]
                theirs = handle_codec.decode_message(want)["handles"]
                self.assertLessEqual(set(theirs) - {"0.NA/0.NA"}, set(mine))
                self.same(request, got, want, but=("handles",))
            else:
                self.same(request, got, want)
        # deletion with the wrong secret, and with the right one
        with Talk(self.node) as talk:
            challenge = talk.ask(101, name(made))
            raw = one("hdllib/143-request")
            wrong = self.send(answered(raw, challenge.session, Secret(
                OWNER, 301, b"wrong").body(challenge, talk.sent)))
            self.same({"name": "143-request"}, wrong, one("hdllib/144-response"))
            challenge = talk.ask(101, name(made))
            right = self.send(answered(raw, challenge.session, Secret(
                OWNER, 301, SECRET).body(challenge, talk.sent)))
            self.assertEqual((right.code, right.opcode), (1, 101))

    def test_site_information(self):
        got = self.send(one("hdllib/145-request"))
        self.same({"name": "145-request"}, got, one("hdllib/146-response"))
        site = handle_codec.decode_message(got.raw)["site"]
        server = site["servers"][0]
        self.assertEqual(bytes.fromhex(server["publicKey"]), KEY.hs_pubkey)
        self.assertEqual((server["interfaces"][0]["type"], server["interfaces"][0]["protocol"]),
                         (3, 1), "TCP for everything, first")


class PointerSdk(Dialogue):
    """id-pointer-sdk 2.3.1: connections that stay, a session id announced on each."""

    def setUp(self):
        super().setUp()
        self.sock = {}
        self.addCleanup(lambda: [s.close() for s in self.sock.values()])

    def play(self, user=None, index=300):
        """The whole recording; user: somebody else logs in, whose name takes the recorded one's
        place in the two messages of the login."""
        asked = None
        for request, reply in pairs("id-pointer-sdk"):
            raw, on = request["bytes"], request["sessionId"]
            if on not in self.sock:
                self.sock[on] = self.node.tcp_connect(10)
            if request["opCode"] == 200:
                challenge, sent = asked
                self.assertEqual(challenge.session, on, "the announced id")
                who = Holder(user or OWNER, index, KEY)
                raw = answered(raw, on, who.body(challenge, sent_part(sent)))
            if request["opCode"] == 2001 and user:
                raw = answered(raw, on, name(user) + struct.pack(">I", index))
            got = exchange(self.sock[on], raw)
            asked = (got, raw) if got.code == 402 else None
            self.assertEqual((got.session, got.request_id), (on, request["requestId"]))
            self.assertEqual((got.opcode, got.code), (
                struct.unpack(">II", reply["bytes"][20:28])), request["name"])
            yield request, reply["bytes"], got

    def test_the_recorded_dialogue(self):
        # the recorded peer copied no flags, kept to 2.10, answered a create without the name, and
        # put the digest of the answer into the reply to it: H-11.1 wants that of the login
        but = ("opFlags", "flags", "version", "handle", "body")
        login = None
        for request, want, got in self.play():
            if request["opCode"] == 2001:
                login = hashlib.sha256(sent_part(request["bytes"])).digest()
            if request["opCode"] == 200:
                self.assertEqual(got.digest, login)
                self.same(request, got, want, but=(*but, "requestDigest"))
            else:
                self.same(request, got, want, but=but)
            self.assertEqual(got.flags & (AT | OVERWRITE),
                             struct.unpack(">I", want[28:32])[0] & (AT | OVERWRITE))

    def test_the_user_of_the_sdk_s_own_examples(self):
        for _ in self.play("88.888.1024/admin", 300):  # a PEM text
            pass

    def test_the_same_user_with_a_key_in_the_reference_form(self):
        for _ in self.play("88.888.1024/admin", 301):  # RSA_PUB_KEY
            pass

    def test_homing_another_prefix(self):
        sock = self.log_in(10077, "88.888.1024/admin")
        for opcode, code in ((300, 1), (301, 1)):
            body = name("88.888.2048")
            raw = answered(one("id-pointer-sdk/07-request"), 10077, body)
            raw = raw[:20] + struct.pack(">I", opcode) + raw[24:]
            self.assertEqual(exchange(sock, raw).code, code)

    def log_in(self, session, user, index=300):
        """A connection with an announced id of its own, logged in."""
        sock = self.sock[session] = self.node.tcp_connect(10)
        self.assertEqual(exchange(sock, with_session(one("id-pointer-sdk/01-request"),
                                                     session)).code, 1)
        login = answered(one("id-pointer-sdk/03-request"), session,
                         name(user) + struct.pack(">I", index))
        challenge = exchange(sock, login)
        done = exchange(sock, answered(one("id-pointer-sdk/05-request"), session, Holder(
            user, index, KEY).body(challenge, sent_part(login))))
        self.assertEqual((done.code, done.opcode, done.session), (1, 2001, session))
        return sock

    def test_two_clients_with_the_same_ids(self):
        self.log_in(10001, "88.888.1024/admin")
        stranger = self.node.tcp_connect(10)
        self.addCleanup(stranger.close)
        self.assertEqual(exchange(stranger, one("id-pointer-sdk/01-request")).code, 1)
        self.assertEqual(exchange(stranger, one("id-pointer-sdk/31-request")).code, 402,
                         "the login belongs to the other connection")

    def test_a_wrong_key_does_not_log_in(self):
        self.sock[10005] = sock = self.node.tcp_connect(10)
        exchange(sock, with_session(one("id-pointer-sdk/01-request"), 10005))
        login = with_session(one("id-pointer-sdk/03-request"), 10005)
        challenge = exchange(sock, login)
        self.assertEqual(challenge.code, 402)
        # the recorded proof itself: right form, another nonce
        failed = exchange(sock, with_session(one("id-pointer-sdk/05-request"), 10005))
        self.assertEqual((failed.code, failed.opcode), (403, 2001))
        self.assertEqual(exchange(sock, with_session(one("id-pointer-sdk/07-request"),
                                                     10005)).code, 402)

    def test_an_sdk_without_login(self):
        """Plain operations under session id 0, and its keep-alive."""
        with self.node.tcp_connect(10) as sock:
            made = exchange(sock, with_session(one("id-pointer-sdk/09-request"), 0))
            self.assertEqual((made.code, made.opcode), (402, 100))
            alive = answered(one("id-pointer-sdk/23-request"), 0, name("0") + bytes(12))
            self.assertIn(exchange(sock, alive).code, (100, 301))


class IdSdk(Dialogue):
    """The older SDK 2.0.3, composed: 2.3 outside and 2.10 suggested, flags 0, one connection."""

    def test_login_and_everything_else(self):
        who = Holder(OWNER, 300, KEY)
        made = f"{HOME}/id-sdk"
        with Talk(self.node, (2, 3), (2, 10)) as talk:
            site = talk.ask(2, name("/"), flags=0)
            self.assertEqual((site.code, site.version), (1, (2, 10)))
            asked = talk.ask(2001, name(who.user) + struct.pack(">I", who.index), flags=0)
            self.assertEqual((asked.code, asked.version), (402, (2, 10)))
            self.assertNotEqual(asked.session, 0)
            proof = answer_body(b"HS_PUBKEY", who.user, who.index,
                                who.rsa.answer(challenge_data(asked, talk.sent)))
            talk.version = asked.version   # as that SDK does
            done = talk.ask(200, proof, flags=0, session=asked.session)
            self.assertEqual((done.code, done.opcode, done.session), (1, 2001, 0))
            talk.version = (2, 3)
            for opcode, body in ((100, values(made, value(1, "URL", "a"))),
                                 (102, values(made, value(2, "EMAIL", "b"))),
                                 (104, values(made, value(2, "EMAIL", "c"))),
                                 (103, name(made) + numbers(1))):
                self.assertEqual(talk.ask(opcode, body, flags=0).code, 1, opcode)
            found = handle_codec.decode_message(talk.ask(1, name(made) + bytes(8), flags=0).raw)
            self.assertEqual([(v["index"], v["data_utf8"]) for v in found["values"]], [(2, "c")])
            own = talk.ask(1, name(OWNER) + bytes(8), flags=0)
            self.assertEqual(own.code, 1)
            self.assertIn(SECRET, own.body, "it is proven and may read")
            self.assertEqual(talk.ask(101, name(made), flags=0).code, 1)

    def test_a_look_up_without_login_gets_the_public_values(self):
        with Talk(self.node, (2, 3), (2, 10)) as talk:
            found = talk.ask(1, name(OWNER) + bytes(8), flags=0)
            self.assertEqual(found.code, 1)
            self.assertNotIn(SECRET, found.body)
            self.assertIn(b"HS_PUBKEY", found.body)


class ReferenceLibraryInSession(Dialogue):
    """The same library with sessions switched on: the setup asks for a signature, checks it with
    the key of HS_SITE, and everything after it carries a MAC."""

    def test_recorded_bodies_in_a_session(self):
        session = Session(self.node, Holder(OWNER, 300, KEY), flags=0x19000000 | CT)
        self.assertEqual(session.reply.code, 1)
        _, kind, _, signature = session.reply.proof()
        self.assertEqual(kind, b"HS_SIGNED")
        self.assertTrue(KEY.verifies(session.reply.covered(0), signature))
        made = f"{HOME}/VIN-测试-0HS_SECKEY"
        for recording, code in (("079", 1), ("083", 101), ("085", 1), ("087", 1), ("091", 201),
                                ("111", 1), ("113", 1), ("117", 1), ("121", 1), ("125", 1),
                                ("061", 1)):
            raw = one(f"hdllib/{recording}-request")
            opcode, _, flags = struct.unpack(">III", raw[20:32])
            with self.subTest(recording):
                got = session.do(opcode, sent_part(raw)[24:], flags=flags)
                self.assertEqual((got.code, got.opcode), (code, opcode))
                self.assertEqual(got.encrypted, recording == "061", "private values")
        self.assertEqual(session.do(101, name(made)).code, 1)
        self.assertEqual(session.ask(401, name("/")).code, 1)


if __name__ == "__main__":
    unittest.main()
