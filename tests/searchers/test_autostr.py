"""Both steps together: the budget, the way from one to the other, tables and state."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.running.evaluators.landscape import Landscape
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers.autostr import AutoSTR, AutoSTRSettings
from searchers.base import Evaluate, GateGradient, Problem, SearcherError, TrainWeights, Work
from searchers.path_search import PathSearch
from searchers.proxyless import Proxyless, ProxylessSettings
from spaces import SpaceError, load_space

STEP, EVALUATION, BUDGET = 8, 32, 4_000


def problem(budget_images: int = BUDGET, **caps: int) -> Problem:
    return Problem(load_space("autostr"), budget_images, STEP, EVALUATION, **caps)


def make(of: Problem | None = None, seed: int = 0, **settings: object) -> AutoSTR:
    given = AutoSTRSettings(**{"learning_rate": 0.05, **settings})  # type: ignore[arg-type]
    return AutoSTR(of or problem(), given, np.random.default_rng(seed))


def drive(searcher: AutoSTR, budget: int = BUDGET, seed: int = 3) -> list[Work]:
    of = searcher.problem
    evaluator = SyntheticEvaluator(Landscape(of.space, seed), STEP, EVALUATION)
    done: list[Work] = []
    while batch := searcher.ask(1):
        budget -= sum(evaluator.price(work).images for work in batch)
        if budget < 0:
            break
        searcher.tell([evaluator.perform(work) for work in batch])
        done += batch
    return done


def images(works: list[Work]) -> int:
    return sum(
        STEP * len(w.architectures)
        if isinstance(w, TrainWeights)
        else (EVALUATION if isinstance(w, Evaluate) else STEP)
        for w in works
    )


def test_two_searchers_are_put_together() -> None:
    searcher = make(path_share=0.5)
    works = drive(searcher)
    foreign = ["r" in str(a) for w in works for a in getattr(w, "architectures", ())]
    first = foreign.index(False)
    assert all(foreign[:first])
    assert not any(foreign[first:])
    # Step 1 alone proposes the same things, and step 2 is Proxyless on the path that it found.
    alone = PathSearch(
        problem(BUDGET // 2), searcher.settings.of_path_search(), np.random.default_rng(0)
    )
    assert works[0] == alone.ask()[0]
    path = searcher.tables()["paths"][0]["path"]
    assert searcher.recommend().text.startswith(path)
    gates = [work for work in works if isinstance(work, GateGradient)]
    assert gates
    assert all(work.architecture.text.startswith(path) for work in gates)
    assert isinstance(searcher._operations, Proxyless)
    assert searcher._operations.settings == ProxylessSettings(path=path, learning_rate=0.05)


@pytest.mark.parametrize("share", [0.25, 0.77])
def test_the_budget_is_used_to_the_last_step(share: float) -> None:
    searcher = make(path_share=share)
    works = drive(searcher)
    spent = images(works)
    steps = searcher.settings.weight_steps_per_architecture_step
    assert BUDGET - max(10, steps) * STEP < spent <= BUDGET
    of_step_1 = images([work for work in works if _of_step_1(work)])
    assert share * BUDGET - 10 * STEP < of_step_1 <= share * BUDGET
    # Nothing that step 1 leaves over is lost: it belongs to step 2.
    assert searcher._operations is not None
    assert of_step_1 + searcher._operations.problem.budget_images == BUDGET


def _of_step_1(work: Work) -> bool:
    return "r" in str(
        work.architectures[0] if isinstance(work, TrainWeights) else work.architecture
    )


def test_the_published_settings_are_the_defaults() -> None:
    settings = AutoSTRSettings()
    assert settings.of_path_search().operation == "residual"
    step_2 = settings.of_operation_search("AABBB")
    assert step_2 == ProxylessSettings(path="AABBB")
    assert (step_2.regulariser_beta, step_2.regulariser_macs) == (0.6, 450e6)
    assert settings.path_share == pytest.approx(1.7 / 2.2, abs=0.005)
    assert AutoSTR.default_operations(settings) == ("residual",)
    assert AutoSTR.default_operations(AutoSTRSettings(operation="k3e1")) == ()


def test_recommendation_status_and_tables_follow_the_steps() -> None:
    searcher = make(path_share=0.5)
    space = searcher.problem.space
    assert space.parse(searcher.recommend().text) == searcher.recommend()
    assert searcher.samples(2, np.random.default_rng(0)) == []
    assert searcher.status()["step"] == 1.0
    assert searcher.tables().keys() == {"paths"}
    drive(searcher)
    status = searcher.status()
    assert status["step"] == 2.0
    assert status["entropy"] > 0
    tables = searcher.tables()
    assert tables.keys() == {"paths", "operations", "steps"}
    operations = [space.operations.index(row["operation"]) for row in tables["operations"]]
    assert operations == list(searcher.recommend().encoding[15:])
    for row in tables["operations"]:
        assert sum(row["probabilities"].values()) == pytest.approx(1.0)
        assert row["probability"] == row["probabilities"][row["operation"]]
    assert len(searcher.samples(2, np.random.default_rng(0))) == 2
    json.dumps([tables, status, searcher.warnings()])


def test_a_better_path_is_chosen_and_operations_improve() -> None:
    """On the planted landscape both steps together end well above chance."""
    space = load_space("autostr")
    found, chance = [], []
    for seed in range(3):
        landscape = Landscape(space, seed)
        searcher = make(problem(5_000), seed=seed, path_share=0.3, operation="k3e1")
        drive(searcher, 5_000, seed)
        found.append(landscape.quality(space.encode([searcher.recommend()]))[0])
        chance.append(landscape.quality(space.sample(100, np.random.default_rng(seed))).mean())
    assert np.mean(found) > np.mean(chance) + 0.1


@pytest.mark.parametrize("operation", ["residual", "k3e1"])
@pytest.mark.parametrize("path", ["AABBB", "A..B..A..B..B..", "AB.A.B.......B."])
def test_step_2_can_be_on_a_given_path(operation: str, path: str) -> None:
    """Table 5: both default operations, step 2 on AABBB as well as ABABB, both steps' numbers."""
    searcher = make(path_share=0.5, operation=operation, path=path)
    space = searcher.problem.space
    wanted = space.path_text(space.parse_path(path))
    assert searcher.recommend().text.startswith(wanted)
    works = drive(searcher)
    # Step 1 is what it is without the path: it compares all ten.
    alone = drive(make(path_share=0.5, operation=operation))
    step_1 = next(i for i, w in enumerate(works) if isinstance(w, Evaluate))
    assert works[:step_1] == alone[:step_1]
    rows = searcher.tables()["paths"]
    assert len(rows) == 10
    assert all(row["score"] is not None for row in rows)
    assert {w.architecture.text.split("-")[0] for w in works if isinstance(w, GateGradient)} == {
        wanted
    }
    assert searcher.recommend().text.startswith(wanted)
    steps = searcher.tables()["steps"]
    compared = {row["path"]: row["score"] for row in rows}
    assert [(row["step"], row["path"], row["score"]) for row in steps] == [
        *([(1, wanted, compared[wanted])] if wanted in compared else []),
        (2, wanted, None),
    ]
    twin = make(seed=4, path_share=0.5, operation=operation, path=path)
    twin.load_state_dict(searcher.state_dict())
    assert twin.tables() == searcher.tables()


