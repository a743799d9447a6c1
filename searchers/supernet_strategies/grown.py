"""From one architecture to all of them. What grows longest is favoured: see docs/supernet.md."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.errors import SearcherError
from searchers.supernet_strategies.strategy import Strategy, SupernetTrainingSettings


class Grown(Strategy):
    """Each layer leaves its base operation, and the path its base path, ever more often."""

    takes = ("base", "base_share", "widening_share", "favourite_share")

    def __init__(self, problem: Problem, settings: SupernetTrainingSettings) -> None:
        super().__init__(problem, settings)
        if not settings.base:
            raise SearcherError(
                "strategy 'grown' needs a base architecture: set supernet_recipe.base, or another "
                "supernet_recipe.strategy"
            )
        self._base = problem.space.encode([problem.space.parse(settings.base)])[0]

    def draw(self, n: int, progress: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        space = self.problem.space
        drawn = space.sample(n, rng, self.problem.max_macs)
        freedom = self.settings.widening(progress)
        length = space.path_length
        stay = rng.random(n) >= freedom * (1.0 - self.settings.favourite_share)
        drawn[stay, :length] = self._base[:length]
        keep = rng.random((n, space.layers)) >= freedom
        widened = drawn.copy()
        widened[:, length:][keep] = np.broadcast_to(self._base[length:], keep.shape)[keep]
        # A base operation may be illegal on another path (strict spaces), or break the cap.
        fits = space.is_valid(widened) & self.problem.allows(widened)
        return np.where(fits[:, None], widened, self._base)
