"""Registering many in one request of the HTTP API: NDJSON over TLS, the next request of a
connection when the one before has said that all of it is durable. batch_load does it, from rows
that were made before."""

import base64
import json
import subprocess

from . import common
from .common import CannotRun
from .disturbed import Disturbed

LOGIN = base64.b64encode(b"301%3A0.NA/88.9430:bench-secret").decode()
ROWS_MAX = 60_000  # of one measurement
SECONDS_MAX = 120


def certificate(folder):
    """A certificate of its own for a node that is asked by nobody else: (certificate, key)."""
    files = folder / "batches.crt", folder / "batches.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench", "-days", "2",
                    "-keyout", str(files[1]), "-out", str(files[0])], check=True,
                   capture_output=True)
    files[1].chmod(0o600)
    return files


def measure(arguments, node, order, size, connections, run, rows=ROWS_MAX, meanwhile=None):
    """Registers up to `rows` rows for the time of the arguments; calls `meanwhile` while that is
    under way, which must be over sooner."""
    count = max(connections * 2, rows // size) * size
    maker = [common.program(arguments.build, "register_load"), "--rows", order, "--count",
             str(count), "--run", str(run)]
    loader = [common.program(arguments.build, "batch_load"), "--target", f"127.0.0.1:{node.https}",
              "--login", LOGIN, "--connections", str(connections), "--size", str(size),
              "--milliseconds", str(arguments.milliseconds)]
    with subprocess.Popen(maker, stdout=subprocess.PIPE) as made, \
         subprocess.Popen(loader, stdin=made.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as load:
        made.stdout.close()
        try:
            ready = load.stdout.readline() == "ready\n"
            if ready and meanwhile is not None:
                meanwhile()
                if load.poll() == 0:  # one that failed says why, below
                    raise Disturbed("the import ended before what was to be measured beside it")
            out, errors = load.communicate(timeout=SECONDS_MAX)
        finally:
            load.kill()
            made.kill()
    if load.returncode != 0:
        raise CannotRun(f"batch_load: {errors.strip()[-300:]}: {node.last_words()}")
    return json.loads(out)
