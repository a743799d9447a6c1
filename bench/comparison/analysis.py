"""From run records to the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import __version__
from bench.comparison import anytime, health, pairs, placement, provenance
from bench.comparison.checklist import checklist
from bench.comparison.document import Analysis, BudgetUsed, Provenance, Setting, SpaceUsed
from bench.comparison.final_scores import FinalScores, NoFinalScores
from bench.comparison.groups import Groups, group_runs
from bench.comparison.inference import inference, unit_of
from bench.comparison.noise import word_noise
from bench.comparison.opening import space_of
from bench.comparison.protocol import ENDPOINTS, OWN_ENDPOINT, REPLAYED_ENDPOINT, Protocol
from bench.comparison.proxy_final import proxy_final, run_scores
from bench.comparison.rank_curve import rank_curve
from bench.comparison.replaying import Replay, replayed, withheld
from bench.comparison.searchers import searcher_rows
from bench.comparison.trainings import read_models
from bench.records.errors import RecordError
from bench.records.limits import AXES
from bench.records.protocol_check import check_one_protocol
from bench.records.record import FRESH_WEIGHTS, RunRecord
from bench.records.study_file import StudyFile
from bench.records.study_roll import Roll, arms_of
from bench.records.trouble import RunLeftOut
from bench.running.problem import Caps
from spaces import Space


@dataclass(frozen=True)
class Conducted:
    """A study file, the ``folder`` it is of, and the runs there held against it."""

    file: StudyFile
    folder: Path
    roll: Roll


def analyse(
    records: Sequence[RunRecord],
    name: str,
    question: str = "",
    protocol: Protocol | None = None,
    excluded: Sequence[RunLeftOut] = (),
    models: Sequence[Path] = (),
    study: Conducted | None = None,
) -> Analysis:
    """The analysis of runs of one protocol; ``excluded`` runs are named with their reasons.

    ``models`` are folders of models trained from scratch, for the final scores.
    Raises ``RecordError`` for no runs at all, or runs of different protocols.
    """
    protocol = protocol or Protocol()
    if not records:
        raise RecordError("no run could be read: there is nothing to compare")
    check_one_protocol(records, study.file.varied if study else frozenset())
    space = space_of(records[0])
    read = read_models(models, records[0], space)
    final = protocol.endpoint == "final"
    finished = run_scores(records, read, protocol) if final else None
    groups = group_runs(records, arms_of(study.file, study.folder) if study else None, finished)
    trained = proxy_final(records, groups, space, read, protocol)
    replay, what = replayed(records, groups), unit_of(records[0])
    planned = len(study.file.all_arms) if study else len(groups.labels)
    compared = pairs.compare_family(groups.paired, protocol, planned, withheld(replay), what)
    setting = _setting(records[0], space, replay, protocol, study)
    text = ENDPOINTS[protocol.endpoint]
    if setting.evaluator == "replay":
        text = REPLAYED_ENDPOINT
    elif not final and any(run.supernet == FRESH_WEIGHTS for run in records):
        text = OWN_ENDPOINT
    return Analysis(
        name=name,
        question=question,
        endpoint=protocol.endpoint,
        endpoint_text=text,
        summary=pairs.summary(compared, protocol),
        inference=inference(groups, compared, what),
        supernets=len(groups.supernets),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        program=f"strnas-bench {__version__}",
        setting=setting,
        word_noise=word_noise(groups),
        searchers=searcher_rows(records, groups, compared, protocol),
        tests=pairs.tests(compared, groups.paired, protocol),
        ranks=pairs.ranks(compared, protocol),
        curves=anytime.curves(groups, protocol),
        rank_curve=rank_curve(groups, setting.budget.equalised, what),
        pareto=placement.pareto(groups, setting.caps, space, protocol),
        mac_distribution=placement.mac_distribution(groups, space),
        supernet_health=health.supernet_health(records, space),
        proxy_final=trained,
        excluded=tuple(excluded),
        provenance=_provenance(records, groups, trained, protocol, study.roll if study else None),
    )


def _setting(
    first: RunRecord,
    space: Space,
    replay: Replay | None,
    protocol: Protocol,
    study: Conducted | None,
) -> Setting:
    identity, run = first.identity, first.identity.preset.run
    equal = study.file.budget.given if study is not None and study.file.budget is not None else {}
    limits = {axis: getattr(run, f"budget_{axis}") or None for axis in AXES}
    return Setting(
        evaluator=run.evaluator,
        replay=replay,
        space=SpaceUsed(space.name, space.settings()),
        preset=first.manifest.preset_name,
        budget=BudgetUsed(limits, next(iter(equal), "images")),
        budget_images=run.budget_images,
        caps=Caps(identity.max_macs, identity.max_params),
        margin=protocol.margin,
        baseline=protocol.baseline,
    )


def _provenance(
    records: Sequence[RunRecord],
    groups: Groups,
    trained: FinalScores | NoFinalScores,
    protocol: Protocol,
    roll: Roll | None,
) -> Provenance:
    rows = provenance.run_rows(groups)
    return Provenance(
        runs=rows,
        plan=roll,
        unfinished=provenance.unfinished(rows),
        checklist=checklist(groups, records, trained, protocol, roll),
        decided_later=protocol.deviations,
        deviations=provenance.deviations(records[0]),
        versions=provenance.versions(records),
        hardware=provenance.hardware(records),
        hyperparameters=provenance.hyperparameters(groups),
    )
