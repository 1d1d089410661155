#!/usr/bin/env python3
"""./run bench table - the table of all targets, from the results that lie in bench/results.

Prints Markdown: for each target whether it was reached, the ratio with its range, when and by which
command. A target measured more than once is taken from the newest result. Results of --quick say
nothing and are left out; what was taken on a disturbed machine is marked. Registration, whose
targets are of many kinds, has tables of its own behind it, from register.json.
"""

import argparse
import json
import pathlib
import sys

from lib import common, register_table, targets


def read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise common.CannotRun(f"{path}: {error}") from error


def rows_of(path):
    """(id, row with date, command, machine and version) of a file of results."""
    result = read(path)
    if result.get("settings", {}).get("quick"):
        return
    machine = result.get("machine", {})
    for section in result.values():
        if isinstance(section, dict) and "rows" in section:
            for name, row in section["rows"].items():
                yield name, {**row, "date": machine.get("date", ""), "machine": machine,
                             "command": result["command"],
                             "version": result["versions"]["onymd"],
                             "build_type": result["versions"]["build_type"]}


def newest(folder):
    found = {}
    for path in sorted(folder.glob("*.json")):
        for name, row in rows_of(path):
            if name in targets.ROWS and (name not in found or found[name]["date"] < row["date"]):
                found[name] = row
    return found


def line(name, row):
    if row is None:
        what, against, most = targets.ROWS[name]
        return f"| {what} | {against} | {targets.limit(most)} | not measured | | |"
    return targets.line({**row, **targets.judge(name, row["ratio"])}) + \
        f" {row['date'][:10]}, `{row['command']}` |"


def print_targets(found):
    machines = {f"{row['machine']['cpu']}, {row['machine']['cores']} cores, "
                f"{row['machine']['system']}, Linux {row['machine']['kernel']}; {row['version']}, "
                f"{row['build_type']}" for row in found.values()}
    print("Machine: " + "; or ".join(sorted(machines)) + "\n")
    print("| what | against | target | median ratio (range, rounds) | reached | measured |\n"
          "|---|---|---|---|---|---|")
    for name in targets.ROWS:
        print(line(name, found.get(name)))
    print()


def run():
    parser = argparse.ArgumentParser(prog="./run bench table", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=pathlib.Path,
                        default=common.ROOT / "bench" / "results", help="folder of results")
    arguments = parser.parse_args()
    found, registration = newest(arguments.results), arguments.results / "register.json"
    if not found and not registration.exists():
        raise common.CannotRun(f"no results of the rows in {arguments.results}")
    if found:
        print_targets(found)
    if registration.exists():
        print("\n".join(register_table.lines(read(registration))))
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    common.main(run)
