"""onymctl resolve against a server of another make, well behaved and otherwise."""

import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402
from odd_server import FLAG_AT, Answer, OddServer, site, text, value  # noqa: E402

ONYMCTL = node.program("onymctl")
ID = "88.300.15907/零件-1"
GOOD = Answer(values=[value(1, "URL", "https://example.com/a"), value(2, "名称", "前减震器")],
              flags=FLAG_AT)
BIG = Answer(values=[value(1, "DESC", "x" * 3000)])


def onymctl(*arguments, timeout=30):
    return subprocess.run([ONYMCTL, *arguments], capture_output=True, text=True, timeout=timeout,
                          encoding="utf-8", env={**os.environ, "LC_ALL": "C.UTF-8"})


def resolve(server, *arguments):
    return onymctl("resolve", "-s", server.name, *arguments)


class Output(unittest.TestCase):
    def test_block_names_answer_server_flags_and_values(self):
        with OddServer(udp=lambda r, n: GOOD) as server:
            got = resolve(server, ID)
        self.assertEqual(got.returncode, 0, got.stderr)
        lines = got.stdout.splitlines()
        self.assertEqual(lines[0], f"; question: {ID}")
        self.assertEqual(lines[1], "; answer: 1 OK: done")
        self.assertRegex(lines[2], rf"^; server: {server.name} over UDP, \d+\.\d{{3}} ms, "
                                   r"\d+ bytes in 1 packet, protocol 2\.11$")
        self.assertEqual(lines[3], "; flags: authoritative")
        self.assertEqual(lines[5], "1       URL   86400  rwr-  https://example.com/a")
        self.assertEqual(lines[6], "2       名称  86400  rwr-  前减震器")
        self.assertEqual(len(lines), 7)
        self.assertEqual(got.stderr, "")

    def test_color_only_when_asked_for_in_a_pipe(self):
        with OddServer(udp=lambda r, n: GOOD if r.name == ID else Answer(code=100)) as server:
            self.assertNotIn("\x1b", resolve(server, ID).stdout)
            self.assertIn("; answer: \x1b[32m1 OK\x1b[0m: done\n",
                          resolve(server, "--color", "always", ID).stdout)
            self.assertIn("\x1b[33m100 ", resolve(server, "--color=always", "a/b").stdout)

    def test_noun_and_top_level_spelling_are_the_same(self):
        with OddServer(udp=lambda r, n: GOOD) as server:
            short = onymctl("resolve", ID, "+short", "-s", server.name)
            long = onymctl("-s", server.name, "id", "resolve", "--short", ID)
        self.assertEqual((short.returncode, short.stdout), (long.returncode, long.stdout))

    def test_short_prints_only_data_before_or_after_the_id(self):
        with OddServer(udp=lambda r, n: GOOD) as server:
            for words in (["+short", ID], [ID, "+short"], ["--short", ID], [ID, "--short"]):
                got = resolve(server, *words)
                self.assertEqual(got.stdout, "https://example.com/a\n前减震器\n")
                self.assertEqual(got.stderr, "")

    def test_short_says_on_stderr_why_there_is_nothing(self):
        with OddServer(udp=lambda r, n: Answer(code=100)) as server:
            got = resolve(server, "+short", ID)
            quiet = resolve(server, "+short", "-q", ID)
        self.assertEqual((got.returncode, got.stdout), (1, ""))
        self.assertIn("not found", got.stderr)
        self.assertEqual((quiet.returncode, quiet.stdout, quiet.stderr), (1, "", ""))

    def test_json_has_the_names_of_the_http_api(self):
        with OddServer(udp=lambda r, n: GOOD) as server:
            got = resolve(server, ID, "--json")
        self.assertEqual(got.stdout.count("\n"), 1)
        self.assertEqual(json.loads(got.stdout), {
            "responseCode": 1, "handle": ID, "values": [
                {"index": 1, "type": "URL", "ttl": 86400, "timestamp": "2027-01-15T08:00:00Z",
                 "data": {"format": "string", "value": "https://example.com/a"}},
                {"index": 2, "type": "名称", "ttl": 86400, "timestamp": "2027-01-15T08:00:00Z",
                 "data": {"format": "string", "value": "前减震器"}}]})

    def test_json_of_errors(self):
        answers = {"a/none": Answer(code=100), "a/empty": Answer(code=200),
                   "a/text": Answer(code=2, message="坏了"),
                   "a/there": Answer(code=302, values=[value(1, "HS_SITE", site(2641))])}
        with OddServer(udp=lambda r, n: answers[r.name]) as server:
            got = resolve(server, *answers, "-o", "json")
        self.assertEqual(got.returncode, 5)
        none, empty, wrong, there = map(json.loads, got.stdout.splitlines())
        self.assertEqual((none["responseCode"], none["handle"]), (100, "a/none"))
        self.assertEqual(empty, {"responseCode": 200, "handle": "a/empty", "values": []})
        self.assertEqual((wrong["responseCode"], wrong["message"]), (2, "坏了"))
        self.assertEqual(there["values"][0]["data"]["format"], "site")

    def test_nothing_in_values_steers_the_terminal(self):
        nasty = "a\x1b[31mred\x07\u202eevil\u200b\nb\\c\x9b1"
        with OddServer(udp=lambda r, n: Answer(values=[value(1, "T\x1b]0;", nasty)])) as server:
            got = resolve(server, "x/y")
            short = resolve(server, "+short", "x/y")
        for output in (got.stdout, short.stdout):
            for bad in "\x1b\x07\u202e\u200b\x9b":
                self.assertNotIn(bad, output)
        # a control character makes the data binary: shown as hexadecimal digits
        self.assertEqual(short.stdout, "hex:" + nasty.encode().hex() + "\n")
        with OddServer(udp=lambda r, n: Answer(values=[value(1, "T", "a\u202eb\nc\\d")])) as server:
            self.assertEqual(resolve(server, "+short", "x/y").stdout, "a\\u{202e}b\\nc\\\\d\n")

    def test_special_types_are_shown_in_words(self):
        admin = struct.pack(">H", 0x0FFF) + text("0.NA/88.300") + struct.pack(">I", 300)
        some = struct.pack(">H", 0x0021) + text("a/b") + struct.pack(">I", 1)
        group = struct.pack(">I", 2) + text("a/b") + struct.pack(">I", 1) + text("c/d") + struct.pack(">I", 2)
        key = text("RSA_PUB_KEY") + bytes(2) + text(b"\x01\x00\x01") + text(b"\x00" + b"\xff" * 256) + bytes(4)
        values = [value(100, "HS_ADMIN", admin), value(101, "HS_ADMIN", some),
                  value(3, "HS_VLIST", group), value(4, "HS_SITE", site(2641)),
                  value(5, "HS_PUBKEY", key), value(6, "HS_ADMIN", b"\xff"),
                  value(7, "BIN", bytes(range(128, 168))),
                  value(8, "URL", "u", ttl_type=1, ttl=1800000000, permissions=0x05)]
        with OddServer(tcp=lambda r: Answer(values=values)) as server:
            got = resolve(server, "+tcp", "x/y")
        lines = {line.split()[0]: line for line in got.stdout.splitlines() if line[0].isdigit()}
        self.assertTrue(lines["100"].endswith("300:0.NA/88.300 may everything"))
        self.assertTrue(lines["101"].endswith("1:a/b may add-handle,remove-value"))
        self.assertTrue(lines["3"].endswith("1:a/b 2:c/d"))
        self.assertTrue(lines["4"].endswith(
            'version 2.11 serial 1 primary hash whole desc="站点"; server 1 127.0.0.1, '
            "TCP 2641 query+admin, UDP 2641 query"))
        self.assertIn("RSA_PUB_KEY 2048 bits, exponent 010001, modulus 00ff", lines["5"])
        self.assertTrue(lines["6"].endswith("hex:ff"))
        self.assertIn("base64:gIGCg4SFhoeIiYqLjI2O", lines["7"])
        self.assertRegex(lines["8"], r"@2027-01-15T08:00:00Z  -w-w  u$")

    def test_referrals_are_shown(self):
        for code, status in ((302, "SERVICE_REFERRAL"), (303, "PREFIX_REFERRAL")):
            answer = Answer(code=code, values=[value(2, "HS_SITE", site(3641))])
            with OddServer(udp=lambda r, n: answer) as server:
                got = resolve(server, ID)
            self.assertEqual(got.returncode, 1)
            self.assertIn(f"; answer: {code} {status}", got.stdout)
            self.assertIn("ask instead", got.stdout)
            self.assertIn("TCP 3641", got.stdout)


