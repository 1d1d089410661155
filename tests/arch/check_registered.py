#!/usr/bin/env python3
"""Every test file is registered in ctest under the name its place gives it, so none is forgotten."""

import json
import subprocess

import tree


def ctest_names(build):
    if build is None or not (build / "CTestTestfile.cmake").is_file():
        raise tree.CannotRun("no CTestTestfile.cmake: configure a build folder first")
    text = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"],
                          capture_output=True, text=True, check=True).stdout
    return {test["name"] for test in json.loads(text)["tests"]}


def expected_name(parts, layers):
    """(ctest name, None) of the test file at these parts below tests/, or (None, what is wrong);
    (None, None) for a file that is no test."""
    name, suffix = parts[-1].rsplit(".", 1)
    if parts[0] == "unit":
        if len(parts) != 3 or not name.startswith("test_") or suffix != "c":
            return None, "unit tests are tests/unit/LAYER/test_NAME.c; helpers go to tests/support"
        if parts[1] not in layers:
            return None, f"{parts[1]} is no folder of src/LAYERS"
        return f"unit.{parts[1]}.{name}", None
    if parts[0] == "integration":
        if len(parts) != 2 or suffix != "py" or not name.startswith(("test_", "slow_")):
            return None, ("integration tests are tests/integration/test_NAME.py or slow_NAME.py; "
                          "helpers go to tests/support")
        return f"integration.{name}", None
    if parts[0] == "gate" and name.startswith("test_"):
        return f"gate.{name}", None
    if parts[0] == "drills" and name.startswith("drill_"):
        return f"drill.{name}", None
    if parts[0] == "arch" and name.startswith("check_"):
        return f"arch.{name}", None
    return None, None


def problems(project, names=None):
    names = ctest_names(project.build) if names is None else names
    layers = project.layers()
    for path in project.files(".c", ".py", under=("tests",)):
        parts = path.relative_to(project.source / "tests").parts
        expected, wrong = expected_name(parts, layers)
        if wrong:
            yield f"{project.name(path)}: {wrong}"
        elif expected and expected not in names:
            yield f"{project.name(path)}: ctest knows no {expected}; configure again"
    for path in project.files(".c", under=("tests/fuzz",)):
        target = path.stem
        if not target.startswith("fuzz_"):
            continue
        corpus = project.source / "tests" / "fuzz" / "corpus" / target.removeprefix("fuzz_")
        if not corpus.is_dir() or not any(corpus.iterdir()):
            yield f"{project.name(path)}: no seed corpus in {project.name(corpus)}"
        if not any(target in name for name in names):
            yield f"{project.name(path)}: ctest replays no corpus of {target}"


if __name__ == "__main__":
    tree.run(problems)
