"""The latency term of the STR-NAS slides: L = L_rec + lambda_1 * E[latency].

The latency of each candidate on each edge of the path graph was measured beforehand, "for every
possible dimension" (``bench latency measure``); the expectation over the distribution that is being
learned is a sum of table entries, as in ProxylessNAS (Cai et al., 2019, section 3.3.1, Eq. 5).

Shape legend: E edges, K operations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.errors import SearcherError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LatencyTerm:
    """``weight`` is lambda_1, in units of the loss a millisecond; the stem is left out."""

    weight: float
    table_EK: Array

    @property
    def costs(self) -> Array:
        """What each candidate adds to the loss."""
        return np.asarray(self.weight * self.table_EK)


def latency_term(
    problem: Problem, weight: float, edges: npt.NDArray[np.int64]
) -> LatencyTerm | None:
    """The term for the ``edges`` of the graph that are searched; None where the weight is 0.

    ``SearcherError`` when latencies are wanted and there are none.
    """
    if not (math.isfinite(weight) and weight >= 0.0):
        raise SearcherError(f"latency_weight {weight}: expected a number of 0 or more")
    if weight == 0.0:
        return None
    if problem.latency_ms is None:
        raise SearcherError(
            f"latency_weight {weight} without measured latencies: give --latency-table FILE, made "
            "by `bench latency measure FILE`"
        )
    return LatencyTerm(weight, np.asarray(problem.latency_ms, dtype=np.float64)[edges])
