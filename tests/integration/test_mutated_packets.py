"""A node under a flood of broken packets: it lives, answers honest clients, keeps its memory and
never answers a refused packet with more bytes than it got. The long form is
./run bench mutate --packets 10000000."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ["ONYM_BUILD"]).resolve()
PACKETS = 200_000


def is_sanitized():
    cache = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    return any(line.startswith("ONYM_SANITIZE") and "address" in line
               for line in cache.splitlines())


class MutatedPackets(unittest.TestCase):
    def test_honest_requests_are_answered_among_broken_ones(self):
        with tempfile.TemporaryDirectory(prefix="onym-test-mutate-") as folder:
            results = pathlib.Path(folder) / "mutate.json"
            command = [sys.executable, str(ROOT / "bench" / "mutate.py"), "--build", str(BUILD),
                       "--packets", str(PACKETS), "--records", "2000", "--json", str(results)]
            if not is_sanitized():
                command.append("--plain")
            done = subprocess.run(command, capture_output=True, text=True, timeout=270,
                                  check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            result = json.loads(results.read_text(encoding="utf-8"))
        self.assertEqual(result["packets"], PACKETS)
        self.assertEqual(result["problems"], [])
        for transport in ("udp", "tcp"):
            part = result[transport]
            self.assertGreater(part["honest"], 1000)
            self.assertGreaterEqual(part["answered"], 0.999 * part["honest"])
            self.assertEqual(part["wrong"], 0)
        self.assertGreater(result["tcp"]["connections"], 1000)
        self.assertEqual(result["udp"]["larger_than_request"], 0)


if __name__ == "__main__":
    unittest.main()
