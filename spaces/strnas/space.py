"""The STR-NAS space: an operation for each cell of the feature extractor, the rectifier or both.

Hong, Kim and Choi, "Memory-Efficient Models for Scene Text Recognition via Neural Architecture
Search" (slides). There is no choice of path. Encodings are int8 (N, cells): the codes of
``spaces.strnas.operations``; a cell has its kind's candidates only. The index of an architecture
is a number of mixed base: a digit for each cell, its candidate's place, first cell first.

What the slides do not say, and what is inferred, is in ``docs/spaces.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from spaces.base import Architecture, Bool, Int8, Int64, NamedEncoding, Space
from spaces.errors import SpaceError
from spaces.names import unknown_name
from spaces.path_graph import PathGraph
from spaces.strnas.cells import (
    FIRST_WIDTH,
    WIDTHS,
    Cell,
    cost_tables,
    extractor_cells,
    rectifier_cells,
)
from spaces.strnas.counting import ChainCounts, Integers, integer_type, uniform_integers
from spaces.strnas.encodings import PER_LAYER, PerLayerEncoding
from spaces.strnas.operations import FIRST, OPERATIONS
from spaces.strnas.text import read_index, read_text, write_texts

PARTS = ("extractor", "rectifier", "both")


class STRNASSpace(Space):
    """Networks of the STR-NAS slides.

    ``part`` says what is searched: the feature ``extractor`` (3 * 6^5 * 7^16 architectures), the
    ``rectifier`` (3 * 6^5 * 7^5; the extractor then is k3e3 throughout) or ``both``.
    ``first_width`` and ``widths`` are the channels of the first cell and of the five stages, of
    both parts alike; ``height`` and ``width`` the image's, in pixels. ``strict``, which every space
    takes, is of no effect: only normal cells have the identity among their candidates.
    """

    def __init__(
        self,
        *,
        part: str = "extractor",
        strict: bool = False,
        first_width: int = FIRST_WIDTH,
        widths: Sequence[int] = WIDTHS,
        height: int = 32,
        width: int = 100,
    ) -> None:
        if part not in PARTS:
            raise SpaceError(unknown_name("part", part, PARTS))
        self.part = part
        #: Channels of the first cell and of the stages, the image's height and width.
        self.sizes = (first_width, tuple(widths), height, width)
        #: The searched cells in order, the rectifier's before the extractor's.
        self.cells = searched_cells(part, *self.sizes)
        self._prepare()

    def _prepare(self) -> None:
        """What follows from the cells."""
        self._candidates = [cell.candidates for cell in self.cells]
        self._starts = np.array([codes.start for codes in self._candidates], np.int8)
        self._sides = np.array([len(codes) for codes in self._candidates])
        self._macs, self._params, self._allowed = cost_tables(self.cells)
        self._fixed = fixed_costs(fixed_cells(self.part, *self.sizes))

    # ---- what the space is -------------------------------------------------------------

    @property
    def name(self) -> str:
        return "strnas"

    @property
    def layers(self) -> int:
        return len(self.cells)

    @property
    def path_length(self) -> int:
        return 0

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(operation.name for operation in OPERATIONS)

    @cached_property
    def size(self) -> int:
        return math.prod(self._sides.tolist())

    @property
    def strict(self) -> bool:
        return False

    @property
    def output_shape(self) -> tuple[int, int, int]:
        return extractor_cells(*self.sizes)[-1].after

    @property
    def stem_macs(self) -> int:
        return self._fixed[0]

    @property
    def encoding_names(self) -> tuple[str, ...]:
        return (PER_LAYER,)

    def settings(self) -> dict[str, bool | int | str | list[int]]:
        first_width, widths, height, width = self.sizes
        return {
            "part": self.part,
            "first_width": first_width,
            "widths": list(widths),
            "height": height,
            "width": width,
        }

    # ---- names of one architecture -----------------------------------------------------

    def parse(self, text: str) -> Architecture:
        text = text.strip()
        index = read_index(text, self.size)
        if index is None:
            return self.architecture(read_text(text, self.cells))
        return self.architecture(self.unrank(np.array([index], integer_type(self.size)))[0])

    def texts(self, encodings: ArrayLike) -> list[str]:
        return write_texts(self._legal(encodings), self.cells)

    def rank(self, encodings: ArrayLike) -> Int64:
        """Return the index (N,) of each row: Python's integers where an int64 is too small."""
        points = self._legal(encodings) - self._starts
        numbers: Integers = np.zeros(len(points), integer_type(self.size))
        for side, column in zip(self._sides.tolist(), points.T, strict=True):
            numbers = numbers * side + column.astype(numbers.dtype)
        return numbers

    def unrank(self, indices: ArrayLike) -> Int8:
        array = np.asarray(indices)
        if array.ndim != 1 or not _integers(array):
            raise SpaceError(
                f"indices have shape {array.shape} and type {array.dtype}, expected (N,) integers"
            )
        if array.size and (array.min() < 0 or array.max() >= self.size):
            wrong = array[(array < 0) | (array >= self.size)][0]
            raise SpaceError(f"index {wrong} is out of range, expected 0 to {self.size - 1}")
        left: Integers = array.astype(integer_type(self.size))
        encodings = np.empty((len(array), self.layers), np.int8)
        for layer in reversed(range(self.layers)):
            side = int(self._sides[layer])
            encodings[:, layer] = (left % side).astype(np.int8) + self._starts[layer]
            left = left // side
        return encodings

    def uniform_architecture(self, path: ArrayLike, operation: str) -> Architecture:
        """Return the architecture with ``operation`` in every normal and reduction cell.

        The first cell has its kernel, as in the slides' baselines. SpaceError for an operation
        that not all of these cells have, and for a path other than the empty one.
        """
        known = self._uniform_operations()
        if operation not in known:
            raise SpaceError(unknown_name("operation of all cells", operation, known))
        return self.architecture(self.uniform_encodings()[known.index(operation)])

    def uniform_encodings(self) -> Int8:
        """Return (6, cells): k3e3, k5e3, k7e3, k3e6, k5e6 and k7e6 in every cell."""
        rows = []
        for name in self._uniform_operations():
            code = self.operations.index(name)
            first = self.operations.index(f"k{OPERATIONS[code].kernel}")
            rows.append([first if cell.kind == FIRST else code for cell in self.cells])
        return np.array(rows, np.int8)

    # ---- the set -----------------------------------------------------------------------

    def is_valid(self, encodings: ArrayLike) -> Bool:
        array = self._shaped(encodings)
        place = array.astype(np.int16) - self._starts
        inside: Bool = (place >= 0) & (place < self._sides)
        return np.asarray(inside.all(axis=1))

    def count(self, max_macs: int | None = None) -> int:
        if max_macs is None:
            return self.size
        return self.mac_counts.count(_limit(max_macs))

    def min_macs(self) -> int:
        least = np.where(self._allowed, self._macs, np.iinfo(np.int64).max).min(axis=1)
        return self._fixed[0] + int(least.sum())

    def max_macs(self) -> int:
        return self._fixed[0] + int(self._macs.max(axis=1).sum())

    def mac_histogram(self, bins: int = 50) -> tuple[Int64, Int64]:
        """Return edges (bins + 1,) in MACs and the exact counts (bins,).

        Bin i holds the architectures with edges[i] < MACs <= edges[i + 1].
        """
        if bins < 1:
            raise SpaceError(f"given {bins} bins, expected 1 or more")
        return self.mac_counts.histogram(bins)

    @cached_property
    def mac_counts(self) -> ChainCounts:
        """The exact counts by MACs, made on first use."""
        return ChainCounts(self._macs, self._candidates, self._fixed[0])

    def sample(self, n: int, rng: np.random.Generator, max_macs: int | None = None) -> Int8:
        if n < 0:
            raise SpaceError(f"given {n} architectures to sample, expected 0 or more")
        if max_macs is None:
            drawn = rng.integers(0, self._sides, (n, self.layers), np.int8)
            return (drawn + self._starts).astype(np.int8)
        count = self.count(max_macs)
        if not count:
            raise SpaceError(
                f"no architecture has at most {max_macs} MACs: the smallest has "
                f"{self.min_macs()}, raise the limit to this or more"
            )
        return self.mac_counts.unrank(uniform_integers(rng, count, n), max_macs)

    # ---- moves: another candidate in one cell ------------------------------------------

    def neighbours(self, encoding: ArrayLike) -> Int8:
        row = self._legal(np.asarray(encoding)[None])[0]
        moves = np.arange(int((self._sides - 1).sum()))
        return self._moved(np.tile(row, (len(moves), 1)), moves)

    def mutate(self, encodings: ArrayLike, rng: np.random.Generator, n_mutations: int = 1) -> Int8:
        if n_mutations < 1:
            raise SpaceError(f"given {n_mutations} mutations, expected 1 or more")
        parents = self._legal(encodings)
        children, moves = parents.copy(), int((self._sides - 1).sum())
        for mutation in range(n_mutations):
            pending = np.arange(len(children))
            before = children.copy()
            while len(pending):
                drawn = rng.integers(0, moves, len(pending))
                children[pending] = self._moved(before[pending], drawn)
                # A last move that leads back to the parent is drawn again.
                back = (children[pending] == parents[pending]).all(axis=1)
                pending = pending[back & (mutation == n_mutations - 1)]
        return children

    def crossover(self, a: ArrayLike, b: ArrayLike, rng: np.random.Generator) -> Int8:
        first, second = self._legal(a), self._legal(b)
        if len(first) != len(second):
            raise SpaceError(f"given {len(first)} and {len(second)} parents, expected as many")
        return np.where(rng.integers(0, 2, first.shape, np.int8), first, second)

    # ---- costs -------------------------------------------------------------------------

    def macs(self, encodings: ArrayLike) -> Int64:
        found: Int64 = self._macs[np.arange(self.layers), self._legal(encodings)].sum(axis=1)
        return found + self._fixed[0]

    def params(self, encodings: ArrayLike) -> Int64:
        found: Int64 = self._params[np.arange(self.layers), self._legal(encodings)].sum(axis=1)
        return found + self._fixed[1]

    def operation_macs(self, path: ArrayLike) -> Int64:
        _check_path(path)
        return self._macs

    def operation_allowed(self, path: ArrayLike) -> Bool:
        _check_path(path)
        return self._allowed

    # ---- paths: there is one, the empty one --------------------------------------------

    def count_paths(self) -> int:
        return 1

    def typical_paths(self) -> Int8:
        return np.empty((1, 0), np.int8)

    def parse_path(self, text: str) -> Int8:
        if text.strip():
            raise SpaceError(f"path {text[:80]!r}: space {self.name} has none, leave it empty")
        return np.empty(0, np.int8)

    def path_text(self, path: ArrayLike) -> str:
        _check_path(path)
        return ""

    def path_graph(self) -> PathGraph:
        return self._graph

    @cached_property
    def _graph(self) -> PathGraph:
        shapes = tuple(cell.shape for cell in self.cells)
        return PathGraph.chain(self._macs, self._params, self._allowed, self._fixed, shapes)

    # ---- views -------------------------------------------------------------------------

    def named_encoding(self, name: str) -> NamedEncoding:
        if name != PER_LAYER:
            raise SpaceError(unknown_name("encoding", name, self.encoding_names))
        return PerLayerEncoding(self._candidates)

    # ---- checks ------------------------------------------------------------------------

    def _uniform_operations(self) -> list[str]:
        return [operation.name for operation in OPERATIONS if operation.expansion]

    def _moved(self, encodings: Int8, moves: Int64) -> Int8:
        """Make move number ``moves[i]`` from row i: cells in order, their other candidates too."""
        ends = np.cumsum(self._sides - 1)
        cell = np.searchsorted(ends, moves, side="right")
        choice = moves - (ends - self._sides + 1)[cell]
        rows = np.arange(len(encodings))
        place = encodings[rows, cell] - self._starts[cell]
        encodings = encodings.copy()
        encodings[rows, cell] = self._starts[cell] + choice + (choice >= place)
        return encodings

    def _shaped(self, encodings: ArrayLike) -> Int8:
        """Return encodings as int8 (N, cells), or say what shape or type they have."""
        array = np.asarray(encodings)
        if array.ndim != 2 or array.shape[1] != self.layers:
            raise SpaceError(
                f"encodings have shape {array.shape}, expected (N, {self.layers}): an operation "
                "for each cell"
            )
        if array.dtype.kind not in "iu":
            raise SpaceError(f"encodings have type {array.dtype}, expected integers")
        # Clipped first, so that 256 does not become 0.
        return array if array.dtype == np.int8 else np.clip(array, -1, 127).astype(np.int8)

    def _legal(self, encodings: ArrayLike) -> Int8:
        array = self._shaped(encodings)
        wrong = np.flatnonzero(~self.is_valid(array))
        if len(wrong):
            row = array[wrong[0]]
            layer = next(
                at for at, code in enumerate(row.tolist()) if code not in self._candidates[at]
            )
            codes = self._candidates[layer]
            raise SpaceError(
                f"row {wrong[0]} of the encodings has operation {row[layer]} in cell "
                f"{self.cells[layer].name}, expected {codes.start} to {codes.stop - 1}"
            )
        return array


