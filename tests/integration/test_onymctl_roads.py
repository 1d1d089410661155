#!/usr/bin/env python3
"""onymctl asks and changes a node over every way that --server names: the Handle protocol, the same
inside TLS, and the HTTP API. The words and what they come to are the same."""

import contextlib
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import admin_keys  # noqa: E402
import node  # noqa: E402
import secured  # noqa: E402
import web  # noqa: E402

PREFIX, USER = web.PREFIX, web.USER
LONG = [{"index": i, "type": "DESC", "data": f"{i} " + "长" * 300} for i in range(1, 251)]


@contextlib.contextmanager
def portal(certificate, status, body):
    """Answers every request with that, as what stands before a node may. The port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *words):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class Roads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="onym-roads-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.key = cls.folder / "a.pem"
        made = admin_keys.run("auth", "key", "gen", "--type", "ec", "--out", cls.key)
        cls.secret = cls.folder / "secret"
        cls.secret.write_text(web.SECRET + "\n")
        cls.secret.chmod(0o600)
        records = [
            {"handle": USER, "values": [
                web.admin_value(), web.admin_value(101, key=300),
                web.secret_value(301, web.SECRET), dict(json.loads(made.stdout), index=300)]},
            {"handle": f"{PREFIX}/seen", "values": [
                {"index": 1, "type": "URL", "data": "https://example.cn/零件"},
                {"index": 2, "type": "PRICE", "data": "secret", "permissions": "1100"},
                {"index": 3, "type": "BYTES", "data": {"format": "base64", "value": "AAEC/w=="}},
                web.admin_value(100, key=300)]},
            {"handle": f"{PREFIX}/long", "values": LONG}]
        cls.node = web.Web(records=records, settings=[f"auth.server_admins=300:{USER}"])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)
        cls.roads = {
            "handle": ("--server", f"127.0.0.1:{cls.node.port}"),
            "tls": ("--server", f"tls://127.0.0.1:{cls.node.tls_port}", "--ca", cls.node.ca),
            "https": ("--server", f"https://127.0.0.1:{cls.node.https_port}", "--ca",
                      cls.node.ca)}
        cls.me = ("--as", f"300:{USER}", "--key", cls.key)
        cls.by_secret = ("--as", f"301:{USER}", "--secret-file", cls.secret)

    def ctl(self, road, *words, status=0, **environment):
        done = admin_keys.run(*words, *self.roads.get(road, road), **environment)
        self.assertEqual(done.returncode, status, (road, words, done.stdout, done.stderr))
        return done.stdout, done.stderr

    def test_an_answer_is_the_same_over_all(self):
        for name, status in (("seen", 0), ("long", 0), ("none", 1)):
            said = [json.loads(self.ctl(road, "--json", "resolve", f"{PREFIX}/{name}",
                                        status=status)[0]) for road in self.roads]
            for other in said[1:]:
                self.assertEqual(other, said[0])
        for words in (("-t", "URL"), ("-i", "3"), ("-i", "9"), ("--auth",)):
            status = 1 if "9" in words else 0
            said = [json.loads(self.ctl(road, "--json", "resolve", f"{PREFIX}/seen", *words,
                                        status=status)[0]) for road in self.roads]
            self.assertEqual([said[0]] * 3, said)
        for road in self.roads:
            private = json.loads(self.ctl(road, "--json", "resolve", f"{PREFIX}/seen", "--private",
                                          *self.me)[0])
            self.assertEqual([v["type"] for v in private["values"]],
                             ["URL", "BYTES", "HS_ADMIN", "PRICE"])

    def test_the_block_says_what_was_asked(self):
        for road, over in (("handle", "over UDP"), ("tls", "over TLS"), ("https", "over HTTPS")):
            self.assertIn(over, self.ctl(road, "resolve", f"{PREFIX}/seen")[0])
        out, _ = self.ctl("https", "resolve", f"{PREFIX}/seen", "+short", "-t", "URL")
        self.assertEqual(out.strip(), "https://example.cn/零件")

    def test_the_authority_may_come_from_the_environment(self):
        for road in ("tls", "https"):
            words = self.roads[road][:2]
            self.ctl(words, "resolve", f"{PREFIX}/seen", ONYM_CA=str(self.node.ca))
            _, err = self.ctl(words, "resolve", f"{PREFIX}/seen", status=2, ONYM_CA="")
            self.assertIn("--ca FILE", err)

    def test_one_life_of_an_identifier(self):
        for road in self.roads:
            name = f"{PREFIX}/life-{road}"
            value = ("--value", "1:URL=https://example.cn/%2F", "--value",
                     f"100:HS_ADMIN=300:111111111111:{USER}")
            self.assertEqual(self.ctl(road, "id", "create", name, *value, *self.me)[0],
                             f"created {name}\n")
            _, err = self.ctl(road, "id", "create", name, *value, *self.me, status=1)
            self.assertIn("identifier exists (101)", err)
            out, _ = self.ctl(road, "id", "create", name, *value, "--overwrite", *self.me)
            self.assertEqual(out, f"replaced {name}\n")
            self.ctl(road, "id", "add-value", name, "--value", "2:DESC=x", *self.me)
            self.ctl(road, "id", "add-value", name, "--value", "2:DESC=y", *self.me, status=1)
            if road != "https":
                self.ctl(road, "id", "set", name, "--value", "2:DESC=z", *self.me)
            self.ctl(road, "id", "rm-value", name, "2", *self.me)
            self.ctl(road, "id", "rm-value", name, "2", *self.me, status=1)
            told = json.loads(self.ctl(road, "--json", "id", "delete", name, *self.me)[0])
            self.assertEqual((told["handle"], told["outcome"], told["responseCode"]),
                             (name, "done", 1))
            _, err = self.ctl(road, "id", "delete", name, *self.me, status=1)
            self.assertIn("(100)", err)
            self.ctl(road, "id", "create", name, *self.me)  # a name without values
            self.ctl(road, "id", "delete", name, *self.me)
            minted, _ = self.ctl(road, "id", "create", f"{PREFIX}/", "--mint", *value, *self.me)
            self.assertRegex(minted, rf"^created {PREFIX}/[0-9a-f-]{{36}}$")

    def test_lists_and_prefixes(self):
        said = [set(self.ctl(road, "id", "list", PREFIX, *self.me)[0].split())
                for road in self.roads]
        self.assertIn(f"{PREFIX}/seen", said[0])
        self.assertEqual(said[0] | said[1], said[2] | said[0])
        self.assertEqual(json.loads(self.ctl("https", "--json", "id", "list", f"0.NA/{PREFIX}",
                                             "--limit", "1", *self.me)[0])["more"], True)
        for road in self.roads:
            self.ctl(road, "prefix", "home", "88.77", *self.me)
            self.assertIn("0.NA/88.77\n", self.ctl(road, "prefix", "list", *self.me)[0])
            self.ctl(road, "prefix", "unhome", "88.77", *self.me)
            self.ctl(road, "prefix", "list", *self.by_secret, status=4)

    def test_who_may_not_is_told_so(self):
        wrong = self.folder / "wrong"
        wrong.write_text("x\n")
        wrong.chmod(0o600)
        for road in self.roads:
            name, value = f"{PREFIX}/not", ("--value", "1:A=b")
            _, err = self.ctl(road, "id", "create", name, *value, status=4)
            self.assertIn("authentication needed (402)", err)
            _, err = self.ctl(road, "id", "create", name, *value, "--as", f"301:{USER}",
                              "--secret-file", wrong, status=4)
            self.assertIn("authentication failed (403)", err)

    def test_a_token_and_a_certificate_over_https_alone(self):
        token = self.folder / "token"
        self.ctl(self.roads["https"], "auth", "token", "create", "--scope", f"register:{PREFIX}",
                 "--out", token, *self.me)
        self.ctl("https", "id", "create", f"{PREFIX}/token", "--value", "1:A=b", "--token-file",
                 token)
        self.ctl("https", "id", "history", f"{PREFIX}/token", *self.me)
        for road in ("handle", "tls"):
            _, err = self.ctl(road, "id", "create", f"{PREFIX}/token", "--value", "1:A=b",
                              "--token-file", token, status=2)
            self.assertIn("https://HOST", err)
        _, err = self.ctl("https", "id", "create", f"{PREFIX}/x", "--value", "1:A=b",
                          "--token-file", token, *self.me, status=2)
        self.assertIn("says already", err)

    def test_what_a_way_cannot_do_is_refused_with_the_reason(self):
        for words, part in (
                (("https", "resolve", f"{PREFIX}/seen", "--tcp"), "Handle protocol"),
                (("https", "resolve", f"{PREFIX}/seen", "--digest"), "Handle protocol"),
                (("tls", "resolve", f"{PREFIX}/seen", "--udp"), "TLS"),
                (("https", "auth", "challenge"), "Handle protocol"),
                (("handle", "resolve", f"{PREFIX}/seen", "--ca", "x"), "--ca"),
                (((), "resolve", "-s", "tls://", "x/y"), "tls://"),
                (((), "resolve", "-s", "https://a/b", "x/y"), "https://"),
                (((), "id", "history", "-s", "a:1", "x/y"), "https://HOST")):
            self.assertIn(part, self.ctl(*words, status=2)[1], words)
        _, err = self.ctl("https", "id", "set", f"{PREFIX}/seen", "--value", "1:URL=x", *self.me,
                          status=5)
        self.assertIn("tls://", err)

    def test_a_server_that_is_not_the_one_is_not_asked(self):
        (self.folder / "other").mkdir()
        other, _ = secured.self_signed(self.folder / "other", "other")
        for road in ("tls", "https"):
            for words in (("resolve", f"{PREFIX}/seen"),
                          ("id", "create", f"{PREFIX}/x", "--value", "1:A=b", *self.by_secret)):
                done = admin_keys.run(*words, *self.roads[road][:2], "--ca", other)
                self.assertEqual(done.returncode, 3, (road, done))
                self.assertIn("certificate", done.stdout + done.stderr)
            _, err = self.ctl(self.roads[road][:2], "resolve", "--ca", self.folder / "gone",
                              f"{PREFIX}/seen", status=2)
            self.assertIn("cannot be read as authorities", err)

    def test_nobody_there_and_somebody_dumb(self):
        with socket.create_server(("127.0.0.1", 0)) as dumb:
            for port in (node.free_port(), dumb.getsockname()[1]):
                for scheme in ("tls", "https"):
                    road = ("--server", f"{scheme}://127.0.0.1:{port}", "--ca", self.node.ca,
                            "--timeout", "0.5")
                    self.ctl(road, "resolve", f"{PREFIX}/seen", status=3)
                    out, _ = self.ctl(road, "--json", "id", "delete", f"{PREFIX}/x",
                                      *self.by_secret, status=3)
                    self.assertEqual(json.loads(out)["outcome"], "failed")
                    for words in (("delete", f"{PREFIX}/x"), ("list", PREFIX)):
                        _, err = self.ctl(road, "id", *words, *self.by_secret, status=3)
                        self.assertEqual(err.count(str(port)), 1, err)

    def test_an_answer_of_no_node_is_no_success(self):
        (self.folder / "portal").mkdir()
        certificate = secured.self_signed(self.folder / "portal", "portal")
        token = self.folder / "portal" / "token"
        token.write_text(f"onym_{'0' * 32}_{'A' * 43}\n")
        token.chmod(0o600)
        name, by = f"{PREFIX}/x", ("--token-file", token)
        changes = (("id", "create", name, "--value", "1:A=b"), ("id", "delete", name),
                   ("prefix", "home", "88.77"))
        cut = b'{"responseCode":1,"handle":"88.1/x","values":[{"index":1,'
        for status, body in ((200, b"<html>Welcome</html>"), (201, b""), (200, cut),
                             (200, b"[1]"), (502, b"<html>Bad Gateway</html>")):
            with portal(certificate, status, body) as port:
                road = ("--server", f"https://127.0.0.1:{port}", "--ca", certificate[0])
                out, err = self.ctl(road, "resolve", name, status=5)
                self.assertIn(f"127.0.0.1:{port} answered HTTP {status} with {len(body)} bytes",
                              out + err)
                for words in changes:
                    out, err = self.ctl(road, *words, *by, status=7)
                    self.assertIn(f"127.0.0.1:{port} answered HTTP {status}", out + err)
                    self.assertEqual(err.count(str(port)), 1, err)
                    out, _ = self.ctl(road, "--json", *words, *by, status=7)
                    self.assertEqual(json.loads(out)["outcome"], "unknown")
                self.ctl(road, "id", "list", PREFIX, *by, status=5)
        with portal(certificate, 200, b'{"hello":1}') as port:
            road = ("--server", f"https://127.0.0.1:{port}", "--ca", certificate[0])
            out, err = self.ctl(road, "resolve", name, status=5)
            self.assertIn("no values", out + err)
        with portal(certificate, 403, b"<html>no</html>") as port:
            road = ("--server", f"https://127.0.0.1:{port}", "--ca", certificate[0])
            for words in changes:
                self.ctl(road, *words, *by, status=4)

    def test_a_job_goes_inside_tls(self):
        rows = self.folder / "rows.ndjson"
        rows.write_text("".join(json.dumps({"handle": f"{PREFIX}/job-{i}", "values": [
            {"index": 1, "type": "N", "data": "x" * 2000}]}) + "\n" for i in range(200)))
        out, _ = self.ctl("tls", "--json", "batch", "run", rows, *self.me)
        self.assertEqual(json.loads(out.splitlines()[-1])["summary"]["done"], 200)


class Required(unittest.TestCase):
    """A node that takes only clients with a certificate says so, and nothing was changed."""

    def test_what_a_client_without_a_certificate_is_told(self):
        with secured.Secured(records=secured.RECORDS) as it:
            known = secured.self_signed(it.root, "known")
            stranger = secured.self_signed(it.root, "stranger")
            token = it.root / "token"
            token.write_text("onym_none")
            token.chmod(0o600)
            rows = it.root / "rows.csv"
            rows.write_text("handle,1:URL\n88.1.2/r,x\n")
            it.stop()
            it.settings += ["tls.client_certificates=required", f"tls.client_ca_file={known[0]}"]
            it.start()
            https = ("--server", f"https://127.0.0.1:{it.https_port}", "--ca", it.ca)
            shown = ("--cert", stranger[0], "--key", stranger[1])
            create = ("id", "create", "88.1.2/r", "--value", "1:URL=x")
            for words, why in ((("resolve", secured.NAME), "--cert"),
                               ((*create, "--token-file", token), "--cert"),
                               (("batch", "run", rows, "--token-file", token), "--cert"),
                               (("id", "history", secured.NAME, "--token-file", token), "--cert"),
                               ((*create, *shown), "authority")):
                with self.subTest(words):
                    done = secured.run(node.program("onymctl"), *words, *https)
                    said = (done.stdout + done.stderr).decode()
                    self.assertEqual(done.returncode, 3, said)
                    self.assertIn("certificate", said)
                    self.assertIn(why, said)
            done = secured.run(node.program("onymctl"), "resolve", secured.NAME, "--ca", it.ca,
                               "--server", f"tls://127.0.0.1:{it.tls_port}")
            self.assertEqual(done.returncode, 3)
            self.assertIn(b"certificate", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
