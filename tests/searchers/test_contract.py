"""What every registered searcher must keep, whatever its algorithm."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fake_trainer import drive, problem

from searchers import SEARCHERS, SearcherError, load_searcher
from searchers.base import Problem, Searcher, TrainWeights

BUDGET = 2_000


def make(name: str, seed: int = 0, of: Problem | None = None, **settings: object) -> Searcher:
    kind = load_searcher(name)
    return kind(of or problem(BUDGET), kind.Settings(**settings), np.random.default_rng(seed))


@pytest.fixture(params=sorted(SEARCHERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_same_seed_same_sequence_other_seed_another(name: str) -> None:
    assert drive(make(name), BUDGET) == drive(make(name), BUDGET)
    assert drive(make(name), BUDGET) != drive(make(name, seed=1), BUDGET)


@pytest.mark.parametrize("strict", [False, True])
def test_all_proposals_are_legal(name: str, strict: bool) -> None:
    of = problem(BUDGET, strict=strict)
    searcher = make(name, of=of)
    texts = [t for line in drive(searcher, BUDGET) for t in line.split() if "-" in t]
    assert texts
    assert of.space.is_valid(of.space.encode([of.space.parse(text) for text in texts])).all()


def test_a_recommendation_exists_before_the_first_result(name: str) -> None:
    searcher = make(name)
    found = searcher.recommend()
    assert searcher.problem.space.parse(found.text) == found
    assert searcher.recommend() == found


def test_the_cap_holds_for_every_proposal(name: str) -> None:
    cap = 120_000_000
    of = problem(BUDGET, max_macs=cap)
    searcher = make(name, of=of)
    texts = [t for line in drive(searcher, BUDGET) for t in line.split() if "-" in t]
    rows = of.space.encode([of.space.parse(text) for text in texts])
    assert of.space.macs(rows).max() <= cap
    assert of.space.macs(of.space.encode([searcher.recommend()]))[0] <= cap


def test_a_cap_below_the_smallest_architecture_is_refused() -> None:
    with pytest.raises(SearcherError, match="max_macs 1000 is below the smallest architecture"):
        problem(BUDGET, max_macs=1000)
    with pytest.raises(SearcherError, match="below the smallest architecture on path ABABB"):
        make("proxyless", of=problem(BUDGET, max_macs=problem().space.min_macs()))


def test_state_round_trip_at_every_step_continues_identically(name: str) -> None:
    searcher = make(name)
    for _ in range(12):
        drive(searcher, 3 * 80)
        state = json.loads(json.dumps(searcher.state_dict()))
        twin = make(name, seed=99)
        twin.load_state_dict(state)
        assert twin.state_dict() == searcher.state_dict()
        before = searcher.state_dict()
        ahead = drive(twin, 400)
        assert searcher.state_dict() == before
        again = make(name, seed=98)
        again.load_state_dict(state)
        assert drive(again, 400) == ahead
        assert again.recommend() == twin.recommend()


def test_a_foreign_state_is_refused(name: str) -> None:
    with pytest.raises(SearcherError, match="does not belong to searcher"):
        make(name).load_state_dict({"rng": make(name).rng.bit_generator.state})
    with pytest.raises(SearcherError, match="does not belong to searcher"):
        make(name).load_state_dict({})


def test_failures_survive(name: str) -> None:
    searcher = make(name)
    drive(searcher, BUDGET, fail_every=3)
    assert searcher.problem.space.parse(searcher.recommend().text)
    only_failures = make(name)
    drive(only_failures, BUDGET, fail_every=1)
    assert only_failures.problem.space.parse(only_failures.recommend().text)


def test_the_status_is_finite_json(name: str) -> None:
    searcher = make(name)
    drive(searcher, BUDGET)
    assert all(np.isfinite(value) for value in searcher.status().values())
    json.dumps(searcher.status())


def test_training_comes_first_and_takes_its_share() -> None:
    lines = drive(make("random", training_share=0.5), BUDGET)
    kinds = [line.split()[0] for line in lines]
    first = kinds.index("Evaluate")
    assert set(kinds[:first]) == {"train"}
    assert "train" not in kinds[first:]
    steps = sum(len(line.split()) - 1 for line in lines[:first])
    assert steps == 1_000 // 8


def test_unknown_searcher_names_the_nearest() -> None:
    with pytest.raises(SearcherError, match="'proxylss', did you mean 'proxyless'"):
        load_searcher("proxylss")


def test_work_is_immutable() -> None:
    work = make("random").ask()[0]
    assert isinstance(work, TrainWeights)
    with pytest.raises(AttributeError):
        work.architectures = ()  # type: ignore[misc]
