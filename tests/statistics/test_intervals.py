"""Intervals against scipy, and refusals that keep the value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics.answers import Estimate, NotComputable, StatisticsError
from bench.statistics.bootstrap import (
    bootstrap_centres,
    centre_of,
    resampled_counts,
    smallest_sample,
)
from bench.statistics.intervals import (
    centre_interval,
    deviation_interval,
    mean_interval,
    unpaired_difference,
)

SCORES = np.array([0.71, 0.74, 0.69, 0.80, 0.77, 0.72, 0.75, 0.70])


def test_mean_is_scipys_t_interval() -> None:
    found = mean_interval(SCORES, 0.9)
    low, high = stats.t.interval(0.9, 7, SCORES.mean(), stats.sem(SCORES))
    assert isinstance(found, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx(
        (SCORES.mean(), low, high), abs=1e-9
    )
    assert (found.n, found.level) == (8, 0.9)


def test_two_blocks_give_the_wide_interval_they_deserve() -> None:
    found = mean_interval([0.0, 1.0])
    assert isinstance(found, Estimate)
    # t(0.975, 1) = tan(0.475 pi), standard error 0.5.
    assert found.high - 0.5 == pytest.approx(np.tan(0.475 * np.pi) / 2, abs=1e-9)


def test_deviation_by_hand() -> None:
    found = deviation_interval([1.0, 2.0, 3.0])
    assert isinstance(found, Estimate)
    # chi-squared with 2 degrees has the quantile -2 ln(1 - p).
    assert found.value == pytest.approx(1.0, abs=1e-12)
    assert found.low == pytest.approx((2 / (-2 * np.log(0.025))) ** 0.5, abs=1e-9)
    assert found.high == pytest.approx((2 / (-2 * np.log(0.975))) ** 0.5, abs=1e-9)


@settings(max_examples=50)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_centres_are_scipys(values: list[float]) -> None:
    found = np.array(values)
    assert centre_of(found, "median") == pytest.approx(np.median(found), abs=1e-9)
    assert centre_of(found, "iqm") == pytest.approx(stats.trim_mean(found, 0.25), abs=1e-9)


def test_bootstrap_is_scipys_percentile_interval() -> None:
    # Other draws, so within the error of many resamples.
    expected = stats.bootstrap(
        (SCORES,), np.median, n_resamples=20000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    found = centre_interval("median", SCORES, np.random.default_rng(2), resamples=20000)
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.011)
    assert found.value == pytest.approx(0.73, abs=1e-9)


def test_same_generator_same_interval_and_order_does_not_matter_to_the_value() -> None:
    first = centre_interval("iqm", SCORES, np.random.default_rng(3))
    assert first == centre_interval("iqm", SCORES, np.random.default_rng(3))
    assert first != centre_interval("iqm", SCORES, np.random.default_rng(4))
    shuffled = centre_interval("iqm", SCORES[::-1], np.random.default_rng(3))
    assert shuffled.value == pytest.approx(first.value, abs=1e-12)


def test_columns_of_a_resample_belong_together() -> None:
    values = np.arange(12.0).reshape(6, 2)
    draws = bootstrap_centres(values, "median", np.random.default_rng(0), 200)
    assert draws.shape == (200, 2)
    assert (draws[:, 1] - draws[:, 0] == 1.0).all()
    counts = resampled_counts(6, np.random.default_rng(0), 50)
    assert (counts.sum(axis=1) == 6).all()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(5).random((9, 4))
    whole = bootstrap_centres(values, "iqm", np.random.default_rng(0), 100)
    monkeypatch.setattr("bench.statistics.bootstrap.CHUNK", 100)
    assert (bootstrap_centres(values, "iqm", np.random.default_rng(0), 100) == whole).all()


@pytest.mark.parametrize(("level", "needed"), [(0.5, 2), (0.75, 3), (0.9, 5), (0.95, 6), (0.99, 8)])
def test_smallest_sample(level: float, needed: int) -> None:
    assert smallest_sample(level) == needed
    assert 1 - 2.0 ** (1 - needed) >= level


def test_refusals_say_why_and_keep_the_value() -> None:
    rng = np.random.default_rng(0)
    for found, value, words in [
        (mean_interval([]), None, "at least 2 blocks, not 0"),
        (mean_interval([0.4]), 0.4, "at least 2 blocks, not 1"),
        (mean_interval([0.4] * 7), 0.4, "all 7 scores are equal"),
        (centre_interval("median", [0.1, 0.2, 0.4], rng), 0.2, "at least 6 blocks, not 3"),
        (centre_interval("iqm", [0.1] * 9, rng), 0.1, "all 9 scores are equal"),
        (centre_interval("median", [], rng), None, "not 0"),
        (deviation_interval([0.4]), None, "not 1"),
        (mean_interval([0.1, None, 0.3, np.nan]), None, "2 of 4 scores are missing"),
        (mean_interval([0.1, np.inf]), None, "1 of 2 scores are missing or not finite"),
    ]:
        assert isinstance(found, NotComputable)
        assert found.value == (value if value is None else pytest.approx(value))
        assert words in found.reason


def test_arguments_without_sense_are_errors() -> None:
    with pytest.raises(StatisticsError, match=r"level 95"):
        mean_interval(SCORES, 95)
    with pytest.raises(StatisticsError, match="one axis"):
        mean_interval(SCORES.reshape(2, 4))
    with pytest.raises(StatisticsError, match="resamples 0"):
        centre_interval("median", SCORES, np.random.default_rng(0), resamples=0)
    with pytest.raises(StatisticsError, match="expected numbers"):
        mean_interval(["a", "b"])


def test_a_difference_of_unpaired_means_is_welchs() -> None:
    first, second = [0.61, 0.64, 0.66, 0.7], [0.5, 0.58, 0.63]
    found = unpaired_difference(first, second)
    assert isinstance(found, Estimate)
    # By hand: Welch and Satterthwaite.
    a, b = np.array(first), np.array(second)
    va, vb = a.var(ddof=1) / 4, b.var(ddof=1) / 3
    degrees = (va + vb) ** 2 / (va**2 / 3 + vb**2 / 2)
    half = stats.t.ppf(0.975, degrees) * (va + vb) ** 0.5
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half))
    assert found.n == 3


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [([0.5], [0.4, 0.6], "two of each"), ([0.5] * 2, [0.4] * 2, "spread")],
)
def test_no_difference_without_two_of_each_that_differ(first, second, why) -> None:
    found = unpaired_difference(first, second)
    assert isinstance(found, NotComputable)
    assert why in found.reason
