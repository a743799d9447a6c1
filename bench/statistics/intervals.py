"""Mean, median, interquartile mean and standard deviation, each with its interval.

The scores (n,) of one searcher, one per block, are a sample from the blocks that might have been
drawn: standard deviations divide by n - 1, quantiles are those of t and chi-squared.
Units of the answer are units of the scores.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.statistics.answers import Estimate, Floats, NotComputable, check_fraction, column
from bench.statistics.bootstrap import (
    RESAMPLES,
    Centre,
    bootstrap_centres,
    centre_of,
    percentiles,
    smallest_sample,
)

NAMES: dict[Centre, str] = {"median": "median", "iqm": "interquartile mean"}


def mean_interval(scores: npt.ArrayLike, level: float = 0.95) -> Estimate | NotComputable:
    """Mean of ``scores`` (n,) with Student's t interval; needs two blocks that differ."""
    check_fraction(level, "level")
    found = column(scores)
    if isinstance(found, NotComputable):
        return found
    refusal = _refusal(found, 2, float(found.mean()) if len(found) else None)
    if refusal is not None:
        return refusal
    n, mean = len(found), float(found.mean())
    half = float(stats.t.ppf((1.0 + level) / 2.0, n - 1)) * standard_deviation(found) / n**0.5
    return Estimate(mean, mean - half, mean + half, n, level, "mean, Student's t interval")


def unpaired_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, level: float = 0.95
) -> Estimate | NotComputable:
    """Mean of ``first`` (n,) minus mean of ``second`` (m,), of runs that have nothing in common.

    Welch's interval (*Biometrika* 34, 1947), which lets their spreads differ; ``n`` is the smaller
    of both. Needs two of each, which differ in one of the samples at least.
    """
    check_fraction(level, "level")
    one, other = column(first), column(second)
    for found in (one, other):
        if isinstance(found, NotComputable):
            return found
    a, b = np.asarray(one), np.asarray(other)
    n = min(len(a), len(b))
    if n < 2:
        return NotComputable(f"an interval needs two of each, not {n}", n=n)
    value = float(a.mean() - b.mean())
    if np.ptp(a) == np.ptp(b) == 0.0:
        return NotComputable("neither shows any spread to make an interval of", value, n)
    bounds = stats.ttest_ind(a, b, equal_var=False).confidence_interval(level)
    method = "difference of means, Welch's interval"
    return Estimate(value, float(bounds.low), float(bounds.high), n, level, method)


def deviation_interval(scores: npt.ArrayLike, level: float = 0.95) -> Estimate | NotComputable:
    """Standard deviation of ``scores`` (n,) with the chi-squared interval of normal data.

    For planning: the deviation that a small pilot shows may be far from the true one, and its upper
    end is the careful choice.
    """
    check_fraction(level, "level")
    found = column(scores)
    if isinstance(found, NotComputable):
        return found
    refusal = _refusal(found, 2, 0.0 if len(found) > 1 else None)
    if refusal is not None:
        return refusal
    n, deviation = len(found), standard_deviation(found)
    squares = (n - 1) * deviation**2
    low, high = (
        float((squares / stats.chi2.ppf(tail, n - 1)) ** 0.5)
        for tail in ((1.0 + level) / 2.0, (1.0 - level) / 2.0)
    )
    method = "standard deviation, chi-squared interval"
    return Estimate(deviation, low, high, n, level, method)


def standard_deviation(found: Floats) -> float:
    """Sample standard deviation (n - 1) of at least two values."""
    return float(found.std(ddof=1))


def centre_interval(
    centre: Centre,
    scores: npt.ArrayLike,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate | NotComputable:
    """Median or interquartile mean of ``scores`` (n,) with a percentile bootstrap interval.

    Needs ``smallest_sample(level)`` blocks: 6 for 0.95.
    """
    needed = smallest_sample(level)
    found = column(scores)
    if isinstance(found, NotComputable):
        return found
    value = float(centre_of(found, centre)) if len(found) else None
    refusal = _refusal(found, needed, value)
    if refusal is not None or value is None:
        return refusal or NotComputable("no scores")
    low, high = percentiles(bootstrap_centres(found[:, None], centre, rng, resamples), level)
    method = f"{NAMES[centre]}, percentile bootstrap over blocks ({resamples} resamples)"
    return Estimate(value, float(low[0]), float(high[0]), len(found), level, method)


def _refusal(found: Floats, needed: int, value: float | None) -> NotComputable | None:
    """Why there is no interval from these scores, if there is none."""
    n = len(found)
    if n < needed:
        return NotComputable(f"an interval needs at least {needed} blocks, not {n}", value, n)
    if np.ptp(found) == 0.0:
        reason = f"all {n} scores are equal: they show no spread to make an interval of"
        return NotComputable(reason, value, n)
    return None
