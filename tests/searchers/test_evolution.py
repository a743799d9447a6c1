"""Regularised evolution: who is a parent, who leaves, and how it fits a budget."""

from __future__ import annotations

import numpy as np
import pytest
from black_box_loop import check_golden, check_round_trips, failing, lead, make, planted

from searchers.errors import SearcherError
from searchers.evolution import EvolutionSettings
from spaces import Architecture


def neighbours(space: object, found: Architecture) -> set[int]:
    return set(space.rank(space.neighbours(np.array(found.encoding, dtype=np.int8))).tolist())


def test_children_are_one_move_from_one_of_the_living() -> None:
    searcher = make("evolution", population=8, sample=8, rounds=1)
    seen = lead(searcher, 40)
    for i in range(8, 40):
        alive = seen[i - 8 : i]
        assert any(seen[i].index in neighbours(searcher.problem.space, each) for each in alive)


def test_the_sample_decides_how_greedy_it_is() -> None:
    def share_of_best(sample: int) -> float:
        searcher = make("evolution", population=10, sample=sample, rounds=1)
        founders = lead(searcher, 10)
        best = neighbours(searcher.problem.space, max(founders, key=planted))
        children = [work.architecture for work in searcher.ask(1_000)]
        return float(np.mean([child.index in best for child in children]))

    # (1 - 1/P)^S is the chance that the best is not in the sample.
    assert share_of_best(1) == pytest.approx(0.1, abs=0.04)
    assert share_of_best(10) == pytest.approx(1 - 0.9**10, abs=0.06)


def test_the_oldest_leaves_even_if_it_is_the_best() -> None:
    searcher = make("evolution", population=5, sample=5, rounds=1)
    first = lead(searcher, 1, lambda _: 1.0)[0]
    lead(searcher, 4, lambda _: 0.1)
    space = searcher.problem.space
    children = {work.architecture.index for work in searcher.ask(50)}
    assert children & neighbours(space, first)
    later = lead(searcher, 5, lambda _: 0.2)
    alive = set().union(*(neighbours(space, each) for each in later))
    assert {work.architecture.index for work in searcher.ask(50)} <= alive
    assert searcher.recommend() == first


def test_what_failed_is_no_parent() -> None:
    searcher = make("evolution", population=6, sample=3, rounds=1)
    score = failing(3)
    seen = lead(searcher, 100, score)
    failed = {found.index for found in seen if score(found) is None}
    assert len(failed) > 15
    alive = {index for _, index in searcher.state_dict()["own"]["alive"]}
    assert len(alive) > 1
    assert not alive & failed


def test_random_until_something_succeeds() -> None:
    searcher = make("evolution")
    before = searcher.recommend()
    assert len({found.index for found in lead(searcher, 60, lambda _: None)}) == 60
    assert searcher.recommend() == before


def test_a_small_budget_shrinks_the_population() -> None:
    sizes = {
        evaluations: make("evolution", evaluations=evaluations)
        for evaluations in (10, 300, 1_000, 20_000)
    }
    assert [made.population_size for made in sizes.values()] == [4, 30, 100, 100]
    assert [made.sample_size for made in sizes.values()] == [2, 8, 25, 25]
    half = make("evolution", evaluations=600, training_share=0.5)
    assert half.population_size == 30
    assert make("evolution", evaluations=10, rounds=1).population_size == 100


def test_many_at_once_and_a_cap() -> None:
    cap = 130_000_000
    searcher = make("evolution", max_macs=cap, evaluations=200)
    seen = lead(searcher, 200, at_once=7)
    macs = searcher.problem.space.macs(searcher.problem.space.encode(seen))
    assert macs.max() <= cap
    assert searcher.redrawn > 10


def test_round_trips() -> None:
    check_round_trips("evolution")
    check_round_trips("evolution", at_once=1, max_macs=130_000_000, strict=True)


@pytest.mark.parametrize(
    "settings", [{"sample": 101}, {"sample": 0}, {"mutations": 0}, {"rounds": 0}]
)
def test_bad_settings_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(SearcherError, match="expected"):
        EvolutionSettings(**settings)


def test_golden_trajectory() -> None:
    check_golden("evolution")