class Question(unittest.TestCase):
    def asked(self, *arguments):
        with OddServer(udp=lambda r, n: Answer()) as server:
            got = resolve(server, ID, *arguments)
        self.assertEqual(got.returncode, 0, got.stderr)
        return server.seen[0][1]

    def test_the_request_is_that_of_the_reference_client(self):
        request = self.asked()
        self.assertEqual((request.major, request.minor), (2, 11))
        self.assertEqual((request.suggested_major, request.suggested_minor), (2, 11))
        self.assertEqual(request.flags, 0x19000000)
        self.assertEqual((request.opcode, request.name), (1, ID))
        self.assertEqual((request.indexes, request.types), ([], []))
        self.assertEqual(request.credential, bytes(4))
        self.assertGreater(request.id, 0)

    def test_selection_and_flags(self):
        request = self.asked("-t", "URL", "--type=HS_SITE.", "--index", "3", "-i4", "--auth")
        self.assertEqual(request.types, ["URL", "HS_SITE."])
        self.assertEqual(request.indexes, [3, 4])
        self.assertEqual(request.flags, 0x99000000)
        self.assertEqual(self.asked("--private").flags, 0x18000000)
        self.assertEqual(self.asked("--no-referral").flags, 0x19100000)
        self.assertEqual(self.asked("--digest").flags, 0x19800000)

    def test_64_selections_and_one_more(self):
        with OddServer(tcp=lambda r: Answer()) as server:
            got = resolve(server, "+tcp", ID, *["-i7"] * 64, *["-tURL"] * 64)
            self.assertEqual(got.returncode, 0, got.stderr)
            for option in ("-i7", "-tURL"):
                got = resolve(server, "+tcp", ID, *[option] * 65)
                self.assertEqual(got.returncode, 2)
                self.assertIn("at most 64", got.stderr)

    def test_longest_identifier_and_one_byte_more(self):
        with OddServer(tcp=lambda r: Answer()) as server:
            self.assertEqual(resolve(server, "+tcp", "a/" + "b" * 2046).returncode, 0)
            got = resolve(server, "+tcp", "a/" + "b" * 2047)
        self.assertEqual(got.returncode, 2)
        self.assertIn("2048", got.stderr)

    def test_several_ids_the_worst_exit_code_counts(self):
        with OddServer(udp=lambda r, n: GOOD if r.name == "a/1" else Answer(code=100)) as server:
            got = resolve(server, "a/1", "a/2", "+short")
        self.assertEqual(got.returncode, 1)
        self.assertEqual(got.stdout, "https://example.com/a\n前减震器\n")

    def test_wrong_options_are_named(self):
        for words, hint in ((["+shrt", ID], "+short"), (["--index", "0", ID], "--index 0"),
                            (["--index", "4294967296", ID], "4294967296"), (["-i", "1x", ID], "1x"),
                            (["--bogus", ID], "--bogus"), (["--type"], "--type"), ([], "identifier"),
                            ([""], "identifier"), (["+tcp", "+udp", ID], "exclude"),
                            (["--type", "", ID], "--type"), (["-s", "h:0", ID], "h:0"),
                            (["--timeout", "0", ID], "--timeout"), (["-s"], "-s")):
            got = onymctl("resolve", *words)
            self.assertEqual(got.returncode, 2, (words, got.stderr))
            self.assertIn(hint, got.stderr, words)
            self.assertEqual(got.stdout, "")


