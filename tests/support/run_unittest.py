#!/usr/bin/env python3
"""Run one unittest file for ctest: python3 run_unittest.py tests/integration/test_x.py [unittest args]

Prints one "SKIPPED CASE: name: reason" line for each skipped case, so that ./run test can count
it. Exit status: 0 all ran or were skipped in part, 1 a failure or no case at all, 77 everything
was skipped (the last line says why).
"""

import importlib.util
import pathlib
import sys
import unittest

SKIP_STATUS = 77


def load(path):
    sys.path.insert(0, str(path.parent))
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    path = pathlib.Path(arguments[0]).resolve()
    try:
        module = load(path)
    except unittest.SkipTest as why:
        print(f"SKIPPED: {why}")
        return SKIP_STATUS
    program = unittest.main(module=module, argv=[path.name, "-v", *arguments[1:]], exit=False)
    result = program.result
    sys.stderr.flush()
    if result.testsRun == 0 and not result.skipped:
        print(f"{path.name} holds no test case")
        return 1
    if not result.wasSuccessful():
        return 1
    if result.skipped and len(result.skipped) >= result.testsRun:
        print(f"SKIPPED: {result.skipped[0][1]}")
        return SKIP_STATUS
    for case, why in result.skipped:
        print(f"SKIPPED CASE: {case}: {why}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
