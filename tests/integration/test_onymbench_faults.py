"""onymbench against a responder whose faults are known, since a tool that takes a wrong answer for a
right one makes every figure worthless."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402
import responder  # noqa: E402

ONYMBENCH = node.program("onymbench")


def onymbench(*words, **more):
    return subprocess.run([ONYMBENCH, *map(str, words)], capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL, check=False, **more)


class Faults(unittest.TestCase):
    """Answers that are wrong in a known way."""

    def load(self, reply, *words):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as names, \
                responder.Responder(reply) as server:
            names.write("88.1/part-1\n88.1/part-2\n")
            names.flush()
            done = onymbench("run", "-q", "--json", "-", "--names-file", names.name, "-d", "300ms",
                             "--warm-up", 0, "--timeout", "100ms", "--window", 4, *words,
                             f"127.0.0.1:{server.port}")
        return done, json.loads(done.stdout)["runs"][0]

    def test_right_answers_are_right(self):
        done, run = self.load(
            lambda request: responder.packets_of(request, responder.success(request, b"y" * 900),
                                                 0x20)[::-1], "--timeout", "10s")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(run["codes"], {"1": run["requests"]})

    def test_another_name_is_wrong(self):
        done, run = self.load(
            lambda request: responder.packets_of(request,
                                                 responder.success(request, name=b"88.1/part-0")),
            "--timeout", "10s")
        self.assertEqual((done.returncode, run["answers"]), (1, 0))
        self.assertEqual(run["wrong"], run["requests"])

    def test_an_answer_without_values_is_wrong(self):
        for count, values in ((0, 0), (99, 1)):  # none, and fewer than are announced
            with self.subTest(count):
                done, run = self.load(lambda request: responder.packets_of(
                    request, responder.success(request, count=count, values=values)))
                self.assertEqual((done.returncode, run["answers"]), (1, 0))
                self.assertEqual(run["codes"], {"1": run["wrong"]})

    def test_another_code_is_wrong_and_counted(self):
        done, run = self.load(
            lambda request: responder.packets_of(request, responder.message(request, 3, b"")))
        self.assertEqual((done.returncode, run["answers"]), (1, 0))
        self.assertEqual(run["codes"], {"3": run["wrong"]})

    def test_a_missing_packet_is_no_answer(self):
        done, run = self.load(
            lambda request: responder.packets_of(request, responder.success(request, b"y" * 900),
                                                 0x20)[:1])
        self.assertEqual((done.returncode, run["answers"]), (3, 0))
        self.assertEqual(run["timeouts"], run["requests"])

    def test_an_answer_to_another_request_is_a_stray(self):
        def reply(request):
            other = request[:8] + bytes([request[8] ^ 0x40]) + request[9:]
            return responder.packets_of(other, responder.success(request))
        done, run = self.load(reply)
        self.assertEqual((done.returncode, run["answers"]), (3, 0))
        self.assertGreater(run["strays"], 0)

    def test_a_rate_far_too_high_is_not_silence(self):
        def reply(request):
            time.sleep(0.005)
            return responder.packets_of(request, responder.success(request))
        done, run = self.load(reply, "--rate", "100k", "--window", 1, "--warm-up", "300ms")
        self.assertEqual((done.returncode, run["unsent"]), (1, run["requests"]), done.stderr)
        self.assertIn("no request of the measured time could be sent", done.stderr)

    def test_a_request_longer_than_the_measured_time_is_not_silence(self):
        seen = []

        def reply(request):
            seen.append(request)
            time.sleep(1.5 if len(seen) > 1 else 0)
            return responder.packets_of(request, responder.success(request))
        done, run = self.load(reply, "--window", 1, "--timeout", "10s", "--warm-up", "500ms")
        self.assertEqual((done.returncode, run["requests"]), (2, 0), done.stderr)
        self.assertIn("no request was due", done.stderr)

    def test_a_stall_is_charged_to_all_that_wait(self):
        stalled = []

        def reply(request):
            if len(stalled) < 1:
                stalled.append(request)
                time.sleep(0.2)
            return responder.packets_of(request, responder.success(request))
        done, run = self.load(reply, "--rate", 500, "--arrivals", "fixed", "--window", 1,
                              "--timeout", "5s")
        self.assertEqual(done.returncode, 0, done.stderr)
        # one request of 150 waited for its answer, most of them for their turn
        self.assertGreater(run["latency_us"]["p50"], 5 * run["service_us"]["p50"])
        self.assertGreaterEqual(run["latency_us"]["max"], 100000)


if __name__ == "__main__":
    unittest.main()
