#!/usr/bin/env python3
"""Add up what ctest wrote and print the last lines of ./run test.

    summarise.py [--strict] NAME=RESULTS.xml ...   count, list failures and skips, verdict last
    summarise.py --broken WHY RESULTS.xml          write a result file with one failure

A program that ran but skipped some of its cases (unittest, cmocka) counts as passed, and each of
its skipped cases as skipped. The exit status is 1 when anything failed (or, with --strict, was
skipped), else 0.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

# What run_unittest.py and cmocka print for one skipped case.
SKIPPED_CASE = re.compile(r"^(?:SKIPPED CASE: (?P<why>.*)|\[  SKIPPED \] (?!\d)(?P<name>\S+).*)$", re.M)
TAIL_LINES = 40


def reason_of(output):
    """The line in which a wholly skipped program says why: its last one."""
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason printed"


def skipped_cases(output):
    found = []
    for match in SKIPPED_CASE.finditer(output):
        text = match["why"] or f"{match['name']}: skipped by the test itself"
        if text not in found:
            found.append(text)
    return found


def read_results(label, path):
    """Returns (passed, failures, skips): a count and two lists of (name, text)."""
    passed, failures, skips = 0, [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{label}: {case.get('name')}"
        output = case.findtext("system-out") or ""
        status = case.get("status")
        if case.find("skipped") is not None and status != "fail":
            skips.append((name, reason_of(output)))
        elif status == "run":
            passed += 1
            skips += [(name, text) for text in skipped_cases(output)]
        else:
            failures.append((name, output))
    return passed, failures, skips


def summarise(arguments):
    strict = "--strict" in arguments
    passed, failures, skips = 0, [], []
    for pair in arguments:
        if pair == "--strict":
            continue
        label, _, path = pair.partition("=")
        try:
            one = read_results(label, path)
        except (OSError, ElementTree.ParseError) as problem:
            one = 0, [(label, f"no readable results: {problem}")], []
        passed += one[0]
        failures += one[1]
        skips += one[2]
    for name, output in failures:
        print(f"\nFAILED {name}")
        for line in output.splitlines()[-TAIL_LINES:]:
            print(f"    {line}")
    if skips:
        print()
    for name, why in skips:
        print(f"skipped {name}: {why}")
    if strict and skips:
        print("--strict: skipped tests count as failed")
        failures += skips
        skips = []
    print(f"{passed} passed, {len(failures)} failed, {len(skips)} skipped")
    return 1 if failures else 0


def write_broken(why, path):
    suite = ElementTree.Element("testsuite", name="broken")
    case = ElementTree.SubElement(suite, "testcase", name="build", status="fail")
    ElementTree.SubElement(case, "failure", message=why)
    ElementTree.SubElement(case, "system-out").text = why
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    return 0


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--broken":
        return write_broken(arguments[1], arguments[2])
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    return summarise(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
