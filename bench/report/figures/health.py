"""A supernet at a glance: who was trained how much, who has grown how far, what its scores say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.report.figures.canvas import (
    SMALL,
    WIDTH,
    Canvas,
    row_axes,
    upright_axis,
    value_axis,
    widened,
)
from bench.report.figures.legend import GREY, NOBODY
from bench.report.formatting import estimate_text
from bench.statistics.answers import Answer

STRIP = 17.0
LEFT, GAP = 48.0, 70.0
SCATTER = 250.0
COLOUR, EVEN = "#0072B2", "#D55E00"


@dataclass(frozen=True)
class Ranked:
    """An architecture of a panel: its proxy score, and its final ones, one a seed."""

    architecture: str
    proxy: float
    finals: tuple[float, ...]


@dataclass(frozen=True)
class Health:
    """What was found of a supernet; what was not looked for is empty.

    ``updates`` are learning rates added up by operation, ``tau`` is how the panel's scores agree.
    """

    updates: Mapping[str, float]
    scales: Mapping[str, float]
    panel: tuple[Ranked, ...] = ()
    tau: Answer | None = None


def health_figure(found: Health) -> str | None:
    """SVG of what ``bench supernet check`` found; None where there is nothing to draw.

    Above, updates by learning rate (of each operation, over the mean) and scales of branches;
    below, with a panel, proxy scores against final ones, whose bars reach from seed to seed.
    """
    bars = [
        (title, values)
        for title, values in (
            ("updates, over the mean", _over_mean(found.updates)),
            ("scale of branches", found.scales),
        )
        if values
    ]
    if not bars and not found.panel:
        return None
    below = SCATTER + 66.0 if found.panel else 0.0
    rows = max((len(values) for _, values in bars), default=0)
    above = STRIP * rows + 62.0 if bars else 0.0
    canvas = Canvas("supernet-health", "Bias and ranking of a supernet", below + above, NOBODY)
    width = (WIDTH - LEFT - 20.0 - (GAP if len(bars) > 1 else 0.0)) / max(1, len(bars))
    for place, (title, values) in enumerate(bars):
        _bars(canvas, LEFT + place * (width + GAP), below + 34.0, width, title, values)
    if found.panel:
        _scatter(canvas, found.panel, found.tau)
    return canvas.svg()


def _bars(
    canvas: Canvas,
    left: float,
    bottom: float,
    width: float,
    title: str,
    values: Mapping[str, float],
) -> None:
    axes = row_axes(canvas, list(values), left, bottom, width, STRIP)
    canvas.text(left, bottom + STRIP * len(values) + 9.0, title, size=SMALL, colour=GREY)
    value_axis(axes, "", ticks=4)
    even = sum(values.values()) / len(values)
    axes.set_xlim(0.0, 1.08 * max(values.values()))
    axes.axvline(even, color=EVEN, linewidth=1.2)
    for index, (name, value) in enumerate(values.items()):
        (bar,) = axes.barh(index, value, height=0.62, color=COLOUR)
        canvas.mark(bar, f"{name}\n{title}: {value:.3g}\nmean {even:.3g}")


def _scatter(canvas: Canvas, panel: Sequence[Ranked], tau: Answer | None) -> None:
    axes = canvas.axes(LEFT, 38.0, WIDTH - LEFT - 20.0, SCATTER)
    value_axis(axes, "proxy score, inherited weights")
    upright_axis(canvas, axes, "word accuracy, trained from scratch")
    proxies = [each.proxy for each in panel]
    finals = [score for each in panel for score in each.finals]
    axes.set_xlim(widened(min(proxies), max(proxies)))
    axes.set_ylim(widened(min(finals), max(finals)))
    for each in panel:
        x, seeds = each.proxy, each.finals
        mean = sum(seeds) / len(seeds)
        axes.plot([x, x], [min(seeds), max(seeds)], color=COLOUR, linewidth=1.0, alpha=0.6)
        (dot,) = axes.plot(x, mean, marker="o", color=COLOUR, markersize=5.0, zorder=3)
        listed = ", ".join(f"{score:.3f}" for score in seeds)
        canvas.mark(dot, f"{each.architecture}\nproxy {x:.3f}\nfrom scratch {listed}")
    if tau is not None and tau.value is not None:
        text = f"Kendall's tau {estimate_text(tau, 'coefficient')}, {len(panel)} architectures"
        canvas.text(WIDTH - 20.0, 38.0 + SCATTER + 9.0, text, size=SMALL, colour=GREY, ha="right")


def _over_mean(sums: Mapping[str, float]) -> dict[str, float]:
    mean = sum(sums.values()) / len(sums) if sums else 0.0
    return {name: value / mean for name, value in sums.items()} if mean > 0.0 else {}
