#!/usr/bin/env python3
"""Administration over TCP by challenge and answer, acted out with an independent codec and
independent arithmetic: the dialogues of deployed clients against the real node."""

import hashlib
import hmac
import pathlib
import struct
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import handle_codec  # noqa: E402
import handle_encode  # noqa: E402
import node  # noqa: E402

PREFIX = "88.1.2"
USER = f"0.NA/{PREFIX}"
SECRET = b"s3cret-pass"
OTHER_SECRET = b"another-one"


def admin_value(index, handle, key_index, permissions="111111111111"):
    return {"index": index, "type": "HS_ADMIN", "data": {
        "format": "admin", "value": {"handle": handle, "index": key_index,
                                     "permissions": permissions}}}


RECORDS = [
    {"handle": USER, "values": [
        admin_value(100, USER, 301),
        {"index": 301, "type": "HS_SECKEY", "permissions": "1100", "data": SECRET.decode()},
        {"index": 302, "type": "HS_SECKEY", "permissions": "1100",
         "data": hashlib.sha1(OTHER_SECRET).hexdigest()},
    ]},
    {"handle": f"{PREFIX}/private", "values": [
        {"index": 1, "type": "URL", "data": "open"},
        {"index": 2, "type": "COST", "permissions": "1100", "data": "42"},
        {"index": 3, "type": "NEVER", "permissions": "0000", "data": "x"},
        admin_value(100, USER, 301)]},
    {"handle": f"{PREFIX}/reader", "values": [admin_value(100, USER, 301, "010000000000")]},
]
RECORDS += [{"handle": f"{PREFIX}/LIST.{i:04d}", "values": []} for i in range(120)]


def value(index, data, kind="URL", permissions=14):
    return {"index": index, "timestamp": 1, "ttlType": 0, "ttl": 86400, "permissions": permissions,
            "type": kind, "data": data, "references": []}


def string(data):
    return struct.pack(">I", len(data)) + data


def raw_value(v):
    return (struct.pack(">IIBIB", v["index"], v["timestamp"], v["ttlType"], v["ttl"],
                        v["permissions"]) + string(v["type"].encode()) +
            string(v["data"].encode()) + struct.pack(">I", 0))


def raw_values(items):
    return struct.pack(">I", len(items)) + b"".join(map(raw_value, items))


class Session:
    """One connection that speaks the protocol by hand."""

    def __init__(self, it, version=(2, 11), session=0):
        self.sock = it.tcp_connect(10)
        self.version = version
        self.session = session
        self.next_id = 100

    def close(self):
        self.sock.close()

    def send(self, opcode, body, flags=0x19000000, session=None):
        self.next_id += 1
        message = struct.pack(">IIIHBBII", opcode, 0, flags, 0xFFFF, 0, 0, 2_000_000_000,
                              len(body)) + body + bytes(4)
        envelope = bytes([*self.version, *self.version]) + struct.pack(
            ">IIII", self.session if session is None else session, self.next_id, 0, len(message))
        self.sock.sendall(envelope + message)
        self.sent = message[:24 + len(body)]
        return self.next_id

    def receive(self):
        raw = node.read_message(self.sock)
        return Reply(raw)

    def ask(self, opcode, body, **more):
        request_id = self.send(opcode, body, **more)
        reply = self.receive()
        assert reply.request_id == request_id, "the request id comes back"
        return reply

    def prove(self, challenge, user=USER, index=301, secret=SECRET, kind=b"HS_SECKEY"):
        """Answers a challenge by the form of the version; returns the reply."""
        assert challenge.code == 402, challenge.code
        old = self.version < (2, 1)
        body = challenge.body
        if not old:
            size = {1: 16, 2: 20, 3: 32}[body[0]]
            digest, nonce = body[1:1 + size], body[1 + size + 4:]
            method = {2: hashlib.sha1, 3: hashlib.sha256}[body[0]]
            assert digest == method(self.sent).digest(), "the digest is of what was sent"
        else:
            nonce = body[4:20]
            digest = body[24:]
            assert digest == hashlib.md5(self.sent).digest()
        data = nonce + digest
        if old:
            answer = hashlib.md5(secret + data + secret).digest()
        elif self.version < (2, 7):
            answer = b"\2" + hashlib.sha1(secret + data + secret).digest()
        else:
            salt = bytes(range(16))
            key = hashlib.pbkdf2_hmac("sha1", secret, salt, 10000, 20)
            answer = (b"\x22" + string(salt) + struct.pack(">II", 10000, 160) +
                      string(hmac.new(key, data, hashlib.sha1).digest()))
        return self.ask(200, string(kind) + string(user.encode()) + struct.pack(">I", index) +
                        string(answer), session=challenge.session)

    def do(self, opcode, body, flags=0x19000000, **who):
        """An operation with its challenge answered."""
        reply = self.ask(opcode, body, flags=flags)
        return self.prove(reply, **who) if reply.code == 402 else reply


