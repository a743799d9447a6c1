"""How much of a replayed study was recorded, and how much predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.comparison.groups import Group, Groups
from bench.records.runs import PREDICTED, RunRecord

#: Share of predicted scores beyond which an arm is not judged.
MOST_PREDICTED = 0.5


def replayed(records: Sequence[RunRecord], groups: Groups) -> dict[str, Any] | None:
    """What the scores were replayed from, how well the rest is predicted, and how much that is.

    None: they were not replayed. Runs of one protocol share the record, so one speaks for all.
    """
    found = records[0].manifest.get("data", {}).get("replay")
    if records[0].identity["preset"]["run"]["evaluator"] != "replay" or not isinstance(found, dict):
        return None
    return {
        "evaluations": found.get("evaluations"),
        "hash": found.get("hash"),
        "surrogate": found.get("surrogate"),
        "error": found.get("surrogate_error"),
        "error_of_best": found.get("surrogate_error_of_best"),
        "error_of_others": found.get("surrogate_error_of_others"),
        "kendall_tau": found.get("surrogate_kendall_tau"),
        "predicted": {group.label: predicted(group) for group in groups.groups},
    }


def predicted(group: Group) -> dict[str, Any]:
    """Shares of an arm's evaluations, and of its recommendations, that nobody measured."""
    events = [e for run in group.complete for e in run.events if e.kind == "evaluate"]
    ends = [run.result["recommendation"] for run in group.complete if run.result is not None]
    return {
        "evaluations": _share([event.result.predicted for event in events]),
        "recommendations": _share([end.get("weights") == PREDICTED for end in ends]),
    }


def withheld(found: dict[str, Any] | None) -> dict[str, str]:
    """Arms that are not to be judged, with the reason."""
    reasons = {}
    for label, shares in (found or {}).get("predicted", {}).items():
        for what, share in shares.items():
            if share is not None and share > MOST_PREDICTED:
                reasons[label] = f"{100 * share:.0f} % of its {what} were predicted, not recorded"
    return reasons


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
