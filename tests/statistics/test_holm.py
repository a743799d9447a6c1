"""Holm's procedure, by hand and by its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.answers import StatisticsError
from bench.statistics.holm import first_threshold, holm_adjusted

p_lists = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)


def test_by_hand() -> None:
    # 0.005 * 4, 0.01 * 3, 0.03 * 2, then 0.04 * 1 raised to the one before.
    found = holm_adjusted([0.01, 0.04, 0.03, 0.005])
    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-12)
    assert holm_adjusted([]).tolist() == []
    assert holm_adjusted([0.9, 0.8]).tolist() == [1.0, 1.0]


def test_refused_comparisons_stay_in_the_count() -> None:
    assert holm_adjusted([0.01, 0.02], 5) == pytest.approx([0.05, 0.08], abs=1e-12)


@settings(max_examples=60)
@given(p_lists, st.floats(0.001, 0.5))
def test_rejects_what_stepping_down_rejects(p_values: list[float], alpha: float) -> None:
    order = np.argsort(p_values, kind="stable")
    rejected = np.zeros(len(p_values), dtype=bool)
    for step, index in enumerate(order):
        if p_values[index] * (len(p_values) - step) > alpha:
            break
        rejected[index] = True
    assert ((holm_adjusted(p_values) <= alpha) == rejected).all()


@settings(max_examples=40)
@given(p_lists, st.randoms(use_true_random=False))
def test_order_of_input_does_not_matter(p_values: list[float], random: object) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = holm_adjusted([p_values[index] for index in order])
    assert shuffled == pytest.approx(holm_adjusted(p_values)[order], abs=1e-12)
    assert (shuffled >= np.array(p_values)[order]).all()


def test_first_threshold() -> None:
    assert first_threshold(4) == pytest.approx(0.0125)
    assert first_threshold(10) == pytest.approx(0.005)


@pytest.mark.parametrize("p_values", [[np.nan], [1.1], [-0.1], [[0.1]]])
def test_no_p_value(p_values: list[float]) -> None:
    with pytest.raises(StatisticsError, match="from 0 to 1"):
        holm_adjusted(p_values)


def test_more_than_planned() -> None:
    with pytest.raises(StatisticsError, match="2 p values of 1 planned"):
        holm_adjusted([0.1, 0.2], 1)
