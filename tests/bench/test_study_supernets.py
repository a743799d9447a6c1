"""Studies whose supernets are trained first: each once, whoever wants it and whoever dies."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from study_process import PATIENCE, environment, lines_below, wait_until

from bench.cli import run as bench
from bench.presets import load_preset
from bench.supernets.store import obtain_supernet, supernet_file
from bench.supernets.training import SupernetJob

STUDY = """
name = "trained"
preset = "tiny"
searchers = ["random", "proxyless"]
seeds = 2
supernet_seeds = [0, 1]
set = [
    "run.budget_images=120",
    "run.referee_points=1",
    "run.referee_samples=0",
    "run.training_share=0.1",
    "supernet_recipe.images=64",
]
"""
OBTAIN = """
from bench.presets import load_preset
from bench.supernets.store import obtain_supernet, supernet_file
from bench.supernets.training import SupernetJob

job = SupernetJob("tiny", load_preset("tiny", ["run.checkpoint_seconds=0"]), 0)
print("wants it", flush=True)
obtain_supernet(job, supernet_file(job, "tiny", 0), "by a test")
"""


def files_below(folder: Path) -> dict[Path, int]:
    """Supernet files, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*-seed?-*.safetensors")}


@contextmanager
def want(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that wants the supernet, and is about to have it or wait for it."""
    with subprocess.Popen(
        [sys.executable, "-c", OBTAIN],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "wants it\n"
            yield process
        finally:
            process.kill()


@pytest.mark.whole
@pytest.mark.parametrize("seeds", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_supernets_are_trained_once_and_shared(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seeds: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    study_of = STUDY.replace("seeds = 2", f"seeds = {seeds}", 1)
    (tmp_path / "study.toml").write_text(study_of)
    out = tmp_path / "elsewhere" / "trained"
    study = ["study", "study.toml", "--out", str(out), "--quiet"]
    assert bench(study) == 0
    trained = files_below(tmp_path)
    # Of the folder in which the command is called, wherever the study goes.
    assert {path.parent for path in trained} == {tmp_path / "results" / "supernets"}
    assert sorted(path.name[:11] for path in trained) == ["tiny-seed0-", "tiny-seed1-"]
    manifests = [json.loads(path.read_text()) for path in out.rglob("run.json")]
    known = {json.loads(path.with_suffix(".json").read_text())["hash"] for path in trained}
    assert len(manifests) == 4 * seeds
    assert {each["identity"]["supernet"] for each in manifests} == known
    assert {each["supernet_start"]["images"] for each in manifests} == {64}

    capsys.readouterr()
    assert bench(["compare", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (test,) = document["tests"]["pairs"]
    # Seeds on each of two supernets, which are what is counted.
    assert (test["n"], test["unit"]) == (2, "supernets")
    assert (document["supernets"], document["tests"]["blocks"]) == (2, 2 * seeds)
    report = json.loads((out / "report.json").read_text())
    blocks = {row["block"] for row in report["runs"]}
    assert blocks == {
        f"supernet {digest[:8]}, seed {seed}" for digest in known for seed in range(seeds)
    }
    # Paid once each, shared by the runs that began with it.
    cost = report["searchers"][0]["cost"]
    assert cost["images_amortised"] - cost["images_sunk"] == pytest.approx(64 / (2 * seeds))

    # A second study under the same recipe trains nothing.
    (tmp_path / "study.toml").write_text(
        STUDY.replace("seeds = 2", "seeds = 1", 1)
        .replace(', "proxyless"', "")
        .replace("supernet_seeds = [0, 1]", "supernet_seeds = [1]")
    )
    again = ["study", "study.toml", "--out", str(tmp_path / "again"), "--quiet"]
    assert bench(again) == 0
    assert files_below(tmp_path) == trained


@pytest.mark.slow
def test_two_that_want_it_at_once_train_it_once_though_one_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "supernets"
    with want(tmp_path) as first:
        wait_until(lambda: lines_below(folder) > 1)
        # Stopped in the middle, for as long as the others take to begin.
        first.send_signal(signal.SIGSTOP)
        with want(tmp_path) as second, want(tmp_path) as third:
            assert first.poll() is None
            first.kill()
            first.wait()
            (log,) = folder.rglob("events.jsonl")
            begun = log.read_bytes()
            begun = begun[: begun.rindex(b"\n") + 1]
            assert begun.count(b"\n") > 1
            assert not files_below(tmp_path)
            assert second.wait(PATIENCE) == 0
            written = files_below(tmp_path)
            assert third.wait(PATIENCE) == 0
    # Times included: what the first had done was not done again, nor all of it by the third.
    assert log.read_bytes().startswith(begun)
    assert files_below(tmp_path) == written
    assert len(written) == 1


def test_who_waits_can_be_told_to_leave(tmp_path: Path) -> None:
    from bench.records.errors import Interrupted

    job = SupernetJob("tiny", load_preset("tiny", ["supernet_recipe.images=64"]), 0)
    out = supernet_file(job, "tiny", 0, tmp_path)
    (tmp_path / out.name).with_suffix(".lock").touch()
    script = (
        "import fcntl, sys\n"
        f"lock = open({str(out.with_suffix('.lock'))!r}, 'wb')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Interrupted):
            obtain_supernet(job, out, "by a test", stop_requested=lambda: True)
    finally:
        holder.kill()
        holder.communicate()
    assert [path.name for path in tmp_path.iterdir()] == [f"{out.stem}.lock"]
