"""Registering many in one request of the HTTP API: NDJSON over TLS, the next request of a connection
when the one before has said that all of it is durable."""

import base64
import json
import socket
import ssl
import subprocess
import threading
import time

from . import common
from .common import CannotRun

PATH = "/api/v1/identifiers:batch?results=none"
LOGIN = base64.b64encode(b"301%3A0.NA/88.9430:bench-secret").decode()
HEADERS = f"Content-Type: application/x-ndjson\r\nAuthorization: Basic {LOGIN}\r\n"
ROWS_MAX = 60_000  # of one measurement


def certificate(folder):
    """A certificate of its own for a node that is asked by nobody else: (certificate, key)."""
    files = folder / "batches.crt", folder / "batches.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench", "-days", "2",
                    "-keyout", str(files[1]), "-out", str(files[0])], check=True,
                   capture_output=True)
    files[1].chmod(0o600)
    return files


def bodies(build, order, size, count, run):
    made = subprocess.run([common.program(build, "register_load"), "--rows", order, "--count",
                           str(size * count), "--run", str(run)], capture_output=True, check=True)
    lines = made.stdout.splitlines(keepends=True)
    return [b"".join(lines[i:i + size]) for i in range(0, len(lines), size)]


def last_line(link):
    """Reads an answer to its end; its last line."""
    answer = b""
    while not answer.endswith(b"\r\n0\r\n\r\n"):
        part = link.recv(1 << 16)
        answer += part
        if not part or not answer.startswith(b"HTTP/1.1 200 "):
            raise ValueError(f"an answer of {answer[-300:]!r}")
    return json.loads([line for line in answer.splitlines() if line.startswith(b"{")][-1])


class Worker(threading.Thread):
    """One connection. Its requests are made before, and it reads no more of an answer than it
    needs: while it works the node waits for it."""

    def __init__(self, port, parts, seconds, ready):
        super().__init__()
        front = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{HEADERS}Content-Length: "
        self.requests = [f"{front}{len(part)}\r\n\r\n".encode() + part for part in parts]
        self.port, self.seconds, self.ready = port, seconds, ready
        self.ms, self.rows, self.trouble = [], 0, None

    def connect(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(plain)

    def run(self):
        try:
            with self.connect() as link:
                self.ready.wait(60)
                until = time.monotonic() + self.seconds
                for request in self.requests:
                    if self.ms and time.monotonic() > until:
                        break
                    start = time.monotonic()
                    link.sendall(request)
                    end = last_line(link)
                    self.ms.append((time.monotonic() - start) * 1000)
                    self.rows += end["summary"]["created"]
                    if not end["complete"] or end["summary"]["failed"]:
                        self.trouble = end
                        break
        except (OSError, ValueError, KeyError, IndexError,
                threading.BrokenBarrierError) as error:
            self.trouble = error
            self.ready.abort()


def measure(arguments, node, order, size, connections, run, rows=ROWS_MAX, meanwhile=None):
    """Registers up to `rows` rows for the time of the arguments; calls `meanwhile` while that is
    under way, which must be over sooner."""
    count = max(connections * 2, rows // size)
    parts = bodies(arguments.build, order, size, count, run)
    ready = threading.Barrier(connections + 1)
    workers = [Worker(node.https, parts[i::connections], arguments.milliseconds / 1000, ready)
               for i in range(connections)]
    for worker in workers:
        worker.start()
    try:
        ready.wait(60)
    except threading.BrokenBarrierError as error:
        raise CannotRun(f"no connection over HTTPS: {node.last_words()}") from error
    start = time.monotonic()
    if meanwhile is not None:
        meanwhile()
        if not all(worker.is_alive() for worker in workers):
            raise CannotRun("the import ended before what was to be measured beside it")
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - start
    ms = sorted(m for worker in workers for m in worker.ms)
    for worker in workers:
        if worker.trouble is not None or not ms:
            raise CannotRun(f"a batch over HTTPS ended with {worker.trouble}: {node.last_words()}")
    rows = sum(worker.rows for worker in workers)
    return {"registered": rows, "seconds": seconds, "per_second": rows / seconds,
            "latency_ms": {"p50": ms[len(ms) // 2],
                           "p99": ms[min(len(ms) - 1, len(ms) * 99 // 100)]}}
