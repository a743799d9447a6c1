"""Performance profile: the share of runs that reach a score (Agarwal et al., NeurIPS 2021)."""

from __future__ import annotations

from collections.abc import Sequence

from bench.comparison.provenance import RunRow
from bench.comparison.searchers import SearcherRow
from bench.report.figures.canvas import WIDTH, Canvas, spread, upright_axis, value_axis, widened
from bench.report.figures.legend import INK, Legend, widest

HEIGHT = 220.0
LINE = 13.0


def profile_figure(
    searchers: Sequence[SearcherRow], runs: Sequence[RunRow], legend: Legend
) -> str | None:
    """SVG, or None unless two searchers have two scores each."""
    scores: dict[str, list[float]] = {row.name: [] for row in searchers}
    for run in runs:
        if run.score is not None:
            scores[run.searcher].append(run.score)
    shown = {name: sorted(found) for name, found in scores.items() if len(found) > 1}
    if len(shown) < 2:
        return None
    right = widest(legend.label(name) for name in shown) + 46.0
    height = max(HEIGHT, LINE * len(shown) + 10.0)
    canvas = Canvas("profile", "Share of runs that reach a score", height + 62.0, legend)
    axes = canvas.axes(42.0, 38.0, WIDTH - 42.0 - right, height)
    value_axis(axes, "score")
    upright_axis(canvas, axes, "share of runs with at least that score")
    low, high = widened(
        min(found[0] for found in shown.values()), max(found[-1] for found in shown.values())
    )
    axes.set_xlim(low, high)
    axes.set_ylim(-0.02, 1.04)
    places = spread([38.0] * len(shown), LINE, 44.0, 38.0 + height - 6.0)[::-1]
    for (name, found), place in zip(shown.items(), places, strict=True):
        style = legend.style(name)
        n = len(found)
        x = [low, *found, high]
        y = [1.0, *((n - rank) / n for rank in range(n)), 0.0]
        (line,) = axes.plot(
            x, y, drawstyle="steps-pre", color=style.colour, linestyle=style.dash, linewidth=1.5
        )
        canvas.mark(line, f"{name}\nmedian {found[n // 2]:.4f}, {n} runs", arm=name)
        edge = WIDTH - right
        canvas.swatch(edge + 17.0, place, style, 18.0)
        canvas.text(edge + 39.0, place, legend.label(name), va="center_baseline", colour=INK)
    return canvas.svg()
