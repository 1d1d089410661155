#!/usr/bin/env python3
"""./run bench mutate - broken packets at full speed against a node built with sanitizers.

Loads the generated sample, starts onymd with address and undefined-behaviour sanitizers, and lets
build/bench/mutate send mutated golden requests over UDP and TCP with honest requests among them.
Fails when the node dies or reports an error, when fewer than 99.9 % of the honest requests are
answered rightly, when its memory keeps growing, or when a refused packet draws a larger reply.
"""

import argparse
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from lib import common
from lib.common import CannotRun, say

VECTORS = common.ROOT / "proto" / "vectors" / "handle-wire.jsonl"
KINDS = ("message", "udp-packet", "captured-message", "captured-exchange")
ANSWERED_MIN = 0.999
GROWTH_MAX_KIB = 32 * 1024
SEED_LEN = (44, 4096)  # bytes of a message bench/mutate takes
# a small quarantine: freed memory that is kept to catch late use would look like growth
SANITIZERS = {
    "ASAN_OPTIONS": "quarantine_size_mb=8:abort_on_error=0:exitcode=99:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
}


def golden_requests(path):
    """The requests of a file of vectors, as hexadecimal text."""
    found = []
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CannotRun(f"{path}: {error.strerror}") from error
    for line in lines:
        record = json.loads(line)
        if record.get("kind") not in KINDS:
            continue
        text = record.get("request_hex")
        if text is None and record.get("direction") == "request":
            text = record.get("hex")
        if text and SEED_LEN[0] <= len(text) // 2 <= SEED_LEN[1]:
            found.append(text)
    if not found:
        raise CannotRun(f"{path}: no requests in it")
    return found


