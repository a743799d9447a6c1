"""The best architecture over a path graph for scores that add up over layers, also under caps.

Without a cap it is a walk backwards through the graph. Under a cap it is a knapsack over the graph:
for every node and every cost c, the best sum of scores of the completions that cost exactly c,
computed from the end backwards. Costs are counted in their greatest common divisor, which makes the
tables short (at full size 6,400 MACs, 32 parameters) and the result exact; where that divisor is
too small, in a coarser unit, rounded up, so that the result keeps the cap but may miss a slightly
better one.

Under two caps, the first is kept as above and the second by a Lagrange multiplier found by
bisection: near-exact.

Shape legend: E edges, K operations, L layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spaces.path_graph import PathGraph

Floats = NDArray[np.float64]
Int8 = NDArray[np.int8]
Int64 = NDArray[np.int64]
#: Longest table of costs; parameters of the full-size space need 325,000.
MAX_UNITS = 400_000
#: Under two caps, bisection works on tables so long, and steps so often.
COARSE_UNITS, BISECTIONS = 4_096, 12


@dataclass(frozen=True, eq=False)
class BestArchitecture:
    """Edges (L,), operations (L,) and the sum of their scores."""

    edges: Int64
    operations: Int64
    score: float

    def total(self, table_EK: Int64) -> int:
        """Sum of a table's entries over the layers."""
        return int(table_EK[self.edges, self.operations].sum())


def best_architecture(
    graph: PathGraph,
    scores_EK: Floats,
    max_macs: int | None = None,
    max_params: int | None = None,
    units: int = MAX_UNITS,
) -> BestArchitecture | None:
    """The legal architecture of the highest sum of scores within the caps, None if none is.

    ``scores_EK`` must be finite where the graph allows an operation. Ties go to the cheaper
    operation. Exact under at most one cap whose costs make at most ``units`` units; fewer of them
    are faster.
    """
    scores_EK = np.where(graph.edge_allowed, scores_EK, -np.inf)
    spare_macs = _spare(max_macs, graph.fixed_macs)
    spare_params = _spare(max_params, graph.fixed_params)

    def within(found: BestArchitecture) -> bool:
        return (spare_macs is None or found.total(graph.edge_macs) <= spare_macs) and (
            spare_params is None or found.total(graph.edge_params) <= spare_params
        )

    free = best_walk(graph, scores_EK)
    if within(free):
        return free
    for limit, costs_EK in ((spare_macs, graph.edge_macs), (spare_params, graph.edge_params)):
        if limit is not None:
            found = _under_cap(graph, scores_EK, costs_EK, limit, units)
            if found is None and units < MAX_UNITS:
                # Rounding up may hide the only architectures that keep the cap.
                found = _under_cap(graph, scores_EK, costs_EK, limit)
            if found is None or within(found):
                # Under the other cap too, by luck: then there is no better one.
                return found
    if spare_macs is None or spare_params is None:
        return None
    return _under_two_caps(graph, scores_EK, spare_macs, spare_params)


def largest_architecture(
    graph: PathGraph, cost: str, max_macs: int | None = None, max_params: int | None = None
) -> BestArchitecture | None:
    """The costliest architecture within the caps, by ``cost`` "macs" or "params"; None if none is.

    Exact, also under both caps, as long as the unit of the cost is. Of several, one that needs
    least of the other cost where a cap makes that matter.
    """
    own_EK, other_EK = graph.edge_macs, graph.edge_params
    own_limit = _spare(max_macs, graph.fixed_macs)
    other_limit = _spare(max_params, graph.fixed_params)
    if cost == "params":
        own_EK, other_EK, own_limit, other_limit = other_EK, own_EK, other_limit, own_limit
    if own_limit is None:
        scores_EK = np.where(graph.edge_allowed, own_EK.astype(np.float64), -np.inf)
        free = best_walk(graph, scores_EK)
        if other_limit is None or free.total(other_EK) <= other_limit:
            return free
        return _under_cap(graph, scores_EK, other_EK, other_limit)
    # For every sum of the own cost the least of the other one: then the highest that fits both.
    least_EK = np.where(graph.edge_allowed, -other_EK.astype(np.float64), -np.inf)
    tables = _Knapsack(graph, least_EK, own_EK, own_limit, MAX_UNITS, prune=False)
    fits = tables.of_start >= (-np.inf if other_limit is None else -other_limit)
    fits &= np.isfinite(tables.of_start)
    return tables.trace(int(np.flatnonzero(fits)[-1])) if fits.any() else None


