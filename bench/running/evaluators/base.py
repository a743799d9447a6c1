"""What the runner needs of whatever makes scores.

An evaluator prices a piece of work before it is done, does it, and scores recommendations on words
that no searcher sees. It holds the state that a checkpoint must hold. The runner owns everything
else: budget, ledger, log, clock of the whole.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searchers.base import Result, Work
from spaces import Architecture
from trainers.cost import Cost

if TYPE_CHECKING:
    from torch import Tensor


#: Whose weights a verdict's score is with.
COMMON, OWN = "common", "own"
#: The failure that belongs to the architecture and its weights, not to the moment.
NOT_FINITE = "network output is not finite"


@dataclass(frozen=True)
class Outcome:
    """A result and the seconds that it took, or had taken where it is a ``cached`` one.

    ``predicted``: nobody ever measured this score.
    """

    result: Result
    seconds: float
    cached: bool = False
    predicted: bool = False


@dataclass(frozen=True)
class RefereeScores:
    """Fractions in [0, 1]; None where there is no such number, or the output was not finite.

    ``score`` is the word accuracy on ``test`` that the preset asks for, with case or without: the
    endpoint. It is that of ``weights``: ``common`` ones, those of the supernet that the run began
    from, untouched by its own steps; or its ``own`` where it began from fresh ones. What a searcher
    recommends is then worth the same whoever recommends it: with its own weights, an architecture
    gains by steps that its searcher made on it. ``own_score`` is that score at the last look, a
    diagnostic: how far the run's training has moved its supernet towards what it recommends.
    ``search_val_score`` is with the run's own weights too, on all words of search_val that are
    scored: the searcher's evaluations may read the first of them only.
    """

    score: float | None
    search_val_score: float | None
    word_accuracy: float | None
    one_ned: float | None
    word_accuracy_case_insensitive: float | None
    one_ned_case_insensitive: float | None
    test_words: int
    weights: str = OWN
    own_score: float | None = None


class Evaluator(ABC):
    """Prices, does, and scores for the referee."""

    #: Where it computes, for the manifest: cpu, cuda:0, ...
    device: str = "cpu"

    @abstractmethod
    def price(self, work: Work) -> Cost:
        """What the work will consume; known before it runs."""

    @abstractmethod
    def perform(self, work: Work) -> Result:
        """Do it; what gives nothing usable is a ``Failure``."""

    @abstractmethod
    def scores_for_referee(self, architecture: Architecture, final: bool) -> RefereeScores:
        """The referee's scores of a recommendation, off the ledger; ``final``: at the last look."""

    @abstractmethod
    def glance(self, architecture: Architecture) -> float | None:
        """The score on search_val alone, off the ledger; None where it is not finite."""

    def execute_many(self, works: Sequence[Work]) -> list[Outcome]:
        """What comes of each, in order, with the time it took."""
        outcomes = []
        for work in works:
            start = time.perf_counter()
            outcomes.append(Outcome(self.perform(work), time.perf_counter() - start))
        return outcomes

    def fingerprint(self) -> dict[str, Any] | None:
        """What, beside the architecture, decides the score of an evaluation at this moment.

        JSON data; None where scores are not worth keeping.
        """
        return None

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Tensors and counters from which ``load_state`` continues exactly."""
        return {}, {}

    def load_state(  # noqa: B027 - an evaluator without a state has nothing to take over.
        self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]
    ) -> None:
        """Continue from ``state()``."""

    def warnings(self) -> list[str]:
        """What the data have to be said of by now, a sentence each."""
        return []

    def close(self) -> None:  # noqa: B027 - not every evaluator holds on to something.
        """Let go of threads and files; idempotent."""


class AroundEvaluator(Evaluator):
    """Stands around ``inner`` and leaves to it what it does not do itself: by default, all."""

    def __init__(self, inner: Evaluator) -> None:
        self.inner = inner
        self.device = inner.device

    def price(self, work: Work) -> Cost:
        return self.inner.price(work)

    def execute_many(self, works: Sequence[Work]) -> list[Outcome]:
        return self.inner.execute_many(works)

    def perform(self, work: Work) -> Result:
        return self.execute_many([work])[0].result

    def scores_for_referee(self, architecture: Architecture, final: bool) -> RefereeScores:
        return self.inner.scores_for_referee(architecture, final)

    def glance(self, architecture: Architecture) -> float | None:
        return self.inner.glance(architecture)

    def fingerprint(self) -> dict[str, Any] | None:
        return self.inner.fingerprint()

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        return self.inner.state()

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        self.inner.load_state(tensors, counters)

    def close(self) -> None:
        self.inner.close()
