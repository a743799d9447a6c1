"""The AutoSTR space as plain integer choices, for black-box searchers.

The three views differ in how they show the downsampling path; the operations always follow as
one choice of seven per layer.

* ``path-index``: one choice among all 30,030 paths. Nothing to repair, but near numbers need
  not be near paths.
* ``positions``: the layers of the five downsamplings, in any order, and one choice among the
  ten orders of A and B along the layers. A layer named twice is repaired.
* ``per-layer``: one stride per layer. A wrong number of A or B is repaired.

In a strict space a skip on a downsampling layer is repaired to k3e1, the lightest operation.
All repairs are deterministic: a point always means the same architecture.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from spaces.autostr.operations import KEEP, OPERATIONS, SKIP, STRIDE_A, STRIDE_B, STRIDES
from spaces.autostr.paths import PathSet
from spaces.base import Bool, Int8, Int64
from spaces.errors import SpaceError
from spaces.names import unknown_name
from spaces.points import checked_points

K3E1 = 0


class AutoSTREncoding(ABC):
    """Operations as they are, the path as the subclass shows it; a ``NamedEncoding``."""

    name: ClassVar[str]

    def __init__(self, paths: PathSet, strict: bool) -> None:
        self._paths = paths
        self._strict = strict

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of options of each choice: those of the path, then 7 per layer."""
        return self._path_cardinalities() + (len(OPERATIONS),) * self._paths.layers

    def decode(self, points: ArrayLike) -> tuple[Int8, Bool]:
        """Turn points (N, D) into encodings (N, 2 * layers) and a mask (N,) of the repaired."""
        array = checked_points(points, self.cardinalities, self.name)
        layers = self._paths.layers
        strides, repaired = self._decode_paths(array[:, :-layers])
        operations = array[:, -layers:].astype(np.int8)
        if self._strict:
            clash = (strides != KEEP) & (operations == SKIP)
            operations[clash] = K3E1
            repaired |= clash.any(axis=1)
        return np.concatenate([strides, operations], axis=1), repaired

    def encode(self, encodings: ArrayLike) -> Int64:
        """Turn legal encodings (N, 2 * layers) into points (N, D) that decode to them."""
        array = np.asarray(encodings)
        layers = self._paths.layers
        if array.ndim != 2 or array.shape[1] != 2 * layers:
            raise SpaceError(f"encodings have shape {array.shape}, expected (N, {2 * layers})")
        strides = array[:, :layers]
        if not self._paths.is_valid(strides.astype(np.int8)).all():
            raise SpaceError("encodings hold an illegal path: select them with Space.is_valid")
        path_part = self._encode_paths(strides.astype(np.int8))
        points = np.concatenate([path_part, array[:, layers:]], axis=1)
        return checked_points(points, self.cardinalities, self.name)

    @abstractmethod
    def _path_cardinalities(self) -> tuple[int, ...]: ...

    @abstractmethod
    def _decode_paths(self, points: Int64) -> tuple[Int8, Bool]: ...

    @abstractmethod
    def _encode_paths(self, strides: Int8) -> Int64: ...


class PathIndexEncoding(AutoSTREncoding):
    """The rank of the path, then the operations."""

    name = "path-index"

    def _path_cardinalities(self) -> tuple[int, ...]:
        return (len(self._paths),)

    def _decode_paths(self, points: Int64) -> tuple[Int8, Bool]:
        return self._paths.codes[points[:, 0]], np.zeros(len(points), np.bool_)

    def _encode_paths(self, strides: Int8) -> Int64:
        return self._paths.rank(strides)[:, None]


