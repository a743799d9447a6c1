"""A distribution over the feasible downsampling paths, with logits on the edges of the path graph:

    p(path) = exp(sum of the logits of its edges) / Z.

Everything about it is exact, by one pass backwards and one forwards through the graph in log space
(the forward-backward algorithm of linear-chain models: Rabiner, 1989; Lafferty et al., 2001). No
infeasible path has any probability, so none is ever drawn and none has to be repaired.

Shape legend: E edges, V nodes, D the most edges that leave a node, L layers, N paths.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from spaces.path_graph import PathGraph

Array = npt.NDArray[np.float64]
Edges = npt.NDArray[np.int64]


class PathDistribution:
    """The distribution for fixed logits (E,); make a new one when they change."""

    def __init__(self, graph: PathGraph, logits_E: Array) -> None:
        self.graph = graph
        self.logits_E = logits_E
        #: log of the sum over the paths from a node to the end of exp(sum of their logits).
        self._log_ahead_V = np.zeros(graph.nodes)
        #: Probability of each edge given that its path passes the edge's source; 0 in the padding.
        self._next_VD = np.zeros(graph.out_edges.shape)
        for layer in reversed(range(graph.layers)):
            nodes = graph.nodes_before(layer)
            out_VD = graph.out_edges[nodes]
            terms_VD = logits_E[out_VD] + self._log_ahead_V[graph.target[out_VD]]
            terms_VD[out_VD < 0] = -np.inf
            top_V1 = terms_VD.max(axis=1, keepdims=True)
            weights_VD = np.exp(terms_VD - top_V1)
            total_V1 = weights_VD.sum(axis=1, keepdims=True)
            self._log_ahead_V[nodes] = (top_V1 + np.log(total_V1))[:, 0]
            self._next_VD[nodes] = weights_VD / total_V1

    @property
    def log_partition(self) -> float:
        """log Z."""
        return float(self._log_ahead_V[0])

    @cached_property
    def _edge_given_source(self) -> Array:
        graph = self.graph
        given_E = np.empty(graph.edges)
        real = graph.out_edges >= 0
        given_E[graph.out_edges[real]] = self._next_VD[real]
        return given_E

    @cached_property
    def _passed(self) -> Array:
        """Probability that a path passes each node."""
        graph = self.graph
        passed_V = np.zeros(graph.nodes)
        passed_V[0] = 1.0
        for layer in range(graph.layers):
            edges = graph.edges_in(layer)
            flow = passed_V[graph.source[edges]] * self._edge_given_source[edges]
            passed_V += np.bincount(graph.target[edges], flow, graph.nodes)
        return passed_V

    @cached_property
    def marginals(self) -> Array:
        """Probability that a path passes each edge: the gradient of log Z."""
        found: Array = self._passed[self.graph.source] * self._edge_given_source
        return found

    def sample(self, n: int, rng: np.random.Generator) -> Edges:
        """``n`` independent paths as edges (n, L). Draws nothing where there is but one path."""
        graph = self.graph
        if graph.single:
            return np.tile(np.arange(graph.edges), (n, 1))
        upto_VD = np.cumsum(self._next_VD, axis=1)
        last_V = (graph.out_edges >= 0).sum(axis=1) - 1
        uniform_NL = rng.random((n, graph.layers))
        edges_NL = np.empty((n, graph.layers), np.int64)
        node_N = np.zeros(n, np.int64)
        for layer in range(graph.layers):
            upto_ND = upto_VD[node_N]
            # Scaling by the last sum keeps a draw below it, also under rounding.
            draw_N1 = uniform_NL[:, layer, None] * upto_ND[:, -1:]
            chosen_N = np.minimum((upto_ND <= draw_N1).sum(axis=1), last_V[node_N])
            edges_NL[:, layer] = graph.out_edges[node_N, chosen_N]
            node_N = graph.target[edges_NL[:, layer]]
        return edges_NL

    def log_probability(self, edges_NL: Edges) -> Array:
        """log p of paths (N, L), shape (N,)."""
        found: Array = self.logits_E[edges_NL].sum(axis=1) - self.log_partition
        return found

    def score(self, edges_L: Edges) -> Array:
        """d log p(path) / d logits, shape (E,): what the path passes less what is expected."""
        gradient_E = -self.marginals
        gradient_E[edges_L] += 1.0
        return gradient_E

    def entropy(self) -> float:
        """In nats; the log of the number of paths where nothing has been learned."""
        real = self._next_VD > 0
        terms_VD = np.where(real, self._next_VD * np.log(np.where(real, self._next_VD, 1.0)), 0.0)
        # Of each choice along the way, weighted by how likely it is to be met.
        return float(-(self._passed * terms_VD.sum(axis=1)).sum())

    def expected(self, costs_E: Array) -> float:
        """Expected sum of the costs of a path's edges."""
        return float(self.marginals @ costs_E)

    def gradient_of_expected(self, costs_E: Array) -> Array:
        """d expected / d logits, (E,): the covariance of passing the edge with the path's cost.

        That is p(edge) (E[cost | edge] - E[cost]), where the cost given the edge is what is
        expected before its source, its own, and what is expected after its target.
        """
        graph, given_E = self.graph, self._edge_given_source
        source, target = graph.source, graph.target
        before_V, after_V = np.zeros(graph.nodes), np.zeros(graph.nodes)
        for layer in range(graph.layers):
            edges = graph.edges_in(layer)
            flow = self.marginals[edges] * (before_V[source[edges]] + costs_E[edges])
            arrived_V = np.bincount(target[edges], flow, graph.nodes)
            nodes = graph.nodes_before(layer + 1)
            passed = self._passed[nodes]
            before_V[nodes] = arrived_V[nodes] / np.where(passed > 0, passed, 1.0)
        for layer in reversed(range(graph.layers)):
            edges = graph.edges_in(layer)
            flow = given_E[edges] * (costs_E[edges] + after_V[target[edges]])
            after_V += np.bincount(source[edges], flow, graph.nodes)
        through_E = before_V[source] + costs_E + after_V[target]
        gradient: Array = self.marginals * (through_E - after_V[0])
        return gradient

    def most_probable(self) -> Edges:
        """The edges (L,) of the most probable path (Viterbi); ties go to the lower stride code."""
        graph = self.graph
        value_V = np.zeros(graph.nodes)
        next_V = np.zeros(graph.nodes, np.int64)
        for layer in reversed(range(graph.layers)):
            nodes = graph.nodes_before(layer)
            out_VD = graph.out_edges[nodes]
            sums_VD = self.logits_E[out_VD] + value_V[graph.target[out_VD]]
            sums_VD[out_VD < 0] = -np.inf
            chosen_V1 = sums_VD.argmax(axis=1)[:, None]
            next_V[nodes] = np.take_along_axis(out_VD, chosen_V1, 1)[:, 0]
            value_V[nodes] = np.take_along_axis(sums_VD, chosen_V1, 1)[:, 0]
        edges, node = [], 0
        for _ in range(graph.layers):
            edges.append(int(next_V[node]))
            node = int(graph.target[edges[-1]])
        return np.array(edges)
