"""Single Path One-Shot's evolution: generations, parents, caps, and how it fits a budget."""

from __future__ import annotations

import numpy as np
import pytest
from black_box_loop import check_golden, check_round_trips, failing, lead, make, planted

from searchers.errors import SearcherError
from searchers.spos import SposSettings

CAP = 130_000_000


def test_a_generation_is_asked_whole_and_never_more() -> None:
    searcher = make("spos", evaluations=400)
    assert searcher.population_size == 20
    assert [len(searcher.ask(15)), len(searcher.ask(15))] == [15, 5]


def test_how_many_come_at_once_changes_nothing() -> None:
    one = lead(make("spos", evaluations=240), 240, failing(6))
    assert lead(make("spos", evaluations=240), 240, failing(6), at_once=5) == one
    assert lead(make("spos", evaluations=240), 240, failing(6), at_once=12) == one


@pytest.mark.parametrize("strict", [False, True])
def test_nothing_comes_twice(strict: bool) -> None:
    seen = lead(make("spos", evaluations=200, strict=strict), 200)
    assert len({found.index for found in seen}) == 200


def test_crossovers_are_made_of_the_best_alone() -> None:
    searcher = make("spos", evaluations=400, crossover_share=1.0, parents=10)
    first = lead(searcher, 20)
    best = np.array(
        [found.encoding for found in sorted(first, key=planted, reverse=True)[:4]], dtype=np.int8
    )
    children = np.array([found.encoding for found in lead(searcher, 20)], dtype=np.int8)
    # Each position is one of the parents'; random architectures would not be.
    assert (children[:, None] == best).any(axis=1).all()


def test_the_number_of_moves_follows_the_probability() -> None:
    def changed(probability: float) -> float:
        settings = {"population": 60, "parents": 1, "generations": 1, "crossover_share": 0.0}
        searcher = make("spos", mutation_probability=probability, **settings)
        best = max(lead(searcher, 60), key=planted)
        rows = np.array([work.architecture.encoding for work in searcher.ask(60)])
        return float((rows[:, 15:] != np.array(best.encoding)[15:]).sum(axis=1).mean())

    # 90 of 146 moves change an operation. Of no moves at all, one is made.
    assert changed(0.0) < 0.8
    assert 0.8 < changed(0.1) < 1.4
    assert changed(0.5) > 3


def test_what_failed_is_no_parent_and_does_not_come_back() -> None:
    searcher = make("spos", evaluations=200)
    score = failing(3)
    seen = lead(searcher, 200, score)
    failed = {found.index for found in seen if score(found) is None}
    assert len(failed) > 30
    assert not {index for _, index in searcher.state_dict()["own"]["top"]} & failed
    assert len({found.index for found in seen}) == 200


def test_random_until_something_succeeds() -> None:
    searcher = make("spos")
    assert len({found.index for found in lead(searcher, 60, lambda _: None)}) == 60


def test_the_cap_rejects_and_counts() -> None:
    searcher = make("spos", evaluations=200, max_macs=CAP)
    seen = lead(searcher, 200, at_once=7)
    assert searcher.problem.space.macs(searcher.problem.space.encode(seen)).max() <= CAP
    assert searcher.redrawn > 10
    assert make("spos", max_macs=None).redrawn == 0


def test_it_gets_on_where_almost_nothing_is_left() -> None:
    smallest = make("spos").problem.space.min_macs()
    searcher = make("spos", evaluations=60, max_macs=smallest)
    assert len(lead(searcher, 60)) == 60


def test_a_small_budget_shrinks_the_generation_and_the_parents() -> None:
    made = [make("spos", evaluations=evaluations) for evaluations in (10, 300, 1_000, 5_000)]
    assert [each.population_size for each in made] == [10, 15, 50, 50]
    assert [each.parents_size for each in made] == [2, 3, 10, 10]


def test_round_trips() -> None:
    check_round_trips("spos")
    check_round_trips("spos", at_once=7, max_macs=CAP, strict=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"parents": 51},
        {"parents": 0},
        {"generations": 0},
        {"crossover_share": 1.5},
        {"mutation_probability": float("nan")},
        {"training_share": 1.0},
    ],
)
def test_bad_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SearcherError, match="expected"):
        SposSettings(**settings)


def test_golden_trajectory() -> None:
    check_golden("spos")
