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

from spaces.autostr.operations import STRIDES
from spaces.errors import SpaceError

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
    """Depth, downsamplings and widths of an AutoSTR-like space.

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
