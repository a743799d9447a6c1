"""Every registered searcher passes the doctor, and a few things that the doctor does not ask."""

from __future__ import annotations

import numpy as np
import pytest

from bench.doctor.checks import CHECKS
from bench.doctor.rehearsal import rehearse
from bench.doctor.subject import Subject, default_subject
from searchers import SEARCHERS, SearcherError, load_searcher
from searchers.base import Evaluate, Problem, Searcher, TrainWeights
from spaces import load_space

#: Images of a rehearsal: a weight step is 2, an evaluation 10.
BUDGET = 200


@pytest.fixture(params=sorted(SEARCHERS))
def subject(request: pytest.FixtureRequest) -> Subject:
    found = default_subject(request.param)
    return Subject(found.name, found.kind, found.settings, budget_images=BUDGET)


# One test a searcher, not one a check: workers would build the space's tables for each again.
def test_it_passes_every_check_of_the_doctor(subject: Subject) -> None:
    wrong = {}
    for name, check in CHECKS.items():
        try:
            check(subject)
        except Exception as error:  # noqa: BLE001 - it may raise anything.
            wrong[name] = f"{type(error).__name__}: {error}"
    assert not wrong


def test_it_says_in_a_line_what_it_is(subject: Subject) -> None:
    line = (subject.kind.__doc__ or "").partition("\n")[0]
    assert line.endswith(".")
    assert len(line) <= 100


def test_a_foreign_state_names_the_searcher(subject: Subject) -> None:
    name = subject.kind.__name__
    with pytest.raises(SearcherError, match=f"does not belong to searcher {name}"):
        subject.make().load_state_dict({})


def test_it_goes_on_working_beyond_the_budget_it_was_told(subject: Subject) -> None:
    """The runner counts, not the searcher: it may be asked until it has nothing left to do."""
    searcher = subject.make()
    steps = list(rehearse(searcher, 2 * BUDGET))
    assert sum(step.images for step in steps) <= 2 * BUDGET
    assert searcher.problem.space.parse(searcher.recommend().text)


def problem(budget_images: int = 2_000, max_macs: int | None = None) -> Problem:
    return Problem(load_space("autostr"), budget_images, 8, 32, max_macs)


def make(name: str, of: Problem, **settings: object) -> Searcher:
    kind = load_searcher(name)
    return kind(of, kind.Settings(**settings), np.random.default_rng(0))


def test_a_cap_below_the_smallest_architecture_is_refused() -> None:
    with pytest.raises(SearcherError, match="max_macs 1000 is below the smallest architecture"):
        problem(max_macs=1000)


def test_training_comes_first_and_takes_its_share() -> None:
    steps = list(rehearse(make("random", problem(), training_share=0.5), 2_000))
    kinds = [type(step.work) for step in steps]
    first = kinds.index(Evaluate)
    assert set(kinds[:first]) == {TrainWeights}
    assert TrainWeights not in kinds[first:]
    assert sum(step.images for step in steps[:first]) == 1_000


def test_unknown_searcher_names_the_nearest() -> None:
    with pytest.raises(SearcherError, match="'proxylss', did you mean 'proxyless'"):
        load_searcher("proxylss")


def test_work_is_immutable() -> None:
    work = make("random", problem()).ask()[0]
    assert isinstance(work, TrainWeights)
    with pytest.raises(SearcherError, match="no architecture"):
        TrainWeights(())
    with pytest.raises(AttributeError):
        work.architectures = ()  # type: ignore[misc]
