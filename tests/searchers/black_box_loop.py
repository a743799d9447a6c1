"""A small loop around black-box searchers: no training, scores of a made-up landscape."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.running.evaluators.landscape import Landscape
from searchers import load_searcher
from searchers.base import Evaluate, Evaluated, Failure, Problem, Result, Searcher, Work
from spaces import Architecture, load_space

EVALUATION = 32
GOLDEN = Path(__file__).parents[1] / "golden"
SPACES = {strict: load_space("autostr", strict=strict) for strict in (False, True)}
LANDSCAPE = Landscape(SPACES[False], seed=5)

Score = Callable[[Architecture], float | None]


def make(
    name: str,
    seed: int = 0,
    evaluations: int = 120,
    strict: bool = False,
    max_macs: int | None = None,
    max_params: int | None = None,
    **settings: Any,
) -> Any:
    """A searcher whose whole budget is so many evaluations, unless it is told to train."""
    kind = load_searcher(name)
    of = Problem(SPACES[strict], evaluations * EVALUATION, 8, EVALUATION, max_macs, max_params)
    settings = {"training_share": 0.0, **settings}
    return kind(of, kind.Settings(**settings), np.random.default_rng(seed))


def planted(found: Architecture) -> float:
    """Quality on the landscape, without noise."""
    return float(LANDSCAPE.quality(np.array([found.encoding], dtype=np.int8))[0])


def answer(batch: Sequence[Work], score: Score = planted) -> list[Result]:
    """What a runner would tell; a score of None is a failure."""
    results: list[Result] = []
    for work in batch:
        assert isinstance(work, Evaluate)
        value = score(work.architecture)
        results.append(Failure(work, "made up") if value is None else Evaluated(work, value))
    return results


def lead(
    searcher: Searcher, evaluations: int, score: Score = planted, at_once: int = 1
) -> list[Architecture]:
    """Lead a searcher until it has had so many evaluations, or is finished."""
    seen: list[Architecture] = []
    while len(seen) < evaluations:
        batch = searcher.ask(min(at_once, evaluations - len(seen)))
        if not batch:
            break
        assert len(batch) <= at_once
        searcher.tell(answer(batch, score))
        seen += [work.architecture for work in batch if isinstance(work, Evaluate)]
    return seen


def failing(every: int) -> Score:
    """Failures that depend on nothing but the architecture, about one in ``every``."""
    return lambda found: None if found.index % every == 0 else planted(found)


def check_round_trips(name: str, at_once: int = 4, evaluations: int = 60, **settings: Any) -> None:
    """The state, saved before asking and between ask and tell, continues exactly."""

    def twin_of(state: dict[str, Any]) -> Any:
        made = make(name, seed=99, evaluations=evaluations, **settings)
        made.load_state_dict(json.loads(json.dumps(state)))
        assert made.state_dict() == state
        return made

    searcher, score, done = make(name, evaluations=evaluations, **settings), failing(5), 0
    while done < evaluations:
        idle = twin_of(searcher.state_dict())
        batch = searcher.ask(at_once)
        assert idle.ask(at_once) == batch
        if not batch:
            break
        busy = twin_of(searcher.state_dict())
        for each in (searcher, idle, busy):
            each.tell(answer(batch, score))
        assert searcher.state_dict() == idle.state_dict() == busy.state_dict()
        assert searcher.recommend() == busy.recommend()
        done += len(batch)
    assert done >= evaluations or searcher.ask(1) == []


def check_golden(name: str) -> None:
    """The exact sequence of a small run with failures; a refactoring must not change it.

    If it fails after a change that was meant to change behaviour, delete the file, run the test
    once to write it again, and say in the changelog that results of earlier versions differ.
    """
    searcher = make(name, seed=7)
    work = [f"Evaluate {found.text}" for found in lead(searcher, 120, failing(7))]
    actual = {"work": work, "recommendation": searcher.recommend().text}
    file = GOLDEN / f"{name}.json"
    if not file.exists():
        file.write_text(json.dumps(actual, indent=1) + "\n")
        pytest.fail(f"{file} was missing and has been written: read it, then run again")
    assert actual == json.loads(file.read_text())
