#!/usr/bin/env python3
"""./run bench resolve-https - what a JSON answer over TLS costs, against nginx and PostgreSQL.

On kept connections: the node resolving random names, nginx giving one fixed answer of as many
bytes over the same TLS with the same certificate, PostgreSQL selecting a text of that size by primary key
(prepared, eight clients of pgbench, through its Unix socket without TLS). README.md says what may
be compared.
"""

import socket
import urllib.parse

from lib import common, peers, postgres, rounds, stream_peers, suite

CONNECTIONS = 64
PG_CLIENTS = 8
SAMPLE = 101


def body_of(connection, name):
    """The JSON text of a name."""
    connection.sendall(f"GET /api/v1/identifiers/{urllib.parse.quote(name, safe='')} HTTP/1.1\r\n"
                       "Host: localhost\r\n\r\n".encode())
    reply = b""
    while True:
        head, found, body = reply.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n") if found else []:
            if line.lower().startswith(b"content-length:") and \
                    len(body) >= int(line.partition(b":")[2]):
                return body.decode()
        part = connection.recv(65536)
        if not part:
            raise common.CannotRun(f"no answer for {name} over HTTPS")
        reply += part


def median_body(node, names):
    """A body of the node that is of median size."""
    with open(names, encoding="utf-8") as file:
        sample = [line.rstrip("\n") for line, _ in zip(file, range(SAMPLE))]
    with socket.create_connection(("127.0.0.1", node.https), timeout=10) as raw, \
         suite.tls_client().wrap_socket(raw) as connection:
        bodies = sorted((body_of(connection, name) for name in sample), key=len)
    return bodies[len(bodies) // 2]


def side(s, name, port, pid, data, *options):
    def run(seed, *more):
        return s.client("stream_load", "--target", f"127.0.0.1:{port}", "--names", data.names,
                        "--protocol", "http", "--tls", "--connections", CONNECTIONS,
                        "--milliseconds", int(s.arguments.seconds * 1000), "--seed", seed, *options,
                        *more)
    return rounds.Side(name, pid, run)


def postgres_side(s, stack, body):
    """PostgreSQL, when it is installed."""
    def start():
        if not postgres.installed():
            raise peers.Absent("PostgreSQL is not installed: apt-get install postgresql-15")
        return postgres.Postgres(s.cores[0])
    for server in s.peers(stack, [start]):
        server.fill_identifiers(s.arguments.records, len(body.encode()))
        yield rounds.Side("postgres", server.pid, lambda seed: server.selects(
            PG_CLIENTS, s.arguments.records, s.arguments.seconds, s.cores[1]), many=True)


def answer_bytes(one):
    """Bytes of an answer of a side, its head included."""
    return one.run(1, "--count", 3000)["answer_bytes_median"]


def nginx_sides(s, stack, data, body, size):
    """nginx, when it is installed, with the body made longer so that an answer has size bytes."""
    def start(text):
        return stream_peers.Nginx(s.cores[0], s.certificate(), text)

    def as_side(nginx):
        return side(s, "nginx", nginx.port, nginx.pid, data, "--any-name")

    with suite.stack() as for_a_moment:
        heads = [answer_bytes(as_side(nginx)) - len(body.encode())
                 for nginx in s.peers(for_a_moment, [lambda: start(body)])]
    if not heads:
        return []
    padded = body + " " * max(0, size - heads[0] - len(body.encode()))
    return [as_side(nginx) for nginx in s.peers(stack, [lambda: start(padded)])]


def case_kept(s):
    data = s.records()
    with suite.stack() as stack:
        node = s.node(stack, data, certificate=s.certificate())
        body = median_body(node, data.names)
        sides = [side(s, "node", node.https, node.pid, data)]
        sides += nginx_sides(s, stack, data, body, answer_bytes(sides[0]))
        sides += postgres_side(s, stack, body)
        there = [one.name for one in sides]
        figures = s.section(sides, {f"https.{name}": rounds.ratio("node", name)
                                    for name in ("nginx", "postgres") if name in there})
        figures["body_bytes"] = len(body.encode())
        return figures


if __name__ == "__main__":
    common.main(lambda: suite.Suite("resolve-https", {"kept": case_kept}, __doc__).run(
        {**stream_peers.versions(stream_peers.Nginx),
         "postgres": common.package_version("postgresql-15")}))
