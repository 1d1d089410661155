#!/usr/bin/env python3
"""A minute of readers against writers: no answer may be older than what was acknowledged."""

import pathlib
import random
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import race  # noqa: E402
import session_node  # noqa: E402
import web  # noqa: E402

RACE_SECONDS = 60


class Racing(session_node.WithNode):
    kind = web.Web
    settings = ("cache.size=1MiB",)

    def test_a_minute(self):
        seed = random.randrange(1 << 30)
        it = race.Race(self.node, session_node.OWNER, session_node.PREFIX, names=400, seed=seed)
        it.run(RACE_SECONDS)
        found = race.lookups(self.node)
        print(f"seed {seed}: {it.answers} answers judged, {it.changes} changes, cache {found}")
        self.assertGreater(found["hit"], 0)
        for way, count in it.answers.items():
            self.assertGreater(count, 300, way)


if __name__ == "__main__":
    unittest.main()
