"""Verdicts of whole comparisons: the right word, and a sentence that carries the numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.answers import NotComputable, StatisticsError
from bench.statistics.holm import holm_adjusted
from bench.statistics.omnibus import block_ranks, groups
from bench.statistics.paired import PairedTest
from bench.statistics.pairwise import Comparison, compare_pairs, different
from bench.statistics.verdicts import Word

NAMES = ("random", "evolution", "tpe")
WORDS = set(get_args(Word))


def pairs_of(
    scores: object, names: tuple[str, ...] = ("a", "b"), **options: object
) -> tuple[Comparison, ...]:
    found = compare_pairs(scores, names, np.random.default_rng(0), **options)  # type: ignore[arg-type]
    assert not isinstance(found, NotComputable)
    return found


def two(shift: float, spread: float, n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    block = rng.normal(0.7, 0.05, n)
    return np.stack([block + shift + rng.normal(0, spread, n), block], axis=1)


def test_different() -> None:
    (pair,) = pairs_of(two(0.03, 0.01, 12), margin=0.01)
    assert (pair.verdict.word, pair.verdict.better) == ("different", "a")
    for part in ("a scores higher than b", "n = 12", "Holm p", "shift +0.0", "["):
        assert part in pair.verdict.sentence
    (pair,) = pairs_of(two(-0.03, 0.01, 12))
    assert pair.verdict.better == "b"
    # The winner's shift is a gain, whichever place it has in the pair.
    assert "b scores higher than a (shift +0.0" in pair.verdict.sentence
    assert pair.evidence.shift.value < 0.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_winner_is_named_where_most_scores_are_equal(sign: float) -> None:
    """The median difference is 0, and all others have one sign."""
    scores = np.full((21, 2), 0.7)
    scores[:6, 0] += sign * np.arange(1, 7) / 100.0
    (pair,) = pairs_of(scores)
    better, worse = ("a", "b") if sign > 0 else ("b", "a")
    assert (pair.verdict.word, pair.verdict.better) == ("different", better)
    said = f"{better} scores higher than {worse} where they differ (shift +0.0000 ["
    assert pair.verdict.sentence.startswith(said)


def test_the_sign_flip_stands_where_it_can_tell_something_and_is_corrected_too() -> None:
    rng = np.random.default_rng(5)
    supernets = [str(n) for n in range(8)]
    scores = rng.normal(0.7, 0.01, (8, 4)) + np.arange(4) * 0.02
    names = ("a", "b", "c", "d")
    few = pairs_of(scores[:7], names, clusters=supernets[:7], comparisons=6)
    # 2^-6 for seven supernets, six pairs: nothing to hold against .05.
    assert {pair.flipped for pair in few} == {None}
    found = pairs_of(scores[:, :2], names[:2], clusters=supernets)
    assert found[0].flipped == found[0].evidence.flipped is not None
    enough = pairs_of(
        np.vstack([scores, scores + 0.001]), names, clusters=[str(n) for n in range(16)]
    )
    raw = [pair.evidence.flipped for pair in enough]
    assert [pair.flipped for pair in enough] == pytest.approx(holm_adjusted(raw, 6).tolist())


def test_different_but_too_small_to_matter() -> None:
    (pair,) = pairs_of(two(0.003, 0.001, 12), margin=0.02)
    assert pair.verdict.word == "different"
    assert "within the margin of 0.02" in pair.verdict.sentence


def test_equivalent() -> None:
    (pair,) = pairs_of(two(0.0, 0.005, 15), margin=0.02)
    assert pair.verdict.word == "equivalent"
    assert pair.verdict.better is None
    assert "less than the margin of 0.02" in pair.verdict.sentence


def test_inconclusive_says_what_it_would_take() -> None:
    (pair,) = pairs_of(two(0.0, 0.05, 10), margin=0.01)
    assert pair.verdict.word == "inconclusive"
    assert "one of 0.01 needs" in pair.verdict.sentence
    (pair,) = pairs_of(two(0.0, 0.05, 10))
    assert pair.verdict.word == "inconclusive"
    assert "no margin was stated" in pair.verdict.sentence


def test_too_few_blocks_say_how_many_would_do() -> None:
    (pair,) = pairs_of(two(0.5, 0.01, 3), margin=0.01)
    assert pair.verdict.word == "too few"
    assert "at least 6 are needed" in pair.verdict.sentence


def test_identical_scores() -> None:
    scores = np.full((8, 2), 0.7)
    (pair,) = pairs_of(scores, margin=0.01)
    assert pair.verdict.word == "equivalent"
    (pair,) = pairs_of(scores)
    assert pair.verdict.word == "inconclusive"
    assert "equal in all 8 blocks" in pair.verdict.sentence


def test_constant_shift() -> None:
    (pair,) = pairs_of(np.stack([np.full(9, 0.8), np.full(9, 0.7)], axis=1))
    assert pair.verdict.word == "different"
    assert isinstance(pair.evidence.detectable, NotComputable)


def test_holm_over_the_family_planned() -> None:
    scores = np.random.default_rng(1).random((12, 3)) + [0.0, 0.5, 0.9]
    pairs = pairs_of(scores, NAMES)
    assert [(pair.evidence.first, pair.evidence.second) for pair in pairs] == [
        ("random", "evolution"),
        ("random", "tpe"),
        ("evolution", "tpe"),
    ]
    raw = [
        pair.evidence.test.p_value for pair in pairs if isinstance(pair.evidence.test, PairedTest)
    ]
    assert [pair.evidence.adjusted_p for pair in pairs] == holm_adjusted(raw).tolist()
    # One pair is equal throughout: it stays in the count.
    scores[:, 1] = scores[:, 0]
    pairs = pairs_of(scores, NAMES)
    assert pairs[0].evidence.adjusted_p is None
    raw = [pair.evidence.test.p_value for pair in pairs[1:]]  # type: ignore[union-attr]
    assert [pair.evidence.adjusted_p for pair in pairs[1:]] == holm_adjusted(raw, 3).tolist()


def test_against_one_reference() -> None:
    pairs = pairs_of(np.random.default_rng(1).random((12, 3)), NAMES, against="evolution")
    assert [pair.evidence.first for pair in pairs] == ["random", "tpe"]
    assert {pair.evidence.second for pair in pairs} == {"evolution"}
    assert {pair.evidence.comparisons for pair in pairs} == {2}


def test_bars_of_a_diagram_follow_the_verdicts() -> None:
    scores = np.random.default_rng(1).normal(0.5, 0.01, (12, 3)) + [0.0, 0.0, 0.2]
    apart = different(pairs_of(scores, NAMES), NAMES)
    assert apart.tolist() == [[False, False, True], [False, False, True], [True, True, False]]
    assert sorted(groups(block_ranks(scores).mean(axis=0), apart)[0]) == [0, 1]


def test_nobody_to_compare_with() -> None:
    rng = np.random.default_rng(0)
    alone = compare_pairs(np.ones((9, 1)), ["random"], rng)
    assert isinstance(alone, NotComputable)
    assert "only random was run" in alone.reason
    assert isinstance(compare_pairs(np.ones((9, 0)), [], rng), NotComputable)
    gap = compare_pairs([[0.1, None], [0.2, 0.3]], ["a", "b"], rng)
    assert isinstance(gap, NotComputable)
    assert "1 of 2 blocks" in gap.reason
    (pair,) = pairs_of(np.ones((0, 2)))
    assert pair.verdict.word == "not comparable"


def test_arguments_without_sense() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(StatisticsError, match="one of its own"):
        compare_pairs(np.ones((9, 2)), ["a", "a"], rng)
    with pytest.raises(StatisticsError, match="against 'c'"):
        compare_pairs(np.ones((9, 2)), ["a", "b"], rng, against="c")
    with pytest.raises(StatisticsError, match="margin"):
        compare_pairs(np.ones((9, 2)), ["a", "b"], rng, margin=0.0)


@settings(max_examples=40)
@given(
    st.integers(1, 14),
    st.integers(2, 4),
    st.sampled_from([1, 2, 5, 1000]),
    st.sampled_from([None, 0.01, 0.3]),
    st.integers(0, 10**6),
)
def test_always_an_answer_and_never_nan(
    n: int, k: int, levels: int, margin: float | None, seed: int
) -> None:
    """Ties, constants, few blocks: a verdict each, in strict JSON."""
    scores = np.random.default_rng(seed).integers(0, levels, (n, k)) / levels
    names = tuple("abcd"[:k])
    pairs = pairs_of(scores, names, margin=margin)
    assert len(pairs) == k * (k - 1) // 2
    for pair in pairs:
        text = json.dumps(asdict(pair), allow_nan=False)
        assert "nan" not in text.lower()
        assert pair.evidence.first in pair.verdict.sentence
        assert pair.verdict.word in WORDS
        assert (pair.evidence.adjusted_p is None) == isinstance(pair.evidence.test, NotComputable)


@settings(max_examples=40)
@given(
    st.integers(2, 5),
    st.integers(1, 3),
    st.sampled_from([1, 2, 5, 1000]),
    st.sampled_from([None, 0.3]),
    st.integers(0, 10**6),
)
def test_supernets_as_units_always_answer(
    supernets: int, seeds: int, levels: int, margin: float | None, seed: int
) -> None:
    scores = np.random.default_rng(seed).integers(0, levels, (supernets * seeds, 3)) / levels
    of = [f"supernet {i // seeds}" for i in range(supernets * seeds)]
    for pair in pairs_of(scores, NAMES, margin=margin, clusters=of):
        assert "nan" not in json.dumps(asdict(pair), allow_nan=False).lower()
        assert pair.verdict.word in WORDS - {"too few", "not comparable"}
        assert pair.evidence.n == supernets
        assert "supernets" in pair.verdict.sentence


def test_who_is_withheld_is_not_judged_and_stays_in_the_count() -> None:
    scores = np.random.default_rng(1).normal(0.5, 0.01, (12, 3)) + [0.0, 0.3, 0.6]
    pairs = pairs_of(scores, NAMES, withheld={"tpe": "most of its scores were predicted"})
    assert [pair.verdict.word for pair in pairs] == [
        "different",
        "not comparable",
        "not comparable",
    ]
    assert "tpe: most of its scores were predicted" in pairs[1].verdict.sentence
    assert pairs[0].evidence.comparisons == 3
    assert pairs[0].evidence.adjusted_p == 3 * pairs[0].evidence.test.p_value  # type: ignore[union-attr]
