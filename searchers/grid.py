"""Grid search: the typical downsampling paths with the same operation on every layer.

AutoSTR's first step compares ten paths under one operation (Table 5 of the paper); this does so for
each operation: 70 architectures of the AutoSTR space, 60 of the strict one, in random order, each
once. It is what a person would try by hand, so others should find better ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchers.base import Problem
from searchers.black_box import BlackBox, BlackBoxSettings, Encodings
from searchers.errors import SearcherError
from spaces import Architecture


@dataclass(frozen=True)
class GridSettings(BlackBoxSettings):
    """Nothing but the share of training."""


class Grid(BlackBox):
    """Try each typical path with the same operation on every layer, then stop."""

    Settings = GridSettings

    def __init__(self, problem: Problem, settings: GridSettings, rng: np.random.Generator) -> None:
        super().__init__(problem, settings, rng)
        points = problem.space.uniform_encodings()
        within = points[problem.allows(points)]
        if not len(within):
            raise SearcherError(
                f"none of the {len(points)} architectures of the grid is within max_macs "
                f"{problem.max_macs}, max_params {problem.max_params}: raise the cap"
            )
        self._beyond = len(points) - len(within)
        indices: list[int] = problem.space.rank(within).tolist()
        #: Indices still to be proposed.
        self._queue = [indices[i] for i in rng.permutation(len(indices)).tolist()]

    def warnings(self) -> list[str]:
        if not self._beyond:
            return []
        return [f"{self._beyond} architectures of the grid are beyond the cap and were left out."]

    def _propose(self, n: int) -> Encodings:
        now, self._queue = self._queue[:n], self._queue[n:]
        return self.problem.space.of_indices(now)

    def _independent(self) -> int:
        return len(self._queue)

    def _learn(self, architecture: Architecture, score: float | None) -> None:
        """A grid learns nothing but which was best."""

    def _own_state(self) -> dict[str, Any]:
        return {"queue": list(self._queue)}

    def _load_own_state(self, state: Mapping[str, Any]) -> None:
        self._queue = [int(index) for index in state["queue"]]
