"""Measuring in turns: noise of the machine hits all contestants, and ratios are of one round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from benchmarks.common.children import Children, Contestant

Key = TypeVar("Key")
Found = TypeVar("Found")
#: What is measured: on the clock, and summed over the threads of the process.
CLOCKS = {"seconds": "", "cpu_seconds": "_cpu"}


def take_turns(
    keys: Sequence[Key], rounds: int, measure: Callable[[Key], Found]
) -> dict[Key, list[Found]]:
    """What ``measure`` says of each in each round; every second round goes backwards."""
    found: dict[Key, list[Found]] = {key: [] for key in keys}
    for turn in range(rounds):
        for key in keys if turn % 2 == 0 else reversed(keys):
            found[key].append(measure(key))
    return found


def compared(answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Seconds by name; ``ratio`` plain / ours, ``ratio_before`` before / ours.

    Each ratio is the median of ``ratios``, those of the rounds; ``ratio_cpu``,
    ``ratio_cpu_before`` are of CPU seconds.
    """
    found: dict[str, Any] = {
        name: {clock: [answer[clock] for answer in of_rounds] for clock in CLOCKS}
        for name, of_rounds in answers.items()
    }
    for name in [name for name in answers if name != "ours"]:
        for clock, mark in CLOCKS.items():
            ratios = divided(found[name][clock], found["ours"][clock])
            tail = mark + ("" if name == "plain" else f"_{name}")
            found |= {f"ratio{tail}": statistics.median(ratios), f"ratios{tail}": ratios}
    return found


def divided(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Round by round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def measure_row(
    children: Children, members: Sequence[Contestant], row: dict[str, Any], rounds: int
) -> dict[str, Any]:
    """Seconds of all in each round of a row of the table, peaks in bytes, ratios."""
    for member in members:
        children.ask(member, {"do": "prepare", "row": row})
    answers = take_turns(members, rounds, lambda member: children.ask(member, {"do": "measure"}))
    by_name = {member.name: answers[member] for member in members}
    found = compared(by_name)
    for name, of_rounds in by_name.items():
        found[name]["peak_bytes"] = of_rounds[-1]["peak_bytes"]
    return found
