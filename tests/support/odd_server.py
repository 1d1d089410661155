"""A Handle server for tests of clients: answers resolutions over UDP and TCP on one loopback port,
well or in any of the odd ways that networks and other servers have.

It is not made from the project's own code: envelope, header and bodies are put together here from
proto/handle.md, so a mistake in our codec does not cancel itself out.
"""

import hashlib
import select
import socket
import struct
import threading
import time

PACKET_DATA = 492
FLAG_AT = 0x80000000
FLAG_CN = 0x04000000
FLAG_RD = 0x00800000


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def value(index, type_, data, ttl=86400, permissions=0x0E, ttl_type=0, timestamp=1800000000):
    return (struct.pack(">IIBIB", index, timestamp, ttl_type, ttl, permissions)
            + text(type_) + text(data) + struct.pack(">I", 0))


def site(port, address="127.0.0.1"):
    """HS_SITE data with one server."""
    return (struct.pack(">HBBHBB", 1, 2, 11, 1, 0x80, 2) + text("")
            + struct.pack(">I", 1) + text("desc") + text("站点")
            + struct.pack(">II", 1, 1) + bytes(12) + socket.inet_aton(address) + text("")
            + struct.pack(">I", 2) + struct.pack(">BBI", 3, 1, port) + struct.pack(">BBI", 2, 0, port))


class Request:
    def __init__(self, data):
        (self.major, self.minor, suggested, self.suggested_minor, self.session, self.id,
         self.sequence, self.length) = struct.unpack(">BBBBIIII", data[:20])
        self.truncated = bool(suggested & 0x20)
        self.suggested_major = suggested & 3
        message = data[20:]
        (self.opcode, self.code, self.flags, self.serial, self.recursion, _, self.expiration,
         body_len) = struct.unpack(">IIIHBBII", message[:24])
        body = message[24:24 + body_len]
        self.digested = message[:24 + body_len]
        self.credential = message[24 + body_len:]
        at = 0

        def take_u4():
            nonlocal at
            at += 4
            return struct.unpack(">I", body[at - 4:at])[0]

        def take_text():
            nonlocal at
            length = take_u4()
            at += length
            return body[at - length:at]

        self.name = take_text().decode()
        self.indexes = [take_u4() for _ in range(take_u4())]
        self.types = [take_text().decode() for _ in range(take_u4())]


class Answer:
    """One reply; every field may be set wrong on purpose."""

    def __init__(self, code=1, values=(), message="", body=None, flags=0, expires_in=43200,
                 request_id_add=0, digest=None, more=False, opcode=None):
        self.code, self.values, self.message, self.body = code, values, message, body
        self.flags, self.expires_in, self.request_id_add = flags, expires_in, request_id_add
        self.digest, self.more, self.opcode = digest, more, opcode

    def message_bytes(self, request):
        flags = self.flags | (FLAG_CN if self.more else 0)
        body = self.body
        if body is None and self.code in (1, 302, 303):
            body = text(request.name) + struct.pack(">I", len(self.values)) + b"".join(self.values)
        elif body is None:
            body = text(self.message)
        if request.flags & FLAG_RD or self.digest is not None:
            flags |= FLAG_RD
            body = (self.digest or b"\x03" + hashlib.sha256(request.digested).digest()) + body
        return (struct.pack(">IIIHBBII", request.opcode if self.opcode is None else self.opcode,
                            self.code, flags, 1, 0, 0, int(time.time()) + self.expires_in,
                            len(body)) + body + bytes(4))

    def envelope(self, request, sequence, length):
        return struct.pack(">BBBBIIII", 2, 11, 2, 11, 0, (request.id + self.request_id_add)
                           & 0xFFFFFFFF, sequence, length)

    def datagrams(self, request):
        message = self.message_bytes(request)
        return [self.envelope(request, i // PACKET_DATA, len(message)) + message[i:i + PACKET_DATA]
                for i in range(0, len(message), PACKET_DATA)]

    def stream(self, request):
        message = self.message_bytes(request)
        return self.envelope(request, 0, len(message)) + message


class OddServer:
    """udp(request, attempt) and tcp(request) give Answers or lists of them, bytes to send as they
    are, ("sleep", seconds), or None for silence. Attempts count from 1 for each request id. Over
    TCP the connection is closed after the last item. A transport without function is refused."""

    def __init__(self, udp=None, tcp=None, address="127.0.0.1"):
        self.udp, self.tcp = udp, tcp
        self.seen = []  # (transport, request)
        self.problems = []
        self.stopping = threading.Event()
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.address = address
        self.threads = []
        self.sockets = []
        self._bind()

    def _bind(self):
        # a port below the ephemeral range, so that no client socket takes it by chance
        for port in range(20000 + (id(self) >> 6) % 9000, 32000):
            tcp = socket.socket(self.family, socket.SOCK_STREAM)
            udp = socket.socket(self.family, socket.SOCK_DGRAM)
            try:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tcp.bind((self.address, port))
                udp.bind((self.address, port))
            except OSError:
                tcp.close()
                udp.close()
                continue
            self.port = port
            if self.tcp is not None:
                tcp.listen(8)
                self.sockets.append(tcp)
                self.threads.append(threading.Thread(target=self._serve_tcp, args=(tcp,)))
            else:
                tcp.close()
            if self.udp is not None:
                self.sockets.append(udp)
                self.threads.append(threading.Thread(target=self._serve_udp, args=(udp,)))
            else:
                udp.close()
            return
        raise OSError("no free port")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=10)
        for one in self.sockets:
            one.close()

    @property
    def name(self):
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def count(self, transport):
        return sum(1 for kind, _ in self.seen if kind == transport)

    def _items(self, made):
        if made is None:
            return []
        return made if isinstance(made, list) else [made]

    def _serve_udp(self, sock):
        attempts = {}
        while not self.stopping.is_set():
            if not select.select([sock], [], [], 0.05)[0]:
                continue
            try:
                data, peer = sock.recvfrom(65536)
                request = Request(data)
            except (OSError, struct.error, UnicodeDecodeError) as problem:
                self.problems.append(problem)
                continue
            attempts[request.id] = attempts.get(request.id, 0) + 1
            self.seen.append(("udp", request))
            for item in self._items(self.udp(request, attempts[request.id])):
                if isinstance(item, tuple):
                    self.stopping.wait(item[1])
                    continue
                for datagram in item.datagrams(request) if isinstance(item, Answer) else [item]:
                    sock.sendto(datagram, peer)

    def _serve_tcp(self, sock):
        while not self.stopping.is_set():
            if not select.select([sock], [], [], 0.05)[0]:
                continue
            connection, _ = sock.accept()
            with connection:
                connection.settimeout(5)
                self._serve_connection(connection)

    def _serve_connection(self, connection):
        try:
            data = b""
            while len(data) < 20 or len(data) < 20 + struct.unpack(">I", data[16:20])[0]:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            request = Request(data)
            self.seen.append(("tcp", request))
            for item in self._items(self.tcp(request)):
                if isinstance(item, tuple):
                    self.stopping.wait(item[1])
                    continue
                connection.sendall(item.stream(request) if isinstance(item, Answer) else item)
        except (OSError, struct.error) as problem:
            self.problems.append(problem)
