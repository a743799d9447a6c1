"""Anytime curves: centres with their bands, and every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.comparison.anytime import AxisCurves, RunCurve
from bench.report.figures.canvas import (
    WIDTH,
    Canvas,
    spread,
    upright_axis,
    value_axis,
    widened,
)
from bench.report.figures.legend import GREY, INK, Legend, Style, widest
from bench.statistics.bootstrap import Centre
from bench.statistics.curves import Band

CENTRES: dict[Centre, str] = {"median": "median", "iqm": "interquartile mean"}
HEIGHT = 250.0
LINE = 13.0
#: Between panels: room for the ticks of the one to the right.
GAP = 44.0
PANELS = 3
#: Bands that can be told apart in one panel.
MOST_BANDS = 4
#: Vertices of a drawn run; a trajectory rarely has more, and no eye sees them.
MOST_POINTS = 60


def centres_figure(axis: str, curves: AxisCurves, legend: Legend) -> str | None:
    """Median and interquartile mean side by side; None if no searcher has either."""
    found = {name: arm.bands for name, arm in curves.searchers.items()}
    bands = {name: own for name, own in found.items() if own}
    names = list(bands)
    shown = [key for key in CENTRES if any(key in own for own in bands.values())]
    if not shown:
        return None
    right = widest(legend.label(name) for name in names) + 46.0
    height = max(HEIGHT, LINE * len(names) + 10.0)
    width = (WIDTH - 42.0 - right - GAP * (len(shown) - 1)) / len(shown)
    canvas = Canvas(f"curves-{axis}", f"Score against {curves.unit}", height + 62.0, legend)
    ranges = _ranges([band for own in bands.values() for band in own.values()])
    panels: list[Axes] = []
    for index, key in enumerate(shown):
        panel = canvas.axes(42.0 + index * (width + GAP), 38.0, width, height)
        panels.append(panel)
        panel.set_xlim(ranges[0])
        panel.set_ylim(ranges[1])
        value_axis(panel, curves.unit, "compact", ticks=4)
        upright_axis(canvas, panel, f"score, {CENTRES[key]}")
        for place, name in enumerate(names):
            if key in bands[name]:
                n = curves.searchers[name].n
                _centre(canvas, panel, name, (key, n), bands[name][key], (place, len(names)))
    last = {name: own.get(shown[-1]) for name, own in bands.items()}
    ends = {name: (band.grid[-1], band.centre[-1]) if band else None for name, band in last.items()}
    end_labels(canvas, panels[-1], ends)
    return canvas.svg()


def needs_panels(curves: AxisCurves) -> bool:
    """Whether the bands of ``centres_figure`` are left out, since there would be too many."""
    return sum(bool(arm.bands) for arm in curves.searchers.values()) > MOST_BANDS


def panels_figure(axis: str, curves: AxisCurves, legend: Legend, with_runs: bool) -> str:
    """A panel for each searcher: its median with the band, and all its runs if wanted."""
    unit, names = curves.unit, list(curves.searchers)
    columns = min(PANELS, len(names))
    lines = ceil(len(names) / columns)
    gap, row = GAP, 150.0
    width = (WIDTH - 42.0 - 8.0 - gap * (columns - 1)) / columns
    if columns == 1:
        width = WIDTH / 2.0
    what, title = ("runs", "Score of every run") if with_runs else ("bands", "Median score")
    canvas = Canvas(f"{what}-{axis}", f"{title} against {unit}", row * lines + 16.0, legend)
    runs = {
        name: [_thinned(run) for run in arm.runs] if with_runs else []
        for name, arm in curves.searchers.items()
    }
    if every := [run for own in runs.values() for run in own]:
        x_range = widened(min(min(run.x) for run in every), max(max(run.x) for run in every), 0.02)
        y_range = widened(min(min(run.y) for run in every), max(max(run.y) for run in every))
    else:
        x_range, y_range = _ranges([arm.median for arm in curves.searchers.values() if arm.median])
    reference = curves.searchers.get(legend.baseline)
    for index, name in enumerate(names):
        line, column = divmod(index, columns)
        bottom = row * (lines - line - 1) + 38.0
        panel = canvas.axes(42.0 + column * (width + gap), bottom, width, row - 60.0)
        panel.set_xlim(x_range)
        panel.set_ylim(y_range)
        last = index + columns >= len(names)
        value_axis(panel, unit if last else "", "compact", ticks=4)
        panel.grid(True, axis="y")
        panel.locator_params(axis="y", nbins=4)
        if reference and reference.median and name != legend.baseline:
            panel.plot(
                reference.median.grid, reference.median.centre, drawstyle="steps-post",
                color="#9aa1a9", linewidth=1.4, zorder=1,
            )  # fmt: skip
        _own_panel(canvas, panel, name, runs[name], curves.searchers[name].median)
        left, top = 42.0 + column * (width + gap), bottom + row - 60.0
        canvas.swatch(left - 26.0, top + 12.0, legend.style(name))
        label = legend.label(name)
        canvas.text(left - 6.0, top + 12.0, label, va="center_baseline", weight="bold", size=8.5)
    return canvas.svg()


def end_labels(canvas: Canvas, panel: Axes, ends: Mapping[str, tuple[float, float] | None]) -> None:
    """Names to the right of the last panel, moved apart, each tied to the end of its line."""
    box = panel.get_position()
    edge = box.x1 * canvas.width
    bottom = box.y0 * canvas.height - canvas.foot
    top = box.y1 * canvas.height - canvas.foot
    low, high = panel.get_ylim()
    first, last = panel.get_xlim()
    at = []
    for end in ends.values():
        x, y = end or (last, None)
        share = 0.5 if y is None else (y - low) / (high - low)
        across = box.x0 * canvas.width + (x - first) / (last - first) * box.width * canvas.width
        at.append((across, bottom + share * (top - bottom), y is not None))
    places = spread([y for _, y, _ in at], LINE, bottom + 2.0, top - 2.0)
    for name, (x, y, tied), place in zip(ends, at, places, strict=True):
        style = canvas.legend.style(name)
        if tied:
            canvas.line(
                [x + 2.0, edge + 4.0, edge + 16.0], [y, y, place], color=style.colour,
                linewidth=0.6, linestyle=(0, (1, 1.5)),
            )  # fmt: skip
        canvas.swatch(edge + 17.0, place, style, 18.0)
        canvas.text(edge + 39.0, place, canvas.legend.label(name), va="center_baseline", colour=INK)


def _centre(
    canvas: Canvas,
    panel: Axes,
    name: str,
    what: tuple[Centre, int],
    band: Band,
    of: tuple[int, int],
) -> None:
    """``what`` is the centre and the number of runs; ``of`` the searcher's place among so many."""
    style = canvas.legend.style(name)
    # Of many searchers the bands would be a fog; each has a panel of its own below.
    if of[1] <= MOST_BANDS and band.low is not None and band.high is not None:
        filled = panel.fill_between(
            band.grid, band.low, band.high, step="post", color=style.colour, alpha=0.13,
            linewidth=0.0,
        )  # fmt: skip
        canvas.mark(filled, "", arm=name)
    text = f"{name}\n{what[0]} at the end {band.centre[-1]:.4f}, n = {what[1]}"
    canvas.mark(stepped(panel, band.grid, band.centre, style, of), text, arm=name)


