"""How large a difference is: shift, probability of improvement, gain over random.

* Hodges and Lehmann, Estimates of location based on rank tests, Annals of Mathematical Statistics
  34, 1963: the median of the mean of every two differences. Its interval inverts the signed-rank
  test (Hollander, Wolfe, Chicken, Nonparametric Statistical Methods, 2014, section 3.3).
* Vargha and Delaney, A critique and improvement of the CL common language effect size statistics,
  Journal of Educational and Behavioral Statistics 25, 2000.
* Relative improvement over the average random architecture: Yang, Esperanca, Carlucci, NAS
  evaluation is frustratingly hard, ICLR 2020, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.statistics.answers import (
    Estimate,
    NotComputable,
    check_fraction,
    columns,
)
from bench.statistics.bootstrap import (
    RESAMPLES,
    percentile_estimate,
    resampled_counts,
    smallest_sample,
)
from bench.statistics.intervals import mean_interval
from bench.statistics.signed_rank import EXACT_UP_TO, rank_distribution

SHIFT = "Hodges-Lehmann shift, signed-rank interval"
A12 = "Vargha-Delaney A12, percentile bootstrap over {}"
IMPROVEMENT = "ratio of means - 1, percentile bootstrap over blocks"
IMPROVEMENTS = "mean over supernets of ratio - 1, Student's t interval"


def hodges_lehmann(
    first: npt.ArrayLike, second: npt.ArrayLike, level: float = 0.95
) -> Estimate | NotComputable:
    """Shift of ``first`` over ``second`` (n,), in the unit of the scores.

    ``level`` of the answer is the level attained, never below the one asked for; with ties it is
    higher still (Noether, JASA 62, 1967). Needs 6 blocks for 0.95.
    """
    check_fraction(level, "level")
    pair = columns(first, second)
    if isinstance(pair, NotComputable):
        return pair
    differences = pair[0] - pair[1]
    n = len(differences)
    if n == 0:
        return NotComputable("there are no paired blocks")
    upper = np.triu_indices(n)
    walsh = np.sort((differences[:, None] + differences)[upper] / 2.0)
    value = float(np.median(walsh))
    cut, attained = _cut(n, level)
    if cut == 0:
        needed = smallest_sample(level)
        return NotComputable(f"an interval needs at least {needed} blocks, not {n}", value, n)
    return Estimate(value, float(walsh[cut - 1]), float(walsh[-cut]), n, attained, SHIFT)


def superiority(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    clusters: Sequence[str] | None = None,
    unit: str = "supernets",
) -> Estimate | NotComputable:
    """A12: how probably a run of ``first`` (n,) beats a run of ``second`` (n,), ties half.

    Any run against any run, so 0.5 is no difference; the percentile bootstrap draws whole blocks,
    or whole ``clusters`` (n,) of them, called ``unit``. Refused an interval if one searcher always
    wins: the bootstrap knows no losses then.
    """
    needed = smallest_sample(level)
    pair = columns(first, second)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    n = len(a)
    if n == 0:
        return NotComputable("there are no paired blocks")
    wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    value = float(wins.mean())
    units, what = (list(range(n)), "blocks") if clusters is None else (clusters, unit)
    names = list(dict.fromkeys(units))
    if len(names) < needed:
        reason = f"an interval needs at least {needed} {what}, not {len(names)}"
        return NotComputable(reason, value, len(names))
    member = np.array([[unit == name for unit in units] for name in names], dtype=np.float64)
    counts = resampled_counts(len(names), rng, resamples)
    runs = counts @ member.sum(axis=1)
    draws = np.einsum("ri,ri->r", counts @ (member @ wins @ member.T), counts) / runs**2
    return percentile_estimate(value, draws, len(names), level, A12.format(what))


def relative_improvement(
    scores: npt.ArrayLike,
    random_means: npt.ArrayLike,
    rng: np.random.Generator,
    level: float = 0.95,
    of_clusters: bool = False,
) -> Estimate | NotComputable:
    """Gain of ``scores`` (n,) over the average random architecture, as a fraction of the latter.

    ``random_means`` (n,) is the mean score of architectures drawn at random, in the same block.
    The answer is mean(scores) / mean(random_means) - 1, with a percentile bootstrap over blocks; of
    supernets, for which that is too narrow, the mean of their gains with Student's t interval.
    """
    needed = smallest_sample(level)
    pair = columns(scores, random_means)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    n = len(a)
    if n == 0:
        return NotComputable("there are no paired blocks")
    if b.min() <= 0.0:
        return NotComputable(
            "a random architecture scores 0: gains over nothing have no ratio", n=n
        )
    if of_clusters:
        found = mean_interval(a / b - 1.0, level)
        return replace(found, method=IMPROVEMENTS) if isinstance(found, Estimate) else found
    value = float(a.mean() / b.mean()) - 1.0
    if n < needed:
        return NotComputable(f"an interval needs at least {needed} blocks, not {n}", value, n)
    counts = resampled_counts(n, rng, RESAMPLES)
    draws = counts @ a / (counts @ b) - 1.0
    return percentile_estimate(value, draws, n, level, IMPROVEMENT)


def _cut(n: int, level: float) -> tuple[int, float]:
    """Which Walsh average from either end bounds the interval (0: none does), and its level."""
    tail = (1.0 - level) / 2.0
    if n > EXACT_UP_TO:
        middle = n * (n + 1) / 4.0
        deviation = (n * (n + 1) * (2 * n + 1) / 24.0) ** 0.5
        return int(middle - float(stats.norm.isf(tail)) * deviation), level
    below = np.cumsum(rank_distribution(n))
    cut = int((below <= tail * (1.0 + 1e-9)).sum())
    return cut, 1.0 - 2.0 * float(below[cut - 1]) if cut else 0.0
