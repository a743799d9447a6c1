"""Local search: each step is the neighbour it should be, and a local optimum ends the climb."""

from __future__ import annotations

import numpy as np
import pytest
from black_box_loop import answer, check_golden, check_round_trips, failing, lead, make, planted

from searchers.base import Evaluate
from searchers.errors import SearcherError
from searchers.local_search import LocalSearchSettings
from spaces import Architecture


def near(searcher: object, found: Architecture) -> set[int]:
    space = searcher.problem.space
    return set(space.rank(space.neighbours(np.array(found.encoding, dtype=np.int8))).tolist())


def test_the_first_improvement_is_climbed_to_at_once() -> None:
    searcher = make("local-search", starts=4)
    seen = lead(searcher, 120)
    at = max(seen[:4], key=planted)
    moves = 0
    for found in seen[4:]:
        assert found.index in near(searcher, at)
        if planted(found) > planted(at):
            at, moves = found, moves + 1
    assert moves > 5
    assert searcher.recommend() == at


def test_the_best_improvement_waits_for_all_neighbours() -> None:
    searcher = make("local-search", starts=1, improvement="best")
    start, *neighbours = lead(searcher, 147)
    assert {found.index for found in neighbours} == near(searcher, start)
    best = max(neighbours, key=planted)
    second = lead(searcher, 100)
    assert {found.index for found in second} <= near(searcher, best) - near(searcher, start)
    # What both have as neighbour is known.
    assert searcher._current == (planted(best), best.index)


@pytest.mark.parametrize("improvement", ["first", "best"])
def test_a_climb_ends_at_a_local_optimum_and_another_starts(improvement: str) -> None:
    searcher = make("local-search", starts=1, improvement=improvement)
    seen = []
    while searcher.status()["climbs"] == 1:
        seen += lead(searcher, 1)
    *climb, start = seen
    top = max(climb, key=planted)
    space = searcher.problem.space
    around = space.architectures(space.neighbours(np.array(top.encoding, dtype=np.int8)))
    assert len(climb) > 147
    assert max(planted(each) for each in around) < planted(top)
    # A fresh architecture, and no neighbour of the last climb.
    differ = [
        sum(a != b for a, b in zip(start.encoding, each.encoding, strict=True)) for each in climb
    ]
    assert min(differ) > 5


def test_nothing_comes_twice_within_climbs_and_among_them() -> None:
    seen = lead(make("local-search", starts=3), 1_500)
    assert len({found.index for found in seen}) == 1_500


def test_flat_ground_is_a_local_optimum() -> None:
    searcher = make("local-search", starts=2)
    lead(searcher, 2 + 146 + 1, lambda _: 0.5)
    assert searcher.status()["climbs"] == 2


def test_a_known_neighbour_that_is_better_is_climbed_to_without_asking_again() -> None:
    """Two starts that are neighbours: the second climb meets the first one's trace."""
    searcher = make("local-search", starts=1)
    lead(searcher, 60)
    top = searcher._current
    space = searcher.problem.space
    row = space.unrank(np.array([top[1]]))[0]
    beside = space.architecture(space.neighbours(row)[0])
    searcher._known.pop(beside.index, None)
    searcher._current, searcher._better, searcher._queue = (0.01, beside.index), None, None
    searcher.ask(1)
    assert searcher._current[0] >= top[0]


def test_what_failed_is_never_stood_on() -> None:
    searcher = make("local-search")
    score = failing(3)
    seen = lead(searcher, 300, score)
    assert score(searcher.recommend()) is not None
    assert searcher._known[searcher._current[1]] is not None
    assert len({found.index for found in seen}) == 300
    hopeless = make("local-search", starts=2)
    assert len(lead(hopeless, 20, lambda _: None)) == 20
    assert hopeless._current is None


def test_several_at_once_move_to_the_best_of_them() -> None:
    searcher = make("local-search", starts=5)
    starts = [work.architecture for work in searcher.ask(8)]
    assert len(starts) == 5
    searcher.tell(answer([Evaluate(found) for found in starts]))
    around = [work.architecture for work in searcher.ask(50)]
    assert len(around) == 50
    assert {found.index for found in around} <= near(searcher, max(starts, key=planted))
    searcher.tell(answer([Evaluate(found) for found in around]))
    searcher.ask(1)
    assert searcher._current[1] == max(around, key=planted).index


@pytest.mark.parametrize("cap", [{"max_macs": 130_000_000}, {"max_params": 2_000_000}])
def test_neighbours_beyond_a_cap_are_thrown_away_and_counted(cap: dict[str, int]) -> None:
    searcher = make("local-search", **cap)
    seen = lead(searcher, 300, at_once=6)
    assert len(seen) == 300
    assert searcher.problem.allows(searcher.problem.space.encode(seen)).all()
    assert searcher.redrawn > 10


def test_round_trips() -> None:
    check_round_trips("local-search", starts=3)
    check_round_trips("local-search", at_once=1, evaluations=200, improvement="best", starts=2)
    check_round_trips("local-search", at_once=7, max_macs=130_000_000, strict=True)


@pytest.mark.parametrize("settings", [{"improvement": "worst"}, {"starts": 0}])
def test_bad_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SearcherError, match="expected"):
        LocalSearchSettings(**settings)


def test_golden_trajectory() -> None:
    check_golden("local-search")
