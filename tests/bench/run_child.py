"""A tiny run in a process of its own that can be killed.

Processes come from a fork server that has imported torch already, so that ten kills take seconds.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import torch
import torch._dynamo  # What optimisers import on their first use takes seconds.

from bench.event_log import read_events, without_time
from bench.presets import load_preset
from bench.run import Run
from searchers import SEARCHERS, load_searcher
from trainers.data.rendering.fonts import fonts_hash
from trainers.data.rendering.words import dictionary_hash

# What every child would load again.
fonts_hash()
dictionary_hash()
for name in SEARCHERS:
    load_searcher(name)


def start(searcher: str, folder: Path, seed: int, budget_images: int) -> ForkServerProcess:
    """Begin, or resume, the run."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["run_child"])
    process = context.Process(target=run, args=(searcher, folder, seed, budget_images))
    # The fork server finds what it preloads through the environment it is started with.
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    try:
        process.start()
    finally:
        os.environ["PYTHONPATH"] = before
    return process


def finish(searcher: str, folder: Path, seed: int, budget_images: int) -> dict[str, object]:
    """Begin or resume the run and let it end; its result."""
    process = start(searcher, folder, seed, budget_images)
    process.join(200)
    assert process.exitcode == 0
    result: dict[str, object] = json.loads((folder / "result.json").read_text())
    return result


def log_of(folder: Path) -> list[dict[str, object]]:
    """The events so far, times aside."""
    return [without_time(event) for event in read_events(folder / "events.jsonl")]


def run(searcher: str, folder: Path, seed: int, budget_images: int) -> None:
    """What the child does."""
    torch.set_num_threads(1)
    Run(
        searcher, "tiny", load_preset("tiny", [f"run.budget_images={budget_images}"]), seed
    ).execute(folder)
