"""The signed-rank distribution that tests, margins and intervals share.

Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1, 1945. Under the null
hypothesis every difference has either sign with probability 1/2, given its size. So the
distribution of the sum of positive ranks is computed exactly, for the ranks at hand.

Ties share their mean rank, and the distribution is that of the tied ranks: no approximation.
Zeros are treated after Pratt (JASA 54, 1959): they are ranked with the others and then dropped.
A block in which two searchers recommend the same architecture speaks against a difference, and
Wilcoxon's way, which drops zeros before ranking, forgets it; Pratt shows that it can also call a
difference significant and, with every score of the winner raised, no longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, log2

import numpy as np
from scipy import stats

from bench.statistics.answers import Floats, check_fraction

#: Above this the normal distribution, which is then right to three digits at p = 0.001.
EXACT_UP_TO = 300
#: Scores are fractions in binary: 0.81 - 0.80 and 0.53 - 0.52 differ in the 16th digit only and
#: are a tie; this many digits of the largest score count.
DIGITS = 12


@dataclass(frozen=True)
class SignedRanks:
    """Sum of the ranks of positive differences, and how likely one so large or so small is."""

    positive: float
    at_least: float
    at_most: float
    zeros: int
    exact: bool

    @property
    def two_sided(self) -> float:
        """Two-sided p value; the null distribution is symmetric."""
        return min(1.0, 2.0 * min(self.at_least, self.at_most))


def settled(differences: Floats, scale: float) -> Floats:
    """Differences (n,) in units of ``scale``, with rounding errors taken out."""
    return np.asarray(np.round(differences / (scale or 1.0), DIGITS))


def signed_ranks(differences: Floats, scale: float = 1.0) -> SignedRanks:
    """Signed ranks of ``differences`` (n,); ``scale`` is the size of the numbers subtracted."""
    found = settled(differences, scale)
    nonzero = found != 0.0
    ranks = stats.rankdata(np.abs(found))[nonzero]
    positive = float(ranks[found[nonzero] > 0.0].sum())
    zeros = int((~nonzero).sum())
    if len(found) > EXACT_UP_TO:
        z = (positive - ranks.sum() / 2.0) / max(float((ranks**2).sum()) ** 0.5 / 2.0, 1e-300)
        tails = float(stats.norm.sf(z)), float(stats.norm.cdf(z))
        return SignedRanks(positive, *tails, zeros, exact=False)
    doubled = np.rint(2.0 * ranks).astype(np.int64)
    chances = sum_distribution(tuple(sorted(doubled.tolist())))
    at = round(2.0 * positive)
    at_least, at_most = float(chances[at:].sum()), float(chances[: at + 1].sum())
    return SignedRanks(positive, min(at_least, 1.0), min(at_most, 1.0), zeros, exact=True)


@cache
def rank_distribution(n: int) -> Floats:
    """P(sum of positive ranks = w) for w = 0 .. n (n + 1) / 2, without ties or zeros."""
    chances = sum_distribution(tuple(range(1, n + 1)))
    chances.setflags(write=False)  # kept, and handed to everyone who asks
    return chances


def sum_distribution(weights: tuple[int, ...]) -> Floats:
    """P(S = s) for s = 0 .. sum(weights), where each weight is in the sum with probability 1/2."""
    chances = np.zeros(sum(weights) + 1)
    chances[0] = 1.0
    reached = 0
    for weight in weights:
        without = chances[: reached + 1] / 2.0
        reached += weight
        chances[: reached + 1 - weight] = without
        # Weights are at least 1, so what is added to has been halved already, or is still 0.
        chances[weight : reached + 1] += without
    return chances


def smallest_blocks(alpha: float, sides: int = 2) -> int:
    """The smallest n whose smallest attainable p value, sides * 2^-n, does not exceed alpha."""
    check_fraction(alpha, "alpha")
    return max(1, ceil(log2(sides / alpha) - 1e-9))


def attainable_level(n: int, alpha: float) -> float:
    """The largest two-sided level not above alpha at which n untied pairs can reject; 0 if none."""
    check_fraction(alpha, "alpha")
    if n > EXACT_UP_TO:
        return alpha
    # A hair's breadth: 0.05 / 4 must not miss 2^-k for its last digit.
    levels = 2.0 * np.cumsum(rank_distribution(n))
    below = levels[levels <= alpha * (1.0 + 1e-9)]
    return float(below[-1]) if len(below) else 0.0
