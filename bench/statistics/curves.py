"""Anytime curves: the score of the incumbent against what was spent, as right-continuous steps.

A curve holds its value from the moment a result was paid for until the next one, and its last value
for ever: what is recommended stays recommended when nothing more is spent. Curves of several runs
are read on one grid that begins where all of them have a value. Costs are in the unit of the axis
(evaluations, images, seconds), scores are to maximise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.statistics.answers import (
    Floats,
    NotComputable,
    StatisticsError,
    check_count,
)
from bench.statistics.bootstrap import (
    Centre,
    bootstrap_centres,
    centre_of,
    percentiles,
    smallest_sample,
)
from bench.statistics.clusters import units_of

#: Bands are drawn at every point of the grid: fewer resamples than for a table.
BAND_RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class StepCurve:
    """``values[i]`` holds from ``costs[i]`` on; both (points,), costs never fall.

    Of several values at the same cost the last one holds.
    """

    costs: Floats
    values: Floats

    def __post_init__(self) -> None:
        for name in ("costs", "values"):
            found = np.array(getattr(self, name), dtype=np.float64)
            if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
                raise StatisticsError(f"{name} of a curve: expected finite numbers, at least one")
            found.setflags(write=False)
            object.__setattr__(self, name, found)
        if len(self.costs) != len(self.values):
            raise StatisticsError(f"{len(self.costs)} costs and {len(self.values)} values")
        if (np.diff(self.costs) < 0.0).any():
            raise StatisticsError("costs of a curve fall: expected them in the order of spending")

    def at(self, costs: npt.ArrayLike) -> Floats:
        """Values at ``costs`` (points,), none of them before the first cost of the curve.

        Raises:
            StatisticsError: where the curve has no value yet.
        """
        wanted = np.asarray(costs, dtype=np.float64)
        steps = np.searchsorted(self.costs, wanted, side="right") - 1
        if (steps < 0).any() or not np.isfinite(wanted).all():
            raise StatisticsError(f"a curve that starts at {self.costs[0]:g} has no value before")
        return np.asarray(self.values[steps])

    def area(self, start: float, end: float) -> float | NotComputable:
        """Mean height between two costs: the normalised area under the curve, exactly.

        Beyond its last cost a curve keeps its value; it is up to the caller to end there.
        """
        if not start < end:
            return NotComputable(
                f"no area between {start:g} and {end:g}: the curves do not overlap"
            )
        if start < self.costs[0]:
            return NotComputable(f"the curve starts at {self.costs[0]:g}, after {start:g}")
        inner = self.costs[(self.costs > start) & (self.costs < end)]
        edges = np.concatenate(([start], inner, [end]))
        return float(self.at(edges[:-1]) @ np.diff(edges)) / (end - start)


@dataclass(frozen=True)
class Band:
    """Centre of the units at every cost of ``grid``, with pointwise intervals.

    ``low`` and ``high`` are None if there are too few units for an interval; ``note`` says so.
    """

    grid: tuple[float, ...]
    centre: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    note: str = ""


def first_common(curves: Sequence[StepCurve]) -> float | NotComputable:
    """The cost from which all curves have a value."""
    if not curves:
        return NotComputable("there are no curves")
    return max(float(curve.costs[0]) for curve in curves)


def grid_of(curves: Sequence[StepCurve], end: float, points: int) -> Floats | NotComputable:
    """Costs (at most ``points``) from where all curves have a value to ``end``, both included.

    They are where curves step, so that nothing is lost between them, or evenly spaced where those
    are too many. One point where no cost is left.
    """
    check_count(points - 1, "points - 1")
    start = first_common(curves)
    if isinstance(start, NotComputable):
        return start
    if end <= start:
        return np.array([start])
    steps = np.unique(np.concatenate([curve.costs for curve in curves]))
    inner = steps[(steps > start) & (steps < end)]
    if len(inner) + 2 > points:
        return np.linspace(start, end, points)
    return np.concatenate([[start], inner, [end]])


def resampled(curves: Sequence[StepCurve], grid: npt.ArrayLike) -> Floats:
    """Values (curves, points) on ``grid`` (points,), none of it before all have a value."""
    return np.stack([curve.at(grid) for curve in curves])


def band(
    curves: Sequence[StepCurve],
    grid: npt.ArrayLike,
    rng: np.random.Generator,
    centre: Centre = "median",
    level: float = 0.95,
    resamples: int = BAND_RESAMPLES,
    clusters: Sequence[str] | None = None,
    unit: str = "supernets",
) -> Band | NotComputable:
    """Median or interquartile mean of one curve per block, with a bootstrap band over blocks.

    With two or more ``clusters`` (curves,), which are called ``unit``, each is one curve, the mean
    of its own.
    """
    needed = smallest_sample(level)
    if not len(curves):
        return NotComputable("there are no curves")
    units = units_of(resampled(curves, grid), clusters)
    values, what = units.scores, unit if units.of_clusters else "blocks"
    n = len(values)
    costs = tuple(np.asarray(grid, dtype=np.float64).tolist())
    middle = tuple(centre_of(values.T, centre).tolist())
    if n < needed:
        note = f"a band needs at least {needed} {what}, not {n}"
        return Band(costs, middle, None, None, note)
    # Where no curve steps, the band stays as it is: only the columns that change are drawn.
    steps = np.concatenate(([True], (values[:, 1:] != values[:, :-1]).any(axis=0)))
    draws = bootstrap_centres(values[:, steps], centre, rng, resamples)
    back = np.cumsum(steps) - 1
    low, high = (tuple(end[back].tolist()) for end in percentiles(draws, level))
    return Band(costs, middle, low, high)
