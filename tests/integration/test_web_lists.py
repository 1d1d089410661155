#!/usr/bin/env python3
"""Lists, homing and verifications of the Handle JSON interface of a running node."""

import base64
import hashlib
import hmac
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import secured  # noqa: E402
import web  # noqa: E402

PARTS = 30000
LIST = f"/api/handles?prefix={web.PREFIX}"
NONCE, CNONCE = b"\x01\x02nonce+/", bytes(range(16))


def b64(data):
    return urllib.parse.quote(base64.b64encode(data), safe="")


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        parts = ({"handle": f"{web.PREFIX}/part-{i:05}", "values": []} for i in range(PARTS))
        cls.node = web.Web(records=web.RECORDS + list(parts), workers=2,
                           settings=[f"auth.server_admins=301:{web.USER}"])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def get(self, target, **more):
        return self.node.ask("GET", target, login=web.ADMIN, **more)

    def test_everything_and_pages(self):
        reply = self.get(LIST)
        self.assertEqual((reply.status, reply.json["totalCount"]), (200, str(PARTS)))
        names = reply.json["handles"]
        self.assertEqual(len(names), PARTS)
        page = self.get(f"{LIST}&page=29&pageSize=1000").json
        self.assertEqual((page["handles"], page["page"]), (names[29000:], 29))
        self.assertEqual(self.get(f"{LIST}&pageSize=0").json["handles"], [])
        self.assertEqual(self.node.ask("HEAD", LIST, login=web.ADMIN).status, 200)

    def test_many_at_once_while_others_resolve(self):
        done = []

        def ask():
            done.append(self.get(f"{LIST}&pageSize=0").status)

        threads = [threading.Thread(target=ask) for _ in range(24)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            self.assertEqual(self.node.ask("GET", f"/api/handles/{web.USER}").status, 200)
        for thread in threads:
            thread.join(30)
        self.assertEqual(len(done), 24)
        self.assertLessEqual(set(done), {200, 503})
        self.assertIn(200, done)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "one processor is for all threads")
    def test_lists_keep_off_a_pinned_worker(self):
        """libuv's threads, which the loop of the worker starts."""
        usable = sorted(os.sched_getaffinity(0))
        with web.Web(settings=[f"auth.server_admins=301:{web.USER}", "node.pin_workers=yes"]) as it:
            def places():
                return [os.sched_getaffinity(int(thread))
                        for thread in os.listdir(f"/proc/{it.process.pid}/task")]

            before, until = places(), time.monotonic() + 10
            while before.count({usable[0]}) != 1 and time.monotonic() < until:
                before = places()
            self.assertEqual(before.count({usable[0]}), 1)
            self.assertEqual(it.ask("GET", LIST, login=web.ADMIN).status, 200)
            after = places()
            self.assertGreater(len(after), len(before))
            self.assertGreater(after.count(set(usable[1:])), before.count(set(usable[1:])))

    def test_who_asks_and_leaves_costs_nothing_more(self):
        request = (f"GET {LIST}&pageSize=0 HTTP/1.1\r\nHost: n\r\n"
                   f"Authorization: {web.basic(*web.ADMIN)}\r\n\r\n").encode()
        for _ in range(40):  # more than may wait at once
            with self.node.raw() as sock:
                sock.sendall(request)
        self.assertEqual(self.get(LIST).status, 200)

    def test_a_pipelined_list_is_answered_in_turn(self):
        login = f"Host: n\r\nAuthorization: {web.basic(*web.ADMIN)}\r\n\r\n"
        with self.node.raw() as sock:
            sock.sendall((f"GET {LIST}&pageSize=0 HTTP/1.1\r\n{login}"
                          f"GET /api/nope HTTP/1.1\r\n{login}"
                          f"GET {LIST}&pageSize=1 HTTP/1.1\r\n{login}").encode())
            self.assertEqual([reply[0] for reply in web.read_replies(sock, 3)], [200, 404, 200])

    def test_a_homed_prefix_is_ready_for_its_owner(self):
        prefix = "/api/prefixes/0.NA/88.300.15907.1"
        record = "/api/handles/0.NA/88.300.15907.1"
        body = {"values": [web.admin_value(handle=web.USER, key=200)]}
        thing = "/api/handles/88.300.15907.1/x"
        empty = {"values": []}
        self.assertEqual(self.node.ask("PUT", thing, empty, web.ADMIN).code, 301)
        self.assertEqual(self.node.ask("POST", prefix, login=web.ADMIN).status, 200)
        self.assertIn(self.node.ask("PUT", record, body, web.ADMIN).status, (200, 201))
        self.assertEqual(self.node.ask("PUT", thing, empty, web.ADMIN).status, 201)
        reply = self.get("/api/handles?prefix=88.300.15907.1")
        self.assertEqual(reply.json["handles"], ["88.300.15907.1/x"])
        self.assertEqual(self.get("/api/prefixes").json["prefixes"],
                         [web.USER, "0.NA/88.300.15907.1"])
        self.assertEqual(self.node.ask("DELETE", prefix, login=web.ADMIN).status, 200)
        self.assertEqual(self.node.ask("DELETE", prefix, login=web.ADMIN).code, 100)
        self.assertEqual(self.node.ask("GET", thing).code, 301)


