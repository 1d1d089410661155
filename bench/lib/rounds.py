"""Rounds in which programs are measured in turns on one core, and what is made of them.

The figure is processor time of all threads and child processes of a server per answer (or request,
or connection); what is compared are ratios of one round. A round in which the machine was disturbed
is discarded and repeated, up to three times as many rounds as were asked for.
"""

import json
import math
import statistics
import subprocess
import time

from lib import common, targets
from lib.common import CannotRun, say

STEAL_SHARE_MAX = 0.02    # of the round's time, taken by other guests of the host
WAITED_SHARE_MAX = 0.10   # of the round's time, server or client ready but without a processor
FLOOR_SLOWER_MAX = 1.5    # the floor's cost against its median of the run
WARM_UPS_MAX = 10
BUSY_MIN = 0.9            # of a core
LEAD_SEED = 5000          # of runs before the measured ones: other names than theirs


class Side:
    """One server that is measured. run(seed) loads it from the other core and returns the client's
    result: answers, seconds, client_cpu_seconds, client_waited_seconds and more; and "us" when it
    is not to be taken from the process's accounting."""

    def __init__(self, name, pid, run, unit="answers", many=False):
        """many: its processes are many and wait for each other on their one core."""
        self.name, self.pid, self.run, self.unit, self.many = name, pid, run, unit, many


def client(build, core, name, *options, seconds=60):
    """One run of a load client; its JSON result."""
    command = [common.program(build, name), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60,
                          preexec_fn=common.pinned(core))
    if done.returncode != 0:
        raise CannotRun(f"{' '.join(command[1:])}: the client got nowhere: {done.stderr.strip()}")
    return json.loads(done.stdout)


def measure(side, cores, seed):
    """One run of a side while its processes and both cores are watched."""
    stolen = common.stolen_seconds(cores)
    (cpu, waited), start = common.cpu_ns(side.pid), time.monotonic()
    result = side.run(seed)
    wall = time.monotonic() - start
    cpu_after, waited_after = common.cpu_ns(side.pid)
    if result[side.unit] == 0:
        raise CannotRun(f"{side.name}: no right answer; the first wrong one: "
                        f"{result.get('first_wrong')}")
    seconds = result["seconds"]
    result.setdefault("us", (cpu_after - cpu) / 1e3 / result[side.unit])
    result.update(server_share=(cpu_after - cpu) / 1e9 / seconds,
                  client_share=result.get("client_cpu_seconds", 0) / wall,
                  server_waited_share=0 if side.many else (waited_after - waited) / 1e9 / seconds,
                  client_waited_share=result.get("client_waited_seconds", 0) / seconds,
                  steal_share=(common.stolen_seconds(cores) - stolen) / (2 * wall))
    return result


def warm_up(side, cores):
    """Runs until two runs in a row cost about the same: the first touch of every page of a map, or
    of a cache, is not what an answer costs. Returns the last result."""
    last = measure(side, cores, 1000)
    for number in range(1, WARM_UPS_MAX):
        now = measure(side, cores, 1000 + number)
        if now["us"] > 0.97 * last["us"]:
            return now
        last = now
    return last


def shares_disturbed(name, result, crowded=False):
    """Why a run of a side is not to be used, by the shares that were watched, or an empty text."""
    if result["steal_share"] > STEAL_SHARE_MAX:
        return f"{name}: {result['steal_share']:.0%} of the time stolen"
    for part in ("server", "client"):
        share = result.get(f"{part}_waited_share", 0)
        if share > WAITED_SHARE_MAX and not crowded:
            return f"{name}: the {part} waited {share:.0%} of the time for its processor"
    return ""


def round_disturbed(results, crowded):
    """Why a round is not to be used, by the shares of its sides, or an empty text."""
    return next((why for name, result in results.items()
                 if (why := shares_disturbed(name, result, crowded))), "")


def judge(rounds, floor, crowded):
    """Says of every round whether it was disturbed; those that follow may change what was said. The
    floor's median over rounds with good shares tells how fast the machine is, since a faster minute
    makes no other a disturbed one."""
    for one in rounds:
        one["disturbed"] = round_disturbed(one["sides"], crowded)
    good = [one for one in rounds if not one["disturbed"]]
    median = statistics.median(one["sides"][floor]["us"] for one in good) if good else 0
    for one in good:
        cost = one["sides"][floor]["us"]
        if cost > FLOOR_SLOWER_MAX * median:
            one["disturbed"] = f"{floor} {cost / median:.1f}x its median"


def measure_awake(side, cores, seed, quick):
    """Measures a side that was asked just before, for as long and for other names: while the others
    have their turns its memory rests, and a hypervisor may take pages that rest."""
    if not quick:
        measure(side, cores, LEAD_SEED + seed)
    return measure(side, cores, seed)


