"""`benchmarks.retraining` measures what the models' cards say."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import retraining


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["retraining", *arguments])
    retraining.main()


@pytest.mark.slow
def test_it_prints_and_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    given = ["2", "--workers", "1", "--images", "16", "--preset", "tiny", "--json", str(file)]
    call(monkeypatch, *given)
    found = json.loads(file.read_text())
    assert (found["trainings"], found["images"], found["workers"]) == (2, 16, 1)
    assert 0 < found["step_seconds"] <= found["training_seconds"] <= found["wall_seconds"]
    assert found["ratio"] == pytest.approx(found["wall_seconds"] / found["step_seconds"])
    assert "2 trainings on 16 images each, 1 workers" in capfd.readouterr().out


@pytest.mark.parametrize("bad", [["0"], ["--preset", "tinny"], ["--set", "x=1"]])
def test_nonsense_ends_with_2(monkeypatch: pytest.MonkeyPatch, bad: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call(monkeypatch, *bad)
    assert ended.value.code == 2
