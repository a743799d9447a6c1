"""Augmentation in runs and trainings: who sees it, what says so, and resuming with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from study_process import begin_bench, kill_session, wait_until

from bench.cli import run as run_bench
from bench.models.origin import Architectures
from bench.models.retraining import RetrainingJob
from bench.presets import load_preset, preset_names
from bench.records.event_log import read_events, without_time
from bench.records.settings import LATER, without_off
from bench.supernets.training import SupernetJob

ARCHITECTURE = "A..B..A..B..B..-555555545514466"
RETRAIN = ("retraining.epochs=0.75", "retraining.validations=2", "run.checkpoint_seconds=0")
RUN = ("run.budget_images=240", "run.checkpoint_seconds=0", "run.evaluation_cache=false")
ON = ("trainer.augmentation=1", "retraining.augmentation=1")


def command(what: list[str], folder: Path, *settings: str) -> list[str]:
    options = ["--preset", "tiny", "--out", str(folder), "--quiet", "--json"]
    return [*what, *options, *(f"--set={s}" for s in settings)]


def finish(what: list[str], folder: Path, *settings: str) -> None:
    assert run_bench(command(what, folder, *settings)) == 0


def kill_behind(file: Path, arguments: list[str]) -> None:
    """Start a command and kill it once it has written ``file``."""
    process = begin_bench(*arguments)
    wait_until(lambda: file.exists() or process.poll() is not None)
    kill_session(process)
    process.communicate()
    assert file.exists()


def log_of(folder: Path) -> list[Any]:
    return [without_time(event) for event in read_events(folder / "events.jsonl")]


@pytest.mark.whole
def test_a_killed_training_goes_on_with_the_same_changes(tmp_path: Path) -> None:
    what = ["retrain", ARCHITECTURE]
    finish(what, tmp_path / "whole", *RETRAIN, *ON)
    folder = tmp_path / "killed"
    kill_behind(folder / "checkpoint" / "state.safetensors", command(what, folder, *RETRAIN, *ON))
    finish(what, folder, *RETRAIN, *ON, "data.workers=4")
    finish(what, tmp_path / "plain", *RETRAIN)
    whole, killed, plain = (
        json.loads((tmp_path / name / "model.json").read_text())
        for name in ("whole", "killed", "plain")
    )
    assert killed["weights_hash"] == whole["weights_hash"] != plain["weights_hash"]
    assert killed["data"] == whole["data"] == plain["data"]
    assert whole["preset"]["retraining"]["augmentation"] == 1
    assert plain["preset"]["retraining"]["augmentation"] == 0


@pytest.mark.slow
def test_a_killed_search_goes_on_with_the_same_changes(tmp_path: Path) -> None:
    what = ["run", "--searcher", "random"]
    finish(what, tmp_path / "whole", *RUN, *ON)
    folder = tmp_path / "killed"
    kill_behind(folder / "checkpoint" / "state.safetensors", command(what, folder, *RUN, *ON))
    finish(what, folder, *RUN, *ON, "data.workers=4")
    finish(what, tmp_path / "plain", *RUN)
    assert log_of(folder) == log_of(tmp_path / "whole") != log_of(tmp_path / "plain")
    manifest = json.loads((folder / "run.json").read_text())
    assert manifest["identity"]["preset"]["trainer"]["augmentation"] == 1
    assert manifest["retraining"]["augmentation"] == 1


def test_only_weight_steps_see_it() -> None:
    plain, own = (
        SupernetJob("tiny", load_preset("tiny", settings), 0).run for settings in ((), ON)
    )
    before, after = plain.trainer.data, own.trainer.data
    assert not np.array_equal(
        before.search_train.batch(0).images, after.search_train.batch(0).images
    )
    assert np.array_equal(before.search_val.batch(0).images, after.search_val.batch(0).images)
    assert np.array_equal(before.calibration.images, after.calibration.images)
    assert np.array_equal(before.evaluation.images, after.evaluation.images)
    for run in (plain, own):
        run.evaluator.close()


def test_search_and_retraining_have_their_own() -> None:
    job = RetrainingJob(Architectures("tiny", ["trainer.augmentation=1"]).find(ARCHITECTURE), 0)
    assert job.training.weight_steps.words.augmentation == 0
    assert "augmentation" not in job.identity["retraining"]
    job.close()
    job = RetrainingJob(
        Architectures("tiny", ["retraining.augmentation=0.5"]).find(ARCHITECTURE), 0
    )
    assert job.training.weight_steps.words.augmentation == 0.5
    assert job.identity["retraining"]["augmentation"] == 0.5
    job.close()


def test_what_is_off_is_as_it_was_before_the_setting() -> None:
    run = SupernetJob("tiny", load_preset("tiny"), 0).run
    sections = run.manifest.identity["preset"]
    assert not LATER & (sections["trainer"].keys() | sections["supernet"].keys())
    run.evaluator.close()
    assert without_off({"augmentation": 0.0, "a": 0}) == {"a": 0}
    assert without_off({"augmentation": 0.1, "a": 0}) == {"augmentation": 0.1, "a": 0}


@pytest.mark.parametrize("name", preset_names())
def test_no_preset_turns_it_on(name: str) -> None:
    preset = load_preset(name)
    assert preset.trainer.augmentation == preset.retraining.augmentation == 0


@pytest.mark.parametrize("section", ["trainer", "retraining"])
def test_a_strength_out_of_range_is_refused(refused: Callable[..., str], section: str) -> None:
    key = f"{section}.augmentation"
    what = ("retrain", ARCHITECTURE, "--preset", "tiny", "--set")
    for value in ("1.5", "-1", "much"):
        assert key in refused(*what, f"{key}={value}", "--quiet")


def test_a_supernet_says_what_it_was_trained_with(
    bench: Callable[..., Any], tmp_path: Path
) -> None:
    out = tmp_path / "net.safetensors"
    given = ("--preset", "tiny", "--out", out, "--quiet", "--set", ON[0], "--images", 64)
    made = bench("supernet", "train", *given)
    assert made.code == 0
    assert json.loads(out.with_suffix(".json").read_text())["provenance"]["augmentation"] == 1
