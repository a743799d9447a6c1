"""A supernet to be trained, its words rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.commands.shared.output import warn_of_data
from bench.records.settings import Preset

if TYPE_CHECKING:
    from bench.supernets.training import SupernetJob


def build_job(name: str, preset: Preset, seed: int, quiet: bool) -> SupernetJob:
    """What is to be trained, its words rendered."""
    from bench.running.progress import counting
    from bench.supernets.training import SupernetJob

    with counting("rendering words", quiet) as rendering:
        job = SupernetJob(name, preset, seed, lambda _, done, total: rendering(done, total))
    warn_of_data(job.run.manifest.data)
    return job
