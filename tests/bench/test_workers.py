"""How many processes evaluate shows in no log, and none of them outlives its run."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from forked import Command
from run_child import check_equal, lines_in, log_of
from study_process import begin_bench

from bench.presets import load_preset
from bench.records.manifest import read_manifest
from bench.records.result import RunResult
from bench.run import Run
from bench.running.runner import WorkReport
from trainers.cost import Encodings
from trainers.launch import VARIABLES
from trainers.scoring_pool import ScoringPool
from trainers.scoring_worker import Scores
from trainers.trainer import Trainer

#: Evaluations only, all of them computed.
SETTINGS = (
    "run.training_share=0",
    "run.evaluation_cache=false",
    "run.budget_images=1500",
    "run.checkpoint_seconds=1000",
)
WEIGHTS = ".tmp-weights-*"
PATIENCE_SECONDS = 500


class Broken(Exception):
    """As abrupt as a kill: what is on disk is all that is left."""


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Runs set the threads of their process; the tests that follow have those that they had."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Of each call: architectures that this process scored, and with how many threads.

    Batches are small, and an untrained network has a 1-NED where it reads no word whole.
    """
    seen: list[tuple[int, int]] = []
    evaluate_many, share_out = Trainer.evaluate_many, ScoringPool.evaluate_many

    def note(self: Trainer, encodings: Encodings, images: int) -> Scores:
        seen.append((len(encodings), torch.get_num_threads()))
        return evaluate_many(self, encodings, images)

    def wait(self: ScoringPool, encodings: Encodings, images: int, costs: Sequence[int]) -> Scores:
        # So short a run would have ended before another process has begun.
        for worker in self.workers:
            while worker.alive and not worker.is_ready():
                time.sleep(0.01)
        return share_out(self, encodings, images, costs)

    monkeypatch.setattr(Trainer, "evaluate_many", note)
    monkeypatch.setattr(ScoringPool, "evaluate_many", wait)
    monkeypatch.setattr("bench.running.batching.MOST", 6)
    monkeypatch.setattr(
        "bench.running.evaluators.supernet.proxy_score", lambda scores, _: scores.one_ned
    )
    return seen


def run(
    folder: Path,
    workers: int,
    threads: int,
    break_after: int | None = None,
    kill_after: int | None = None,
) -> RunResult:
    """Run or resume in this process; break off, or kill a worker, after so many events."""
    torch.set_num_threads(threads)
    made = Run("random", "tiny", load_preset("tiny", list(SETTINGS)), 0, workers=workers)
    events = 0

    def report(_: WorkReport) -> None:
        nonlocal events
        events += 1
        if events == break_after:
            raise Broken
        if events == kill_after:
            assert made.pool is not None
            kill(made.pool.workers[0].pid)

    return made.execute(folder, report)


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def scores_in(folder: Path) -> set[Any]:
    """Those that differ."""
    results = [event["result"] for event in log_of(folder) if event["kind"] == "evaluate"]
    return {result["score"] for result in results}


def hardware(folder: Path) -> dict[str, Any]:
    manifest = read_manifest(folder)
    assert manifest is not None
    return manifest.hardware


@pytest.mark.whole
def test_the_log_is_that_of_one_process_even_if_the_other_is_killed(
    tmp_path: Path, evaluated: list[tuple[int, int]]
) -> None:
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    # Begun by two processes, which have a thread each. All but its first event is made by one.
    with pytest.raises(Broken):
        run(alone, workers=2, threads=2, break_after=1)
    assert evaluated == []
    assert run(alone, workers=1, threads=3).warnings == []
    assert hardware(alone)["torch_threads"] == hardware(alone)["processes"] == 2
    assert hardware(alone)["evaluation_threads"] == 1
    assert len(scores_in(alone)) > 10
    by_one = list(evaluated)

    evaluated.clear()
    (warning,) = run(shared, workers=2, threads=2, kill_after=24).warnings
    assert warning.startswith("1 of 2 processes for evaluations ended early")
    assert log_of(shared) == log_of(alone)
    assert {threads for _, threads in by_one + evaluated} == {1}
    assert sum(size for size, _ in evaluated) < sum(size for size, _ in by_one)
    assert list(shared.glob(WEIGHTS)) == []


@pytest.mark.slow
def test_begun_by_one_process_it_is_resumed_by_two(
    tmp_path: Path, evaluated: list[tuple[int, int]]
) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    run(whole, workers=1, threads=1)
    assert hardware(whole).keys().isdisjoint({"processes", "evaluation_threads"})
    by_one = list(evaluated)

    evaluated.clear()
    with pytest.raises(Broken):
        run(resumed, workers=1, threads=1, break_after=8)
    assert run(resumed, workers=2, threads=2).warnings == []
    check_equal(resumed, whole)
    assert {threads for _, threads in by_one + evaluated} == {1}
    assert sum(size for size, _ in evaluated) < sum(size for size, _ in by_one)


@pytest.mark.slow
def test_nobody_outlives_a_run_that_is_killed_or_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    settings = ["--preset", "tiny", "--set", "run.training_share=0", "--budget-images", "1000000"]
    arguments = ["--searcher", "random", *settings, "--workers", "2", "--out", str(folder)]

    def begin(events: int) -> Command:
        """The command in a terminal of its own, when it has written so many events more."""
        known = lines_in(folder / "events.jsonl")
        process = begin_bench("run", *arguments, "--quiet")
        wait_for(lambda: lines_in(folder / "events.jsonl") >= known + events)
        assert len(members(process.pid)) >= 2
        return process

    killed = begin(30)
    kill(killed.pid)
    killed.communicate()
    wait_for(lambda: not members(killed.pid))
    (left,) = folder.glob(WEIGHTS)

    # The others have just begun, and are still importing.
    interrupted = begin(1)
    assert not left.exists()
    os.killpg(interrupted.pid, signal.SIGINT)
    output, errors = interrupted.communicate(timeout=PATIENCE_SECONDS)
    assert (interrupted.returncode, output) == (130, "")
    assert errors == f"bench: interrupted: run the same command again to resume {folder}\n"
    wait_for(lambda: not members(interrupted.pid))
    assert list(folder.glob(WEIGHTS)) == []


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def members(session: int) -> list[int]:
    """The processes of a session that are alive."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            state, _, _, of = rest.split()[:4]
            if int(of) == session and state != "Z":
                found.append(int(name.split()[0]))
    return found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workers", "2", "--evaluator", "synthetic"], "run.evaluator = synthetic"),
        (["--workers", "2", "--replay", "nowhere"], "run.evaluator = replay"),
        (["--workers", "0"], "1<=x<=256"),
        (["--workers", "257"], "1<=x<=256"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(
    options: list[str], said: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    command = ["run", "--searcher", "random", "--preset", "tiny", *options, "--out", str(out)]
    assert said in refused(*command)
    assert not out.exists()


def test_torchrun_is_refused(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(VARIABLES, ("0", "2", "0", "localhost", "1"), strict=True):
        monkeypatch.setenv(name, value)
    assert "without torchrun" in refused("run", "--searcher", "random", "--workers", "2")
