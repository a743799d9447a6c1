"""A/A studies: random against random must be called different at the nominal rate, no more often.

Each block is a landscape of its own, on which all searchers draw, evaluate with noise, recommend
their best and are judged by its true quality: the blocks differ, the searchers do not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from bench.running.evaluators.landscape import Landscape
from bench.statistics.answers import NotComputable
from bench.statistics.omnibus import Friedman, friedman
from bench.statistics.pairwise import compare_pairs
from bench.statistics.signed_rank import attainable_level
from spaces import load_space

ALPHA = 0.05
BLOCKS = 12
SEARCHERS = ("first", "second", "third", "fourth", "fifth")


def searched(studies: int, evaluations: int) -> npt.NDArray[np.float64]:
    """Scores (studies, blocks, searchers) of random search on landscapes."""
    rng = np.random.default_rng(2024)
    space = load_space("autostr")
    shape = (studies, BLOCKS, len(SEARCHERS))
    found = np.empty(shape)
    for study, block in np.ndindex(shape[:2]):
        landscape = Landscape(space, seed=study * BLOCKS + block)
        drawn = space.sample(len(SEARCHERS) * evaluations, rng)
        quality = landscape.quality(drawn).reshape(len(SEARCHERS), evaluations)
        seen = quality + rng.normal(0.0, 0.02, quality.shape)
        found[study, block] = quality[np.arange(len(SEARCHERS)), seen.argmax(axis=1)]
    return found


def called_different(scores: npt.NDArray[np.float64], names: tuple[str, ...]) -> bool:
    """Whether anything at all is called different in this study."""
    pairs = compare_pairs(scores, names, np.random.default_rng(0), alpha=ALPHA)
    assert not isinstance(pairs, NotComputable)
    return any(pair.verdict.word == "different" for pair in pairs)


def within_error(rejections: int, studies: int, rate: float) -> bool:
    """Whether so many rejections are what a binomial of this rate gives, but for 1 in 1,000."""
    low, high = stats.binom.ppf([0.0005, 0.9995], studies, rate)
    return bool(low <= rejections <= high)


def test_two_equal_searchers_on_numbers() -> None:
    """150 studies of normal scores that share their block: the test alone, quickly."""
    rng = np.random.default_rng(11)
    rejections = 0
    for _ in range(150):
        scores = rng.normal(0.7, 0.05, (BLOCKS, 1)) + rng.normal(0.0, 0.02, (BLOCKS, 2))
        rejections += called_different(scores, SEARCHERS[:2])
    assert within_error(rejections, 150, attainable_level(BLOCKS, ALPHA))


@pytest.mark.slow
def test_random_against_random_rejects_at_the_nominal_rate() -> None:
    studies = 200
    found = searched(studies, evaluations=50)
    # Two searchers: the exact test of 12 pairs attains 0.042 of the 0.05.
    single = sum(called_different(scores[:, :2], SEARCHERS[:2]) for scores in found)
    assert within_error(single, studies, attainable_level(BLOCKS, ALPHA))
    # Five searchers, ten pairs: Holm keeps the rate of any false verdict below alpha.
    family = sum(called_different(scores, SEARCHERS) for scores in found)
    assert family <= stats.binom.ppf(0.9995, studies, ALPHA)
    omnibus = [friedman(scores) for scores in found]
    rejected = sum(isinstance(test, Friedman) and test.p_value <= ALPHA for test in omnibus)
    assert within_error(rejected, studies, ALPHA)


@pytest.mark.slow
def test_nothing_depends_on_the_landscape_being_kind() -> None:
    """Few levels, so ties and equal scores: the exact test of tied ranks keeps its level."""
    rng = np.random.default_rng(12)
    studies = 400
    rejections = 0
    for _ in range(studies):
        scores = rng.integers(0, 4, (BLOCKS, 2)) / 4
        rejections += called_different(scores, SEARCHERS[:2])
    assert rejections <= stats.binom.ppf(0.9995, studies, ALPHA)
