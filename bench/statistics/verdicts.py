"""Verdicts in five words: different, equivalent, inconclusive, too few, not comparable.

A p value says neither how large a difference is nor what its absence means. So a verdict is a word
and a sentence that carries shift, interval, n and what the study could have found:

=================  =================================================================
different          the test rejects after Holm's correction
equivalent         it does not, and both one-sided tests put the shift within the margin
inconclusive       tested, and neither; the sentence says how many units might tell
too few            no p value could have reached alpha; the sentence says how many could
not comparable     no test could be made; the sentence says why
=================  =================================================================

A difference may be real and still lie within the margin: then the word is *different*, and the
sentence says that it is too small to matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.clusters import ClusterTest
from bench.statistics.paired import PairedTest, smallest_n
from bench.statistics.power import DetectableEffect, required_blocks

Word = Literal["different", "equivalent", "inconclusive", "too few", "not comparable"]


@dataclass(frozen=True)
class Verdict:
    """One word, and the sentence that backs it; ``better`` names the winner, if there is one."""

    word: Word
    sentence: str
    better: str | None = None


@dataclass(frozen=True)
class Evidence:
    """All that a verdict on ``first`` against ``second`` rests on; p values adjusted after Holm.

    ``n`` counts units, which sentences call ``unit``: blocks, or the supernets of ``of_clusters``.
    ``shift`` has the interval of this pair alone, not widened for the number of comparisons: it may
    exclude 0 where the verdict is *inconclusive*. ``margin`` is None where the study stated none. A
    p value is None exactly where its test is ``NotComputable``.
    """

    first: str
    second: str
    n: int
    unit: str
    of_clusters: bool
    comparisons: int
    alpha: float
    margin: float | None
    test: PairedTest | ClusterTest | NotComputable
    adjusted_p: float | None
    adjusted_equivalence_p: float | None
    shift: Estimate | NotComputable
    detectable: DetectableEffect | NotComputable

    @property
    def needed(self) -> int:
        """Units without which no p value can reach alpha."""
        return 2 if self.of_clusters else smallest_n(self.comparisons, self.alpha)

    @property
    def p_value(self) -> float | None:
        """Of the test, before Holm's correction."""
        return None if isinstance(self.test, NotComputable) else self.test.p_value

    @property
    def flipped(self) -> float | None:
        """The p value of the sign flip, before Holm's correction; None where it tells nothing.

        That is with one supernet, with very many, and with so few that it cannot reach alpha.
        """
        few = self.n < smallest_n(self.comparisons, self.alpha)
        return self.test.flipped if isinstance(self.test, ClusterTest) and not few else None

    @property
    def untested(self) -> str | None:
        """Why no test was made; None where one was."""
        return self.test.reason if isinstance(self.test, NotComputable) else None

    @property
    def size(self) -> str:
        """``n = 4 supernets``."""
        return f"n = {self.n} {self.unit}"


def judge(evidence: Evidence) -> Verdict:
    near, alpha = evidence.adjusted_equivalence_p, evidence.alpha
    equivalent = near is not None and near <= alpha
    if evidence.adjusted_p is not None and evidence.adjusted_p <= alpha:
        return _different(evidence, evidence.adjusted_p, equivalent)
    if equivalent:
        return Verdict("equivalent", _equivalent(evidence))
    if isinstance(evidence.test, NotComputable):
        return _without_test(evidence, evidence.test)
    return Verdict("inconclusive", _inconclusive(evidence))


def p_text(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def shift_text(shift: Estimate | NotComputable) -> str:
    if isinstance(shift, Estimate):
        level = f"{100 * shift.level:.1f} %"
        return f"shift {shift.value:+.4f} [{shift.low:+.4f}, {shift.high:+.4f}], {level}"
    return "shift unknown" if shift.value is None else f"shift {shift.value:+.4f}, no interval"


def _different(evidence: Evidence, adjusted_p: float, within_margin: bool) -> Verdict:
    shift = evidence.shift.value or 0.0
    first_wins = shift > 0.0
    if shift == 0.0 and isinstance(evidence.test, PairedTest):
        first_wins = evidence.test.favours_first
    seen = evidence.shift if first_wins else _turned(evidence.shift)
    facts = f"({shift_text(seen)}; {evidence.size}, Holm {p_text(adjusted_p)})"
    names = (evidence.first, evidence.second)
    better, worse = names if first_wins else names[::-1]
    # Of many equal scores the median difference is 0, and the ranks of the others decide.
    where = "" if shift else " where they differ"
    sentence = f"{better} scores higher than {worse}{where} {facts}"
    if within_margin:
        sentence += f"; yet the difference lies within the margin of {evidence.margin:g}"
    return Verdict("different", sentence, better)


def _turned(shift: Estimate | NotComputable) -> Estimate | NotComputable:
    """The shift of the second over the first: a winner's is told as a gain."""
    if isinstance(shift, Estimate):
        return replace(shift, value=0.0 - shift.value, low=-shift.high, high=-shift.low)
    return shift


def _equivalent(evidence: Evidence) -> str:
    adjusted = evidence.adjusted_equivalence_p or 0.0
    return (
        f"{evidence.first} and {evidence.second} differ by less than the margin of "
        f"{evidence.margin:g} ({shift_text(evidence.shift)}; {evidence.size}, "
        f"Holm {p_text(adjusted)} for equivalence)"
    )


def _without_test(evidence: Evidence, test: NotComputable) -> Verdict:
    """No test was made: too few units, or a reason that more of them would not mend."""
    pair = f"{evidence.first} and {evidence.second}"
    unknown = isinstance(evidence.shift, NotComputable) and evidence.shift.value is None
    word: Word = "inconclusive"
    if test.withheld or unknown or not evidence.n:
        word = "not comparable"
    elif evidence.n < evidence.needed:
        word = "too few"
    return Verdict(word, f"{pair}: {test.reason}")


def _inconclusive(evidence: Evidence) -> str:
    first, second = evidence.first, evidence.second
    tests = [f"Holm {p_text(p)}" for p in (evidence.adjusted_p,) if p is not None]
    facts = "; ".join([shift_text(evidence.shift), *tests])
    sentence = f"{evidence.n} {evidence.unit} do not tell {first} and {second} apart ({facts})"
    if evidence.margin is None:
        sentence += "; no margin was stated, so equivalence was not tested"
    else:
        sentence += f", nor show that they differ by less than the margin of {evidence.margin:g}"
    if isinstance(evidence.detectable, DetectableEffect):
        sentence += "; " + _prospects(evidence, evidence.detectable)
    return sentence


def _prospects(evidence: Evidence, detectable: DetectableEffect) -> str:
    """What this study could have found, and how many units would find the margin."""
    margin = evidence.margin
    chance = f"{100 * detectable.power:.0f} %"
    text = f"a difference of {detectable.effect:.4f} would have been found with {chance} power"
    if margin is None or margin >= detectable.effect:
        return text
    needed = required_blocks(
        margin,
        detectable.sd_difference,
        detectable.alpha,
        detectable.power,
        evidence.of_clusters,
    )
    if isinstance(needed, NotComputable):
        return f"{text}, and {needed.reason} for one of {margin:g}"
    return f"{text}, one of {margin:g} needs {needed} {evidence.unit}"
