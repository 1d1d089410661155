#!/usr/bin/env python3
"""A client certificate without a header, over real TLS: whom it proves to curl and Python, and that
neither it nor a kept password counts in what a browser sends for a page of another site."""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import secured  # noqa: E402
import web  # noqa: E402

THING = f"{web.PREFIX}/thing"
PATH = f"/api/v1/identifiers/{THING}"
VALUES = {"values": [web.admin_value(), {"index": 1, "type": "URL", "data": "open"}]}
HEADER = {"Authorization": 'Handle clientCert="true"'}
# what browsers add by themselves
USER_ASKS = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "User-Agent": "Mozilla/5.0"}
FETCH = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site",
         "Sec-Fetch-Mode": "no-cors", "Referer": "https://evil.example/"}
FORM = {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
        "Content-Type": "application/x-www-form-urlencoded"}
OLD_FORM = {"Content-Type": "text/plain", "Referer": "https://evil.example/"}


class Certificate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="onym-certificate-")))
        cls.keys = {}
        for name in ("own", "other"):
            cls.keys[name] = cls.folder / f"{name}.key"
            secured.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-out", cls.keys[name])
        user = {"handle": web.USER, "values": [
            web.admin_value(), web.group_value(200, (web.USER, 301), (web.USER, 311)),
            web.secret_value(301, web.SECRET), web.secret_value(302, "boss"),
            {"index": 311, "type": "HS_PUBKEY",
             "data": secured.openssl("pkey", "-in", cls.keys["own"], "-pubout")}]}
        foreign = {"handle": f"{web.PREFIX}/foreign", "values": [
            {"index": 1, "type": "URL", "data": "open"},
            {"index": 2, "type": "COST", "permissions": "1100", "data": "42"}]}
        cls.records = [user, foreign]
        cls.node = cls.enterClassContext(web.Web(
            records=cls.records, settings=[f"auth.server_admins=311:{web.USER} 302:{web.USER}"]))
        cls.login = (f"302:{web.USER}", "boss")

    def pair(self, subject=f"/UID=311:{web.USER}", key="own"):
        path = self.folder / f"{self._testMethodName}.crt"
        secured.openssl("req", "-x509", "-new", "-key", self.keys[key], "-days", "30", "-subj",
                        subject.replace("0.NA/", "0.NA\\/"), "-out", path)
        return path, self.keys[key]

    def ask(self, method, path, body=None, headers=None, pair=None, login=None):
        return self.node.ask(method, path, body, login, headers,
                             context=self.node.client(certificate=pair or self.pair()))

    def test_it_is_enough_for_changes_lists_history_tokens_and_orders(self):
        pair = self.pair()
        with contextlib.closing(self.node.https(
                context=self.node.client(certificate=pair))) as one:
            def ask(*words):
                return self.node.ask(*words, connection=one).status
            self.assertIn(ask("PUT", PATH, VALUES), (200, 201))
            self.assertEqual(ask("GET", f"{PATH}/history"), 200)
            self.assertEqual(ask("GET", f"/api/v1/identifiers?prefix={web.PREFIX}"), 200)
            self.assertEqual(ask("GET", "/api/v1/prefixes"), 200)
            self.assertEqual(ask("POST", "/api/v1/tokens", {"scopes": ["read"]}), 201)
            self.assertEqual(ask("POST", "/api/v1/tls:reload"), 200)
            self.assertEqual(ask("POST", "/api/v1/identifiers:batch?dry_run=true", []), 200)
            self.assertEqual(ask("DELETE", f"/api/handles/{THING}"), 200)

    def test_reading_is_of_what_everybody_may_unless_it_says_so(self):
        foreign = f"/api/v1/identifiers/{web.PREFIX}/foreign"
        self.assertEqual(len(self.ask("GET", foreign).json["values"]), 1)
        self.assertEqual(self.ask("GET", f"{foreign}?publicOnly=false").status, 200)
        own = f"/api/v1/identifiers/{web.USER}"
        self.assertEqual(len(self.ask("GET", own).json["values"]), 3)
        self.assertEqual(len(self.ask("GET", f"{own}?publicOnly=false", headers=USER_ASKS)
                             .json["values"]), 5)

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_curl_needs_no_header(self):
        certificate, key = self.pair()
        url = f"https://127.0.0.1:{self.node.https_port}/api/handles/{web.PREFIX}/curl"
        done = subprocess.run(
            ["curl", "-sS", "--cacert", self.node.ca, "--cert", certificate, "--key", key, "-X",
             "PUT", "-H", "Content-Type: application/json", "-d", json.dumps(VALUES), url],
            capture_output=True, timeout=60, check=True)
        self.assertEqual(json.loads(done.stdout)["responseCode"], 1, done)

    def test_pages_of_other_sites_are_nobody(self):
        # the first three are what browsers let a page send; the last is what they ask about first
        for method, path, headers in (("POST", "/api/v1/tls:reload", FETCH),
                                      ("POST", "/api/v1/tls:reload", FORM),
                                      ("POST", "/api/prefixes/0.NA/88.9", OLD_FORM),
                                      ("DELETE", PATH, FETCH)):
            with self.subTest(method=method, path=path, headers=headers):
                reply = self.ask(method, path, headers=headers)
                self.assertEqual(reply.status, 401, reply)
        reply = self.ask("OPTIONS", PATH, headers={
            **FETCH, "Access-Control-Request-Method": "DELETE",
            "Access-Control-Request-Headers": "authorization"})
        self.assertEqual(reply.status, 200)
        self.assertIsNone(reply.headers["Access-Control-Allow-Origin"])
        self.assertIsNone(reply.headers["Access-Control-Allow-Headers"])
        # a page that was let through says so, as pyhandle does
        self.assertEqual(self.ask("POST", "/api/v1/tls:reload", headers={**FETCH, **HEADER}).status,
                         200)

    def test_a_kept_password_is_not_for_pages_of_other_sites(self):
        login = self.login
        for headers in (FETCH, FORM):
            reply = self.node.ask("POST", "/api/v1/tls:reload", headers=headers, login=login)
            self.assertEqual((reply.status, reply.json["name"]), (403, "NO_PERMISSION"), reply)
            reply = self.node.ask("POST", "/api/prefixes/0.NA/88.9", headers=headers, login=login)
            self.assertEqual((reply.status, reply.code), (403, 400), reply)
        for headers in ({}, USER_ASKS, {"Origin": f"https://127.0.0.1:{self.node.https_port}"}):
            self.assertEqual(self.node.ask("POST", "/api/v1/tls:reload", headers=headers,
                                           login=login).status, 200)

    def test_requests_that_are_passed_on_are_nobody(self):
        for name in ("Via", "Forwarded", "X-Forwarded-For"):
            self.assertEqual(self.ask("DELETE", PATH, headers={name: "192.0.2.1"}).status, 401)

    def test_other_credentials_count_in_its_place(self):
        reply = self.ask("POST", "/api/v1/tls:reload", login=(f"301:{web.USER}", "wrong"))
        self.assertEqual(reply.status, 401)
        reply = self.ask("POST", "/api/v1/tls:reload", login=web.ADMIN)
        self.assertEqual(reply.status, 403, reply)  # 301 is no server administrator

    def test_one_that_names_nobody_here_is_a_stranger_and_no_failed_login(self):
        failed = 'onym_auth_attempts_total{method="certificate",result="failed"}'
        before = self.node.metric(failed)
        for subject in ("/CN=mes-line-3", "/OU=x", f"/CN={web.PREFIX}\\/nobody", "/UID=somebody"):
            pair = self.pair(subject)
            for _ in range(4):
                reply = self.ask("DELETE", f"/api/v1/identifiers/{web.PREFIX}/foreign", pair=pair)
                self.assertEqual((reply.status, reply.json["code"]), (401, 402), reply)
        self.assertEqual(self.node.metric(failed), before)

    def test_one_that_shows_another_key_is_a_failed_login(self):
        pair = self.pair(key="other")
        with web.Web(records=self.records, settings=["limits.exempt=",
                                                     "auth.http_failures=5"]) as it:
            def ask(*words):
                return it.ask(*words, context=it.client(certificate=pair)).status
            seen = [ask("DELETE", PATH) for _ in range(8)]
            self.assertEqual(seen[:5], [401] * 5)
            self.assertIn(429, seen)
            self.assertEqual(ask("GET", f"/api/v1/identifiers/{web.PREFIX}/foreign"), 200)


if __name__ == "__main__":
    unittest.main()
