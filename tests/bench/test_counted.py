"""1-NED counts case where the word accuracy beside it does, and nowhere else."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from bench.cli import run as bench
from bench.comparison.groups import group_runs
from bench.comparison.provenance import run_rows
from bench.models.origin import Architectures
from bench.models.retraining import RetrainingJob
from bench.records.runs import read_run
from trainers.metrics import WordScores
from trainers.models.model import Model, ReadingScores
from trainers.trainer import Trainer

FOUND = WordScores(0.125, 0.25, 0.5, 0.75, 32)
BOTH = pytest.mark.parametrize(
    ("case", "accuracy", "one_ned"), [("false", 0.5, 0.75), ("true", 0.125, 0.25)]
)


@BOTH
def test_of_a_run(
    case: str,
    accuracy: float,
    one_ned: float,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Trainer, "score", lambda *_: FOUND)
    command = ["run", "--searcher", "largest", "--preset", "tiny", "--out", str(tmp_path)]
    command += ["--budget-images", "96", "--set", f"data.case_sensitive={case}"]
    assert bench(command) == 0
    said = capsys.readouterr().out
    assert re.search(rf"word accuracy, test +{accuracy:.4f}", said)
    assert re.search(rf"1-NED, test +{one_ned}", said)
    (row,) = run_rows(group_runs([read_run(tmp_path)]))
    assert (row.score, row.one_ned) == (accuracy, one_ned)


@BOTH
def test_of_a_curve(
    case: str, accuracy: float, one_ned: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "score", lambda *_: ReadingScores(FOUND, 1.0))
    settings = (
        f"data.case_sensitive={case}",
        "retraining.epochs=0.1",
        "retraining.rendered_words=80",
    )
    origin = Architectures("tiny", settings).find("0")
    job = RetrainingJob(origin, 0)
    job.train(tmp_path / "model", "bench retrain", lambda _: None, lambda: False)
    rows = list(csv.DictReader((tmp_path / "model" / "curve.csv").read_text().splitlines()))
    assert rows
    for row in rows:
        assert (float(row["word_accuracy"]), float(row["one_ned"])) == (accuracy, one_ned)
