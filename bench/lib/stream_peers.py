"""Servers over TCP that a user would pick instead: Redis with the node's names as keys, nginx with a
fixed answer over TLS. One thread or worker each, nothing logged, nothing written to disk."""

import socket
import ssl
import subprocess

from lib import common, peers
from lib.common import CannotRun


class Redis(peers.Server):
    name, program, package = "redis", "redis-server", "redis-server"

    def __init__(self, core, names, answer_bytes):
        """Each name a key, with a value that makes a reply of answer_bytes and begins with it."""
        self.path = peers.find(self.program, self.package)
        self.cli = peers.find("redis-cli", "redis-tools")
        super().__init__(core)
        self.names, self.answer_bytes = names, answer_bytes

    def command(self):
        return [self.path, "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", self.folder, "--io-threads", "1",
                "--protected-mode", "no"]

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def __enter__(self):
        super().__enter__()
        try:
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def fill(self):
        room = self.answer_bytes - len(f"${self.answer_bytes}\r\n\r\n")
        with subprocess.Popen([self.cli, "-p", str(self.port), "--pipe"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as cli:
            with open(self.names, "rb") as names:
                for line in names:
                    name = line.rstrip(b"\n")
                    cli.stdin.write(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (
                        len(name), name, room, name.ljust(room, b"x")))
            output, _ = cli.communicate(timeout=600)
        if cli.returncode != 0 or b"errors: 0" not in output:
            raise CannotRun("redis-cli --pipe: " + output.decode(errors="replace")[-200:])


class Nginx(peers.Server):
    name, program, package = "nginx", "nginx", "nginx"

    def __init__(self, core, certificate, body):
        """Answers every path over TLS with body, a JSON text."""
        self.path = peers.find(self.program, self.package)
        super().__init__(core)
        text = body.replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}")
        (self.folder / "conf").write_text(f"""
daemon off;
worker_processes 1;
error_log {self.folder}/error.log error;
pid {self.folder}/pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    client_body_temp_path {self.folder}/body;
    proxy_temp_path {self.folder}/proxy;
    fastcgi_temp_path {self.folder}/fastcgi;
    uwsgi_temp_path {self.folder}/uwsgi;
    scgi_temp_path {self.folder}/scgi;
    geo $dollar {{ default "$"; }}
    server {{
        listen 127.0.0.1:{self.port} ssl;
        ssl_certificate {certificate[0]};
        ssl_certificate_key {certificate[1]};
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        location / {{
            default_type application/json;
            return 200 '{text}';
        }}
    }}
}}
""", encoding="utf-8")

    def command(self):
        return [self.path, "-p", self.folder, "-e", self.folder / "error.log", "-c",
                self.folder / "conf"]

    def answers(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as raw, \
                 context.wrap_socket(raw) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return client.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def versions(*servers):
    return {server.name: common.package_version(server.package) for server in servers}
