#!/usr/bin/env python3
"""./run bench resolve - what one answer over UDP costs, against a raw echo on the same machine.

Alternates a recvmmsg/sendmmsg echo (answers of the node's median size) and the node, both on the
first core, the same client on the second, a fixed number of requests outstanding. The figure is
processor time of all the server's threads per answer and its ratio to the echo of the same round;
answers per second depend on the neighbours. Further sections: idle, start, disk. See README.md.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from lib import common, resolve_sections
from lib.common import CannotRun, say

STEAL_SHARE_MAX = 0.02    # of the round's time, taken by other guests of the host
WAITED_SHARE_MAX = 0.10   # of the round's time, server or client ready but without a processor
ECHO_SLOWER_MAX = 1.5     # echo per answer against the best echo of the run
SECTIONS = ("udp", "idle", "start", "disk")


def load(build, core, target, names, milliseconds, window, seed, is_echo):
    """One run of the client; its JSON result."""
    command = [common.program(build, "udp_load"), "--target", target, "--names", str(names),
               "--window", str(window), "--milliseconds", str(milliseconds), "--seed", str(seed)]
    if is_echo:
        command.append("--any")
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=60 + milliseconds / 1000, preexec_fn=common.pinned(core))
    if done.returncode != 0:
        raise CannotRun(f"the client got nowhere with {target}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def measure(pid, cores, run):
    """run() while watching the server and both cores; the client's result with the shares."""
    stolen = common.stolen_seconds(cores)
    (cpu, waited), start = common.cpu_ns(pid), time.monotonic()
    result = run()
    wall = time.monotonic() - start
    cpu_after, waited_after = common.cpu_ns(pid)
    server = (cpu_after - cpu) / 1e9
    if result["answers"] == 0:
        raise CannotRun(f"no right answer among {result['packets']} packets; the first wrong one: "
                        f"{result.get('first_wrong')}")
    seconds = result["seconds"]
    result.update(us_per_answer=server * 1e6 / result["answers"],
                  server_share=server / seconds,
                  client_share=result["client_cpu_seconds"] / wall,
                  server_waited_share=(waited_after - waited) / 1e9 / seconds,
                  client_waited_share=result["client_waited_seconds"] / seconds,
                  steal_share=(common.stolen_seconds(cores) - stolen) / (2 * wall))
    return result


def start_echo(build, core, answer_bytes):
    port = common.free_port()
    process = subprocess.Popen(
        [common.program(build, "echo"), "--listen", f"127.0.0.1:{port}",
         "--answer-bytes", str(answer_bytes)], preexec_fn=common.pinned(core))
    time.sleep(0.2)
    if process.poll() is not None:
        raise CannotRun("the echo program did not start")
    return process, port


def warm_up(run):
    """Runs until two runs in a row cost about the same: the first touch of every page of the map
    is not what an answer costs. Returns the last result."""
    last = run()
    for _ in range(8):
        now = run()
        if now["us_per_answer"] > 0.95 * last["us_per_answer"]:
            return now
        last = now
    return last


def disturbed(pair, best_echo):
    """Why a round is not to be used, or an empty text."""
    for name, result in pair.items():
        if result["steal_share"] > STEAL_SHARE_MAX:
            return f"{name}: {result['steal_share']:.0%} of the time stolen"
        for side in ("server", "client"):
            if result[f"{side}_waited_share"] > WAITED_SHARE_MAX:
                return (f"{name}: the {side} waited {result[f'{side}_waited_share']:.0%} of the "
                        "time for its processor")
    if pair["echo"]["us_per_answer"] > ECHO_SLOWER_MAX * best_echo:
        return f"echo {pair['echo']['us_per_answer'] / best_echo:.1f}x its best"
    return ""


def say_round(number, pair, ratio):
    echo, node = pair["echo"], pair["node"]
    say(f"{number:5}  {echo['us_per_answer']:8.2f} {node['us_per_answer']:8.2f} {ratio:6.2f}  "
        f"{echo['answers_per_second']:9.0f} {node['answers_per_second']:9.0f}  "
        f"{node['latency_us']['p50']:7.0f} {node['latency_us']['p99']:7.0f}  "
        f"{node['wrong']:5} {node['lost']:5}  "
        f"{max(node['server_waited_share'], node['client_waited_share']):6.1%} "
        f"{node['steal_share']:6.1%}")


def run_rounds(arguments, run_echo, run_node):
    """The rounds, A B A B, with those of a disturbed machine repeated up to a bound."""
    rounds = []
    bound = 3 * arguments.rounds
    say("round   echo us  node us  ratio   echo /s   node /s   p50 us  p99 us  wrong  lost  "
        "waited  steal")
    while len(rounds) < bound:
        pair = {"echo": run_echo(len(rounds)), "node": run_node(len(rounds))}
        ratio = pair["node"]["us_per_answer"] / pair["echo"]["us_per_answer"]
        rounds.append({**pair, "ratio": ratio})
        say_round(len(rounds), pair, ratio)
        best = min(r["echo"]["us_per_answer"] for r in rounds)
        for one in rounds:  # a better echo found later judges the earlier rounds too
            one["disturbed"] = disturbed({k: one[k] for k in ("echo", "node")}, best)
        if sum(not r["disturbed"] for r in rounds) >= arguments.rounds:
            break
    return rounds


