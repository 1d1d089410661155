#!/usr/bin/env python3
"""./run bench load - what loading a row costs, against plain unsorted LMDB inserts of the same rows.

Alternates `lmdb_insert` (the encoded records put in the order of the file, transactions of 10,000
without syncing, one sync at the end) and `onymctl load` (reading, parsing, checking, sorting and
appending the same rows as NDJSON, with log, checkpoint and syncs). The figure is processor time of
the whole process per row, user and system, from getrusage, and the ratio of the two in one round.
Further: bytes on disk per record against the bytes of its key and stored record. See README.md.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from lib import common
from lib.common import CannotRun, say

ROUNDS_MIN = 5
FREE_BYTES_PER_ROW = 4000  # what input, encoded rows and both databases take together, with room


def timed(command, core):
    """Runs a command to its end; (its output, its processor seconds, user and system, and wall)."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=errors, preexec_fn=common.pinned(core))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            raise CannotRun(f"{command[0]} ended with {process.returncode}: "
                            + errors.read().decode(errors="replace").strip()[-300:])
        return output.read().decode(), usage.ru_utime, usage.ru_stime, wall


def make_rows(arguments, folder):
    """The rows as NDJSON and as encoded records; how many there are."""
    rows, encoded = folder / "rows.ndjson", folder / "rows.bin"
    common.run_tool([common.program(arguments.build, "onym-generate"), "--records",
                     arguments.records, "--seed", arguments.seed, "--attributes",
                     arguments.attributes, "--shuffle", "-o", rows], "onym-generate")
    common.encode_rows(arguments.build, rows, encoded)
    with open(rows, "rb") as file:
        count = sum(1 for _ in file)
    return rows, encoded, count


def one_round(arguments, folder, rows, encoded, count):
    """Both sides, one after the other; microseconds of processor time per row."""
    database, data = folder / "insert.mdb", folder / "data"
    result = {}
    out, user, system, wall = timed([common.program(arguments.build, "lmdb_insert"), encoded,
                                     database], arguments.core)
    if json.loads(out)["rows"] != count:
        raise CannotRun("lmdb_insert did not insert every row")
    result["insert"] = {"us_per_row": (user + system) * 1e6 / count, "user": user,
                        "system": system, "wall": wall, "file_bytes": database.stat().st_size}
    for path in folder.glob("insert.mdb*"):
        path.unlink()
    out, user, system, wall = timed([common.program(arguments.build, "onymctl"), "--json",
                                     "--quiet", "load", "--data", data, rows], arguments.core)
    summary = json.loads(out)
    if summary["rows"] != count or not summary["fresh"]:
        raise CannotRun("onymctl load did not load every row into a fresh store")
    result["load"] = {"us_per_row": (user + system) * 1e6 / count, "user": user,
                      "system": system, "wall": wall, "sorted_runs": summary["sorted_runs"]}
    result["ratio"] = result["load"]["us_per_row"] / result["insert"]["us_per_row"]
    result["disk"] = disk(arguments, data)
    shutil.rmtree(data)
    return result


def disk(arguments, data):
    """Bytes of the store's file, and of all keys and records in it."""
    if arguments.checked is None:
        out = common.run_tool([common.program(arguments.build, "onymctl"), "--json", "--quiet",
                               "check", "--data", data], "onymctl check")
        arguments.checked = json.loads(out)
    records = arguments.checked["handles"] + arguments.checked["prefixes_homed"]
    used = (data / "data.mdb").stat().st_blocks * 512
    return {"file_bytes_per_record": used / records,
            "stored_bytes_per_record": arguments.checked["bytes"] / records,
            "ratio": used / arguments.checked["bytes"]}


def report(rounds):
    """Prints and returns what all rounds say together."""
    load = common.spread([one["load"]["us_per_row"] for one in rounds])
    insert = common.spread([one["insert"]["us_per_row"] for one in rounds])
    ratio = common.spread([one["ratio"] for one in rounds])
    size = rounds[-1]["disk"]
    for name, figures, unit in (("load", load, "µs/row"), ("insert", insert, "µs/row"),
                                ("load / insert", ratio, "")):
        say(f"{name:14} median {figures['median']:.3f} {unit} "
            f"({figures['min']:.3f} to {figures['max']:.3f}, {figures['count']} rounds)")
    say(f"disk           {size['file_bytes_per_record']:.1f} bytes per record for "
        f"{size['stored_bytes_per_record']:.1f} of key and stored record: {size['ratio']:.3f}")
    return {"load_us_per_row": load, "insert_us_per_row": insert, "ratio": ratio, "disk": size}


def arguments_of(words):
    parser = argparse.ArgumentParser(prog="./run bench load", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(common.ROOT / "build"), help="the build folder")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7, help=f"at least {ROUNDS_MIN}")
    parser.add_argument("--attributes", type=int, default=6, choices=(6, 12, 24))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="where the figures go (bench/results/load.json)")
    arguments = parser.parse_args(words)
    if arguments.rounds < ROUNDS_MIN or arguments.records < 1:
        parser.error(f"--rounds needs {ROUNDS_MIN} or more and --records 1 or more")
    arguments.core = sorted(os.sched_getaffinity(0))[-1]
    arguments.checked = None
    return arguments


def run(words=None):
    arguments = arguments_of(words)
    about = common.machine()
    common.say_machine(about)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-bench-load-"))
    rounds = []
    try:
        needed = arguments.records * FREE_BYTES_PER_ROW * arguments.attributes // 6
        if shutil.disk_usage(folder).free < needed:
            raise CannotRun(f"{folder} has less than {needed >> 20} MiB free; set TMPDIR")
        rows, encoded, count = make_rows(arguments, folder)
        say(f"rows: {count}, {arguments.attributes} attributes, "
            f"{rows.stat().st_size / count:.0f} bytes of JSON each, shuffled, "
            f"seed {arguments.seed}; {common.version(arguments.build, 'onymctl')}")
        for number in range(1, arguments.rounds + 1):
            one = one_round(arguments, folder, rows, encoded, count)
            rounds.append(one)
            say(f"round {number}: insert {one['insert']['us_per_row']:.3f} µs/row, "
                f"load {one['load']['us_per_row']:.3f} µs/row, ratio {one['ratio']:.3f}, "
                f"load {count / one['load']['wall']:,.0f} rows/s by the clock")
        result = {"bench": "load", "machine": about, "records": count,
                  "attributes": arguments.attributes, "seed": arguments.seed,
                  "build": common.version(arguments.build, "onymctl"),
                  "build_type": common.build_type(arguments.build),
                  "rounds": rounds, **report(rounds)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    common.write_json(arguments.json or common.ROOT / "bench" / "results" / "load.json", result)
    return 0


if __name__ == "__main__":
    common.main(run)
