"""The AutoSTR space: 30,030 downsampling paths times 7 operations in each of 15 layers.

Zhang et al., "Efficient Backbone Search for Scene Text Recognition" (AutoSTR), ECCV 2020,
Section 3.2. Encodings are int8 (N, 30): columns 0 to 14 the stride codes (0 ``.``, 1 ``A`` =
(2, 2), 2 ``B`` = (2, 1)), columns 15 to 29 the operations. The index of an architecture is the
rank of its path times 7^15 plus its operations read as a number in base 7, layer 1 first.

``strict`` forbids the skip connection at layers that downsample, as the authors' code does; the
paper counts it. The indices stay the same, some are just not legal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from spaces.autostr import moves
from spaces.autostr.checks import checked, in_space, legal, one_path, shaped
from spaces.autostr.costs import CostTables
from spaces.autostr.counting import MacCounts, check_limit
from spaces.autostr.digits import base7_digits, base7_numbers
from spaces.autostr.encodings import ENCODINGS, AutoSTREncoding, make_encoding
from spaces.autostr.graph import build_graph
from spaces.autostr.operations import DEFAULT_LETTERS, DEFAULT_OPERATIONS, KEEP, OPERATIONS, SKIP
from spaces.autostr.paths import PathSet
from spaces.autostr.stored_counts import count_key, store_count, stored_count
from spaces.autostr.text import (
    read_index,
    read_mixed_text,
    read_text,
    write_texts,
)
from spaces.base import Architecture, Bool, Int8, Int64, Space
from spaces.errors import SpaceError
from spaces.path_graph import PathGraph

CODES = len(OPERATIONS)
MAX_SIZE = 2**63 - 1


class AutoSTRSpace(Space):
    """Backbones of AutoSTR: 30030 downsampling paths, 7 operations on each of 15 layers.

    The paper's space by default; smaller ones for tests, narrower ones for cheap networks.
    ``widths`` are the channels after each downsampling, by default 32, 64, 128, ... from
    ``stem_width`` on; ``height`` and ``width`` are the image's, in pixels.
    """

    def __init__(
        self,
        *,
        strict: bool = False,
        layers: int = 15,
        downsampling_a: int = 2,
        downsampling_b: int = 3,
        stem_width: int = 32,
        widths: Sequence[int] | None = None,
        height: int = 32,
        width: int = 100,
    ) -> None:
        stages = downsampling_a + downsampling_b
        if widths is None:
            widths = [stem_width << stage for stage in range(stages)]
        self.costs = CostTables.build(
            stem_width, widths, downsampling_a, downsampling_b, height, width
        )
        # Fewer layers than downsamplings make no path, which PathSet refuses.
        count = math.comb(max(layers, 0), stages) * math.comb(stages, downsampling_a)
        if count * CODES ** max(layers, 0) > MAX_SIZE:
            raise SpaceError(
                f"{layers} layers make {count * CODES**layers} architectures, more than the "
                f"{MAX_SIZE} that an index can name: use fewer layers"
            )
        self.paths = PathSet(layers, downsampling_a, downsampling_b)
        self._strict = strict
        self._counted: dict[int, int] = {}

    # ---- what the space is -------------------------------------------------------------

    @property
    def name(self) -> str:
        return "autostr"

    @property
    def layers(self) -> int:
        return self.paths.layers

    @property
    def path_length(self) -> int:
        return self.paths.layers

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(operation.name for operation in OPERATIONS)

    @property
    def default_operations(self) -> tuple[str, ...]:
        return tuple(operation.name for operation in DEFAULT_OPERATIONS)

    @property
    def size(self) -> int:
        return len(self.paths) * self._per_path

    @property
    def strict(self) -> bool:
        return self._strict

    @property
    def output_shape(self) -> tuple[int, int, int]:
        return self.costs.shape(self.costs.downsampling_a, self.costs.downsampling_b)

    @property
    def stem_macs(self) -> int:
        return self.costs.stem_macs

    @property
    def encoding_names(self) -> tuple[str, ...]:
        return tuple(ENCODINGS)

    def settings(self) -> dict[str, bool | int | str | list[int]]:
        costs = self.costs
        return {
            "strict": self.strict,
            "layers": self.layers,
            "downsampling_a": costs.downsampling_a,
            "downsampling_b": costs.downsampling_b,
            "stem_width": costs.stem_width,
            "widths": list(costs.widths),
            "height": costs.height,
            "width": costs.width,
        }

    # ---- names of one architecture -----------------------------------------------------

    def parse(self, text: str) -> Architecture:
        text = text.strip()
        index = read_index(text, self.size)
        if index is None:
            return self.architecture(read_text(text, self.paths, self.strict))
        encodings = self.unrank(np.array([index]))
        if not self.is_valid(encodings)[0]:
            # Reading its text form gives the error that names the layer.
            read_text(self.texts(encodings)[0], self.paths, self.strict)
        return self.architecture(encodings[0])

    def texts(self, encodings: ArrayLike) -> list[str]:
        return write_texts(checked(encodings, self.paths))

    def uniform_architecture(self, path: ArrayLike, operation: str) -> Architecture:
        if operation not in self.default_operations:
            return super().uniform_architecture(path, operation)
        default = CODES + self.default_operations.index(operation)
        row = np.append(one_path(path, self.paths), [default] * self.layers)
        return self._mixed(row.astype(np.int8))

    def mixed_architectures(self, encodings: ArrayLike) -> list[Architecture]:
        array = checked(encodings, self.paths, defaults=True)
        members = in_space(array, self.paths)
        known = iter(self.architectures(array[members]))
        return [
            next(known) if member else self._mixed(row)
            for row, member in zip(array, members, strict=True)
        ]

    def parse_mixed(self, text: str) -> Architecture:
        if not set(text.partition("-")[2]) & set(DEFAULT_LETTERS):
            return self.parse(text)
        return self.mixed_architectures(read_mixed_text(text, self.paths, self.strict)[None])[0]

    def _mixed(self, row: Int8) -> Architecture:
        """One with a default operation somewhere: indices of these come after the others."""
        kinds = CODES + len(DEFAULT_OPERATIONS)
        number = int(self.paths.rank(row[None, : self.layers])[0])
        for code in row[self.layers :].tolist():
            number = number * kinds + code
        return Architecture(write_texts(row[None])[0], self.size + number, tuple(row.tolist()))

    def rank(self, encodings: ArrayLike) -> Int64:
        array = checked(encodings, self.paths)
        ranks = self.paths.rank(array[:, : self.layers])
        return ranks * self._per_path + base7_numbers(array[:, self.layers :])

    def unrank(self, indices: ArrayLike) -> Int8:
        array = np.asarray(indices)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise SpaceError(
                f"indices have shape {array.shape} and type {array.dtype}, expected (N,) integers"
            )
        if array.size and (array.min() < 0 or array.max() >= self.size):
            wrong = array[(array < 0) | (array >= self.size)][0]
            raise SpaceError(f"index {wrong} is out of range, expected 0 to {self.size - 1}")
        ranks, numbers = np.divmod(array.astype(np.int64, copy=False), self._per_path)
        encodings = np.empty((len(array), self.columns), np.int8)
        encodings[:, : self.layers] = self.paths.codes.take(ranks, axis=0)
        base7_digits(numbers, encodings[:, self.layers :])
        return encodings

    # ---- the set -----------------------------------------------------------------------

    def is_valid(self, encodings: ArrayLike) -> Bool:
        array = shaped(encodings, self.paths)
        valid = in_space(array, self.paths)
        if self.strict:
            valid &= ~moves.has_strided_skip(array)
        return valid

    def count(self, max_macs: int | None = None) -> int:
        if max_macs is None:
            stages = self.costs.downsampling_a + self.costs.downsampling_b
            strided = CODES - 1 if self.strict else CODES
            per_path: int = strided**stages * CODES ** (self.layers - stages)
            return len(self.paths) * per_path
        check_limit(max_macs)
        if max_macs not in self._counted:
            key = count_key(self.costs, self.layers, self.strict, max_macs)
            found = stored_count(key)
            if found is None or not 0 <= found <= self.size:
                found = self.mac_counts.count(max_macs)
                store_count(key, found)
            self._counted[max_macs] = found
        return self._counted[max_macs]

    def min_macs(self) -> int:
        return self.mac_counts.min_macs

    def max_macs(self) -> int:
        return self.mac_counts.max_macs

    def mac_histogram(self, bins: int = 50) -> tuple[Int64, Int64]:
        """Return edges (bins + 1,) in MACs and the exact counts (bins,) over the legal space.

        Bin i holds the architectures with edges[i] < MACs <= edges[i + 1].
        """
        if bins < 1:
            raise SpaceError(f"given {bins} bins, expected 1 or more")
        return self.mac_counts.histogram(bins)

    @cached_property
    def mac_counts(self) -> MacCounts:
        """The exact counts by MACs, made on first use (0.05 to 0.4 seconds, 85 MB)."""
        return MacCounts(self.costs, self.layers, self.strict)

    def sample(self, n: int, rng: np.random.Generator, max_macs: int | None = None) -> Int8:
        if n < 0:
            raise SpaceError(f"given {n} architectures to sample, expected 0 or more")
        if max_macs is not None:
            check_limit(max_macs)
            count = self.mac_counts.count(max_macs)
            if not count:
                raise SpaceError(
                    f"no architecture has at most {max_macs} MACs: the smallest has "
                    f"{self.min_macs()}, raise the limit to this or more"
                )
            return self.mac_counts.unrank(rng.integers(0, count, n), max_macs)
        if not self.strict:
            return self.unrank(rng.integers(0, self.size, n))
        # Every path has as many legal operations as any other, so the two draws are independent.
        paths = self.paths.codes.take(rng.integers(0, len(self.paths), n), axis=0)
        allowed = np.where(paths == KEEP, CODES, SKIP).astype(np.int8)
        return np.concatenate([paths, rng.integers(0, allowed, dtype=np.int8)], axis=1)

    # ---- moves -------------------------------------------------------------------------

    def neighbours(self, encoding: ArrayLike) -> Int8:
        return moves.neighbours(self._legal(np.asarray(encoding)[None])[0], self.strict)

    def mutate(self, encodings: ArrayLike, rng: np.random.Generator, n_mutations: int = 1) -> Int8:
        if n_mutations < 1:
            raise SpaceError(f"given {n_mutations} mutations, expected 1 or more")
        return moves.mutate(self._legal(encodings), rng, n_mutations, self.strict)

    def crossover(self, a: ArrayLike, b: ArrayLike, rng: np.random.Generator) -> Int8:
        first, second = self._legal(a), self._legal(b)
        if len(first) != len(second):
            raise SpaceError(f"given {len(first)} and {len(second)} parents, expected as many")
        return moves.crossover(first, second, rng, self.strict)

    # ---- costs -------------------------------------------------------------------------

    def price(self, encodings: ArrayLike, costs: CostTables | None = None) -> tuple[Int64, Int64]:
        """Return MACs (N,) and parameters (N,) in one go, of this space or of other widths."""
        return self._tables(costs).price(checked(encodings, self.paths, defaults=True))

    def macs(self, encodings: ArrayLike, costs: CostTables | None = None) -> Int64:
        return self.price(encodings, costs)[0]

    def params(self, encodings: ArrayLike, costs: CostTables | None = None) -> Int64:
        return self.price(encodings, costs)[1]

    def operation_macs(self, path: ArrayLike, costs: CostTables | None = None) -> Int64:
        codes = one_path(path, self.paths)
        a, b = self.paths.states(codes)[:-1].T
        found: Int64 = self._tables(costs).macs[a, b, codes]
        return found

    def operation_allowed(self, path: ArrayLike) -> Bool:
        codes = one_path(path, self.paths)
        allowed = np.ones((self.layers, CODES), np.bool_)
        if self.strict:
            allowed[codes != KEEP, SKIP] = False
        return allowed

    # ---- paths -------------------------------------------------------------------------

    def count_paths(self) -> int:
        return len(self.paths)

    def typical_paths(self) -> Int8:
        return self.paths.typical()

    def parse_path(self, text: str) -> Int8:
        return self.paths.parse(text.strip())

    def path_text(self, path: ArrayLike) -> str:
        return self.paths.text(one_path(path, self.paths))

    def path_graph(self) -> PathGraph:
        return self._graph

    @cached_property
    def _graph(self) -> PathGraph:
        return build_graph(self.costs, self.layers, self.strict)

    def path_states(self, path: ArrayLike) -> Int64:
        """Return (layers + 1, 2): the numbers of A and B before each layer, and at the end."""
        return self.paths.states(one_path(path, self.paths))

    # ---- views -------------------------------------------------------------------------

    def named_encoding(self, name: str) -> AutoSTREncoding:
        return make_encoding(name, self.paths, self.strict)

    def _legal(self, encodings: ArrayLike) -> Int8:
        return legal(encodings, self.paths, self.strict)

    @property
    def _per_path(self) -> int:
        return int(CODES**self.layers)

    def _tables(self, costs: CostTables | None) -> CostTables:
        """Return the tables to price with: the given ones, if they fit, or the space's own."""
        own = self.costs
        if costs is not None and costs.macs.shape != own.macs.shape:
            raise SpaceError(
                f"cost tables are for {costs.downsampling_a} A and {costs.downsampling_b} B, "
                f"expected {own.downsampling_a} and {own.downsampling_b}"
            )
        return costs or own
