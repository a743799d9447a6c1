"""What is fixed before a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: The endpoint of docs and reports, in one sentence.
ENDPOINT = (
    "The referee's score on test of the architecture that a searcher recommends at the end of its "
    "budget; not the best score it has seen."
)
#: What it is worth where scores are replayed.
REPLAYED_ENDPOINT = (
    "The recorded, or predicted, score on search_val of what a searcher recommends: the very "
    "number it was selected on, so the best score seen. Nothing was scored on test: a rehearsal."
)


@dataclass(frozen=True)
class Protocol:
    """Levels of the statistics; ``margin`` is the shift below which searchers count as equivalent.

    ``bootstrap_seed`` makes every resampling repeatable; each part draws from a stream of its own.
    """

    alpha: float = 0.05
    level: float = 0.95
    power: float = 0.8
    margin: float | None = 0.02
    baseline: str = "random"
    bootstrap_seed: int = 2026

    def generator(self, part: str) -> np.random.Generator:
        """The generator of one part of the analysis."""
        return np.random.default_rng([self.bootstrap_seed, *part.encode()])
