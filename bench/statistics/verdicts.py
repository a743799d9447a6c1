"""Verdicts in words: different, equivalent, underpowered, not comparable.

A p value says neither how large a difference is nor what its absence means. So a verdict is a word
and a sentence that carries shift, interval, n and what the study could have found:

=================  =================================================================
different          the signed-rank test rejects after Holm's correction
equivalent         it does not, and both one-sided tests put the shift within the margin
underpowered       neither: these blocks cannot tell; the sentence says how many might
not comparable     no test could be made; the sentence says why
=================  =================================================================

A difference may be real and still lie within the margin: then the word is *different*, and the
sentence says that it is too small to matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.equivalence import EquivalenceTest
from bench.statistics.paired import PairedTest, smallest_n
from bench.statistics.power import DetectableEffect, required_blocks

Word = Literal["different", "equivalent", "underpowered", "not comparable"]


@dataclass(frozen=True)
class Verdict:
    """One word, and the sentence that backs it; ``better`` names the winner, if there is one."""

    word: Word
    sentence: str
    better: str | None = None


@dataclass(frozen=True)
class Evidence:
    """All that a verdict on ``first`` against ``second`` rests on; p values adjusted after Holm.

    ``shift`` has the interval of this pair alone, not widened for the number of comparisons: it may
    exclude 0 where the verdict is *underpowered*. ``margin`` is None where the study stated none. A
    p value is None exactly where its test is ``NotComputable``.
    """

    first: str
    second: str
    n: int
    comparisons: int
    alpha: float
    margin: float | None
    test: PairedTest | NotComputable
    adjusted_p: float | None
    equivalence: EquivalenceTest | NotComputable
    adjusted_equivalence_p: float | None
    shift: Estimate | NotComputable
    detectable: DetectableEffect | NotComputable


def judge(evidence: Evidence) -> Verdict:
    """The verdict on one pair."""
    equivalent = _below(evidence.adjusted_equivalence_p, evidence.alpha)
    if evidence.adjusted_p is not None and evidence.adjusted_p <= evidence.alpha:
        return _different(evidence, evidence.adjusted_p, equivalent)
    if equivalent:
        return Verdict("equivalent", _equivalent(evidence))
    if isinstance(evidence.test, NotComputable):
        return _without_test(evidence, evidence.test)
    return Verdict("underpowered", _underpowered(evidence))


def p_text(p_value: float) -> str:
    """A p value for a sentence."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def shift_text(shift: Estimate | NotComputable) -> str:
    """The shift with its interval, for a sentence."""
    if isinstance(shift, Estimate):
        level = f"{100 * shift.level:.1f} %"
        return f"shift {shift.value:+.4f} [{shift.low:+.4f}, {shift.high:+.4f}], {level}"
    return "shift unknown" if shift.value is None else f"shift {shift.value:+.4f}, no interval"


def _different(evidence: Evidence, adjusted_p: float, within_margin: bool) -> Verdict:
    shift = evidence.shift.value or 0.0
    seen = _turned(evidence.shift) if shift < 0.0 else evidence.shift
    facts = f"({shift_text(seen)}; n = {evidence.n}, Holm {p_text(adjusted_p)})"
    if shift == 0.0:
        sentence = f"{evidence.first} and {evidence.second} differ, neither way by much {facts}"
        return Verdict("different", sentence)
    names = (evidence.first, evidence.second)
    better, worse = names if shift > 0.0 else names[::-1]
    sentence = f"{better} scores higher than {worse} {facts}"
    if within_margin:
        sentence += f"; yet the difference lies within the margin of {evidence.margin:g}"
    return Verdict("different", sentence, better)


def _turned(shift: Estimate | NotComputable) -> Estimate | NotComputable:
    """The shift of the second over the first: a winner's is told as a gain."""
    if isinstance(shift, Estimate):
        return replace(shift, value=-shift.value, low=-shift.high, high=-shift.low)
    return shift


def _equivalent(evidence: Evidence) -> str:
    adjusted = evidence.adjusted_equivalence_p or 0.0
    return (
        f"{evidence.first} and {evidence.second} differ by less than the margin of "
        f"{evidence.margin:g} ({shift_text(evidence.shift)}; n = {evidence.n}, "
        f"Holm {p_text(adjusted)} for equivalence)"
    )


def _without_test(evidence: Evidence, test: NotComputable) -> Verdict:
    """No test was made: too few blocks are a lack of power, anything else is told as it is."""
    pair = f"{evidence.first} and {evidence.second}"
    too_few = smallest_n(evidence.comparisons, evidence.alpha) > evidence.n
    word: Word = "underpowered" if too_few and evidence.n > 0 else "not comparable"
    if isinstance(evidence.shift, NotComputable) and evidence.shift.value is None:
        # Scores are missing: more blocks would not mend it.
        word = "not comparable"
    return Verdict(word, f"{pair}: {test.reason}")


def _underpowered(evidence: Evidence) -> str:
    first, second = evidence.first, evidence.second
    tests = [f"Holm {p_text(p)}" for p in (evidence.adjusted_p,) if p is not None]
    facts = "; ".join([shift_text(evidence.shift), *tests])
    sentence = f"{evidence.n} blocks do not tell {first} and {second} apart ({facts})"
    if evidence.margin is None:
        sentence += "; no margin was stated, so equivalence was not tested"
    else:
        sentence += f", nor show that they differ by less than the margin of {evidence.margin:g}"
    if isinstance(evidence.detectable, DetectableEffect):
        sentence += "; " + _prospects(evidence.detectable, evidence.margin)
    return sentence


def _prospects(detectable: DetectableEffect, margin: float | None) -> str:
    """What this study could have found, and how many blocks would find the margin."""
    chance = f"{100 * detectable.power:.0f} %"
    text = f"a difference of {detectable.effect:.4f} would have been found with {chance} power"
    if margin is None or margin >= detectable.effect:
        return text
    blocks = required_blocks(margin, detectable.sd_difference, detectable.alpha, detectable.power)
    if isinstance(blocks, NotComputable):
        return f"{text}, and {blocks.reason} for one of {margin:g}"
    return f"{text}, one of {margin:g} needs {blocks} blocks"


def _below(p_value: float | None, alpha: float) -> bool:
    return p_value is not None and p_value <= alpha
