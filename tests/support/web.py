"""A node whose HTTP API runs, and Python's own http.client to talk to it.

    with web.Web(records=web.RECORDS) as it:
        reply = it.ask("GET", "/api/handles/88.300.15907/x", login=web.ADMIN)
"""

import base64
import contextlib
import http.client
import json
import select
import socket
import ssl
import time
import urllib.parse

import node
import secured

PREFIX = "88.300.15907"
USER = f"0.NA/{PREFIX}"
SECRET = "s3cret-pass"
ADMIN = (f"301:{USER}", SECRET)


def admin_value(index=100, handle=USER, key=200, permissions="111111111111"):
    return {"index": index, "type": "HS_ADMIN", "data": {
        "format": "admin", "value": {"handle": handle, "index": key, "permissions": permissions}}}


def secret_value(index, text):
    return {"index": index, "type": "HS_SECKEY", "permissions": "1100", "data": text}


def group_value(index, *members):
    return {"index": index, "type": "HS_VLIST", "data": {
        "format": "vlist", "value": [{"handle": h, "index": i} for h, i in members]}}


RECORDS = [{"handle": USER, "values": [admin_value(), group_value(200, (USER, 301), (USER, 302)),
                                       secret_value(301, SECRET)]}]


def basic(user, secret):
    """pyhandle's way: the user percent-encoded, so that the first colon ends it."""
    pair = urllib.parse.quote(user, safe="") + ":" + secret
    return "Basic " + base64.b64encode(pair.encode()).decode()


class Reply:
    def __init__(self, reply):
        self.status = reply.status
        self.reason = reply.reason
        self.headers = reply.headers
        self.body = reply.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json.get("responseCode") if self.body else None

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Web(secured.Secured):
    """settings as of node.Node; listen.http too, when plain is true."""

    def __init__(self, plain=True, records=None, **more):
        super().__init__(records=RECORDS if records is None else records, **more)
        self.http_port = node.free_port()
        if plain:
            self.settings.append(f"listen.http=127.0.0.1:{self.http_port}")

    def https(self, timeout=20, context=None):
        return http.client.HTTPSConnection("127.0.0.1", self.https_port, timeout=timeout,
                                           context=context or self.client())

    def plain(self, timeout=20):
        return http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout)

    def ask(self, method, path, body=None, login=None, headers=None, connection=None, tls=True,
            context=None):
        """One request; on a connection of its own unless one is given."""
        headers = dict(headers or {})
        if login is not None:
            headers.setdefault("Authorization", basic(*login))
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body, ensure_ascii=False)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        mine = connection or (self.https(context=context) if tls else self.plain())
        try:
            mine.request(method, path, body=body, headers=headers)
            return Reply(mine.getresponse())
        finally:
            if connection is None:
                mine.close()

    def wait_metric(self, line, least, seconds=10):
        """Until a counter, which is published twice a second, has come so far."""
        until = time.monotonic() + seconds
        while (self.metric(line) or 0) < least:
            if time.monotonic() > until:
                raise node.NodeError(f"{line} is {self.metric(line)}, not {least}")
            time.sleep(0.05)

    def raw(self, timeout=10, context=None):
        """A TLS socket to the API."""
        plain = socket.create_connection(("127.0.0.1", self.https_port), timeout)
        try:
            return (context or self.client()).wrap_socket(plain, server_hostname="127.0.0.1")
        except BaseException:
            plain.close()
            raise


def read_replies(sock, count):
    """That many answers from a raw socket: (status, headers, body)."""
    found = []
    file = sock.makefile("rb")
    with contextlib.closing(file):
        for _ in range(count):
            line = file.readline()
            if not line:
                raise ConnectionError(f"closed after {len(found)} answers")
            headers = http.client.parse_headers(file)
            found.append((int(line.split()[1]), headers,
                          file.read(int(headers.get("Content-Length", 0)))))
    return found


def converse(sock, chunks, size=65536, deaf_s=0.0):
    """Sends and reads by turns, in one thread: a TLS object does not serve two. Yields what comes
    until the peer ends it; reads nothing for so many seconds."""
    sock.settimeout(0)
    chunks, out = iter(chunks), b""
    began = time.monotonic()
    while time.monotonic() < began + 60:
        moved = False
        out = out or next(chunks, b"")  # once no more is to come, nothing is sent
        try:
            sent = sock.send(out) if out else 0
            out, moved = out[sent:], sent > 0
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:  # what it said before may still come
            chunks, out = iter(()), b""
        try:
            piece = sock.recv(size) if time.monotonic() >= began + deaf_s else None
            if piece == b"":
                return
            if piece:
                moved = True
                yield piece
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            return
        if not moved:
            select.select([sock], [sock] if out else [], [], 0.05)
    raise TimeoutError("the conversation went on for a minute")


__all__ = ["ADMIN", "PREFIX", "RECORDS", "SECRET", "USER", "Reply", "Web", "admin_value", "basic",
           "converse", "group_value", "read_replies", "secret_value", "ssl"]
