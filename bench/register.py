#!/usr/bin/env python3
"""./run bench register - what a durable registration takes, next to what it is made of.

In the same rounds on the same disk, each side on its own database filled with the same records:
  node      create requests over Handle TCP connections that are logged in, each with one request
            outstanding; one commit of the node covers what came while the one before was written.
            And requests of 100 and 2,000 rows to the HTTP API, over one and four connections
  path      the same operations through the node's change path in one process, without a network:
            one at a time, and groups of 100 and 2,000, the next handed over while one is committed
  lmdb      the same records put into LMDB alone, 1, 100 and 2,000 to a commit
  postgres  the same rows in PostgreSQL 15 with synced commits: single INSERTs (pgbench), INSERT and
            COPY of 100 and 2,000
with names that ascend inside enterprises (serial) and names that fall anywhere (random), each order
in stores of its own, and serial names once more in the stores that random ones have gone through
(aged); then how long resolution takes (udp_load) while parts are imported and while none are. The
disk's own barrier stands beside it. Ratios are of one round; at the end stand the targets, whether
they are reached, and what bounds them. See README.md.
"""

import argparse
import os
import pathlib
import shutil
import tempfile

from lib import common, disturbed, http_batches, postgres, resolution, suite
from lib.common import CannotRun, say
from lib.register_sides import (GROUPS, LARGE, POSTGRES_GROUPS, POSTGRES_MANY_GROUPS, TURNS, Rows,
                                barrier, commits_of, encoded_rows, make_rows, measure_batch,
                                measure_lmdb, measure_node, measure_path, together,
                                turned)

ROUNDS_MIN = 5
ROUNDS_MAX = 200  # the numbers of runs end behind these
CONNECTIONS = (1, 16, 64)
HTTP_CONNECTIONS = (1, 4)
ORDERS = ("serial", "random")
POSTGRES_CONNECTIONS = 4
POSTGRES_MANY = f"postgres serial copy of 2000, {POSTGRES_CONNECTIONS} connections"
FIELD_PER_SECOND = 1000  # identifiers a second: what operators of such nodes say of theirs
FREE_BYTES_PER_ROW = 4000


class Stores:
    """What the sides register into: two stores of the node, one of which serves, LMDB and the rows
    to come; PostgreSQL's server stands beside them."""

    def __init__(self, arguments, folder, order, base_rows, base_encoded):
        self.order = order
        self.rows = Rows(arguments, folder, order)
        folder = folder / order
        folder.mkdir()
        self.data, self.path, self.database = (folder / name for name in ("data", "path", "lmdb"))
        self.node = None
        for store in (self.data, self.path):
            common.run_tool([common.program(arguments.build, "onymctl"), "load", "--no-progress",
                             "--data", store, base_rows], "onymctl load")
        common.run_tool([common.program(arguments.build, "lmdb_commit"), self.database, "--fill",
                         base_encoded], "lmdb_commit --fill")


def batches(arguments, node, order, size, connections, run):
    before = commits_of(node)
    rows = min(http_batches.ROWS_MAX, arguments.milliseconds * arguments.import_rate)
    one = http_batches.measure(arguments, node, order, size, connections, run, rows)
    one["per_commit"] = one["registered"] / max(1, (commits_of(node) or 1) - (before or 0))
    return one


def large_groups(arguments, of, server, number):
    """Groups of 2,000 on every side, all close together and in several turns: a virtual processor
    is fast or slow for seconds, and each measurement is a fraction of one."""
    order, k = of.order, ORDERS.index(of.order)
    turns = {}
    for turn in range(TURNS[order]):
        sides = [(f"path {order} groups of {LARGE}",
                  lambda: measure_path(arguments, of.path, of.rows, LARGE)),
                 (f"lmdb {order} {LARGE} to a commit",
                  lambda: measure_lmdb(arguments, of.database, of.rows, LARGE))]
        sides += [(f"node {order} HTTP batches of {LARGE}, {n} connections",
                   lambda n=n, run=5000 + number * 20 + 12 + turn * 2 + j:
                   batches(arguments, of.node, order, LARGE, n, run + k))
                  for j, n in enumerate(HTTP_CONNECTIONS)]
        if server is not None:
            groups = POSTGRES_GROUPS[LARGE]
            sides += [(f"postgres {order} {how} of {LARGE}",
                       lambda how=how: server.groups(of.rows.take(LARGE * groups), LARGE, how))
                      for how in ("copy", "insert")[:2 if turn == 0 else 1]]
        if server is not None and order == "serial":
            sides.append((POSTGRES_MANY, lambda: server.groups(
                of.rows.take(POSTGRES_MANY_GROUPS * LARGE), LARGE, "copy", POSTGRES_CONNECTIONS)))
        for name, measure in turned(sides, number * TURNS[order] + turn):
            os.sync()
            turns.setdefault(name, []).append(measure())
    return {name: together(of_side) for name, of_side in turns.items()}


