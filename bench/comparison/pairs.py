"""One family of pairs, one verdict a pair: what every table, sentence and diagram draws on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bench.comparison.answers import Missing
from bench.comparison.protocol import Family, Protocol
from bench.statistics.answers import NotComputable
from bench.statistics.blocks import PairedScores
from bench.statistics.clusters import Units, units_of
from bench.statistics.holm import first_threshold
from bench.statistics.omnibus import Friedman, friedman, groups
from bench.statistics.paired import smallest_n
from bench.statistics.pairwise import Comparison, compare_pairs, different


@dataclass(frozen=True)
class ComparedFamily:
    """The family as it was compared, and the omnibus test; both may be a reason why they are not.

    ``names`` are the columns of ``units``; ``unit`` is what those are called.
    """

    names: tuple[str, ...]
    units: Units | None
    unit: str
    comparisons: int
    pairs: tuple[Comparison, ...] | NotComputable
    omnibus: Friedman | NotComputable

    @property
    def count(self) -> int:
        return 0 if self.units is None else len(self.units.scores)

    @property
    def of_clusters(self) -> bool:
        """Whether units are supernets, or what stands in for them."""
        return self.units is not None and self.units.of_clusters


def compare_family(
    paired: PairedScores | NotComputable,
    protocol: Protocol,
    planned: int,
    withheld: Mapping[str, str] | None = None,
    unit: str = "supernets",
) -> ComparedFamily:
    """All pairs of the family, the baseline second in its own.

    ``planned`` counts the arms of the study, those without a complete run included: their pairs
    stay in the count of comparisons. ``unit`` is what several supernets are called.
    """
    against = protocol.family == "against-baseline"
    if isinstance(paired, NotComputable):
        return ComparedFamily((), None, "blocks", _comparisons(planned, against), paired, paired)
    baseline = protocol.baseline
    names = sorted(paired.searchers, key=lambda name: (name == baseline, name))
    scores = paired.matrix[:, [paired.searchers.index(name) for name in names]]
    units = units_of(scores, paired.clusters)
    called = unit if units.of_clusters else "blocks"
    comparisons = _comparisons(max(planned, len(names)), against)
    pairs: tuple[Comparison, ...] | NotComputable
    if against and baseline not in names:
        pairs = NotComputable(f"{baseline} was not run: there is no baseline")
    else:
        pairs = compare_pairs(
            scores,
            names,
            protocol.generator("pairs"),
            clusters=paired.clusters,
            withheld=withheld,
            unit=called,
            margin=protocol.margin,
            against=baseline if against else None,
            alpha=protocol.alpha,
            power=protocol.power,
            comparisons=comparisons or None,
        )
    return ComparedFamily(tuple(names), units, called, comparisons, pairs, friedman(units.scores))


@dataclass(frozen=True)
class Tests:
    """The family, its omnibus test and its pairs; ``dropped`` are blocks left out, with reasons.

    ``comparisons`` counts what was planned, ``pairs`` are those that were compared. Below
    ``smallest_n`` units nothing can be rejected. Both that and ``first_threshold`` are None where
    there is nothing to compare.
    """

    alpha: float
    margin: float | None
    family: Family
    comparisons: int
    unit: str
    units: int
    first_threshold: float | None
    smallest_n: int | None
    blocks: int
    dropped: tuple[str, ...]
    omnibus: Friedman | Missing
    pairs: tuple[Comparison, ...]


@dataclass(frozen=True)
class Ranks:
    """Average ranks over units; arms of one of the ``cliques`` were not found to differ."""

    ranks: Mapping[str, float]
    cliques: tuple[tuple[str, ...], ...]
    units: int
    unit: str


@dataclass(frozen=True)
class Reference:
    """In place of a pair with the baseline: it is the baseline itself."""


@dataclass(frozen=True)
class Unpaired:
    """In place of a pair with the baseline, where it was not compared: why."""

    reason: str


Against = Comparison | Reference | Unpaired


def tests(
    compared: ComparedFamily, paired: PairedScores | NotComputable, protocol: Protocol
) -> Tests:
    count = compared.comparisons
    needed = 2 if compared.of_clusters else smallest_n(count, protocol.alpha) if count else None
    here = None if isinstance(paired, NotComputable) else paired
    found = compared.omnibus
    return Tests(
        alpha=protocol.alpha,
        margin=protocol.margin,
        family=protocol.family,
        comparisons=count,
        unit=compared.unit,
        units=compared.count,
        first_threshold=first_threshold(count, protocol.alpha) if count else None,
        smallest_n=needed,
        blocks=len(here.blocks) if here else 0,
        dropped=here.dropped if here else (),
        omnibus=Missing(found.reason) if isinstance(found, NotComputable) else found,
        pairs=() if isinstance(compared.pairs, NotComputable) else compared.pairs,
    )


def ranks(compared: ComparedFamily, protocol: Protocol) -> Ranks | Missing:
    """Average ranks over units; a bar joins arms of which no two were found to differ."""
    if isinstance(compared.pairs, NotComputable):
        return Missing(compared.pairs.reason)
    if protocol.family != "all-pairs":
        return Missing(f"the family holds pairs with {protocol.baseline} only")
    if isinstance(compared.omnibus, NotComputable):
        return Missing(compared.omnibus.reason)
    if all(pair.verdict.word == "too few" for pair in compared.pairs):
        return Missing(
            f"{compared.count} {compared.unit}: no two of {len(compared.names)} arms could have "
            "been told apart"
        )
    found = compared.omnibus.average_ranks
    bars = groups(found, different(compared.pairs, compared.names))
    return Ranks(
        ranks=dict(zip(compared.names, found, strict=True)),
        cliques=tuple(tuple(compared.names[i] for i in bar) for bar in bars),
        units=compared.count,
        unit=compared.unit,
    )


def against_baseline(compared: ComparedFamily, label: str, protocol: Protocol) -> Against:
    """The same pair as in ``tests``, as the row of one arm shows it."""
    baseline = protocol.baseline
    if label == baseline:
        return Reference()
    if isinstance(compared.pairs, NotComputable):
        return Unpaired(compared.pairs.reason)
    for pair in compared.pairs:
        if {pair.evidence.first, pair.evidence.second} == {label, baseline}:
            return pair
    if baseline not in compared.names:
        return Unpaired(
            f"{baseline} was not run, or no run of it is complete and has a score: there is no "
            "baseline"
        )
    return Unpaired("no run of it is complete and has a score")


def summary(compared: ComparedFamily, protocol: Protocol) -> str:
    """What was found, in one sentence that holds without the rest."""
    if isinstance(compared.pairs, NotComputable):
        return f"Nothing is compared: {compared.pairs.reason}."
    rest = Counter(pair.verdict.word for pair in compared.pairs if pair.verdict.better is None)
    beaten: dict[str, list[str]] = {}
    for pair in compared.pairs:
        if pair.verdict.better is not None:
            names = {pair.evidence.first, pair.evidence.second} - {pair.verdict.better}
            beaten.setdefault(pair.verdict.better, []).extend(sorted(names))
    told = "; ".join(
        f"{name} scores higher than {' and '.join(losers)}" for name, losers in beaten.items()
    )
    if not beaten:
        count = len(compared.pairs)
        told = f"None of {count} pairs is shown to differ"
        if count == 1:
            only = compared.pairs[0].evidence
            told = f"{only.first} and {only.second} are not shown to differ"
    words = ", ".join(f"{count} {word}" for word, count in rest.items())
    if not rest:
        return f"{told}."
    return f"{told}; of the other pairs, {words}." if beaten else f"{told} ({words})."


def _comparisons(arms: int, against: bool) -> int:
    return max(0, arms - 1) if against else arms * (arms - 1) // 2
