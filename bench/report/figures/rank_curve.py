"""Average ranks against what was spent: the best is on top."""

from __future__ import annotations

from bench.comparison.rank_curve import RankCurve
from bench.report.figures.canvas import WIDTH, Canvas, upright_axis, value_axis, widened
from bench.report.figures.curves import HEIGHT, LINE, end_labels, stepped
from bench.report.figures.legend import Legend, widest


def rank_curve_figure(found: RankCurve, legend: Legend) -> str:
    names, x, unit = list(found.searchers), found.grid, found.unit
    right = widest(legend.label(name) for name in names) + 46.0
    height = max(HEIGHT, LINE * len(names) + 10.0)
    canvas = Canvas("rank-curve", f"Average rank against {unit}", height + 62.0, legend)
    panel = canvas.axes(42.0, 38.0, WIDTH - 42.0 - right, height)
    panel.set_xlim(widened(min(x), max(x), 0.01))
    # The best on top.
    panel.set_ylim(len(names) + 0.3, 0.7)
    value_axis(panel, unit, "compact", ticks=6)
    upright_axis(canvas, panel, "average rank, 1 is the best")
    panel.locator_params(axis="y", integer=True)
    for place, name in enumerate(names):
        y = found.searchers[name]
        line = stepped(panel, x, y, legend.style(name), (place, len(names)))
        canvas.mark(line, f"{name}\naverage rank at the end {y[-1]:.2f}", arm=name)
    end_labels(canvas, panel, {name: (x[-1], y[-1]) for name, y in found.searchers.items()})
    return canvas.svg()
