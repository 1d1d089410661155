#!/usr/bin/env python3
"""What README.md and docs tell a newcomer to type, pasted as it stands into a shell in an empty
folder and a network of its own, where the default ports are free."""

import fcntl
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def raise_loopback():
    """In a network that is new, where it is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def blocks(document, heading):
    """The blocks of code of a section."""
    text = (ROOT / document).read_text("utf-8")
    section = re.split(r"^## ", text.split(f"\n## {heading}\n")[1], flags=re.M)[0]
    return re.findall(r"^```\w*\n(.*?)^```$", section, re.M | re.S)


@unittest.skipUnless(shutil.which("unshare") and shutil.which("curl") and shutil.which("openssl"),
                     "needs unshare, curl and openssl")
class FirstSteps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="onym-first-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.alone = ["unshare", "--net"] + (["--map-root-user"] if os.geteuid() != 0 else [])
        if subprocess.run([*cls.alone, "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("no network of its own can be made here")

    def paste(self, *commands):
        """Into one shell; the first that fails is the last."""
        script = self.folder / "pasted"
        script.write_text("set -em\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" +
                          "\n".join(commands), "utf-8")
        path = f"{node.build_dir() / 'bin'}:{os.environ['PATH']}"
        (self.folder / "work").mkdir(exist_ok=True)
        done = subprocess.run(
            [*self.alone, sys.executable, __file__, "--in-its-network", "bash", script],
            cwd=self.folder / "work", env=dict(os.environ, PATH=path), capture_output=True,
            text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_all_of_it_works_as_it_is_written(self):
        stop = "kill %1; wait\n"
        again = "onymd -c onymd.yaml &\n" + next(
            line for line in blocks("README.md", "A first registration")[0].splitlines(True)
            if "readyz" in line)
        values = ('sed "s/^.*\\"values\\"/{\\"values\\"/; s/88.9420.201/88.9420.202/g" prefix.ndjson '
                  "> values.json\n")
        first = blocks("README.md", "A first registration")[0]
        https, prefix = blocks("docs/operations.md", "From the first registration to HTTPS")
        signed_by_itself, signed = blocks("docs/tls.md", "Clients")
        dumped, = blocks("docs/operations.md", "Stop, copy, move")
        told = self.paste(first, stop, https, again, values, prefix, signed_by_itself, signed, stop,
                          dumped)
        for words in ("created 88.9420.201/EN.P.1", "\nhttps://example.cn/one\n",
                      '"handle":"88.9420.201/EN.P.2","status":"created"', "1 row: 1 done",
                      "the configuration is in force", 'onym_http_requests_total{listener="https"',
                      "everything holds", "homed 0.NA/88.9420.202",
                      '"handle":"0.NA/88.9420.202","status":"created"',
                      '"handle":"88.9420.201/EN.P.3","status":"deleted"', "restored\n"):
            self.assertIn(words, told)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-its-network"]:
        raise_loopback()
        os.execvp(sys.argv[2], sys.argv[2:])
    unittest.main(verbosity=2)
