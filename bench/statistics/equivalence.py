"""Two one-sided tests: is the shift between two searchers smaller than a stated margin?

Schuirmann, A comparison of the two one-sided tests procedure and the power approach, Journal of
Pharmacokinetics and Biopharmaceutics 15, 1987; with signed-rank tests in place of t tests, after
Wellek, Testing Statistical Hypotheses of Equivalence and Noninferiority, 2010, section 5.4. Signed
ranks, since then the test, the Hodges-Lehmann interval and this one speak of the same shift under
the same assumption of symmetry, since it is exact for few blocks, and since a few failed searches
among the recommendations would swell the variance of a t test and hide every equivalence.

Without ties, equivalence at alpha is the same as the Hodges-Lehmann interval of level 1 - 2 alpha
lying within the margin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy.typing as npt

from bench.statistics.answers import NotComputable, check_positive, columns
from bench.statistics.holm import first_threshold
from bench.statistics.paired import scale_of
from bench.statistics.signed_rank import signed_ranks, smallest_blocks


@dataclass(frozen=True)
class EquivalenceTest:
    """``p_value`` is the larger of ``p_below`` (shift < margin) and ``p_above`` (> -margin)."""

    p_value: float
    p_below: float
    p_above: float


def equivalence_test(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    margin: float,
    comparisons: int = 1,
    alpha: float = 0.05,
) -> EquivalenceTest | NotComputable:
    """Is the shift of ``first`` over ``second`` (n,) within -margin .. margin?

    ``margin`` is in the unit of the scores and stated before the study. The p value is not
    adjusted. Refused where 2^-n, the smallest p value there is, exceeds alpha / comparisons. Equal
    scores in all blocks are no reason to refuse: they are the clearest equivalence.

    Raises:
        StatisticsError: if ``margin`` is not above 0.
    """
    check_positive(margin, "margin")
    needed = smallest_blocks(first_threshold(comparisons, alpha), sides=1)
    pair = columns(first, second)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    n = len(a)
    if n < needed:
        reason = f"{n} paired blocks cannot show equivalence; at least {needed} are needed"
        return NotComputable(reason, n=n)
    scale = max(scale_of(a, b), margin)
    below = signed_ranks(a - b - margin, scale).at_most
    above = signed_ranks(a - b + margin, scale).at_least
    return EquivalenceTest(max(below, above), below, above)
