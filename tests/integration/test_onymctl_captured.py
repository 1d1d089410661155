"""onymctl shows what a server of another make really answered (proto/vectors, captured exchanges)."""

import json
import pathlib
import re
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402
from odd_server import OddServer  # noqa: E402

ONYMCTL = node.program("onymctl")
VECTORS = pathlib.Path(__file__).resolve().parents[2] / "proto" / "vectors" / "handle-wire.jsonl"


def captured():
    """(name, transport, the packets or the stream of the reply) of the resolutions."""
    for line in VECTORS.read_text("utf-8").splitlines():
        vector = json.loads(line)
        if vector["kind"] != "captured-exchange":
            continue
        replies = vector.get("reply_packets") or [vector["hex"]]
        replies = [bytes.fromhex(packet) for packet in replies]
        opcode, = struct.unpack(">I", replies[0][20:24])
        if opcode == 1:
            yield vector["name"], vector["transport"], replies


def freshened(packet, request, first):
    """The packet as it would come now: our request id, an expiration time to come."""
    packet = packet[:8] + struct.pack(">I", request.id) + packet[12:]
    if first:
        packet = packet[:36] + struct.pack(">I", int(time.time()) + 43200) + packet[40:]
    return packet


def resolve(transport, replies):
    def answer(request, *_):
        return [freshened(packet, request, i == 0) for i, packet in enumerate(replies)]
    with OddServer(**{transport: answer}) as server:
        return subprocess.run([ONYMCTL, "resolve", f"+{transport}", "-s", server.name, "a/b"],
                              capture_output=True, text=True, timeout=30)


class Captured(unittest.TestCase):
    def test_every_captured_answer_is_understood(self):
        codes = set()
        for name, transport, replies in captured():
            code, = struct.unpack(">I", replies[0][24:28])
            got = resolve(transport, replies)
            with self.subTest(name):
                self.assertIn(f"; answer: {code} ", got.stdout)
                codes.add(code)
        self.assertLessEqual({1, 100, 200, 402}, codes)

    def test_the_record_of_a_real_prefix_is_shown_in_words(self):
        replies = {name: replies for name, _, replies in captured()}
        got = resolve("tcp", replies["captured/cnri-tcp/resolve-prefix"])
        self.assertEqual(got.returncode, 0, got.stdout)
        self.assertRegex(got.stdout, r"(?m)^\d+ +HS_SITE .* version 2\.\d+ serial \d+ primary")
        self.assertRegex(got.stdout, r"(?m)^\d+ +HS_ADMIN .* \d+:0\.NA/88\.300\.15907 may ")
        self.assertRegex(got.stdout, r"(?m)^300 +HS_PUBKEY .* RSA_PUB_KEY 2048 bits")
        self.assertFalse(re.search(r"(?m)^301 ", got.stdout), "the secret key is not public")


if __name__ == "__main__":
    unittest.main()
