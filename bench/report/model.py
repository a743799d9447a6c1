"""What a report is made of, whichever way it goes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

from bench.comparison.answers import Interval
from bench.report.formatting import NUMERIC, Kind, Shown, shown

#: By key of the column.
Row = Mapping[str, object]


@dataclass(frozen=True)
class Column:
    """A column: key in the rows, heading, how to show it; ``paged`` False: in the CSV file only."""

    key: str
    heading: str
    kind: Kind = "text"
    paged: bool = True

    @property
    def numeric(self) -> bool:
        """Whether it is aligned to the right."""
        return self.kind in NUMERIC


@dataclass(frozen=True)
class Cell:
    """A value as text, with the letter of the note that says why something is lacking."""

    shown: Shown
    letter: str = ""
    link: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of raw values, answers of the statistics among them.

    ``name`` is that of the CSV file, which holds all of ``rows``.
    ``every`` thins what pages show where neighbouring rows say nearly the same (curves).
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    every: int = 1

    @property
    def paged(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.paged)

    @property
    def thinned(self) -> Sequence[Row]:
        return self.rows[:: self.every]

    def cells(self, limit: int | None = None) -> list[list[Cell]]:
        """The first ``limit`` rows that pages show."""
        letters = self._letters()
        return [
            [_cell(row.get(column.key), column, letters) for column in self.paged]
            for row in self.thinned[:limit]
        ]

    def notes(self) -> list[str]:
        """Where intervals come from, and the reasons behind refusals."""
        methods: dict[str, dict[str, None]] = {}
        for column in self.paged:
            for row in self.thinned:
                value = row.get(column.key)
                if isinstance(value, Interval):
                    methods.setdefault(_method(value), {})[column.heading] = None
        notes = [f"{'; '.join(names)}: {method}." for method, names in methods.items()]
        refusals = [f"({letter}) {reason}" for reason, letter in self._letters().items()]
        return [*notes, *refusals]

    def _letters(self) -> dict[str, str]:
        """Reason -> letter, in the order in which they are met."""
        found: dict[str, str] = {}
        for row in self.thinned:
            for column in self.paged:
                reason = shown(row.get(column.key), column.kind).reason
                if reason:
                    found.setdefault(reason, _letter(len(found)))
        return found


@dataclass(frozen=True)
class Figure:
    """A drawing and the tables that hold its numbers; ``name`` is that of the SVG file.

    ``first``: it is narrow, and shown whole on a telephone.
    """

    name: str
    caption: str
    svg: str
    tables: tuple[Table, ...]
    first: bool = False


@dataclass(frozen=True)
class Lead:
    """The sentence that one reads if one reads only one."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Refused:
    """What stands where a figure or a table would: the reason why there is none."""

    what: str
    reason: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Fold:
    """What is there for those who look for it."""

    title: str
    blocks: Sequence[Block]


Block: TypeAlias = "Figure | Table | Lead | Text | Refused | Bullets | Facts | Heading | Fold"


@dataclass(frozen=True)
class Section:
    """A part of the report; ``key`` is its anchor."""

    key: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """The whole of it."""

    name: str
    question: str
    banner: str
    sections: Sequence[Section]

    def tables(self) -> list[Table]:
        return [block for block in self._blocks() if isinstance(block, Table)]

    def figures(self) -> list[Figure]:
        return [block for block in self._blocks() if isinstance(block, Figure)]

    def _blocks(self) -> Iterator[Block]:
        for section in self.sections:
            yield from _inside(section.blocks)


def _inside(blocks: Iterable[Block]) -> Iterator[Block]:
    """These, and what stands in figures and folds among them."""
    for block in blocks:
        yield block
        if isinstance(block, Figure):
            yield from block.tables
        elif isinstance(block, Fold):
            yield from _inside(block.blocks)


def _cell(value: object, column: Column, letters: Mapping[str, str]) -> Cell:
    found = shown(value, column.kind)
    link = address(str(value)) if column.kind == "link" and value else ""
    return Cell(found, letters.get(found.reason, ""), link)


def address(path: str) -> str:
    """``path`` as an address in a page, which can name neither a scheme nor a host."""
    start = "/" if path.startswith("/") else ""
    return quote(f"{start}{path.strip('/')}", safe="/")


def _method(value: Interval) -> str:
    return value.method + (f", {100.0 * value.level:.4g} %" if value.level else "")


def _letter(index: int) -> str:
    """a, b, ... z, aa, ab, ..."""
    first, last = divmod(index, 26)
    return (_letter(first - 1) if first else "") + "abcdefghijklmnopqrstuvwxyz"[last]
