#!/usr/bin/env python3
"""Registering over the HTTP API of a running node: what pyhandle does, step by step, and /api/v1
with its conditions and repeated keys."""

import pathlib
import sys
import threading
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import web  # noqa: E402


class WithNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2)
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)


class PyHandle(WithNode):
    """The calls of its RESTHandleClient, with its headers, on one keep-alive session."""

    def setUp(self):
        self.session = self.node.https()
        self.addCleanup(self.session.close)

    def call(self, method, handle, query="", body=None, login=web.ADMIN):
        headers = {"Authorization": web.basic(*login)}
        path = f"/api/handles/{urllib.parse.quote(handle, safe='/')}{query}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.node.ask(method, path, body, headers=headers, connection=self.session)

    def entries(self):
        admin = {"index": 100, "type": "HS_ADMIN", "ttl": 86400, "data": {
            "format": "admin", "value": {"index": "200", "handle": web.USER,
                                         "permissions": "011111110011"}}}
        return [admin, {"index": 1, "type": "URL", "data": "http://old.cn/曲轴"},
                {"index": 2, "type": "CHECKSUM", "data": "123"}]

    def test_the_whole_flow(self):
        reply = self.call("GET", web.USER)  # the user check at its start
        self.assertEqual((reply.status, reply.code, reply.json["handle"]), (200, 1, web.USER))
        self.assertEqual(self.call("GET", "0.NA/88.300.15907.9").code, 100)

        name = f"{web.PREFIX}/PyHandle-{id(self)}"
        self.assertEqual((self.call("GET", name).status, self.call("GET", name).code), (404, 100))
        reply = self.call("PUT", name, "?overwrite=false", {"values": self.entries()})
        self.assertEqual((reply.status, reply.code, reply.json["handle"]), (201, 1, name))
        reply = self.call("PUT", name, "?overwrite=false", {"values": self.entries()})
        self.assertEqual((reply.status, reply.code), (409, 101))
        reply = self.call("PUT", name, "?overwrite=true", {"values": self.entries()})
        self.assertEqual((reply.status, reply.code), (200, 1))

        record = self.call("GET", name).json
        self.assertEqual([v["index"] for v in record["values"]], [100, 1, 2])
        url = record["values"][1]
        self.assertEqual(url["data"], {"format": "string", "value": "http://old.cn/曲轴"})
        self.assertTrue(all("timestamp" in v for v in record["values"]))

        # modify: the changed values, timestamps included, by their indexes
        changed = [dict(url, data="http://new.cn"), dict(record["values"][2], data="456")]
        reply = self.call("PUT", name, "?index=1&index=2&overwrite=true", {"values": changed})
        self.assertEqual((reply.status, reply.code), (200, 1))
        values = {v["index"]: v["data"]["value"] for v in self.call("GET", name).json["values"]}
        self.assertEqual((values[1], values[2]), ("http://new.cn", "456"))
        reply = self.call("PUT", name, "?index=3&overwrite=true",
                          {"values": [{"index": 3, "type": "EMAIL", "data": "a@b.cn"}]})
        self.assertEqual((reply.status, reply.code), (201, 1))

        self.assertEqual(self.call("DELETE", name, "?index=2&index=3").status, 200)
        reply = self.call("DELETE", name, "?index=2")
        self.assertEqual((reply.status, reply.code), (400, 200))
        self.assertEqual([v["index"] for v in self.call("GET", name).json["values"]], [1, 100])

        self.assertEqual(self.call("DELETE", name).status, 200)
        reply = self.call("DELETE", name)
        self.assertEqual((reply.status, reply.code), (404, 100))

    def test_a_bad_login_is_401(self):
        reply = self.call("GET", web.USER, login=(web.ADMIN[0], "wrong"))
        self.assertEqual((reply.status, reply.body), (401, b""))
        reply = self.call("PUT", f"{web.PREFIX}/never", "?overwrite=true",
                          {"values": self.entries()}, login=(web.ADMIN[0], "wrong"))
        self.assertEqual(reply.status, 401)
        self.assertEqual(self.call("GET", f"{web.PREFIX}/never").code, 100)

    def test_a_handle_without_values(self):
        name = f"{web.PREFIX}/empty"
        self.assertEqual(self.call("PUT", name, "?overwrite=true", {"values": []}).status, 201)
        reply = self.call("GET", name)
        self.assertEqual((reply.status, reply.code, reply.json["values"]), (200, 200, []))

    def test_a_minted_name(self):
        reply = self.call("PUT", f"{web.PREFIX}/S.", "?mintNewSuffix", {"values": self.entries()})
        self.assertEqual(reply.status, 201)
        self.assertRegex(reply.json["handle"], rf"^{web.PREFIX}/S\.[0-9A-Fa-f-]{{36}}$")
        self.assertEqual(self.call("GET", reply.json["handle"]).status, 200)

    def test_rights_are_decided_by_the_record(self):
        name = f"{web.PREFIX}/closed"
        values = [web.admin_value(permissions="000000000000")]
        self.assertEqual(self.call("PUT", name, body={"values": values}).status, 201)
        reply = self.call("PUT", name, "?index=1",
                          {"values": [{"index": 1, "type": "URL", "data": "x"}]})
        self.assertEqual((reply.status, reply.code), (403, 400))


