"""Arithmetic of the Handle protocol that shares nothing with src/auth: RSA, Diffie-Hellman, MACs
and AES in plain Python, slow and short. Written from proto/handle.md, whose clauses it cites."""

import base64
import hashlib
import hmac
import json
import pathlib
import secrets
import struct

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "proto" / "vectors" / "handle-wire.jsonl"

# The 1024-bit group of RFC 2409, which is what the reference client brings, and the 2048-bit one of
# RFC 3526.
GROUP_1024 = int(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b13"
    "9b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576"
    "625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe64928"
    "6651ece65381ffffffffffffffff", 16)
GROUP_2048 = int(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b13"
    "9b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576"
    "625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe64928"
    "6651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad96"
    "1c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36"
    "ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497c"
    "ea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff", 16)


def string(data):
    return struct.pack(">I", len(data)) + data


def vector(name):
    """A record of proto/vectors."""
    with VECTORS.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["name"] == name:
                return record
    raise KeyError(name)


# ---- RSA ----

def der_integers(data):
    """The integers of an RSAPrivateKey inside a PKCS#8 wrapping."""
    def item(at):
        tag, length = data[at], data[at + 1]
        at += 2
        if length >= 0x80:
            width = length & 0x7F
            length = int.from_bytes(data[at:at + width], "big")
            at += width
        return tag, at, at + length

    _, at, _ = item(0)          # PrivateKeyInfo
    _, _, at = item(at)         # version
    _, _, at = item(at)         # algorithm
    _, at, _ = item(at)         # OCTET STRING around RSAPrivateKey
    _, at, end = item(at)
    integers = []
    while at < end:
        _, start, at = item(at)
        integers.append(int.from_bytes(data[start:at], "big"))
    return integers


class Rsa:
    """The throw-away key of the vectors, with both halves."""

    PREFIX = {"sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
              "sha256": bytes.fromhex("3031300d060960864801650304020105000420")}

    def __init__(self, name="key/test-rsa-2048"):
        record = vector(name)
        self.hs_pubkey = bytes.fromhex(record["hex"])
        self.der = bytes.fromhex(record["pkcs8_der_hex"])
        _, self.n, self.e, self.d = der_integers(self.der)[:4]

    def pem(self):
        text = base64.b64encode(self.der).decode()
        lines = [text[i:i + 64] for i in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])

    def padded(self, data, method):
        size = (self.n.bit_length() + 7) // 8
        tail = self.PREFIX[method] + hashlib.new(method, data).digest()
        return b"\0\1" + b"\xff" * (size - len(tail) - 3) + b"\0" + tail

    def sign(self, data, method="sha256"):
        size = (self.n.bit_length() + 7) // 8
        return pow(int.from_bytes(self.padded(data, method), "big"), self.d,
                   self.n).to_bytes(size, "big")

    def verifies(self, data, signature, method="sha256"):
        size = (self.n.bit_length() + 7) // 8
        got = pow(int.from_bytes(signature, "big"), self.e, self.n).to_bytes(size, "big")
        return got == self.padded(data, method)

    def answer(self, data, method="sha256"):
        """H-11.6"""
        name = {"sha1": b"SHA1", "sha256": b"SHA-256"}[method]
        return string(name) + string(self.sign(data, method))


def secret_answer(secret, data, version):
    """H-11.5"""
    if version < (2, 1):
        return hashlib.md5(secret + data + secret).digest()
    if version < (2, 7):
        return b"\2" + hashlib.sha1(secret + data + secret).digest()
    salt = secrets.token_bytes(16)
    key = hashlib.pbkdf2_hmac("sha1", secret.decode("latin-1").encode(), salt, 10000, 20)
    return (b"\x22" + string(salt) + struct.pack(">II", 10000, 160) +
            string(hmac.new(key, data, hashlib.sha1).digest()))


# ---- Diffie-Hellman ----

