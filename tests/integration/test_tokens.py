#!/usr/bin/env python3
"""Access tokens over HTTPS: what they let through, whom they stand for, and how they end. Every
reply is held against the contract."""

import json
import pathlib
import re
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import contract  # noqa: E402
import node  # noqa: E402
import web  # noqa: E402

USER2 = "0.NA/88.300.15908"
ROOT_USER = "0.NA/88.300"
RECORDS = web.RECORDS + [
    {"handle": USER2, "values": [web.admin_value(handle=USER2, key=301),
                                 web.secret_value(301, "other-pass")]},
    {"handle": ROOT_USER, "values": [web.secret_value(300, "root-pass")]},
    {"handle": f"{web.PREFIX}/secret", "values": [
        web.admin_value(), {"index": 1, "type": "URL", "data": "https://example.cn"},
        {"index": 2, "type": "COST", "permissions": "1100", "data": "42"}]}]
SERVER_ADMIN = (f"300:{ROOT_USER}", "root-pass")
OTHER = (f"301:{USER2}", "other-pass")
SECRET_PATH = f"/api/v1/identifiers/{web.PREFIX}%2Fsecret"
JUDGE = contract.Judge()


class Tokens(unittest.TestCase):
    settings = (f"auth.server_admins=300:{ROOT_USER}",)

    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2, records=RECORDS, settings=cls.settings)
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def ask(self, method, path, token=None, **more):
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        reply = self.node.ask(method, path, headers=headers, **more)
        JUDGE.check(method, path, reply)
        return reply

    def make(self, *scopes, login=web.ADMIN, status=201, token=None, **members):
        reply = self.ask("POST", "/api/v1/tokens", token=token,
                         login=login if token is None else None,
                         body={"scopes": list(scopes), **members})
        self.assertEqual(reply.status, status, reply)
        return reply.json

    def put(self, name, token=None, **more):
        return self.ask("PUT", f"/api/v1/identifiers/{name.replace('/', '%2F')}", token=token,
                        body={"values": [web.admin_value(),
                                         {"index": 1, "type": "URL", "data": "x"}]}, **more)

    def read_private(self, token, status):
        reply = self.ask("GET", SECRET_PATH, token=token)
        self.assertEqual(reply.status, status, reply)
        return reply

    def test_a_token_does_what_its_scopes_say(self):
        made = self.make("read", f"register:{web.PREFIX}", label="MES 三号线")
        self.assertEqual(made["identity"], f"301:{web.USER}")
        self.assertEqual(made["label"], "MES 三号线")
        token = made["token"]
        self.assertEqual(len(self.read_private(token, 200).json["values"]), 3)
        self.assertEqual(self.put(f"{web.PREFIX}/by-token", token).status, 201)
        reply = self.ask("DELETE",
                         f"/api/v1/identifiers/{web.PREFIX}%2Fby-token", token=token)
        self.assertEqual(reply.status, 200)
        reply = self.node.ask("PUT", f"/api/handles/{web.PREFIX}/facade",
                              body=[{"index": 1, "type": "URL", "data": "x"}],
                              headers={"Authorization": f"Bearer {token}"})
        self.assertEqual(reply.status, 201)

    def test_out_of_scope_is_403_and_says_what_is_wanted(self):
        reader = self.make("read")["token"]
        reply = self.put(f"{web.PREFIX}/no", reader)
        self.assertEqual(reply.status, 403)
        self.assertIn('error="insufficient_scope"', reply.headers["WWW-Authenticate"])
        elsewhere = self.make("register:88.300.1590")["token"]
        self.assertEqual(self.put(f"{web.PREFIX}/no", elsewhere).status, 403)
        self.read_private(elsewhere, 403)
        above = self.make("register:88.300")["token"]  # prefixes derived from it
        self.assertEqual(self.put(f"{web.PREFIX}/above", above).status, 201)
        self.make("read", token=reader, status=403)
        self.assertEqual(self.ask("GET", "/api/v1/tokens", reader).status, 403)

    def test_a_token_is_never_more_than_its_identity(self):
        token = self.make(f"register:{web.PREFIX}", login=OTHER)["token"]
        self.assertEqual(self.put(f"{web.PREFIX}/no", token).status, 403)
        self.make("operate", status=403)
        self.make("admin", status=403)
        self.make("read", identity=f"301:{USER2}", status=403)
        self.make("read", identity=f"999:{USER2}", login=SERVER_ADMIN, status=400)
        self.make("read", login=None, status=401)

    def test_server_administrators_make_them_for_others(self):
        made = self.make(f"register:{web.PREFIX}", identity=f"301:{web.USER}", login=SERVER_ADMIN)
        self.assertEqual(self.put(f"{web.PREFIX}/for-other", made["token"]).status, 201)
        admin = self.make("admin", login=SERVER_ADMIN)["token"]
        made = self.make("read", identity=f"301:{USER2}", token=admin)
        self.assertEqual(made["identity"], f"301:{USER2}")
        self.assertEqual(self.put(f"{web.PREFIX}/by-admin", admin).status, 201)

    def test_revoked_is_401_at_once_and_stays_so(self):
        made = self.make("read")
        path = f"/api/v1/tokens/{made['id']}"
        self.assertEqual(self.ask("DELETE", path, login=OTHER).status, 403)
        self.read_private(made["token"], 200)
        self.assertEqual(self.ask("DELETE", path, login=web.ADMIN).status, 204)
        reply = self.read_private(made["token"], 401)
        self.assertIn('error="invalid_token"', reply.headers["WWW-Authenticate"])
        self.assertEqual(self.ask("DELETE", path, login=web.ADMIN).status, 404)

    def test_wrong_ones_are_401(self):
        token = self.make("read")["token"]
        for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token + "x", "onym_",
                      token[:5] + "0" * 32 + token[37:], "x" * 81):
            with self.subTest(wrong):
                self.read_private(wrong, 401)

    def test_changing_the_key_ends_the_tokens_made_with_it(self):
        values = f"/api/handles/{USER2}?index=305"
        value = [{"index": 305, "type": "HS_SECKEY", "permissions": "1100", "data": "first"}]
        self.assertEqual(self.node.ask("PUT", values, body=value, login=OTHER).status, 201)
        login = (f"305:{USER2}", "first")
        token = self.make("read", login=login)["token"]
        self.assertEqual(self.ask("GET", "/api/v1/status", token).status, 200)
        self.assertNotEqual(self.read_private(token, 403), None)
        value[0]["data"] = "second"
        self.assertEqual(self.node.ask("PUT", values, body=value, login=OTHER).status, 200)
        self.assertIn("key", self.read_private(token, 401).json["detail"])

    def stream(self, authorization, name, ends):
        """A batch that goes on over the end of what it was proven with: its last line."""
        with self.node.raw() as sock:
            def put(tag):
                row = json.dumps({"handle": f"{web.PREFIX}/{name}-{tag}", "values": []}).encode()
                sock.sendall(b"%x\r\n%s\n\r\n" % (len(row) + 1, row))

            sock.sendall("POST /api/v1/identifiers:batch?results=all HTTP/1.1\r\nHost: x\r\n"
                         f"Authorization: {authorization}\r\nTransfer-Encoding: chunked\r\n"
                         "Content-Type: application/x-ndjson\r\n\r\n".encode())
            put("before")
            answer = b""
            while b'"created"' not in answer:
                answer += sock.recv(65536)
            ends()
            time.sleep(1.1)
            put("behind")
            while b'"complete"' not in answer:
                answer += sock.recv(65536)
        self.assertNotIn(b"-behind", answer)
        self.assertEqual(self.ask("GET", f"/api/v1/identifiers/{web.PREFIX}%2F{name}-behind",
                                  login=web.ADMIN).status, 404)
        end = json.loads(answer[answer.index(b'{"summary"'):].splitlines()[0])
        self.assertEqual((end["complete"], end["name"], end["summary"]["rows"]),
                         (False, "CREDENTIAL_INVALID", 1))
        return end

    def test_a_batch_ends_with_its_token(self):
        made = self.make(f"register:{web.PREFIX}")
        end = self.stream(f"Bearer {made['token']}", "revoked", lambda: self.ask(
            "DELETE", f"/api/v1/tokens/{made['id']}", login=web.ADMIN))
        self.assertIn("revoked", end["detail"])

    def test_a_batch_ends_with_the_key_of_who_asked(self):
        key = f"/api/handles/{web.USER}?index=302"
        value = [{"index": 302, "type": "HS_SECKEY", "permissions": "1100", "data": "stolen"}]
        self.assertEqual(self.node.ask("PUT", key, body=value, login=web.ADMIN).status, 201)
        end = self.stream(web.basic(f"302:{web.USER}", "stolen"), "changed", lambda: self.node.ask(
            "DELETE", key, login=web.ADMIN))
        self.assertIn("key", end["detail"])

    def test_plain_http_ignores_tokens(self):
        token = self.make("read")["token"]
        reply = self.node.ask("GET", SECRET_PATH, tls=False,
                              headers={"Authorization": f"Bearer {token}"})
        self.assertEqual((reply.status, len(reply.json["values"])), (200, 2))

    def test_bad_descriptions_are_400(self):
        for body, field in (({}, "scopes"), ({"scopes": []}, "scopes"), ({"scopes": ["write"]}, "scopes"),
                            ({"scopes": ["read"], "expires_in": 59}, "expires_in"),
                            ({"scopes": ["read"], "expires_in": 31622401}, "expires_in"),
                            ({"scopes": ["read"], "label": "x" * 101}, "label"),
                            ({"scopes": ["register:" + "x" * 250]}, "scopes[0]"),
                            ({"scopes": ["read"], "other": 1}, ""), ("{", ""), ("", ""),
                            ({"scopes": ["register:*"]}, "scopes"),
                            ({"scopes": ["register:88.300."]}, "scopes")):
            with self.subTest(body=body):
                reply = self.ask("POST", "/api/v1/tokens", login=web.ADMIN, body=body,
                                 headers={"Content-Type": "application/json"})
                self.assertEqual(reply.status, 400, reply)
                self.assertEqual(reply.json.get("field", ""), field)
        self.make("read", expires_in=31622400, label="x" * 100)

    def test_what_cannot_be_followed_is_400_and_changes_nothing(self):
        def told():
            return self.ask("GET", "/api/v1/tokens", login=web.ADMIN).json["items"]

        made = self.make("read")
        before = told()
        for field, query, headers in (("dry_run", "?dry_run=true", {}),
                                      ("If-Match", "", {"If-Match": "*"}),
                                      ("If-None-Match", "", {"If-None-Match": "*"}),
                                      ("Idempotency-Key", "", {"Idempotency-Key": "k"}),
                                      ("Idempotency-Key", "", {"Idempotency-Key": ""})):
            for method, path, body in (
                    ("POST", "/api/v1/tokens", {"scopes": ["read"]}),
                    ("DELETE", f"/api/v1/tokens/{made['id']}", None)):
                reply = self.ask(method, path + query, headers=headers, login=web.ADMIN, body=body)
                self.assertEqual((reply.status, reply.json["field"]), (400, field), reply)
        self.assertEqual(told(), before)
        reply = self.ask("DELETE", f"/api/v1/tokens/{made['id']}?pretty", login=web.ADMIN)
        self.assertEqual(reply.status, 204)

    def test_lists_are_paged_and_tell_no_secret(self):
        mine = {self.make("read", label=f"l{i}")["id"] for i in range(3)}
        reply = self.ask("GET", "/api/v1/tokens", login=web.ADMIN)
        self.assertLessEqual(mine, {t["id"] for t in reply.json["items"]})
        self.assertEqual({t["identity"] for t in reply.json["items"]}, {f"301:{web.USER}"})
        self.assertNotIn(b"onym_", reply.body)
        found, cursor = [], ""
        while cursor is not None:
            page = self.ask("GET", f"/api/v1/tokens?limit=2{cursor}",
                            login=SERVER_ADMIN).json
            self.assertLessEqual(len(page["items"]), 2)
            found += [t["id"] for t in page["items"]]
            cursor = f"&cursor={page['next']}" if page["next"] else None
        self.assertEqual(found, sorted(set(found)))
        self.assertLessEqual(mine, set(found))
        for query in ("limit=0", "limit=1001", "cursor=x"):
            self.assertEqual(self.ask("GET", f"/api/v1/tokens?{query}",
                                      login=web.ADMIN).status, 400)


    def test_too_long_a_description_is_413(self):
        reply = self.ask("POST", "/api/v1/tokens", login=web.ADMIN, body=b" " * 8193)
        self.assertEqual(reply.status, 413)

    def test_a_description_says_that_it_is_json(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            reply = self.ask("POST", "/api/v1/tokens", login=web.ADMIN, body=b'{"scopes":["read"]}',
                             headers={"Content-Type": kind})
            self.assertEqual((reply.status, reply.json["name"]), (415, "MEDIA_TYPE_UNSUPPORTED"))

    def test_who_proves_nothing_gets_nothing(self):
        for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/" + "0" * 32)):
            self.assertEqual(self.ask(method, f"/api/v1/tokens{path}").status, 401)

    def test_zz_nothing_of_the_contract_was_left_out(self):
        written = {(operation["operationId"], status)
                   for _, _, operation in JUDGE.operations() if operation["tags"] == ["tokens"]
                   for status in operation["responses"] if status < "500"}
        self.assertEqual(written - JUDGE.seen, set())


class Limits(unittest.TestCase):
    def start(self, *settings):
        it = web.Web(records=RECORDS, settings=settings)
        self.addCleanup(it._remove)
        it.start()
        self.addCleanup(it.stop)
        return it

    def make(self, it, **members):
        reply = it.ask("POST", "/api/v1/tokens", login=web.ADMIN,
                       body={"scopes": ["read"], **members})
        JUDGE.check("POST", "/api/v1/tokens", reply)
        return reply

    def test_64_for_an_identity_and_not_one_more(self):
        it = self.start()
        self.assertEqual([self.make(it).status for _ in range(65)], [201] * 64 + [403])
        reply = it.ask("POST", "/api/v1/tokens", login=OTHER, body={"scopes": ["read"]})
        self.assertEqual(reply.status, 201)
        items = it.ask("GET", "/api/v1/tokens", login=web.ADMIN).json["items"]
        self.assertEqual(len(items), 64)

    def test_wrong_tokens_count_as_failed_logins(self):
        it = self.start("auth.http_failures=3", "limits.exempt=")
        wrong = {"Authorization": "Bearer onym_" + "0" * 32 + "_" + "x" * 43}
        self.assertEqual([it.ask("GET", SECRET_PATH, headers=wrong).status for _ in range(5)],
                         [401, 401, 401, 429, 429])

    def test_tokens_outlive_a_restart_and_their_text_is_nowhere(self):
        it = self.start()
        token = self.make(it).json["token"]
        secret = token[38:].encode()
        it.stop()
        for file in it.root.rglob("*"):
            if file.is_file():
                self.assertNotIn(secret, file.read_bytes(), file)
        tool = node.program("onymctl")
        log = subprocess.run([tool, "--json", "audit", "export", "--data", it.data],
                             capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(log.returncode, 0, log.stderr)
        entries = [json.loads(line) for line in log.stdout.splitlines()]
        self.assertIn("issue", [e["what"] for e in entries])
        for words in (("audit", "verify"), ("check",)):
            done = subprocess.run([tool, *words, "--data", it.data], capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        it.start()
        reply = it.ask("GET", SECRET_PATH, headers={"Authorization": f"Bearer {token}"})
        self.assertEqual((reply.status, len(reply.json["values"])), (200, 3))
        self.assertIsNone(re.search("onym_[0-9a-f]{32}_", it.log()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
