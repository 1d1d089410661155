"""onym-generate as its users run it: bytes that never change, files, refusals."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import node  # noqa: E402

LIMIT_SECONDS = 60
FIXED_ROWS = 18 + 34 + 5  # prefixes, sample, free names; no made-up enterprises
FIXED_NAMES = 34 + 5

# A change of any of these bytes is visible to users: it needs a line in docs/changelog.md.
DIGESTS = {
    ():
        "468e0f0fc39660c9c4d96071d4f272faa2674138e7e20c9c72531adb6f9a74d9",
    ("--sample-only",):
        "cb29d775a9b0a23509366ef49e002a04b9dfa603368bd9c9cc4ca9b4cf504a45",
    ("--seed", "1", "--records", "1000"):
        "185923fcd251df738c52c52fbaaf0bed279e36890754ce295bb79d3840f429a9",
    ("--records", "50000", "--attributes", "6", "--shuffle"):
        "6ac9063aa5dfab458aafe10ec96ce96a019b2483101d07107e970657071c24cb",
    ("--records", "1000", "--attributes", "12"):
        "f1de302ca99dcb49999873289ea1049237261c267ca7d3d0de2ab34ba95b362d",
    ("--records", "1000", "--attributes", "24"):
        "c70fa8d8405a64fd3aa6ee11e0255aa290eb7d1a7907020b0f3f9c20dca506c4",
}


def run(*arguments, **keywords):
    return subprocess.run([node.program("onym-generate"), *arguments], capture_output=True,
                          timeout=LIMIT_SECONDS, check=False, **keywords)


def output(*arguments):
    done = run(*arguments)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout


class Output(unittest.TestCase):
    def test_the_same_options_give_the_same_bytes(self):
        for arguments, digest in DIGESTS.items():
            with self.subTest(arguments=arguments):
                self.assertEqual(hashlib.sha256(output(*arguments)).hexdigest(), digest)

    def test_defaults_are_what_the_help_says(self):
        self.assertEqual(output(), output("-n", "8000", "-s", "20260311", "-o", "-"))
        self.assertNotEqual(output("-n", "100"), output("-n", "100", "-s", "1"))

    def test_rows_are_json_and_counted(self):
        for records in (0, 1, 100):
            lines = output("--records", str(records)).decode("utf-8").split("\n")
            self.assertEqual(lines.pop(), "")
            self.assertEqual(len(lines), FIXED_ROWS + records)
            handles = [json.loads(line)["handle"] for line in lines]
            self.assertEqual(len(set(handles)), len(handles))

    def test_sample_only_is_no_made_up_record(self):
        self.assertEqual(output("--sample-only"), output("--records", "0"))

    def test_prefixes_come_before_what_is_under_them(self):
        seen = set()
        for line in output("-n", "60000", "-a", "6", "--shuffle").splitlines():
            handle = json.loads(line)["handle"]
            prefix, _, suffix = handle.partition("/")
            if prefix == "0.NA":
                seen.add(suffix)
            else:
                self.assertIn(prefix, seen)

    def test_self_built_enterprises_are_not_homed(self):
        rows = [json.loads(line) for line in output("--sample-only").splitlines()]
        away = [row["handle"] for row in rows if row.get("homed") is False]
        self.assertEqual(away, ["0.NA/88.9420.130", "0.NA/88.9420.131"])
        self.assertFalse([row for row in rows if row["handle"].startswith(
            ("88.9420.130/", "88.9420.131/"))])

    def test_shuffle_only_changes_the_order(self):
        plain = output("-n", "5000", "-a", "6").splitlines()
        mixed = output("-n", "5000", "-a", "6", "--shuffle").splitlines()
        self.assertEqual(plain[:FIXED_ROWS], mixed[:FIXED_ROWS])
        self.assertNotEqual(plain, mixed)
        self.assertEqual(sorted(plain), sorted(mixed))


def templates():
    """(chain, index) -> (field, access), from docs/domain.md; chain None for the common block."""
    fields, chain = {}, None
    for line in (ROOT / "docs" / "domain.md").read_text("utf-8").splitlines():
        heading = re.match(r"### ([A-Z]{2}): ", line)
        if heading:
            chain = heading.group(1)
        row = re.match(r"\| (20\d\d) \| `(\w+)` \|.*\| ([OAS]) \|$", line)
        if row:
            fields[chain, int(row.group(1))] = row.group(2), row.group(3)
    return fields


class Document(unittest.TestCase):
    def test_fields_are_those_of_the_document(self):
        fields = templates()
        self.assertEqual(len(fields), 20 + 13 + 13 + 11 + 15 + 12 + 12 + 12 + 13)
        seen = set()
        for line in output("-n", "4000").splitlines():
            record = json.loads(line)
            suffix = record["handle"].partition("/")[2]
            for value in record["values"]:
                if value["index"] < 2000:
                    continue
                place = None if value["index"] < 2020 else suffix[:2], value["index"]
                public = value.get("permissions", "1110") == "1110"
                self.assertEqual((value["type"], public),
                                 (fields[place][0], fields[place][1] == "O"), record["handle"])
                seen.add(place)
        self.assertEqual(seen, set(fields))

    def test_sample_is_the_list_of_the_document(self):
        text = (ROOT / "docs" / "domain.md").read_text("utf-8")
        listed = re.findall(r"^\| \d+ \| `(88\.9420\.[^`]+)` \|", text, re.MULTILINE)
        names = [json.loads(line)["handle"] for line in output("--sample-only").splitlines()]
        self.assertEqual(len(listed), 34)
        self.assertEqual([name for name in names if name in set(listed)], listed)


class Files(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="onym-generate-")
        self.addCleanup(place.cleanup)
        self.dir = pathlib.Path(place.name)

    def test_rows_and_names_go_to_files(self):
        rows, names = self.dir / "rows", self.dir / "names"
        rows.write_text("left over from before\n" * 10000)
        printed = output("-n", "3000", "--shuffle", "-o", str(rows), "--names", str(names))
        self.assertEqual(printed, b"")
        self.assertEqual(rows.read_bytes(), output("-n", "3000", "--shuffle"))
        handles = [json.loads(line)["handle"] for line in rows.read_text("utf-8").splitlines()]
        listed = names.read_text("utf-8").splitlines()
        self.assertEqual(listed, [name for name in handles if not name.startswith("0.NA/")])
        self.assertEqual(len(listed), FIXED_NAMES + 3000)

    def test_names_to_standard_output(self):
        printed = output("--sample-only", "-o", str(self.dir / "rows"), "--names", "-")
        self.assertEqual(len(printed.splitlines()), FIXED_NAMES)

    def test_one_file_for_both_is_refused(self):
        both = str(self.dir / "both")
        done = run("-o", both, "--names", both)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cannot go to the same file", done.stderr)

    def test_a_file_that_cannot_be_opened(self):
        for option in ("-o", "--names"):
            done = run("--sample-only", option, str(self.dir / "missing" / "file"))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"missing/file: No such file or directory", done.stderr)

    def test_a_full_disk_is_said(self):
        for arguments in (("-o", "/dev/full"), ("-o", str(self.dir / "r"), "--names", "/dev/full"),
                          ("--sample-only", "-o", "/dev/full")):
            done = run(*arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn(b"incomplete, cannot write /dev/full: No space left on device",
                          done.stderr)
            self.assertEqual(done.stderr.count(b"\n"), 1)


class CommandLine(unittest.TestCase):
    def refused(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 2, arguments)
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"try 'onym-generate --help'", done.stderr)
        return done.stderr.decode()

    def test_refusals_say_what_would_do(self):
        for text in ("", "x", "-1", "+1", " 1", "1k", "1.5", "0x10", "1000000001",
                     "99999999999999999999"):
            self.assertIn("number from 0 to 1000000000, not " + text,
                          self.refused("--records=" + text))
        for text in ("", "x", "-1", "18446744073709551616"):
            self.assertIn("number from 0 to 18446744073709551615, not " + text,
                          self.refused("--seed=" + text))
        for text in ("", "0", "5", "7", "25", "240", "x"):
            self.assertIn("takes 6, 12 or 24, not " + text, self.refused("--attributes=" + text))
        self.assertIn("given file", self.refused("file"))
        self.assertIn("exclude each other", self.refused("--sample-only", "--records", "0"))
        self.assertIn("--nonsense", self.refused("--nonsense"))
        self.refused("--records")

    def test_numbers_at_their_limits(self):
        output("--records", "0", "--seed", "18446744073709551615")
        output("--records", "0", "--seed", "0")
        # the largest data set starts at once: nothing is prepared or kept in memory
        with subprocess.Popen([node.program("onym-generate"), "-n", "1000000000", "--shuffle"],
                              stdout=subprocess.PIPE) as process:
            for _ in range(1000):
                json.loads(process.stdout.readline())
            process.stdout.close()
            process.wait(LIMIT_SECONDS)

    def test_help_fits_the_screen(self):
        lines = output("--help").decode().splitlines()
        self.assertLessEqual(max(len(line) for line in lines), 80)
        self.assertTrue(lines[-1].startswith("  onym-generate"))
        self.assertTrue(lines[-2].startswith("  onym-generate"))
        self.assertEqual(output("-h"), output("--help"))

    def test_version(self):
        self.assertRegex(output("--version").decode(), r"^onym-generate \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
