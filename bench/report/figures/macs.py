"""Where recommendations lie in the exact distribution of the space over MACs."""

from __future__ import annotations

from typing import Any

from bench.comparison.placement import MacDistribution, Placed
from bench.report.figures.canvas import WIDTH, Canvas, row_axes, value_axis, widened
from bench.report.figures.legend import GREY, Legend, widest
from bench.report.formatting import compact

HEIGHT = 120.0
STRIP = 20.0


def macs_figure(found: MacDistribution, cap: int | None, legend: Legend) -> str:
    """SVG: the space above, a row of ticks for each searcher below."""
    edges, counts, marks = found.edges, found.counts, found.recommendations
    total = sum(counts)
    present = {mark.searcher for mark in marks}
    names = [name for name in legend.names if name in present]
    labels = [legend.label(name) for name in names]
    left = max(widest(labels) + 16.0, 96.0)
    rows = STRIP * len(names)
    canvas = Canvas(
        "mac-distribution", "Recommendations in the space's distribution over MACs",
        HEIGHT + rows + 68.0, legend,
    )  # fmt: skip
    width = WIDTH - left - 14.0
    chosen = [mark.macs for mark in marks]
    limits = widened(min([edges[0], *chosen]), max([edges[-1], *chosen]), 0.01)
    top = canvas.axes(left, rows + 42.0, width, HEIGHT)
    top.stairs([count / total for count in counts], edges, fill=True, color="#c3cad3")
    top.set_xlim(limits)
    top.set_ylim(0.0, max(counts) / total * 1.08)
    top.set_yticks([])
    top.spines["left"].set_visible(False)
    middle = rows + 42.0 + HEIGHT / 2.0
    for offset, text in ((6.0, "the whole space,"), (-6.0, f"{compact(total)} architectures")):
        canvas.text(left - 10.0, middle + offset, text, size=8.0, colour=GREY, ha="right")
    if names:
        top.tick_params(labelbottom=False)
        axes = row_axes(canvas, labels, left, 34.0, width, STRIP)
        axes.set_xlim(limits)
        for index, name in enumerate(names):
            for mark in marks:
                if mark.searcher == name:
                    _tick(canvas, axes, index, mark)
    else:
        axes = top
    value_axis(axes, "MACs of one 32 x 100 image", "compact", ticks=8)
    if cap is not None and limits[0] < cap < limits[1]:
        for panel in {top, axes}:
            panel.axvline(cap, color="#b00020", linewidth=0.9, linestyle=(0, (4, 2)))
        x = left + width * (cap - limits[0]) / (limits[1] - limits[0])
        ha, shift = ("right", -4.0) if x > WIDTH - 90.0 else ("left", 4.0)
        y, text = rows + 46.0 + HEIGHT, f"cap {compact(cap)}"
        canvas.text(x + shift, y, text, size=8.0, colour="#b00020", ha=ha)
    return canvas.svg()


def _tick(canvas: Canvas, axes: Any, row: int, mark: Placed) -> None:
    style = canvas.legend.style(mark.searcher)
    ends = [mark.macs, mark.macs]
    (tick,) = axes.plot(ends, [row - 0.3, row + 0.3], color=style.colour, linewidth=1.4)
    lines = [mark.searcher, f"run {mark.run_id}", f"{compact(mark.macs)} MACs"]
    lines.append(f"more than {100.0 * mark.quantile:.1f} % of the space")
    canvas.mark(tick, "\n".join(lines), mark.run_id)
