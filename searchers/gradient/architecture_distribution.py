"""A learned distribution over architectures: p(path) times p(operation | edge) of each layer.

The path's logits lie on the edges of the path graph (``path_distribution.py``), the
operations' logits alpha in rows, each of which serves one or more edges of a layer. Where the
path is fixed, the graph is a chain, its only path has probability 1, and what is left is the
distribution over operations of ProxylessNAS and AutoSTR.

Which edges share a row of alpha (``operations_per``) decides how much can be learned from little:

``layer``  one row a layer, whatever the path. AutoSTR finds the choices of path and of operations
           almost orthogonal (section 4.5), and each architecture step then teaches all rows.
``level``  one row for each layer and width: an operation may be right before a downsampling and
           wrong behind it, at about a third of the steps for each row.
``edge``   one row for each edge of the mesh: anything can be expressed, but at full size a row is
           met once in twenty steps.

Shape legend: E edges, R rows of alpha, K operations, L layers, N architectures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from searchers.gradient.adam import Adam
from searchers.gradient.operation_distribution import gradient_of_alpha, log_mass, softmax
from searchers.gradient.path_distribution import PathDistribution
from spaces.path_graph import PathGraph

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

OPERATIONS_PER = ("layer", "level", "edge")


@dataclass(frozen=True)
class Drawn:
    """One architecture: edges (L,), operations (L,) and the factor of its score's gradient."""

    edges: Codes
    operations: Codes
    weight: float = 0.0


