"""From a network that is no architecture of the space to all of them.

The base has the default operation on every layer, which is no candidate and is not stored, and a
path that is another one for each step. So no candidate and no path is trained more than another.

Layers leave the base at their own pace. One that keeps the shape does no harm, since its candidates
begin as the identity. One that changes the shape begins from weights that nothing agrees with: as
one of five it is taught by the rest of the network, all at once they forget how to read.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.errors import SearcherError
from searchers.supernet_strategies.strategy import Strategy, SupernetTrainingSettings

#: On every layer of the base: AutoSTR's default operation of step 1.
BASE = "residual"


class Neutral(Strategy):
    """In the first half of widening layers that keep the shape leave the base, all by its end, and
    up to one of the others at a time; in the second half the others follow.
    """

    takes = ("base_share", "widening_share")
    default_operations = (BASE,)

    def __init__(self, problem: Problem, settings: SupernetTrainingSettings) -> None:
        space = problem.space
        if BASE not in space.default_operations:
            raise SearcherError(
                f"space {space.name} has no default operation {BASE} for strategy 'neutral': set "
                "supernet_recipe.strategy to 'uniform' or 'grown'"
            )
        super().__init__(problem, settings)
        self._default = len(space.operations) + space.default_operations.index(BASE)

    def draw(self, n: int, progress: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        space = self.problem.space
        drawn = space.sample(n, rng, self.problem.max_macs)
        widening = self.settings.widening(progress)
        changing = drawn[:, : space.path_length] != 0
        chance = np.where(changing, max(0.0, 2.0 * widening - 1.0), min(1.0, 2.0 * widening))
        leaves = rng.random(changing.shape) < chance
        # One layer of each path, among those that change the shape.
        order = np.where(changing, rng.random(changing.shape), -1.0)
        taught = rng.random(n) < 2.0 * widening
        leaves[np.arange(n), order.argmax(1)] |= taught
        drawn[:, space.path_length :][~leaves] = self._default
        return drawn
