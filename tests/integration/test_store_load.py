"""onymctl load, dump and check as their users run them: what they store, what they say, how they end,
and what is left when they are killed."""

import json
import os
import pathlib
import pty
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import node  # noqa: E402

SECONDS = 120
SLOWER = 10 if node.is_sanitized() else 1
MAP = ["--map-size", "1GiB"]  # sanitizers leave less address space


def row(name, *values, **members):
    """One line; values are (index, type, data) or whole objects."""
    listed = [value if isinstance(value, dict) else
              {"index": value[0], "type": value[1], "data": value[2]} for value in values]
    return json.dumps({"handle": name, "values": listed, **members}, ensure_ascii=False) + "\n"


def onymctl(*arguments, stdin=None):
    return subprocess.run([str(node.program("onymctl")), *map(str, arguments)], input=stdin,
                          capture_output=True, timeout=SECONDS, check=False)


class StoreCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-test-load-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"
        self.input = self.folder / "rows.ndjson"

    def load(self, content=None, data=None, code=0, options=()):
        if content is not None:
            self.input.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = onymctl("load", "--data", data or self.data, *MAP, *options, self.input)
        self.assertEqual(done.returncode, code, done.stderr.decode(errors="replace"))
        return done.stderr.decode(errors="replace")

    def check(self, data=None, code=0):
        done = onymctl("--json", "check", "--data", data or self.data, *MAP)
        self.assertEqual(done.returncode, code, done.stderr.decode(errors="replace"))
        return json.loads(done.stdout)

    def dump(self, data=None, code=0):
        done = onymctl("dump", "--data", data or self.data, *MAP)
        self.assertEqual(done.returncode, code, done.stderr.decode(errors="replace"))
        return done.stdout.decode()

    def generate(self, records, seed=1, attributes=6):
        subprocess.run([str(node.program("onym-generate")), "--records", str(records), "--seed",
                        str(seed), "--attributes", str(attributes), "--shuffle", "-o",
                        str(self.input)], check=True, capture_output=True, timeout=SECONDS)


