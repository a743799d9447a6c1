"""``bench run`` in a process of its own, and what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Few words, rendered by many processes; nothing from or for the cache of evaluations.
FEW_WORDS = (
    "run.evaluation_cache=false", "data.workers=8", "data.rendering.search_train=4096",
    "data.rendering.search_val=1024", "data.rendering.test=1024", "data.search_val_images=512",
    "data.test_images=1000",
)  # fmt: skip


def bench_run(
    folder: Path, searcher: str, preset: str, device: str, overrides: Sequence[str]
) -> list[str]:
    """The command line; running it again resumes."""
    command = [sys.executable, "-m", "bench", "run", "--searcher", searcher, "--preset", preset]
    command += ["--device", device, "--out", str(folder), "--quiet"]
    for override in overrides:
        command += ["--set", override]
    return command


def start(command: Sequence[str], log: Path, at_once: int = 1) -> subprocess.Popen[bytes]:
    """Begin a command, one of ``at_once``, whose output goes to the end of a file."""
    environment = dict(os.environ)
    if at_once > 1:
        # Threads of torch that wait for each other keep those of other processes from their cores.
        threads = max(1, len(os.sched_getaffinity(0)) // at_once)
        environment["OMP_NUM_THREADS"] = str(threads)
    with log.open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)


def last_words(log: Path, lines: int = 12) -> list[str]:
    """The end of what a command has said."""
    return log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []


def events_in(folder: Path) -> list[dict[str, Any]]:
    """The complete lines of a run's log."""
    path = folder / "events.jsonl"
    content = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def result_of(folder: Path) -> dict[str, Any] | None:
    """The result of a run that is complete."""
    path = folder / "result.json"
    found: dict[str, Any] | None = json.loads(path.read_bytes()) if path.exists() else None
    return found
