#!/usr/bin/env python3
"""The 38 recorded exchanges of proto/vectors/handle-rest.jsonl, in their order, against a running
node over HTTPS: the same HTTP status, response code, handle, values and lists."""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import sys
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import web  # noqa: E402

RECORDING = ROOT / "proto" / "vectors" / "handle-rest.jsonl"
COUNT = 38
# What the recording leaves out before an exchange: the requests that lead to its answer.
# Its name has a blank, which this node does not register: the same with a hyphen is asked for.
UTF8 = web.PREFIX + "/零件-1#?"
MISSING = {
    "rest/get-all-auth": [("PUT", f"/api/handles/{web.PREFIX}/rest-1?index=various", [
        {"index": 4, "type": "EMAIL", "data": "c@example.cn"},
        {"index": 5, "type": "URL", "data": "u5", "permissions": "1100",
         "ttl": "2030-01-01T00:00:00Z"}])],
    "rest/list-page": [("PUT", f"/api/handles/{web.PREFIX}/?mintNewSuffix", [])],
    "rest/prefixes": [("POST", "/api/prefixes/0.NA/0.NA", None)],
    "rest/prefix-unhome": [("POST", f"/api/prefixes/0.NA/{web.PREFIX}.7", None)],
}


def without_times(values):
    """Timestamps tell when the recording was made."""
    return [{k: v for k, v in value.items() if k != "timestamp"} for value in values]


def parameters(header):
    return {name: quoted or bare for name, quoted, bare in
            re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', header)}


def answer(alg, nonce, given):
    """The signature of a session's secret, by section 5.3 of the recording's sheet."""
    secret = web.SECRET.encode()
    data = nonce + base64.b64decode(given["cnonce"])
    if alg == "SHA-256":
        return hashlib.sha256(secret + data + secret).digest()
    if alg == "PBKDF2WithHmacSHA1":
        key = hashlib.pbkdf2_hmac("sha1", secret, base64.b64decode(given["salt"]),
                                  int(given["iterations"]), int(given["length"]) // 8)
        return hmac.new(key, data, hashlib.sha1).digest()
    raise AssertionError(alg)


class Exchanges(unittest.TestCase):
    def setUp(self):
        rest_1 = json.loads(self.recorded("rest/put-create")["request_body"])["values"]
        self.node = web.Web(records=web.RECORDS + [{"handle": UTF8, "values": rest_1}],
                            settings=[f"auth.server_admins=301:{web.USER}"])
        self.node.start()
        self.addCleanup(self.node._remove)
        self.session = None

    def tearDown(self):
        self.node.stop()

    @staticmethod
    def recorded(name):
        for line in RECORDING.read_text("utf-8").splitlines():
            record = json.loads(line)
            if record["name"] == name:
                return record
        raise AssertionError(name)

    def with_session(self, record):
        """The header with this node's session and a signature over its nonce."""
        header = record["request_headers"]["Authorization"]
        given = parameters(header)
        header = header.replace(given["sessionId"], self.session["sessionId"])
        if record["status"] == 200:
            right = answer(given["alg"], base64.b64decode(self.session["nonce"]), given)
            header = header.replace(given["signature"], base64.b64encode(right).decode())
        return dict(record["request_headers"], Authorization=header)

    def send(self, record):
        headers = record["request_headers"]
        if "Handle" in headers.get("Authorization", ""):
            headers = self.with_session(record)
        if record["name"] == "rest/session-gone":
            # the recording leaves out how it went
            gone = self.node.ask("DELETE", "/api/sessions/this", headers=headers)
            self.assertEqual((gone.status, gone.body), (204, b""))
        return self.node.ask(record["method"], record["path"], body=record["request_body"],
                             headers=headers, tls=record["tls"])

    def compare_session(self, record, reply):
        theirs = json.loads(record["response_body"])
        self.assertEqual(set(theirs), set(reply.json), record["name"])
        for name in ("authenticated", "id", "error"):
            self.assertEqual(theirs.get(name), reply.json.get(name))
        if "session" in record["name"] and reply.status == 201:
            self.assertEqual(reply.headers["Location"], record["response_headers"]["Location"])
        self.session = reply.json

    def compare(self, record, reply):
        name = record["name"]
        self.assertEqual(reply.status, record["status"], f"{name}: {reply}")
        if reply.status == 401:
            challenge = ", ".join(reply.headers.get_all("WWW-Authenticate"))
            self.assertEqual(set(parameters(challenge)) - {"realm"},
                             set(parameters(record["response_headers"]["WWW-Authenticate"])), name)
        if not record["response_body"]:
            self.assertEqual(reply.body, b"", name)
            return
        self.assertEqual(reply.headers["Content-Type"], "application/json;charset=utf-8")
        theirs = json.loads(record["response_body"])
        if "sessionId" in theirs:
            self.compare_session(record, reply)
            return
        for member in ("responseCode", "handle", "prefix", "page", "pageSize", "totalCount"):
            self.assertEqual(reply.json.get(member), theirs.get(member), f"{name}: {reply}")
        self.assertEqual(set(theirs) - {"message"}, set(reply.json) - {"message"}, name)
        # names are minted, and this node keeps the spelling they were registered in
        self.assertEqual(len(reply.json.get("handles", [])), len(theirs.get("handles", [])), name)
        self.assertEqual(reply.json.get("prefixes"), theirs.get("prefixes"), name)
        ours = without_times(reply.json.get("values", []))
        theirs = without_times(theirs.get("values", []))
        if name == "rest/get-all-auth":  # public values stand in front of private ones here
            ours.sort(key=lambda v: v["index"])
            theirs.sort(key=lambda v: v["index"])
        self.assertEqual(ours, theirs, name)

    def test_the_recorded_exchanges_are_answered_alike(self):
        count = 0
        for line in RECORDING.read_text("utf-8").splitlines():
            record = json.loads(line)
            if record["name"] == "rest/get-utf8-handle":
                self.assertEqual(urllib.parse.unquote(record["path"]).count(" "), 1)
                record["path"] = record["path"].replace("%20", "-")
                record["response_body"] = record["response_body"].replace("零件 1", "零件-1")
            for method, path, body in MISSING.get(record["name"], ()):
                self.assertLess(self.node.ask(method, path, body, web.ADMIN).status, 300)
            with self.subTest(record["name"]):
                self.compare(record, self.send(record))
            count += 1
        self.assertEqual(count, COUNT)


if __name__ == "__main__":
    unittest.main()
