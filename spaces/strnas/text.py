"""Text forms of STR-NAS architectures, read and written.

``k5-1203-4511-6666-1000-20140``: the first cell's kernel, then a group of digits for each stage,
the reduction cell's operation first. Digits are the codes of the operations, 0 the identity. A
rectifier's begins with ``r``; where both parts are searched, the two are joined by a plus sign,
rectifier first: ``r3-11-11-11-11-11+k5-1203-...``. There is only one text for an architecture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from spaces.base import Int8
from spaces.errors import SpaceError
from spaces.strnas.cells import Cell
from spaces.strnas.operations import FIRST, OPERATIONS, REDUCTION

# The letter before a first cell's kernel says which part it begins.
LETTERS = {"extractor": "k", "rectifier": "r"}
# More of a text than this is never shown.
SHOWN = 80


def write_texts(encodings: Int8, cells: Sequence[Cell]) -> list[str]:
    """Return the text form of each row (N, L)."""
    table = [_pieces(layer, cell) for layer, cell in enumerate(cells)]
    return [
        "".join(pieces[code] for pieces, code in zip(table, row, strict=True))
        for row in encodings.tolist()
    ]


def read_index(text: str, size: int) -> int | None:
    """Return the index that ``text`` is, None when it is no number at all."""
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        return None
    # More digits than the largest index has are out of range; int() refuses very many.
    index = int(text) if len(text) <= len(str(size)) else size
    if not 0 <= index < size:
        raise SpaceError(f"index {_shown(text)} is out of range, expected 0 to {size - 1}")
    return index


def read_text(text: str, cells: Sequence[Cell]) -> Int8:
    """Return the encoding (L,) of a text form; SpaceError says what is wrong where."""
    example = write_texts(example_encoding(cells)[None], cells)[0]
    if len(text) != len(example):
        raise SpaceError(
            f"architecture {_shown(text)} has {len(text)} characters, expected {len(example)}: "
            f"for example {example}, or an index"
        )
    codes, place = [], 0
    for layer, cell in enumerate(cells):
        pieces = _pieces(layer, cell)
        length = len(pieces[cell.candidates.start])
        piece = text[place : place + length]
        found = [code for code, known in pieces.items() if known == piece]
        if not found:
            raise SpaceError(
                f"architecture {_shown(text)} has {piece!r} at character {place + 1}, expected one "
                f"of {', '.join(pieces.values())} ({cell.kind} cell {cell.name}); for example "
                f"{example}"
            )
        codes.append(found[0])
        place += length
    return np.array(codes, np.int8)


def example_encoding(cells: Sequence[Cell]) -> Int8:
    """All k5e6, with 5x5 in the first cell: the slides' third baseline."""
    return np.array([8 if cell.kind == FIRST else 5 for cell in cells], np.int8)


def _pieces(layer: int, cell: Cell) -> dict[int, str]:
    """What each candidate of a cell adds to the text."""
    return dict(zip(cell.candidates, _signs(layer, cell), strict=True))


def _signs(layer: int, cell: Cell) -> Iterator[str]:
    start = ""
    if cell.kind == FIRST:
        start = ("+" if layer else "") + LETTERS[cell.name.partition("_")[0]]
    elif cell.kind == REDUCTION:
        start = "-"
    for code in cell.candidates:
        yield start + str(OPERATIONS[code].kernel if cell.kind == FIRST else code)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}... ({len(text)} characters)"
