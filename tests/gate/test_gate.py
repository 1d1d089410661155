"""What a request costs has not changed by more than 3 % without the baseline saying so; and a gate
that is given a path that became slower, faster, unknown or forgotten does not open."""

import json
import os
import pathlib
import tempfile
import unittest

import gate

HERE = pathlib.Path(__file__).resolve().parent
BUILD = os.environ.get("ONYM_BUILD", str(HERE.parent.parent / "build"))


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.made_with, cls.counts = gate.count(BUILD)
        except gate.CannotCompare as why:
            raise unittest.SkipTest(str(why)) from why
        if ", release, " not in cls.made_with:
            raise unittest.SkipTest(f"counts are of release builds, this one is of {cls.made_with}")
        cls.baseline = json.loads((HERE / "baseline.json").read_text(encoding="utf-8"))

    def judge(self, instructions, made_with=None):
        lines = []
        right = gate.judge(self.made_with, self.counts,
                           {"made_with": made_with or self.made_with,
                            "instructions_per_request": instructions}, lines.append)
        return right, "\n".join(lines)

    def test_every_case_is_within_its_baseline(self):
        lines = []
        try:
            right = gate.judge(self.made_with, self.counts, self.baseline, lines.append)
        except gate.CannotCompare as why:
            self.skipTest(str(why))
        self.assertTrue(right, "\n" + "\n".join(lines))

    def test_counting_again_gives_the_same(self):
        self.assertEqual(gate.count(BUILD), (self.made_with, self.counts))

    def test_no_case_costs_next_to_nothing(self):
        # the least there is, a refused datagram, takes some hundred instructions
        self.assertGreater(min(self.counts.values()), 100)

    def test_a_path_that_became_slower_is_named(self):
        for case, now in self.counts.items():
            right, text = self.judge({**self.counts, case: int(now / 1.035)})
            self.assertFalse(right, text)
            self.assertRegex(text, rf"(?m)^{case} .* slower$")
            self.assertIn("1 of ", text)

    def test_a_path_that_became_faster_wants_a_lower_baseline(self):
        case, now = next(iter(self.counts.items()))
        right, text = self.judge({**self.counts, case: int(now / 0.965)})
        self.assertFalse(right, text)
        self.assertRegex(text, rf"(?m)^{case} .* faster: lower the baseline")

    def test_three_in_a_hundred_is_within_and_one_more_is_not(self):
        for now, right in ((10300, True), (10301, False), (9700, True), (9699, False)):
            rows = list(gate.compare({"a": now}, {"a": 10000}))
            self.assertEqual([row[3] is None for row in rows], [right], now)

    def test_no_case_can_be_forgotten(self):
        case = next(iter(self.counts))
        fewer = {name: now for name, now in self.counts.items() if name != case}
        right, text = self.judge(fewer)
        self.assertFalse(right)
        self.assertRegex(text, rf"(?m)^{case} .* not in the baseline$")
        right, text = self.judge({**self.counts, "gone": 1000})
        self.assertFalse(right)
        self.assertRegex(text, r"(?m)^gone .* no longer counted$")

    def test_another_compiler_is_not_compared(self):
        with self.assertRaisesRegex(gate.CannotCompare, "the baseline is of gcc 1.0"):
            self.judge(self.counts, made_with="gcc 1.0, release, x86_64")

    def test_the_command_fails_on_a_rise_and_update_settles_it(self):
        with tempfile.TemporaryDirectory(prefix="onym-gate-test-") as folder:
            file = pathlib.Path(folder) / "baseline.json"
            slower = {name: int(now * 0.9) for name, now in self.counts.items()}
            file.write_text(json.dumps({"made_with": self.made_with,
                                        "instructions_per_request": slower}), encoding="utf-8")
            command = ["--build", BUILD, "--baseline", str(file)]
            self.assertEqual(gate.main(command), 1)
            self.assertEqual(gate.main([*command, "--update"]), 0)
            self.assertEqual(json.loads(file.read_text(encoding="utf-8")),
                             {"made_with": self.made_with,
                              "instructions_per_request": self.counts})


if __name__ == "__main__":
    unittest.main()
