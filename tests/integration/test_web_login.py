#!/usr/bin/env python3
"""Who is asking, on the HTTP API of a running node: passwords, challenge sessions, client
certificates, server administrators, and what failed logins lead to. The arithmetic is Python's and
openssl's own."""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import secured  # noqa: E402
import web  # noqa: E402

HASHED = "another-one"
OUTSIDER = "0.NA/88.300.15908"
THING = f"/api/handles/{web.PREFIX}/thing"
PRIVATE = f"{THING}?index=301&publicOnly=false"
CNONCE = bytes(range(16))


def b64(data):
    return base64.b64encode(data).decode()


def public_pem(key):
    return secured.openssl("pkey", "-in", key, "-pubout")


def rsa_jwk(key):
    modulus = int(secured.openssl("rsa", "-in", key, "-noout", "-modulus").strip()[8:], 16)

    def url(number):
        data = number.to_bytes((number.bit_length() + 7) // 8, "big")
        return base64.urlsafe_b64encode(data).decode().rstrip("=")
    return {"format": "key", "value": {"kty": "RSA", "n": url(modulus), "e": url(65537)}}


class Keys:
    """Keys and certificates of clients, once for the file."""

    def __init__(self, root):
        self.root = root
        self.rsa = root / "rsa.key"
        secured.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
                        self.rsa)
        self.ec = root / "ec.key"
        secured.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-out", self.ec)
        self.stranger = root / "stranger.key"
        secured.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-out", self.stranger)

    def certificate(self, name, subject, key):
        path = self.root / f"{name}.crt"
        secured.openssl("req", "-x509", "-new", "-key", key, "-days", "30", "-utf8", "-subj",
                        subject, "-out", path)
        return path, key