class Load(StoreCase):
    def test_counts_and_homing(self):
        text = self.load(row("0.NA/88.1", (1, "HS_SERV", "0.NA/88")) +
                         row("0.NA/88.2", (1, "HS_SERV", "x/y"), homed=False) +
                         row("88.1/a", (1, "URL", "https://example.cn/")))
        self.assertIn("3 identifiers", text)
        self.assertIn("1 prefix homed", text)
        report = self.check()
        self.assertTrue(report["good"])
        self.assertEqual((report["handles"], report["prefixes_homed"]), (3, 1))
        self.assertEqual(report["log_entries"], 1)

    def test_the_last_revision_is_not_loaded_over(self):
        last = 2**48 - 1
        self.load(row("88.1/a", (1, "T", "x"), revision=last))
        said = self.load(row("88.1/a", (1, "T", "y")), code=6)
        self.assertIn("line 1 of the input cannot be stored", said)
        self.assertIn("last revision", said)
        self.load(row("88.1/a", (1, "T", "x"), revision=last + 1), data=self.folder / "b", code=1)

    def test_files_as_people_make_them(self):
        plain = row("88.1/a", (1, "T", "x")) + row("88.1/b", (1, "T", "曲轴"))
        forms = {"crlf": plain.replace("\n", "\r\n"), "mark": "\ufeff" + plain,
                 "no end": plain.rstrip("\n"), "blank lines": "\n \n" + plain + "\n\t\n"}
        for name, content in forms.items():
            with self.subTest(name):
                data = self.folder / name
                self.load(content, data=data)
                self.assertEqual(self.check(data)["handles"], 2)

    def test_nothing_is_something(self):
        self.load(b"")
        self.assertEqual(self.check()["handles"], 0)

    def test_standard_input_and_json_summary(self):
        lines = row("88.1/a", (1, "T", "x")) + row("88.1/b", (1, "T", "y"))
        done = onymctl("--json", "-q", "load", "--data", self.data, *MAP, "-",
                       stdin=lines.encode())
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        summary = json.loads(done.stdout)
        self.assertEqual((summary["rows"], summary["replaced"], summary["fresh"]), (2, 0, True))
        if shutil.which("xxh128sum"):
            expected = subprocess.run(["xxh128sum", "-"], input=lines.encode(),
                                      capture_output=True, check=True).stdout.decode().split()[0]
            self.assertEqual(summary["input_xxh128"], expected)
        done = onymctl("--json", "-q", "load", "--data", self.data, *MAP, "-",
                       stdin=row("88.1/A", (2, "T", "z")).encode())
        summary = json.loads(done.stdout)
        self.assertEqual((summary["rows"], summary["replaced"], summary["fresh"]), (1, 1, False))

    def test_bad_lines_are_named_and_nothing_is_stored(self):
        good = row("88.1/a", (1, "T", "x"))
        cases = [
            ("{\n", "{name}:2: the text ends; expected"),
            ("null\n", "{name}:2: null; expected an object"),
            (row("88.1/b", {"index": 1, "type": "T", "data": "x", "ttl": -5}),
             "{name}:2: values[0].ttl: -5; expected 0 to 4294967295"),
            (row("88.1/b", {"index": 1, "type": "T", "data": "x", "permision": "1100"}),
             '{name}:2: values[0]: unknown member "permision"; expected one of index,'),
            (row("88..1/b"), '{name}:2: handle: "88..1/b" an empty prefix part; expected'),
            (row("88.1"), "{name}:2: handle: \"88.1\" has no '/'"),
            (row("88.1/a b"), "contains a space"),
            (row("88.1/b", (1, "T", "x"), (1, "T", "y")), "{name}:2: values: index 1 comes twice"),
            (row("88.1/b", homed=True), "expected it with 0.NA/<prefix> only"),
            (row("88.1/A"), '{name}:2: handle: "88.1/A" is also on line 1; expected every'),
            ('{"handle":"88.1/' + "x" * 2100000 + '"}\n',
             "{name}:2: longer than 2097152 bytes; expected one record per line"),
        ]
        for bad, expected in cases:
            with self.subTest(expected):
                text = self.load(good + bad + good, code=1)
                self.assertIn(expected.format(name=self.input), text)
                self.assertIn("nothing was stored", text)
                self.assertEqual(self.check()["handles"], 0)

    def test_ten_bad_lines_are_enough(self):
        text = self.load(row("88.1/a") + "{}\n" * 50, code=1)
        self.assertEqual(text.count("a member is missing"), 10)
        self.assertIn(f"{self.input}:11: a member is missing", text)
        self.assertIn("stopped after 10 bad lines", text)

    def test_control_characters_do_not_reach_the_terminal(self):
        text = self.load(b'{"handle":"88.1/a","values":[],"\x1b[31m":1}\n', code=1)
        self.assertNotIn("\x1b", text)
        text = self.load(row("88.1/a\u009b31m"), code=1)
        self.assertNotIn("\u009b", text)

    def test_usage(self):
        for arguments in (("load",), ("load", "--data", "d"), ("load", "--data", "d", "a", "b"),
                          ("load", "--memory", "1", "--data", "d", "a"),
                          ("load", "--memory", "64KiB", "--data", "d", "a"),
                          ("load", "--colour", "--data", "d", "a"), ("dump",), ("check",),
                          ("dump", "--data", "d", "a", "b"), ("check", "--data", "d", "x")):
            with self.subTest(arguments):
                done = onymctl(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, b"")

    def test_what_is_not_there(self):
        for verb in ("dump", "check"):
            done = onymctl(verb, "--data", self.folder / "none")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"no store here", done.stderr)
            self.assertFalse((self.folder / "none").exists())
        done = onymctl("load", "--data", self.data, self.folder / "none.ndjson")
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"none.ndjson: cannot open", done.stderr)
        self.assertFalse(self.data.exists())

    def test_a_full_map_stores_nothing(self):
        self.load(row("88.1/old", (1, "T", "x")))
        before = self.check()["fold_sha256"]
        self.generate(5000)
        done = onymctl("load", "--data", self.data, "--map-size", "1MiB", self.input)
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"--map-size", done.stderr)
        self.assertIn(b"nothing was stored", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 2)
        self.assertEqual(self.check()["fold_sha256"], before)

    def test_a_disk_that_takes_no_more_stores_nothing(self):
        def no_more_than():
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

        self.generate(5000)
        for used in (False, True):
            data = self.folder / f"used-{used}"
            if used:
                kept = self.input.read_bytes()
                self.load(row("88.1/old", (1, "T", "x")), data=data)
                self.input.write_bytes(kept)
            # without restored signals the limit is an error of write, not the end of the process
            done = subprocess.run([str(node.program("onymctl")), "load", "--data", str(data), *MAP,
                                   str(self.input)], capture_output=True, timeout=SECONDS,
                                  check=False, restore_signals=False, preexec_fn=no_more_than)
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn(b"nothing was stored", done.stderr)
            self.assertEqual(self.check(data)["handles"], int(used))
            self.load(data=data)

    def test_little_memory_gives_the_same_store(self):
        self.generate(20000)
        times = {"created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z"}
        lines = []
        for line in self.input.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            for value in record["values"]:
                value["timestamp"] = "2026-01-01T00:00:00Z"
            lines.append(json.dumps({**record, **times}, ensure_ascii=False) + "\n")
        content = "".join(lines)
        self.load(content)
        other = self.folder / "other"
        done = onymctl("--json", "-q", "load", "--data", other, *MAP, "--memory", "2MiB",
                       self.input)
        self.assertGreater(json.loads(done.stdout)["sorted_runs"], 2)
        self.assertEqual(self.check()["fold_sha256"], self.check(other)["fold_sha256"])
        self.assertEqual(sorted(path.name for path in other.iterdir()),
                         ["data.mdb", "data.mdb-lock", "lock"])


