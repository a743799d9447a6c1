"""Two searchers on the same blocks: the test, and how much pairing helped.

The test is Wilcoxon's signed-rank test, two-sided and exact; ties and zeros as told in
``signed_rank``. With two searchers it is the whole procedure: no omnibus test comes before it, and
``comparisons`` is 1. There is no t test for fewer blocks than it needs: below them the data cannot
show that the differences are normal, which a t test would have to presume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.statistics.answers import Estimate, Floats, NotComputable, check_fraction, columns
from bench.statistics.holm import first_threshold
from bench.statistics.signed_rank import signed_ranks, smallest_blocks


@dataclass(frozen=True)
class PairedTest:
    """Result of the signed-rank test; ``zeros`` blocks of ``n`` had equal scores."""

    p_value: float
    positive_ranks: float
    n: int
    zeros: int
    exact: bool

    @property
    def favours_first(self) -> bool:
        """Whether the first has more than half of the ranks of blocks in which they differ."""
        n, zeros = self.n, self.zeros
        return self.positive_ranks > (n * (n + 1) - zeros * (zeros + 1)) / 4.0


def smallest_n(comparisons: int = 1, alpha: float = 0.05) -> int:
    """The smallest number of blocks at which anything can be rejected: 2^(1-n) <= alpha / m.

    6 for one comparison, 8 for four, 9 for ten, at 0.05.
    """
    return smallest_blocks(first_threshold(comparisons, alpha))


def signed_rank_test(
    first: npt.ArrayLike, second: npt.ArrayLike, comparisons: int = 1, alpha: float = 0.05
) -> PairedTest | NotComputable:
    """Is there a shift between ``first`` and ``second`` (n,), the same block in the same place?

    The p value is not adjusted. The hypothesis is that differences are symmetric about 0. Refused
    below ``smallest_n(comparisons, alpha)`` blocks, and if all differences are 0.
    """
    needed = smallest_n(comparisons, alpha)
    pair = columns(first, second)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    n = len(a)
    if n < needed:
        reason = (
            f"{n} paired blocks: whatever they show, no p value could reach "
            f"{first_threshold(comparisons, alpha):.4g}; at least {needed} are needed"
        )
        return NotComputable(reason, n=n)
    found = signed_ranks(a - b, scale_of(a, b))
    if found.zeros == n:
        return NotComputable(f"the scores are equal in all {n} blocks", value=0.0, n=n)
    return PairedTest(found.two_sided, found.positive, n, found.zeros, found.exact)


def correlation(
    first: npt.ArrayLike, second: npt.ArrayLike, level: float = 0.95
) -> Estimate | NotComputable:
    """Pearson's rho of two paired columns (n,) with Fisher's z interval; needs 4 blocks.

    It says what pairing gained: differences have the variance 2 (1 - rho) of a single score.
    """
    check_fraction(level, "level")
    pair = columns(first, second)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    n = len(a)
    if n < 4:
        return NotComputable(f"a correlation with interval needs at least 4 blocks, not {n}", n=n)
    if min(float(np.ptp(a)), float(np.ptp(b))) == 0.0:
        return NotComputable(f"all {n} scores of one searcher are equal", n=n)
    a, b = a - a.mean(), b - b.mean()
    rho = float(a @ b) / float((a @ a) * (b @ b)) ** 0.5
    if abs(rho) > 1.0 - 1e-12:
        reason = "the scores lie on a line: the interval of a correlation of 1 has no width"
        return NotComputable(reason, float(np.sign(rho)), n)
    half = float(stats.norm.ppf((1.0 + level) / 2.0)) / (n - 3) ** 0.5
    low, high = (float(np.tanh(np.arctanh(rho) + sign * half)) for sign in (-1, 1))
    return Estimate(rho, low, high, n, level, "Pearson's rho, Fisher's z interval")


def scale_of(a: Floats, b: Floats) -> float:
    """The size of the numbers subtracted, by which rounding errors are told from differences."""
    return float(max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0)))
