#!/usr/bin/env python3
"""kill -9 under write load, again and again: what was acknowledged is there with its content, once;
what was not is there whole or not at all.

    --cycles N   kills (200)
    --seed N
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import ledger as ledgers  # noqa: E402
import options  # noqa: E402
import registrar  # noqa: E402
from registrar import node  # noqa: E402

WRITERS = 6
WINDOW = 8          # requests of one connection without an answer
LOAD_SECONDS = 0.2  # at most, before the kill
CHECK_EVERY = 10    # cycles


class Writer(threading.Thread):
    """Registers, replaces and deletes over one connection until the node goes away."""

    def __init__(self, it, ledger, number, cycle, seed):
        super().__init__(daemon=True)
        self.it, self.ledger = it, ledger
        self.number, self.cycle = number, cycle
        self.random = random.Random(f"{seed} {cycle} {number}")
        self.touched = set()
        self.mine = []
        self.waiting = {}
        self.problem = None

    def run(self):
        try:
            with registrar.logged_in(self.it) as connection:
                while True:
                    while len(self.waiting) < WINDOW:
                        self.send(connection)
                    self.take(connection.receive())
        except OSError:
            pass  # the kill
        except Exception as problem:  # noqa: BLE001: told to the test
            self.problem = problem

    def send(self, connection):
        old = [name for name in self.mine[-200:]
               if name not in {n for n, _ in self.waiting.values()}]
        name, is_delete = f"{registrar.PREFIX}/{self.number}-{self.cycle}-{len(self.mine)}", False
        if old and self.random.random() < 0.3:
            name = self.random.choice(old)
            is_delete = self.ledger.state[name] is not None and self.random.random() < 0.3
        else:
            self.mine.append(name)
        self.touched.add(name)
        state = self.ledger.ask(name, is_delete)
        request = (connection.delete(name) if is_delete else
                   connection.create(name, ledgers.content(name, state)))
        self.waiting[request] = (name, state)

    def take(self, reply):
        name, state = self.waiting.pop(reply.request_id)
        if reply.code != registrar.DONE:
            raise AssertionError(f"{name}: code {reply.code} {reply.text()}")
        self.ledger.acknowledge(name, state)


def offline(it, *words):
    done = subprocess.run([str(node.program("onymctl")), *words, "--data", str(it.data)],
                          capture_output=True, check=False, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"onymctl {' '.join(words)}: status {done.returncode}: "
                             f"{done.stderr.decode('utf-8', 'replace')}")
    return done.stdout


def log_entries(it):
    """(name, revision) of the operations in the log, in its order."""
    for line in offline(it, "--json", "audit", "export").splitlines():
        entry = json.loads(line)
        if "digest" in entry:  # an operation, not an event
            yield entry["id"], entry.get("rev", 0)


class Kill(unittest.TestCase):
    default_cycles = 200

    def setUp(self):
        self.cycles = options.number("cycles", self.default_cycles)
        self.seed = options.seed()
        self.random = random.Random(self.seed)
        folder = tempfile.TemporaryDirectory(prefix="onym-drill-kill-")
        self.addCleanup(folder.cleanup)
        self.ledger = ledgers.Ledger(pathlib.Path(folder.name) / "acknowledged")
        self.addCleanup(self.ledger.close)
        self.node = node.Node(records=registrar.RECORDS, settings=registrar.SETTINGS, workers=2)
        self.addCleanup(self.node.__exit__, RuntimeError, None, None)
        self.restarts = []

    def start(self):
        """Sometimes the node is killed while it starts, too."""
        if self.random.random() < 0.1:
            self.node.start(wait=False)
            time.sleep(self.random.uniform(0, 0.08))
            self.node.kill()
        began = time.monotonic()
        self.node.start()
        self.restarts.append(time.monotonic() - began)

    def verify(self, names):
        with registrar.Connection(self.node) as connection:
            for name, reply in connection.resolve_all(names).items():
                self.assertIn(reply.code, (registrar.DONE, registrar.NOT_FOUND), name)
                self.ledger.judge(name, reply.datas() if reply.code == registrar.DONE else None)

    def load_and_kill(self, cycle):
        writers = [Writer(self.node, self.ledger, i, cycle, self.seed) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(self.random.uniform(0.02, LOAD_SECONDS))
        self.node.kill()
        for writer in writers:
            writer.join(30)
            self.assertFalse(writer.is_alive(), "a writer hangs")
            if writer.problem is not None:
                raise writer.problem
        return set().union(*(writer.touched for writer in writers))

    def check_offline(self):
        offline(self.node, "check")
        offline(self.node, "audit", "verify")

    def test_nothing_acknowledged_is_lost(self):
        options.say(f"drill kill: seed {self.seed}, {self.cycles} cycles")
        began = time.monotonic()
        for cycle in range(self.cycles):
            self.start()
            touched = self.load_and_kill(cycle)
            if cycle % CHECK_EVERY == 0:
                self.check_offline()
            self.start()
            self.verify(touched)
            self.node.kill()
        self.check_offline()
        self.ledger.judge_log(log_entries(self.node))
        self.start()
        self.verify(self.ledger.state)
        self.assertEqual(self.node.stop(), 0)
        self.assertGreater(self.ledger.acknowledgements, self.cycles, "there was no load")
        self.restarts.sort()
        options.say(f"drill kill: {self.cycles} kills, {self.ledger.acknowledgements} acknowledged "
                    f"operations on {len(self.ledger.state)} names, 0 lost, 0 twice; restart median "
                    f"{self.restarts[len(self.restarts) // 2] * 1000:.0f} ms, slowest "
                    f"{self.restarts[-1] * 1000:.0f} ms; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    options.main("cycles")
