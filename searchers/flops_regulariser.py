"""The cost regulariser of AutoSTR, Eq. 3: r(alpha) = (log E[FLOPs] / log G)^beta.

The expectation is a sum of table entries weighted by the probabilities; the authors' code runs the
network for it. Shape legend: L layers, K candidates a layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchers.errors import SearcherError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FlopsRegulariser:
    """``macs_LK`` of each candidate on the path, ``fixed_macs`` of the stem; beta 0: off."""

    macs_LK: npt.NDArray[np.int64]
    fixed_macs: int
    beta: float
    reference_macs: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.beta) and self.beta >= 0.0):
            raise SearcherError(f"beta {self.beta}: expected a number of 0 or more")
        if not (math.isfinite(self.reference_macs) and self.reference_macs > 1.0):
            raise SearcherError(f"reference_macs {self.reference_macs}: expected more than 1")

    def expected_macs(self, p_LK: Array) -> float:
        """E[FLOPs] of the path under p."""
        return self.fixed_macs + float((self.macs_LK * p_LK).sum())

    def value(self, p_LK: Array) -> float:
        """r(alpha)."""
        ratio = math.log(self.expected_macs(p_LK)) / math.log(self.reference_macs)
        return float(ratio**self.beta)

    def gradient(self, p_LK: Array) -> Array:
        """dr/dp of shape (L, K)."""
        expected = self.expected_macs(p_LK)
        scale = self.beta * self.value(p_LK) / (math.log(expected) * expected)
        return np.asarray(scale * self.macs_LK, dtype=np.float64)
