"""DNS servers that hold the node's names: each name one label below the zone "bench.", with one
TXT record, so that an answer has as many bytes as the node's. One thread or process each, no
logging of queries, no rate limit, answers without authority and additional sections."""

import socket
import struct

from lib import common, peers

ZONE = "bench"
STRING_MAX = 255
# header; label's length and zone; type and class; pointer, type, class, ttl, length
FIXED_BYTES = 12 + 1 + len(ZONE) + 2 + 4 + 12


def label(name):
    """A name, as bytes, as one label of a zone file."""
    return "".join(chr(b) if chr(b).isalnum() and b < 128 or b == 45 else f"\\{b:03}"
                   for b in name)


def strings(count, text):
    """Character strings that take count bytes on the wire and begin with text."""
    text = (text + "x" * count)[:count]
    parts = []
    while count > 0:
        length = min(STRING_MAX, count - 1)
        parts.append(f'"{text[:length]}"')
        text, count = text[length:], count - 1 - length
    return " ".join(parts)


def write_zone(path, names, answer_bytes):
    """A zone with every name of a file, each answered in answer_bytes (at least 64 more than the
    longest name)."""
    with open(names, "rb") as lines, open(path, "w", encoding="ascii") as zone:
        zone.write(f"$ORIGIN {ZONE}.\n$TTL 86400\n"
                   "@ IN SOA ns.invalid. root.invalid. 1 3600 600 86400 3600\n"
                   "@ IN NS ns.invalid.\n")
        for number, line in enumerate(lines):
            name = line.rstrip(b"\n")
            rdata = answer_bytes - FIXED_BYTES - len(name)
            zone.write(f"{label(name)} TXT {strings(rdata, str(number))}\n")
    return path


def question(name, number):
    raw = name.encode()
    return (struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + bytes([len(raw)]) + raw
            + bytes([len(ZONE)]) + ZONE.encode() + struct.pack(">BHH", 0, 16, 1))


class DnsServer(peers.Server):
    package = program = ""

    def __init__(self, core, zone, name):
        """name: of the zone, whose answer shows that it has been loaded."""
        self.path = peers.find(self.program, self.package)
        super().__init__(core)
        self.zone, self.first = zone, name
        file = self.folder / "conf"
        file.write_text(self.configuration(), encoding="ascii")

    def configuration(self):
        raise NotImplementedError

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            try:
                client.connect(("127.0.0.1", self.port))
                client.settimeout(0.05)
                client.send(question(self.first, 7))
                reply = client.recv(2048)
            except OSError:
                return False
        return len(reply) > 12 and reply[3] & 15 == 0 and reply[7] == 1


class Knot(DnsServer):
    name, program, package = "knot", "knotd", "knot"

    def configuration(self):
        return f"""
server:
    rundir: "{self.folder}"
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{self.folder}"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{self.folder}"
    semantic-checks: off
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
zone:
  - domain: {ZONE}.
    file: "{self.zone}"
"""

    def command(self):
        return [self.path, "-c", self.folder / "conf"]


class Nsd(DnsServer):
    name, program, package = "nsd", "nsd", "nsd"

    def configuration(self):
        return f"""
server:
    server-count: 1
    ip-address: 127.0.0.1@{self.port}
    username: ""
    chroot: ""
    zonesdir: "{self.folder}"
    database: ""
    pidfile: "{self.folder}/nsd.pid"
    xfrdfile: "{self.folder}/xfrd"
    xfrdir: "{self.folder}"
    zonelistfile: "{self.folder}/zones"
    rrl-ratelimit: 0
    verbosity: 0
    minimal-responses: yes
remote-control:
    control-enable: no
zone:
    name: {ZONE}.
    zonefile: "{self.zone}"
"""

    def command(self):
        return [self.path, "-d", "-c", self.folder / "conf"]


class Bind(DnsServer):
    name, program, package = "bind", "named", "bind9"

    def configuration(self):
        return f"""
options {{
    directory "{self.folder}";
    pid-file none;
    session-keyfile none;
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    minimal-responses yes;
    dnssec-validation no;
    notify no;
    querylog no;
}};
controls {{ }};
zone "{ZONE}" {{ type primary; file "{self.zone}"; }};
"""

    def command(self):
        return [self.path, "-g", "-n", "1", "-c", self.folder / "conf"]


ALL = (Knot, Nsd, Bind)


def versions():
    """Of those that are installed, as their packages say."""
    return {server.name: common.package_version(server.package) for server in ALL}
