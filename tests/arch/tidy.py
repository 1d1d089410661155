#!/usr/bin/env python3
"""Run clang-tidy 14 over every C file of src/ and bench/ that the build compiles, and over those of
tests/ with ONYM_TIDY=all in the environment.

A file that passed is not looked at again until it, a header, .clang-tidy or this file changes; the
stamps lie in BUILD/tidy. Exit status 1 and the findings when there are any.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import tree

PROGRAM = "clang-tidy-14"


def shared_digest(project):
    """A digest of everything that can change the verdict on any file."""
    digest = hashlib.sha256()
    settings = [project.source / ".clang-tidy", project.source / "tests" / ".clang-tidy"]
    for path in [*settings, pathlib.Path(__file__), *project.c_files(".h")]:
        digest.update(project.name(path).encode() if path.is_relative_to(project.source) else b"")
        digest.update(path.read_bytes())
    return digest


def compiled_sources(project):
    folders = ("src", "bench", "tests") if os.environ.get("ONYM_TIDY") == "all" else ("src", "bench")
    inside = [project.source / folder for folder in folders]
    files = {pathlib.Path(entry["file"]) for entry in project.compile_commands()}
    return sorted(path for path in files
                  if path.is_file() and any(path.is_relative_to(folder) for folder in inside))


def examine(project, path, stamp):
    """None when the file is clean, else what clang-tidy said."""
    if stamp.exists():
        return None
    # gcc's database, clang's front end: what only gcc knows is no finding
    done = subprocess.run([PROGRAM, "--quiet", f"-p={project.build}",
                           "--extra-arg=-Wno-unknown-warning-option",
                           "--extra-arg=-Wno-ignored-optimization-argument", str(path)],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        return None
    return done.stdout.strip() or done.stderr.strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    options = parser.parse_args()
    project = tree.Tree(options.source.resolve(), options.build.resolve())
    if shutil.which(PROGRAM) is None:
        print(f"SKIPPED: {PROGRAM} is not installed")
        return tree.SKIP_STATUS
    shared = shared_digest(project)
    findings = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {}
        for path in compiled_sources(project):
            digest = shared.copy()
            digest.update(path.read_bytes())
            stamp = project.build / "tidy" / f"{path.stem}-{digest.hexdigest()[:24]}"
            jobs[pool.submit(examine, project, path, stamp)] = path
        for job, path in jobs.items():
            if job.result():
                findings += 1
                print(f"{project.name(path)}:\n{job.result()}")
    print(f"{len(jobs)} files, {findings} with findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
