"""Where recommendations lie: against cost, and within the space."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.comparison.answers import refused
from bench.comparison.groups import Groups
from bench.statistics.answers import NotComputable
from bench.statistics.pareto import hypervolume, pareto_front
from spaces import Space

BINS = 60


def pareto(groups: Groups, max_cost: dict[str, int | None]) -> dict[str, Any]:
    """Score on test against MACs and against parameters, with hypervolumes."""
    return {what: _front(groups, what, max_cost[what]) for what in ("macs", "params")}


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


def _front(groups: Groups, what: str, largest: int | None) -> dict[str, Any]:
    found = [
        (run, group.label, run.result["recommendation"])
        for group in groups.groups
        for run in group.scored
        if run.result is not None
    ]
    if not found:
        return refused("no recommendation has a score")
    scores = np.array([run.score for run, _, _ in found], dtype=float)
    costs = np.array([best[what] for _, _, best in found], dtype=float)
    front = pareto_front(scores, costs)
    if isinstance(front, NotComputable):
        return refused(front.reason)
    # Worse than anything: no score, and the cap or the costliest recommendation.
    reference = {"score": 0.0, "cost": float(largest or costs.max() * 1.05)}
    labels = np.array([label for _, label, _ in found])
    volumes: dict[str, float | None] = {}
    for label in groups.labels:
        own = labels == label
        volume = hypervolume(scores[own], costs[own], reference["score"], reference["cost"])
        volumes[label] = None if isinstance(volume, NotComputable) else volume
    return {
        "reference": reference,
        "hypervolume": volumes,
        "points": [
            {
                "run_id": run.run_id,
                "searcher": label,
                "architecture": best["text"],
                "cost": int(best[what]),
                "score": run.score,
                "on_front": bool(on_front),
            }
            for (run, label, best), on_front in zip(found, front.tolist(), strict=True)
        ],
    }