class ArchitectureDistribution:
    """Parameters, probabilities, expectations with exact gradients, and steps of Adam."""

    def __init__(
        self,
        graph: PathGraph,
        operations_per: str,
        initial_spread: float,
        operation_adam: tuple[float, tuple[float, float]],
        path_learning_rate: float,
        rng: np.random.Generator,
    ) -> None:
        self.graph = graph
        keys = {"layer": graph.layer * 0, "level": graph.level, "edge": np.arange(graph.edges)}
        places = np.column_stack([graph.layer, keys[operations_per]])
        self.row_E: Codes = np.unique(places, axis=0, return_inverse=True)[1].ravel()
        rows = int(self.row_E.max()) + 1
        shape = (rows, graph.operations)
        self._alpha: Array = rng.uniform(-1.0, 1.0, shape) * initial_spread
        self._adam = Adam(shape, *operation_adam)
        self._logits: Array = np.zeros(graph.edges)
        if not graph.single:
            self._logits = rng.uniform(-1.0, 1.0, graph.edges) * initial_spread
        self._path_adam = Adam((graph.edges,), path_learning_rate, operation_adam[1])
        self.allowed_RK = np.zeros(shape, dtype=bool)
        np.logical_or.at(self.allowed_RK, self.row_E, graph.edge_allowed)
        #: Counts the changes of the parameters.
        self.version = 0

    # ---- probabilities -----------------------------------------------------------------

    @cached_property
    def probabilities(self) -> Array:
        """Probabilities of the operations of each edge, given that the path passes it."""
        return softmax(self._alpha[self.row_E], self.graph.edge_allowed)

    @cached_property
    def paths(self) -> PathDistribution:
        """The distribution over paths."""
        return PathDistribution(self.graph, self._logits)

    def of_candidates(self, edges_L: Codes, active_LK: Mask) -> Array:
        """Softmax (L, K) over the ``active`` candidates only, along a path."""
        return softmax(self._alpha[self.row_E[edges_L]], active_LK)

    def scores(self) -> Array:
        """log p as a sum over layers, but for a constant: one term (E, K) for each choice."""
        log_p_EK = np.log(np.maximum(self.probabilities, 1e-300))
        return np.asarray(self._logits[:, None] + log_p_EK)

    def expected(self, costs_EK: npt.NDArray[Any]) -> float:
        """Expected sum over the layers of what the chosen candidates cost."""
        return self.paths.expected((self.probabilities * costs_EK).sum(axis=1))

    def entropy(self) -> float:
        """Mean over layers of the operations' entropy in nats, expected over the paths."""
        p_EK = self.probabilities
        terms_EK = np.where(p_EK > 0, p_EK * np.log(np.where(p_EK > 0, p_EK, 1.0)), 0.0)
        return -self.paths.expected(terms_EK.sum(axis=1)) / self.graph.layers

    # ---- steps -------------------------------------------------------------------------

    def step_by_gates(
        self,
        edges_L: Codes,
        active_LK: Mask,
        gates_LK: Array,
        path_weight: float,
        costs_EK: Array,
    ) -> None:
        """One step down gates of a path + path_weight * log p(path) + expected costs.

        ``gates_LK`` is dL/dg of the ``active`` candidates on the path (Eq. 5). Only the rows of
        alpha on the path move: Adam's steps do not shrink with the gradient, so rows that only the
        costs reach would run away to the cheapest operation.
        """
        rows_L = self.row_E[edges_L]
        active_RK = self.allowed_RK.copy()
        active_RK[rows_L] = active_LK
        touched_RK = np.zeros_like(active_RK)
        touched_RK[rows_L] = active_LK
        gradient_RK = np.zeros(active_RK.shape)
        gradient_RK[rows_L] = gradient_of_alpha(gates_LK, self.of_candidates(edges_L, active_LK))
        gradient_RK += self._operations_gradient(costs_EK, active_RK)
        updated_RK = self._adam.step(self._alpha, gradient_RK, touched_RK)
        if not active_LK[self.graph.edge_allowed[edges_L]].all():
            # The others' probabilities stay (Cai et al., section 3.2.1): keep the pair's mass.
            moved_L1 = log_mass(updated_RK[rows_L], active_LK)
            moved_L1 -= log_mass(self._alpha[rows_L], active_LK)
            updated_RK[rows_L] -= np.where(active_LK, moved_L1, 0)
        self._move(updated_RK, [Drawn(edges_L, rows_L, path_weight)], costs_EK)

    def step_by_scores(self, drawn: Sequence[Drawn], costs_EK: Array) -> None:
        """One step down the mean of weight * log p(architecture) + expected costs."""
        gradient_RK = np.zeros(self._alpha.shape)
        share_R = np.zeros(len(gradient_RK))
        for one in drawn:
            rows_L = self.row_E[one.edges]
            score_LK = -self.probabilities[one.edges]
            score_LK[np.arange(len(rows_L)), one.operations] += 1.0
            gradient_RK[rows_L] += one.weight * score_LK / len(drawn)
            share_R[rows_L] += 1.0 / len(drawn)
        # Given that a row is on the path, times how often it was: the unconditional gradient.
        gradient_RK += share_R[:, None] * self._operations_gradient(costs_EK, self.allowed_RK)
        touched_RK = self.allowed_RK & (share_R > 0)[:, None]
        self._move(self._adam.step(self._alpha, gradient_RK, touched_RK), drawn, costs_EK)

    def _move(self, updated_RK: Array, drawn: Sequence[Drawn], costs_EK: Array) -> None:
        """Take over the new alpha, and move the path's logits by the score function estimator."""
        if not self.graph.single:
            gradient_E = self.paths.gradient_of_expected(
                (self.probabilities * costs_EK).sum(axis=1)
            )
            for one in drawn:
                gradient_E += one.weight * self.paths.score(one.edges) / len(drawn)
            everywhere = np.ones(self._logits.shape, dtype=bool)
            self._logits = self._path_adam.step(self._logits, gradient_E, everywhere)
        self._alpha = updated_RK
        self._changed()

    def _operations_gradient(self, costs_EK: Array, active_RK: Mask) -> Array:
        """d expected costs / d alpha, (R, K), given that the path passes the row.

        Where not all candidates are ``active``, mass moves within the active ones only, which see
        their share of the layer.
        """
        active_EK = active_RK[self.row_E] & self.graph.edge_allowed
        # An edge that allows none of the active candidates does not feel them move.
        feels_E1 = active_EK.any(axis=1, keepdims=True)
        p_EK = softmax(self._alpha[self.row_E], np.where(feels_E1, active_EK, True))
        mass_E1 = (self.probabilities * active_EK).sum(axis=1, keepdims=True)
        passed_E = self.paths.marginals
        passed_R = np.bincount(self.row_E, passed_E, len(active_RK))
        given_E = passed_E / np.where(passed_R > 0, passed_R, 1.0)[self.row_E]
        gradient_RK = np.zeros(active_RK.shape)
        weighted_EK = gradient_of_alpha(costs_EK, p_EK) * mass_E1 * given_E[:, None]
        np.add.at(gradient_RK, self.row_E, weighted_EK)
        return gradient_RK

    def _changed(self) -> None:
        self.version += 1
        self.__dict__.pop("probabilities", None)
        self.__dict__.pop("paths", None)

    # ---- state -------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Parameters and moments as JSON data."""
        state: dict[str, Any] = {"alpha": self._alpha.tolist(), "adam": self._adam.state_dict()}
        if not self.graph.single:
            state |= {"logits": self._logits.tolist(), "path_adam": self._path_adam.state_dict()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict()``; ``ValueError`` on another shape."""
        alpha = np.asarray(state["alpha"], dtype=float)
        if alpha.shape != self._alpha.shape:
            raise ValueError(f"alpha is of shape {alpha.shape}, expected {self._alpha.shape}")
        if not self.graph.single:
            logits = np.asarray(state["logits"], dtype=float)
            if logits.shape != self._logits.shape:
                raise ValueError(f"{logits.shape} logits, expected {self._logits.shape}")
            self._path_adam.load_state_dict(state["path_adam"])
            self._logits = logits
        self._adam.load_state_dict(state["adam"])
        self._alpha = alpha
        self._changed()
