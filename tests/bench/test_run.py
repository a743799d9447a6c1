"""`bench run` as a user meets it: results, budgets, failures, bad input."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.cli import run as command
from bench.presets import load_preset
from bench.records.errors import Interrupted
from bench.records.event_log import read_events
from bench.records.manifest import read_manifest
from bench.records.run_folder import RunFolder
from bench.run import Run
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers import SEARCHERS
from searchers.base import Evaluate, Failure, GateGradient, Work
from searchers.base import Result as WorkResult
from trainers.data.image import encode_jpeg
from trainers.data.writing import write_lmdb
from trainers.metrics import WordScores

TINY = ["--preset", "tiny", "--quiet"]


@pytest.fixture(scope="module")
def proxyless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "proxyless"
    assert command(["run", "--searcher", "proxyless", *TINY, "--out", str(folder)]) == 0
    return folder


def test_the_document_has_what_outside_checks_rely_on(
    proxyless: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--searcher", "proxyless", *TINY, "--out", str(proxyless), "--json"]
    assert command(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["run_dir"] == str(proxyless)
    assert {"text", "index", "macs", "params", "score"} <= document["recommendation"].keys()
    assert document["recommendation"]["text"].startswith("A..B..A..B..B..-")
    total = document["cost"]["total"]
    assert 0 < total["images"] <= load_preset("tiny").run.budget_images


def test_costs_in_the_log_add_up_to_the_ledger(proxyless: Path) -> None:
    events = read_events(proxyless / "events.jsonl")
    result = json.loads((proxyless / "result.json").read_text())
    billed = [event["cost"] for event in events if "cost" in event]
    for key in ("images", "images_forward", "images_forward_backward", "macs", "evaluations"):
        assert sum(cost[key] for cost in billed) == result["cost"]["total"][key]
    kinds = {event["kind"] for event in events}
    assert kinds == {"train_weights", "gate_gradient", "referee"}


def test_the_referee_looks_at_equal_parts_of_the_budget(proxyless: Path) -> None:
    with (proxyless / "incumbents.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["point"] for row in rows] == ["1", "2"]
    assert int(rows[0]["images"]) >= 320
    result = json.loads((proxyless / "result.json").read_text())
    assert float(rows[-1]["score"]) == result["recommendation"]["score"]


def test_the_manifest_says_what_the_run_is(proxyless: Path) -> None:
    manifest = read_manifest(proxyless)
    assert manifest is not None
    identity = manifest.identity
    assert identity["searcher"] == "proxyless"
    assert identity["hyperparameters"]["path"] == "ABABB"
    assert all(h.startswith("words-full-1:") for h in identity["data"]["test"])
    # Of a build for a GPU the package names the version without the build.
    assert torch.__version__.startswith(manifest.versions["torch"])
    assert manifest.hardware["cores"]


def test_no_searcher_reads_the_test_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test split changes the referee's scores and nothing else in the log."""
    logs = []
    for name, seed in (("one", 0), ("two", 5)):
        words = np.random.default_rng(seed).integers(0, 256, (40, 32, 100, 3), dtype=np.uint8)
        from trainers.data.image import encode_jpeg

        write_lmdb(tmp_path / name, [(encode_jpeg(w, 90), f"word{seed}") for w in words])
        preset = load_preset("tiny", [f'data.test=["{tmp_path / name}"]', "run.budget_images=120"])
        Run("random", "tiny", preset, 0).execute(tmp_path / f"run-{name}")
        events = read_events(tmp_path / f"run-{name}" / "events.jsonl")
        logs.append([{**e, "time": None} for e in events if e["kind"] != "referee"])
    assert logs[0] == logs[1]


#: One that only evaluates, one with gates, one that does both; the others in the slow tests.
KINDS = {"random", "proxyless", "spos"}


