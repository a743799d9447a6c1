"""Shifts against the baseline with their intervals, and the verdict beside each."""

from __future__ import annotations

from collections.abc import Mapping

from bench.report.figures.canvas import ROW, WIDTH, Canvas, row_axes, value_axis, whisker, widened
from bench.report.figures.legend import GREY, Legend, widest
from bench.report.formatting import estimate_text, signed_word
from bench.statistics.pairwise import Comparison

#: Readable as text on white; beside the word, never instead of it.
TONES = {
    "different": "#00568a",
    "equivalent": "#006b4f",
    "inconclusive": "#8a4b00",
    "too few": "#8a4b00",
    "not comparable": "#595959",
}


def effects_figure(pairs: Mapping[str, Comparison], legend: Legend) -> str | None:
    """SVG of the searchers that have a shift, or None if there is none."""
    rows = {name: pair for name, pair in pairs.items() if pair.evidence.shift.value is not None}
    if not rows:
        return None
    labels, baseline = [legend.label(name) for name in rows], legend.label(legend.baseline)
    left = widest(labels) + 16.0
    right = widest(signed_word(pair.verdict.word) for pair in rows.values()) + 18.0
    title = f"Shift of each searcher against {baseline}"
    canvas = Canvas("effects", title, ROW * len(rows) + 56.0, legend)
    axes = row_axes(canvas, labels, left, 34.0, WIDTH - left - right)
    value_axis(axes, f"shift of the score against {baseline}")
    ends = [0.0]
    for index, (name, pair) in enumerate(rows.items()):
        shift, word = pair.evidence.shift, pair.verdict.word
        tip = f"{name}\nshift {estimate_text(shift, 'signed')}\n{word}"
        ends += whisker(canvas, axes, index, legend.style(name), shift, tip)
        canvas.text(
            WIDTH - right + 14.0, 34.0 + ROW * (len(rows) - index - 0.5), signed_word(word),
            va="center_baseline", colour=TONES.get(word, GREY),
        )  # fmt: skip
    axes.axvline(0.0, color=GREY, linewidth=0.9, zorder=1)
    low, high = widened(min(ends), max(ends), 0.08)
    axes.set_xlim(low, high)
    top = 34.0 + ROW * len(rows) + 6.0
    zero = left + (WIDTH - left - right) * (0.0 - low) / (high - low)
    if min(ends) < 0.0:
        lower = f"← lower than {baseline}"
        canvas.text(zero - 6.0, top, lower, size=8.0, colour=GREY, ha="right")
    if max(ends) > 0.0:
        canvas.text(zero + 6.0, top, f"higher than {baseline} →", size=8.0, colour=GREY)
    return canvas.svg()
