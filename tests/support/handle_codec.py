"""A second codec of the Handle protocol, written from proto/handle.md alone.

It shares no code and no structure with the one in src/wire, so that the two can be compared: what
decode_message() says of some bytes, `onym-vectors --decode` must say as well. Clauses are those of
proto/handle.md.
"""

import struct

MESSAGE_MAX = 262144    # H-1.2
COUNT_MAX = 1048576
HANDLE_MAX = 2048
VALUES_MAX = 2048

FLAGS = ["AT", "CT", "ENC", "REC", "CA", "CN", "KC", "PO", "RD", "OVERWRITE", "MINT", "DNR"]
DIGESTS = {1: 16, 2: 20, 3: 32}
RD = 0x00800000

NAME_REQUESTS = {2, 101, 105, 300, 301, 302, 401, 1000, 1003}
EMPTY_REPLIES = {101, 102, 103, 104, 200, 300, 301, 401, 402, 1002, 1003, 2000, 2001}


class Refused(Exception):
    """The bytes are no message."""


class Bytes:
    """What is left to read."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Refused("short")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, width):
        return int.from_bytes(self.take(width), "big")

    def string(self, most=COUNT_MAX):
        length = self.number(4)
        if length > most:
            raise Refused("too long")
        return self.take(length)

    def items(self, read, most=COUNT_MAX):
        count = self.number(4)
        if count > most:
            raise Refused("too many")
        return [read() for _ in range(count)]

    def rest(self):
        return self.data[self.at:]

    def end(self):
        if self.rest():
            raise Refused("bytes behind")


def put_text(out, key, data):
    """Texts that are no UTF-8 have no place in JSON."""
    try:
        out[key] = data.decode("utf-8")
    except UnicodeDecodeError:
        pass


def texts(items):
    out = []
    for item in items:
        holder = {}
        put_text(holder, "text", item)
        out += holder.values()
    return out


def references(r):
    out = []
    for handle, index in r.items(lambda: (r.string(), r.number(4))):
        try:
            out.append("%d:%s" % (index, handle.decode("utf-8")))
        except UnicodeDecodeError:
            pass
    return out


def decode_value(r):
    """H-9.1"""
    out = {"index": r.number(4), "timestamp": r.number(4), "ttlType": r.number(1),
           "ttl": r.number(4), "perms_AR_AW_PR_PW": format(r.number(1) & 15, "04b")}
    put_text(out, "type", r.string())
    data = r.string()
    put_text(out, "data_utf8", data)
    out["data_hex"] = data.hex()
    out["references"] = references(r)
    return out


def values(r):
    return r.items(lambda: decode_value(r), VALUES_MAX)


def decode_site(r):
    """H-10.2; nothing may follow."""
    if r.number(2) != 1:
        raise Refused("format")
    out = {"dataVersion": 1, "protocol": "%d.%d" % (r.number(1), r.number(1)),
           "serial": r.number(2)}
    flags = r.number(1)
    out["primary"], out["multiPrimary"] = bool(flags & 0x80), bool(flags & 0x40)
    out["hashOption"] = r.number(1)
    put_text(out, "hashFilter", r.string())

    def attribute():
        pair = {}
        put_text(pair, "name", r.string())
        put_text(pair, "value", r.string())
        return pair

    def server():
        return {"id": r.number(4), "address": r.take(16).hex(), "publicKey": r.string().hex(),
                "interfaces": r.items(lambda: {"type": r.number(1), "protocol": r.number(1),
                                               "port": r.number(4)})}

    out["attributes"] = r.items(attribute)
    out["servers"] = r.items(server)
    r.end()
    return out


def decode_hs_admin(r):
    """H-10.1"""
    bits = r.number(2)
    out = {"permissionBits": bits}
    put_text(out, "adminHandle", r.string(HANDLE_MAX))
    out["adminIndex"] = r.number(4)
    if r.rest() not in (b"", b"\0\0"):
        raise Refused("bytes behind")
    return out


def decode_hs_vlist(r):
    """H-10.3"""
    out = []
    for handle, index in r.items(lambda: (r.string(HANDLE_MAX), r.number(4))):
        try:
            out.append("%d:%s" % (index, handle.decode("utf-8")))
        except UnicodeDecodeError:
            pass
    r.end()
    return {"refs": out}


KEY_FIELDS = {b"RSA_PUB_KEY": "en", b"DSA_PUB_KEY": "qpgy", b"DH_PUB_KEY": "ypg"}


def decode_hs_pubkey(r):
    """H-10.4"""
    if r.data.startswith(b"-----BEGIN PUBLIC KEY-----"):
        out = {"keyType": "PEM"}
        put_text(out, "text", r.data)
        return out
    kind = r.string()
    if r.number(2) != 0:
        raise Refused("flags")
    out = {"keyType": kind.decode("latin-1")}
    if kind in KEY_FIELDS:
        for name in KEY_FIELDS[kind]:
            integer = r.string()
            if not integer:
                raise Refused("empty integer")
            out[name] = "%x" % int.from_bytes(integer, "big")
        if kind == b"RSA_PUB_KEY" and r.rest() == b"\0\0\0\0":
            r.take(4)
    elif kind in (b"SM2_PUB_KEY", b"SM9_PUB_KEY"):
        put_text(out, "text", r.string())
    else:
        raise Refused("key type")
    r.end()
    return out


# ---- bodies ----

def request_body(op, version, r, out):
    """H-8.1"""
    if op in (1, 2000):
        out["body"] = "query"
        put_text(out, "handle", r.string(HANDLE_MAX))
        out["indexes"] = r.items(lambda: r.number(4))
        out["types"] = texts(r.items(r.string))
    elif op in NAME_REQUESTS:
        out["body"] = "name"
        put_text(out, "handle", r.string(HANDLE_MAX))
    elif op in (100, 102, 104):
        out["body"] = "values"
        put_text(out, "handle", r.string(HANDLE_MAX))
        out["values"] = values(r)
    elif op == 103:
        out["body"] = "indexes"
        put_text(out, "handle", r.string(HANDLE_MAX))
        out["indexes"] = r.items(lambda: r.number(4))
    elif op == 200:
        out["body"] = "challenge-answer"
        put_text(out, "authType", r.string())
        put_text(out, "userHandle", r.string(HANDLE_MAX))
        out["userIndex"] = r.number(4)
        out["signedResponse"] = r.string().hex()
    elif op == 201:
        verify_body(r, out)
    elif op == 400:
        setup_body(r, out)
    elif op == 402:
        out["body"] = "session-exchange"
        out["encryptedKey"] = r.string().hex()
    elif op == 1001:
        log_body(version, r, out)
    elif op == 1002:
        out["body"] = "dump-request"
        out.update(hashOption=r.number(1), numServers=r.number(4), serverNum=r.number(4))
        if r.rest():
            put_text(out, "startPoint", r.string(HANDLE_MAX))
            out["startPointKind"] = r.number(4)
    elif op == 2001:
        out["body"] = "key-login"
        put_text(out, "userHandle", r.string(HANDLE_MAX))
        out["userIndex"] = r.number(4)
    else:
        raise Refused("opcode")


def verify_body(r, out):
    out["body"] = "verify"
    user = r.string(HANDLE_MAX)
    for key in ("handle", "userHandle"):
        put_text(out, key, user)
    out["index"] = out["userIndex"] = r.number(4)
    out["nonce"] = r.string().hex()
    digest = r.string(33)
    if len(digest) == 16:
        out["digestAlgCode"], out["requestDigest"] = 0, digest.hex()
    elif digest and DIGESTS.get(digest[0]) == len(digest) - 1:
        out["digestAlgCode"], out["requestDigest"] = digest[0], digest[1:].hex()
    else:
        raise Refused("digest")
    out["signedResponse"] = r.string().hex()


def setup_body(r, out):
    """H-13.1"""
    out["body"] = "session-setup"
    out["mode"] = r.number(2)
    if out["mode"] not in (1, 2, 3, 4):
        raise Refused("mode")
    out["timeout"] = r.number(4)
    put_text(out, "identityHandle", r.string(HANDLE_MAX))
    out["identityIndex"] = r.number(4)
    if out["mode"] in (1, 4):
        out["publicKey"] = r.string().hex()
    elif out["mode"] == 3:
        put_text(out, "exchangeKeyHandle", r.string(HANDLE_MAX))
        out["exchangeKeyIndex"] = r.number(4)


def log_body(version, r, out):
    """H-17.2"""
    out["body"] = "log-request"
    form = r.number(1) if version >= (2, 9) else 0
    if form == 1:
        put_text(out, "states", r.string())
    elif form == 0:
        out["lastTxnId"], out["lastQueryDate"] = struct.unpack(">qq", r.take(16))
    else:
        raise Refused("form")
    out.update(hashOption=r.number(1), numServers=r.number(4), serverNum=r.number(4))


def reply_body(op, code, version, r, out):
    if code == 402:
        out["body"] = "challenge"
        out["nonce"] = r.string().hex()
        if version < (2, 1):                                                    # H-11.3
            out["requestDigest"] = r.string(32).hex()
    elif code in (302, 303):                                                    # H-8.2
        out["body"] = "referral"
        put_text(out, "handle", r.string(HANDLE_MAX))
        if r.rest():
            out["values"] = values(r)
            r.end()
    elif code != 1:
        out["body"] = "error"
        put_text(out, "message", r.string(MESSAGE_MAX))
    elif op == 1:
        out["body"] = "resolved"
        put_text(out, "handle", r.string(HANDLE_MAX))
        out["values"] = values(r)
        r.end()
    elif op == 2:
        out["body"] = "site"
        out["site"] = decode_site(r)
    elif op == 100:
        out["body"] = "name" if r.rest() else "empty"
        if r.rest():
            put_text(out, "handle", r.string(HANDLE_MAX))
    elif op in (105, 302):
        out["body"] = "names"
        out["handles"] = texts(r.items(r.string))
    elif op == 201:
        out["body"] = "verified"
        out["valid"] = bool(r.number(1) & 1)
    elif op == 400:
        out["body"] = "session-reply"
        out["mode"] = r.number(2)
        out["data"] = r.string().hex()
    elif op == 1000:
        out["body"] = "next-txn-id"
        out["nextTxnId"] = struct.unpack(">q", r.take(8))[0]
    elif op == 1001:
        out["body"] = "log-reply"
        out["keepAlive"] = bool(r.number(1) & 1)
    elif op in EMPTY_REPLIES:
        out["body"] = "empty"
    else:
        raise Refused("opcode")


def credential(data, out):
    """H-12.1"""
    r = Bytes(data)
    r.take(4)
    r.string(HANDLE_MAX)
    out["sessionCounter"] = r.number(4)
    put_text(out, "credentialType", r.string())
    if r.number(4) != len(r.rest()):
        raise Refused("length of the rest")
    r.string()
    out["signature"] = r.string().hex()
    r.end()
    out["credential"] = data.hex()


def decode_message(data):
    """The fields of an envelope and the message behind it; raises Refused."""
    r = Bytes(data)
    version = (r.number(1), r.number(1))
    bits, minor = r.number(1), r.number(1)
    out = {"version": "%d.%d" % version, "suggested": "%d.%d" % (bits & 3 or version[0], minor),
           "sessionId": r.number(4), "requestId": r.number(4)}
    r.number(4)
    length = r.number(4)
    if bits & 0xC0 or length > MESSAGE_MAX or length != len(r.rest()):
        raise Refused("envelope")
    op, code, flags = r.number(4), r.number(4), r.number(4)
    out.update(opCode=op, responseCode=code, opFlags="%08x" % flags,
               flags=[name for i, name in enumerate(FLAGS) if flags >> (31 - i) & 1],
               siteInfoSerial=r.number(2), recursionCount=r.number(1))
    r.number(1)
    out["expiration"] = r.number(4)
    body = Bytes(r.take(r.number(4)))
    proof = r.string(MESSAGE_MAX) if r.rest() else b""                           # H-3.3
    if code == 0:
        request_body(op, version, body, out)
    else:
        if flags & RD and version >= (2, 1):                                     # H-7.1
            algorithm = body.number(1)
            if algorithm not in DIGESTS:
                raise Refused("digest")
            digest = body.take(DIGESTS[algorithm])
        if not (op in (0,) and code == 1):
            reply_body(op, code, version, body, out)
        else:
            raise Refused("opcode")
        if flags & RD and version >= (2, 1):
            out["digestAlgCode"], out["requestDigest"] = algorithm, digest.hex()
    if proof:
        credential(proof, out)
    return out


DATA_DECODERS = {"HS_ADMIN": decode_hs_admin, "HS_SITE": decode_site, "HS_VLIST": decode_hs_vlist,
                 "HS_PUBKEY": decode_hs_pubkey, "key": decode_hs_pubkey}


def decode(kind, data):
    """The fields of a record of proto/vectors of that kind; raises Refused."""
    if kind in ("message", "captured-message"):
        return decode_message(data)
    r = Bytes(data)
    if kind == "value":
        out = decode_value(r)
        r.end()
        return out
    return DATA_DECODERS[kind](r)
