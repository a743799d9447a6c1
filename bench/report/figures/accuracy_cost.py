"""Models by what they read and what their backbones cost (AutoSTR, Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.report.figures.canvas import WIDTH, Canvas, upright_axis
from bench.report.figures.legend import NOBODY, shortened, style_of
from bench.report.formatting import compact

LEFT, BOTTOM, GAP, RIGHT = 44.0, 40.0, 34.0, 12.0
HEIGHT, HEAD, LINE = 190.0, 26.0, 15.0
#: Axes whose values lie within this factor would have no tick of their own.
NARROW = 2.0
#: Names a line of the key.
COLUMNS = 3


@dataclass(frozen=True)
class ModelPoint:
    """A model: ``accuracy`` and its interval are fractions, costs those of its backbone."""

    name: str
    accuracy: float
    low: float
    high: float
    macs: int
    params: int


def accuracy_cost_figure(points: Sequence[ModelPoint], words: str) -> str:
    """SVG; ``words`` says what was read. Both costs on logarithmic axes."""
    lines = -(-len(points) // COLUMNS)
    foot = BOTTOM + LINE * lines
    canvas = Canvas(
        "accuracy-cost", f"Accuracy against cost of the backbone: {words}", foot + HEIGHT + HEAD,
        NOBODY,
    )  # fmt: skip
    width = (WIDTH - LEFT - GAP - RIGHT) / 2.0
    for place, (cost, title) in enumerate(
        (("macs", "multiply-adds of the backbone"), ("params", "parameters of the backbone"))
    ):
        axes = canvas.axes(LEFT + place * (width + GAP), foot, width, HEIGHT)
        values = [getattr(point, cost) for point in points]
        axes.set_xscale("log")
        widest = max(1.3, (NARROW * min(values) / max(values)) ** 0.5)
        axes.set_xlim(min(values) / widest, max(values) * widest)
        low, high = min(p.low for p in points), max(p.high for p in points)
        air = max(0.01, 0.06 * (high - low))
        axes.set_ylim(100.0 * (low - air), 100.0 * (high + air))
        axes.set_xlabel(title, labelpad=4.0)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(True, axis="x")
        upright_axis(canvas, axes, "word accuracy, %" if not place else "")
        if place:
            axes.tick_params(labelleft=False)
        for index, point in enumerate(points):
            style, value = style_of(index), getattr(point, cost)
            axes.plot(
                [value, value], [100.0 * point.low, 100.0 * point.high], color=style.colour,
                linewidth=1.1, alpha=0.6, zorder=2,
            )  # fmt: skip
            (dot,) = axes.plot(
                value, 100.0 * point.accuracy, linestyle="none", zorder=3, **style.marked(6.0)
            )
            canvas.mark(dot, _told(point, value))
    for index, point in enumerate(points):
        row, column = divmod(index, COLUMNS)
        x, y = LEFT + column * 190.0, foot - BOTTOM - LINE * (row + 0.5)
        canvas.dot(x, y, style_of(index), 5.5)
        canvas.text(x + 10.0, y, shortened(point.name, 172.0), va="center_baseline")
    return canvas.svg()


def _told(point: ModelPoint, cost: int) -> str:
    interval = f"{100.0 * point.low:.1f} to {100.0 * point.high:.1f}"
    return f"{point.name}\n{100.0 * point.accuracy:.1f} % ({interval})\n{compact(cost)}"
