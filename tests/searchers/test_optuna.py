"""Optuna's samplers propose here what they do on their own, and survive what runs go through."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import black_box_loop
import numpy as np
import optuna
import pytest
from black_box_loop import EVALUATION, SPACES, answer, failing, lead, planted

from searchers import SearcherError
from searchers.base import Problem
from searchers.finding import find_searcher
from searchers.libraries.optuna_library import OptunaLibrary
from searchers.optuna_search import OPTIONS, OptunaSettings
from searchers.tpe import TPESettings

#: Options with which a few evaluations are enough to learn from.
SMALL: dict[str, dict[str, Any]] = {
    "tpe": {"n_startup_trials": 5},
    "optuna:nsgaii": {"population_size": 6},
    "optuna:gp": {"n_startup_trials": 3},
}


def make(name: str, seed: int = 0, max_macs: int | None = None, **settings: Any) -> Any:
    found = find_searcher(name)
    given = {"training_share": 0.0, **found.given, **SMALL[name], **settings}
    of = Problem(SPACES[False], 100 * EVALUATION, 8, EVALUATION, max_macs)
    return found.kind(of, found.kind.Settings(**given), np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("name", "max_macs", "rounds"),
    [
        ("tpe", None, 8),
        ("tpe", 200_000_000, 8),
        ("optuna:nsgaii", None, 8),
        ("optuna:nsgaii", 200_000_000, 8),
        ("optuna:gp", None, 3),
        # Two processes to fit, several times a proposal.
        pytest.param("optuna:gp", 200_000_000, 4, marks=pytest.mark.slow),
    ],
)
def test_the_state_continues_before_asking_and_between_ask_and_tell(
    name: str, max_macs: int | None, rounds: int
) -> None:
    def twin_of(state: dict[str, Any]) -> Any:
        made = make(name, seed=99, max_macs=max_macs)
        made.load_state_dict(json.loads(json.dumps(state)))
        assert made.state_dict() == state
        return made

    searcher, score = make(name, max_macs=max_macs), failing(5)
    for _ in range(rounds):
        idle = twin_of(searcher.state_dict())
        batch = searcher.ask(2)
        assert idle.ask(2) == batch
        busy = twin_of(searcher.state_dict())
        for each in (searcher, idle, busy):
            each.tell(answer(batch, score))
        assert searcher.state_dict() == idle.state_dict() == busy.state_dict()


@pytest.mark.parametrize("multivariate", [True, False])
def test_tpe_proposes_what_optuna_does(multivariate: bool) -> None:
    options = {
        "n_startup_trials": 5,
        "n_ei_candidates": 24,
        "multivariate": multivariate,
        "group": False,
        "constant_liar": True,
    }
    check_against_bare("tpe", options, optuna.samplers.TPESampler)


def test_nsgaii_proposes_what_optuna_does() -> None:
    options = {**OPTIONS["nsgaii"], "population_size": 5}
    check_against_bare("nsgaii", options, optuna.samplers.NSGAIISampler)


def check_against_bare(name: str, options: dict[str, Any], sampler: Any) -> None:
    """The same seeds, plain distributions and no help of ours: the same points."""
    sizes = (30, 3, 7, 7, 7)
    ours = OptunaLibrary(sizes, name, options, np.random.default_rng(0))
    seeds = np.random.default_rng(0)
    study = optuna.create_study(direction="maximize")
    choices = {
        f"choice_{place:04d}": optuna.distributions.CategoricalDistribution(range(n))
        for place, n in enumerate(sizes)
    }
    for step in range(25):
        asked = ours.ask(None)
        study.sampler = sampler(seed=int(seeds.integers(2**32)), **options)
        trial = study.ask(choices)
        assert asked.point == tuple(trial.params.values()), step
        score = 1.0 - sum(asked.point) / 50
        ours.tell(asked.number, score)
        study.tell(trial, score)


@pytest.mark.parametrize("name", ["tpe", "optuna:nsgaii"])
def test_a_cap_is_learned(name: str) -> None:
    """Once it has seen both sides, fewer of its points are beyond than at random."""
    searcher = make(name, max_macs=200_000_000)
    seen = lead(searcher, 60)
    space = SPACES[False]
    assert space.macs(space.encode(seen)).max() <= 200_000_000
    early = searcher.redrawn
    rows = space.sample(2_000, np.random.default_rng(0))
    chance = float((space.macs(rows) > 200_000_000).mean())
    lead(searcher, 40)
    late = searcher.redrawn - early
    assert late / (40 + late) < 0.9 * chance


def test_a_failed_evaluation_is_a_failed_trial_and_no_parent() -> None:
    library = OptunaLibrary((4, 4), "nsgaii", OPTIONS["nsgaii"], np.random.default_rng(0))
    for score in (0.5, None, 0.25):
        library.tell(library.ask(None).number, score)
    records = library.state()["trials"]
    assert [(record[0], record[2]) for record in records] == [
        ("complete", 0.5),
        ("failed", None),
        ("complete", 0.25),
    ]


def test_it_continues_in_another_process_with_another_hash_seed() -> None:
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]);"
        "from black_box_loop import lead, make;"
        "s = make('tpe'); s.load_state_dict(json.load(sys.stdin));"
        "print(json.dumps([a.text for a in lead(s, 6)]))"
    )
    searcher = black_box_loop.make("tpe")
    lead(searcher, 15)
    state = json.dumps(searcher.state_dict())
    expected = [found.text for found in lead(searcher, 6)]
    told = subprocess.run(
        [sys.executable, "-c", code, str(Path(black_box_loop.__file__).parent)],
        input=state,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert json.loads(told.stdout) == expected


def test_other_libraries_of_the_user_are_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    level = optuna.logging.get_verbosity()
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    lead(make("tpe"), 8)
    assert optuna.logging.get_verbosity() == level
    assert logging.getLogger().level == logging.WARNING
    assert capfd.readouterr().err == ""
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("settings", [{"group": True}, {"multivariate": False}])
def test_all_options_of_tpe_run_without_a_warning(settings: dict[str, Any]) -> None:
    assert len(lead(make("tpe", **settings), 12)) == 12


def test_every_option_is_recorded_and_only_those_of_the_sampler() -> None:
    genetic = asdict(OptunaSettings(sampler="nsgaii"))
    assert genetic["population_size"] == 50
    assert genetic["crossover_prob"] == 0.9
    assert genetic["n_startup_trials"] is None
    assert OptunaSettings(**genetic) == OptunaSettings(sampler="nsgaii")
    known = set(optuna.samplers.NSGAIISampler.__init__.__kwdefaults__ or {})
    assert set(OPTIONS["nsgaii"]) <= known
    defaults = optuna.samplers.NSGAIISampler.__init__.__kwdefaults__ or {}
    assert {key: defaults[key] for key in OPTIONS["nsgaii"]} == OPTIONS["nsgaii"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cmaes", "draws categories at random, whatever it was told: take tpe"),
        ("CmaEsSampler", "draws categories at random"),
        ("qmc", "take random"),
        ("random", "take random"),
        ("grid", "enumerates a space"),
        ("brute-force", "enumerates a space"),
        ("partial_fixed", "wraps another sampler"),
        ("nsgaiii", "take optuna:nsgaii"),
        ("tpe", "take tpe"),
        ("nsga2", "'nsga2', did you mean 'nsgaii'"),
    ],
)
def test_samplers_that_do_not_fit_are_refused_with_the_reason(name: str, message: str) -> None:
    with pytest.raises(SearcherError, match=message) as refused:
        OptunaSettings(sampler=name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "nsgaii", "n_startup_trials": 3}, "no option of optuna:nsgaii: it has popul"),
        ({"population_size": 1}, "population_size 1: expected 2 or more"),
        ({"swapping_prob": 1.5}, "swapping_prob 1.5: expected 0 to 1"),
        ({"sampler": "gp", "n_startup_trials": 0}, "n_startup_trials 0: expected 1 or more"),
    ],
)
def test_wrong_options_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SearcherError, match=message):
        OptunaSettings(**settings)


def test_wrong_options_of_tpe_are_refused() -> None:
    with pytest.raises(SearcherError, match="n_ei_candidates 0"):
        TPESettings(n_ei_candidates=0)
    with pytest.raises(SearcherError, match="group is set without multivariate"):
        TPESettings(group=True, multivariate=False)


@pytest.mark.slow
def test_the_gaussian_process_finds_more_than_its_random_start() -> None:
    searcher = make("optuna:gp")
    seen = [planted(found) for found in lead(searcher, 16)]
    assert max(seen[3:]) > max(seen[:3])
