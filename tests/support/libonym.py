"""Compiles a program the way a user of the library does: against a copy of include/ and libonym.a,
and nothing else of the project."""

import pathlib
import shutil
import subprocess

import node

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def cache():
    found = {}
    for line in (node.build_dir() / "CMakeCache.txt").read_text("utf-8", "replace").splitlines():
        name, _, rest = line.partition(":")
        found[name] = rest.partition("=")[2]
    return found


def archive():
    path = node.build_dir() / "lib" / "libonym.a"
    if not path.is_file():
        raise RuntimeError(f"{path} is not there; build the target onym first")
    return path


def compiler_and_flags():
    """The compiler of the build, and what an instrumented archive needs at link time."""
    settings = cache()
    flags = []
    if settings.get("ONYM_SANITIZE"):
        flags.append(f"-fsanitize={settings['ONYM_SANITIZE']}")
    if settings.get("ONYM_COVERAGE") == "ON":
        flags.append("--coverage")
    return settings.get("CMAKE_C_COMPILER") or "cc", flags


def compile_program(folder, source, *more):
    """Compiles source (a path) in folder; returns the program. Warnings are errors."""
    folder = pathlib.Path(folder)
    if not (folder / "include").exists():
        shutil.copytree(SOURCE / "include", folder / "include")
        shutil.copy(archive(), folder / "libonym.a")
    compiler, flags = compiler_and_flags()
    program = folder / pathlib.Path(source).stem
    got = subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-Iinclude", str(source),
                          *flags, "libonym.a", "-lcrypto", *more, "-o", str(program)],
                         cwd=folder, capture_output=True, text=True, timeout=120)
    if got.returncode != 0:
        raise AssertionError(f"{source} does not compile:\n{got.stderr}")
    return program
