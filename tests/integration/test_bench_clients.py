"""The load clients of bench/ tell right from wrong: a client that counts a wrong, missing or
oversized reply as an answer would make every figure worthless. They are run against a small
responder whose faults are known."""

import json
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from responder import Responder, message, packets_of, success  # noqa: E402

BUILD = pathlib.Path(os.environ["ONYM_BUILD"]).resolve()
NAMES = [f"88.9420.101/part-{i}" for i in range(50)]


class Recorder:
    """A socket that notes from whom datagrams come."""

    def __init__(self, socket_, receive, peers):
        self.socket, self.receive, self.peers = socket_, receive, peers

    def recvfrom(self, size):
        packet, peer = self.receive(size)
        self.peers.add(peer[0])
        return packet, peer

    def sendto(self, packet, peer):
        return self.socket.sendto(packet, peer)

    def close(self):
        self.socket.close()


def is_resolve(request):
    return (len(request) >= 48 and request[0] == 2
            and struct.unpack_from(">I", request, 20)[0] == 1
            and request[48:55] == b"88.9420"
            and len(request) >= 48 + struct.unpack_from(">I", request, 44)[0])


class Clients(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="onym-test-bench-")
        self.addCleanup(self.folder.cleanup)
        self.names = self.file("names.txt", "\n".join(NAMES) + "\n")

    def file(self, name, text):
        path = pathlib.Path(self.folder.name) / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run_program(self, name, *arguments):
        return subprocess.run([str(BUILD / "bench" / name), *map(str, arguments)], text=True,
                              capture_output=True, timeout=60, check=False)

    def load(self, reply, *arguments):
        with Responder(reply) as responder:
            done = self.run_program("udp_load", "--target", f"127.0.0.1:{responder.port}",
                                    "--names", self.names, "--count", 300, "--window", 16,
                                    *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_right_answers_are_counted_with_their_size(self):
        result = self.load(lambda request: packets_of(request, success(request)))
        self.assertEqual((result["answers"], result["wrong"], result["lost"]), (300, 0, 0))
        self.assertEqual(result["packets"], 300)
        self.assertLess(abs(result["answer_bytes_median"] - result["bytes"] / 300), 2)
        self.assertGreater(result["latency_us"]["max"], 0)
        self.assertLessEqual(result["latency_us"]["p50"], result["latency_us"]["max"])

    def test_another_name_is_wrong(self):
        result = self.load(lambda request: packets_of(request, success(request, name=b"0.NA/1")))
        self.assertEqual((result["answers"], result["wrong"]), (0, 300))

    def test_another_response_code_is_wrong_and_named(self):
        result = self.load(lambda request: packets_of(request, message(request, 100, bytes(60))))
        self.assertEqual((result["answers"], result["wrong"]), (0, 300))
        self.assertEqual(result["first_wrong"]["code"], 100)
        self.assertIn(result["first_wrong"]["name"], NAMES)

    def test_a_cut_reply_is_wrong(self):
        result = self.load(lambda request: [packets_of(request, success(request))[0][:-1]])
        self.assertEqual((result["answers"], result["wrong"]), (0, 300))

    def test_packets_count_in_any_order_and_once(self):
        def reply(request):
            packets = packets_of(request, success(request, b"y" * 1000), 0x20)
            return [packets[2], packets[0], packets[0], packets[1]]
        result = self.load(reply)
        self.assertEqual((result["answers"], result["wrong"], result["lost"]), (300, 0, 0))
        self.assertGreater(result["answer_bytes_median"], 1000)

    def test_a_missing_packet_is_lost_and_asked_for_again(self):
        first = set()

        def reply(request):
            packets = packets_of(request, success(request, b"y" * 600), 0x20)
            if request[8:12] in first or len(first) >= 5:
                return packets
            first.add(request[8:12])
            return packets[:1]
        result = self.load(reply, "--retry-ms", 50)
        self.assertEqual((result["answers"], result["wrong"], result["lost"]), (300, 0, 5))

    def test_packets_that_contradict_each_other_are_wrong(self):
        def reply(request):
            packets = packets_of(request, success(request, b"y" * 600), 0x20)
            other = packets[1][:16] + struct.pack(">I", 700) + packets[1][20:]
            return [packets[0], other]
        self.assertEqual(self.load(reply)["wrong"], 300)

    def dns_reply(self, request, code=0, question=None, count=1, flags=0x8400):
        question = request[12:] if question is None else question
        record = struct.pack(">HHHIH", 0xC00C, 16, 1, 60, 4) + b"\3abc"
        return [request[:2] + struct.pack(">HHHHH", flags | code, 1, count, 0, 0) + question + record]

    def test_dns_answers_are_told_from_other_replies(self):
        result = self.load(self.dns_reply, "--protocol", "dns")
        self.assertEqual((result["answers"], result["wrong"]), (300, 0))
        other = b"\1x\5bench\0\0\x10\0\1"
        for wrong in ({"code": 3}, {"question": other}, {"count": 0}, {"flags": 0},
                      {"flags": 0x8600}):
            result = self.load(lambda request, wrong=wrong: self.dns_reply(request, **wrong),
                               "--protocol", "dns")
            self.assertEqual((result["answers"], result["wrong"]), (0, 300), wrong)

    def test_names_that_are_no_label(self):
        self.names = self.file("names.txt", "a" * 63 + "\n")
        result = self.load(self.dns_reply, "--protocol", "dns")
        self.assertEqual(result["answers"], 300)
        self.names = self.file("names.txt", "a" * 64 + "\n")
        done = self.run_program("udp_load", "--target", "127.0.0.1:9", "--names", self.names,
                                "--protocol", "dns")
        self.assertEqual(done.returncode, 1)
        self.assertIn("63 bytes", done.stderr)

    def test_selections_are_in_the_request(self):
        def reply(request):
            at = 48 + struct.unpack_from(">I", request, 44)[0]
            seen.add(request[at:-4])
            return packets_of(request, success(request))
        for options, expected in (([], bytes(8)),
                                  (["--index", 7], struct.pack(">III", 1, 7, 0)),
                                  (["--type", "URL"], struct.pack(">III", 0, 1, 3) + b"URL")):
            seen = set()
            self.assertEqual(self.load(reply, *options)["answers"], 300)
            self.assertEqual(seen, {expected})

    def test_kinds_of_requests_want_their_own_response_codes(self):
        def reply(request):
            length = struct.unpack_from(">I", request, 44)[0]
            name = request[48:48 + length]
            code = 4 if length == 65535 else 301 if name.startswith(b"88.9999.1/") else \
                100 if name.endswith(b"!") else 1
            return packets_of(request, success(request) if code == 1
                              else message(request, code, b""))
        options = ("--rate", 20000, "--miss", 20, "--refused", 10, "--malformed", 10)
        result = self.load(reply, *options)
        self.assertEqual((result["requests"], result["wrong"], result["unanswered"]), (300, 0, 0))
        self.assertLess(result["answers"], 300)
        self.assertGreater(result["refusals"], 30)
        result = self.load(lambda request: packets_of(request, message(request, 100, b"")),
                           "--miss", 100)
        self.assertEqual((result["refusals"], result["wrong"]), (300, 0))
        result = self.load(lambda request: packets_of(request, message(request, 301, b"")),
                           "--miss", 100)
        self.assertEqual((result["refusals"], result["wrong"]), (0, 300))

    def test_zipf_prefers_the_first_names(self):
        seen = []

        def reply(request):
            seen.append(request[48:48 + struct.unpack_from(">I", request, 44)[0]])
            return packets_of(request, success(request))
        self.load(reply, "--zipf", 990)
        share = seen.count(NAMES[0].encode()) / len(seen)  # 1 / (sum of k^-0.99 up to 50) = 0.22
        self.assertTrue(0.14 < share < 0.31, share)

    def test_requests_come_from_as_many_addresses_as_asked_for(self):
        peers = set()
        with Responder(lambda request: packets_of(request, success(request))) as responder:
            receive = responder.socket.recvfrom
            responder.socket = Recorder(responder.socket, receive, peers)
            done = self.run_program("udp_load", "--target", f"127.0.0.1:{responder.port}",
                                    "--names", self.names, "--count", 200, "--window", 64,
                                    "--peers", 5)
        self.assertEqual(json.loads(done.stdout)["answers"], 200)
        self.assertEqual(peers, {f"127.0.1.{n}" for n in range(1, 6)})

    def test_joined_requests_arrive_as_single_ones(self):
        names = [name + "x" * (i % 3) for i, name in enumerate(NAMES)]  # of several lengths
        self.names = self.file("names.txt", "\n".join(names) + "\n")
        for window in (1, 64, 150):
            lengths = set()

            def reply(request):
                lengths.add(len(request))
                return packets_of(request, success(request))

            result = self.load(reply, "--join", "--window", window)
            self.assertEqual((result["answers"], result["wrong"], result["lost"]), (300, 0, 0))
            self.assertGreater(len(lengths), 2)

    def test_silence_ends_the_run_with_an_error(self):
        with Responder(lambda request: []) as responder:
            done = self.run_program("udp_load", "--target", f"127.0.0.1:{responder.port}",
                                    "--names", self.names, "--count", 3)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no answer", done.stderr)

    def test_limits_of_arguments(self):
        for option, right, wrong in (("--window", (1, 4096), (0, 4097, "x", "")),
                                     ("--peers", (1, 250), (0, 251)), ("--zipf", (1, 999), (0, 1000)),
                                     ("--miss", (0,), (101,)), ("--type", ("t" * 32,), ("t" * 33, "")),
                                     ("--retry-ms", (10, 60000), (9, 60001, -1))):
            for value in right:
                self.load(lambda request: packets_of(request, success(request)), option, value)
            for value in wrong:
                done = self.run_program("udp_load", "--target", "127.0.0.1:9", "--names",
                                        self.names, option, value)
                self.assertEqual(done.returncode, 2, f"{option} {value}")
                self.assertIn(option, done.stderr)

    def test_limit_of_names(self):
        longest = "88.9420.101/" + "a" * 440
        self.assertEqual(len(longest), 452)
        self.names = self.file("names.txt", f"\r\n{longest}\r\n\n")
        result = self.load(lambda request: packets_of(request, success(request, b"")))
        self.assertEqual(result["answers"], 300)
        for text, expected in ((f"short\n{longest}b\n", ":2: a name of 453 bytes"),
                               ("\n\n", "no names in it")):
            self.names = self.file("names.txt", text)
            done = self.run_program("udp_load", "--target", "127.0.0.1:9", "--names", self.names)
            self.assertEqual(done.returncode, 1)
            self.assertIn(expected, done.stderr)

    def test_echo_answers_the_size_asked_for_with_the_id(self):
        for size in (12, 350, 512):
            port = random.randrange(12000, 32768)
            with subprocess.Popen([str(BUILD / "bench" / "echo"), "--listen", f"127.0.0.1:{port}",
                                   "--answer-bytes", str(size)]) as echo:
                try:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                        client.connect(("127.0.0.1", port))
                        client.settimeout(0.2)
                        answer = self.exchange(client, bytes(8) + b"\1\2\3\4" + bytes(80))
                finally:
                    echo.terminate()
            self.assertEqual((len(answer), answer[8:12]), (size, b"\1\2\3\4"))
        for arguments in (("--miss", 60, "--refused", 41), ("--malformed", 1),
                          ("--join", "--peers", 2), ("--protocol", "http"), ("--protocol", "dns", "--index", 1)):
            done = self.run_program("udp_load", "--target", "127.0.0.1:9", "--names", self.names,
                                    *arguments)
            self.assertEqual(done.returncode, 2, arguments)
        for size in (11, 2049):
            done = self.run_program("echo", "--listen", "127.0.0.1:9", "--answer-bytes", size)
            self.assertEqual(done.returncode, 2)

    def exchange(self, client, request):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:  # until the program listens
            try:
                client.send(request)
                return client.recv(2048)
            except OSError:
                time.sleep(0.01)
        return self.fail("echo does not answer")

    def flood(self, reply, *arguments, limit=None):
        seeds = self.file("seeds.hex", (
            "020b020b00000000000003e90000000000000046000000010000000019000000ffff0000773594000000"
            "002a0000001e38382e3330302e31353930372f4c5356414232425235454e3030303030310000000000"
            "00000000000000\n"))
        with Responder(reply, limit) as responder:
            return self.run_program("mutate", "--target", f"127.0.0.1:{responder.port}",
                                    "--names", self.names, "--seeds", seeds, "--packets", 5000,
                                    "--tcp-share", 0, *arguments)

    def test_flood_gets_honest_requests_answered_and_keeps_to_its_number(self):
        done = self.flood(lambda request: packets_of(request, success(request))
                          if is_resolve(request) else [])
        self.assertEqual(done.returncode, 0, done.stderr)
        udp = json.loads(done.stdout)["udp"]
        self.assertEqual(udp["mutants"], 5000)
        self.assertEqual(udp["answered"], udp["honest"])
        self.assertGreater(udp["honest"], 100)
        self.assertEqual(udp["larger_than_request"], 0)

    def test_flood_notices_refusals_larger_than_the_request(self):
        done = self.flood(lambda request: packets_of(request, success(request))
                          if is_resolve(request) else
                          packets_of(request, message(request, 4, bytes(440)))
                          if len(request) >= 12 else [])
        udp = json.loads(done.stdout)["udp"]
        self.assertGreater(udp["larger_than_request"], 1000)
        self.assertGreater(udp["refused_bytes_out"], udp["refused_bytes_in"])
        self.assertEqual(udp["first_larger_request"][16:24], udp["first_larger_reply"][16:24])

    def test_flood_allows_the_digest_a_request_asked_for(self):
        def refuse(request):
            body = b"\3" + bytes(32) + bytes(len(request) - 20 - 24 - 4)
            header = struct.pack(">IIIHBBII", 1, 301, 0x800000, 1, 0, 0, 2_000_000_000, len(body))
            return packets_of(request, header + body + bytes(4))
        done = self.flood(lambda request: packets_of(request, success(request))
                          if is_resolve(request) else
                          refuse(request) if 48 <= len(request) <= 400 else [])
        udp = json.loads(done.stdout)["udp"]
        self.assertEqual(udp["larger_than_request"], 0)
        self.assertGreater(udp["larger_by_digest"], 1000)

    def test_flood_notices_wrong_answers(self):
        done = self.flood(lambda request: packets_of(request, success(request, name=b"other"))
                          if is_resolve(request) else [])
        udp = json.loads(done.stdout)["udp"]
        self.assertEqual((udp["answered"], udp["wrong"]), (0, udp["honest"]))

    def test_flood_notices_a_server_that_fell_silent(self):
        done = self.flood(lambda request: packets_of(request, success(request))
                          if is_resolve(request) else [], "--silence", 1, limit=1000)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no reply for 1 seconds", done.stderr)

    def test_flood_refuses_material_that_is_no_message(self):
        for text, expected in (("zz\n", ":1: expected"), ("00" * 43, ":1: expected"),
                               ("00" * 4097, ":1: expected"), ("", "no messages")):
            done = self.run_program("mutate", "--target", "127.0.0.1:9", "--names", self.names,
                                    "--seeds", self.file("bad.hex", text))
            self.assertEqual(done.returncode, 1)
            self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    unittest.main()
