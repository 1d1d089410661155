#!/usr/bin/env python3
"""Calls that nobody may make, and calls that only one file may make."""

import re

import tree

BANNED = {
    "strcpy": "it knows no bound; use memcpy with a checked length or a span",
    "strcat": "it knows no bound; use struct onym_writer",
    "stpcpy": "it knows no bound; use memcpy with a checked length or a span",
    "sprintf": "it knows no bound; use snprintf or struct onym_writer",
    "vsprintf": "it knows no bound; use vsnprintf",
    "gets": "it knows no bound",
    "atoi": "it hides errors; use strtol or a checked parser",
    "atol": "it hides errors; use strtol or a checked parser",
    "atoll": "it hides errors; use strtoll or a checked parser",
    "atof": "it hides errors; use strtod",
    "strtok": "it keeps hidden state; use spans",
    "time": "take the time as an argument, or base/clock.h",
    "rand": "take a struct onym_rng, or base/rng.h",
    "srand": "take a struct onym_rng, or base/rng.h",
    "random": "take a struct onym_rng, or base/rng.h",
    "alloca": "stack use must be bounded; use an arena",
}
# In src/ alone: measuring programs and tests have clocks of their own.
ONE_CALLER = {
    "src/base/clock.c": ("clock_gettime", "gettimeofday", "timespec_get", "uv_hrtime"),
    "src/base/rng.c": ("getrandom", "getentropy", "arc4random", "RAND_bytes", "RAND_priv_bytes",
                       "uv_random"),
    "src/base/prefetch.h": ("__builtin_prefetch",), # compilers leave out what only prefetches
}


def calls(names):
    return re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")


ANY_BANNED = calls(BANNED)


def problems(project):
    for path in project.c_files():
        name = project.name(path)
        code = tree.code_only(path.read_text("utf-8"))
        for match in ANY_BANNED.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {match[1]}() is banned: {BANNED[match[1]]}"
        if not name.startswith("src/"):
            continue
        for owner, names in ONE_CALLER.items():
            if name == owner:
                continue
            for match in calls(names).finditer(code):
                line = code.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: only {owner} calls {match[1]}(); use its header"


if __name__ == "__main__":
    tree.run(problems)
