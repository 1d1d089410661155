#!/usr/bin/env python3
"""A limit of file sizes (ulimit -f, LimitFSIZE=) is a write that fails, and not the end of the
program by a signal."""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import admin_keys  # noqa: E402
import node  # noqa: E402

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def limited(*words, size=0, **more):
    # the thread sanitizer writes a file there before the program begins, and goes on without
    nowhere = dict(os.environ, TMPDIR="/nonexistent")
    return subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, timeout=60, env=nowhere,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                                (size, size)), **more)


class Tools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-limit-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_onymctl_says_that_the_file_is_too_large(self):
        ctl = node.program("onymctl")
        records = self.folder / "records"
        records.write_text('{"handle":"88.1/x","values":[{"index":1,"type":"A","data":"b"}]}\n')
        for words in (("auth", "key", "gen", "--type", "ec", "--out", self.folder / "key"),
                      ("load", "--data", self.folder / "data", records),
                      ("init", "--dir", self.folder / "pki", "--yes")):
            done = limited(ctl, *words, capture_output=True, text=True)
            self.assertEqual(done.returncode, 5, (words, done))
            self.assertIn("File too large", done.stderr, words)
        with (self.folder / "out").open("w") as out:
            done = limited(ctl, "--version", stdout=out, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 5)
        self.assertIn("cannot write the output: File too large", done.stderr)

    def test_a_key_of_which_a_part_has_room_is_none(self):
        key = self.folder / "key"
        done = limited(node.program("onymctl"), "auth", "key", "gen", "--type", "ec", "--out", key,
                       size=100, capture_output=True, text=True)
        self.assertEqual(done.returncode, 5, done)
        self.assertIn("File too large", done.stderr)
        self.assertFalse(key.exists())

    def test_the_other_programs_too(self):
        for words in ((node.program("onym-generate"), "--records", "5"),
                      (node.program("onymbench"), "--help")):
            with (self.folder / "out").open("w") as out:
                done = limited(*words, stdout=out, stderr=subprocess.PIPE, text=True)
            self.assertGreater(done.returncode, 0, (words, done))


class Node(admin_keys.WithKeys):
    def test_a_running_node_refuses_changes_and_lives(self):
        records = [{"handle": admin_keys.USER, "values": [
            admin_keys.admin_value(100, 300), dict(self.values[0], index=300)]}]
        with node.Node(records=records) as it:
            ctl = ("-s", f"127.0.0.1:{it.port}")
            name = f"{admin_keys.PREFIX}/x"
            words = ("id", "create", name, "--value", "1:A=" + "b" * 9000, "--overwrite", *self.owner, *ctl)
            self.assertEqual(admin_keys.run(*words).returncode, 0)
            resource.prlimit(it.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            refused = admin_keys.run(*words)
            self.assertEqual(refused.returncode, 5, refused)
            it.check_alive()
            self.assertEqual(admin_keys.run("resolve", name, *ctl).returncode, 0)
            resource.prlimit(it.process.pid, resource.RLIMIT_FSIZE, UNLIMITED)
            until = time.monotonic() + 20
            while admin_keys.run(*words).returncode != 0:
                self.assertLess(time.monotonic(), until, it.log_tail())
                time.sleep(0.1)
            self.assertEqual(it.stop(), 0)

    def test_a_node_that_may_write_nothing_says_so_at_its_start(self):
        it = node.Node(records=[])
        self.addCleanup(it._remove)
        it.write_config()
        done = limited(node.program("onymd"), "--config", it.config, capture_output=True,
                       text=True, cwd=it.root)
        self.assertGreater(done.returncode, 0, done)
        self.assertIn("File too large", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