class Exits(unittest.TestCase):
    def test_codes(self):
        expected = {1: 0, 100: 1, 200: 1, 301: 1, 102: 1, 400: 4, 401: 4, 402: 4, 403: 4, 404: 4,
                    405: 4, 406: 4, 500: 4, 505: 4, 2: 5, 3: 5, 4: 5, 5: 5, 6: 5, 7: 5, 603: 5,
                    777: 5}
        for code, exit_code in expected.items():
            with OddServer(udp=lambda r, n: Answer(code=code)) as server:
                got = resolve(server, "+udp", ID)
            self.assertEqual(got.returncode, exit_code, (code, got.stdout))
            self.assertIn(f"; answer: {code} ", got.stdout)

    def test_no_server_is_3_at_once(self):
        with OddServer() as nobody:
            began = time.monotonic()
            got = resolve(nobody, ID)
        self.assertEqual(got.returncode, 3)
        self.assertLess(time.monotonic() - began, 2)
        self.assertIn("UNREACHABLE", got.stdout)

    def test_silence_is_3_after_the_timeout(self):
        with OddServer(udp=lambda r, n: None, tcp=lambda r: ("sleep", 5)) as server:
            began = time.monotonic()
            got = resolve(server, "--timeout", "0.7", ID)
            took = time.monotonic() - began
        self.assertEqual(got.returncode, 3)
        self.assertGreater(took, 0.65)
        self.assertLess(took, 2.5)

    def test_output_that_cannot_be_written_is_no_success(self):
        with OddServer(udp=lambda r, n: GOOD) as server, open("/dev/full", "w") as full:
            got = subprocess.run([ONYMCTL, "resolve", "-s", server.name, ID], stdout=full,
                                 stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(got.returncode, 5)
        self.assertIn("cannot write", got.stderr)


class OddNetworks(unittest.TestCase):
    def found(self, server, *arguments):
        with server:
            got = resolve(server, "+short", ID, *arguments)
        self.assertEqual(got.returncode, 0, got.stderr + repr(server.problems))
        return got.stdout

    def test_first_packets_lost(self):
        for lost in (1, 2):
            server = OddServer(udp=lambda r, n: GOOD if n > lost else None)
            began = time.monotonic()
            self.found(server, "+udp")
            self.assertGreater(time.monotonic() - began, 0.49 if lost == 1 else 1.49)
            self.assertEqual(len({request.id for _, request in server.seen}), 1)
            self.assertEqual(server.count("udp"), lost + 1)

    def test_udp_silent_then_tcp(self):
        server = OddServer(udp=lambda r, n: None, tcp=lambda r: GOOD)
        began = time.monotonic()
        self.found(server)
        took = time.monotonic() - began
        self.assertEqual((server.count("udp"), server.count("tcp")), (3, 1))
        self.assertGreater(took, 2.95)
        self.assertLess(took, 4.5)

    def test_udp_refused_then_tcp_at_once(self):
        server = OddServer(tcp=lambda r: GOOD)
        began = time.monotonic()
        self.found(server)
        self.assertLess(time.monotonic() - began, 2)

    def test_fragments_backwards(self):
        out = self.found(OddServer(udp=lambda r, n: BIG.datagrams(r)[::-1]), "+udp")
        self.assertEqual(out, "x" * 3000 + "\n")

    def test_fragments_twice_and_between_those_of_others(self):
        other = Answer(values=[value(1, "DESC", "y" * 3000)], request_id_add=1)

        def udp(request, _):
            return [d for pair in zip(BIG.datagrams(request), other.datagrams(request))
                    for d in (pair[1], pair[0], pair[0])]
        self.assertEqual(self.found(OddServer(udp=udp), "+udp"), "x" * 3000 + "\n")

    def test_a_lost_fragment_is_asked_for_again(self):
        server = OddServer(udp=lambda r, n: BIG.datagrams(r)[1:] if n == 1 else BIG)
        self.assertEqual(self.found(server, "+udp"), "x" * 3000 + "\n")
        self.assertEqual(server.count("udp"), 2)

    def test_wrong_request_id_first(self):
        wrong = Answer(values=[value(1, "URL", "wrong")], request_id_add=1)
        self.found(OddServer(udp=lambda r, n: [wrong, b"runt", GOOD]), "+udp")
        self.found(OddServer(tcp=lambda r: [wrong, GOOD]), "+tcp")

    def test_only_wrong_request_ids_is_no_answer(self):
        wrong = Answer(values=[value(1, "URL", "wrong")], request_id_add=1)
        with OddServer(udp=lambda r, n: wrong) as server:
            got = resolve(server, "+udp", "--timeout", "0.8", ID)
        self.assertEqual(got.returncode, 3)
        self.assertNotIn("wrong", got.stdout)

    def test_busy_over_udp_means_ask_over_tcp(self):
        server = OddServer(udp=lambda r, n: Answer(code=3), tcp=lambda r: BIG)
        began = time.monotonic()
        self.found(server)
        self.assertLess(time.monotonic() - began, 2)

    def test_truncated_tcp(self):
        with OddServer(tcp=lambda r: GOOD.stream(r)[:-1]) as server:
            got = resolve(server, "+tcp", ID)
        self.assertEqual(got.returncode, 3)
        self.assertIn("closed the connection", got.stdout)

    def test_slow_tcp(self):
        def tcp(request):
            data = GOOD.stream(request)
            return [item for i in range(0, len(data), 20)
                    for item in (data[i:i + 20], ("sleep", 0.05))]
        self.found(OddServer(tcp=tcp), "+tcp")

    def test_tcp_reply_in_parts(self):
        def tcp(_):
            return [Answer(values=[value(1, "URL", "one")], more=True),
                    Answer(values=[value(2, "URL", "two")], more=True),
                    Answer(values=[value(3, "URL", "three")])]
        self.assertEqual(self.found(OddServer(tcp=tcp), "+tcp"), "one\ntwo\nthree\n")

    def test_tcp_reply_in_parts_without_the_last(self):
        with OddServer(tcp=lambda r: Answer(values=[value(1, "URL", "one")], more=True)) as server:
            got = resolve(server, "+tcp", ID)
        self.assertEqual(got.returncode, 3)

    def test_expired_reply_is_refused(self):
        with OddServer(udp=lambda r, n: Answer(expires_in=-10)) as server:
            got = resolve(server, "+udp", ID)
        self.assertEqual(got.returncode, 5)
        self.assertIn("clocks", got.stdout)

    def test_request_digest(self):
        self.found(OddServer(udp=lambda r, n: GOOD), "+udp", "--digest")
        with OddServer(udp=lambda r, n: Answer(digest=b"\x03" + bytes(32))) as server:
            got = resolve(server, "+udp", "--digest", ID)
        self.assertEqual(got.returncode, 5)
        self.assertIn("does not prove", got.stdout)

    def test_a_length_beyond_the_limit_is_refused_before_it_is_read(self):
        def tcp(request):
            return Answer().envelope(request, 0, 262145) + bytes(100)
        with OddServer(tcp=tcp) as server:
            got = resolve(server, "+tcp", ID)
        self.assertEqual(got.returncode, 5)
        self.assertIn("longer than a message", got.stdout)

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError as why:
            self.skipTest(f"no IPv6 loopback: {why}")
        self.found(OddServer(udp=lambda r, n: GOOD, address="::1"), "+udp")
        self.found(OddServer(tcp=lambda r: GOOD, address="::1"), "+tcp")


if __name__ == "__main__":
    unittest.main()
