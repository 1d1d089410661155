"""Registering many in one request of the HTTP API: NDJSON over TLS, the next request of a connection
when the one before has said that all of it is durable."""

import base64
import http.client
import json
import ssl
import subprocess
import threading
import time

from . import common
from .common import CannotRun

PATH = "/api/v1/identifiers:batch?results=none"
LOGIN = base64.b64encode(b"301%3A0.NA/88.9430:bench-secret").decode()
HEADERS = {"Content-Type": "application/x-ndjson", "Authorization": f"Basic {LOGIN}"}
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


class Worker(threading.Thread):
    def __init__(self, port, parts, seconds, ready):
        super().__init__()
        self.port, self.parts, self.seconds, self.ready = port, parts, seconds, ready
        self.ms, self.rows, self.trouble = [], 0, None

    def run(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        link = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)
        try:
            link.connect()
            self.ready.wait(60)
            until = time.monotonic() + self.seconds
            for body in self.parts:
                if self.ms and time.monotonic() > until:
                    break
                start = time.monotonic()
                link.request("POST", PATH, body=body, headers=HEADERS)
                end = json.loads(link.getresponse().read())
                self.ms.append((time.monotonic() - start) * 1000)
                self.rows += end["summary"]["created"]
                if not end["complete"] or end["summary"]["failed"]:
                    self.trouble = end
                    break
        except (OSError, ValueError, KeyError, http.client.HTTPException,
                threading.BrokenBarrierError) as error:
            self.trouble = error
            self.ready.abort()
        finally:
            link.close()


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
