"""Anytime curves: centres with their bands, and every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from matplotlib.axes import Axes

from bench.report.figures.canvas import (
    WIDTH,
    Canvas,
    spread,
    upright_axis,
    value_axis,
    widened,
)
from bench.report.figures.look import GREY, INK, Look, widest
from bench.report.plain import entries, number_of, part

CENTRES = (("median", "median"), ("iqm", "interquartile mean"))
HEIGHT = 250.0
LINE = 13.0
#: Between panels: room for the ticks of the one to the right.
GAP = 44.0
PANELS = 3
#: Bands that can be told apart in one panel.
MOST_BANDS = 4
#: Vertices of a drawn run; a trajectory rarely has more, and no eye sees them.
MOST_POINTS = 60
Points = tuple[list[float], list[float]]


def centres_figure(axis: str, curve: Mapping[str, Any], look: Look) -> str | None:
    """Median and interquartile mean side by side; None if no searcher has either."""
    searchers = part(curve, "searchers") or {}
    shown = [
        (key, title)
        for key, title in CENTRES
        if any(points(entry, "grid", key) for entry in searchers.values())
    ]
    if not shown:
        return None
    names = [
        name for name in searchers if any(points(searchers[name], "grid", k) for k, _ in shown)
    ]
    right = widest(look.label(name) for name in names) + 46.0
    height = max(HEIGHT, LINE * len(names) + 10.0)
    width = (WIDTH - 42.0 - right - GAP * (len(shown) - 1)) / len(shown)
    canvas = Canvas(f"curves-{axis}", f"Score against {unit_of(axis, curve)}", height + 62.0, look)
    ranges = _ranges(searchers, [key for key, _ in shown])
    panels: list[Axes] = []
    for index, (key, title) in enumerate(shown):
        panel = canvas.axes(42.0 + index * (width + GAP), 38.0, width, height)
        panels.append(panel)
        panel.set_xlim(ranges[0])
        panel.set_ylim(ranges[1])
        value_axis(panel, unit_of(axis, curve), "compact", ticks=4)
        upright_axis(canvas, panel, f"score, {title}")
        for place, name in enumerate(names):
            _centre(canvas, panel, name, searchers[name], key, (place, len(names)))
    end_labels(canvas, panels[-1], names, searchers, shown[-1][0])
    return canvas.svg()


def runs_figure(axis: str, curve: Mapping[str, Any], look: Look) -> str | None:
    """A panel for each searcher with all its runs; None if no run has a curve."""
    searchers = part(curve, "searchers") or {}
    names = [name for name in searchers if _runs(searchers[name])]
    if not names:
        return None
    columns = min(PANELS, len(names))
    lines = ceil(len(names) / columns)
    gap, row = GAP, 150.0
    width = (WIDTH - 42.0 - 8.0 - gap * (columns - 1)) / columns
    if columns == 1:
        width = WIDTH / 2.0
    canvas = Canvas(
        f"runs-{axis}",
        f"Score of every run against {unit_of(axis, curve)}",
        row * lines + 16.0,
        look,
    )
    every = [run for name in names for run in _runs(searchers[name])]
    x_range = widened(min(min(x) for x, _, _ in every), max(max(x) for x, _, _ in every), 0.02)
    y_range = widened(min(min(y) for _, y, _ in every), max(max(y) for _, y, _ in every))
    for index, name in enumerate(names):
        line, column = divmod(index, columns)
        bottom = row * (lines - line - 1) + 38.0
        panel = canvas.axes(42.0 + column * (width + gap), bottom, width, row - 60.0)
        panel.set_xlim(x_range)
        panel.set_ylim(y_range)
        last = index + columns >= len(names)
        value_axis(panel, unit_of(axis, curve) if last else "", "compact", ticks=4)
        panel.grid(True, axis="y")
        panel.locator_params(axis="y", nbins=4)
        _runs_panel(canvas, panel, name, names, searchers)
        left, top = 42.0 + column * (width + gap), bottom + row - 60.0
        canvas.swatch(left - 26.0, top + 12.0, look.style(name))
        label = look.label(name)
        canvas.text(left - 6.0, top + 12.0, label, va="center_baseline", weight="bold", size=8.5)
    return canvas.svg()


def points(entry: object, x: str, y: str) -> Points | None:
    """Two columns of a curve as drawn, where both are numbers; None if they nowhere are."""
    pairs = [
        (a, b)
        for a, b in zip(part(entry, x) or (), part(entry, y) or (), strict=False)
        if number_of(a) is not None and number_of(b) is not None
    ]
    return ([float(a) for a, _ in pairs], [float(b) for _, b in pairs]) if pairs else None


def unit_of(axis: str, curve: Mapping[str, Any]) -> str:
    """What the axis counts, in words."""
    return str(curve.get("unit") or axis)


def end_labels(
    canvas: Canvas, panel: Axes, names: Sequence[str], searchers: Mapping[str, Any], key: str
) -> None:
    """Names to the right of the last panel, moved apart, each tied to the end of its line."""
    box = panel.get_position()
    edge = box.x1 * canvas.width
    bottom = box.y0 * canvas.height - canvas.foot
    top = box.y1 * canvas.height - canvas.foot
    ends = []
    for name in names:
        found = points(searchers[name], "grid", key)
        x, y = (found[0][-1], found[1][-1]) if found else (panel.get_xlim()[1], None)
        low, high = panel.get_ylim()
        share = 0.5 if y is None else (y - low) / (high - low)
        first, last = panel.get_xlim()
        across = box.x0 * canvas.width + (x - first) / (last - first) * box.width * canvas.width
        ends.append((across, bottom + share * (top - bottom), y is not None))
    places = spread([y for _, y, _ in ends], LINE, bottom + 2.0, top - 2.0)
    for name, (x, y, tied), place in zip(names, ends, places, strict=True):
        style = canvas.look.style(name)
        if tied:
            canvas.line(
                [x + 2.0, edge + 4.0, edge + 16.0], [y, y, place], color=style.colour,
                linewidth=0.6, linestyle=(0, (1, 1.5)),
            )  # fmt: skip
        canvas.swatch(edge + 17.0, place, style, 18.0)
        canvas.text(edge + 39.0, place, canvas.look.label(name), va="center_baseline", colour=INK)


def _centre(
    canvas: Canvas, panel: Axes, name: str, entry: Mapping[str, Any], key: str, of: tuple[int, int]
) -> None:
    found = points(entry, "grid", key)
    if found is None:
        return
    style = canvas.look.style(name)
    low, high = points(entry, "grid", f"{key}_low"), points(entry, "grid", f"{key}_high")
    # Of many searchers the bands would be a fog; each has a panel of its own below.
    if of[1] <= MOST_BANDS and low is not None and high is not None and low[0] == high[0]:
        band = panel.fill_between(
            low[0], low[1], high[1], step="post", color=style.colour, alpha=0.13, linewidth=0.0
        )
        canvas.mark(band, "", arm=name)
    step = max(1, len(found[0]) // 5)
    # Each searcher's markers start elsewhere, so that lines on top of each other stay apart.
    start = step * of[0] // of[1]
    (line,) = panel.plot(
        *found, drawstyle="steps-post", color=style.colour, linestyle=style.dash, linewidth=1.5,
        marker=style.marker, markevery=(start, step), markersize=4.2, markerfacecolor=style.face,
        clip_on=False,
    )  # fmt: skip
    text = f"{name}\n{key} at the end {found[1][-1]:.4f}, n = {entry.get('n')}"
    canvas.mark(line, text, arm=name)


def _runs_panel(
    canvas: Canvas, panel: Axes, name: str, names: Sequence[str], searchers: Mapping[str, Any]
) -> None:
    baseline = canvas.look.baseline
    reference = points(searchers[baseline], "grid", "median") if baseline in names else None
    if reference and name != baseline:
        panel.plot(*reference, drawstyle="steps-post", color="#9aa1a9", linewidth=1.4, zorder=1)
    style = canvas.look.style(name)
    for x, y, run in _runs(searchers[name]):
        # A trajectory of one look is a dot.
        marker = style.marker if len(x) == 1 else None
        (line,) = panel.plot(
            x, y, drawstyle="steps-post", color=style.colour, linewidth=0.8, alpha=0.55,
            marker=marker, markersize=3.0, zorder=2,
        )  # fmt: skip
        canvas.mark(line, f"{name}\nrun {run}\nends at {y[-1]:.4f}", run)
    entry = searchers[name]
    low, high = points(entry, "grid", "median_low"), points(entry, "grid", "median_high")
    if low is not None and high is not None and low[0] == high[0]:
        panel.fill_between(
            low[0], low[1], high[1], step="post", color=style.colour, alpha=0.16, linewidth=0.0
        )
    found = points(entry, "grid", "median")
    if found:
        panel.plot(
            *found, drawstyle="steps-post", color=GREY if style.hollow else style.colour,
            linewidth=2.2, linestyle="-", zorder=3,
        )  # fmt: skip


def _runs(entry: object) -> list[tuple[list[float], list[float], str]]:
    """Costs, scores and id of the runs that have a curve, thinned."""
    found = []
    for run in entries(part(entry, "runs")):
        curve = points(run, "x", "y")
        if curve is not None:
            found.append((*_thinned(curve), str(run.get("run_id"))))
    return found


def _thinned(curve: Points) -> Points:
    """Where the score steps, and the ends; at most ``MOST_POINTS`` of them."""
    x, y = curve
    kept = [i for i in range(len(x)) if i in (0, len(x) - 1) or y[i] != y[i - 1]]
    stride = ceil(len(kept) / MOST_POINTS)
    if stride > 1:
        kept = sorted({*kept[::stride], kept[-1]})
    return [x[i] for i in kept], [y[i] for i in kept]


def _ranges(
    searchers: Mapping[str, Any], keys: Sequence[str]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Of costs and scores over everything drawn."""
    found = [
        curve
        for entry in searchers.values()
        for key in keys
        for name in (key, f"{key}_low", f"{key}_high")
        if (curve := points(entry, "grid", name)) is not None
    ]
    x = [value for costs, _ in found for value in costs]
    y = [value for _, scores in found for value in scores]
    return widened(min(x), max(x), 0.01), widened(min(y), max(y))
