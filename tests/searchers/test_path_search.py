"""Step 1 of AutoSTR: equal shares, the best path, caps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from searchers.base import (
    Evaluate,
    Evaluated,
    Failure,
    Problem,
    Result,
    SearcherError,
    TrainWeights,
    WeightsTrained,
    Work,
)
from searchers.path_search import PathSearch, PathSearchSettings, Round, plan_rounds
from spaces import Architecture, load_space

STEP, EVALUATION = 8, 32
Score = Callable[[Architecture], float | None]


def problem(budget_images: int = 2_000, **given: object) -> Problem:
    strict = bool(given.pop("strict", False))
    space = load_space("autostr", strict=strict)
    return Problem(space, budget_images, STEP, EVALUATION, **given)  # type: ignore[arg-type]


def make(of: Problem | None = None, seed: int = 0, **settings: object) -> PathSearch:
    made = PathSearchSettings(**settings)  # type: ignore[arg-type]
    return PathSearch(of or problem(), made, np.random.default_rng(seed))


def images(work: Work) -> int:
    return STEP * len(work.architectures) if isinstance(work, TrainWeights) else EVALUATION


def answer(work: Work, score: Score, loss: Score) -> Result:
    if isinstance(work, TrainWeights):
        value = loss(work.architectures[0])
        return Failure(work, "made up") if value is None else WeightsTrained(work, value)
    assert isinstance(work, Evaluate)
    value = score(work.architecture)
    return Failure(work, "made up") if value is None else Evaluated(work, value)


def drive(
    searcher: PathSearch,
    score: Score = lambda _: 0.5,
    loss: Score = lambda _: 1.0,
    batch: int = 1,
    limit: int = 10**9,
) -> list[Work]:
    done: list[Work] = []
    while len(done) < limit and (batch_of_work := searcher.ask(batch)):
        assert len(batch_of_work) <= batch
        done += batch_of_work
        searcher.tell([answer(work, score, loss) for work in batch_of_work])
    return done


def first_a(found: Architecture) -> float:
    """A score that differs between the typical paths; BBBAA has the highest."""
    row = np.array(found.encoding[:15])
    return float((np.flatnonzero(row == 1) * [3, 1]).sum()) / 100


def trained(works: list[Work]) -> Counter[str]:
    return Counter(a.text for w in works if isinstance(w, TrainWeights) for a in w.architectures)


def test_the_ten_paths_get_equal_shares_and_one_evaluation_each() -> None:
    searcher = make()
    works = drive(searcher)
    steps = trained(works)
    space = searcher.problem.space
    expected = [space.uniform_architecture(p, "residual").text for p in space.typical_paths()]
    assert sorted(steps) == sorted(expected)
    assert set(steps.values()) == {(2_000 - 10 * EVALUATION) // (10 * STEP)}
    kinds = [type(work) for work in works]
    assert kinds == sorted(kinds, key=lambda kind: kind is Evaluate)
    assert Counter(w.architecture.text for w in works if isinstance(w, Evaluate)) == Counter(
        expected
    )
    spent = sum(images(work) for work in works)
    assert spent == searcher.planned_images
    assert 2_000 - 10 * STEP < spent <= 2_000


def test_nobody_is_trained_later_than_another() -> None:
    searcher = make(problem(20_000))
    place = {a.text: i for i, a in enumerate(searcher._candidates.architectures)}
    order = [place[w.architectures[0].text] for w in drive(searcher) if isinstance(w, TrainWeights)]
    cycles = [order[i : i + 10] for i in range(0, len(order), 10)]
    assert len(cycles) >= 10
    assert all(sorted(cycle) == list(range(10)) for cycle in cycles)
    assert len({tuple(cycle) for cycle in cycles}) > 1


def test_the_best_path_is_found_and_recommended_through_a_member() -> None:
    searcher = make()
    space = searcher.problem.space
    drive(searcher, first_a)
    assert space.path_text(searcher.path) == "B..B..B..A..A.."
    assert searcher.recommend() == space.parse("BBBAA-000000000000000")
    rows = searcher.tables()["paths"]
    assert [row["rank"] for row in rows] == list(range(1, 11))
    assert rows[0]["path"] == "B..B..B..A..A.."
    assert rows[0]["operation"] == "residual"
    assert [row["score"] for row in rows] == sorted((r["score"] for r in rows), reverse=True)
    assert {row["weight_steps"] for row in rows} == {21}
    row = space.encode([space.uniform_architecture(searcher.path, "residual")])
    assert (rows[0]["macs"], rows[0]["params"]) == (space.macs(row)[0], space.params(row)[0])
    assert searcher.status()["path_score"] == pytest.approx(first_a(searcher.recommend()))
    assert searcher.warnings() == []
    json.dumps([rows, searcher.status()])


@pytest.mark.parametrize("operation", ["k3e1", "k5e6"])
def test_an_operation_of_the_space_is_recommended_as_it_was_scored(operation: str) -> None:
    searcher = make(operation=operation)
    works = drive(searcher, first_a)
    best = max((w for w in works if isinstance(w, Evaluate)), key=lambda w: first_a(w.architecture))
    assert searcher.recommend() == best.architecture
    assert PathSearch.default_operations(searcher.settings) == ()
    assert PathSearch.default_operations(PathSearchSettings()) == ("residual",)


def test_equal_scores_are_decided_by_the_training_loss_and_said() -> None:
    searcher = make()
    drive(searcher, lambda _: 0.0, lambda found: 2.0 - first_a(found))
    assert searcher.problem.space.path_text(searcher.path) == "B..B..B..A..A.."
    assert "all 10 paths have the score 0.000" in searcher.warnings()[0]


def test_failures_are_never_the_best() -> None:
    searcher = make()
    drive(searcher, lambda found: None if first_a(found) > 0.3 else first_a(found), lambda _: None)
    scores = [row["score"] for row in searcher.tables()["paths"]]
    assert scores[0] is not None
    assert scores[-1] is None
    hopeless = make()
    drive(hopeless, lambda _: None, lambda _: None)
    assert hopeless.problem.space.parse(hopeless.recommend().text) == hopeless.recommend()


def test_halving_keeps_the_better_half_for_equal_budgets() -> None:
    of = problem(8_000)
    plan = plan_rounds(of, 10, "halving")
    assert [each.candidates for each in plan] == [10, 5, 3, 2]
    costs = [each.images(of) for each in plan]
    assert all(abs(cost - 2_000) <= 10 * STEP for cost in costs)
    assert 8_000 - 2 * STEP < sum(costs) <= 8_000
    searcher = make(of, selection="halving")
    works = drive(searcher, first_a)
    assert sum(images(work) for work in works) == searcher.planned_images == sum(costs)
    assert searcher.problem.space.path_text(searcher.path) == "B..B..B..A..A.."
    steps = [row["weight_steps"] for row in searcher.tables()["paths"]]
    # The ranking is by how far a path came: each of its rounds added the same steps to all in it.
    totals = np.cumsum([each.steps for each in plan]).tolist()
    assert sorted(steps) == sorted(
        totals[stage] for stage, left in enumerate([5, 2, 1, 2]) for _ in range(left)
    )
    assert steps == sorted(steps, reverse=True)


def test_plans() -> None:
    of = problem(2_000)
    assert plan_rounds(of, 1, "equal") == plan_rounds(of, 1, "halving") == ()
    assert plan_rounds(of, 2, "halving") == plan_rounds(of, 2, "equal")
    assert plan_rounds(of, 10, "equal") == (Round(10, 21),)
    least = 10 * (STEP + EVALUATION)
    assert plan_rounds(problem(least), 10, "equal") == (Round(10, 1),)
    with pytest.raises(SearcherError, match=f"which takes {least}: raise budget_images"):
        plan_rounds(problem(least - 1), 10, "equal")
    assert Round(10, 1_000).turn == 10
    assert Round(10, 35).turn == 3
    assert Round(10, 4).turn == 1


def test_a_single_candidate_needs_no_search() -> None:
    searcher = make(candidates=1)
    assert searcher.ask(3) == []
    assert searcher.planned_images == 0


def test_all_paths_are_trained_at_random_and_a_sample_is_compared() -> None:
    searcher = make(problem(6_000), paths="all", candidates=20)
    works = drive(searcher, first_a)
    paths = {text.split("-")[0] for text in trained(works)}
    assert len(paths) > 400
    compared = [w.architecture for w in works if isinstance(w, Evaluate)]
    assert len({found.text for found in compared}) == 20
    assert not {found.text.split("-")[0] for found in compared} <= {
        searcher.problem.space.path_text(p) for p in searcher.problem.space.typical_paths()
    }
    assert first_a(searcher.recommend()) == max(first_a(found) for found in compared)
    assert sum(images(work) for work in works) == searcher.planned_images
    halved = make(problem(12_000), paths="all", candidates=16, selection="halving")
    assert sum(images(work) for work in drive(halved, first_a)) == halved.planned_images


def test_fewer_candidates_are_drawn_from_the_seed() -> None:
    def paths(seed: int, candidates: int = 3) -> list[str]:
        return [row["path"] for row in make(seed=seed, candidates=candidates).tables()["paths"]]

    assert len(set(paths(0))) == 3
    assert paths(0) == paths(0)
    assert len({tuple(sorted(paths(seed))) for seed in range(8)}) > 1
    assert len(paths(0, candidates=99)) == 10


@pytest.mark.parametrize("cap", [{"max_macs": 200_000_000}, {"max_params": 2_000_000}])
@pytest.mark.parametrize("paths", ["typical", "all"])
def test_nothing_beyond_a_cap_is_trained_or_evaluated(cap: dict[str, int], paths: str) -> None:
    of = problem(2_000, **cap)
    searcher = make(of, paths=paths)
    works = drive(searcher, first_a)
    found = [a for w in works for a in (w.architectures if isinstance(w, TrainWeights) else ())]
    found += [w.architecture for w in works if isinstance(w, Evaluate)]
    assert of.allows(of.space.encode(found)).all()
    assert of.allows(of.space.encode([searcher.recommend()]))[0]
    assert {row["operation"] for row in searcher.tables()["paths"]} == {"k3e1"}
    assert "step 1 uses k3e1 on every layer" in searcher.warnings()[0]


@pytest.mark.parametrize("paths", ["typical", "all"])
def test_the_cap_can_bind_the_result_alone(paths: str) -> None:
    """Section 4.2 of the paper: residual units in step 1, less than 450 M in what is found."""
    of = problem(2_000, max_macs=450_000_000)
    searcher = make(of, paths=paths, operation_beyond_cap=True)
    space = of.space
    works = drive(searcher, first_a)
    rows = searcher.tables()["paths"]
    assert {row["operation"] for row in rows} == {"residual"}
    assert len(rows) == 10
    assert max(row["macs"] for row in rows) > 450_000_000
    assert all("r" * 15 in text for text in trained(works))
    assert searcher.warnings() == []
    # BBBAA, whose residual units have 742 M, is among the typical ones and is found.
    assert searcher.recommend().text.startswith(rows[0]["path"])
    assert of.allows(space.encode([searcher.recommend()]))[0]
    twin = make(of, seed=5, paths=paths, operation_beyond_cap=True)
    twin.load_state_dict(searcher.state_dict())
    assert twin.tables() == searcher.tables()


def test_a_path_without_any_member_within_the_cap_is_no_candidate_even_so() -> None:
    space = load_space("autostr")
    smallest = space.min_macs()
    searcher = make(problem(max_macs=smallest), operation_beyond_cap=True, paths="all")
    assert all(
        problem(max_macs=smallest).allows(space.encode([searcher._candidates.member(place)]))[0]
        for place in range(len(searcher._candidates))
    )


def test_a_path_beyond_the_cap_is_left_out() -> None:
    space = load_space("autostr")
    alone = [space.uniform_architecture(path, "k3e1") for path in space.typical_paths()]
    macs = sorted(space.macs(space.encode(alone)).tolist())
    assert len(make(problem(max_macs=macs[4]))._candidates) == 5
    with pytest.raises(SearcherError, match="no path is left that has k3e1 on every layer: raise"):
        make(problem(max_macs=macs[0] - 1))
    # The residual architectures fit: no reason to use another operation.
    wide = make(problem(max_macs=1_000_000_000))
    assert wide.warnings() == []
    assert wide.tables()["paths"][0]["operation"] == "residual"


def test_wrong_settings_are_refused() -> None:
    for settings, message in (
        ({"operation": "residul"}, "unknown operation 'residul', did you mean 'residual'"),
        ({"operation_within_cap": "k3e9"}, "unknown operation 'k3e9'"),
        ({"candidates": 0}, "candidates 0: expected 1 or more"),
        ({"paths": "some"}, "paths 'some': expected one of typical, all"),
        ({"selection": "best"}, "selection 'best': expected one of equal, halving"),
    ):
        with pytest.raises(SearcherError, match=message):
            make(**settings)
    with pytest.raises(SearcherError, match="no path is left that has k3e1"):
        make(problem(max_macs=load_space("autostr").min_macs()))
    with pytest.raises(SearcherError, match="no path is left"):
        make(problem(strict=True), operation="skip", operation_within_cap="skip")


@pytest.mark.parametrize(
    "settings",
    [{}, {"selection": "halving"}, {"paths": "all", "selection": "halving", "candidates": 6}],
)
def test_a_saved_state_continues_identically_in_any_batches(settings: dict[str, object]) -> None:
    of = problem(2_600)

    def score(found: Architecture) -> float:
        return found.index % 97 / 100

    whole = drive(make(of, **settings), score)
    searcher = make(of, **settings)
    done: list[Work] = []
    while batch := searcher.ask(3):
        done += batch
        # Saved between ask and tell, and after it.
        for _ in range(2):
            state = json.loads(json.dumps(searcher.state_dict()))
            searcher = make(of, seed=len(done), **settings)
            searcher.load_state_dict(state)
            assert searcher.state_dict() == state
            if batch:
                searcher.tell([answer(work, score, lambda _: 1.0) for work in batch])
                batch = []
    assert done == whole
    assert len(done) > 20
