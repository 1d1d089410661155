"""The codec of the node against a second one written from proto/handle.md.

Seeded random messages, and the same with bytes changed, cut and added, go through both; what one
refuses the other must refuse, and what both accept must have the same fields. Set ONYM_SEED to
repeat a run with another seed.
"""

import json
import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "support"))

import handle_codec as codec  # noqa: E402
import handle_encode as encoder  # noqa: E402

BUILD = Path(os.environ.get("ONYM_BUILD", SOURCE / "build"))
PROGRAM = BUILD / "bin" / "onym-vectors"
SEED = int(os.environ.get("ONYM_SEED", "20240501"))
MESSAGES = 3000
VERSIONS = ["2.0", "2.1", "2.3", "2.4", "2.5", "2.7", "2.8", "2.9", "2.10", "2.11"]
DECODED_KINDS = {"message", "captured-message", "value", "HS_ADMIN", "HS_SITE", "HS_VLIST",
                 "HS_PUBKEY", "key"}


def run_decoder(records):
    """What onym-vectors --decode says of each record."""
    text = "".join(json.dumps(r) + "\n" for r in records)
    done = subprocess.run([PROGRAM, "--decode", "-"], input=text, capture_output=True, text=True,
                          timeout=120, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if len(lines) != len(records):
        raise AssertionError("%d records in, %d lines out" % (len(records), len(lines)))
    return lines


class Maker:
    """Random messages as fields."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, most=24):
        letters = "abcXYZ019./-_:零件甲é𝔸"
        return "".join(self.random.choice(letters) for _ in range(self.random.randint(0, most)))

    def hex(self, most=40):
        return self.random.randbytes(self.random.randint(0, most)).hex()

    def u4(self):
        return self.random.choice([0, 1, 300, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
                                   self.random.getrandbits(32)])

    def many(self, make, most=4):
        return [make() for _ in range(self.random.randint(0, most))]

    def value(self):
        return {"index": self.u4(), "timestamp": self.u4(),
                "ttlType": self.random.randint(0, 2), "ttl": self.u4(),
                "perms_AR_AW_PR_PW": format(self.random.randint(0, 15), "04b"),
                "type": self.text(), "data_hex": self.hex(200),
                "references": self.many(lambda: "%d:%s" % (self.u4(), self.text()), 2)}

    def site(self):
        return {"protocol": "%d.%d" % (self.random.randint(0, 255), self.random.randint(0, 255)),
                "serial": self.random.getrandbits(16), "primary": self.random.random() < 0.5,
                "multiPrimary": self.random.random() < 0.5,
                "hashOption": self.random.randint(0, 3), "hashFilter": self.text(),
                "attributes": self.many(lambda: {"name": self.text(), "value": self.text()}, 3),
                "servers": self.many(self.server, 3)}

    def server(self):
        return {"id": self.u4(), "address": self.random.randbytes(16).hex(),
                "publicKey": self.hex(),
                "interfaces": self.many(lambda: {"type": self.random.randint(0, 4),
                                                 "protocol": self.random.randint(0, 4),
                                                 "port": self.u4()}, 3)}

    def receiver(self):
        return {"hashOption": self.random.randint(0, 3), "numServers": self.u4(),
                "serverNum": self.u4()}

    def i8(self):
        return self.random.randint(-2 ** 63, 2 ** 63 - 1)

    def request(self, op, version):
        if op in (1, 2000):
            return {"handle": self.text(), "indexes": self.many(self.u4),
                    "types": self.many(self.text)}
        if op in codec.NAME_REQUESTS:
            return {"handle": self.text()}
        if op in (100, 102, 104):
            return {"handle": self.text(), "values": self.many(self.value)}
        if op == 103:
            return {"handle": self.text(), "indexes": self.many(self.u4)}
        user = {"userHandle": self.text(), "userIndex": self.u4()}
        if op == 200:
            return dict(user, authType=self.text(), signedResponse=self.hex())
        if op == 201:
            code = self.random.randint(0, 3)
            digest = self.random.randbytes({0: 16}.get(code) or codec.DIGESTS[code])
            return dict(user, nonce=self.hex(), digestAlgCode=code, requestDigest=digest.hex(),
                        signedResponse=self.hex())
        if op == 400:
            return {"mode": self.random.randint(1, 4), "timeout": self.u4(),
                    "identityHandle": self.text(), "identityIndex": self.u4(),
                    "publicKey": self.hex(), "exchangeKeyHandle": self.text(),
                    "exchangeKeyIndex": self.u4()}
        if op == 402:
            return {"encryptedKey": self.hex()}
        if op == 1001:
            if version >= (2, 9) and self.random.random() < 0.5:
                return dict(self.receiver(), states='{"ownName":"%s"}' % self.u4())
            return dict(self.receiver(), lastTxnId=self.i8(), lastQueryDate=self.i8())
        if op == 1002:
            start = {}
            if self.random.random() < 0.5:
                start = {"startPoint": self.text(), "startPointKind": self.u4()}
            return dict(self.receiver(), **start)
        return user

    def reply(self, op, code, version):
        out = {}
        if code == 402:
            out["nonce"] = self.hex(16)
            if version < (2, 1):
                out["requestDigest"] = self.random.randbytes(16).hex()
        elif code in (302, 303):
            out["handle"] = self.text()
            if self.random.random() < 0.5:
                out["values"] = self.many(self.value)
        elif code != 1:
            out["message"] = self.text()
        elif op == 1:
            out.update(handle=self.text(), values=self.many(self.value))
        elif op == 2:
            out["site"] = self.site()
        elif op == 100 and self.random.random() < 0.5:
            out["handle"] = self.text()
        elif op in (105, 302):
            out["handles"] = self.many(self.text, 60)
        elif op == 201:
            out["valid"] = self.random.random() < 0.5
        elif op == 400:
            out.update(mode=self.random.randint(1, 4), data=self.hex())
        elif op == 1000:
            out["nextTxnId"] = self.i8()
        elif op == 1001:
            out["keepAlive"] = self.random.random() < 0.5
        return out

    def message(self):
        op = self.random.choice(sorted(codec.NAME_REQUESTS | codec.EMPTY_REPLIES | {1, 2, 100}))
        code = self.random.choice([0, 0, 0, 1, 1, 1, 2, 100, 301, 302, 303, 402, 402, 500])
        name = self.random.choice(VERSIONS)
        version = tuple(int(n) for n in name.split("."))
        flags = self.random.getrandbits(32)
        m = {"version": name, "suggested": "2.%d" % self.random.randint(0, 255),
             "sessionId": self.u4(), "requestId": self.u4(), "opCode": op, "responseCode": code,
             "opFlags": "%08x" % flags, "siteInfoSerial": self.random.getrandbits(16),
             "recursionCount": self.random.getrandbits(8), "expiration": self.u4(),
             "credentialField": self.random.random() < 0.8}
        m.update(self.request(op, version) if code == 0 else self.reply(op, code, version))
        if code != 0 and flags & codec.RD and version >= (2, 1):
            algorithm = self.random.randint(1, 3)
            m["digestAlgCode"] = algorithm
            m["requestDigest"] = self.random.randbytes(codec.DIGESTS[algorithm]).hex()
        if m["credentialField"] and self.random.random() < 0.3:
            m["credential"] = encoder.encode_credential(
                self.random.choice(["HS_MAC", "HS_SIGNED"]), self.u4(), self.text(),
                self.random.randbytes(self.random.randint(0, 40))).hex()
        return m

    def damage(self, data):
        """Changed, cut or added bytes; half the time the lengths in front are put right again."""
        out = bytearray(data)
        kind = self.random.randint(0, 3)
        if kind == 0:
            for _ in range(self.random.randint(1, 4)):
                out[self.random.randrange(len(out))] ^= 1 << self.random.randrange(8)
        elif kind == 1:
            del out[self.random.randrange(len(out)):]
        elif kind == 2:
            at = self.random.randrange(len(out) + 1)
            out[at:at] = self.random.randbytes(self.random.randint(1, 9))
        else:
            at = self.random.randrange(len(out))
            out[at:at + self.random.randint(1, 4)] = b"\xff\xff\xff\xff"
        if self.random.random() < 0.5 and len(out) >= 44:
            out[16:20] = (len(out) - 20).to_bytes(4, "big")
            if self.random.random() < 0.5:
                out[40:44] = (len(out) - 44).to_bytes(4, "big")
        return bytes(out)


def expected(kind, data):
    try:
        return codec.decode(kind, data)
    except codec.Refused:
        return None


class Differential(unittest.TestCase):
    maxDiff = 2000

    def agree(self, records):
        """Both codecs say the same of every record; returns how many were accepted."""
        accepted = 0
        for record, line in zip(records, run_decoder(records)):
            want = expected(record["kind"], bytes.fromhex(record["hex"]))
            have = line.get("decoded")
            if have is not None:
                have.pop("slotName", None)  # the same bits, named
            if want != have:
                self.fail("seed %d, %s\nbytes %s\nsecond codec %s\nthe node     %s"
                          % (SEED, record["name"], record["hex"], want,
                             have if have is not None else line))
            accepted += have is not None
        return accepted

    def test_second_codec_agrees_with_the_vectors(self):
        records = []
        with open(SOURCE / "proto" / "vectors" / "handle-wire.jsonl", encoding="utf-8") as lines:
            records = [r for r in map(json.loads, lines) if r["kind"] in DECODED_KINDS]
        self.assertGreater(len(records), 200)
        self.assertEqual(self.agree(records), len(records))
        for record in records:
            fields = codec.decode(record["kind"], bytes.fromhex(record["hex"]))
            for key in ("version", "suggested", "opCode", "flags", "index", "ttl", "handles",
                        "nonce", "requestDigest", "adminHandle", "refs", "servers", "message"):
                if key in record:
                    self.assertEqual(fields[key], record[key], (record["name"], key))

    def test_second_codec_encodes_the_vectors(self):
        """Messages of known bytes and nothing ignored come back from the second encoder."""
        count = 0
        with open(SOURCE / "proto" / "vectors" / "handle-wire.jsonl", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                if record["kind"] != "message":
                    continue
                fields = codec.decode("message", bytes.fromhex(record["hex"]))
                self.assertEqual(encoder.encode_message(fields).hex(), record["hex"],
                                 record["name"])
                count += 1
        self.assertGreater(count, 50)

    def test_random_messages(self):
        maker = Maker(SEED)
        messages = [maker.message() for _ in range(MESSAGES)]
        records = [{"name": "random/%d" % i, "kind": "message",
                    "hex": encoder.encode_message(m).hex()} for i, m in enumerate(messages)]
        self.assertEqual(self.agree(records), MESSAGES)
        for record, line in zip(records, run_decoder(records)):
            self.assertEqual(line["encoded"], record["hex"], "seed %d, %s" % (SEED, record["name"]))

    def test_damaged_messages(self):
        maker = Maker(SEED + 1)
        records = [{"name": "damaged/%d" % i, "kind": "message",
                    "hex": maker.damage(encoder.encode_message(maker.message())).hex()}
                   for i in range(MESSAGES)]
        accepted = self.agree(records)
        # a test of refusals that refuses everything, or nothing, tests little
        self.assertGreater(accepted, MESSAGES // 20)
        self.assertLess(accepted, MESSAGES * 19 // 20)

    def test_damaged_data(self):
        maker = Maker(SEED + 2)
        with open(SOURCE / "proto" / "vectors" / "handle-wire.jsonl", encoding="utf-8") as lines:
            originals = [r for r in map(json.loads, lines)
                         if r["kind"] in DECODED_KINDS - {"message", "captured-message"}]
        records = []
        for i in range(MESSAGES):
            original = maker.random.choice(originals)
            damaged = maker.damage(bytes.fromhex(original["hex"]))
            records.append({"name": "%s/damaged/%d" % (original["name"], i),
                            "kind": original["kind"], "hex": damaged.hex()})
        self.assertGreater(self.agree(records), 0)

    def test_packets(self):
        """Packets cut by the second codec, in any order, are put together by the node's codec."""
        maker = Maker(SEED + 3)
        lines = []
        for group in range(60):
            m = dict(maker.message(), opCode=100, responseCode=0, handle="88.1/x",
                     values=[dict(maker.value(), data_hex=maker.random.randbytes(
                         maker.random.randint(0, 3000)).hex())])
            packets = list(enumerate(encoder.packets(encoder.encode_message(m))))
            maker.random.shuffle(packets)
            for i, packet in packets:
                lines.append({"name": "packet/%d/%d" % (group, i), "kind": "udp-packet",
                              "group": "packet/%d" % group, "fragment": i,
                              "fragments": len(packets), "truncatedFlag": len(packets) > 1,
                              "opCode": 100, "handle": "88.1/x", "requestId": m["requestId"],
                              "hex": packet.hex()})
        done = subprocess.run([PROGRAM, "-"], input="".join(json.dumps(x) + "\n" for x in lines),
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stdout.splitlines()[-1],
                         "%d passed, 0 failed, 0 skipped" % len(lines),
                         "seed %d\n%s" % (SEED, done.stdout[:2000]))


if __name__ == "__main__":
    unittest.main()
