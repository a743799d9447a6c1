"""How well words were read: word accuracy and 1-NED, both fractions in [0, 1] to maximise."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from trainers.errors import TrainerError


@dataclass(frozen=True)
class WordScores:
    """Scores of ``words`` predictions, with case counted and with it ignored."""

    word_accuracy: float
    one_ned: float
    word_accuracy_case_insensitive: float
    one_ned_case_insensitive: float
    words: int


def score_words(predictions: Sequence[str], labels: Sequence[str]) -> WordScores:
    """Compare predictions with labels after Unicode normalisation (NFC).

    1-NED is the mean over words of 1 - edit distance / length of the longer string (1 for two empty
    strings). Raises ``TrainerError`` on sequences of different or zero length.
    """
    if len(predictions) != len(labels) or not labels:
        raise TrainerError(
            f"{len(predictions)} predictions for {len(labels)} labels: expected as many of each, "
            "at least one"
        )
    pairs = [
        (unicodedata.normalize("NFC", p), unicodedata.normalize("NFC", t))
        for p, t in zip(predictions, labels, strict=True)
    ]
    lowered = [(p.lower(), t.lower()) for p, t in pairs]
    return WordScores(
        word_accuracy=_accuracy(pairs),
        one_ned=_one_ned(pairs),
        word_accuracy_case_insensitive=_accuracy(lowered),
        one_ned_case_insensitive=_one_ned(lowered),
        words=len(labels),
    )


def _accuracy(pairs: list[tuple[str, str]]) -> float:
    return sum(p == t for p, t in pairs) / len(pairs)


def _one_ned(pairs: list[tuple[str, str]]) -> float:
    return sum(Levenshtein.normalized_similarity(p, t) for p, t in pairs) / len(pairs)
