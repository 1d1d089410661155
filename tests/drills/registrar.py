"""A client that registers over one logged-in connection, many requests at a time, and knows of every
request whether it was acknowledged, refused, or left without an answer."""

import hashlib
import hmac
import pathlib
import socket
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402

PREFIX = "88.1.2"
USER = f"0.NA/{PREFIX}"
SECRET = b"drill-secret"
SESSION = 10001
VERSION = bytes([2, 10, 2, 10])
FLAGS = 0x19000000
OVERWRITE = 0x00400000
RESOLVE, INFO, CREATE, DELETE, ANSWER, LOGIN = 1, 2, 100, 101, 200, 2001
DONE, NOT_FOUND, CHALLENGE = 1, 100, 402

# The records every drill begins with: somebody who may register.
RECORDS = [{"handle": USER, "values": [
    {"index": 100, "type": "HS_ADMIN", "data": {"format": "admin", "value": {
        "handle": USER, "index": 301, "permissions": "111111111111"}}},
    {"index": 301, "type": "HS_SECKEY", "permissions": "1100", "data": SECRET.decode()}]}]
SETTINGS = [f"auth.server_admins=301:{USER}"]


def string(data):
    return struct.pack(">I", len(data)) + data


def value(index, data, kind=b"URL"):
    return (struct.pack(">IIBIB", index, 1, 0, 86400, 14) + string(kind) + string(data) +
            struct.pack(">I", 0))


def message(opcode, body, request_id, flags=FLAGS, session=0):
    rest = struct.pack(">IIIHBBII", opcode, 0, flags, 0xFFFF, 0, 0, 2_000_000_000,
                       len(body)) + body + bytes(4)
    return VERSION + struct.pack(">IIII", session, request_id, 0, len(rest)) + rest


def create_body(handle, datas):
    return (string(handle.encode()) + struct.pack(">I", len(datas)) +
            b"".join(value(i, data) for i, data in enumerate(datas, 1)))


class Reply:
    def __init__(self, raw):
        self.session, self.request_id = struct.unpack(">II", raw[4:12])
        self.opcode, self.code = struct.unpack(">II", raw[20:28])
        (length,) = struct.unpack(">I", raw[40:44])
        self.body = raw[44:44 + length]

    def text(self):
        """What the node says in words about a refusal."""
        if len(self.body) < 4:
            return ""
        (length,) = struct.unpack(">I", self.body[:4])
        return self.body[4:4 + length].decode("utf-8", "replace")

    def datas(self):
        """The data of the values of a resolution: {index: bytes}."""
        at = 4 + struct.unpack(">I", self.body[:4])[0]
        (count,) = struct.unpack(">I", self.body[at:at + 4])
        at += 4
        found = {}
        for _ in range(count):
            index = struct.unpack(">I", self.body[at:at + 4])[0]
            at += 14
            at += 4 + struct.unpack(">I", self.body[at:at + 4])[0]
            (length,) = struct.unpack(">I", self.body[at:at + 4])
            found[index] = self.body[at + 4:at + 4 + length]
            at += 4 + length
            (references,) = struct.unpack(">I", self.body[at:at + 4])
            at += 4
            for _ in range(references):
                at += 8 + struct.unpack(">I", self.body[at:at + 4])[0]
        return found


class Connection:
    """Raises OSError (ConnectionError, TimeoutError) when the node goes away."""

    def __init__(self, it, timeout=10):
        self.sock = it.tcp_connect(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.session = 0
        self.next_id = 0
        self.rest = b""

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, opcode, body, flags=FLAGS):
        self.next_id += 1
        self.sent = message(opcode, body, self.next_id, flags, self.session)
        self.sock.sendall(self.sent)
        return self.next_id

    def receive(self):
        while True:
            if len(self.rest) >= 20:
                end = 20 + int.from_bytes(self.rest[16:20], "big")
                if len(self.rest) >= end:
                    raw, self.rest = self.rest[:end], self.rest[end:]
                    return Reply(raw)
            piece = self.sock.recv(65536)
            if not piece:
                raise ConnectionError("closed by the node")
            self.rest += piece

    def ask(self, opcode, body, flags=FLAGS):
        request_id = self.send(opcode, body, flags)
        reply = self.receive()
        assert reply.request_id == request_id, "an answer to another request"
        return reply

    def login(self):
        """Proves who we are, once for the connection. Returns the code of the last answer."""
        self.session = SESSION
        reply = self.ask(INFO, string(b"/"))
        if reply.code != DONE:
            return reply.code
        reply = self.ask(LOGIN, string(USER.encode()) + struct.pack(">I", 301), flags=0x10800000)
        if reply.code != CHALLENGE:
            return reply.code
        sent = self.sent[20:-4]
        size = {1: 16, 2: 20, 3: 32}[reply.body[0]]
        digest, nonce = reply.body[1:1 + size], reply.body[1 + size + 4:]
        assert digest in (hashlib.sha1(sent).digest(), hashlib.sha256(sent).digest())
        salt = bytes(range(16))
        key = hashlib.pbkdf2_hmac("sha1", SECRET, salt, 1000, 20)
        proof = (b"\x22" + string(salt) + struct.pack(">II", 1000, 160) +
                 string(hmac.new(key, nonce + digest, hashlib.sha1).digest()))
        return self.ask(ANSWER, string(b"HS_SECKEY") + string(USER.encode()) +
                        struct.pack(">I", 301) + string(proof)).code

    def create(self, handle, datas, overwrite=True):
        return self.send(CREATE, create_body(handle, datas),
                         FLAGS | OVERWRITE if overwrite else FLAGS)

    def delete(self, handle):
        return self.send(DELETE, string(handle.encode()))

    def resolve_all(self, handles, window=64):
        """{handle: Reply}, many at a time."""
        handles = list(handles)
        waiting, found, at = {}, {}, 0
        while len(found) < len(handles):
            while at < len(handles) and len(waiting) < window:
                waiting[self.send(RESOLVE, string(handles[at].encode()) + bytes(8))] = handles[at]
                at += 1
            reply = self.receive()
            found[waiting.pop(reply.request_id)] = reply
        return found


def logged_in(it, timeout=10):
    connection = Connection(it, timeout)
    code = connection.login()
    if code != DONE:
        connection.close()
        raise node.NodeError(f"the login ends with code {code}\n{it.log_tail()}")
    return connection
