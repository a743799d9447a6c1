"""Slopes against numpy's, and their intervals against data whose slope is known."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.ranking import kendall_tau, tau_lead
from bench.statistics.slopes import slope


def test_a_slope_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, 30), rng.normal(size=30)
    found = slope(x, y, rng)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(np.polyfit(x, y, 1)[0])


def test_intervals_hold_the_slope_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 6, 60)
        found = slope(x, 0.3 * x + rng.normal(size=60), rng, resamples=300)
        assert isinstance(found, Estimate)
        held += found.low <= 0.3 <= found.high
    assert 0.88 <= held / 200 <= 0.99


def test_what_has_no_slope_says_so() -> None:
    rng = np.random.default_rng(0)
    for x, y in (([1, 1, 1], [1, 2, 3]), ([1], [1])):
        found = slope(x, y, rng)
        assert isinstance(found, NotComputable)
        assert found.value is None
    few = slope([1, 2, 3], [2, 4, 6], rng)
    assert isinstance(few, NotComputable)
    assert few.value == pytest.approx(2.0)


def test_a_lead_is_the_difference_of_two_taus_on_the_same_resamples() -> None:
    rng = np.random.default_rng(1)
    final = rng.normal(size=40)
    good, bad = final + 0.3 * rng.normal(size=40), rng.normal(size=40)
    found = tau_lead(good, bad, final, np.random.default_rng(0))
    assert isinstance(found, Estimate)
    taus = [kendall_tau(each, final, rng).value for each in (good, bad)]
    assert taus[0] is not None
    assert taus[1] is not None
    assert found.value == pytest.approx(taus[0] - taus[1])
    assert found.low > 0.0
    # Against itself there is nothing to resample.
    same = tau_lead(good, good, final, rng)
    assert isinstance(same, NotComputable)
    assert same.value == 0.0
