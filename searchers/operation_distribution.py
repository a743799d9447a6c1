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


def draw(p_LK: Array, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """One candidate a layer, shape (L,), by inversion of the cumulative distribution."""
    cumulative = np.cumsum(p_LK, axis=1)
    # Scaling by the last sum keeps a draw below it, also under rounding.
    u_L1 = rng.random((len(p_LK), 1)) * cumulative[:, -1:]
    return np.asarray((cumulative <= u_L1).sum(axis=1))


def draw_pairs(p_LK: Array, rng: np.random.Generator) -> Mask:
    """Two different candidates a layer, drawn by p without replacement: mask (L, K)."""
    rows = np.arange(len(p_LK))
    mask = np.zeros(p_LK.shape, dtype=bool)
    mask[rows, draw(p_LK, rng)] = True
    rest = np.where(mask, 0.0, p_LK)
    # A distribution that has collapsed onto one candidate leaves no mass for a second one.
    rest = np.where(rest.sum(axis=1, keepdims=True) > 0, rest, (~mask & (p_LK >= 0)) * 1.0)
    mask[rows, draw(rest, rng)] = True
    return mask


def gradient_of_alpha(gate_gradients_LK: Array, p_LK: Array) -> Array:
    """AutoSTR, Eq. 5: dL/dalpha_i = sum_j dL/dg_j p_j (delta_ij - p_i)."""
    weighted = gate_gradients_LK * p_LK
    gradient: Array = weighted - p_LK * weighted.sum(axis=1, keepdims=True)
    return gradient


def draw_within(
    p_LK: Array, macs_LK: npt.NDArray[np.int64], limit: int, rng: np.random.Generator
) -> npt.NDArray[np.int64] | None:
    """One candidate a layer (L,), by p given that all together need at most ``limit`` MACs.

    Exact: ``within[r]`` is the probability that the layers to come fit into r units, computed from
    the last layer backwards; then each layer is drawn by what its choices leave possible. None if
    no choice with positive probability fits.
    """
    unit = max(1, int(np.gcd.reduce(macs_LK, axis=None)))
    costs_LK = macs_LK // unit
    # More than everything together never constrains anything.
    room = min(limit // unit, int(costs_LK.max(axis=1).sum()))
    if room < 0:
        return None
    within = [np.ones(room + 1)]
    for p_K, costs_K in zip(p_LK[::-1], costs_LK[::-1], strict=True):
        total = np.zeros(room + 1)
        for probability, cost in zip(p_K, costs_K, strict=True):
            if probability > 0 and cost <= room:
                total[cost:] += probability * within[-1][: room + 1 - cost]
        within.append(total)
    within.reverse()
    chosen = []
    for layer, (p_K, costs_K) in enumerate(zip(p_LK, costs_LK, strict=True)):
        rest_K = room - costs_K
        weights_K = np.where(rest_K >= 0, p_K * within[layer + 1][np.maximum(rest_K, 0)], 0.0)
        if not weights_K.sum() > 0:
            return None
        chosen.append(int(draw(weights_K[None] / weights_K.sum(), rng)[0]))
        room -= int(costs_K[chosen[-1]])
    return np.array(chosen)


def entropy(p_LK: Array) -> float:
    """Mean over layers of the entropy, in nats; log K where nothing has been learned."""
    terms = np.where(p_LK > 0, p_LK * np.log(np.where(p_LK > 0, p_LK, 1.0)), 0.0)
    return float(-terms.sum(axis=1).mean())


def most_probable(
    p_LK: Array, macs_LK: npt.NDArray[np.int64], limit: int | None
) -> npt.NDArray[np.int64]:
    """The operations (L,) of highest joint probability with at most ``limit`` MACs in all.

    Ties go to the cheaper operation, then the lower index. The knapsack under a limit is solved
    exactly over the Pareto front of (MACs, log-probability), which stays short since most partial
    choices are dominated. ``ValueError`` if nothing fits.
    """
    log_p = np.log(np.maximum(p_LK, 1e-300))
    if limit is None or macs_LK[np.arange(len(p_LK)), p_LK.argmax(1)].sum() <= limit:
        order = np.lexsort((np.broadcast_to(np.arange(p_LK.shape[1]), p_LK.shape), macs_LK, -log_p))
        return np.asarray(order[:, 0])
    costs, values = np.zeros(1, dtype=np.int64), np.zeros(1)
    chosen = np.zeros((1, 0), dtype=np.int64)
    cheapest_rest = np.append(np.cumsum(macs_LK.min(axis=1)[::-1])[::-1], 0)
    for layer, (layer_macs, layer_log_p) in enumerate(zip(macs_LK, log_p, strict=True)):
        candidates = np.flatnonzero(p_LK[layer] > 0)
        new_costs = (costs[:, None] + layer_macs[candidates]).ravel()
        new_values = (values[:, None] + layer_log_p[candidates]).ravel()
        parents = np.repeat(np.arange(len(costs)), len(candidates))
        picks = np.tile(candidates, len(costs))
        order = np.lexsort((-new_values, new_costs))
        best_before = np.maximum.accumulate(np.append(-np.inf, new_values[order]))[:-1]
        keep = order[
            (new_values[order] > best_before)
            & (new_costs[order] + cheapest_rest[layer + 1] <= limit)
        ]
        costs, values = new_costs[keep], new_values[keep]
        chosen = np.column_stack([chosen[parents[keep]], picks[keep]])
        if not len(costs):
            raise ValueError(f"no choice of operations has at most {limit} MACs on this path")
    return np.asarray(chosen[int(values.argmax())])
