"""Downsampling paths: where the strides A and B lie among the layers (paper, Section 3.2).

A path is a row of stride codes (0 ``.``, 1 ``A``, 2 ``B``), one per layer, with a fixed
number of A and B. Paths are ranked in lexicographic order of their codes, which is the order
of the codes read as a number in base 3.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np

from spaces.autostr.operations import KEEP, STRIDE_A, STRIDE_B, STRIDE_LETTERS
from spaces.base import Bool, Int8, Int64
from spaces.errors import SpaceError

# 3**39 is the last power of 3 that an int64 holds.
MAX_LAYERS = 39


class PathSet:
    """All paths of ``layers`` layers with exactly ``downsampling_a`` A and ``downsampling_b`` B.

    ``codes`` is the read-only table of all paths, int8 (number of paths, layers), in order of
    rank.
    """

    def __init__(self, layers: int, downsampling_a: int, downsampling_b: int) -> None:
        stages = downsampling_a + downsampling_b
        if not stages <= layers <= MAX_LAYERS:
            raise SpaceError(
                f"given {layers} layers, expected {stages} (one per downsampling) to {MAX_LAYERS}"
            )
        self.layers = layers
        self.downsampling_a = downsampling_a
        self.downsampling_b = downsampling_b
        self.codes = _all_paths(layers, downsampling_a, downsampling_b)
        self._keys = _base3(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def rank(self, codes: Int8) -> Int64:
        """Return the ranks (N,) of paths (N, layers); -1 where the counts of A or B are wrong.

        Codes must be 0, 1 or 2.
        """
        keys = _base3(codes)
        # Clipped so that a key past the last path still finds a row to differ from.
        ranks = np.minimum(np.searchsorted(self._keys, keys), len(self) - 1)
        ranks[self._keys.take(ranks) != keys] = -1
        return ranks.astype(np.int64, copy=False)

    def is_valid(self, codes: Int8) -> Bool:
        """Return (N,) whether each row (N, layers) is a path."""
        known = (codes >= KEEP).all(axis=1) & (codes <= STRIDE_B).all(axis=1)
        a = np.count_nonzero(codes == STRIDE_A, axis=1)
        b = np.count_nonzero(codes == STRIDE_B, axis=1)
        valid: Bool = known & (a == self.downsampling_a) & (b == self.downsampling_b)
        return valid

    def states(self, path: Int8) -> Int64:
        """Return (layers + 1, 2): how many A and B lie before each layer, and in all."""
        steps = np.stack([path == STRIDE_A, path == STRIDE_B], axis=1).astype(np.int64)
        return np.concatenate([np.zeros((1, 2), np.int64), np.cumsum(steps, axis=0)])

    def typical(self) -> Int8:
        """Return the typical paths (P, layers): stages of equal length, in the paper's order.

        With 15 layers and 5 downsamplings these are layers 1, 4, 7, 10 and 13, and the ten
        orders AABBB, ABABB, ... BBBAA.
        """
        stages = self.downsampling_a + self.downsampling_b
        firsts = np.arange(stages) * (self.layers // stages)
        orders = [tuple(order) for order in combinations(range(stages), self.downsampling_a)]
        paths = np.zeros((len(orders), self.layers), np.int8)
        paths[:, firsts] = STRIDE_B
        for path, places in zip(paths, orders, strict=True):
            path[firsts[list(places)]] = STRIDE_A
        return paths

    def text(self, path: Int8) -> str:
        """Return the letters of one path (layers,)."""
        return "".join(STRIDE_LETTERS[code] for code in path.tolist())

    def parse(self, text: str) -> Int8:
        """Read a path (layers,) from one letter per layer, or from a typical path's name."""
        stages = self.downsampling_a + self.downsampling_b
        if len(text) not in (self.layers, stages):
            raise SpaceError(
                f"path {text!r} has {len(text)} characters, expected {self.layers} "
                f"(one of '.', 'A', 'B' per layer) or the {stages} letters of a typical path"
            )
        for place, letter in enumerate(text, start=1):
            if letter not in STRIDE_LETTERS:
                raise SpaceError(
                    f"path {text!r} has {letter!r} at place {place}, expected '.', 'A' or 'B'"
                )
        a, b = text.count("A"), text.count("B")
        if (a, b) != (self.downsampling_a, self.downsampling_b):
            raise SpaceError(
                f"path {text!r} has {a} A and {b} B, expected exactly "
                f"{self.downsampling_a} A and {self.downsampling_b} B"
            )
        codes = np.array([STRIDE_LETTERS.index(letter) for letter in text], np.int8)
        if len(text) == self.layers:
            return codes
        path = np.zeros(self.layers, np.int8)
        path[np.arange(stages) * (self.layers // stages)] = codes
        return path


@lru_cache(maxsize=8)
def _all_paths(layers: int, a: int, b: int) -> Int8:
    """Return every path in lexicographic order, grown one layer at a time; read-only."""
    paths = np.zeros((1, 0), np.int8)
    left = np.array([[a, b]])
    for layer in range(layers):
        # Every prefix is followed by '.', A, B in this order, which keeps the order.
        codes = np.tile(np.array([KEEP, STRIDE_A, STRIDE_B], np.int8), len(paths))
        left = np.repeat(left, 3, axis=0)
        left[:, 0] -= codes == STRIDE_A
        left[:, 1] -= codes == STRIDE_B
        paths = np.column_stack([np.repeat(paths, 3, axis=0), codes])
        possible = (left >= 0).all(axis=1) & (left.sum(axis=1) <= layers - layer - 1)
        paths, left = paths[possible], left[possible]
    paths = np.ascontiguousarray(paths)
    paths.setflags(write=False)
    return paths


def _base3(codes: Int8) -> Int64:
    """Read each row (N, layers) as a number in base 3, first layer most significant."""
    keys = np.zeros(len(codes), np.int64)
    for column in codes.T:
        keys *= 3
        keys += column
    return keys
