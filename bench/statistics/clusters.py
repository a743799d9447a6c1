"""Runs that share a supernet are not independent: the supernet is the unit.

With S >= 2 supernets each gives one number a pair, the mean paired difference over its seeds, and a
one-sample t test looks at the S numbers. For as many seeds in each that is the test of the balanced
mixed model, supernets and their interaction with searchers random (Searle, Casella and McCulloch,
*Variance Components*, 1992, section 4.3). Holm's procedure and the margin then work as with blocks.

Beside it stands the exact sign flip of whole supernets, which presumes symmetry only; it cannot
reach .05 below six of them. A percentile bootstrap of so few clusters is far too narrow.

Here a cluster is what a supernet is to a study: a group of blocks; S counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.statistics.answers import (
    Estimate,
    Floats,
    NotComputable,
    StatisticsError,
    check_fraction,
    check_positive,
    columns,
)
from bench.statistics.equivalence import EquivalenceTest
from bench.statistics.paired import scale_of
from bench.statistics.signed_rank import settled

SHIFT = "mean difference, Student's t interval over {}"
#: Beyond this many clusters all 2^S sign flips take too long, and the t test needs no company.
MOST_FLIPPED = 20


@dataclass(frozen=True)
class Units:
    """What a conclusion is about: ``scores[u, j]`` of searcher j in unit u, independent of others.

    ``of_clusters``: each row is the mean over the blocks of a cluster; else rows are blocks.
    """

    scores: Floats
    of_clusters: bool


@dataclass(frozen=True)
class ClusterTest:
    """The t test of S means; ``flipped`` is the sign flip's p value, None for many clusters."""

    p_value: float
    t: float
    flipped: float | None


@dataclass(frozen=True)
class Posterior:
    """P(first better), P(equivalent), P(second better): beyond, within, beyond the margin."""

    better: float
    equivalent: float
    worse: float


def units_of(scores: Floats, clusters: Sequence[str] | None) -> Units:
    """Clusters of the blocks of ``scores`` (blocks, ...) where there are two or more, else blocks.

    Raises ``StatisticsError`` unless ``clusters`` names one for each block.
    """
    if clusters is not None and len(clusters) != len(scores):
        raise StatisticsError(
            f"{len(clusters)} clusters of {len(scores)} blocks: expected one each"
        )
    names = tuple(dict.fromkeys(clusters or ()))
    if len(names) < 2:
        return Units(scores, False)
    of = np.array(clusters)
    return Units(np.array([scores[of == name].mean(axis=0) for name in names]), True)


def cluster_test(first: npt.ArrayLike, second: npt.ArrayLike) -> ClusterTest | NotComputable:
    """Is the mean of ``first - second`` (S,) another than 0? Not adjusted, two-sided.

    Refused below two clusters, and where all differences are equal: there is no spread to hold them
    against.
    """
    found = _differences(first, second)
    if isinstance(found, NotComputable):
        return found
    n = len(found)
    if float(np.ptp(found)) == 0.0:
        what = "the scores are equal" if found[0] == 0.0 else "the difference is the same"
        return NotComputable(f"{what} in all {n} supernets: no spread", float(found[0]), n)
    t = float(found.mean() / _error(found))
    p_value = 2.0 * float(stats.t.sf(abs(t), n - 1))
    return ClusterTest(p_value, t, sign_flip(found))


def sign_flip(differences: npt.ArrayLike) -> float | None:
    """Share of all 2^S signs whose mean (S,) is at least as far from 0; None for too many."""
    found = np.abs(np.asarray(differences, dtype=np.float64))
    n = len(found)
    if n > MOST_FLIPPED:
        return None
    seen = abs(float(np.sum(differences)))
    # Half of them: a sign for all turned round gives the same distance.
    signs = np.array(list(product((1.0, -1.0), repeat=n - 1))).reshape(-1, n - 1)
    sums = np.abs(found[0] + signs @ found[1:])
    return float((sums >= seen * (1.0 - 1e-12)).mean())


