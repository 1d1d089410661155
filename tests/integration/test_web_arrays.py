#!/usr/bin/env python3
"""Arrays of rows whose results are long: they are answered in one piece, whatever its length. Every
answer is held against the contract."""

import json
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import contract  # noqa: E402
import web  # noqa: E402

PATH = "/api/v1/identifiers:batch"
ROWS = 2000  # the most that one array may have
JUDGE = contract.Judge()


class Arrays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2)
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def send(self, rows, query=""):
        body = json.dumps(rows, ensure_ascii=False)
        self.assertLess(len(body.encode()), 8 << 20)
        reply = self.node.ask("POST", PATH + query, body, web.ADMIN,
                              {"Content-Type": "application/json"})
        JUDGE.check("POST", PATH + query, reply)
        return reply

    def test_as_many_failures_as_there_are_rows(self):
        for bad in ({"handle": f"{web.PREFIX}/no-values"}, 7,
                    {"handle": f"{web.PREFIX}/x", "values": [{"index": 0, "type": "URL",
                                                              "data": "x"}]}):
            reply = self.send([bad] * ROWS)
            self.assertEqual((reply.status, reply.json["summary"]["failed"],
                              len(reply.json["results"]), reply.json["complete"]),
                             (207, ROWS, ROWS, True))

    def test_long_names(self):
        names = [f"{web.PREFIX}/{i:04d}-{'n' * 1000}" for i in range(ROWS)]
        reply = self.send([{"handle": name, "values": []} for name in names], "?results=all")
        self.assertEqual((reply.status, reply.json["summary"]["created"], reply.json["complete"]),
                         (200, ROWS, True))
        self.assertEqual(sorted(r["id"] for r in reply.json["results"]), names)

    def test_results_that_no_answer_can_hold(self):
        """What is told of a row is longer than the row: too much for an answer, and for the room
        that requests of one address have."""
        for letters, name in ((675, "NO_SPACE"), (690, "BUSY")):
            row = {"handle": f"{web.PREFIX}/" + "\a" * letters, "values": []}
            reply = self.send([row] * ROWS)
            self.assertEqual((reply.status, reply.json["results"], reply.json["complete"],
                              reply.json["name"]), (207, [], False, name))
            told = reply.json["summary"]
            self.assertEqual(told["rows"], told["failed"], told)


if __name__ == "__main__":
    unittest.main()
