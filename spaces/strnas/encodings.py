"""The STR-NAS space as plain integer choices, for black-box searchers.

``per-layer``: one choice a cell, among its own candidates. Every point is an architecture: there is
nothing to repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spaces.base import Bool, Int8, Int64
from spaces.points import checked_points

PER_LAYER = "per-layer"


@dataclass(frozen=True)
class PerLayerEncoding:
    """A ``NamedEncoding``; ``candidates`` are the codes of each cell."""

    candidates: Sequence[range]
    name: str = PER_LAYER

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of candidates of each cell: 3, 6 or 7."""
        return tuple(map(len, self.candidates))

    def decode(self, points: ArrayLike) -> tuple[Int8, Bool]:
        """Turn points (N, L) into encodings (N, L); the mask (N,) of the repaired is all False."""
        array = checked_points(points, self.cardinalities, self.name)
        return (array + self._starts).astype(np.int8), np.zeros(len(array), np.bool_)

    def encode(self, encodings: ArrayLike) -> Int64:
        """Turn encodings (N, L) into points (N, L) that decode to them."""
        array = np.asarray(encodings)
        if array.ndim == 2 and array.shape[1] == len(self.candidates):
            array = array - self._starts
        return checked_points(array, self.cardinalities, self.name)

    @property
    def _starts(self) -> Int64:
        return np.array([codes.start for codes in self.candidates])
