#!/usr/bin/env python3
"""Proofs that cost much, asked for by one address: they keep that address waiting, not the others,
they are not looked at without end, and a stop does not wait for them."""

import contextlib
import json
import pathlib
import select
import socket
import struct
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import handle_talk  # noqa: E402
import node  # noqa: E402
from handle_crypto import string  # noqa: E402

PREFIX = "88.1.2"
USER = f"0.NA/{PREFIX}"
SECRET = b"s3cret-pass"
DEAREST = 100_000  # iterations a client may ask for
LOGIN = 2001


def secret(index, text):
    return {"index": index, "type": "HS_SECKEY", "permissions": "1100", "data": text}


# eight keys to try for an answer that names none
RECORDS = [{"handle": USER, "values": [secret(i, f"unknown-{i}") for i in range(301, 309)]},
           {"handle": f"{PREFIX}/honest", "values": [secret(300, SECRET.decode())]},
           {"handle": f"{PREFIX}/open", "values": [{"index": 1, "type": "URL", "data": "x"}]}]


def costly(index=0, iterations=DEAREST):
    answer = b"\x22" + string(bytes(16)) + struct.pack(">II", iterations, 160) + string(bytes(20))
    return handle_talk.answer_body(b"HS_SECKEY", USER, index, answer)


def talk_from(it, address):
    """A connection from another address of this machine."""
    sock = socket.create_connection(("127.0.0.1", it.port), 20, source_address=(address, 0))
    return handle_talk.Talk(it, sock=sock)


def send_wrong(it, address, index=0, iterations=DEAREST, times=1):
    talk = talk_from(it, address)
    reply = talk.ask(LOGIN, handle_talk.name(USER) + struct.pack(">I", 300) + bytes(4))
    assert reply.code == 402, reply.code
    for _ in range(times):
        talk.send(200, costly(index, iterations), session=reply.session)
    return talk


@contextlib.contextmanager
def look_ups(it, seconds):
    """Some hundred look-ups over UDP meanwhile, by another process; what came of them, at the end."""
    names = it.root / "names"
    names.write_text(f"{PREFIX}/open\n", "ascii")
    with subprocess.Popen([node.program("onymbench"), "run", "-q", "--json", "-", "--names-file",
                           names, "--rate", "200/s", "--warm-up", "0", "-d", f"{seconds}s",
                           "--timeout", "10s", f"127.0.0.1:{it.port}"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as load:
        found = {}
        yield found
        found.update(json.loads(load.communicate(timeout=60)[0])["runs"][0])


def log_in(it, address):
    who = handle_talk.Secret(f"{PREFIX}/honest", 300, SECRET)
    with talk_from(it, address) as talk:
        reply = talk.ask(LOGIN, handle_talk.name(f"{PREFIX}/honest") +
                         struct.pack(">I", 300) + bytes(4))
        sent = talk.sent
        return talk.ask(200, who.body(reply, sent), session=reply.session).code


def answers(talks):
    """How many of them have something to read."""
    return len(select.select([t.sock for t in talks], [], [], 0)[0])


class FairProofs(unittest.TestCase):
    def start(self, *settings, **more):
        it = self.enterContext(node.Node(records=RECORDS, settings=settings, **more))
        return it

    def attack(self, it, count, address="127.0.0.1", **more):
        talks = [send_wrong(it, address, **more) for _ in range(count)]
        for talk in talks:
            self.addCleanup(talk.close)
        return talks

    def test_a_login_from_elsewhere_does_not_wait_for_a_flood(self):
        it = self.start(workers=2)
        attack = self.attack(it, 60)
        began = time.monotonic()
        self.assertEqual(log_in(it, "127.0.0.2"), 1)
        took = time.monotonic() - began
        self.assertLess(answers(attack), 40, "the flood was over before the login")
        self.assertLess(took, 10 if node.is_sanitized() else 4)

    def test_a_challenge_is_looked_at_once_and_look_ups_go_on(self):
        """A flood of signatures: one verification for each challenge, however many answers come, and
        none of them on the loop, where each would keep look-ups waiting for as long as it takes."""
        challenges, times = 60, 5
        it = self.start(workers=1)
        with look_ups(it, 1) as found:
            began = time.monotonic()
            attack = self.attack(it, challenges, index=301, times=times)
            codes = [talk.receive().code for talk in attack for _ in range(times)]
            took = time.monotonic() - began
        self.assertEqual(codes, ([403] + [500] * (times - 1)) * challenges)
        time.sleep(1)  # counters are shown twice a second
        self.assertIn(f'onym_auth_attempts_total{{method="secret",result="failed"}} {challenges}\n',
                      it.http("/metrics")[2].decode())
        one_us = took / challenges * 1e6
        self.assertEqual(found["codes"], {"1": found["requests"]})
        self.assertGreater(found["requests"], 150)
        self.assertLess(found["latency_us"]["p50"], one_us / 5, "look-ups waited for proofs")

    def test_bulk_logins_of_one_address_all_succeed(self):
        it = self.start("limits.exempt=", workers=2)
        talks, bodies = [], []
        for _ in range(64):
            talk = talk_from(it, "127.0.0.3")
            self.addCleanup(talk.close)
            reply = talk.ask(LOGIN, handle_talk.name(f"{PREFIX}/honest") +
                             struct.pack(">I", 300) + bytes(4))
            who = handle_talk.Secret(f"{PREFIX}/honest", 300, SECRET)
            bodies.append((who.body(reply, talk.sent), reply.session))
            talks.append(talk)
        for talk, (body, session) in zip(talks, bodies):
            talk.send(200, body, session=session)
        self.assertEqual([talk.receive().code for talk in talks], [1] * 64)

    def test_wrong_answers_are_not_looked_at_without_end(self):
        it = self.start("limits.exempt=", "auth.http_failures=3")
        with contextlib.ExitStack() as stack:
            codes = [stack.enter_context(send_wrong(it, "127.0.0.1", index=301, iterations=10))
                     .receive().code for _ in range(5)]
        self.assertEqual(codes, [403, 403, 403, 3, 3])
        self.assertEqual(log_in(it, "127.0.0.1"), 1, "another user may try")
        with send_wrong(it, "127.0.0.2", index=301, iterations=10) as talk:
            self.assertEqual(talk.receive().code, 403, "another address may try")

    def test_a_stop_does_not_wait_for_what_was_queued(self):
        it = self.start("node.shutdown_timeout=200ms", workers=2)
        self.attack(it, 60)
        began = time.monotonic()
        self.assertEqual(it.stop(), 0)
        self.assertLess(time.monotonic() - began, 25 if node.is_sanitized() else 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
