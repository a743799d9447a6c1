"""Effect sizes: by hand, by brute force, and as properties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.effects import hodges_lehmann, relative_improvement, superiority

FEW = 200
columns = st.integers(6, 14).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 9), min_size=n, max_size=n)] * 2)
)


def test_shift_by_hand() -> None:
    # Differences 1, 2, 6: means of two are 1, 1.5, 3.5, 2, 4, 6.
    found = hodges_lehmann([1, 2, 6], [0, 0, 0])
    assert isinstance(found, NotComputable)
    assert found.value == pytest.approx(2.75)
    assert "at least 6 blocks, not 3" in found.reason


@settings(max_examples=40)
@given(columns, st.integers(-5, 5))
def test_shift_moves_with_the_scores(pair: tuple[list[int], list[int]], by: int) -> None:
    a, b = (np.array(side, dtype=float) for side in pair)
    found, moved, back = hodges_lehmann(a, b), hodges_lehmann(a + by, b), hodges_lehmann(b, a)
    assert isinstance(found, Estimate)
    assert found.low <= found.value <= found.high
    assert found.level >= 0.95
    assert (moved.low, moved.value, moved.high) == pytest.approx(
        (found.low + by, found.value + by, found.high + by), abs=1e-9
    )
    assert (back.low, back.value, back.high) == pytest.approx(
        (-found.high, -found.value, -found.low), abs=1e-9
    )


def test_interval_holds_the_shifts_that_the_test_does_not_reject() -> None:
    a = np.random.default_rng(1).normal(0.3, 1.0, 15)
    found = hodges_lehmann(a, np.zeros(15))
    assert isinstance(found, Estimate)
    for shift in np.linspace(found.low - 0.5, found.high + 0.5, 41):
        kept = stats.wilcoxon(a - shift, method="exact").pvalue > 1 - found.level + 1e-12
        assert kept == (found.low < shift < found.high)


def test_shift_of_many_blocks() -> None:
    a = np.random.default_rng(3).normal(0.2, 1.0, 320)
    found = hodges_lehmann(a, np.zeros(320))
    assert isinstance(found, Estimate)
    # Close to the t interval of normal data, as the efficiency of 0.955 has it.
    expected = stats.t.interval(0.95, 319, a.mean(), stats.sem(a))
    assert (found.low, found.high) == pytest.approx(expected, abs=0.03)


def test_superiority_by_hand() -> None:
    # 3 against 1, 2, 4: two wins; 2: one win, one tie; 5: three wins. 6.5 of 9.
    found = superiority([3, 2, 5], [1, 2, 4], np.random.default_rng(0))
    assert isinstance(found, NotComputable)
    assert found.value == pytest.approx(6.5 / 9)


@settings(max_examples=40)
@given(columns)
def test_superiority_is_the_rank_sum_and_symmetric(pair: tuple[list[int], list[int]]) -> None:
    a, b = pair
    found = superiority(a, b, np.random.default_rng(0), resamples=FEW)
    other = superiority(b, a, np.random.default_rng(0), resamples=FEW)
    statistic = (
        stats.mannwhitneyu(a, b, method="asymptotic").statistic if a != b else len(a) ** 2 / 2
    )
    assert found.value == pytest.approx(statistic / len(a) ** 2, abs=1e-9)
    assert found.value + other.value == pytest.approx(1.0, abs=1e-12)
    if isinstance(found, Estimate):
        assert 0.0 <= found.low <= found.high <= 1.0
        assert isinstance(other, Estimate)
        assert (other.low, other.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-9)


def test_always_winning_has_no_interval() -> None:
    found = superiority(np.arange(8) + 10, np.arange(8), np.random.default_rng(0))
    assert isinstance(found, NotComputable)
    assert found.value == 1.0
    tied = superiority([1.0] * 8, [1.0] * 8, np.random.default_rng(0))
    assert isinstance(tied, NotComputable)
    assert tied.value == 0.5


def test_relative_improvement_by_hand() -> None:
    rng = np.random.default_rng(0)
    scores = [0.66, 0.60, 0.72, 0.66, 0.60, 0.72]
    found = relative_improvement(scores, [0.6] * 6, rng)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.1, abs=1e-12)
    assert 0.0 <= found.low < 0.1 < found.high <= 0.2 + 1e-12
    # Twice as good in every block: the ratio does not vary.
    twice = relative_improvement([0.4, 0.6, 0.8] * 2, [0.2, 0.3, 0.4] * 2, rng)
    assert isinstance(twice, NotComputable)
    assert twice.value == pytest.approx(1.0)


def test_relative_improvement_of_supernets_has_an_interval_by_t() -> None:
    gains = np.array([0.1, 0.2, 0.3])
    found = relative_improvement(
        0.5 * (1.0 + gains), [0.5] * 3, np.random.default_rng(0), of_clusters=True
    )
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.2)
    expected = stats.t.interval(0.95, 2, 0.2, stats.sem(gains))
    assert (found.low, found.high) == pytest.approx(expected)


def test_relative_improvement_over_nothing() -> None:
    found = relative_improvement(
        [0.5] * 6, [0.0, 0.1, 0.1, 0.1, 0.1, 0.1], np.random.default_rng(0)
    )
    assert isinstance(found, NotComputable)
    assert "no ratio" in found.reason


@pytest.mark.parametrize(
    "statistic",
    [
        lambda a, b: hodges_lehmann(a, b),
        lambda a, b: superiority(a, b, np.random.default_rng(0)),
        lambda a, b: relative_improvement(a, b, np.random.default_rng(0)),
    ],
)
def test_missing_and_too_few(
    statistic: Callable[[list[float | None], list[float]], Estimate | NotComputable],
) -> None:
    for a, b in [([], []), ([0.5], [0.4]), ([0.5, None] * 4, [0.4] * 8)]:
        found = statistic(a, b)
        assert isinstance(found, NotComputable)
        assert found.reason


def test_superiority_with_supernets_draws_whole_ones() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random(21), rng.random(21)
    of = [f"supernet {i // 3}" for i in range(21)]
    found = superiority(a, b, np.random.default_rng(0), clusters=of)
    assert isinstance(found, Estimate)
    wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    assert found.value == pytest.approx(wins.mean(), abs=1e-12)
    assert found.n == 7
    draws = []
    again = np.random.default_rng(0).integers(7, size=(2000, 7))
    for chosen in again:
        rows = np.concatenate([np.arange(3 * place, 3 * place + 3) for place in chosen])
        draws.append(wins[np.ix_(rows, rows)].mean())
    low, high = np.quantile(draws, (0.025, 0.975))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    few = superiority(a[:9], b[:9], rng, clusters=of[:9])
    assert isinstance(few, NotComputable)
    assert "6 supernets, not 3" in few.reason
