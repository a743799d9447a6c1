"""How many blocks, or supernets, a study needs, from the spread that a pilot shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from bench.comparison.answers import Missing
from bench.comparison.groups import group_runs
from bench.comparison.inference import unit_of
from bench.comparison.opening import finals_below, space_of, study_of
from bench.comparison.protocol import Endpoint, Family, protocol_of
from bench.comparison.proxy_final import run_scores
from bench.comparison.trainings import find_models, read_models
from bench.records.errors import RecordError
from bench.records.protocol_check import check_one_protocol
from bench.records.runs import find_runs, read_runs
from bench.records.study_roll import arms_of
from bench.statistics.answers import Answer, Floats, NotComputable
from bench.statistics.clusters import units_of
from bench.statistics.holm import first_threshold
from bench.statistics.intervals import deviation_interval
from bench.statistics.paired import correlation
from bench.statistics.power import required_blocks


@dataclass(frozen=True)
class PairNeeds:
    """Units that one pair needs by the pilot's spread, and by the upper end of its interval."""

    pair: str
    pilot_blocks: int
    sd_difference: Answer
    correlation: Answer
    blocks: int | NotComputable
    blocks_cautious: int | NotComputable


@dataclass(frozen=True)
class Needs:
    """What finds ``effect`` with probability ``power``, a pair each, in units called ``unit``."""

    effect: float
    power: float
    alpha: float
    family: Family
    endpoint: Endpoint
    comparisons: int
    threshold: float
    unit: str
    pairs: tuple[PairNeeds, ...]


def needed_blocks(
    pilot: Sequence[Path], effect: float, power: float, given: Mapping[str, Any]
) -> Needs:
    """For each pair of the family, the units needed at the first threshold of Holm's procedure.

    Units are supernets, with as many seeds as in the pilot, where it has several; else blocks.
    Arms, endpoint, family, baseline and alpha are those of the pilot's study, if it is one and
    nothing else is ``given``; else scores are those on common weights, and searchers are arms.
    ``RecordError`` where the pilot has no complete block, or no run of the baseline.
    """
    study = study_of(pilot)
    protocol = protocol_of(study, given)
    records = read_runs(find_runs(pilot))
    check_one_protocol(records, study.varied if study else frozenset())
    finals = None
    if protocol.endpoint == "final":
        cards = find_models(finals_below(pilot))
        models = read_models(cards, records[0], space_of(records[0]))
        finals = run_scores(records, models, protocol)
    groups = group_runs(records, arms_of(study, pilot[0]) if study else None, finals)
    baseline = protocol.baseline if protocol.family == "against-baseline" else None
    if baseline is not None and baseline not in groups.labels:
        raise RecordError(
            f"the pilot has no run of {baseline}, only of {', '.join(groups.labels)}: choose "
            "another --baseline or --family all-pairs"
        )
    paired = groups.paired
    if isinstance(paired, NotComputable):
        raise RecordError(f"the pilot cannot be used: {paired.reason}")
    pairs = [
        (a, b)
        for a, b in combinations(paired.searchers, 2)
        if baseline is None or baseline in (a, b)
    ]
    if not pairs:
        raise RecordError("the pilot has one searcher: there is nothing to compare")
    threshold = first_threshold(len(pairs), protocol.alpha)
    columns = units_of(paired.matrix, paired.clusters)
    units = {name: columns.scores[:, i] for i, name in enumerate(paired.searchers)}
    return Needs(
        effect=effect,
        power=power,
        alpha=protocol.alpha,
        family=protocol.family,
        endpoint=protocol.endpoint,
        comparisons=len(pairs),
        threshold=threshold,
        unit=unit_of(records[0]) if columns.of_clusters else "blocks",
        pairs=tuple(
            _row((a, b), (units[a], units[b]), effect, power, threshold, columns.of_clusters)
            for a, b in pairs
        ),
    )


def _row(
    names: tuple[str, str],
    means: tuple[Floats, Floats],
    effect: float,
    power: float,
    threshold: float,
    of_clusters: bool,
) -> PairNeeds:
    first, second = means
    deviation = deviation_interval(first - second)

    def needed(spread: float) -> int | NotComputable:
        return required_blocks(effect, spread, threshold, power, of_clusters)

    return PairNeeds(
        pair=" - ".join(names),
        pilot_blocks=len(first),
        sd_difference=deviation,
        correlation=correlation(first, second),
        blocks=Missing(deviation.reason)
        if isinstance(deviation, NotComputable)
        else needed(deviation.value),
        blocks_cautious=Missing(deviation.reason)
        if isinstance(deviation, NotComputable)
        else needed(deviation.high),
    )
