"""The incumbent's score on test against what was spent, on every axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.comparison.answers import plain, refused
from bench.comparison.groups import Group, Groups
from bench.comparison.protocol import Protocol
from bench.records import RunRecord
from bench.statistics.answers import NotComputable
from bench.statistics.bootstrap import Centre
from bench.statistics.curves import Band, StepCurve, band, common_range
from bench.statistics.intervals import mean_interval

#: Axis -> its unit in print. Seconds are those of trainer, ask and tell.
AXES = {
    "images": "images processed",
    "evaluations": "evaluations",
    "macs": "multiply-adds processed",
    "seconds": "seconds of trainer, ask and tell",
}
POINTS = 60


def curves(groups: Groups, protocol: Protocol) -> dict[str, Any]:
    """For each axis, the bands of all searchers and the curve of each run."""
    return {axis: _axis(groups, axis, unit, protocol) for axis, unit in AXES.items()}


def area(group: Group, groups: Groups, protocol: Protocol) -> dict[str, Any]:
    """Mean height of the curve over images, over the range that all runs share."""
    every = [c for g in groups.groups for c in _curves_of(g, "images")]
    shared = common_range(every)
    if isinstance(shared, NotComputable):
        return plain(shared)
    areas = [curve.area(*shared) for curve in _curves_of(group, "images")]
    known = [value for value in areas if not isinstance(value, NotComputable)]
    if not known:
        return refused(f"the curves meet at one point only ({shared[0]:,.0f} images)")
    return plain(mean_interval(known, protocol.level))


def _axis(groups: Groups, axis: str, unit: str, protocol: Protocol) -> dict[str, Any]:
    found = {group.label: _curves_of(group, axis) for group in groups.groups}
    usable = {label: own for label, own in found.items() if own}
    shown, without = {}, {}
    for label, own in usable.items():
        # Each searcher on its own range: cost per run differs on all axes but the budget's.
        shared = common_range(own)
        group = next(g for g in groups.groups if g.label == label)
        if isinstance(shared, NotComputable):
            without[label] = shared.reason
            continue
        if shared[1] <= 0:
            continue
        shown[label] = _bands(label, group, own, axis, protocol)
    if not shown and without:
        return refused("; ".join(f"{label}: {reason}" for label, reason in without.items()))
    if not shown:
        return refused("no run has a scored recommendation on this axis")
    return {"unit": unit, "searchers": shown, "without": without}


def _bands(
    label: str, group: Group, own: list[StepCurve], axis: str, protocol: Protocol
) -> dict[str, Any]:
    start, end = max(c.costs[0] for c in own), min(c.costs[-1] for c in own)
    # Where curves step, and the range's ends: nothing is lost between the points of a grid.
    steps = np.unique(np.concatenate([c.costs for c in own]))
    grid = np.unique(np.concatenate([[start], steps[(steps > start) & (steps < end)], [end]]))
    if len(grid) > POINTS:
        grid = np.linspace(start, end, POINTS)
    found: dict[str, Any] = {"n": len(own)}
    centres: tuple[Centre, ...] = ("median", "iqm")
    for centre in centres:
        drawn = band(own, grid, protocol.generator(f"{axis} {label} {centre}"), centre)
        if isinstance(drawn, Band):
            found["grid"] = list(drawn.grid)
            found[centre] = list(drawn.centre)
            found[f"{centre}_low"] = None if drawn.low is None else list(drawn.low)
            found[f"{centre}_high"] = None if drawn.high is None else list(drawn.high)
            found["note"] = drawn.note
    found["runs"] = [
        {"run_id": run.run_id, "x": curve.costs.tolist(), "y": curve.values.tolist()}
        for run, curve in zip(_judged(group, axis), own, strict=True)
    ]
    return found


def _judged(group: Group, axis: str) -> list[RunRecord]:
    return [run for run in group.complete if len(getattr(run.trajectory, axis))]


def _curves_of(group: Group, axis: str) -> list[StepCurve]:
    return [
        StepCurve(np.asarray(getattr(run.trajectory, axis), dtype=float), run.trajectory.score)
        for run in _judged(group, axis)
    ]
