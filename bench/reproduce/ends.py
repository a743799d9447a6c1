"""What the runs of a study ended with, by arm, and what two arms differ by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.comparison.groups import group_runs
from bench.comparison.opening import finals_below, space_of, study_of
from bench.comparison.protocol import protocol_of
from bench.comparison.proxy_final import run_scores
from bench.comparison.trainings import find_models, read_models
from bench.records.errors import RecordError
from bench.records.result import RunResult
from bench.records.runs import find_runs, read_runs
from bench.records.study_roll import arms_of
from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.intervals import mean_interval


@dataclass(frozen=True)
class End:
    """One run: ``accuracy`` by the study's endpoint, None if it has none; sizes of a backbone.

    ``tables`` are the searcher's own, from ``result.json``.
    """

    block: str
    architecture: str
    accuracy: float | None
    macs: int
    params: int
    tables: dict[str, Any]


def ends_of(folder: Path) -> dict[str, list[End]]:
    """The complete runs of the study in ``folder`` by arm; ``RecordError`` where there is none."""
    study = study_of([folder])
    if study is None:
        raise RecordError(f"{folder}: no study was done there: run the same command again")
    protocol = protocol_of(study, {})
    records = [record for record in read_runs(find_runs([folder])) if record.complete]
    if not records:
        raise RecordError(f"{folder}: no run is complete: run the same command again")
    finals = None
    if protocol.endpoint == "final":
        models = read_models(find_models(finals_below([folder])), records[0], space_of(records[0]))
        finals = run_scores(records, models, protocol)
    groups = group_runs(records, arms_of(study, folder), finals)
    found: dict[str, list[End]] = {arm.name: [] for arm in study.all_arms}
    for group in groups.groups:
        ends = found.setdefault(group.label, [])
        for run in group.runs:
            if run.result is not None:
                ends.append(_end(run.result, run.block, group.score(run)))
    return found


def end_of(run: Path) -> End:
    """What one run ended with, without an accuracy; ``RecordError`` where it is not complete."""
    for record in read_runs(find_runs([run])):
        if record.result is not None:
            return _end(record.result)
    raise RecordError(f"{run}: no complete run is there: run the same command again")


def _end(result: RunResult, block: str = "", accuracy: float | None = None) -> End:
    end = result.recommendation
    return End(block, end.text, accuracy, end.macs, end.params, result.tables)


def difference(
    first: Sequence[End], second: Sequence[End], what: Callable[[End], float | None]
) -> Estimate | NotComputable:
    """Mean over blocks that both have of first minus second, with Student's interval."""
    other = {end.block: what(end) for end in second}
    pairs = [(what(end), other.get(end.block)) for end in first]
    known = [a - b for a, b in pairs if a is not None and b is not None]
    if len(known) < 2:
        return NotComputable(f"an interval needs two runs of each, not {len(known)}", n=len(known))
    return mean_interval(known)


def spread(values: Sequence[float | None], digits: int, factor: float = 1.0) -> str:
    """``61.2 (58.0 to 64.1)``: mean and range; - where nothing is known."""
    known = [value * factor for value in values if value is not None]
    if not known:
        return "-"
    mean = f"{sum(known) / len(known):.{digits}f}"
    if len(known) == 1:
        return mean
    return f"{mean} ({min(known):.{digits}f} to {max(known):.{digits}f})"
