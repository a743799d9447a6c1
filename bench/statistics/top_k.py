"""How well a proxy score picks the best: precision of its top k, and the regret of training them.

Ties are common on a small search_val: where a cut goes through a tie, the answer is the expectation
over breaking it at random, so no order in a file decides. Each resample of the bootstrap is a panel
of its own with its own k best, in which an architecture may occur twice; the best of all is missing
from more than a third of them, so the interval of a regret is rough.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bench.statistics.answers import Estimate, Floats, NotComputable, check_count
from bench.statistics.bootstrap import (
    RESAMPLES,
    Indices,
    percentile_estimate,
    resampled_indices,
    smallest_sample,
)
from bench.statistics.ranking import BOOTSTRAP, panel


def top_k_precision(
    proxy: npt.ArrayLike,
    final: npt.ArrayLike,
    k: int,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate | NotComputable:
    """Share of the ``k`` best by proxy that are among the ``k`` best by final score.

    Chance alone gives k / n.
    """
    name = f"precision of the top {k}"
    return _top_interval(proxy, final, k, _precision, name, rng, level, resamples)


def regret_at_k(
    proxy: npt.ArrayLike,
    final: npt.ArrayLike,
    k: int,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate | NotComputable:
    """Best final score of the panel minus the best among the ``k`` best by proxy, 0 or more.

    What is lost by training only the k most promising to the end; in the unit of the final score.
    """
    return _top_interval(proxy, final, k, _regret, f"regret at {k}", rng, level, resamples)


def _top_interval(
    proxy: npt.ArrayLike,
    final: npt.ArrayLike,
    k: int,
    statistic: Callable[[Floats, Floats, int, Indices], float],
    name: str,
    rng: np.random.Generator,
    level: float,
    resamples: int,
) -> Estimate | NotComputable:
    check_count(k, "k")
    needed = smallest_sample(level)
    pair = panel(proxy, final)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    n = len(a)
    if k >= n:
        return NotComputable(f"the top {k} of {n} architectures are all of them", n=n)
    value = statistic(a, b, k, np.arange(n))
    if n < needed:
        reason = f"an interval needs at least {needed} architectures, not {n}"
        return NotComputable(reason, value, n)
    drawn = resampled_indices(n, rng, resamples)
    draws = np.array([statistic(a[at], b[at], k, at) for at in drawn])
    return percentile_estimate(value, draws, n, level, f"{name}, {BOOTSTRAP}")


def _membership(values: Floats, k: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Probability of each to be among the k highest, (n,), and which are tied at the cut."""
    cut = np.partition(values, -k)[-k]
    above, tied = values > cut, values == cut
    return above + tied * ((k - above.sum()) / tied.sum()), tied


def _precision(proxy: Floats, final: Floats, k: int, which: Indices) -> float:
    by_proxy, tied = _membership(proxy, k)
    by_final, tied_too = _membership(final, k)
    shared = by_proxy * by_final
    at_cut = which[tied | tied_too]
    if (at_cut == at_cut[0]).all():
        # Copies of one architecture in a resample: whichever copies are taken are the same ones.
        shared[tied] = np.minimum(by_proxy, by_final)[tied]
    return float(shared.sum()) / k


def _regret(proxy: Floats, final: Floats, k: int, _: Indices) -> float:
    cut = np.partition(proxy, -k)[-k]
    above, tied = final[proxy > cut], np.sort(final[proxy == cut])[::-1]
    wanted, size = k - len(above), len(tied)
    sure = float(above.max()) if len(above) else -np.inf
    # The best of ``wanted`` drawn from the tied is the j-th of them if it is drawn and none before.
    j = np.arange(size - wanted)
    chances = np.cumprod(np.append(wanted / size, (size - j - wanted) / (size - j - 1)))
    return float(final.max() - np.maximum(tied[: len(chances)], sure) @ chances)