def run(sides, cores, wanted, bound, crowded, quick=False):
    """The rounds, each side once in each; the first side is the floor that tells quiet rounds."""
    rounds, floor = [], sides[0].name
    say("round  " + " ".join(f"{side.name + ' us':>14}" for side in sides)
        + "   wrong  lost  disturbed")
    while len(rounds) < bound:
        results = {side.name: measure_awake(side, cores, len(rounds) + 1, quick) for side in sides}
        rounds.append({"sides": results})
        judge(rounds, floor, crowded)
        say(f"{len(rounds):5}  " + " ".join(f"{r['us']:14.2f}" for r in results.values())
            + f"  {sum(r['wrong'] for r in results.values()):6}"
            + f" {sum(r['lost'] for r in results.values()):5}  {rounds[-1]['disturbed']}")
        if sum(not r["disturbed"] for r in rounds) >= wanted:
            break
    return rounds


def ratio(numerator, denominator, figure="us"):
    """A function of a round's results: the ratio of a figure of two sides."""
    def value(results):
        upper, lower = results[numerator], results[denominator]
        for part in figure.split("."):
            upper, lower = upper[part], lower[part]
        return upper / lower if lower else math.inf
    return value


def summarise(rounds, wanted, rows):
    """Figures over the undisturbed rounds, or over all when there is none. rows: target's id to a
    function of a round's results."""
    quiet = [r for r in rounds if not r["disturbed"]]
    used = [r["sides"] for r in quiet or rounds]
    figures = {
        "rounds_run": len(rounds), "rounds_discarded": len(rounds) - len(quiet),
        "quiet": len(quiet) >= wanted, "us": {}, "per_second": {}, "p50_us": {}, "p99_us": {},
        "wrong": {}, "lost": {}, "client_share": {}, "answer_bytes": {},
        "rows": {}, "rounds": rounds}
    for name in used[0]:
        of_side = [r[name] for r in used]
        figures["us"][name] = common.spread([r["us"] for r in of_side])
        figures["per_second"][name] = common.spread([r["answers_per_second"] for r in of_side])
        figures["client_share"][name] = common.spread([r["client_share"] for r in of_side])
        figures["answer_bytes"][name] = of_side[0].get("answer_bytes_median")
        for part in ("p50", "p99") if "latency_us" in of_side[0] else ():
            figures[f"{part}_us"][name] = common.spread([r["latency_us"][part] for r in of_side])
        for count in ("wrong", "lost"):
            figures[count][name] = sum(r["sides"][name][count] for r in rounds)
    for row, value in rows.items():
        figures["rows"][row] = targets.judge(row, common.spread([value(r) for r in used]))
    return figures


def shown(one):
    digits = 0 if one["median"] >= 100 else 2
    return (f"{one['median']:.{digits}f} ({one['min']:.{digits}f}-{one['max']:.{digits}f}, "
            f"{one['count']})")


def say_summary(figures):
    if figures["rounds_discarded"]:
        say(f"{figures['rounds_discarded']} of {figures['rounds_run']} rounds not used, the "
            "machine was disturbed" + ("" if figures["quiet"] else
                                       "; TOO FEW QUIET ROUNDS, read the figures as rough"))
    for name, us in figures["us"].items():
        latency = "".join(f", {part} {figures[f'{part}_us'][name]['median']:.0f} us"
                          for part in ("p50", "p99") if name in figures[f"{part}_us"])
        say(f"  {name:16} {shown(us):26} us each; {figures['per_second'][name]['median']:.0f} a "
            f"second{latency}, {figures['answer_bytes'][name] or '?'} bytes, client busy "
            f"{figures['client_share'][name]['median']:.0%}, wrong {figures['wrong'][name]}, lost "
            f"{figures['lost'][name]}")
    say(targets.table(figures["rows"]))


def idle(figures, names):
    """(name, how busy its core was) of those sides that the client did not keep busy: one that
    sleeps between requests has fewer at once, and each costs more."""
    for name in names:
        share = figures["us"][name]["median"] * figures["per_second"][name]["median"] / 1e6
        if share < BUSY_MIN:
            yield name, share


def section(arguments, cores, sides, rows, crowded=False, busy=()):
    """Warms every side up, runs the rounds, prints and returns the figures. crowded: server and
    client share a core on purpose, so that waiting for it is no disturbance. busy: names of sides
    whose figures count only if the client keeps them so."""
    if not arguments.quick:
        for side in sides:
            warm_up(side, cores)
    bound = arguments.rounds * (1 if arguments.quick else 3)
    figures = summarise(run(sides, cores, arguments.rounds, bound, crowded, arguments.quick),
                        arguments.rounds, rows)
    targets.doubt(figures["rows"], arguments, figures["quiet"], idle(figures, busy))
    say_summary(figures)
    return figures
