"""What the checks of this folder share: the source tree, C without comments, and how to report.

A check is a file check_NAME.py with a function problems(tree) that yields one line per problem:
"path:line: what is wrong; what to do". check_checks.py proves that each can fail.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import sys

SKIP_STATUS = 77
C_FOLDERS = ("include", "src", "tests", "bench", "docs/examples")

# One alternative each: block comment, line comment, string, character.
LEXEME = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)

# Folders of other people's files, wherever they are.
LEFT_OUT = {"__pycache__", "node_modules"}


class CannotRun(Exception):
    """A tool or build this check needs is not here: the check is skipped with this reason."""


@dataclasses.dataclass(frozen=True)
class Layer:
    name: str
    below: tuple
    third_party: tuple


@dataclasses.dataclass
class Tree:
    source: pathlib.Path
    build: pathlib.Path | None = None

    def files(self, *suffixes, under=("",)):
        """Files of the project with one of the suffixes, sorted; build output is left out."""
        found = []
        for folder in under:
            for path in sorted((self.source / folder).rglob("*")):
                parts = path.relative_to(self.source).parts
                hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
                if parts[0] in ("build", "onym-data") or hidden or LEFT_OUT.intersection(parts):
                    continue
                if path.is_file() and path.suffix in suffixes:
                    found.append(path)
        return found

    def c_files(self, *suffixes):
        under = [folder for folder in C_FOLDERS if (self.source / folder).is_dir()]
        return self.files(*(suffixes or (".c", ".h")), under=under)

    def name(self, path):
        return path.relative_to(self.source).as_posix()

    def layers(self):
        """The table src/LAYERS as {name: Layer}, in its order."""
        table = {}
        for line in (self.source / "src" / "LAYERS").read_text("utf-8").splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            name, below, third_party = (part.strip() for part in line.split(":"))
            table[name] = Layer(name, tuple(below.split()), tuple(third_party.split()))
        return table

    def compile_commands(self):
        path = self.build / "compile_commands.json" if self.build else None
        if path is None or not path.is_file():
            raise CannotRun("no compile_commands.json: configure a build folder first")
        return json.loads(path.read_text("utf-8"))


def code_only(text, keep_strings=False):
    """The text of a C file with comments and literals blanked, lines kept."""
    def blank(match):
        lexeme = match[0]
        if lexeme[0] in "\"'" and keep_strings:
            return lexeme
        if lexeme[0] in "\"'":
            return lexeme[0] * 2
        return " " + "\n" * lexeme.count("\n")
    return LEXEME.sub(blank, text)


def run(problems):
    """The main program of a check."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=pathlib.Path)
    options = parser.parse_args()
    try:
        found = list(problems(Tree(options.source.resolve(), options.build)))
    except CannotRun as why:
        print(f"SKIPPED: {why}")
        sys.exit(SKIP_STATUS)
    for line in found:
        print(line)
    print(f"{len(found)} problems")
    sys.exit(1 if found else 0)
