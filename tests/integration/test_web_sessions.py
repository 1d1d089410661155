#!/usr/bin/env python3
"""What the session resource of the HTTP API takes besides the header: parameters in the query, in a
form or in JSON, and a client's own challenge, which the node signs. And JSONP, where it is served.
The arithmetic is Python's and openssl's own."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import secured  # noqa: E402
import web  # noqa: E402

THIS = "/api/sessions/this"
THING = f"/api/handles/{web.PREFIX}/thing"
CNONCE = b"+/?=&" + bytes(range(11))
FORM = "application/x-www-form-urlencoded"


def b64(data):
    return base64.b64encode(data).decode()


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="onym-sessions-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.key = cls.folder / "site.pem"
        secured.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
                        cls.key)
        os.chmod(cls.key, 0o600)
        thing = {"handle": f"{web.PREFIX}/thing", "values": [
            web.admin_value(), {"index": 1, "type": "URL", "data": "open </script>"},
            {"index": 301, "type": "COST", "permissions": "1100", "data": "42"}]}
        cls.node = web.Web(records=web.RECORDS + [thing], settings=[
            f"site.key_file={cls.key}", "http.jsonp=yes"])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def test_signatures_for_strangers_keep_nobody_waiting(self):
        body = json.dumps({"cnonce": b64(CNONCE)}).encode()
        request = (b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n" % len(body)) + body
        flood = [self.node.raw() for _ in range(60)]
        for sock in flood:
            self.addCleanup(sock.close)
        for sock in flood:
            sock.sendall(request * 10)
        found = {self.node.ask("GET", f"/api/v1/identifiers?prefix={web.PREFIX}",
                               login=web.ADMIN).status for _ in range(20)}
        self.assertEqual(found, {200})
        self.assertEqual([status for status, *_ in web.read_replies(flood[0], 10)], [201] * 10)

    def ask(self, method, path, kind=None, given=None):
        """given in the query, a form or JSON."""
        given = given or {}
        if kind == "query":
            path += "?" + urllib.parse.urlencode(given)
            return self.node.ask(method, path)
        if kind == "form":
            return self.node.ask(method, path, urllib.parse.urlencode(given).encode(),
                                 headers={"Content-Type": FORM})
        return self.node.ask(method, path, given)

    def open(self):
        reply = self.node.ask("POST", "/api/sessions")
        self.assertEqual(reply.status, 201)
        return reply.json["sessionId"], base64.b64decode(reply.json["nonce"])

    def answer(self, session, nonce, secret=web.SECRET, numbers=False):
        key = hashlib.pbkdf2_hmac("sha1", secret.encode(), b"salt", 5000, 20)
        return {"version": "0", "sessionId": session, "cnonce": b64(CNONCE),
                "id": f"301:{web.USER}", "type": "HS_SECKEY", "alg": "PBKDF2WithHmacSHA1",
                "salt": b64(b"salt"), "iterations": 5000 if numbers else "5000",
                "length": 160 if numbers else "160",
                "signature": b64(hmac.new(key, nonce + CNONCE, "sha1").digest())}

    def test_a_session_is_proven_by_parameters_wherever_they_stand(self):
        for kind, numbers in (("query", False), ("form", False), ("json", False), ("json", True)):
            for method in ("PUT", "POST"):
                with self.subTest(f"{method} {kind} {numbers}"):
                    session, nonce = self.open()
                    given = self.answer(session, nonce, numbers=numbers)
                    reply = self.ask(method, THIS, kind, given)
                    self.assertEqual(reply.status, 200, reply)
                    self.assertEqual(reply.json["id"], f"301:{web.USER}")
                    header = {"Authorization": f'Handle sessionId="{session}"'}
                    private = self.node.ask("GET", f"{THING}?index=301", headers=header)
                    self.assertEqual(private.json["values"][0]["data"]["value"], "42")
                    told = self.node.ask("GET", f"{THIS}?sessionId={session}")
                    self.assertTrue(told.json["authenticated"])
                    ended = self.node.ask("DELETE", f"{THIS}?sessionId={session}")
                    self.assertEqual(ended.status, 204)
                    self.assertEqual(self.node.ask("GET", THIS, headers=header).status, 403)

    def test_a_wrong_answer_is_401_wherever_it_stands(self):
        for kind in ("query", "form", "json"):
            session, nonce = self.open()
            reply = self.ask("PUT", THIS, kind, self.answer(session, nonce, "wrong"))
            self.assertEqual((reply.status, reply.json["error"]), (401, "Identity not verified"))
            # its nonce is used up
            reply = self.ask("PUT", THIS, kind, self.answer(session, nonce))
            self.assertEqual(reply.status, 401)

    def test_parameters_count_on_the_session_resource_only(self):
        session, nonce = self.open()
        query = urllib.parse.urlencode(self.answer(session, nonce))
        reply = self.node.ask("GET", f"{THING}?index=301&publicOnly=false&{query}")
        self.assertEqual(reply.status, 401)

    def test_what_cannot_be_read_is_refused_with_the_reason(self):
        session, nonce = self.open()
        right = self.answer(session, nonce)
        cases = {"twice": (f"sessionId={session}&sessionId={session}", "twice"),
                 "percent": (f"sessionId={session}&alg=%zz", "%"),
                 "base64": (f"sessionId={session}&cnonce=*", "cnonce is not base64"),
                 "number": (f"sessionId={session}&iterations=1e3", "iterations is not a number")}
        for name, (text, said) in cases.items():
            for given in ((f"{THIS}?{text}", None, {}),
                          (THIS, text.encode(), {"Content-Type": FORM})):
                reply = self.node.ask("PUT", given[0], given[1], headers=given[2])
                self.assertEqual((reply.status, reply.code), (400, 4), f"{name} {reply}")
                self.assertIn(said, reply.json["message"])
        for text in (b"[]", b"{", b'{"sessionId":', b'{"sessionId":"a","other":1}',
                     b'{"sessionId":"a","sessionId":"a"}', b'{"sessionId":{}}',
                     b'{"sessionId":"a"} x', json.dumps(right).encode()[:-2]):
            reply = self.node.ask("PUT", THIS, text, headers={"Content-Type": "application/json"})
            self.assertEqual((reply.status, reply.code), (400, 4), text)
        self.assertEqual(self.ask("PUT", THIS, "json", right).status, 200, "nothing was used up")

    def test_a_body_is_bounded(self):
        session, nonce = self.open()
        text = json.dumps(self.answer(session, nonce)).encode()
        for more, status in ((8192 - len(text), 200), (8193 - len(text), 413)):
            reply = self.node.ask("PUT", THIS, text + b" " * more,
                                  headers={"Content-Type": "application/json"})
            self.assertEqual(reply.status, status)

    # --- the node proves itself ---

    def verify(self, reply, nonce):
        self.assertEqual(reply.json["serverAlg"], "SHA256")
        files = {"signature": base64.b64decode(reply.json["serverSignature"]),
                 "data": nonce + CNONCE}
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-prverify", self.key, "-signature",
                               self.folder / "signature", self.folder / "data"],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"Verified OK\n"), done.stderr)

    def test_a_cnonce_alone_asks_for_the_nodes_signature(self):
        for kind in ("query", "form", "json"):
            with self.subTest(kind):
                reply = self.ask("POST", "/api/sessions", kind, {"cnonce": b64(CNONCE)})
                self.assertEqual((reply.status, reply.headers["Location"]), (201, THIS), reply)
                session, nonce = reply.json["sessionId"], base64.b64decode(reply.json["nonce"])
                self.verify(reply, nonce)
                given = {"sessionId": session, "cnonce": b64(CNONCE)}
                again = self.ask("PUT", THIS, kind, given)
                self.assertEqual(again.status, 200, again)
                self.verify(again, nonce)
                self.assertNotIn("authenticated", again.json)
                # and with the same nonce the client then proves itself
                self.assertEqual(self.ask("PUT", THIS, kind, self.answer(session, nonce)).status,
                                 200)

    def test_a_cnonce_in_the_header_too(self):
        session, nonce = self.open()
        for method in ("GET", "PUT", "POST"):
            reply = self.node.ask(method, THIS, headers={
                "Authorization": f'Handle sessionId="{session}", cnonce="{b64(CNONCE)}"'})
            self.assertEqual(reply.status, 200, reply)
            self.verify(reply, nonce)

    def test_a_cnonce_is_bounded(self):
        for length, status in ((1024, 201), (1025, 400)):
            reply = self.ask("POST", "/api/sessions", "form", {"cnonce": b64(b"x" * length)})
            self.assertEqual(reply.status, status, reply)

    # --- JSONP ---

    def jsonp(self, path, name, **more):
        return self.node.ask("GET", f"{path}{'&' if '?' in path else '?'}callback={name}", **more)

    def test_an_answer_may_be_a_call(self):
        for path, status in ((THING, 200), (f"{THING}?pretty", 200), ("/api/site", 200),
                             (f"/api/handles/{web.PREFIX}/nobody", 404)):
            plain = self.node.ask("GET", path)
            reply = self.jsonp(path, "$my.page_1")
            self.assertEqual((plain.status, reply.status), (status, status))
            self.assertEqual(reply.headers["Content-Type"], "application/javascript;charset=utf-8")
            self.assertEqual(reply.body, b"$my.page_1(" + plain.body + b");")
            self.assertEqual(int(reply.headers["Content-Length"]), len(reply.body))

    def test_a_call_shows_what_anyone_may_read(self):
        public = self.node.ask("GET", THING)
        for path in (THING, f"{THING}?publicOnly=false", f"{THING}?publicOnly"):
            reply = self.jsonp(path, "f", login=web.ADMIN)
            self.assertEqual(reply.status, 200)
            self.assertEqual(json.loads(reply.body[2:-2]), public.json, path)
        self.assertEqual(json.loads(self.jsonp(f"{THING}?index=301", "f",
                                               login=web.ADMIN).body[2:-2])["values"], [])

    def test_what_is_not_the_name_of_a_function_is_refused(self):
        for name in ("", "1f", ".f", "f(", "f%28", "a%3Bb", "f%20", "алло", "f" * 129):
            reply = self.jsonp(THING, urllib.parse.quote(name, safe="%("))
            self.assertEqual((reply.status, reply.code), (400, 4), name)
            self.assertEqual(reply.headers["Content-Type"], "application/json;charset=utf-8")
        self.assertEqual(self.jsonp(THING, "f" * 128).status, 200)

    def test_it_is_for_reading_and_only_where_it_was_asked_for(self):
        self.assertEqual(self.node.ask("DELETE", f"{THING}?callback=f", login=web.ADMIN).status, 400)
        self.assertEqual(self.jsonp(f"/api/handles?prefix={web.PREFIX}", "f",
                                    login=web.ADMIN).status, 400)
        self.assertEqual(self.jsonp(f"/api/v1/identifiers/{web.PREFIX}/thing", "f").status, 400)
        with web.Web(records=web.RECORDS) as other:
            reply = other.ask("GET", "/api/site?callback=f")
            self.assertEqual((reply.status, reply.code), (400, 4))
            self.assertIn("http.jsonp", reply.json["message"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
