"""The NAS best-practice checklist (Lindauer and Hutter, JMLR 2020), as far as it can be known.

"no" where it is no: the list is there to be read, not to be passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.comparison.endpoint import RANDOM
from bench.comparison.final_scores import FinalScores, NoFinalScores
from bench.comparison.groups import Groups
from bench.comparison.protocol import Protocol
from bench.comparison.provenance import hardware
from bench.comparison.retraining import SEEDS
from bench.records.record import RunRecord
from bench.records.study_roll import Planned, Roll

#: Supernets below which a shift of two standard deviations is found in little more than half of
#: studies.
MANY_SUPERNETS = 5
#: What holds for every study made with this program: item, answer, note.
ALWAYS = (
    (
        "Code for the training pipeline and its seeds is released",
        "yes",
        "this package; seeds of every run stand in its run.json",
    ),
    (
        "Code for the search is released",
        "yes",
        "this package; the source of a plug-in is named by its hash only",
    ),
    (
        "The same data splits, space and training for all methods",
        "yes",
        "checked: runs that differ in more than searcher, seed and supernet are refused",
    ),
    (
        "Ablations of the method",
        "no",
        "the program cannot know; runs with other settings are separate searchers",
    ),
    (
        "The same evaluation protocol for all methods",
        "yes",
        "one referee, on words that no searcher sees",
    ),
    (
        "Performance over time is compared",
        "yes",
        "curves over images, evaluations, multiply-adds and seconds",
    ),
    (
        "A tabular or surrogate benchmark for in-depth evaluation",
        "partly",
        "a made-up landscape with a planted optimum comes with the package",
    ),
    (
        "How hyperparameters were tuned is reported",
        "partly",
        "every value is listed; how it was found stands in docs/searchers.md",
    ),
    (
        "Time of the whole search is reported, supernet included",
        "yes",
        "seconds and images; the supernet's images sunk, amortised and private",
    ),
)


@dataclass(frozen=True)
class Item:
    """One practice; ``answer`` is yes, no or partly."""

    item: str
    answer: str
    note: str


def checklist(
    groups: Groups,
    records: Sequence[RunRecord],
    trained: FinalScores | NoFinalScores,
    protocol: Protocol,
    roll: Roll | None = None,
) -> tuple[Item, ...]:
    """What always holds, then what this study did.

    ``trained`` is the panel of final scores, ``roll`` the runs held against their study.
    """
    rows = [*ALWAYS, _final_scores(trained), *_of_this_study(groups, records)]
    rows += [_decided_before(protocol, roll), _all_reported(records, roll)]
    return tuple(Item(*row) for row in rows)


def _final_scores(trained: FinalScores | NoFinalScores) -> tuple[str, str, str]:
    item = "Final scores after training from scratch"
    if isinstance(trained, NoFinalScores):
        note = "scores are those of inherited weights; no architecture was trained from scratch"
        return item, "no", note
    runs = sum(row.runs for row in trained.searchers)
    found = sum(row.retrained for row in trained.searchers)
    if not found:
        return item, "no", f"{len(trained.points)} architectures, none of them recommended"
    fewest = min(len(point.seeds) for point in trained.points if point.recommended_by)
    note = f"recommendations of {found} of {runs} runs; seeds of each, at least: {fewest}"
    return item, "yes" if found == runs and fewest >= SEEDS else "partly", note


def _of_this_study(groups: Groups, records: Sequence[RunRecord]) -> list[tuple[str, str, str]]:
    seeds = min((len(group.complete) for group in groups.groups), default=0)
    machines = len(hardware(records))
    baseline = RANDOM in groups.labels
    supernets = len(groups.supernets)
    return [
        (
            "The same hardware for all methods",
            "yes" if machines == 1 else "no",
            f"{machines} kinds of machine or thread count in the manifests",
        ),
        (
            "Compared with random search",
            "yes" if baseline else "no",
            "random search with the same weights and budget" if baseline else "it was not run",
        ),
        (
            "Several runs with different seeds",
            "yes" if seeds >= 3 else "no",
            f"the searcher with the fewest has {seeds} complete runs",
        ),
        (
            "Several supernets, so that conclusions are not about one of them",
            "yes" if supernets >= MANY_SUPERNETS else "partly" if supernets > 1 else "no",
            f"{supernets} supernets",
        ),
    ]


def _decided_before(protocol: Protocol, roll: Roll | None) -> tuple[str, str, str]:
    item = "What decides the verdicts was fixed before the runs"
    if protocol.deviations:
        return item, "no", "; ".join(protocol.deviations)
    if roll is None:
        return item, "partly", "defaults of the program were taken; no study file says so"
    return item, "yes", "endpoint, baseline, family, alpha and margin stand in the study file"


def _all_reported(records: Sequence[RunRecord], roll: Roll | None) -> tuple[str, str, str]:
    item = "All runs are reported, failed ones too"
    if roll is not None and not roll.whole:
        return item, "no", told(roll)
    unfinished = sum(not record.complete for record in records)
    if unfinished:
        note = f"{unfinished} runs are unfinished and named; they enter no statistic"
        return item, "partly", note
    if roll is None:
        return item, "partly", "every run is listed; no study file says how many were planned"
    return item, "yes", f"all {len(roll.planned)} planned runs are listed"


def absent(roll: Roll) -> dict[str, tuple[Planned, ...]]:
    """The planned runs that have no score, by why."""
    return {"failed": roll.failed, "unfinished": roll.unfinished, "missing": roll.missing}


def told(roll: Roll) -> str:
    """In one sentence, how the runs that are there differ from those that were planned."""
    parts = [f"{len(roll.complete)} complete of {len(roll.planned)} planned"]
    parts += [f"{len(runs)} {state}" for state, runs in absent(roll).items() if runs]
    gone = {run.searcher for run in roll.planned} - {
        run.searcher for run in (*roll.complete, *roll.failed, *roll.unfinished)
    }
    if gone:
        parts.append(f"no run at all of {', '.join(sorted(gone))}")
    if roll.extra:
        parts.append(f"{len(roll.extra)} that nobody planned")
    return "; ".join(parts)
