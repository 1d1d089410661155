"""Readers against writers: no answer may be older than the last change that anybody was told of
before the request was sent.

Every step of a record has a number, and its value tells it. Writers note a step when its success
has arrived; readers note what was noted, ask, and compare with what they get. Both share nothing
but that note, as two users of the node would on the telephone.
"""

import json
import random
import struct
import threading
import time
import urllib.parse

import node
from handle_talk import OWN, Reply, Session, name, string, value, values

BURST = 8  # requests sent together, so that they are answered together
CREATE, DELETE, MODIFY = 100, 101, 104


def request(handle, request_id):
    body = name(handle) + bytes(8)
    message = struct.pack(">IIIHBBII", 1, 0, 0x19000000, 0xFFFF, 0, 0, 2_000_000_000,
                          len(body)) + body + string(b"")
    return bytes([*OWN, OWN[0], OWN[1]]) + struct.pack(">IIII", 0, request_id, 0,
                                                       len(message)) + message


def step_in(reply):
    """The step an answer tells, or None when the record is not there."""
    if reply.code == 100:
        return None
    assert reply.code == 1, reply.code
    at = 4 + struct.unpack(">I", reply.body[:4])[0] + 4 + 14  # name, count, numbers of the value
    at += 4 + struct.unpack_from(">I", reply.body, at)[0]     # type
    size = struct.unpack_from(">I", reply.body, at)[0]
    return int(reply.body[at + 4:at + 4 + size])


def step_in_json(status, body):
    """The same of an answer of the Handle JSON API."""
    if status == 404:
        return None
    assert status == 200, (status, body)
    return int(json.loads(body)["values"][0]["data"]["value"])


