#!/usr/bin/env python3
"""./run bench resolve-large - what an answer over UDP costs when there are ten million records.

  uniform  all names alike: the node with ten million records and a cache (cache.size) that holds
           them, as Knot's memory holds its names; against an echo, against Knot with the same names,
           and against a node with a tenth of the records; first each is asked for 20 s
  zipf     names after Zipf's law (theta 0.99) and a cache of 256 MiB, against an echo

Needs some 15 GB of disk and as much memory, page cache included; making the records takes minutes.
"""

from lib import common, dns_peers, rounds, suite
from lib.udp_sides import answer_bytes, dns_sides, echo_side, side

CACHE = "256MiB"
THETA = 990
LEARNING_MS = 20_000  # some six million requests: until then the cache fills with what is asked for
VISITS, VISIT_MS = 4, 5000  # some four million requests: 99 of 100 pages of the cache


def visit(s, sides):
    """Has all memory of the sides in use, as in a node that is asked day and night. While Knot's
    zone is made they rest for minutes, and a hypervisor may take pages of a guest that rest; the first
    touch of each then waits for it. In turns, so that none rests long meanwhile."""
    for number in range(0 if s.arguments.quick else VISITS):
        for one in sides:
            one.run(2000 + number, VISIT_MS)


def case_uniform(s):
    data, tenth = s.records(), s.records(count=max(100, s.arguments.records // 10))
    with suite.stack() as stack:
        node, small = s.node(stack, data), s.node(stack, tenth)
        size = answer_bytes(s, node, data)
        sides = [echo_side(s, "echo", s.echo(stack, size), data), side(s, "node", node, data),
                 side(s, "tenth", small, tenth)]
        sides += dns_sides(s, stack, (dns_peers.Knot,), data, size)
        rows = {"udp.10m.echo": rounds.ratio("node", "echo"),
                "udp.10m": rounds.ratio("node", "tenth")}
        if sides[-1].name == "knot":
            rows["udp.10m.knot"] = rounds.ratio("node", "knot")
        visit(s, sides)
        figures = s.section(sides, rows)
        figures["node_memory_kib"] = common.memory_kib(node.pid)
        return figures


def case_zipf(s):
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data, settings=(f"cache.size={CACHE}",))
        echo = s.echo(stack, answer_bytes(s, node, data))
        sides = [echo_side(s, "echo", echo, data, "--zipf", THETA),
                 side(s, "node", node, data, "--zipf", THETA)]
        if not s.arguments.quick:
            sides[-1].run(999, LEARNING_MS)
        figures = s.section(sides, {"udp.zipf": rounds.ratio("node", "echo")})
        figures["node_memory_kib"] = common.memory_kib(node.pid)
        return figures


CASES = {"uniform": case_uniform, "zipf": case_zipf}


if __name__ == "__main__":
    common.main(lambda: suite.Suite("resolve-large", CASES, __doc__, records=10_000_000).run(
        {"knot": common.package_version("knot")}))
