#!/usr/bin/env python3
"""./run itself: its arguments, the packages it wants, and how results are added up."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUMMARISE = ROOT / "tests" / "support" / "summarise.py"

RESULTS = """<testsuite>
<testcase name="good" status="run"><system-out>{good}</system-out></testcase>
{more}
</testsuite>"""
FAILED = '<testcase name="bad" status="fail"><system-out>it broke\n</system-out></testcase>'
SKIPPED = ('<testcase name="none" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
           "<system-out>SKIPPED: no such tool\n</system-out></testcase>")


def run(*words, path=None):
    environment = dict(os.environ)
    if path is not None:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    return subprocess.run([str(ROOT / "run"), *words], capture_output=True, text=True, timeout=60,
                          check=False, env=environment)


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-test-run-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def fake(self, name, script):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)

    def summarise(self, *words, good="", more=""):
        results = self.folder / "results.xml"
        results.write_text(RESULTS.format(good=good, more=more), "utf-8")
        return subprocess.run(["python3", str(SUMMARISE), *words, f"dev={results}"],
                              capture_output=True, text=True, timeout=60, check=False)

    def test_help_names_every_command_and_wrong_words_exit_2(self):
        self.assertEqual(run("help").returncode, 0)
        for command in ("build", "demo", "test", "bench", "fuzz", "packages"):
            self.assertIn(f"  {command} ", run("help").stdout)
        for command in ("build", "demo", "test", "gate", "fuzz", "packages"):
            self.assertEqual(run(command, "--help").stdout, run("help").stdout)
        for words in (["dance"], ["test", "--fast"], ["build", "--fast"], ["bench"],
                      ["bench", "--untrained"], ["build", "--trained", "--fast"],
                      ["bench", "nothing"], ["fuzz", "nothing"], ["demo", "--fast"]):
            with self.subTest(words=words):
                done = run(*words)
                self.assertEqual(done.returncode, 2)
                self.assertIn("Try: ./run help", done.stderr)

    def test_no_install_lists_what_is_missing_and_installs_nothing(self):
        self.fake("dpkg-query", "exit 1")
        self.fake("apt-get", f"touch {self.folder}/called")
        done = run("build", "--no-install", path=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("liblmdb-dev", done.stdout)
        self.assertIn("the store", done.stdout)
        self.assertNotIn("libcmocka-dev", done.stdout)
        self.assertIn("apt-get install", done.stderr)
        self.assertFalse((self.folder / "called").exists())

    def test_missing_packages_are_listed_before_they_are_installed(self):
        self.fake("dpkg-query", "exit 1")
        self.fake("id", "echo 0")
        self.fake("apt-get", f'echo "apt-get $*" | tee -a {self.folder}/called; exit 1')
        done = run("test", path=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertLess(done.stdout.index("clang-format-14"), done.stdout.index("apt-get -q update"))
        self.assertIn("apt-get update failed", done.stderr)

    def test_a_second_configure_leaves_the_archive_of_lmdb_as_it_is(self):
        # a newer archive would have every program linked again, at each ./run
        (self.folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(once C)\n"
            f"include({ROOT}/cmake/lmdb.cmake)\n", "utf-8")
        written = []
        for _ in range(2):
            done = subprocess.run(["cmake", "-S", str(self.folder), "-B", str(self.folder / "b")],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            archive = self.folder / "b" / "third_party" / "liblmdb.a"
            written.append(archive.stat().st_mtime_ns)
        self.assertEqual(written[0], written[1])

    def test_results_are_counted_on_the_last_line(self):
        done = self.summarise()
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                         (0, "1 passed, 0 failed, 0 skipped"))
        done = self.summarise(more=FAILED + SKIPPED)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                         (1, "1 passed, 1 failed, 1 skipped"))
        self.assertIn("it broke", done.stdout)
        self.assertIn("skipped dev: none: SKIPPED: no such tool", done.stdout)

    def test_a_skipped_case_inside_a_program_is_counted(self):
        for line in ("SKIPPED CASE: test_x: no curl", "[  SKIPPED ] test_x"):
            with self.subTest(line=line):
                done = self.summarise(good=line + "\n")
                self.assertEqual(done.stdout.splitlines()[-1], "1 passed, 0 failed, 1 skipped")

    def test_strict_counts_skips_as_failures(self):
        done = self.summarise("--strict", more=SKIPPED)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                         (1, "1 passed, 1 failed, 0 skipped"))

    def test_missing_results_and_broken_builds_are_failures(self):
        done = subprocess.run(["python3", str(SUMMARISE), "dev=/nonexistent.xml"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                         (1, "0 passed, 1 failed, 0 skipped"))
        broken = self.folder / "broken.xml"
        subprocess.run(["python3", str(SUMMARISE), "--broken", "no compiler", str(broken)],
                       check=True, timeout=60)
        done = subprocess.run(["python3", str(SUMMARISE), f"dev={broken}"], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no compiler", done.stdout)


if __name__ == "__main__":
    unittest.main()
