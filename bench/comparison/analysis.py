"""The analysis of a set of runs: everything that a report shows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import __version__
from bench.comparison import anytime, costs, endpoint, finals, health, pairs, placement, provenance
from bench.comparison.checklist import absent, checklist
from bench.comparison.groups import Groups, group_runs
from bench.comparison.inference import inference, unit_of
from bench.comparison.noise import word_noise
from bench.comparison.opening import space_of
from bench.comparison.protocol import ENDPOINTS, REPLAYED_ENDPOINT, Protocol
from bench.comparison.rank_curve import rank_curve
from bench.comparison.replaying import replayed, withheld
from bench.comparison.trainings import read_models
from bench.records.errors import RecordError
from bench.records.limits import AXES
from bench.records.protocol_check import check_one_protocol
from bench.records.runs import RunRecord
from bench.records.study_file import StudyFile
from bench.records.study_roll import Roll, arms_of


def analyse(
    records: Sequence[RunRecord],
    name: str,
    question: str = "",
    protocol: Protocol | None = None,
    excluded: Sequence[dict[str, str]] = (),
    models: Sequence[Path] = (),
    roll: Roll | None = None,
    study: tuple[StudyFile, Path] | None = None,
) -> dict[str, Any]:
    """The analysis of runs of one protocol; ``excluded`` runs are named with their reasons.

    ``models`` are folders of models trained from scratch, for the final scores; ``roll`` are the
    runs held against their ``study``, which is a file and the folder it is of; None where they
    belong to none.
    Raises ``RecordError`` for no runs at all, or runs of different protocols.
    """
    protocol = protocol or Protocol()
    if not records:
        raise RecordError("no run could be read: there is nothing to compare")
    check_one_protocol(records, study[0].varied if study else frozenset())
    space = space_of(records[0])
    arms = arms_of(*study) if study else None
    read = read_models(models, records[0], space)
    finished = None
    if protocol.endpoint == "final":
        finished = finals.run_scores(records, read, protocol)
    groups = group_runs(records, arms, finished)
    first = records[0].identity
    run_settings = first["preset"]["run"]
    limits = {"macs": first["max_macs"], "params": first["max_params"]}
    trained = finals.proxy_final(records, groups, space, read, protocol)
    replay = replayed(records, groups)
    what = unit_of(records[0])
    planned = len(study[0].all_arms) if study else len(groups.labels)
    judged = pairs.judge_family(groups.paired, protocol, planned, withheld(replay), what)
    tests = pairs.tests(judged, groups.paired, protocol)
    budget = _budget(run_settings, study[0] if study else None)
    return {
        "name": name,
        "question": question,
        "endpoint": protocol.endpoint,
        "endpoint_text": (
            REPLAYED_ENDPOINT
            if run_settings["evaluator"] == "replay"
            else ENDPOINTS[protocol.endpoint]
        ),
        "summary": pairs.summary(judged, protocol),
        "inference": inference(groups, judged, what),
        "supernets": len(groups.supernets),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "program": f"strnas-bench {__version__}",
        "evaluator": run_settings["evaluator"],
        "replay": replay,
        "space": {"name": space.name, "settings": space.settings()},
        "preset": records[0].manifest.get("preset_name", "unknown"),
        "budget": budget,
        "budget_images": run_settings["budget_images"],
        "caps": {"max_macs": limits["macs"], "max_params": limits["params"]},
        "margin": protocol.margin,
        "baseline": protocol.baseline,
        "word_noise": word_noise(groups),
        "searchers": _searchers(records, groups, judged, protocol),
        "tests": tests,
        "verdicts": pairs.verdicts(judged),
        "ranks": pairs.ranks(judged, protocol),
        "curves": anytime.curves(groups, protocol),
        "rank_curve": rank_curve(groups, budget["equalised"], what),
        "pareto": placement.pareto(
            groups,
            {"macs": limits["macs"] or space.max_macs(), "params": limits["params"]},
            protocol,
        ),
        "mac_distribution": placement.mac_distribution(groups, space),
        "supernet_health": health.supernet_health(records, space),
        "proxy_final": trained,
        "excluded": list(excluded),
        **_provenance(records, groups, trained, protocol, roll),
    }


def _provenance(
    records: Sequence[RunRecord],
    groups: Groups,
    trained: Mapping[str, Any],
    protocol: Protocol,
    roll: Roll | None,
) -> dict[str, Any]:
    """Every run, what was planned and decided, and what one needs to repeat it."""
    rows = provenance.run_rows(groups)
    return {
        "runs": rows,
        "plan": None if roll is None else plan_of(roll),
        "unfinished": provenance.unfinished(rows),
        "checklist": checklist(groups, records, trained, protocol, roll),
        "decided_later": list(protocol.deviations),
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


def _budget(run: Mapping[str, Any], study: StudyFile | None) -> dict[str, Any]:
    """The limits of a run, and which of them the study gives all runs alike."""
    limits = {axis: run.get(f"budget_{axis}") or None for axis in AXES}
    given = study.budget.given if study is not None and study.budget is not None else {}
    return {**limits, "equalised": next(iter(given), "images")}


def _searchers(
    records: Sequence[RunRecord], groups: Groups, judged: pairs.Judged, protocol: Protocol
) -> list[dict[str, Any]]:
    sharing = costs.supernet_sharing(records)
    found = []
    for group in groups.groups:
        found.append(
            {
                "name": group.label,
                "runs": len(group.runs),
                "complete": len(group.complete),
                "failed": len(group.complete) - len(group.scored),
                "unfinished": len(group.runs) - len(group.complete),
                **endpoint.centres(group, protocol),
                "auc": anytime.area(group, groups, protocol),
                "macs": costs.size(group, "macs"),
                "params": costs.size(group, "params"),
                "cost": costs.costs(group, sharing),
                "against_baseline": pairs.against_baseline(judged, group.label, protocol),
                "relative_improvement": endpoint.gain_over_random(group, groups, protocol),
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
