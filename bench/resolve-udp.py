#!/usr/bin/env python3
"""./run bench resolve-udp - what an answer over UDP costs, against an echo and against DNS servers.

Every case runs its sides in turns on the first core, with the same client on the second. The DNS
servers hold the same names and give answers of as many bytes. A DNS answer is not a Handle answer:
README.md says what may be compared.
"""

from lib import common, dns_peers, rounds, suite
from lib.common import CannotRun
from lib.udp_sides import WINDOW, answer_bytes, dns_sides, echo_side, side

RATE = 60_000   # requests a second of the open loop


def against_all(s, data, rows, servers, settings=()):
    """An echo, the node and DNS servers; rows: id of the row for each that is there."""
    with suite.stack() as stack:
        node = s.node(stack, data, settings=settings)
        size = answer_bytes(s, node, data)
        echo = s.echo(stack, size)
        sides = [echo_side(s, "echo", echo, data), side(s, "node", node, data)]
        if not settings:
            sides.append(side(s, "node, 128 addresses", node, data, peers=WINDOW))
        sides += dns_sides(s, stack, servers, data, size)
        there = {name: row for name, row in rows.items() if name in [one.name for one in sides]}
        figures = s.section(sides, {row: rounds.ratio("node", name)
                                    for name, row in there.items()}, busy=("node", "echo"))
        figures["node_memory_kib"] = common.memory_kib(node.pid)
        return figures


def case_plain(s):
    return against_all(s, s.records(), {"echo": "udp.echo", "knot": "udp.knot", "nsd": "udp.nsd",
                                        "bind": "udp.bind"}, dns_peers.ALL)


def case_nocache(s):
    return against_all(s, s.records(), {"echo": "udp.nocache.echo", "knot": "udp.nocache.knot"},
                       (dns_peers.Knot,), ("cache.size=0KiB",))


def case_burst(s):
    """All requests come from one address, those of one length in one go, and all answers have one
    size."""
    data = s.records("equal")
    with suite.stack() as stack:
        node = s.node(stack, data)
        echo = s.echo(stack, answer_bytes(s, node, data))
        return s.section([echo_side(s, "echo", echo, data, "--join", peers=1),
                          side(s, "node", node, data, "--join", peers=1)],
                         {"udp.burst": rounds.ratio("node", "echo")}, busy=("echo", "node"))


def case_two(s):
    data = s.records("twelve")
    with suite.stack() as stack:
        node = s.node(stack, data)
        size = answer_bytes(s, node, data)
        if not 512 < size <= 1024:
            raise CannotRun(f"the median answer has {size} bytes, which is not two packets")
        echo = s.echo(stack, size)
        return s.section([echo_side(s, "echo", echo, data, "--echo-packets", 2),
                          side(s, "node", node, data)],
                         {"udp.two": rounds.ratio("node", "echo")}, busy=("echo", "node"))


def case_single(s):
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data)
        echo = s.echo(stack, answer_bytes(s, node, data), "--poll")
        return s.section([echo_side(s, "echo", echo, data, window=1, peers=1),
                          side(s, "node", node, data, window=1, peers=1)],
                         {"udp.single": rounds.ratio("node", "echo"),
                          "udp.single.p50": rounds.ratio("node", "echo", "latency_us.p50")})


def rate_of(s):
    return 5000 if s.arguments.quick else RATE


def case_mixed(s):
    """Open loop: per request sent, also those whose answers are not waited for."""
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data)
        options = {"window": 4096, "unit": "requests"}
        rate = ("--rate", rate_of(s))
        return s.section([side(s, "hits", node, data, *rate, **options),
                          side(s, "mixed", node, data, *rate, "--miss", 20, "--refused", 1,
                               "--malformed", 1, **options)],
                         {"udp.mixed": rounds.ratio("mixed", "hits")})


def case_filtered(s):
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data)
        return s.section([side(s, "whole", node, data),
                          side(s, "by type", node, data, "--type", "productType"),
                          side(s, "by index", node, data, "--index", 2000)],
                         {"udp.type": rounds.ratio("by type", "whole"),
                          "udp.index": rounds.ratio("by index", "whole")})


def case_private(s):
    """The same answers, from records with a value more that nobody may see."""
    public, private = s.records(), s.records("private")
    with suite.stack() as stack:
        return s.section([side(s, "whole", s.node(stack, public), public),
                          side(s, "permission", s.node(stack, private), private)],
                         {"udp.private": rounds.ratio("permission", "whole")})


def case_workers(s):
    """Two workers have both cores; the client shares the second with one of them. Each worker has
    as much cache and, in the open loop, is asked as often: one that has less to do takes smaller
    batches. The closed loop, where that happens, is there for reading."""
    data = s.records()
    with suite.stack() as stack:
        one = s.node(stack, data)
        two = s.node(stack, data.copied(s.folder / "copy"), core=None, workers=2,
                     settings=(f"cache.size={suite.cache_mib(data, 2)}MiB",))
        rate = rate_of(s)
        return s.section([side(s, "one", one, data, "--patient", "--rate", rate, window=4096),
                          side(s, "two", two, data, "--patient", "--rate", 2 * rate, window=4096),
                          side(s, "one, closed", one, data, "--patient"),
                          side(s, "two, closed", two, data, "--patient", window=2 * WINDOW)],
                         {"udp.workers": rounds.ratio("two", "one")}, crowded=True)


CASES = {"plain": case_plain, "burst": case_burst, "two": case_two, "nocache": case_nocache,
         "single": case_single, "mixed": case_mixed, "filtered": case_filtered,
         "private": case_private, "workers": case_workers}


if __name__ == "__main__":
    common.main(lambda: suite.Suite("resolve-udp", CASES, __doc__).run(dns_peers.versions()))
