"""The signed-rank test, equivalence and the shift: exact, also with ties and zeros."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics.answers import Estimate, NotComputable, StatisticsError
from bench.statistics.effects import hodges_lehmann
from bench.statistics.equivalence import EquivalenceTest, equivalence_test
from bench.statistics.paired import PairedTest, correlation, signed_rank_test, smallest_n
from bench.statistics.signed_rank import attainable_level, rank_distribution, signed_ranks

# Hollander, Wolfe, Chicken, table 3.1: depression scale before and after; V = 40, p = 0.0391,
# shift 0.46, interval of 96.1 % from 0.010 to 0.786.
BEFORE = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
AFTER = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])

halves = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


def test_textbook_case() -> None:
    found = signed_rank_test(BEFORE, AFTER)
    assert isinstance(found, PairedTest)
    assert (found.positive_ranks, found.zeros, found.exact) == (40.0, 0, True)
    assert found.p_value == pytest.approx(0.0390625, abs=1e-12)
    shift = hodges_lehmann(BEFORE, AFTER)
    assert isinstance(shift, Estimate)
    assert (shift.value, shift.low, shift.high) == pytest.approx((0.46, 0.010, 0.786), abs=1e-9)
    assert shift.level == pytest.approx(1 - 0.0390625, abs=1e-12)


@pytest.mark.parametrize("n", [6, 9, 17, 40])
def test_untied_is_scipys_exact_test(n: int) -> None:
    a, b = np.random.default_rng(n).normal(0.2, 1.0, (2, n))
    expected = stats.wilcoxon(a, b, method="exact").pvalue
    assert signed_rank_test(a, b).p_value == pytest.approx(expected, abs=1e-9)


def test_many_blocks_are_scipys_normal_test() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, (2, 400)) / 10
    a += 0.05 * (rng.random(400) < 0.1)
    differences = np.round(a - b, 12)  # scipy takes rounding errors for differences
    expected = stats.wilcoxon(differences, zero_method="pratt", method="asymptotic").pvalue
    found = signed_rank_test(a, b)
    assert found.p_value == pytest.approx(expected, abs=1e-9)
    assert (found.exact, found.zeros) == (False, (differences == 0).sum())


@settings(max_examples=60)
@given(halves)
def test_ties_and_zeros_by_enumeration(differences: list[int]) -> None:
    """Pratt: rank all, drop zeros, then give every sign to every remaining rank."""
    found = signed_ranks(np.array(differences, dtype=float), 1.0)
    ranks = stats.rankdata(np.abs(differences))
    left = [(rank, value > 0) for rank, value in zip(ranks, differences, strict=True) if value]
    positive = sum(rank for rank, up in left if up)
    sums = [
        sum(rank for (rank, _), up in zip(left, signs, strict=True) if up)
        for signs in product([False, True], repeat=len(left))
    ]
    assert found.positive == positive
    assert found.at_least == pytest.approx(np.mean(np.array(sums) >= positive), abs=1e-12)
    assert found.at_most == pytest.approx(np.mean(np.array(sums) <= positive), abs=1e-12)
    assert found.zeros == differences.count(0)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=6, max_size=20))
def test_symmetric_and_blind_to_order(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs).T / 100
    found = signed_rank_test(a, b)
    for other in (signed_rank_test(b, a), signed_rank_test(a[::-1], b[::-1])):
        if isinstance(found, NotComputable):
            assert other == found
        else:
            assert other.p_value == pytest.approx(found.p_value, abs=1e-12)
    if isinstance(found, NotComputable):
        assert (a == b).all()
        return
    assert 0 < found.p_value <= 1
    assert found.zeros == (a == b).sum()


def test_rounding_errors_are_no_differences() -> None:
    """0.81 - 0.80 and 0.53 - 0.52 tie, and 0.1 + 0.2 equals 0.3."""
    a = [0.81, 0.53, 0.30, 0.90, 0.71, 0.66]
    b = [0.80, 0.52, 0.1 + 0.2, 0.88, 0.72, 0.60]
    whole = [81, 53, 30, 90, 71, 66], [80, 52, 30, 88, 72, 60]
    assert signed_rank_test(a, b) == signed_rank_test(*whole)
    assert signed_rank_test(a, b).zeros == 1


def test_fewest_blocks_are_those_of_the_protocol() -> None:
    assert [smallest_n(m) for m in (1, 4, 10)] == [6, 8, 9]
    rising = np.arange(8.0)
    assert signed_rank_test(rising + 1, np.zeros(8), 4).p_value == pytest.approx(2 / 256)
    refused = signed_rank_test(rising[:7] + 1, np.zeros(7), 4)
    assert isinstance(refused, NotComputable)
    assert "7 paired blocks" in refused.reason
    assert "0.0125; at least 8" in refused.reason


def test_attainable_level() -> None:
    for n in (8, 9, 12, 25):
        level = attainable_level(n, 0.0125)
        below = np.cumsum(rank_distribution(n)) * 2
        assert level <= 0.0125 < below[np.searchsorted(below, level, side="right")]
    assert attainable_level(7, 0.0125) == 0.0
    assert attainable_level(8, 2.0**-7) == 2.0**-7
    assert rank_distribution(12).sum() == pytest.approx(1.0, abs=1e-12)


def test_what_the_paired_test_refuses() -> None:
    equal = signed_rank_test([0.5] * 9, [0.5] * 9)
    assert isinstance(equal, NotComputable)
    assert "equal in all 9 blocks" in equal.reason
    gap = signed_rank_test([0.5, np.nan] * 4, [0.4] * 8)
    assert isinstance(gap, NotComputable)
    assert isinstance(signed_rank_test([], []), NotComputable)
    with pytest.raises(StatisticsError, match="columns of 3 and 2"):
        signed_rank_test([1, 2, 3], [1, 2])
    with pytest.raises(StatisticsError, match="comparisons 0"):
        signed_rank_test([1, 2], [1, 2], comparisons=0)


def test_constant_shift_is_a_difference() -> None:
    found = signed_rank_test(np.full(8, 0.6), np.full(8, 0.5))
    assert found.p_value == pytest.approx(2 / 256, abs=1e-12)


# ---- equivalence -----------------------------------------------------------------------------


def test_equivalence_is_two_shifted_tests_of_scipy() -> None:
    a, b = np.random.default_rng(8).normal(0.0, 1.0, (2, 12))
    found = equivalence_test(a, b, 0.9)
    assert isinstance(found, EquivalenceTest)
    below = stats.wilcoxon(a - b - 0.9, alternative="less", method="exact").pvalue
    above = stats.wilcoxon(a - b + 0.9, alternative="greater", method="exact").pvalue
    assert (found.p_below, found.p_above) == pytest.approx((below, above), abs=1e-9)
    assert found.p_value == max(found.p_below, found.p_above)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(5, 15), st.floats(0.05, 2.0))
def test_equivalence_is_the_interval_within_the_margin(seed: int, n: int, margin: float) -> None:
    a, b = np.random.default_rng(seed).normal(0.0, 1.0, (2, n))
    shift = hodges_lehmann(a, b, 0.9)
    assert isinstance(shift, Estimate)
    within = -margin < shift.low and shift.high < margin
    assert (equivalence_test(a, b, margin).p_value <= 0.05) == within


def test_equal_in_all_blocks_is_equivalent() -> None:
    found = equivalence_test([0.5] * 8, [0.5] * 8, 0.01)
    assert found.p_value == pytest.approx(2.0**-8, abs=1e-12)


def test_a_wider_margin_is_easier_and_a_shift_at_the_margin_is_not_equivalent() -> None:
    a, b = np.random.default_rng(2).normal(0.0, 1.0, (2, 15))
    p_values = [equivalence_test(a, b, margin).p_value for margin in (0.1, 0.5, 1.0, 3.0)]
    assert p_values == sorted(p_values, reverse=True)
    assert equivalence_test([0.6] * 10, [0.5] * 10, 0.1).p_value == 1.0


def test_what_equivalence_refuses() -> None:
    assert isinstance(equivalence_test([1.0] * 4, [1.0] * 4, 0.1), NotComputable)
    assert isinstance(equivalence_test([1.0] * 5, [1.0] * 5, 0.1), EquivalenceTest)
    assert isinstance(equivalence_test([1.0] * 6, [1.0] * 6, 0.1, comparisons=4), NotComputable)
    for margin in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(StatisticsError, match="margin"):
            equivalence_test(BEFORE, AFTER, margin)


# ---- correlation -----------------------------------------------------------------------------


def test_correlation_is_scipys() -> None:
    found = correlation(BEFORE, AFTER)
    expected = stats.pearsonr(BEFORE, AFTER)
    interval = expected.confidence_interval(0.95)
    assert isinstance(found, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.statistic, interval.low, interval.high), abs=1e-9
    )


def test_what_correlation_refuses() -> None:
    line = correlation(BEFORE, 3.0 - 2.0 * BEFORE)
    assert isinstance(line, NotComputable)
    assert line.value == -1.0
    for a, b in [([1, 2, 3], [1, 3, 2]), (BEFORE, [1.0] * 9), (BEFORE, [None] * 9)]:
        assert isinstance(correlation(a, b), NotComputable)
