#!/usr/bin/env python3
"""The k-th allocation or system call fails: the node reports it and goes on, or ends with a line
that says why. It never dies by a signal, never acknowledges what is not on the disk, never calls
failed what happened, and works again when the trouble is over.

    --limit N    highest k (300)
    --sample N   cases of one scenario, drawn by the seed (80); 0 = all
    --seed N
"""

import contextlib
import http.client
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import faults  # noqa: E402
import ledger as ledgers  # noqa: E402
import options  # noqa: E402
import registrar  # noqa: E402
from registrar import node  # noqa: E402

KNOWN = {f"{registrar.PREFIX}/known-{i}": f"value {i}".encode() for i in range(20)}
RECORDS = registrar.RECORDS + [
    {"handle": name, "values": [{"index": 1, "type": "URL", "data": data.decode()}]}
    for name, data in KNOWN.items()]
START_SECONDS = 15
GOOD_AGAIN_SECONDS = 15
KILLED_OPERATIONS = 8
LOGIN_LOGGED_SECONDS = 0.02  # its entry is a commit of its own, whose failure is no registration's
# Codes in which a node in trouble answers: error, busy, read only.
TROUBLE = (2, 3, 7)
NOT_KNOWN = "not known"


def dump(text, count=1500):
    return text[-count:]


class Faults(unittest.TestCase):
    def setUp(self):
        self.seed = options.seed()
        self.random = random.Random(f"{self.seed} {self.id()}")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="onym-drill-faults-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.control = faults.Control(self.root / "control")
        self.addCleanup(self.control.close)
        self.began = time.monotonic()

    def cases(self, seen, calls):
        """(call, k, times, errno): each k once alone and once for good; a sample of them. The
        kernel takes one connection out of the queue for each accept that fails with
        ECONNABORTED, so that never goes on for good."""
        limit, sample = options.number("limit", 300), options.number("sample", 80)
        found = [(call, k, times, error) for call in calls for error in faults.ERRORS[call]
                 for k in range(1, min(seen[call], limit) + 1)
                 for times in ((0, 3) if call == "accept" else (0, faults.ON))]
        if sample and len(found) > sample:
            # of rare calls all, of the others some
            rare = [case for case in found if min(seen[case[0]], limit) * 2 <= 12]
            rest = [case for case in found if case not in rare]
            found = rare + self.random.sample(rest, max(0, sample - len(rare)))
        return found

    def say(self, what, cases, counted):
        counts = ", ".join(f"{number} {text}" for text, number in sorted(counted.items()))
        options.say(f"drill faults: {what}: seed {self.seed}, {len(cases)} cases: {counts}; "
                    f"{time.monotonic() - self.began:.0f} s")

    def new_node(self, name):
        it = node.Node(records=None, settings=registrar.SETTINGS, workers=2,
                       directory=self.fresh(name), environment=self.control.environment())
        self.addCleanup(it.kill)
        return it

    def fresh(self, name):
        path = self.root / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def expect_known(self, it):
        with registrar.Connection(it) as connection:
            for name, reply in connection.resolve_all(KNOWN).items():
                self.assertEqual((reply.code, reply.datas().get(1)), (1, KNOWN[name]))


