"""A drawing measured in points, and the house style."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import IdentityTransform

from bench.report.figures.legend import FAINT, FONT_SIZE, GREY, INK, Legend, Style
from bench.report.figures.svg import Tip, finished
from bench.report.formatting import compact
from bench.statistics.answers import Answer, Estimate

WIDTH = 620.0
ROW = 24.0
SMALL = 8.0
HOUSE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "strnas-bench",
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.6,
    "axes.labelsize": FONT_SIZE,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "lines.solid_capstyle": "butt",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": "#e8eaed",
    "grid.linewidth": 0.6,
    "path.simplify": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Within it figures look alike, whatever the user's own matplotlibrc says."""
    with warnings.catch_warnings(), matplotlib.rc_context():
        # Names are text in the file; a glyph that is lacking here is found by who looks at it.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        matplotlib.rcdefaults()
        parameters: Any = matplotlib.rcParams
        parameters.update(HOUSE)
        yield


class Canvas:
    """A white sheet of ``width`` x ``height`` points; places are points from the lower left."""

    def __init__(self, name: str, label: str, height: float, legend: Legend, width: float = WIDTH):
        foot = 14.0 if legend.note else 0.0
        self.name, self.label, self.legend = name, label, legend
        self.width, self.height, self.foot = width, height + foot, foot
        # 72 dots an inch: a dot is a point, so display coordinates are the places above.
        self.figure = Figure(figsize=(width / 72.0, self.height / 72.0), dpi=72, facecolor="white")
        self.tips: dict[str, Tip] = {}
        if legend.note:
            self.text(
                width / 2.0, 3.0 - foot, legend.note, size=SMALL, colour="#8a4b00", ha="center"
            )

    def axes(self, left: float, bottom: float, width: float, height: float, **same: Any) -> Axes:
        """Axes at a place; ``same`` is ``sharex`` or ``sharey``."""
        box = (
            left / self.width,
            (bottom + self.foot) / self.height,
            width / self.width,
            height / self.height,
        )
        return self.figure.add_axes(box, **same)

    def text(
        self, x: float, y: float, text: str, *, size: float = FONT_SIZE, colour: str = INK,
        ha: str = "left", va: str = "baseline", weight: str = "normal",
    ) -> Text:  # fmt: skip
        """Text at a place; nothing in it is read as a formula."""
        found = Text(
            x, y + self.foot, text, fontsize=size, color=colour, ha=ha, va=va, fontweight=weight,
            parse_math=False,
        )  # fmt: skip
        self._add(found)
        return found

    def line(self, x: Sequence[float], y: Sequence[float], **style: Any) -> Line2D:
        found = Line2D(list(x), [value + self.foot for value in y], **style)
        self._add(found)
        return found

    def box(
        self, x: float, y: float, width: float, height: float, tip: str, **style: Any
    ) -> Rectangle:
        """A rectangle from its lower left corner on, with a tooltip if ``tip`` is a text."""
        found = Rectangle((x, y + self.foot), width, height, **style)
        self._add(found)
        if tip:
            self.mark(found, tip)
        return found

    def swatch(self, x: float, y: float, style: Style, length: float = 16.0) -> None:
        """A piece of a searcher's line with its marker, from ``x`` on."""
        self.line([x, x + length], [y, y], color=style.colour, linestyle=style.dash, linewidth=1.5)
        self.dot(x + length / 2.0, y, style, 5.0)

    def dot(self, x: float, y: float, style: Style, size: float) -> Line2D:
        """A searcher's marker alone."""
        return self.line([x], [y], linestyle="none", **style.marked(size))

    def mark(self, artist: Artist, text: str, run: str = "", arm: str = "") -> None:
        """Give ``artist`` a tooltip; it stands for ``run`` if that is named.

        It goes when the page's legend switches ``arm`` off; without a ``text`` it does only that.
        """
        key = f"tip{len(self.tips)}"
        artist.set_gid(key)
        self.tips[key] = Tip(text, run, arm)

    def svg(self) -> str:
        buffer = io.StringIO()
        canvas: Any = FigureCanvasSVG(self.figure)
        canvas.print_svg(buffer, metadata={"Date": None})
        return finished(buffer.getvalue(), self.name, self.label, self.tips)

    def _add(self, artist: Artist) -> None:
        # Without a transform of its own an artist would get that of the figure, 0 to 1.
        artist.set_transform(IdentityTransform())
        self.figure.add_artist(artist)


