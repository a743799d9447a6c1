"""Proxy quality: tau against scipy, top k and regret by enumeration of broken ties."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics.answers import Estimate, NotComputable, StatisticsError
from bench.statistics.bootstrap import resampled_indices
from bench.statistics.ranking import (
    kendall_tau,
    null_standard_error,
    seed_ceiling,
    tau_between,
    tau_beyond_seeds,
    tau_without_noise,
)
from bench.statistics.top_k import regret_at_k, top_k_precision

FEW = 100
levels = st.sampled_from([2, 4, 1000])


@settings(max_examples=50)
@given(st.integers(2, 25), levels, levels, st.integers(0, 10**6))
def test_tau_is_scipys(n: int, coarse: int, fine: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    proxy, final = rng.integers(0, coarse, n) / coarse, rng.integers(0, fine, n) / fine
    found = kendall_tau(proxy, final, np.random.default_rng(0), resamples=FEW)
    if np.ptp(proxy) == 0 or np.ptp(final) == 0:
        assert isinstance(found, NotComputable)
        assert found.value is None
        return
    assert found.value == pytest.approx(stats.kendalltau(proxy, final).statistic, abs=1e-9)
    if isinstance(found, Estimate):
        assert -1.0 <= found.low <= found.high <= 1.0


def test_interval_of_tau_is_that_of_scipys_on_resamples() -> None:
    rng = np.random.default_rng(0)
    proxy = rng.integers(0, 9, 20) / 9
    final = proxy + rng.normal(0, 0.3, 20)
    found = kendall_tau(proxy, final, np.random.default_rng(7), resamples=200)
    drawn = resampled_indices(20, np.random.default_rng(7), 200)
    draws = [stats.kendalltau(proxy[at], final[at]).statistic for at in drawn]
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=1e-9)


def test_null_standard_error() -> None:
    found = [null_standard_error(n) for n in (30, 50, 100)]
    assert [round(error, 3) for error in found] == [0.129, 0.098, 0.068]
    taus = [stats.kendalltau(range(5), order).statistic for order in permutations(range(5))]
    assert null_standard_error(5) == pytest.approx(np.std(taus), abs=1e-9)


def test_seed_ceiling_is_the_mean_over_pairs_of_seeds() -> None:
    final = np.random.default_rng(0).random((15, 1)) + np.random.default_rng(1).normal(
        0, 0.2, (15, 3)
    )
    found = seed_ceiling(final, np.random.default_rng(0), resamples=FEW)
    assert isinstance(found, Estimate)
    pairs = [(0, 1), (0, 2), (1, 2)]
    taus = [stats.kendalltau(final[:, i], final[:, j]).statistic for i, j in pairs]
    assert found.value == pytest.approx(np.mean(taus), abs=1e-9)
    assert found.low < found.value < found.high


def test_another_recipe_is_held_against_another_seed() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(15)
    first = {seed: truth + rng.normal(0, 0.2, 15) for seed in (0, 1)}
    second = {seed: truth + rng.normal(0, 0.4, 15) for seed in (1, 2)}
    # Seed 1 of both began with the same weights: that pair is left out.
    pairs = [(first[0], second[1]), (first[0], second[2]), (first[1], second[2])]
    wanted = np.mean([stats.kendalltau(*pair).statistic for pair in pairs])
    found = tau_between(first, second, np.random.default_rng(0))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(wanted, abs=1e-9)
    within = [stats.kendalltau(*recipe.values()).statistic for recipe in (first, second)]
    beyond = tau_beyond_seeds(first, second, np.random.default_rng(0))
    assert isinstance(beyond, Estimate)
    rhos = [math.sin(math.pi * tau / 2) for tau in within]
    alike = 2 / math.pi * math.asin(math.prod(rhos) ** 0.5)
    assert beyond.value == pytest.approx(wanted - alike, abs=1e-9)
    assert beyond.low < beyond.value < beyond.high
    # With one seed there is no telling the noise of seeds from the recipe.
    for few in ({0: first[0]}, second), (first, {2: second[2]}):
        refused = tau_beyond_seeds(*few, np.random.default_rng(0))
        assert isinstance(refused, NotComputable)
        assert "needs 2 seeds" in refused.reason
    alike = tau_between({0: first[0]}, {0: second[1]}, np.random.default_rng(0))
    assert isinstance(alike, NotComputable)
    assert "one seed starts both alike" in alike.reason
    nothing = tau_between({0: truth}, {1: np.zeros(15)}, np.random.default_rng(0))
    assert isinstance(nothing, NotComputable)
    assert "all final scores are equal" in nothing.reason


def test_the_noise_of_one_recipe_does_not_pass_for_the_other_recipe() -> None:
    rng, found = np.random.default_rng(1), []
    for _ in range(12):
        truth = rng.normal(0, 1, 60)
        quiet, noisy = (
            {seed: truth + rng.normal(0, noise, 60) for seed in (0, 1)} for noise in (0.2, 0.8)
        )
        found.append(tau_beyond_seeds(quiet, noisy, np.random.default_rng(0)).value)
    assert abs(np.mean(found)) < 0.04


def broken(proxy: np.ndarray, k: int) -> list[tuple[int, ...]]:
    """Every way to take the k best, once for each order of all architectures."""
    orders = permutations(range(len(proxy)))
    return [tuple(sorted(order, key=lambda i: -proxy[i])[:k]) for order in orders]


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=3, max_size=5),
    st.integers(1, 4),
)
def test_ties_are_broken_in_expectation(panel: list[tuple[int, int]], k: int) -> None:
    proxy, final = np.array(panel, dtype=float).T
    assume(k < len(panel) and np.ptp(proxy) > 0 and np.ptp(final) > 0)
    rng = np.random.default_rng(0)
    chosen, best = broken(proxy, k), broken(final, k)
    shared = np.mean([[len({*a} & {*b}) / k for a in chosen] for b in best])
    assert top_k_precision(proxy, final, k, rng).value == pytest.approx(shared, abs=1e-9)
    lost = np.mean([final.max() - final[list(taken)].max() for taken in chosen])
    assert regret_at_k(proxy, final, k, rng).value == pytest.approx(lost, abs=1e-9)


def test_intervals_of_the_top() -> None:
    rng = np.random.default_rng(0)
    final = rng.random(40)
    proxy = final + rng.normal(0, 0.3, 40)
    for statistic in (top_k_precision, regret_at_k):
        found = statistic(proxy, final, 5, np.random.default_rng(1), resamples=FEW)
        assert isinstance(found, Estimate)
        assert 0.0 <= found.low <= found.value <= found.high <= 1.0
        assert found == statistic(proxy, final, 5, np.random.default_rng(1), resamples=FEW)
    regrets = [regret_at_k(proxy, final, k, rng, resamples=FEW).value for k in (1, 5, 20, 39)]
    assert regrets == sorted(regrets, reverse=True)


def test_large_panels_with_many_ties() -> None:
    """Numbers of ways overflow floats here, their ratios do not."""
    rng = np.random.default_rng(0)
    proxy, final = rng.integers(0, 2, 3000).astype(float), rng.random(3000)
    found = regret_at_k(proxy, final, 1000, rng, resamples=10)
    assert found.value == pytest.approx(0.0, abs=0.01)


def test_a_perfect_proxy_has_a_value_and_no_interval() -> None:
    scores = np.arange(12.0)
    for found, value in [
        (kendall_tau(scores, scores, np.random.default_rng(0)), 1.0),
        (top_k_precision(scores, scores, 3, np.random.default_rng(0)), 1.0),
        (regret_at_k(scores, scores, 3, np.random.default_rng(0)), 0.0),
    ]:
        assert isinstance(found, NotComputable)
        assert found.value == pytest.approx(value, abs=1e-12)


def test_refusals() -> None:
    rng = np.random.default_rng(0)
    short, gap = [0.1, 0.2, 0.3], [0.1, None, 0.3]
    few = kendall_tau(short, [3, 1, 2], rng)
    assert isinstance(few, NotComputable)
    assert few.value == pytest.approx(-1 / 3)
    for found in (
        kendall_tau(short, gap, rng),
        kendall_tau([0.1], [0.2], rng),
        top_k_precision(short, [1, 1, 1], 1, rng),
        top_k_precision(short, [1, 2, 3], 3, rng),
        regret_at_k(short, [1, 2, 3], 7, rng),
        seed_ceiling([[0.1], [0.2]], rng),
        seed_ceiling([[0.1, 0.2], [0.1, 0.3]], rng),
        seed_ceiling(np.zeros((0, 2)), rng),
    ):
        assert isinstance(found, NotComputable)
        assert found.reason
    with pytest.raises(StatisticsError, match="k 0"):
        regret_at_k(short, [1, 2, 3], 0, rng)
    with pytest.raises(StatisticsError, match="n - 1"):
        null_standard_error(1)


def test_noise_of_seeds_is_taken_out_of_tau() -> None:
    """1,200 architectures whose finals are the proxy's normal scores with two noisy seeds."""
    rng = np.random.default_rng(5)
    truth = rng.normal(size=1200)
    proxy = 0.8 * truth + 0.6 * rng.normal(size=1200)
    finals = truth[:, None] + rng.normal(size=(1200, 2))
    seen = kendall_tau(proxy, finals.mean(axis=1), rng, resamples=FEW)
    free = tau_without_noise(seen, finals)
    assert isinstance(seen, Estimate)
    assert isinstance(free, Estimate)
    # rho .8 between proxy and truth; the mean of two such seeds is two thirds truth.
    expected, blurred = (2 / np.pi * np.arcsin(0.8 * share) for share in (1.0, (2 / 3) ** 0.5))
    assert seen.value == pytest.approx(blurred, abs=0.06)
    assert free.value == pytest.approx(expected, abs=0.06)
    assert free.low < free.value < free.high <= 1.0
    assert "reliability 0.6" in free.method or "reliability 0.7" in free.method


def test_noise_alone_has_nothing_to_be_freed_of() -> None:
    rng = np.random.default_rng(0)
    finals = rng.normal(size=(4, 2))
    finals -= finals.mean(axis=1, keepdims=True)
    tau = kendall_tau(np.arange(8.0), np.arange(8.0), rng, resamples=FEW)
    assert isinstance(tau_without_noise(tau, finals), NotComputable)
    assert isinstance(tau_without_noise(tau, finals[:, :1]), NotComputable)
    refusal = NotComputable("no")
    assert tau_without_noise(refusal, finals) is refusal
