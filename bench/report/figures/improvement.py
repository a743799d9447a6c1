"""How probably a run of each searcher beats a run of the baseline: A12 with its interval."""

from __future__ import annotations

from collections.abc import Mapping

from bench.report.figures.canvas import ROW, WIDTH, Canvas, row_axes, value_axis, whisker
from bench.report.figures.legend import GREY, Legend, widest
from bench.report.formatting import estimate_text
from bench.statistics.pairwise import Comparison


def improvement_figure(pairs: Mapping[str, Comparison], legend: Legend) -> str | None:
    """SVG of the searchers that have an A12, or None if there is none."""
    rows = {
        name: pair.superiority for name, pair in pairs.items() if pair.superiority.value is not None
    }
    if not rows:
        return None
    labels = [legend.label(name) for name in rows]
    left = widest(labels) + 16.0
    label = f"Probability that a run beats one of {legend.label(legend.baseline)}"
    canvas = Canvas("improvement", label, ROW * len(rows) + 46.0, legend)
    axes = row_axes(canvas, labels, left, 34.0, WIDTH - left - 24.0)
    value_axis(axes, f"P(a run scores higher than a run of {legend.label(legend.baseline)})")
    axes.set_xlim(-0.02, 1.02)
    axes.axvline(0.5, color=GREY, linewidth=0.9, zorder=1)
    for index, (name, value) in enumerate(rows.items()):
        tip = f"{name}\nA12 {estimate_text(value, 'number')}"
        whisker(canvas, axes, index, legend.style(name), value, tip, arm=name)
    return canvas.svg()
