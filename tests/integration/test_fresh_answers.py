#!/usr/bin/env python3
"""No answer is older than the last change anybody was told of before the request was sent, with
the cache in front of the store; and what the cache does to a start, a setting and the metrics."""

import pathlib
import random
import resource
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import race  # noqa: E402
import session_node  # noqa: E402
import web  # noqa: E402
from handle_talk import Reply, value, values  # noqa: E402

RACE_SECONDS = 4
TICK_SECONDS = 0.7  # counters of a worker are shown with its next tick


class Racing(session_node.WithNode):
    kind = web.Web

    def test_readers_never_see_what_was_before_an_acknowledged_change(self):
        seed = random.randrange(1 << 30)
        it = race.Race(self.node, session_node.OWNER, session_node.PREFIX, seed=seed)
        it.run(RACE_SECONDS)
        time.sleep(TICK_SECONDS)
        found = race.lookups(self.node)
        print(f"seed {seed}: {it.answers} answers judged, {it.changes} changes, cache {found}")
        for way, count in it.answers.items():
            self.assertGreater(count, 20, way)
        self.assertGreater(it.changes, 20)
        self.assertGreater(found["hit"], 0, "the race went past the cache")
        self.assertGreater(found["stale"], 0, "no change met a cached record")
        self.assertGreater(found["absent"], 0, "every absent name was looked up")

    def test_a_prefix_that_is_unhomed_is_not_answered_from_the_cache(self):
        session = self.open()
        prefix, handle = "0.NA/88.7.7", "88.7.7/X"
        home = (300, session_node.name(prefix))
        self.assertEqual(session.do(*home).code, 1)
        self.assertEqual(session.do(100, values(handle, value(1, "URL", "here"))).code, 1)
        for _ in range(6):  # both workers
            self.assertEqual(self.ask(handle).code, 1)
        self.assertEqual(session.do(301, session_node.name(prefix)).code, 1)
        for _ in range(6):
            self.assertEqual(self.ask(handle).code, 301)
        self.assertEqual(session.do(*home).code, 1)
        for _ in range(6):
            self.assertEqual(self.ask(handle).code, 1)

    def ask(self, handle):
        return Reply(self.node.udp(race.request(handle, 1)))


class Settings(unittest.TestCase):
    RECORDS = [{"handle": "0.NA/88.1.2", "values": []}] + [
        {"handle": f"88.1.2/N.{i:05d}", "values": [
            {"index": 1, "type": "URL", "data": "x" * 200}]} for i in range(1999)]

    def filled(self, it):
        """What the log says of the filling, once it is done."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for line in it.log().splitlines():
                if '"cache_filled"' in line:
                    return line
            time.sleep(0.05)
        self.fail("the cache was not filled: " + it.log_tail())

    def test_the_cache_fills_itself_from_the_store(self):
        with node.Node(records=self.RECORDS) as it:
            self.assertIn('"records":2000', self.filled(it).replace(" ", ""))
            self.assertEqual(Reply(it.udp(race.request("88.1.2/n.01998", 1))).code, 1)
            time.sleep(TICK_SECONDS)
            self.assertEqual(race.lookups(it), {"hit": 1, "miss": 0, "stale": 0, "absent": 0})
            self.assertEqual(Reply(it.udp(race.request("88.1.2/n.01999", 1))).code, 100)
            time.sleep(TICK_SECONDS)
            self.assertEqual(race.lookups(it), {"hit": 1, "miss": 1, "stale": 0, "absent": 1})

    def test_a_small_cache_takes_what_fits(self):
        with node.Node(records=self.RECORDS, settings=["cache.size=64KiB"]) as it:
            self.assertNotIn('"records":2000', self.filled(it).replace(" ", ""))
            for i in range(1999):
                self.assertEqual(Reply(it.udp(race.request(f"88.1.2/n.{i:05d}", i))).code, 1)
            for i in range(200):
                self.assertEqual(Reply(it.udp(race.request(f"88.1.2/n.{i % 10:05d}", i))).code, 1)
            time.sleep(TICK_SECONDS)
            found = race.lookups(it)
            self.assertGreaterEqual(found["hit"], 190)
            self.assertGreater(found["miss"], 1700)

    def test_without_cache_every_answer_is_read_from_the_store(self):
        with node.Node(records=self.RECORDS, settings=["cache.size=0KiB"]) as it:
            self.assertEqual(Reply(it.udp(race.request("88.1.2/n.01998", 1))).code, 1)
            time.sleep(TICK_SECONDS)
            self.assertEqual(race.lookups(it), {"hit": 0, "miss": 0, "stale": 0, "absent": 0})

    def test_a_node_that_gets_no_memory_for_the_cache_starts_without(self):
        if node.is_sanitized():
            self.skipTest("a sanitizer reserves more address space than this test allows")
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (900 << 30, before[1]))  # the node inherits it
        self.addCleanup(resource.setrlimit, resource.RLIMIT_AS, before)
        with node.Node(records=self.RECORDS, settings=["cache.size=1TiB"]) as it:
            self.assertIn('"cache_off"', it.log())
            self.assertEqual(Reply(it.udp(race.request("88.1.2/n.00001", 1))).code, 1)


if __name__ == "__main__":
    unittest.main()