def stepped(
    panel: Axes, x: Sequence[float], y: Sequence[float], style: Style, of: tuple[int, int]
) -> Line2D:
    """A line in steps with some markers; ``of`` is the searcher's place among so many."""
    step = max(1, len(x) // 5)
    # Each searcher's markers start elsewhere, so that lines on top of each other stay apart.
    (line,) = panel.plot(
        x, y, drawstyle="steps-post", linestyle=style.dash, linewidth=1.5, clip_on=False,
        markevery=(step * of[0] // of[1], step), **style.marked(4.2),
    )  # fmt: skip
    return line


def _own_panel(
    canvas: Canvas, panel: Axes, name: str, runs: Sequence[RunCurve], median: Band | None
) -> None:
    style = canvas.legend.style(name)
    for run in runs:
        # A trajectory of one look is a dot.
        marker = style.marker if len(run.x) == 1 else None
        (line,) = panel.plot(
            run.x, run.y, drawstyle="steps-post", color=style.colour, linewidth=0.8, alpha=0.55,
            marker=marker, markersize=3.0, zorder=2,
        )  # fmt: skip
        canvas.mark(line, f"{name}\nrun {run.run_id}\nends at {run.y[-1]:.4f}", run.run_id)
    if median is None:
        return
    if median.low is not None and median.high is not None:
        panel.fill_between(
            median.grid, median.low, median.high, step="post", color=style.colour, alpha=0.16,
            linewidth=0.0,
        )  # fmt: skip
    panel.plot(
        median.grid, median.centre, drawstyle="steps-post",
        color=GREY if style.hollow else style.colour, linewidth=2.2, linestyle="-", zorder=3,
    )  # fmt: skip


def _thinned(run: RunCurve) -> RunCurve:
    """Where the score steps, and the ends; at most ``MOST_POINTS`` of them."""
    x, y = run.x, run.y
    kept = [i for i in range(len(x)) if i in (0, len(x) - 1) or y[i] != y[i - 1]]
    stride = ceil(len(kept) / MOST_POINTS)
    if stride > 1:
        kept = sorted({*kept[::stride], kept[-1]})
    return replace(run, x=tuple(x[i] for i in kept), y=tuple(y[i] for i in kept))


def _ranges(bands: Sequence[Band]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Of costs and scores over everything drawn."""
    x = [cost for band in bands for cost in band.grid]
    lines = [line for band in bands for line in (band.centre, band.low, band.high) if line]
    y = [score for line in lines for score in line]
    return widened(min(x), max(x), 0.01), widened(min(y), max(y))
