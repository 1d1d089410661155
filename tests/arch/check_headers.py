#!/usr/bin/env python3
"""Every header compiles alone, and a second inclusion changes nothing."""

import concurrent.futures
import os
import shlex
import subprocess

import tree

WARNINGS = ("-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            "-fsyntax-only", "-x", "c", "-")


def include_flags(project):
    """Every -I and -isystem that the build uses, once each."""
    flags = {}
    for entry in project.compile_commands():
        words = shlex.split(entry["command"])
        for at, word in enumerate(words):
            if word == "-isystem":
                flags[(word, words[at + 1])] = None
            elif word.startswith("-I"):
                flags[(word,)] = None
    return [word for flag in flags for word in flag]


def compile_alone(project, path, flags):
    """None, or the first error."""
    text = f'#include "{path}"\n#include "{path}"\ntypedef int not_empty;\n'
    done = subprocess.run([os.environ.get("CC", "cc"), *flags, *WARNINGS], input=text, text=True,
                          capture_output=True, check=False)
    if done.returncode == 0:
        return None
    first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
    return f"{project.name(path)}: does not compile alone: {first}"


def problems(project):
    flags = include_flags(project)
    headers = [path for path in project.c_files(".h")]
    # a public header must do with the public folder alone
    public = [f"-I{project.source / 'include'}"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = []
        for path in headers:
            inside = project.name(path).startswith("include/")
            own = public if inside else flags + [f"-I{project.source / 'tests'}"]
            jobs.append(pool.submit(compile_alone, project, path, own))
        yield from (job.result() for job in jobs if job.result())


if __name__ == "__main__":
    tree.run(problems)
