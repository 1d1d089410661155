#!/usr/bin/env python3
"""What comes in broken, too large, out of order or on purpose, against a running node: a clear error
that names the place, the connection closed where it must be, and nothing of it stored. What other
files try is not tried again: half handshakes and old TLS (test_tls.py), replayed answers and nonces
(test_administration.py, test_web_login.py), sessions (test_sessions.py), a broken row of a file
(test_batch.py), mutated packets (test_mutated_packets.py), slow clients (test_web.py)."""

import pathlib
import struct
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import node  # noqa: E402
import test_administration as wire  # noqa: E402
import web  # noqa: E402

LOGIN = f"Authorization: {web.basic(*web.ADMIN)}\r\n"
STOLEN = f"/api/handles/{web.PREFIX}/smuggled"
INSIDE = (f"PUT {STOLEN} HTTP/1.1\r\nHost: n\r\n{LOGIN}Content-Type: application/json\r\n"
          "Content-Length: 13\r\n\r\n{\"values\":[]}")


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2)
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def nothing_is_there(self, name):
        self.assertEqual(self.node.ask("GET", f"/api/handles/{web.PREFIX}/{name}").status, 404)

    def ended(self, sock):
        """Nothing more comes, and the connection is closed."""
        try:
            return sock.recv(4096) == b""
        except ConnectionError:
            return True

    def raw(self, text, status):
        with self.node.raw() as sock:
            sock.sendall(text.encode("latin-1"))
            got = web.read_replies(sock, 1)[0]
            self.assertEqual(got[0], status, (text[:200], got))
            self.assertTrue(self.ended(sock), text[:200])
        return got

    # --- HTTP ---

    def test_smuggling(self):
        """Whatever a proxy in front may have made of it, the second request is never found."""
        both = f"Content-Length: {len(INSIDE)}\r\n"
        chunk = f"{len(INSIDE):x}\r\n{INSIDE}\r\n0\r\n\r\n"
        for fields, body, status in (
                (f"{both}Transfer-Encoding: chunked\r\n", "0\r\n\r\n" + INSIDE, 400),
                (f"Transfer-Encoding: chunked\r\n{both}", chunk, 400),
                ("Content-Length: 0\r\nContent-Length: 13\r\n", INSIDE, 400),
                ("Content-Length: 0, 13\r\n", INSIDE, 400),
                ("Content-Length: +0\r\n", INSIDE, 400),
                ("Content-Length: 0x0\r\n", INSIDE, 400),
                ("Content-Length: -1\r\n", INSIDE, 400),
                ("Content-Length: 18446744073709551616\r\n", INSIDE, 400),
                ("Content-Length : 0\r\n", INSIDE, 400),
                ("Transfer-Encoding: identity\r\n", INSIDE, 501),
                ("Transfer-Encoding: chunked, identity\r\n", chunk, 501),
                ("Transfer-Encoding: xchunked\r\n", chunk, 501),
                ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk, 400),
                ("Transfer-Encoding:\x0bchunked\r\n", chunk, 400),
                ("Transfer-Encoding: chunked\r\n", "0x0\r\n\r\n" + INSIDE, 400),
                ("Transfer-Encoding: chunked\r\n", "100000000\r\n", 400),
                ("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n" + INSIDE, 400),
                ("Transfer-Encoding: chunked\r\n", "3\r\nabcX\r\n0\r\n\r\n" + INSIDE, 400),
                ("X: a\r\n Content-Length: 0\r\n", INSIDE, 400),
                ("X: a\nContent-Length: 0\r\n", INSIDE, 400),
                ("X: a\rContent-Length: 0\r\n", INSIDE, 400),
                ("Host: other\r\n", "", 400),
                ("X: a\0b\r\n", "", 400)):
            with self.subTest(fields):
                self.raw(f"POST /api/v1/identifiers HTTP/1.1\r\nHost: n\r\n{fields}\r\n{body}",
                         status)
        for line in ("GET  /api/site HTTP/1.1", "GET /api/site  HTTP/1.1", "GET /api/site",
                     "GET /api/ site HTTP/1.1", "GET /api/site HTTP/2.0", "G\x80T / HTTP/1.1",
                     " GET /api/site HTTP/1.1", "GET /api/site HTTP/1.1\nX: a"):
            with self.subTest(line):
                with self.node.raw() as sock:
                    sock.sendall(f"{line}\r\nHost: n\r\n\r\n{INSIDE}".encode("latin-1"))
                    self.assertIn(web.read_replies(sock, 1)[0][0], (400, 501, 505))
                    self.assertTrue(self.ended(sock), line)
        self.nothing_is_there("smuggled")

    def test_heads_at_and_over_their_limits(self):
        line = "GET /api/site HTTP/1.1\r\nHost: n\r\nX: "
        room = 16384 - len(line) - 4
        with self.node.raw() as sock:
            sock.sendall((line + "x" * room + "\r\n\r\n").encode())
            self.assertEqual(web.read_replies(sock, 1)[0][0], 200)
        self.raw(line + "x" * (room + 1) + "\r\n\r\n", 431)
        target = "/api/handles/" + "x" * (8192 - 13)
        with self.node.raw() as sock:
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: n\r\n\r\n".encode())
            self.assertEqual(web.read_replies(sock, 1)[0][0], 400)  # a name of over 2048 bytes
        self.raw(f"GET {target}x HTTP/1.1\r\nHost: n\r\n\r\n", 414)

    def put(self, body, name="broken"):
        return self.node.ask("PUT", f"/api/v1/identifiers/{web.PREFIX}/{name}", body.encode(),
                             web.ADMIN, {"Content-Type": "application/json"})

    def test_json_that_is_none(self):
        value = '{"index":1,"type":"URL","data":"a"}'
        for body, word in (("[" * 10000 + "]" * 10000, "expected"),
                           ('{"values":' + '{"a":' * 10000 + "1" + "}" * 10001, "expected"),
                           ('{"values":[{"index":1,"type":"URL","data":{"format":"key","value":' +
                            '{"n":' * 10000 + "1" + "}" * 10000 + "}}]}", ""),
                           (f'{{"values":[{value}],"values":[]}}', "twice"),
                           ('{"values":[{"index":1,"index":2,"type":"URL","data":"a"}]}', "twice"),
                           ('{"values":[{"index":1,"type":"URL","data":"a","\\u0064ata":"b"}]}',
                            "twice"),
                           (f'{{"values":[{value}]', ""), (f'{{"values":[{value},]}}', ""),
                           ('{"values":[{"index":1e99,"type":"URL","data":"a"}]}', ""),
                           ('{"values":[{"index":1,"type":"URL","data":"\\ud800"}]}', ""),
                           ('{"values":[{"index":1,"type":"URL","data":"a\u0001"}]}', ""),
                           ('{"values":[{"index":1,"type":"URL","data":"a"}]} x', ""),
                           ("NaN", ""), ("", ""),
                           (f'\ufeff{{"values":[{value}]}}', "a byte order mark")):
            with self.subTest(body[:60]):
                reply = self.put(body)
                self.assertEqual((reply.status, reply.json["code"]), (400, 4), reply)
                self.assertIn("position", reply.json)
                self.assertLessEqual(reply.json["position"], len(body.encode()))
                self.assertIn(word, reply.json["detail"])
        for part in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"):
            body = b'{"values":[{"index":1,"type":"URL","data":"' + part + b'"}]}'
            reply = self.node.ask("PUT", f"/api/v1/identifiers/{web.PREFIX}/broken", body, web.ADMIN,
                                  {"Content-Type": "application/json"})
            self.assertEqual((reply.status, reply.json["position"] >= 43), (400, True), reply)
        self.nothing_is_there("broken")

    def test_one_broken_value_stores_none(self):
        values = [f'{{"index":{i},"type":"URL","data":"a"}}' for i in range(1, 100)]
        values[70] = '{"index":71,"type":"URL","data":{"format":"hex","value":"0g"}}'
        reply = self.put('{"values":[' + ",".join(values) + "]}", "in-part")
        self.assertEqual(reply.status, 400)
        self.assertIn("values[70]", reply.json["field"])
        self.nothing_is_there("in-part")

    # --- the Handle protocol ---

    def wire(self):
        session = wire.Session(self.node)
        self.addCleanup(session.close)
        return session

    def test_an_answer_nobody_asked_for(self):
        answer = (wire.string(b"HS_SECKEY") + wire.name(web.USER) + struct.pack(">I", 301) +
                  wire.string(b"\2" + bytes(20)))
        for session in (0, 1, 0x7FFFFFFF):
            self.assertIn(self.wire().ask(200, answer, session=session).code, (4, 404, 500))
        s = self.wire()
        first = s.ask(101, wire.name(f"{web.PREFIX}/x"))
        second = s.ask(101, wire.name(f"{web.PREFIX}/y"))
        s.sent = s.sent[:-1] + b"x"  # the first request again, answered behind the second
        self.assertEqual((first.code, second.code), (402, 402))
        self.assertEqual(s.prove(first, web.USER, secret=web.SECRET.encode()).code, 100)
        self.assertEqual(s.ask(1, wire.name(web.USER) + bytes(8)).code, 1)

    def test_messages_that_lie_about_their_length(self):
        good = bytes([2, 11, 2, 11]) + struct.pack(">IIII", 0, 7, 0, 0)
        for length in (262145, 0x7FFFFFFF, 0xFFFFFFFF):
            with self.subTest(length), self.node.tcp_connect(10) as sock:
                sock.sendall(good[:16] + struct.pack(">I", length) + bytes(64))
                while not self.ended(sock):  # an answer or none, and then the end
                    pass
        for length in (0, 1, 23, 24):  # less than a header: an error, or the end
            with self.subTest(length), self.node.tcp_connect(10) as sock:
                sock.sendall(good[:16] + struct.pack(">I", length) + bytes(length))
                got = sock.recv(4096)
                self.assertIn(struct.unpack(">I", got[24:28])[0] if got else 4, (4, 5))
        self.assertEqual(self.wire().ask(1, wire.name(web.USER) + bytes(8)).code, 1)

    def test_counts_larger_than_what_follows(self):
        for body in (struct.pack(">I", 0xFFFFFFFF), wire.name(f"{web.PREFIX}/c") +
                     struct.pack(">I", 0x7FFFFFFF), wire.name(f"{web.PREFIX}/c") +
                     struct.pack(">I", 1)):
            self.assertIn(self.wire().ask(100, body).code, (4, 402, 202), body)
        self.nothing_is_there("c")


if __name__ == "__main__":
    unittest.main()
