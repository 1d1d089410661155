#!/usr/bin/env python3
"""./run bench start - how long a restart takes and what a record costs in memory, against Knot.

The node and a Knot that has the same names and as many bytes are started in turns on the first
core. Times begin just before the process is made; files are in the page cache for both.
"""

import json
import socket
import subprocess
import time

from lib import common, dns_peers, rounds, suite, targets
from lib.common import CannotRun, say

STEP_MS = 20         # how finely the way to full speed is seen
FULL_SHARE = 1.10    # full speed: processor time per answer at most so many times the warm one's
FULL_STEPS = 5       # in the median of so many steps in a row


def time_to_answer(node, name):
    """Starts a node; seconds from just before the process is made to the first right answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", node.port))
        client.settimeout(0.001)
        start = time.monotonic()
        node.launch()
        request_id = 0
        while time.monotonic() - start < 60:
            request_id += 1
            try:
                client.send(common.resolve_request(name, request_id))
                packet = client.recv(2048)
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                if node.process.poll() is not None:
                    raise CannotRun("onymd ended at its start: " + node.last_words()) from None
                time.sleep(0.0002)  # nobody listens yet; leave the processor to the node
                continue
            if len(packet) >= 12 and \
                    common.is_answer(packet, name, int.from_bytes(packet[8:12], "big")):
                return time.monotonic() - start
    raise CannotRun("no answer within 60 s of the start")


def load(s, node, data, seconds):
    """A client as a process that prints a line every STEP_MS, and leaves its core to who reads it."""
    return subprocess.Popen(
        [common.program(s.arguments.build, "udp_load"), "--target", f"127.0.0.1:{node.port}",
         "--names", str(data.names), "--peers", "64", "--progress-ms", str(STEP_MS), "--retry-ms", "10",
         "--patient", "--milliseconds", str(int(seconds * 1000))], stdout=subprocess.PIPE, text=True,
        preexec_fn=common.pinned(s.cores[1]))


def steps(node, client):
    """(time, processor nanoseconds, answers) at every line of the client."""
    seen = []
    for line in client.stdout:
        now, cpu = time.monotonic(), common.cpu_ns(node.pid)[0]
        answers = json.loads(line)["answers"]
        if not seen or answers > seen[-1][2]:
            seen.append((now, cpu, answers))
    client.wait()
    if client.returncode != 0 or len(seen) < 2 * FULL_STEPS:
        raise CannotRun("the client beside the start got nowhere")
    return seen


def full_speed(seen):
    """When the node was at full speed: from when on a median of FULL_STEPS steps stays near the
    median of the last third of the run. All of the node's processor time counts, also what it
    spends on becoming warm."""
    costs = [(b[0], (b[1] - a[1]) / (b[2] - a[2])) for a, b in zip(seen, seen[1:])]
    medians = [(costs[i][0], common.spread([cost for _, cost in costs[i:i + FULL_STEPS]])["median"])
               for i in range(len(costs) - FULL_STEPS + 1)]
    warm = common.spread([cost for _, cost in medians[-len(medians) // 3:]])["median"]
    for when, cost in medians:
        if cost <= FULL_SHARE * warm:
            return when, warm / 1e3
    raise CannotRun("the node never reached its own full speed")


class Watch:
    """How much a run was disturbed."""

    def __init__(self, cores):
        self.cores, self.start = cores, time.monotonic()
        self.stolen = common.stolen_seconds(cores)

    def shares(self, pid):
        """Since the process was made, when that was just after the watch began."""
        wall = time.monotonic() - self.start
        return {"steal_share": (common.stolen_seconds(self.cores) - self.stolen) / (2 * wall),
                "server_waited_share": common.cpu_ns(pid)[1] / 1e9 / wall}


def start_node(s, data):
    """One start of the node: seconds to the first answer and to full speed, and its memory."""
    watch = Watch(s.cores)
    node = common.Node(s.arguments.build, data.folder, s.cores[0])
    try:
        start = time.monotonic()
        client = load(s, node, data, s.arguments.seconds + 0.5 if s.arguments.quick else 12)
        node.launch()
        when, warm_us = full_speed(steps(node, client))
        memory = common.memory_kib(node.pid)
        shares = watch.shares(node.pid)
    finally:
        node.__exit__()
    node = common.Node(s.arguments.build, data.folder, s.cores[0])
    try:
        first = time_to_answer(node, data.first_name)
    finally:
        node.__exit__()
    return {"first": first, "full": when - start, "warm_us": warm_us, "memory_kib": memory,
            **shares}


def start_knot(s, stack, zone, data):
    """One start of Knot, or None when it is not installed."""
    watch = Watch(s.cores)
    for knot in s.peers(stack, [lambda: dns_peers.Knot(s.cores[0], zone, data.first_name)]):
        return {"first": knot.seconds_to_answer, "memory_kib": knot.memory_kib(),
                **watch.shares(knot.pid)}
    return None


def say_round(number, one):
    node, knot = one["node"], one["knot"]
    text = (f"{number:5}  node: first answer {node['first'] * 1e3:.1f} ms, full speed "
            f"{node['full'] * 1e3:.0f} ms ({node['warm_us']:.2f} us an answer), own memory "
            f"{node['memory_kib']['RssAnon'] / 1024:.1f} MiB")
    if knot:
        text += f"; knot: {knot['first'] * 1e3:.0f} ms, {knot['memory_kib'] / 1024:.0f} MiB"
    say(text + f"  {one['disturbed']}")


def case_restart(s):
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data)
        size = s.client("udp_load", "--target", f"127.0.0.1:{node.port}", "--names", data.names,
                        "--count", 5000)["answer_bytes_median"]
    zone = dns_peers.write_zone(s.folder / "zone", data.names, size)
    runs = []
    for number in range(s.arguments.rounds * (1 if s.arguments.quick else 3)):
        with suite.stack() as stack:
            one = {"node": start_node(s, data), "knot": start_knot(s, stack, zone, data)}
        one["disturbed"] = next(filter(None, (rounds.shares_disturbed(name, one[name])
                                              for name in ("node", "knot") if one[name])), "")
        runs.append(one)
        say_round(number + 1, one)
        if sum(not one["disturbed"] for one in runs) >= s.arguments.rounds:
            break
    return figures_of(s, runs, size)


def figures_of(s, runs, size):
    """The result: of the undisturbed rounds, or of all when there is none."""
    quiet = [one for one in runs if not one["disturbed"]]
    used = quiet or runs
    ratios = {
        "start.first": lambda node, knot: node["first"] / knot["first"],
        "start.full": lambda node, knot: node["full"] / knot["first"],
        "memory": lambda node, knot: node["memory_kib"]["RssAnon"] / knot["memory_kib"]}
    rows = {row: targets.judge(row, common.spread([value(one["node"], one["knot"])
                                                   for one in used]))
            for row, value in ratios.items() if used[0]["knot"]}
    figures = {"rows": rows, "rounds": runs, "rounds_discarded": len(runs) - len(quiet),
               "quiet": len(quiet) >= s.arguments.rounds, "answer_bytes": size}
    if figures["rounds_discarded"]:
        say(f"{figures['rounds_discarded']} of {len(runs)} rounds not used, the machine was "
            "disturbed")
    for key in ("first", "full"):
        figures[f"node_seconds_{key}"] = common.spread([one["node"][key] for one in used])
    figures["node_bytes_per_record"] = common.spread(
        [one["node"]["memory_kib"]["RssAnon"] * 1024 / s.arguments.records for one in used])
    if rows:
        figures["knot_bytes_per_record"] = common.spread(
            [one["knot"]["memory_kib"] * 1024 / s.arguments.records for one in used])
        targets.doubt(rows, s.arguments, figures["quiet"])
        say(targets.table(rows))
    say(f"node: {rounds.shown(figures['node_bytes_per_record'])} bytes of its own a record")
    return figures


if __name__ == "__main__":
    common.main(lambda: suite.Suite("start", {"restart": case_restart}, __doc__).run(
        {"knot": common.package_version("knot")}))