def best_walk(graph: PathGraph, scores_EK: Floats) -> BestArchitecture:
    """The walk of the highest sum of scores, without a cap."""
    # In the order of cost, so that argmax takes the cheaper one of several.
    order_EK = np.argsort(graph.edge_macs, axis=1, kind="stable")
    rows_E = np.arange(graph.edges)
    choice_E = order_EK[rows_E, np.take_along_axis(scores_EK, order_EK, 1).argmax(1)]
    best_E = scores_EK[rows_E, choice_E]
    value_V = np.zeros(graph.nodes)
    next_V = np.zeros(graph.nodes, np.int64)
    for layer in reversed(range(graph.layers)):
        nodes = graph.nodes_before(layer)
        out_VD = graph.out_edges[nodes]
        sums_VD = np.where(out_VD >= 0, best_E[out_VD] + value_V[graph.target[out_VD]], -np.inf)
        chosen_V1 = sums_VD.argmax(axis=1)[:, None]
        next_V[nodes] = np.take_along_axis(out_VD, chosen_V1, 1)[:, 0]
        value_V[nodes] = np.take_along_axis(sums_VD, chosen_V1, 1)[:, 0]
    node, edges = 0, []
    for _ in range(graph.layers):
        edges.append(int(next_V[node]))
        node = int(graph.target[edges[-1]])
    found = np.array(edges)
    return BestArchitecture(found, choice_E[found], float(value_V[0]))


def _spare(limit: int | None, fixed: int) -> int | None:
    return None if limit is None else limit - fixed


def _under_cap(
    graph: PathGraph, scores_EK: Floats, costs_EK: Int64, limit: int, units: int = MAX_UNITS
) -> BestArchitecture | None:
    if limit < 0:
        return None
    tables = _Knapsack(graph, scores_EK, costs_EK, limit, units)
    if not np.isfinite(tables.of_start).any():
        return None
    # argmax takes the first, which is the cheapest.
    return tables.trace(int(tables.of_start.argmax()))


def _under_two_caps(
    graph: PathGraph, scores_EK: Floats, max_macs: int, max_params: int
) -> BestArchitecture | None:
    """The MACs by a knapsack, the parameters by a multiplier: score - multiplier * parameters."""

    def with_multiplier(multiplier: float, units: int) -> BestArchitecture | None:
        paid_EK = scores_EK - multiplier * graph.edge_params
        return _under_cap(graph, paid_EK, graph.edge_macs, max_macs, units)

    def keeps(found: BestArchitecture | None) -> bool:
        return found is not None and found.total(graph.edge_params) <= max_params

    def bracket(units: int) -> tuple[float, float] | None:
        """A multiplier that is too small and one that is large enough."""
        least = _under_cap(
            graph,
            np.where(np.isfinite(scores_EK), -graph.edge_params.astype(np.float64), -np.inf),
            graph.edge_macs,
            max_macs,
            units,
        )
        if not keeps(least):
            return None
        low, high = 0.0, 1e-9
        while not keeps(with_multiplier(high, units)):
            low, high = high, 8 * high
            if high > 1e12:
                return None
        return low, high

    units = COARSE_UNITS
    between = bracket(units)
    if between is None:
        # Rounding up may hide the only architectures that keep both caps.
        units = MAX_UNITS
        between = bracket(units)
        if between is None:
            return None
    low, high = between
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if keeps(with_multiplier(middle, units)) else (middle, high)
    kept = [with_multiplier(high, units), with_multiplier(high, MAX_UNITS)]
    found = [one for one in kept if one is not None and keeps(one)]
    return max(
        found, key=lambda one: float(scores_EK[one.edges, one.operations].sum()), default=None
    )


