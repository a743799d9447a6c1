"""Fronts and hypervolume against brute force on a grid of whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.answers import NotComputable, StatisticsError
from bench.statistics.pareto import hypervolume, pareto_front

points = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=14)


@settings(max_examples=100)
@given(points)
def test_front_by_definition(found: list[tuple[int, int]]) -> None:
    scores, costs = np.array(found).T
    expected = [
        not any((s >= score and c <= cost) and (s > score or c < cost) for s, c in found)
        for score, cost in found
    ]
    assert pareto_front(scores, costs).tolist() == expected


@settings(max_examples=100)
@given(points, st.integers(0, 8), st.integers(0, 8))
def test_hypervolume_by_counting_cells(
    found: list[tuple[int, int]], reference_score: int, reference_cost: int
) -> None:
    scores, costs = np.array(found).T
    cells = sum(
        any(score > height and cost <= width for score, cost in found)
        for height in range(reference_score, 9)
        for width in range(reference_cost)
    )
    assert hypervolume(scores, costs, reference_score, reference_cost) == pytest.approx(
        cells, abs=1e-9
    )
    front = pareto_front(scores, costs)
    assert hypervolume(
        scores[front], costs[front], reference_score, reference_cost
    ) == pytest.approx(cells, abs=1e-9)


def test_refusals() -> None:
    for found in (
        pareto_front([], []),
        hypervolume([], [], 0, 1),
        pareto_front([0.1, np.nan], [1, 2]),
        hypervolume([0.1, 0.2], [1, None], 0, 1),
    ):
        assert isinstance(found, NotComputable)
    with pytest.raises(StatisticsError, match="reference"):
        hypervolume([0.1], [1.0], np.nan, 2.0)
    with pytest.raises(StatisticsError, match="columns of 1 and 2"):
        pareto_front([0.1], [1.0, 2.0])
