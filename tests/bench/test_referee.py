"""The endpoint: what a recommendation is worth must not depend on who trained what."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.cli import run as run_bench
from bench.comparison.analysis import analyse
from bench.comparison.groups import group_runs
from bench.comparison.protocol import OWN_ENDPOINT
from bench.comparison.provenance import run_rows
from bench.presets import load_preset
from bench.records.runs import read_run
from bench.run import Run
from bench.running.evaluators.supernet import SupernetEvaluator
from searchers.base import TrainWeights

FAVOURITE = "A..B..A..B..B..-111111111111111"
FEW = ["trainer.batch_images=16", "data.rendering.search_train=64", "run.referee_samples=0"]


@pytest.fixture(scope="module")
def supernet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("supernet") / "net.safetensors"
    given = ["--preset", "tiny", "--images", "96", "--quiet", "--out", str(out)]
    assert run_bench(["supernet", "train", *given]) == 0
    return out


def begun_from(start: Path) -> tuple[Run, SupernetEvaluator]:
    preset = load_preset("tiny", [*FEW, f"supernet.start={start}"])
    run = Run("random", "tiny", preset, 0)
    evaluator = run.built.evaluator
    assert isinstance(evaluator, SupernetEvaluator)
    return run, evaluator


def test_training_a_favourite_gains_nothing_on_the_endpoint(supernet: Path) -> None:
    _, untrained = begun_from(supernet)
    run, evaluator = begun_from(supernet)
    favourite = run.space.parse(FAVOURITE)
    before = untrained.scores_for_referee(favourite, True)
    assert before.weights == "common"
    assert before.own_score == before.score
    assert evaluator.common is not None
    common = evaluator.common.state_dict()
    evaluator.perform(TrainWeights((favourite,) * 12))
    after = evaluator.scores_for_referee(favourite, True)
    # To the last bit; the run's own weights have moved on.
    for field in ("score", "word_accuracy", "one_ned", "one_ned_case_insensitive"):
        assert getattr(after, field) == getattr(before, field)
    own = run.trainer.supernet.state_dict()
    assert sum(not torch.equal(own[name], tensor) for name, tensor in common.items()) > 50
    evaluator.close()
    untrained.close()


def test_a_look_scores_with_common_weights_what_it_does_not_know_and_with_own_ones_at_the_end(
    supernet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, evaluator = begun_from(supernet)
    favourite, other = (run.space.parse(text) for text in (FAVOURITE, "0"))
    evaluator.perform(TrainWeights((favourite,)))
    scored: list[str] = []
    score = run.trainer.score

    def noted(encoding: Any, words: Any, weights: Any = None) -> Any:
        if words is evaluator.test:
            scored.append("own" if weights is None else "common")
        return score(encoding, words, weights)

    monkeypatch.setattr(run.trainer, "score", noted)
    first = evaluator.scores_for_referee(favourite, False)
    assert scored == ["common"]
    assert first.own_score is None
    evaluator.perform(TrainWeights((favourite,)))
    again = evaluator.scores_for_referee(favourite, False)
    assert scored == ["common"]
    assert again.score == first.score
    evaluator.scores_for_referee(other, False)
    assert scored == ["common", "common"]
    assert evaluator.scores_for_referee(favourite, True).own_score is not None
    assert scored == ["common", "common", "own"]
    evaluator.close()


def test_common_weights_are_those_of_the_file_also_after_a_resume(supernet: Path) -> None:
    run, evaluator = begun_from(supernet)
    assert evaluator.common is not None
    file = {name: tensor.clone() for name, tensor in evaluator.common.state_dict().items()}
    evaluator.perform(TrainWeights((run.space.parse("0"),) * 5))
    tensors, counters = evaluator.state()
    saved = {name: tensor.clone() for name, tensor in tensors.items()}
    evaluator.close()
    _, again = begun_from(supernet)
    again.load_state(saved, counters)
    assert again.common is not None
    for name, tensor in again.common.state_dict().items():
        assert torch.equal(tensor, file[name])
    again.close()


def test_fresh_weights_are_ones_own_and_said_to_be(
    bench: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    arguments = ["--preset", "tiny", "--quiet", "--json", "--out", folder]
    arguments += ["--budget-images", 200]
    found = bench("run", "--searcher", "random", *arguments).json["recommendation"]
    assert found["weights"] == "own"
    assert found["own_score"] == found["score"]
    assert "began from fresh ones" in said_of(folder)
    assert analyse([read_run(folder)], "x").endpoint_text == OWN_ENDPOINT
    # As runs were recorded before there were common weights.
    path = folder / "result.json"
    result = json.loads(path.read_text())
    del result["recommendation"]["weights"], result["recommendation"]["own_score"]
    del result["document_hash"]
    path.write_text(json.dumps(result))
    assert "trained for itself" in said_of(folder)


def said_of(folder: Path) -> str:
    (row,) = run_rows(group_runs([read_run(folder)]))
    return " ".join(row.warnings)
