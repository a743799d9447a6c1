"""Supernets as units: against scipy, by hand, and at the nominal rate where seeds are not."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from bench.statistics.answers import Estimate, NotComputable, StatisticsError
from bench.statistics.clusters import (
    ClusterTest,
    Posterior,
    cluster_equivalence,
    cluster_test,
    intraclass,
    mean_shift,
    posterior,
    sign_flip,
    units_of,
)
from bench.statistics.equivalence import EquivalenceTest
from bench.statistics.pairwise import compare_pairs
from bench.statistics.power import cluster_power

ALPHA = 0.05
A = np.array([0.71, 0.74, 0.69, 0.80, 0.77])
B = np.array([0.70, 0.70, 0.70, 0.75, 0.74])


def test_the_t_test_is_scipys() -> None:
    found = cluster_test(A, B)
    assert isinstance(found, ClusterTest)
    expected = stats.ttest_rel(A, B)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-12)
    assert found.t == pytest.approx(expected.statistic, abs=1e-9)
    shift = mean_shift(A, B)
    assert isinstance(shift, Estimate)
    low, high = expected.confidence_interval(0.95)
    assert (shift.low, shift.high) == pytest.approx((low, high), abs=1e-12)


def test_the_sign_flip_is_that_of_all_signs() -> None:
    for seed in range(20):
        differences = np.random.default_rng(seed).normal(0.3, 1.0, 6).round(1)
        sums = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=6)]
        share = np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12)
        assert sign_flip(differences) == pytest.approx(share, abs=1e-12)
    assert sign_flip(np.ones(6)) == 2 / 64
    assert sign_flip(np.ones(30)) is None


def test_equivalence_is_two_one_sided_t_tests() -> None:
    found = cluster_equivalence(A, B, 0.06)
    assert isinstance(found, EquivalenceTest)
    below = stats.ttest_1samp(A - B, 0.06, alternative="less").pvalue
    above = stats.ttest_1samp(A - B, -0.06, alternative="greater").pvalue
    assert (found.p_below, found.p_above) == pytest.approx((below, above), abs=1e-12)
    assert found.p_value == max(found.p_below, found.p_above)
    same = cluster_equivalence(A, A, 0.01)
    assert isinstance(same, EquivalenceTest)
    # Without spread there is no t: as if only the signs were known.
    assert same.p_value == 0.5 ** len(A)
    two = cluster_equivalence([0.51, 0.61], [0.5, 0.6], 0.02)
    assert isinstance(two, EquivalenceTest)
    assert two.p_value == 0.25


def test_the_posterior_is_a_t_around_the_mean() -> None:
    found = posterior(A, B, 0.01)
    assert isinstance(found, Posterior)
    around = stats.t(4, (A - B).mean(), (A - B).std(ddof=1) / 5**0.5)
    assert found.better == pytest.approx(1 - around.cdf(0.01), abs=1e-12)
    assert found.worse == pytest.approx(around.cdf(-0.01), abs=1e-12)
    assert found.better + found.equivalent + found.worse == pytest.approx(1.0, abs=1e-12)


def test_intraclass_correlation_by_hand() -> None:
    # Three supernets, two seeds: mean squares between 2 * var(1, 2, 6) = 14, within .5.
    values, of = [0.5, 1.5, 1.5, 2.5, 5.5, 6.5], ["a", "a", "b", "b", "c", "c"]
    found = intraclass(values, of)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx((14 - 0.5) / (14 + 0.5), abs=1e-12)
    low, high = (14 / 0.5 / stats.f.ppf(q, 2, 3) for q in (0.975, 0.025))
    assert found.low == pytest.approx((low - 1) / (low + 1), abs=1e-9)
    assert found.high == pytest.approx((high - 1) / (high + 1), abs=1e-9)


def test_refusals() -> None:
    for found, words in [
        (cluster_test([0.5], [0.4]), "2 units"),
        (cluster_test([0.5, 0.6], [0.4, 0.5]), "the difference is the same"),
        (cluster_test([0.5, 0.6], [0.5, 0.6]), "the scores are equal"),
        (mean_shift([0.5, 0.6], [0.4, 0.5]), "no spread"),
        (posterior([0.5, 0.6], [0.4, 0.5], 0.01), "no spread"),
        (intraclass([1.0, 2.0], ["a", "b"]), "two seeds each"),
        (intraclass([1.0, 2.0, 3.0], ["a", "a", "b"]), "different numbers"),
        (intraclass([1.0, 1.0, 2.0, 2.0], ["a", "a", "b", "b"]), "agree"),
    ]:
        assert isinstance(found, NotComputable)
        assert words in found.reason
    with pytest.raises(StatisticsError, match="margin"):
        cluster_equivalence(A, B, 0.0)
    with pytest.raises(StatisticsError, match="clusters"):
        units_of(np.ones((3, 2)), ["a"])


def test_units_are_the_means_of_supernets() -> None:
    scores = np.arange(12.0).reshape(6, 2)
    found = units_of(scores, ["x", "y", "x", "y", "x", "y"])
    np.testing.assert_allclose(found.scores, [scores[::2].mean(0), scores[1::2].mean(0)])
    alone = units_of(scores, ["x"] * 6)
    assert not alone.of_clusters
    assert alone.scores is scores


def simulated(
    rng: np.random.Generator, supernets: int, seeds: int, k: int, liking: float, shift: float = 0.0
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Scores (blocks, k): noise of sd 1, a supernet's level, and its ``liking`` for a searcher."""
    of = [f"supernet {i // seeds}" for i in range(supernets * seeds)]
    level = rng.normal(0.0, 2.0, (supernets, 1)) + rng.normal(0.0, liking, (supernets, k))
    found = np.repeat(level, seeds, axis=0) + rng.normal(0.0, 1.0, (supernets * seeds, k))
    found[:, 0] += shift
    return found, of


