"""Regularised evolution (Real et al., *Regularized Evolution for Image Classifier Architecture
Search*, AAAI 2019, Algorithm 1) on a one-shot supernet.

A population of P random architectures is scored. From then on, each proposal is a mutant of the
best of S architectures drawn from the population; it joins the population, and the *oldest* member
leaves it, however good that was. So a lucky score does not live for ever, and what is good must be
found good again.

The paper uses P = 100 and S = 25 for 20,000 evaluations. A budget of 300 would spend a third on
the random ones, so P shrinks until the budget holds ``rounds`` populations, and S with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchers.base import Problem
from searchers.black_box import BlackBox, BlackBoxSettings, Encodings
from searchers.errors import SearcherError
from searchers.proposals import affordable_evaluations, propose
from spaces import Architecture

#: The smallest population that a small budget shrinks to.
FEWEST = 4


@dataclass(frozen=True)
class EvolutionSettings(BlackBoxSettings):
    """Published defaults: ``population`` P = 100, ``sample`` S = 25, one move per mutation.

    P is at most ``1 / rounds`` of the evaluations that the budget pays for, and S keeps its share
    of P; ``rounds = 1`` takes P as it is given, whatever the budget. ``mutations`` is the number
    of moves of the space from parent to child.
    """

    population: int = 100
    sample: int = 25
    mutations: int = 1
    rounds: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.sample <= self.population:
            raise SearcherError(
                f"sample {self.sample} of a population of {self.population}: expected a sample "
                "from 1 up to the population"
            )
        if self.mutations < 1 or self.rounds < 1:
            raise SearcherError(
                f"mutations {self.mutations}, rounds {self.rounds}: expected 1 or more"
            )


class Evolution(BlackBox):
    """Mutate the best of a sample, drop the oldest (regularised evolution)."""

    Settings = EvolutionSettings

    def __init__(
        self, problem: Problem, settings: EvolutionSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        self.population_size, self.sample_size = settings.population, settings.sample
        fitting = affordable_evaluations(problem, self._training.steps) // settings.rounds
        if settings.rounds > 1 and fitting < settings.population:
            self.population_size = min(max(fitting, FEWEST), settings.population)
            share = settings.sample / settings.population
            self.sample_size = max(2, round(share * self.population_size))
        #: (score, index) of those alive, the oldest first.
        self._alive: deque[tuple[float, int]] = deque(maxlen=self.population_size)

    def _propose(self, n: int) -> Encodings:
        missing = self.population_size - len(self._alive)
        if missing > 0:
            # No children before the population is full: the first few would have them all.
            return self._draw_each(min(n, missing))
        return np.concatenate([propose(self, self._child) for _ in range(n)])

    def _independent(self) -> int:
        return self.population_size - len(self._alive)

    def _learn(self, architecture: Architecture, score: float | None) -> None:
        """What failed never joins; the queue's length makes the oldest leave."""
        if score is not None:
            self._alive.append((score, architecture.index))

    def _child(self) -> Encodings:
        # With replacement, as Algorithm 1 draws its sample.
        drawn = self.rng.integers(0, len(self._alive), self.sample_size).tolist()
        _, parent = max((self._alive[i] for i in drawn), key=lambda member: member[0])
        row = self.problem.space.of_indices([parent])
        return self.problem.space.mutate(row, self.rng, self.settings.mutations)

    def _own_state(self) -> dict[str, Any]:
        return {"alive": [list(member) for member in self._alive]}

    def _load_own_state(self, state: Mapping[str, Any]) -> None:
        alive = [(float(score), int(index)) for score, index in state["alive"]]
        self._alive = deque(alive, maxlen=self.population_size)
