#!/usr/bin/env python3
"""No writable global in our archives and programs, but those of writable_globals.txt.

Looks at the object files of an ordinary build: an object in .data, .bss, a thread-local section or
a common block is writable; constant tables of pointers in .data.rel.ro are not.
"""

import pathlib
import re
import shutil
import subprocess

import tree

# "address flags section<TAB>size name"; flags are 7 characters, the last O for an object
OBJECT = re.compile(r"^[0-9a-f]+ (?P<flags>.{7}) (?P<section>\S+)\t[0-9a-f]+ +(?:\.hidden )?(?P<name>\S+)$")
FILE = re.compile(r"^(\S+\.o)(?:bj)?: +file format")
WRITABLE = re.compile(r"^(?:\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)")
ALLOWED = pathlib.Path(__file__).resolve().parent / "writable_globals.txt"


def allowed_names(path=ALLOWED):
    """{"file.c name": reason}; every entry needs its reason."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            file, name, reason = line.split(None, 2)
            found[f"{file} {name}"] = reason
    return found


def objects_of(project):
    build = project.build
    if build is None or not (build / "lib").is_dir():
        raise tree.CannotRun("no archives: build first")
    archives = [path for path in sorted((build / "lib").glob("libonym_*.a"))
                if path.name not in ("libonym_llhttp.a", "libonym_test_support.a")]
    if not archives:
        raise tree.CannotRun("no archives: build first")
    programs = [path for folder in ("onymd", "onymctl", "onym-generate", "onym-vectors")
                for path in sorted((build / "CMakeFiles" / f"{folder}.dir").rglob("*.o"))]
    return archives + programs


def writable(dump):
    """Yields (source file, object name) of the writable objects in an `objdump -t` text."""
    file = "?"
    for line in dump.splitlines():
        header = FILE.match(line)
        if header:
            file = pathlib.PurePath(header[1]).name.removesuffix(".o")
            continue
        symbol = OBJECT.match(line)
        if symbol is None or "d" in symbol["flags"] or not WRITABLE.match(symbol["section"]):
            continue
        # thread-local objects carry no O; section symbols (d) are no objects
        if symbol["flags"].endswith("O") or symbol["section"].startswith(".t"):
            # a static inside a function is called name.NUMBER
            yield file, re.sub(r"\.\d+$", "", symbol["name"])


def problems(project, allowed=None):
    if shutil.which("objdump") is None:
        raise tree.CannotRun("no objdump: install binutils")
    allowed = allowed_names() if allowed is None else allowed
    used = set()
    for path in objects_of(project):
        dump = subprocess.run(["objdump", "-t", str(path)], capture_output=True, text=True,
                              check=True).stdout
        for file, name in writable(dump):
            used.add(f"{file} {name}")
            if f"{file} {name}" not in allowed:
                yield (f"{path.name}: {file} has the writable global {name}; pass it as an "
                       f"argument, or give it a line with its reason in {ALLOWED.name}")
    for entry in sorted(set(allowed) - used):
        yield f"{ALLOWED.name}: {entry}: no such writable global any more; remove the line"


if __name__ == "__main__":
    tree.run(problems)
