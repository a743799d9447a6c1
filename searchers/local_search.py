"""Local search with restarts (White, Nolen and Savani, *Exploring the Loss Landscape in Neural
Architecture Search*, UAI 2021, Algorithm 1; first called *Local Search is State of the Art for NAS
Benchmarks*).

A climb starts at the best of a few random architectures. The neighbours of where it stands are
evaluated in random order; it moves to a better one, and ends where no neighbour is better. Then the
next climb starts. Nothing is evaluated twice: scores are kept, also from climb to climb.

``improvement = "best"`` moves when all neighbours are known, to the best of them: Algorithm 1.
``"first"`` moves as soon as one is better (their code: ``query_full_nbhd=False``).
It is the default here: an AutoSTR architecture has 146 neighbours, so 300 evaluations are two steps
of the other, which does then little better than random search.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from searchers.base import Problem
from searchers.black_box import BlackBox, BlackBoxSettings, Encodings
from searchers.errors import SearcherError
from searchers.proposals import propose
from spaces import Architecture

Scored = tuple[float, int]


@dataclass(frozen=True)
class LocalSearchSettings(BlackBoxSettings):
    """``starts`` random architectures, of which the best is climbed from (10 in the paper's code).

    ``improvement``: move to the ``first`` neighbour that is better, or the ``best`` of all.
    """

    improvement: Literal["first", "best"] = "first"
    starts: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.improvement not in ("first", "best"):
            raise SearcherError(f"improvement {self.improvement!r}: expected 'first' or 'best'")
        if self.starts < 1:
            raise SearcherError(f"starts {self.starts}: expected 1 or more")


class LocalSearch(BlackBox):
    """Climb to better neighbours, and start again at a local optimum."""

    Settings = LocalSearchSettings

    def __init__(
        self, problem: Problem, settings: LocalSearchSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        #: Scores by index of all that was evaluated; None for what failed.
        self._known: dict[int, float | None] = {}
        #: Starting points of this climb that are still to be proposed.
        self._starts = settings.starts
        #: (score, index) of where the climb stands, and of the best that was found from there.
        self._current: Scored | None = None
        self._better: Scored | None = None
        #: Neighbours still to be proposed; None when they have not been listed yet.
        self._queue: list[int] | None = None
        self._climbs = 1

    def status(self) -> dict[str, float]:
        return {"climbs": float(self._climbs)}

    def _propose(self, n: int) -> Encodings:
        while True:
            rows = self._next_start(n) if self._starts else self._next_neighbours(n)
            if len(rows):
                return rows
            if self._better is not None:
                self._current, self._better, self._queue = self._better, None, None
            else:
                self._current, self._queue = None, None
                self._starts = self.settings.starts
                self._climbs += 1

    def _independent(self) -> int:
        """The rest of the starts; where all neighbours are looked at, the rest of them."""
        # Within caps, what is beyond them is counted as it is met.
        if self._starts or self._moves_at_once or self.problem.capped:
            return self._starts
        return len(self._queue or ())

    def _learn(self, architecture: Architecture, score: float | None) -> None:
        """What failed is known, and nothing to climb to."""
        self._known[architecture.index] = score
        if score is None:
            return
        found = (score, architecture.index)
        if self._current is None:
            self._current = found
        elif score > max(self._current[0], self._better[0] if self._better else 0.0):
            self._better = found

    def _next_start(self, n: int) -> Encodings:
        rows: list[Encodings] = []
        known = set(self._known)
        for _ in range(min(n, self._starts)):
            rows.append(propose(self, lambda: self._draw(1), known))
            known.add(int(self.problem.space.rank(rows[-1])[0]))
        self._starts -= len(rows)
        return np.concatenate(rows)

    def _next_neighbours(self, n: int) -> Encodings:
        """At most ``n`` neighbours that are within the caps; none when it is time to move."""
        empty = self.problem.space.of_indices([])
        if self._current is None:
            return empty
        if self._better is not None and (self._queue is None or self._moves_at_once):
            return empty
        if self._queue is None:
            self._queue = self._list_neighbours(self._current)
            if self._better is not None and self._moves_at_once:
                return empty
        rows = empty
        while len(rows) < n and self._queue:
            count = n - len(rows)
            now, self._queue = self._queue[:count], self._queue[count:]
            drawn = self.problem.space.of_indices(now)
            within = self.problem.allows(drawn)
            self.redrawn += int((~within).sum())
            rows = np.concatenate([rows, drawn[within]])
        return rows

    @property
    def _moves_at_once(self) -> bool:
        return bool(self.settings.improvement == "first")

    def _list_neighbours(self, current: Scored) -> list[int]:
        """Those that are not known, in random order; the best of the known may be better."""
        space = self.problem.space
        row = space.of_indices([current[1]])[0]
        indices: list[int] = space.rank(space.neighbours(row)).tolist()
        for index in indices:
            score = self._known.get(index)
            if score is not None and score > max(current[0], (self._better or current)[0]):
                self._better = (score, index)
        unknown = [index for index in indices if index not in self._known]
        return [unknown[i] for i in self.rng.permutation(len(unknown)).tolist()]

    def _own_state(self) -> dict[str, Any]:
        return {
            "known": [list(item) for item in self._known.items()],
            "starts": self._starts,
            "current": self._current,
            "better": self._better,
            "queue": self._queue,
            "climbs": self._climbs,
        }

    def _load_own_state(self, state: Mapping[str, Any]) -> None:
        self._known = {
            int(index): None if score is None else float(score) for index, score in state["known"]
        }
        self._starts, self._climbs = int(state["starts"]), int(state["climbs"])
        self._current, self._better = _scored(state["current"]), _scored(state["better"])
        queue = state["queue"]
        self._queue = None if queue is None else [int(index) for index in queue]


def _scored(saved: Any) -> Scored | None:
    """(score, index) as it came back from JSON."""
    return None if saved is None else (float(saved[0]), int(saved[1]))
