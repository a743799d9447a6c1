"""Slope of a straight line by least squares, with a percentile bootstrap over its points.

Pairs are resampled, not residuals, so that the spread may differ from point to point (Davison and
Hinkley, Bootstrap Methods, 1997, section 6.2.4).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from bench.statistics.answers import Estimate, Floats, NotComputable, columns
from bench.statistics.bootstrap import RESAMPLES, resampled_estimate


def slope(
    x: npt.ArrayLike, y: npt.ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Estimate | NotComputable:
    """By how much ``y`` (n,) changes for one more of ``x`` (n,)."""
    pair = columns(x, y)
    if isinstance(pair, NotComputable):
        return pair
    a, b = pair
    n = len(a)
    if n < 2 or np.ptp(a) == 0.0:
        return NotComputable("a slope needs 2 different values to stand on", n=n)
    name = "least squares, bootstrap over points"
    slopes = partial(_slopes, a, b)
    return resampled_estimate(slopes, n, rng, name, resamples=resamples, things="points")


def _slopes(a: Floats, b: Floats, counts: Floats) -> Floats:
    """Of resamples in which point i is counts[r, i] times; NaN where all x are equal."""
    weights = counts / counts.sum(axis=1, keepdims=True)
    centred = a - (weights @ a)[:, None]
    spread = (weights * centred**2).sum(axis=1)
    shared = (weights * centred) @ b
    found = np.full_like(spread, np.nan)
    return np.asarray(np.divide(shared, spread, out=found, where=spread > 1e-12))
