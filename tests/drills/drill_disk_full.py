#!/usr/bin/env python3
"""The disk is full: resolution goes on, registrations are told why not, and when there is room again
they go on without a restart. Nothing acknowledged is lost.

A file system of 32 MiB in a file, mounted for the drill, so it needs root.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import ledger as ledgers  # noqa: E402
import options  # noqa: E402
import registrar  # noqa: E402
from registrar import node  # noqa: E402

IMAGE_MIB = 32
BALLAST_MIB = 14  # stays: what is filled by registrations is the rest
FILLER_MIB = 5    # goes: room comes back
REGISTRATIONS_MAX = 20000
FULL_CODE = 3
REFUSALS = 50


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=60, check=False)


@contextlib.contextmanager
def small_disk():
    """A directory with 32 MiB; raises unittest.SkipTest with the reason where none can be had."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("a file system can be mounted by root only")
    for tool in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(tool) is None:
            raise unittest.SkipTest(f"no {tool} here")
    with tempfile.TemporaryDirectory(prefix="onym-drill-full-") as folder:
        image, at = pathlib.Path(folder) / "image", pathlib.Path(folder) / "disk"
        at.mkdir()
        with image.open("wb") as file:
            file.truncate(IMAGE_MIB << 20)
        made = run("mkfs.ext4", "-q", "-F", "-m", "0", image)
        if made.returncode != 0:
            raise unittest.SkipTest(f"mkfs.ext4: {made.stderr.strip()}")
        mounted = run("mount", "-o", "loop", image, at)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"mount: {mounted.stderr.strip()}")
        try:
            yield at
        finally:
            for _ in range(50):
                if run("umount", at).returncode == 0:
                    break
                time.sleep(0.1)


class DiskFull(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.disk = stack.enter_context(small_disk())
        self.logs = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="onym-drill-full-log-")))
        self.node = node.Node(records=None, settings=registrar.SETTINGS, workers=2,
                              directory=self.logs)
        stack.callback(self.node.kill)
        shutil.rmtree(self.node.data)
        self.node.data = self.disk / "data"
        node.load(self.node.data, registrar.RECORDS)
        self.filler = self.disk / "filler"
        self.filler.write_bytes(bytes(FILLER_MIB << 20))
        (self.disk / "ballast").write_bytes(bytes(BALLAST_MIB << 20))
        self.ledger = ledgers.Ledger(self.logs / "acknowledged")
        self.addCleanup(self.ledger.close)
        self.node.start()

    def register(self, connection, name):
        """The reply, after the ledger took it down."""
        state = self.ledger.ask(name)
        connection.create(name, ledgers.content(name, state))
        reply = connection.receive()
        if reply.code == registrar.DONE:
            self.ledger.acknowledge(name, state)
        elif "not known" not in reply.text():
            self.ledger.refuse(name, state)
        return reply

    def judge(self, names):
        with registrar.Connection(self.node) as connection:
            for name, reply in connection.resolve_all(names).items():
                self.assertIn(reply.code, (registrar.DONE, registrar.NOT_FOUND), name)
                self.ledger.judge(name, reply.datas() if reply.code == registrar.DONE else None)

    def fill(self, connection, front):
        """Registers until it is refused. Returns how many were acknowledged, and the refusal."""
        for i in range(REGISTRATIONS_MAX):
            reply = self.register(connection, f"{registrar.PREFIX}/{front}-{i}")
            if reply.code != registrar.DONE:
                return i, reply
        self.fail(f"{REGISTRATIONS_MAX} registrations did not fill the disk")

    def wait_registers(self, connection, front):
        """Seconds until a registration is acknowledged again."""
        began = time.monotonic()
        while time.monotonic() - began < 40:
            name = f"{registrar.PREFIX}/{front}-{int((time.monotonic() - began) * 1000)}"
            if self.register(connection, name).code == registrar.DONE:
                return time.monotonic() - began
            time.sleep(0.05)
        self.fail(f"no registration 40 s after there was room again\n{self.node.log_tail()}")

    def test_a_full_disk(self):
        with registrar.logged_in(self.node, timeout=30) as connection:
            count, refusal = self.fill(connection, "a")
            self.assertGreater(count, 100)
            self.assertIn(refusal.code, (FULL_CODE, 7), refusal.text())
            texts = {refusal.text()}
            self.judge(self.ledger.state)
            for i in range(REFUSALS):  # it stays so, and harms nothing
                reply = self.register(connection, f"{registrar.PREFIX}/b-{i}")
                if reply.code != registrar.DONE:
                    self.assertIn(reply.code, (FULL_CODE, 7), reply.text())
                    texts.add(reply.text())
            self.assertTrue(any("full" in text for text in texts), texts)
            self.judge(self.ledger.state)
            self.assertEqual(self.node.http("/livez")[0], 200)
            self.filler.unlink()
            seconds = self.wait_registers(connection, "c")
            for i in range(200):
                self.assertEqual(self.register(connection, f"{registrar.PREFIX}/d-{i}").code,
                                 registrar.DONE)
            again, _ = self.fill(connection, "e")
            self.judge(self.ledger.state)
        self.node.kill()
        for words in (("check",), ("audit", "verify")):
            done = run(node.program("onymctl"), *words, "--data", self.node.data)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.node.start()
        self.judge(self.ledger.state)
        self.assertEqual(self.node.stop(), 0)
        options.say(f"drill disk full: full after {count} registrations, refused with "
                    f"{sorted(texts)}; {seconds:.2f} s after room came back they went on, full "
                    f"again after {again} more; {len(self.ledger.state)} names, 0 lost")


if __name__ == "__main__":
    options.main()
