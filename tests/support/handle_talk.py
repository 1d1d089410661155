"""Clients of the Handle protocol over TCP, spoken by hand: envelopes, challenges, sessions.

    talk = handle_talk.Talk(it)                       # a connection
    reply = talk.ask(1, handle_talk.name("88.1.2/x") + bytes(8))
    session = handle_talk.Session(it, user="0.NA/88.1.2", index=300)
    session.ask(100, body)                            # MACed, on a connection of its own
"""

import hashlib
import struct

import handle_crypto
import node
from handle_crypto import string

CT, ENC, RD, OVERWRITE = 0x40000000, 0x20000000, 0x00800000, 0x00400000
USUAL = 0x19000000
PRIVATE = 0x18000000
SESSION_BIT = 0x00800000
OWN = (2, 11)


def name(handle):
    return string(handle.encode())


def value(index, kind, data, permissions=14):
    data = data if isinstance(data, bytes) else data.encode()
    return (struct.pack(">IIBIB", index, 1, 0, 86400, permissions) + string(kind.encode()) +
            string(data) + struct.pack(">I", 0))


def values(handle, *items):
    return name(handle) + struct.pack(">I", len(items)) + b"".join(items)


def numbers(*items):
    return struct.pack(f">I{len(items)}I", len(items), *items)


class Reply:
    """What came back; an encrypted message is opened with the session key."""

    def __init__(self, raw, key=None):
        self.raw = raw
        self.version = (raw[0], raw[1])
        self.suggested = (raw[2] & 3, raw[3])
        self.encrypted = bool(raw[2] & 0x40)
        self.session, self.request_id = struct.unpack(">II", raw[4:12])
        message = raw[20:]
        if self.encrypted and key is not None:
            message = handle_crypto.Aes(key[:16]).decrypt(message)
        self.opcode, self.code, self.flags = struct.unpack(">III", message[:12])
        (length,) = struct.unpack(">I", message[20:24])
        self.message = message[:24 + length]
        self.body = message[24:24 + length]
        rest = message[24 + length:]
        (size,) = struct.unpack(">I", rest[:4])
        assert len(rest) == 4 + size, "the credential ends the message"
        self.credential = rest[4:]
        self.digest = b""
        if self.flags & RD and self.version >= (2, 1):
            size = {1: 16, 2: 20, 3: 32}[self.body[0]]
            self.digest, self.body = self.body[1:1 + size], self.body[1 + size:]

    def text(self):
        """Of an error."""
        (length,) = struct.unpack(">I", self.body[:4])
        return self.body[4:4 + length].decode()

    def proof(self):
        """The credential taken apart: counter, type, hash name, signature."""
        front, counter, size = struct.unpack(">QII", self.credential[:16])
        assert front == 0
        kind = self.credential[16:16 + size]
        at = 16 + size
        (rest, size) = struct.unpack_from(">II", self.credential, at)
        assert rest == len(self.credential) - at - 4
        hash_name = self.credential[at + 8:at + 8 + size]
        at += 8 + size
        (size,) = struct.unpack_from(">I", self.credential, at)
        assert at + 4 + size == len(self.credential)
        return counter, kind, hash_name, self.credential[at + 4:]

    def covered(self, counter):
        return handle_crypto.covered(self.version, self.suggested, self.session, self.request_id,
                                     counter, self.message)


def mac_field(key, version, suggested, session, request_id, counter, message):
    hash_name, mac = handle_crypto.mac(key, version, handle_crypto.covered(
        version, suggested, session, request_id, counter, message))
    tail = string(hash_name) + string(mac)
    return (bytes(8) + struct.pack(">I", counter) + string(b"HS_MAC") +
            struct.pack(">I", len(tail)) + tail)


class Talk:
    """One connection."""

    def __init__(self, it, version=OWN, suggested=None, session=0, sock=None):
        self.sock = sock or it.tcp_connect(10)
        self.version = version
        self.suggested = suggested or version
        self.session = session
        self.next_id = 1000
        self.sent = b""

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.sock.close()

    def close(self):
        self.sock.close()

    def send(self, opcode, body, flags=USUAL, session=None, seal=None, encrypt=None):
        """seal(session, request id, message) gives the credential, encrypt(message) the bytes of
        an encrypted one."""
        session = self.session if session is None else session
        self.next_id += 1
        self.sent = struct.pack(">IIIHBBII", opcode, 0, flags, 0xFFFF, 0, 0, 2_000_000_000,
                                len(body)) + body
        field = seal(session, self.next_id, self.sent) if seal else b""
        message = self.sent + string(field)
        bits = self.suggested[0]
        if encrypt:
            message, bits = encrypt(message), bits | 0x40
        self.sock.sendall(bytes([*self.version, bits, self.suggested[1]]) + struct.pack(
            ">IIII", session, self.next_id, 0, len(message)) + message)
        return self.next_id

    def receive(self, key=None):
        return Reply(node.read_message(self.sock), key)

    def ask(self, opcode, body, key=None, **more):
        request_id = self.send(opcode, body, **more)
        reply = self.receive(key)
        assert reply.request_id == request_id, "the request id comes back"
        return reply


