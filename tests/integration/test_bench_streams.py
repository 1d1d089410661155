"""The load client for connections tells right from wrong in every language it speaks. It is run
against a small server whose faults are known."""

import json
import os
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

BUILD = pathlib.Path(os.environ["ONYM_BUILD"]).resolve()
NAMES = [f"88.9420.101/part-{i}" for i in range(50)]


def listen():
    """A listener on a free port below those the system gives to clients, and the port."""
    while True:
        port = random.randrange(12000, 32768)
        try:
            return socket.create_server(("127.0.0.1", port), backlog=128), port
        except OSError:
            continue


class Server:
    """Reads requests from every connection and sends what reply(request) gives. cut(bytes) tells
    the length of the request in front, 0 when it is not whole."""

    def __init__(self, cut, reply, context=None):
        self.cut, self.reply, self.context = cut, reply, context
        self.connections = 0
        self.listener, self.port = listen()

    def serve(self, raw):
        try:
            with raw if self.context is None else self.context.wrap_socket(raw, server_side=True) \
                    as connection:
                have = b""
                while part := connection.recv(65536):
                    have += part
                    while (length := self.cut(have)) > 0:
                        connection.sendall(self.reply(have[:length]))
                        have = have[length:]
        except OSError:
            pass

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def __enter__(self):
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def handle_cut(have):
    length = 20 + struct.unpack_from(">I", have, 16)[0] if len(have) >= 20 else 0
    return length if len(have) >= length else 0


def handle_reply(request, code=1, name=None):
    length = struct.unpack_from(">I", request, 44)[0]
    name = request[48:48 + length] if name is None else name
    value = struct.pack(">IIBIBII", 1, 0, 0, 86400, 14, 0, 0) + bytes(4)
    body = struct.pack(">I", len(name)) + name + struct.pack(">I", 1) + value
    message = struct.pack(">IIIHBBII", 1, code, 0x19000000, 1, 0, 0, 2_000_000_000,
                          len(body)) + body + bytes(4)
    return bytes([2, 11, 2, 11]) + bytes(4) + request[8:12] + struct.pack(">II", 0, len(message)) \
        + message


def line_cut(count):
    def cut(have):
        at = 0
        for _ in range(count):
            at = have.find(b"\r\n", at) + 2
            if at == 1:
                return 0
        return at
    return cut


def redis_name(request):
    return request.split(b"\r\n")[4]


def http_name(request):
    return request.split(b" ")[1].rpartition(b"/")[2].replace(b"%2F", b"/")


def http_reply(request, status=b"200 OK", text=None, field=b"Content-Length"):
    body = b'{"handle":"' + (http_name(request) if text is None else text) + b'"}'
    return b"HTTP/1.1 " + status + b"\r\n" + field + b": %d\r\n\r\n" % len(body) + body


def in_front(have):
    end = have.find(b"\r\n\r\n")
    return end + 4 if end >= 0 else 0