class Reply:
    def __init__(self, raw):
        self.raw = raw
        self.version = tuple(raw[:2])
        self.session, self.request_id = struct.unpack(">II", raw[4:12])
        self.opcode, self.code, self.flags = struct.unpack(">III", raw[20:32])
        (length,) = struct.unpack(">I", raw[40:44])
        self.body = raw[44:44 + length]


def name(handle):
    return string(handle.encode())


def create_body(handle, items):
    return name(handle) + raw_values(items)


class Administration(unittest.TestCase):
    def setUp(self):
        self.node = node.Node(records=RECORDS, workers=2,
                              settings=[f"auth.server_admins=301:{USER}"]).start()
        self.addCleanup(self.node.__exit__, None, None, None)
        self.session = self.open()

    def open(self, **how):
        session = Session(self.node, **how)
        self.addCleanup(session.close)
        return session

    def resolve(self, handle, flags=0x19000000):
        return self.session.ask(1, name(handle) + bytes(8), flags=flags)

    def test_create_modify_add_remove_delete(self):
        s = self.session
        handle = f"{PREFIX}/EN.P.1"
        made = s.do(100, create_body(handle, [value(1, "a"), value(5, "e")]))
        self.assertEqual((made.code, made.opcode, made.session), (1, 100, 0))
        self.assertEqual(made.body, name(handle))
        self.assertEqual(s.do(100, create_body(handle, [value(1, "b")])).code, 101)
        over = s.do(100, create_body(handle, [value(1, "b"), value(5, "e")]), flags=0x19400000)
        self.assertEqual((over.code, over.flags & 0x00400000), (1, 0x00400000))
        self.assertEqual(s.do(102, create_body(handle, [value(3, "c")])).code, 1)
        self.assertEqual(s.do(102, create_body(handle, [value(3, "d")])).code, 201)
        self.assertEqual(s.do(104, create_body(handle, [value(3, "z")])).code, 1)
        self.assertEqual(s.do(104, create_body(handle, [value(9, "z")])).code, 200)
        self.assertEqual(s.do(103, name(handle) + struct.pack(">II", 1, 5)).code, 1)
        self.assertEqual(s.do(103, name(handle) + struct.pack(">II", 1, 5)).code, 200)
        found = self.resolve(handle)
        self.assertEqual(found.code, 1)
        self.assertIn(string(b"z"), found.body)
        self.assertNotIn(string(b"e"), found.body)
        self.assertEqual(s.do(101, name(handle)).code, 1)
        self.assertEqual(self.resolve(handle).code, 100)
        self.assertEqual(s.do(101, name(handle)).code, 100)

    def test_what_was_acknowledged_outlives_a_kill(self):
        handle = f"{PREFIX}/kept"
        self.assertEqual(self.session.do(100, create_body(handle, [value(1, "a")])).code, 1)
        self.node.kill()
        self.node.start()
        self.session = self.open()
        self.assertEqual(self.resolve(handle).code, 1)
        self.assertEqual(self.node.stop(), 0)
        done = subprocess.run(
            [str(node.program("onymctl")), "check", "--data", str(self.node.data)],
            capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_version_proves_in_its_own_way(self):
        for version in ((2, 1), (2, 3), (2, 6), (2, 7), (2, 11)):
            with self.subTest(version):
                s = self.open(version=version)
                handle = f"{PREFIX}/v{version[1]}"
                made = s.do(100, create_body(handle, [value(1, "a")]))
                self.assertEqual((made.code, made.version), (1, version))

    def test_hashed_secrets_and_index_0(self):
        digits = hashlib.sha1(OTHER_SECRET).hexdigest().encode()
        s = self.session
        denied = s.do(100, create_body(f"{PREFIX}/h", [value(1, "a")]), index=302, secret=digits)
        self.assertEqual(denied.code, 400, "proven, but only 301 is an administrator")
        made = s.do(100, create_body(f"{PREFIX}/any", [value(1, "a")]), index=0)
        self.assertEqual(made.code, 1, "who answered is the one with the key that was right: 301")

    def test_refusals(self):
        s = self.session
        body = create_body(f"{PREFIX}/x", [value(1, "a")])
        wrong = s.do(100, body, secret=b"wrong")
        self.assertEqual((wrong.code, wrong.opcode), (403, 100))
        self.assertEqual(s.do(100, body, index=399).code, 404, "no such key value")
        self.assertEqual(s.do(100, body, index=100).code, 404, "not a key")
        self.assertEqual(s.do(100, body, user=f"{PREFIX}/nobody").code, 404)
        self.assertEqual(s.do(100, body, user="99.9/foreign").code, 406)
        self.assertEqual(s.do(100, body, kind=b"HS_MAGIC").code, 404)
        self.assertEqual(self.resolve(f"{PREFIX}/x").code, 100, "nothing was stored")

    def test_a_refused_proof_tells_the_digest_of_the_operation(self):
        """The refusal repeats the operation's digest: it must be computed while that is there."""
        s = self.session
        body = create_body(f"{PREFIX}/digest", [value(1, "a")])
        for who in ({"index": 399}, {"user": "99.9/foreign"}, {"kind": b"HS_MAGIC"},
                    {"secret": b"wrong"}):
            challenge = s.ask(100, body, flags=0x19800000)
            digest = hashlib.sha256(s.sent).digest()
            refused = s.prove(challenge, **who)
            self.assertIn(refused.code, (403, 404, 406))
            self.assertEqual(refused.body[:33], b"\3" + digest)

    def test_form_is_told_before_anybody_is_asked(self):
        s = self.session
        for want, opcode, body in (
                (301, 100, create_body("99.9/x", [value(1, "a")])),
                (202, 100, create_body(f"{PREFIX}/x", [value(0, "a")])),
                (201, 100, create_body(f"{PREFIX}/x", [value(1, "a"), value(1, "b")])),
                (102, 100, create_body(f"{PREFIX}/x y", [value(1, "a")])),
                (101, 100, create_body(f"{PREFIX}/private", [value(1, "a")])),
                (202, 102, create_body(f"{PREFIX}/private", [])),
                (100, 104, create_body(f"{PREFIX}/none", [value(1, "a")])),
                (200, 104, create_body(f"{PREFIX}/private", [value(77, "a")])),
                (4, 100, name(f"{PREFIX}/x") + b"\xff\xff"),
                (5, 777, name("/")),
        ):
            with self.subTest((want, opcode)):
                self.assertEqual(s.ask(opcode, body).code, want)
        self.assertEqual(s.ask(101, name(f"{PREFIX}/none")).code, 402,
                         "delete asks before it tells")

    def test_a_challenge_serves_once_and_only_its_address(self):
        s = self.session
        first = s.ask(101, name(f"{PREFIX}/LIST.0001"))
        self.assertEqual(s.prove(first).code, 1)
        self.assertEqual(s.ask(200, bytes(16), session=first.session).code in (4, 500), True)
        again = s.ask(200, string(b"HS_SECKEY") + name(USER) + struct.pack(">I", 301) +
                      string(b"\2" + bytes(20)), session=first.session)
        self.assertEqual(again.code, 500)

    def test_the_answer_may_come_on_another_connection(self):
        for i in range(20):  # with two workers some answers reach the other one
            first = self.open()
            challenge = first.ask(101, name(f"{PREFIX}/LIST.{i + 20:04d}"))
            second = self.open()
            second.sent = first.sent
            self.assertEqual(second.prove(challenge).code, 1)

    def test_private_values(self):
        s = self.session
        body = name(f"{PREFIX}/private") + bytes(8)
        public = s.ask(1, body)
        self.assertEqual(public.code, 1)
        self.assertNotIn(string(b"42"), public.body)
        forbidden = s.do(1, body, flags=0x18000000)
        self.assertEqual(forbidden.code, 401, "a value that even administrators may not read")
        chosen = name(f"{PREFIX}/private") + struct.pack(">III", 2, 1, 2) + bytes(4)
        found = s.do(1, chosen, flags=0x18000000)
        self.assertEqual(found.code, 1)
        self.assertIn(string(b"42"), found.body)
        plain = self.open(version=(2, 3)).ask(1, chosen, flags=0)
        self.assertEqual(plain.code, 1, "the client of 2.3 is left the public values")
        self.assertNotIn(string(b"42"), plain.body)

    def test_lists_come_in_parts(self):
        s = self.session
        challenge = s.ask(105, name(USER))
        self.assertEqual(challenge.code, 402)
        reply = s.prove(challenge)
        handles = []
        parts = 0
        while True:
            self.assertEqual((reply.code, reply.opcode), (1, 105))
            (count,) = struct.unpack(">I", reply.body[:4])
            self.assertLessEqual(count, 50)
            at = 4
            for _ in range(count):
                (length,) = struct.unpack(">I", reply.body[at:at + 4])
                handles.append(reply.body[at + 4:at + 4 + length].decode())
                at += 4 + length
            parts += 1
            if not reply.flags & 0x04000000:
                break
            reply = s.receive()
        self.assertEqual(len(handles), len(set(handles)))
        self.assertEqual(len(handles), 122)
        self.assertEqual(parts, 3)
        self.assertEqual(self.resolve(f"{PREFIX}/private").code, 1, "the connection goes on")

    def test_homing(self):
        s = self.session
        self.assertEqual(self.resolve("88.7.7/x").code, 301)
        self.assertEqual(s.do(300, name("0.NA/88.7.7")).code, 1)
        self.assertEqual(self.resolve("88.7.7/x").code, 100)
        listed = s.do(302, name("/"))
        self.assertIn(b"0.NA/88.7.7", listed.body)
        self.assertEqual(s.do(300, name("88.7.8")).code, 1, "a bare prefix")
        self.assertEqual(self.resolve("88.7.8/x").code, 100)
        self.assertEqual(s.do(301, name("0.NA/88.7.7")).code, 1)
        self.assertEqual(self.resolve("88.7.7/x").code, 301)

    def test_minting(self):
        made = self.session.do(100, create_body(f"{PREFIX}/", [value(1, "a")]), flags=0x19200000)
        self.assertEqual(made.code, 1)
        handle = made.body[4:].decode()
        self.assertTrue(handle.startswith(f"{PREFIX}/") and len(handle) == len(PREFIX) + 37)
        self.assertEqual(self.resolve(handle).code, 1)

    def test_a_login_belongs_to_its_connection(self):
        s = self.open(version=(2, 10), session=10001)
        self.assertEqual(s.ask(2, name("/")).code, 1)
        asked = s.ask(2001, name(USER) + struct.pack(">I", 301), flags=0x10800000)
        self.assertEqual((asked.code, asked.session), (402, 10001))
        done = s.prove(asked)
        self.assertEqual((done.code, done.opcode, done.session), (1, 2001, 10001))
        made = s.ask(100, create_body(f"{PREFIX}/login", [value(1, "a")]))
        self.assertEqual((made.code, made.session), (1, 10001))
        self.assertEqual(s.ask(103, name(f"{PREFIX}/login") + struct.pack(">II", 1, 1)).code, 1)
        self.assertEqual(s.ask(101, name(f"{PREFIX}/login")).code, 1)
        other = self.open(version=(2, 10), session=10001)
        self.assertEqual(other.ask(2, name("/")).code, 1)
        self.assertEqual(other.ask(101, name(f"{PREFIX}/LIST.0002")).code, 402,
                         "another connection with the same id is a stranger")

    def test_a_closed_connection_harms_nothing(self):
        for i in range(30):
            s = self.open()
            challenge = s.ask(101, name(f"{PREFIX}/LIST.{i + 60:04d}"))
            s.send(200, string(b"HS_SECKEY") + name(USER) + struct.pack(">I", 301) +
                   string(b"\2" + bytes(20)), session=challenge.session)
            s.close()
        self.assertEqual(self.resolve(f"{PREFIX}/private").code, 1)

    def test_pipelined_requests_wait_for_the_answer_in_front(self):
        s = self.session
        challenge = s.ask(101, name(f"{PREFIX}/LIST.0003"))
        sent = s.sent
        first = s.send(1, name(f"{PREFIX}/private") + bytes(8))
        s.sent = sent
        self.assertEqual(s.receive().request_id, first)
        self.assertEqual(s.prove(challenge).code, 1)


if __name__ == "__main__":
    unittest.main()
