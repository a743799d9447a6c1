"""Two readers of the same words, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.statistics.answers import StatisticsError
from bench.statistics.paired_proportions import paired_proportions


def test_by_hand() -> None:
    found = paired_proportions(10, 2, 100)
    # Of 12 words that one of the two reads, 10 or more, or 2 or fewer, are one's.
    assert found.p == pytest.approx(2 * sum(math.comb(12, k) for k in range(3)) / 2**12)
    middle = (11 - 3) / 102
    half = stats.norm.ppf(0.975) * math.sqrt((14 / 102 - middle**2) / 102)
    assert found.difference.value == pytest.approx(0.08)
    assert found.difference.low == pytest.approx(middle - half)
    assert found.difference.high == pytest.approx(middle + half)


def test_the_other_way_round() -> None:
    one, other = paired_proportions(7, 3, 50), paired_proportions(3, 7, 50)
    assert one.p == other.p
    assert one.difference.value == -other.difference.value
    assert one.difference.low == pytest.approx(-other.difference.high)


def test_readers_that_agree_are_not_told_apart() -> None:
    found = paired_proportions(0, 0, 10)
    assert (found.p, found.difference.value) == (1.0, 0.0)
    assert found.difference.low < 0.0 < found.difference.high
    assert paired_proportions(1, 0, 1).difference.high <= 1.0


def test_size_and_coverage() -> None:
    """Readers of equal worth on 200 words; exact tests are below their level, never above."""
    draws = np.random.default_rng(0).multinomial(200, [0.1, 0.1, 0.8], size=2000)
    found = [paired_proportions(int(one), int(other), 200) for one, other, _ in draws]
    assert np.mean([each.p <= 0.05 for each in found]) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)
    covered = np.mean([each.difference.low <= 0.0 <= each.difference.high for each in found])
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts(counts: tuple[int, int, int]) -> None:
    with pytest.raises(StatisticsError, match="expected counts"):
        paired_proportions(*counts)
