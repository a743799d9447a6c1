"""Searchers that learn must beat random search where there is something to learn."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

# Not in the installed packages; `python -m pytest` finds it, plain `pytest` does not.
sys.path.append(str(Path(__file__).parents[2]))

from benchmarks.planted import black_box_searchers, measure, p_value, qualities
from searchers import SEARCHERS

#: What the project claims of them; see the table that `python -m benchmarks.planted` prints.
LEARNING = ("evolution", "local-search", "nevergrad", "spos", "tpe")
SEEDS, EVALUATIONS = range(20), 300


@pytest.fixture(scope="module")
def few_random() -> np.ndarray:
    return qualities("random", range(4), 150)


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("evolution", "tpe") else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(set(LEARNING) & set(SEARCHERS))
    ],
)
def test_better_than_random_on_a_few_landscapes(name: str, few_random: np.ndarray) -> None:
    found = qualities(name, range(4), 150)
    assert found.mean() > few_random.mean() + 0.03
    assert found.max() < 0.9


def test_the_table_knows_what_is_worse_and_what_is_the_same() -> None:
    assert p_value(np.ones(9), np.ones(9)) == 1.0
    better = np.linspace(0.1, 0.9, 9)
    assert p_value(better, better / 2) < 0.01
    assert p_value(better / 2, better) > 0.9
    grid, random = sorted(measure(["grid", "random"], range(3), 80, 0.02), key=lambda r: r.searcher)
    assert grid.gain < 0 == random.gain
    assert {"random", "grid"} <= set(black_box_searchers())
    assert "proxyless" not in black_box_searchers()


@pytest.fixture(scope="module")
def random_qualities() -> np.ndarray:
    return qualities("random", SEEDS, EVALUATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNING)
def test_clearly_better_than_random_at_300_evaluations(
    name: str, random_qualities: np.ndarray
) -> None:
    assert p_value(qualities(name, SEEDS, EVALUATIONS), random_qualities) < 0.01
