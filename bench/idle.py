#!/usr/bin/env python3
"""./run bench idle - what connections that do nothing cost: memory each, and answers beside them.

Memory is the difference of the node's resident memory before and after the connections; buffers
the kernel keeps for sockets are not in it. Answers over UDP are measured in turns on two nodes with
the same records, one of which has the connections open.
"""

import os
import socket
import time

from lib import common, rounds, suite, targets
from lib.common import CannotRun, say

CONNECTIONS = 10_000
NO_CACHE = "cache.size=0KiB"  # it fills by itself after the start, and that is no connection's
BYTES = {"plain": 8192, "tls": 32768}


def wait_for_descriptors(pid, count, seconds=60):
    deadline = time.monotonic() + seconds
    while len(os.listdir(f"/proc/{pid}/fd")) < count:
        if time.monotonic() > deadline:
            raise CannotRun(f"onymd holds {len(os.listdir(f'/proc/{pid}/fd'))} descriptors after "
                            f"{seconds} s, {count} expected: connections were refused")
        time.sleep(0.05)


def ask_once(connection, name, request_id):
    """One resolve on an open connection; the whole reply is read."""
    connection.sendall(common.resolve_request(name, request_id))
    reply = b""
    while len(reply) < 20 or len(reply) < 20 + int.from_bytes(reply[16:20], "big"):
        part = connection.recv(65536)
        if not part:
            raise CannotRun("onymd closed a connection instead of answering")
        reply += part
    if not common.is_answer(reply, name, request_id):
        raise CannotRun(f"wrong answer over TCP: {reply[:64].hex()}")


def connect(node, tls):
    raw = socket.create_connection(("127.0.0.1", node.tls if tls else node.port), timeout=30)
    return tls.wrap_socket(raw) if tls else raw


def connect_all(node, tls, count):
    connections = []
    for number in range(count):
        connections.append(connect(node, tls))
        if number % 500 == 499:
            time.sleep(0.01)  # let the listen queue drain
    return connections


def opened(node, data, tls, count):
    """Opens connections, asks once on each; (they, bytes each opened, bytes each after)."""
    # one connection and one answer first: what a node takes once is not a connection's
    connections = [connect(node, tls)]
    ask_once(connections[0], data.first_name, 1)
    before = common.memory_kib(node.pid)
    descriptors = len(os.listdir(f"/proc/{node.pid}/fd"))
    connections += connect_all(node, tls, count)
    wait_for_descriptors(node.pid, descriptors + count)
    after_opening = common.memory_kib(node.pid)
    for number, connection in enumerate(connections[1:]):
        ask_once(connection, data.first_name, number + 2)
    after = common.memory_kib(node.pid)
    each = [(now["VmRSS"] - before["VmRSS"]) * 1024 / count for now in (after_opening, after)]
    return connections, each


def count_of(s):
    return min(CONNECTIONS, 200) if s.arguments.quick else CONNECTIONS


def case(s, kind):
    count = count_of(s)
    common.raise_file_limit(count + 256)
    tls = suite.tls_client() if kind == "tls" else None
    with suite.stack() as stack:
        node = s.node(stack, s.records(), files=count + 512, certificate=tls and s.certificate(),
                      settings=(f"limits.tls_connections={count + 16}", NO_CACHE))
        connections, each = opened(node, s.records(), tls, count)
        for connection in connections:
            connection.close()
    say(f"{count} idle {kind} connections: {each[0]:.0f} bytes each after connecting, "
        f"{each[1]:.0f} after one answer each")
    rows = {f"idle.{kind}": targets.judge(f"idle.{kind}",
                                          common.spread([max(each) / BYTES[kind]]))}
    targets.doubt(rows, s.arguments, True)
    say(targets.table(rows))
    return {"rows": rows, "quiet": True, "connections": count, "bytes_opened": each[0],
            "bytes_after_one_answer": each[1]}


def case_beside(s):
    data, count = s.records(), count_of(s)
    common.raise_file_limit(count + 256)
    with suite.stack() as stack:
        alone = s.node(stack, data, files=count + 512)
        beside = s.node(stack, data.copied(s.folder / "copy"), files=count + 512)
        connections, _ = opened(beside, data, None, count)

        def side(name, node):
            return rounds.Side(name, node.pid, lambda seed: s.client(
                "udp_load", "--target", f"127.0.0.1:{node.port}", "--names", data.names, "--peers",
                64, "--milliseconds", int(s.arguments.seconds * 1000), "--seed", seed))
        figures = s.section([side("alone", alone), side("beside", beside)],
                            {"idle.beside": rounds.ratio("beside", "alone")})
        for connection in connections:
            connection.close()
        return figures


CASES = {"plain": lambda s: case(s, "plain"), "tls": lambda s: case(s, "tls"),
         "beside": case_beside}


if __name__ == "__main__":
    common.main(lambda: suite.Suite("idle", CASES, __doc__).run({}))
