"""The programs of docs/client-library.md do what the page says, built as a reader builds them."""

import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import libonym  # noqa: E402
import node  # noqa: E402
from odd_server import Answer, OddServer, value  # noqa: E402

PAGE = libonym.SOURCE / "docs" / "client-library.md"
EXAMPLES = libonym.SOURCE / "docs" / "examples"
ID = "88.300.15907/part-1"
RECORD = {"handle": ID, "values": [
    {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://example.com/a"}},
    {"index": 2, "type": "名称", "data": {"format": "string", "value": "前减震器"}}]}
LINES = "1 URL https://example.com/a\n2 名称 前减震器\n"
GOOD = Answer(values=[value(1, "URL", "https://example.com/a"), value(2, "名称", "前减震器")])


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)


class Compiled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        blocks = re.findall(r"^```c\n(#include.*?)^```$", PAGE.read_text("utf-8"), re.S | re.M)
        assert len(blocks) == 1, "the page has one complete program"
        (cls.folder / "resolve.c").write_text(blocks[0], "utf-8")
        cls.resolve = libonym.compile_program(cls.folder, cls.folder / "resolve.c")
        cls.poll = libonym.compile_program(cls.folder, EXAMPLES / "poll_loop.c")
        cls.libuv = libonym.compile_program(cls.folder, EXAMPLES / "libuv_loop.c", "-luv")

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()


class AgainstANode(Compiled):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.node = node.Node(records=[{"handle": "0.NA/88.300.15907", "values": []}, RECORD])
        cls.node.__enter__()
        cls.at = node.endpoint(node.LOOPBACK, cls.node.port)

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__(None, None, None)
        super().tearDownClass()

    def test_the_program_of_the_page(self):
        got = run(self.resolve, self.at, ID)
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, LINES, ""))
        got = run(self.resolve, self.at, "88.300.15907/none")
        self.assertEqual((got.returncode, got.stdout), (1, ""))
        self.assertIn("not found", got.stderr)

    def test_both_loops(self):
        got = run(self.poll, self.at, ID, "88.300.15907/none")
        self.assertEqual(got.returncode, 1)
        self.assertEqual(set(got.stdout.splitlines()),
                         {f"{ID}: OK, 2 values", "88.300.15907/none: NOT_FOUND, 0 values"})
        got = run(self.libuv, self.at, ID)
        self.assertEqual((got.returncode, got.stdout), (0, "OK, 2 values\n"))


class AgainstAnOddServer(Compiled):
    def test_usage(self):
        for program in (self.resolve, self.poll, self.libuv):
            self.assertEqual(run(program).returncode, 2)
            self.assertEqual(run(program, "no-address", ID).returncode, 2)

    def test_the_program_of_the_page(self):
        with OddServer(udp=lambda r, n: GOOD) as server:
            got = run(self.resolve, server.name, ID)
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, LINES, ""))

    def test_loops_keep_time_and_follow_to_tcp(self):
        for program in (self.poll, self.libuv):
            began = time.monotonic()
            with OddServer(udp=lambda r, n: None, tcp=lambda r: GOOD) as server:
                got = run(program, server.name, ID)
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertIn("OK, 2 values", got.stdout)
            self.assertGreater(time.monotonic() - began, 2.95)
            self.assertEqual((server.count("udp"), server.count("tcp")), (3, 1))

    def test_many_questions_at_once_wait_together(self):
        began = time.monotonic()
        with OddServer(udp=lambda r, n: GOOD if n > 1 else None) as server:
            got = run(self.poll, server.name, *[f"a/{i}" for i in range(64)])
        self.assertEqual(got.returncode, 0, got.stdout)
        self.assertEqual(got.stdout.count("OK"), 64)
        self.assertLess(time.monotonic() - began, 10)

    def test_nobody_there(self):
        with OddServer() as server:
            for program in (self.resolve, self.poll, self.libuv):
                self.assertEqual(run(program, server.name, ID).returncode, 1)


# unittest would run the base class too, which has no tests but compiles everything once more
del Compiled

if __name__ == "__main__":
    unittest.main()
