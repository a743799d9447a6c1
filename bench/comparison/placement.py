"""Where recommendations lie: against cost, and within the space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.comparison.answers import Missing
from bench.comparison.groups import Group, Groups
from bench.comparison.protocol import Protocol
from bench.running.problem import Caps
from bench.statistics.answers import Answer, NotComputable
from bench.statistics.clusters import units_of
from bench.statistics.intervals import mean_interval
from bench.statistics.pareto import hypervolume, pareto_front
from spaces import Space

BINS = 60


@dataclass(frozen=True)
class Corner:
    """What hypervolumes refer to: worse and costlier than anything."""

    score: float
    cost: float


@dataclass(frozen=True)
class FrontPoint:
    """What a run recommended, with its score and what it costs."""

    run_id: str
    searcher: str
    architecture: str
    cost: int
    score: float
    on_front: bool


@dataclass(frozen=True)
class Front:
    """Scores against one cost; ``hypervolume`` by arm, as a share of all up to ``reference``."""

    reference: Corner
    hypervolume: Mapping[str, Answer]
    points: tuple[FrontPoint, ...]


@dataclass(frozen=True)
class Placed:
    """What a run recommended; ``quantile`` is the share of the space with at most its MACs."""

    run_id: str
    searcher: str
    macs: int
    quantile: float


@dataclass(frozen=True)
class MacDistribution:
    """The exact number of architectures by MACs, and where recommendations lie among them."""

    edges: tuple[int, ...]
    counts: tuple[int, ...]
    architectures: int
    recommendations: tuple[Placed, ...]


Fronts = Mapping[str, Front | Missing]


def pareto(groups: Groups, caps: Caps, space: Space, protocol: Protocol) -> Fronts:
    """The endpoint against MACs and against parameters, with hypervolumes."""
    largest = {"macs": caps.max_macs or space.max_macs(), "params": caps.max_params}
    return {what: _front(groups, what, most, protocol) for what, most in largest.items()}


def mac_distribution(groups: Groups, space: Space) -> MacDistribution | Missing:
    """The exact distribution of MACs over the space, and each recommendation in it."""
    histogram = getattr(space, "mac_histogram", None)
    if histogram is None:
        return Missing(f"the space {space.name} does not count its architectures by MACs")
    edges, counts = histogram(BINS)
    total = space.count()
    found = [
        (run, group.label, run.result.recommendation.macs)
        for group in groups.groups
        for run in group.runs
        if run.result is not None
    ]
    quantiles = {macs: space.count(macs) / total for macs in {macs for _, _, macs in found}}
    return MacDistribution(
        edges=tuple(map(int, edges)),
        counts=tuple(map(int, counts)),
        architectures=total,
        recommendations=tuple(
            Placed(run.run_id, label, macs, quantiles[macs]) for run, label, macs in found
        ),
    )


def _front(groups: Groups, what: str, largest: int | None, protocol: Protocol) -> Front | Missing:
    found = [(group.label, *end) for group in groups.groups for end in group.ends]
    if not found:
        return Missing("no recommendation has a score")
    scores = np.array([score for *_, score in found])
    costs = np.array([getattr(best, what) for _, _, best, _ in found], dtype=float)
    front = pareto_front(scores, costs)
    if isinstance(front, NotComputable):
        return Missing(front.reason)
    # Worse than anything: no score, and the cap or the costliest recommendation.
    reference = Corner(0.0, float(largest or costs.max() * 1.05))
    return Front(
        reference=reference,
        hypervolume={
            group.label: _volume(group, what, reference.cost, protocol) for group in groups.groups
        },
        points=tuple(
            FrontPoint(
                run_id=run.run_id,
                searcher=label,
                architecture=best.text,
                cost=getattr(best, what),
                score=score,
                on_front=bool(on_front),
            )
            for (label, run, best, score), on_front in zip(found, front.tolist(), strict=True)
        ),
    )


def _volume(group: Group, what: str, reference: float, protocol: Protocol) -> Answer:
    """Mean over units of a block's hypervolume, as a share of all that could be dominated.

    A block has one recommendation: more runs do not make a larger volume.
    """
    shares, clusters = [], []
    for run, best, score in group.ends:
        volume = hypervolume([score], [float(getattr(best, what))], 0.0, reference)
        if not isinstance(volume, NotComputable):
            shares.append(volume / reference)
            clusters.append(run.supernet)
    if not shares:
        return Missing("no recommendation has a score")
    return mean_interval(units_of(np.array(shares), clusters).scores, protocol.level)
