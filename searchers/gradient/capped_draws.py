"""Draws and the mode of an architecture distribution, within hard caps.

Under caps an architecture is drawn from the distribution *given that it is within them*:

* on a fixed path under one cap exactly, without a redraw (``LimitedDraws``);
* on a fixed path under two caps exactly under the first, redrawn until the second is kept, then the
  other way round, then the most probable architecture;
* on a learned path by rejection, and after ``sum(BLOCKS)`` redraws by importance: ``POOL``
  architectures are drawn uniformly within the caps, and one of them is chosen by its probability.

What was thrown away is returned with the draw, to be counted. Shape legend: L layers, K operations.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.gradient.architecture_distribution import ArchitectureDistribution, Drawn
from searchers.gradient.operation_distribution import LimitedDraws, draw, draw_pairs
from spaces.best import best_architecture
from spaces.path_graph import PathGraph

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Architectures of each round of rejection, and those to choose from when all rounds failed.
BLOCKS, POOL = (8, 64, 512), 32
#: Draws under one of two caps, redraws of two candidates a layer that leave nothing within it.
EXACT_DRAWS, PAIRS = 64, 100
#: Length of the tables that find the most probable architecture: exact for MACs at full size, to
#: within three thousandths for parameters; it is found again after each architecture step.
MODE_UNITS = 80_000


class CappedDraws:
    """Draws within the caps of ``problem`` on ``graph``, all paths of it or a single one."""

    def __init__(self, problem: Problem, graph: PathGraph) -> None:
        self.problem = problem
        self.graph = graph
        self._mode: tuple[int, Drawn] | None = None
        #: What was computed for draws: (for which distribution, for which cap) -> (version, draws).
        self._limited: dict[tuple[str, int], tuple[int, LimitedDraws]] = {}
        #: Costs of the candidates and what the stem leaves of the cap, for each cap.
        self._caps = [
            (table, limit - fixed)
            for table, limit, fixed in (
                (graph.edge_macs, problem.max_macs, graph.fixed_macs),
                (graph.edge_params, problem.max_params, graph.fixed_params),
            )
            if limit is not None
        ]

    def mode(self, of: ArchitectureDistribution) -> Drawn:
        """The most probable architecture within the caps, kept until the parameters change.

        ``ValueError`` if no architecture of the graph is within them.
        """
        if self._mode is None or self._mode[0] != of.version:
            caps = (self.problem.max_macs, self.problem.max_params)
            found = best_architecture(self.graph, of.scores(), *caps, units=MODE_UNITS)
            if found is None:
                raise ValueError("no architecture is within the caps")
            self._mode = (of.version, Drawn(found.edges, found.operations))
        return self._mode[1]

    def sample(self, of: ArchitectureDistribution, rng: np.random.Generator) -> tuple[Drawn, int]:
        """One architecture, and how many were thrown away for it."""
        if self.graph.single:
            return self._on_the_path("learned", of.version, of.probabilities, of, rng)
        redrawn = 0
        for block in BLOCKS if self._caps else (1,):
            edges_NL = of.paths.sample(block, rng)
            operations_NL = draw(of.probabilities[edges_NL], rng)
            kept = np.flatnonzero(self._within(edges_NL, operations_NL))
            if len(kept):
                first = int(kept[0])
                return Drawn(edges_NL[first], operations_NL[first]), redrawn + first
            redrawn += block
        return self._by_importance(of, rng), redrawn

    def uniform(
        self, n: int, of: ArchitectureDistribution, rng: np.random.Generator
    ) -> list[Drawn]:
        """``n`` architectures, uniform within the caps."""
        if not self.graph.single:
            return [self._read(row) for row in self.problem.draw(n, rng)]
        allowed = self.graph.edge_allowed
        p_LK = allowed / allowed.sum(axis=1, keepdims=True)
        return [self._on_the_path("uniform", 0, p_LK, of, rng)[0] for _ in range(n)]

    def sample_pair(
        self, of: ArchitectureDistribution, rng: np.random.Generator
    ) -> tuple[Mask, Drawn, int]:
        """Two candidates a layer (L, K) on a path, one architecture through them, and redraws."""
        redrawn = 0
        if not self._caps or (self.graph.single and self.problem.max_params is None):
            edges_L = of.paths.sample(1, rng)[0]
            p_LK, allowed_LK = of.probabilities[edges_L], self.graph.edge_allowed[edges_L]
            for _ in range(PAIRS):
                wanted_LK = draw_pairs(p_LK, allowed_LK, rng)
                pair_LK = of.of_candidates(edges_L, wanted_LK)
                operations = (
                    LimitedDraws(pair_LK, *self._caps[0]).draw(rng)
                    if self._caps
                    else draw(pair_LK, rng)
                )
                if operations is not None:
                    return wanted_LK, Drawn(edges_L, operations), redrawn
                redrawn += 1
        # Under a cap so tight, under one on parameters, or where paths are drawn under a cap: the
        # architecture comes first, and each layer's second candidate after it.
        active, more = self.sample(of, rng)
        allowed_LK = self.graph.edge_allowed[active.edges]
        wanted_LK = np.zeros_like(allowed_LK)
        layers = np.arange(len(wanted_LK))
        wanted_LK[layers, active.operations] = True
        rest_LK = np.maximum(of.probabilities[active.edges], 1e-12) * allowed_LK
        wanted_LK[layers, draw(np.where(wanted_LK, 0.0, rest_LK), rng)] = True
        return wanted_LK, active, redrawn + more

    def _on_the_path(
        self,
        name: str,
        version: int,
        p_LK: Array,
        of: ArchitectureDistribution,
        rng: np.random.Generator,
    ) -> tuple[Drawn, int]:
        """One architecture on the only path by p given the caps, and redraws."""
        edges_L = np.arange(self.graph.edges)
        if not self._caps:
            return Drawn(edges_L, draw(p_LK, rng)), 0
        redrawn = 0
        for number, (table_EK, limit) in enumerate(self._caps):
            kept = self._limited.get((name, number))
            if kept is None or kept[0] != version:
                kept = (version, LimitedDraws(p_LK, table_EK, limit))
                self._limited[name, number] = kept
            for _ in range(EXACT_DRAWS if len(self._caps) > 1 else 1):
                found = kept[1].draw(rng)
                if found is None:
                    break
                if self._within(edges_L[None], found[None])[0]:
                    return Drawn(edges_L, found), redrawn
                redrawn += 1
        return self.mode(of), redrawn

    def _by_importance(self, of: ArchitectureDistribution, rng: np.random.Generator) -> Drawn:
        pool = [self._read(row) for row in self.problem.draw(POOL, rng)]
        edges_NL = np.array([one.edges for one in pool])
        operations_NL = np.array([one.operations for one in pool])
        p_NL = np.take_along_axis(of.probabilities[edges_NL], operations_NL[..., None], 2)[..., 0]
        log_p_N = np.log(np.maximum(p_NL, 1e-300)).sum(axis=1) + of.paths.log_probability(edges_NL)
        return pool[int(draw(np.exp(log_p_N - log_p_N.max()), rng))]

    def _read(self, row: npt.NDArray[np.int8]) -> Drawn:
        path, operations = np.split(row, [self.graph.path_length])
        return Drawn(self.graph.edges_of(path[None])[0], operations.astype(np.int64))

    def _within(self, edges_NL: Codes, operations_NL: Codes) -> Mask:
        within = np.ones(len(edges_NL), dtype=bool)
        for table_EK, limit in self._caps:
            within &= table_EK[edges_NL, operations_NL].sum(axis=1) <= limit
        return within
