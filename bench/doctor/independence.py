"""Leads a searcher in batches and then one piece at a time, and looks for a difference."""

from __future__ import annotations

import json

from bench.doctor.rehearsal import RehearsalStep, rehearse
from bench.doctor.subject import Subject
from bench.running.batching import MOST, pieces
from searchers.base import Searcher, Work


def compare(subject: Subject, failing: bool, max_macs: int | None) -> tuple[int, str | None]:
    """How large the largest batch was, and what was different, if anything was.

    ``failing``: every third piece of work fails; and the space is the strict one.
    """
    together, alone = (subject.make(seed=6, strict=failing, max_macs=max_macs) for _ in range(2))
    sizes: list[int] = []
    changed: list[int] = []

    def size(searcher: Searcher, left: int) -> int:
        before = json.dumps(searcher.state_dict())
        sizes.append(pieces(searcher, MOST, left))
        if json.dumps(searcher.state_dict()) != before:
            changed.append(len(sizes))
        return sizes[-1]

    def fails(number: int, work: Work) -> bool:
        return failing and number % 3 == 2

    seen: dict[int, dict[str, str]] = {}
    steps = rehearse(together, subject.budget_images, fails=fails, batch=size)
    for number, step in enumerate(steps):
        if sizes[-1] > 1:
            seen[number] = _seen(together, step)
            if step.place < sizes[-1] - 1:
                # More has been asked for than told: only then the state is another.
                del seen[number]["state"]
    if changed:
        return max(sizes), f"being asked that changed the searcher before ask {changed[0]}"
    for number, step in enumerate(rehearse(alone, subject.budget_images, fails=fails)):
        if number in seen:
            found = _seen(alone, step)
            for what, text in seen.pop(number).items():
                if text != found[what]:
                    return max(sizes), f"step {number} has another {what} when asked for in a batch"
    if seen:
        return max(sizes), f"asked for one at a time it ends before step {min(seen)}"
    return max(sizes), None


def _seen(searcher: Searcher, step: RehearsalStep) -> dict[str, str]:
    """All that a run shows of a step when its result has been told."""
    return {
        "work": step.line(),
        "status": json.dumps(searcher.status()),
        "count": f"{searcher.repaired} repaired, {searcher.redrawn} redrawn",
        "recommendation": searcher.recommend().text,
        "warning": json.dumps(searcher.warnings()),
        "state": json.dumps(searcher.state_dict()),
    }
