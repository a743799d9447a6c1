"""The whole procedure for every pair of a family: test, Holm, equivalence, effects, verdict.

The hypotheses of no shift form one family for Holm's procedure, those of a shift beyond the margin
another, each at ``alpha``. Pairs that cannot be tested stay in the count of comparisons.

Units decide how: blocks of one supernet by signed ranks, several supernets by the t test of their
means (``clusters``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    ``withheld`` are searchers that are not to be judged, with the reason; ``unit`` is what to call
    units. ``comparisons`` were planned, by default as many as there are pairs. Only the bootstrap
    of A12 uses ``rng``.

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
    test, equivalence = _tests(units.of_clusters, planned, margin, alpha)
    tests = [refusal or test(p.a, p.b) for p, refusal in zip(pairs, refusals, strict=True)]
    near = [refusal or equivalence(p.a, p.b) for p, refusal in zip(pairs, refusals, strict=True)]
    answers = zip(tests, _adjusted(tests, planned), near, _adjusted(near, planned), strict=True)
    compared = []
    for pair, found_of_pair in zip(pairs, answers, strict=True):
        evidence = _evidence(family, pair, *found_of_pair)
        runs = found[:, pair.first], found[:, pair.second]
        compared.append(_judged(evidence, pair, runs, clusters, rng))
    return _with_flips(compared, planned)


def _evidence(
    family: _Family,
    pair: _Pair,
    test: Test,
    adjusted_p: float | None,
    equivalence: Equivalence,
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
        equivalence=equivalence,
        adjusted_equivalence_p=adjusted_equivalence_p,
        shift=(
            mean_shift(pair.a, pair.b, level, family.called)
            if of_clusters
            else hodges_lehmann(pair.a, pair.b, level)
        ),
        detectable=_detectable(pair.a - pair.b, threshold, family.power, of_clusters),
    )


def _judged(
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


def _with_flips(compared: Sequence[Comparison], planned: int) -> tuple[Comparison, ...]:
    """With the p values of sign flips, corrected as one family."""
    known = [pair.evidence.flipped for pair in compared]
    adjusted = iter(holm_adjusted([p for p in known if p is not None], planned).tolist())
    return tuple(
        pair if p is None else replace(pair, flipped=next(adjusted))
        for pair, p in zip(compared, known, strict=True)
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


def _tests(
    of_clusters: bool, comparisons: int, margin: float | None, alpha: float
) -> tuple[Callable[[Floats, Floats], Test], Callable[[Floats, Floats], Equivalence]]:
    """The test and the equivalence test of two columns of unit means (units,)."""

    def test(a: Floats, b: Floats) -> Test:
        return cluster_test(a, b) if of_clusters else signed_rank_test(a, b, comparisons, alpha)

    def equivalence(a: Floats, b: Floats) -> Equivalence:
        if margin is None:
            return NotComputable("no margin was stated before the study", n=len(a))
        if of_clusters:
            return cluster_equivalence(a, b, margin)
        return equivalence_test(a, b, margin, comparisons, alpha)

    return test, equivalence


def _adjusted(tests: Sequence[Test] | Sequence[Equivalence], planned: int) -> list[float | None]:
    """Holm's p values in the order of ``tests``; None for those that were refused."""
    p_values = [test.p_value for test in tests if not isinstance(test, NotComputable)]
    adjusted = iter(holm_adjusted(p_values, planned).tolist())
    return [None if isinstance(test, NotComputable) else next(adjusted) for test in tests]


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
