"""Wilson's interval against scipy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from bench.statistics.answers import StatisticsError
from bench.statistics.proportions import wilson_interval


@given(st.integers(1, 5000), st.floats(0.0, 1.0), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_it_is_scipys(n: int, share: float, level: float) -> None:
    hits = round(share * n)
    found = wilson_interval(hits, n, level)
    expected = binomtest(hits, n).proportion_ci(level, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert (found.value, found.n, found.level) == (hits / n, n, level)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_refused(hits: int, n: int) -> None:
    with pytest.raises(StatisticsError, match=f"{hits} hits of {n}"):
        wilson_interval(hits, n)
