"""Supernets trained by a preset's recipe: each once, however many runs and processes want it.

They lie in ``results/supernets`` of the folder in which a command is called, wherever its own
results go: whoever works there shares them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.records.errors import Interrupted
from bench.records.lock import try_lock
from bench.running.runner import WorkReport
from bench.supernets.training import SupernetJob

FOLDER = Path("results") / "supernets"


def supernet_file(job: SupernetJob, preset_name: str, seed: int, folder: Path = FOLDER) -> Path:
    """Where the job's supernet belongs.

    The identity covers recipe, seed and the words themselves: another of them, another file.
    """
    digest = job.run.manifest.identity_hash[:12]
    return folder / f"{Path(preset_name).stem}-seed{seed}-{digest}.safetensors"


def obtain_supernet(
    job: SupernetJob,
    out: Path,
    command: str,
    report: Callable[[WorkReport], None] = lambda _: None,
    stop_requested: Callable[[], bool] = lambda: False,
    half: bool = False,
) -> Path:
    """The supernet, trained now or before; a process that comes second waits and uses it.

    An interrupted training is continued, whoever began it.
    """
    with _alone(out, stop_requested):
        if not out.exists():
            job.train(out, out.with_suffix(""), half, command, report, stop_requested)
    return out


@contextmanager
def _alone(out: Path, stop_requested: Callable[[], bool]) -> Iterator[None]:
    """Hold a lock beside the file; it ends with the process that held it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    while (lock := try_lock(out.with_suffix(".lock"))) is None:
        # Asked for again and again, since whoever waits for it may be told to leave.
        if stop_requested():
            raise Interrupted(str(out))
        time.sleep(0.1)
    try:
        yield
    finally:
        os.close(lock)
