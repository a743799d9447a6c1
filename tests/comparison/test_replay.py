"""Replayed evaluations: recorded where there is a record, predicted elsewhere, never mistaken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli import run as bench
from bench.errors import PresetError, RecordError
from bench.evaluators.landscape import Landscape
from bench.evaluators.replay import Record, ReplayEvaluator, Surrogate, read_record
from searchers.base import Evaluate, Evaluated, GateGradient, TrainWeights
from spaces import load_space

SPACE = load_space("autostr")


def record(n: int = 400, noise: float = 0.02) -> Record:
    rows = SPACE.sample(n, np.random.default_rng(0))
    scores = Landscape(SPACE, 1, noise).scores(rows)
    return Record(rows, scores, 48, 1e6, 0.5, 2.0, 0.1)


def test_recorded_scores_come_back_exactly() -> None:
    known = record()
    evaluator = ReplayEvaluator(SPACE, known, 8)
    for row, score in zip(known.encodings[:20], known.scores[:20], strict=True):
        result = evaluator.perform(Evaluate(SPACE.architecture(row)))
        assert isinstance(result, Evaluated)
        assert result.score == score


def test_the_surrogate_states_the_error_that_it_has() -> None:
    surrogate = Surrogate(SPACE, record())
    fresh = SPACE.sample(2_000, np.random.default_rng(9))
    truth = Landscape(SPACE, 1, 0.02).scores(fresh)
    error = float(np.sqrt(np.mean((surrogate.predict(fresh) - truth) ** 2)))
    assert error == pytest.approx(surrogate.error, rel=0.25)
    assert error < 0.8 * truth.std()


def test_a_surrogate_of_noise_says_so() -> None:
    rows = SPACE.sample(300, np.random.default_rng(0))
    noise = np.random.default_rng(1).uniform(0.4, 0.6, 300)
    surrogate = Surrogate(SPACE, Record(rows, noise, 48, 1e6, 0.5, None, 0.0))
    assert abs(surrogate.tau) < 0.15
    assert surrogate.error > 0.9 * noise.std()


def test_work_is_billed_and_clocked_as_recorded() -> None:
    evaluator = ReplayEvaluator(SPACE, record(), 8)
    found = SPACE.architecture(SPACE.sample(1, np.random.default_rng(3))[0])
    evaluation = Evaluate(found)
    assert evaluator.price(evaluation).images == 48
    assert evaluator.execute(evaluation).seconds == 0.5
    training = TrainWeights((found, found))
    assert evaluator.price(training).images == 16
    assert evaluator.execute(training).seconds == pytest.approx(0.2)
    with pytest.raises(PresetError, match="gate gradients"):
        evaluator.price(GateGradient(found, ((0,),) * 15))


def test_a_study_can_be_replayed(study: Path, tmp_path: Path, capsys: Any) -> None:
    one = tmp_path / "one"
    one.mkdir()
    for folder in (study / "runs").glob("*/supernet1-*"):
        (one / f"{folder.parent.name}-{folder.name}").symlink_to(folder)
    # Links are not followed below a place; given as they are, they are run folders like others.
    with pytest.raises(RecordError, match=r"no run\.json"):
        read_record(one, SPACE)
    source = study / "runs" / "random" / "supernet1-seed0"
    command = ["run", "--searcher", "evolution", "--preset", "tiny", "--evaluator", "replay"]
    command += ["--replay", str(source), "--budget-images", "2000", "--json", "--quiet"]
    capsys.readouterr()
    assert bench([*command, "--out", str(tmp_path / "a")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert "predicted" in result["warnings"][0]
    assert result["recommendation"]["test_words"] == 0
    manifest = json.loads((tmp_path / "a" / "run.json").read_text())
    assert manifest["data"]["replay"]["evaluations"] >= 30


def test_records_of_two_supernets_are_refused(study: Path) -> None:
    with pytest.raises(RecordError, match="4 supernets"):
        read_record(study, SPACE)


def test_too_few_records_are_refused(tmp_path: Path, capsys: Any) -> None:
    command = ["run", "--searcher", "random", "--preset", "tiny", "--evaluator", "synthetic"]
    assert bench([*command, "--out", str(tmp_path / "few"), "--quiet"]) == 0
    with pytest.raises(RecordError, match="expected 30 or more"):
        read_record(tmp_path / "few", SPACE)
    replay = [*command[:-1], "replay", "--out", str(tmp_path / "b"), "--quiet"]
    capsys.readouterr()
    assert bench(replay) == 2
    assert "needs run.replay" in capsys.readouterr().err
