"""`bench retrain` and `bench baseline train`: from scratch, and from wherever they were stopped."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from forked import Command
from safetensors import safe_open
from study_process import PATIENCE, begin_bench, wait_until

from bench.commands.shared.training import default_folder
from bench.models.origin import Architectures, from_baseline, from_run
from bench.models.retraining import RetrainingJob
from bench.models.stored import load_model
from bench.records.card import Card
from bench.records.errors import Interrupted
from bench.records.manifest import versions
from trainers.baselines.catalogue import BASELINES
from trainers.data.store import WordLMDB
from trainers.state import METADATA_KEY, read_tensors

ARCHITECTURE = "A..B..A..B..B..-555555545514466"
SHORT = ("retraining.epochs=1.5", "retraining.validations=3", "run.checkpoint_seconds=0")
#: Where scores do not matter.
FEW_WORDS = ("data.search_val_images=8", "data.test_images=8")
#: Of a run that only has to recommend something.
QUICK_RUN = ("--budget-images", 96, "--set=run.referee_points=1", "--set=run.referee_samples=0")
FILES = ["curve.csv", "model.json", "training.json", "weights.safetensors"]


def job(seed: int = 0, *more: str) -> RetrainingJob:
    return RetrainingJob(Architectures("tiny", [*SHORT, *more]).find(ARCHITECTURE), seed)


def train(folder: Path, made: RetrainingJob | None = None, stop_after: int | None = None) -> Card:
    """Train, or stop behind a step."""
    steps: list[int] = []
    return (made or job()).train(
        folder, "bench retrain", lambda at: steps.append(at.done), lambda: len(steps) == stop_after
    )


def command(folder: Path, *more: str) -> list[str]:
    settings = [f"--set={text}" for text in (*SHORT, *more)]
    arguments = ["retrain", ARCHITECTURE, "--preset", "tiny", "--out", str(folder), "--quiet"]
    return [sys.executable, "-m", "bench", *arguments, *settings]


def settled(folder: Path) -> dict[str, Any]:
    """All that a model folder says but for times, memory and what was typed."""
    card = json.loads((folder / "model.json").read_text())
    del card["document_hash"]
    for key in ("command", "created", "ended"):
        del card["provenance"][key]
    for key in ("seconds", "step_seconds", "peak_memory_bytes"):
        del card["cost"][key]
    return card


def curve(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "curve.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "undisturbed"
    train(folder)
    return folder


def test_a_folder_says_what_it_holds(undisturbed: Path) -> None:
    assert sorted(p.name for p in undisturbed.iterdir() if p.name != ".lock") == FILES
    card = json.loads((undisturbed / "model.json").read_text())
    assert card["description"]["text"] == ARCHITECTURE
    assert card["charset"] == "0123456789abcdefghijklmnopqrstuvwxyz"
    assert card["scores"]["test"]["words"] == card["scores"]["search_val"]["words"] == 32
    # 128 words, one and a half times, in batches of 8; three looks at 32 words.
    assert card["cost"]["images_forward_backward"] == 192
    assert card["cost"]["images_forward"] == 3 * 32
    assert card["cost"]["macs"] == card["backbone"]["macs"] * (3 * 192 + 96)
    assert card["provenance"]["recommended_by"] is None
    assert card["untrained"].keys() == {"gradient_norm", "snip"}
    assert min(card["untrained"].values()) > 0.0
    rows = curve(undisturbed)
    assert [int(row["step"]) for row in rows] == [8, 16, 24]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    found = load_model(undisturbed, "cpu")
    assert found.model.params == card["params"]


@pytest.mark.whole
def test_another_seed_is_another_model(undisturbed: Path, tmp_path: Path) -> None:
    train(tmp_path / "again")
    assert settled(tmp_path / "again") == settled(undisturbed)
    train(tmp_path / "other", job(1))
    assert settled(tmp_path / "other")["weights_hash"] != settled(undisturbed)["weights_hash"]


@pytest.mark.parametrize(
    "stop_after", [8, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 23))]
)
def test_stopped_it_goes_on_as_if_nothing_had_happened(
    undisturbed: Path, tmp_path: Path, stop_after: int
) -> None:
    folder = tmp_path / "model"
    with pytest.raises(Interrupted):
        train(folder, stop_after=stop_after)
    assert not (folder / "model.json").exists()
    train(folder)
    assert settled(folder) == settled(undisturbed)
    assert (folder / "curve.csv").read_bytes() == (undisturbed / "curve.csv").read_bytes()


def test_that_it_went_on_with_another_version_stands_in_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    begun = versions()
    monkeypatch.setattr("bench.models.retraining.versions", lambda: begun | {"torch": "9.9"})
    with pytest.raises(Interrupted):
        train(folder, stop_after=2)
    monkeypatch.undo()
    with pytest.raises(Interrupted):
        train(folder, stop_after=2)
    (said,) = train(folder).warnings
    assert said.startswith(f"continued with torch {begun['torch']}, begun with torch 9.9: what")


def test_a_request_to_stop_at_any_moment_finds_everything_saved(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    steps: list[int] = []
    asked: list[int] = []

    def stop_requested() -> bool:
        asked.append(len(steps))
        return len(asked) > 5  # Also where it is asked more than once a step.

    with pytest.raises(Interrupted):
        job(0, "run.checkpoint_seconds=1000").train(
            folder, "bench retrain", lambda at: steps.append(at.done), stop_requested
        )
    _, state = read_tensors(folder / "checkpoint" / "state.safetensors")
    assert state["counters"]["steps"] == steps[-1]


def test_the_backbone_of_a_card_is_that_of_the_space(tmp_path: Path) -> None:
    widths = ["supernet.stem_width=32", "supernet.widths=[32, 64, 128, 256, 512]"]
    origin = Architectures("tiny", [*widths, "retraining.epochs=0.1", *FEW_WORDS]).find(
        ARCHITECTURE
    )
    card = RetrainingJob(origin, 0).train(tmp_path, "", lambda _: None, lambda: False)
    assert (card.backbone.params, card.backbone.macs) == (2_364_128, 246_739_200)


def has_come_to(steps: int, state: Path, process: Command) -> bool:
    """Whether a training has saved so many steps, or ended."""
    if process.poll() is not None:
        return True
    if not state.exists():
        return False
    # Not the tensors: reading them a hundred times a second takes the trainer's core.
    with safe_open(state, framework="pt") as file:
        return json.loads(file.metadata()[METADATA_KEY])["counters"]["steps"] >= steps


@pytest.mark.whole
def test_killed_at_several_moments_it_ends_the_same(
    bench: Callable[..., Any], undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    state = folder / "checkpoint" / "state.safetensors"
    kills = 0
    for steps in (1, 4, 9, 15):
        process = begin_bench(*command(folder)[3:])
        wait_until(partial(has_come_to, steps, state, process))
        kills += process.poll() is None
        process.kill()
        process.communicate()
    assert kills >= 2
    assert bench(*command(folder)[3:], "--json").json["model"] == str(folder)
    assert settled(folder) == settled(undisturbed)
    assert sorted(p.name for p in folder.iterdir() if p.name != ".lock") == FILES


def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    process = begin_bench(*command(folder, "retraining.epochs=100")[3:])
    wait_until((folder / "checkpoint" / "state.safetensors").exists)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said == f"bench: interrupted: run the same command again to resume in {folder}\n"


def test_a_trained_model_is_not_trained_again(undisturbed: Path) -> None:
    before = (undisturbed / "weights.safetensors").stat().st_mtime_ns
    assert train(undisturbed).seed == 0
    assert (undisturbed / "weights.safetensors").stat().st_mtime_ns == before


@pytest.mark.whole
def test_what_a_run_recommends(bench: Callable[..., Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["--set", "recogniser.sequence_encoder=bilstm", "--set", "recogniser.sequence_hidden=8"]
    found = bench(
        "run", "--searcher", "random", "--preset", "tiny", *QUICK_RUN, "--seed", 3,
        "--out", run, "--quiet", "--json", *words,
    )  # fmt: skip
    settings = [part for text in SHORT for part in ("--set", text)]
    answer = bench("retrain", run, "--out", tmp_path / "m", "--quiet", "--json", *settings)
    card = answer.json
    assert card["description"]["text"] == found.json["recommendation"]["text"]
    # The run's own recogniser, not the preset's.
    assert card["description"]["recogniser"]["sequence_hidden"] == 8
    assert card["provenance"]["recommended_by"]["searcher"] == "random"
    assert card["provenance"]["recommended_by"]["seed"] == 3
    manifest = json.loads((run / "run.json").read_text())
    assert card["provenance"]["recommended_by"]["run_id"] == manifest["identity_hash"]
    assert card["data"]["test"]["hashes"] == manifest["data"]["test"]["hashes"]


def run_on(bench: Callable[..., Any], folder: Path, *more: object) -> dict[str, Any]:
    """The manifest of a short run."""
    answer = bench("run", "--searcher", "random", *QUICK_RUN, "--out", folder, "--quiet", *more)
    assert answer.code == 0, answer.err
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return found


def test_a_run_needs_its_preset_file_no_more(bench: Callable[..., Any], tmp_path: Path) -> None:
    preset = tmp_path / "mine.toml"
    preset.write_text('base = "tiny"\n[retraining]\nepochs = 0.5\nbatch_images = 4\n')
    run_on(bench, tmp_path / "run", "--preset", preset)
    preset.unlink()
    answer = bench("retrain", tmp_path / "run", "--out", tmp_path / "m", "--quiet", "--json")
    assert answer.json["cost"]["images_forward_backward"] == 64


def test_words_that_are_not_those_of_the_run_are_refused(
    bench: Callable[..., Any], refused: Callable[..., str], tmp_path: Path
) -> None:
    words = tmp_path / "words.lmdb"
    render = ["data", "render", words, "--split", "test", "--count", 40, "--quiet"]
    assert bench(*render, "--seed", 1).code == 0
    run_on(bench, tmp_path / "run", "--preset", "tiny", "--test", words)
    shutil.rmtree(words)
    arguments = ["retrain", tmp_path / "run", "--out", tmp_path / "m", "--quiet"]
    said = refused(*arguments)
    assert "which is not there, seen from this folder" in said
    assert "--test" in said
    assert bench(*render, "--seed", 2).code == 0
    assert "holds other words than when the run read test from it" in refused(*arguments)
    assert not (tmp_path / "m").exists()
    assert bench(*arguments, "--test", words, "--set", "retraining.epochs=0.1").code == 2
    (tmp_path / "other.lmdb").symlink_to(words)
    named = [*arguments, "--test", tmp_path / "other.lmdb", "--set", "retraining.epochs=0.1"]
    assert bench(*named).code == 0


def test_a_stranger_s_run_names_no_folder(bench: Callable[..., Any], tmp_path: Path) -> None:
    run_on(bench, tmp_path / "run", "--preset", "tiny")
    path = tmp_path / "run" / "run.json"
    manifest = json.loads(path.read_text())
    manifest["identity"]["searcher"] = "x/../../../escaped"
    path.write_text(json.dumps(manifest))
    place = default_folder(from_run(tmp_path / "run", None, []), 0, "0" * 24)
    assert place.parent == Path("results/models")


def test_heads_without_a_flat_start_are_trained_without_one() -> None:
    for name, known in BASELINES.items():
        steps = from_baseline(name, "cpu", []).preset.retraining.flat_start_steps
        assert steps == (750 if known.head == "ctc" else 0)


def test_a_sequence_encoder_that_is_named_is_taken() -> None:
    def encoder(*overrides: str) -> str:
        preset = Architectures("paper", overrides).find(ARCHITECTURE).preset
        return preset.recogniser.sequence_encoder

    assert encoder() == "bilstm"
    assert encoder("recogniser.sequence_encoder=none") == "none"
    assert encoder("retraining.sequence_encoder=none") == "none"


def test_a_model_reads_in_the_precision_that_it_was_trained_in(tmp_path: Path) -> None:
    train(tmp_path / "m", job(0, "trainer.precision=bf16", "retraining.epochs=0.2"))
    assert load_model(tmp_path / "m", "cpu").model.description.precision == "bf16"


def test_a_folder_whose_parts_are_gone_is_refused(
    undisturbed: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "m"
    shutil.copytree(undisturbed, folder)
    settings = [part for text in SHORT for part in ("--set", text)]
    again = ["retrain", ARCHITECTURE, "--preset", "tiny", "--out", folder, "--quiet", *settings]
    (folder / "weights.safetensors").unlink()
    assert "has a model.json and no weights.safetensors" in refused(*again)
    shutil.copy(undisturbed / "weights.safetensors", folder)
    card = json.loads((folder / "model.json").read_text())
    del card["cost"]
    (folder / "model.json").write_text(json.dumps(card))
    assert "model.json was edited after it was written" in refused(*again)
    del card["document_hash"]
    (folder / "model.json").write_text(json.dumps(card))
    assert "model.json is damaged" in refused(*again)


def test_a_checkpoint_that_outlived_the_training_is_removed(
    undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "m"
    shutil.copytree(undisturbed, folder)
    (folder / "checkpoint").mkdir()
    shutil.copy(folder / "weights.safetensors", folder / "checkpoint" / "state.safetensors")
    train(folder)
    assert not (folder / "checkpoint").exists()


def test_a_trained_model_is_no_run(undisturbed: Path, refused: Callable[..., str]) -> None:
    assert "is a trained model: give the architecture" in refused("retrain", undisturbed)


@pytest.mark.whole
def test_a_hand_made_recogniser_is_trained_alike(bench: Callable[..., Any], tmp_path: Path) -> None:
    answer = bench(
        "baseline", "train", "r2am", "--preset", "tiny", "--out", tmp_path / "m", "--quiet",
        "--json", "--set", "retraining.epochs=0.2", *(f"--set={text}" for text in FEW_WORDS),
    )  # fmt: skip
    card = answer.json
    assert card["description"] == {
        "kind": "baseline", "name": "r2am", "charset": "36", "max_length": 8,
        "precision": "fp32",
    }  # fmt: skip
    assert card["params"] == 2_894_246
    assert card["cost"]["steps"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "nonsense is no folder of a run, and architecture"),
        (["crnn"], "crnn is a hand-made recogniser: train it with `bench baseline train crnn`"),
        ([ARCHITECTURE, "--preset", "tinny"], "unknown preset 'tinny'"),
        (
            [ARCHITECTURE, "--preset", "strnas"],
            "of space strnas, but one of another: give --space autostr",
        ),
        ([ARCHITECTURE, "--device", "tpu"], "device 'tpu' cannot be used here"),
        ([ARCHITECTURE, "--set", "retraining.epochs=0"], "retraining.epochs"),
        ([ARCHITECTURE, "--set", "retraining.drops=[0.5]"], 'retraining.schedule = "steps"'),
        ([ARCHITECTURE, "--set", "recogniser.head=attention"], "retraining.flat_start_steps = 0"),
        ([ARCHITECTURE, "--set", "supernet.widths=[4096]"], "supernet.widths"),
        ([ARCHITECTURE, "--set", "retraining.batch_images=1"], "raise retraining.batch_images"),
    ],
)
def test_nonsense_is_refused(
    refused: Callable[..., str], tmp_path: Path, arguments: list[str], said: str
) -> None:
    preset = [] if "--preset" in arguments else ["--preset", "tiny"]
    assert said in refused("retrain", *arguments, *preset, "--out", tmp_path / "m", "--quiet")
    assert not (tmp_path / "m").exists()


def test_a_folder_of_another_model_is_refused(undisturbed: Path, refused: Any) -> None:
    settings = [part for text in SHORT for part in ("--set", text)]
    said = refused(
        "retrain", ARCHITECTURE, "--preset", "tiny", "--seed", 5, "--out", undisturbed, "--quiet",
        *settings,
    )  # fmt: skip
    assert "holds another model (seed is 0 there, 5 here)" in said


def test_other_folders_are_refused(refused: Any, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    arguments = ["--preset", "tiny", "--quiet"]
    assert "holds other files (thesis.tex)" in refused(
        "retrain", ARCHITECTURE, *arguments, "--out", tmp_path
    )
    assert "is no run folder" in refused("retrain", tmp_path, *arguments)
    assert "is a file" in refused("retrain", tmp_path / "thesis.tex", *arguments)


def test_a_run_that_has_not_ended_is_refused(bench: Any, refused: Any, tmp_path: Path) -> None:
    bench("run", "--searcher", "random", "--preset", "tiny", "--evaluator", "synthetic",
          "--out", tmp_path / "run", "--quiet")  # fmt: skip
    (tmp_path / "run" / "result.json").unlink()
    assert "is a run that has not ended" in refused("retrain", tmp_path / "run")


def test_words_of_the_test_are_not_trained_on(refused: Any, tmp_path: Path) -> None:
    made = job()
    (source,) = made.splits["test"].words.paths
    made.close()
    said = refused(
        "retrain", ARCHITECTURE, "--preset", "tiny", "--out", tmp_path / "m", "--quiet",
        "--search-train", source,
    )  # fmt: skip
    assert "its words are in test too: keep the words" in said


def test_single_images_of_the_test_are_not_trained_on(
    bench: Callable[..., Any], refused: Any, tmp_path: Path
) -> None:
    source = tmp_path / "words"
    rendered = tmp_path / "rendered.lmdb"
    bench("data", "render", rendered, "--count", 6, "--max-length", 6, "--quiet")
    source.mkdir()
    words, lines = WordLMDB(rendered), []
    for index in range(6):
        image, label = words.record(index)
        assert image is not None
        (source / f"{index}.jpg").write_bytes(image)
        lines.append(f"{index}.jpg\t{label}")
    for name, first, last in (("train", 0, 4), ("test", 3, 6), ("rest", 4, 6)):
        (source / "labels.tsv").write_text("\n".join(lines[first:last]) + "\n")
        assert bench("data", "import", source, tmp_path / name, "--quiet").code == 0
    arguments = ["retrain", ARCHITECTURE, "--preset", "tiny", "--quiet", "--out", tmp_path / "m"]
    arguments += ["--search-train", tmp_path / "train", "--set", "retraining.epochs=4"]
    said = refused(*arguments, "--test", tmp_path / "test")
    assert f"1 images of {tmp_path / 'train'}, given as search_train, are in test too" in said
    answer = bench(*arguments, "--test", tmp_path / "rest")
    assert answer.code == 0, answer.err


@pytest.mark.slow
def test_two_processes_under_torchrun(tmp_path: Path) -> None:
    """What they compute is compared in 64 bits in tests/trainers; here, that it is a model."""
    few = ("retraining.epochs=0.5", "retraining.warmup_steps=100")
    arguments = command(tmp_path / "two", *few)[3:]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(
        [*torchrun, "--standalone", "-m", "bench", *arguments],
        check=True, capture_output=True, timeout=500, env=environment,
    )  # fmt: skip
    train(tmp_path / "one", job(0, *few))
    losses = [[float(row["loss"]) for row in curve(tmp_path / name)] for name in ("one", "two")]
    assert len(losses[0]) == 3
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    hardware = settled(tmp_path / "two")["provenance"]["hardware"]
    assert hardware["processes"] == 2


def test_a_batch_that_two_processes_cannot_share_is_refused(
    refused: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "RANK": "0", "WORLD_SIZE": "3", "LOCAL_RANK": "0",
        "MASTER_ADDR": "localhost", "MASTER_PORT": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    said = refused("retrain", ARCHITECTURE, "--preset", "tiny", "--out", tmp_path / "m")
    assert "retraining.batch_images 8 on 3 processes" in said
