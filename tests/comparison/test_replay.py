"""Replayed evaluations: recorded where there is a record, predicted elsewhere, never mistaken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli import run as bench
from bench.records.errors import PresetError, RecordError
from bench.running.evaluators.landscape import Landscape
from bench.running.evaluators.replay import Record, ReplayEvaluator, Surrogate, read_record
from searchers.base import Evaluate, Evaluated, GateGradient, TrainWeights
from spaces import load_space

pytestmark = pytest.mark.usefixtures("undrawn")

SPACE = load_space("autostr")


def record(n: int = 400, noise: float = 0.02) -> Record:
    rows = SPACE.sample(n, np.random.default_rng(0))
    scores = Landscape(SPACE, 1, noise).scores(rows)
    return Record(rows, scores, 48, 1e6, 0.5, 2.0, 0.1, 3e6)


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
    surrogate = Surrogate(SPACE, Record(rows, noise, 48, 1e6, 0.5, None, 0.0, 0.0))
    assert abs(surrogate.tau) < 0.15
    assert surrogate.error > 0.9 * noise.std()


def test_work_is_billed_and_clocked_as_recorded() -> None:
    evaluator = ReplayEvaluator(SPACE, record(), 8)
    found = SPACE.architecture(SPACE.sample(1, np.random.default_rng(3))[0])
    evaluation = Evaluate(found)
    assert evaluator.price(evaluation).images == 48
    assert evaluator.execute_many([evaluation])[0].seconds == 0.5
    training = TrainWeights((found, found))
    assert evaluator.price(training).images == 16
    assert evaluator.price(training).macs == 16 * 3_000_000
    assert evaluator.execute_many([training])[0].seconds == pytest.approx(0.2)
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


def test_a_prediction_is_noisy_and_the_same_whoever_asks() -> None:
    known = record()
    first, second = ReplayEvaluator(SPACE, known, 8), ReplayEvaluator(SPACE, known, 8)
    fresh = [SPACE.architecture(row) for row in SPACE.sample(300, np.random.default_rng(7))]
    scores = np.array([first.glance(one) for one in fresh], dtype=float)
    assert [second.glance(one) for one in fresh[::-1]] == scores[::-1].tolist()
    plain = first.surrogate.predict(SPACE.encode(fresh))
    assert np.std(scores - plain) == pytest.approx(first.surrogate.error, rel=0.2)


def test_the_error_is_told_where_searchers_go() -> None:
    known = record()
    names = tuple("random" if i % 4 else "evolution" for i in range(len(known.scores)))
    surrogate = Surrogate(SPACE, replace(known, searchers=names))
    # Ridge regression pulls towards the mean: the best are predicted worst.
    assert surrogate.error_of_best > surrogate.error
    assert surrogate.error_of_others is not None
    assert Surrogate(SPACE, known).error_of_others is None


@pytest.fixture
def mostly_predicted(study: Path, tmp_path: Path) -> Path:
    """Two searchers on a record that knows almost nothing of what they ask."""
    source = study / "runs" / "random" / "supernet1-seed0"
    for searcher in ("evolution", "local-search"):
        for seed in range(8):
            command = ["run", "--searcher", searcher, "--preset", "tiny", "--evaluator", "replay"]
            command += ["--replay", str(source), "--budget-images", "1000", "--quiet"]
            command += ["--seed", str(seed), "--out", str(tmp_path / "runs" / f"{searcher}{seed}")]
            assert bench(command) == 0
    return tmp_path / "runs"


def test_most_of_it_predicted_is_no_verdict(
    mostly_predicted: Path, tmp_path: Path, capsys: Any
) -> None:
    capsys.readouterr()
    out = tmp_path / "report"
    assert bench(["compare", str(mostly_predicted), "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in found["verdicts"]] == ["not comparable"]
    assert found["verdicts"][0]["p"] is None
    assert "were predicted, not recorded" in found["tests"]["pairs"][0]["sentence"]
    report = json.loads((out / "report.json").read_text())
    for shares in report["replay"]["predicted"].values():
        assert shares["evaluations"] > 0.5
        assert shares["recommendations"] > 0.5
    text = (out / "report.md").read_text()
    head = text[: text.index("One family, one verdict")]
    assert "predicted, not recorded" in head
    assert "among the best" in head


def test_what_was_recorded_is_not_called_predicted() -> None:
    known = record()
    evaluator = ReplayEvaluator(SPACE, known, 8)
    inside = SPACE.architecture(known.encodings[0])
    outside = SPACE.architecture(SPACE.sample(1, np.random.default_rng(3))[0])
    assert not evaluator.execute_many([Evaluate(inside)])[0].predicted
    assert evaluator.execute_many([Evaluate(outside)])[0].predicted
    assert evaluator.scores_for_referee(inside, True).weights == "recorded"
    assert evaluator.scores_for_referee(outside, True).weights == "predicted"


def test_what_a_replay_predicted_is_no_record(tmp_path: Path, capsys: Any) -> None:
    source, again, other = tmp_path / "source", tmp_path / "again", tmp_path / "again" / "other"
    command = ["run", "--searcher", "random", "--preset", "tiny", "--budget-images", "6000"]
    command += ["--json", "--quiet"]
    assert bench([*command, "--evaluator", "synthetic", "--out", str(source)]) == 0
    command += ["--evaluator", "replay"]
    replay = [*command, "--replay", str(source)]
    # The same seed asks for what is recorded, the other for what is not.
    assert bench([*replay, "--out", str(again / "same")]) == 0
    assert bench([*replay, "--seed", "77", "--out", str(other)]) == 0
    found, first = read_record(again, SPACE), read_record(source, SPACE)
    assert found.digest == first.digest
    assert (found.predicted, first.predicted) == (62, 0)
    capsys.readouterr()
    assert bench([*command, "--replay", str(again), "--out", str(tmp_path / "third")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert "(62 predicted ones are left out)" in result["warnings"][0]
    manifest = json.loads((tmp_path / "third" / "run.json").read_text())
    assert manifest["data"]["replay"]["predicted_left_out"] == 62
    with pytest.raises(RecordError, match="0 different evaluations beside 62 that were predicted"):
        read_record(other, SPACE)


def test_weight_steps_cost_what_they_did_when_they_were_made(tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "source"
    command = ["run", "--searcher", "random", "--preset", "tiny", "--budget-images", "3200"]
    command += ["--json", "--quiet"]
    costs = []
    for how in (["synthetic"], ["replay", "--replay", str(source)]):
        out = tmp_path / "replay" if costs else source
        capsys.readouterr()
        assert bench([*command, "--evaluator", *how, "--out", str(out)]) == 0
        costs.append(json.loads(capsys.readouterr().out)["cost"]["by_kind"]["train_weights"])
    recorded, replayed = costs
    assert replayed["images"] == recorded["images"] > 0
    assert replayed["macs"] == pytest.approx(recorded["macs"], rel=1e-6)
