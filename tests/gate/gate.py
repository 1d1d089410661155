#!/usr/bin/env python3
"""The exact gate: how many instructions a request costs between its bytes and those of its answer,
counted by callgrind for the fixed inputs of rounds.c and held against baseline.json.

    gate.py --build DIR [--baseline FILE]            count and compare
    gate.py --build DIR [--baseline FILE] --update   count and write the baseline anew

Exit status: 0 every case is within 3 % of its baseline; 1 a case is not, or is missing, or its
answers are wrong; 77 nothing can be compared here (the last line says why).
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 0.03
SKIP_STATUS = 77
# What makes libraries choose code by the machine they run on: always the plainest.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-ERMS", "OPENSSL_ia32cap": "0",
               "LC_ALL": "C"}


class CannotCompare(Exception):
    """There is nothing to compare; the text says why."""


class Broken(Exception):
    """The program did not do what it is for."""


def run_program(build, folder):
    program = pathlib.Path(build) / "tests" / "gate_rounds"
    if not program.exists():
        raise CannotCompare(f"{program} is not there: only ordinary builds have it")
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise CannotCompare("valgrind is not installed (apt-get install valgrind)")
    done = subprocess.run(
        [valgrind, "--tool=callgrind", f"--callgrind-out-file={folder}/count",
         "--toggle-collect=gate_measured", "--dump-after=gate_measured", str(program)],
        env={"TMPDIR": str(folder), **ENVIRONMENT}, capture_output=True, text=True, timeout=300,
        check=False)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise Broken(f"{program} ended with {done.returncode}: " + " | ".join(words))
    return done.stdout.splitlines()


def total_of(dump):
    found = re.search(r"^totals: (\d+)$", dump.read_text(errors="replace"), re.M)
    if not found:
        raise Broken(f"callgrind left no total in {dump.name}")
    return int(found[1])


def count(build):
    """Returns (what the program was made with, {case: instructions per request})."""
    with tempfile.TemporaryDirectory(prefix="onym-gate-") as name:
        folder = pathlib.Path(name)
        lines = run_program(build, folder)
        if not lines or not lines[0].startswith("made-with "):
            raise Broken("gate_rounds does not say what it was made with")
        counts = {}
        for number, line in enumerate(lines[1:], start=1):
            case, requests = line.split()
            counts[case] = round(total_of(folder / f"count.{number}") / int(requests))
        return f"{lines[0].removeprefix('made-with ')}, {platform.machine()}", counts


def compare(counts, baseline):
    """Yields (case, baseline or None, count or None, what is wrong or None), in the order counted."""
    for case, now in counts.items():
        before = baseline.get(case)
        if before is None:
            yield case, None, now, "not in the baseline"
        elif now > before * (1 + TOLERANCE):
            yield case, before, now, "slower"
        elif now < before * (1 - TOLERANCE):
            yield case, before, now, "faster: lower the baseline, so that it stays so"
        else:
            yield case, before, now, None
    for case in baseline:
        if case not in counts:
            yield case, baseline[case], None, "no longer counted"


def table(rows):
    yield f"{'instructions per request':32} {'baseline':>9} {'now':>9} {'ratio':>7}"
    for case, before, now, wrong in rows:
        ratio = f"{now / before:.3f}" if before and now else "-"
        yield (f"{case:32} {before if before is not None else '-':>9} "
               f"{now if now is not None else '-':>9} {ratio:>7}  {wrong or ''}").rstrip()


def judge(made_with, counts, baseline, say):
    """Prints the table; whether every case is within the tolerance."""
    if baseline["made_with"] != made_with:
        raise CannotCompare(f"the baseline is of {baseline['made_with']}, this build of {made_with}")
    rows = list(compare(counts, baseline["instructions_per_request"]))
    for line in table(rows):
        say(line)
    wrong = [row for row in rows if row[3]]
    if wrong:
        say(f"{len(wrong)} of {len(rows)} cases are not within {TOLERANCE:.0%} of the baseline. "
            "If that is meant, run ./run gate --update and commit the new baseline with the change.")
    return not wrong


def main(arguments):
    parser = argparse.ArgumentParser(description="count instructions and compare with the baseline")
    parser.add_argument("--build", required=True, help="a release build folder")
    parser.add_argument("--baseline", type=pathlib.Path, default=HERE / "baseline.json")
    parser.add_argument("--update", action="store_true", help="write the baseline anew")
    options = parser.parse_args(arguments)
    try:
        made_with, counts = count(options.build)
        if ", release, " not in made_with:
            raise CannotCompare(f"{options.build} is no release build but of {made_with}")
        if options.update:
            if options.baseline.exists():
                old = json.loads(options.baseline.read_text(encoding="utf-8"))
                for line in table(compare(counts, old["instructions_per_request"])):
                    print(line)
            options.baseline.write_text(json.dumps(
                {"made_with": made_with, "instructions_per_request": counts}, indent=2) + "\n",
                encoding="utf-8")
            print(f"written: {os.path.relpath(options.baseline)}")
            return 0
        baseline = json.loads(options.baseline.read_text(encoding="utf-8"))
        return 0 if judge(made_with, counts, baseline, print) else 1
    except CannotCompare as why:
        print(f"SKIPPED: {why}")
        return SKIP_STATUS
    except (Broken, OSError, subprocess.SubprocessError, ValueError, KeyError) as why:
        print(f"gate: {why}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
