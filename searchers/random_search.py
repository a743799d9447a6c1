"""Random search with weight sharing (Li and Talwalkar, *Random Search and Reproducibility for NAS*,
2019): train the supernet on uniform paths, then score uniform architectures and keep the best.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from searchers.black_box import BlackBox, BlackBoxSettings, Encodings
from spaces import Architecture


@dataclass(frozen=True)
class RandomSettings(BlackBoxSettings):
    """Nothing but the share of training."""


class RandomSearch(BlackBox):
    """Train the supernet on uniform paths, score uniform architectures, keep the best."""

    Settings = RandomSettings

    def _propose(self, n: int) -> Encodings:
        return self._draw_each(n)

    def _independent(self) -> int:
        return sys.maxsize

    def _learn(self, architecture: Architecture, score: float | None) -> None:
        """Random search learns nothing but which was best."""
