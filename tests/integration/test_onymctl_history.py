#!/usr/bin/env python3
"""onymctl id history and store reindex over what a real node logged."""

import json
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import secured  # noqa: E402
import web  # noqa: E402

THING = f"{web.PREFIX}/Thing"
URL = {"index": 1, "type": "URL", "data": "a"}


def ctl(*words):
    return subprocess.run([str(node.program("onymctl")), "--no-progress", *map(str, words)],
                          capture_output=True, text=True, timeout=60, check=False)


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        it = web.Web(records=web.RECORDS + [{"handle": f"{web.PREFIX}/loaded", "values": [URL]}],
                     settings=[f"auth.server_admins=301:{web.USER}"])
        it.start()
        cls.addClassCleanup(it._remove)
        path = f"/api/v1/identifiers/{THING}"
        for values in ([URL], [URL, dict(URL, index=2)]):
            assert it.ask("PUT", path, {"values": values}, web.ADMIN).status < 300
        assert it.ask("DELETE", path, login=web.ADMIN).status == 200
        for i in range(30):
            it.ask("PUT", f"/api/v1/identifiers/{web.PREFIX}/other-{i}", {"values": []}, web.ADMIN)
        cls.online = it.ask("GET", path + "/history", login=web.ADMIN).json["items"]
        cls.ask_over_https(it)
        assert it.stop() == 0
        cls.data = it.data

    @classmethod
    def ask_over_https(cls, it):
        """What the tests below look at, while the node runs."""
        secret = it.root / "secret"
        secret.write_text(web.SECRET + "\n")
        wrong = it.root / "wrong"
        wrong.write_text("wrong")
        for file in (secret, wrong):
            file.chmod(0o600)
        where = ("--connect", f"127.0.0.1:{it.https_port}", "--ca", it.ca)
        me = ("--as", f"301:{web.USER}", "--secret-file", secret)
        ask = ("id", "history", THING, *where)
        key = it.root / "ec.pem"
        value = ctl("auth", "key", "gen", "--type", "ec", "--out", key, "--index", "311").stdout
        assert it.ask("PUT", f"/api/handles/{web.USER}?index=311", json.loads(value),
                      web.ADMIN).status == 201
        cls.asked = {
            "text": ctl(*ask, *me), "json": ctl("--json", *ask, *me),
            "two": ctl("--json", *ask, *me, "-n", "2"), "nobody": ctl(*ask),
            "wrong": ctl(*ask, "--as", f"301:{web.USER}", "--secret-file", wrong),
            "key": ctl("--json", *ask, "--as", f"311:{web.USER}", "--key", key),
            "other key": ctl(*ask, "--as", f"310:{web.USER}", "--key", key),
            "token": ctl(*ask, "--token-file", secret),
            "nothing": ctl("id", "history", "x", *where, *me),
            "never": ctl("id", "history", f"{web.PREFIX}/never", *where, *me),
            "no ca": ctl("id", "history", THING, *where[:2], *me),
            "other ca": ctl("id", "history", THING, *where[:2], "--ca", cls.other_ca(it), *me),
            "down": ctl("id", "history", THING, "--connect", f"127.0.0.1:{node.free_port()}",
                        *where[2:], *me)}

    @classmethod
    def other_ca(cls, it):
        return secured.self_signed(it.root, "stranger")[0]

    def test_over_https(self):
        expected = {"text": 0, "json": 0, "two": 0, "nobody": 4, "wrong": 4, "key": 4,
                    "other key": 4, "token": 4, "nothing": 2, "never": 1, "no ca": 2,
                    "other ca": 5, "down": 3}
        self.assertEqual({name: done.returncode for name, done in self.asked.items()}, expected,
                         self.asked)
        self.assertEqual(json.loads(self.asked["json"].stdout)["items"], self.online)
        self.assertTrue(json.loads(self.asked["json"].stdout)["complete"])
        self.assertEqual(json.loads(self.asked["two"].stdout)["items"], self.online[:2])
        self.assertFalse(json.loads(self.asked["two"].stdout)["complete"])
        self.assertEqual(self.asked["text"].stdout, self.history(0, THING).stdout)
        for name, reason in (("key", "the caller lacks the permission"),
                             ("nothing", "x has no '/'"), ("never", "identifier not found"), ("down", "127.0.0.1 port")):
            self.assertEqual(self.asked[name].stderr.count(reason), 1, self.asked[name].stderr)
        # proven by its key, and without a right; not proven at all
        self.assertIn("HTTP 403", self.asked["key"].stderr)
        self.assertIn("does not know this key", self.asked["other key"].stderr)
        for name, done in self.asked.items():
            self.assertEqual(bool(done.stderr), done.returncode != 0, name)

    def history(self, code, name, *words):
        done = ctl(*words, "id", "history", name, "--data", self.data)
        self.assertEqual(done.returncode, code, done)
        return done

    def test_it_is_what_the_node_tells(self):
        got = json.loads(self.history(0, THING.lower(), "--json").stdout)
        self.assertEqual(got["items"], self.online)
        self.assertEqual((got["handle"], got["complete"], got["registered"]),
                         (THING.lower(), True, False))
        self.assertEqual([item["what"] for item in got["items"]], ["delete", "create", "create"])

    def test_people_read_lines(self):
        lines = self.history(0, THING).stdout.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"^ +\d+  20\d\d-\S+Z +create   rev 2     301:0.NA/88.300.15907 "
                                   r"from 127.0.0.1  values 1,2$")

    def test_a_limit(self):
        got = json.loads(ctl("--json", "id", "history", THING, "--data", self.data, "-n", "2").stdout)
        self.assertEqual((got["items"], got["complete"]), (self.online[:2], False))
        for limit, code in (("1", 0), ("1000000", 0), ("0", 2), ("1000001", 2), ("x", 2), ("-1", 2)):
            done = ctl("id", "history", THING, "--data", self.data, "--limit", limit)
            self.assertEqual(done.returncode, code, done)

    def test_what_has_none(self):
        done = self.history(0, f"{web.PREFIX}/loaded")
        self.assertIn("not changed", done.stderr)
        self.assertIn("ever changed", self.history(1, f"{web.PREFIX}/never").stderr)

    def test_what_is_wrong_is_said(self):
        for words in ((), ("a", "b"), ("",), ("x" * 2049,)):
            self.assertEqual(ctl("id", "history", *words, "--data", self.data).returncode, 2)
        self.assertEqual(ctl("id", "history", THING).returncode, 2)
        self.assertEqual(ctl("id", "history", THING, "--data", "/nonexistent").returncode, 1)

    def test_reindexing_changes_no_answer(self):
        before = self.history(0, THING, "--json").stdout
        got = json.loads(ctl("--json", "store", "reindex", "--data", self.data).stdout)
        self.assertGreater(got["entries"], 33)
        self.assertEqual((got["segments"], got["left_out"]), (0, 0))
        self.assertEqual(self.history(0, THING, "--json").stdout, before)
        self.assertEqual(ctl("check", "--data", self.data).returncode, 0)
        self.assertEqual(ctl("store", "reindex").returncode, 2)


if __name__ == "__main__":
    unittest.main()