def answer_body(kind, user, index, answer):
    return string(kind) + name(user) + struct.pack(">I", index) + string(answer)


def challenge_data(reply, sent):
    """What the answer to a challenge covers; the digest must be the one of what was sent."""
    assert reply.code == 402, reply.code
    method = hashlib.sha256 if reply.version >= (2, 7) else hashlib.sha1
    assert reply.digest == method(sent).digest(), "the digest is of what was sent"
    (length,) = struct.unpack(">I", reply.body[:4])
    return reply.body[4:4 + length] + reply.digest


class Secret:
    """Somebody with an HS_SECKEY."""

    def __init__(self, user, index, secret):
        self.user, self.index, self.secret = user, index, secret

    def body(self, reply, sent):
        data = challenge_data(reply, sent)
        return answer_body(b"HS_SECKEY", self.user, self.index,
                           handle_crypto.secret_answer(self.secret, data, reply.version))


class Holder:
    """Somebody with a private key."""

    def __init__(self, user, index, rsa):
        self.user, self.index, self.rsa = user, index, rsa

    def body(self, reply, sent):
        data = challenge_data(reply, sent)
        return answer_body(b"HS_PUBKEY", self.user, self.index, self.rsa.answer(
            data, "sha256" if reply.version >= (2, 7) else "sha1"))


def setup_body(group, identity="", index=0xFFFFFFFF, mode=4, timeout=86400, tail=b"\0\0"):
    return (struct.pack(">HI", mode, timeout) + name(identity) + struct.pack(">I", index) +
            string(group.hs_pubkey()) + tail)


class Session:
    """A session by Diffie-Hellman. Like the reference client it opens a connection for each
    request unless it is given one."""

    def __init__(self, it, who=None, version=OWN, group=None, flags=USUAL, timeout=86400):
        self.it, self.version, self.who = it, version, who
        self.group = group or handle_crypto.DiffieHellman()
        self.counter = 0
        self.seen = set()
        with Talk(it, version) as talk:
            self.reply = talk.ask(400, setup_body(self.group, who.user if who else "",
                                                  who.index if who else 0xFFFFFFFF,
                                                  timeout=timeout), flags=flags)
        if self.reply.code == 1:
            self.id = self.reply.session
            mode, length = struct.unpack(">HI", self.reply.body[:6])
            data = self.reply.body[6:6 + length]
            assert mode == 4 and self.reply.body[6 + length:] == b"\0\0"
            assert struct.unpack(">I", data[:4]) == (3,), "AES"
            self.key = self.group.key(data[4:])

    def talk(self):
        return Talk(self.it, self.version, session=self.id)

    def seal(self, counter=None, key=None, version=None):
        """The credential of the next request."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        version = version or self.version
        return lambda session, request_id, message: mac_field(
            key or self.key, version, version, session, request_id, counter, message)

    def encrypt(self, message):
        return handle_crypto.Aes(self.key[:16]).encrypt(message)

    def check(self, reply):
        """A reply of this session: its MAC, and a counter that was not seen before."""
        counter, kind, hash_name, mac = reply.proof()
        assert reply.session == self.id and kind == b"HS_MAC"
        assert (hash_name, mac) == handle_crypto.mac(self.key, reply.version,
                                                     reply.covered(counter)), "MAC"
        assert counter > 0 and counter not in self.seen, "the counter is a new one"
        self.seen.add(counter)
        return reply

    def ask(self, opcode, body, flags=USUAL, talk=None, encrypt=False, **seal):
        """One request and its reply, checked when it is sealed."""
        with talk or self.talk() as on:
            self.last = on
            reply = on.ask(opcode, body, key=self.key, flags=flags, seal=self.seal(**seal),
                           encrypt=self.encrypt if encrypt else None)
            return self.check(reply) if reply.credential else reply

    def do(self, opcode, body, flags=USUAL, encrypt=False):
        """The same, proving the identity when asked to."""
        with self.talk() as on:
            request_id = on.send(opcode, body, flags=flags, seal=self.seal(),
                                 encrypt=self.encrypt if encrypt else None)
            reply = self.check(on.receive(self.key))
            assert reply.request_id == request_id
            sent = on.sent
        if reply.code != 402:
            return reply
        with self.talk() as on:  # the answer carries no MAC
            return self.check(on.ask(200, self.who.body(reply, sent), key=self.key, flags=flags,
                                     encrypt=self.encrypt if encrypt else None))
