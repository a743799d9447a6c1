"""What runs consumed, the supernet's share in three ways, and what was proposed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.comparison.answers import refused
from bench.comparison.groups import Group
from bench.records.runs import RunRecord

COUNTS = ("asked", "unique", "duplicate", "repaired", "redrawn")


def costs(group: Group, sharing: Counter[str]) -> dict[str, Any]:
    """Means over the complete runs of one searcher; ``sharing`` counts runs by supernet.

    ``images_sunk`` leaves the supernet out, ``images_private`` charges each run all of it,
    ``images_amortised`` its share among the runs at hand. From ``break_even_runs`` runs on, a
    run's share of the supernet is at most what the run consumes itself.
    """
    found = [(run, run.result["cost"]) for run in group.complete if run.result is not None]
    if not found:
        return refused("no run is complete")
    sunk = [cost["images_sunk"] for _, cost in found]
    before = [cost["supernet_images_before"] for _, cost in found]
    amortised = [
        own + supernet / sharing[run.supernet]
        for (run, _), own, supernet in zip(found, sunk, before, strict=True)
    ]
    own = float(np.mean(sunk))
    return {
        "images_sunk": own,
        "images_amortised": float(np.mean(amortised)),
        "images_private": float(np.mean([cost["images_private"] for _, cost in found])),
        "evaluations": float(np.mean([cost["total"]["evaluations"] for _, cost in found])),
        "macs": float(np.mean([cost["total"]["macs"] for _, cost in found])),
        "seconds": float(np.mean([_seconds(cost) for _, cost in found])),
        "seconds_range": [end(_seconds(cost) for _, cost in found) for end in (min, max)],
        "break_even_runs": math.ceil(float(np.mean(before)) / own) if own else None,
    }


def overhead_seconds(group: Group) -> float | None:
    """Seconds of ask and tell in a run, the mean."""
    found = [run.result["cost"]["seconds"] for run in group.complete if run.result is not None]
    return float(np.mean([s["ask"] + s["tell"] for s in found])) if found else None


def proposals(group: Group) -> dict[str, int]:
    """Sums over the complete runs."""
    found = [run.result["proposals"] for run in group.complete if run.result is not None]
    return {count: int(sum(row.get(count, 0) for row in found)) for count in COUNTS}


def failures(group: Group) -> int:
    """Pieces of work that failed, in all runs."""
    return sum(event.result.failure is not None for run in group.runs for event in run.events)


def size(group: Group, what: str) -> dict[str, Any]:
    """MACs or parameters of the recommendations: their mean and range.

    A range, not an interval: sizes are what was chosen, and nothing is inferred from them.
    """
    found = [run.result["recommendation"][what] for run in group.complete if run.result is not None]
    if not found:
        return refused("no run is complete")
    return {
        "estimate": float(np.mean(found)),
        "low": float(min(found)),
        "high": float(max(found)),
        "n": len(found),
        "level": None,
        "method": "mean, smallest and largest",
    }


def supernet_sharing(records: Sequence[RunRecord]) -> Counter[str]:
    """How many runs started from each supernet."""
    return Counter(record.supernet for record in records)


def seconds_of(run: RunRecord) -> float | None:
    """Seconds of trainer, ask and tell of a complete run."""
    return None if run.result is None else _seconds(run.result["cost"])


def _seconds(cost: dict[str, Any]) -> float:
    """Without the referee's, which are the harness's."""
    seconds = cost["seconds"]
    return float(seconds["trainer"] + seconds["ask"] + seconds["tell"])