def wait_ready_or_end(it, seconds=START_SECONDS):
    """True when the node got ready, False when it ended, None when neither in that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if it.process.poll() is not None:
            return False
        with contextlib.suppress(OSError, http.client.HTTPException):
            if it.http("/readyz", timeout=1)[0] == 200:
                return True
        time.sleep(0.01)
    return None


class Start(Faults):
    def setUp(self):
        super().setUp()
        node.load(self.root / "loaded", RECORDS)
        self.ledger = ledgers.Ledger(self.root / "acknowledged")
        self.addCleanup(self.ledger.close)

    def expect_known(self, it):
        super().expect_known(it)
        if not self.ledger.state:
            return
        with registrar.Connection(it) as connection:
            for name, reply in connection.resolve_all(list(self.ledger.state)).items():
                self.assertIn(reply.code, (1, 100))
                self.ledger.judge(name, reply.datas() if reply.code == 1 else None)

    def prepare(self):
        it = self.new_node("node")
        shutil.rmtree(it.data)
        if self.with_data:
            shutil.copytree(self.root / "loaded", it.data)
        it.log_path.write_text("")
        return it

    def once(self, case):
        """Returns in a word how it went."""
        it = self.prepare()
        call, k, times, error = case
        self.control.arm(call, k, times, error)
        it.start(wait=False)
        ready = wait_ready_or_end(it, 1 if times else START_SECONDS)
        self.control.disarm()
        if ready is None:  # it runs, but cannot even say so before the trouble is over
            ready = wait_ready_or_end(it)
        self.assertIsNotNone(ready, f"neither ready nor ended\n{it.log_tail()}")
        if ready:
            if self.with_data:
                self.expect_known(it)
            self.assertEqual(it.stop(), 0)
        else:
            status = it.process.wait()
            it.process = None
            lines = [line for line in it.log().splitlines() if not line.startswith("{")]
            self.assertIn(status, (1, 78), f"ended by a signal or oddly\n{it.log_tail()}")
            self.assertEqual(len(lines), 1, f"one line says why\n{it.log_tail()}")
        if self.control.failed() > 0 or not ready:
            it.start()
            if self.with_data:
                self.expect_known(it)
            self.assertEqual(it.stop(), 0)
        return "went on" if ready else "ended with a line"

    def scenario(self, what, with_data):
        self.with_data = with_data
        it = self.prepare()
        self.control.arm()
        it.start()
        seen = self.control.seen()
        it.stop()
        counted = {}
        cases = self.cases(seen, ("memory", "write", "sync", "cut", "map", "open", "read"))
        for case in cases:
            with self.subTest(case):
                end = self.once(case)
                counted[end] = counted.get(end, 0) + 1
        self.say(what, cases, counted)

    def test_start(self):
        self.scenario("start", True)

    def test_first_start(self):
        self.scenario("first start", False)

    def test_start_behind_a_kill(self):
        """What was acknowledged stands in the journal alone, and is written again."""
        it = self.new_node("killed")
        shutil.rmtree(it.data)
        shutil.copytree(self.root / "loaded", it.data)
        it.start()
        with registrar.Connection(it) as connection:
            self.assertEqual(connection.login(), registrar.DONE)
            for i in range(KILLED_OPERATIONS):
                name = f"{registrar.PREFIX}/killed-{i}"
                state = self.ledger.ask(name)
                connection.create(name, ledgers.content(name, state))
                self.assertEqual(connection.receive().code, registrar.DONE)
                self.ledger.acknowledge(name, state)
                if i == 1:
                    shutil.copy(it.data / "data.mdb", self.root / "early")
        it.kill()
        shutil.rmtree(self.root / "loaded")
        shutil.copytree(it.data, self.root / "loaded", ignore=shutil.ignore_patterns("*.sock"))
        shutil.copy(self.root / "early", self.root / "loaded" / "data.mdb")
        self.scenario("start behind a kill", True)


class Load(Faults):
    ROWS = 400

    def load(self, data, environment):
        return subprocess.run([str(node.program("onymctl")), "load", "--no-progress", "--data",
                               str(data), str(self.root / "rows")], capture_output=True,
                              text=True, timeout=30, check=False,
                              env=dict(os.environ, **environment))

    def rows(self, data):
        """Identifiers in a store that holds; 0 when there is none."""
        if not (data / "data.mdb").exists():
            return 0
        done = subprocess.run([str(node.program("onymctl")), "--json", "check", "--data",
                               str(data)], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stdout.split('"handles":')[1].split(",")[0])

    def scenario(self, what, before):
        source = "".join(f'{{"handle":"88.1.2/{i}","values":[{{"index":1,"type":"URL",'
                         f'"data":"u{i}"}}]}}\n' for i in range(self.ROWS))
        (self.root / "rows").write_text(source, "ascii")
        template = self.root / "template"
        if before:
            node.load(template, RECORDS)
        else:
            template.mkdir()
        data = self.root / "data"
        shutil.copytree(template, data)
        was = self.rows(data)
        self.control.arm()
        self.assertEqual(self.load(data, self.control.environment()).returncode, 0)
        counted = {}
        cases = self.cases(self.control.seen(), (
            "memory", "write", "sync", "cut", "map", "open", "read"))
        for case in cases:
            with self.subTest(case):
                shutil.rmtree(data)
                shutil.copytree(template, data)
                call, k, times, error = case
                self.control.arm(call, k, times, error)
                done = self.load(data, self.control.environment())
                self.control.disarm()
                self.assertIn(done.returncode, (0, 1, 5, 7), done.stderr)
                if done.returncode != 0:
                    self.assertRegex(done.stderr, r"\S", "it says why")
                    rows = (was, was + self.ROWS) if done.returncode == 7 else (was,)
                    self.assertIn(self.rows(data), rows, done.stderr)
                    again = self.load(data, {})
                    self.assertEqual(again.returncode, 0, again.stderr)
                    end = "unknown" if done.returncode == 7 else "refused with a line"
                else:
                    end = "went on"
                self.assertEqual(self.rows(data), was + self.ROWS)
                counted[end] = counted.get(end, 0) + 1
        self.say(what, cases, counted)

    def test_load(self):
        self.scenario("load", before=False)

    def test_load_into_records(self):
        self.scenario("load into records", before=True)


class Running(Faults):
    """One node meets every case; after each it must be as good as before."""

    def setUp(self):
        super().setUp()
        self.node = self.new_node("node")
        shutil.rmtree(self.node.data)
        node.load(self.node.data, RECORDS)
        self.node.start()

    def expect_alive(self, case):
        status = self.node.process.poll()
        if status is not None:
            tail = self.node.log_tail()
            self.node.process = None
            self.node.start()
            self.fail(f"{case}: onymd ended with status {status}\n{tail}")


class Resolve(Running):
    def ask_tcp(self):
        with registrar.Connection(self.node, timeout=2) as connection:
            for name, data in list(KNOWN.items())[:3]:
                reply = connection.ask(registrar.RESOLVE, registrar.string(name.encode()) +
                                       bytes(8))
                if reply.code not in TROUBLE:
                    self.assertEqual((reply.code, reply.datas().get(1)), (1, data))
            missing = registrar.string(f"{registrar.PREFIX}/none".encode()) + bytes(8)
            self.assertIn(connection.ask(registrar.RESOLVE, missing).code, (100, *TROUBLE))

    def ask_udp(self, seconds):
        for i, (name, data) in enumerate(list(KNOWN.items())[:3]):
            request = registrar.message(registrar.RESOLVE, registrar.string(name.encode()) +
                                        bytes(8), i + 1)
            reply = registrar.Reply(self.node.udp(request, timeout=seconds))
            if reply.code not in TROUBLE:
                self.assertEqual((reply.code, reply.datas().get(1)), (1, data))

    def ask_all(self, udp_seconds=0.3):
        """How many of the ways answered."""
        count = 0
        for way in (self.ask_tcp, lambda: self.ask_udp(udp_seconds), self.ask_tcp):
            with contextlib.suppress(OSError):
                way()
                count += 1
        return count

    def test_resolve(self):
        for _ in range(3):  # what is done once only
            self.ask_all()
        self.control.arm()
        self.assertEqual(self.ask_all(udp_seconds=5), 3)
        counted = {}
        cases = self.cases(self.control.seen(), ("memory", "accept", "map", "open"))
        for case in cases:
            with self.subTest(case):
                call, k, times, error = case
                self.control.arm(call, k, times, error)
                count = self.ask_all()
                self.control.disarm()
                self.expect_alive(case)
                self.expect_known(self.node)
                end = "all answered" if count == 3 else "some answered" if count else "silence"
                counted[end] = counted.get(end, 0) + 1
        self.assertEqual(self.node.stop(), 0)
        self.say("resolve", cases, counted)


class Register(Running):
    OPERATIONS = 4

    def setUp(self):
        super().setUp()
        self.ledger = ledgers.Ledger(self.root / "acknowledged")
        self.addCleanup(self.ledger.close)

    def operate(self, connection, name, call):
        """One registration. Returns its outcome in a word."""
        before = self.control.failed()
        state = self.ledger.ask(name)
        connection.create(name, ledgers.content(name, state))
        reply = connection.receive()
        if reply.code == registrar.DONE:
            self.ledger.acknowledge(name, state)
            if call in ("write", "sync"):
                self.assertEqual(self.control.failed(), before,
                                 "acknowledged although the disk failed")
            return "done"
        self.assertIn(reply.code, TROUBLE, reply.text())
        if NOT_KNOWN in reply.text():
            return "unknown"
        self.ledger.refuse(name, state)
        return "refused"

    def session(self, front, call):
        """Several registrations on a connection of its own; outcomes as a set of words."""
        ends = set()
        try:
            with registrar.Connection(self.node, timeout=4) as connection:
                if connection.login() != registrar.DONE:
                    return {"no login"}
                time.sleep(LOGIN_LOGGED_SECONDS)
                for i in range(self.OPERATIONS):
                    ends.add(self.operate(connection, f"{front}-{i}", call))
        except OSError:
            ends.add("no answer")
        return ends

    def wait_good(self):
        """Registrations work again."""
        until = time.monotonic() + GOOD_AGAIN_SECONDS
        while time.monotonic() < until:
            if self.session(f"{registrar.PREFIX}/good", None) == {"done"}:
                return
            time.sleep(0.05)
        self.fail(f"no registrations {GOOD_AGAIN_SECONDS} s after the fault\n"
                  f"{self.node.log_tail()}")

    def judge(self, names):
        with registrar.Connection(self.node) as connection:
            for name, reply in connection.resolve_all(names).items():
                self.assertIn(reply.code, (1, 100))
                self.ledger.judge(name, reply.datas() if reply.code == 1 else None)

    def test_register(self):
        self.session(f"{registrar.PREFIX}/warm", None)
        self.control.arm()
        self.assertEqual(self.session(f"{registrar.PREFIX}/calm", None), {"done"})
        counted = {}
        cases = self.cases(self.control.seen(), ("memory", "write", "sync", "map", "accept"))
        for number, case in enumerate(cases):
            with self.subTest(case):
                call, k, times, error = case
                self.control.arm(call, k, times, error)
                front = f"{registrar.PREFIX}/{number}"
                ends = self.session(front, call)
                self.control.disarm()
                self.expect_alive(case)
                self.wait_good()
                names = [name for name in self.ledger.state
                         if name.startswith((front + "-", f"{registrar.PREFIX}/good"))]
                self.judge(names)
                for end in ends:
                    counted[end] = counted.get(end, 0) + 1
        self.node.kill()
        for words in (("check",), ("audit", "verify")):
            done = subprocess.run([str(node.program("onymctl")), *words, "--data",
                                   str(self.node.data)], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.node.start()
        self.judge(self.ledger.state)
        self.assertEqual(self.node.stop(), 0)
        self.say("register", cases, counted)


if __name__ == "__main__":
    options.main("limit", "sample")
