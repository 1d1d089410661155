"""Options of a drill, the same from ctest (environment) and by hand (command line).

    ONYM_BUILD=build python3 tests/drills/drill_kill.py --cycles 10000 --seed 7

--NAME VALUE becomes ONYM_DRILL_NAME=VALUE; what is left goes to unittest. Every drill prints its
seed, and the same seed makes the same choices.
"""

import os
import pathlib
import random
import sys
import tempfile
import unittest

FRONT = "ONYM_DRILL_"


def number(name, default):
    return int(os.environ.get(FRONT + name.upper(), default))


def seed():
    """The seed of this run: given, or drawn and then the same for the whole process."""
    key = FRONT + "SEED"
    if key not in os.environ:
        os.environ[key] = str(random.SystemRandom().randrange(1, 1 << 31))
    return int(os.environ[key])


def say(text):
    print(text, file=sys.stderr, flush=True)


def scratch(prefix):
    """A temporary directory, in memory where there is room: what is drawn there is thrown away."""
    memory = pathlib.Path("/dev/shm")
    return tempfile.mkdtemp(prefix=prefix, dir=memory if os.access(memory, os.W_OK) else None)


def main(*names):
    """Of a drill run by hand; names are its options besides --seed."""
    arguments = sys.argv[1:]
    for name in (*names, "seed"):
        if f"--{name}" in arguments:
            at = arguments.index(f"--{name}")
            if at + 1 == len(arguments) or not arguments[at + 1].isdigit():
                sys.exit(f"--{name} needs a number")
            os.environ[FRONT + name.upper()] = arguments[at + 1]
            del arguments[at:at + 2]
    unittest.main(argv=[sys.argv[0], *arguments])
