#!/usr/bin/env python3
"""The recorded exchanges with a reference server, replayed against this node over TCP and UDP: the
same response codes, or a reason written here why not."""

import base64
import json
import pathlib
import struct
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402

# Over UDP nobody is challenged: no state is kept for sources that may be forged.
TCP_ONLY = ("resolve-all-po-clear", "opcode-2001")

VECTORS = ROOT / "proto" / "vectors" / "handle-wire.jsonl"

# Where this node answers with another code than the recorded server: name -> (code, reason).
OTHERWISE = {
    "captured/cnri-tcp/unknown-opcode-777":
        (5, "5 with the request's own id; the recorded answer cannot be matched to its request"),
    "captured/cnri-tcp/opcode-2001": (402, "the login of other clients, which begins with a "
                                           "challenge"),
    "captured/cnri-tcp/body-handle-length-negative":
        (4, "4, malformed, with the request's own id"),
    "captured/cnri-udp/envelope-only-zero-length":
        (None, "silence: an answer would be larger than the request and make a reflector"),
    "captured/cnri-udp/request-2-fragments-no-flag":
        (None, "silence: without the flag the packets do not hold the message they announce"),
}


def exchanges():
    with VECTORS.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["kind"] == "captured-exchange":
                yield record


def code_of(message):
    return struct.unpack(">I", message[24:28])[0]


def values_of(message):
    """The values of a resolve reply, in the shape that onymctl load takes."""
    at = 44
    (length,) = struct.unpack_from(">I", message, at)
    at += 4 + length
    (count,) = struct.unpack_from(">I", message, at)
    at += 4
    values = []
    for _ in range(count):
        index, timestamp, ttl_type, ttl, permissions = struct.unpack_from(">IIBIB", message, at)
        at += 14
        (length,) = struct.unpack_from(">I", message, at)
        kind = message[at + 4:at + 4 + length].decode()
        at += 4 + length
        (length,) = struct.unpack_from(">I", message, at)
        data = message[at + 4:at + 4 + length]
        at += 4 + length
        (references,) = struct.unpack_from(">I", message, at)
        at += 4
        assert ttl_type == 0 and references == 0 and timestamp > 0
        values.append({"index": index, "type": kind, "ttl": ttl,
                       "permissions": format(permissions & 15, "04b"),
                       "data": {"format": "base64", "value": base64.b64encode(data).decode()}})
    return values


def fixture():
    """The record behind the recorded exchanges: its public values as recorded, and the private key
    at 301 that the recordings speak of."""
    recorded = next(e for e in exchanges() if e["name"].endswith("resolve-prefix"))
    values = values_of(bytes.fromhex(recorded["hex"]))
    values.append({"index": 301, "type": "HS_SECKEY", "permissions": "1100",
                   "data": "s3cret-pass"})
    return {"handle": "0.NA/88.300.15907", "values": values}


class CapturedExchanges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = node.Node(records=[fixture()]).start()

    @classmethod
    def tearDownClass(cls):
        cls.node.stop()
        cls.node.__exit__(None, None, None)

    def expected(self, exchange, recorded):
        return OTHERWISE.get(exchange["name"], (code_of(recorded), ""))[0]

    def test_tcp(self):
        seen = 0
        for exchange in exchanges():
            if exchange["transport"] != "tcp":
                continue
            seen += 1
            with self.subTest(exchange["name"]):
                request = bytes.fromhex(exchange["request_hex"])
                reply = self.node.tcp(request)
                want = self.expected(exchange, bytes.fromhex(exchange["hex"]))
                self.assertEqual(code_of(reply), want, OTHERWISE.get(exchange["name"]))
                self.assertEqual(reply[8:12], request[8:12], "the request id comes back")
                self.assertEqual(reply[20:24], request[20:24], "the opcode comes back")
        self.assertGreaterEqual(seen, 21)

    def test_udp(self):
        seen = 0
        for exchange in exchanges():
            if exchange["transport"] != "udp":
                continue
            seen += 1
            with self.subTest(exchange["name"]):
                recorded = bytes.fromhex(exchange["reply_packets"][0])
                want = self.expected(exchange, recorded)
                with node.udp_socket(self.node.address, self.node.port, 1) as sock:
                    for packet in exchange["request_packets"]:
                        sock.send(bytes.fromhex(packet))
                    try:
                        code = code_of(sock.recv(65536))
                    except TimeoutError:
                        code = None
                self.assertEqual(code, want, OTHERWISE.get(exchange["name"]))
        self.assertGreaterEqual(seen, 5)

    def test_single_packet_exchanges_give_the_same_code_over_the_other_transport(self):
        for exchange in exchanges():
            if exchange["transport"] != "tcp" or len(exchange["request_hex"]) // 2 > 512 or \
                    exchange["name"].endswith(TCP_ONLY):
                continue
            with self.subTest(exchange["name"]):
                request = bytes.fromhex(exchange["request_hex"])
                want = code_of(self.node.tcp(request))
                if exchange["name"].endswith(("resolve-prefix", "resolve-no-slash")):
                    first = self.node.udp(request, packets=2)[0]  # 900 bytes: two packets
                else:
                    first = self.node.udp(request)
                self.assertEqual(code_of(first), want)

    def test_the_whole_record_is_the_recorded_one(self):
        recorded = next(e for e in exchanges() if e["name"].endswith("resolve-prefix"))
        want = bytes.fromhex(recorded["hex"])
        got = self.node.tcp(bytes.fromhex(recorded["request_hex"]))
        self.assertEqual(len(got), len(want))
        self.assertEqual([{**v, "timestamp": 0} for v in values_of(got)],
                         [{**v, "timestamp": 0} for v in values_of(want)])


if __name__ == "__main__":
    unittest.main()
