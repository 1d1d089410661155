"""The HTTP API of a node on its Unix socket."""

import http.client
import json
import socket

import web


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path, method, target, body=None, headers=None):
    """One request; path is the socket's."""
    connection = Connection(path)
    try:
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        connection.request(method, target, body=body, headers=headers or {})
        return web.Reply(connection.getresponse())
    finally:
        connection.close()
