"""Runs by arm and by block, each with the score that the study's endpoint gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.records.record import FRESH_WEIGHTS, RunRecord
from bench.records.result import Recommendation, RunResult
from bench.statistics.answers import Floats, NotComputable
from bench.statistics.blocks import PairedScores, RunScore, paired_matrix
from bench.statistics.clusters import units_of

#: Run id -> final score of what it recommends; None: the endpoint is the referee's score.
Finals = Mapping[str, float]


@dataclass(frozen=True)
class Group:
    """The runs of one arm; ``label`` is its name in print."""

    label: str
    runs: tuple[RunRecord, ...]
    finals: Finals | None = None

    @property
    def complete(self) -> list[RunRecord]:
        """Runs that have ended."""
        return [run for run in self.runs if run.complete]

    @property
    def results(self) -> list[RunResult]:
        return [run.result for run in self.runs if run.result is not None]

    @property
    def ends(self) -> list[tuple[RunRecord, Recommendation, float]]:
        """Complete runs whose recommendation has a score, with both."""
        found = ((run, run.result, self.score(run)) for run in self.runs)
        return [
            (run, result.recommendation, score)
            for run, result, score in found
            if result is not None and score is not None
        ]

    @property
    def scored(self) -> list[RunRecord]:
        """The runs of ``ends``."""
        return [run for run, _, _ in self.ends]

    @property
    def scores(self) -> Floats:
        """Endpoints (n,) of ``scored``."""
        return np.array([score for _, _, score in self.ends], dtype=np.float64)

    def score(self, run: RunRecord) -> float | None:
        return run.score if self.finals is None else self.finals.get(run.run_id)


@dataclass(frozen=True)
class Groups:
    """All groups, in the order of their labels."""

    groups: tuple[Group, ...]

    @cached_property
    def paired(self) -> PairedScores | NotComputable:
        """The blocks that every arm completed.

        One without any score has no part in it, as one of which no run is complete, where there
        are others to compare: it would leave no block to them.
        """
        final = any(group.finals is not None for group in self.groups)
        scored = [group for group in self.groups if group.scored]
        return paired_matrix(
            (
                RunScore(group.label, run.block, group.score(run), run.supernet)
                for group in (scored if len(scored) > 1 else self.groups)
                for run in group.complete
            ),
            without="has no final score" if final else "failed",
        )

    def units(self, group: Group) -> Floats:
        """Endpoints (units,) of one arm over the blocks that verdicts are about.

        Over its own runs where it has no part in them.
        """
        paired = self.paired
        if isinstance(paired, NotComputable) or group.label not in paired.searchers:
            return units_of(group.scores, [run.supernet for run in group.scored]).scores
        own = paired.matrix[:, paired.searchers.index(group.label)]
        return units_of(own, paired.clusters).scores

    @property
    def labels(self) -> list[str]:
        return [group.label for group in self.groups]

    def named(self, label: str) -> Group | None:
        return next((group for group in self.groups if group.label == label), None)

    @property
    def supernets(self) -> tuple[str, ...]:
        """Those that complete runs began from, each once; none for runs from fresh weights."""
        found = {run.supernet for group in self.groups for run in group.complete}
        return tuple(sorted(found - {FRESH_WEIGHTS}))


def group_runs(
    records: Sequence[RunRecord],
    arms: Mapping[Path, str] | None = None,
    finals: Finals | None = None,
) -> Groups:
    """Groups by arm: ``arms`` are names by resolved run folder.

    Runs that are in no arm are grouped by searcher; one with two sets of hyperparameters becomes
    two, told apart by them.
    """
    named: dict[str, list[RunRecord]] = {}
    by_kind: dict[tuple[str, str], list[RunRecord]] = {}
    for record in records:
        if arms is not None and (arm := arms.get(record.folder.resolve())) is not None:
            named.setdefault(arm, []).append(record)
            continue
        settings = json.dumps(record.identity.hyperparameters, sort_keys=True)
        source = str(record.identity.searcher_source)
        by_kind.setdefault((record.searcher, settings + source), []).append(record)
    found = list(named.items())
    names = [*named, *(searcher for searcher, _ in by_kind)]
    for (searcher, _), runs in by_kind.items():
        label = searcher
        if names.count(searcher) > 1:
            label = f"{searcher} ({_difference(searcher, runs[0], records)})"
        found.append((label, runs))
    taken: dict[str, int] = {}
    unique = []
    for label, runs in found:
        number = taken[label] = taken.get(label, 0) + 1
        ordered = tuple(sorted(runs, key=lambda run: (run.supernet, run.seed)))
        unique.append(Group(label if number == 1 else f"{label} #{number}", ordered, finals))
    return Groups(tuple(sorted(unique, key=lambda group: group.label)))


def _difference(searcher: str, run: RunRecord, records: Sequence[RunRecord]) -> str:
    """The hyperparameters in which this run differs from others of the same searcher."""
    own = run.identity.hyperparameters
    others = [r.identity.hyperparameters for r in records if r.searcher == searcher]
    parts = [
        f"{key}={value}"
        for key, value in own.items()
        if any(other.get(key) != value for other in others)
    ]
    return ", ".join(parts) or "other source"
