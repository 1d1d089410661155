"""The tables of registration in Markdown, from a result of ./run bench register."""

from .register_sides import GROUPS

SIDES = [*((f"node, {n} connection{'s' * (n > 1)}", f"node {{}} {n} connections")
           for n in (1, 16, 64)),
         *((f"node, HTTP batches of {size:,}, {n} connection{'s' * (n > 1)}",
            f"node {{}} HTTP batches of {size}, {n} connections") for size in GROUPS for n in (1, 4)),
         *((f"change path without a network, groups of {size:,}", f"path {{}} groups of {size}")
           for size in (1, *GROUPS)),
         *((f"LMDB alone, {size:,} to a commit", f"lmdb {{}} {size} to a commit")
           for size in (1, *GROUPS)),
         *((f"PostgreSQL 15, {n} connection{'s' * (n > 1)}", f"postgres {{}} {n} connections")
           for n in (1, 16, 64)),
         *((f"PostgreSQL 15, copy of {size:,}", f"postgres {{}} copy of {size}") for size in GROUPS),
         ("PostgreSQL 15, copy of 2,000, 4 connections",
          "postgres {} copy of 2000, 4 connections")]
COLUMNS = {"serial": "serial names", "random": "random names",
           "aged": "aged: serial names after random ones"}


def spread(of, digits):
    return " ".join((f"{of['median']:,.{digits}f}",
                     f"({of['min']:,.{digits}f} to {of['max']:,.{digits}f})"))


def cells(measured):
    if measured is None:
        return " | "
    return (f"{spread(measured['per_second'], 0)} | {measured['p50_ms']['median']:.3f}, "
            f"{measured['p99_ms']['median']:.3f}")


def sides(result):
    yield "| side | " + " | ".join(f"{of}, identifiers/s | p50, p99 ms"
                                   for of in COLUMNS.values()) + " |"
    yield "|---|" + "---|" * 2 * len(COLUMNS)
    for title, name in SIDES:
        found = [result["measurements"].get(name.format(of)) for of in COLUMNS]
        if any(found):
            yield f"| {title} | " + " | ".join(map(cells, found)) + " |"
    yield (f"| what operators state for nodes in the field | {result['field_per_second']:,} "
           "(not measured here) |" + " |" * (2 * len(COLUMNS) - 1))


def targets(result):
    yield "| target | wanted | ratio, median of rounds (range) | |"
    yield "|---|---|---|---|"
    for row in result["targets"]:
        yield (f"| {row['what']} | {row['wanted']} | {spread(row['ratio'], 2)} | "
               f"{'reached' if row['reached'] else 'not reached'} |")


def resolution(result):
    yield "| resolution | p50 ms | p99 ms | identifiers/s of the import |"
    yield "|---|---|---|---|"
    for name, of in result["resolution"].items():
        rate = of["registered_per_second"]
        yield (f"| {name} | {of['p50_ms']['median']:.3f} | {spread(of['p99_ms'], 3)} | "
               f"{spread(rate, 0) if rate['median'] else ''} |")


def lines(result):
    machine = result["machine"]
    yield (f"Registration, {machine['date'][:10]}, {machine['cpu']}, {machine['cores']} cores, "
           f"{machine['system']}; {result['build']}, {result['build_type']}; "
           f"`{result.get('command', './run bench register')}`, {len(result['rounds'])} rounds, "
           f"{result['records']:,} records at the start; `fdatasync` of 4 KiB took "
           f"{spread(result['barrier_p50_ms'], 3)} ms")
    yield ""
    for part in (sides, targets, resolution):
        yield from part(result)
        yield ""
