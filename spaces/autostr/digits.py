"""Numbers in base 7: the operations of an architecture as one integer."""

from __future__ import annotations

import numpy as np

from spaces.autostr.operations import OPERATIONS
from spaces.base import Int8, Int64

BASE = len(OPERATIONS)
# Digits looked up at once: the table of 7**5 rows fits the core's second cache.
CHUNK = 5


def _digit_table() -> Int8:
    """Return the digits of all numbers of ``CHUNK`` digits, int8 (7**CHUNK, CHUNK)."""
    powers = BASE ** np.arange(CHUNK - 1, -1, -1)
    return (np.arange(BASE**CHUNK)[:, None] // powers % BASE).astype(np.int8)


DIGITS = _digit_table()
DIGITS.setflags(write=False)


def base7_digits(numbers: Int64, out: Int8) -> None:
    """Write the digits of numbers (N,) into ``out`` (N, D), most significant first."""
    stop = out.shape[1]
    while stop > 0:
        start = max(0, stop - CHUNK)
        numbers, low = np.divmod(numbers, DIGITS.shape[0])
        out[:, start:stop] = DIGITS.take(low, axis=0)[:, CHUNK - (stop - start) :]
        stop = start


def base7_numbers(digits: Int8) -> Int64:
    """Return the numbers (N,) that the digits (N, D) write, most significant first."""
    numbers = np.zeros(len(digits), np.int64)
    for column in digits.T:
        numbers *= BASE
        numbers += column
    return numbers
