"""The part that one-shot searchers share: train the supernet on drawn paths first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from searchers.base import Problem, TrainWeights

#: Weight steps in one piece of work: long enough to keep the log short, short enough to be lost.
STEPS_PER_WORK = 10


class WeightTraining:
    """``steps`` weight steps, each on a path drawn by ``draw(n) -> encodings (n, D)``.

    They are ``epochs`` passes over search_train or, where that is 0, a ``share`` of the budget.
    """

    def __init__(
        self,
        problem: Problem,
        share: float,
        draw: Callable[[int], npt.NDArray[np.int8]],
        epochs: float = 0.0,
    ) -> None:
        self.problem = problem
        self.draw = draw
        self.steps = problem.steps_of(epochs) or (
            int(share * problem.budget_images) // problem.images_per_step
        )
        self.asked = 0

    @property
    def finished(self) -> bool:
        """Whether all steps have been asked for."""
        return self.asked >= self.steps

    def ask(self) -> TrainWeights:
        """The next piece of weight training."""
        count = min(STEPS_PER_WORK, self.steps - self.asked)
        self.asked += count
        return TrainWeights(tuple(self.problem.space.mixed_architectures(self.draw(count))))