def cluster_equivalence(
    first: npt.ArrayLike, second: npt.ArrayLike, margin: float
) -> EquivalenceTest | NotComputable:
    """Two one-sided t tests: does the mean of ``first - second`` (S,) lie within the margin?

    Schuirmann, 1987. Raises ``StatisticsError`` if ``margin`` is not above 0.
    """
    check_positive(margin, "margin")
    found = _differences(first, second)
    if isinstance(found, NotComputable):
        return found
    n, mean, error = len(found), float(found.mean()), _error(found)
    if error == 0.0:
        # No spread to hold the margin against: as signs tell it, each cluster on the inner side.
        signs = 0.5**n
        below, above = (signs if inside else 1.0 for inside in (mean < margin, mean > -margin))
    else:
        below = float(stats.t.cdf((mean - margin) / error, n - 1))
        above = float(stats.t.sf((mean + margin) / error, n - 1))
    return EquivalenceTest(max(below, above), below, above)


def mean_shift(
    first: npt.ArrayLike, second: npt.ArrayLike, level: float = 0.95, what: str = "supernets"
) -> Estimate | NotComputable:
    """Mean of ``first - second`` (S,) with Student's t interval."""
    check_fraction(level, "level")
    found = _differences(first, second)
    if isinstance(found, NotComputable):
        return found
    n, mean = len(found), float(found.mean())
    if float(np.ptp(found)) == 0.0:
        return NotComputable(f"the difference is the same in all {n} {what}: no spread", mean, n)
    half = float(stats.t.ppf((1.0 + level) / 2.0, n - 1)) * _error(found)
    return Estimate(mean, mean - half, mean + half, n, level, SHIFT.format(what))


def intraclass(
    differences: npt.ArrayLike, clusters: npt.ArrayLike, level: float = 0.95
) -> Estimate | NotComputable:
    """Intraclass correlation of ``differences`` (blocks,) within ``clusters`` (blocks,).

    ICC(1) of a one-way analysis of variance with its F interval (McGraw and Wong, Psychological
    Methods 1, 1996), for as many blocks in each cluster. 0: seeds of one supernet are as good as
    other supernets; 1: they say the same thing again.
    """
    check_fraction(level, "level")
    found, of = np.asarray(differences, dtype=np.float64), np.asarray(clusters)
    names, counts = np.unique(of, return_counts=True)
    s, m = len(names), int(counts[0]) if len(counts) else 0
    if s < 2 or m < 2:
        return NotComputable("it needs two supernets with two seeds each", n=s)
    if (counts != m).any():
        return NotComputable("supernets have different numbers of complete seeds", n=s)
    table = np.stack([found[of == name] for name in names])
    within = float(table.var(axis=1, ddof=1).mean())
    between = m * float(table.mean(axis=1).var(ddof=1))
    if within <= 1e-24:
        return NotComputable("all seeds of a supernet agree: no spread", n=s)
    ratio = between / within
    degrees = s - 1, s * (m - 1)
    tail = (1.0 - level) / 2.0
    ends = (
        ratio / float(stats.f.isf(tail, *degrees)),
        ratio * float(stats.f.isf(tail, *degrees[::-1])),
    )
    value, low, high = ((f - 1.0) / (f + m - 1.0) for f in (ratio, *ends))
    return Estimate(value, low, high, s, level, "ICC(1) of paired differences, F interval")


def posterior(
    first: npt.ArrayLike, second: npt.ArrayLike, margin: float
) -> Posterior | NotComputable:
    """Where the true mean of ``first - second`` (n,) lies, under a flat prior on mean and log sd.

    Student's t around the mean seen (Benavoli, Corani, Demsar and Zaffalon, JMLR 18, 2017, section
    4.1, without the correction for overlapping folds, since units do not overlap). A second look
    beside the verdict, never the verdict.
    """
    check_positive(margin, "margin")
    found = _differences(first, second)
    if isinstance(found, NotComputable):
        return found
    if float(np.ptp(found)) == 0.0:
        return NotComputable("all differences are equal: they show no spread", n=len(found))
    around = stats.t(len(found) - 1, float(found.mean()), _error(found))
    better, worse = float(around.sf(margin)), float(around.cdf(-margin))
    return Posterior(better, 1.0 - better - worse, worse)


def _differences(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats | NotComputable:
    """``first - second`` (n,), rounding errors taken out; refused below two."""
    pair = columns(first, second)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    if len(a) < 2:
        return NotComputable(f"it needs 2 units, not {len(a)}", n=len(a))
    scale = scale_of(a, b)
    return settled(a - b, scale) * (scale or 1.0)


def _error(found: Floats) -> float:
    """Standard error of the mean (n,)."""
    return float(found.std(ddof=1)) / sqrt(len(found))
