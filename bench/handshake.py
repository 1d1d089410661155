#!/usr/bin/env python3
"""./run bench handshake - what a TLS connection costs the server, against OpenSSL alone.

The node: a new TLS connection of the Handle protocol for each request, full or resumed. The floor is
the sum of two, measured in the same round on the same core: what OpenSSL takes for the server's
side of the same with memory BIOs, and what a TCP echo takes for a new connection with one request.
The client takes longer than the server for a full handshake: there the connections of node and echo
take their steps together, so that the server has many to do before it sleeps. Beside it, compared
with nothing: the node with connections that each go at their own pace, and OpenSSL alone on a
processor that sleeps before each of its steps.
"""

import json
import os
import subprocess

from lib import common, peers, rounds, suite

CONNECTIONS = 16
PAUSE_US = 100
RESUMED_SHARE_MIN = 0.95  # the first connections of a run have nothing to resume


def memory_side(s, name, sizes, *options):
    """OpenSSL alone; it reports the server's part of its time itself."""
    certificate, key = s.certificate()

    def run(_):
        done = subprocess.run(
            [common.program(s.arguments.build, "tls_floor"), "--certificate", certificate, "--key",
             key, "--milliseconds", str(int(s.arguments.seconds * 1000)), *sizes, *options],
            capture_output=True, text=True, check=False, timeout=120,
            preexec_fn=common.pinned(s.cores[0]))
        if done.returncode != 0:
            raise common.CannotRun("tls_floor: " + done.stderr.strip())
        result = json.loads(done.stdout)
        return {**result, "wrong": 0, "lost": 0,
                "answers_per_second": result["answers"] / result["seconds"]}
    return rounds.Side(name, os.getpid(), run)


def side(s, name, port, pid, data, *options):
    def run(seed):
        return s.client("stream_load", "--target", f"127.0.0.1:{port}", "--names", data.names,
                        "--connections", CONNECTIONS, "--once", "--milliseconds",
                        int(s.arguments.seconds * 1000), "--seed", seed, *options)
    return rounds.Side(name, pid, run)


def check_resumption(result):
    if result["resumed"] < RESUMED_SHARE_MIN * result["answers"]:
        raise common.CannotRun(f"only {result['resumed']} of {result['answers']} connections "
                               "resumed a session")


def case(s, row, pace, *resume):
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data, certificate=s.certificate())
        asked, size = 100, s.client(
            "stream_load", "--target", f"127.0.0.1:{node.port}", "--names", data.names, "--count",
            2000)["answer_bytes_median"]
        sizes = ("--request-bytes", str(asked), "--answer-bytes", str(size))
        echo = stack.enter_context(peers.Echo(s.arguments.build, s.cores[0], size, "--tcp",
                                              "--request-bytes", asked))

        def tls(name, *options):
            return side(s, name, node.tls, node.pid, data, "--tls", *resume, *options)
        if resume and not s.arguments.quick:
            check_resumption(tls("node").run(1))
        sides = [side(s, "echo", echo.port, echo.pid, data, "--protocol", "echo", *sizes, *pace),
                 memory_side(s, "openssl", sizes, *resume),
                 memory_side(s, "openssl, pausing", sizes, *resume, "--pause-us", str(PAUSE_US)),
                 tls("node", *pace), *([tls("node, waiting")] if pace else [])]
        return s.section(sides, {row: lambda results: results["node"]["us"] / (
            results["openssl"]["us"] + results["echo"]["us"])})


# the client of a full handshake is slower than the server
CASES = {"full": lambda s: case(s, "handshake.full", ("--together",)),
         "resumed": lambda s: case(s, "handshake.resumed", (), "--resume")}


if __name__ == "__main__":
    common.main(lambda: suite.Suite("handshake", CASES, __doc__, records=100_000).run({}))
