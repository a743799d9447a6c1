"""Friedman against scipy, critical differences against Demsar, groups by definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics.answers import NotComputable, StatisticsError
from bench.statistics.omnibus import (
    Friedman,
    critical_difference,
    friedman,
    groups,
    groups_within,
)


@settings(max_examples=60)
@given(st.integers(2, 12), st.integers(3, 6), st.integers(2, 50), st.integers(0, 10**6))
def test_is_scipys_with_ties(n: int, k: int, levels: int, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, levels, (n, k)) / levels
    found = friedman(scores)
    if isinstance(found, NotComputable):
        assert (np.ptp(scores, axis=1) == 0).all()
        return
    expected = stats.friedmanchisquare(*scores.T)
    assert found.chi_squared == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.agreement == pytest.approx(found.chi_squared / (n * (k - 1)), abs=1e-12)
    assert sum(found.average_ranks) == pytest.approx(k * (k + 1) / 2, abs=1e-9)


def test_full_agreement_and_best_first() -> None:
    found = friedman([[0.1, 0.9, 0.5], [0.2, 0.8, 0.3], [0.0, 1.0, 0.5]])
    assert isinstance(found, Friedman)
    assert found.average_ranks == (3.0, 1.0, 2.0)
    assert found.agreement == pytest.approx(1.0, abs=1e-12)
    assert found.chi_squared == pytest.approx(6.0, abs=1e-12)


def test_critical_difference_of_demsar() -> None:
    # Demsar 2006, section 3.2.2: four classifiers, 14 data sets, q = 2.569 and CD = 1.25.
    assert critical_difference(4, 14) == pytest.approx(2.569 * (20 / 84) ** 0.5, abs=1e-3)
    # Two searchers: q / sqrt(2) is the normal quantile.
    expected = stats.norm.ppf(0.975) * (6 / (6 * 20)) ** 0.5
    assert critical_difference(2, 20) == pytest.approx(expected, abs=1e-6)


def test_refusals() -> None:
    for scores, words in [
        (np.zeros((5, 3)), "equal in each of the 5 blocks"),
        (np.random.default_rng(0).random((5, 2)), "at least 3 searchers, not 2"),
        (np.random.default_rng(0).random((5, 1)), "not 1"),
        (np.random.default_rng(0).random((1, 4)), "at least 2 blocks, not 1"),
        (np.zeros((0, 4)), "not 0"),
        ([[0.1, 0.2, None], [0.3, 0.1, 0.2]], "1 of 2 blocks have missing scores"),
    ]:
        found = friedman(scores)
        assert isinstance(found, NotComputable)
        assert words in found.reason
    assert isinstance(critical_difference(1, 5), NotComputable)
    with pytest.raises(StatisticsError, match="blocks, searchers"):
        friedman([0.1, 0.2])


def test_groups_of_a_diagram() -> None:
    ranks = [4.0, 1.0, 2.0, 3.1]
    assert groups_within(ranks, 0.5) == ()
    assert groups_within(ranks, 1.05) == ((1, 2), (3, 0))
    assert groups_within(ranks, 1.2) == ((1, 2), (2, 3), (3, 0))
    assert groups_within(ranks, 9.0) == ((1, 2, 3, 0),)


@settings(max_examples=60)
@given(st.integers(1, 7), st.integers(0, 10**6))
def test_groups_by_definition(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ranks = rng.permutation(k) + 1.0
    upper = np.triu(rng.random((k, k)) < 0.4, 1)
    different = upper | upper.T
    order = np.argsort(ranks)

    def whole(start: int, end: int) -> bool:
        return not any(different[order[i], order[j]] for i, j in combinations(range(start, end), 2))

    runs = [(i, j) for i in range(k) for j in range(i + 2, k + 1) if whole(i, j)]
    largest = [
        (i, j) for i, j in runs if not any(a <= i and j <= b and (a, b) != (i, j) for a, b in runs)
    ]
    assert groups(ranks, different) == tuple(tuple(order[i:j].tolist()) for i, j in largest)


def test_groups_need_a_symmetric_matrix() -> None:
    with pytest.raises(StatisticsError, match="symmetric"):
        groups([1.0, 2.0], [[False, True], [False, False]])
