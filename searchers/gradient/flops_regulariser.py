"""The cost regulariser of AutoSTR, Eq. 3: r(alpha) = (log E[FLOPs] / log G)^beta.

The expectation is a sum of table entries weighted by the probabilities; the authors' code runs the
network for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from searchers.errors import SearcherError


@dataclass(frozen=True)
class FlopsRegulariser:
    """``beta`` 0: off. ``reference_macs`` is G."""

    beta: float
    reference_macs: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.beta) and self.beta >= 0.0):
            raise SearcherError(f"beta {self.beta}: expected a number of 0 or more")
        if not (math.isfinite(self.reference_macs) and self.reference_macs > 1.0):
            raise SearcherError(f"reference_macs {self.reference_macs}: expected more than 1")

    def value(self, expected_macs: float) -> float:
        """r for an expectation of more than one MAC."""
        return float((math.log(expected_macs) / math.log(self.reference_macs)) ** self.beta)

    def slope(self, expected_macs: float) -> float:
        """dr / d expected MACs."""
        scale = math.log(expected_macs) * expected_macs
        return self.beta * self.value(expected_macs) / scale
