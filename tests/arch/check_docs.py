#!/usr/bin/env python3
"""Documents point at what exists, decisions are listed, and the project stands alone."""

import re
import urllib.parse

import tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.M)
DECISION = re.compile(r"\d{4}-[a-z0-9-]+\.md")
# Folders that exist on one machine only. Written so that this line does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:work|farm|home|root)/[\w.]|\.\./shar(?:ed)\b")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
TEXT_SUFFIXES = (".c", ".h", ".py", ".md", ".txt", ".sh", ".cmake", ".json", ".yaml", ".yml", "")


def without_fences(text):
    return FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)


def slug(heading):
    """The anchor a forge gives to a heading."""
    text = re.sub(r"`|\*|<[^>]*>", "", heading).strip().lower()
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")



def anchors(path):
    text = path.read_text("utf-8")
    return {slug(found) for found in HEADING.findall(without_fences(text))} | set(
        ANCHOR.findall(text))


def link_problems(project):
    for path in project.files(".md"):
        text = without_fences(path.read_text("utf-8"))
        text = re.sub(r"`[^`\n]*`", "``", text)
        for match in LINK.finditer(text):
            target = urllib.parse.unquote(match[1] or match[2])
            where = f"{project.name(path)}:{text.count(chr(10), 0, match.start()) + 1}"
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            if not there.exists():
                yield f"{where}: link to {target}, which does not exist"
            elif anchor and there.suffix == ".md" and anchor not in anchors(there):
                yield f"{where}: link to {target}, but there is no such heading"


def decision_problems(project):
    folder = project.source / "docs" / "decisions"
    if not folder.is_dir():
        return
    index = folder / "README.md"
    listed = index.read_text("utf-8") if index.is_file() else ""
    numbers = {}
    for path in sorted(folder.glob("*.md")):
        if path.name == "README.md":
            continue
        name = project.name(path)
        if not DECISION.fullmatch(path.name):
            yield f"{name}: a decision is called NNNN-what-it-is.md"
            continue
        if f"({path.name})" not in listed:
            yield f"{name}: not listed in docs/decisions/README.md"
        if path.name[:4] in numbers:
            yield f"{name}: number taken by {numbers[path.name[:4]]}"
        numbers[path.name[:4]] = path.name


def text_problems(project):
    for path in project.files(*TEXT_SUFFIXES):
        name = project.name(path)
        if name.startswith(("tests/fuzz/corpus/", "proto/vectors/")) or path.name.endswith(".o"):
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for pattern, what in ((MACHINE_PATH, "a path that exists on one machine only"),
                              (UNFINISHED, "an unfinished mark")):
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: {match[0]!r} is {what}"


def problems(project):
    yield from link_problems(project)
    yield from decision_problems(project)
    yield from text_problems(project)


if __name__ == "__main__":
    tree.run(problems)
