"""The seven operations of the AutoSTR space (paper, Table 2) and the three strides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One candidate of a choice block: an inverted bottleneck, or the skip connection.

    ``kernel`` and ``expansion`` are 0 for the skip connection.
    """

    name: str
    kernel: int
    expansion: int


OPERATIONS: tuple[Operation, ...] = (
    Operation("k3e1", 3, 1),
    Operation("k3e3", 3, 3),
    Operation("k3e6", 3, 6),
    Operation("k5e1", 5, 1),
    Operation("k5e3", 5, 3),
    Operation("k5e6", 5, 6),
    Operation("skip", 0, 0),
)
SKIP = 6

# Stride codes: the place in these tuples. (height, width).
STRIDES: tuple[tuple[int, int], ...] = ((1, 1), (2, 2), (2, 1))
STRIDE_LETTERS = ".AB"
KEEP, STRIDE_A, STRIDE_B = 0, 1, 2
