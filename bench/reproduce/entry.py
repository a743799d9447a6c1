"""What an entry is: a claim of a paper, how to redo it at a scale, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.statistics.answers import Estimate, NotComputable

Scale = Literal["tiny", "cpu", "paper"]
SCALES: tuple[Scale, ...] = ("tiny", "cpu", "paper")
#: In a command, the folder that results go to, and that of the data a scale needs.
OUT, DATA = "{out}", "{data}"
AUTOSTR = "Zhang et al., AutoSTR, ECCV 2020"
SLIDES = "Hong, Kim and Choi, STR-NAS slides"


@dataclass(frozen=True)
class Recipe:
    """``commands`` are arguments of ``bench``, one after another, each of them resumable.

    ``files`` are written into the folder of results first, by name; ``needs`` are what has to be
    in the folder of data, by name, and what it is. ``once`` maps a command to what it makes: it is
    left out where that is there, since the command refuses to make it again, or measures again.
    ``with_data`` is what is done instead where a folder of data is given that ``needs`` does not
    ask for.
    """

    commands: tuple[tuple[str, ...], ...] = ()
    once: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    with_data: Recipe | None = None


@dataclass(frozen=True)
class Check:
    """One thing that the paper's numbers say, and what ours say of it.

    ``sign`` is that of the paper's difference. It holds if the interval of ours lies on that side
    of 0, it does not if it lies on the other, and else nothing is shown. A check that needs no
    statistics has ``holds``.
    """

    text: str
    difference: Estimate | NotComputable | None = None
    sign: int = 1
    holds: bool | None = None

    @property
    def word(self) -> str:
        """``holds``, ``does not hold`` or ``not shown``."""
        found = self.holds
        if isinstance(self.difference, Estimate):
            low, high = sorted((self.sign * self.difference.low, self.sign * self.difference.high))
            found = True if low > 0.0 else False if high < 0.0 else None
        return {True: "holds", False: "does not hold", None: "not shown"}[found]


@dataclass(frozen=True)
class Reproduction:
    """The paper's table with our numbers in it; ``pictures`` are SVG by file name.

    ``sizes`` says that multiply-adds and parameters in it are those of the space at full width.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    checks: Sequence[Check]
    notes: Sequence[str] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    sizes: bool = True


@dataclass(frozen=True)
class Entry:
    """``claim`` is what the paper says, in our words; ``read`` makes an outcome of results.

    ``read`` takes the folder of results, and raises ``RecordError`` where something is missing.
    """

    name: str
    source: str
    place: str
    claim: str
    recipes: Mapping[Scale, Recipe]
    read: Callable[[Path], Reproduction]

    def recipe(self, scale: Scale, data: Path | None) -> Recipe:
        """What is done at a scale, with a folder of data or without."""
        found = self.recipes[scale]
        return found.with_data if data is not None and found.with_data else found


def sentence(outcome: Reproduction) -> str:
    """Whether the claim held, in one sentence that stands without the table."""
    told = [f"{check.text}: {_told(check)}" for check in outcome.checks]
    return "; ".join(told) + "."


def _told(check: Check) -> str:
    difference = check.difference
    if difference is None:
        return check.word
    if isinstance(difference, NotComputable):
        return f"{check.word} ({difference.reason})"
    numbers = (difference.value, difference.low, difference.high)
    value, low, high = (f"{number:+.3g}".replace("-", "\N{MINUS SIGN}") for number in numbers)
    return f"{check.word} (difference {value}, {low} to {high}, n = {difference.n})"
