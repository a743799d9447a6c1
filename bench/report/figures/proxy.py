"""Proxy score against final score, an architecture a dot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.canvas import Canvas, upright_axis, value_axis, widened
from bench.report.figures.look import Look
from bench.report.plain import entries, number_of


def proxy_figure(found: Mapping[str, Any], look: Look) -> str | None:
    """SVG, or None if no architecture has both scores."""
    points = [
        point
        for point in entries(found.get("points"))
        if number_of(point.get("proxy")) is not None and number_of(point.get("final")) is not None
    ]
    if not points:
        return None
    canvas = Canvas("proxy-final", "Proxy score against final score", 320.0, look, width=420.0)
    axes = canvas.axes(50.0, 40.0, 355.0, 250.0)
    value_axis(axes, "proxy score, inherited weights")
    upright_axis(canvas, axes, "final score, trained from scratch")
    for key, limit in (("proxy", axes.set_xlim), ("final", axes.set_ylim)):
        values = [point[key] for point in points]
        limit(widened(min(values), max(values)))
    for point in points:
        (dot,) = axes.plot(
            point["proxy"], point["final"], marker="o", color="#0072B2", markersize=5.0,
            alpha=0.7, linestyle="none",
        )  # fmt: skip
        text = (
            f"{point.get('architecture')}\nproxy {point['proxy']:.4f}\nfinal {point['final']:.4f}"
        )
        canvas.mark(dot, text)
    return canvas.svg()
