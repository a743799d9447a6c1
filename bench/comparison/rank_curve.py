"""Average rank of each arm against what was spent: who leads when.

On the axis that the study gives all runs alike, over the blocks that every arm completed. In each
unit (a supernet, or a block where there is one supernet) arms are ranked by their mean score at
that cost, ties share ranks, and ranks are averaged over units. It begins where all runs have
recommended something. A description: no test is made along the curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.comparison.answers import Missing
from bench.comparison.anytime import POINTS, UNITS, curve_of, end_of
from bench.comparison.groups import Groups
from bench.statistics.answers import NotComputable
from bench.statistics.clusters import units_of
from bench.statistics.curves import StepCurve, grid_of, resampled


@dataclass(frozen=True)
class RankCurve:
    """``searchers`` maps arms to average ranks at the costs in ``grid``; 1 is the best.

    ``unit`` is that of the axis; ranks are averages over so many ``units``, called ``units_are``.
    """

    axis: str
    unit: str
    grid: tuple[float, ...]
    searchers: Mapping[str, tuple[float, ...]]
    units: int
    units_are: str


def rank_curve(groups: Groups, axis: str, unit: str) -> RankCurve | Missing:
    """Ranks along one axis; ``unit`` is what several supernets are called."""
    paired = groups.paired
    if isinstance(paired, NotComputable):
        return Missing(paired.reason)
    names = paired.searchers
    if len(names) < 2:
        return Missing("a rank needs two searchers")
    found = {
        (group.label, run.block): run
        for group in groups.groups
        for run in group.complete
        if run.trajectory.looks
    }
    curves: list[list[StepCurve]] = []
    for name in names:
        runs = [found.get((name, block)) for block in paired.blocks]
        if None in runs:
            return Missing(f"a run of {name} has no scored recommendation on the way")
        curves.append([curve_of(run, axis) for run in runs if run is not None])
    grid = grid_of([curve for own in curves for curve in own], end_of(groups, axis), POINTS)
    if isinstance(grid, NotComputable):
        return Missing(grid.reason)
    # (blocks, arms, points), then (units, arms, points).
    scores = np.stack([resampled(own, grid) for own in curves], axis=1)
    units = units_of(scores, paired.clusters)
    ranks = stats.rankdata(-units.scores, axis=1).mean(axis=0)
    return RankCurve(
        axis=axis,
        unit=UNITS[axis],
        grid=tuple(grid.tolist()),
        searchers={name: tuple(row.tolist()) for name, row in zip(names, ranks, strict=True)},
        units=len(units.scores),
        units_are=unit if units.of_clusters else "blocks",
    )
