"""Power: the numbers of the protocol, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.answers import NotComputable, StatisticsError
from bench.statistics.power import (
    DetectableEffect,
    detectable_effect,
    paired_power,
    required_blocks,
)
from bench.statistics.signed_rank import rank_distribution

ALPHA = 0.0125
#: Differences of scores with standard deviation 1 that correlate with 0.7.
SPREAD = 0.6**0.5


def test_numbers_of_the_protocol() -> None:
    """Effect of 0.8 standard deviations, four comparisons. The protocol rounds from simulations."""
    paired = [paired_power(0.8, SPREAD, n, ALPHA) for n in (10, 20, 30)]
    assert paired == pytest.approx([0.48, 0.95, 1.00], abs=0.03)


@pytest.mark.parametrize(
    ("n", "effect"), [(8, 0.8), (8, 1.5), (10, 0.8 / SPREAD), (15, 0.8), (30, 0.5)]
)
def test_paired_power_by_simulation(n: int, effect: float) -> None:
    differences = np.random.default_rng(n).normal(effect, 1.0, (4000, n))
    ranks = stats.rankdata(np.abs(differences), axis=1)
    positive = (ranks * (differences > 0)).sum(axis=1).astype(int)
    smaller = np.minimum(positive, n * (n + 1) // 2 - positive)
    p_values = 2.0 * np.cumsum(rank_distribution(n))[smaller]
    # The error of 4,000 studies, four times over, and that of the formula.
    assert paired_power(effect, 1.0, n, ALPHA) == pytest.approx(
        (p_values <= ALPHA).mean(), abs=0.02 + 4 * 0.5 / 4000**0.5 / 2
    )


def test_power_rises_from_alpha_with_effect() -> None:
    powers = [paired_power(effect, 1.0, 12, 0.05) for effect in (0.0, 0.2, 0.5, 1.0, 5.0, 1e6)]
    assert powers == sorted(powers)
    assert powers[0] <= 0.05
    assert powers[-1] == 1.0
    assert paired_power(-0.5, 1.0, 12) == paired_power(0.5, 1.0, 12)
    assert paired_power(10.0, 1.0, 7, ALPHA) == 0.0  # nothing can be rejected


@pytest.mark.parametrize("clusters", [2, 3, 4, 6])
@pytest.mark.parametrize("comparisons", [1, 6, 15])
def test_few_clusters_find_what_is_said_with_the_power_that_is_said(
    clusters: int, comparisons: int
) -> None:
    """Against the definition: a normal mean over the root of an independent chi squared."""
    alpha = 0.05 / comparisons
    found = detectable_effect(1.0, clusters, alpha, of_clusters=True)
    assert isinstance(found, DetectableEffect)
    degrees = clusters - 1
    nodes, weights = np.polynomial.legendre.leggauss(400)
    deviation = np.sqrt(stats.chi2.ppf((nodes + 1.0) / 2.0, degrees) / degrees)
    mean = found.effect * clusters**0.5
    threshold = stats.t.isf(alpha / 2.0, degrees) * deviation
    rejected = stats.norm.sf(threshold - mean) + stats.norm.cdf(-threshold - mean)
    assert float(weights @ rejected) / 2.0 == pytest.approx(0.8, abs=0.005)


def test_detectable_effect_has_the_power_it_says() -> None:
    found = detectable_effect(0.02, 20, ALPHA)
    assert isinstance(found, DetectableEffect)
    assert paired_power(found.effect, 0.02, 20, ALPHA) == pytest.approx(0.8, abs=1e-6)
    more = detectable_effect(0.02, 40, ALPHA)
    assert isinstance(more, DetectableEffect)
    assert more.effect < found.effect


def test_the_fewest_blocks_find_large_effects_only() -> None:
    found = detectable_effect(1.0, 6, 0.05)
    assert isinstance(found, DetectableEffect)
    # All six differences must have one sign.
    assert stats.norm.cdf(found.effect) ** 6 == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(("effect", "power"), [(3.0, 0.8), (0.8, 0.8), (0.3, 0.9), (0.05, 0.8)])
def test_required_blocks_are_enough_and_one_less_is_not(effect: float, power: float) -> None:
    n = required_blocks(effect, 1.0, ALPHA, power)
    assert isinstance(n, int)
    assert paired_power(effect, 1.0, n, ALPHA) >= power
    assert n == 8 or paired_power(effect, 1.0, n - 1, ALPHA) < power


def test_refusals() -> None:
    for found in (
        detectable_effect(0.0, 20),
        detectable_effect(0.1, 5),
        required_blocks(0.1, 0.0),
        required_blocks(1e-6, 1.0),
    ):
        assert isinstance(found, NotComputable)
    for effect, spread, alpha, power in [
        (0.0, 1.0, 0.05, 0.8),
        (1.0, -1.0, 0.05, 0.8),
        (1.0, np.nan, 0.05, 0.8),
        (1.0, 1.0, 5.0, 0.8),
        (1.0, 1.0, 0.05, 80),
    ]:
        with pytest.raises(StatisticsError):
            required_blocks(effect, spread, alpha, power)
