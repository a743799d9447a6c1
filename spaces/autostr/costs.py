"""What each operation costs at each place of the downsampling mesh.

A place is the pair (a, b): how many downsamplings of type A, stride (2, 2), and of type B,
stride (2, 1), lie before the layer. It fixes the shape of the layer's input, so the cost of
a layer depends on nothing but (a, b), its stride and its operation. Pricing an architecture
is a sum of 15 table look-ups.

The default operations, which are no candidates, are priced in tables of their own beside those of
the candidates, so that what counts or samples the space never meets them.

Counted are the multiply-adds of convolutions for one image; batch norm, activations and
shortcuts' additions are not. Parameters are convolution weights (no biases) and two per
batch-norm channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from spaces.autostr.operations import (
    DEFAULT_OPERATIONS,
    OPERATIONS,
    STRIDE_A,
    STRIDE_B,
    STRIDES,
    Operation,
)
from spaces.base import Int8, Int64
from spaces.errors import SpaceError

Shape = tuple[int, int, int]
IMAGE_CHANNELS = 3
# Rows priced at a time: the working set of a block (about 2 MB) stays in the core's cache.
BLOCK = 8192


@dataclass(frozen=True)
class CostTables:
    """MACs and parameters of every layer that can occur, for given widths and image size.

    ``macs`` and ``params`` are int64 of shape (A + 1, B + 1, 3, 7): index a, b, stride code,
    operation. Entries of a stride that the mesh does not allow at (a, b) are 0 and never read.
    ``default_macs`` and ``default_params`` are the same for the default operations, (..., 1).
    Make one with ``build``. Two tables are equal when what they were built from is equal.
    """

    stem_width: int
    widths: tuple[int, ...]
    downsampling_a: int
    downsampling_b: int
    height: int
    width: int
    stem_macs: int
    stem_params: int
    macs: Int64 = field(compare=False, repr=False)
    params: Int64 = field(compare=False, repr=False)
    default_macs: Int64 = field(compare=False, repr=False)
    default_params: Int64 = field(compare=False, repr=False)

    def __post_init__(self) -> None:
        places = (self.downsampling_a + 1, self.downsampling_b + 1, len(STRIDES))
        for table, kinds in (
            (self.macs, OPERATIONS),
            (self.params, OPERATIONS),
            (self.default_macs, DEFAULT_OPERATIONS),
            (self.default_params, DEFAULT_OPERATIONS),
        ):
            expected = (*places, len(kinds))
            if table.shape != expected or table.dtype != np.int64 or table.min() < 0:
                raise SpaceError(
                    f"cost table has shape {table.shape} and type {table.dtype}, expected "
                    f"{expected}, int64, nothing negative: use CostTables.build"
                )
            table.setflags(write=False)

    @classmethod
    def build(
        cls,
        stem_width: int = 32,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        downsampling_a: int = 2,
        downsampling_b: int = 3,
        height: int = 32,
        width: int = 100,
    ) -> CostTables:
        """Compute the tables.

        ``widths[d - 1]`` is the number of channels after the d-th downsampling, ``stem_width``
        before the first; ``height`` and ``width`` are the image's, in pixels.
        """
        _check_sizes(stem_width, widths, downsampling_a, downsampling_b, height, width)
        kinds = (*OPERATIONS, *DEFAULT_OPERATIONS)
        size = (downsampling_a + 1, downsampling_b + 1, len(STRIDES), len(kinds))
        macs, params = np.zeros(size, np.int64), np.zeros(size, np.int64)
        channels = (stem_width, *widths)
        for a, b in np.ndindex(size[:2]):
            before = _shape(channels, height, width, a, b)
            for stride in range(len(STRIDES)):
                a2, b2 = a + (stride == STRIDE_A), b + (stride == STRIDE_B)
                if a2 > downsampling_a or b2 > downsampling_b:
                    continue
                after = _shape(channels, height, width, a2, b2)
                for code, operation in enumerate(kinds):
                    cell = a, b, stride, code
                    macs[cell], params[cell] = operation_cost(operation, before, after)
        stem_weights = 3 * 3 * IMAGE_CHANNELS * stem_width
        return cls(
            stem_width=stem_width,
            widths=tuple(widths),
            downsampling_a=downsampling_a,
            downsampling_b=downsampling_b,
            height=height,
            width=width,
            stem_macs=stem_weights * height * width,
            stem_params=stem_weights + 2 * stem_width,
            macs=macs[..., : len(OPERATIONS)].copy(),
            params=params[..., : len(OPERATIONS)].copy(),
            default_macs=macs[..., len(OPERATIONS) :].copy(),
            default_params=params[..., len(OPERATIONS) :].copy(),
        )

    def shape(self, a: int, b: int) -> Shape:
        """Return channels, height and width after a downsamplings A and b downsamplings B."""
        return _shape((self.stem_width, *self.widths), self.height, self.width, a, b)

    def price(self, encodings: Int8) -> tuple[Int64, Int64]:
        """Return MACs (N,) and parameters (N,) of legal encodings (N, 2 * layers).

        Operations may be default ones. Both numbers come from one walk, so asking for both costs
        little more than asking for one.
        """
        rows = len(encodings)
        macs, params = np.empty(rows, np.int64), np.empty(rows, np.int64)
        flat_macs, flat_params = self._flat_macs, self._flat_params
        for start in range(0, rows, BLOCK):
            block = slice(start, start + BLOCK)
            cells = self._cells(encodings[block])
            flat_macs.take(cells).sum(axis=0, out=macs[block])
            flat_params.take(cells).sum(axis=0, out=params[block])
        macs += self.stem_macs
        params += self.stem_params
        return macs, params

    @cached_property
    def _flat_macs(self) -> Int64:
        return np.concatenate([self.macs, self.default_macs], axis=-1).ravel()

    @cached_property
    def _flat_params(self) -> Int64:
        return np.concatenate([self.params, self.default_params], axis=-1).ravel()

    def _cells(self, encodings: Int8) -> Int64:
        """Return the place in the flat tables of each layer of each row: (layers, n)."""
        layers = encodings.shape[1] // 2
        # Layers in rows: every step below then runs over contiguous memory.
        by_layer = np.ascontiguousarray(encodings.T)
        strides, operations = by_layer[:layers], by_layer[layers:]
        kinds = len(OPERATIONS) + len(DEFAULT_OPERATIONS)
        per_state = len(STRIDES) * kinds
        advance = np.array([0, (self.downsampling_b + 1) * per_state, per_state], np.int16)
        own = np.array([0, kinds, 2 * kinds], np.int16) - advance
        cells = advance.take(strides)
        np.cumsum(cells, axis=0, out=cells)
        cells += own.take(strides)
        return np.add(cells, operations, dtype=np.int64)


def operation_cost(operation: Operation, before: Shape, after: Shape) -> tuple[int, int]:
    """Return MACs and parameters of one operation from shape ``before`` to shape ``after``.

    Shapes are (channels, height, width). An inverted bottleneck expands at the input's
    resolution; its depthwise and projecting convolutions run at the output's. A residual unit has
    the stride in its first convolution, 1x1, and in the projection that replaces its shortcut
    where the shape changes; all of it runs at the output's resolution.
    """
    channels_in, height, width = before
    channels_out, out_height, out_width = after
    pixels_in, pixels_out = height * width, out_height * out_width
    if not operation.kernel:
        if before == after:
            return 0, 0
        weights = channels_in * channels_out
        return weights * pixels_out, weights + 2 * channels_out
    if not operation.expansion:
        reduce = channels_in * channels_out
        convolve = operation.kernel**2 * channels_out**2
        shortcut = 0 if before == after else channels_in * channels_out
        norms = 2 * channels_out * (2 + (before != after))
        weights = reduce + convolve + shortcut
        return weights * pixels_out, weights + norms
    hidden = channels_in * operation.expansion
    expand = channels_in * hidden if operation.expansion > 1 else 0
    depthwise = operation.kernel**2 * hidden
    project = hidden * channels_out
    norms = (2 * hidden if expand else 0) + 2 * hidden + 2 * channels_out
    macs = expand * pixels_in + (depthwise + project) * pixels_out
    return macs, expand + depthwise + project + norms


def _shape(channels: Sequence[int], height: int, width: int, a: int, b: int) -> Shape:
    # A padded convolution of stride 2 gives half the pixels, rounded up.
    return channels[a + b], -(-height // 2 ** (a + b)), -(-width // 2**a)


def _check_sizes(
    stem_width: int, widths: Sequence[int], a: int, b: int, height: int, width: int
) -> None:
    if a < 0 or b < 0 or a + b < 1:
        raise SpaceError(f"given {a} A and {b} B, expected at least one downsampling in all")
    if len(widths) != a + b:
        raise SpaceError(
            f"given {len(widths)} widths, expected {a + b}: one after each downsampling"
        )
    if min(stem_width, height, width, *widths) < 1:
        raise SpaceError(
            f"stem width {stem_width}, widths {tuple(widths)}, image {height} x {width}: "
            "all must be 1 or more"
        )