def signed(number):
    """Two's complement, as HS_PUBKEY holds integers: H-10.4."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


class DiffieHellman:
    def __init__(self, p=GROUP_1024, g=2, x=None):
        self.p, self.g = p, g
        self.x = x or secrets.randbelow(1 << 256) + 2
        self.y = pow(g, self.x, p)

    def hs_pubkey(self):
        return string(b"DH_PUB_KEY") + b"\0\0" + b"".join(
            string(signed(i)) for i in (self.y, self.p, self.g))

    def key(self, theirs):
        """H-13.4: the session key from their DH_PUB_KEY, which must be in our group."""
        at, fields = 0, []
        for i in range(4):
            (length,) = struct.unpack_from(">I", theirs, at)
            fields.append(theirs[at + 4:at + 4 + length])
            at += 4 + length + (2 if i == 0 else 0)
        assert fields[0] == b"DH_PUB_KEY" and at == len(theirs)
        y, p, g = (int.from_bytes(f, "big") for f in fields[1:])
        assert (p, g) == (self.p, self.g), "the server answers in the client's group"
        shared = pow(y, self.x, p).to_bytes((p.bit_length() + 7) // 8, "big")
        while len(shared) > 32 and shared[0] == 0:
            shared = shared[1:]
        return shared[:32]


# ---- what stands under a credential ----

def covered(version, suggested, session, request, counter, message):
    """H-12.2"""
    if version < (2, 5):
        return message
    front = bytes(version) + (bytes(suggested) if version >= (2, 8) else b"")
    return front + struct.pack(">III", session, request, counter) + message


def mac(key, version, data):
    """H-12.4: hash name and MAC."""
    if version >= (2, 7):
        return b"HMAC-SHA256", hmac.new(key, data, hashlib.sha256).digest()
    return b"\2", hashlib.sha1(key + data + key).digest()


# ---- AES-128-CBC ----

def _box():
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1 & 0xFF) ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        x = q
        for turn in range(1, 5):
            x ^= (q << turn | q >> (8 - turn)) & 0xFF
        box[p] = x ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = _box()
INVERSE = [SBOX.index(i) for i in range(256)]


def _times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


TIMES = {k: [_times(i, k) for i in range(256)] for k in (1, 2, 3, 9, 11, 13, 14)}


class Aes:
    """One key of 16 bytes; state and round keys column by column."""

    def __init__(self, key):
        words = [list(key[i:i + 4]) for i in range(0, 16, 4)]
        constant = 1
        for i in range(4, 44):
            word = words[-1]
            if i % 4 == 0:
                word = [SBOX[b] for b in word[1:] + word[:1]]
                word[0] ^= constant
                constant = _times(constant, 2)
            words.append([a ^ b for a, b in zip(words[-4], word)])
        self.rounds = [sum(words[i:i + 4], []) for i in range(0, 44, 4)]

    @staticmethod
    def mix(state, row):
        out = []
        for column in range(0, 16, 4):
            for i in range(4):
                byte = 0
                for j in range(4):
                    byte ^= TIMES[row[(j - i) % 4]][state[column + j]]
                out.append(byte)
        return out

    def encrypt_block(self, block):
        state = [a ^ b for a, b in zip(block, self.rounds[0])]
        for i in range(1, 11):
            state = [SBOX[state[(j + 4 * (j % 4)) % 16]] for j in range(16)]
            if i < 10:
                state = self.mix(state, (2, 3, 1, 1))
            state = [a ^ b for a, b in zip(state, self.rounds[i])]
        return bytes(state)

    def decrypt_block(self, block):
        state = list(block)
        for i in range(10, 0, -1):
            state = [a ^ b for a, b in zip(state, self.rounds[i])]
            if i < 10:
                state = self.mix(state, (14, 11, 13, 9))
            state = [INVERSE[state[(j - 4 * (j % 4)) % 16]] for j in range(16)]
        return bytes(a ^ b for a, b in zip(state, self.rounds[0]))

    def encrypt(self, message, iv=None):
        """H-13.6: IV, then CBC with PKCS#5 padding."""
        out = [iv or secrets.token_bytes(16)]
        padding = 16 - len(message) % 16
        message += bytes([padding]) * padding
        for i in range(0, len(message), 16):
            out.append(self.encrypt_block(bytes(a ^ b for a, b in zip(message[i:i + 16], out[-1]))))
        return b"".join(out)

    def decrypt(self, data):
        out = b""
        for i in range(16, len(data), 16):
            out += bytes(a ^ b for a, b in zip(self.decrypt_block(data[i:i + 16]),
                                               data[i - 16:i]))
        assert out and 1 <= out[-1] <= 16 and out.endswith(out[-1:] * out[-1]), "padding"
        return out[:-out[-1]]


def check():
    """The arithmetic above against known answers; a wrong tool must not judge."""
    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")     # FIPS 197, appendix C.1
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    cipher = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")
    assert Aes(key).encrypt_block(plain) == cipher
    assert Aes(key).decrypt_block(cipher) == plain
    known = vector("session-key/dh-aes")
    ours = DiffieHellman(int(known["p"], 16), int(known["g"], 16), int(known["client_x"], 16))
    assert ours.hs_pubkey().hex() == known["client_public"]
    assert ours.key(bytes.fromhex(known["server_public"])).hex() == known["hex"]
    rsa = Rsa()
    assert rsa.verifies(b"data", rsa.sign(b"data")) and not rsa.verifies(b"Data", rsa.sign(b"data"))
