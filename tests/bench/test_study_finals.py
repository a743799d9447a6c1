"""A study whose endpoint is `final`: its last stage, its ledger, and kills at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_process import begin_study, kill_session, logs_below

from bench.cli import run as bench
from trainers.models.model import Model

pytestmark = pytest.mark.whole

STUDY = """
name = "finals"
preset = "tiny"
searchers = ["random", "largest"]
seeds = 2
endpoint = "final"
final_seeds = 2
set = [
    "run.budget_images=160",
    "run.checkpoint_seconds=0.05",
    "retraining.epochs=0.5",
    "retraining.rendered_words=64",
    "retraining.validations=2",
]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished study; read-only."""
    place = tmp_path_factory.mktemp("place")
    (place / "study.toml").write_text(STUDY)
    out = place / "results" / "finals"
    assert bench(["study", str(place / "study.toml"), "--out", str(out), "--quiet"]) == 0
    return out


def cards(out: Path) -> dict[str, dict[str, Any]]:
    """What is known of each model in the study's folder, but for clock, place and memory."""
    found = {}
    for path in sorted((out / "finals").glob("*/model.json")):
        card = json.loads(path.read_text())
        for key in ("seconds", "step_seconds", "peak_memory_bytes", "peak_accelerator_bytes"):
            card["cost"].pop(key, None)
        card["provenance"] = None
        del card["document_hash"]
        found[path.parent.name] = card
    return found


