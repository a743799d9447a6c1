"""Where every number comes from: runs, versions, hardware, deviations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.comparison.groups import Group, Groups
from bench.presets import load_preset
from bench.records.counted import one_ned
from bench.records.flat import flatten
from bench.records.record import RunRecord
from bench.records.result import Recommendation
from bench.records.settings import settings_as_dict
from bench.records.trouble import RunLeftOut, known_trouble

#: Sections of a preset in which a study may leave the AutoSTR paper, and what they are about.
SECTIONS = ("data", "recogniser", "supernet", "trainer")
#: Keys that say where things lie or how they are run, not what is computed.
BOOKKEEPING = ("data.workers", "supernet.start", "trainer.device", "data.search_train")


@dataclass(frozen=True)
class RunRow:
    """A run, complete or not, with the identity that its numbers can be traced to.

    ``score`` is the endpoint, ``shared_score`` the referee's. None is what a run has not come to.
    """

    run_id: str
    folder: str
    searcher: str
    block: str
    seed: int
    supernet: str
    complete: bool
    ended: str | None = None
    architecture: str | None = None
    score: float | None = None
    shared_score: float | None = None
    one_ned: float | None = None
    search_val_score: float | None = None
    own_score: float | None = None
    macs: int | None = None
    params: int | None = None
    images: int | None = None
    evaluations: int | None = None
    seconds: float | None = None
    failures: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What manifests say of a machine, and how many runs were made on it."""

    described: Mapping[str, object]
    runs: int


def run_rows(groups: Groups) -> tuple[RunRow, ...]:
    return tuple(_row(run, group) for group in groups.groups for run in group.runs)


def _row(run: RunRecord, group: Group) -> RunRow:
    row = RunRow(
        run_id=run.run_id,
        folder=str(run.folder),
        searcher=group.label,
        block=run.block,
        seed=run.seed,
        supernet=run.supernet,
        complete=run.complete,
        score=group.score(run),
    )
    if run.result is None:
        return row
    found, cost = run.result.recommendation, run.result.cost
    return replace(
        row,
        ended=run.result.ended,
        architecture=found.text,
        shared_score=found.score,
        one_ned=one_ned(found, run.case_sensitive),
        search_val_score=found.search_val_score,
        own_score=found.own_score,
        macs=found.macs,
        params=found.params,
        images=cost.total.images,
        evaluations=cost.total.evaluations,
        seconds=cost.seconds.spent,
        failures=cost.failures,
        warnings=(*run.result.warnings, *_of_weights(found)),
    )


def _of_weights(found: Recommendation) -> list[str]:
    """What there is to say of a score that is not with weights that runs have in common."""
    if not found.test_words or found.weights == "common":
        return []
    if found.weights is not None:
        return ["scored with its own weights, since it began from fresh ones: there are no common"]
    return [
        "scored with weights that the run trained for itself, since the referee had no common ones "
        "then: what a searcher trained most looks better than it is"
    ]


def hardware(records: Sequence[RunRecord]) -> tuple[Machine, ...]:
    """The machines that the runs were made on, each once."""
    found = [dict(record.manifest.hardware) for record in records]
    different = [each for place, each in enumerate(found) if each not in found[:place]]
    return tuple(Machine(each, found.count(each)) for each in different)


def versions(records: Sequence[RunRecord]) -> dict[str, str]:
    """Versions that runs were made with; several, where they differ."""
    found: dict[str, set[str]] = {}
    for record in records:
        for package, version in record.manifest.versions.items():
            found.setdefault(package, set()).add(version)
    return {package: ", ".join(sorted(values)) for package, values in found.items()}


def unfinished(rows: Sequence[RunRow]) -> tuple[RunLeftOut, ...]:
    """Those that are not complete, each with the reason if it is known."""
    found = {row.folder: known_trouble(Path(row.folder)) for row in rows if not row.complete}
    unknown = "no result yet: run the same command to resume it"
    return tuple(
        RunLeftOut(folder, unknown if trouble is None else f"failed: {trouble}")
        for folder, trouble in found.items()
    )


def hyperparameters(groups: Groups) -> dict[str, dict[str, object]]:
    return {g.label: g.runs[0].identity.hyperparameters for g in groups.groups}


def deviations(record: RunRecord) -> tuple[str, ...]:
    """In which settings the study leaves preset ``paper``, a sentence each."""
    paper = flatten(settings_as_dict(load_preset("paper")))
    own = flatten(record.preset)
    found = []
    for key in sorted(paper.keys() & own.keys()):
        if key.partition(".")[0] not in SECTIONS or key.startswith(BOOKKEEPING):
            continue
        if own[key] != paper[key]:
            found.append(f"{key} is {own[key]}, in the settings of the AutoSTR paper {paper[key]}")
    return tuple(found)
