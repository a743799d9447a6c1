"""Score against cost: Pareto front and hypervolume in two dimensions, exactly.

Scores are to maximise, costs (MACs, parameters, seconds) to minimise. A point dominates another if
it is at least as good in both and better in one; equal points do not dominate each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.statistics.answers import Floats, NotComputable, StatisticsError, columns


def pareto_front(
    scores: npt.ArrayLike, costs: npt.ArrayLike
) -> npt.NDArray[np.bool_] | NotComputable:
    """Which of the points (n,) no other dominates, (n,); the rest are the dominated ones."""
    pair = _points(scores, costs)
    if isinstance(pair, NotComputable):
        return pair
    score, cost = pair
    # Cheapest first, the best of the equally cheap first: a point is on the front if it beats all
    # before it, or equals the one that does.
    order = np.lexsort((-score, cost))
    best = np.maximum.accumulate(score[order])
    before = np.concatenate(([-np.inf], best[:-1]))
    kept = score[order] > before
    leader = np.maximum.accumulate(np.where(kept, np.arange(len(order)), 0))
    equal = (score[order] == score[order][leader]) & (cost[order] == cost[order][leader])
    found = np.zeros(len(score), dtype=np.bool_)
    found[order] = kept | equal
    return found


def hypervolume(
    scores: npt.ArrayLike,
    costs: npt.ArrayLike,
    reference_score: float,
    reference_cost: float,
) -> float | NotComputable:
    """Area that the points (n,) dominate up to a reference point, in units of score times cost.

    The reference is worse than whatever shall count: a score below and a cost above. Points beyond
    it add nothing. State it with the number; two hypervolumes of different references do not
    compare.

    Raises:
        StatisticsError: if the reference is not finite.
    """
    if not np.isfinite([reference_score, reference_cost]).all():
        raise StatisticsError(f"reference ({reference_score}, {reference_cost}): expected numbers")
    pair = _points(scores, costs)
    if isinstance(pair, NotComputable):
        return pair
    score, cost = pair
    inside = (score > reference_score) & (cost < reference_cost)
    if not inside.any():
        return 0.0
    score, cost = score[inside], cost[inside]
    order = np.lexsort((-score, cost))
    # What can be had for each cost or less, until the next cost: a staircase up to the reference.
    heights = np.maximum.accumulate(score[order]) - reference_score
    widths = np.diff(np.append(cost[order], reference_cost))
    return float(heights @ widths)


def _points(scores: npt.ArrayLike, costs: npt.ArrayLike) -> tuple[Floats, Floats] | NotComputable:
    pair = columns(scores, costs, "scores or costs")
    if isinstance(pair, NotComputable):
        return pair
    return pair if len(pair[0]) else NotComputable("there are no points")
