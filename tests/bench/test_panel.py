"""`bench panel`: what is stated is trained, kept in a table, and never trained twice."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent))

from study_process import begin_bench, kill_session, wait_until

from bench.cli import run as run_bench
from bench.panel import training
from bench.panel.agreement import RecipeAgreement, recipe_agreement
from bench.panel.file import read_panel
from bench.panel.pairs import gain_of_pairs
from bench.panel.rows import Row, read_rows, write_rows
from bench.panel.training import recipes_of
from bench.records.errors import PresetError, RecordError
from bench.statistics.answers import Estimate, NotComputable
from trainers.models.training import ModelTraining

FIRST, SECOND = "A..B..A..B..B..-555555545514466", "A..B..A..B..B..-211511111111111"
SHORT = ("retraining.epochs=0.5", "retraining.validations=2", "run.checkpoint_seconds=0")


def stated(folder: Path, epochs: str = "0.5", **parts: tuple[list[str], int]) -> Path:
    """A panel with these parts: architectures and number of seeds."""
    sets = [f"retraining.epochs={epochs}", *SHORT[1:]]
    lines = ['preset = "tiny"', f"set = {json.dumps(sets)}"]
    for name, (architectures, seeds) in parts.items():
        (folder / f"{name}.txt").write_text("\n".join(architectures) + "\n")
        lines += ["[[parts]]", f'name = "{name}"', f'architectures = "{name}.txt"']
        lines.append(f"seeds = {seeds}")
    path = folder / "panel.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def bench_panel(path: Path, *more: str) -> int:
    models = str(path.parent / "models")
    return run_bench(["panel", str(path), "--models", models, "--workers", "1", "--quiet", *more])


def scores(path: Path) -> list[dict[str, Any]]:
    rows = read_rows(path.with_suffix(".csv"))
    return [{key: getattr(row, key) for key in ROW if key != "step_seconds"} for row in rows]


ROW = Row.__struct_fields__


@pytest.mark.whole
def test_a_panel_is_trained_once_wherever_its_models_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stated(tmp_path, uniform=([FIRST], 2), top=([FIRST, SECOND], 1))
    assert bench_panel(path, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    rows = read_rows(path.with_suffix(".csv"))
    assert [(row.architecture, row.seed) for row in rows] == [(SECOND, 0), (FIRST, 0), (FIRST, 1)]
    assert len(said["rows"]) == 3
    assert said["failed"] == []
    for row in rows:
        (card,) = [
            found
            for found in map(_read, (tmp_path / "models").glob("*/model.json"))
            if (found["description"]["text"], found["seed"]) == (row.architecture, row.seed)
        ]
        assert row.test_accuracy == card["scores"]["test"]["word_accuracy_case_insensitive"]
        assert row.search_val_loss == card["scores"]["search_val"]["loss_per_character"]
        assert row.images == card["cost"]["images_forward_backward"]
        assert (row.macs, row.params) == (card["backbone"]["macs"], card["backbone"]["params"])
    # The table alone says what was done: without the models nothing is trained again.
    before = path.with_suffix(".csv").read_bytes()
    shutil.rmtree(tmp_path / "models")
    assert bench_panel(path) == 0
    assert not list((tmp_path / "models").glob("*"))
    assert path.with_suffix(".csv").read_bytes() == before
    assert "3 of 3" in capsys.readouterr().out
    # Nor are words rendered for nothing.
    monkeypatch.setattr(training, "plan_trainings", None)
    assert bench_panel(path) == 0
    monkeypatch.undo()
    # Another length is another panel; what was there before stays.
    path = stated(tmp_path, "0.25", uniform=([FIRST], 1))
    assert bench_panel(path) == 0
    assert len(read_rows(path.with_suffix(".csv"))) == 4
    assert "1 of 1" in capsys.readouterr().out


@pytest.mark.whole
def test_a_panel_that_is_killed_goes_on(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for folder in (undisturbed, killed):
        folder.mkdir()
    path = stated(undisturbed, "1", uniform=([FIRST, SECOND], 1))
    assert bench_panel(path) == 0
    other = stated(killed, "1", uniform=([FIRST, SECOND], 1))
    models = killed / "models"
    command = ["panel", str(other), "--models", str(models), "--workers", "1", "--quiet"]
    process = begin_bench(*command)
    try:
        wait_until(lambda: len(list(models.glob("*/training.json"))) == 2)
    finally:
        kill_session(process)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert len(read_rows(other.with_suffix(".csv"))) == 1
    assert bench_panel(other) == 0
    assert scores(other) == scores(path)


def test_a_training_that_fails_is_told_and_has_no_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stated(tmp_path, uniform=([FIRST], 2))
    step = ModelTraining.step

    def spend(self: ModelTraining) -> float:
        loss = step(self)
        return float("nan") if self.weight_steps.words.seed == 1 else loss

    monkeypatch.setattr(ModelTraining, "step", spend)
    assert bench_panel(path) == 1
    assert f"bench: {FIRST}, seed 1: none of its 8 steps" in capsys.readouterr().err
    assert [row.seed for row in read_rows(path.with_suffix(".csv"))] == [0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("presets = 'cpu'", "did you mean 'preset'"),
        ("preset = 'cpu'", "missing required field `parts`"),
        ("[[parts]]\nname='a'\narchitectures='../x.txt'", "parts"),
        ("[[parts]]\nname='a'\narchitectures='x.txt'\nseeds=0", "seeds"),
        (
            "[[parts]]\nname='a'\narchitectures='x'\n[[parts]]\nname='a'\narchitectures='y'",
            "two parts have the name 'a'",
        ),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "panel.toml"
    path.write_text(text)
    with pytest.raises(PresetError) as found:
        read_panel(path)
    assert said in str(found.value)


def test_bad_architectures_are_named_by_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stated(tmp_path, uniform=([FIRST, "A..B"], 1))
    assert bench_panel(path) == 2
    assert "uniform.txt, line 2" in capsys.readouterr().err


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    row = Row(FIRST, 0, 10, 0.5, 0.6, None, 0.4, None, None, 5, 6, 1.5, 0, "a" * 24, None)
    path = tmp_path / "panel.csv"
    write_rows(path, [row])
    assert read_rows(path) == [row]
    assert read_rows(tmp_path / "none.csv") == []
    path.write_text(path.read_text().replace("0.5", "1.5"))
    with pytest.raises(RecordError, match=r"line 2.*restore the file"):
        read_rows(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match="is no table"):
        read_rows(path)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_pairs_are_held_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stated(tmp_path, pairs=([FIRST, SECOND], 1))
    path.write_text(path.read_text() + "pairs = true\n")
    assert bench_panel(path, "--dry-run") == 0
    assert "0 of 1 pairs" in capsys.readouterr().out
    assert not (tmp_path / "models").exists()
    assert bench_panel(path, "--json") == 0
    found = json.loads(capsys.readouterr().out)["pairs"]["pairs"]
    (pair,) = found["pairs"]
    scored = {row.architecture: row.test_accuracy for row in read_rows(path.with_suffix(".csv"))}
    assert (pair["first"], pair["second"]) == (FIRST, SECOND)
    assert pair["gain"] == scored[SECOND] - scored[FIRST]
    # One pair has no interval.
    assert "refused" in found["mean"]


def test_the_gain_of_pairs_is_that_of_students_t() -> None:
    gains = [0.03, 0.01, -0.02, 0.05]
    recipes = {name: [f"recipe-{name}"] for name in "abcdefghij"}
    rows = []
    for place, gain in enumerate(gains):
        first, second = list(recipes)[2 * place : 2 * place + 2]
        rows += [row_with(first, 0.5), row_with(second, 0.5 + gain)]
    found = gain_of_pairs(recipes, rows)
    # The fifth pair is not trained.
    assert (len(found.pairs), found.stated) == (4, 5)
    assert isinstance(found.mean, Estimate)
    wanted = stats.ttest_1samp(gains, 0.0).confidence_interval()
    assert (found.mean.low, found.mean.high) == pytest.approx(tuple(wanted))
    assert found.mean.value == pytest.approx(0.0175)
    # Four pairs are too few for the signed-rank test.
    assert isinstance(found.test, NotComputable)


def row_with(architecture: str, accuracy: float, seed: int = 0) -> Row:
    plain = dict.fromkeys(ROW, 0) | {
        "architecture": architecture,
        "seed": seed,
        "test_accuracy": accuracy,
        "words": "of a test",
        "recipe": f"recipe-{architecture}-{seed}" if seed else f"recipe-{architecture}",
    }
    return Row(**plain)


def test_another_recipe_ranks_the_architectures_that_both_have() -> None:
    here = [row_with(name, place / 10) for place, name in enumerate("abcdef")]
    there = [
        row_with(name, place / 10, seed)
        for seed, order in ((0, "fabcde"), (1, "abcdfe"), (2, "abc"))
        for place, name in enumerate(order)
    ]
    found = recipe_agreement("other.toml", [*here, row_with("g", 0.9)], there)
    assert isinstance(found, RecipeAgreement)
    assert found.architectures == tuple("abcdef")
    # Three have seed 2: too few to be all that are compared.
    assert found.seeds == ((0,), (0, 1))
    assert found.left_out == 0
    assert found.between.value == pytest.approx(1 - 2 * 1 / 15)  # seed 0 here, seed 1 there
    assert found.within[1].value == pytest.approx(1 - 2 * 4 / 15)
    assert isinstance(found.within[0], NotComputable)
    assert isinstance(found.beyond_seeds, NotComputable)
    # One that lacks a seed that six have is left out.
    found = recipe_agreement(
        "other.toml", [*here, row_with("g", 0.9)], [*there, row_with("g", 1.0)]
    )
    assert isinstance(found, RecipeAgreement)
    assert (found.architectures, found.left_out) == (tuple("abcdef"), 1)
    refused = recipe_agreement("other.toml", here, [row_with("z", 0.5)])
    assert isinstance(refused, NotComputable)
    assert "no architecture is trained in both this panel and other.toml" in refused.reason


def test_two_panels_are_held_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [tmp_path / name for name in ("here", "there")]
    for folder in folders:
        folder.mkdir()
    here = stated(folders[0], "0.5", few=([FIRST, SECOND], 1))
    there = stated(folders[1], "1", few=([FIRST, SECOND], 1))
    asked = ["panel", str(here), "--dry-run", "--against", str(there)]
    assert run_bench(asked) == 0
    assert "Nothing to compare: no architecture is trained in both" in capsys.readouterr().out
    for path in (here, there):
        recipes = recipes_of(read_panel(path), read_panel(path).parts[0])
        rows = [
            msgspec.structs.replace(row_with(text, score), recipe=recipe)
            for (text, (recipe,)), score in zip(recipes.items(), (0.3, 0.4), strict=True)
        ]
        # What the file does not state is no part of the panel.
        write_rows(path.with_suffix(".csv"), [*rows, row_with(FIRST, 0.9)])
    assert run_bench(asked) == 0
    said = capsys.readouterr().out
    assert "mean word accuracy     0.350; there 0.350" in said
    assert "between the two        none (no two trainings of different seeds" in said
    assert run_bench([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["against"]
    assert found["architectures"] == sorted([FIRST, SECOND])
    assert "no two trainings of different seeds" in found["between"]["refused"]


@pytest.mark.parametrize("lines", [[FIRST], [FIRST, FIRST], [FIRST, SECOND, FIRST]])
def test_a_part_of_pairs_that_are_none_is_refused(
    lines: list[str], tmp_path: Path, refused
) -> None:
    path = stated(tmp_path, pairs=(lines, 1))
    path.write_text(path.read_text() + "pairs = true\n")
    assert "expected pairs, each architecture once" in refused("panel", path, "--dry-run")
