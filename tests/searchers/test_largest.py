"""The params-only baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_trainer import drive, problem

from searchers.base import Evaluate, Failure, TrainWeights
from searchers.errors import SearcherError
from searchers.largest import Largest, LargestSettings
from spaces import load_space


def make(max_macs: int | None = None, max_params: int | None = None, **settings: object) -> Largest:
    of = replace(problem(2_000, max_macs=max_macs), max_params=max_params)
    return Largest(of, LargestSettings(**settings), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        # Wide early, for the most parameters; wide late, for the most multiply-adds.
        ("params", "AABBB..........-555555555555555"),
        ("macs", "BBB..........AA-555555555555555"),
    ],
)
def test_without_a_cap_everything_is_k5e6(cost: str, text: str) -> None:
    found = make(cost=cost).recommend()
    assert found.encoding[15:] == (5,) * 15
    space = load_space("autostr")
    rows = space.encode([found, space.parse(text)])
    # Other orders of A and B may cost exactly as much.
    costs = space.params(rows) if cost == "params" else space.macs(rows)
    assert costs[0] == costs[1]


@pytest.mark.parametrize("cost", ["params", "macs"])
@pytest.mark.parametrize(
    ("max_macs", "max_params"), [(200_000_000, None), (None, 2_000_000), (100_000_000, 900_000)]
)
def test_no_random_architecture_within_the_caps_is_larger(
    cost: str, max_macs: int | None, max_params: int | None
) -> None:
    made = make(max_macs, max_params, cost=cost)
    of = made.problem
    row = of.space.encode([made.recommend()])
    assert of.allows(row).all()
    # Improving an architecture by moves until none helps is harder to beat than a random one.
    price = of.space.params if cost == "params" else of.space.macs
    around = of.space.neighbours(row[0])
    around = around[of.allows(around)]
    assert price(around).max() <= price(row)[0]
    drawn = of.draw(500, np.random.default_rng(1))
    assert price(drawn).max() <= price(row)[0]


def test_it_trains_then_evaluates_once_and_is_finished() -> None:
    made = make()
    lines = drive(made, 2_000)
    assert [line.split()[0] for line in lines][-1] == "Evaluate"
    assert sum(line.startswith("Evaluate") for line in lines) == 1
    steps = sum(len(line.split()) - 1 for line in lines[:-1])
    assert steps == 1_000 // 8
    assert made.ask() == []
    assert lines[-1].split()[1] == made.recommend().text


def test_a_failed_evaluation_ends_it_too() -> None:
    made = make(training_share=0.0)
    (work,) = made.ask(5)
    assert isinstance(work, Evaluate)
    made.tell([Failure(work, "made up")])
    assert made.ask() == []
    assert made.recommend() == work.architecture


def test_between_ask_and_tell_it_continues_identically() -> None:
    made = make(training_share=0.0)
    made.ask()
    twin = make(training_share=0.0)
    twin.load_state_dict(made.state_dict())
    assert twin.ask() == []
    fresh = make(training_share=0.5)
    assert isinstance(fresh.ask()[0], TrainWeights)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SearcherError, match="cost 'size': expected params or macs"):
        LargestSettings(cost="size")  # type: ignore[arg-type]
    with pytest.raises(SearcherError, match="training_share 1"):
        LargestSettings(training_share=1.0)
