"""Shifts against the baseline with their intervals, and the verdict beside each."""

from __future__ import annotations

from collections.abc import Mapping

from bench.report.figures.canvas import ROW, WIDTH, Canvas, row_axes, value_axis, widened
from bench.report.figures.look import GREY, Look, widest
from bench.report.formatting import estimate_text, signed_word
from bench.statistics.answers import Estimate
from bench.statistics.pairwise import Comparison

#: Readable as text on white; beside the word, never instead of it.
TONES = {
    "different": "#00568a",
    "equivalent": "#006b4f",
    "inconclusive": "#8a4b00",
    "too few": "#8a4b00",
    "not comparable": "#595959",
}


def effects_figure(pairs: Mapping[str, Comparison], look: Look) -> str | None:
    """SVG of the searchers that have a shift, or None if there is none."""
    rows = [
        (name, pair.evidence.shift, middle)
        for name, pair in pairs.items()
        if (middle := pair.evidence.shift.value) is not None
    ]
    if not rows:
        return None
    labels = [look.label(name) for name, _, _ in rows]
    words = [pairs[name].verdict.word for name, _, _ in rows]
    left = widest(labels) + 16.0
    right = widest([signed_word(word) for word in words]) + 18.0
    canvas = Canvas(
        "effects",
        f"Shift of each searcher against {look.label(look.baseline)}",
        ROW * len(rows) + 56.0,
        look,
    )
    axes = row_axes(canvas, labels, left, 34.0, WIDTH - left - right)
    value_axis(axes, f"shift of the score against {look.label(look.baseline)}")
    ends = [0.0]
    for index, ((name, shift, middle), word) in enumerate(zip(rows, words, strict=True)):
        style = look.style(name)
        interval = (shift.low, shift.high) if isinstance(shift, Estimate) else None
        ends += [middle, *(interval or ())]
        tip = f"{name}\nshift {estimate_text(shift, 'signed')}\n{word}"
        if interval is not None:
            (line,) = axes.plot(interval, [index] * 2, color=style.colour, linewidth=1.8)
            canvas.mark(line, tip)
        (dot,) = axes.plot(
            middle, index, marker=style.marker, color=style.colour, markersize=6.0,
            markerfacecolor=style.colour if interval else "white",
        )  # fmt: skip
        canvas.mark(dot, tip)
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
        canvas.text(
            zero - 6.0,
            top,
            f"← lower than {look.label(look.baseline)}",
            size=8.0,
            colour=GREY,
            ha="right",
        )
    if max(ends) > 0.0:
        canvas.text(
            zero + 6.0, top, f"higher than {look.label(look.baseline)} →", size=8.0, colour=GREY
        )
    return canvas.svg()
