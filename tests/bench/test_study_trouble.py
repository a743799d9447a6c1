"""Why a run of a study failed stays in its folder, until it is complete; and how long is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import run as run_module
from bench.records.study_file import read_study
from bench.records.trouble import keep_trouble, known_trouble
from bench.running.progress import _Pace
from bench.study.execute import do_run
from bench.study.plan import DONE, make_plan

pytestmark = pytest.mark.usefixtures("undrawn")

STUDY = """
name = "quick"
preset = "tiny"
searchers = ["random", "proxyless"]
seeds = 3
set = ["run.evaluator=synthetic"]
"""


@pytest.fixture
def study(tmp_path: Path) -> list[object]:
    file = tmp_path / "study.toml"
    file.write_text(STUDY)
    return ["study", file, "--out", tmp_path / "out"]


def test_the_reason_is_kept_told_and_forgotten(
    tmp_path: Path,
    study: list[object],
    bench: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = make_plan(read_study(tmp_path / "study.toml"), tmp_path / "out")
    assert bench(*study, "--quiet").code == 0
    failing = plan.runs[0]
    (failing.folder / "result.json").unlink()
    with monkeypatch.context() as broken:
        broken.setattr(run_module.Runner, "run", fail)
        assert bench(*study, "--quiet").code == 1
    assert known_trouble(failing.folder) == "RuntimeError: the disk is on fire"
    answer = bench("compare", tmp_path / "out")
    assert f"left out: {failing.folder}: failed: RuntimeError: the disk is on fire" in answer.out
    assert "the disk is on fire" in (tmp_path / "out" / "report.md").read_text()

    assert bench(*study, "--quiet").code == 0
    assert failing.state == DONE
    assert not (failing.folder / "trouble.json").exists()
    assert "left out" not in bench("compare", tmp_path / "out").out


def fail(*_: object) -> str:
    raise RuntimeError("the disk\n\tis on fire")


def test_a_run_that_failed_to_begin_is_named_and_can_begin_later(
    tmp_path: Path,
    study: list[object],
    bench: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = make_plan(read_study(tmp_path / "study.toml"), tmp_path / "out")
    assert bench(*study, "--quiet").code == 0
    failing = plan.runs[-1]
    for path in sorted(failing.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with monkeypatch.context() as broken:
        broken.setattr(run_module.Run, "__init__", lambda *given: fail(given))
        assert bench(*study, "--quiet").code == 1
    assert [path.name for path in failing.folder.iterdir()] == ["trouble.json"]
    answer = bench("compare", tmp_path / "out")
    assert f"left out: {failing.folder}: failed to begin: RuntimeError" in answer.out
    assert bench(*study, "--quiet").code == 0
    assert plan.count(DONE) == 6
    assert not list(tmp_path.rglob("trouble.json"))


def test_nothing_is_written_into_a_strangers_folder(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    spec = make_plan(read_study(tmp_path / "study.toml"), tmp_path / "out").runs[0]
    spec.folder.mkdir(parents=True)
    (spec.folder / "thesis.txt").write_text("mine")
    end = do_run(spec, lambda: False)
    assert "thesis.txt" in (end.trouble or "")
    assert [path.name for path in spec.folder.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"reason": 3}', b'{"reason": " "}', b"[" * 60_000, b"9" * 70_000]
)
def test_a_damaged_reason_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trouble.json").write_bytes(content)
    assert known_trouble(tmp_path) is None


def test_a_reason_cannot_command_a_terminal(tmp_path: Path) -> None:
    keep_trouble(tmp_path, "red \x1b[31m alert\nand more")
    assert known_trouble(tmp_path) == "red \N{REPLACEMENT CHARACTER}[31m alert and more"


def test_the_plan_foretells_what_was_measured(
    tmp_path: Path, study: list[object], bench: Callable[..., Any]
) -> None:
    plan = make_plan(read_study(tmp_path / "study.toml"), tmp_path / "out")
    assert "work left" not in bench(*study, "--dry-run").out
    assert bench(*study, "--quiet").code == 0
    assert "work left" not in bench(*study, "--dry-run").out
    # Two of random are measured, at 2 and 6 seconds; of proxyless all runs are lost.
    seconds = iter([None, 1.5, 5.5])
    for run in plan.runs:
        place = run.folder / "result.json"
        measured = next(seconds) if run.searcher == "random" else None
        if measured is None:
            place.unlink()
            continue
        result = json.loads(place.read_text())
        result["cost"]["seconds"] |= {"total": measured, "referee": 0.5}
        del result["document_hash"]
        place.write_text(json.dumps(result))
    shown = bench(*study, "--dry-run").out
    assert "work left: about 4 seconds for 1 run, measured on 2 runs of the same searchers" in shown
    assert "not in it, since none is done: proxyless" in shown
    random, proxyless = bench(*study, "--dry-run", "--json").json["outlook"]
    assert random == {"searcher": "random", "left": 1, "seconds_left": 4.0, "measured_on": 2}
    assert proxyless["seconds_left"] is None


def test_time_left_counts_what_this_process_has_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("bench.running.progress.time.monotonic", lambda: now[0])
    pace = _Pace()
    pace.note(3, 8)
    assert pace.seconds_left is None
    # Five minutes for the first of the five that were left.
    now[0] += 300.0
    pace.note(4, 8)
    assert pace.seconds_left == pytest.approx(1200.0)
    now[0] += 200.0
    assert pace.seconds_left == pytest.approx(1000.0)
    now[0] += 5000.0
    assert pace.seconds_left == 0.0
    pace.note(8, 8)
    assert pace.seconds_left == 0.0
