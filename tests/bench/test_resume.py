"""Killed at any moment, a run resumes and ends with the log of an undisturbed one."""

from __future__ import annotations

import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # The fork server imports the module by name.

import run_child
from run_child import Job, check_equal, lines_in, log_of
from study_process import PATIENCE, begin_bench, wait_until

from bench.presets import load_preset
from bench.records import manifest
from bench.records.errors import Interrupted
from bench.run import Run
from bench.running.runner import WorkReport

KILLS = 3
#: Images: enough for all kinds of events where the whole of the tiny preset is not needed.
SHORT = 240


def command(searcher: str, folder: Path, seed: int = 0) -> list[str]:
    arguments = ["run", "--searcher", searcher, "--preset", "tiny", "--seed", str(seed)]
    arguments += ["--budget-images", str(SHORT)]
    return [*arguments, "--out", str(folder), "--quiet", "--json"]


def finish(searcher: str, folder: Path, seed: int = 0) -> dict[str, object]:
    return run_child.finish(Job(searcher, folder, seed, SHORT))


# Over all searchers, at 200 moments, in test_slow.
@pytest.mark.whole
@pytest.mark.parametrize(("searcher", "cache"), [("random", "own"), ("proxyless", "none")])
def test_sigkill_at_several_moments(searcher: str, cache: str, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    finish(searcher, undisturbed)
    # Half of the checkpoints would otherwise fall behind the end of so short a run.
    job = Job(searcher, tmp_path / "run", 0, SHORT, checkpoint_seconds=0.2)
    moments = random.Random(searcher)
    run_child.kill_many_times(job, cache, undisturbed, KILLS, moments, f"cache {cache}")


@pytest.mark.whole
def test_same_seed_same_log_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        finish("random", tmp_path / name, seed)
    assert log_of(tmp_path / "a") == log_of(tmp_path / "b")
    assert log_of(tmp_path / "a") != log_of(tmp_path / "c")


def test_interrupt_exits_with_130_and_resumes(bench: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = begin_bench(*command("random", folder))
    wait_until(lambda: lines_in(folder / "events.jsonl") > 0 or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert output == ""
    assert errors.splitlines() == [
        f"bench: interrupted: run the same command again to resume {folder}"
    ]
    acknowledged = log_of(folder)
    assert bench(*command("random", folder)).json["run_dir"] == str(folder)
    assert log_of(folder)[: len(acknowledged)] == acknowledged
    finish("random", tmp_path / "undisturbed")
    assert log_of(folder) == log_of(tmp_path / "undisturbed")


@pytest.mark.whole
def test_killed_between_the_last_checkpoint_and_the_result(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    expected = finish("proxyless", folder)
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    (folder / "result.json").unlink()
    assert finish("proxyless", folder)["recommendation"] == expected["recommendation"]
    check_equal(folder, before)


@pytest.mark.whole
def test_a_damaged_checkpoint_or_log_is_recovered_or_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from bench.cli import run

    folder = tmp_path / "run"
    expected = finish("random", folder)
    log = log_of(folder)
    checkpoint = folder / "checkpoint" / "state.safetensors"

    (folder / "result.json").unlink()
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    events = folder / "events.jsonl"
    events.write_bytes(events.read_bytes()[:-40])
    assert finish("random", folder)["recommendation"] == expected["recommendation"]
    assert log_of(folder) == log

    (folder / "result.json").unlink()
    lines = events.read_bytes().splitlines(keepends=True)
    lines[0] = lines[0].replace(b'"loss": ', b'"loss": 1')
    events.write_bytes(b"".join(lines))
    checkpoint.unlink()
    assert run(command("random", folder)) == 2
    error = capsys.readouterr().err
    assert "line 1: repeating the work gave another result" in error
    assert error.count("\n") == 1


@pytest.mark.whole
def test_what_went_wrong_before_an_interruption_is_still_said(tmp_path: Path) -> None:
    folder, said = tmp_path / "run", "the evaluation cache was not used"
    preset = load_preset("tiny", ["run.budget_images=400", "run.referee_samples=0"])
    first = Run("random", "tiny", preset, 0)
    assert first.cache is not None
    first.cache.trouble = said
    with pytest.raises(Interrupted):
        first.execute(folder, stop_requested=lambda: True)
    assert Run("random", "tiny", preset, 0).execute(folder).warnings.count(said) == 1
    # Also where only the result was missing.
    (folder / "result.json").unlink()
    assert Run("random", "tiny", preset, 0).execute(folder).warnings.count(said) == 1


@pytest.mark.whole
def test_a_folder_of_another_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from bench.cli import run

    folder = tmp_path / "run"
    finish("random", folder)
    assert run(command("random", folder, seed=9)) == 2
    assert "holds another run (seed is 0 there, 9 here)" in capsys.readouterr().err
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "thesis.tex").write_text("precious")
    assert run(command("random", tmp_path / "else")) == 2
    assert "holds other files (thesis.tex)" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "else").iterdir()] == ["thesis.tex"]


def test_a_run_that_goes_on_with_another_version_or_machine_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = load_preset("tiny", ["run.evaluator=synthetic", "run.budget_images=2000"])

    def proceed(folder: Path, works: int, **other: str) -> tuple[list[str], list[str] | None]:
        """Warnings that were shown, and those of the result; it stops after ``works``."""
        reports: list[WorkReport] = []
        with monkeypatch.context() as patch:
            versions = {**manifest.versions(), **other}
            processor = versions.pop("processor", manifest.processor())
            patch.setattr("bench.run.versions", lambda: versions)
            patch.setattr(manifest, "processor", lambda: processor)
            run = Run("evolution", "tiny", preset, 0)
        try:
            found = run.execute(folder, reports.append, lambda: len(reports) >= works)
        except Interrupted:
            warnings = None
        else:
            warnings = found.warnings
        return [warning for report in reports for warning in report.warnings], warnings

    folder = tmp_path / "run"
    assert proceed(folder, 5) == ([], None)
    assert proceed(folder, 5) == ([], None)
    (shown,), _ = proceed(folder, 5, torch="9.9", processor="another\n")
    torch = manifest.versions()["torch"]
    assert shown.startswith(
        f"continued with torch 9.9, processor another , begun with torch {torch}, processor "
    )
    # Said once, and kept where the run goes on as it was begun.
    assert proceed(folder, 5, torch="9.9", processor="another\n") == ([], None)
    told, warnings = proceed(folder, 10**6)
    assert told == []
    assert warnings is not None
    assert warnings[0] == shown
    # Of a run that is complete, nothing is continued.
    assert proceed(folder, 10**6, torch="9.9")[1] == warnings
    assert proceed(tmp_path / "undisturbed", 10**6)[1] == warnings[1:]
    assert log_of(folder) == log_of(tmp_path / "undisturbed")
