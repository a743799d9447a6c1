"""Colours, markers and short names: the same for a searcher in every figure of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

# Okabe and Ito, Color universal design, 2008; without yellow, which is lost on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (5, 1.5, 1, 1.5)))
INK = "#1f2328"
GREY = "#6b7280"
FAINT = "#d5d9de"
#: Points; names are cut in the middle beyond it.
WIDEST_NAME = 150.0
FONT_SIZE = 9.0
CUT = "…"


@dataclass(frozen=True)
class Style:
    """How a searcher is drawn; ``hollow`` markers are the baseline."""

    colour: str
    marker: str
    dash: Any = "-"
    hollow: bool = False

    @property
    def face(self) -> str:
        return "white" if self.hollow else self.colour

    def marked(self, size: float) -> dict[str, Any]:
        """Matplotlib's words for its marker, ``size`` points wide."""
        return {
            "marker": self.marker, "color": self.colour, "markerfacecolor": self.face,
            "markersize": size,
        }  # fmt: skip


BASELINE = Style("#595959", "o", (0, (1, 1.2)), hollow=True)


@dataclass(frozen=True)
class Legend:
    """Styles and short names by searcher; ``note`` is written under every figure."""

    styles: Mapping[str, Style]
    names: Mapping[str, str]
    note: str = ""
    baseline: str = "random"

    @classmethod
    def of(cls, names: Sequence[str], baseline: str = "random", note: str = "") -> Legend:
        """The legend of a report; a searcher keeps its style as long as its companions do."""
        # By the alphabet: the same searchers look the same, whoever comes out first.
        others = sorted(set(names) - {baseline})
        styles = {name: style_of(index) for index, name in enumerate(others)}
        return cls({**styles, baseline: BASELINE}, short_names(names), note, baseline)

    def style(self, name: str) -> Style:
        return self.styles.get(name, Style(GREY, "o"))

    def label(self, name: str) -> str:
        """Its name, cut where it is very long."""
        return self.names.get(name) or shortened(name)


#: Of pictures that are not of searchers.
NOBODY = Legend({}, {})


def style_of(index: int) -> Style:
    """The style of the searcher at this place of the alphabet."""
    round_, place = divmod(index, len(COLOURS))
    dash = DASHES[round_ % len(DASHES)]
    return Style(COLOURS[place], MARKERS[index % len(MARKERS)], dash)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Names cut in the middle; two that then look alike get a number."""
    found: dict[str, str] = {}
    for name in names:
        short, count = shortened(name), 1
        while short in found.values():
            count += 1
            short = f"{shortened(name, WIDEST_NAME - 18.0)} ({count})"
        found[name] = short
    return found


def shortened(text: str, widest: float = WIDEST_NAME) -> str:
    """``text`` with its middle left out until it is at most ``widest`` points wide."""
    # What is far too long is cut before it is measured.
    head, tail = text[:60], text[60:][-60:]
    if not tail and text_width(text) <= widest:
        return text
    if not tail:
        head, tail = text[: len(text) // 2], text[len(text) // 2 :]
    while text_width(head + CUT + tail) > widest and len(head) + len(tail) > 2:
        head, tail = (head[:-1], tail) if len(head) >= len(tail) else (head, tail[1:])
    return head + CUT + tail


@cache
def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Width in points, set in DejaVu Sans; what pages fall back from is narrower."""
    if not text:
        return 0.0
    properties = FontProperties(family="DejaVu Sans", size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, properties, ismath=False)
    return float(width)


def widest(texts: Iterable[str], size: float = FONT_SIZE) -> float:
    """Width of the widest in points."""
    return max((text_width(text, size) for text in texts), default=0.0)
