"""A fraction of words read right, with its interval.

Wilson, Probable inference, the law of succession, and statistical inference, Journal of the
American Statistical Association 22, 1927: the interval of the score test. It stays within [0, 1]
and, unlike the mean's normal interval, holds its level near 0 and 1.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from bench.statistics.answers import Estimate, StatisticsError, check_fraction


def wilson_interval(hits: int, n: int, level: float = 0.95) -> Estimate:
    """Fraction ``hits / n`` with Wilson's interval, without continuity correction.

    The words are taken as drawn independently; ``StatisticsError`` unless 0 <= hits <= n, n >= 1.
    """
    check_fraction(level, "level")
    if n < 1 or not 0 <= hits <= n:
        raise StatisticsError(f"{hits} hits of {n}: expected 0 to n, and n at least 1")
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2.0) / (1.0 + spread)
    half = sqrt(spread * (share * (1.0 - share) + spread / 4.0)) / (1.0 + spread)
    # At its ends the interval is exact but for rounding.
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == n else middle + half
    return Estimate(share, low, high, n, level, "fraction, Wilson's interval")