def test_a_given_path_that_is_none_or_beyond_a_cap_is_refused() -> None:
    with pytest.raises(SpaceError, match="AABBC"):
        make(path="AABBC")
    smallest = load_space("autostr").min_macs()
    with pytest.raises(SearcherError, match="below the smallest architecture on path BBBAA"):
        make(problem(max_macs=smallest), path="BBBAA", paths="all", operation_beyond_cap=True)


def test_what_cannot_work_is_refused_at_once() -> None:
    for settings, message in (
        ({"path": "joint"}, "path 'joint': step 2 of autostr is on one path"),
        ({"path_share": 1.0}, r"path_share 1\.0: expected between 0 and 1"),
        ({"path_share": float("nan")}, "path_share nan"),
        ({"learning_rate": -1.0}, r"learning_rate -1\.0"),
        ({"candidates": 0}, "candidates 0"),
        ({"latency_weight": 1.0}, "latency"),
        ({"path_share": 0.01}, "images for step 1 do not train and score 10 paths"),
    ):
        with pytest.raises(SearcherError, match=message):
            make(**settings)


@pytest.mark.parametrize("settings", [{}, {"estimator": "reinforce", "reinforce_samples": 3}])
def test_the_state_continues_identically_at_every_step(settings: dict[str, object]) -> None:
    of = problem(2_400)
    evaluator = SyntheticEvaluator(Landscape(of.space, 1), STEP, EVALUATION)
    whole = drive(make(of, **settings), 2_400, seed=1)
    searcher = make(of, **settings)
    last = next(place for place, work in enumerate(whole) if not _of_step_1(work))
    for place, expected in enumerate(whole):
        # Often enough, and at each step around the change from one search to the other.
        if place % 5 == 0 or abs(place - last) < 4:
            state = json.loads(json.dumps(searcher.state_dict()))
            searcher = make(of, seed=place + 1, **settings)
            searcher.load_state_dict(state)
            assert searcher.state_dict() == state
        (work,) = searcher.ask(1)
        assert work == expected
        searcher.tell([evaluator.perform(work)])
    assert searcher._operations is not None


def test_redrawn_proposals_of_both_steps_are_counted() -> None:
    of = problem(max_macs=60_000_000)
    searcher = make(of, paths="all", path_share=0.5)
    drive(searcher)
    assert searcher._operations is not None
    assert searcher._paths.redrawn > 0
    assert searcher.redrawn == searcher._paths.redrawn + searcher._operations.redrawn
    state = searcher.state_dict()
    twin = make(of, seed=9, paths="all", path_share=0.5)
    twin.load_state_dict(state)
    assert twin.redrawn == searcher.redrawn