class Streams(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-test-streams-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.names = self.folder / "names.txt"
        self.names.write_text("\n".join(NAMES) + "\n")

    def run_client(self, *arguments):
        return subprocess.run([str(BUILD / "bench" / "stream_load"), "--names", str(self.names),
                               *map(str, arguments)], capture_output=True, text=True, timeout=60,
                              check=False)

    def load(self, cut, reply, *arguments, context=None):
        with Server(cut, reply, context) as server:
            done = self.run_client("--target", f"127.0.0.1:{server.port}", "--count", 200,
                                   "--connections", 4, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.connections = server.connections
        result = json.loads(done.stdout)
        self.assertEqual(result["requests"], 200)
        return result["answers"], result["wrong"]

    def test_handle(self):
        self.assertEqual(self.load(handle_cut, handle_reply), (200, 0))
        self.assertEqual(self.connections, 4)
        self.assertEqual(self.load(handle_cut, handle_reply, "--depth", 16), (200, 0))
        for wrong in ({"code": 100}, {"name": b"0.NA/1"}):
            self.assertEqual(self.load(handle_cut, lambda request, wrong=wrong:
                                       handle_reply(request, **wrong)), (0, 200))
        self.assertEqual(self.load(handle_cut, lambda request: handle_reply(
            request[:8] + bytes(4) + request[12:])), (0, 200))

    def test_once_opens_a_connection_for_each_request(self):
        self.assertEqual(self.load(handle_cut, handle_reply, "--once"), (200, 0))
        self.assertIn(self.connections, range(200, 204))  # the last may open with nothing left to ask

    def test_together_each_step_waits_for_all(self):
        def most_asked_during_a_slow_answer(*options):
            asked, during = [], []

            def reply(request):
                asked.append(request)
                number = len(asked)
                if number % 4 == 1:
                    time.sleep(0.01)
                    during.append(len(asked) - number + 1)
                return handle_reply(request)
            self.assertEqual(self.load(handle_cut, reply, "--once", *options), (200, 0))
            return max(during)
        self.assertLessEqual(most_asked_during_a_slow_answer("--together"), 4)
        self.assertGreater(most_asked_during_a_slow_answer(), 4)

    def test_redis(self):
        def reply(request, value=None):
            value = redis_name(request) + b"xyz" if value is None else value
            return b"$%d\r\n" % len(value) + value + b"\r\n"
        for depth in (1, 16):
            self.assertEqual(self.load(line_cut(5), reply, "--protocol", "redis", "--depth",
                                       depth), (200, 0))
        self.assertEqual(self.load(line_cut(5), lambda request: reply(request, b"another"),
                                   "--protocol", "redis"), (0, 200))
        self.assertEqual(self.load(line_cut(5), lambda request: b"$-1\r\n", "--protocol", "redis"),
                         (0, 200))

    def test_http(self):
        http = ("--protocol", "http")
        self.assertEqual(self.load(in_front, http_reply, *http), (200, 0))
        self.assertEqual(self.load(in_front, lambda request: http_reply(
            request, field=b"content-length"), *http), (200, 0))
        for wrong in ({"status": b"404 Not Found"}, {"text": b"another"}):
            self.assertEqual(self.load(in_front, lambda request, wrong=wrong: http_reply(
                request, **wrong), *http), (0, 200))
        self.assertEqual(self.load(in_front, lambda request: http_reply(request, text=b"another"),
                                   *http, "--any-name"), (200, 0))

    def test_tls_with_and_without_resumption(self):
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
                        str(key), "-out", str(certificate)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.assertEqual(self.load(handle_cut, handle_reply, "--tls", context=context), (200, 0))
        for resume, pace in ((False, []), (True, []), (True, ["--together"])):
            with Server(handle_cut, handle_reply, context) as server:
                done = self.run_client("--target", f"127.0.0.1:{server.port}", "--tls", "--once",
                                       "--count", 60, "--connections", 2,
                                       *(["--resume"] if resume else []), *pace)
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads(done.stdout)
            self.assertEqual((result["answers"], result["wrong"]), (60, 0))
            self.assertEqual(result["resumed"] > 50, resume)
        for resume, pause in (([], "0"), (["--resume"], "0"), (["--resume"], "10000")):
            done = subprocess.run([str(BUILD / "bench" / "tls_floor"), "--certificate", certificate,
                                   "--key", key, "--milliseconds", "100", "--pause-us", pause,
                                   *resume],
                                  capture_output=True, text=True, timeout=60, check=True)
            floor = json.loads(done.stdout)
            if pause != "0":  # two steps of the server, or three
                self.assertLess(floor["answers"], 8)
            self.assertEqual(floor["resumed"], floor["answers"] - 1 if resume else 0)
            self.assertGreater(floor["us"], 1)

    def test_echo_over_tcp(self):
        listener, port = listen()
        listener.close()
        address = f"127.0.0.1:{port}"
        with subprocess.Popen([str(BUILD / "bench" / "echo"), "--listen", address,
                               "--tcp", "--request-bytes", "60", "--answer-bytes", "700"]) as echo:
            try:
                for options in (["--depth", 1], ["--depth", 64], ["--once"],
                                ["--once", "--together"]):
                    for _ in range(200):
                        done = self.run_client("--target", address, "--protocol", "echo",
                                               "--request-bytes", 60, "--answer-bytes", 700,
                                               "--count", 5000, *options)
                        if done.returncode == 0:  # else it does not listen yet
                            break
                    result = json.loads(done.stdout)
                    self.assertEqual((result["answers"], result["wrong"]), (5000, 0))
                    self.assertEqual(result["answer_bytes_median"], 700)
            finally:
                echo.terminate()

    def test_a_server_that_closes_or_is_silent(self):
        with Server(handle_cut, lambda request: 1 / 0) as server:
            threading.excepthook = lambda *_: None
            done = self.run_client("--target", f"127.0.0.1:{server.port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("closed by the server", done.stderr)
        with Server(handle_cut, lambda request: b"") as server:
            done = self.run_client("--target", f"127.0.0.1:{server.port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no answer", done.stderr)

    def test_limits_of_arguments(self):
        for option, right, wrong in (("--connections", (1, 4096), (0, 4097, "x")),
                                     ("--depth", (1, 64), (0, 65)),
                                     ("--request-bytes", (12, 4096), (11, 4097)),
                                     ("--answer-bytes", (12, 16384), (11, 16385))):
            for value in right:  # nobody listens: not a matter of usage
                self.assertEqual(self.run_client("--target", "127.0.0.1:9", option,
                                                 value).returncode, 1, (option, value))
            for value in wrong:
                done = self.run_client("--target", "127.0.0.1:9", option, value)
                self.assertEqual(done.returncode, 2, (option, value))
                self.assertIn(option, done.stderr)
        for options in (["--once", "--depth", 2], ["--resume"], ["--together"],
                        ["--protocol", "smtp"]):
            self.assertEqual(self.run_client("--target", "127.0.0.1:9", *options).returncode, 2)


if __name__ == "__main__":
    unittest.main()
