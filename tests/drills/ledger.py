"""What a client of a node knows: what it asked for, what was acknowledged, what stayed open; and
whether what the node says later can be true.

The state of a name is the version of its content, or None when there is no record. Content is
worked out from name and version, so that any mixture or remnant is seen.
"""

import random
import threading


def content(name, version):
    """The data of the values a version of a name holds."""
    chance = random.Random(f"{name} {version}")
    size = 5000 if chance.random() < 0.03 else chance.randrange(20, 400)
    return [f"{name} {version}".encode(), chance.randbytes(size // 2).hex().encode()]


def version_of(datas):
    """The version a record says to be, or -1 when it does not say."""
    text = datas.get(1, b"").decode("utf-8", "replace").rsplit(" ", 1)[-1]
    return int(text) if text.isdigit() else -1


class Broken(AssertionError):
    """A promise that was not kept."""


class Ledger:
    """Thread-safe. Every acknowledgement goes to the file at path before anybody acts on it."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="ascii", buffering=1)  # noqa: SIM115
        self.state = {}    # name: what was acknowledged or seen last
        self.open = {}     # name: states that were asked for since, without an answer
        self.sent = {}     # name: how many requests
        self.acked = {}    # name: how many acknowledgements
        self.versions = 0
        self.acknowledgements = 0

    def close(self):
        self.file.close()

    def ask(self, name, is_delete=False):
        """A request is about to be sent; returns the state it asks for."""
        with self.lock:
            self.versions += 1
            state = None if is_delete else self.versions
            self.state.setdefault(name, None)
            self.open.setdefault(name, []).append(state)
            self.sent[name] = self.sent.get(name, 0) + 1
            return state

    def acknowledge(self, name, state):
        with self.lock:
            self.file.write(f"{name} {state}\n")
            self.state[name] = state
            asked = self.open[name]
            del asked[:asked.index(state) + 1]
            self.acked[name] = self.acked.get(name, 0) + 1
            self.acknowledgements += 1

    def refuse(self, name, state):
        """The node said that nothing happened."""
        with self.lock:
            self.open[name].remove(state)
            self.sent[name] -= 1

    def judge(self, name, datas):
        """datas: what the node has ({index: bytes}), None for no record. Raises Broken; else the
        state that was seen is the one from now on."""
        with self.lock:
            possible = [self.state[name], *self.open.get(name, [])]
            if datas is None:
                seen = None
            else:
                seen = version_of(datas)
                if datas != dict(enumerate(content(name, seen), 1)):
                    raise Broken(f"{name}: not the content of version {seen}: {datas}")
            if seen not in possible:
                raise Broken(f"{name}: the node has {seen}, acknowledged is {self.state[name]}, "
                             f"without an answer are {self.open.get(name, [])}")
            self.state[name] = seen
            self.open[name] = []

    def judge_log(self, entries):
        """entries: (name, revision) of every operation in the log, in its order. Every
        acknowledged one is there, none twice, revisions grow by one."""
        count, revision = {}, {}
        for name, rev in entries:
            count[name] = count.get(name, 0) + 1
            if rev != 0 and rev != revision.get(name, 0) + 1:
                raise Broken(f"{name}: revision {rev} after {revision.get(name, 0)}")
            revision[name] = rev
        for name in self.state:
            if not self.acked.get(name, 0) <= count.get(name, 0) <= self.sent[name]:
                raise Broken(f"{name}: {count.get(name, 0)} operations in the log, "
                             f"{self.acked.get(name, 0)} acknowledged of {self.sent[name]}")
