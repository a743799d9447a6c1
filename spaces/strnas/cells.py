"""The cells of a network in order, their shapes and what each candidate costs in them.

The feature extractor, inferred from the slides and held against their parameter counts (see
``docs/spaces.md``): a first cell of 16 channels, then five stages of one reduction cell and 3, 3,
3, 3 and 4 normal cells. The rectifier's localisation network: a first cell, then five stages of one
reduction and one normal cell. Shapes are (channels, height, width), strides (height, width).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spaces.autostr.costs import Shape, operation_cost
from spaces.base import Bool, Int64
from spaces.errors import SpaceError
from spaces.strnas.operations import CANDIDATES, FIRST, NORMAL, OPERATIONS, REDUCTION

Stride = tuple[int, int]

FIRST_WIDTH = 16
WIDTHS = (32, 64, 128, 256, 512)
# Strides of the reduction cells: 32 x 100 pixels become 1 x 25.
STRIDES: tuple[Stride, ...] = ((2, 2), (2, 2), (2, 1), (2, 1), (2, 1))
# Normal cells behind each reduction cell.
EXTRACTOR_NORMALS = (3, 3, 3, 3, 4)
RECTIFIER_NORMALS = (1, 1, 1, 1, 1)


@dataclass(frozen=True)
class Cell:
    """One choice block. ``name`` is unique within a network and fit to name its weights."""

    name: str
    kind: str
    before: Shape
    after: Shape
    stride: Stride

    @property
    def candidates(self) -> range:
        """Codes of the operations that it may have."""
        return CANDIDATES[self.kind]

    @property
    def shape(self) -> str:
        """The shapes before and behind it, such as ``16x32x100>32x16x50``."""
        return f"{'x'.join(map(str, self.before))}>{'x'.join(map(str, self.after))}"

    def cost(self, code: int) -> tuple[int, int]:
        """MACs for one image and parameters with the operation ``code``."""
        operation = OPERATIONS[code]
        if self.kind != FIRST:
            return operation_cost(operation, self.before, self.after)
        channels, height, width = self.after
        weights = operation.kernel**2 * self.before[0] * channels
        return weights * height * width, weights + 2 * channels


def extractor_cells(
    first_width: int = FIRST_WIDTH,
    widths: Sequence[int] = WIDTHS,
    height: int = 32,
    width: int = 100,
) -> tuple[Cell, ...]:
    """The feature extractor: 22 cells, from a grey image to ``widths[-1]`` channels in one row."""
    image = (1, height, width)
    return _cells("extractor", first_width, widths, EXTRACTOR_NORMALS, image)


def rectifier_cells(
    first_width: int = FIRST_WIDTH,
    widths: Sequence[int] = WIDTHS,
    height: int = 32,
    width: int = 100,
) -> tuple[Cell, ...]:
    """The convolutions of the rectifier's localisation network: 11 cells on the grey image."""
    image = (1, height, width)
    return _cells("rectifier", first_width, widths, RECTIFIER_NORMALS, image)


def cost_tables(cells: Sequence[Cell]) -> tuple[Int64, Int64, Bool]:
    """MACs, parameters and legality (L, K) of every candidate; 0 where there is no such one."""
    shape = (len(cells), len(OPERATIONS))
    macs, params = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    allowed = np.zeros(shape, np.bool_)
    for layer, cell in enumerate(cells):
        for code in cell.candidates:
            macs[layer, code], params[layer, code] = cell.cost(code)
            allowed[layer, code] = True
    for table in (macs, params, allowed):
        table.setflags(write=False)
    return macs, params, allowed


def _cells(
    part: str,
    first_width: int,
    widths: Sequence[int],
    normals: Sequence[int],
    image: Shape,
) -> tuple[Cell, ...]:
    if len(widths) != len(STRIDES):
        raise SpaceError(f"given {len(widths)} widths, expected {len(STRIDES)}: one for each stage")
    if min(first_width, *widths, *image) < 1:
        raise SpaceError(
            f"first width {first_width}, widths {tuple(widths)}, image {image[1]} x {image[2]}: "
            "all must be 1 or more"
        )
    shape = (first_width, *image[1:])
    cells = [Cell(f"{part}_first", FIRST, image, shape, (1, 1))]
    for stage, (channels, count, stride) in enumerate(zip(widths, normals, STRIDES, strict=True)):
        before, (_, height, width) = shape, shape
        # A padded convolution of stride 2 gives half the pixels, rounded up.
        shape = (channels, -(-height // stride[0]), -(-width // stride[1]))
        cells.append(Cell(f"{part}_stage{stage + 1}_reduce", REDUCTION, before, shape, stride))
        cells.extend(
            Cell(f"{part}_stage{stage + 1}_cell{place + 1}", NORMAL, shape, shape, (1, 1))
            for place in range(count)
        )
    return tuple(cells)
