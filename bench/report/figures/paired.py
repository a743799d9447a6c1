"""The first picture: each searcher's score on each supernet, those on one supernet joined.

Narrow, so that it is whole on a telephone: names stand above their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from bench.comparison.provenance import RunRow
from bench.report.figures.canvas import Canvas, value_axis, widened
from bench.report.figures.legend import FAINT, GREY, INK, Legend

WIDTH = 340.0
ROW = 34.0
FOOT = 34.0
#: Supernets with a line of their own; of more, the lines would be a cloud.
MOST_LINES = 12
#: Widths of the middle half beyond it, from where a score is drawn at the edge: it would squash
#: the rest.
FAR = 4.0

Marks = dict[str, list[tuple[str, float]]]


def paired_figure(names: Sequence[str], marks: Marks, legend: Legend) -> str | None:
    """SVG, or None if no run has a score; searchers from top to bottom as given."""
    values = [value for row in marks.values() for _, value in row]
    if not values:
        return None
    height = ROW * len(names) + FOOT + 4.0
    canvas = Canvas("paired", "Scores by searcher and supernet", height, legend, width=WIDTH)
    axes = canvas.axes(8.0, FOOT, WIDTH - 16.0, ROW * len(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    low, high = _range(values)
    axes.set_xlim(low, high)
    value_axis(axes, "endpoint: score of what was recommended", ticks=5)
    _lines(axes, names, marks, (low, high))
    for index, name in enumerate(names):
        style = legend.style(name)
        top = FOOT + ROW * (len(names) - index) - 10.0
        canvas.text(8.0, top, legend.label(name), size=8.0, colour=INK, weight="bold")
        if index:
            edge = FOOT + ROW * (len(names) - index)
            canvas.line([8.0, WIDTH - 8.0], [edge, edge], color=FAINT, linewidth=0.4)
        row = marks.get(name, [])
        for unit, value in row:
            inside = min(max(value, low), high)
            marker = "<" if value < low else ">" if value > high else style.marker
            (dot,) = axes.plot(
                inside, index + 0.2, alpha=0.9, clip_on=False, zorder=3,
                **{**style.marked(5.0), "marker": marker},
            )  # fmt: skip
            canvas.mark(dot, f"{name}\n{unit}\nscore {value:.4f}")
        if row:
            mean = min(max(fmean(value for _, value in row), low), high)
            (bar,) = axes.plot([mean, mean], [index + 0.02, index + 0.38], color=INK, linewidth=2.0)
            canvas.mark(bar, f"{name}\nmean {fmean(value for _, value in row):.4f}")
        else:
            canvas.text(WIDTH - 8.0, top, "no score", size=8.0, colour=GREY, ha="right")
    return canvas.svg()


def unit_scores(runs: Sequence[RunRow]) -> Marks:
    """Searcher -> what its scores come from, and their mean there; blocks where that is one."""
    scored = [(run, run.score) for run in runs if run.score is not None]
    several = len({run.supernet for run, _ in scored}) > 1
    found: dict[str, dict[str, list[float]]] = {}
    for run, score in scored:
        unit = run.supernet if several else run.block
        found.setdefault(run.searcher, {}).setdefault(unit, []).append(score)
    return {
        name: [(unit, fmean(values)) for unit, values in sorted(units.items())]
        for name, units in found.items()
    }


def _lines(axes: Any, names: Sequence[str], marks: Marks, ends: tuple[float, float]) -> None:
    units = sorted({unit for row in marks.values() for unit, _ in row})
    if len(units) > MOST_LINES:
        return
    for unit in units:
        path = [
            (min(max(value, ends[0]), ends[1]), index + 0.2)
            for index, name in enumerate(names)
            for other, value in marks.get(name, [])
            if other == unit
        ]
        axes.plot([x for x, _ in path], [y for _, y in path], color=FAINT, linewidth=0.9, zorder=1)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Of the axis: without what lies far beyond the middle half, which is drawn at the edge."""
    ordered = sorted(values)
    quarter, half = len(ordered) // 4, ordered[-1 - len(ordered) // 4] - ordered[len(ordered) // 4]
    low, high = ordered[quarter] - FAR * half, ordered[-1 - quarter] + FAR * half
    kept = [value for value in ordered if low <= value <= high] if half else ordered
    return widened(kept[0], kept[-1], 0.06)