def one_order(arguments, folder, of, server, number, found, barriers):
    """Names of one order, in stores that have only seen such: all sides in turns. What is compared
    stands close together, since disks have moods, each begins with a disk that has nothing left to
    write, and another one is first in each round."""
    order, k = of.order, ORDERS.index(of.order)
    for i, (connections, size) in enumerate(zip(CONNECTIONS, (1, *GROUPS))):
        run = 1 + number * 20 + i * len(ORDERS) + k
        sides = [(f"node {order} {connections} connections",
                  lambda: measure_node(arguments, of.node, connections, order, run))]
        if size != LARGE:
            sides += [(f"path {order} groups of {size}",
                       lambda: measure_path(arguments, of.path, of.rows, size)),
                      (f"lmdb {order} {size} to a commit",
                       lambda: measure_lmdb(arguments, of.database, of.rows, size))]
        barriers.append(barrier(arguments, folder))
        for name, measure in turned(sides, number):
            os.sync()
            found[name] = measure()
        os.sync()
        if server is not None:
            record = of.rows.take(1)[0][1]
            found[f"postgres {order} {connections} connections"] = disturbed.again(
                lambda attempt: server.singles(order, connections, record, run + 10_000 * attempt,
                                               1 + connections // 32 + 2 * attempt))
    for size in GROUPS[:-1]:
        for j, connections in enumerate(HTTP_CONNECTIONS):
            os.sync()
            found[f"node {order} HTTP batches of {size}, {connections} connections"] = batches(
                arguments, of.node, order, size, connections,
                5000 + number * 20 + j * len(ORDERS) + k)
        for how in ("insert", "copy") if server is not None else ():
            os.sync()
            found[f"postgres {order} {how} of {size}"] = server.groups(
                of.rows.take(size * POSTGRES_GROUPS[size]), size, how)
    found.update(large_groups(arguments, of, server, number))
    for i, size in enumerate(GROUPS if arguments.batch else ()):
        found[f"node {order} batch file of {size}"] = measure_batch(
            arguments, folder, of.node, order, 1 + number * 20 + 10 + i * len(ORDERS) + k, size)


def one_round(arguments, folder, stores, aged, server, number):
    """Each order in its stores, then serial names in the stores that random ones have gone through:
    there LMDB's free pages lie anywhere, and each commit is written in many pieces."""
    found, barriers = {}, []
    for of in stores.values():
        one_order(arguments, folder, of, server, number, found, barriers)
    random = stores["random"]
    sides = [("node aged 1 connections",
              lambda: measure_node(arguments, random.node, 1, "serial", 1 + number * 20)),
             ("lmdb aged 1 to a commit",
              lambda: measure_lmdb(arguments, random.database, aged, 1)),
             ("lmdb aged 2000 to a commit",
              lambda: measure_lmdb(arguments, random.database, aged, 2000))]
    for name, measure in turned(sides, number):
        os.sync()
        found[name] = measure()
    for j, connections in enumerate(HTTP_CONNECTIONS):
        os.sync()
        found[f"node aged HTTP batches of 2000, {connections} connections"] = batches(
            arguments, random.node, "serial", 2000, connections, 5000 + number * 20 + 2 * j)
    return found, barriers


# --- the report -----------------------------------------------------------------------------

def table(rounds, names):
    """One line for each measurement: rate with range, latencies as medians of the rounds."""
    width = max(len(name) for name in names)
    result = {}
    say(f"{'':{width}}  {'identifiers/s':>13}  {'(rounds from - to)':^21}  {'p50 ms':>8}  "
        f"{'p99 ms':>8}  {'per commit':>10}")
    for name in names:
        of = [one[name] for one in rounds]
        rate = common.spread([one["per_second"] for one in of])
        p50 = common.spread([one["latency_ms"]["p50"] for one in of])
        p99 = common.spread([one["latency_ms"]["p99"] for one in of])
        sizes = [one["per_commit"] if "per_commit" in one else
                 one["records"] / one["commits"] if "commits" in one and "lmdb" in name else None
                 for one in of]
        size = common.spread(sizes)["median"] if None not in sizes else None
        say(f"{name:{width}}  {rate['median']:13,.0f}  "
            f"({rate['min']:8,.0f} - {rate['max']:8,.0f})  {p50['median']:8.3f}  "
            f"{p99['median']:8.3f}  {'' if size is None else f'{size:10.1f}'}")
        result[name] = {"per_second": rate, "p50_ms": p50, "p99_ms": p99, "per_commit": size}
    return result


def ratio(rounds, above, below):
    of = [one[above]["per_second"] / one[below]["per_second"] for one in rounds]
    found = common.spread(of)
    say(f"{above} / {below}: {found['median']:.2f} ({found['min']:.2f} to {found['max']:.2f})")
    return {"of": above, "to": below, **found}


def ratios(rounds, with_postgres):
    say("\nratios of rates, median of the rounds (range)")
    found = [ratio(rounds, "node aged 1 connections", "lmdb aged 1 to a commit")]
    found += [ratio(rounds, f"node aged HTTP batches of 2000, {n} connections",
                    "lmdb aged 2000 to a commit") for n in HTTP_CONNECTIONS]
    if with_postgres:
        found += [ratio(rounds, f"node aged HTTP batches of 2000, {n} connections", copy)
                  for n, copy in ((1, "postgres serial copy of 2000"),
                                  (POSTGRES_CONNECTIONS, POSTGRES_MANY))]
    for order in ORDERS:
        found.append(ratio(rounds, f"node {order} 1 connections", f"lmdb {order} 1 to a commit"))
        found.append(ratio(rounds, f"node {order} 64 connections", f"lmdb {order} 1 to a commit"))
        found.append(ratio(rounds, f"node {order} 64 connections", f"lmdb {order} 100 to a commit"))
        found += [ratio(rounds, f"node {order} HTTP batches of {size}, {n} connections",
                        f"lmdb {order} {size} to a commit")
                  for size in GROUPS for n in HTTP_CONNECTIONS]
        if with_postgres:
            found += [ratio(rounds, f"node {order} HTTP batches of {size}, {n} connections",
                            f"postgres {order} copy of {size}")
                      for size in GROUPS for n in HTTP_CONNECTIONS]
            if order == "serial":
                found.append(ratio(rounds, "node serial HTTP batches of 2000, "
                                   f"{POSTGRES_CONNECTIONS} connections", POSTGRES_MANY))
        if with_postgres:
            found += [ratio(rounds, f"node {order} {n} connections",
                            f"postgres {order} {n} connections") for n in CONNECTIONS]
    return found


def best_postgres(one, connections=1):
    """Over one connection, or over any number."""
    return max(found["per_second"] for name, found in one.items()
               if name.startswith("postgres serial")
               and (connections > 1 or name != POSTGRES_MANY))


def targets(rounds, resolving, with_postgres):
    """Every target with its ratio, the median of the rounds, and what stands in its way."""
    def rates(above, below):
        return [one[above]["per_second"] / one[below]["per_second"] for one in rounds]

    rows = [("one at a time: p50 of the node / of LMDB, one record a commit", "<=", 1.2,
             [one["node serial 1 connections"]["latency_ms"]["p50"] /
              one["lmdb serial 1 to a commit"]["latency_ms"]["p50"] for one in rounds],
             "one barrier over one piece, LMDB alone two over its pages; the node adds the network "
             "and wake-ups of threads"),
            ("groups of 2,000, serial: change path / LMDB", ">=", 0.5,
             rates("path serial groups of 2000", "lmdb serial 2000 to a commit"),
             "deciding, two digests and the log for each; then pages written"),
            ("groups of 2,000, random: change path / LMDB", ">=", 0.5,
             rates("path random groups of 2000", "lmdb random 2000 to a commit"),
             "a page written for each record, on both sides")]
    rows += [(f"HTTP batches of 2,000, {order}, {n} connection{'s' * (n > 1)} / LMDB, "
              "the same groups", ">=", 0.5,
              rates(f"node {order} HTTP batches of 2000, {n} connections",
                    f"lmdb {order} 2000 to a commit"),
              "decoding, deciding, a digest and the log, in front of what LMDB does")
             for order in ORDERS for n in HTTP_CONNECTIONS]
    if with_postgres:
        rows += [(f"HTTP batches of 2,000, serial, {n} connection{'s' * (n > 1)} / "
                  "best of PostgreSQL", ">=", 2,
                  [one[f"node serial HTTP batches of 2000, {n} connections"]["per_second"] /
                   best_postgres(one, n) for one in rounds],
                  "decoding, deciding, a digest and the log for each, on processors that client "
                  "and node share") for n in HTTP_CONNECTIONS]
        rows.append(("groups of 2,000, serial: change path / best of PostgreSQL", ">=", 2,
                     [one["path serial groups of 2000"]["per_second"] / best_postgres(one)
                      for one in rounds], "as above; COPY checks a unique key and nothing else"))
    rows += [(f"resolution p99 beside {name} / at rest", "<=", 2,
              resolution.ratios(resolving, name),
              "processors that node, disk and importing clients share")
             for name in resolution.IMPORTS]
    say("\n| target | wanted | median (range) | | bound by |\n|---|---|---|---|---|")
    found = []
    for what, sign, wanted, of, bound in rows:
        got = common.spread(of)
        reached = got["median"] <= wanted if sign == "<=" else got["median"] >= wanted
        say(f"| {what} | {sign} {wanted} | {got['median']:.2f} ({got['min']:.2f}-{got['max']:.2f})"
            f" | {'reached' if reached else 'NOT reached'} | {bound} |")
        found.append({"what": what, "wanted": f"{sign} {wanted}", "ratio": got,
                      "reached": reached})
    return found


def report(arguments, rounds, resolving, barriers):
    say("")
    names = sorted(rounds[0], key=lambda name: name.split()[:2])
    result = {"measurements": table(rounds, names)}
    best = max(result["measurements"][name]["per_second"]["median"]
               for name in names if name.startswith("node"))
    say(f"{'field figure of peers':{max(len(n) for n in names)}}  {FIELD_PER_SECOND:13,d}  "
        f"(stated, not measured here; the best line of the node is {best / FIELD_PER_SECOND:.1f} "
        f"times this)")
    result["field_per_second"] = FIELD_PER_SECOND
    result["ratios"] = ratios(rounds, not arguments.without_postgres)
    result["targets"] = targets(rounds, resolving, not arguments.without_postgres)
    disk = common.spread([one["latency_ms"]["p50"] for one in barriers])
    say(f"\ndisk barrier (4 KiB written over, fdatasync): p50 {disk['median']:.3f} ms "
        f"({disk['min']:.3f} to {disk['max']:.3f}), "
        f"p99 {common.spread([one['latency_ms']['p99'] for one in barriers])['median']:.3f} ms; "
        f"one commit of LMDB has two")
    result["barrier_p50_ms"] = disk
    result["resolution"] = resolution.report(arguments, resolving)
    return result


# --- all of it ------------------------------------------------------------------------------

def arguments_of(words):
    parser = argparse.ArgumentParser(prog="./run bench register", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(common.ROOT / "build"), help="the build folder")
    parser.add_argument("--records", type=int, default=1_000_000, help="there before it starts")
    parser.add_argument("--rounds", type=int, default=5, help=f"at least {ROUNDS_MIN}")
    parser.add_argument("--milliseconds", type=int, default=500, help="of one measurement")
    parser.add_argument("--window", type=int, default=16, help="resolutions outstanding")
    parser.add_argument("--import-rate", type=int, default=500,
                        help="rows made for each millisecond of an import, more than the node "
                             "imports; the client holds them in memory")
    parser.add_argument("--barriers", type=int, default=60,
                        help="fdatasync calls of one measurement of the disk")
    parser.add_argument("--memory", choices=("used", "as-it-is"), default="used",
                        help="whether free memory is used once before the rounds: the host of a "
                             "virtual machine may have taken it, and gives it back slowly")
    parser.add_argument("--without-postgres", action="store_true")
    parser.add_argument("--batch", action="store_true",
                        help="also files of 100 and 2,000 rows by onymctl batch, whose rows are "
                             "proven one by one by a secret: minutes more")
    parser.add_argument("--json", help="where the figures go (bench/results/register.json)")
    arguments = parser.parse_args(words)
    if not ROUNDS_MIN <= arguments.rounds <= ROUNDS_MAX or arguments.records < 100 or \
       arguments.milliseconds < 50 or arguments.barriers < 1 or arguments.import_rate < 1 or \
       not 1 <= arguments.window <= 4096:
        parser.error(f"--rounds needs {ROUNDS_MIN} to {ROUNDS_MAX}, --records 100 or more, --milliseconds "
                     "50 or more, --barriers and --import-rate 1 or more, --window 1 to 4096")
    return arguments


def fill(arguments, folder, server):
    """The same records into the stores of each order and PostgreSQL; (stores by order, names)."""
    base = make_rows(arguments, folder, "base", arguments.records, 1)
    names = folder / "names.txt"
    with open(base[0], encoding="ascii") as file, open(names, "w", encoding="ascii") as out:
        for line in file:
            name = line[11:line.index('"', 11)]
            if not name.startswith("0.NA/"):
                out.write(name + "\n")
    stores = {order: Stores(arguments, folder, order, *base) for order in ORDERS}
    if server is not None:
        server.fill(encoded_rows(base[1]))
    for path in base:
        path.unlink()
    return stores, names


def measure(arguments, folder, server):
    rounds, resolving, barriers = [], [], []
    front = resolution.real_time()
    with suite.stack() as stack:
        if arguments.memory == "used":  # first: what fills memory must not push databases out of it
            kept = stack.enter_context(common.free_memory_kept())
            say(f"{common.use_free_memory(folder):,} MiB of free memory used once"
                + (", and none handed back to a host meanwhile" if kept else ""))
        say("filling the databases")
        stores, names = fill(arguments, folder, server)
        aged = stores["serial"].rows.again()
        certificate = http_batches.certificate(folder)
        for of in stores.values():
            of.node = stack.enter_context(
                common.Node(arguments.build, of.data, certificate=certificate, equal=True,
                            settings=("node.pin_workers=yes",)))
            suite.settle(of.node)
        for number in range(arguments.rounds):
            one, around = one_round(arguments, folder, stores, aged, server, number)
            barriers += around
            rounds.append(one)
            resolving.append(resolution.one_round(arguments, front, stores["serial"].node,
                                                  stores["random"].node, names, number))
            say(f"round {number + 1} of {arguments.rounds} done, "
                f"barrier p50 "
                f"{', '.join(format(one['latency_ms']['p50'], '.2f') for one in around)} ms")
    return rounds, resolving, barriers


def run(words=None):
    arguments = arguments_of(words)
    about = common.machine()
    common.say_machine(about)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-bench-register-"))
    try:
        if shutil.disk_usage(folder).free < arguments.records * FREE_BYTES_PER_ROW + (2 << 30):
            raise CannotRun(f"{folder} has too little room; set TMPDIR or use fewer --records")
        say(f"{arguments.records:,} records at the start, {arguments.rounds} rounds of "
            f"{arguments.milliseconds} ms; {common.version(arguments.build, 'onymd')}, "
            f"build {common.build_type(arguments.build)}")
        say("Many in one request is not part of the Handle protocol: groups of its connections are "
            "what many of them make; HTTP batches are requests of so many rows. " + ("A batch file is the whole of one onymctl batch run."
                                         if arguments.batch else
                                         "onymctl batch is left out (--batch measures it)."))
        if arguments.without_postgres:
            say("PostgreSQL is left out (--without-postgres).")
            found = measure(arguments, folder, None)
        else:
            with postgres.Postgres() as server:
                found = measure(arguments, folder, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result = {"bench": "register", "machine": about, "records": arguments.records,
              "command": " ".join([common.bench_command(arguments.build, "register"),
                                  *suite.Suite.told()]),
              "milliseconds": arguments.milliseconds, "window": arguments.window,
              "batch": arguments.batch, "memory": arguments.memory,
              "build": common.version(arguments.build, "onymd"),
              "build_type": common.build_type(arguments.build),
              "postgres": None if arguments.without_postgres else postgres.SETTINGS,
              "rounds": found[0], "resolving": found[1], "barriers": found[2],
              **report(arguments, *found)}
    common.write_json(arguments.json or common.ROOT / "bench" / "results" / "register.json", result)
    return 0


if __name__ == "__main__":
    common.main(run)
