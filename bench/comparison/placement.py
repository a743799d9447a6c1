"""Where recommendations lie: against cost, and within the space."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.comparison.answers import plain, refused
from bench.comparison.groups import Group, Groups
from bench.comparison.protocol import Protocol
from bench.statistics.answers import NotComputable
from bench.statistics.clusters import units_of
from bench.statistics.intervals import mean_interval
from bench.statistics.pareto import hypervolume, pareto_front
from spaces import Space

BINS = 60


def pareto(groups: Groups, max_cost: dict[str, int | None], protocol: Protocol) -> dict[str, Any]:
    """The endpoint against MACs and against parameters, with hypervolumes."""
    return {what: _front(groups, what, max_cost[what], protocol) for what in ("macs", "params")}


def mac_distribution(groups: Groups, space: Space) -> dict[str, Any]:
    """The exact distribution of MACs over the space, and each recommendation in it."""
    histogram = getattr(space, "mac_histogram", None)
    if histogram is None:
        return refused(f"the space {space.name} does not count its architectures by MACs")
    edges, counts = histogram(BINS)
    total = space.count()
    found = [
        (run, group.label, int(run.result["recommendation"]["macs"]))
        for group in groups.groups
        for run in group.complete
        if run.result is not None
    ]
    quantiles = {macs: space.count(macs) / total for macs in {macs for _, _, macs in found}}
    return {
        "edges": [int(edge) for edge in edges],
        "counts": [int(count) for count in counts],
        "architectures": total,
        "recommendations": [
            {"run_id": run.run_id, "searcher": label, "macs": macs, "quantile": quantiles[macs]}
            for run, label, macs in found
        ],
    }


def _front(groups: Groups, what: str, largest: int | None, protocol: Protocol) -> dict[str, Any]:
    found = [
        (run, group, run.result["recommendation"])
        for group in groups.groups
        for run in group.scored
        if run.result is not None
    ]
    if not found:
        return refused("no recommendation has a score")
    scores = np.array([group.score(run) for run, group, _ in found], dtype=float)
    costs = np.array([best[what] for _, _, best in found], dtype=float)
    front = pareto_front(scores, costs)
    if isinstance(front, NotComputable):
        return refused(front.reason)
    # Worse than anything: no score, and the cap or the costliest recommendation.
    reference = {"score": 0.0, "cost": float(largest or costs.max() * 1.05)}
    volumes = {
        group.label: _volume(group, what, reference["cost"], protocol) for group in groups.groups
    }
    return {
        "reference": reference,
        "hypervolume": volumes,
        "points": [
            {
                "run_id": run.run_id,
                "searcher": group.label,
                "architecture": best["text"],
                "cost": int(best[what]),
                "score": group.score(run),
                "on_front": bool(on_front),
            }
            for (run, group, best), on_front in zip(found, front.tolist(), strict=True)
        ],
    }


def _volume(group: Group, what: str, reference: float, protocol: Protocol) -> dict[str, Any]:
    """Mean over units of a block's hypervolume, as a share of all that could be dominated.

    A block has one recommendation: more runs do not make a larger volume.
    """
    shares, clusters = [], []
    for run in group.scored:
        cost = float((run.result or {})["recommendation"][what])
        volume = hypervolume([group.score(run) or 0.0], [cost], 0.0, reference)
        if not isinstance(volume, NotComputable):
            shares.append(volume / reference)
            clusters.append(run.supernet)
    if not shares:
        return refused("no recommendation has a score")
    return plain(mean_interval(units_of(np.array(shares), clusters).scores, protocol.level))
