"""Proxy score against final score: an architecture a mark, its seeds a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.figures.canvas import WIDTH, Canvas, upright_axis, value_axis, widened
from bench.report.figures.look import GREY, INK, Look, Style, widest
from bench.report.formatting import estimate_text
from bench.report.plain import entries, number_of

HEIGHT = 250.0
LINE = 15.0
NOBODY, SEVERAL = "recommended by none", "by several searchers"
OWN = {NOBODY: Style(GREY, "x"), SEVERAL: Style(INK, "*")}


def proxy_figure(found: Mapping[str, Any], look: Look) -> str | None:
    """SVG, or None if no architecture has both scores."""
    points = [
        point
        for point in entries(found.get("points"))
        if number_of(point.get("proxy")) is not None and number_of(point.get("final")) is not None
    ]
    if not points:
        return None
    names = {_name(point) for point in points}
    listed = [name for name in (*look.names, *OWN) if name in names]
    labels = [look.label(name) for name in listed]
    right = widest(labels) + 44.0
    height = max(HEIGHT, LINE * len(labels))
    canvas = Canvas("proxy-final", "Proxy score against final score", height + 62.0, look)
    axes = canvas.axes(42.0, 38.0, WIDTH - 42.0 - right, height)
    value_axis(axes, "proxy score, inherited weights")
    upright_axis(canvas, axes, "final score, trained from scratch")
    proxies = [float(point["proxy"]) for point in points]
    finals = [value for point in points for value in (_final(point), *_seeds(point))]
    axes.set_xlim(widened(min(proxies), max(proxies)))
    axes.set_ylim(widened(min(finals), max(finals)))
    for point in points:
        _point(canvas, axes, point)
    edge, y = WIDTH - right + 23.0, 38.0 + height - 6.0
    for name, label in zip(listed, labels, strict=True):
        canvas.line([edge], [y], **_marker(_style(look, name)))
        canvas.text(edge + 15.0, y, label, va="center_baseline")
        y -= LINE
    return canvas.svg()


def _point(canvas: Canvas, axes: Any, point: Mapping[str, Any]) -> None:
    style, seeds = _style(canvas.look, _name(point)), _seeds(point)
    if len(seeds) > 1:
        ends = [min(seeds), max(seeds)]
        axes.plot([point["proxy"]] * 2, ends, color=style.colour, linewidth=1.0, alpha=0.6)
    (dot,) = axes.plot(point["proxy"], _final(point), zorder=3, **_marker(style))
    by = ", ".join(map(str, point.get("recommended_by") or ()))
    lines = [
        str(point.get("architecture")),
        f"recommended by {by}" if by else "",
        f"proxy {point['proxy']:.4f}",
        f"final {estimate_text(point['final'])}",
        "seeds: " + ", ".join(f"{score:.4f}" for score in seeds) if seeds else "",
    ]
    canvas.mark(dot, "\n".join(line for line in lines if line))


def _name(point: Mapping[str, Any]) -> str:
    """The searcher that recommended it, if it was one."""
    by: Sequence[object] = point.get("recommended_by") or ()
    if len(by) > 1:
        return SEVERAL
    return str(by[0]) if by else NOBODY


def _style(look: Look, name: str) -> Style:
    return OWN.get(name) or look.style(name)


def _marker(style: Style) -> dict[str, Any]:
    return {
        "marker": style.marker, "color": style.colour, "markerfacecolor": style.face,
        "markersize": 6.0, "linestyle": "none",
    }  # fmt: skip


def _final(point: Mapping[str, Any]) -> float:
    return float(number_of(point["final"]) or 0.0)


def _seeds(point: Mapping[str, Any]) -> list[float]:
    return [score for score in map(number_of, point.get("scores") or ()) if score is not None]
