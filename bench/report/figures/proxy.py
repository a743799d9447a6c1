"""Proxy score against final score: an architecture a mark, its seeds a bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.comparison.final_scores import Point
from bench.report.figures.canvas import WIDTH, Canvas, upright_axis, value_axis, widened
from bench.report.figures.legend import GREY, INK, Legend, Style, widest
from bench.report.formatting import estimate_text

HEIGHT = 250.0
LINE = 15.0
NOBODY, SEVERAL = "recommended by none", "by several searchers"
OWN = {NOBODY: Style(GREY, "x"), SEVERAL: Style(INK, "*")}


def proxy_figure(panel: Sequence[Point], legend: Legend) -> str:
    """SVG of the architectures that have both scores, of which there is at least one."""
    points = [(point.proxy, point) for point in panel if point.proxy is not None]
    names = {_name(point) for _, point in points}
    listed = [name for name in (*legend.names, *OWN) if name in names]
    labels = [legend.label(name) for name in listed]
    right = widest(labels) + 44.0
    height = max(HEIGHT, LINE * len(labels))
    canvas = Canvas("proxy-final", "Proxy score against final score", height + 62.0, legend)
    axes = canvas.axes(42.0, 38.0, WIDTH - 42.0 - right, height)
    value_axis(axes, "proxy score, inherited weights")
    upright_axis(canvas, axes, "final score, trained from scratch")
    proxies = [proxy for proxy, _ in points]
    finals = [value for _, point in points for value in (point.mean, *point.scores)]
    axes.set_xlim(widened(min(proxies), max(proxies)))
    axes.set_ylim(widened(min(finals), max(finals)))
    for proxy, point in points:
        _point(canvas, axes, proxy, point)
    edge, y = WIDTH - right + 23.0, 38.0 + height - 6.0
    for name, label in zip(listed, labels, strict=True):
        canvas.dot(edge, y, _style(legend, name), 6.0)
        canvas.text(edge + 15.0, y, label, va="center_baseline")
        y -= LINE
    return canvas.svg()


def _point(canvas: Canvas, axes: Any, proxy: float, point: Point) -> None:
    style, seeds = _style(canvas.legend, _name(point)), point.scores
    if len(seeds) > 1:
        ends = [min(seeds), max(seeds)]
        axes.plot([proxy] * 2, ends, color=style.colour, linewidth=1.0, alpha=0.6)
    (dot,) = axes.plot(proxy, point.mean, zorder=3, linestyle="none", **style.marked(6.0))
    by = ", ".join(point.recommended_by)
    lines = [
        point.architecture,
        f"recommended by {by}" if by else "",
        f"proxy {proxy:.4f}",
        f"final {estimate_text(point.final)}",
        "seeds: " + ", ".join(f"{score:.4f}" for score in seeds),
    ]
    canvas.mark(dot, "\n".join(line for line in lines if line))


def _name(point: Point) -> str:
    """The searcher that recommended it, if it was one."""
    by = point.recommended_by
    if len(by) > 1:
        return SEVERAL
    return by[0] if by else NOBODY


def _style(legend: Legend, name: str) -> Style:
    return OWN.get(name) or legend.style(name)
