#!/usr/bin/env python3
"""Problems and results of rows in Chinese: titles and details follow Accept-Language, nothing else
does; and the list of translations is of what the sources say."""

import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import web  # noqa: E402

API = "/api/v1"
THING = f"{API}/identifiers/{web.PREFIX}/thing"
CHINESE = re.compile("[\u4e00-\u9fff]")
# files whose details everybody meets who registers, lists or logs in
SPEAKERS = ("core/authz.c", "core/op.c", "core/op_decide.c", "service/routes_batch.c",
            "service/routes_condition.c", "service/routes_control.c", "service/routes_history.c",
            "service/routes_login.c", "service/routes_parameter.c", "service/routes_tokens.c",
            "service/bulk.c")
# of these what is no detail, or only put together with what is translated
NO_DETAIL = re.compile(r'^(%s, at byte|Bearer |Basic |, error|longer than %u|no level|no scope'
                       r'|a control character|a member is missing; expected|no description)')


def literals(text):
    """The strings of a C source, adjacent ones joined."""
    text = re.sub(r"/\*.*?\*/", "", text.replace("\\\n", "\n"), flags=re.S)
    for found in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', text):
        yield "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', found[0]))


def entries():
    text = (ROOT / "src" / "service" / "problem_chinese.c").read_text("utf-8")
    table = text[text.index("texts[] = {"):text.index("\n};")]
    found = list(literals(re.sub(r'",\s*"', '"|"', table)))
    return found[0::2], found[1::2]


class Sources(unittest.TestCase):
    def test_every_translation_is_of_what_is_said(self):
        english, chinese = entries()
        self.assertGreater(len(english), 100)
        for text in chinese:
            self.assertRegex(text, "[\u4e00-\u9fff]|true")
        said = "\n".join(text for path in (ROOT / "src").rglob("*.[ch]")
                         if path.name != "problem_chinese.c"
                         for text in literals(path.read_text("utf-8")))
        for text in english:
            self.assertTrue(text in said, text)

    def test_every_detail_has_a_translation(self):
        english = entries()[0]
        for name in SPEAKERS:
            for text in literals((ROOT / "src" / name).read_text("utf-8")):
                if text.count(" ") < 2 or not text[0].isalpha() or NO_DETAIL.match(text):
                    continue
                parts = [text, text.split("; expected ")[0]]
                with self.subTest(name=name, text=text):
                    self.assertTrue(any(part in english for part in parts))


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = cls.enterClassContext(web.Web())

    def both(self, *words, headers=None, **more):
        """The same request in both languages."""
        replies = [self.node.ask(*words, headers={**(headers or {}), "Accept-Language": language},
                                 **more) for language in ("en", "zh-CN,zh;q=0.9,en;q=0.8")]
        self.assertEqual([r.headers["Content-Language"] for r in replies], ["en", "zh-CN"], replies)
        self.assertIn("Accept-Language", replies[0].headers["Vary"])
        return replies

    def test_problems(self):
        value = {"index": 1, "type": "URL", "data": "a"}
        for method, path, body, login in (
                ("PUT", THING, {"values": [dict(value, index="1")]}, web.ADMIN),
                ("PUT", THING, {"values": [dict(value, index=-1)]}, web.ADMIN),
                ("PUT", THING, {"values": [value, value]}, web.ADMIN),
                ("PUT", THING, {"values": []}, None),
                ("PUT", THING, {"values": []}, (web.ADMIN[0], "wrong")),
                ("GET", f"{API}/identifiers?prefix={web.PREFIX}&limit=0", None, web.ADMIN),
                ("GET", f"{API}/identifiers?limit=1", None, web.ADMIN),
                ("GET", f"{THING}?limit=1", None, None),
                ("POST", f"{API}/identifiers:batch?mode=x", [], web.ADMIN),
                ("PATCH", THING, None, None), ("GET", f"{API}/nothing", None, None)):
            with self.subTest(method=method, path=path, body=body):
                english, chinese = (r.json for r in self.both(method, path, body, login))
                for name in ("title", "detail"):
                    self.assertNotRegex(english[name], CHINESE)
                    self.assertRegex(chinese[name], CHINESE)
                # not even a translated title in front of English
                self.assertNotIn(english["detail"], chinese["detail"])
                for name in english.keys() - {"title", "detail", "request_id"}:
                    self.assertEqual(english[name], chinese[name], name)

    def test_rows(self):
        rows = [{"handle": f"{web.PREFIX}/r", "values": [{"index": 0, "type": "A", "data": ""}]},
                {"handle": "99.1/x", "values": []}, {"handle": f"{web.PREFIX}/r"}]
        lines = "\n".join(json.dumps(row) for row in rows)
        path = f"{API}/identifiers:batch?dry_run=true"
        arrays = self.both("POST", path, rows, web.ADMIN)
        streams = self.both("POST", path, lines, web.ADMIN,
                            headers={"Content-Type": "application/x-ndjson"})
        for english, chinese in ([r.json["results"] for r in arrays],
                                 [[json.loads(x) for x in r.body.splitlines()[:-1]]
                                  for r in streams]):
            self.assertEqual(len(english), 3)
            for a, b in zip(english, chinese, strict=True):
                self.assertNotRegex(a["detail"], CHINESE)
                self.assertRegex(b["detail"], CHINESE)
                self.assertEqual(dict(a, detail=""), dict(b, detail=""))


if __name__ == "__main__":
    unittest.main()
