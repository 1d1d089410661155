#!/usr/bin/env python3
"""Every C file is as clang-format 14 leaves it."""

import re
import shutil
import subprocess

import tree

PROGRAM = "clang-format-14"


def problems(project):
    if shutil.which(PROGRAM) is None:
        raise tree.CannotRun(f"{PROGRAM} is not installed")
    files = project.c_files()
    if not files:
        return
    done = subprocess.run(
        [PROGRAM, f"--style=file:{project.source / '.clang-format'}", "--dry-run", "--Werror",
         *map(str, files)], capture_output=True, text=True, check=False)
    bad = dict.fromkeys(re.findall(r"^(\S+?):\d+:\d+: error:", done.stderr, re.M))
    for path in bad:
        name = path.removeprefix(f"{project.source}/")
        yield f"{name}: not formatted; run {PROGRAM} -i {name}"
    if done.returncode != 0 and not bad:
        yield f"{PROGRAM} failed: {done.stderr.strip()[:300]}"


if __name__ == "__main__":
    tree.run(problems)
