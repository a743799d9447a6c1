"""Killed at any moment, a run resumes and ends with the log of an undisturbed one."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # The fork server imports the module by name.

import run_child
from run_child import Job, check_equal, lines_in, log_of

KILLS = 6
#: Images: enough for all kinds of events where the whole of the tiny preset is not needed.
SHORT = 240


def command(searcher: str, folder: Path, seed: int = 0) -> list[str]:
    arguments = ["run", "--searcher", searcher, "--preset", "tiny", "--seed", str(seed)]
    arguments += ["--budget-images", str(SHORT)]
    return [sys.executable, "-m", "bench", *arguments, "--out", str(folder), "--quiet", "--json"]


def finish(searcher: str, folder: Path, seed: int = 0) -> dict[str, object]:
    return run_child.finish(Job(searcher, folder, seed, SHORT))


# Over all searchers, at 200 moments, in test_slow.
@pytest.mark.parametrize(("searcher", "cache"), [("random", "own"), ("proxyless", "none")])
def test_sigkill_at_several_moments(searcher: str, cache: str, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    finish(searcher, undisturbed)
    # Half of the checkpoints would otherwise fall behind the end of so short a run.
    job = Job(searcher, tmp_path / "run", 0, SHORT, checkpoint_seconds=0.2)
    moments = random.Random(searcher)
    run_child.kill_many_times(job, cache, undisturbed, KILLS, moments, f"cache {cache}")


def test_same_seed_same_log_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        finish("random", tmp_path / name, seed)
    assert log_of(tmp_path / "a") == log_of(tmp_path / "b")
    assert log_of(tmp_path / "a") != log_of(tmp_path / "c")


def test_interrupt_exits_with_130_and_resumes(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen(
        command("random", folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not lines_in(folder / "events.jsonl") and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == ""
    assert errors.splitlines() == [
        f"bench: interrupted: run the same command again to resume {folder}"
    ]
    acknowledged = log_of(folder)
    resumed = subprocess.run(
        command("random", folder), capture_output=True, text=True, timeout=100, check=True
    )
    assert json.loads(resumed.stdout)["run_dir"] == str(folder)
    assert log_of(folder)[: len(acknowledged)] == acknowledged
    finish("random", tmp_path / "undisturbed")
    assert log_of(folder) == log_of(tmp_path / "undisturbed")


def test_killed_between_the_last_checkpoint_and_the_result(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    expected = finish("proxyless", folder)
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    (folder / "result.json").unlink()
    assert finish("proxyless", folder)["recommendation"] == expected["recommendation"]
    check_equal(folder, before)


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
    assert run(command("random", folder)[3:]) == 2
    error = capsys.readouterr().err
    assert "line 1: repeating the work gave another result" in error
    assert error.count("\n") == 1


def test_a_folder_of_another_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from bench.cli import run

    folder = tmp_path / "run"
    finish("random", folder)
    assert run(command("random", folder, seed=9)[3:]) == 2
    assert "holds another run (seed is 0 there, 9 here)" in capsys.readouterr().err
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "thesis.tex").write_text("precious")
    assert run(command("random", tmp_path / "else")[3:]) == 2
    assert "holds other files (thesis.tex)" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "else").iterdir()] == ["thesis.tex"]
