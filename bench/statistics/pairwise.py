"""The whole procedure for every pair of a study: test, Holm, equivalence, effects, verdict.

The hypotheses of no shift form one family for Holm's procedure, those of a shift beyond the margin
another, each at ``alpha``. Pairs that cannot be tested stay in the count of comparisons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from bench.statistics.effects import hodges_lehmann, superiority
from bench.statistics.equivalence import EquivalenceTest, equivalence_test
from bench.statistics.holm import first_threshold, holm_adjusted
from bench.statistics.intervals import standard_deviation
from bench.statistics.paired import PairedTest, correlation, signed_rank_test
from bench.statistics.power import DetectableEffect, detectable_effect
from bench.statistics.verdicts import Evidence, Verdict, judge


@dataclass(frozen=True)
class Comparison:
    """One pair: what the verdict rests on, the verdict, and how else to look at the effect."""

    evidence: Evidence
    verdict: Verdict
    superiority: Estimate | NotComputable
    correlation: Estimate | NotComputable


@dataclass(frozen=True)
class _Tested:
    """One pair before the correction for many comparisons."""

    first: int
    second: int
    test: PairedTest | NotComputable
    equivalence: EquivalenceTest | NotComputable


def compare_pairs(
    scores: npt.ArrayLike,
    names: Sequence[str],
    rng: np.random.Generator,
    *,
    margin: float | None = None,
    against: str | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> tuple[Comparison, ...] | NotComputable:
    """Compare the searchers ``names`` (k,) by ``scores`` (blocks, k), one row per shared block.

    All pairs in the order of ``names``, or only those with ``against``, which is then the second of
    each. Two searchers are one comparison. Only the bootstrap of A12 uses ``rng``.

    Raises:
        StatisticsError: if names and scores do not fit, ``against`` is none of them, or margin,
            alpha or power make no sense.
    """
    check_fraction(alpha, "alpha")
    found = matrix(scores)
    if isinstance(found, NotComputable):
        return found
    _check_names(names, found.shape[1], against)
    pairs = _pairs(names, against)
    if not pairs:
        only = f"only {names[0]}" if names else "nobody"
        return NotComputable(f"{only} was run: there is nothing to compare", n=len(found))
    tested = [_test(found, pair, len(pairs), margin, alpha) for pair in pairs]
    adjusted = _adjusted([pair.test for pair in tested])
    adjusted_equivalence = _adjusted([pair.equivalence for pair in tested])
    compared = []
    for pair, p_value, equivalence_p in zip(tested, adjusted, adjusted_equivalence, strict=True):
        a, b = found[:, pair.first], found[:, pair.second]
        threshold = first_threshold(len(pairs), alpha)
        evidence = Evidence(
            first=names[pair.first],
            second=names[pair.second],
            n=len(found),
            comparisons=len(pairs),
            alpha=alpha,
            margin=margin,
            test=pair.test,
            adjusted_p=p_value,
            equivalence=pair.equivalence,
            adjusted_equivalence_p=equivalence_p,
            shift=hodges_lehmann(a, b, 1.0 - alpha),
            detectable=_detectable(a - b, threshold, power),
        )
        verdict = judge(evidence)
        chance = superiority(a, b, rng, 1.0 - alpha)
        compared.append(Comparison(evidence, verdict, chance, correlation(a, b, 1.0 - alpha)))
    return tuple(compared)


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


def _test(
    found: Floats, pair: tuple[int, int], comparisons: int, margin: float | None, alpha: float
) -> _Tested:
    a, b = found[:, pair[0]], found[:, pair[1]]
    equivalence: EquivalenceTest | NotComputable
    if margin is None:
        equivalence = NotComputable("no margin was stated before the study", n=len(found))
    else:
        equivalence = equivalence_test(a, b, margin, comparisons, alpha)
    return _Tested(*pair, signed_rank_test(a, b, comparisons, alpha), equivalence)


def _adjusted(
    tests: Sequence[PairedTest | NotComputable] | Sequence[EquivalenceTest | NotComputable],
) -> list[float | None]:
    """Holm's p values in the order of ``tests``; None for those that were refused."""
    p_values = [test.p_value for test in tests if not isinstance(test, NotComputable)]
    adjusted = iter(holm_adjusted(p_values, len(tests)).tolist())
    return [None if isinstance(test, NotComputable) else next(adjusted) for test in tests]


def _detectable(
    differences: Floats, threshold: float, power: float
) -> DetectableEffect | NotComputable:
    n = len(differences)
    if n < 2:
        return NotComputable(f"the spread of differences needs 2 blocks, not {n}", n=n)
    # Rounding errors of equal differences are no spread.
    constant = np.ptp(differences) <= 1e-12 * max(1.0, float(np.abs(differences).max()))
    deviation = 0.0 if constant else standard_deviation(differences)
    return detectable_effect(deviation, n, threshold, power)
