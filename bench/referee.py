"""The referee: scores what a searcher recommends, on words that no searcher sees."""

from __future__ import annotations

from dataclasses import dataclass

from spaces import Architecture, Space
from trainers.data.loader import WordImages
from trainers.trainer import Trainer


@dataclass(frozen=True)
class Verdict:
    """Fractions in [0, 1]; None where the network's output was not finite."""

    test_word_accuracy: float | None
    test_one_ned: float | None
    test_words: int
    search_val_word_accuracy: float | None


class Referee:
    """Scores with inherited weights, on ``test`` and, beside it, on all of search_val.

    Off the ledger: refereeing is the harness's cost, not the searcher's.
    """

    def __init__(self, space: Space, trainer: Trainer, test: WordImages) -> None:
        self.space = space
        self.trainer = trainer
        self.test = test

    def judge(self, architecture: Architecture) -> Verdict:
        """Score one recommendation."""
        encoding = self.space.encode([architecture])[0]
        test = self.trainer.score(encoding, self.test)
        val = self.trainer.score(encoding, self.trainer.data.evaluation)
        return Verdict(
            test_word_accuracy=None if test is None else test.word_accuracy,
            test_one_ned=None if test is None else test.one_ned,
            test_words=len(self.test),
            search_val_word_accuracy=None if val is None else val.word_accuracy,
        )
