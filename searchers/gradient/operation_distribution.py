"""A categorical distribution over the operations of each choice block, learned by gradient.

Shape legend: L layers, K candidates a layer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def softmax(alpha_LK: Array, allowed_LK: Mask) -> Array:
    """p = exp(alpha) / sum exp(alpha) over each layer's allowed candidates."""
    shifted = np.where(allowed_LK, alpha_LK, -np.inf)
    weights = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    normalised: Array = weights / weights.sum(axis=1, keepdims=True)
    return normalised


def draw(p: Array, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """One candidate each, shape (...,), from probabilities (..., K), by inversion."""
    cumulative = np.cumsum(p, axis=-1)
    # Scaling by the last sum keeps a draw below it, also under rounding.
    u = rng.random((*p.shape[:-1], 1)) * cumulative[..., -1:]
    return np.asarray((cumulative <= u).sum(axis=-1))


def draw_pairs(p_LK: Array, allowed_LK: Mask, rng: np.random.Generator) -> Mask:
    """Two different candidates a layer, drawn by p without replacement: mask (L, K)."""
    rows = np.arange(len(p_LK))
    mask = np.zeros(p_LK.shape, dtype=bool)
    mask[rows, draw(p_LK, rng)] = True
    rest = np.where(mask, 0.0, p_LK)
    # A distribution that has collapsed onto one candidate leaves no mass for a second one.
    rest = np.where(rest.sum(axis=1, keepdims=True) > 0, rest, (~mask & allowed_LK) * 1.0)
    mask[rows, draw(rest, rng)] = True
    return mask


def gradient_of_alpha(gate_gradients_LK: Array, p_LK: Array) -> Array:
    """AutoSTR, Eq. 5: dL/dalpha_i = sum_j dL/dg_j p_j (delta_ij - p_i)."""
    weighted = gate_gradients_LK * p_LK
    gradient: Array = weighted - p_LK * weighted.sum(axis=1, keepdims=True)
    return gradient


class LimitedDraws:
    """Draws of one candidate a layer by p given that all together cost at most ``limit``.

    Exact: ``within[l][r]`` is the probability that the layers from l on fit into r units, computed
    from the last layer backwards; then each layer is drawn by what its choices leave possible.
    """

    def __init__(self, p_LK: Array, costs_LK: npt.NDArray[np.int64], limit: int) -> None:
        unit = max(1, int(np.gcd.reduce(costs_LK, axis=None)))
        self.p_LK = p_LK
        self.costs_LK = costs_LK // unit
        # More than everything together never constrains anything.
        self.room = min(limit // unit, int(self.costs_LK.max(axis=1).sum()))
        self.within = [np.ones(max(0, self.room + 1))]
        for p_K, costs_K in zip(p_LK[::-1], self.costs_LK[::-1], strict=True):
            total = np.zeros(len(self.within[0]))
            for probability, cost in zip(p_K, costs_K, strict=True):
                if probability > 0 and cost <= self.room:
                    total[cost:] += probability * self.within[-1][: self.room + 1 - cost]
            self.within.append(total)
        self.within.reverse()

    def draw(self, rng: np.random.Generator) -> npt.NDArray[np.int64] | None:
        """Candidates (L,); None if no choice with positive probability fits."""
        room = self.room
        if room < 0:
            return None
        chosen = []
        for layer, (p_K, costs_K) in enumerate(zip(self.p_LK, self.costs_LK, strict=True)):
            rest_K = room - costs_K
            ahead_K = self.within[layer + 1][np.maximum(rest_K, 0)]
            weights_K = np.where(rest_K >= 0, p_K * ahead_K, 0.0)
            if not weights_K.sum() > 0:
                return None
            chosen.append(int(draw(weights_K[None] / weights_K.sum(), rng)[0]))
            room -= int(costs_K[chosen[-1]])
        return np.array(chosen)


def log_mass(alpha_LK: Array, mask_LK: Mask) -> Array:
    """log sum exp over the masked candidates of each layer, shape (L, 1)."""
    masked = np.where(mask_LK, alpha_LK, -np.inf)
    top = masked.max(axis=1, keepdims=True)
    total: Array = top + np.log(np.exp(masked - top).sum(axis=1, keepdims=True))
    return total
