#!/usr/bin/env python3
"""Local control: the HTTP API on a Unix socket, for whom the kernel names, and the orders to a
running node. Every reply is held against the contract."""

import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import contract  # noqa: E402
import local  # noqa: E402
import node  # noqa: E402
import secured  # noqa: E402
import web  # noqa: E402

JUDGE = contract.Judge()
ROOT_USER = "0.NA/88.300"
RECORDS = web.RECORDS + [{"handle": ROOT_USER, "values": [web.secret_value(300, "root-pass")]}]
SERVER_ADMIN = (f"300:{ROOT_USER}", "root-pass")
STRANGER = 65534  # "nobody"


def as_stranger(work):
    """What the function returns, a text, in a process of another account."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            os.write(write, work().encode())
        except OSError as why:
            os.write(write, repr(why).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        said = file.read().decode()
    os.waitpid(child, 0)
    return said


def speak(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(b"POST /api/v1/config:reload HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 0\r\n\r\n")
        said = b""
        while piece := sock.recv(4096):
            said += piece
        return said.decode()


class Control(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2, records=RECORDS,
                           settings=[f"auth.server_admins=300:{ROOT_USER}"])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)
        cls.socket = cls.node.data / "control.sock"

    def ask(self, method, target, status, body=None, headers=None):
        if isinstance(body, (dict, list)) and headers is None:
            headers = {"Content-Type": "application/json"}
        reply = local.ask(self.socket, method, target, body, headers)
        JUDGE.check(method, target, reply)
        self.assertEqual(reply.status, status, reply)
        return reply

    def over_tls(self, method, target, status, **more):
        reply = self.node.ask(method, target, **more)
        JUDGE.check(method, target, reply)
        self.assertEqual(reply.status, status, reply)
        return reply

    def test_the_socket_is_for_owner_and_group(self):
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o660)

    def test_the_local_operator_has_every_right(self):
        name = f"/api/v1/identifiers/{web.PREFIX}%2Flocal"
        self.ask("PUT", name, 201, {"values": [{"index": 1, "type": "URL", "data": "x"}]},
                 {"Content-Type": "application/json"})
        self.ask("GET", f"/api/v1/identifiers/{web.USER.replace('/', '%2F')}?publicOnly=false", 200)
        self.ask("DELETE", name, 200)

    def test_reload(self):
        reply = self.ask("POST", "/api/v1/config:reload", 200)
        self.assertEqual(reply.json, {"applied": True, "restart_needed": []})

    def test_a_reload_with_errors_changes_nothing_and_tells_all(self):
        good = self.node.config.read_text()
        self.addCleanup(self.node.config.write_text, good)
        self.node.config.write_text(good.replace("  id:", "  nope: 1\n  workerz: 2\n  id:"))
        reply = self.ask("POST", "/api/v1/config:reload", 422)
        self.assertEqual(len(reply.json["errors"]), 2)
        self.assertIn("node.nope", reply.json["detail"])
        self.node.config.write_text(good.replace("id: test-node", "id: other-node"))
        reply = self.ask("POST", "/api/v1/config:reload", 200)
        self.assertEqual(reply.json["restart_needed"], ["node.id"])

    def test_the_certificate_alone(self):
        self.ask("POST", "/api/v1/tls:reload", 200)
        certificate = self.node.pki / "tls" / "server.crt"
        good = certificate.read_bytes()
        certificate.write_bytes(b"no certificate\n")
        try:
            reply = self.ask("POST", "/api/v1/tls:reload", 422)
            self.assertIn("server.crt", reply.json["detail"])
            self.over_tls("GET", "/api/v1/status", 200)  # the old one stays
        finally:
            certificate.write_bytes(good)
        self.ask("POST", "/api/v1/tls:reload", 200)

    def test_the_level_of_the_log_for_a_while(self):
        before = self.node.log().count('"event":"level_changed"')
        self.ask("POST", "/api/v1/log:level", 200, {"level": "debug", "seconds": 1})
        self.node.wait_log('"event":"level_changed"', before + 2)
        lines = [json.loads(line) for line in self.node.log().splitlines()
                 if "level_changed" in line]
        self.assertEqual([line["set_to"] for line in lines[-2:]], ["debug", "info"])
        for body in ({}, {"level": "loud"}, {"level": "info", "seconds": 0},
                     {"level": "info", "seconds": 86401}, {"level": "info", "more": 1}, []):
            with self.subTest(body=body):
                self.ask("POST", "/api/v1/log:level", 400, body)
        self.ask("POST", "/api/v1/log:level", 415, b'{"level":"info"}')
        self.ask("POST", "/api/v1/log:level", 413, b" " * 1025)
        self.ask("POST", "/api/v1/config:reload", 413, b" " * (2 << 20 | 1))
        self.ask("POST", "/api/v1/tls:reload", 413, b" " * (2 << 20 | 1))

    def reloads(self):
        """How many the log tells of once it has all lines: a thread of its own writes them."""
        levels = self.node.log().count('"event":"level_changed"')
        self.ask("POST", "/api/v1/log:level", 200, {"level": "info"})
        self.node.wait_log('"event":"level_changed"', levels + 1)
        return self.node.log().count('"event":"reloaded"')

    def test_an_order_with_what_it_cannot_follow_is_refused(self):
        before = self.reloads()
        for target in ("/api/v1/config:reload", "/api/v1/tls:reload", "/api/v1/log:level"):
            body = {"level": "info"} if target.endswith("level") else None
            reply = self.ask("POST", target + "?dry_run=true", 400, body)
            self.assertEqual(reply.json["field"], "dry_run")
            for header in ("If-Match", "If-None-Match", "Idempotency-Key"):
                reply = self.ask("POST", target, 400, body, {header: "*"})
                self.assertEqual(reply.json["field"], header)
        self.assertEqual(self.reloads(), before)

    def test_orders_over_https_need_a_server_administrator(self):
        for target in ("/api/v1/config:reload", "/api/v1/tls:reload", "/api/v1/log:level"):
            with self.subTest(target):
                body = {"level": "info"} if target.endswith("level") else None
                self.over_tls("POST", target, 401, body=body)
                self.over_tls("POST", target, 403, body=body, login=web.ADMIN)
                self.over_tls("POST", target, 200, body=body, login=SERVER_ADMIN)

    def token(self, *scopes, status=201, **members):
        return self.ask("POST", "/api/v1/tokens", status, {"scopes": list(scopes), **members})

    def test_tokens_of_the_operator(self):
        made = self.token("operate").json
        self.assertEqual(made["identity"], f"{os.geteuid()}:unix")
        bearer = {"Authorization": f"Bearer {made['token']}"}
        self.over_tls("POST", "/api/v1/config:reload", 200, headers=bearer)
        self.over_tls("GET", "/api/v1/tokens", 403, headers=bearer)
        self.token("read", status=400)  # whom should it stand for?
        made = self.token("read", identity=f"301:{web.USER}").json
        bearer = {"Authorization": f"Bearer {made['token']}"}
        reply = self.over_tls("POST", "/api/v1/config:reload", 403, headers=bearer)
        self.assertIn("insufficient_scope", reply.headers["WWW-Authenticate"])
        ids = [t["id"] for t in self.ask("GET", "/api/v1/tokens", 200).json["items"]]
        self.assertIn(made["id"], ids)
        for token in ids:
            self.ask("DELETE", f"/api/v1/tokens/{token}", 204)

    def test_zz_nothing_of_the_contract_was_left_out(self):
        written = {(operation["operationId"], status)
                   for _, _, operation in JUDGE.operations() if operation["tags"] == ["control"]
                   for status in operation["responses"] if status < "500"}
        self.assertEqual(written - JUDGE.seen, set())


class Socket(unittest.TestCase):
    def start(self, *settings, it=None):
        it = it or secured.Secured(settings=settings)
        self.addCleanup(it._remove)
        it.start()
        self.addCleanup(it.stop)
        return it

    def status(self, path):
        return local.ask(path, "GET", "/api/v1/status").status

    def test_it_goes_with_the_node_and_a_stale_one_is_replaced(self):
        it = self.start()
        path = it.data / "control.sock"
        self.assertEqual(self.status(path), 200)
        it.signal(signal.SIGKILL)
        it.process.wait(10)
        self.assertTrue(path.exists())
        it.process = None
        it.start()
        self.assertEqual(self.status(path), 200)
        self.assertEqual(it.stop(), 0)
        self.assertFalse(path.exists())

    def test_what_is_not_ours_is_left_alone(self):
        it = secured.Secured()
        self.addCleanup(it._remove)
        file = it.root / "file"
        file.write_text("precious")
        alive = it.root / "alive.sock"
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(alive))
            other.listen()
            for path, why in ((file, "no socket"), (alive, "in use")):
                it.settings = [s for s in it.settings if "control" not in s]
                it.settings.append(f"listen.control=unix:{path}")
                with self.assertRaises(node.NodeError) as caught:
                    it.start()
                self.assertIn(why, str(caught.exception))
                it.process = None
            self.assertEqual(file.read_text(), "precious")
            self.assertTrue(alive.exists())

    def test_107_bytes_of_path_and_not_one_more(self):
        it = secured.Secured()
        self.addCleanup(it._remove)
        room = 107 - len(str(it.root)) - 1
        it.settings.append(f"listen.control=unix:{it.root}/{'s' * room}")
        self.start(it=it)
        self.assertEqual(self.status(it.root / ("s" * room)), 200)
        it.stop()
        it.settings[-1] += "s"
        with self.assertRaises(node.NodeError) as caught:
            it.start()
        self.assertIn("longer than 107 bytes", str(caught.exception))
        it.process = None

    def test_none_at_all(self):
        it = self.start("listen.control=")
        self.assertFalse((it.data / "control.sock").exists())

    def test_the_setting_is_a_unix_path(self):
        it = secured.Secured(settings=["listen.control=127.0.0.1:99"])
        self.addCleanup(it._remove)
        with self.assertRaises(node.NodeError) as caught:
            it.start()
        self.assertIn("expected unix:PATH", str(caught.exception))
        it.process = None

    @unittest.skipUnless(os.geteuid() == 0, "only root can act as somebody else")
    def test_somebody_else_is_refused_and_remembered(self):
        it = secured.Secured()
        self.addCleanup(it._remove)
        path = it.root / "open.sock"
        it.settings.append(f"listen.control=unix:{path}")
        self.start(it=it)
        it.root.chmod(0o755)
        path.chmod(0o666)
        said = as_stranger(lambda: speak(path))
        self.assertIn("403 Forbidden", said)
        head, body = said.split("\r\n\r\n")
        self.assertIn(f"Content-Length: {len(body)}", head)
        self.assertEqual(json.loads(body)["name"], "NO_PERMISSION")
        it.wait_log('"event":"control_refused"')
        self.assertNotIn('"event":"reloaded"', it.log())
        time.sleep(0.1)
        it.stop()
        log = subprocess.run([node.program("onymctl"), "--json", "audit", "export", "--data",
                              it.data], capture_output=True, text=True, timeout=60, check=False)
        denied = [e for e in map(json.loads, log.stdout.splitlines()) if e["what"] == "denied"]
        self.assertIn(f"{STRANGER}", json.dumps(denied))


if __name__ == "__main__":
    unittest.main(verbosity=2)
