"""Average ranks against what was spent: the best is on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.canvas import WIDTH, Canvas, upright_axis, value_axis, widened
from bench.report.figures.curves import HEIGHT, LINE, end_labels, points, unit_of
from bench.report.figures.look import Look, widest
from bench.report.plain import part


def rank_curve_figure(found: Mapping[str, Any], look: Look) -> str | None:
    """SVG, or None if there is no curve."""
    entries = {
        str(name): {"grid": part(found, "grid"), "rank": ranks}
        for name, ranks in (part(found, "searchers") or {}).items()
    }
    curves = {
        name: curve for name, entry in entries.items() if (curve := points(entry, "grid", "rank"))
    }
    if not curves:
        return None
    names = list(curves)
    right = widest(look.label(name) for name in names) + 46.0
    height = max(HEIGHT, LINE * len(names) + 10.0)
    unit = unit_of("", found)
    canvas = Canvas("rank-curve", f"Average rank against {unit}", height + 62.0, look)
    panel = canvas.axes(42.0, 38.0, WIDTH - 42.0 - right, height)
    costs = [cost for x, _ in curves.values() for cost in x]
    panel.set_xlim(widened(min(costs), max(costs), 0.01))
    # The best on top.
    panel.set_ylim(len(names) + 0.3, 0.7)
    value_axis(panel, unit, "compact", ticks=6)
    upright_axis(canvas, panel, "average rank, 1 is the best")
    panel.locator_params(axis="y", integer=True)
    for place, name in enumerate(names):
        x, y = curves[name]
        style = look.style(name)
        step = max(1, len(x) // 5)
        (line,) = panel.plot(
            x, y, drawstyle="steps-post", color=style.colour, linestyle=style.dash, linewidth=1.5,
            marker=style.marker, markevery=(step * place // len(names), step), markersize=4.2,
            markerfacecolor=style.face, clip_on=False,
        )  # fmt: skip
        canvas.mark(line, f"{name}\naverage rank at the end {y[-1]:.2f}", arm=name)
    end_labels(canvas, panel, names, entries, "rank")
    return canvas.svg()
