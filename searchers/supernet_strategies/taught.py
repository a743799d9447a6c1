"""From a network that is no architecture of the space to all of them, which it goes on to teach.

Drawn as by ``neutral``, except that the base is never left alone: it teaches time step by time step
(``trainers.teaching``), and what it shares with its pupils changes under it. So it goes on
learning: one step of ``TEACHER_EVERY`` is its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.supernet_strategies.neutral import Neutral
from searchers.supernet_strategies.strategy import TEACHER_EVERY, SupernetTrainingSettings


class Taught:
    """The draws of ``neutral``, every so often the base on their paths."""

    def __init__(self, problem: Problem, settings: SupernetTrainingSettings) -> None:
        self._neutral = Neutral(problem, settings)
        self._path_length = problem.space.path_length

    def draw(self, n: int, progress: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        drawn = self._neutral.draw(n, progress, rng)
        drawn[::TEACHER_EVERY, self._path_length :] = self._neutral.default
        return drawn
