"""What black-box searchers share: train the supernet on uniform paths, then evaluate proposals.

A subclass says what to evaluate next and learns the scores; which architecture was best, the share
of the budget that goes into weights and the bookkeeping are here, the same for all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from searchers.base import Evaluate, Evaluated, Failure, Problem, Result, Searcher, Work
from searchers.errors import SearcherError
from searchers.training_plan import WeightTraining
from spaces import Architecture

Encodings = npt.NDArray[np.int8]


@dataclass(frozen=True)
class BlackBoxSettings:
    """``training_share`` of the budget goes to the weights before the first evaluation.

    None: what the protocol says for all black-box searchers (``Problem.training_share``).
    """

    training_share: float | None = None

    def __post_init__(self) -> None:
        if self.training_share is not None and not 0.0 <= self.training_share < 1.0:
            raise SearcherError(
                f"training_share {self.training_share}: expected a number from 0 up to, not "
                "including, 1"
            )


class BlackBox(Searcher):
    """Base class of searchers that only see scores."""

    def __init__(
        self, problem: Problem, settings: BlackBoxSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        share = settings.training_share
        if share is None:
            share = problem.training_share
        self._training = WeightTraining(problem, share, self._draw)
        self._best: tuple[float, int] | None = None
        #: What is recommended before anything is known.
        self._first = int(problem.space.rank(problem.draw(1, rng))[0])

    def ask(self, n: int = 1) -> list[Work]:
        if not self._training.finished:
            return [self._training.ask()]
        return [Evaluate(found) for found in self.problem.space.architectures(self._propose(n))]

    def independent(self, limit: int) -> int:
        if not self._training.finished:
            return 1
        return max(1, min(limit, self._independent()))

    def tell(self, results: Sequence[Result]) -> None:
        for result in results:
            if isinstance(result, Evaluated):
                found, score = result.work.architecture, result.score
                if self._best is None or score > self._best[0]:
                    self._best = (score, found.index)
                self._learn(found, score)
            elif isinstance(result, Failure) and isinstance(result.work, Evaluate):
                self._learn(result.work.architecture, None)

    def recommend(self) -> Architecture:
        index = self._first if self._best is None else self._best[1]
        return self.problem.space.parse(str(index))

    @abstractmethod
    def _propose(self, n: int) -> Encodings:
        """At most ``n`` legal architectures (N, columns) within the caps; none when finished.

        Only called when the supernet's training is over.
        """

    @abstractmethod
    def _learn(self, architecture: Architecture, score: float | None) -> None:
        """Learn one result, in the order of the proposals; None is a failed evaluation."""

    def _independent(self) -> int:
        """How many of the next proposals depend on none of each other's scores, as far as known."""
        return 1

    def _draw(self, n: int) -> Encodings:
        return self.problem.draw(n, self.rng)

    def _draw_each(self, n: int) -> Encodings:
        """What ``n`` draws one after the other give, which ``n`` at once need not be."""
        return np.concatenate([self._draw(1) for _ in range(n)])

    def _own_state(self) -> dict[str, Any]:
        """The subclass's own state as JSON data."""
        return {}

    def _load_own_state(self, state: Mapping[str, Any]) -> None:
        """Take over what ``_own_state`` returned."""

    def _state(self) -> dict[str, Any]:
        return {
            "trained": self._training.asked,
            "best": self._best,
            "first": self._first,
            "own": self._own_state(),
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._training.asked = int(state["trained"])
        best = state["best"]
        self._best = None if best is None else (float(best[0]), int(best[1]))
        self._first = int(state["first"])
        self._load_own_state(state["own"])
