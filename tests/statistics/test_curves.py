"""Step curves by hand, their bands and their areas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.answers import NotComputable, StatisticsError
from bench.statistics.curves import (
    Band,
    StepCurve,
    band,
    first_common,
    grid_of,
    resampled,
)
from bench.statistics.intervals import centre_interval

CURVE = StepCurve(np.array([1.0, 3.0, 3.0, 6.0]), np.array([0.2, 0.3, 0.5, 0.9]))


def test_right_continuous() -> None:
    assert CURVE.at([1.0, 2.9, 3.0, 5.9, 6.0, 99.0]).tolist() == [0.2, 0.2, 0.5, 0.5, 0.9, 0.9]
    with pytest.raises(StatisticsError, match="starts at 1"):
        CURVE.at([0.9])


def test_area_by_hand() -> None:
    # From 2 to 8: 1 at 0.2, 3 at 0.5, 2 at 0.9.
    assert CURVE.area(2.0, 8.0) == pytest.approx((0.2 + 1.5 + 1.8) / 6, abs=1e-12)
    assert CURVE.area(3.0, 6.0) == pytest.approx(0.5, abs=1e-12)
    for start, end in [(0.5, 2.0), (2.0, 2.0), (3.0, 2.0)]:
        assert isinstance(CURVE.area(start, end), NotComputable)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1)), min_size=1, max_size=12),
    st.integers(1, 20),
)
def test_area_is_the_mean_of_a_fine_grid(points: list[tuple[int, float]], length: int) -> None:
    costs, values = np.array(sorted(points)).T
    curve = StepCurve(costs, values)
    start, end = costs[0], costs[0] + length
    # Steps at whole numbers: the middle of each unit stands for it.
    fine = curve.at(np.arange(length) + start + 0.5).mean()
    assert curve.area(start, end) == pytest.approx(fine, abs=1e-9)


@pytest.mark.parametrize(
    ("costs", "values", "words"),
    [
        ([2.0, 1.0], [0.1, 0.2], "costs of a curve fall"),
        ([1.0, 2.0], [0.1], "2 costs and 1 values"),
        ([], [], "at least one"),
        ([1.0, np.nan], [0.1, 0.2], "finite"),
        ([1.0, 2.0], [0.1, np.nan], "finite"),
        ([[1.0]], [[0.1]], "finite numbers"),
    ],
)
def test_checks_itself(costs: list[float], values: list[float], words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        StepCurve(np.array(costs), np.array(values))


def test_a_curve_cannot_be_changed_from_outside() -> None:
    costs = np.array([1.0, 2.0])
    curve = StepCurve(costs, np.array([0.1, 0.2]))
    costs[0] = 5.0
    assert curve.costs.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        curve.values[0] = 1.0


def test_a_grid_begins_where_all_have_a_value_and_goes_on_to_the_end() -> None:
    other = StepCurve(np.array([2.0, 9.0]), np.array([0.0, 1.0]))
    assert first_common([CURVE, other]) == 2.0
    found = grid_of([CURVE, other], 12.0, 20)
    assert found.tolist() == [2.0, 3.0, 6.0, 9.0, 12.0]  # type: ignore[union-attr]
    # Each keeps its last value, also when it ended long before the other.
    assert resampled([CURVE, other], found).tolist() == [  # type: ignore[arg-type]
        [0.2, 0.5, 0.9, 0.9, 0.9],
        [0.0, 0.0, 0.0, 1.0, 1.0],
    ]
    late = StepCurve(np.array([7.0]), np.array([0.5]))
    assert grid_of([CURVE, late], 9.0, 20).tolist() == [7.0, 9.0]  # type: ignore[union-attr]
    assert grid_of([late], 7.0, 20).tolist() == [7.0]  # type: ignore[union-attr]
    assert grid_of([CURVE, other], 12.0, 3).tolist() == [2.0, 7.0, 12.0]  # type: ignore[union-attr]
    assert isinstance(grid_of([], 1.0, 5), NotComputable)


def test_a_band_over_supernets_is_that_of_their_means() -> None:
    curves, grid = curves_of(14), np.arange(1.0, 61.0)
    of = [f"supernet {i // 2}" for i in range(14)]
    found = band(curves, grid, np.random.default_rng(0), resamples=200, clusters=of)
    assert isinstance(found, Band)
    means = resampled(curves, grid).reshape(7, 2, -1).mean(axis=1)
    assert found.centre == pytest.approx(np.median(means, axis=0), abs=1e-12)
    few = band(curves[:6], grid, np.random.default_rng(0), clusters=of[:6])
    assert isinstance(few, Band)
    assert "6 supernets, not 3" in few.note


def curves_of(n: int) -> list[StepCurve]:
    rng = np.random.default_rng(n)
    steps = [np.sort(rng.integers(2, 50, 12)) for _ in range(n)]
    return [
        StepCurve(np.concatenate(([1], at, [60])), np.sort(rng.random(14)).round(2)) for at in steps
    ]


def test_band_is_the_interval_at_each_cost() -> None:
    curves = curves_of(9)
    grid = np.arange(1.0, 61.0)
    found = band(curves, grid, np.random.default_rng(0), resamples=300)
    assert isinstance(found, Band)
    assert found.low is not None
    assert found.high is not None
    values = resampled(curves, grid)
    assert found.centre == pytest.approx(np.median(values, axis=0), abs=1e-12)
    for column in (0, 20, 59):
        alone = centre_interval(
            "median", values[:, column], np.random.default_rng(0), resamples=300
        )
        assert (found.low[column], found.high[column]) == pytest.approx(
            (alone.low, alone.high), abs=1e-12
        )
    assert (len(found.grid), len(found.high)) == (60, 60)


def test_few_curves_have_a_centre_and_no_band() -> None:
    found = band(curves_of(3), [1.0, 30.0], np.random.default_rng(0), "iqm")
    assert isinstance(found, Band)
    assert found.low is None
    assert "at least 6 blocks, not 3" in found.note
    assert len(found.centre) == 2
    assert isinstance(band([], [1.0], np.random.default_rng(0)), NotComputable)
