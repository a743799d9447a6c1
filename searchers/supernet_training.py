"""Training the shared supernet is a run as well: this proposes uniform paths until the budget ends.

Going through the same loop gives supernets the same ledger, log and resume as searches have. It is
not in the registry, since it searches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from searchers.base import Problem, Result, Searcher, Work
from searchers.errors import SearcherError
from searchers.training_plan import UniformTraining
from spaces import Architecture


@dataclass(frozen=True)
class SupernetTrainingSettings:
    """From one architecture to all of them.

    Steps start on the architecture ``base`` alone, for ``base_share`` of the budget; over the next
    ``widening_share`` each layer leaves its base operation, and the path its base path, with a
    probability that grows linearly to 1; the rest is uniform. A supernet whose candidates are drawn
    uniformly from the start has no representation to agree on and learned nothing in the number of
    images in which a single architecture learned to read. With an empty ``base`` all is uniform.

    ``favourite_share`` of the uniform steps stay on the base path, for searches that fix it.
    """

    base: str = ""
    base_share: float = 0.02
    widening_share: float = 0.2
    favourite_share: float = 0.0

    def __post_init__(self) -> None:
        for name in ("base_share", "widening_share", "favourite_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SearcherError(f"{name} {getattr(self, name)}: expected 0 to 1")
        if self.favourite_share > 0.0 and not self.base:
            raise SearcherError("favourite_share is set but no base architecture: name one")


class SupernetTraining(Searcher):
    """Weight steps on random paths, nothing else."""

    Settings = SupernetTrainingSettings

    def __init__(
        self, problem: Problem, settings: SupernetTrainingSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        space = problem.space
        self._base = space.encode([space.parse(settings.base)])[0] if settings.base else None
        self._training = UniformTraining(problem, 1.0, self._draw)

    def ask(self, n: int = 1) -> list[Work]:
        return [] if self._training.finished else [self._training.ask()]

    def tell(self, results: Sequence[Result]) -> None:
        """Weights are all there is to learn."""

    def recommend(self) -> Architecture:
        return self.problem.space.parse(self.settings.base or "0")

    def _draw(self, n: int) -> npt.NDArray[np.int8]:
        drawn = self.problem.space.sample(n, self.rng, self.problem.max_macs)
        if self._base is None:
            return drawn
        freedom = self._freedom()
        length = self.problem.space.path_length
        stay = self.rng.random(n) >= freedom * (1.0 - self.settings.favourite_share)
        drawn[stay, :length] = self._base[:length]
        keep = self.rng.random((n, self.problem.space.layers)) >= freedom
        widened = drawn.copy()
        widened[:, length:][keep] = np.broadcast_to(self._base[length:], keep.shape)[keep]
        # A base operation may be illegal on another path (strict spaces), or break the cap.
        fits = self.problem.space.is_valid(widened) & self.problem.allows(widened)
        return np.where(fits[:, None], widened, self._base)

    def _freedom(self) -> float:
        """Probability with which a layer leaves its base operation at the present step."""
        progress = self._training.asked / max(1, self._training.steps)
        over = progress - self.settings.base_share
        if over < 0.0:
            return 0.0
        return (
            1.0
            if over >= self.settings.widening_share
            else max(0.0, over / self.settings.widening_share)
        )

    def _state(self) -> dict[str, Any]:
        return {"trained": self._training.asked}

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._training.asked = int(state["trained"])
