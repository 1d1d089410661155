"""An onymd with a certificate from onymctl init, and clients of other makes.

    with secured.Secured(records=secured.RECORDS) as it:
        with it.connect() as sock:
            sock.sendall(secured.request(secured.NAME))
"""

import contextlib
import select
import signal
import socket
import ssl
import struct
import subprocess
import time

import node

NAME = "88.1.2/crankshaft"
RECORDS = [
    {"handle": "0.NA/88.1.2", "values": [{"index": 1, "type": "DESC", "data": "曲轴厂"}]},
    {"handle": NAME, "values": [{"index": 1, "type": "URL", "data": "https://example.cn/1"}]},
    {"handle": "88.1.2/long", "values": [{"index": i, "type": "DESC", "data": "x" * 1000}
                                         for i in range(1, 101)]},
]


def request(name, request_id=7):
    body = struct.pack(">I", len(name.encode())) + name.encode() + bytes(8)
    message = struct.pack(">IIIHBBII", 1, 0, 0x19000000, 0xFFFF, 0, 0, 2_000_000_000, len(body))
    message += body + bytes(4)
    return bytes([2, 11, 2, 11]) + struct.pack(">IIII", 0, request_id, 0, len(message)) + message


def code(reply):
    return struct.unpack(">I", reply[24:28])[0]


def run(*words, **more):
    return subprocess.run(list(map(str, words)), capture_output=True, timeout=60, check=False,
                          **more)


def openssl(*words, **more):
    done = run("openssl", *words, **more)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, words))}: {done.stderr.decode()}")
    return done.stdout.decode()


def self_signed(folder, name, algorithm=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """A certificate that signs itself: (certificate, key)."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    openssl("req", "-x509", *algorithm, "-nodes", "-days", "30", "-subj", f"/CN={name}", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate)
    key.chmod(0o600)
    return certificate, key


class Secured(node.Node):
    """A node with a certificate from onymctl init, in the folder pki of its directory."""

    def __init__(self, settings=(), certificate=None, key=None, **more):
        super().__init__(settings=settings, **more)
        self.tls_port = node.free_port()
        self.https_port = node.free_port()
        self.pki = self.root / "pki"
        self.init()
        self.ca = self.pki / "tls" / "ca.crt"
        self.settings += [
            f"listen.handle_tls=127.0.0.1:{self.tls_port}",
            f"listen.https=127.0.0.1:{self.https_port}",
            f"tls.certificate_file={certificate or self.pki / 'tls' / 'server.crt'}",
            f"tls.key_file={key or self.pki / 'tls' / 'server.key'}"]

    def init(self, *words):
        done = run(node.program("onymctl"), "init", "--dir", self.pki, "--yes", *words)
        if done.returncode != 0:
            raise node.NodeError(done.stderr.decode())

    def client(self, version=None, ca=None, certificate=None):
        context = ssl.create_default_context(cafile=str(ca or self.ca))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if certificate is not None:
            context.load_cert_chain(*certificate)
        return context

    def connect(self, context=None, timeout=10, **more):
        plain = socket.create_connection(("127.0.0.1", self.tls_port), timeout)
        try:
            return (context or self.client()).wrap_socket(plain, server_hostname="127.0.0.1",
                                                          **more)
        except BaseException:
            plain.close()
            raise

    def ask(self, name=NAME, context=None):
        with self.connect(context) as sock:
            sock.sendall(request(name))
            return code(node.read_message(sock))

    @staticmethod
    def pipeline(sock, requests, count, seconds=30):
        """Sends while it reads, on one thread, which is all that OpenSSL allows a connection: a
        second one makes Python's ssl take a pause for the end. The replies, as they come."""
        sock.setblocking(False)
        until = time.monotonic() + seconds
        got = bytearray()
        while count > 0:
            if time.monotonic() > until:
                raise node.NodeError(f"{count} replies are missing after {seconds} s")
            select.select([sock], [sock] if requests else [], [], 1)
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if requests:
                    requests = requests[sock.send(requests):]
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                piece = sock.recv(65536)
                if not piece:
                    raise ConnectionError(f"closed with {count} replies missing")
                got += piece
                while sock.pending():
                    got += sock.recv(65536)
            while len(got) >= 20 and len(got) >= 20 + int.from_bytes(got[16:20], "big"):
                size = 20 + int.from_bytes(got[16:20], "big")
                yield bytes(got[:size])
                del got[:size]
                count -= 1

    def s_client(self, *words, say=b""):
        done = run("openssl", "s_client", "-connect", f"127.0.0.1:{self.tls_port}", *words,
                   input=say)
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def metric(self, line):
        text = self.http("/metrics")[2].decode()
        return next((float(row.rsplit(" ", 1)[1]) for row in text.splitlines()
                     if row.startswith(line + " ")), None)

    def wait_log(self, text, count=1, seconds=10):
        until = time.monotonic() + seconds
        while self.log().count(text) < count:
            if time.monotonic() > until:
                raise node.NodeError(f"no {text} within {seconds} s\n{self.log_tail()}")
            time.sleep(0.02)

    def reload(self):
        before = self.log().count('"event":"reloaded"')
        self.signal(signal.SIGHUP)
        self.wait_log('"event":"reloaded"', before + 1)
