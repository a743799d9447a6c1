"""Where recommendations lie in the exact distribution of the space over MACs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.canvas import WIDTH, Canvas, row_axes, value_axis, widened
from bench.report.figures.look import GREY, Look, widest
from bench.report.formatting import compact
from bench.report.plain import entries, number_of

HEIGHT = 120.0
STRIP = 20.0


def macs_figure(found: Mapping[str, Any], cap: object, look: Look) -> str | None:
    """SVG: the space above, a row of ticks for each searcher below; None without a distribution."""
    edges, counts = found.get("edges") or [], found.get("counts") or []
    total = sum(counts)
    if len(edges) != len(counts) + 1 or total <= 0:
        return None
    marks = [entry for entry in entries(found.get("recommendations")) if _macs(entry) is not None]
    present = {str(entry.get("searcher")) for entry in marks}
    names = [name for name in look.names if name in present]
    labels = [look.label(name) for name in names]
    left = max(widest(labels) + 16.0, 96.0)
    rows = STRIP * len(names)
    canvas = Canvas(
        "mac-distribution", "Recommendations in the space's distribution over MACs",
        HEIGHT + rows + 68.0, look,
    )  # fmt: skip
    width = WIDTH - left - 14.0
    limits = widened(
        min([edges[0], *map(_macs, marks)]), max([edges[-1], *map(_macs, marks)]), 0.01
    )
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
            for entry in marks:
                if str(entry.get("searcher")) == name:
                    _tick(canvas, axes, index, entry)
    else:
        axes = top
    value_axis(axes, "MACs of one 32 x 100 image", "compact", ticks=8)
    limit = number_of(cap)
    if limit is not None and limits[0] < limit < limits[1]:
        for panel in {top, axes}:
            panel.axvline(limit, color="#b00020", linewidth=0.9, linestyle=(0, (4, 2)))
        x = left + width * (limit - limits[0]) / (limits[1] - limits[0])
        ha = "right" if x > WIDTH - 90.0 else "left"
        shift = -4.0 if ha == "right" else 4.0
        canvas.text(
            x + shift,
            rows + 46.0 + HEIGHT,
            f"cap {compact(limit)}",
            size=8.0,
            colour="#b00020",
            ha=ha,
        )
    return canvas.svg()


def _tick(canvas: Canvas, axes: Any, row: int, entry: Mapping[str, Any]) -> None:
    macs, quantile = entry["macs"], number_of(entry.get("quantile"))
    style = canvas.look.style(entry.get("searcher"))
    (tick,) = axes.plot([macs, macs], [row - 0.3, row + 0.3], color=style.colour, linewidth=1.4)
    lines = [str(entry.get("searcher")), f"run {entry.get('run_id')}", f"{compact(macs)} MACs"]
    if quantile is not None:
        lines.append(f"more than {100.0 * quantile:.1f} % of the space")
    canvas.mark(tick, "\n".join(lines), entry.get("run_id"))


def _macs(entry: Mapping[str, Any]) -> Any:
    return number_of(entry.get("macs"))
