"""The analysis of a set of runs: everything that a report shows, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import __version__
from bench.comparison import anytime, costs, finals, health, placement, provenance, scores
from bench.comparison.checklist import absent, checklist
from bench.comparison.groups import Groups, group_runs
from bench.comparison.protocol import ENDPOINT, REPLAYED_ENDPOINT, Protocol
from bench.errors import RecordError
from bench.protocol_check import check_one_protocol
from bench.records import RunRecord
from bench.study.roll import Roll
from spaces import Space, load_space


def analyse(
    records: Sequence[RunRecord],
    name: str,
    question: str = "",
    protocol: Protocol | None = None,
    excluded: Sequence[dict[str, str]] = (),
    models: Sequence[Path] = (),
    roll: Roll | None = None,
) -> dict[str, Any]:
    """The analysis of runs of one protocol; ``excluded`` runs are named with their reasons.

    ``models`` are folders of models trained from scratch, for the final scores; ``roll`` are the
    runs held against their study, None where they belong to none.
    Raises ``RecordError`` for no runs at all, or runs of different protocols.
    """
    protocol = protocol or Protocol()
    if not records:
        raise RecordError("no run could be read: there is nothing to compare")
    check_one_protocol(records)
    groups = group_runs(records)
    first = records[0].identity
    space = _space(records[0])
    run_settings = first["preset"]["run"]
    limits = {"macs": first["max_macs"], "params": first["max_params"]}
    rows = provenance.run_rows(groups)
    trained = finals.proxy_final(records, groups, space, models, protocol)
    return {
        "name": name,
        "question": question,
        "endpoint": REPLAYED_ENDPOINT if run_settings["evaluator"] == "replay" else ENDPOINT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "program": f"strnas-bench {__version__}",
        "evaluator": run_settings["evaluator"],
        "replay": provenance.replayed(records[0]),
        "space": {"name": space.name, "settings": space.settings()},
        "preset": records[0].manifest.get("preset_name", "unknown"),
        "budget_images": run_settings["budget_images"],
        "caps": {"max_macs": limits["macs"], "max_params": limits["params"]},
        "margin": protocol.margin,
        "baseline": protocol.baseline,
        "searchers": _searchers(records, groups, protocol),
        "tests": scores.tests(groups, protocol),
        "critical_difference": scores.ranks(groups, protocol),
        "curves": anytime.curves(groups, protocol),
        "pareto": placement.pareto(
            groups, {"macs": limits["macs"] or space.max_macs(), "params": limits["params"]}
        ),
        "mac_distribution": placement.mac_distribution(groups, space),
        "supernet_health": health.supernet_health(records, space),
        "proxy_final": trained,
        "runs": rows,
        "plan": None if roll is None else plan_of(roll),
        "excluded": list(excluded),
        "unfinished": provenance.unfinished(rows),
        "checklist": checklist(groups, records, trained, roll),
        "deviations": provenance.deviations(records[0]),
        "versions": provenance.versions(records),
        "hardware": provenance.hardware(records),
        "hyperparameters": provenance.hyperparameters(groups),
    }


def plan_of(roll: Roll) -> dict[str, Any]:
    """How many runs were planned and are there, and which are not."""
    return {
        "planned": len(roll.planned),
        "complete": len(roll.complete),
        **{state: [asdict(run) for run in runs] for state, runs in absent(roll).items()},
        "extra": [str(folder) for folder in roll.extra],
    }


def _searchers(
    records: Sequence[RunRecord], groups: Groups, protocol: Protocol
) -> list[dict[str, Any]]:
    sharing = costs.supernet_sharing(records)
    verdicts = scores.against_baseline(groups, protocol)
    found = []
    for group in groups.groups:
        found.append(
            {
                "name": group.label,
                "runs": len(group.runs),
                "complete": len(group.complete),
                "failed": len(group.complete) - len(group.scored),
                "unfinished": len(group.runs) - len(group.complete),
                **scores.endpoint(group, protocol),
                "auc": anytime.area(group, groups, protocol),
                "macs": costs.size(group, "macs"),
                "params": costs.size(group, "params"),
                "cost": costs.costs(group, sharing),
                "against_random": verdicts[group.label],
                "proposals": costs.proposals(group),
                "failures": costs.failures(group),
                "overhead_seconds": costs.overhead_seconds(group),
            }
        )
    return sorted(found, key=_by_score)


def _by_score(row: dict[str, Any]) -> tuple[float, str]:
    """Best first; those without a score last."""
    value = row["score"].get("estimate")
    return (1.0 if value is None else -float(value), row["name"])


def _space(record: RunRecord) -> Space:
    described = record.manifest["space"]
    return load_space(str(described["name"]), **described["settings"])
