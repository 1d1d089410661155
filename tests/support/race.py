"""Readers against writers: no answer may be older than the last change that anybody was told of
before the request was sent.

Every step of a record has a number, and its value tells it. Writers note a step when its success
has arrived; readers note what was noted, ask, and compare with what they get. Both share nothing
but that note, as two users of the node would on the telephone.
"""

import random
import struct
import threading
import time

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


class Race:
    """run() for some seconds; raises AssertionError with the first answer that was too old."""

    def __init__(self, it, who, prefix, names=24, seed=1):
        self.it, self.who, self.seed = it, who, seed
        self.names = [f"{prefix}/RACE.{i}" for i in range(names)]
        self.told = dict.fromkeys(self.names, 0)   # the last step anybody was told of
        self.erased = dict.fromkeys(self.names, 0)  # the last step that began to delete
        self.prefix, self.made = prefix, 0  # so many names were made that nobody had before
        self.failures = []
        self.answers = self.changes = 0
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

    def write(self, names, seed):
        session = Session(self.it, self.who)
        dice = random.Random(seed)
        number = 0
        while self.going():
            handle = dice.choice(names)
            if dice.randrange(4) == 0:
                self.step(session, handle, DELETE, number + 1)
                self.step(session, handle, CREATE, number + 2)
            else:
                self.step(session, handle, MODIFY, number + 2)
            number += 2

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

    def judge(self, handle, told, reply, how):
        step = step_in(reply)
        good = self.erased.get(handle, 0) >= told if step is None else step >= told
        if not good:
            self.failures.append(f"{handle} over {how}: step {told} was told before the request "
                                 f"was sent, the answer was step {step}")
        self.answers += 1

    def burst(self, dice, send, receive, how):
        asked = {}
        for request_id in range(BURST):
            handle = self.some_name(dice)
            asked[request_id] = (handle, self.told.get(handle, 0))
            send(request(handle, request_id))
        for _ in asked:
            reply = Reply(receive())
            self.judge(*asked[reply.request_id], reply, how)

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

    def read_tcp(self, seed):
        dice = random.Random(seed)
        socks = [self.it.tcp_connect(10) for _ in range(6)]
        try:
            while self.going():
                sock = dice.choice(socks)
                self.burst(dice, sock.sendall, lambda sock=sock: node.read_message(sock), "TCP")
        finally:
            for sock in socks:
                sock.close()

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
        half = len(self.names) // 2
        threads = [threading.Thread(target=self.guarded, args=args) for args in (
            (self.write, self.names[:half], self.seed), (self.write, self.names[half:], self.seed),
            (self.write_new,), (self.read_udp, self.seed), (self.read_tcp, self.seed))]
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