class InUse(StoreCase):
    def test_a_directory_in_use_names_its_holder(self):
        holder = subprocess.Popen([str(node.program("onymctl")), "load", "--data", str(self.data),
                                   *MAP, "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 20
            while not (self.data / "data.mdb").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            self.input.write_text(row("88.1/a"), encoding="utf-8")
            for arguments in (("load", self.input), ("dump",), ("check",)):
                done = onymctl(arguments[0], "--data", self.data, *MAP, *arguments[1:])
                self.assertEqual(done.returncode, 6)
                self.assertIn(f"in use by onymctl load pid {holder.pid};".encode(), done.stderr)
        finally:
            holder.stdin.write(row("88.1/held").encode())
            holder.stdin.close()
            self.assertEqual(holder.wait(20), 0)
            holder.stderr.close()
        self.assertEqual(self.check()["handles"], 1)

    def test_the_daemon_is_named_too(self):
        with node.Node(records=[row("88.1/a", (1, "T", "x"))]) as it:
            done = onymctl("check", "--data", it.data)
            self.assertEqual(done.returncode, 6)
            self.assertIn(b"in use by onymd pid ", done.stderr)


class Dump(StoreCase):
    def test_what_is_dumped_loads_to_the_same_store(self):
        self.generate(300, attributes=24)
        everything = row(
            "88.1/曲轴", {"index": 9, "type": "B", "data": {"format": "base64", "value": "AP+A"},
                        "ttl": "2031-01-01T00:00:00Z", "timestamp": "2020-02-29T12:00:00Z",
                        "permissions": "0001", "references": [{"handle": "x/y", "index": 2}]},
            {"index": 3, "type": "HS_VLIST", "data": {"format": "vlist", "value": [
                {"handle": "0.NA/88.1", "index": 300}]}},
            {"index": 4, "type": "HS_PUBKEY", "data": {"format": "key", "value": {
                "kty": "RSA", "n": "wJ-a_Q", "e": "AQAB"}}},
            {"index": 5, "type": "HS_ADMIN", "data": {"format": "hex", "value": "00ff"}},
            owner="factory-7", revision=41, created="2020-01-01T00:00:00.123Z",
            modified="2021-01-01T00:00:00Z") + row("88.1/none") + \
            '{"handle":"0.NA/88.55","homed":true}\n'
        self.load(self.input.read_text(encoding="utf-8") + everything)
        self.load(row("88.1/none", (1, "T", "now with a value")))
        first = self.check()
        text = self.dump()
        other = self.folder / "other"
        self.load(text, data=other)
        second = self.check(other)
        self.assertEqual(second["fold_sha256"], first["fold_sha256"])
        self.assertEqual(self.dump(other), text)
        self.assertNotEqual(second["node_id"], first["node_id"])
        records = {record["handle"]: record for record in map(json.loads, text.splitlines())}
        self.assertEqual(records["88.1/曲轴"]["revision"], 41)
        self.assertEqual(records["88.1/曲轴"]["owner"], "factory-7")
        self.assertEqual(records["88.1/none"]["revision"], 2)
        self.assertEqual(records["0.NA/88.55"]["homed"], True)
        self.assertEqual(records["0.NA/88.9420.130"]["homed"], False)
        self.assertEqual(list(records), sorted(records, key=lambda name: (
            name == "0.NA/88.55", name.upper().encode())))

    def test_a_file_appears_when_it_is_complete(self):
        self.load(row("88.1/a", (1, "T", "x")))
        target = self.folder / "dump.ndjson"
        target.write_text("old", encoding="utf-8")
        done = onymctl("--json", "-q", "dump", "--data", self.data, *MAP, target)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(json.loads(done.stdout)["rows"], 1)
        self.assertEqual(json.loads(target.read_text(encoding="utf-8"))["handle"], "88.1/a")
        self.assertEqual(target.stat().st_mode & 0o77, 0)
        self.assertFalse(target.with_name("dump.ndjson.part").exists())
        done = onymctl("dump", "--data", self.data, *MAP, self.folder / "no" / "such")
        self.assertEqual(done.returncode, 5)
        done = onymctl("dump", "--data", self.data, *MAP, "/dev/full")
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"No space left", done.stderr)

    def test_a_damaged_record_is_named_and_left_out(self):
        self.load("".join(row(f"88.1/part-{n}", (1, "T", f"some data of {n}"))
                          for n in range(50)))
        file = self.data / "data.mdb"
        content = file.read_bytes()
        where = content.index(b"some data of 17")
        file.write_bytes(content[:where] + b"sOme" + content[where + 4:])
        report = self.check(code=1)
        self.assertFalse(report["good"])
        self.assertEqual(report["damaged_records"], [
            {"handle": "88.1/PART-17", "problem": "the checksum or form is wrong"}])
        done = onymctl("dump", "--data", self.data, *MAP)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"damaged record left out: 88.1/PART-17", done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 49)


