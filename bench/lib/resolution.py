"""How long resolution takes while parts are imported, and while none are.

The client that measures has real-time priority, at rest and beside imports alike: on two processors
that it shares with the node and the clients that import, it would otherwise measure how long it
waits for its own turn (docs/decisions/0194-large-requests-take-turns.md)."""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import time

from . import common, disturbed, http_batches, rounds
from .common import CannotRun, say
from .disturbed import Disturbed
from .register_sides import run_json, turned

PRIORITY = 50
LEAD_SECONDS = 0.1  # an import is under way so long before resolution is measured
REST = "at rest"
IMPORTS = ("batches of 2,000 over 1 connection", "batches of 2,000 over 4 connections",
           "16 connections, serial", "16 connections, random")
SPARE_RUNS = itertools.count(9020)  # for what is measured again: a row is new once


def longer(arguments):
    """Milliseconds of an import: more than those of resolution, whose client reads its names first."""
    return arguments.milliseconds + 300 + arguments.records // 1500


def real_time():
    """Words in front of a command that give it real-time priority, or none where that is not
    allowed."""
    words = ["chrt", "-f", str(PRIORITY)]
    if shutil.which("chrt") and subprocess.run([*words, "true"], capture_output=True,
                                               check=False).returncode == 0:
        return words
    say("no real-time priority here: resolution while importing includes what its client waits")
    return []


def measured(arguments, front, node, names, seed):
    words = [*front, common.program(arguments.build, "udp_load"), "--target",
             f"127.0.0.1:{node.port}", "--patient", "--names", str(names), "--window",
             str(arguments.window), "--seed", str(seed), "--milliseconds", arguments.milliseconds]
    one = run_json(words)
    if one["wrong"] or one["unanswered"]:
        raise CannotRun(f"resolution: {one['wrong']} wrong answers, {one['unanswered']} without one")
    return {"latency_ms": {key: value / 1000 for key, value in one["latency_us"].items()},
            "per_second": one["answers_per_second"], "lost": one["lost"]}


@contextlib.contextmanager
def connections(arguments, node, order, run, found):
    """16 connections that register, each with one request outstanding."""
    with subprocess.Popen(
            [common.program(arguments.build, "register_load"), "--target", f"127.0.0.1:{node.port}",
             "--connections", "16", "--order", order, "--run", str(run),
             "--milliseconds", str(longer(arguments))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        try:
            time.sleep(LEAD_SECONDS)
            yield
            if writer.poll() == 0:  # one that failed says why, below
                raise Disturbed("the registrations ended before resolution was measured")
            out, errors = writer.communicate(timeout=60)
        finally:
            writer.kill()
    if writer.returncode != 0:
        raise CannotRun(f"register_load: {errors.strip()[-300:]}")
    found["registered_per_second"] = json.loads(out)["per_second"]


def beside_batches(arguments, front, node, names, seed, count, run):
    """Resolution while so many connections import batches."""
    lasting = argparse.Namespace(**{**vars(arguments), "milliseconds": longer(arguments)})
    found = {}

    def meanwhile():
        time.sleep(LEAD_SECONDS)
        found.update(measured(arguments, front, node, names, seed))
    imported = http_batches.measure(lasting, node, "serial", 2000, count, run,
                                    rows=lasting.milliseconds * arguments.import_rate,
                                    meanwhile=meanwhile)
    return {**found, "registered_per_second": imported["per_second"]}


def beside_connections(arguments, front, node, names, seed, order, run):
    """Resolution while 16 connections register."""
    found = {}
    with connections(arguments, node, order, run, found):
        found.update(measured(arguments, front, node, names, seed))
    return found


def one_round(arguments, front, serial, random, names, number):
    """Resolution of a node at rest and beside each import; random names go to a node of their own.
    Each has another place in each round, and its node is asked before, for other names: it rested
    while the others had their turns (docs/decisions/0200). Rows of batches are made in between."""
    seed, found = 10 * number + 1, {}
    batches = [(name, serial, lambda run, count=count: beside_batches(
        arguments, front, serial, names, seed, count, run), 5010 + number * 20 + i)
        for i, (name, count) in enumerate(zip(IMPORTS[:2], (1, 4)))]
    many = [(name, node, lambda run, node=node, order=order: beside_connections(
        arguments, front, node, names, seed, order, run), 19 + 20 * number)
        for name, node, order in zip(IMPORTS[2:], (serial, random), ("serial", "random"))]
    sides = [(REST, serial, lambda _: measured(arguments, front, serial, names, seed), 0),
             *batches, *many]
    for name, node, measure, run in turned(sides, number):
        os.sync()
        measured(arguments, front, node, names, rounds.LEAD_SEED + seed)
        found[name] = disturbed.again(
            lambda attempt, measure=measure, run=run: measure(next(SPARE_RUNS) if attempt else run))
    return found


def ratios(resolving, name):
    return [one[name]["latency_ms"]["p99"] / one[REST]["latency_ms"]["p99"]
            for one in resolving]


def report(arguments, resolving):
    result = {}
    for name in (REST, *IMPORTS):
        p50, p99 = (common.spread([one[name]["latency_ms"][key] for one in resolving])
                    for key in ("p50", "p99"))
        rate = common.spread([one[name].get("registered_per_second", 0) for one in resolving])
        say(f"resolution, {name:36} p50 {p50['median']:.3f} ms, p99 {p99['median']:.3f} ms "
            f"({p99['min']:.3f} to {p99['max']:.3f}), window {arguments.window}, "
            f"{rate['median']:,.0f} identifiers/s registered")
        result[name] = {"p50_ms": p50, "p99_ms": p99, "registered_per_second": rate}
    return result
