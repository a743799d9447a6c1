"""ProxylessNAS (Cai et al., 2019) as AutoSTR uses it for its second step: operations on a given
downsampling path are learned by gate gradients (AutoSTR, Eqs. 3 to 5).

Weights are warmed up on uniform paths, then weight steps on sampled paths alternate with
architecture steps. The path is a component of its own (``self._path``), so that a learned
distribution over paths can take its place.

Shape legend: L layers, K candidates a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from searchers.adam import Adam
from searchers.base import (
    GateGradient,
    GatesMeasured,
    Problem,
    Result,
    Searcher,
    TrainWeights,
    WeightsTrained,
    Work,
)
from searchers.errors import SearcherError
from searchers.flops_regulariser import FlopsRegulariser
from searchers.operation_distribution import (
    draw,
    draw_pairs,
    draw_within,
    entropy,
    gradient_of_alpha,
    most_probable,
    softmax,
)
from searchers.training_plan import STEPS_PER_WORK, UniformTraining
from spaces import Architecture

Array = npt.NDArray[np.float64]
#: Redraws of two candidates a layer that leave no path within the hard cap.
REDRAWS = 100


@dataclass(frozen=True)
class ProxylessSettings:
    """Published defaults: Adam, rate 1e-3 and betas (0, 0.999); beta 0.6 and G 450 M of AutoSTR.

    ``warmup_share`` of the budget trains weights on uniform operations. Then each
    ``weight_steps_per_architecture_step`` weight steps are followed by one architecture step.
    ``gates`` is ``full`` (gate gradients of all candidates) or ``two`` (of two sampled ones).
    """

    path: str = "ABABB"
    warmup_share: float = 1.0 / 3.0
    weight_steps_per_architecture_step: int = 5
    gates: Literal["full", "two"] = "full"
    learning_rate: float = 1e-3
    beta1: float = 0.0
    beta2: float = 0.999
    initial_spread: float = 1e-3
    regulariser_beta: float = 0.6
    regulariser_macs: float = 450e6

    def __post_init__(self) -> None:
        if not 0.0 <= self.warmup_share < 1.0:
            raise SearcherError(f"warmup_share {self.warmup_share}: expected 0 up to below 1")
        if self.weight_steps_per_architecture_step < 1:
            raise SearcherError(
                f"weight_steps_per_architecture_step {self.weight_steps_per_architecture_step}: "
                "expected 1 or more"
            )
        if not (0 < self.learning_rate <= 100 and 0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise SearcherError(
                f"learning_rate {self.learning_rate}, beta1 {self.beta1}, beta2 {self.beta2}: "
                "expected a learning_rate above 0 and up to 100, betas from 0 to below 1"
            )
        if not 0.0 <= self.initial_spread <= 10.0:
            raise SearcherError(f"initial_spread {self.initial_spread}: expected 0 to 10")


class Proxyless(Searcher):
    """Operations on one downsampling path, learned by gate gradients."""

    Settings = ProxylessSettings

    def __init__(
        self, problem: Problem, settings: ProxylessSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        space = problem.space
        self._path = space.parse_path(settings.path)
        self._allowed = space.operation_allowed(self._path)
        macs = space.operation_macs(self._path)
        self._macs = macs
        self._skip = space.operations.index("skip") if "skip" in space.operations else -1
        self._regulariser = FlopsRegulariser(
            macs, space.stem_macs, settings.regulariser_beta, settings.regulariser_macs
        )
        smallest = space.stem_macs + int(np.where(self._allowed, macs, macs.max()).min(1).sum())
        if problem.max_macs is not None and problem.max_macs < smallest:
            raise SearcherError(
                f"max_macs {problem.max_macs} is below the smallest architecture on path "
                f"{settings.path} ({smallest}): raise the cap or choose another path"
            )
        shape = self._allowed.shape
        self._alpha: Array = rng.uniform(-1.0, 1.0, shape) * settings.initial_spread
        self._adam = Adam(shape, settings.learning_rate, (settings.beta1, settings.beta2))
        self._warmup = UniformTraining(problem, settings.warmup_share, self._draw_uniform)
        self._weight_steps = 0
        self._redrawn = 0
        self._pair: npt.NDArray[np.bool_] | None = None

    def ask(self, n: int = 1) -> list[Work]:
        if not self._warmup.finished:
            return [self._warmup.ask()]
        missing = self.settings.weight_steps_per_architecture_step - self._weight_steps
        if missing > 0:
            count = min(missing, STEPS_PER_WORK)
            self._weight_steps += count
            return [TrainWeights(tuple(self._sample(self._p()) for _ in range(count)))]
        self._weight_steps = 0
        return [self._gate_work()]

    def tell(self, results: Sequence[Result]) -> None:
        for result in results:
            if isinstance(result, GatesMeasured):
                self._architecture_step(result)
            elif not isinstance(result, WeightsTrained):
                self._pair = None  # A failed step teaches nothing.

    def recommend(self) -> Architecture:
        return self._architecture(most_probable(self._p(), self._macs, self._spare_macs()))

    def status(self) -> dict[str, float]:
        p = self._p()
        return {
            "entropy": entropy(p),
            "expected_macs": self._regulariser.expected_macs(p),
            "skip_share": float((p.argmax(1) == self._skip).mean()),
            "redrawn": float(self._redrawn),
        }

    def _p(self) -> Array:
        return softmax(self._alpha, self._allowed)

    def _gate_work(self) -> GateGradient:
        p = self._p()
        if self.settings.gates == "full":
            wanted, active = self._allowed, self._sample(p)
        else:
            wanted, active = self._draw_pairs(p)
            self._pair = wanted
        candidates = tuple(tuple(np.flatnonzero(row).tolist()) for row in wanted)
        return GateGradient(active, candidates)

    def _architecture_step(self, result: GatesMeasured) -> None:
        """L = r(alpha) L_rec (Eq. 4): both factors depend on alpha."""
        active = self._allowed if self._pair is None else self._pair
        self._pair = None
        full = self._p()
        p = softmax(self._alpha, active)
        # Two-path mode moves mass within the pair only, so r sees the pair's share of the layer.
        mass = (full * active).sum(axis=1, keepdims=True)
        gradient = self._regulariser.value(full) * gradient_of_alpha(result.gradients, p)
        gradient += result.loss * gradient_of_alpha(self._regulariser.gradient(full), p) * mass
        updated = self._adam.step(self._alpha, gradient, active)
        if not active[self._allowed].all():
            # The others' probabilities stay (Cai et al., section 3.2.1): keep the pair's mass.
            updated -= np.where(
                active, _log_mass(updated, active) - _log_mass(self._alpha, active), 0
            )
        self._alpha = updated

    def _sample(self, p: Array) -> Architecture:
        """A path of operations by p, given that it is within the cap."""
        return self._within(p) or self.recommend()

    def _within(self, p: Array) -> Architecture | None:
        spare = self._spare_macs()
        operations = (
            draw(p, self.rng) if spare is None else draw_within(p, self._macs, spare, self.rng)
        )
        return None if operations is None else self._architecture(operations)

    def _draw_pairs(self, p: Array) -> tuple[npt.NDArray[np.bool_], Architecture]:
        """Two candidates a layer, and a path through them within the cap."""
        for _ in range(REDRAWS):
            wanted = draw_pairs(p, self.rng)
            active = self._within(softmax(self._alpha, wanted))
            if active is not None:
                return wanted, active
            self._redrawn += 1
        # Under a cap so tight, the path comes first and each layer's second candidate after it.
        active = self._sample(p)
        wanted = np.zeros_like(self._allowed)
        layers, operations = np.arange(len(p)), list(active.encoding[len(self._path) :])
        wanted[layers, operations] = True
        wanted[
            layers, draw(np.where(wanted, 0.0, np.maximum(p, 1e-12) * self._allowed), self.rng)
        ] = True
        return wanted, active

    def _spare_macs(self) -> int | None:
        limit = self.problem.max_macs
        return None if limit is None else limit - self.problem.space.stem_macs

    def _draw_uniform(self, n: int) -> npt.NDArray[np.int8]:
        uniform = self._allowed / self._allowed.sum(axis=1, keepdims=True)
        return self.problem.space.encode([self._sample(uniform) for _ in range(n)])

    def _architecture(self, operations: npt.NDArray[np.int64]) -> Architecture:
        row = np.concatenate([self._path, operations]).astype(np.int8)
        return self.problem.space.architecture(row)

    def _state(self) -> dict[str, Any]:
        return {
            "alpha": self._alpha.tolist(),
            "adam": self._adam.state_dict(),
            "warmup": self._warmup.asked,
            "weight_steps": self._weight_steps,
            "redrawn": self._redrawn,
            "pair": None if self._pair is None else self._pair.tolist(),
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        alpha = np.asarray(state["alpha"], dtype=float)
        if alpha.shape != self._alpha.shape:
            raise ValueError(f"alpha is of shape {alpha.shape}, expected {self._alpha.shape}")
        self._alpha = alpha
        self._adam.load_state_dict(state["adam"])
        self._warmup.asked = int(state["warmup"])
        self._weight_steps = int(state["weight_steps"])
        self._redrawn = int(state["redrawn"])
        pair = state["pair"]
        self._pair = None if pair is None else np.asarray(pair, dtype=bool)


def _log_mass(alpha: Array, mask: npt.NDArray[np.bool_]) -> Array:
    """log sum exp over the masked candidates of each layer, shape (L, 1)."""
    masked = np.where(mask, alpha, -np.inf)
    top = masked.max(axis=1, keepdims=True)
    total: Array = top + np.log(np.exp(masked - top).sum(axis=1, keepdims=True))
    return total
