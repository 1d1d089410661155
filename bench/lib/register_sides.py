"""The sides of `register`, one measurement each, and the rows they are given."""

import copy
import json
import pathlib
import statistics
import struct
import subprocess
import time

from . import common
from .common import CannotRun

GROUPS = (100, 2000)
LARGE = GROUPS[-1]
TURNS = {"serial": 3, "random": 1}  # of large groups in a round: serial ones take 0.1 to 0.3 s each
POSTGRES_GROUPS = {100: 40, 2000: 8}
POSTGRES_MANY_GROUPS = 16  # of large ones over several connections
COMMITS = {1: 1000, 100: 200, 2000: 20}  # the most of one measurement, to bound the rows needed


# --- rows -----------------------------------------------------------------------------------

def make_rows(arguments, folder, kind, count, run):
    """Rows as NDJSON and as encoded records."""
    rows, encoded = folder / f"{kind}.ndjson", folder / f"{kind}.bin"
    with open(rows, "wb") as file:
        subprocess.run([common.program(arguments.build, "register_load"), "--rows", kind,
                        "--count", str(count), "--run", str(run)], stdout=file, check=True)
    common.encode_rows(arguments.build, rows, encoded)
    return rows, encoded


def encoded_rows(path):
    """(name, record in hex) of every row of a file of lmdb_insert --encode."""
    found = []
    with open(path, "rb") as file:
        while front := file.read(6):
            key_len, record_len = struct.unpack("=HI", front)
            found.append((file.read(key_len), file.read(record_len)))
    # a key is a byte for its kind and the name in upper case
    return [(key[1:].decode("ascii"), record.hex()) for key, record in found]


class Rows:
    """Rows of one order; each side takes its next ones from the front, so none comes twice to a
    store."""

    def __init__(self, arguments, folder, order):
        turns = {size: TURNS[order] if size == LARGE else 1 for size in GROUPS}
        floor = COMMITS[1] + sum(size * COMMITS[size] * turns[size] for size in GROUPS)
        server = 3 + sum(size * POSTGRES_GROUPS[size] * (turns[size] + 1) for size in GROUPS)
        if order == "serial":
            server += LARGE * POSTGRES_MANY_GROUPS * turns[LARGE]
        count = arguments.rounds * (floor if arguments.without_postgres else max(floor, server))
        rows, self.encoded = make_rows(arguments, folder, order, count, 9000)
        rows.unlink()
        self.begin()

    def begin(self):
        self.skip = 0       # of LMDB alone
        self.path_skip = 0  # of the change path
        self.taken = 0
        self.hex = None

    def again(self):
        """The same rows for other stores."""
        other = copy.copy(self)
        other.begin()
        return other

    def take(self, count):
        if self.hex is None:
            self.hex = encoded_rows(self.encoded)
        part = self.hex[self.taken:self.taken + count]
        if len(part) < count:
            raise CannotRun("not enough rows were made for PostgreSQL")
        self.taken += count
        return part


# --- one measurement ------------------------------------------------------------------------

def run_json(words, timeout=120):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=timeout, check=False)
    if done.returncode != 0:
        raise CannotRun(f"{pathlib.Path(words[0]).name}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def turned(sides, number):
    """The sides in another order for each number: another one is first, and every other time what
    one side leaves behind meets another neighbour."""
    first = number // 2 % len(sides)
    order = sides[first:] + sides[:first]
    return order[::-1] if number % 2 else order


def together(turns):
    """Several turns of one side as one measurement: what they registered in the time of all."""
    count = "registered" if "registered" in turns[0] else "records"
    found = {key: sum(one[key] for one in turns)
             for key in (count, "seconds", "commits", "requests") if key in turns[0]}
    found["per_second"] = found[count] / found["seconds"]
    found["latency_ms"] = {key: statistics.median(one["latency_ms"][key] for one in turns)
                           for key in turns[0]["latency_ms"]}
    if "per_commit" in turns[0]:
        found["per_commit"] = found[count] / sum(one[count] / one["per_commit"] for one in turns)
    return found


def barrier(arguments, folder):
    return run_json([common.program(arguments.build, "lmdb_commit"), folder / "barrier",
                     "--barrier", arguments.barriers])


def measure_lmdb(arguments, database, rows, size):
    found = run_json([common.program(arguments.build, "lmdb_commit"), database, "--rows",
                      rows.encoded, "--skip", rows.skip, "--group", size, "--milliseconds",
                      arguments.milliseconds, "--commits", COMMITS[size]])
    rows.skip += found["records"]
    return found


def measure_path(arguments, data, rows, size):
    found = run_json([common.program(arguments.build, "changes_load"), data, "--rows",
                      rows.encoded, "--skip", rows.path_skip, "--group", size, "--ahead",
                      1 if size > 1 else 0, "--milliseconds", arguments.milliseconds,
                      "--commits", COMMITS[size]])
    rows.path_skip += found["records"]
    return found


def commits_of(node):
    """Commits of the node so far, or None when it does not count them."""
    found = common.metric(node, "onym_commit_duration_seconds_count")
    return None if found is None else int(found)


def measure_node(arguments, node, connections, order, run):
    before = commits_of(node)
    found = run_json([common.program(arguments.build, "register_load"), "--target",
                      f"127.0.0.1:{node.port}", "--connections", connections, "--order", order,
                      "--milliseconds", arguments.milliseconds, "--run", run])
    if found["refused"] > 0 or found["registered"] == 0:
        raise CannotRun(f"the node refused {found['refused']} of the registrations, first with "
                        f"response code {found['refused_code']}: {node.last_words()}")
    after = commits_of(node)
    if after is not None and after > before:
        found["per_commit"] = found["registered"] / (after - before)
    return found


def measure_batch(arguments, folder, node, order, run, size):
    """A file of `size` rows registered by `onymctl batch run`, 16 rows under way at once: start,
    reading, a proof for every row and the durable account of the job included."""
    path, secret = folder / "batch.ndjson", folder / "secret"
    made = subprocess.run([common.program(arguments.build, "register_load"), "--rows", order,
                           "--count", str(size), "--run", str(run)], capture_output=True,
                          check=True)
    path.write_bytes(made.stdout)
    secret.write_text("bench-secret", encoding="ascii")
    secret.chmod(0o600)
    start = time.monotonic()
    done = subprocess.run([common.program(arguments.build, "onymctl"), "--quiet", "--server",
                           f"127.0.0.1:{node.port}", "batch", "run", str(path), "--as",
                           "301:0.NA/88.9430", "--secret-file", str(secret)],
                          capture_output=True, text=True, timeout=120, check=False)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise CannotRun(f"onymctl batch run ended with {done.returncode}: "
                        + (done.stderr or done.stdout).strip()[-300:])
    for left in folder.glob("batch.ndjson*"):
        left.unlink()
    return {"records": size, "seconds": seconds, "per_second": size / seconds,
            "latency_ms": {"p50": seconds * 1000, "p99": seconds * 1000}}
