#!/usr/bin/env python3
"""No source file is over 500 lines and no C function over 70."""

import tree

FILE_LINES = 500
FUNCTION_LINES = 70


def long_functions(lines):
    """Yields (first line number, length) of the bodies that are too long. Definitions start in
    column 0, so a body is what stands between a '{' and a '}' there."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            length = number - start - 1
            if length > FUNCTION_LINES:
                yield start, length
            start = None


def problems(project):
    sources = project.files(".c", ".h", ".py", ".sh", ".cmake") + [project.source / "run"]
    for path in sources:
        if not path.is_file():
            continue
        lines = path.read_text("utf-8").splitlines()
        if len(lines) > FILE_LINES:
            yield f"{project.name(path)}: {len(lines)} lines, at most {FILE_LINES}; split it"
        if path.suffix == ".c":
            for start, length in long_functions(lines):
                yield (f"{project.name(path)}:{start}: a function of {length} lines, at most "
                       f"{FUNCTION_LINES}; split it")


if __name__ == "__main__":
    tree.run(problems)
