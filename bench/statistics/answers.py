"""What every statistic of this package answers with, and what it accepts.

Two kinds of trouble are kept apart:

* Data that cannot answer the question (too few blocks, all equal, a missing score) are no error:
  the answer is a ``NotComputable`` that says why, and the report prints it. So a type checker sees
  to it that no caller forgets the case. No statistic ever returns NaN.
* Arguments that make no sense (a level of 95, columns of unequal length) raise ``StatisticsError``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaces.errors import InputError

Floats = npt.NDArray[np.float64]


class StatisticsError(InputError):
    """An argument of a statistic that no data could make sense of."""


@dataclass(frozen=True)
class NotComputable:
    """A plain refusal: ``reason`` is one sentence for the report.

    ``value`` is the point estimate where that much is known and only its interval is not; ``n`` is
    the number of units (or architectures) looked at. ``withheld``: it could have been computed, and
    would have misled.
    """

    reason: str
    value: float | None = None
    n: int = 0
    withheld: bool = False


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; ``n`` counts units (or architectures), ``method`` names both."""

    value: float
    low: float
    high: float
    n: int
    level: float
    method: str


Answer = Estimate | NotComputable


def column(values: npt.ArrayLike, what: str = "scores") -> Floats | NotComputable:
    """``values`` as floats (n,); refuses missing values, since dropping them is not ours to decide.

    Raises:
        StatisticsError: if ``values`` has more than one axis or holds something else than numbers.
    """
    found = _floats(values, what)
    if found.ndim != 1:
        raise StatisticsError(f"{what} of shape {found.shape}: expected one axis, (n,)")
    missing = int((~np.isfinite(found)).sum())
    if missing:
        reason = f"{missing} of {len(found)} {what} are missing or not finite"
        return NotComputable(reason, n=len(found))
    return found


def columns(
    first: npt.ArrayLike, second: npt.ArrayLike, what: str = "scores"
) -> tuple[Floats, Floats] | NotComputable:
    """Two paired columns (n,), the same block in the same place.

    Raises:
        StatisticsError: if their lengths differ.
    """
    a, b = column(first, what), column(second, what)
    if isinstance(a, NotComputable):
        return a
    if isinstance(b, NotComputable):
        return b
    if len(a) != len(b):
        raise StatisticsError(
            f"columns of {len(a)} and {len(b)} {what}: expected one of each per block; "
            "make them with paired_matrix"
        )
    return a, b


def matrix(scores: npt.ArrayLike) -> Floats | NotComputable:
    """``scores`` (blocks, searchers) as floats, without missing values.

    Raises:
        StatisticsError: if there are not two axes.
    """
    found = _floats(scores, "scores")
    if found.ndim != 2:
        raise StatisticsError(f"scores of shape {found.shape}: expected (blocks, searchers)")
    incomplete = int((~np.isfinite(found)).any(axis=1).sum())
    if incomplete:
        reason = f"{incomplete} of {len(found)} blocks have missing scores"
        return NotComputable(reason, n=len(found))
    return found


def check_fraction(value: float, what: str) -> None:
    """Raise ``StatisticsError`` unless ``value`` lies between 0 and 1, both excluded."""
    if not 0.0 < value < 1.0:
        raise StatisticsError(f"{what} {value}: expected a number between 0 and 1, such as 0.05")


def check_positive(value: float, what: str) -> None:
    """Raise ``StatisticsError`` unless ``value`` is a finite number above 0."""
    if not (np.isfinite(value) and value > 0.0):
        raise StatisticsError(f"{what} {value}: expected a finite number above 0")


def check_count(value: int, what: str) -> None:
    """Raise ``StatisticsError`` unless ``value`` is at least 1."""
    if value < 1:
        raise StatisticsError(f"{what} {value}: expected at least 1")


def _floats(values: npt.ArrayLike, what: str) -> Floats:
    """An array of floats in which None has become NaN."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(f"{what}: expected numbers in rows of equal length") from None
