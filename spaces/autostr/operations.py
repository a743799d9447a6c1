"""The seven operations of the AutoSTR space (paper, Table 2), the default one, and strides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One candidate of a choice block: an inverted bottleneck, or the skip connection.

    ``kernel`` and ``expansion`` are 0 for the skip connection. A kernel without expansion is a
    residual unit of full convolutions.
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

# What step 1 of AutoSTR puts on every layer while it searches the path (paper, Section 3.3). It is
# no candidate: its code comes after those of the candidates, and no member of the space has it.
DEFAULT_OPERATIONS: tuple[Operation, ...] = (Operation("residual", 3, 0),)
# How the default operations are written in an architecture's text.
DEFAULT_LETTERS = "r"

# Stride codes: the place in these tuples. (height, width).
STRIDES: tuple[tuple[int, int], ...] = ((1, 1), (2, 2), (2, 1))
STRIDE_LETTERS = ".AB"
KEEP, STRIDE_A, STRIDE_B = 0, 1, 2
