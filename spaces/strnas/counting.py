"""Exact counting and uniform sampling under a limit on MACs, along a chain of cells.

From the last cell to the first, a table says how many completions cost at most r, for every r that
can occur, in the greatest common divisor of all costs. Walking forwards, ``unrank`` turns each
number below the count into another architecture under the limit: a bijection, hence a uniform
number gives a uniform architecture. Where both parts are searched there are more architectures
than an int64 can count; the tables then hold Python's integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spaces.base import Int8, Int64

# int64, or object where the numbers are too large.
Integers = NDArray[Any]
MAX_INT64 = 2**63 - 1


def integer_type(size: int) -> type:
    """The type of an array of integers below ``size``."""
    return np.int64 if size <= MAX_INT64 else object


def uniform_integers(rng: np.random.Generator, bound: int, n: int) -> Integers:
    """Draw n integers (n,), uniform and independent below ``bound``, however large that is."""
    if bound <= MAX_INT64:
        return rng.integers(0, bound, n)
    words = -(-bound.bit_length() // 32)
    spare = 32 * words - bound.bit_length()
    found: list[int] = []
    while len(found) < n:
        for row in rng.integers(0, 2**32, (n - len(found), words), np.int64).tolist():
            number = sum(word << (32 * place) for place, word in enumerate(row)) >> spare
            if number < bound:
                found.append(number)
    return np.array(found, dtype=object)


class ChainCounts:
    """Exact numbers of architectures by MACs.

    ``macs_LK`` are the costs, ``candidates`` the codes of each cell, ``fixed`` the MACs of what is
    not searched.
    """

    def __init__(self, macs_LK: Int64, candidates: Sequence[range], fixed: int) -> None:
        self.fixed = fixed
        self.unit = max(1, int(np.gcd.reduce(macs_LK, axis=None)))
        self._codes = candidates
        self._costs = [
            (row[list(codes)] // self.unit).tolist()
            for row, codes in zip(macs_LK, candidates, strict=True)
        ]
        size = 1
        for codes in candidates:
            size *= len(codes)
        self._type = integer_type(size)
        self._tables = self._build()

    def count(self, max_macs: int) -> int:
        """Return the exact number of architectures of at most ``max_macs`` MACs."""
        return int(self._within(0, np.array([self._units(max_macs)]))[0])

    def histogram(self, bins: int) -> tuple[Int64, Integers]:
        """Return edges (bins + 1,) in MACs and exact counts (bins,), as ``AutoSTRSpace`` does."""
        lowest = self.fixed + self.unit * (int(np.flatnonzero(self._tables[0])[0]) - 1)
        highest = self.fixed + self.unit * (len(self._tables[0]) - 2)
        edges = np.linspace(lowest - 1, highest, bins + 1).round().astype(np.int64)
        return edges, np.diff(self._within(0, (edges - self.fixed) // self.unit))

    def unrank(self, numbers: Integers, max_macs: int) -> Int8:
        """Turn numbers (N,) in [0, count(max_macs)) into encodings (N, L)."""
        left = np.full(len(numbers), self._units(max_macs))
        numbers = numbers.copy()
        encodings = np.empty((len(numbers), len(self._costs)), np.int8)
        every = np.arange(len(numbers))
        for layer, costs in enumerate(self._costs):
            counts = np.stack([self._within(layer + 1, left - cost) for cost in costs])
            # A number falls among the completions of one candidate.
            upto = np.cumsum(counts, axis=0)
            chosen = np.count_nonzero(upto <= numbers, axis=0)
            numbers -= (upto - counts)[chosen, every]
            left -= np.array(costs)[chosen]
            encodings[:, layer] = self._codes[layer].start + chosen
        return encodings

    def _units(self, max_macs: int) -> int:
        # Limits beyond either end mean the same as the end, and always fit an int64.
        return max(-1, min((max_macs - self.fixed) // self.unit, len(self._tables[0]) - 2))

    def _within(self, layer: int, limits: Int64) -> Integers:
        """How many completions from a layer on cost at most each limit, in units."""
        found: Integers = self._tables[layer].take(limits + 1, mode="clip")
        return found

    def _build(self) -> list[Integers]:
        """Entry r + 1 of a table counts the completions of at most r units; entry 0 is 0."""
        after: Integers = np.array([0, 1], self._type)
        tables = [after]
        for costs in reversed(self._costs):
            here = np.zeros(len(after) + max(costs), self._type)
            for cost in costs:
                stop = cost + len(after)
                here[cost:stop] += after
                here[stop:] += after[-1]
            after = here
            tables.append(after)
        return tables[::-1]
