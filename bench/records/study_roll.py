"""Runs held against the study that planned them: who is missing must not go unnoticed.

A comparison of what lies in a folder says "90 complete of 90" of a study of which a quarter was
deleted. So each planned run is called by its searcher and seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.study_file import StudyFile

if TYPE_CHECKING:
    from bench.records.record import RunRecord

RUNS = "runs"


@dataclass(frozen=True)
class Planned:
    """One run that a study asks for; ``supernet_seed`` None: all start from one supernet.

    ``searcher`` is the name of the arm: the searcher's own, but where the study gives it another.
    """

    searcher: str
    supernet_seed: int | None
    seed: int

    def folder(self, study: Path) -> Path:
        """Where it is kept in the folder of the study."""
        place = f"seed{self.seed}"
        if self.supernet_seed is not None:
            place = f"supernet{self.supernet_seed}-{place}"
        return study / RUNS / self.searcher.replace(":", "-") / place

    @property
    def title(self) -> str:
        """What people call it."""
        tail = "" if self.supernet_seed is None else f", supernet {self.supernet_seed}"
        return f"{self.searcher}, seed {self.seed}{tail}"


@dataclass(frozen=True)
class Roll:
    """Who was planned, and who is there.

    ``complete`` and ``failed`` (complete without a score) have ended, ``unfinished`` have not;
    of the ``missing`` nothing can be read. ``extra`` are runs that nobody planned.
    """

    planned: tuple[Planned, ...]
    complete: tuple[Planned, ...]
    failed: tuple[Planned, ...]
    unfinished: tuple[Planned, ...]
    missing: tuple[Planned, ...]
    extra: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every planned run has ended with a score, and there is no other."""
        return len(self.complete) == len(self.planned) and not self.extra


def planned_runs(study: StudyFile) -> list[Planned]:
    """All runs of a study in the order in which they are begun: searchers vary fastest."""
    return [
        Planned(arm.name, supernet_seed, seed)
        for supernet_seed in study.supernet_seeds or (None,)
        for seed in study.seed_list
        for arm in study.all_arms
    ]


def call(study: StudyFile, folder: Path, records: Sequence[RunRecord]) -> Roll:
    """Hold the ``records`` of runs against the study whose ``folder`` it is."""
    there = {record.folder.resolve(): record for record in records}
    planned = planned_runs(study)
    found = {run: there.pop(run.folder(folder).resolve(), None) for run in planned}

    def where(state: str) -> tuple[Planned, ...]:
        return tuple(run for run, record in found.items() if _state(record) == state)

    return Roll(
        tuple(planned),
        where("complete"),
        where("failed"),
        where("unfinished"),
        where("missing"),
        tuple(map(str, sorted(there))),
    )


def arms_of(study: StudyFile, folder: Path) -> dict[Path, str]:
    """The arm of each run folder that is planned, by its resolved path."""
    return {run.folder(folder).resolve(): run.searcher for run in planned_runs(study)}


def _state(record: RunRecord | None) -> str:
    if record is None:
        return "missing"
    if not record.complete:
        return "unfinished"
    return "failed" if record.score is None else "complete"