def rejections(
    studies: int, supernets: int, seeds: int, k: int, liking: float, shift: float = 0.0
) -> int:
    """Studies in which anything is called different."""
    rng = np.random.default_rng(2026)
    names, found = [f"searcher {i}" for i in range(k)], 0
    for _ in range(studies):
        scores, of = simulated(rng, supernets, seeds, k, liking, shift)
        pairs = compare_pairs(scores, names, np.random.default_rng(0), clusters=of, alpha=ALPHA)
        assert not isinstance(pairs, NotComputable)
        found += any(pair.verdict.word == "different" for pair in pairs)
    return found


@pytest.mark.parametrize("liking", [0.5, 1.0])
def test_a_supernets_liking_is_no_difference(liking: float) -> None:
    """Two equal searchers; as exchangeable runs they differ in .15 and .28 of such studies."""
    found = rejections(150, 4, 5, 2, liking)
    assert found <= stats.binom.ppf(0.9995, 150, ALPHA)


@pytest.mark.slow
@pytest.mark.parametrize(("supernets", "seeds"), [(4, 5), (8, 2)])
@pytest.mark.parametrize("liking", [0.5, 1.0])
def test_a_against_a_at_the_nominal_rate(supernets: int, seeds: int, liking: float) -> None:
    studies = 400
    single = rejections(studies, supernets, seeds, 2, liking)
    low, high = stats.binom.ppf([0.0005, 0.9995], studies, ALPHA)
    assert low <= single <= high
    assert rejections(studies, supernets, seeds, 6, liking) <= high


@pytest.mark.parametrize(
    ("supernets", "seeds", "power"), [(3, 7, 0.26), (5, 4, 0.57), (8, 2.5, 0.84)]
)
def test_power_at_about_twenty_runs(supernets: int, seeds: float, power: float) -> None:
    """A shift of two standard deviations; the liking spreads as much as the noise."""
    deviation = (2.0 * (1.0 + 1.0 / seeds)) ** 0.5
    assert cluster_power(2.0, deviation, supernets) == pytest.approx(power, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("supernets", "seeds", "power"), [(3, 7, 0.26), (5, 4, 0.57)])
def test_power_in_simulated_studies(supernets: int, seeds: int, power: float) -> None:
    found = rejections(400, supernets, seeds, 2, 1.0, shift=2.0)
    low, high = stats.binom.ppf([0.0005, 0.9995], 400, power)
    assert low <= found <= high