def summarise(rounds, wanted):
    """Figures over the undisturbed rounds, or over all when there is none."""
    quiet = [r for r in rounds if not r["disturbed"]]
    used = quiet or rounds
    figures = {
        "rounds_run": len(rounds), "rounds_discarded": len(rounds) - len(quiet),
        "rounds_used": len(used), "quiet": len(quiet) >= wanted,
        "ratio": common.spread([r["ratio"] for r in used]),
        "node_us_per_answer": common.spread([r["node"]["us_per_answer"] for r in used]),
        "echo_us_per_answer": common.spread([r["echo"]["us_per_answer"] for r in used]),
        "node_answers_per_second": common.spread([r["node"]["answers_per_second"] for r in used]),
        "node_latency_p50_us": common.spread([r["node"]["latency_us"]["p50"] for r in used]),
        "node_latency_p99_us": common.spread([r["node"]["latency_us"]["p99"] for r in used]),
        "answers": sum(r["node"]["answers"] for r in rounds),
        "wrong": sum(r["node"]["wrong"] for r in rounds),
        "lost_and_sent_again": sum(r["node"]["lost"] for r in rounds),
        "unanswered": sum(r["node"]["unanswered"] for r in rounds),
    }
    return figures


def say_summary(figures, arguments):
    if figures["rounds_discarded"]:
        say(f"{figures['rounds_discarded']} of {figures['rounds_run']} rounds not used, the "
            "machine was disturbed" + ("" if figures["quiet"] else
                                       "; TOO FEW QUIET ROUNDS, read the figures as rough"))
    for key, label in (("ratio", "node / echo, same round"),
                       ("node_us_per_answer", "node, us of processor per answer"),
                       ("echo_us_per_answer", "echo, us of processor per answer"),
                       ("node_answers_per_second", "node, answers per second"),
                       ("node_latency_p99_us", "node, p99 latency, us")):
        one = figures[key]
        digits = 0 if one["median"] >= 100 else 2
        say(f"{label:34} median {one['median']:.{digits}f} "
            f"({one['min']:.{digits}f}-{one['max']:.{digits}f}, {one['count']} rounds)")
    say(f"{figures['answers']} answers checked: {figures['wrong']} wrong, "
        f"{figures['lost_and_sent_again']} lost and sent again, {figures['unanswered']} never "
        f"answered; window {arguments.window}")


def section_udp(arguments, data, names):
    cores = common.two_cores()
    milliseconds = int(arguments.seconds * 1000)

    with common.Node(arguments.build, data, cores[0]) as node:
        def run_node(seed):
            return measure(node.pid, cores, lambda: load(
                arguments.build, cores[1], f"127.0.0.1:{node.port}", names, milliseconds,
                arguments.window, seed + 1, False))

        warm = warm_up(lambda: run_node(1000))
        # an echo answers in one packet; a longer median would compare different things
        answer_bytes = max(12, min(512, warm["answer_bytes_median"]))
        echo, port = start_echo(arguments.build, cores[0], answer_bytes)
        try:
            def run_echo(seed):
                return measure(echo.pid, cores, lambda: load(
                    arguments.build, cores[1], f"127.0.0.1:{port}", names, milliseconds,
                    arguments.window, seed + 1, True))

            say(f"UDP, {arguments.records} records, random names, window {arguments.window}, "
                f"answers of {answer_bytes} bytes (median), {arguments.seconds} s a run, "
                f"server on core {cores[0]}, client on core {cores[1]}")
            rounds = run_rounds(arguments, run_echo, run_node)
        finally:
            echo.terminate()
            echo.wait()
        memory = common.memory_kib(node.pid)
    figures = summarise(rounds, arguments.rounds)
    figures.update(answer_bytes=answer_bytes, memory_kib=memory, rounds=rounds)
    say_summary(figures, arguments)
    say(f"memory of the node: {memory['RssAnon'] / 1024:.1f} MiB its own, "
        f"{memory['RssFile'] / 1024:.0f} MiB pages of the map (reclaimable cache)")
    return figures


def parse():
    parser = argparse.ArgumentParser(prog="./run bench resolve", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(common.ROOT / "build"), help="build folder")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7, help="undisturbed rounds wanted")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run")
    parser.add_argument("--window", type=int, default=128, help="requests outstanding")
    parser.add_argument("--connections", type=int, default=10_000, help="of section idle")
    parser.add_argument("--only", choices=SECTIONS, help="one section instead of all")
    parser.add_argument("--json", help="file of results (bench/results/resolve.json; with --only "
                                       "bench/results/resolve-NAME.json)")
    arguments = parser.parse_args()
    if not 0.05 <= arguments.seconds <= 600 or arguments.rounds < 1 or arguments.records < 1:
        parser.error("--seconds is 0.05 to 600, --rounds and --records at least 1")
    return arguments


def run():
    arguments = parse()
    about = common.machine()
    build = arguments.build
    result = {"bench": "resolve", "machine": about,
              "versions": {"onymd": common.version(build, "onymd"),
                           "build_type": common.cache_entry(build, "CMAKE_BUILD_TYPE"),
                           "python": sys.version.split()[0]},
              "settings": {k: getattr(arguments, k) for k in
                           ("records", "rounds", "seconds", "window", "connections")}}
    common.say_machine(about)
    say(f"build: {result['versions']['onymd']}, {result['versions']['build_type']}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-bench-"))
    try:
        data, names = common.make_data(build, folder, arguments.records, "--attributes", 6,
                                       "--shuffle")
        sections = {"udp": section_udp, "idle": resolve_sections.idle,
                    "start": resolve_sections.start, "disk": resolve_sections.disk}
        for name in SECTIONS:
            if arguments.only in (None, name):
                say(f"--- {name}")
                result[name] = sections[name](arguments, data, names)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    stem = "resolve" if arguments.only is None else f"resolve-{arguments.only}"
    common.write_json(arguments.json or common.ROOT / "bench" / "results" / f"{stem}.json", result)
    return 0


if __name__ == "__main__":
    common.main(run)