class Login(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="onym-login-")
        cls.addClassCleanup(folder.cleanup)
        cls.keys = Keys(pathlib.Path(folder.name))
        user = {"handle": web.USER, "values": [
            web.admin_value(), web.group_value(200, (web.USER, 301), (web.USER, 302),
                                               (web.USER, 310), (web.USER, 311)),
            web.secret_value(301, web.SECRET),
            web.secret_value(302, hashlib.sha1(HASHED.encode()).hexdigest()),
            web.secret_value(303, "ключ:with:colons"),
            {"index": 310, "type": "HS_PUBKEY", "data": rsa_jwk(cls.keys.rsa)},
            {"index": 311, "type": "HS_PUBKEY", "data": public_pem(cls.keys.ec)}]}
        outsider = {"handle": OUTSIDER, "values": [web.secret_value(300, "boss")]}
        thing = {"handle": f"{web.PREFIX}/thing", "values": [
            web.admin_value(), {"index": 1, "type": "URL", "data": "open"},
            {"index": 301, "type": "COST", "permissions": "1100", "data": "42"}]}
        cls.node = web.Web(records=[user, outsider, thing], settings=[
            f"auth.server_admins=300:{OUTSIDER} 7:0.NA/1"])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def login(self, user, secret, path=PRIVATE):
        return self.node.ask("GET", path, login=(user, secret))

    # --- passwords ---

    def test_a_secret_may_be_stored_raw_or_hashed(self):
        for user, secret in ((f"301:{web.USER}", web.SECRET), (f"302:{web.USER}", HASHED)):
            reply = self.login(user, secret)
            self.assertEqual((reply.status, reply.code), (200, 1), reply)
            self.assertEqual([v["data"]["value"] for v in reply.json["values"]], ["42"])

    def test_index_0_and_no_index_are_any_key(self):
        for user in (f"0:{web.USER}", web.USER):
            self.assertEqual(self.login(user, HASHED).status, 200)
            self.assertEqual(self.login(user, "nobody's").status, 401)

    def test_the_user_may_stand_unencoded_and_in_other_case(self):
        pair = base64.b64encode(f"301:{web.USER}:{web.SECRET}".encode()).decode()
        reply = self.node.ask("GET", PRIVATE, headers={"Authorization": f"Basic {pair}"})
        self.assertEqual(reply.status, 200)
        self.assertEqual(self.login(f"301:{web.USER.lower()}", web.SECRET).status, 200)

    def test_a_secret_is_raw_bytes_and_may_hold_colons(self):
        reply = self.login(f"303:{web.USER}", "ключ:with:colons", THING)
        self.assertEqual(reply.status, 403, reply)  # proven; one of the values is not for 303
        self.assertEqual(self.login(f"303:{web.USER}", "ключ:with", THING).status, 401)

    def test_what_proves_nothing_is_401_without_a_body(self):
        cases = {"wrong": (f"301:{web.USER}", "wrong"), "empty": (f"301:{web.USER}", ""),
                 "longest": (f"301:{web.USER}", "x" * 1024), "too long": (f"301:{web.USER}", "x" * 1025),
                 "other index": (f"302:{web.USER}", web.SECRET),
                 "index of no key": (f"1:{web.USER}", web.SECRET),
                 "key of another kind": (f"310:{web.USER}", web.SECRET),
                 "no such user": (f"301:{web.PREFIX}/nobody", web.SECRET),
                 "foreign user": ("301:0.NA/99.9", web.SECRET)}
        for name, login in cases.items():
            with self.subTest(name):
                reply = self.login(*login)
                self.assertEqual((reply.status, reply.body), (401, b""), reply)
                self.assertIn("Identity not verified", reply.headers["WWW-Authenticate"])

    def test_a_wrong_login_is_told_how_a_user_name_is_written(self):
        told = set()
        for login in ((f"301:{web.USER}", "wrong"), (f"301:{web.PREFIX}/nobody", "x"),
                      ("301:0.NA/99.9", "x"), (web.USER, "wrong"), ("admin", web.SECRET)):
            reply = self.node.ask("GET", f"/api/v1/identifiers/{web.PREFIX}/x", login=login)
            self.assertEqual(reply.status, 401, reply)
            told.add(reply.json["detail"])
        self.assertEqual(len(told), 1)  # whether there is such a user is nobody's business
        self.assertIn("301%3A0.NA/", told.pop())

    def test_broken_credentials_are_401_with_the_reason(self):
        for value in ("Basic", "Basic !!", "Basic " + b64(b"nocolon"), "Digest x", "Handle",
                      "Handle sessionId"):
            reply = self.node.ask("GET", PRIVATE, headers={"Authorization": value})
            self.assertEqual((reply.status, reply.body), (401, b""), value)

    def test_credentials_stop_even_public_reads(self):
        self.assertEqual(self.login(f"301:{web.USER}", "wrong", THING).status, 401)
        self.assertEqual(self.node.ask("GET", THING).status, 200)

    def test_without_credentials_a_private_value_asks_for_them_both_ways(self):
        reply = self.node.ask("GET", PRIVATE)
        self.assertEqual((reply.status, reply.code), (401, 402))
        ways = reply.headers.get_all("WWW-Authenticate")
        self.assertEqual(len(ways), 2)
        self.assertRegex(ways[0], r'^Handle sessionId="[0-9a-f]{36}", nonce="[A-Za-z0-9+/]{22}=="$')
        self.assertEqual(ways[1], 'Basic realm="handle"')

    def test_on_plain_http_credentials_are_ignored(self):
        reply = self.node.ask("GET", PRIVATE, login=web.ADMIN, tls=False)
        self.assertEqual((reply.status, reply.code), (403, 402))
        self.assertEqual(self.node.ask("GET", THING, login=web.ADMIN, tls=False).status, 200)
        self.assertEqual(self.node.ask("POST", "/api/sessions", tls=False).status, 403)

    def test_a_bearer_token_is_refused(self):
        reply = self.node.ask("GET", THING, headers={"Authorization": "Bearer abc"})
        self.assertEqual((reply.status, reply.body), (401, b""))

    def test_a_server_administrator_has_every_right(self):
        body = {"values": [{"index": 1, "type": "URL", "data": "by the boss"}]}
        path = f"/api/handles/{web.PREFIX}/of-the-boss"
        self.assertEqual(self.node.ask("PUT", path, body, (f"300:{OUTSIDER}", "boss")).status, 201)
        self.assertEqual(self.node.ask("DELETE", path, login=(f"300:{OUTSIDER}", "boss")).status,
                         200)
        # and only the one that is named: this index is not in the group
        reply = self.node.ask("PUT", path, body, (f"303:{web.USER}", "ключ:with:colons"))
        self.assertEqual((reply.status, reply.code), (403, 400))

    # --- sessions ---

    def open(self):
        reply = self.node.ask("POST", "/api/sessions")
        self.assertEqual(reply.status, 201)
        return reply.json["sessionId"], base64.b64decode(reply.json["nonce"])

    def prove(self, session, alg, signature, kind="HS_SECKEY", user=f"301:{web.USER}", more="",
              path="/api/sessions/this", method="PUT"):
        header = (f'Handle version="0", sessionId="{session}", cnonce="{b64(CNONCE)}", '
                  f'id="{urllib.parse.quote(user, safe="/")}", type="{kind}", alg="{alg}", '
                  f'signature="{b64(signature)}"{more}')
        return self.node.ask(method, path, headers={"Authorization": header})

    def mac(self, alg, nonce, secret):
        data = nonce + CNONCE
        plain = {"SHA1": "sha1", "SHA-1": "sha1", "SHA-256": "sha256", "SHA256": "sha256",
                 "MD5": "md5"}
        if alg in plain:
            return hashlib.new(plain[alg], secret + data + secret).digest()
        digest = "sha256" if "256" in alg else "sha1"
        if alg.startswith("PBKDF2"):
            secret = hashlib.pbkdf2_hmac("sha1", secret, b"salt", 5000, 20)
        return hmac.new(secret, data, digest).digest()

    def test_a_secret_proves_itself_by_every_algorithm(self):
        for alg in ("SHA1", "SHA-1", "SHA-256", "SHA256", "HMAC-SHA1", "HmacSHA1", "HMAC-SHA256",
                    "HmacSHA256", "PBKDF2WithHmacSHA1"):
            with self.subTest(alg):
                session, nonce = self.open()
                more = f', salt="{b64(b"salt")}", iterations=5000, length=160' \
                    if alg.startswith("PBKDF2") else ""
                reply = self.prove(session, alg, self.mac(alg, nonce, web.SECRET.encode()),
                                   more=more)
                self.assertEqual(reply.status, 200, reply)
                self.assertEqual((reply.json["authenticated"], reply.json["id"]),
                                 (True, f"301:{web.USER}"))
                header = {"Authorization": f'Handle sessionId="{session}"'}
                self.assertEqual(self.node.ask("GET", PRIVATE, headers=header).status, 200)

    def test_the_digits_are_the_secret_of_a_hashed_value(self):
        session, nonce = self.open()
        digits = hashlib.sha1(HASHED.encode()).hexdigest().encode()
        reply = self.prove(session, "SHA-256", self.mac("SHA-256", nonce, digits),
                           user=f"302:{web.USER}")
        self.assertEqual(reply.status, 200)

    def test_md5_is_not_accepted_by_default(self):
        session, nonce = self.open()
        reply = self.prove(session, "MD5", self.mac("MD5", nonce, web.SECRET.encode()))
        self.assertEqual((reply.status, reply.json["error"]), (401, "Identity not verified"))

    def sign(self, key, digest, data):
        path = self.keys.root / "data"
        path.write_bytes(data)
        done = subprocess.run(["openssl", "dgst", f"-{digest}", "-sign", key, path],
                              capture_output=True, timeout=60, check=True)
        return done.stdout

    def test_a_public_key_proves_itself(self):
        for key, index, alg in ((self.keys.rsa, 310, "SHA256"), (self.keys.rsa, 310, "SHA1"),
                                (self.keys.ec, 311, "SHA-256")):
            with self.subTest(f"{index} {alg}"):
                session, nonce = self.open()
                signature = self.sign(key, alg.lower().replace("-", ""), nonce + CNONCE)
                reply = self.prove(session, alg, signature, "HS_PUBKEY", f"{index}:{web.USER}")
                self.assertEqual(reply.status, 200, reply)
        session, nonce = self.open()
        wrong = self.sign(self.keys.stranger, "sha256", nonce + CNONCE)
        self.assertEqual(self.prove(session, "SHA256", wrong, "HS_PUBKEY",
                                    f"311:{web.USER}").status, 401)

    def test_an_answer_may_come_with_any_request(self):
        reply = self.node.ask("GET", PRIVATE)
        offered = dict(re.findall(r'(\w+)="([^"]*)"', reply.headers["WWW-Authenticate"]))
        right = self.mac("SHA-256", base64.b64decode(offered["nonce"]), web.SECRET.encode())
        reply = self.prove(offered["sessionId"], "SHA-256", right, path=PRIVATE, method="GET")
        self.assertEqual((reply.status, reply.json["values"][0]["data"]["value"]), (200, "42"))

    def test_a_nonce_is_good_for_one_answer(self):
        session, nonce = self.open()
        right = self.mac("SHA-256", nonce, web.SECRET.encode())
        reply = self.prove(session, "SHA-256", b"\0" * 32)
        self.assertEqual(reply.status, 401)
        self.assertNotEqual(base64.b64decode(reply.json["nonce"]), nonce)
        self.assertIn(reply.json["nonce"], reply.headers["WWW-Authenticate"])
        self.assertEqual(self.prove(session, "SHA-256", right).status, 401)
        nonce = base64.b64decode(self.node.ask(
            "GET", "/api/sessions/this",
            headers={"Authorization": f"Handle sessionId={session}"}).json["nonce"])
        right = self.mac("SHA-256", nonce, web.SECRET.encode())
        self.assertEqual(self.prove(session, "SHA-256", right).status, 200)

    def test_a_session_that_ended_or_never_was_is_403(self):
        session, nonce = self.open()
        header = {"Authorization": f'Handle sessionId="{session}"'}
        self.assertEqual(self.prove(session, "SHA1", self.mac("SHA1", nonce,
                                                              web.SECRET.encode())).status, 200)
        self.assertTrue(self.node.ask("GET", "/api/sessions/this", headers=header)
                        .json["authenticated"])
        reply = self.node.ask("DELETE", "/api/sessions/this", headers=header)
        self.assertEqual((reply.status, reply.body), (204, b""))
        for method in ("GET", "PUT", "DELETE"):
            self.assertEqual(self.node.ask(method, "/api/sessions/this", headers=header).status, 403)
        self.assertEqual(self.node.ask("GET", PRIVATE, headers=header).status, 401)
        for other in ("", "x", "0" * 36, session[:-1], "ffff" + session[4:]):
            header = {"Authorization": f'Handle sessionId="{other}"'}
            self.assertIn(self.node.ask("GET", "/api/sessions/this", headers=header).status,
                          (401, 403), other)

    def test_a_session_ends_with_the_key_it_was_proven_with(self):
        key = f"/api/handles/{web.USER}?index=305"
        for end, body in (("DELETE", None), ("PUT", [web.secret_value(305, "new")])):
            with self.subTest(end):
                value = [web.secret_value(305, "stolen")]
                self.assertIn(self.node.ask("PUT", key, body=value, login=web.ADMIN).status,
                              (200, 201))
                session, nonce = self.open()
                header = {"Authorization": f'Handle sessionId="{session}"'}
                mac = self.mac("SHA-256", nonce, b"stolen")
                self.assertEqual(self.prove(session, "SHA-256", mac,
                                            user=f"305:{web.USER}").status, 200)
                self.assertEqual(self.node.ask("GET", THING, headers=header).status, 403)  # proven
                self.assertEqual(self.node.ask(end, key, body=body, login=web.ADMIN).status, 200)
                self.assertEqual(self.node.ask("GET", THING, headers=header).status, 401)
                self.assertEqual(self.node.ask("GET", "/api/sessions/this",
                                               headers=header).status, 403)

    def test_a_session_without_proof_is_nobody(self):
        session, _ = self.open()
        reply = self.node.ask("GET", PRIVATE, headers={
            "Authorization": f'Handle sessionId="{session}"'})
        self.assertEqual(reply.status, 401)
        self.assertIn(session, reply.headers["WWW-Authenticate"])

    def test_answers_that_say_nothing_are_401(self):
        session, nonce = self.open()
        right = self.mac("SHA-256", nonce, web.SECRET.encode())
        for alg, signature, kind in (("ROT13", right, "HS_SECKEY"), ("SHA-256", right, "HS_ADMIN"),
                                     ("SHA-256", right[:-1], "HS_SECKEY"),
                                     ("PBKDF2WithHmacSHA1", right, "HS_SECKEY"),
                                     ("SHA256", right, "HS_PUBKEY"), ("SHA256", b"", "HS_PUBKEY")):
            self.assertEqual(self.prove(session, alg, signature, kind).status, 401, alg)

    # --- certificates ---

    def with_certificate(self, name, subject, key, path=PRIVATE, header='Handle clientCert="true"'):
        pair = self.keys.certificate(name, subject, key)
        return self.node.ask("GET", path, headers={"Authorization": header},
                             context=self.node.client(certificate=pair))

    def test_a_certificate_names_its_holder_by_uid_cn_or_o(self):
        ec = self.keys.ec
        for name, subject in (("uid", f"/UID=311:{web.USER}/CN=somebody".replace("0.NA/", "0.NA\\/")),
                              ("cn", f"/CN=311:{web.USER}".replace("0.NA/", "0.NA\\/")),
                              ("any", f"/CN={web.USER}".replace("0.NA/", "0.NA\\/")),
                              ("o", f"/O=311:{web.USER}".replace("0.NA/", "0.NA\\/"))):
            with self.subTest(name):
                reply = self.with_certificate(name, subject, ec)
                self.assertEqual(reply.status, 200, reply)

    def test_a_certificate_with_another_key_or_name_is_nobody(self):
        mine = f"/UID=311:{web.USER}".replace("0.NA/", "0.NA\\/")
        other = f"/UID=310:{web.USER}".replace("0.NA/", "0.NA\\/")
        cases = {"stranger": (mine, self.keys.stranger), "other-index": (other, self.keys.ec),
                 "no-index": ("/UID=somebody", self.keys.ec),
                 "unknown": ("/CN=311:88.300.15907\\/nobody", self.keys.ec),
                 "nothing": ("/OU=x", self.keys.ec)}
        for name, (subject, key) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.with_certificate(name, subject, key).status, 401)

    def test_a_header_without_a_certificate_is_nobody(self):
        reply = self.node.ask("GET", PRIVATE, headers={"Authorization": 'Handle clientCert="true"'})
        self.assertEqual(reply.status, 401)


