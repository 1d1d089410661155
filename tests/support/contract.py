"""proto/openapi.json as a judge of answers: is this status of this operation written down, with that
media type, those headers and a body of that shape? Only the keywords of JSON Schema that the contract
uses are known; another one is an error, so that nothing passes unread.

    judge = contract.Judge()
    judge.check("GET", "/api/v1/identifiers/88.1%2Fx", reply)
    judge.seen   # {(operationId, status)}
"""

import datetime
import json
import pathlib
import re

JSON = pathlib.Path(__file__).resolve().parents[2] / "proto" / "openapi.json"
METHODS = ("get", "put", "post", "delete")
ROOT = "/api/v1"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
SILENT = {"description", "default", "format", "type", "$ref", "properties", "required"}


class Broken(AssertionError):
    """An answer is not as the contract says."""


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Judge:
    def __init__(self):
        self.document = json.loads(JSON.read_text("utf-8"))
        self.seen = set()

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def follow(self, node):
        while "$ref" in node:
            part = self.document
            for name in node["$ref"][2:].split("/"):
                part = part[name]
            node = part
        return node

    # --- schemas ---

    def fits(self, value, schema):
        try:
            self.judge(value, schema, "")
        except Broken:
            return False
        return True

    def judge(self, value, schema, at):
        schema = self.follow(schema)
        wanted = schema.get("type", [])
        wanted = [wanted] if isinstance(wanted, str) else wanted
        if wanted and not any(is_type(value, name) for name in wanted):
            raise Broken(f"{at}: {value!r} is no {wanted}")
        for keyword, limit in schema.items():
            if keyword not in SILENT and not self.holds(keyword, limit, value, at):
                raise Broken(f"{at}: {value!r} breaks {keyword}: {limit}")
        if schema.get("format") == "date-time" and isinstance(value, str):
            datetime.datetime.strptime(re.sub(r"\.\d+Z$", "Z", value), "%Y-%m-%dT%H:%M:%SZ")
        if isinstance(value, dict):
            self.judge_object(value, schema, at)

    def judge_object(self, value, schema, at):
        known = schema.get("properties", {})
        missing = set(schema.get("required", ())) - set(value)
        if missing:
            raise Broken(f"{at}: without {missing}")
        if schema.get("additionalProperties") is False and set(value) - set(known):
            raise Broken(f"{at}: unknown {set(value) - set(known)}")
        for name in set(known) & set(value):
            self.judge(value[name], known[name], f"{at}.{name}")

    def holds(self, keyword, limit, value, at):
        if keyword == "items":
            for i, item in enumerate(value):
                self.judge(item, limit, f"{at}[{i}]")
            return True
        if keyword == "oneOf":
            return sum(self.fits(value, one) for one in limit) == 1
        if keyword == "allOf":
            return all(self.fits(value, one) for one in limit)
        simple = {"enum": lambda: value in limit, "const": lambda: value == limit,
                  "minimum": lambda: value >= limit, "maximum": lambda: value <= limit,
                  "minLength": lambda: len(value) >= limit,
                  "maxLength": lambda: len(value) <= limit,
                  "maxItems": lambda: len(value) <= limit,
                  "minItems": lambda: len(value) >= limit,
                  "pattern": lambda: re.search(limit, value) is not None,
                  "additionalProperties": lambda: limit is False}
        if keyword not in simple:
            raise KeyError(f"{at}: the judge does not know {keyword}")
        return simple[keyword]()

    # --- answers ---

    def operation(self, method, target):
        path = target.split("?")[0].removeprefix(ROOT)
        method = "get" if method == "HEAD" else method.lower()
        for template, item in self.document["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and method in item:
                return item[method]
        raise Broken(f"{method} {path}: of no operation")

    def check(self, method, target, reply):
        operation = self.operation(method, target)
        name, status = operation["operationId"], str(reply.status)
        if status not in operation["responses"]:
            raise Broken(f"{name}: {status} is not written down: {reply}")
        response = self.follow(operation["responses"][status])
        self.seen.add((name, status))
        if "X-Request-Id" not in reply.headers:
            raise Broken(f"{name}: no X-Request-Id")
        for header, shape in response.get("headers", {}).items():
            if header in reply.headers:
                self.judge(reply.headers[header], self.follow(shape)["schema"], header)
            elif header != "Link":  # only where there is more
                raise Broken(f"{name} {status}: no {header}")
        if "content" not in response:
            if reply.body:
                raise Broken(f"{name} {status}: a body of {len(reply.body)} bytes")
            return
        media = reply.headers["Content-Type"]
        if media not in response["content"]:
            raise Broken(f"{name} {status}: {media}")
        if method != "HEAD":
            self.judge(reply.json, response["content"][media]["schema"], name)
