"""The whole procedure for every pair of a family: test, Holm, equivalence, effects, verdict.

The hypotheses of no shift form one family for Holm's procedure, those of a shift beyond the margin
another, each at ``alpha``. Pairs that cannot be tested stay in the count of comparisons.

Units decide how: blocks of one supernet by signed ranks, several supernets by the t test of their
means (``clusters``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.statistics.answers import (
    Estimate,
    Floats,
    NotComputable,
    StatisticsError,
    check_fraction,
    matrix,
)
from bench.statistics.clusters import (
    ClusterTest,
    Posterior,
    Units,
    cluster_equivalence,
    cluster_test,
    intraclass,
    mean_shift,
    posterior,
    units_of,
)
from bench.statistics.effects import hodges_lehmann, superiority
from bench.statistics.equivalence import EquivalenceTest, equivalence_test
from bench.statistics.holm import first_threshold, holm_adjusted
from bench.statistics.intervals import standard_deviation
from bench.statistics.paired import PairedTest, correlation, signed_rank_test
from bench.statistics.power import DetectableEffect, detectable_effect
from bench.statistics.verdicts import Evidence, Verdict, judge

Test = PairedTest | ClusterTest | NotComputable
Equivalence = EquivalenceTest | NotComputable


@dataclass(frozen=True)
class Comparison:
    """One pair: what the verdict rests on, the verdict, and how else to look at the effect.

    ``posterior`` is a second look, ``intraclass`` how much seeds of one supernet agree. So is
    ``flipped``, the p value of the sign flip after Holm's correction; None where it tells nothing.
    """

    evidence: Evidence
    verdict: Verdict
    superiority: Estimate | NotComputable
    correlation: Estimate | NotComputable
    intraclass: Estimate | NotComputable
    posterior: Posterior | NotComputable
    flipped: float | None = None


@dataclass(frozen=True)
class _Family:
    """What all pairs share; ``called`` is what its units are called."""

    names: Sequence[str]
    units: Units
    called: str
    comparisons: int
    margin: float | None
    alpha: float
    power: float

    def test(self, a: Floats, b: Floats) -> Test:
        """Of two columns of unit means (units,)."""
        if self.units.of_clusters:
            return cluster_test(a, b)
        return signed_rank_test(a, b, self.comparisons, self.alpha)

    def equivalence(self, a: Floats, b: Floats) -> Equivalence:
        """Of two columns of unit means (units,)."""
        if self.margin is None:
            return NotComputable("no margin was stated before the study", n=len(a))
        if self.units.of_clusters:
            return cluster_equivalence(a, b, self.margin)
        return equivalence_test(a, b, self.margin, self.comparisons, self.alpha)


@dataclass(frozen=True)
class _Pair:
    """Places of the two, and their columns of unit means (units,)."""

    first: int
    second: int
    a: Floats
    b: Floats


def compare_pairs(
    scores: npt.ArrayLike,
    names: Sequence[str],
    rng: np.random.Generator,
    *,
    clusters: Sequence[str] | None = None,
    withheld: Mapping[str, str] | None = None,
    unit: str | None = None,
    margin: float | None = None,
    against: str | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    comparisons: int | None = None,
) -> tuple[Comparison, ...] | NotComputable:
    """Compare the searchers ``names`` (k,) by ``scores`` (blocks, k), one row per shared block.

    All pairs in the order of ``names``, or only those with ``against``, which is then the second of
    each. Two searchers are one comparison. ``clusters`` (blocks,) name the supernet of each block;
    ``withheld`` are searchers that are not to be compared, with the reason; ``unit`` is what units
    are called. ``comparisons`` were planned, by default as many as there are pairs. Only the
    bootstrap of A12 uses ``rng``.

    Raises:
        StatisticsError: if names and scores do not fit, ``against`` is none of them, or margin,
            alpha or power make no sense.
    """
    check_fraction(alpha, "alpha")
    found = matrix(scores)
    if isinstance(found, NotComputable):
        return found
    _check_names(names, found.shape[1], against)
    places = _pairs(names, against)
    if not places:
        only = f"only {names[0]}" if names else "nobody"
        return NotComputable(f"{only} was run: there is nothing to compare", n=len(found))
    units, planned = units_of(found, clusters), comparisons or len(places)
    if planned < len(places):
        raise StatisticsError(f"{planned} comparisons planned, {len(places)} pairs given")
    called = unit or ("supernets" if units.of_clusters else "blocks")
    family = _Family(names, units, called, planned, margin, alpha, power)
    pairs = [_Pair(i, j, units.scores[:, i], units.scores[:, j]) for i, j in places]
    refusals = [_withheld((names[pair.first], names[pair.second]), withheld) for pair in pairs]
    asked = list(zip(pairs, refusals, strict=True))
    tests = [refusal or family.test(p.a, p.b) for p, refusal in asked]
    near = [refusal or family.equivalence(p.a, p.b) for p, refusal in asked]
    adjusted, adjusted_near = _holm(map(_p, tests), planned), _holm(map(_p, near), planned)
    compared = []
    for pair, test, p, p_near in zip(pairs, tests, adjusted, adjusted_near, strict=True):
        evidence = _evidence(family, pair, test, p, p_near)
        runs = found[:, pair.first], found[:, pair.second]
        compared.append(_with_verdict(evidence, pair, runs, clusters, rng))
    flips = _holm((pair.evidence.flipped for pair in compared), planned)
    return tuple(replace(pair, flipped=p) for pair, p in zip(compared, flips, strict=True))


def _evidence(
    family: _Family,
    pair: _Pair,
    test: Test,
    adjusted_p: float | None,
    adjusted_equivalence_p: float | None,
) -> Evidence:
    of_clusters, level = family.units.of_clusters, 1.0 - family.alpha
    threshold = first_threshold(family.comparisons, family.alpha)
    return Evidence(
        first=family.names[pair.first],
        second=family.names[pair.second],
        n=len(family.units.scores),
        unit=family.called,
        of_clusters=of_clusters,
        comparisons=family.comparisons,
        alpha=family.alpha,
        margin=family.margin,
        test=test,
        adjusted_p=adjusted_p,
        adjusted_equivalence_p=adjusted_equivalence_p,
        shift=(
            mean_shift(pair.a, pair.b, level, family.called)
            if of_clusters
            else hodges_lehmann(pair.a, pair.b, level)
        ),
        detectable=_detectable(pair.a - pair.b, threshold, family.power, of_clusters),
    )


def _with_verdict(
    evidence: Evidence,
    pair: _Pair,
    runs: tuple[Floats, Floats],
    clusters: Sequence[str] | None,
    rng: np.random.Generator,
) -> Comparison:
    """The verdict, with the other ways to look at the effect; ``runs`` are scores (blocks,)."""
    level, of = 1.0 - evidence.alpha, clusters if evidence.of_clusters else None
    return Comparison(
        evidence,
        judge(evidence),
        superiority(*runs, rng, level, clusters=of, unit=evidence.unit),
        correlation(pair.a, pair.b, level),
        intraclass(runs[0] - runs[1], clusters or [""] * len(runs[0]), level),
        NotComputable("no margin was stated before the study", n=len(pair.a))
        if evidence.margin is None
        else posterior(pair.a, pair.b, evidence.margin),
    )


def different(compared: Sequence[Comparison], names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which pairs differ, symmetric (k, k): what ``omnibus.groups`` draws bars from."""
    at = {name: index for index, name in enumerate(names)}
    found = np.zeros((len(names), len(names)), dtype=np.bool_)
    for pair in compared:
        if pair.verdict.word == "different":
            i, j = at[pair.evidence.first], at[pair.evidence.second]
            found[i, j] = found[j, i] = True
    return found