class Failures(unittest.TestCase):
    """Loopback is exempt by default, so these nodes exempt nobody."""

    def start(self, *settings):
        it = web.Web(settings=["limits.exempt=", *settings])
        it.start()
        self.addCleanup(it._remove)
        self.addCleanup(it.stop)
        return it

    def until_limited(self, ask, per_minute, began, before=0):
        """Asks until it is limited: how many failures there were. The budget fills again while a
        slow machine asks, by what the clock says."""
        failures = before
        while (reply := ask(failures)).status == 401:
            failures += 1
            self.assertLess(failures, 10 * per_minute)
        self.assertEqual((reply.status, reply.code, reply.headers["Retry-After"]), (429, 3, "1"))
        self.assertGreaterEqual(failures, per_minute)
        self.assertLessEqual(failures,
                             per_minute + (time.monotonic() - began) * per_minute / 60 + 1)
        return failures

    def test_failures_are_counted_for_a_user_and_an_address(self):
        it = self.start("auth.http_failures=5")
        target = f"/api/handles/{web.USER}"
        began = time.monotonic()
        failures = self.until_limited(
            lambda _: it.ask("GET", target, login=(web.ADMIN[0], "no")), 5, began)
        for _ in range(5):
            reply = it.ask("GET", target, login=web.ADMIN)  # not looked at either
            if reply.status == 429:
                break
            while it.ask("GET", target, login=(web.ADMIN[0], "no")).status == 401:
                failures += 1  # it was filled again just then
        self.assertEqual(reply.status, 429)
        self.assertEqual(it.ask("GET", target).status, 200)  # without credentials
        failures = self.until_limited(
            lambda i: it.ask("GET", target, login=(f"301:0.NA/9.{i}", "no")), 50, began, failures)
        it.wait_metric('onym_auth_attempts_total{method="basic",result="failed"}', failures)
        self.assertGreaterEqual(
            it.metric('onym_auth_attempts_total{method="basic",result="limited"}'), 3)

    def test_right_answers_cost_nothing(self):
        it = self.start("auth.http_failures=3")
        connection = it.https()
        for _ in range(20):
            self.assertEqual(it.ask("GET", f"/api/handles/{web.USER}", login=web.ADMIN,
                                    connection=connection).status, 200)
        for _ in range(8):
            session = it.ask("POST", "/api/sessions", connection=connection).json
            data = base64.b64decode(session["nonce"]) + CNONCE
            secret = web.SECRET.encode()
            header = (f'Handle sessionId="{session["sessionId"]}", cnonce="{b64(CNONCE)}", '
                      f'id="301:{web.USER}", type="HS_SECKEY", alg="SHA-256", '
                      f'signature="{b64(hashlib.sha256(secret + data + secret).digest())}"')
            self.assertEqual(it.ask("PUT", "/api/sessions/this", connection=connection,
                                    headers={"Authorization": header}).status, 200)
        connection.close()

    def test_failed_logins_are_in_the_log_of_changes(self):
        it = self.start()
        self.assertEqual(it.ask("GET", "/api/handles/x", login=(web.ADMIN[0], "no")).status, 401)
        # events go with the next group
        self.assertEqual(it.ask("PUT", f"/api/handles/{web.PREFIX}/y", {"values": []},
                                web.ADMIN).status, 201)
        it.stop()
        done = subprocess.run([str(node.program("onymctl")), "--json", "audit", "export", "--data",
                               str(it.data)], capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        failed = [e for e in entries if "AUTH_FAILED" in json.dumps(e)]
        self.assertEqual(len(failed), 1, entries)
        self.assertIn(web.USER, json.dumps(failed[0]))
        self.assertIn("127.0.0.1", json.dumps(failed[0]))
        self.assertNotIn('"no"', json.dumps(entries))


if __name__ == "__main__":
    unittest.main()
