"""Killed at any moment, a run resumes and ends with the log of an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.event_log import read_events, without_time

KILLS = 10


def command(searcher: str, folder: Path, seed: int = 0) -> list[str]:
    arguments = ["run", "--searcher", searcher, "--preset", "tiny", "--seed", str(seed)]
    return [sys.executable, "-m", "bench", *arguments, "--out", str(folder), "--quiet", "--json"]


def finish(searcher: str, folder: Path, seed: int = 0) -> dict[str, object]:
    done = subprocess.run(
        command(searcher, folder, seed), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


def log_of(folder: Path) -> list[dict[str, object]]:
    return [without_time(event) for event in read_events(folder / "events.jsonl")]


@pytest.mark.parametrize("searcher", ["random", "proxyless"])
def test_sigkill_at_ten_moments(searcher: str, tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    expected = finish(searcher, undisturbed)
    events = len(log_of(undisturbed))
    moments = random.Random(searcher)
    seen = []
    for kill in range(KILLS):
        process = subprocess.Popen(
            command(searcher, disturbed), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        # Spread over start-up, work and checkpoints: wait for some new events, then a little.
        wanted = min(events - 1, len(seen) + moments.randint(0, max(1, events // KILLS)))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if (disturbed / "events.jsonl").exists():
                lines = (disturbed / "events.jsonl").read_bytes().count(b"\n")
                if lines >= wanted:
                    break
            time.sleep(0.005)
        time.sleep(moments.random() * 0.1)
        process.kill()
        process.communicate()
        before = seen
        if (disturbed / "events.jsonl").exists():
            seen = log_of(disturbed)
        assert seen[: len(before)] == before, f"kill {kill} lost acknowledged events"
    resumed = finish(searcher, disturbed)
    assert log_of(disturbed) == log_of(undisturbed)
    assert resumed["recommendation"] == expected["recommendation"]
    assert (disturbed / "incumbents.csv").read_bytes() == (undisturbed / "incumbents.csv").read_bytes()


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
    while not (folder / "events.jsonl").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == ""
    assert errors.splitlines()[-1].startswith("bench: interrupted: run the same command again")
    acknowledged = log_of(folder)
    finish("random", folder)
    assert log_of(folder)[: len(acknowledged)] == acknowledged


def test_a_damaged_checkpoint_or_log_is_recovered_or_named(tmp_path: Path) -> None:
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
    failed = subprocess.run(command("random", folder), capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "line 1: repeating the work gave another result" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    finish("random", folder)
    failed = subprocess.run(
        command("random", folder, seed=9), capture_output=True, text=True, check=False
    )
    assert failed.returncode == 2
    assert "holds another run (seed is 0 there, 9 here)" in failed.stderr
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "thesis.tex").write_text("precious")
    failed = subprocess.run(
        command("random", tmp_path / "else"), capture_output=True, text=True, check=False
    )
    assert failed.returncode == 2
    assert "holds other files (thesis.tex)" in failed.stderr
    assert os.listdir(tmp_path / "else") == ["thesis.tex"]
