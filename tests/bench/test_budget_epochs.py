"""Budgets in epochs: passes over search_train, whatever that holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli import run as command
from bench.presets import load_preset
from bench.records.errors import PresetError
from bench.run import Run
from bench.running.problem import Caps, Chosen
from trainers.data.image import encode_jpeg
from trainers.data.writing import write_lmdb

STUDY = """
name = "epochs"
preset = "tiny"
searchers = ["random"]
seeds = 1
set = ["run.evaluator=synthetic", "run.budget_epochs=3"]
"""


def words(folder: Path, labels: list[str]) -> str:
    image = encode_jpeg(np.full((20, 60, 3), 128, dtype=np.uint8), 90)
    write_lmdb(folder, [(image, label) for label in labels])
    return f'data.search_train=["{folder}"]'


def test_the_paper_preset_pays_for_both_steps_of_the_paper() -> None:
    """Section 4.2: 5 epochs for each of ten paths, 1 of warm-up, 2 of search; all of one budget."""
    preset = load_preset("paper")
    searcher = Chosen.of("autostr", preset).build(preset, 0, Caps())
    problem = searcher.problem
    words = preset.data.rendering.search_train
    assert problem.budget_images == 53.5 * words
    (only,) = searcher._paths.rounds
    assert only.candidates == 10
    assert only.steps * problem.images_per_step == pytest.approx(5 * words, rel=1e-3)
    settings = searcher.settings
    assert (settings.operation, settings.warmup_epochs, settings.search_epochs) == (
        "residual", 1.0, 2.0,
    )  # fmt: skip
    step_2 = Chosen.of("proxyless", preset).settings
    assert searcher.settings.of_operation_search("ABABB") == step_2
    # Of MJSynth and SynthText as of rendered words: the budget is one in epochs.
    of_both = Chosen.of("autostr", preset).build(preset, 0, Caps(), epoch_images=14_400_000)
    assert of_both._paths.rounds[0].steps == 5 * 14_400_000 // 1024


def test_an_epoch_is_the_usable_words_of_the_files(tmp_path: Path) -> None:
    given = words(tmp_path / "words", ["hello", "world", "again", "!!!", "far-too-long-for-this"])
    preset = load_preset("tiny", [given, "run.budget_epochs=300", "trainer.batch_images=3"])
    chosen = Chosen.of("random", preset)
    # What the file says, before its labels are read.
    assert chosen.build(preset, 0, Caps()).problem.budget_images == 5 * 300
    made = Run("random", "tiny", preset, 0)
    assert made.searcher.problem.epoch_images == 3
    assert made.searcher.problem.budget_images == made.preset.run.budget_images == 900
    known = made.manifest.identity["preset"]["run"]
    assert (known["budget_images"], known["budget_epochs"]) == (900, 300)
    without = load_preset("tiny", [given, "trainer.batch_images=3"])
    # Nothing is measured in epochs: the file need not be there to make a plan.
    assert Chosen.of("random", without).build(without, 0, Caps()).problem.epoch_images is None


def test_a_run_by_epochs(bench: Callable[..., Any], tmp_path: Path) -> None:
    result = bench(
        "run", "--searcher", "autostr", "--preset", "tiny", "--evaluator", "synthetic",
        "--out", tmp_path / "run", "--json", "--quiet", "--budget-epochs", 12,
        "--set", "searcher.autostr.path_epochs=2", "--set", "searcher.autostr.warmup_epochs=1",
        "--set", "searcher.autostr.search_epochs=2",
    ).json  # fmt: skip
    # 128 words in steps of 8: 3 paths of 32 steps, 16 of warm-up, 32 of search with 16 gate steps.
    assert result["ended"] == "searcher finished"
    steps = {row["path"]: row["weight_steps"] for row in result["tables"]["paths"]}
    assert set(steps.values()) == {32}
    evaluation = 32 + 16
    assert result["cost"]["total"]["images"] == 8 * (96 + 16 + 32 + 16) + 4 * evaluation
    assert all(0.0 <= row["score"] <= 1.0 for row in result["tables"]["steps"])


def test_the_budget_said_last_holds(tmp_path: Path) -> None:
    assert load_preset("paper", ["run.budget_images=7"]).run.budget_epochs == 0.0
    assert load_preset("tiny", ["run.budget_epochs=2"]).run.budget_epochs == 2.0
    path = tmp_path / "mine.toml"
    path.write_text('base = "paper"\n[run]\nbudget_images = 7\n')
    found = load_preset(str(path)).run
    assert (found.budget_images, found.budget_epochs) == (7, 0.0)
    path.write_text('base = "tiny"\n[run]\nbudget_epochs = 7\n')
    assert load_preset(str(path)).run.budget_epochs == 7.0


def test_two_budgets_are_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    said = "run.budget_images 9 and run.budget_epochs 2"
    given = ("run", "--searcher", "random", "--out", tmp_path / "run")
    assert said in refused(*given, "--set", "run.budget_images=9", "--set", "run.budget_epochs=2")
    assert said in refused(*given, "--budget-images", 9, "--budget-epochs", "2")
    path = tmp_path / "mine.toml"
    path.write_text('base = "tiny"\n[run]\nbudget_epochs = 2\nbudget_images = 9\n')
    with pytest.raises(PresetError, match=said):
        load_preset(str(path))
    said = refused(*given, "--searcher", "autostr", "--preset", "paper", "--budget-images", 1000)
    assert "take 50,062,160 images, the budget has 1,000" in said
    assert not (tmp_path / "run").exists()


def test_a_study_by_epochs_is_done_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    arguments = ["study", str(path), "--out", str(tmp_path / "out")]
    assert command([*arguments, "--dry-run"]) == 0
    assert "up to 3 epochs of search_train each" in capsys.readouterr().out
    assert command(arguments) == 0
    (result,) = (tmp_path / "out").rglob("result.json")
    budget = 3 * load_preset("tiny").data.rendering.search_train
    assert budget - 48 < json.loads(result.read_text())["cost"]["total"]["images"] <= budget
    before = result.stat().st_mtime_ns
    assert command(arguments) == 0
    assert result.stat().st_mtime_ns == before
    path.write_text(STUDY.replace("epochs=3", "epochs=4"))
    capsys.readouterr()
    assert command(arguments) == 2
    assert "budget_epochs is 3.0 there, 4.0 here" in capsys.readouterr().err


def test_runs_from_before_epochs_are_the_same_runs() -> None:
    from bench.run import known_identity

    preset = load_preset("tiny")
    known = known_identity(Chosen.of("autostr", preset), preset, 0, Caps())
    assert not any(name.endswith("_epochs") for name in known["hyperparameters"])
    assert "budget_epochs" not in known["preset"]["run"]
    changed = load_preset("tiny", ["searcher.autostr.path_epochs=2"])
    known = known_identity(Chosen.of("autostr", changed), changed, 0, Caps())
    assert known["hyperparameters"]["path_epochs"] == 2
