"""Supernets trained by a preset's recipe: each once, however many runs and processes want it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.runner import Report
from bench.supernet_training import SupernetJob

FOLDER = Path("results") / "supernets"


def supernet_file(job: SupernetJob, preset_name: str, seed: int, folder: Path = FOLDER) -> Path:
    """Where the job's supernet belongs.

    The identity covers recipe, seed and the words themselves: another of them, another file.
    """
    digest = job.run.manifest["identity_hash"][:12]
    return folder / f"{Path(preset_name).stem}-seed{seed}-{digest}.safetensors"


def obtain_supernet(
    job: SupernetJob,
    out: Path,
    command: str,
    report: Callable[[Report], None] = lambda _: None,
    stop_requested: Callable[[], bool] = lambda: False,
) -> Path:
    """The supernet, trained now or before; a process that comes second waits and uses it.

    An interrupted training is continued, whoever began it.
    """
    with _alone(out):
        if not out.exists():
            job.train(out, out.with_suffix(""), False, command, report, stop_requested)
    return out


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold a lock beside the file; it ends with the process that held it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_suffix(".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