def value_axis(axes: Axes, what: str, unit: str = "number", ticks: int = 6) -> None:
    """The horizontal axis: a few round ticks, what it measures below."""
    axes.set_xlabel(what, labelpad=4.0)
    axes.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(True, axis="x")
    if unit == "compact":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))


def upright_axis(canvas: Canvas, axes: Axes, what: str) -> None:
    """The vertical axis: its title lies above it, where it can be read without turning."""
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(True, axis="y")
    box = axes.get_position()
    left, top = box.x0 * canvas.width, box.y1 * canvas.height - canvas.foot
    canvas.text(left - 30.0, top + 9.0, what, size=SMALL, colour=GREY)


def row_axes(
    canvas: Canvas, names: Sequence[str], left: float, bottom: float, width: float, row: float = ROW
) -> Axes:
    """Axes with a row for each name, the first on top; names stand to the left of it."""
    axes = canvas.axes(left, bottom, width, row * len(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for index, name in enumerate(names):
        middle = bottom + row * (len(names) - index - 0.5)
        canvas.text(left - 10.0, middle, name, ha="right", va="center_baseline")
        if index:
            edge = middle + row / 2.0
            canvas.line([left, left + width], [edge, edge], color=FAINT, linewidth=0.4)
    return axes


def whisker(
    canvas: Canvas, axes: Axes, index: int, style: Style, found: Answer, tip: str, arm: str = ""
) -> tuple[float, ...]:
    """A value in row ``index`` with a line over its interval, hollow without; where it reaches."""
    if found.value is None:
        return ()
    ends = (found.low, found.high) if isinstance(found, Estimate) else ()
    if ends:
        (line,) = axes.plot(ends, [index] * 2, color=style.colour, linewidth=1.8)
        canvas.mark(line, tip, arm=arm)
    (dot,) = axes.plot(
        found.value, index, marker=style.marker, color=style.colour, markersize=6.0,
        markerfacecolor=style.colour if ends else "white",
    )  # fmt: skip
    canvas.mark(dot, tip, arm=arm)
    return found.value, *ends


def widened(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """A range with some air; one of a single value becomes one around it.

    A single share of 0 to 1 gets a range of shares: a score below 0 would be none.
    """
    span = high - low
    if span == 0.0 and 0.0 <= low <= 1.0:
        return max(0.0, low - share), min(1.0, low + share)
    air = share * span if span > 0.0 else max(abs(low) * 0.05, 1e-3)
    return low - air, high + air


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Labels' places, at least ``gap`` apart, close to where they belong, within low and high.

    Too many for the room stand closer, evenly.
    """
    n = len(places)
    if not n:
        return []
    gap = min(gap, (high - low) / max(n - 1, 1))
    order = sorted(range(n), key=lambda index: (places[index], index))
    found = [min(max(places[index], low), high) for index in order]
    # Groups of labels that touch are centred on where their members belong, and merged.
    groups = [[place, 1.0] for place in found]
    merged = True
    while merged:
        merged = False
        for at in range(len(groups) - 1):
            (a, m), (b, k) = groups[at], groups[at + 1]
            if b - a < gap * (m + k) / 2.0 - 1e-9:
                size = m + k
                half = gap * (size - 1) / 2.0
                centre = min(max((a * m + b * k) / size, low + half), high - half)
                groups[at : at + 2] = [[centre, size]]
                merged = True
                break
    flat = [
        centre + gap * (place - (size - 1) / 2.0)
        for centre, size in groups
        for place in range(int(size))
    ]
    back = [0.0] * n
    for index, place in zip(order, flat, strict=True):
        back[index] = place
    return back
