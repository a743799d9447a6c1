"""Many comparisons: Holm's step-down procedure.

Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics
6, 1979. It keeps the probability of any false rejection below alpha under every dependence of the
tests, and rejects whatever Bonferroni rejects.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.statistics.answers import Floats, StatisticsError, check_count, check_fraction


def holm_adjusted(p_values: npt.ArrayLike, comparisons: int | None = None) -> Floats:
    """Adjusted p values (m,) in the order given: max over j <= i of min(1, (m - j + 1) p_(j)).

    ``comparisons`` is the number that was planned, if some of them could not be computed: they
    count as not rejected, so a refusal makes no other comparison easier.

    Raises:
        StatisticsError: if a p value is no number from 0 to 1, or more than planned are given.
    """
    found = np.asarray(p_values, dtype=np.float64)
    if found.ndim != 1 or not ((found >= 0.0) & (found <= 1.0)).all():
        raise StatisticsError("p values: expected numbers from 0 to 1 on one axis")
    planned = len(found) if comparisons is None else comparisons
    if planned < len(found):
        raise StatisticsError(f"{len(found)} p values of {planned} planned comparisons")
    order = np.argsort(found, kind="stable")
    stepped = np.maximum.accumulate(found[order] * (planned - np.arange(len(found))))
    adjusted = np.empty_like(found)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def first_threshold(comparisons: int, alpha: float = 0.05) -> float:
    """What the smallest p value must not exceed for anything to be rejected: alpha / m."""
    check_count(comparisons, "comparisons")
    check_fraction(alpha, "alpha")
    return alpha / comparisons
