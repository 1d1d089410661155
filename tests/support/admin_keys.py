"""Somebody who administers: keys made by onymctl, and onymctl run without the caller's identity."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import node

PREFIX = "88.1.2"
USER = f"0.NA/{PREFIX}"


def run(*words, stdin=None, **environment):
    clean = {name: value for name, value in os.environ.items()
             if name not in ("ONYM_AS", "ONYM_KEY", "ONYM_SECRET_FILE")}
    return subprocess.run([node.program("onymctl"), *map(str, words)], capture_output=True, text=True, timeout=60,
                          input=stdin if stdin is not None else "", env={**clean, **environment})


def admin_value(index, key_index):
    return {"index": index, "type": "HS_ADMIN", "data": {"format": "admin", "value": {
        "handle": USER, "index": key_index, "permissions": "111111111111"}}}


class WithKeys(unittest.TestCase):
    """Keys made by onymctl itself, in a folder that goes away."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-admin-"))
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-rf", cls.folder], check=True))
        cls.values = [
            cls.make("key", "--out", cls.folder / "rsa.pem", "--bits", 2048),
            cls.make("secret", "--out", cls.folder / "secret", "--index", 301),
            cls.make("key", "--out", cls.folder / "ec.pem", "--type", "ec", "--index", 302),
            cls.make("key", "--out", cls.folder / "sm2.pem", "--type", "sm2", "--index", 303),
        ]
        cls.owner = ("--as", f"300:{USER}", "--key", cls.folder / "rsa.pem")
        cls.by_secret = ("--as", f"301:{USER}", "--secret-file", cls.folder / "secret")

    @classmethod
    def make(cls, what, *options):
        got = run("auth", what, "gen", *options)
        if got.returncode != 0:
            raise AssertionError(got.stderr)
        return json.loads(got.stdout)
