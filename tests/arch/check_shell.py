#!/usr/bin/env python3
"""shellcheck finds nothing in our shell scripts."""

import shutil
import subprocess

import tree


def scripts(project):
    found = [path for path in (project.source / "run", project.source / ".ci" / "run")
             if path.is_file()]
    return found + project.files(".sh")


def problems(project):
    if shutil.which("shellcheck") is None:
        raise tree.CannotRun("shellcheck is not installed")
    files = scripts(project)
    if not files:
        return
    done = subprocess.run(["shellcheck", "--shell=bash", "--format=gcc", "--external-sources",
                           *map(project.name, files)],
                          capture_output=True, text=True, check=False, cwd=project.source)
    yield from done.stdout.splitlines() + done.stderr.splitlines()


if __name__ == "__main__":
    tree.run(problems)