def _check_names(names: Sequence[str], width: int, against: str | None) -> None:
    if len(names) != width or len(set(names)) != width:
        raise StatisticsError(
            f"names {list(names)}: expected one of its own for each of {width} columns"
        )
    if against is not None and against not in names:
        raise StatisticsError(f"against {against!r}: expected one of {', '.join(names)}")


def _pairs(names: Sequence[str], against: str | None) -> list[tuple[int, int]]:
    if against is None:
        return [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    reference = list(names).index(against)
    return [(i, reference) for i in range(len(names)) if i != reference]


def _withheld(pair: tuple[str, str], why: Mapping[str, str] | None) -> NotComputable | None:
    reasons = [f"{name}: {why[name]}" for name in pair if why and name in why]
    return NotComputable("; ".join(reasons), withheld=True) if reasons else None


def _p(test: Test | Equivalence) -> float | None:
    return None if isinstance(test, NotComputable) else test.p_value


def _holm(p_values: Iterable[float | None], planned: int) -> list[float | None]:
    """Holm's p values in the order given; None stays None."""
    found = list(p_values)
    adjusted = iter(holm_adjusted([p for p in found if p is not None], planned).tolist())
    return [None if p is None else next(adjusted) for p in found]


def _detectable(
    differences: Floats, threshold: float, power: float, of_clusters: bool
) -> DetectableEffect | NotComputable:
    n = len(differences)
    if n < 2:
        return NotComputable(f"the spread of differences needs 2 blocks, not {n}", n=n)
    # Rounding errors of equal differences are no spread.
    constant = np.ptp(differences) <= 1e-12 * max(1.0, float(np.abs(differences).max()))
    deviation = 0.0 if constant else standard_deviation(differences)
    return detectable_effect(deviation, n, threshold, power, of_clusters)
