"""Words to ids and back, and how well words were read, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.codec import Codec
from trainers.data.charset import get_charset
from trainers.errors import TrainerError
from trainers.metrics import score_words

CHARACTERS = get_charset("94").characters


@given(st.text(CHARACTERS, max_size=25))
def test_a_word_survives_its_ids(word: str) -> None:
    codec = Codec(get_charset("94"))
    ids = codec.encode(word)
    assert all(0 <= i < 94 for i in ids)
    assert codec.decode(ids) == word


def test_a_character_outside_the_charset_has_no_id() -> None:
    with pytest.raises(KeyError):
        Codec(get_charset("36")).encode("Upper")


def test_scores_by_hand() -> None:
    # Distances: 0 of 4; 1 of 5; 3 of 3; 1 (only case) of 2.
    scores = score_words(["cafe", "hause", "", "No"], ["cafe", "house", "abc", "no"])
    assert scores.words == 4
    assert scores.word_accuracy == 0.25
    assert scores.one_ned == pytest.approx((1 + 0.8 + 0 + 0.5) / 4)
    assert scores.word_accuracy_case_insensitive == 0.5
    assert scores.one_ned_case_insensitive == pytest.approx((1 + 0.8 + 0 + 1) / 4)


def test_the_longer_word_is_the_measure() -> None:
    assert score_words(["ab"], ["abcd"]).one_ned == 0.5
    assert score_words(["abcd"], ["ab"]).one_ned == 0.5


def test_composed_and_decomposed_accents_are_the_same() -> None:
    scores = score_words(["cafe\u0301"], ["caf\u00e9"])
    assert scores.word_accuracy == scores.one_ned == 1.0


def test_two_empty_strings_agree() -> None:
    scores = score_words([""], [""])
    assert scores.word_accuracy == scores.one_ned == 1.0


@pytest.mark.parametrize(("predictions", "labels"), [(["a"], ["a", "b"]), (["a"], []), ([], [])])
def test_as_many_predictions_as_labels(predictions: list[str], labels: list[str]) -> None:
    with pytest.raises(TrainerError, match=rf"^{len(predictions)} predictions for {len(labels)}"):
        score_words(predictions, labels)


@given(st.lists(st.tuples(st.text("abAB", max_size=6), st.text("abAB", max_size=6)), min_size=1))
def test_scores_are_fractions_and_case_can_only_cost(pairs: list[tuple[str, str]]) -> None:
    scores = score_words([p for p, _ in pairs], [t for _, t in pairs])
    assert 0 <= scores.word_accuracy <= scores.word_accuracy_case_insensitive <= 1
    assert 0 <= scores.one_ned <= scores.one_ned_case_insensitive + 1e-12 <= 1 + 1e-12
    assert scores.word_accuracy <= scores.one_ned + 1e-12
