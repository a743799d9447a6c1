"""The recommendation's score on test against what was spent, on every axis.

A curve begins where all runs of its arm have recommended something, and goes on to the end of the
budget, or on other axes to the most that any run spent: a run that ends early keeps its
recommendation. So nobody disappears, however much machines differ in speed; a run whose
recommendation has no score at the end has no curve, as it has no endpoint, and is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.comparison.answers import Missing
from bench.comparison.groups import Group, Groups
from bench.comparison.inference import unit_of
from bench.comparison.protocol import Protocol
from bench.records.record import RunRecord
from bench.statistics.answers import Answer, NotComputable
from bench.statistics.bootstrap import Centre
from bench.statistics.clusters import units_of
from bench.statistics.curves import Band, StepCurve, band, first_common, grid_of
from bench.statistics.intervals import mean_interval

#: Axis -> its unit in print. Seconds are those of trainer, ask and tell.
UNITS = {
    "images": "images processed",
    "evaluations": "evaluations",
    "macs": "multiply-adds processed",
    "seconds": "seconds of trainer, ask and tell",
}
POINTS = 60


@dataclass(frozen=True)
class RunCurve:
    """The recommendation's score ``y`` of one run, from each cost ``x`` on."""

    run_id: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class ArmCurves:
    """Curves of ``n`` runs of one arm and their centres; None where they share no cost."""

    n: int
    median: Band | None
    iqm: Band | None
    runs: tuple[RunCurve, ...]

    @property
    def bands(self) -> dict[Centre, Band]:
        """Median and interquartile mean, so far as there are any."""
        found: dict[Centre, Band | None] = {"median": self.median, "iqm": self.iqm}
        return {name: band for name, band in found.items() if band is not None}


@dataclass(frozen=True)
class AxisCurves:
    """Curves of the arms up to ``end``; ``without`` names those that lack some or all, and why."""

    unit: str
    end: float
    searchers: Mapping[str, ArmCurves]
    without: Mapping[str, str]


Curves = Mapping[str, AxisCurves | Missing]


def curves(groups: Groups, protocol: Protocol) -> Curves:
    """For each axis, the bands of all arms and the curve of each run."""
    return {axis: _axis(groups, axis, unit, protocol) for axis, unit in UNITS.items()}


def area(group: Group, groups: Groups, protocol: Protocol) -> Answer:
    """Mean height of the curve over images, from where every run has recommended to the end."""
    every = [curve for other in groups.groups for curve in _curves_of(other, "images")]
    start, end = first_common(every), end_of(groups, "images")
    if isinstance(start, NotComputable):
        return start
    own = _curves_of(group, "images")
    areas = [curve.area(start, end) for curve in own]
    known = np.array([value for value in areas if not isinstance(value, NotComputable)])
    if not len(known) or len(known) < len(areas):
        return Missing(f"no budget is left where every run has recommended ({start:,.0f} images)")
    clusters = [run.supernet for run in _scored(group, "images")]
    return mean_interval(units_of(known, clusters).scores, protocol.level)


def end_of(groups: Groups, axis: str) -> float:
    """The budget where the axis has one, and at least the most that any run spent."""
    complete = [run for group in groups.groups for run in group.complete]
    spent = [float(getattr(run.trajectory, axis)[-1]) for run in complete if run.trajectory.looks]
    limits = [float(getattr(run.identity.preset.run, f"budget_{axis}")) for run in complete[:1]]
    return max([*spent, *limits], default=0.0)


def curve_of(run: RunRecord, axis: str) -> StepCurve:
    """The score of a run's recommendation against what it had spent; it has at least one look."""
    return StepCurve(np.asarray(getattr(run.trajectory, axis), dtype=float), run.trajectory.score)


def _axis(groups: Groups, axis: str, unit: str, protocol: Protocol) -> AxisCurves | Missing:
    end = end_of(groups, axis)
    shown, without = {}, {}
    for group in groups.groups:
        own = _curves_of(group, axis)
        if own:
            shown[group.label] = _bands(group, own, axis, end, protocol)
        lost = len(group.complete) - len(own)
        if not own:
            without[group.label] = "no run has a scored recommendation"
        elif lost:
            without[group.label] = (
                f"{lost} of {len(group.complete)} runs, without a score at the end"
            )
    if not shown:
        return Missing("no run has a scored recommendation")
    if end <= 0:
        return Missing("nothing was spent on this axis")
    return AxisCurves(unit, end, shown, without)


def _bands(
    group: Group, own: list[StepCurve], axis: str, end: float, protocol: Protocol
) -> ArmCurves:
    grid = grid_of(own, end, POINTS)
    runs = _scored(group, axis)
    clusters = [run.supernet for run in runs]

    def centre(name: Centre) -> Band | None:
        if isinstance(grid, NotComputable):
            return None
        rng = protocol.generator(f"{axis} {group.label} {name}")
        unit = unit_of(runs[0])
        drawn = band(own, grid, rng, name, protocol.level, clusters=clusters, unit=unit)
        return drawn if isinstance(drawn, Band) else None

    return ArmCurves(
        len(own),
        centre("median"),
        centre("iqm"),
        tuple(
            RunCurve(run.run_id, tuple(curve.costs.tolist()), tuple(curve.values.tolist()))
            for run, curve in zip(runs, own, strict=True)
        ),
    )


def _scored(group: Group, axis: str) -> list[RunRecord]:
    """Complete runs with a look, the last of which has a score."""
    looked = (run for run in group.complete if run.score is not None)
    return [run for run in looked if len(getattr(run.trajectory, axis))]


def _curves_of(group: Group, axis: str) -> list[StepCurve]:
    return [curve_of(run, axis) for run in _scored(group, axis)]
