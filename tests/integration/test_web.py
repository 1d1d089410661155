#!/usr/bin/env python3
"""Connections of the HTTP API of a running node: kept alive, pipelined, torn, slow, many, at their
limits; stopping, reloading and dying under load."""

import contextlib
import json
import pathlib
import signal
import socket
import ssl
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import secured  # noqa: E402
import web  # noqa: E402

USER_PATH = f"/api/handles/{web.USER}"
SLOW_CLIENTS = 500


def get(path=USER_PATH, extra=""):
    return f"GET {path} HTTP/1.1\r\nHost: n\r\n{extra}\r\n".encode()


def put(name, text="x", extra=""):
    body = json.dumps({"values": [web.admin_value(), {"index": 1, "type": "URL", "data": text}]})
    return (f"PUT /api/handles/{web.PREFIX}/{name} HTTP/1.1\r\nHost: n\r\n{extra}"
            f"Authorization: {web.basic(*web.ADMIN)}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class WithNode(unittest.TestCase):
    def start(self, **more):
        it = web.Web(**more)
        it.start()
        self.addCleanup(it._remove)
        self.addCleanup(it.stop)
        return it


class Connections(WithNode):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2)
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def test_many_requests_on_one_connection_in_order(self):
        with self.node.raw() as sock:
            sock.sendall(get() + put("pipe-1") + get(f"/api/handles/{web.PREFIX}/pipe-1")
                         + get("/api/nope") + put("pipe-1", "y") + get())
            replies = web.read_replies(sock, 6)
            self.assertEqual([r[0] for r in replies], [200, 201, 200, 404, 200, 200])
            self.assertIn(b"pipe-1", replies[2][2])  # it sees what was written before it
            sock.sendall(get(extra="Connection: close\r\n"))
            self.assertEqual(web.read_replies(sock, 1)[0][0], 200)
            self.assertEqual(sock.recv(1), b"")

    def test_a_pipeline_of_changes_keeps_its_order(self):
        with self.node.raw() as sock:
            sock.sendall(b"".join(put("order", f"v{i}") for i in range(60)) +
                         get(f"/api/handles/{web.PREFIX}/order?index=1"))
            replies = web.read_replies(sock, 61)
            self.assertEqual([r[0] for r in replies], [201] + [200] * 60)
            self.assertIn(b'"v59"', replies[-1][2])

    def test_a_request_may_come_byte_by_byte(self):
        with self.node.raw() as sock:
            for byte in put("bytes"):
                sock.sendall(bytes([byte]))
            self.assertEqual(web.read_replies(sock, 1)[0][0], 201)

    def test_plain_http_speaks_the_same(self):
        with socket.create_connection(("127.0.0.1", self.node.http_port), 10) as sock:
            sock.sendall(get() + put("plain") + get("/x"))
            replies = web.read_replies(sock, 3)
            self.assertEqual([r[0] for r in replies], [200, 403, 302])

    def test_what_is_no_http_is_answered_and_closed(self):
        with self.node.raw() as sock:
            sock.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
            self.assertEqual(web.read_replies(sock, 1)[0][0], 400)
            self.assertEqual(sock.recv(1), b"")

    def test_http_where_tls_is_spoken_ends(self):
        with socket.create_connection(("127.0.0.1", self.node.https_port), 10) as sock:
            sock.sendall(get())
            while sock.recv(4096):
                pass

    def test_a_body_over_the_limit_is_413_and_one_at_it_is_read(self):
        for length, status in ((2 * 1024 * 1024 + 1, 413), (8 * 1024 * 1024 + 1, 413)):
            with self.node.raw() as sock:
                sock.sendall((f"PUT /api/handles/{web.PREFIX}/big HTTP/1.1\r\nHost: n\r\n"
                              f"Content-Length: {length}\r\n\r\n").encode())
                self.assertEqual(web.read_replies(sock, 1)[0][0], status)
        body = json.dumps({"values": []})
        body += " " * (2 * 1024 * 1024 - len(body))
        reply = self.node.ask("PUT", f"/api/handles/{web.PREFIX}/big", body, web.ADMIN,
                              {"Content-Type": "application/json"})
        self.assertEqual(reply.status, 201)

    def test_expect_continue_is_answered_first(self):
        request = put("expected", extra="Expect: 100-continue\r\n")
        head, body = request.split(b"\r\n\r\n")
        with self.node.raw() as sock:
            sock.sendall(head + b"\r\n\r\n")
            self.assertEqual(sock.recv(25), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(body)
            self.assertEqual(web.read_replies(sock, 1)[0][0], 201)

    def test_who_leaves_while_a_change_is_under_way_has_changed_it(self):
        for i in range(20):
            sock = self.node.raw()
            sock.sendall(put(f"left-{i}"))
            sock.close()
        until = time.monotonic() + 10
        for i in range(20):
            while self.node.ask("GET", f"/api/handles/{web.PREFIX}/left-{i}").status != 200:
                self.assertLess(time.monotonic(), until, i)
                time.sleep(0.05)

    def last_words(self, request):
        """What comes back for a request behind which, in the same segment, the client says that it
        sends no more."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.node.client().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        said = b""
        with socket.create_connection(("127.0.0.1", self.node.https_port), 10) as sock:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    sock.sendall(outgoing.read())
                    incoming.write(sock.recv(65536))
            tls.write(request)
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.unwrap()
            sock.sendall(outgoing.read())
            while piece := sock.recv(65536):
                incoming.write(piece)
        with contextlib.suppress(ssl.SSLZeroReturnError):
            while piece := tls.read(65536):
                said += piece
        return said

    def test_who_has_said_all_still_gets_the_answers(self):
        self.assertEqual(self.last_words(get()).count(b"HTTP/1.1 200 "), 1)
        self.assertIn(b"HTTP/1.1 201 ", self.last_words(put("last")))
        said = self.last_words(put("last", "a") + get() + put("last", "b") + get())
        self.assertEqual(said.count(b"HTTP/1.1 200 "), 4, said)
        half = put("last", "a") + put("last", "b")[:-1]
        self.assertEqual(self.last_words(half).count(b"HTTP/1.1 200 "), 1)

    def test_who_has_sent_all_rows_still_gets_the_results(self):
        rows = "".join(json.dumps({"handle": f"{web.PREFIX}/last-{i}", "values": []}) + "\n"
                       for i in range(300))
        said = self.last_words((
            "POST /api/v1/identifiers:batch HTTP/1.1\r\nHost: n\r\n"
            f"Authorization: {web.basic(*web.ADMIN)}\r\nContent-Type: application/x-ndjson\r\n"
            f"Content-Length: {len(rows)}\r\n\r\n{rows}").encode())
        self.assertIn(b'"created":300', said)
        self.assertIn(b'"complete":true', said)

    def test_a_large_answer_waits_for_its_reader(self):
        values = [{"index": i, "type": "DESC", "data": "x" * 10000} for i in range(1, 26)]
        reply = self.node.ask("PUT", f"/api/handles/{web.PREFIX}/large",
                              {"values": values + [web.admin_value(200)]}, web.ADMIN)
        self.assertEqual(reply.status, 201, reply)
        with self.node.raw() as sock:
            sock.sendall(get(f"/api/handles/{web.PREFIX}/large") * 80)  # 20 MB
            time.sleep(0.5)
            self.assertEqual(self.node.ask("GET", USER_PATH).status, 200)
            replies = web.read_replies(sock, 80)
            self.assertTrue(all(r[0] == 200 and len(r[2]) > 250000 for r in replies))

    def test_the_message_tunnel_answers_as_tcp_does(self):
        request = secured.request(web.USER)
        for tls in (True, False):
            reply = self.node.ask("POST", "/" + web.USER, request, tls=tls,
                                  headers={"Content-Type": "application/x-hdl-message"})
            self.assertEqual((reply.status, reply.headers["Content-Type"]),
                             (200, "application/x-hdl-message"))
            self.assertEqual(secured.code(reply.body), 1)
            self.assertEqual(reply.body[44:], self.node.tcp(request)[44:])

    def test_metrics_tell_them_apart(self):
        for _ in range(3):
            self.node.ask("GET", USER_PATH)
        self.node.ask("GET", USER_PATH, tls=False)
        self.node.wait_metric('onym_resolve_requests_total{transport="https",code="1"}', 3)
        self.node.wait_metric('onym_resolve_requests_total{transport="http",code="1"}', 1)
        self.node.wait_metric('onym_http_requests_total{listener="https",class="2xx"}', 3)
        self.node.wait_metric('onym_connections_accepted_total{listener="https"}', 3)
        self.node.wait_metric('onym_tls_handshakes_total{listener="https",result="full"}', 1)
        self.assertGreater(self.node.metric(
            'onym_tls_certificate_expiry_timestamp_seconds{listener="https"}'), time.time())


class Crowds(WithNode):
    def test_slow_clients_do_not_stop_others(self):
        it = self.start(workers=2)
        halves = [get()[:20], put("slow")[:-10], b"", b"GET /api/handles/" + b"x" * 2000]
        slow = []
        self.addCleanup(lambda: [s.close() for s in slow])
        before = it.rss_bytes()
        context = it.client()
        for i in range(SLOW_CLIENTS):
            sock = it.raw(context=context)
            sock.sendall(halves[i % len(halves)])
            slow.append(sock)
        grown = it.rss_bytes() - before
        took = []
        for i in range(50):
            began = time.monotonic()
            self.assertEqual(it.ask("PUT", f"/api/handles/{web.PREFIX}/fast-{i}", {"values": []},
                                    web.ADMIN).status, 201)
            took.append(time.monotonic() - began)
        self.assertLess(sorted(took)[25], 1.0)
        it.wait_metric('onym_connections{listener="https"}', SLOW_CLIENTS)
        print(f"{SLOW_CLIENTS} slow clients: {grown // SLOW_CLIENTS // 1024} KiB each; a PUT on a "
              f"new connection took {sorted(took)[25] * 1000:.1f} ms in the middle", file=sys.stderr)
        if not node.is_sanitized():
            self.assertLess(grown, SLOW_CLIENTS * 120 * 1024)
        slow[1].sendall(put("slow")[-10:])  # they are still served
        self.assertEqual(web.read_replies(slow[1], 1)[0][0], 201)

    def test_connections_end_at_their_limit(self):
        it = self.start(settings=["limits.http_connections=4"])
        context = it.client()
        kept = [it.raw(context=context) for _ in range(4)]
        for sock in kept:
            sock.sendall(get())
            self.assertEqual(web.read_replies(sock, 1)[0][0], 200)
        with self.assertRaises(OSError):
            it.raw(context=context)
        kept.pop().close()
        until = time.monotonic() + 10
        while True:
            try:
                with it.raw(context=context) as sock:
                    sock.sendall(get())
                    self.assertEqual(web.read_replies(sock, 1)[0][0], 200)
                break
            except OSError:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.05)
        for sock in kept:
            sock.close()


class Life(WithNode):
    def test_without_a_certificate_only_plain_http_is_open(self):
        it = node.Node(records=web.RECORDS)
        port = node.free_port()
        it.settings += [f"listen.http=127.0.0.1:{port}"]
        with it:
            self.assertIn('"event":"tls_off"', it.log())
            with socket.create_connection(("127.0.0.1", port), 5) as sock:
                sock.sendall(get())
                self.assertEqual(web.read_replies(sock, 1)[0][0], 200)

    def test_the_certificate_changes_under_load(self):
        it = self.start()
        wrong = []
        stop = threading.Event()

        def load():
            connection = it.https()
            context = it.client()
            while not stop.is_set():
                try:
                    a = it.ask("GET", USER_PATH, connection=connection)
                    b = it.ask("GET", USER_PATH, context=context)
                    if (a.status, b.status) != (200, 200):
                        wrong.append((a, b))
                except OSError as error:
                    wrong.append(error)
                    return
            connection.close()

        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            serial = it.s_client()[1]
            for _ in range(3):
                secured.openssl("x509", "-req", "-in", self.request(it), "-CA", it.ca, "-CAkey",
                                it.pki / "tls" / "ca.key", "-days", "9", "-CAcreateserial",
                                "-extfile", it.pki / "ext", "-out", it.pki / "tls" / "server.crt")
                it.reload()
                time.sleep(0.2)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])
        self.assertTrue(serial)

    def request(self, it):
        """A request for a new certificate of the same key."""
        (it.pki / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
        secured.openssl("req", "-new", "-key", it.pki / "tls" / "server.key", "-subj", "/CN=again",
                        "-out", it.pki / "csr")
        return it.pki / "csr"

    def write_until(self, it, connection_lost):
        """PUTs on several connections until they are lost; the names that were acknowledged."""
        acknowledged = []
        lock = threading.Lock()

        def write(worker):
            connection = it.https()
            for i in range(100000):
                name = f"w{worker}-{i}"
                try:
                    reply = it.ask("PUT", f"/api/handles/{web.PREFIX}/{name}", {"values": []},
                                   web.ADMIN, connection=connection)
                except (OSError, web.http.client.HTTPException):
                    return
                if reply.status == 201:
                    with lock:
                        acknowledged.append(name)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 200:
            it.check_alive()
            time.sleep(0.01)
        connection_lost()
        for thread in threads:
            thread.join()
        return acknowledged

    def check_kept(self, it, names):
        connection = it.https()
        for name in names:
            reply = it.ask("GET", f"/api/handles/{web.PREFIX}/{name}", connection=connection)
            self.assertEqual(reply.status, 200, name)
        connection.close()

    def test_what_was_acknowledged_survives_a_kill(self):
        it = self.start(workers=2)
        names = self.write_until(it, it.kill)
        it.start()
        self.check_kept(it, names)

    def test_a_stop_lets_changes_under_way_be_answered(self):
        it = self.start(workers=2)
        status = []

        def stop():
            status.append(it.stop())
        names = self.write_until(it, stop)
        self.assertEqual(status, [0])
        self.assertNotIn("stop_forced", it.log())
        it.start()
        self.check_kept(it, names)

    def test_a_stop_does_not_wait_for_half_requests(self):
        it = self.start()
        with it.raw() as half, it.raw() as idle:
            half.sendall(put("half")[:-1])
            idle.sendall(get())
            web.read_replies(idle, 1)
            began = time.monotonic()
            it.signal(signal.SIGTERM)
            self.assertEqual(it.process.wait(10), 0)
            self.assertLess(time.monotonic() - began, 4)
        it.process = None
        self.assertNotIn("stop_forced", it.log())


if __name__ == "__main__":
    unittest.main()
