"""Every architecture alike, from the first step (Guo et al., *Single Path One-Shot*, 2020)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.supernet_strategies.strategy import SupernetTrainingSettings


class Uniform:
    """Candidates have no representation to agree on, so that this learns to read very slowly."""

    def __init__(self, problem: Problem, settings: SupernetTrainingSettings) -> None:
        self.problem = problem

    def draw(self, n: int, progress: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        return self.problem.space.sample(n, rng, self.problem.max_macs)
