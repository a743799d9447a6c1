"""The referee: scores what a searcher recommends, on words that no searcher sees."""

from __future__ import annotations

from dataclasses import dataclass

from spaces import Architecture, Space
from trainers.data.loader import WordImages
from trainers.metrics import WordScores
from trainers.trainer import Trainer


@dataclass(frozen=True)
class Verdict:
    """Fractions in [0, 1]; None where the network's output was not finite.

    ``score`` is the word accuracy on ``test`` that the preset asks for, with case or without.
    """

    score: float | None
    search_val_score: float | None
    word_accuracy: float | None
    one_ned: float | None
    word_accuracy_case_insensitive: float | None
    one_ned_case_insensitive: float | None
    test_words: int


class Referee:
    """Scores with inherited weights, on ``test`` and, beside it, on search_val.

    Off the ledger: refereeing is the harness's cost, not the searcher's.
    """

    def __init__(
        self, space: Space, trainer: Trainer, test: WordImages, case_sensitive: bool
    ) -> None:
        self.space = space
        self.trainer = trainer
        self.test = test
        self.case_sensitive = case_sensitive

    def judge(self, architecture: Architecture) -> Verdict:
        """Score one recommendation."""
        encoding = self.space.encode([architecture])[0]
        test = self.trainer.score(encoding, self.test)
        val = self.trainer.score(encoding, self.trainer.data.evaluation)
        search_val_score = proxy_score(val, self.case_sensitive)
        if test is None:
            return Verdict(None, search_val_score, None, None, None, None, len(self.test))
        return Verdict(
            proxy_score(test, self.case_sensitive),
            search_val_score,
            test.word_accuracy,
            test.one_ned,
            test.word_accuracy_case_insensitive,
            test.one_ned_case_insensitive,
            len(self.test),
        )


def proxy_score(scores: WordScores | None, case_sensitive: bool) -> float | None:
    """The one number that searchers maximise and reports compare."""
    if scores is None:
        return None
    return scores.word_accuracy if case_sensitive else scores.word_accuracy_case_insensitive
