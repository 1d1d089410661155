#!/usr/bin/env python3
"""./run demo, the command every newcomer types, with the programs of this build."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import node  # noqa: E402

SECONDS = 120


def demo(*words, temporary):
    environment = dict(os.environ, TMPDIR=temporary)
    return subprocess.run([str(ROOT / "run"), "demo", "--build", str(node.build_dir()), *words],
                          capture_output=True, text=True, timeout=SECONDS, check=False,
                          env=environment, cwd=temporary)


class Demo(unittest.TestCase):
    def setUp(self):
        node.program("onymd")
        folder = tempfile.TemporaryDirectory(prefix="onym-test-demo-")
        self.addCleanup(folder.cleanup)
        self.temporary = folder.name
        self.http_port = node.free_port()
        self.ports = ["--port", str(node.free_port()), "--http-port", str(self.http_port),
                      "--ops-port", str(node.free_port())]

    def test_once_answers_over_udp_and_tcp_and_cleans_up(self):
        done = demo("--once", "--records", "800", *self.ports, temporary=self.temporary)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("88.9420.106/EN.A.1000.DDI13-E520.260311.J00012-L", done.stdout)
        self.assertIn("What to try next", done.stdout)
        self.assertEqual(os.listdir(self.temporary), [], "the demo leaves files behind")

    def fetch(self, said):
        """What the URL of the printed curl command answers."""
        url = re.search(r"^  curl '(http://127\.0\.0\.1:\d+/\S+)'$", said, re.MULTILINE)
        self.assertIsNotNone(url, said)
        self.assertIn(url[0].strip().replace(f":{self.http_port}/", ":2643/"),
                      (ROOT / "README.md").read_text("utf-8"))
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(url[1], timeout=10) as answer:
            return json.load(answer)

    def test_ctrl_c_stops_a_node_that_stays_up_and_answers_curl(self):
        with subprocess.Popen(
                [str(ROOT / "run"), "demo", "--build", str(node.build_dir()), "--records", "80",
                 *self.ports],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env=dict(os.environ, TMPDIR=self.temporary), start_new_session=True) as it:
            timer = threading.Timer(SECONDS, os.killpg, (it.pid, signal.SIGKILL))
            timer.start()
            try:
                said = ""
                fetched = {}
                for line in it.stdout:
                    said += line
                    if "stays up" in line:
                        try:
                            fetched = self.fetch(said)
                        finally:
                            # as a terminal does: to the whole foreground group
                            os.killpg(it.pid, signal.SIGINT)
                self.assertEqual(it.wait(SECONDS), 0, said)
            finally:
                timer.cancel()
        self.assertEqual(fetched["handle"], "88.9420.114/EQ.R.CAL.260228.00081-0")
        self.assertGreater(len(fetched["values"]), 5)
        self.assertIn("Stopping the node.", said)
        self.assertEqual(os.listdir(self.temporary), [], "the demo leaves files behind")

    def test_a_taken_port_is_named_with_the_way_out(self):
        port = int(self.ports[1])
        with node.socket.socket(node.socket.AF_INET, node.socket.SOCK_DGRAM) as holder:
            holder.bind((node.LOOPBACK, port))
            done = demo("--once", *self.ports, temporary=self.temporary)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"port {port} (udp) is taken", done.stderr)
        self.assertIn("--port", done.stderr)
        with node.socket.create_server((node.LOOPBACK, self.http_port)):
            done = demo("--once", *self.ports, temporary=self.temporary)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"port {self.http_port} (HTTP API) is taken", done.stderr)
        self.assertIn("--http-port", done.stderr)

    def test_bad_arguments_are_usage_errors(self):
        for words in (["--records", "many"], ["--port", "0"], ["--port", "65536"], ["--twice"],
                      ["--http-port", "0"],
                      ["--port"]):
            with self.subTest(words=words):
                done = demo(*words, temporary=self.temporary)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn("./run help", done.stderr)


if __name__ == "__main__":
    unittest.main()
