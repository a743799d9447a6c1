"""M3: which operations gate gradients favour while alphas are uniform and weights are frozen.

A search by gradients begins there. If one operation wins on nearly all layers of a path before
anything was searched, the supernet speaks and not the task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaces import Space
from trainers.trainer import Trainer

#: Gate steps on each path, as in the first look at the first supernet.
STEPS = 40


@dataclass(frozen=True)
class Probe:
    """Layers of one path by the operation that they favour; ``most`` favour the commonest one."""

    path: str
    layers: int
    favoured: dict[str, int]

    @property
    def most(self) -> int:
        """Layers that favour the commonest operation."""
        return max(self.favoured.values())


def probe(
    trainer: Trainer,
    space: Space,
    path: npt.NDArray[np.int8],
    rng: np.random.Generator,
    progress: Callable[[], None] = lambda: None,
) -> Probe:
    """Mean gate gradients over ``STEPS`` steps on one path (path_length,), operations uniform.

    A layer favours the operation whose gate, opened further, lowers the loss most. Nothing is
    changed but the trainer's count of gate steps.
    """
    legal = np.asarray(space.operation_allowed(path))
    sums = np.zeros(legal.shape)
    for _ in range(STEPS):
        operations = [rng.choice(np.flatnonzero(row)) for row in legal]
        encoding = np.concatenate([path, np.array(operations)]).astype(np.int8)
        sums += trainer.gate_gradient(encoding, legal).gradients
        progress()
    best = np.where(legal, sums, np.inf).argmin(axis=1)
    counted = Counter(space.operations[code] for code in best.tolist())
    return Probe(space.path_text(path), len(best), dict(counted.most_common()))
