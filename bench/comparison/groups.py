"""Runs by searcher and by block."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.records import RunRecord
from bench.statistics.answers import Floats, NotComputable
from bench.statistics.blocks import PairedScores, RunScore, paired_matrix


@dataclass(frozen=True)
class Group:
    """The runs of one searcher with one set of hyperparameters; ``label`` is its name in print."""

    label: str
    runs: tuple[RunRecord, ...]

    @property
    def complete(self) -> list[RunRecord]:
        """Runs that have ended."""
        return [run for run in self.runs if run.complete]

    @property
    def scored(self) -> list[RunRecord]:
        """Complete runs whose recommendation has a score."""
        return [run for run in self.complete if run.score is not None]

    @property
    def scores(self) -> Floats:
        """Endpoints (n,) of ``scored``."""
        return np.array([run.score for run in self.scored], dtype=np.float64)


@dataclass(frozen=True)
class Groups:
    """All groups, in the order of their labels."""

    groups: tuple[Group, ...]

    @cached_property
    def paired(self) -> PairedScores | NotComputable:
        """The blocks that every searcher completed."""
        return paired_matrix(
            RunScore(group.label, run.block, run.score)
            for group in self.groups
            for run in group.complete
        )

    @property
    def labels(self) -> list[str]:
        """Names of the groups."""
        return [group.label for group in self.groups]


def group_runs(records: Sequence[RunRecord]) -> Groups:
    """Groups by searcher; one with two sets of hyperparameters becomes two, told apart by them."""
    by_kind: dict[tuple[str, str], list[RunRecord]] = {}
    for record in records:
        settings = json.dumps(record.identity["hyperparameters"], sort_keys=True)
        source = str(record.identity.get("searcher_source"))
        by_kind.setdefault((record.searcher, settings + source), []).append(record)
    names = [searcher for searcher, _ in by_kind]
    groups = []
    for (searcher, _), runs in by_kind.items():
        label = searcher
        if names.count(searcher) > 1:
            label = f"{searcher} ({_difference(searcher, runs[0], records)})"
        groups.append(Group(label, tuple(sorted(runs, key=lambda run: (run.supernet, run.seed)))))
    taken: dict[str, int] = {}
    unique = []
    for group in groups:
        taken[group.label] = taken.get(group.label, 0) + 1
        number = taken[group.label]
        label = group.label if number == 1 else f"{group.label} #{number}"
        unique.append(Group(label, group.runs))
    return Groups(tuple(sorted(unique, key=lambda group: group.label)))


def _difference(searcher: str, run: RunRecord, records: Sequence[RunRecord]) -> str:
    """The hyperparameters in which this run differs from others of the same searcher."""
    own = run.identity["hyperparameters"]
    others = [r.identity["hyperparameters"] for r in records if r.searcher == searcher]
    parts = [
        f"{key}={value}"
        for key, value in own.items()
        if any(other.get(key) != value for other in others)
    ]
    return ", ".join(parts) or "other source"
