"""Two readers of the same words: what one reads and the other does not.

McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
Psychometrika 12, 1947. Only words on which the two disagree say which is better; the test here is
the exact one, a sign test on these. The interval of the difference is that of Bonett and Price,
Adjusted Wald confidence interval for a difference of binomial proportions based on paired data,
Journal of Educational and Behavioral Statistics 37, 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from scipy import stats

from bench.statistics.answers import Estimate, StatisticsError, check_fraction

METHOD = "difference of paired fractions, Bonett and Price's interval"


@dataclass(frozen=True)
class PairedProportions:
    """``difference``: share that the first reads minus the second's; ``p`` is two-sided."""

    only_first: int
    only_second: int
    difference: Estimate
    p: float


def paired_proportions(
    only_first: int, only_second: int, n: int, level: float = 0.95
) -> PairedProportions:
    """Of ``n`` words, those that only one of two reads; the others say nothing.

    The words are taken as drawn independently; ``StatisticsError`` for counts that are negative or
    more than ``n`` together, or no words.
    """
    check_fraction(level, "level")
    if n < 1 or only_first < 0 or only_second < 0 or only_first + only_second > n:
        raise StatisticsError(
            f"{only_first} and {only_second} of {n} words: expected counts of 0 or more, not more "
            "than all words together, and a word at least"
        )
    either = only_first + only_second
    p = float(stats.binomtest(only_first, either).pvalue) if either else 1.0
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    first, second = (only_first + 1.0) / (n + 2.0), (only_second + 1.0) / (n + 2.0)
    middle = first - second
    half = z * sqrt((first + second - middle * middle) / (n + 2.0))
    difference = Estimate(
        (only_first - only_second) / n,
        max(-1.0, middle - half),
        min(1.0, middle + half),
        n,
        level,
        METHOD,
    )
    return PairedProportions(only_first, only_second, difference, p)
