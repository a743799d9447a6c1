"""Where an architecture runs through the 3D mesh, and which weights serve it there.

A node of the mesh is (layer, a, b): a downsamplings of type A = (2, 2) and b of type B = (2, 1) lie
behind it, which fixes height 32 / 2^(a+b), width 100 / 2^a and the channels. An edge is a choice
block between two nodes. How far edges share weights is the option ``sharing``:

``edge``   every edge (layer, a, b, stride) owns its weights, as in the authors' supernet;
``width``  edges of one layer between the same widths share theirs;
``stage``  the n-th block after a downsampling shares them wherever the stage starts.

``stage`` has the fewest weights, each trained most often; ``edge`` the most, each trained rarely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spaces.autostr.costs import CostTables
from spaces.autostr.operations import DEFAULT_OPERATIONS, OPERATIONS, STRIDES
from spaces.autostr.space import AutoSTRSpace
from spaces.base import Int8, Int64, Space
from spaces.errors import SpaceError
from spaces.networks.operations import Candidate, Stem, build_operation

Stride = tuple[int, int]

SHARINGS = ("edge", "width", "stage")


@dataclass(frozen=True)
class Edge:
    """One choice block of a path: its place in the mesh and its widths."""

    layer: int
    a: int
    b: int
    position: int
    stride_code: int
    inputs: int
    outputs: int

    @property
    def stride(self) -> Stride:
        return STRIDES[self.stride_code]

    @property
    def downsamples(self) -> bool:
        return self.stride_code != 0

    @property
    def candidates(self) -> range:
        return range(len(OPERATIONS))

    def build(self, operation: int) -> Candidate:
        """A fresh module of a candidate or default operation."""
        return build_operation(operation, self.inputs, self.outputs, self.downsamples)

    def weight_key(self, sharing: str) -> str:
        """Name of the weights that serve this edge; a module name, so without dots."""
        kind = "down" if self.downsamples else "keep"
        if sharing == "edge":
            return f"layer{self.layer:02d}_a{self.a}_b{self.b}_stride{self.stride_code}"
        if sharing == "width":
            return f"layer{self.layer:02d}_level{self.a + self.b}_{kind}"
        if self.downsamples:
            return f"level{self.a + self.b}_down"
        return f"level{self.a + self.b}_block{self.position:02d}"


@dataclass(frozen=True)
class Mesh:
    """Depth, downsamplings and widths of an AutoSTR-like space; a ``Network``.

    ``widths[d - 1]`` is the number of channels after the d-th downsampling, ``stem_width`` before
    the first. A narrower mesh than the space's own is a low-fidelity proxy of it.
    """

    stem_width: int = 32
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    layers: int = 15
    downsampling_a: int = 2
    downsampling_b: int = 3
    sharing: str = "edge"

    def __post_init__(self) -> None:
        if self.sharing not in SHARINGS:
            raise SpaceError(
                f"unknown weight sharing {self.sharing!r}: choose one of {', '.join(SHARINGS)}"
            )
        levels = self.downsampling_a + self.downsampling_b
        if len(self.widths) != levels or min(self.stem_width, *self.widths) < 1:
            raise SpaceError(
                f"widths {self.widths} with stem width {self.stem_width}: expected {levels} "
                "positive widths, one for each downsampling, and a positive stem width"
            )

    @property
    def path_length(self) -> int:
        return self.layers

    @property
    def out_channels(self) -> int:
        return self.widths[-1]

    @property
    def default_operations(self) -> tuple[str, ...]:
        return tuple(operation.name for operation in DEFAULT_OPERATIONS)

    @property
    def searched_rectifier(self) -> None:
        return None

    @cached_property
    def tables(self) -> CostTables:
        """What every operation costs at every place."""
        return CostTables.build(
            self.stem_width, self.widths, self.downsampling_a, self.downsampling_b
        )

    def stem(self) -> Stem:
        """3x3 convolution of the image."""
        return Stem(self.stem_width)

    def macs(self, encodings: Int8) -> Int64:
        """Multiply-adds (N,) of encodings (N, 2 * layers), default operations included."""
        return self.tables.price(encodings)[0]

    def candidate_macs(self, path: Sequence[int]) -> Int64:
        """Multiply-adds (layers, 7) of every candidate on a path of stride codes."""
        places = [(edge.a, edge.b, edge.stride_code) for edge in self.route(path)]
        found: Int64 = self.tables.macs[tuple(np.array(places).T)]
        return found

    def channels(self, level: int) -> int:
        """Channels after ``level`` downsamplings."""
        return self.stem_width if level == 0 else self.widths[level - 1]

    def route(self, strides: Sequence[int]) -> list[Edge]:
        """The edges that a downsampling path (stride codes, one a layer) passes, in order."""
        edges = []
        a = b = position = 0
        for layer, code in enumerate(strides):
            code = int(code)
            level = a + b
            edges.append(self._edge(layer, a, b, position, code))
            a, b = a + (code == 1), b + (code == 2)
            position = 0 if a + b > level else position + 1
        return edges

    def edges(self) -> Iterator[Edge]:
        """Every edge that some downsampling path uses, layer by layer (positions included)."""
        levels = self.downsampling_a + self.downsampling_b
        for layer in range(self.layers):
            for a in range(self.downsampling_a + 1):
                for b in range(self.downsampling_b + 1):
                    level = a + b
                    # Before this layer lie `level` downsamplings, after it must fit the others.
                    if level > layer or levels - level > self.layers - layer:
                        continue
                    yield from self._edges_from(layer, a, b)

    def _edges_from(self, layer: int, a: int, b: int) -> Iterator[Edge]:
        level = a + b
        missing = self.downsampling_a + self.downsampling_b - level
        for position in range(layer - level + 1) if level else (layer,):
            if missing < self.layers - layer:
                yield self._edge(layer, a, b, position, 0)
            if a < self.downsampling_a:
                yield self._edge(layer, a, b, position, 1)
            if b < self.downsampling_b:
                yield self._edge(layer, a, b, position, 2)

    def _edge(self, layer: int, a: int, b: int, position: int, code: int) -> Edge:
        level = a + b
        return Edge(
            layer=layer,
            a=a,
            b=b,
            position=position,
            stride_code=code,
            inputs=self.channels(level),
            outputs=self.channels(level + (code != 0)),
        )


def mesh_of(
    space: Space, stem_width: int | None, widths: tuple[int, ...] | None, sharing: str
) -> Mesh:
    """The mesh of an AutoSTR space, also at other widths; see ``spaces.networks.network``."""
    if not isinstance(space, AutoSTRSpace):
        raise SpaceError(f"space {space.name} has no mesh, expected autostr")
    costs = space.costs
    return Mesh(
        stem_width or costs.stem_width,
        widths or costs.widths,
        space.layers,
        costs.downsampling_a,
        costs.downsampling_b,
        sharing,
    )
