"""How well a proxy score ranks architectures by their final score: Kendall's tau.

The panel is a sample of architectures (n,), each with a proxy score and a final score, which is the
mean over the seeds of stand-alone training: bootstrapping architectures takes their seeds along
(Davison and Hinkley, Bootstrap Methods, 1997, section 3.8, resample the clusters and not within).
Kendall, Rank Correlation Methods, 1948 (tau-b, and its error under the null hypothesis).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt

from bench.statistics.answers import (
    Estimate,
    Floats,
    NotComputable,
    check_count,
    columns,
    matrix,
)
from bench.statistics.bootstrap import RESAMPLES, resampled_estimate

BOOTSTRAP = "percentile bootstrap over architectures"
#: Scores (n,) of the same architectures, two by two.
Pairs = list[tuple[Floats, Floats]]
#: Seed of training -> scores (n,).
BySeed = Mapping[int, npt.ArrayLike]


def kendall_tau(
    proxy: npt.ArrayLike,
    final: npt.ArrayLike,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate | NotComputable:
    """Kendall's tau-b of two scores (n,), with a percentile bootstrap over architectures."""
    pair = panel(proxy, final)
    if isinstance(pair, NotComputable):
        return pair
    return _tau_interval([pair], rng, level, resamples, "Kendall's tau-b")


def tau_lead(
    proxy: npt.ArrayLike,
    rival: npt.ArrayLike,
    final: npt.ArrayLike,
    rng: np.random.Generator,
    level: float = 0.95,
) -> Estimate | NotComputable:
    """Tau-b of ``proxy`` with ``final`` minus that of ``rival`` (n,), on the same resamples."""
    for pair in (panel(proxy, final), panel(rival, final)):
        if isinstance(pair, NotComputable):
            return pair
    a, b, z = (np.asarray(column, dtype=np.float64) for column in (proxy, rival, final))

    def lead(counts: Floats) -> Floats:
        return _tau(a, z, counts) - _tau(b, z, counts)

    name = f"difference of two tau-b, {BOOTSTRAP}"
    return resampled_estimate(lead, len(z), rng, name, level)


def seed_ceiling(
    final: npt.ArrayLike, rng: np.random.Generator, level: float = 0.95, resamples: int = RESAMPLES
) -> Estimate | NotComputable:
    """Mean tau-b between the seeds of stand-alone training: no proxy can be asked for more.

    ``final`` is (architectures, seeds), at least two seeds; the bootstrap is over architectures.
    """
    pairs = _within(final)
    if isinstance(pairs, NotComputable):
        return pairs
    return _tau_interval(pairs, rng, level, resamples, "mean tau-b between seeds")


def tau_between(
    first: BySeed, second: BySeed, rng: np.random.Generator, level: float = 0.95
) -> Estimate | NotComputable:
    """Mean tau-b between a training by one recipe and one by another: seed -> scores (n,).

    Of single trainings with different seeds, as ``seed_ceiling`` is: one seed would give both the
    same first weights and the same order of words.
    """
    pairs = _across(first, second)
    if isinstance(pairs, NotComputable):
        return pairs
    return _tau_interval(pairs, rng, level, RESAMPLES, "mean tau-b between recipes")


def tau_beyond_seeds(
    first: BySeed, second: BySeed, rng: np.random.Generator, level: float = 0.95
) -> Estimate | NotComputable:
    """``tau_between`` minus what it would be if both recipes ranked alike but for their seeds.

    That is Spearman's attenuation: the geometric mean of the two correlations between seeds, each
    rho = sin(pi tau / 2) of a ``seed_ceiling`` (Greiner, 1909), as a tau; on the same resamples.
    Both need two seeds: the noise of the one would pass for a difference between recipes.
    """
    across = _across(first, second)
    if isinstance(across, NotComputable):
        return across
    own = _within(np.transpose(list(first.values())))
    if isinstance(own, NotComputable):
        return own
    other = _within(np.transpose(list(second.values())))
    if isinstance(other, NotComputable):
        return other

    def beyond(counts: Floats) -> Floats:
        own_rho, other_rho = (
            np.sin(np.pi * _mean_tau(pairs, counts) / 2.0).clip(0.0) for pairs in (own, other)
        )
        expected = 2.0 / np.pi * np.arcsin(np.sqrt(own_rho * other_rho))
        return np.asarray(_mean_tau(across, counts) - expected)

    name = f"difference of mean tau-b, {BOOTSTRAP}"
    return resampled_estimate(beyond, len(across[0][0]), rng, name, level)


def partial_tau(
    first: npt.ArrayLike, second: npt.ArrayLike, given: npt.ArrayLike, rng: np.random.Generator
) -> Estimate | NotComputable:
    """Kendall's partial tau-b of ``first`` and ``second`` (n,), ``given`` (n,) a third column.

    (t12 - t13 t23) / sqrt((1 - t13^2)(1 - t23^2)) (Kendall, Biometrika 32, 1942), with a percentile
    bootstrap over architectures.
    """
    for pair in (panel(first, second), panel(first, given)):
        if isinstance(pair, NotComputable):
            return pair
    a, b, z = (np.asarray(column, dtype=np.float64) for column in (first, second, given))

    def partial(counts: Floats) -> Floats:
        t12, t13, t23 = (_tau(x, y, counts) for x, y in ((a, b), (a, z), (b, z)))
        scale = np.sqrt((1.0 - t13**2) * (1.0 - t23**2))
        whole = np.isfinite(scale) & (scale > 1e-9)
        return np.divide(t12 - t13 * t23, scale, out=np.full_like(scale, np.nan), where=whole)

    if not np.isfinite(partial(np.ones((1, len(a))))[0]):
        return NotComputable("the third column ranks as one of the others does", n=len(a))
    name = f"Kendall's partial tau-b, {BOOTSTRAP}"
    return resampled_estimate(partial, len(a), rng, name)