def write_seeds(path, vectors, names, name_count=64):
    """Golden requests, and as many requests for names that exist, one a line."""
    seeds = golden_requests(vectors)
    with open(names, encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number == name_count:
                break
            seeds.append(common.resolve_request(line.rstrip("\n"), number + 1).hex())
    pathlib.Path(path).write_text("\n".join(seeds) + "\n", encoding="ascii")
    return len(seeds)


def flood(build, node, arguments, seeds, names):
    """Runs the client; its result and the node's memory over time, as (seconds, KiB)."""
    command = [common.program(build, "mutate"), "--target", f"127.0.0.1:{node.port}",
               "--names", str(names), "--seeds", str(seeds), "--packets", str(arguments.packets),
               "--seed", str(arguments.seed), "--tcp-share", str(arguments.tcp_share)]
    memory = []
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as client:
        try:
            while client.poll() is None:
                if node.process.poll() is not None:
                    client.terminate()
                    break
                memory.append((time.monotonic() - start, common.memory_kib(node.pid)["VmRSS"]))
                time.sleep(0.1)
            out, problem = client.communicate(timeout=30)
        except BaseException:
            client.kill()
            raise
    if client.returncode == 2:
        raise CannotRun(problem.strip())
    return (json.loads(out) if out.strip() else None), memory


def growth_kib(memory):
    """How much more the node holds at the end than when a fifth of the time had passed."""
    if len(memory) < 5:
        return 0
    whole = memory[-1][0]
    early = max(kib for seconds, kib in memory if seconds <= max(whole / 5, memory[0][0]))
    return memory[-1][1] - early


def last_answer(node, name):
    """Whether the node still answers a request over UDP after everything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", node.port))
        client.settimeout(2)
        for request_id in range(1, 4):
            try:
                client.send(common.resolve_request(name, request_id))
                if common.is_answer(client.recv(2048), name, request_id):
                    return True
            except OSError:
                continue
    return False


def judge(result, memory, code, answers_after, log):
    """The list of what went wrong; empty when nothing did."""
    problems = []
    if code != 0:
        problems.append(f"the node ended with {code}")
    for sign in ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer"):
        if sign in log:
            line = next(line for line in log.splitlines() if sign in line)
            problems.append(f"the node's log: {line.strip()}")
    if result is None:
        return problems + ["the client has no result"]
    for transport in ("udp", "tcp"):
        part = result[transport]
        if part["honest"] and part["answered"] < ANSWERED_MIN * part["honest"]:
            problems.append(f"{transport}: {part['answered']} of {part['honest']} honest requests "
                            f"answered ({part['wrong']} wrong, {part['unanswered']} unanswered)")
    if result["udp"]["larger_than_request"]:
        problems.append(f"{result['udp']['larger_than_request']} refusals larger than the request, "
                        f"the first: {result['udp']['first_larger_request']} drew "
                        f"{result['udp']['first_larger_reply']}")
    if result["udp"]["refused_bytes_out"] > result["udp"]["refused_bytes_in"]:
        problems.append("refusals are larger than the refused packets together")
    if growth_kib(memory) > GROWTH_MAX_KIB:
        problems.append(f"the node's memory grew by {growth_kib(memory) // 1024} MiB")
    if not answers_after:
        problems.append("no answer after the flood")
    return problems


def summary(result, memory, arguments):
    udp, tcp = result["udp"], result["tcp"]
    honest, answered = (udp[k] + tcp[k] for k in ("honest", "answered"))
    out, back = udp["refused_bytes_in"], udp["refused_bytes_out"]
    return (f"{result['packets']} mutants ({udp['mutants']} UDP, {tcp['mutants']} over "
            f"{tcp['connections']} TCP connections) in {result['seconds']:.1f} s, seed "
            f"{arguments.seed}; honest requests {answered} of {honest} answered "
            f"({answered / max(1, honest):.3%}), {udp['sent_again']} sent again; "
            f"{udp['replies_to_mutants']} UDP replies to mutants, {udp['answers_to_mutants']} of "
            f"them answers; refused {out} bytes in, {back} bytes out"
            f"; memory {memory[0][1] // 1024} to {memory[-1][1] // 1024} MiB")


def parse():
    parser = argparse.ArgumentParser(prog="./run bench mutate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(common.ROOT / "build" / "asan"),
                        help="build folder with ONYM_SANITIZE=address,undefined")
    parser.add_argument("--packets", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tcp-share", type=int, default=5, help="percent of the packets over TCP")
    parser.add_argument("--records", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--vectors", default=str(VECTORS), help="file of golden requests")
    parser.add_argument("--plain", action="store_true", help="accept a build without sanitizers")
    parser.add_argument("--json", help="file of results (bench/results/mutate.json)")
    return parser.parse_args()


def run():
    arguments = parse()
    build = arguments.build
    if not arguments.plain and "address" not in common.cache_entry(build, "ONYM_SANITIZE"):
        raise CannotRun(f"{build} is not built with sanitizers: cmake --preset asan, or --plain")
    about = common.machine()
    common.say_machine(about)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-mutate-"))
    node = None
    try:
        data, names = common.make_data(build, folder, arguments.records)
        seeds = folder / "seeds.hex"
        count = write_seeds(seeds, arguments.vectors, names)
        with open(names, encoding="utf-8") as file:
            name = file.readline().rstrip("\n")
        node = common.Node(build, data, workers=arguments.workers, environment=SANITIZERS)
        node.launch().wait_ready()
        say(f"{arguments.packets} mutants of {count} requests, {arguments.tcp_share} % over TCP")
        result, memory = flood(build, node, arguments, seeds, names)
        answers_after = node.process.poll() is None and last_answer(node, name)
        code = node.stop()
        log = node.log.read_text(errors="replace")
    finally:
        if node is not None:
            node.__exit__()
        shutil.rmtree(folder, ignore_errors=True)
    problems = judge(result, memory, code, answers_after, log)
    if result is not None:
        result.update(machine=about, version=common.version(build, "onymd"),
                      memory_kib={"first": memory[0][1], "last": memory[-1][1],
                                  "growth": growth_kib(memory)}, problems=problems)
        common.write_json(arguments.json or common.ROOT / "bench" / "results" / "mutate.json",
                          result)
        say("mutate: " + summary(result, memory, arguments))
    for problem in problems:
        say("FAILED: " + problem)
    if problems:
        say(log[-4000:])
    return 1 if problems else 0


if __name__ == "__main__":
    common.main(run)