class PositionsEncoding(AutoSTREncoding):
    """The layers that downsample, the order of A and B along them, then the operations.

    Which choice names which layer does not matter. A layer that is named twice is repaired:
    from left to right, each repeated choice moves on to the next free layer, the first layer
    following the last.
    """

    name = "positions"

    def _path_cardinalities(self) -> tuple[int, ...]:
        stages = self._paths.downsampling_a + self._paths.downsampling_b
        return (self._paths.layers,) * stages + (len(self._orders()),)

    def _orders(self) -> Int8:
        """Return the orders of A and B, shape (orders, downsamplings), AABBB first."""
        typical = self._paths.typical()
        orders: Int8 = typical[typical != KEEP].reshape(len(typical), -1)
        return orders

    def _decode_paths(self, points: Int64) -> tuple[Int8, Bool]:
        rows = np.arange(len(points))
        taken = np.zeros((len(points), self._paths.layers), np.bool_)
        repaired = np.zeros(len(points), np.bool_)
        for column in points[:, :-1].T:
            place = column.copy()
            while (clash := taken[rows, place]).any():
                repaired |= clash
                place[clash] = (place[clash] + 1) % self._paths.layers
            taken[rows, place] = True
        strides = np.zeros(taken.shape, np.int8)
        # Boolean indexing runs row by row, layer by layer: the order of the types.
        strides[taken] = self._orders()[points[:, -1]].ravel()
        return strides, repaired

    def _encode_paths(self, strides: Int8) -> Int64:
        orders = self._orders()
        places = np.nonzero(strides)[1].reshape(len(strides), -1)
        types = strides[strides != KEEP].reshape(len(strides), 1, -1)
        order = (types == orders[None]).all(axis=2).argmax(axis=1)
        return np.column_stack([places, order]).astype(np.int64)


class PerLayerEncoding(AutoSTREncoding):
    """A stride per layer, then the operations.

    A wrong number of A or B is repaired with the fewest changes. Of a stride that occurs too
    often, occurrences evenly spread over its own are kept; the others become, from the first layer
    to the last, the strides that are missing: first A, then B, then none.

    What is kept lies inside, so early downsampling is favoured and the last layer is avoided: of
    uniform points 36, 41 and 41 % downsample at layers 1, 2 and 3, 30 % at layers 8 and 9, 19 % at
    layer 15, where uniform paths have 33 % at each. The other two views have no such preference.
    It stays since a point has to go on meaning what it meant in runs that are recorded.
    """

    name = "per-layer"

    def _path_cardinalities(self) -> tuple[int, ...]:
        return (len(STRIDES),) * self._paths.layers

    def _decode_paths(self, points: Int64) -> tuple[Int8, Bool]:
        strides = points.astype(np.int8)
        repaired = ~self._paths.is_valid(strides)
        strides[repaired] = self._repair(strides[repaired])
        return strides, repaired

    def _encode_paths(self, strides: Int8) -> Int64:
        return strides.astype(np.int64)

    def _repair(self, strides: Int8) -> Int8:
        paths = self._paths
        stages = paths.downsampling_a + paths.downsampling_b
        wanted = {
            STRIDE_A: paths.downsampling_a,
            STRIDE_B: paths.downsampling_b,
            KEEP: paths.layers - stages,
        }
        surplus = np.zeros(strides.shape, np.bool_)
        missing = []
        for code, count in wanted.items():
            here = strides == code
            found = np.count_nonzero(here, axis=1)[:, None]
            missing.append(np.maximum(count - found, 0))
            # Occurrence i of m stays when the line i * count / m, rounded, goes up by one:
            # Bresenham's line, the same from either end but for ties.
            twice = 2 * count * np.cumsum(here, axis=1)
            m = np.maximum(found, 1)
            risen = (twice + m) // (2 * m) > (twice - 2 * count + m) // (2 * m)
            kept = risen | (found <= count)
            surplus |= here & ~kept
        place = np.cumsum(surplus, axis=1)
        few_a, few_b = missing[0], missing[0] + missing[1]
        new = np.where(place <= few_a, STRIDE_A, np.where(place <= few_b, STRIDE_B, KEEP))
        return np.where(surplus, new, strides).astype(np.int8)


ENCODINGS: dict[str, type[AutoSTREncoding]] = {
    "path-index": PathIndexEncoding,
    "positions": PositionsEncoding,
    "per-layer": PerLayerEncoding,
}


def make_encoding(name: str, paths: PathSet, strict: bool) -> AutoSTREncoding:
    """Make the encoding called ``name``; an unknown name is a SpaceError with a suggestion."""
    if name not in ENCODINGS:
        raise SpaceError(unknown_name("encoding", name, ENCODINGS))
    return ENCODINGS[name](paths, strict)
