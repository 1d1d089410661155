#!/usr/bin/env python3
"""onymctl on the node's machine, without a key: conf reload, tls reload, log level, auth token."""

import json
import pathlib
import socket
import ssl
import stat
import sys
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import web  # noqa: E402
from admin_keys import run  # noqa: E402

PRIVATE = f"/api/v1/identifiers/{web.USER.replace('/', '%2F')}"


class Local(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2)
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)
        cls.socket = f"unix:{cls.node.data}/control.sock"

    def ctl(self, *words, code=0, server=True):
        got = run(*(("--server", self.socket) if server else ()), *words)
        self.assertEqual(got.returncode, code, got.stdout + got.stderr)
        return got

    def bearer(self, token, status, method="GET", target=PRIVATE):
        reply = self.node.ask(method, target, headers={"Authorization": f"Bearer {token}"})
        self.assertEqual(reply.status, status, reply)

    def test_reload(self):
        self.assertIn("in force", self.ctl("conf", "reload").stdout)
        got = self.ctl("--json", "conf", "reload")
        self.assertEqual(json.loads(got.stdout), {"applied": True, "restart_needed": []})
        self.assertEqual(self.ctl("-q", "tls", "reload").stdout, "")

    def test_the_socket_is_found_by_the_configuration(self):
        self.ctl("-c", self.node.config, "conf", "reload", server=False)

    def test_a_reload_that_fails_says_why_and_a_restart_is_named(self):
        good = self.node.config.read_text()
        self.addCleanup(self.node.config.write_text, good)
        self.node.config.write_text(good.replace("  id:", "  nope: 1\n  id:"))
        self.assertIn("node.nope", self.ctl("conf", "reload", code=1).stderr)
        got = self.ctl("-c", self.node.config, "conf", "reload", code=1, server=False)
        self.assertIn("node.nope", got.stderr)
        self.node.config.write_text(good.replace("id: test-node", "id: other-node"))
        self.assertIn("node.id takes effect at the next start",
                      self.ctl("conf", "reload").stdout)

    def test_the_level_of_the_log(self):
        self.assertEqual(self.ctl("log", "level", "debug", "--for", "1s").stdout,
                         "the log is at level debug for 1 s\n")
        self.node.wait_log('"event":"level_changed"', 2)
        self.ctl("log", "level", "info")
        self.assertIn("loud is no level; say error", self.ctl("log", "level", "loud",
                                                               code=2).stderr)
        for words in (("level",), ("level", "debug", "--for", "25h"),
                      ("level", "debug", "--for", "10"), ("level", "debug", "--nope")):
            self.ctl("log", *words, code=2)

    def test_tokens(self):
        file = self.node.root / "token"
        self.ctl("auth", "token", "create", "--scope", "read", "--scope",
                 f"register:{web.PREFIX}", "--for", f"301:{web.USER}", "--label", "MES",
                 "--expires", "2d", "--out", file)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        token = file.read_text().strip()
        self.bearer(token, 200)
        got = self.ctl("auth", "token", "create", "--scope", "operate", "--out", file, code=6)
        self.assertIn("is not overwritten", got.stderr)
        self.assertEqual(file.read_text().strip(), token)

        shown = self.ctl("auth", "token", "create", "--scope", "operate").stdout.strip()
        self.bearer(shown, 200, "POST", "/api/v1/config:reload")
        self.bearer(shown, 403)
        made = json.loads(self.ctl("--json", "auth", "token", "create", "--scope", "admin").stdout)
        self.bearer(made["token"], 200)

        listed = json.loads(self.ctl("--json", "auth", "token", "list").stdout)
        self.assertLessEqual({token[5:37], shown[5:37], made["id"]}, {t["id"] for t in listed})
        text = self.ctl("auth", "token", "list").stdout
        self.assertRegex(text, f"(?m)^{token[5:37]} .* 301:{web.USER}  read register:.* MES$")
        self.assertEqual(self.ctl("auth", "token", "list", "--expired").stdout, "")
        self.ctl("auth", "token", "revoke", *(t["id"] for t in listed))
        self.bearer(token, 401)
        self.assertEqual(self.ctl("auth", "token", "list").stdout, "")
        self.ctl("auth", "token", "revoke", made["id"], code=1)

    def test_labels_of_others_do_not_steer_the_terminal(self):
        made = self.node.ask("POST", "/api/v1/tokens", login=web.ADMIN, body={
            "scopes": ["read", "register:88.\u202e1"], "label": "a\u009b2J\u202eb"}).json
        self.addCleanup(self.ctl, "auth", "token", "revoke", made["id"])
        text = self.ctl("auth", "token", "list").stdout
        self.assertRegex(text, r"(?m)^%s .*  read register:88\.\\u\{202e\}1  "
                               r"a\\u\{9b\}2J\\u\{202e\}b$" % made["id"])

    def test_tokens_over_https(self):
        secret = self.node.root / "secret"
        secret.write_text(web.SECRET)
        secret.chmod(0o600)
        far = ("--connect", f"127.0.0.1:{self.node.https_port}", "--ca", self.node.ca)
        mine = (*far, "--as", web.ADMIN[0], "--secret-file", secret)
        token = self.ctl("auth", "token", "create", "--scope", "read", *mine).stdout.strip()
        self.bearer(token, 200)
        self.ctl("auth", "token", "create", "--scope", "admin", *mine, code=4)
        self.assertIn(token[5:37], self.ctl("auth", "token", "list", *mine).stdout)
        file = self.node.root / "admin"
        self.ctl("auth", "token", "create", "--scope", "admin", "--out", file)
        by_token = (*far, "--token-file", file)
        self.ctl("auth", "token", "revoke", token[5:37], *by_token)
        self.bearer(token, 401)
        file.chmod(0o640)
        self.ctl("auth", "token", "list", *by_token, code=6)
        self.ctl("auth", "token", "list", "--as", web.ADMIN[0], code=2)

    def deaf(self):
        """A server with the node's certificate that reads a request and closes; its port."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.node.pki / "tls" / "server.crt",
                                self.node.pki / "tls" / "server.key")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            try:
                while True:
                    with context.wrap_socket(listener.accept()[0], server_side=True) as sock:
                        sock.recv(65536)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def test_an_answer_that_is_lost(self):
        file = self.node.root / "lost"
        self.ctl("auth", "token", "create", "--scope", "admin", "--out", file)
        far = ("--connect", f"127.0.0.1:{self.deaf()}", "--ca", self.node.ca, "--token-file", file)
        got = self.ctl("auth", "token", "create", "--scope", "read", *far, code=7)
        self.assertIn("whether it was done", got.stderr)
        self.ctl("auth", "token", "revoke", "0" * 32, *far, code=7)
        self.ctl("auth", "token", "list", *far, code=3)

    def test_a_token_that_is_refused_leaves_no_file(self):
        file = self.node.root / "none"
        got = self.ctl("auth", "token", "create", "--scope", "read", "--out", file, code=2)
        self.assertIn("identity", got.stderr)
        self.assertFalse(file.exists())

    def test_prefixes_and_identifiers_without_a_key(self):
        prefix, name = "88.300.7", "88.300.7/a"
        self.assertIn("homed", self.ctl("prefix", "home", prefix).stdout)
        self.assertIn(f"0.NA/{prefix}\n", self.ctl("prefix", "list").stdout)
        self.ctl("id", "create", f"0.NA/{prefix}", "--value",
                 f"100:HS_ADMIN=300:111111111111:0.NA/{prefix}", code=0)
        self.assertIn("created", self.ctl("id", "create", name, "--value", "1:URL=x").stdout)
        self.ctl("id", "add-value", name, "--value", "2:N=y")
        got = json.loads(self.ctl("--json", "resolve", name).stdout)
        self.assertEqual([v["index"] for v in got["values"]], [1, 2])
        self.ctl("id", "rm-value", name, "2")
        self.assertEqual(self.ctl("id", "list", prefix).stdout, name + "\n")
        self.assertEqual(self.ctl("id", "history", name).stdout.count("\n"), 3)
        self.assertIn("answer: 1 OK", self.ctl("resolve", name).stdout)
        self.assertIn(f"server: {self.socket} over HTTP,", self.ctl("resolve", name).stdout)
        self.ctl("id", "set", name, "--value", "1:URL=z", code=5)
        self.ctl("id", "create", name, code=1)
        self.ctl("id", "delete", name)
        self.ctl("prefix", "unhome", prefix)

    def test_what_the_socket_is_not_for_says_what_to_use(self):
        file = self.node.root / "a.csv"
        file.write_text("handle,1:N\n88.1/a,x\n")
        for words, advice in ((("batch", "run", file), "https://localhost"),
                              (("batch", "resume", file), "https://localhost"),
                              (("auth", "challenge", "--as", "300:0.NA/88.1"), "ask HOST"),
                              (("resolve", "--tcp", "88.1/a"), "ask HOST"),
                              (("prefix", "list", "--as", "300:0.NA/88.1"), "leave the identity"),
                              (("prefix", "list", "--ca", "x", "--token-file", "x"),
                               "leave the identity")):
            with self.subTest(words):
                self.assertRegex(self.ctl(*words, code=2).stderr, advice)

    def test_no_node_behind_the_socket(self):
        for words in (("prefix", "list"), ("id", "create", "88.1/a"), ("id", "list", "88.1"),
                      ("id", "history", "88.1/a"), ("resolve", "88.1/a")):
            with self.subTest(words):
                got = run("--server", f"unix:{self.node.root}/no.sock", *words)
                self.assertEqual(got.returncode, 3, got.stderr)
                self.assertIn("no node listens there", got.stdout + got.stderr)
                self.assertEqual(run("--server", "unix:" + "x" * 108, *words).returncode, 2)

    def test_usage(self):
        for words in ((), ("make",), ("create",), ("create", "--scope"),
                      ("create", "--scope", "read", "more"), ("revoke",), ("revoke", "x"),
                      ("create", "--scope", "read", "--expires", "367d"), ("list", "x")):
            with self.subTest(words):
                self.ctl("auth", "token", *words, code=2)

    def test_no_node(self):
        got = run("--server", f"unix:{self.node.root}/no.sock", "conf", "reload")
        self.assertEqual(got.returncode, 3)
        self.assertIn("no node listens there", got.stderr)
        self.assertEqual(run("--server", "127.0.0.1", "conf", "reload").returncode, 2)
        self.assertEqual(run("--server", "unix:" + "x" * 108, "conf", "reload").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
