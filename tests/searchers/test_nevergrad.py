"""nevergrad's optimisers: restored by replay, not misled by repetitions, the unfit refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from black_box_loop import (
    EVALUATION,
    SPACES,
    answer,
    check_round_trips,
    failing,
    lead,
    planted,
)

from searchers import SearcherError
from searchers.base import Problem
from searchers.finding import find_searcher
from searchers.libraries.nevergrad_library import BEYOND, FAILED, SCALE, NevergradLibrary
from searchers.nevergrad_search import DEFAULT, OFFERED, NevergradSettings

SIZES = (5, 5, 7, 7, 7)


def make(name: str, seed: int = 0, evaluations: int = 60, **settings: Any) -> Any:
    found = find_searcher(name)
    given = {"training_share": 0.0, **found.given, **settings}
    of = Problem(SPACES[False], evaluations * EVALUATION, 8, EVALUATION)
    return found.kind(of, found.kind.Settings(**given), np.random.default_rng(seed))


def losses(library: NevergradLibrary) -> list[float]:
    return [event[2] for event in library.state()["history"] if event[0] == "tell"]


def test_the_state_continues_before_asking_and_between_ask_and_tell() -> None:
    check_round_trips("nevergrad", evaluations=16)
    check_round_trips("nevergrad", evaluations=8, max_macs=150_000_000)


def numpys_own() -> tuple[list[int], int]:
    """Numbers and place of numpy's global generator: the place moves with each draw."""
    _, numbers, place, *_ = np.random.get_state()  # noqa: NPY002
    return numbers.tolist(), place


@pytest.mark.parametrize("optimiser", OFFERED)
def test_every_offered_optimiser_is_repeatable_and_leaves_numpy_alone(optimiser: str) -> None:
    before = numpys_own()
    library = NevergradLibrary(SIZES, optimiser, 40, seed=3)
    for step in range(12):
        both = [library.ask(None), library.ask(None)]
        for asked in both:
            score = None if step % 5 == 2 else 1.0 - sum(asked.point) / 31
            library.tell(asked.number, score)
    pending = library.ask(None)
    twin = NevergradLibrary(SIZES, optimiser, 40, seed=4)
    twin.load_state(json.loads(json.dumps(library.state())))
    for each in (library, twin):
        each.tell(pending.number, 0.5)
    assert [library.ask(None).point for _ in range(3)] == [twin.ask(None).point for _ in range(3)]
    assert library.state() == twin.state()
    assert numpys_own() == before


@pytest.mark.parametrize("optimiser", OFFERED)
def test_the_first_point_is_the_middle_one_for_every_seed(optimiser: str) -> None:
    """As documented: nevergrad's own initial guess, where nobody has one."""
    sizes = (3, 3, 7)
    libraries = [NevergradLibrary(sizes, optimiser, 40, seed) for seed in range(3)]
    assert {library.ask(None).point for library in libraries} == {(1, 1, 3)}
    later = set()
    for library in libraries:
        library.tell(0, 0.5)
        later.add(tuple(library.ask(None).point for _ in range(6)))
    assert len(later) > 1


def test_a_point_proposed_twice_is_not_taken_for_the_best() -> None:
    """Unscaled, nevergrad prefers any point evaluated twice to all evaluated once."""
    library = NevergradLibrary((7,) * 6, DEFAULT, 200, seed=0)
    bad, good = (6,) * 6, (0,) * 6
    for point, score in ((bad, 0.2), (bad, 0.2), (good, 0.8)):
        library.tell(library.impose(point, 0.0), score)
    for _ in range(30):
        library.ask(None)
    near = [sum(o == 0 for o in library.ask(None).point) for _ in range(20)]
    assert np.mean(near) > 3


def test_failures_and_points_beyond_the_cap_are_worse_than_any_score() -> None:
    library = NevergradLibrary(SIZES, DEFAULT, 40, seed=0)
    library.tell(library.ask(None).number, 0.0)
    library.tell(library.ask(None).number, None)
    beyond = [library.ask(lambda point: 0.1).excess, library.ask(lambda point: 0.4).excess]
    assert beyond == [0.1, 0.4]
    assert losses(library) == pytest.approx(
        [SCALE, SCALE * FAILED, SCALE * (BEYOND + 0.1), SCALE * (BEYOND + 0.4)]
    )
    assert sorted(losses(library)) == losses(library)


def test_an_imposed_point_is_the_one_that_is_learned() -> None:
    library = NevergradLibrary(SIZES, DEFAULT, 40, seed=0)
    point = (4, 0, 6, 1, 3)
    library.tell(library.impose(point, -0.5), 0.5)
    assert library.state()["history"][0] == ["impose", list(point)]


def test_a_state_that_does_not_repeat_is_refused() -> None:
    searcher = make("nevergrad")
    lead(searcher, 5)
    state = json.loads(json.dumps(searcher.state_dict()))
    state["own"]["library"]["history"][4][1][0] += 1
    with pytest.raises(SearcherError, match=r"does not repeat point 2 of the saved run: install"):
        make("nevergrad").load_state_dict(state)


def test_failing_evaluations_never_become_the_incumbent() -> None:
    searcher = make("nevergrad")
    seen = lead(searcher, 40, failing(2))
    good = [found for found in seen if found.index % 2]
    assert searcher.recommend() == max(good, key=planted)
    only_failures = make("nevergrad")
    for _ in range(10):
        only_failures.tell(answer(only_failures.ask(1), failing(1)))
    assert SPACES[False].parse(only_failures.recommend().text)


def test_names_come_with_a_colon() -> None:
    found = find_searcher("nevergrad:PortfolioDiscreteOnePlusOne")
    assert found.given == {"optimiser": "PortfolioDiscreteOnePlusOne"}
    assert len(lead(make("nevergrad:PortfolioDiscreteOnePlusOne"), 5)) == 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DiscreteLenglerOnePlusOn", "did you mean 'DiscreteLenglerOnePlusOne'"),
        ("NoisyDiscreteOnePlusOne", "average out noise"),
        ("OptimisticDiscreteOnePlusOne", "average out noise"),
        ("AnisotropicAdaptiveDiscreteOnePlusOne", "steps to the option above or below"),
        ("LognormalDiscreteOnePlusOne", "numpy's global generator"),
        ("SmoothDiscreteOnePlusOne", "numpy's global generator"),
        ("DiscreteDoerrOnePlusOne", "cannot be asked twice"),
        ("RandomSearch", "is a form of random search"),
        ("CMA", "would take the options of a choice for ordered"),
    ],
)
def test_optimisers_that_do_not_fit_are_refused_with_the_reason(name: str, message: str) -> None:
    with pytest.raises(SearcherError, match=message) as refused:
        NevergradSettings(optimiser=name)
    assert "\n" not in str(refused.value)


def test_an_encoding_with_too_many_options_is_refused() -> None:
    with pytest.raises(
        SearcherError, match="a choice of 30030 options, nevergrad handles up to 499"
    ):
        make("nevergrad", encoding="path-index")
