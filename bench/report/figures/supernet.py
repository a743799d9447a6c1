"""How often operations and paths of the supernet were updated, against what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.comparison.health import Updated
from bench.report.figures.canvas import (
    WIDTH,
    Canvas,
    row_axes,
    upright_axis,
    value_axis,
    widened,
)
from bench.report.figures.legend import GREY, Legend, shortened, widest
from bench.report.formatting import compact

MOST_ROWS = 30
#: Ratio beyond which small numbers would be lost on a plain axis.
FAR_APART = 50.0
STRIP = 17.0
COLOUR = "#0072B2"
EXPECTED = "#D55E00"


def updates_figure(what: str, rows: Sequence[Updated], legend: Legend) -> str:
    """Updates of ``what`` (operations, paths): rows where they can be read, else a profile."""
    draw = _rows if len(rows) <= MOST_ROWS else _profile
    return draw(what, rows, legend)


def _rows(what: str, rows: Sequence[Updated], legend: Legend) -> str:
    labels = [shortened(row.name) for row in rows]
    left = widest(labels) + 16.0
    canvas = Canvas(f"updates-{what}", f"Updates of {what}", STRIP * len(rows) + 56.0, legend)
    axes = row_axes(canvas, labels, left, 34.0, WIDTH - left - 20.0, STRIP)
    value_axis(axes, f"weight updates of {what}", "compact")
    _scale(axes, [end for row in rows for end in (row.updates, row.expected)])
    for index, row in enumerate(rows):
        updates, aim = row.updates, row.expected
        axes.plot([updates, aim], [index] * 2, color=COLOUR, linewidth=1.2, alpha=0.6)
        axes.plot([aim, aim], [index - 0.36, index + 0.36], color=EXPECTED, linewidth=2.0)
        (dot,) = axes.plot(
            updates, index, marker="o", color=COLOUR, markersize=5.0, clip_on=False, zorder=3
        )
        canvas.mark(dot, f"{row.name}\n{updates:,} updates\nexpected {aim:,.4g}")
    _key(canvas, left, 34.0 + STRIP * len(rows) + 9.0, "o")
    return canvas.svg()


def _scale(axes: Axes, values: Sequence[float]) -> None:
    """From 0; by powers of ten where the rare and the frequent lie far apart."""
    above = [value for value in values if value > 0]
    largest = max(above, default=1.0)
    smallest = min(above, default=1.0)
    if largest <= FAR_APART * smallest:
        axes.set_xlim(0.0, widened(0.0, largest)[1])
        return
    powers = [10.0**power for power in range(floor(log10(smallest)), ceil(log10(largest)) + 1)]
    axes.set_xscale("symlog", linthresh=powers[0], linscale=0.5)
    axes.set_xlim(0.0, largest * 1.6)
    kept = powers[:: ceil(len(powers) / 7)]
    axes.xaxis.set_major_locator(FixedLocator([0.0, *kept]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))


def _profile(what: str, rows: Sequence[Updated], legend: Legend) -> str:
    """Too many for rows of their own: from the most to the least updated."""
    ordered = sorted((float(row.updates) for row in rows), reverse=True)
    # Where it steps; the last holds to the end.
    steps = [
        (index, value)
        for index, value in enumerate(ordered)
        if index in (0, len(ordered) - 1) or value != ordered[index - 1]
    ]
    stride = max(1, len(steps) // 400)
    steps = [*steps[::stride], steps[-1]]
    canvas = Canvas(f"updates-{what}", f"Updates of {what}", 200.0, legend)
    axes = canvas.axes(50.0, 38.0, WIDTH - 70.0, 126.0)
    axes.plot(
        [x for x, _ in steps], [y for _, y in steps], color=COLOUR, linewidth=1.6,
        drawstyle="steps-post",
    )  # fmt: skip
    aims = [row.expected for row in rows]
    axes.axhline(sum(aims) / len(aims), color=EXPECTED, linewidth=1.4)
    axes.set_xlim(0.0, len(ordered) - 1)
    axes.set_ylim(0.0, widened(0.0, max([*ordered, *aims]))[1])
    value_axis(axes, f"{what}, from the most to the least updated", "compact")
    upright_axis(canvas, axes, "")
    axes.yaxis.set_major_formatter(lambda value, _: compact(value))
    _key(canvas, 50.0, 177.0)
    return canvas.svg()


def _key(canvas: Canvas, x: float, y: float, marker: str = "") -> None:
    """What is what; updates are a line, or dots."""
    for colour, text in ((COLOUR, "updates"), (EXPECTED, "expected")):
        if marker and text == "updates":
            canvas.line([x + 8.0], [y], color=colour, marker=marker, markersize=5.0)
        elif marker:
            canvas.line([x + 10.0, x + 10.0], [y - 5.0, y + 5.0], color=colour, linewidth=2.0)
        else:
            canvas.line([x, x + 16.0], [y, y], color=colour, linewidth=2.0)
        canvas.text(x + 22.0, y, text, size=8.0, colour=GREY, va="center_baseline")
        x += 80.0
