#!/usr/bin/env python3
"""./run bench resolve-tcp - what an answer over TCP costs, against an echo and against Redis.

Every case runs its sides in turns on the first core, with the same client on the second. Redis has
the node's names as keys and replies with as many bytes. README.md says what may be compared.
"""

from lib import common, peers, rounds, stream_peers, suite

def side(s, name, server, data, protocol, *options):
    """A side that answers TCP on its port."""
    def run(seed):
        return s.client("stream_load", "--target", f"127.0.0.1:{server.port}", "--names",
                        data.names, "--protocol", protocol, "--milliseconds",
                        int(s.arguments.seconds * 1000), "--seed", seed, *options)
    return rounds.Side(name, server.pid, run)


def answer_bytes(s, node, data):
    """Median size of the node's answers over TCP."""
    return s.client("stream_load", "--target", f"127.0.0.1:{node.port}", "--names", data.names,
                    "--count", 5000)["answer_bytes_median"]


def request_bytes(data):
    """Median size of the requests: the rest of a request and a name."""
    with open(data.names, "rb") as file:
        lengths = sorted(len(line) - 1 for line, _ in zip(file, range(1000)))
    return 60 + lengths[len(lengths) // 2]


def against(s, options, rows, with_redis=True):
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data)
        size, asked = answer_bytes(s, node, data), request_bytes(data)
        sizes = ("--request-bytes", asked, "--answer-bytes", size)
        echo = stack.enter_context(peers.Echo(s.arguments.build, s.cores[0], size, "--tcp",
                                              "--request-bytes", asked))
        sides = [side(s, "echo", echo, data, "echo", *sizes, *options),
                 side(s, "node", node, data, "handle", *options)]
        if with_redis:
            sides += [side(s, "redis", redis, data, "redis", *options)
                      for redis in s.peers(stack, [lambda: stream_peers.Redis(
                          s.cores[0], data.names, size)])]
        there = [one.name for one in sides]
        return s.section(sides, {row: rounds.ratio("node", name) for name, row in rows.items()
                                 if name in there})


def case_one(s):
    """64 connections, one request outstanding on each."""
    return against(s, ("--connections", 64), {"echo": "tcp.one.echo", "redis": "tcp.one.redis"})


def case_pipelined(s):
    """64 connections, 16 requests outstanding on each."""
    return against(s, ("--connections", 64, "--depth", 16),
                   {"echo": "tcp.pipelined.echo", "redis": "tcp.pipelined.redis"})


def case_once(s):
    """A new connection for each request, 64 at a time; the client closes."""
    return against(s, ("--connections", 64, "--once"), {"echo": "tcp.once"}, with_redis=False)


CASES = {"one": case_one, "pipelined": case_pipelined, "once": case_once}


if __name__ == "__main__":
    common.main(lambda: suite.Suite("resolve-tcp", CASES, __doc__).run(
        stream_peers.versions(stream_peers.Redis)))
