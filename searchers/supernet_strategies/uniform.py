"""Every architecture alike, from the first step (Guo et al., *Single Path One-Shot*, 2020)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchers.supernet_strategies.strategy import Strategy


class Uniform(Strategy):
    """Candidates have no representation to agree on, so that this learns to read very slowly."""

    def draw(self, n: int, progress: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        return self.problem.space.sample(n, rng, self.problem.max_macs)
