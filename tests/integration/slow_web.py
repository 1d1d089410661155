#!/usr/bin/env python3
"""What a connection of the HTTP API may take its time with: 75 s without life and no longer."""

import pathlib
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import web  # noqa: E402

IDLE = 75
GRACE = 8


def ends_after(sock, send=None, every=1.0, limit=200):
    """Seconds until the node ends the connection, while send(sock) is called again and again."""
    began = time.monotonic()
    sock.settimeout(every)
    while time.monotonic() - began < limit:
        try:
            if send is not None:
                send(sock)
            if not sock.recv(65536):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


class Idle(unittest.TestCase):
    def test_connections_without_life_end(self):
        with web.Web(workers=2) as it:
            context = it.client()
            found = {}
            head = f"GET /api/handles/{web.USER} HTTP/1.1\r\nHost: n\r\n".encode()

            def watch(name, first, send=None):
                with it.raw(context=context, timeout=30) as sock:
                    if first:
                        sock.sendall(first)
                    found[name] = ends_after(sock, send)

            body = (f"PUT /api/handles/{web.PREFIX}/x HTTP/1.1\r\nHost: n\r\n"
                    "Content-Length: 2000000\r\n\r\n").encode()
            jobs = {
                "silent": (b"", None),
                "answered": (head + b"\r\n", None),
                "half a head": (head, None),
                "a head byte by byte": (head, lambda s: s.sendall(b"A: b\r\n"[:1])),
                "a body byte by byte": (body, lambda s: s.sendall(b"x")),
                "a body at a pace": (body, lambda s: s.sendall(b" " * 8192)),
            }
            threads = [threading.Thread(target=watch, args=(name, *job))
                       for name, job in jobs.items()]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for name, took in found.items():
            print(f"{name}: {took:.1f} s", file=sys.stderr)
        for name in ("silent", "answered", "half a head", "a head byte by byte",
                     "a body byte by byte"):
            self.assertGreater(found[name], IDLE - 2, name)
            self.assertLess(found[name], IDLE + GRACE, name)
        self.assertGreater(found["a body at a pace"], 2 * IDLE)


if __name__ == "__main__":
    unittest.main()
