"""Networks of the STR-NAS space: a chain of cells on the grey image.

Grey is made of the red, green and blue that trainers load by the weights of ITU-R BT.601, which
Pillow's mode ``L`` has too. Each cell has its own weights, whatever ``sharing`` says: no two paths
meet in one.

Shape legend: B images, C input and D output channels, H rows, W columns, h x w after the stride.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor, nn

from spaces.base import Int8, Int64, Space
from spaces.errors import SpaceError
from spaces.networks.convolution import Convolution, Normaliser, Stride
from spaces.networks.operations import Candidate, Identity, MBConv
from spaces.strnas.cells import Cell, cost_tables
from spaces.strnas.operations import FIRST, OPERATIONS, REDUCTION
from spaces.strnas.space import STRNASSpace, fixed_cells, fixed_code, fixed_costs, searched_cells

RED, GREEN, BLUE = 0.299, 0.587, 0.114


class Grey(nn.Module):
    """``images_B3HW -> images_B1HW``, without weights; what has one channel is grey already."""

    def forward(self, images_B3HW: Tensor, norm: Normaliser) -> Tensor:
        if images_B3HW.shape[1] == 1:
            return images_B3HW
        red, green, blue = (images_B3HW[:, channel : channel + 1] for channel in range(3))
        return RED * red + GREEN * green + BLUE * blue


class PlainConvolution(Candidate):
    """Convolution, batch norm, ReLU: a candidate of the first cell."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = Convolution(inputs, outputs, kernel)

    def forward(self, x_BCHW: Tensor, stride: Stride, norm: Normaliser) -> Tensor:
        y_BDhw: Tensor = self.conv(x_BCHW, norm, stride, "relu")
        return y_BDhw


@dataclass(frozen=True)
class Link:
    """The choice block of one cell; an ``Edge``."""

    cell: Cell

    @property
    def stride(self) -> Stride:
        return self.cell.stride

    @property
    def candidates(self) -> range:
        return self.cell.candidates

    def weight_key(self, sharing: str) -> str:
        """The cell's name, with any sharing."""
        return self.cell.name

    def build(self, operation: int) -> Candidate:
        """A fresh module of one of the cell's candidates."""
        choice, inputs, outputs = OPERATIONS[operation], self.cell.before[0], self.cell.after[0]
        if self.cell.kind == FIRST:
            return PlainConvolution(inputs, outputs, choice.kernel)
        if not choice.kernel:
            return Identity()
        downsamples = self.cell.kind == REDUCTION
        return MBConv(inputs, outputs, choice.kernel, choice.expansion, downsamples)


@dataclass(frozen=True)
class ChainRectifier:
    """A ``SearchedRectifier``."""

    last: Link
    channels: int
    rest: tuple[tuple[Link, int], ...]


@dataclass(frozen=True)
class Chain:
    """Cells in order, at given widths; a ``Network`` without a choice of path.

    A narrower chain than the space's own is a low-fidelity proxy of it.
    """

    part: str
    first_width: int
    widths: tuple[int, ...]
    sharing: str
    height: int = 32
    width: int = 100

    @cached_property
    def _links(self) -> tuple[Link, ...]:
        return tuple(Link(cell) for cell in searched_cells(self.part, *self._sizes))

    @property
    def _sizes(self) -> tuple[int, tuple[int, ...], int, int]:
        return self.first_width, self.widths, self.height, self.width

    @property
    def path_length(self) -> int:
        return 0

    @property
    def out_channels(self) -> int:
        return self.widths[-1]

    @property
    def default_operations(self) -> tuple[str, ...]:
        return ()

    @cached_property
    def searched_rectifier(self) -> ChainRectifier | None:
        """None where only the feature extractor is searched."""
        if self.part == "extractor":
            return None
        own = [link for link in self._links if link.cell.name.startswith("rectifier")]
        rest = fixed_cells(self.part, *self._sizes)
        fixed = tuple((Link(cell), fixed_code(cell)) for cell in rest)
        return ChainRectifier(own[-1], own[-1].cell.after[0], fixed)

    def stem(self) -> Grey:
        """The grey image."""
        return Grey()

    def edges(self) -> tuple[Link, ...]:
        """All of them: there is one path."""
        return self._links

    def route(self, path: Sequence[int]) -> tuple[Link, ...]:
        """All edges; ``path`` is empty."""
        return self._links

    def macs(self, encodings: Int8) -> Int64:
        """Multiply-adds (N,) of encodings (N, cells)."""
        found: Int64 = self._macs[np.arange(len(self._links)), encodings].sum(axis=1)
        return found + fixed_costs(fixed_cells(self.part, *self._sizes))[0]

    def candidate_macs(self, path: Sequence[int]) -> Int64:
        """Multiply-adds (cells, operations) of every candidate; 0 where there is no such one."""
        return self._macs

    @cached_property
    def _macs(self) -> Int64:
        return cost_tables([link.cell for link in self._links])[0]


def chain_of(
    space: Space, first_width: int | None, widths: tuple[int, ...] | None, sharing: str
) -> Chain:
    """The chain of a STR-NAS space, also at other widths; see ``spaces.networks.network``."""
    if not isinstance(space, STRNASSpace):
        raise SpaceError(f"space {space.name} has no chain of cells, expected strnas")
    own_first, own_widths, height, width = space.sizes
    return Chain(space.part, first_width or own_first, widths or own_widths, sharing, height, width)
