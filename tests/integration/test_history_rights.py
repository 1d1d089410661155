#!/usr/bin/env python3
"""Who may see what happened to an identifier is not told more of its private values than by asking
for them."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import web  # noqa: E402

THING = f"{web.PREFIX}/thing"
PATH = f"/api/v1/identifiers/{THING}"
PIN = {"index": 7, "type": "PIN", "permissions": "1100", "data": "0421"}
READER, WRITER, LISTER = (f"302:{web.USER}", "reads"), (f"303:{web.USER}", "writes"), \
    (f"304:{web.USER}", "lists")
DIGESTS = ("digest", "before", "after")


class Rights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # permissions as the JSON interface writes them: list, read, ... add handle
        records = [{"handle": web.USER, "values": [
            web.admin_value(100, key=301), web.admin_value(101, key=304, permissions="100000000000"),
            web.secret_value(301, web.SECRET), web.secret_value(302, "reads"),
            web.secret_value(303, "writes"), web.secret_value(304, "lists")]}]
        cls.it = web.Web(records=records)
        cls.it.start()
        cls.addClassCleanup(lambda: cls.it.__exit__(None, None, None))
        values = [PIN, web.admin_value(100, key=301),
                  web.admin_value(101, key=302, permissions="010000000000"),
                  web.admin_value(102, key=303, permissions="000000010000")]
        assert cls.it.ask("PUT", PATH, {"values": values}, web.ADMIN).status == 201

    def items(self, login):
        reply = self.it.ask("GET", PATH + "/history", login=login)
        self.assertEqual(reply.status, 200, reply)
        return reply.json["items"]

    def reads(self, login):
        return self.it.ask("GET", PATH + "?index=7", login=login).status

    def test_digests_are_for_who_may_read(self):
        for login in (web.ADMIN, READER):
            self.assertEqual(self.reads(login), 200)
            self.assertIn("after", self.items(login)[0])

    def test_others_see_what_was_done_without_them(self):
        for login in (WRITER, LISTER):
            self.assertEqual(self.reads(login), 403)
            (item,) = self.items(login)
            self.assertEqual((item["what"], item["rev"], item["indexes"]),
                             ("create", 1, [7, 100, 101, 102]))
            self.assertEqual([name for name in DIGESTS if name in item], [])


if __name__ == "__main__":
    unittest.main()