@pytest.mark.parametrize(
    "searcher",
    [
        name if name in KINDS else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(SEARCHERS)
    ],
)
def test_failing_evaluations_and_steps_do_not_end_a_run(
    searcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(searcher, "tiny", load_preset("tiny", ["run.budget_images=400"]), 0)
    healthy, calls = run.trainer.score, []

    def sometimes(encoding: np.ndarray, words: object) -> WordScores | None:
        calls.append(1)
        if len(calls) % 3 == 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return None if len(calls) % 3 == 2 else healthy(encoding, words)

    if searcher == "random":
        monkeypatch.setattr(
            run.trainer, "evaluate", lambda e, n: sometimes(e, run.trainer.data.evaluation.first(n))
        )
    else:
        monkeypatch.setattr(run.trainer.weight_steps, "_backward", lambda loss: float("nan"))
    result = run.execute(tmp_path / "run")
    assert result.cost.failures > 0
    reasons = {
        event["result"]["failure"]
        for event in read_events(tmp_path / "run" / "events.jsonl")
        if "failure" in event.get("result", {})
    }
    assert reasons
    assert result.recommendation.text


def test_steps_out_of_memory_are_begun_as_billed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run("random", "tiny", load_preset("tiny", ["run.budget_images=300"]), 0)
    loss_of, calls = run.trainer.supernet.loss, []

    def sometimes(*given: Any) -> Tensor:
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError
        return loss_of(*given)

    monkeypatch.setattr(run.trainer.supernet, "loss", sometimes)
    result = run.execute(tmp_path / "run")
    billed = result.cost.total.images_forward_backward
    assert run.trainer.weight_steps.done * run.preset.trainer.batch_images == billed
    assert len(calls) > 3
    failures = [
        event["result"].get("failure")
        for event in read_events(tmp_path / "run" / "events.jsonl")
        if "result" in event
    ]
    assert [each for each in failures if each] == ["out of memory in 1 steps"]


def test_a_bug_in_the_trainer_is_not_hidden_as_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run("random", "tiny", load_preset("tiny"), 0)

    def broken(encodings: object) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(run.trainer, "train_weights", broken)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        run.execute(tmp_path / "run")


def test_a_complete_run_shows_its_result_and_no_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--searcher", "random", "--preset", "tiny", "--budget-images", "200"]
    arguments += ["--out", str(tmp_path / "run")]
    assert command(arguments) == 0
    first = capsys.readouterr()
    assert "images/s" in first.err
    assert "%" in first.err
    assert command(arguments) == 0
    second = capsys.readouterr()
    assert second.out == first.out
    assert second.err.strip() == "random on tiny"


def test_a_full_disk_ends_in_one_line_and_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--searcher", "random", *TINY, "--out", str(tmp_path / "run")]
    arguments += ["--set", "run.checkpoint_seconds=0", "--budget-images", "200"]
    with monkeypatch.context() as patch:

        def full(*args: object) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("bench.running.runner.write_tensors", full)
        assert command(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "No space left on device" in error
    assert not (tmp_path / "run" / "result.json").exists()
    assert command(arguments) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--searcher", "proxylss"], "unknown searcher 'proxylss', did you mean 'proxyless'"),
        (["--searcher", "random", "--preset", "tinny"], "unknown preset 'tinny'"),
        (["--searcher", "random", "--device", "cuda:99"], "device 'cuda:99' cannot be used here"),
        (["--searcher", "random", "--device", "toaster"], "device 'toaster' cannot be used here"),
        (["--searcher", "random", "--max-macs", "1000"], "below the smallest architecture"),
        (["--searcher", "random", "--test", "/nowhere"], "/nowhere"),
        (["--searcher", "random", "--set", "supernet.start=/nowhere"], "/nowhere"),
        (["--searcher", "random", "--set", "supernet.start=shipped:x"], "no supernet 'x' comes"),
        (["--searcher", "random", "--seed", "-1"], "-1"),
        (["--searcher", "random", "--budget-images", "0"], "0"),
        (["--searcher", "proxyless", "--set", "searcher.proxyless.path=AAABB"], "AAABB"),
        (
            ["--searcher", "random", "--budget-images", "160", "--set", "run.budget_images=320"],
            "--set run.budget_images=320 and an option that sets it to 160: give one of them",
        ),
        (
            ["--searcher", "random", "--device", "cpu", "--set", "trainer.device=auto"],
            "--set trainer.device=auto and an option",
        ),
        ([], "Missing option '--searcher'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "run"
    preset = [] if "--preset" in arguments else ["--preset", "tiny"]
    assert command(["run", *arguments, *preset, "--out", str(out)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("bench: ")
    assert message in captured.err
    assert not out.exists()


def test_labels_outside_the_charset_are_counted(tmp_path: Path) -> None:
    from trainers.data.image import encode_jpeg

    image = encode_jpeg(np.full((20, 60, 3), 128, dtype=np.uint8), 90)
    labels = ["Hello", "it's", "!!!", "far-too-long-for-this", "Straße"]
    write_lmdb(tmp_path / "words", [(image, label) for label in labels])
    preset = load_preset("tiny", [f'data.test=["{tmp_path / "words"}"]'])
    counts = Run("random", "tiny", preset, 0).manifest.data["test"]["labels"]
    assert counts == {"kept": 1, "stripped": 2, "empty": 1, "too_long": 1, "missing": 0}


def test_a_folder_that_is_in_use_is_refused(proxyless: Path) -> None:
    manifest = read_manifest(proxyless)
    assert manifest is not None
    first = RunFolder(proxyless, manifest)
    with pytest.raises(ValueError, match="in use by another process"):
        RunFolder(proxyless, manifest)
    first.work.close()
    RunFolder(proxyless, manifest).work.close()


@pytest.mark.whole
def test_train_a_supernet_then_start_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tiny.safetensors"
    assert command(["supernet", "train", *TINY, "--out", str(out), "--images", "80", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["images"] == 80
    arguments = ["supernet", "score", *TINY, "--start", str(out), "-n", "3", "--json"]
    assert command(arguments) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["architectures"] == 3
    folder = tmp_path / "run"
    arguments = ["run", "--searcher", "random", *TINY, "--out", str(folder), "--json"]
    assert command([*arguments, "--set", f"supernet.start={out}", "--budget-images", "160"]) == 0
    cost = json.loads(capsys.readouterr().out)["cost"]
    assert cost["images_private"] == cost["images_sunk"] + 80
    assert command(["supernet", "train", *TINY, "--out", str(out)]) == 2
    assert "exists" in capsys.readouterr().err


def test_a_budget_that_pays_for_nothing_is_refused(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    error = refused(
        "run", "--searcher", "random", "--preset", "tiny", "--evaluator", "synthetic",
        "--budget-images", 5, "--quiet", "--out", tmp_path / "run",
    )  # fmt: skip
    assert "a budget of 5 images pays for nothing" in error


def test_a_resumed_run_takes_the_threads_that_it_began_with(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        preset = load_preset("tiny", ["run.budget_images=100"])
        folder = tmp_path / "run"
        with pytest.raises(Interrupted):
            Run("random", "tiny", preset, 0).execute(folder, stop_requested=lambda: True)
        torch.set_num_threads(2)
        seen: set[int] = set()
        run = Run("random", "tiny", preset, 0)
        run.execute(folder, lambda _: seen.add(torch.get_num_threads()))
        assert seen == {1}
        # What the process does next has its own threads again.
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_one_thing_said_twice_alike_is_no_contradiction(tmp_path: Path) -> None:
    same = ["--budget-images", "80", "--set", "run.budget_images=80"]
    arguments = ["run", "--searcher", "random", "--preset", "tiny", "--quiet", *same]
    assert command([*arguments, "--out", str(tmp_path / "run")]) == 0


def test_the_result_of_nothing_says_so(tmp_path: Path) -> None:
    arguments = ["run", "--searcher", "spos", "--preset", "tiny", "--quiet", "--json"]
    out = tmp_path / "run"
    few = ["--set", "run.training_share=0.9", "--budget-images", "160", "--out", str(out)]
    assert command([*arguments, *few]) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["cost"]["total"]["evaluations"] == 0
    assert any("paid for weight steps only" in text for text in result["warnings"])


@pytest.mark.parametrize("searcher", ["random", "proxyless"])
def test_what_no_score_has_chosen_is_said_so(
    searcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = load_preset("tiny", ["run.evaluator=synthetic", "run.budget_images=1000"])
    healthy = SyntheticEvaluator.perform

    def perform(self: SyntheticEvaluator, work: Work) -> WorkResult:
        failing = isinstance(work, Evaluate) or (broken and isinstance(work, GateGradient))
        return Failure(work, "out of memory") if failing else healthy(self, work)

    monkeypatch.setattr(SyntheticEvaluator, "perform", perform)
    lacking = "evaluation gave a score" if searcher == "random" else "gate step gave a gradient"
    said = f"no {lacking} (out of memory): what is recommended was chosen by nothing"
    for broken in (False, True):
        result = Run(searcher, "tiny", preset, 0).execute(tmp_path / str(broken))
        # What gate steps have told of was not chosen by nothing.
        assert (said in result.warnings) == (broken or searcher == "random")


def test_a_searcher_that_looks_at_one_architecture_is_not_blamed_for_it(tmp_path: Path) -> None:
    out, few = tmp_path / "run", ["--budget-images", "200"]
    assert command(["run", "--searcher", "largest", *TINY, *few, "--out", str(out)]) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["warnings"] == []


def test_images_that_cannot_be_decoded_are_counted_in_the_warnings(tmp_path: Path) -> None:
    words, out = tmp_path / "words", tmp_path / "run"
    noise = np.random.default_rng(0).integers(0, 256, (32, 100, 3), dtype=np.uint8)
    good = encode_jpeg(noise, 80)
    write_lmdb(words, [(good if i % 2 else b"no picture", f"word{i}") for i in range(40)])
    given = ["--search-train", str(words), "--search-val", str(words), "--out", str(out)]
    few = ["--budget-images", "200"]
    assert command(["run", "--searcher", "proxyless", *TINY, *few, *given]) == 0
    result = json.loads((out / "result.json").read_text())
    said = [text for text in result["warnings"] if "could not be decoded" in text]
    assert [text.partition(":")[0] for text in said] == [
        "the words of training steps",
        "the words of evaluations",
    ]
    model = tmp_path / "model"
    trained = ["retrain", result["recommendation"]["text"], *TINY, *given[:-1], str(model)]
    assert command([*trained, "--set", "retraining.epochs=2"]) == 0
    card = json.loads((model / "model.json").read_text())
    assert any("could not be decoded" in text for text in card["warnings"])
