"""Random search under another name and with draws of its own: the second arm of an A/A study."""

from __future__ import annotations

import numpy as np

from searchers.base import Problem
from searchers.random_search import RandomSearch, RandomSettings


class RandomTwin(RandomSearch):
    """Random search in all but its random numbers.

    All searchers of a block get the same generator: a plain subclass would draw what random search
    draws, and two arms that are one would never differ.
    """

    def __init__(
        self, problem: Problem, settings: RandomSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng.spawn(1)[0])
