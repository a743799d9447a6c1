"""A tiny run in a process of its own that can be killed.

Processes come from a fork server that has imported torch already, so that ten kills take seconds.
"""

from __future__ import annotations

import json
import random
import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import torch
import torch._dynamo  # What optimisers import on their first use takes seconds.
from forked import fork

from bench.presets import load_preset
from bench.records.event_log import read_events, without_time
from bench.run import Run
from searchers import SEARCHERS, load_searcher
from trainers.data.rendering.fonts import fonts_hash
from trainers.data.rendering.vocabulary import list_hash

# What every child would load again.
fonts_hash()
list_hash()
for name in SEARCHERS:
    load_searcher(name)

#: Budget of the tiny preset, in images.
WHOLE = 640
#: How evaluations are cached in a run that is killed: not at all; by itself, so that what it did
#: before a kill is there after it; and everything, by an undisturbed run before.
CACHES = ("none", "own", "warm")


@dataclass(frozen=True)
class Job:
    """A run on the tiny preset.

    ``cache`` is the folder of its evaluation cache, None for none. What a job does in the end does
    not depend on it, nor on ``checkpoint_seconds``.
    """

    searcher: str
    folder: Path
    seed: int = 0
    budget_images: int = WHOLE
    cache: Path | None = None
    checkpoint_seconds: float = 0.8

    @property
    def events(self) -> Path:
        """Its log."""
        return self.folder / "events.jsonl"

    @property
    def complete(self) -> bool:
        """Whether it has ended."""
        return (self.folder / "result.json").exists()


def start(job: Job) -> ForkServerProcess:
    """Begin, or resume, the run."""
    return fork(run, job)


def finish(job: Job) -> dict[str, object]:
    """Begin or resume the run and let it end; its result."""
    process = start(job)
    process.join(500)
    assert process.exitcode == 0
    return result_of(job.folder)


def kill_after(job: Job, events: int, seconds: float) -> int:
    """Begin or resume, wait for so many events in the log and a little more, kill.

    The exit code: 0 for a run that had ended before.
    """
    process = start(job)
    deadline = time.monotonic() + 500
    while process.is_alive() and lines_in(job.events) < events:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.join(seconds)
    process.kill()
    process.join()
    code = process.exitcode
    assert code is not None
    return code


def kill_many_times(
    job: Job, cache: str, undisturbed: Path, kills: int, moments: random.Random, mark: str
) -> None:
    """Kill a run so many times, each time while it runs, and compare it with the undisturbed one.

    A run that ends before it can be killed is compared, and the next folder is begun. ``cache`` is
    one of ``CACHES``, ``job.cache`` the warm one; ``mark`` goes into what a failure says.
    """
    log = log_of(undisturbed)
    hits = folders = 0
    while hits < kills:
        folder = job.folder / str(folders)
        own = {"none": None, "own": folder.with_suffix(".cache"), "warm": job.cache}[cache]
        current = replace(job, folder=folder, cache=own)
        # In order, so that each attempt comes further than the one before, and all get somewhere.
        for share in sorted(moments.random() for _ in range(kills - hits)):
            before = complete_lines(current.events)
            # Starting takes about a second, the first half of it before anything is written. The
            # share goes beyond the log: checkpoint and result are written after the last event.
            wanted = min(int(share * (len(log) + 1)), len(log))
            pause = moments.random() * (0.4 if wanted else 1.5)
            code = kill_after(current, wanted, pause)
            if code == 0:
                break
            assert code == -signal.SIGKILL, f"{mark}: exit code {code}"
            hits += 1
            after = complete_lines(current.events)
            assert after.startswith(before), f"{mark}: events lost by kill {hits} at {share:.2f}"
            seen = log_of(folder)
            assert seen == log[: len(seen)], f"{mark}: another log after kill {hits} at {share:.2f}"
        check_end(current, undisturbed, mark)
        folders += 1


def check_end(job: Job, undisturbed: Path, mark: str) -> None:
    """Let the run end: nothing tells it from the undisturbed one."""
    acknowledged = complete_lines(job.events)
    finish(job)
    assert job.events.read_bytes().startswith(acknowledged), f"{mark}: events lost in the end"
    check_equal(job.folder, undisturbed, mark)


def check_equal(folder: Path, undisturbed: Path, mark: str = "") -> None:
    """Log, table of incumbents and result of two runs are the same, clocks aside."""
    assert log_of(folder) == log_of(undisturbed), f"{mark}: another log"
    table = "incumbents.csv"
    assert (folder / table).read_bytes() == (undisturbed / table).read_bytes(), f"{mark}: {table}"
    expected = without_clocks(result_of(undisturbed))
    assert without_clocks(result_of(folder)) == expected, f"{mark}: another result"


def result_of(folder: Path) -> dict[str, object]:
    """The result of a complete run."""
    result: dict[str, object] = json.loads((folder / "result.json").read_text())
    return result


def without_clocks(result: dict[str, object]) -> dict[str, object]:
    """A result but for what two equal runs do not share: place, seconds, memory."""
    others = ("run_dir", "log_hash", "document_hash")
    kept = {key: value for key, value in result.items() if key not in others}
    cost = kept["cost"]
    assert isinstance(cost, dict)
    kept["cost"] = {
        key: value
        for key, value in cost.items()
        if key not in ("seconds", "peak_memory_bytes", "peak_accelerator_bytes")
    }
    return kept


def log_of(folder: Path) -> list[dict[str, object]]:
    """The events so far, times aside."""
    return [without_time(event) for event in read_events(folder / "events.jsonl")]


def complete_lines(path: Path) -> bytes:
    """What is acknowledged of a log, byte by byte."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def lines_in(path: Path) -> int:
    """How many lines are acknowledged."""
    return complete_lines(path).count(b"\n")


def run(job: Job) -> None:
    """What the child does."""
    torch.set_num_threads(1)
    settings = {
        "budget_images": job.budget_images,
        "checkpoint_seconds": job.checkpoint_seconds,
        "evaluation_cache": "false" if job.cache is None else "true",
    }
    preset = load_preset("tiny", [f"run.{key}={value}" for key, value in settings.items()])
    prepared = Run(job.searcher, "tiny", preset, job.seed)
    if prepared.cache is not None and job.cache is not None:
        prepared.cache.path = job.cache
    prepared.execute(job.folder)
