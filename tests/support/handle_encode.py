"""The encoding half of the second codec: messages from fields as handle_codec.py names them.

Written from proto/handle.md alone, like the other half; clauses are those of that page.
"""

import struct

from handle_codec import NAME_REQUESTS

DATA_MAX = 492          # H-14.1


def number(value, width):
    return value.to_bytes(width, "big")


def string(data):
    return number(len(data), 4) + data


def listed(items):
    return number(len(items), 4) + b"".join(items)


def encode_value(v):
    refs = []
    for ref in v.get("references", []):
        index, handle = ref.split(":", 1)
        refs.append(string(handle.encode()) + number(int(index), 4))
    return (number(v["index"], 4) + number(v["timestamp"], 4) + number(v["ttlType"], 1)
            + number(v["ttl"], 4) + number(int(v["perms_AR_AW_PR_PW"], 2), 1)
            + string(v["type"].encode()) + string(bytes.fromhex(v["data_hex"])) + listed(refs))


def encode_site(s):
    flags = (0x80 if s["primary"] else 0) | (0x40 if s["multiPrimary"] else 0)
    major, minor = s["protocol"].split(".")
    out = (number(1, 2) + number(int(major), 1) + number(int(minor), 1) + number(s["serial"], 2)
           + number(flags, 1) + number(s["hashOption"], 1) + string(s["hashFilter"].encode()))
    out += listed([string(a["name"].encode()) + string(a["value"].encode())
                   for a in s["attributes"]])
    return out + listed([
        number(v["id"], 4) + bytes.fromhex(v["address"]) + string(bytes.fromhex(v["publicKey"]))
        + listed([number(i["type"], 1) + number(i["protocol"], 1) + number(i["port"], 4)
                  for i in v["interfaces"]])
        for v in s["servers"]])


def encode_request_body(op, version, m):
    handle = string(m.get("handle", "").encode())
    if op in (1, 2000):
        return (handle + listed([number(i, 4) for i in m["indexes"]])
                + listed([string(t.encode()) for t in m["types"]]))
    if op in NAME_REQUESTS:
        return handle
    if op in (100, 102, 104):
        return handle + listed([encode_value(v) for v in m["values"]])
    if op == 103:
        return handle + listed([number(i, 4) for i in m["indexes"]])
    user = string(m.get("userHandle", "").encode()) + number(m.get("userIndex", 0), 4)
    if op == 200:
        return string(m["authType"].encode()) + user + string(bytes.fromhex(m["signedResponse"]))
    if op == 201:
        code = m["digestAlgCode"]
        return (user + string(bytes.fromhex(m["nonce"]))
                + string((bytes([code]) if code else b"") + bytes.fromhex(m["requestDigest"]))
                + string(bytes.fromhex(m["signedResponse"])))
    if op == 400:
        out = (number(m["mode"], 2) + number(m["timeout"], 4)
               + string(m["identityHandle"].encode()) + number(m["identityIndex"], 4))
        if m["mode"] in (1, 4):
            out += string(bytes.fromhex(m["publicKey"]))
        elif m["mode"] == 3:
            out += string(m["exchangeKeyHandle"].encode()) + number(m["exchangeKeyIndex"], 4)
        return out + b"\0\0"
    if op == 402:
        return string(bytes.fromhex(m["encryptedKey"]))
    receiver = b""
    if op in (1001, 1002):
        receiver = (number(m["hashOption"], 1) + number(m["numServers"], 4)
                    + number(m["serverNum"], 4))
    if op == 1001:
        if "states" in m:
            return b"\1" + string(m["states"].encode()) + receiver
        front = b"\0" if version >= (2, 9) else b""
        return front + struct.pack(">qq", m["lastTxnId"], m["lastQueryDate"]) + receiver
    if op == 1002:
        if "startPoint" in m:
            receiver += string(m["startPoint"].encode()) + number(m["startPointKind"], 4)
        return receiver
    assert op == 2001
    return user


def encode_reply_body(op, code, version, m):
    out = b""
    if "digestAlgCode" in m and version >= (2, 1):  # H-7.2
        out = bytes([m["digestAlgCode"]]) + bytes.fromhex(m["requestDigest"])
    if code == 402:
        out += string(bytes.fromhex(m["nonce"]))
        return out + (string(bytes.fromhex(m["requestDigest"])) if version < (2, 1) else b"")
    if code in (302, 303):
        out += string(m["handle"].encode())
        return out + (listed([encode_value(v) for v in m["values"]]) if "values" in m else b"")
    if code != 1:
        return out + string(m["message"].encode())
    if op == 1:
        return out + string(m["handle"].encode()) + listed([encode_value(v) for v in m["values"]])
    if op == 2:
        return out + encode_site(m["site"])
    if op == 100:
        return out + (string(m["handle"].encode()) if "handle" in m else b"")
    if op in (105, 302):
        return out + listed([string(h.encode()) for h in m["handles"]])
    if op == 201:
        return out + bytes([m["valid"]])
    if op == 400:
        return out + number(m["mode"], 2) + string(bytes.fromhex(m["data"])) + b"\0\0"
    if op == 1000:
        return out + struct.pack(">q", m["nextTxnId"])
    if op == 1001:
        return out + bytes([m["keepAlive"]])
    return out


def encode_message(m):
    """Envelope and message from fields as decode_message() names them."""
    version = tuple(int(n) for n in m["version"].split("."))
    suggested = tuple(int(n) for n in m["suggested"].split("."))
    op, code = m["opCode"], m["responseCode"]
    if code == 0:
        body = encode_request_body(op, version, m)
    else:
        body = encode_reply_body(op, code, version, m)
    flags = int(m["opFlags"], 16)
    message = struct.pack(">IIIHBBII", op, code, flags, m["siteInfoSerial"], m["recursionCount"],
                          0, m["expiration"], len(body)) + body
    if m.get("credentialField", True):
        message += string(bytes.fromhex(m.get("credential", "")))
    return struct.pack(">BBBBIIII", *version, *suggested, m["sessionId"], m["requestId"], 0,
                       len(message)) + message


def encode_credential(kind, counter, hash_name, signature):
    rest = string(hash_name.encode()) + string(signature)
    return b"\0" * 8 + number(counter, 4) + string(kind.encode()) + number(len(rest), 4) + rest


def packets(data):
    """The packets of an enveloped message: H-14.1, H-14.2."""
    front, message = data[:20], data[20:]
    count = max(1, -(-len(message) // DATA_MAX))
    out = []
    for i in range(count):
        e = bytearray(front)
        e[12:16] = number(i, 4)
        if count > 1:
            e[2] |= 0x20
        out.append(bytes(e) + message[i * DATA_MAX:(i + 1) * DATA_MAX])
    return out
