#!/usr/bin/env python3
"""The manual pages are installed, are clean for their formatter, and tell all that the programs tell."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402

# program: section, and the pattern of a row of its help that names a command
PROGRAMS = {"onymd": (8, None), "onymctl": (1, r"^  ([a-z]+ [a-z-]+)  +[A-Z]"),
            "onymbench": (1, r"^  ([a-z]+)  +[a-z]"), "onym-generate": (1, None),
            "onym-vectors": (1, None)}


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=60, check=False)


def helps(program, pattern):
    """{words of a command: its help}"""
    found = {"": run(node.program(program), "--help").stdout}
    for words in re.findall(pattern, found[""], re.M) if pattern else ():
        found[words] = run(node.program(program), *words.split(), "--help").stdout
    return found


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="onym-man-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.installed = run("cmake", "--install", node.build_dir(), "--prefix", cls.folder,
                            "--component", "man")

    def page(self, program, section):
        return self.folder / "share" / "man" / f"man{section}" / f"{program}.{section}"

    def test_each_program_has_one(self):
        self.assertEqual(self.installed.returncode, 0, self.installed.stderr)
        self.assertEqual(sorted(path.name for path in self.folder.glob("share/man/man?/*")),
                         sorted(f"{name}.{section}" for name, (section, _) in PROGRAMS.items()))

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed (apt-get install groff-base)")
    def test_it_is_clean_and_tells_what_help_tells(self):
        for program, (section, pattern) in PROGRAMS.items():
            done = run("groff", "-man", "-ww", "-K", "utf8", "-T", "utf8", "-P-cbou",
                       self.page(program, section))
            self.assertEqual((done.returncode, done.stderr), (0, ""), program)
            shown = [line.strip() for line in done.stdout.splitlines()]
            commands = helps(program, pattern)
            self.assertEqual(len(commands) > 1, pattern is not None, program)
            for words, text in commands.items():
                for line in text.splitlines():
                    self.assertIn(line.strip(), shown, (program, words))
                if words:
                    self.assertIn(words, shown)

    def test_see_also_names_pages_that_are(self):
        for program, (section, _) in PROGRAMS.items():
            text = self.page(program, section).read_text("utf-8").replace("\\-", "-")
            self.assertIn(f".SH NAME\n{program} - ", text)
            self.assertNotIn("@", text)
            behind = text[text.index(".SH SEE ALSO"):]
            for name, where in re.findall(r"^\.BR (\S+) \((\d)\)", behind, re.M):
                self.assertEqual(PROGRAMS.get(name, (None,))[0], int(where), (program, name))


if __name__ == "__main__":
    unittest.main()
