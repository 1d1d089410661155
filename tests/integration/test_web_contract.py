#!/usr/bin/env python3
"""Each operation of proto/openapi.yaml asked of a running node, and each answer judged by it: status,
media type, headers and body."""

import pathlib
import re
import sys
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import contract  # noqa: E402
import web  # noqa: E402

API = contract.ROOT
MORE = [{"handle": f"{web.PREFIX}/part-{i}", "values": [
    {"index": 1, "type": "URL", "data": f"https://example.cn/{i}"}]} for i in range(5)]
USER = f"{web.PREFIX}/user"
MORE.append({"handle": USER, "values": [web.secret_value(1, "mine")]})
VALUES = {"values": [{"index": 1, "type": "URL", "data": "https://example.cn/曲轴"},
                     {"index": 2, "type": "INET_HOST", "data": {"format": "hex", "value": "00ff"},
                      "references": [{"handle": "88.1/x", "index": 1}], "ttl": 60,
                      "permissions": "1110"}]}
NOBODY = (f"1:{USER}", "mine")  # proven, and without any right
WRONG = (f"301:{web.USER}", "wrong")
FOREIGN = f"{API}/identifiers/99.1%2Fx"


def identifier(name):
    return f"{API}/identifiers/{urllib.parse.quote(f'{web.PREFIX}/{name}', safe='')}"


