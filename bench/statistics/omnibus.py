"""Three or more searchers at once: Friedman's test, average ranks, and the diagram of them.

Friedman, JASA 32, 1937; Demsar, Statistical comparisons of classifiers over multiple data sets,
JMLR 7, 2006, for the use of it and the critical difference. The highest score has rank 1, ties
share their mean rank. P values come from chi-squared, which is on the careful side for few blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.statistics.answers import (
    Floats,
    NotComputable,
    StatisticsError,
    check_count,
    check_fraction,
    matrix,
)
from bench.statistics.signed_rank import settled


@dataclass(frozen=True)
class Friedman:
    """Result of the omnibus test over ``n`` blocks; ``agreement`` is Kendall's W, 0 to 1."""

    p_value: float
    chi_squared: float
    degrees: int
    agreement: float
    average_ranks: tuple[float, ...]
    n: int


def block_ranks(scores: Floats) -> Floats:
    """Ranks within each block, (blocks, searchers), 1 for the highest score."""
    scale = float(np.abs(scores).max(initial=0.0))
    return np.asarray(stats.rankdata(-settled(scores, scale), axis=1))


def friedman(scores: npt.ArrayLike) -> Friedman | NotComputable:
    """Friedman's test of ``scores`` (blocks, searchers), corrected for ties.

    Refused below three searchers, where the paired test is the whole answer, below two blocks, and
    if all searchers are equal in every block.
    """
    found = matrix(scores)
    if isinstance(found, NotComputable):
        return found
    n, k = found.shape
    if k < 3:
        reason = f"an omnibus test needs at least 3 searchers, not {k}"
        return NotComputable(reason + ("; the paired test says it all" if k == 2 else ""), n=n)
    if n < 2:
        return NotComputable(f"an omnibus test needs at least 2 blocks, not {n}", n=n)
    ranks = block_ranks(found)
    sums = ranks.sum(axis=0)
    # Conover, Practical Nonparametric Statistics, 1999, section 5.8: ties by the sum of squares.
    spread = float((ranks**2).sum()) - n * k * (k + 1) ** 2 / 4.0
    if spread <= 0.0:
        return NotComputable(f"all searchers are equal in each of the {n} blocks", n=n)
    between = float(((sums - n * (k + 1) / 2.0) ** 2).sum())
    chi_squared = (k - 1) * between / spread
    return Friedman(
        p_value=float(stats.chi2.sf(chi_squared, k - 1)),
        chi_squared=chi_squared,
        degrees=k - 1,
        agreement=between / (n * spread),
        average_ranks=tuple((sums / n).tolist()),
        n=n,
    )


def critical_difference(searchers: int, n: int, alpha: float = 0.05) -> float | NotComputable:
    """Nemenyi's critical difference of average ranks over ``n`` blocks.

    q / sqrt(2) sqrt(k (k + 1) / 6 n), with q of the studentized range with infinite degrees of
    freedom (Demsar, section 3.2.2). Two searchers whose average ranks differ by more, differ.
    """
    check_fraction(alpha, "alpha")
    check_count(n, "n")
    if searchers < 2:
        return NotComputable(f"a critical difference needs 2 searchers, not {searchers}", n=n)
    range_quantile = float(stats.studentized_range.isf(alpha, searchers, np.inf))
    scale: float = (searchers * (searchers + 1) / (12.0 * n)) ** 0.5
    return range_quantile * scale


def groups_within(average_ranks: npt.ArrayLike, difference: float) -> tuple[tuple[int, ...], ...]:
    """The bars of a critical-difference diagram: groups whose ranks lie within ``difference``."""
    ranks = np.asarray(average_ranks, dtype=np.float64)
    return groups(ranks, np.abs(ranks[:, None] - ranks) > difference)


def groups(average_ranks: npt.ArrayLike, different: npt.ArrayLike) -> tuple[tuple[int, ...], ...]:
    """Largest runs of neighbours in rank among which no two are ``different`` (k, k).

    Indices of searchers, best first; a searcher that differs from both neighbours is in no group.
    With verdicts of pairwise tests a bar never spans two searchers that differ, at the price that
    some pairs without a difference share no bar.

    Raises:
        StatisticsError: if ``different`` is no symmetric (k, k) matrix.
    """
    ranks = np.asarray(average_ranks, dtype=np.float64)
    apart = np.asarray(different, dtype=np.bool_)
    k = len(ranks)
    if apart.shape != (k, k) or (apart != apart.T).any():
        raise StatisticsError(f"different of shape {apart.shape}: expected symmetric ({k}, {k})")
    order = np.argsort(ranks, kind="stable")
    apart = apart[np.ix_(order, order)]
    found: list[tuple[int, ...]] = []
    reached = 0
    for start in range(k):
        end = start + 1
        while end < k and not apart[start:end, end].any():
            end += 1
        # A run that ends where an earlier one did lies within it.
        if end - start > 1 and end > reached:
            found.append(tuple(order[start:end].tolist()))
        reached = max(reached, end)
    return tuple(found)
