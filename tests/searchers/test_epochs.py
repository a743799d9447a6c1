"""Lengths in epochs, as papers state them: what they come to, and what a budget has to pay."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from bench.running.evaluators.landscape import Landscape
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers.autostr import AutoSTR, AutoSTRSettings
from searchers.base import Evaluate, GateGradient, Problem, Searcher, TrainWeights, Work
from searchers.errors import SearcherError
from searchers.proxyless import Proxyless, ProxylessSettings
from spaces import load_space

STEP, EVALUATION, EPOCH = 8, 32, 240
PAPER = {"path_epochs": 5.0, "warmup_epochs": 1.0, "search_epochs": 2.0}
#: 10 paths of 150 steps and an evaluation; 30 steps, 60 steps, 12 architecture steps; the result's.
NEEDED = 10 * (150 * STEP + EVALUATION) + (30 + 60 + 12) * STEP + EVALUATION


def problem(budget_images: int = NEEDED, epoch_images: int | None = EPOCH) -> Problem:
    return Problem(
        load_space("autostr"), budget_images, STEP, EVALUATION, epoch_images=epoch_images
    )


def autostr(of: Problem | None = None, seed: int = 0, **changed: object) -> AutoSTR:
    settings = AutoSTRSettings(**{**PAPER, "learning_rate": 0.05, **changed})  # type: ignore[arg-type]
    return AutoSTR(of or problem(), settings, np.random.default_rng(seed))


def evaluator(of: Problem) -> SyntheticEvaluator:
    return SyntheticEvaluator(Landscape(of.space, 3), STEP, EVALUATION)


def drive(searcher: Searcher) -> tuple[list[Work], int]:
    """All work until the searcher has finished, and the images it is billed."""
    performing = evaluator(searcher.problem)
    done: list[Work] = []
    images = 0
    while batch := searcher.ask(1):
        images += sum(performing.price(work).images for work in batch)
        assert images <= searcher.problem.budget_images
        searcher.tell([performing.perform(work) for work in batch])
        done += batch
    return done, images


def steps_of(works: list[Work]) -> Counter[str]:
    return Counter(a.text for w in works if isinstance(w, TrainWeights) for a in w.architectures)


def test_the_papers_schedule_is_kept_to_the_step() -> None:
    """Section 4.2: five epochs for each path; one of warm-up, two of search."""
    searcher = autostr()
    works, images = drive(searcher)
    assert images == NEEDED
    steps = steps_of(works)
    paths = {text: count for text, count in steps.items() if "r" in text}
    assert len(paths) == 10
    assert set(paths.values()) == {5 * EPOCH // STEP}
    # The rest is on the path that was found: warm-up, then search.
    first = next(i for i, w in enumerate(works) if isinstance(w, GateGradient))
    found = [w for w in works[:first] if isinstance(w, TrainWeights)]
    warm = sum(len(w.architectures) for w in found if "r" not in w.architectures[0].text)
    assert warm == 1 * EPOCH // STEP + 5
    assert steps.total() - sum(paths.values()) == 3 * EPOCH // STEP
    assert sum(isinstance(w, GateGradient) for w in works) == 2 * EPOCH // STEP // 5


def test_both_steps_numbers_are_measured_alike_and_told() -> None:
    searcher = autostr()
    works, _ = drive(searcher)
    last = works[-1]
    assert isinstance(last, Evaluate)
    assert last.architecture == searcher.recommend()
    first, second = searcher.tables()["steps"]
    best = searcher.tables()["paths"][0]
    assert (first["step"], first["path"], first["score"]) == (1, best["path"], best["score"])
    assert first["architecture"] == best["path"] + "-" + "r" * 15
    assert (first["macs"], first["params"]) == (best["macs"], best["params"])
    assert second["path"] == best["path"]
    assert second["architecture"] == searcher.recommend().text
    assert second["score"] == evaluator(searcher.problem).perform(last).score
    json.dumps([first, second])


def test_step_2_without_an_end_is_not_evaluated() -> None:
    searcher = autostr(problem(20_000), search_epochs=0.0)
    left = 20_000
    performing = evaluator(searcher.problem)
    while left > 0:
        (work,) = searcher.ask(1)
        left -= performing.price(work).images
        searcher.tell([performing.perform(work)])
    assert [row["score"] is None for row in searcher.tables()["steps"]] == [False, True]


def test_a_search_that_has_ended_goes_on_identically() -> None:
    whole, _ = drive(autostr())
    performing = evaluator(problem())
    searcher = autostr()
    for place, expected in enumerate(whole):
        if place % 7 == 0 or place > len(whole) - 4:
            state = json.loads(json.dumps(searcher.state_dict()))
            searcher = autostr(seed=place + 1)
            searcher.load_state_dict(state)
            assert searcher.state_dict() == state
        (work,) = searcher.ask(1)
        assert work == expected
        searcher.tell([performing.perform(work)])
    assert searcher.ask(1) == []


@pytest.mark.parametrize("estimator", ["gates", "reinforce"])
def test_step_2_alone_ends_after_its_epochs(estimator: str) -> None:
    settings = ProxylessSettings(
        warmup_epochs=1.0, search_epochs=0.5, estimator=estimator, reinforce_samples=3
    )
    searcher = Proxyless(problem(), settings, np.random.default_rng(0))
    works, images = drive(searcher)
    assert steps_of(works).total() == 45
    each = 3 * EVALUATION if estimator == "reinforce" else STEP
    assert images == 45 * STEP + 3 * each


def test_what_the_budget_does_not_pay_is_refused_before_the_first_step() -> None:
    assert autostr(problem(NEEDED)).ask(1)
    for make, message in (
        (lambda: autostr(problem(NEEDED - 1)), f"take {NEEDED:,} images, the budget has"),
        (lambda: autostr(problem(9_000)), "10 paths of path_epochs 5 each take 12,320 images"),
        (lambda: autostr(problem(12_320), warmup_epochs=0.0, search_epochs=0.0), "step 1, then"),
        (lambda: autostr(path_epochs=-1.0), "path_epochs -1.0: expected 0"),
        (lambda: autostr(search_epochs=float("nan")), "search_epochs nan: expected 0"),
        (lambda: autostr(selection="halving"), "path_epochs 5 with selection 'halving'"),
        (lambda: autostr(problem(epoch_images=None)), "how many words search_train has"),
        (lambda: problem(epoch_images=0), "epoch of 0 images"),
        (
            lambda: Proxyless(
                problem(700), ProxylessSettings(warmup_epochs=3.0), np.random.default_rng(0)
            ),
            "warmup_epochs 3 and search_epochs 0 take 720 images, the budget has 700",
        ),
    ):
        with pytest.raises(SearcherError, match=message):
            make()
