#!/usr/bin/env python3
"""Bit rot: one flipped bit in a stored record is found by the check, which names the record, and the
node answers code 2 instead of serving it; every other record stays as it was."""

import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "drills")]

import lmdb_file  # noqa: E402
import options  # noqa: E402
import registrar  # noqa: E402
from registrar import node  # noqa: E402

FLIPS = 200
NAMES = {f"{registrar.PREFIX}/ROT-{i:03d}": f"data of {i} ".encode() * (1 + i % 7 * i % 900)
         for i in range(FLIPS)}
RECORDS = registrar.RECORDS + [
    {"handle": name, "values": [{"index": 1, "type": "URL", "data": data.decode()},
                                {"index": 2, "type": "NOTE", "data": "second"}]}
    for name, data in NAMES.items()]
ERROR = 2


class BitRot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seed = options.seed()
        cls.random = random.Random(cls.seed)
        print(f"bit rot: seed {cls.seed}", file=sys.stderr)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-bit-rot-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        # what the cache holds was verified when it was copied, and stays right: the store is asked
        self.node = node.Node(records=RECORDS, directory=self.root,
                              settings=[*registrar.SETTINGS, "cache.size=0KiB"])
        self.addCleanup(self.node.kill)
        self.file = self.node.data / "data.mdb"
        self.records = {key[1:].decode(): place for key, place
                        in lmdb_file.table(self.file.read_bytes(), "record").items()
                        if key[1:].decode() in NAMES}
        self.assertEqual(len(self.records), FLIPS)
        self.copy = self.root / "copy"
        self.copy.mkdir()

    def flip(self, name, bit):
        """Turns one bit of the stored record around; once more undoes it."""
        where, length = self.records[name]
        bit %= length * 8
        with self.file.open("r+b") as file:
            file.seek(where + bit // 8)
            byte = file.read(1)[0]
            file.seek(where + bit // 8)
            file.write(bytes([byte ^ (1 << bit % 8)]))

    def check(self):
        """What is said of the file as it is: of a copy, since the node holds it."""
        shutil.copy(self.file, self.copy)
        return subprocess.run([str(node.program("onymctl")), "check", "--data", str(self.copy)],
                              capture_output=True, text=True, timeout=60, check=False)

    def test_each_flip_alone(self):
        self.node.start()
        names = list(NAMES)
        with registrar.Connection(self.node) as connection:
            for i, name in enumerate(names):
                bit = self.random.randrange(1 << 30)
                other = names[i - 1]
                self.flip(name, bit)
                found = connection.resolve_all([name, other])
                done = self.check()
                self.flip(name, bit)
                with self.subTest(name=name, bit=bit):
                    self.assertEqual(found[name].code, ERROR)
                    self.assertEqual((found[other].code, found[other].datas()[1]),
                                     (1, NAMES[other]))
                    self.assertEqual(done.returncode, 1)
                    named = [line for line in done.stderr.splitlines() if "damaged record" in line]
                    self.assertEqual(len(named), 1, done.stderr)
                    self.assertIn(name, named[0])
            found = connection.resolve_all(names)
        self.assertEqual({name: (reply.code, reply.datas()[1]) for name, reply in found.items()},
                         {name: (1, data) for name, data in NAMES.items()})
        self.assertEqual(self.check().returncode, 0)
        self.assertIn("record_damaged", self.node.log())

    def short_copy(self, part):
        """A store of that part of the file, in whole pages."""
        short = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        whole = self.file.read_bytes()
        (short / "data.mdb").write_bytes(whole[:int(len(whole) * part) // 4096 * 4096])
        return short

    def run_unhandled(self, program, *words):
        return subprocess.run([str(node.program(program)), *map(str, words)],
                              capture_output=True, text=True, timeout=60, check=False,
                              env=node.signals_unhandled())

    def test_a_copy_that_was_cut_short_is_told(self):
        self.node.write_config()
        done = self.run_unhandled("onymd", "-c", self.node.config, "--set",
                                  f"storage.dir={self.short_copy(1 / 3)}")
        self.assertEqual(done.returncode, -signal.SIGBUS, done.stderr)
        self.assertIn("shorter than it was", done.stderr)

    def test_every_command_that_opens_a_store_tells_of_one_that_was_cut_short(self):
        rows = self.root / "rows.ndjson"
        rows.write_text("".join(json.dumps({"handle": name, "values": []}) + "\n"
                                for name in NAMES))
        for words, status in ((["check"], 1), (["audit", "verify"], 1), (["audit", "export"], 1),
                              (["dump"], 1), (["store", "reindex"], 1),
                              (["audit", "prune", "--keep-days", "0", "--yes"], 1),
                              (["load", rows], 5), (["id", "history", registrar.USER], 5)):
            for part in (0.05, 0.5):
                for form in ([], ["--json"]):
                    with self.subTest(words=words, part=part, form=form):
                        done = self.run_unhandled("onymctl", *form, *words, "--data",
                                                  self.short_copy(part))
                        self.assertEqual(done.returncode, status, done.stderr)
                        self.assertIn("the store is damaged", done.stderr)
                        self.assertIn("Restore it from a dump or a backup", done.stderr)
                        if form:
                            out = done.stdout
                            if node.is_sanitized():  # that of threads writes out what stdio held
                                out = out.splitlines()[0]
                            told = json.loads(out)
                            self.assertEqual((told["outcome"], told["exit"]), ("failed", status))
                            self.assertIn("the store is damaged", told["message"])

    def test_all_flips_at_once(self):
        for name in NAMES:
            self.flip(name, self.random.randrange(1 << 30))
        done = self.check()
        self.assertEqual(done.returncode, 1)
        for name in NAMES:
            self.assertIn(f"damaged record {name}:", done.stderr)
        shutil.rmtree(self.copy)
        self.node.start()
        with registrar.Connection(self.node) as connection:
            found = connection.resolve_all([*NAMES, registrar.USER])
        self.assertEqual({found[name].code for name in NAMES}, {ERROR})
        self.assertEqual(found[registrar.USER].code, 1)
        self.assertEqual(self.node.stop(), 0)


if __name__ == "__main__":
    unittest.main()