class EachOperation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.judge = contract.Judge()
        cls.node = web.Web(records=web.RECORDS + MORE,
                           settings=[f"auth.server_admins=301:{web.USER}"])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def ask(self, status, method, target, body=None, login=web.ADMIN, **more):
        reply = self.node.ask(method, target, body, login, **more)
        self.judge.check(method, target, reply)
        self.assertEqual(reply.status, status, f"{method} {target}: {reply}")
        return reply

    def refused_to_others(self, method, target, body=None):
        self.ask(401, method, target, body, login=None)
        self.ask(401, method, target, body, login=WRONG)
        self.ask(403, method, target, body, login=NOBODY)
        self.ask(403, method, target, body, tls=False)

    def test_1_reading(self):
        tag = self.ask(200, "GET", identifier("part-1"), login=None).headers["ETag"]
        self.ask(200, "HEAD", identifier("part-1"), login=None)
        self.ask(304, "GET", identifier("part-1"), login=None, headers={"If-None-Match": tag})
        self.ask(400, "GET", identifier("part-1") + "?index=x", login=None)
        self.ask(401, "GET", identifier("user") + "?publicOnly=false", login=None)
        self.ask(403, "GET", identifier("user"), login=NOBODY)
        self.ask(404, "GET", identifier("none"), login=None)
        self.ask(412, "GET", identifier("part-1"), login=None, headers={"If-Match": '"9"'})
        self.ask(421, "GET", FOREIGN, login=None)
        self.ask(200, "GET", f"{API}/status", login=None)
        self.ask(200, "GET", f"{API}/openapi.json", login=None)

    def test_2_changing(self):
        self.ask(201, "PUT", identifier("new"), VALUES)
        self.ask(200, "PUT", identifier("new"), VALUES)
        self.ask(200, "GET", identifier("new"))
        self.refused_to_others("PUT", identifier("newer"), VALUES)
        self.ask(400, "PUT", identifier("new"), {"values": [{"index": 0, "type": "X", "data": ""}]})
        self.ask(409, "PUT", identifier("new"), {"values": VALUES["values"] * 2})
        self.ask(412, "PUT", identifier("new"), VALUES, headers={"If-Match": '"9"'})
        self.ask(413, "PUT", identifier("new"), b" " * ((2 << 20) + 1))
        self.ask(415, "PUT", identifier("new"), b"{}")
        self.ask(421, "PUT", FOREIGN, VALUES)
        self.ask(412, "DELETE", identifier("new"), headers={"If-Match": '"9"'})
        self.ask(400, "DELETE", identifier("new"), headers={"If-Match": "9"})
        self.ask(421, "DELETE", FOREIGN)
        self.refused_to_others("DELETE", identifier("new"))
        self.ask(200, "DELETE", identifier("new"))
        self.ask(404, "DELETE", identifier("new"))

    def test_3_creating(self):
        body = dict(VALUES, handle=f"{web.PREFIX}/posted")
        target = f"{API}/identifiers"
        self.ask(201, "POST", target, body)
        self.ask(409, "POST", target, body)
        self.ask(400, "POST", target, VALUES)
        self.ask(413, "POST", target, b" " * ((2 << 20) + 1))
        self.ask(415, "POST", target, b"{}")
        self.ask(412, "POST", target, body, headers={"If-None-Match": "*"})
        self.ask(421, "POST", target, dict(VALUES, handle="99.1/x"))
        self.refused_to_others("POST", target, dict(VALUES, handle=f"{web.PREFIX}/other"))

    def test_3_keys_of_repetition(self):
        """The same key for something else is 422, wherever a key is taken."""
        key = {"Idempotency-Key": "contract"}
        body = dict(VALUES, handle=f"{web.PREFIX}/keyed")
        self.ask(201, "POST", f"{API}/identifiers", body, headers=key)
        self.ask(201, "POST", f"{API}/identifiers", body, headers=key)
        self.ask(422, "POST", f"{API}/identifiers", dict(body, values=[]), headers=key)
        self.ask(422, "PUT", identifier("keyed"), {"values": []}, headers=key)
        self.ask(422, "DELETE", identifier("keyed"), headers=key)
        self.ask(422, "PUT", f"{API}/prefixes/88.79", headers=key)
        self.ask(422, "DELETE", f"{API}/prefixes/{web.PREFIX}", headers=key)
        taken = {operation["operationId"] for _, _, operation in self.judge.operations()
                 if "Idempotency-Key" in (self.judge.follow(part)["name"] for part in
                                          operation.get("parameters", ()))}
        self.assertEqual(taken, {name for name, status in self.judge.seen if status == "422"})

    def walk(self, target, member):
        """Every page, by its Link; in the end all items."""
        items, pages = [], 0
        while target:
            reply = self.ask(200, "GET", target)
            items += [item[member] for item in reply.json["items"]]
            link = reply.headers.get("Link")
            self.assertEqual(link is None, reply.json["next"] is None)
            target = link and link[1:link.index(">")]
            pages += 1
        return items, pages

    def test_4_lists(self):
        target = f"{API}/identifiers?prefix={web.PREFIX}"
        names, pages = self.walk(target + "/PART-&limit=2", "handle")
        self.assertEqual((names, pages), ([f"{web.PREFIX}/part-{i}" for i in range(5)], 3))
        self.assertGreaterEqual(self.ask(200, "GET", target + "&count").json["total"], 6)
        everything, _ = self.walk(f"{API}/identifiers?limit=3", "handle")
        self.assertIn(web.USER, everything)
        self.ask(400, "GET", target + "&limit=1001")
        self.ask(400, "GET", target + "&cursor=x")
        self.ask(421, "GET", f"{API}/identifiers?prefix=99.1")
        self.refused_to_others("GET", target)

    def test_5_prefixes(self):
        target = f"{API}/prefixes/88.77"
        self.ask(201, "PUT", target)
        self.ask(200, "PUT", f"{API}/prefixes/0.NA%2F88.77")
        names, pages = self.walk(f"{API}/prefixes?limit=1&count=true", "prefix")
        self.assertEqual((names, pages), ([web.PREFIX, "88.77"], 2))
        self.ask(400, "GET", f"{API}/prefixes?limit=0")
        self.ask(400, "PUT", f"{API}/prefixes/88.x")
        self.refused_to_others("PUT", f"{API}/prefixes/88.78")
        self.refused_to_others("DELETE", target)
        self.refused_to_others("GET", f"{API}/prefixes")
        self.ask(400, "DELETE", f"{API}/prefixes/%zz")
        self.ask(200, "DELETE", target)
        self.ask(404, "DELETE", target)
        self.assertEqual(self.walk(f"{API}/prefixes", "prefix")[0], [web.PREFIX])

    def test_6_history(self):
        name = identifier("storied") + "%E6%9B%B2%2Fhistory"  # Link must lead to it as it is
        for body in (VALUES, {"values": VALUES["values"][:1]}):
            self.node.ask("PUT", name, body, web.ADMIN)
        self.node.ask("PUT", name, VALUES, NOBODY)
        self.node.ask("DELETE", name, login=web.ADMIN)
        page = self.ask(200, "GET", name + "/history").json
        self.assertEqual([item["what"] for item in page["items"]],
                         ["delete", "denied", "create", "create"])
        self.assertEqual(page["items"][2]["indexes"], [1])
        self.assertEqual([item.get("rev") for item in page["items"]], [None, None, 2, 1])
        self.assertEqual(page["items"][1]["principal"], USER)
        self.assertIsNone(page["next"])
        items, target = [], name + "/history?pretty&limit=1"
        while target is not None:
            reply = self.ask(200, "GET", target)
            items += reply.json["items"]
            link = reply.headers["Link"]
            self.assertEqual(link is None, reply.json["next"] is None, link)
            target = link and re.fullmatch(r'<([!-~]+)>; rel="next"', link)[1]
        self.assertEqual(items, page["items"])
        loaded = self.ask(200, "GET", identifier("part-1") + "/history")
        self.assertEqual(loaded.json, {"items": [], "next": None})
        self.ask(400, "GET", name + "/history?limit=0")
        self.ask(404, "GET", identifier("never-was") + "/history")
        self.ask(421, "GET", f"{API}/identifiers/99.1/history")  # the record of a prefix
        self.refused_to_others("GET", name + "/history")

    def test_7_parameters_of_reading(self):
        """What the contract names is taken, anything else is refused by name."""
        values = {"cursor": "x", "limit": "0", "index": "x"}
        for path, method, operation in self.judge.operations():
            if method != "get":
                continue
            target = API + path.replace("{id}", urllib.parse.quote(f"{web.PREFIX}/part-1", safe=""))
            known = [part["name"] for part in map(self.judge.follow, operation["parameters"])
                     if part["in"] == "query"]
            for name in known:
                reply = self.node.ask(method.upper(), f"{target}?{name}={values.get(name, 'true')}",
                                      login=web.ADMIN)
                self.assertNotIn(b"is no parameter", reply.body, (path, name))
            for query in ("?limt=5", "?pretty&Limit=1", "?limi%74=1", "?callbac=f"):
                with self.subTest(path=path, query=query):
                    reply = self.ask(400, "GET", target + query)
                    self.assertEqual(reply.json["field"], query.split("&")[-1].lstrip("?")
                                     .split("=")[0])
                    for name in known:
                        self.assertIn(name, reply.json["detail"])
            self.assertEqual(self.ask(400, "HEAD", target + "?limt=5").body, b"")
            for name in known:
                if name not in ("index", "type"):
                    reply = self.ask(400, "GET", f"{target}?{name}={values.get(name, 'true')}&{name}")
                    self.assertEqual(reply.json["field"], name)
                if name in ("publicOnly", "doNotRefer", "count", "pretty"):
                    reply = self.ask(400, "GET", f"{target}?{name}=yes")
                    self.assertEqual(reply.json["field"], name)
                    self.assertIn("true or false", reply.json["detail"])
        # the Handle JSON interface passes over what it does not know, as its other servers do
        for target in (f"/api/handles/{web.PREFIX}/part-1?_=17&limt=5", "/api/site?_=17"):
            self.assertEqual(self.node.ask("GET", target).status, 200)

    def test_9_nothing_was_left_out(self):
        """Every operation, and everything below 500 but what another test names."""
        # test_tokens.py and test_control.py see to theirs
        elsewhere = {("getStatus", "400"), ("getContract", "400")}  # of any request: test_web.py
        written = {(operation["operationId"], status)
                   for _, _, operation in self.judge.operations()
                   for status in operation["responses"]
                   if status < "500" and operation["x-status"] != "planned"
                   and operation["tags"][0] not in ("tokens", "control")
                   and operation["operationId"] != "batchIdentifiers"}  # test_web_batch.py
        self.assertEqual(written - self.judge.seen - elsewhere, set())


if __name__ == "__main__":
    unittest.main()