def searched_cells(part: str, *sizes: object) -> tuple[Cell, ...]:
    """The cells that are searched; ``sizes`` are those of ``extractor_cells``."""
    found: tuple[Cell, ...] = ()
    if part in ("rectifier", "both"):
        found += rectifier_cells(*sizes)  # type: ignore[arg-type]
    if part in ("extractor", "both"):
        found += extractor_cells(*sizes)  # type: ignore[arg-type]
    return found


def fixed_cells(part: str, *sizes: object) -> tuple[Cell, ...]:
    """The cells that are not searched: where the rectifier is searched alone, the extractor's."""
    return extractor_cells(*sizes) if part == "rectifier" else ()  # type: ignore[arg-type]


def fixed_code(cell: Cell) -> int:
    """The operation of a cell that is not searched: k3e3, in the first cell 3x3."""
    return 7 if cell.kind == FIRST else 1


def fixed_costs(cells: Sequence[Cell]) -> tuple[int, int]:
    """MACs and parameters of cells that are not searched."""
    costs = [cell.cost(fixed_code(cell)) for cell in cells]
    return sum(macs for macs, _ in costs), sum(params for _, params in costs)


def _integers(array: np.ndarray) -> bool:
    """Whether an array holds integers, Python's included."""
    if array.dtype == object:
        return all(type(number) is int for number in array.ravel().tolist())
    return array.dtype.kind in "iu"


def _limit(max_macs: int) -> int:
    """SpaceError for a limit that is no whole number."""
    if isinstance(max_macs, bool) or not isinstance(max_macs, int | np.integer):
        raise SpaceError(f"MAC limit is {max_macs!r}, expected a whole number such as 300000000")
    return int(max_macs)


def _check_path(path: ArrayLike) -> None:
    if np.asarray(path).size:
        raise SpaceError("given a path, expected the empty one: space strnas has no choice of path")
