"""Sides that answer over UDP: a node, an echo, DNS servers with the node's names."""

from lib import dns_peers, rounds

PEERS = 64   # source addresses that ask; answers to one address may leave in one go
WINDOW = 128


def side(s, name, server, data, *options, window=WINDOW, peers=PEERS, unit="answers"):
    """A side that answers UDP on its port; its run takes a time other than that of a round too."""
    def run(seed, milliseconds=None):
        return s.client("udp_load", "--target", f"127.0.0.1:{server.port}", "--names", data.names,
                        "--milliseconds", milliseconds or int(s.arguments.seconds * 1000), "--seed",
                        seed, "--window", window, "--peers", peers, *options)
    return rounds.Side(name, server.pid, run, unit)


def answer_bytes(s, node, data):
    """Median size of the node's answers."""
    return s.client("udp_load", "--target", f"127.0.0.1:{node.port}", "--names", data.names,
                    "--count", 5000)["answer_bytes_median"]


def echo_side(s, name, server, data, *options, **more):
    return side(s, name, server, data, "--protocol", "echo", *options, **more)


def dns_sides(s, stack, servers, data, size):
    """The DNS servers that are installed, with the names of data, as sides."""
    zone = dns_peers.write_zone(s.folder / "zone", data.names, size)
    running = s.peers(stack, [lambda server=server: server(s.cores[0], zone, data.first_name)
                              for server in servers])
    return [side(s, server.name, server, data, "--protocol", "dns") for server in running]