def compared(out: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    capsys.readouterr()
    assert bench(["compare", str(out), "--json", *options]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_each_recommendation_is_trained_once_with_each_seed(done: Path) -> None:
    results = [json.loads(p.read_text()) for p in (done / "runs").rglob("result.json")]
    texts = {result["recommendation"]["text"] for result in results}
    # The largest is the same whatever the seed.
    assert len(texts) == 3
    found = cards(done)
    trained = sorted((card["description"]["text"], card["seed"]) for card in found.values())
    assert trained == sorted((text, seed) for text in texts for seed in (0, 1))
    ledger = json.loads((done / "finals" / "ledger.json").read_text())
    assert ledger["trainings"] == len(found) == 6
    for key in ("images", "macs"):
        assert ledger["total"][key] == sum(card["cost"][key] for card in found.values()) > 0
    assert {path.name for path in (done.parent / "models").iterdir()} == found.keys()


def test_the_endpoint_is_the_mean_of_the_trainings(
    done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = compared(done, capsys)
    assert document["endpoint"] == "final"
    scores: dict[str, list[float]] = {}
    for card in cards(done).values():
        read = card["scores"]["test"]["word_accuracy_case_insensitive"]
        scores.setdefault(card["description"]["text"], []).append(read)
    report = json.loads((done / "report.json").read_text())
    assert len(report["runs"]) == 4
    for run in report["runs"]:
        assert run["score"] == pytest.approx(np.mean(scores[run["architecture"]]))
        assert run["shared_score"] is not None
    assert "trained from scratch" in report["endpoint_text"]


def test_a_pilot_is_planned_by_its_endpoint(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compared(done, capsys)
    report = json.loads((done / "report.json").read_text())
    scores = {(run["searcher"], run["seed"]): run["score"] for run in report["runs"]}
    apart = [scores["largest", seed] - scores["random", seed] for seed in (0, 1)]
    assert bench(["plan", str(done), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["endpoint"] == "final"
    assert found["pairs"][0]["sd_difference"]["estimate"] == pytest.approx(np.std(apart, ddof=1))


def test_the_command_line_deviates_and_says_so(
    done: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path / "report")]
    document = compared(done, capsys, "--endpoint", "shared", *out)
    assert document["endpoint"] == "shared"
    assert document["decided_later"] == ["endpoint is shared, in the study file final"]
    assert compared(done, capsys, *out)["decided_later"] == []


def test_a_recommendation_without_its_trainings_has_no_score(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "finals"
    shutil.copytree(done, out)
    gone = next((out / "finals").glob("*/model.json"))
    text = json.loads(gone.read_text())["description"]["text"]
    shutil.rmtree(gone.parent)
    compared(out, capsys)
    report = json.loads((out / "report.json").read_text())
    for run in report["runs"]:
        assert (run["score"] is None) == (run["architecture"] == text)
    reasons = [report["summary"], *report["tests"]["dropped"]]
    assert any("has no final score" in reason for reason in reasons)


def test_another_study_finds_what_is_trained_again_by_content(done: Path, tmp_path: Path) -> None:
    place = tmp_path / "results"
    shutil.copytree(done.parent, place)
    file = tmp_path / "other.toml"
    file.write_text(STUDY.replace('name = "finals"', 'name = "other"').replace('"random", ', ""))
    before = {p: p.stat().st_mtime_ns for p in (place / "models").rglob("weights.safetensors")}
    assert bench(["study", str(file), "--out", str(place / "other"), "--quiet"]) == 0
    after = {p: p.stat().st_mtime_ns for p in (place / "models").rglob("weights.safetensors")}
    assert before == after
    assert len(cards(place / "other")) == 2


def test_what_reads_no_words_cannot_be_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(STUDY.replace("run.budget", 'run.evaluator=synthetic", "run.budget'))
    assert bench(["study", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "nothing can be trained from scratch" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_trainings_that_the_file_no_longer_states_are_refused(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "results"
    shutil.copytree(done.parent, place)
    file = tmp_path / "study.toml"
    study = ["study", str(file), "--out", str(place / "finals"), "--quiet"]
    file.write_text(STUDY.replace("retraining.epochs=0.5", "retraining.epochs=0.75"))
    capsys.readouterr()
    assert bench(study) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "retraining.epochs is 0.5 there, 0.75 here" in said
    assert said.endswith("set it as it was, or give the changed study another name or --out")
    # Where nothing is trained from scratch, how that is done is nobody's business.
    file.write_text(file.read_text().replace('"final"', '"shared"'))
    assert bench([*study, "--dry-run"]) == 0


def test_a_training_of_no_use_was_paid_for_all_the_same(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "results"
    shutil.copytree(done.parent, place)
    out, file = place / "finals", tmp_path / "study.toml"
    file.write_text(STUDY)
    before = json.loads((out / "finals" / "ledger.json").read_text())
    again = before["models"][0]["model"]
    for folder in (place / "models", out / "finals"):
        shutil.rmtree(folder / again)
    # What it computes is not finite.
    monkeypatch.setattr(Model, "score", lambda *_: None)
    assert bench(["study", str(file), "--out", str(out), "--quiet"]) == 1
    ledger = json.loads((out / "finals" / "ledger.json").read_text())
    assert {row["model"] for row in ledger["models"]} == cards(out).keys()
    assert ledger["trainings"] == before["trainings"] == 6
    for key in ("images", "macs"):
        assert ledger["total"][key] == before["total"][key]
    unusable = {row["model"]: row["unusable"] for row in ledger["models"] if row["unusable"]}
    assert unusable == {again: "what it computes is not finite: lower retraining.learning_rate"}
    text = cards(out)[again]["description"]["text"]
    compared(out, capsys)
    for run in json.loads((out / "report.json").read_text())["runs"]:
        assert (run["score"] is None) == (run["architecture"] == text)


def progress(place: Path) -> int:
    """Grows with whatever a study writes: lines of logs, files, checkpoints replaced."""
    total = 0
    for path in place.rglob("*"):
        try:
            if path.is_file():
                total += 1 + path.stat().st_mtime_ns % 7
        except OSError:
            continue
    return total


#: Of each stage of a study, what there is once it has begun.
STAGES = ("runs", "../models", "finals")


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 20])
@pytest.mark.timeout(1800)
def test_killed_at_random_moments_of_every_stage_it_ends_the_same(
    done: Path, tmp_path: Path, kills: int
) -> None:
    rng = random.Random(kills)
    file, out = tmp_path / "study.toml", tmp_path / "results" / "finals"
    file.write_text(STUDY)
    killed = 0
    for stage in STAGES:
        for _ in range(kills):
            process = begin_study(file, out, "--workers", rng.choice(["1", "2"]))
            try:
                changes, seen, last = rng.randint(0, 12), 0, -1
                # Where it ends before, it has nothing left to be killed in.
                while process.poll() is None and seen <= changes:
                    if not (out / stage).exists():
                        time.sleep(0.001)
                        continue
                    now = progress(tmp_path)
                    seen += now != last
                    last = now
                    time.sleep(0.005)
                os.killpg(process.pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                # It ended between the last look and the kill.
                assert process.wait() == 0
            finally:
                kill_session(process)
                process.communicate()
    assert killed
    assert bench(["study", str(file), "--out", str(out), "--quiet"]) == 0
    assert logs_below(out) == logs_below(done)
    assert cards(out) == cards(done)