def tau_without_noise(
    tau: Estimate | NotComputable, finals: npt.ArrayLike
) -> Estimate | NotComputable:
    """What ``tau`` would be with finals free of the noise of seeds (architectures, seeds).

    Spearman's correction for attenuation on the correlation that belongs to a tau of normal scores,
    rho = sin(pi tau / 2) (Greiner, 1909), by the reliability of a mean of m seeds: 1 - (mean square
    within) / (mean square between architectures). The reliability's own error is not in the
    interval.
    """
    if isinstance(tau, NotComputable):
        return tau
    found = matrix(finals)
    if isinstance(found, NotComputable):
        return found
    n, m = found.shape
    if n < 2 or m < 2:
        return NotComputable("noise of seeds needs 2 architectures with 2 seeds each", n=n)
    between = m * float(found.mean(axis=1).var(ddof=1))
    reliability = 1.0 - float(found.var(axis=1, ddof=1).mean()) / between if between else 0.0
    if reliability <= 0.0:
        return NotComputable("the finals differ by no more than their seeds do", tau.value, n)

    def freed(value: float) -> float:
        rho = np.sin(np.pi * value / 2.0) / reliability**0.5
        return float(2.0 / np.pi * np.arcsin(np.clip(rho, -1.0, 1.0)))

    method = f"{tau.method}, corrected for seeds of reliability {reliability:.2f}"
    return Estimate(freed(tau.value), freed(tau.low), freed(tau.high), tau.n, tau.level, method)


def null_standard_error(n: int) -> float:
    """Standard error of tau over ``n`` architectures without ties, if the proxy says nothing.

    sqrt(2 (2n + 5) / (9 n (n - 1))): 0.129 for 30, 0.098 for 50, 0.068 for 100.
    """
    check_count(n - 1, "n - 1")
    return float((2.0 * (2 * n + 5) / (9.0 * n * (n - 1))) ** 0.5)


def panel(proxy: npt.ArrayLike, final: npt.ArrayLike) -> tuple[Floats, Floats] | NotComputable:
    """Both scores (n,) of at least two architectures, neither of them constant."""
    pair = columns(proxy, final)
    if isinstance(pair, NotComputable):
        return pair
    n = len(pair[0])
    if n < 2:
        return NotComputable(f"a ranking needs 2 architectures, not {n}", n=n)
    for name, side in zip(("proxy", "final"), pair, strict=True):
        if np.ptp(side) == 0.0:
            return NotComputable(f"all {n} {name} scores are equal: they rank nothing", n=n)
    return pair


def _within(final: npt.ArrayLike) -> Pairs | NotComputable:
    """The pairs of seeds of ``final`` (architectures, seeds)."""
    found = matrix(final)
    if isinstance(found, NotComputable):
        return found
    if found.shape[1] < 2:
        return NotComputable(f"a ceiling needs 2 seeds, not {found.shape[1]}", n=len(found))
    return _ranking([(found[:, i], found[:, j]) for i, j in combinations(range(found.shape[1]), 2)])


def _across(first: BySeed, second: BySeed) -> Pairs | NotComputable:
    """The pairs of a seed of ``first`` and another of ``second``."""
    pairs = []
    for i, j in ((i, j) for i in first for j in second if i != j):
        pair = columns(first[i], second[j])
        if isinstance(pair, NotComputable):
            return pair
        pairs.append(pair)
    if not pairs:
        return NotComputable("no two trainings of different seeds: one seed starts both alike")
    return _ranking(pairs)


def _ranking(pairs: Pairs) -> Pairs | NotComputable:
    """``pairs``, unless one of their sides ranks nothing."""
    for pair in pairs:
        if min(float(np.ptp(side)) if len(side) else 0.0 for side in pair) == 0.0:
            reason = "with one seed all final scores are equal"
            return NotComputable(reason, n=len(pair[0]))
    return pairs


def _tau_interval(
    pairs: Pairs,
    rng: np.random.Generator,
    level: float,
    resamples: int,
    name: str,
) -> Estimate | NotComputable:

    def mean(counts: Floats) -> Floats:
        return _mean_tau(pairs, counts)

    whole = f"{name}, {BOOTSTRAP}"
    return resampled_estimate(mean, len(pairs[0][0]), rng, whole, level, resamples)


def _mean_tau(pairs: Pairs, counts: Floats) -> Floats:
    return np.asarray(np.mean([_tau(a, b, counts) for a, b in pairs], axis=0))


def _tau(a: Floats, b: Floats, counts: Floats) -> Floats:
    """Tau-b of resamples in which architecture i is counts[r, i] times, (resamples,).

    NaN where all of a resample is tied; copies of one architecture are tied in both scores.
    """
    first, second = np.sign(a[:, None] - a), np.sign(b[:, None] - b)

    def weighted(signs: Floats) -> Floats:
        return np.asarray(np.einsum("ri,ri->r", counts @ signs, counts))

    agreement = weighted(first * second)
    scale = np.sqrt(weighted(np.abs(first)) * weighted(np.abs(second)))
    return np.divide(agreement, scale, out=np.full_like(agreement, np.nan), where=scale > 0.0)
