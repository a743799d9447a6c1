"""What runs consumed, the supernet's share in three ways, and what was proposed."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields

import numpy as np

from bench.comparison.answers import Missing, Range
from bench.comparison.groups import Group


@dataclass(frozen=True)
class Costs:
    """Means over the complete runs of one searcher.

    ``images_sunk`` leaves the supernet out, ``images_private`` charges each run all of it,
    ``images_amortised`` its share among the runs at hand. From ``break_even_runs`` runs on, a
    run's share of the supernet is at most what the run consumes itself.
    """

    images_sunk: float
    images_amortised: float
    images_private: float
    evaluations: float
    macs: float
    seconds: float
    seconds_range: tuple[float, float]
    break_even_runs: int | None


@dataclass(frozen=True)
class ProposalCounts:
    """What a searcher proposed, summed over its complete runs."""

    asked: int
    unique: int
    duplicate: int
    repaired: int
    redrawn: int


def costs(group: Group, sharing: Counter[str]) -> Costs | Missing:
    """What a run of one searcher costs; ``sharing`` counts runs by supernet."""
    found = [(run, run.result.cost) for run in group.runs if run.result is not None]
    if not found:
        return Missing("no run is complete")
    sunk = [cost.images_sunk for _, cost in found]
    before = [cost.supernet_images_before for _, cost in found]
    amortised = [
        own + supernet / sharing[run.supernet]
        for (run, _), own, supernet in zip(found, sunk, before, strict=True)
    ]
    own = float(np.mean(sunk))
    seconds = [cost.seconds.spent for _, cost in found]
    return Costs(
        images_sunk=own,
        images_amortised=float(np.mean(amortised)),
        images_private=float(np.mean([cost.images_private for _, cost in found])),
        evaluations=float(np.mean([cost.total.evaluations for _, cost in found])),
        macs=float(np.mean([cost.total.macs for _, cost in found])),
        seconds=float(np.mean(seconds)),
        seconds_range=(min(seconds), max(seconds)),
        break_even_runs=math.ceil(float(np.mean(before)) / own) if own else None,
    )


def overhead_seconds(group: Group) -> float | None:
    """Seconds of ask and tell in a run, the mean."""
    found = [result.cost.seconds for result in group.results]
    return float(np.mean([s.ask + s.tell for s in found])) if found else None


def proposals(group: Group) -> ProposalCounts:
    """Sums over the complete runs."""
    found = [result.proposals for result in group.results]
    counts = [field.name for field in fields(ProposalCounts)]
    return ProposalCounts(*(sum(row.get(count, 0) for row in found) for count in counts))


def failures(group: Group) -> int:
    """Pieces of work that failed, in all runs."""
    return sum(event.result.failure is not None for run in group.runs for event in run.events)


def size(group: Group, what: str) -> Range | Missing:
    """MACs or parameters of the recommendations."""
    found = [getattr(result.recommendation, what) for result in group.results]
    if not found:
        return Missing("no run is complete")
    return Range(float(np.mean(found)), float(min(found)), float(max(found)), len(found))