class V1(WithNode):
    def v1(self, method, name, body=None, **headers):
        path = "/api/v1/identifiers" + ("/" + urllib.parse.quote(name, safe="") if name else "")
        names = {k: k.replace("_", "-") for k in headers}
        return self.node.ask(method, path, body, login=web.ADMIN,
                             headers={names[k]: v for k, v in headers.items()})

    def values(self, text="one"):
        return {"values": [web.admin_value(), {"index": 1, "type": "URL", "data": text}]}

    def test_create_only_then_change_under_conditions(self):
        name = f"{web.PREFIX}/v1"
        reply = self.v1("PUT", name, self.values(), If_None_Match="*")
        self.assertEqual((reply.status, reply.json["status"]), (201, "created"))
        tag = reply.headers["ETag"]
        self.assertRegex(tag, r'^"1-\d{13}"$')
        reply = self.v1("PUT", name, self.values("two"), If_None_Match="*")
        self.assertEqual(reply.status, 412)
        self.assertIn("only creates", reply.json["detail"])
        reply = self.v1("GET", name)
        self.assertEqual((reply.status, reply.headers["ETag"]), (200, tag))
        self.assertEqual(self.v1("GET", name, If_None_Match=tag).status, 304)
        reply = self.v1("PUT", name, self.values("two"), If_Match='"7"')
        self.assertEqual(reply.status, 412)
        self.assertIn("If-Match", reply.json["detail"])
        reply = self.v1("PUT", name, self.values("two"), If_Match=tag)
        self.assertEqual((reply.status, reply.json["status"], reply.headers["ETag"]),
                         (200, "replaced", tag.replace('"1-', '"2-')))
        self.assertEqual(self.v1("PUT", name, self.values("three"), If_Match=tag).status, 412)
        reply = self.v1("PUT", name, self.values("two"))
        self.assertEqual((reply.status, reply.json["status"], reply.json["revision"]),
                         (200, "unchanged", 2))
        self.assertEqual(self.v1("DELETE", name, If_Match='"1"').status, 412)
        self.assertEqual(self.v1("DELETE", name, If_Match='"2"').json["status"], "deleted")
        self.assertEqual(self.v1("DELETE", name, If_Match="*").status, 412)
        self.assertEqual(self.v1("DELETE", name).status, 404)

    def test_a_name_created_anew_has_another_tag(self):
        name = f"{web.PREFIX}/anew"
        old = self.v1("PUT", name, self.values(), Idempotency_Key="anew").headers["ETag"]
        self.assertEqual(self.v1("DELETE", name).status, 200)
        self.assertEqual(self.v1("PUT", name, self.values("two")).json["revision"], 1)
        reply = self.v1("GET", name, If_None_Match=old)
        self.assertEqual((reply.status, reply.json["values"][1]["data"]["value"]), (200, "two"))
        self.assertEqual(self.v1("PUT", name, self.values("lost"), If_Match=old).status, 412)
        self.assertEqual(self.v1("DELETE", name, If_Match=old).status, 412)
        # the first answer again, with the tag it had
        again = self.v1("PUT", name, self.values(), Idempotency_Key="anew")
        self.assertEqual((again.status, again.headers["ETag"]), (201, old))
        self.assertEqual(self.v1("DELETE", name, If_Match='"1"').status, 200)

    def test_of_many_writers_with_one_tag_one_wins(self):
        name = f"{web.PREFIX}/race"
        self.assertEqual(self.v1("PUT", name, self.values()).status, 201)
        found = []
        threads = [threading.Thread(target=lambda i=i: found.append(
            self.v1("PUT", name, self.values(f"by {i}"), If_Match='"1"').status))
            for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(found), [200] + [412] * 7)

    def test_a_repeated_key_gives_the_first_answer(self):
        name = f"{web.PREFIX}/keyed"
        body = dict(self.values(), handle=name)
        first = self.v1("POST", "", body, Idempotency_Key="k-1")
        self.assertEqual(first.status, 201)
        self.assertEqual(first.headers["Location"], f"/api/v1/identifiers/{name}")
        again = self.v1("POST", "", body, Idempotency_Key="k-1")
        self.assertEqual((again.status, again.json), (201, first.json))
        # also when the record has changed since, and is gone
        self.assertEqual(self.v1("PUT", name, self.values("two")).status, 200)
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k-1").json, first.json)
        self.assertEqual(self.v1("DELETE", name).status, 200)
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k-1").json, first.json)
        self.assertEqual(self.v1("GET", name).status, 404)
        # another key is another request
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k-2").status, 201)
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k-3").status, 409)
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k-3").status, 409)
        self.assertEqual(self.v1("POST", "", body).status, 409)

    def test_a_repeated_key_under_if_match_gives_the_first_answer(self):
        name = f"{web.PREFIX}/matched"
        self.assertEqual(self.v1("PUT", name, self.values()).status, 201)
        first = self.v1("PUT", name, self.values("two"), If_Match="*", Idempotency_Key="m-1")
        self.assertEqual((first.status, first.json["revision"]), (200, 2))
        again = self.v1("PUT", name, self.values("two"), If_Match="*", Idempotency_Key="m-1")
        self.assertEqual((again.status, again.json), (200, first.json))
        first = self.v1("DELETE", name, If_Match="*", Idempotency_Key="m-2")
        self.assertEqual((first.status, first.json["status"]), (200, "deleted"))
        again = self.v1("DELETE", name, If_Match="*", Idempotency_Key="m-2")
        self.assertEqual((again.status, again.json), (200, first.json))
        for method, body in (("PUT", self.values()), ("DELETE", None)):
            reply = self.v1(method, name, body, If_Match="*", Idempotency_Key=f"m-3-{method}")
            self.assertEqual((reply.status, reply.json["name"]), (412, "STALE"))
        self.assertEqual(self.v1("GET", name).status, 404)

    def test_a_key_with_another_body_is_422(self):
        body = dict(self.values(), handle=f"{web.PREFIX}/other")
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="o-1").status, 201)
        for other in (dict(body, handle=f"{web.PREFIX}/another"),
                      dict(self.values("changed"), handle=f"{web.PREFIX}/other")):
            reply = self.v1("POST", "", other, Idempotency_Key="o-1")
            self.assertEqual((reply.status, reply.json["status"]), (422, 422), reply)
            self.assertIn("Idempotency-Key", reply.json["detail"])
        self.assertEqual(self.v1("GET", f"{web.PREFIX}/another").status, 404)

    def test_a_key_belongs_to_its_principal(self):
        body = dict(self.values(), handle=f"{web.PREFIX}/mine")
        first = self.v1("POST", "", body, Idempotency_Key="p")
        self.assertEqual(first.status, 201)
        same = self.node.ask("POST", "/api/v1/identifiers", body, (web.ADMIN[0].lower(), web.SECRET),
                             headers={"Idempotency-Key": "p"})
        self.assertEqual((same.status, same.json), (201, first.json))  # only spelled otherwise
        reply = self.node.ask("POST", "/api/v1/identifiers", body, headers={"Idempotency-Key": "p"})
        self.assertEqual(reply.status, 409)  # nobody's key; told to strangers as without one

    def test_a_key_of_255_bytes_is_taken_and_of_256_refused(self):
        body = dict(self.values(), handle=f"{web.PREFIX}/longkey")
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k" * 256).status, 400)
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k" * 255).status, 201)
        self.assertEqual(self.v1("POST", "", body, Idempotency_Key="k" * 255).status, 201)

    def test_the_same_key_at_the_same_time_is_done_once(self):
        body = dict(self.values(), handle=f"{web.PREFIX}/together")
        found = []
        threads = [threading.Thread(target=lambda: found.append(
            self.v1("POST", "", body, Idempotency_Key="t-1").json)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(found), 8)
        self.assertTrue(all(f == found[0] for f in found), found)
        self.assertEqual(found[0]["status"], "created")

    def test_status_says_whether_changes_are_taken(self):
        self.assertTrue(self.node.ask("GET", "/api/v1/status").json["changes"])
        self.assertFalse(self.node.ask("GET", "/api/v1/status", tls=False).json["changes"])

    def test_what_is_written_here_is_resolved_over_the_handle_protocol(self):
        name = f"{web.PREFIX}/both"
        self.assertEqual(self.v1("PUT", name, self.values("seen everywhere")).status, 201)
        done = self.node.onymctl("resolve", name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"seen everywhere", done.stdout)


if __name__ == "__main__":
    unittest.main()