class Race:
    """run() for some seconds against a web.Web, over each of its ways; raises AssertionError with the
    first answer that was too old."""

    def __init__(self, it, who, prefix, names=24, seed=1):
        self.it, self.who, self.seed = it, who, seed
        self.names = [f"{prefix}/RACE.{i}" for i in range(names)]
        self.told = dict.fromkeys(self.names, 0)   # the last step anybody was told of
        self.erased = dict.fromkeys(self.names, 0)  # the last step that began to delete
        self.prefix, self.made = prefix, 0  # so many names were made that nobody had before
        self.failures = []
        self.answers = dict.fromkeys(("UDP", "TCP", "TLS", "HTTP", "HTTPS"), 0)
        self.changes = 0
        self.until = 0.0

    def going(self):
        return time.monotonic() < self.until and not self.failures

    def step(self, session, handle, opcode, number):
        if opcode == DELETE:
            self.erased[handle] = number
            body = name(handle)
        else:
            body = values(handle, value(1, "STEP", str(number)))
        reply = session.do(opcode, body)
        assert reply.code == 1, (opcode, handle, reply.code, reply.body)
        self.told[handle] = number
        self.changes += 1

    def write(self, step, sender, names, seed):
        dice = random.Random(seed)
        number = 0
        while self.going():
            handle = dice.choice(names)
            if dice.randrange(4) == 0:
                step(sender, handle, DELETE, number + 1)
                step(sender, handle, CREATE, number + 2)
            else:
                step(sender, handle, MODIFY, number + 2)
            number += 2

    def write_tcp(self, names, seed):
        self.write(self.step, Session(self.it, self.who), names, seed)

    def step_https(self, connection, handle, opcode, number):
        target = "/api/v1/identifiers/" + urllib.parse.quote(handle, safe="")
        login = (f"{self.who.index}:{self.who.user}", self.who.secret.decode())
        if opcode == DELETE:
            self.erased[handle] = number
            reply = self.it.ask("DELETE", target, login=login, connection=connection)
        else:
            reply = self.it.ask("PUT", target, {"values": [
                {"index": 1, "type": "STEP", "data": str(number)}]}, login, connection=connection)
        assert reply.status in (200, 201), (opcode, handle, reply)
        self.told[handle] = number
        self.changes += 1

    def write_https(self, names, seed):
        connection = self.it.https()
        try:
            self.write(self.step_https, connection, names, seed)
        finally:
            connection.close()

    def write_new(self):
        """Names that were never there; readers ask for them just before and just after."""
        session = Session(self.it, self.who)
        while self.going():
            self.step(session, self.new_name(self.made), CREATE, 1)
            self.made += 1

    def new_name(self, number):
        return f"{self.prefix}/NEW.{number}"

    def some_name(self, dice):
        if dice.randrange(4) == 0:
            return self.new_name(max(self.made + dice.randrange(-2, 2), 0))
        return dice.choice(self.names)

    def judge(self, handle, told, step, how):
        good = self.erased.get(handle, 0) >= told if step is None else step >= told
        if not good:
            self.failures.append(f"{handle} over {how}: step {told} was told before the request "
                                 f"was sent, the answer was step {step}")
        self.answers[how] += 1

    def burst(self, dice, send, receive, how):
        asked = {}
        for request_id in range(BURST):
            handle = self.some_name(dice)
            asked[request_id] = (handle, self.told.get(handle, 0))
            send(request(handle, request_id))
        for _ in asked:
            reply = Reply(receive())
            self.judge(*asked[reply.request_id], step_in(reply), how)

    def read_udp(self, seed):
        dice = random.Random(seed)
        socks = [node.udp_socket(self.it.address, self.it.port, 10) for _ in range(6)]
        try:
            while self.going():  # one port reaches one worker
                sock = dice.choice(socks)
                self.burst(dice, sock.send, lambda sock=sock: sock.recv(65536), "UDP")
        finally:
            for sock in socks:
                sock.close()

    def read_stream(self, seed, connect, how):
        dice = random.Random(seed)
        socks = [connect() for _ in range(6)]
        try:
            while self.going():
                sock = dice.choice(socks)
                self.burst(dice, sock.sendall, lambda sock=sock: node.read_message(sock), how)
        finally:
            for sock in socks:
                sock.close()

    def read_web(self, seed, connect, how):
        dice = random.Random(seed)
        connections = [connect() for _ in range(6)]
        try:
            while self.going():
                connection, handle = dice.choice(connections), self.some_name(dice)
                told = self.told.get(handle, 0)
                connection.request("GET", f"/api/handles/{handle}")
                reply = connection.getresponse()
                self.judge(handle, told, step_in_json(reply.status, reply.read()), how)
        finally:
            for connection in connections:
                connection.close()

    def guarded(self, work, *arguments):
        try:
            work(*arguments)
        except BaseException as error:  # pylint: disable=broad-except
            self.failures.append(f"{work.__name__}: {error!r}")

    def run(self, seconds):
        session = Session(self.it, self.who)
        for handle in self.names:
            body = values(handle, value(1, "STEP", "0"))
            assert session.do(CREATE, body).code == 1, handle
        self.until = time.monotonic() + seconds
        seed, part = self.seed, len(self.names) // 3
        threads = [threading.Thread(target=self.guarded, args=args) for args in (
            (self.write_tcp, self.names[:part], seed), (self.write_tcp, self.names[part:-part], seed),
            (self.write_https, self.names[-part:], seed), (self.write_new,), (self.read_udp, seed),
            (self.read_stream, seed, lambda: self.it.tcp_connect(10), "TCP"),
            (self.read_stream, seed, self.it.connect, "TLS"),
            (self.read_web, seed, self.it.plain, "HTTP"),
            (self.read_web, seed, self.it.https, "HTTPS"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.failures, f"seed {self.seed}: " + "; ".join(self.failures)


def lookups(it):
    """How often the cache had the record, had none, had an old one, and none could be there."""
    text = it.http("/metrics")[2].decode()
    found = {}
    for line in text.splitlines():
        if line.startswith("onym_cache_lookups_total{"):
            found[line.split('"')[1]] = int(line.split()[-1])
    return found
