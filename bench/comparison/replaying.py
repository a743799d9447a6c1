"""How much of a replayed study was recorded, and how much predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import ValidationError, convert

from bench.comparison.groups import Group, Groups
from bench.records.manifest import ReplayNamed
from bench.records.record import PREDICTED, RunRecord

#: Share of predicted scores beyond which an arm is not compared.
MOST_PREDICTED = 0.5


@dataclass(frozen=True)
class Shares:
    """Of an arm's evaluations, and of its recommendations, how many nobody measured."""

    evaluations: float | None
    recommendations: float | None


@dataclass(frozen=True)
class Replay:
    """The record, in the words of a manifest: None stands for what it does not say.

    ``predicted`` are shares by arm.
    """

    evaluations: int | None
    hash: str | None
    surrogate: str | None
    error: float | None
    error_of_best: float | None
    error_of_others: float | None
    kendall_tau: float | None
    predicted: Mapping[str, Shares]


def replayed(records: Sequence[RunRecord], groups: Groups) -> Replay | None:
    """What the scores were replayed from, how well the rest is predicted, and how much that is.

    None: they were not replayed. Runs of one protocol share the record, so one speaks for all.
    """
    found = records[0].manifest.data.get("replay")
    if records[0].evaluator != "replay" or found is None:
        return None
    try:
        named = convert(found, ReplayNamed)
    except ValidationError:
        # A stranger's manifest: then it says nothing of the record.
        named = ReplayNamed()
    return Replay(
        evaluations=named.evaluations,
        hash=named.hash,
        surrogate=named.surrogate,
        error=named.surrogate_error,
        error_of_best=named.surrogate_error_of_best,
        error_of_others=named.surrogate_error_of_others,
        kendall_tau=named.surrogate_kendall_tau,
        predicted={group.label: predicted(group) for group in groups.groups},
    )


def predicted(group: Group) -> Shares:
    events = [e for run in group.complete for e in run.events if e.kind == "evaluate"]
    return Shares(
        _share([event.result.predicted for event in events]),
        _share([end.recommendation.weights == PREDICTED for end in group.results]),
    )


def withheld(found: Replay | None) -> dict[str, str]:
    """Arms that are not to be compared, with the reason."""
    reasons = {}
    for label, shares in (found.predicted if found else {}).items():
        for what in ("evaluations", "recommendations"):
            share = getattr(shares, what)
            if share is not None and share > MOST_PREDICTED:
                reasons[label] = f"{100 * share:.0f} % of its {what} were predicted, not recorded"
    return reasons


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
