"""Exact counting and uniform sampling under a limit on MACs.

The layers are walked backwards over the mesh of (A, B) counts. For every layer and place the
table says how many completions - choices of stride and operation from there to the end - cost
at most r, for every r that can occur. The costs share a large common divisor (6,400 MACs at
full size), and r counts in this unit, so the tables are short and every number in them is
exact. One table set answers every limit: the limit only decides where it is entered.

Walking forwards, ``unrank`` turns each number below the count into another architecture under
the limit: a bijection, hence a uniform number gives a uniform architecture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from spaces.autostr.costs import CostTables
from spaces.autostr.operations import KEEP, OPERATIONS, SKIP, STRIDE_A, STRIDE_B, STRIDES
from spaces.base import Int8, Int64
from spaces.errors import SpaceError

State = tuple[int, int]
Range = tuple[int, int]
# Rows unranked at a time, and the largest table set that is built rather than refused.
BLOCK = 16384
MAX_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Completions:
    """How many completions from one layer and place cost at most r units.

    ``at_most[0]`` is 0 and stands for every r below ``lowest``; ``at_most[1 + i]`` counts those
    of at most ``lowest + i`` units; the last entry counts all.
    """

    lowest: int
    at_most: Int64

    @property
    def highest(self) -> int:
        """The cost of the dearest completion, in units."""
        return self.lowest + len(self.at_most) - 2

    def within(self, limits: Int64) -> Int64:
        """Return how many completions cost at most each limit."""
        return self.at_most.take(limits - (self.lowest - 1), mode="clip")


NONE = Completions(0, np.zeros(1, np.int64))


@dataclass(frozen=True)
class Moves:
    """The M legal ways through a layer from one place of the mesh.

    ``strides``, ``operations`` and ``costs`` (in units) are (M,); ``targets[code]`` is the place
    to which a stride leads.
    """

    strides: Int8
    operations: Int8
    costs: Int64
    targets: tuple[State, ...]

    def __iter__(self) -> Iterator[tuple[int, State]]:
        """Yield the cost and the target of each move."""
        for stride, cost in zip(self.strides.tolist(), self.costs.tolist(), strict=True):
            yield cost, self.targets[stride]


class MacCounts:
    """Exact numbers of architectures by MACs, of one cost table set and set of legal moves."""

    def __init__(self, costs: CostTables, layers: int, strict: bool) -> None:
        self.layers = layers
        self.stem = costs.stem_macs
        self.unit = max(1, int(np.gcd.reduce(costs.macs, axis=None)))
        self._moves = _moves(costs, self.unit, strict)
        self._ends = (costs.downsampling_a, costs.downsampling_b)
        self._tables = self._build()

    @property
    def min_macs(self) -> int:
        """MACs of the smallest architecture."""
        return self.stem + self.unit * self._tables[0][0, 0].lowest

    @property
    def max_macs(self) -> int:
        """MACs of the largest architecture."""
        return self.stem + self.unit * self._tables[0][0, 0].highest

    def count(self, max_macs: int) -> int:
        """Return the exact number of architectures of at most ``max_macs`` MACs."""
        limits = np.array([self._units(max_macs)])
        return int(self._tables[0][0, 0].within(limits)[0])

    def histogram(self, bins: int) -> tuple[Int64, Int64]:
        """Return edges (bins + 1,) in MACs and exact counts (bins,).

        Bin i holds the architectures with edges[i] < MACs <= edges[i + 1].
        """
        edges = np.linspace(self.min_macs - 1, self.max_macs, bins + 1).round().astype(np.int64)
        below = self._tables[0][0, 0].within((edges - self.stem) // self.unit)
        return edges, np.diff(below)

    def unrank(self, numbers: Int64, max_macs: int) -> Int8:
        """Turn numbers (N,) in [0, count(max_macs)) into encodings (N, 2 * layers).

        A bijection onto the architectures of at most ``max_macs`` MACs, in an order of its own.
        """
        encodings = np.zeros((len(numbers), 2 * self.layers), np.int8)
        for start in range(0, len(numbers), BLOCK):
            block = slice(start, start + BLOCK)
            self._walk(numbers[block].copy(), self._units(max_macs), encodings[block])
        return encodings

    def _units(self, max_macs: int) -> int:
        # Limits beyond either end mean the same as the end, and always fit an int64.
        return max(-1, min((max_macs - self.stem) // self.unit, self._tables[0][0, 0].highest))

    def _ranges(self) -> list[dict[State, Range]]:
        """Return the cheapest and dearest completion of each layer and place, in units.

        Places from which no legal path leads to the end are left out.
        """
        after: dict[State, Range] = {self._ends: (0, 0)}
        ranges = [after]
        for layer in reversed(range(self.layers)):
            here: dict[State, Range] = {}
            for state, moves in self._moves.items():
                ways = [(cost, after[target]) for cost, target in moves if target in after]
                if ways and sum(state) <= layer:
                    lowest = min(cost + low for cost, (low, _) in ways)
                    here[state] = lowest, max(cost + high for cost, (_, high) in ways)
            after = here
            ranges.append(after)
        return ranges[::-1]

    def _build(self) -> list[dict[State, Completions]]:
        """Fill the tables from the last layer to the first; entry l is what starts at layer l."""
        ranges = self._ranges()
        numbers = sum(high - low + 2 for here in ranges for low, high in here.values())
        if numbers * np.dtype(np.int64).itemsize > MAX_BYTES:
            raise SpaceError(
                f"counting by MACs would need {numbers * 8 / 1e9:.1f} GB, expected at most "
                f"{MAX_BYTES / 1e9:g}: the costs of these widths share only the divisor "
                f"{self.unit}; choose widths that share a factor, such as powers of two"
            )
        after = {self._ends: Completions(0, np.array([0, 1], np.int64))}
        tables = [after]
        for here in ranges[-2::-1]:
            after = {
                state: _one_layer_more(self._moves[state], after, *span)
                for state, span in here.items()
            }
            tables.append(after)
        return tables[::-1]

    def _walk(self, numbers: Int64, limit: int, encodings: Int8) -> None:
        """Walk all rows through the layers; ``numbers`` is used up, ``encodings`` filled."""
        left = np.full(len(numbers), limit)
        groups = {(0, 0): np.arange(len(numbers))}
        for layer in range(self.layers):
            after = self._tables[layer + 1]
            arrived: dict[State, list[Int64]] = {}
            for state, rows in groups.items():
                moves = self._moves[state]
                chosen = _choose(moves, after, numbers, left, rows)
                strides = moves.strides[chosen]
                encodings[rows, layer] = strides
                encodings[rows, self.layers + layer] = moves.operations[chosen]
                for stride, target in enumerate(moves.targets):
                    if target in after:
                        arrived.setdefault(target, []).append(rows[strides == stride])
            groups = {state: np.concatenate(parts) for state, parts in arrived.items()}


def _moves(costs: CostTables, unit: int, strict: bool) -> dict[State, Moves]:
    """Return the legal moves from each place of the mesh."""
    moves: dict[State, Moves] = {}
    for a, b in np.ndindex(costs.macs.shape[:2]):
        targets = tuple((a + (s == STRIDE_A), b + (s == STRIDE_B)) for s in range(len(STRIDES)))
        cells = [
            (stride, operation)
            for stride, (a2, b2) in enumerate(targets)
            for operation in range(len(OPERATIONS))
            if a2 <= costs.downsampling_a and b2 <= costs.downsampling_b
            if not (strict and operation == SKIP and stride != KEEP)
        ]
        strides, operations = np.array(cells, np.int8).T
        units = costs.macs[a, b, strides, operations] // unit
        moves[a, b] = Moves(strides, operations, units, targets)
    return moves


def _choose(
    moves: Moves, after: Mapping[State, Completions], numbers: Int64, left: Int64, rows: Int64
) -> Int64:
    """Choose the move of each of ``rows`` and bring its number and its limit up to date."""
    own_left, own_numbers = left[rows], numbers[rows]
    counts = np.stack([after.get(target, NONE).within(own_left - cost) for cost, target in moves])
    # A number falls among the completions of one move; what is over is its number among them.
    upto = np.cumsum(counts, axis=0)
    chosen: Int64 = np.count_nonzero(upto <= own_numbers, axis=0)
    before = (upto - counts)[chosen, np.arange(len(rows))]
    numbers[rows] = own_numbers - before
    left[rows] = own_left - moves.costs[chosen]
    return chosen


def _one_layer_more(
    moves: Moves, after: Mapping[State, Completions], lowest: int, highest: int
) -> Completions:
    """Count the completions that begin with a move: its cost and the completions after it."""
    at_most = np.zeros(highest - lowest + 2, np.int64)
    for cost, target in moves:
        if target not in after:
            continue
        following = after[target]
        start = cost + following.lowest - lowest
        stop = start + len(following.at_most)
        at_most[start:stop] += following.at_most
        at_most[stop:] += following.at_most[-1]
    return Completions(lowest, at_most)


def check_limit(max_macs: int) -> None:
    """SpaceError for a limit that is no whole number."""
    if isinstance(max_macs, bool) or not isinstance(max_macs, int | np.integer):
        raise SpaceError(f"MAC limit is {max_macs!r}, expected a whole number such as 450000000")
