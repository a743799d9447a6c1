"""Average ranks (after Demsar, JMLR 7, 2006, figure 1): the best is to the left.

Bars follow the verdicts on pairs, not a critical difference of ranks: one pair, one verdict.
"""

from __future__ import annotations

from math import ceil, floor

from bench.comparison.pairs import Ranks
from bench.report.figures.canvas import SMALL, WIDTH, Canvas
from bench.report.figures.legend import GREY, INK, Legend, widest

STEM = 17.0
BAR = 6.0


def ranks_figure(found: Ranks, legend: Legend) -> str:
    ranks = found.ranks
    names = sorted(ranks, key=lambda name: (ranks[name], name))
    bars = [[ranks[name] for name in clique] for clique in found.cliques]
    cliques = [bar for bar in bars if len(bar) > 1]
    half = (len(names) + 1) // 2
    sides = (names[:half], names[half:][::-1])
    left, right = (widest(legend.label(name) for name in side) + 50.0 for side in sides)
    left = max(left, 84.0)
    lowest = max(1, floor(min(ranks.values())))
    highest = max(ceil(max(ranks.values())), lowest + 1, len(names))
    height = 48.0 + BAR * len(cliques) + STEM * half
    canvas = Canvas("ranks", "Average ranks", height, legend)
    width = WIDTH - left - right
    axis = height - 30.0

    def across(rank: float) -> float:
        return left + (rank - lowest) / (highest - lowest) * width

    canvas.line([left, left + width], [axis, axis], color=GREY, linewidth=0.8)
    for rank in range(lowest, highest + 1):
        x = across(rank)
        canvas.line([x, x], [axis, axis + 4.0], color=GREY, linewidth=0.8)
        canvas.text(x, axis + 7.0, str(rank), size=SMALL, ha="center")
    canvas.text(left - 10.0, axis + 7.0, "average rank", size=SMALL, colour=GREY, ha="right")
    for index, clique in enumerate(cliques):
        y = axis - 7.0 - BAR * index
        ends = [across(rank) for rank in (min(clique), max(clique))]
        canvas.line([ends[0] - 3.0, ends[1] + 3.0], [y, y], color=INK, linewidth=3.0, alpha=0.75)
    under = axis - 10.0 - BAR * len(cliques)
    for side, members in zip((-1, 1), sides, strict=True):
        for index, name in enumerate(members):
            x, y = across(ranks[name]), under - STEM * (index + 0.5)
            _stem(canvas, name, ranks[name], (x, y, axis), side, left if side < 0 else left + width)
    return canvas.svg()


def _stem(
    canvas: Canvas,
    name: str,
    rank: float,
    place: tuple[float, float, float],
    side: int,
    end: float,
) -> None:
    """From the rank on the axis down and out to the name."""
    x, y, axis = place
    style = canvas.legend.style(name)
    out = end + side * 6.0
    line = canvas.line([x, x, out], [axis, y, y], color=style.colour, linewidth=1.0)
    for artist in (line, canvas.dot(x, axis, style, 5.0)):
        canvas.mark(artist, f"{name}\naverage rank {rank:.2f}")
    ha = "right" if side < 0 else "left"
    canvas.text(out + side * 30.0, y, canvas.legend.label(name), ha=ha, va="center_baseline")
    canvas.text(
        out + side * 4.0, y, f"{rank:.2f}", size=SMALL, ha=ha, va="center_baseline", colour=GREY
    )
