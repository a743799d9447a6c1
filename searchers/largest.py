"""The baseline that needs no search: the costliest architecture within the caps. A searcher that
does not beat it has found nothing but size.

The architecture is found exactly, by dynamic programming over the space's path graph
(``spaces/best.py``). The weights are trained as for the other searchers, on uniform paths, so that
its score is one among theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from searchers.base import Problem
from searchers.black_box import BlackBox, BlackBoxSettings, Encodings
from searchers.errors import SearcherError
from spaces import Architecture
from spaces.best import largest_architecture


@dataclass(frozen=True)
class LargestSettings(BlackBoxSettings):
    """``cost`` is what to have most of: ``params`` or ``macs``."""

    cost: Literal["params", "macs"] = "params"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cost not in ("params", "macs"):
            raise SearcherError(f"cost {self.cost!r}: expected params or macs")


class Largest(BlackBox):
    """The most parameters (or MACs) within the caps, without a search: the params-only baseline."""

    Settings = LargestSettings

    def __init__(
        self, problem: Problem, settings: LargestSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        graph = problem.space.path_graph()
        found = largest_architecture(graph, settings.cost, problem.max_macs, problem.max_params)
        if found is None:
            raise SearcherError(
                f"no architecture has at most max_params {problem.max_params} within max_macs "
                f"{problem.max_macs}: raise the caps"
            )
        self._largest = graph.encode(found.edges[None], found.operations[None])
        #: Recommended from the start, whatever it will score.
        self._first = int(problem.space.rank(self._largest)[0])
        self._asked = False

    def _propose(self, n: int) -> Encodings:
        if self._asked:
            return self._largest[:0]
        self._asked = True
        return self._largest

    def _learn(self, architecture: Architecture, score: float | None) -> None:
        """There is nothing to learn."""

    def _own_state(self) -> dict[str, Any]:
        return {"asked": self._asked}

    def _load_own_state(self, state: Mapping[str, Any]) -> None:
        self._asked = bool(state["asked"])
