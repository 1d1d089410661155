#!/usr/bin/env python3
"""The bench of registration measures what it says: what its client counts as registered is in the
store and nothing else is, refusals are no registrations, and a whole short run has every figure."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["ONYM_BUILD"]).resolve()
sys.path.insert(0, str(ROOT / "bench"))

from lib import common, disturbed, http_batches, postgres, register_sides  # noqa: E402


def bench(name, *words, **more):
    return subprocess.run([common.program(BUILD, name), *map(str, words)], capture_output=True,
                          text=True, timeout=60, check=False, **more)


class Register(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-test-register-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def rows(self, kind, count, run=1):
        """NDJSON and the encoded form of it."""
        made = bench("register_load", "--rows", kind, "--count", count, "--run", run)
        self.assertEqual(made.returncode, 0, made.stderr)
        path, encoded = self.folder / f"{kind}.ndjson", self.folder / f"{kind}.bin"
        path.write_text(made.stdout)
        done = bench("lmdb_insert", "--encode", encoded, input=made.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path, encoded

    def node(self, certificate=None):
        rows, _ = self.rows("base", 100)
        common.run_tool([common.program(BUILD, "onymctl"), "load", "--no-progress", "--data",
                         self.folder / "data", rows], "onymctl load")
        return common.Node(BUILD, self.folder / "data", certificate=certificate)

    def load(self, node, *words):
        return bench("register_load", "--target", f"127.0.0.1:{node.port}", *words)

    def test_no_port_is_given_twice(self):
        with unittest.mock.patch.object(common.random, "randrange",
                                        side_effect=[31001, 31001, 31001, *range(31002, 31200)]):
            ports = [common.free_port() for _ in range(3)]
        self.assertEqual(len(set(ports)), 3, ports)

    def test_what_is_counted_is_stored(self):
        with self.node() as node:
            for connections, order in ((1, "serial"), (5, "random"), (64, "serial")):
                with self.subTest(connections=connections, order=order):
                    done = self.load(node, "--connections", connections, "--order", order,
                                     "--count", 150, "--run", connections)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    found = json.loads(done.stdout)
                    self.assertEqual((found["registered"], found["refused"]), (150, 0))
                    self.assertGreater(found["latency_ms"]["p50"], 0)
                    self.assertGreaterEqual(found["latency_ms"]["max"],
                                            found["latency_ms"]["p50"])
            self.assertEqual(common.metric(node, "onym_identifiers"), 100 + 65 + 3 * 150)
            commits = common.metric(node, "onym_commit_duration_seconds_count")
            self.assertGreater(commits, 150, "one connection has one to a commit")
            self.assertLess(commits, 3 * 150, "many connections share commits")
            found = common.metric(
                node, 'onym_auth_attempts_total{method="secret",result="ok"}')
            self.assertEqual(found, 1 + 5 + 64, "one login on every connection")
            again = json.loads(self.load(node, "--order", "serial", "--count", 150).stdout)
            self.assertEqual((again["registered"], again["refused"], again["refused_code"]),
                             (0, 150, 101))
            self.assertEqual(common.metric(node, "onym_identifiers"), 100 + 65 + 3 * 150)

    def test_the_client_says_what_is_wrong(self):
        self.assertEqual(bench("register_load").returncode, 2)
        for words, text in ((("--connections", "0"), "1 to 256"),
                            (("--connections", "257"), "1 to 256"),
                            (("--run", "10000"), "1 to 9999"),
                            (("--order", "sorted"), "serial or random")):
            done = bench("register_load", "--target", "127.0.0.1:9", *words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(text, done.stderr)
        closed = bench("register_load", "--target", f"127.0.0.1:{common.free_port()}")
        self.assertEqual(closed.returncode, 1)
        self.assertIn("refused", closed.stderr)

    def test_batches_that_are_counted_are_stored(self):
        arguments = argparse.Namespace(build=BUILD, milliseconds=20_000)
        with self.node(http_batches.certificate(self.folder)) as node:
            for run, connections, size, rows in ((1, 1, 100, 250), (2, 4, 50, 400)):
                whole = max(rows // size, 2 * connections) * size
                found = http_batches.measure(arguments, node, "serial", size, connections, run,
                                             rows=rows)
                self.assertEqual((found["registered"], found["requests"]), (whole, whole // size))
                self.assertGreaterEqual(found["latency_ms"]["p99"], found["latency_ms"]["p50"])
            self.assertEqual(common.metric(node, "onym_identifiers"), 100 + 65 + 200 + 400)
            with self.assertRaisesRegex(common.CannotRun, "a batch ended with"):
                http_batches.measure(arguments, node, "serial", 100, 1, 1)  # all are there already
            with self.assertRaisesRegex(common.CannotRun, "the import ended before"):
                http_batches.measure(arguments, node, "serial", 10, 1, 3, rows=20,
                                     meanwhile=lambda: time.sleep(2))
        closed = bench("batch_load", "--target", f"127.0.0.1:{common.free_port()}", "--login", "x",
                       input="{}\n")
        self.assertEqual((closed.returncode, closed.stdout), (1, ""))
        self.assertIn("no handshake", closed.stderr)
        self.assertEqual(bench("batch_load", "--login", "x").returncode, 2)

    def test_free_memory_is_kept_for_a_while(self):
        setting = self.folder / "page_reporting_order"
        with common.free_memory_kept(setting) as kept:
            self.assertFalse(kept)
        self.assertFalse(setting.exists())
        setting.write_text("9\n")
        with self.assertRaises(ZeroDivisionError), common.free_memory_kept(setting) as kept:
            self.assertTrue(kept)
            self.assertEqual(setting.read_text(), common.REPORTS_NOTHING)
            _ = 1 // 0
        self.assertEqual(setting.read_text(), "9\n")

    def test_commits_of_lmdb(self):
        _, base = self.rows("base", 50)
        _, new = self.rows("random", 120)
        database = self.folder / "plain.mdb"
        self.assertEqual(bench("lmdb_commit", database, "--fill", base).returncode, 0)
        for skip, group, commits in ((0, 1, 20), (20, 30, 4)):  # the last one holds ten
            done = bench("lmdb_commit", database, "--rows", new, "--skip", skip, "--group", group,
                         "--commits", commits, "--milliseconds", 20000)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual(found["commits"], commits)
            self.assertEqual(found["records"], min(group * commits, 120 - skip))
        twice = bench("lmdb_commit", database, "--rows", new)
        self.assertEqual(twice.returncode, 1, "a record that is there already is no insert")
        past = bench("lmdb_commit", database, "--rows", new, "--skip", 121)
        self.assertIn("fewer rows", past.stderr)
        disk = json.loads(bench("lmdb_commit", self.folder / "barrier", "--barrier", 5).stdout)
        self.assertEqual(disk["commits"], 5)
        self.assertFalse((self.folder / "barrier").exists())

    def test_postgres_holds_every_row(self):
        if not postgres.installed():  # only the bench needs it: then it says what to do
            with self.assertRaisesRegex(common.CannotRun, "apt-get install postgresql-15"):
                postgres.Postgres()
            return
        with postgres.Postgres() as server:
            folder = server.folder
            server.fill([("88.9430.1000/A", "00"), ("88.9430.1000/B", "ff")])
            rows = [(f"88.9430.1001/{i:03d}", "0102") for i in range(250)]
            self.assertEqual(server.groups(rows[:150], 100, "copy")["commits"], 2)
            self.assertEqual(server.groups(rows[150:], 50, "insert")["records"], 100)
            more = [(f"88.9430.1002/{i:03d}", "0102") for i in range(70)]
            many = server.groups(more, 10, "copy", 4)
            self.assertEqual((many["records"], many["commits"]), (70, 7))
            with self.assertRaisesRegex(common.CannotRun, "duplicate key"):
                server.groups(more, 10, "copy", 4)  # they are there already
            single = server.singles("random", 2, "0102", 1)
            self.assertGreater(single["records"], 0)
            count = int(server.psql("COPY (SELECT count(*) FROM part) TO stdout"))
            self.assertEqual(count, 322 + single["records"])
        self.assertFalse(folder.exists())

    def test_what_was_disturbed_is_measured_again_and_ends_after_three(self):
        asked = []

        def measure(attempt):
            asked.append(attempt)
            if attempt < better:
                raise disturbed.Disturbed("the machine stood still")
            return {"rate": 7}

        better = 0
        self.assertEqual(disturbed.again(measure), {"rate": 7})
        asked.clear()
        better = 2
        self.assertEqual(disturbed.again(measure), {"rate": 7, "measured_again": 2})
        self.assertEqual(asked, [0, 1, 2])
        asked.clear()
        better = 3
        with self.assertRaisesRegex(common.CannotRun, "stood still"):
            disturbed.again(measure)
        self.assertEqual(asked, [0, 1, 2])

    def test_an_import_that_ends_too_soon_is_a_disturbance(self):
        with self.node(certificate=http_batches.certificate(self.folder)) as node:
            arguments = argparse.Namespace(build=BUILD, milliseconds=50)
            with self.assertRaisesRegex(disturbed.Disturbed, "ended before"):
                http_batches.measure(arguments, node, "serial", 100, 1, 7, rows=200,
                                     meanwhile=lambda: time.sleep(1))
            with unittest.mock.patch.object(http_batches, "LOGIN", "bm9ib2R5"), \
                 self.assertRaisesRegex(common.CannotRun, "batch_load: ") as failed:
                http_batches.measure(arguments, node, "serial", 100, 1, 8, rows=200,
                                     meanwhile=lambda: time.sleep(1))
            self.assertNotIsInstance(failed.exception, disturbed.Disturbed)

    def test_turns_of_one_side_are_one_measurement(self):
        turns = [{"records": 10, "seconds": 1, "commits": 2, "per_second": 10,
                  "latency_ms": {"p50": 3}},
                 {"records": 90, "seconds": 1, "commits": 3, "per_second": 90,
                  "latency_ms": {"p50": 1}},
                 {"records": 20, "seconds": 2, "commits": 4, "per_second": 10,
                  "latency_ms": {"p50": 2}}]
        self.assertEqual(register_sides.together(turns),
                         {"records": 120, "seconds": 4, "commits": 9, "per_second": 30,
                          "latency_ms": {"p50": 2}})
        turns = [{"registered": 100, "requests": 1, "seconds": 1, "per_commit": 50,
                  "latency_ms": {"p50": 1}},
                 {"registered": 100, "requests": 2, "seconds": 1, "per_commit": 12.5,
                  "latency_ms": {"p50": 1}}]
        self.assertEqual(register_sides.together(turns),
                         {"registered": 200, "requests": 3, "seconds": 2, "per_second": 100,
                          "per_commit": 20, "latency_ms": {"p50": 1}})

    def test_a_short_run_has_every_figure(self):
        where = self.folder / "register.json"
        done = subprocess.run(
            [sys.executable, str(ROOT / "bench" / "register.py"), "--build", str(BUILD),
             "--records", "500", "--milliseconds", "50", "--barriers", "3", "--without-postgres",
             "--memory", "as-it-is", "--import-rate", "200", "--json", str(where)], capture_output=True, text=True,
            timeout=400, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(where.read_text())
        self.assertEqual(len(found["rounds"]), 5)
        for order in ("serial", "random"):
            for name in (*(f"node {order} {n} connections" for n in (1, 16, 64)),
                         *(f"lmdb {order} {n} to a commit" for n in (1, 100, 2000))):
                self.assertGreater(found["measurements"][name]["per_second"]["min"], 0, name)
                self.assertGreater(found["measurements"][name]["per_commit"], 0.5, name)
        self.assertGreater(found["barrier_p50_ms"]["median"], 0)
        for name in ("node aged 1 connections", "node aged HTTP batches of 2000, 4 connections",
                     "lmdb aged 2000 to a commit"):
            self.assertGreater(found["measurements"][name]["per_second"]["min"], 0, name)
        self.assertEqual(len(found["resolution"]), 5)
        for name, one in found["resolution"].items():
            self.assertGreater(one["p99_ms"]["min"], 0, name)
            self.assertEqual(one["registered_per_second"]["min"] > 0, name != "at rest", name)
        self.assertIn("stated, not measured here", done.stdout)
        table = subprocess.run([sys.executable, str(ROOT / "bench" / "table.py"), "--results",
                                str(self.folder)], capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(table.returncode, 0, table.stderr)
        rate = found["measurements"]["node serial 64 connections"]["per_second"]
        self.assertIn(f"| node, 64 connections | {rate['median']:,.0f} ({rate['min']:,.0f} to "
                      f"{rate['max']:,.0f}) | ", table.stdout)
        self.assertEqual(table.stdout.count("reached |"), len(found["targets"]), table.stdout)
        self.assertIn("--milliseconds 50", table.stdout)
        self.assertNotIn(str(BUILD), found["command"])  # a result is committed
        self.assertIn(", 5 rounds, 500 records at the start", table.stdout)
        few = subprocess.run([sys.executable, str(ROOT / "bench" / "register.py"), "--rounds", "4"],
                             capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(few.returncode, 2)
        self.assertIn("--rounds", few.stderr)


if __name__ == "__main__":
    unittest.main()
