"""The contract of the HTTP API as files: the JSON that is served is the YAML that is written, the
linter has nothing to say, and page and contract tell of the same operations.

The linter runs when it is installed: cd tests/openapi && npm ci.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "openapi"
REDOCLY = FOLDER / "node_modules" / ".bin" / "redocly"
YAML = ROOT / "proto" / "openapi.yaml"
JSON = ROOT / "proto" / "openapi.json"
METHODS = ("get", "put", "post", "delete")
ENVIRONMENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def contract():
    return json.loads(JSON.read_text("utf-8"))


def redocly(*words):
    return subprocess.run([str(REDOCLY), *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **ENVIRONMENT}, check=False)


class Contract(unittest.TestCase):
    def operations(self):
        for path, item in contract()["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def test_operations_say_what_they_are(self):
        seen = set()
        for path, method, operation in self.operations():
            with self.subTest(path=path, method=method):
                self.assertIn(operation["x-status"], ("served", "needs-changes", "needs-login",
                                                     "planned"))
                self.assertNotIn(operation["operationId"], seen)
                seen.add(operation["operationId"])
                if operation["x-status"] == "planned":
                    self.assertIn("501", operation["responses"])
                    self.assertNotIn("200", operation["responses"])
        self.assertEqual(len(seen), 18)

    def test_yaml_and_json_name_the_same_operations(self):
        # without a reader of YAML: ids and statuses stand on lines of their own
        text = YAML.read_text("utf-8")
        ids = re.findall(r"^ {6}operationId: (\w+)$", text, re.M)
        statuses = re.findall(r"^ {6}x-status: ([\w-]+)$", text, re.M)
        ours = [(o["operationId"], o["x-status"]) for _, _, o in self.operations()]
        self.assertEqual(sorted(zip(ids, statuses, strict=True)), sorted(ours))
        schemas = text[text.index("\n  schemas:\n"):]
        self.assertEqual(set(re.findall(r"^ {4}(\w+):$", schemas, re.M)),
                         set(contract()["components"]["schemas"]))

    def test_references_lead_somewhere(self):
        document = contract()

        def walk(node):
            if isinstance(node, dict):
                if "$ref" in node:
                    yield node["$ref"]
                for child in node.values():
                    yield from walk(child)
            elif isinstance(node, list):
                for child in node:
                    yield from walk(child)

        for reference in set(walk(document)):
            target = document
            self.assertTrue(reference.startswith("#/"), reference)
            for part in reference[2:].split("/"):
                self.assertIn(part, target, reference)
                target = target[part]

    def test_limits_of_the_page_are_those_of_the_code(self):
        page = (ROOT / "docs" / "http-api.md").read_text("utf-8")
        headers = "".join((ROOT / "src" / name).read_text("utf-8") for name in
                          ("service/http.h", "wire/http1.h", "wire/http1_body.h",
                           "service/http_auth.h"))
        for name, value, said in (("ONYM_HTTP_BODY_MAX", "8388608U", "8 MiB"),
                                  ("ONYM_HTTP1_HEAD_MAX", "16384U", "16 KiB"),
                                  ("ONYM_HTTP1_TARGET_MAX", "8192U", "target | 8 KiB"),
                                  ("ONYM_HTTP1_BODY_EXTRA_MAX", "16384U", "16 KiB"),
                                  ("ONYM_HTTP_CREDENTIALS_MAX", "8192U", "8 KiB"),
                                  ("ONYM_HTTP_ID_MAX", "64U", "64 of")):
            with self.subTest(name=name):
                self.assertRegex(headers, rf"#define {name}\s+{value}")
                self.assertIn(said, page)

    def test_lock_file_names_no_host(self):
        text = (FOLDER / "package-lock.json").read_text("utf-8")
        self.assertNotIn("resolved", text)
        self.assertNotIn("://", text)


@unittest.skipUnless(REDOCLY.exists(), "the linter is not installed: cd tests/openapi && npm ci")
class Linted(unittest.TestCase):
    def test_linter_finds_nothing(self):
        done = redocly("lint", str(YAML))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotRegex(done.stdout + done.stderr, r"You have \d+ warning")

    def test_json_is_the_yaml(self):
        with tempfile.TemporaryDirectory() as folder:
            fresh = pathlib.Path(folder) / "openapi.json"
            done = redocly("bundle", str(YAML), "--ext", "json", "-o", str(fresh))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(json.loads(fresh.read_text("utf-8")), contract(),
                             "cd tests/openapi && npm run json")


if __name__ == "__main__":
    unittest.main()
