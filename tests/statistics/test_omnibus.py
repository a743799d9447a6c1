"""Friedman against scipy and against enumeration; groups by definition."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import omnibus
from bench.statistics.answers import NotComputable, StatisticsError
from bench.statistics.omnibus import Friedman, block_ranks, exact_p, friedman, groups


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
    if not found.exact:
        assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.agreement == pytest.approx(found.chi_squared / (n * (k - 1)), abs=1e-12)
    assert sum(found.average_ranks) == pytest.approx(k * (k + 1) / 2, abs=1e-9)


def test_full_agreement_and_best_first() -> None:
    found = friedman([[0.1, 0.9, 0.5], [0.2, 0.8, 0.3], [0.0, 1.0, 0.5]])
    assert isinstance(found, Friedman)
    assert found.average_ranks == (3.0, 1.0, 2.0)
    assert found.agreement == pytest.approx(1.0, abs=1e-12)
    assert found.chi_squared == pytest.approx(6.0, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "k", "levels"), [(2, 3, 9), (3, 3, 9), (4, 3, 2), (2, 4, 3), (3, 4, 9)]
)
def test_exact_p_is_that_of_all_orders(n: int, k: int, levels: int) -> None:
    for seed in range(5):
        scores = np.random.default_rng(seed).integers(0, levels, (n, k)).astype(float)
        ranks = block_ranks(scores)
        spread = ranks.sum(axis=0).var()
        every = product(*(list(permutations(row)) for row in ranks))
        far = [np.sum(rows, axis=0).var() >= spread - 1e-9 for rows in every]
        assert exact_p(ranks) == pytest.approx(np.mean(far), abs=1e-12)


def test_exact_p_of_tables() -> None:
    # Hollander, Wolfe and Chicken 2014, table A.22: k = 3, n = 3, S >= 6 has probability .028; the
    # chi-squared that is usual there says .050.
    found = friedman([[0.1, 0.9, 0.5], [0.2, 0.8, 0.3], [0.0, 1.0, 0.5]])
    assert isinstance(found, Friedman)
    assert found.exact
    assert found.p_value == pytest.approx(1 / 36, abs=1e-12)
    assert stats.chi2.sf(found.chi_squared, 2) == pytest.approx(0.0498, abs=1e-4)


def test_what_cannot_be_enumerated_is_chi_squared(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(0).random((30, 9))
    found = friedman(scores)
    assert isinstance(found, Friedman)
    assert not found.exact
    monkeypatch.setattr(omnibus, "MOST_STEPS", 10)
    assert exact_p(block_ranks(scores[:, :3])) is None


def test_refusals() -> None:
    for scores, words in [
        (np.zeros((5, 3)), "equal in each of the 5 units"),
        (np.random.default_rng(0).random((5, 2)), "at least 3 searchers, not 2"),
        (np.random.default_rng(0).random((5, 1)), "not 1"),
        (np.random.default_rng(0).random((1, 4)), "at least 2 units, not 1"),
        (np.zeros((0, 4)), "not 0"),
        ([[0.1, 0.2, None], [0.3, 0.1, 0.2]], "1 of 2 blocks have missing scores"),
    ]:
        found = friedman(scores)
        assert isinstance(found, NotComputable)
        assert words in found.reason
    with pytest.raises(StatisticsError, match="blocks, searchers"):
        friedman([0.1, 0.2])


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