class _Knapsack:
    """For every node and cost: the best score of the completions that cost exactly so much.

    ``prune`` leaves out operations that another one of the edge matches at no higher cost: right
    where only the best within a limit is wanted, wrong where every sum of costs matters.
    """

    def __init__(
        self,
        graph: PathGraph,
        scores_EK: Floats,
        costs_EK: Int64,
        limit: int,
        units: int,
        prune: bool = True,
    ) -> None:
        self.graph = graph
        legal_EK = np.isfinite(scores_EK)
        unit = max(1, int(np.gcd.reduce(costs_EK, axis=None)))
        if limit // unit > units:
            unit = -(-limit // units)
        self.costs_EK = -(-costs_EK // unit)
        self.scores_EK = scores_EK
        self.limit = limit // unit
        kept_EK = legal_EK & ~_dominated(scores_EK, self.costs_EK) if prune else legal_EK
        self.candidates = [np.flatnonzero(row).tolist() for row in kept_EK]
        self._fill(legal_EK)

    @property
    def of_start(self) -> Floats:
        """Best scores of whole architectures by their cost, from ``offset`` units on."""
        return self.tables[0]

    def _fill(self, legal_EK: NDArray[np.bool_]) -> None:
        graph = self.graph
        low_E = np.where(legal_EK, self.costs_EK, np.iinfo(np.int64).max).min(1).tolist()
        high_E = np.where(legal_EK, self.costs_EK, -1).max(1).tolist()
        sources, targets = graph.source.tolist(), graph.target.tolist()
        infinite = np.iinfo(np.int64).max // 4
        before = [0] + [infinite] * (graph.nodes - 1)
        for edge in range(graph.edges):
            cost = before[sources[edge]] + low_E[edge]
            before[targets[edge]] = min(before[targets[edge]], cost)
        low, high = [infinite] * graph.nodes, [-1] * graph.nodes
        low[-1] = high[-1] = 0
        for edge in reversed(range(graph.edges)):
            source, target = sources[edge], targets[edge]
            low[source] = min(low[source], low_E[edge] + low[target])
            high[source] = max(high[source], high_E[edge] + high[target])
        #: Node -> the cost of its table's first entry.
        self.offset = low
        sizes = [
            max(0, min(most, self.limit - first) - least + 1)
            for most, first, least in zip(high, before, low, strict=True)
        ]
        self.tables = [np.full(size, -np.inf) for size in sizes]
        if sizes[-1]:
            self.tables[-1][0] = 0.0
        for edge in reversed(range(graph.edges)):
            self._add(edge, sources[edge], targets[edge])

    def _add(self, edge: int, source: int, target: int) -> None:
        """Better completions of ``source`` by way of ``edge``, one candidate after the other."""
        table, rest = self.tables[source], self.tables[target]
        for operation in self.candidates[edge]:
            start = int(self.costs_EK[edge, operation]) + self.offset[target] - self.offset[source]
            length = min(len(rest), len(table) - start)
            if length > 0:
                part = table[start : start + length]
                np.maximum(part, rest[:length] + self.scores_EK[edge, operation], out=part)

    def trace(self, place: int) -> BestArchitecture:
        """The architecture behind entry ``place`` of the start's table."""
        graph = self.graph
        cost, node = place + self.offset[0], 0
        score = float(self.tables[0][place])
        edges, operations = [], []
        for _ in range(graph.layers):
            best, chosen = -np.inf, (0, 0)
            for edge in graph.out_edges[node].tolist():
                if edge < 0:
                    continue
                target = int(graph.target[edge])
                for operation in self.candidates[edge]:
                    at = cost - int(self.costs_EK[edge, operation]) - self.offset[target]
                    if 0 <= at < len(self.tables[target]):
                        value = self.tables[target][at] + self.scores_EK[edge, operation]
                        if value > best:
                            best, chosen = float(value), (edge, operation)
            edge, operation = chosen
            edges.append(edge)
            operations.append(operation)
            cost -= int(self.costs_EK[edge, operation])
            node = int(graph.target[edge])
        return BestArchitecture(np.array(edges), np.array(operations), score)


def _dominated(scores_EK: Floats, costs_EK: Int64) -> NDArray[np.bool_]:
    """Which operations another one of the same edge matches, at no higher cost."""
    worse_EKK = (scores_EK[:, :, None] <= scores_EK[:, None, :]) & (
        costs_EK[:, :, None] >= costs_EK[:, None, :]
    )
    # Of two that are equal in both, the first stays.
    equal_EKK = worse_EKK & worse_EKK.transpose(0, 2, 1)
    first_KK = np.tri(scores_EK.shape[1], k=-1, dtype=bool)
    found: NDArray[np.bool_] = (worse_EKK & (~equal_EKK | first_KK)).any(axis=2)
    return found
