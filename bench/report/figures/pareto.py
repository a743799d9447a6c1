"""Score against cost: every run's recommendation, and the front of those that none dominates."""

from __future__ import annotations

from typing import Any

from bench.comparison.placement import Front, FrontPoint
from bench.report.figures.canvas import WIDTH, Canvas, upright_axis, value_axis, widened
from bench.report.figures.legend import GREY, INK, Legend, widest
from bench.report.formatting import compact

HEIGHT = 240.0
LINE = 15.0
COSTS = {
    "macs": "MACs of the recommended architecture",
    "params": "parameters of the recommended architecture",
}


def pareto_figure(cost: str, found: Front, legend: Legend) -> str:
    """SVG; a front has at least one point."""
    points = found.points
    names = {point.searcher for point in points}
    listed = [name for name in legend.names if name in names]
    labels = [legend.label(name) for name in listed] + ["Pareto front"]
    right = widest(labels) + 44.0
    height = max(HEIGHT, LINE * len(labels))
    canvas = Canvas(f"pareto-{cost}", f"Score against {cost}", height + 62.0, legend)
    width = WIDTH - 42.0 - right
    axes = canvas.axes(42.0, 38.0, width, height)
    costs, scores = [point.cost for point in points], [point.score for point in points]
    axes.set_xlim(widened(min(costs), max(costs)))
    axes.set_ylim(widened(min(scores), max(scores)))
    value_axis(axes, COSTS[cost], "compact")
    upright_axis(canvas, axes, "score")
    front = sorted({(point.cost, point.score) for point in points if point.on_front})
    # To the right end: what it dominates goes on.
    ends = [*front, (axes.get_xlim()[1], front[-1][1])]
    axes.plot(
        [x for x, _ in ends], [y for _, y in ends], drawstyle="steps-post", color=GREY,
        linewidth=1.1, zorder=1,
    )  # fmt: skip
    for point in sorted(points, key=lambda point: point.on_front):
        _point(canvas, axes, point)
    edge, y = WIDTH - right + 14.0, 38.0 + height - 6.0
    for name, label in zip(listed, labels, strict=False):
        canvas.dot(edge + 9.0, y, legend.style(name), 5.5)
        canvas.text(edge + 24.0, y, label, va="center_baseline")
        y -= LINE
    canvas.line([edge, edge + 18.0], [y, y], color=GREY, linewidth=1.1)
    canvas.text(edge + 24.0, y, labels[-1], va="center_baseline", colour=GREY)
    return canvas.svg()


def _point(canvas: Canvas, axes: Any, point: FrontPoint) -> None:
    style, best = canvas.legend.style(point.searcher), point.on_front
    (dot,) = axes.plot(
        point.cost, point.score, linestyle="none", **style.marked(7.0 if best else 4.2),
        markeredgecolor=INK if best else style.colour, markeredgewidth=1.0 if best else 0.7,
        alpha=1.0 if best else 0.6, zorder=4 if best else 3,
    )  # fmt: skip
    lines = [
        point.searcher,
        f"run {point.run_id}",
        point.architecture,
        f"score {point.score:.4f}, cost {compact(point.cost)}",
    ]
    canvas.mark(dot, "\n".join([*lines, "on the front"] if best else lines), point.run_id)
