"""Training the shared supernet is a run as well: this proposes paths until the budget ends.

Going through the same loop gives supernets the same ledger, log and resume as searches have. It is
not in the registry, since it searches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from searchers.base import Problem, Result, Searcher, Work
from searchers.supernet_strategies.grown import Grown
from searchers.supernet_strategies.neutral import Neutral
from searchers.supernet_strategies.strategy import (
    Strategy,
    StrategyName,
    SupernetTrainingSettings,
)
from searchers.supernet_strategies.uniform import Uniform
from searchers.training_plan import WeightTraining
from spaces import Architecture

STRATEGIES: Mapping[StrategyName, type[Strategy]] = {
    "uniform": Uniform, "grown": Grown, "neutral": Neutral,
}  # fmt: skip


class SupernetTraining(Searcher):
    """Weight steps on the paths of a strategy, nothing else."""

    Settings = SupernetTrainingSettings

    def __init__(
        self, problem: Problem, settings: SupernetTrainingSettings, rng: np.random.Generator
    ) -> None:
        # A stream of its own. With that of searchers, a random search of the same seed would
        # propose the very architectures that its supernet was trained on.
        super().__init__(problem, settings, rng.spawn(1)[0])
        self._strategy = STRATEGIES[settings.strategy](problem, settings)
        self._training = WeightTraining(problem, 1.0, self._draw)

    @classmethod
    def default_operations(cls, settings: SupernetTrainingSettings) -> tuple[str, ...]:
        return STRATEGIES[settings.strategy].default_operations

    def ask(self, n: int = 1) -> list[Work]:
        return [] if self._training.finished else [self._training.ask()]

    def tell(self, results: Sequence[Result]) -> None:
        """Weights are all there is to learn."""

    def recommend(self) -> Architecture:
        return self.problem.space.parse(self.settings.base or "0")

    def _draw(self, n: int) -> npt.NDArray[np.int8]:
        done = self._training.asked / max(1, self._training.steps)
        return self._strategy.draw(n, done, self.rng)

    def _state(self) -> dict[str, Any]:
        return {"trained": self._training.asked}

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._training.asked = int(state["trained"])
