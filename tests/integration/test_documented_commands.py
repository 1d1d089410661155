"""Every command and option that a document or a help text tells a reader to type is one of the
program it is given to."""

import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import node  # noqa: E402

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")),
             *sorted((ROOT / "proto").glob("*.md"))]
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
BENCH = ("run", "workload", "compare", "report")
PLAIN = ("onymd", "onym-generate", "onym-vectors")
# Up to what ends a command in a shell or in a sentence of Markdown.
CALL = re.compile(r"(?<![\w/.-])(?:build/bin/)?(onymctl|onymbench|onymd|onym-generate|onym-vectors)"
                  r"((?: +[^\s`|;&<>()]+)+)")


def help_of(*words):
    return subprocess.run([node.program(words[0]), *words[1:], "--help"], capture_output=True,
                          text=True, timeout=60, check=True).stdout


def options_in(text):
    return set(OPTION.findall(text)) | {"--help", "--version"}


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        top = help_of("onymctl")
        rows = re.findall(r"^  ([a-z]+) ([a-z-]+)  .*?( \*)?$", top, re.M)
        cls.texts = {("onymctl", noun, verb): help_of("onymctl", noun, verb)
                     for noun, verb, _ in rows}
        cls.short = {verb: (noun, verb) for noun, verb, star in rows if star}
        cls.nouns = {noun for noun, _, _ in rows}
        cls.everywhere = options_in(top)
        cls.texts.update({("onymbench", verb): help_of("onymbench", verb) for verb in BENCH})
        cls.texts.update({(program,): help_of(program) for program in PLAIN})
        cls.options = {key: options_in(text) for key, text in cls.texts.items()}
        cls.options[("onymbench", "workload")] |= cls.options[("onymbench", "run")]

    def fault_of(self, program, words):
        """The options of a call that its command does not have."""
        said = {word.split("=")[0] for word in words if OPTION.match(word)}
        if program in PLAIN:
            return said - self.options[(program,)]
        globals_ = self.everywhere if program == "onymctl" else set()
        while program == "onymctl" and words and words[0].startswith("-"):
            words = words[2:]  # -c FILE, -s HOST, --server HOST
        verbs = [word.strip(",.:") for word in words[:2]]
        if program == "onymbench":
            key = ("onymbench", *verbs[:1])
        elif verbs and verbs[0] in self.short:
            key = ("onymctl", *self.short[verbs[0]])
        else:
            key = ("onymctl", *verbs)
        if key not in self.options:
            return said - globals_ - set().union(*self.options.values())
        return said - globals_ - self.options[key]

    def check(self, where, text):
        text = re.sub(r" *\\\n *", " ", text)
        calls = 0
        for call in CALL.finditer(text):
            calls += 1
            unknown = self.fault_of(call[1], call[2].split())
            self.assertFalse(unknown, f"{where}: {call[0].strip()}")
        return calls

    def test_documents_name_options_that_exist(self):
        calls = sum(self.check(path.name, path.read_text()) for path in DOCUMENTS)
        self.assertGreater(calls, 60)

    def test_documents_name_commands_that_exist(self):
        told = re.compile(r"onymctl(?: -[cs] \S+| --server \S+)* ([a-z]+) ([a-z-]+)")
        for path in DOCUMENTS:
            for noun, verb in told.findall(path.read_text()):
                if noun in self.nouns and noun not in self.short:
                    self.assertIn(("onymctl", noun, verb), self.options, f"{path.name}: {noun} {verb}")

    def test_examples_of_a_help_keep_to_it(self):
        for key, text in self.texts.items():
            self.assertTrue(self.check(" ".join(key), text.split("Examples:\n")[-1]), key)

    def test_what_is_wrong_is_found(self):
        for text in ("`onymctl id create X --valeu 1`", "onymctl -c F tls status --frob",
                     "onymctl resolve --frob X", "onymbench run --frob ::1", "onymd --frob",
                     "onymctl id \\\n    list --frob"):
            with self.subTest(text), self.assertRaises(AssertionError):
                self.check("here", text)


if __name__ == "__main__":
    unittest.main()
