"""onymctl without a server: help, version, did-you-mean and exit codes of the command line."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402

ONYMCTL = node.program("onymctl")


def onymctl(*arguments, **environment):
    return subprocess.run([ONYMCTL, *arguments], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment})


def commands():
    """(noun, verb, top level) of every row in the help."""
    rows = re.findall(r"^  ([a-z]+) ([a-z-]+)  .*?( \*)?$", onymctl("--help").stdout, re.M)
    return [(noun, verb, bool(star)) for noun, verb, star in rows]


class Abbreviations(unittest.TestCase):
    """An option is its whole name: a part of it would mean another one when options are added."""

    def test_no_program_takes_one(self):
        for program, *words in (("onymctl", "batch", "run", "--connect", "host", "x.csv"),
                                ("onymctl", "batch", "run", "--c"), ("onymctl", "init", "--ren"),
                                ("onymctl", "resolve", "--tcp-onl", "88.1/x"),
                                ("onymctl", "load", "--map", "1GiB", "x"),
                                ("onymctl", "conf", "show", "--eff"),
                                ("onymctl", "auth", "token", "list", "--exp"),
                                ("onymctl", "id", "history", "--conn", "host", "x"),
                                ("onymbench", "compare", "--marg", "5", "a", "b"),
                                ("onym-generate", "--rec", "5"), ("onym-vectors", "--verb"),
                                ("onymd", "--check")):
            with self.subTest(program=program, words=words):
                got = subprocess.run([node.program(program), *words], capture_output=True,
                                     text=True, timeout=30, stdin=subprocess.DEVNULL)
                self.assertEqual(got.returncode, 78 if program == "onymd" else 2, got)
                word = next(w for w in words if w.startswith("--"))
                self.assertRegex(got.stderr, f"(unknown|unrecognized|incomplete).* '?{word}\\b")

    def test_an_option_that_is_nearly_one_is_told(self):
        for words, near in ((("batch", "run", "--encodin", "x", "a.csv"), "--encoding"),
                            (("id", "resolve", "--tpye", "URL", "1/a"), "--type"),
                            (("id", "create", "1/a", "--overwite"), "--overwrite"),
                            (("prefix", "list", "--limti", "3"), "--limit")):
            got = onymctl(*words)
            self.assertEqual(got.returncode, 2)
            self.assertIn(f"; did you mean {near}?", got.stderr)
        got = onymctl("batch", "check", "--connections", "4", "a.csv")
        self.assertIn("unknown option --connections; see onymctl batch check", got.stderr)


class Help(unittest.TestCase):
    def check(self, *arguments):
        got = onymctl(*arguments)
        self.assertEqual((got.returncode, got.stderr), (0, ""), arguments)
        for line in got.stdout.splitlines():
            self.assertLessEqual(len(line), 80, (arguments, line))
            self.assertNotIn("\t", line)
        self.assertTrue(got.stdout.endswith("\n"))
        # ends with two examples: lines indented by two with the program in them
        tail = got.stdout.rstrip("\n").split("Examples:\n")
        self.assertEqual(len(tail), 2, arguments)
        examples = tail[1].splitlines()
        self.assertEqual(sum(bool(re.match(r"  \S", line)) and "onymctl " in line
                             for line in examples), 2, examples)
        return got.stdout

    def test_every_help_fits_80_columns_and_ends_with_two_examples(self):
        self.check("--help")
        found = commands()
        self.assertGreaterEqual(len(found), 4)
        for noun, verb, top_level in found:
            self.assertTrue(self.check(noun, verb, "--help").startswith(f"Usage: onymctl {noun} {verb}"))
            self.assertRegex(self.check(noun, verb, "--help"), r"\nExit status:\s+0 ")
            if top_level:
                self.assertEqual(self.check(verb, "-h"), self.check(noun, verb, "--help"))
        for noun in {noun for noun, _, _ in found}:
            self.check(noun, "--help")
            self.assertEqual(self.check("help", noun), self.check("--help", noun))

    def test_the_commands_of_this_version_are_there(self):
        found = commands()
        words = {"id": "create set add-value rm-value delete list history",
                 "prefix": "home unhome list", "auth": "key token", "log": "level", "audit": "verify export prune",
                 "tls": "status trust reload", "batch": "run check resume", "store": "reindex",
                 "conf": "check show schema reload"}
        for noun, verb, top_level in (("id", "resolve", True), ("store", "load", True),
                                      ("store", "dump", True), ("store", "check", True),
                                      ("node", "init", True),
                                      *((noun, verb, False) for noun, verbs in words.items()
                                        for verb in verbs.split())):
            self.assertIn((noun, verb, top_level), found)

    def test_help_names_every_exit_code(self):
        text = self.check("--help")
        for code in (0, 1, 2, 3, 4, 5, 6, 7, 130):
            self.assertRegex(text, rf"\b{code} [a-z]")


class Version(unittest.TestCase):
    def test_version_is_one_line(self):
        for words in (["-V"], ["--version"], ["id", "-V"]):
            got = onymctl(*words)
            self.assertEqual(got.returncode, 0)
            self.assertRegex(got.stdout, r"^onymctl \d+\.\d+\.\d+ \(.+\)\n$")

    def test_twice_adds_build_and_libraries(self):
        for words in (["-VV"], ["-V", "-V"], ["--version", "--version"]):
            got = onymctl(*words)
            self.assertEqual(got.returncode, 0)
            for name in ("build:", "OpenSSL 3.", "LMDB 0.9.", "libyaml", "xxHash", "libuv 1.", "jansson 2."):
                self.assertIn(name, got.stdout)


class Mistakes(unittest.TestCase):
    def test_each_is_named_and_exits_2(self):
        for words, hint in (([], "onymctl --help"), (["resolv"], "did you mean 'resolve'?"),
                            (["Resolve"], "did you mean 'resolve'?"), (["rsolve"], "'resolve'"),
                            (["reslove"], "'resolve'"), (["idd"], "did you mean 'id'?"),
                            (["id", "resolv"], "did you mean 'resolve'?"), (["id"], "onymctl id --help"),
                            (["id", "frobnicate"], "see onymctl id --help"),
                            (["frobnicate"], "see onymctl --help"), (["--frobnicate"], "--frobnicate"),
                            (["--json=1", "id"], "takes no argument"), (["--server"], "--server"),
                            (["-o", "yaml", "id"], "text or json"), (["--color", "red"], "always"),
                            (["--timeout", "x"], "seconds"), (["--timeout", "0.0009"], "seconds"),
                            (["--timeout", "3600.1"], "seconds"), (["--timeout", "nan"], "seconds")):
            got = onymctl(*words)
            self.assertEqual(got.returncode, 2, (words, got))
            self.assertIn(hint, got.stderr, words)
            self.assertTrue(got.stderr.startswith("onymctl"), words)
            self.assertEqual(got.stdout, "")

    def test_limits_of_timeout_are_accepted(self):
        for seconds in ("0.001", "3600"):
            self.assertEqual(onymctl("--timeout", seconds, "--help").returncode, 0)


if __name__ == "__main__":
    unittest.main()
