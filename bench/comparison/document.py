"""The analysis: everything that a report shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.comparison.answers import Missing
from bench.comparison.anytime import Curves
from bench.comparison.checklist import Item
from bench.comparison.final_scores import FinalScores, NoFinalScores
from bench.comparison.health import SupernetHealth
from bench.comparison.noise import WordNoise
from bench.comparison.pairs import Ranks, Tests
from bench.comparison.placement import Fronts, MacDistribution
from bench.comparison.protocol import Endpoint
from bench.comparison.provenance import Machine, RunRow
from bench.comparison.rank_curve import RankCurve
from bench.comparison.replaying import Replay
from bench.comparison.searchers import SearcherRow
from bench.records.study_roll import Roll
from bench.records.trouble import RunLeftOut
from bench.running.problem import Caps


@dataclass(frozen=True)
class SpaceUsed:
    """The space that was searched, as it was built."""

    name: str
    settings: Mapping[str, object]


@dataclass(frozen=True)
class BudgetUsed:
    """Limits of a run by axis, None for no limit; ``equalised`` is the axis given to all alike."""

    limits: Mapping[str, float | None]
    equalised: str


@dataclass(frozen=True)
class Setting:
    """What all runs share; ``replay`` is None where scores are not replayed."""

    evaluator: str
    replay: Replay | None
    space: SpaceUsed
    preset: str
    budget: BudgetUsed
    budget_images: int
    caps: Caps
    margin: float | None
    baseline: str


@dataclass(frozen=True)
class Provenance:
    """Every run, what was planned and decided, and what one needs to repeat it.

    ``plan`` is None where no study file says it. ``decided_later`` are deviations from that file,
    ``deviations`` those from the AutoSTR paper.
    """

    runs: tuple[RunRow, ...]
    plan: Roll | None
    unfinished: tuple[RunLeftOut, ...]
    checklist: tuple[Item, ...]
    decided_later: tuple[str, ...]
    deviations: tuple[str, ...]
    versions: Mapping[str, str]
    hardware: tuple[Machine, ...]
    hyperparameters: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Analysis:
    """Parts are in the order of report.json; one that is ``Missing`` says why.

    ``excluded`` are runs that could not be read.
    """

    name: str
    question: str
    endpoint: Endpoint
    endpoint_text: str
    summary: str
    inference: str
    supernets: int
    created: str
    program: str
    setting: Setting
    word_noise: WordNoise | None
    searchers: tuple[SearcherRow, ...]
    tests: Tests
    ranks: Ranks | Missing
    curves: Curves
    rank_curve: RankCurve | Missing
    pareto: Fronts
    mac_distribution: MacDistribution | Missing
    supernet_health: SupernetHealth | Missing
    proxy_final: FinalScores | NoFinalScores
    excluded: tuple[RunLeftOut, ...]
    provenance: Provenance
