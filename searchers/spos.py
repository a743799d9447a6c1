"""Evolution of Single Path One-Shot (Guo et al., *Single Path One-Shot Neural Architecture Search
with Uniform Sampling*, ECCV 2020, Algorithm 1), the usual companion of one-shot training.

The supernet is trained on uniform paths. A first generation of P architectures is random. Each
later one is bred from the k best found so far: half of it by mutation of one of them, half by
crossover of two. What is beyond the hard cap is rejected at once, in the first generation and in
all others, and so is what was evaluated before; where breeding finds nothing new, a random
architecture fills the place, as in the authors' code.

The paper uses P = 50, k = 10 and T = 20 generations: 1,000 evaluations. A smaller budget shrinks
the population, so that as many generations as possible remain; a larger one has more generations,
since a budget is to be spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchers.base import Problem
from searchers.black_box import BlackBox, BlackBoxSettings, Encodings
from searchers.errors import SearcherError
from searchers.proposals import affordable_evaluations, propose
from spaces import Architecture

#: The smallest generation that a small budget shrinks to: two of ten are parents.
FEWEST = 10


@dataclass(frozen=True)
class SposSettings(BlackBoxSettings):
    """Published defaults: ``population`` P = 50, ``parents`` k = 10, ``generations`` T = 20.

    ``crossover_share`` of a generation (half) are crossovers, the others mutations. A mutation
    redraws each layer with ``mutation_probability``: the number of redraws is binomial over the
    layers, at least one, and each is a move of the space (another operation or another path).
    A budget of fewer than P x T evaluations makes P smaller, and k with it, not T.
    """

    population: int = 50
    parents: int = 10
    generations: int = 20
    crossover_share: float = 0.5
    mutation_probability: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.parents <= self.population:
            raise SearcherError(
                f"parents {self.parents} of a population of {self.population}: expected parents "
                "from 1 up to the population"
            )
        if self.generations < 1:
            raise SearcherError(f"generations {self.generations}: expected 1 or more")
        for name in ("crossover_share", "mutation_probability"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SearcherError(f"{name} {getattr(self, name)}: expected 0 to 1")


class Spos(BlackBox):
    """Breed generations from the best by crossover and mutation (Single Path One-Shot)."""

    Settings = SposSettings

    def __init__(self, problem: Problem, settings: SposSettings, rng: np.random.Generator) -> None:
        super().__init__(problem, settings, rng)
        evaluations = affordable_evaluations(problem, self._training.steps)
        fitting = max(evaluations // settings.generations, FEWEST)
        self.population_size = min(settings.population, fitting)
        share = settings.parents / settings.population
        self.parents_size = max(1, round(share * self.population_size))
        #: The generation's indices that are still to be proposed.
        self._queue: list[int] = []
        #: (score, index) of the best so far, the best first.
        self._top: list[tuple[float, int]] = []
        #: ``vis_dict`` of the authors' code: what is or was in a generation.
        self._visited: set[int] = set()

    def _propose(self, n: int) -> Encodings:
        """The next of the generation; no more than are left: the next would be bred too early."""
        if not self._queue:
            self._breed()
        now, self._queue = self._queue[:n], self._queue[n:]
        return self.problem.space.of_indices(now)

    def _independent(self) -> int:
        """The rest of the generation, or all of the next one, which the next ask breeds."""
        return len(self._queue) or self.population_size

    def _learn(self, architecture: Architecture, score: float | None) -> None:
        """Keep the k best of all generations; what failed is visited and no parent."""
        if score is None:
            return
        self._top.append((score, architecture.index))
        self._top.sort(key=lambda member: -member[0])
        del self._top[self.parents_size :]

    def _breed(self) -> None:
        crossovers = round(self.settings.crossover_share * self.population_size)
        for place in range(self.population_size):
            if not self._top:
                row = propose(self, lambda: self._draw(1), self._visited)
            elif place < self.population_size - crossovers:
                row = propose(self, self._mutant, self._visited)
            else:
                row = propose(self, self._crossed, self._visited)
            index = int(self.problem.space.rank(row)[0])
            self._visited.add(index)
            self._queue.append(index)

    def _mutant(self) -> Encodings:
        space, probability = self.problem.space, self.settings.mutation_probability
        moves = max(1, int(self.rng.binomial(space.layers, probability)))
        return space.mutate(self._parents(1), self.rng, moves)

    def _crossed(self) -> Encodings:
        # Two different ones: the child of one with itself would be known.
        parents = self._parents(2)
        return self.problem.space.crossover(parents[:1], parents[-1:], self.rng)

    def _parents(self, n: int) -> Encodings:
        """``n`` different ones of the best, or all of them."""
        drawn = self.rng.permutation(len(self._top))[:n].tolist()
        indices = [self._top[i][1] for i in drawn]
        return self.problem.space.of_indices(indices)

    def _own_state(self) -> dict[str, Any]:
        return {
            "queue": list(self._queue),
            "top": [list(member) for member in self._top],
            "visited": sorted(self._visited),
        }

    def _load_own_state(self, state: Mapping[str, Any]) -> None:
        self._queue = [int(index) for index in state["queue"]]
        self._top = [(float(score), int(index)) for score, index in state["top"]]
        self._visited = {int(index) for index in state["visited"]}