class Killed(StoreCase):
    """kill -9 at any moment leaves the old state or the new one, and nothing half-written."""

    def run_killed(self, used):
        rows = 15000 // SLOWER
        chance = random.Random(20260311)
        self.generate(rows, seed=7)
        whole = self.input.read_bytes().count(b"\n")
        start = time.monotonic()
        self.load(data=self.folder / "timing")
        takes = time.monotonic() - start
        outcomes = {"old": 0, "new": 0}
        for number in range(20):
            data = self.folder / f"data-{number}"
            old = 0
            if used:
                kept = self.input.read_bytes()
                self.load(row("88.1/old", (1, "T", "x")), data=data)
                self.input.write_bytes(kept)
                old = 1
            process = subprocess.Popen([str(node.program("onymctl")), "-q", "load", "--data",
                                        str(data), *MAP, str(self.input)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # spread over the whole of it, with the last one after its end
            time.sleep(takes * (number + chance.random()) / 17)
            process.kill()
            process.wait()
            if not (data / "data.mdb").exists() or (data / "data.mdb").stat().st_size == 0:
                self.assertFalse(used)
                outcomes["old"] += 1
                continue
            done = onymctl("--json", "-q", "check", "--data", data, *MAP)
            if done.returncode != 0 and b"without a store's tables" in done.stderr:
                self.assertFalse(used)  # killed while the empty store was being made
                outcomes["old"] += 1
                continue
            report = json.loads(done.stdout)
            self.assertTrue(report["good"], report)
            self.assertIn(report["handles"], (old, old + whole))
            outcomes["old" if report["handles"] == old else "new"] += 1
            self.assertEqual(sorted(path.name for path in data.iterdir()),
                             ["data.mdb", "data.mdb-lock", "lock"])
            # and the next load simply works
            self.load(data=data)
            self.assertEqual(self.check(data)["handles"], old + whole)
            shutil.rmtree(data)
        self.assertGreater(outcomes["old"], 0, outcomes)

    def test_into_an_empty_store(self):
        self.run_killed(used=False)

    def test_into_a_used_store(self):
        self.run_killed(used=True)


class Progress(StoreCase):
    def slow_load(self, options, terminal):
        """What load prints on stderr while its input comes slowly."""
        primary, secondary = pty.openpty() if terminal else os.pipe()
        process = subprocess.Popen([str(node.program("onymctl")), *options, "load", "--data",
                                    str(self.data), *MAP, "-"], stdin=subprocess.PIPE,
                                   stderr=secondary, stdout=subprocess.DEVNULL)
        os.close(secondary)
        for number in range(5):
            process.stdin.write("".join(row(f"88.1/{number}-{n}") for n in range(5000)).encode())
            process.stdin.flush()
            time.sleep(0.12)
        process.stdin.close()
        text = b""
        while True:
            try:
                piece = os.read(primary, 4096)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(primary)
        self.assertEqual(process.wait(SECONDS), 0)
        return text.decode(errors="replace")

    def test_a_terminal_shows_what_happens(self):
        text = self.slow_load((), terminal=True)
        self.assertIn("\ronymctl load: reading", text)
        self.assertIn("rows/s", text)
        self.assertIn("25000 identifiers", text)

    def test_no_progress_when_not_wanted_or_not_due(self):
        for options in (("--no-progress",), ("-q",)):
            shutil.rmtree(self.data, ignore_errors=True)
            self.assertNotIn("reading", self.slow_load(options, terminal=True))
        shutil.rmtree(self.data, ignore_errors=True)
        self.assertNotIn("reading", self.slow_load((), terminal=False))


if __name__ == "__main__":
    unittest.main()
