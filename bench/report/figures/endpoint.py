"""The endpoint: every run a dot, every searcher a mean with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from bench.comparison.provenance import RunRow
from bench.comparison.searchers import SearcherRow
from bench.report.figures.canvas import ROW, WIDTH, Canvas, row_axes, value_axis, widened
from bench.report.figures.legend import GREY, Legend, widest
from bench.report.formatting import compact, shown
from bench.statistics.answers import Answer, Estimate

TALL = 1.25
#: Runs that lie close are told apart by height.
LANES = (0.0, 0.11, -0.11, 0.22, -0.22)


def endpoint_figure(
    searchers: Sequence[SearcherRow], runs: Sequence[RunRow], legend: Legend
) -> str | None:
    """SVG, or None if no run has a score; searchers from top to bottom as given."""
    names = [row.name for row in searchers]
    numbers = [_numbers(row.score) for row in searchers]
    scored = sorted(
        ((run.score, run) for run in runs if run.score is not None), key=lambda pair: pair[0]
    )
    values = [score for score, _ in scored] + [value for row in numbers for value in row]
    if not values:
        return None
    labels = [legend.label(name) for name in names]
    texts = [_beside(row.score) for row in searchers]
    left, right = widest(labels) + 16.0, widest(texts, 8.0) + 14.0
    row, width = ROW * TALL, WIDTH - left - right
    canvas = Canvas(
        "endpoint", "Endpoint of every run and searcher", row * len(names) + 40.0, legend
    )
    axes = row_axes(canvas, labels, left, 34.0, width, row)
    value_axis(axes, "endpoint: score of what was recommended")
    axes.set_xlim(widened(min(values), max(values)))
    for index, (name, found, text) in enumerate(zip(names, numbers, texts, strict=True)):
        style = legend.style(name)
        of_it = [(score, run) for score, run in scored if run.searcher == name]
        for place, (score, run) in enumerate(of_it):
            (dot,) = axes.plot(
                score, index - 0.16 + 0.7 * LANES[place % len(LANES)],
                markeredgewidth=0.7, alpha=0.75, clip_on=False, **style.marked(3.6),
            )  # fmt: skip
            canvas.mark(dot, _tip(run, score), run.run_id)
        if found:
            low, high = (found[1], found[2]) if len(found) == 3 else (found[0], found[0])
            line, = axes.plot(
                [low, high], [index + 0.28] * 2, color=style.colour, linewidth=2.6,
                solid_capstyle="butt", zorder=3,
            )  # fmt: skip
            (mean,) = axes.plot(
                found[0], index + 0.28, zorder=4, markeredgewidth=1.2, **style.marked(6.5)
            )
            for artist in (line, mean):
                canvas.mark(artist, f"{name}\n{text}")
        middle = 34.0 + row * (len(names) - index - 0.5)
        canvas.text(
            WIDTH - 4.0, middle, text, size=8.0, ha="right", va="center_baseline",
            colour=GREY if len(found) < 3 else "#1f2328",
        )  # fmt: skip
    return canvas.svg()


def _tip(run: RunRow, score: float) -> str:
    """What a mark of a run says."""
    lines = [run.searcher, f"run {run.run_id}", f"score {score:.4f}"]
    if run.macs is not None:
        lines.append(f"{compact(run.macs)} MACs")
    return "\n".join(lines)


def _numbers(score: Answer) -> tuple[float, ...]:
    """Mean, low and high; the mean alone; or nothing."""
    if isinstance(score, Estimate):
        return (score.value, score.low, score.high)
    return () if score.value is None else (score.value,)


def _beside(score: Answer) -> str:
    if score.value is None:
        return "no mean"
    found = shown(score, "score")
    return f"{found.text} {found.detail}".strip()