class Verifications(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="onym-verify-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.key = cls.root / "ec.key"
        secured.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-out", cls.key)
        public = secured.openssl("pkey", "-in", cls.key, "-pubout")
        user = {"handle": web.USER, "values": web.RECORDS[0]["values"] + [
            {"index": 310, "type": "HS_PUBKEY", "data": public}]}
        cls.node = web.Web(records=[user], settings=["auth.http_failures=5", "limits.exempt="])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def verify(self, alg, signature, index=301, user=web.USER, more="", **ask):
        return self.node.ask(
            "GET", f"/api/verifications/{index}:{user}?nonce={b64(NONCE)}&cnonce={b64(CNONCE)}"
                   f"&alg={alg}&signature={b64(signature)}{more}", **ask)

    def test_1_right_answers_are_valid(self):
        secret, data = web.SECRET.encode(), NONCE + CNONCE
        derived = hashlib.pbkdf2_hmac("sha1", secret, b"salt", 5000, 20)
        path = self.root / "data"
        path.write_bytes(data)
        self.root.joinpath("sig")
        secured.openssl("dgst", "-sha256", "-sign", self.key, "-out", self.root / "sig", path)
        cases = [("SHA-256", hashlib.sha256(secret + data + secret).digest(), 301, ""),
                 ("HMAC-SHA256", hmac.new(secret, data, "sha256").digest(), 301, ""),
                 ("PBKDF2WithHmacSHA1", hmac.new(derived, data, "sha1").digest(), 301,
                  f"&salt={b64(b'salt')}&iterations=5000&length=160"),
                 ("SHA256", (self.root / "sig").read_bytes(), 310, "")]
        for alg, signature, index, more in cases:
            with self.subTest(alg):
                reply = self.verify(alg, signature, index, more=more)
                self.assertEqual(reply.status, 200, reply)
                self.assertEqual(reply.json, {"responseCode": 1, "isValid": True,
                                              "handle": web.USER})

    def test_2_what_cannot_be_asked(self):
        self.assertEqual(self.verify("SHA-256", b"x" * 32, index=9).status, 404)
        self.assertEqual(self.verify("SHA-256", b"x" * 32, user="88.1/nobody").status, 404)
        self.assertEqual(self.verify("SHA-256", b"x" * 32, index="x").code, 4)
        self.assertEqual(self.verify("SHA-256", b"").code, 4)
        self.assertEqual(self.verify("SHA-256", b"x", more="&iterations=x").code, 4)
        reply = self.node.ask("GET", f"/api/verifications/301:{web.USER}?nonce=*&cnonce=YQ==&"
                                     "alg=SHA1&signature=YQ==")
        self.assertEqual((reply.status, reply.code), (400, 4))
        self.assertEqual(self.verify("SHA-256", b"x" * 32, tls=False).status, 403)

    def test_3_wrong_answers_are_not_and_run_out(self):
        """Else it would be a way to try out secrets."""
        for _ in range(5):
            reply = self.verify("SHA-256", b"x" * 32)
            self.assertEqual((reply.status, reply.json["isValid"]), (200, False))
        reply = self.verify("SHA-256", b"x" * 32)
        self.assertEqual((reply.status, reply.headers["Retry-After"]), (429, "1"))
        # and the login with that secret has run out with it
        self.assertEqual(self.node.ask("GET", "/api/prefixes", login=web.ADMIN).status, 429)


if __name__ == "__main__":
    unittest.main()
