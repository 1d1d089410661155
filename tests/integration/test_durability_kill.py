#!/usr/bin/env python3
"""A short run of tests/drills/drill_kill.py for every build, sanitizers too; and that the drill's
ledger notices what it must."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "drills"))

import drill_kill  # noqa: E402
import ledger as ledgers  # noqa: E402


class KillShort(drill_kill.Kill):
    default_cycles = 12


class LedgerNotices(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-ledger-")
        self.addCleanup(folder.cleanup)
        self.ledger = ledgers.Ledger(pathlib.Path(folder.name) / "acknowledged")
        self.addCleanup(self.ledger.close)

    def has(self, name, version):
        """The node's answer with that version."""
        return None if version is None else dict(enumerate(ledgers.content(name, version), 1))

    def register(self, name, is_delete=False):
        state = self.ledger.ask(name, is_delete)
        self.ledger.acknowledge(name, state)
        return state

    def expect_broken(self, name, datas):
        with self.assertRaises(ledgers.Broken):
            self.ledger.judge(name, datas)

    def test_what_may_be(self):
        one = self.register("a")
        self.ledger.judge("a", self.has("a", one))
        two = self.ledger.ask("a")
        self.ledger.judge("a", self.has("a", two))  # no answer came, and it happened
        self.ledger.ask("b")
        self.ledger.judge("b", None)  # no answer came, and it did not
        self.register("a", is_delete=True)
        self.ledger.judge("a", None)

    def test_a_lost_record(self):
        self.register("a")
        self.expect_broken("a", None)

    def test_a_lost_replacement(self):
        one = self.register("a")
        self.register("a")
        self.expect_broken("a", self.has("a", one))

    def test_a_record_that_came_back(self):
        one = self.register("a")
        self.register("a", is_delete=True)
        self.expect_broken("a", self.has("a", one))

    def test_a_record_in_part(self):
        datas = self.has("a", self.register("a"))
        self.expect_broken("a", {1: datas[1]})
        self.expect_broken("a", {1: datas[1], 2: datas[2][:-1]})
        self.expect_broken("a", {**datas, 3: b""})

    def test_one_that_was_seen_and_went(self):
        one = self.ledger.ask("a")
        self.ledger.judge("a", self.has("a", one))
        self.expect_broken("a", None)

    def test_one_that_was_refused_and_is_there(self):
        one = self.ledger.ask("a")
        self.ledger.refuse("a", one)
        self.expect_broken("a", self.has("a", one))

    def test_operations_in_the_log(self):
        self.register("a")
        self.register("a")
        self.ledger.judge_log([("a", 1), ("a", 2)])
        for entries in ([("a", 1)], [("a", 1), ("a", 2), ("a", 3)], [("a", 1), ("a", 3)],
                        [("a", 1), ("a", 1)]):
            with self.assertRaises(ledgers.Broken, msg=entries):
                self.ledger.judge_log(entries)


if __name__ == "__main__":
    unittest.main()
