"""Three or more searchers at once: Friedman's test, average ranks, and the bars that join them.

Friedman, JASA 32, 1937; Demsar, Statistical comparisons of classifiers over multiple data sets,
JMLR 7, 2006, for the use of it. The highest score has rank 1, ties share their mean rank.

The p value is exact where that can be enumerated: under the null hypothesis each unit's ranks are
equally likely in any order. Elsewhere it comes from chi-squared, which is up to ten times off for
three units.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.statistics.answers import (
    Floats,
    NotComputable,
    StatisticsError,
    matrix,
)
from bench.statistics.signed_rank import settled


@dataclass(frozen=True)
class Friedman:
    """Result of the omnibus test over ``n`` units; ``agreement`` is Kendall's W, 0 to 1."""

    p_value: float
    chi_squared: float
    degrees: int
    agreement: float
    average_ranks: tuple[float, ...]
    n: int
    exact: bool

    @property
    def name(self) -> str:
        """What it is called, and where its p value comes from."""
        return "Friedman, " + ("exact" if self.exact else "by chi-squared")


#: Sums of ranks followed, times orders of a unit's ranks: a tenth of a second.
MOST_STEPS = 1_000_000
#: Searchers: 7 have 5,040 orders, 8 could hardly be followed for three units.
MOST_PERMUTED = 7


def block_ranks(scores: Floats) -> Floats:
    """Ranks within each unit, (units, searchers), 1 for the highest score."""
    scale = float(np.abs(scores).max(initial=0.0))
    return np.asarray(stats.rankdata(-settled(scores, scale), axis=1))


def friedman(scores: npt.ArrayLike) -> Friedman | NotComputable:
    """Friedman's test of ``scores`` (units, searchers), corrected for ties.

    Refused below three searchers, where the paired test is the whole answer, below two units, and
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
        return NotComputable(f"an omnibus test needs at least 2 units, not {n}", n=n)
    ranks = block_ranks(found)
    sums = ranks.sum(axis=0)
    # Conover, Practical Nonparametric Statistics, 1999, section 5.8: ties by the sum of squares.
    spread = float((ranks**2).sum()) - n * k * (k + 1) ** 2 / 4.0
    if spread <= 0.0:
        return NotComputable(f"all searchers are equal in each of the {n} units", n=n)
    between = float(((sums - n * (k + 1) / 2.0) ** 2).sum())
    chi_squared = (k - 1) * between / spread
    exact = exact_p(ranks)
    return Friedman(
        p_value=float(stats.chi2.sf(chi_squared, k - 1)) if exact is None else exact,
        chi_squared=chi_squared,
        degrees=k - 1,
        agreement=between / (n * spread),
        average_ranks=tuple((sums / n).tolist()),
        n=n,
        exact=exact is not None,
    )


def exact_p(ranks: Floats) -> float | None:
    """P(sums of ranks spread as far as those of ``ranks`` (units, searchers)); None: too many.

    Sums are followed unit by unit as sorted rows with their chances: the spread does not depend on
    who has which sum, and each unit's ranks come in any order with the same chance.
    """
    doubled = np.rint(2.0 * ranks).astype(np.int64)
    n, k = doubled.shape
    if k > MOST_PERMUTED or (2 * n * k + 1) ** k >= 2**63:
        return None
    centre = n * (k + 1)
    places = np.array(list(permutations(range(k))))
    # Of a sorted row, as digits of one number.
    digits = (2 * n * k + 1) ** np.arange(k, dtype=np.int64)
    sums, chances = np.zeros((1, k), dtype=np.int64), np.ones(1, dtype=np.float64)
    for row in doubled:
        orders = row[places]
        if len(sums) * len(orders) > MOST_STEPS:
            return None
        after = np.sort((sums[:, None] + orders).reshape(-1, k), axis=1)
        _, first, back = np.unique(after @ digits, return_index=True, return_inverse=True)
        sums = after[first]
        weights = np.repeat(chances / len(orders), len(orders))
        chances = np.asarray(np.bincount(back, weights), dtype=np.float64)
    seen = ((doubled.sum(axis=0) - centre) ** 2).sum()
    return float(min(1.0, chances[((sums - centre) ** 2).sum(axis=1) >= seen].sum()))


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
