"""Runs that were planned and are not there are named, wherever a study is looked at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.cli import run as run_bench

pytestmark = pytest.mark.usefixtures("undrawn")

STUDY = """
name = "called"
preset = "tiny"
searchers = ["random", "largest", "local-search"]
seeds = 4
set = ["run.evaluator=synthetic", "run.budget_images=600"]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study, to be copied."""
    place = tmp_path_factory.mktemp("whole")
    file = place / "called.toml"
    file.write_text(STUDY)
    folder = place / "study"
    given = ["study", str(file), "--out", str(folder), "--workers", "1", "--quiet"]
    assert run_bench(given) == 0
    return folder


@pytest.fixture
def study(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "study"))


def compared(bench: Callable[..., Any], study: Path, out: Path) -> tuple[dict[str, Any], str, str]:
    """JSON, what is said on the terminal, and the report as text."""
    answer = bench("compare", study, "--out", out, "--json")
    assert answer.code == 0, answer.err
    terminal = bench("compare", study, "--out", out)
    return answer.json, terminal.out, (out / "report.md").read_text(encoding="utf-8")


def row_of(out: Path, item: str) -> dict[str, str]:
    rows = json.loads((out / "report.json").read_text())["checklist"]
    (found,) = [row for row in rows if row["item"].startswith(item)]
    return dict(found)


def test_a_whole_study(bench: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    found, terminal, report = compared(bench, study, tmp_path / "out")
    assert found["plan"] == {
        "planned": 12, "complete": 12, "failed": [], "unfinished": [], "missing": [], "extra": [],
    }  # fmt: skip
    assert "plan: 12 complete of 12 planned" in terminal
    assert "12 complete of 12 planned" in report
    assert row_of(tmp_path / "out", "All runs are reported")["answer"] == "yes"


def test_deleted_runs_are_missed(bench: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    shutil.rmtree(study / "runs" / "largest")
    shutil.rmtree(study / "runs" / "random" / "seed2")
    (study / "runs" / "random" / "seed3" / "result.json").unlink()
    found, terminal, report = compared(bench, study, tmp_path / "out")
    plan = found["plan"]
    assert (plan["planned"], plan["complete"]) == (12, 6)
    assert plan["unfinished"] == [{"searcher": "random", "supernet_seed": None, "seed": 3}]
    missing = [(run["searcher"], run["seed"]) for run in plan["missing"]]
    assert sorted(missing) == [*(("largest", seed) for seed in range(4)), ("random", 2)]
    said = "6 complete of 12 planned; 1 unfinished; 5 missing; no run at all of largest"
    assert f"plan: {said}" in terminal
    assert "6 complete of 12 planned" in report
    assert "random seed 2" in report
    row = row_of(tmp_path / "out", "All runs are reported")
    assert (row["answer"], row["note"]) == ("no", said)


def test_runs_that_nobody_planned(bench: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    own = study / "runs" / "random" / "seed3"
    own.rename(study / "runs" / "random" / "seed9")
    found, terminal, _ = compared(bench, study, tmp_path / "out")
    assert len(found["plan"]["missing"]) == len(found["plan"]["extra"]) == 1
    assert "1 missing; 1 that nobody planned" in terminal


def test_without_a_study_no_plan_is_claimed(
    bench: Callable[..., Any], study: Path, tmp_path: Path
) -> None:
    (study / "study.toml").unlink()
    found, terminal, report = compared(bench, study, tmp_path / "out")
    assert found["plan"] is None
    assert "plan:" not in terminal
    assert "no study file says how many were planned" in report


def test_a_study_file_that_cannot_be_read_is_said(
    bench: Callable[..., Any], study: Path, tmp_path: Path
) -> None:
    (study / "study.toml").write_text("name = ")
    answer = bench("compare", study, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "which runs were planned is not known" in answer.err
