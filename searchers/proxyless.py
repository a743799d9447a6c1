"""ProxylessNAS (Cai et al., 2019) as AutoSTR uses it for its second step: operations on a given
downsampling path are learned by gate gradients (AutoSTR, Eqs. 3 to 5); and, beyond the papers, path
and operations learned together.

Weights are warmed up on uniform paths, then weight steps on sampled paths alternate with
architecture steps. An architecture step goes down

    L = r(alpha) L_rec + lambda_1 E[latency]

where r is the regulariser of Eq. 3 and lambda_1 that of the STR-NAS slides. Both expectations are
exact, also over paths. For operations L_rec has gate gradients. Paths differ in their shapes, so no
gate stands between them: their logits follow the score function, (L_rec - baseline) d log p(path).

With ``estimator = "reinforce"`` there are no gate gradients at all: see ``gradient/reinforce.py``.

Shape legend: L layers, E edges of the path graph, K candidates a layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from searchers.base import (
    Evaluate,
    Evaluated,
    Failure,
    GateGradient,
    GatesMeasured,
    Problem,
    Result,
    Searcher,
    TrainWeights,
    Work,
)
from searchers.epochs import check_budget
from searchers.errors import SearcherError
from searchers.gradient.architecture_distribution import ArchitectureDistribution, Drawn
from searchers.gradient.capped_draws import CappedDraws
from searchers.gradient.flops_regulariser import FlopsRegulariser
from searchers.gradient.latency_term import latency_term
from searchers.gradient.reinforce import MovingMean, Reward, SampleRound
from searchers.gradient.search_warnings import decided_at_the_wrong_time, skip_collapse
from searchers.proxyless_settings import ProxylessSettings
from searchers.training_plan import STEPS_PER_WORK, WeightTraining
from spaces import Architecture
from spaces.best import best_architecture
from spaces.path_graph import PathGraph

Array = npt.NDArray[np.float64]

__all__ = ["Proxyless", "ProxylessSettings"]


class Proxyless(Searcher):
    """Operations, and the path if asked, learned by gate gradients or REINFORCE."""

    Settings = ProxylessSettings

    def __init__(
        self, problem: Problem, settings: ProxylessSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        self._graph, edges = _searched_graph(problem, settings.path)
        self._regulariser = FlopsRegulariser(settings.regulariser_beta, settings.regulariser_macs)
        self._latency = latency_term(problem, settings.latency_weight, edges)
        self._reward = Reward(settings.reinforce_exponent, settings.regulariser_macs)
        self._learned = ArchitectureDistribution(
            self._graph,
            settings.operations_per,
            settings.initial_spread,
            (settings.learning_rate, (settings.beta1, settings.beta2)),
            settings.path_learning_rate,
            rng,
        )
        self._draws = CappedDraws(problem, self._graph)
        self._refuse_impossible_caps()
        self._warmup = WeightTraining(
            problem, settings.warmup_share, self._draw_uniform, settings.warmup_epochs
        )
        check_budget(
            f"warmup_epochs {settings.warmup_epochs:g} and search_epochs "
            f"{settings.search_epochs:g}",
            images_by_epochs(problem, settings),
            problem.budget_images,
        )
        #: Of the search, all so far; and those since the last architecture step.
        self._search_steps = 0
        self._weight_steps = 0
        self._round = SampleRound(settings.reinforce_samples)
        by_gates = settings.estimator == "gates"
        self._baseline = MovingMean(
            settings.path_baseline_rate if by_gates else settings.reinforce_baseline_rate
        )
        self._architecture_steps = 0

    def ask(self, n: int = 1) -> list[Work]:
        if not self._warmup.finished:
            return [self._warmup.ask()]
        missing = self.settings.weight_steps_per_architecture_step - self._weight_steps
        if missing > 0:
            count = min(missing, STEPS_PER_WORK)
            planned = self.problem.steps_of(self.settings.search_epochs)
            if planned:
                count = min(count, planned - self._search_steps)
                if not count:
                    return []
            self._search_steps += count
            self._weight_steps += count
            return [TrainWeights(tuple(self._sample() for _ in range(count)))]
        if self.settings.estimator == "reinforce":
            return [Evaluate(self._sample()) for _ in range(min(n, self._round.missing))]
        self._weight_steps = 0
        return [self._gate_work()]

    def tell(self, results: Sequence[Result]) -> None:
        for result in results:
            if isinstance(result, GatesMeasured):
                self._step_by_gates(result)
            elif isinstance(result, Evaluated):
                self._round.told.append((result.work.architecture.index, result.score))
            elif isinstance(result, Failure) and isinstance(result.work, Evaluate):
                # A failed evaluation teaches nothing, but it was one of the round's.
                self._round.told.append((result.work.architecture.index, None))
        if self._round.told and self._round.missing <= 0:
            self._step_by_reinforce()

    def recommend(self) -> Architecture:
        return self._architecture(self._draws.mode(self._learned))

    def samples(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        return [self._architecture(self._draws.sample(self._learned, rng)[0]) for _ in range(n)]

    def status(self) -> dict[str, float]:
        status = {
            "entropy": self._learned.entropy(),
            "expected_macs": self._expected_macs(),
            "skip_share": self._skip_share(),
        }
        if not self._graph.single:
            status["path_entropy"] = self._learned.paths.entropy()
        if self._latency is not None:
            status["expected_latency_ms"] = self._learned.expected(self._latency.table_EK)
        return status

    def warnings(self) -> list[str]:
        uniform = max(self._highest_entropy(), 1e-12)
        left, planned = self._learned.entropy() / uniform, self._planned_steps()
        return [
            *skip_collapse(self._skip_share(), self._graph.layers),
            *decided_at_the_wrong_time(left, self._architecture_steps, planned),
        ]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """``operations``: of each layer of the recommendation, what was chosen and what else."""
        mode, names = self._draws.mode(self._learned), self.problem.space.operations
        rows = []
        for layer, (edge, operation) in enumerate(zip(mode.edges, mode.operations, strict=True)):
            p_K = self._learned.probabilities[edge].tolist()
            rows.append(
                {
                    "layer": layer + 1,
                    "operation": names[operation],
                    "probability": p_K[operation],
                    "probabilities": dict(zip(names, p_K, strict=True)),
                }
            )
        return {"operations": rows}

    # ---- architecture steps --------------------------------------------------------------

    def _gate_work(self) -> GateGradient:
        if self.settings.gates == "full":
            active = self._draw()
            wanted = self._graph.edge_allowed[active.edges]
        else:
            wanted, active, redrawn = self._draws.sample_pair(self._learned, self.rng)
            self.redrawn += redrawn
        candidates = tuple(tuple(np.flatnonzero(row).tolist()) for row in wanted)
        return GateGradient(self._architecture(active), candidates)

    def _step_by_gates(self, result: GatesMeasured) -> None:
        """L = r(alpha) L_rec (Eq. 4): both factors depend on alpha."""
        edges = self._edges_of(result.work.architecture)
        active = np.zeros((self._graph.layers, self._graph.operations), dtype=bool)
        for row, candidates in zip(active, result.work.candidates, strict=True):
            row[list(candidates)] = True
        expected = self._expected_macs()
        value, slope = self._regulariser.value(expected), self._regulariser.slope(expected)
        costs = result.loss * (slope * self._graph.edge_macs) + self._latency_costs()
        baseline = result.loss if self._baseline.value is None else self._baseline.value
        above = value * (result.loss - baseline)
        self._learned.step_by_gates(edges, active, value * result.gradients, above, costs)
        self._baseline.move(result.loss)
        self._architecture_steps += 1

    def _step_by_reinforce(self) -> None:
        indices, scores = self._round.close()
        self._weight_steps = 0
        self._architecture_steps += 1
        if not len(indices):
            return
        rows = self.problem.space.of_indices(indices)
        macs = self.problem.space.macs(rows).tolist()
        rewards = [self._reward.value(s, m) for s, m in zip(scores.tolist(), macs, strict=True)]
        baseline = self._baseline.move(math.fsum(rewards) / len(rewards))
        edges = self._graph.edges_of(rows[:, : self._graph.path_length])
        operations = rows[:, self._graph.path_length :].astype(np.int64)
        # Steps go down, rewards up.
        drawn = [
            Drawn(edges[i], operations[i], baseline - reward) for i, reward in enumerate(rewards)
        ]
        self._learned.step_by_scores(drawn, self._latency_costs())

    def _latency_costs(self) -> Array:
        if self._latency is None:
            return np.zeros(self._graph.edge_macs.shape)
        return self._latency.costs

    def _expected_macs(self) -> float:
        return self._graph.fixed_macs + self._learned.expected(self._graph.edge_macs)

    # ---- draws -----------------------------------------------------------------------------

    def _draw(self) -> Drawn:
        drawn, redrawn = self._draws.sample(self._learned, self.rng)
        self.redrawn += redrawn
        return drawn

    def _sample(self) -> Architecture:
        return self._architecture(self._draw())

    def _draw_uniform(self, n: int) -> npt.NDArray[np.int8]:
        drawn = self._draws.uniform(n, self._learned, self.rng)
        return self.problem.space.encode([self._architecture(one) for one in drawn])

    def _architecture(self, drawn: Drawn) -> Architecture:
        row = self._graph.encode(drawn.edges[None], drawn.operations[None])[0]
        return self.problem.space.architecture(row)

    def _edges_of(self, architecture: Architecture) -> npt.NDArray[np.int64]:
        path = architecture.encoding[: self._graph.path_length]
        edges: npt.NDArray[np.int64] = self._graph.edges_of(np.array([path], dtype=np.int64))[0]
        return edges

    def _refuse_impossible_caps(self) -> None:
        problem, graph = self.problem, self._graph
        smallest = best_architecture(graph, -graph.edge_macs.astype(np.float64))
        least = graph.fixed_macs + (smallest.total(graph.edge_macs) if smallest else 0)
        if problem.max_macs is not None and problem.max_macs < least:
            raise SearcherError(
                f"max_macs {problem.max_macs} is below the smallest architecture on path "
                f"{self.settings.path} ({least}): raise the cap or choose another path"
            )
        try:
            self._draws.mode(self._learned)
        except ValueError as error:
            raise SearcherError(
                f"no architecture on path {self.settings.path} has at most max_params "
                f"{problem.max_params} within max_macs {problem.max_macs}: raise the caps or "
                "choose another path"
            ) from error

    # ---- what people see ---------------------------------------------------------------

    def _skip_share(self) -> float:
        """Share of the recommendation's layers that do nothing at all, and so cost nothing."""
        mode = self._draws.mode(self._learned)
        macs = self._graph.edge_macs[mode.edges, mode.operations]
        params = self._graph.edge_params[mode.edges, mode.operations]
        return float(((macs == 0) & (params == 0)).mean())

    def _highest_entropy(self) -> float:
        choices_E = np.log(self._graph.edge_allowed.sum(axis=1))
        return self._learned.paths.expected(choices_E) / self._graph.layers

    def _planned_steps(self) -> int:
        """About how many architecture steps the budget allows."""
        problem: Problem = self.problem
        settings: ProxylessSettings = self.settings
        planned = problem.steps_of(settings.search_epochs)
        if planned:
            return planned // settings.weight_steps_per_architecture_step
        images = _images_per_architecture_step(problem, settings)
        images += settings.weight_steps_per_architecture_step * problem.images_per_step
        left = problem.budget_images - self._warmup.steps * problem.images_per_step
        return max(0, left // images)

    # ---- state -------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        return {
            **self._learned.state_dict(),
            "warmup": self._warmup.asked,
            "search_steps": self._search_steps,
            "weight_steps": self._weight_steps,
            "architecture_steps": self._architecture_steps,
            "baseline": self._baseline.value,
            "round": self._round.state_dict(),
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._learned.load_state_dict(state)
        self._warmup.asked = int(state["warmup"])
        # States from before there were epochs to count do not have it, and do not need it.
        self._search_steps = int(state.get("search_steps", 0))
        self._weight_steps = int(state["weight_steps"])
        self._architecture_steps = int(state["architecture_steps"])
        baseline = state["baseline"]
        self._baseline.value = None if baseline is None else float(baseline)
        self._round.load_state_dict(state["round"])


def images_by_epochs(problem: Problem, settings: ProxylessSettings) -> int:
    """What warm-up and search consume as far as they are given in epochs; 0 where neither is."""
    search = problem.steps_of(settings.search_epochs)
    steps = problem.steps_of(settings.warmup_epochs) + search
    rounds = search // settings.weight_steps_per_architecture_step
    return steps * problem.images_per_step + rounds * _images_per_architecture_step(
        problem, settings
    )


def _images_per_architecture_step(problem: Problem, settings: ProxylessSettings) -> int:
    if settings.estimator == "reinforce":
        return settings.reinforce_samples * problem.images_per_evaluation
    return problem.images_per_step


def _searched_graph(problem: Problem, path: str) -> tuple[PathGraph, npt.NDArray[np.int64]]:
    """The graph to search, and which edges of the space's graph its edges are."""
    graph = problem.space.path_graph()
    if path == "joint" or graph.path_length == 0:
        return graph, np.arange(graph.edges)
    codes = problem.space.parse_path(path)
    return graph.restricted(codes), graph.edges_of(codes[None])[0]
