"""Random search with weight sharing (Li and Talwalkar, *Random Search and Reproducibility for NAS*,
2019): train the supernet on uniform paths, then score uniform architectures and keep the best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchers.base import Evaluate, Evaluated, Problem, Result, Searcher, Work
from searchers.errors import SearcherError
from searchers.training_plan import UniformTraining
from spaces import Architecture


@dataclass(frozen=True)
class RandomSettings:
    """``training_share`` of the budget goes to the weights before the first evaluation."""

    training_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.training_share < 1.0:
            raise SearcherError(
                f"training_share {self.training_share}: expected a number from 0 up to, not "
                "including, 1"
            )


class RandomSearch(Searcher):
    """Train the supernet on uniform paths, score uniform architectures, keep the best."""

    Settings = RandomSettings

    def __init__(
        self, problem: Problem, settings: RandomSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        self._training = UniformTraining(problem, settings.training_share, self._draw)
        self._best: tuple[float, int] | None = None
        self._first = int(problem.space.rank(self._draw(1))[0])

    def ask(self, n: int = 1) -> list[Work]:
        if not self._training.finished:
            return [self._training.ask()]
        return [Evaluate(found) for found in self.problem.space.architectures(self._draw(n))]

    def tell(self, results: Sequence[Result]) -> None:
        for result in results:
            if isinstance(result, Evaluated) and (
                self._best is None or result.score > self._best[0]
            ):
                self._best = (result.score, result.work.architecture.index)

    def recommend(self) -> Architecture:
        index = self._first if self._best is None else self._best[1]
        return self.problem.space.parse(str(index))

    def _draw(self, n: int) -> Any:
        return self.problem.space.sample(n, self.rng, self.problem.max_macs)

    def _state(self) -> dict[str, Any]:
        return {"trained": self._training.asked, "best": self._best, "first": self._first}

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._training.asked = int(state["trained"])
        best = state["best"]
        self._best = None if best is None else (float(best[0]), int(best[1]))
        self._first = int(state["first"])
