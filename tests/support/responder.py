"""A small server for Handle requests over UDP whose faults are known: what a load client makes of
a wrong, missing or torn answer can be told in advance."""

import random
import socket
import struct
import threading

PACKET_DATA = 492


def message(request, code, body):
    """A reply: envelope without length, and the message after it."""
    header = struct.pack(">IIIHBBII", 1, code, 0x19000000, 1, 0, 0, 2_000_000_000, len(body))
    return header + body + bytes(4)


def packets_of(request, reply, flag=0):
    parts = [reply[i:i + PACKET_DATA] for i in range(0, len(reply), PACKET_DATA)]
    return [bytes([2, 11, 2 | flag, 11]) + bytes(4) + request[8:12]
            + struct.pack(">II", number, len(reply)) + part for number, part in enumerate(parts)]


def success(request, data=b"x" * 100, name=None, count=1, values=1):
    """A record of so many values that says it has count of them."""
    length = struct.unpack_from(">I", request, 44)[0]
    name = request[48:48 + length] if name is None else name
    value = (struct.pack(">IIBIB", 1, 0, 0, 86400, 14) + struct.pack(">I", 3) + b"URL"
             + struct.pack(">I", len(data)) + data + bytes(4))
    return message(request, 1, struct.pack(">I", len(name)) + name + struct.pack(">I", count)
                   + value * values)


class Responder:
    """Answers datagrams on loopback with what `reply` gives: a list of packets."""

    def __init__(self, reply, limit=None):
        self.reply, self.limit = reply, limit
        self.seen = 0
        while True:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.port = random.randrange(12000, 32768)
                self.socket.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.socket.close()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(0.1)
        self.stopping = False
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        while not self.stopping:
            try:
                request, peer = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.seen += 1
            if self.limit is not None and self.seen > self.limit:
                continue
            for packet in self.reply(request):
                self.socket.sendto(packet, peer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        self.socket.close()


class Stranger:
    """A TCP server that answers whatever comes with a line of its own and hangs up."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(4096)
                    connection.sendall(b"220 mail.example.cn ESMTP\r\n")
                except OSError:
                    pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()
