"""Several processes of one thread each beside one process, with one thread and with as many."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.common.children import Children, Contestant
from benchmarks.common.output import spread
from benchmarks.common.preset_subject import LOADER, VERBS
from benchmarks.common.turns import divided, take_turns

#: Rounds of all architectures that an interval has to hold: two are whole, also in a slow turn.
ROUNDS = 2.5
ONE, MANY, THREADS = "one process", "processes", "one process, as many threads"


def measure_processes(
    request: dict[str, Any], processes: int, rounds: int, interval_seconds: float
) -> dict[str, Any]:
    """By verb, images/s of each kind in turns, and ratios of ``MANY`` to the two others.

    ``request`` opens the preset. Images/s of several processes are the sum of what each reaches
    while the others work; intervals last longer where the architectures need it.
    """
    crowd = [Contestant("ours", 1, number=number) for number in range(processes)]
    teams = {ONE: crowd[:1], MANY: crowd, THREADS: [Contestant("ours", processes)]}
    found: dict[str, Any] = {}
    with Children([*crowd, *teams[THREADS]]) as children:
        for member in [*crowd, *teams[THREADS]]:
            children.ask(member, request)
        for verb in VERBS:
            if verb == LOADER:
                continue
            # All at once, as slow as it gets.
            alike = children.ask_together(crowd, {"do": "measure verb", "verb": verb})
            interval = max(interval_seconds, ROUNDS * max(answer["seconds"] for answer in alike))
            work = {"do": "rate", "verb": verb, "interval_seconds": interval}

            def rate(team: str, work: dict[str, Any] = work) -> float:
                answers = children.ask_together(teams[team], work)
                return sum(float(answer["images_per_second"]) for answer in answers)

            rates = take_turns(list(teams), rounds, rate)
            found[verb] = {
                team: {"images_per_second": statistics.median(values), "rounds": values}
                for team, values in rates.items()
            }
            found[verb]["interval_seconds"] = interval
            for name, other in (("ratio", ONE), ("ratio_threads", THREADS)):
                ratios = divided(rates[MANY], rates[other])
                found[verb] |= {name: statistics.median(ratios), f"{name}s": ratios}
    return found


def processes_table(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and a line for each verb."""
    header = ["images/s", "one", "processes", "threads", "x one", "min-max", "x threads", "min-max"]
    rows = []
    for verb, entry in found.items():
        cells = [f"{entry[team]['images_per_second']:.0f}" for team in (ONE, MANY, THREADS)]
        for name in ("ratio", "ratio_threads"):
            cells += [f"{entry[name]:.2f}", spread(entry[f"{name}s"])]
        rows.append([verb, *cells])
    return header, rows
