"""Black-box searchers of other libraries: they see a space as D unordered integer choices.

A library proposes a *point*, one integer a choice; the encoding (``Space.named_encoding``) says
which architecture it means, repairing it if need be. Which encoding a searcher looks through is
one of its settings, hence part of what a run is.

* A point beyond a hard cap is told to the library as such, together with by how much, counted in
  ``redrawn`` and asked again. After ``redraws`` of them the searcher draws an architecture within
  the caps itself and has the library learn it like one of its own.
* The library learns the score of what its point was decoded to. What had to be repaired is
  counted in ``repaired`` when it is evaluated.
* Results come in the order of the work: the oldest proposal without a result is the one meant.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from searchers.base import Problem
from searchers.black_box import BlackBox, BlackBoxSettings, Encodings
from searchers.errors import SearcherError
from spaces import Architecture

Point = tuple[int, ...]
#: By how much a point is beyond the caps, relative to them; up to 0 for a point within.
Excess = Callable[[Point], float]


@dataclass(frozen=True)
class Asked:
    """The ``number`` under which to tell the score of ``point``; none is due if ``excess`` > 0."""

    number: int
    point: Point
    excess: float


class Library(Protocol):
    """What an adapter makes of a library; numbers count from 0 in the order of the points."""

    def ask(self, excess: Excess | None) -> Asked:
        """Propose a point; one beyond the caps is learned as such here. None: there is no cap."""
        ...

    def impose(self, point: Point, excess: float) -> int:
        """Take a point from outside as if it had been proposed; returns its number."""
        ...

    def tell(self, number: int, score: float | None) -> None:
        """Learn the score, to maximise, or None for an evaluation that failed."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything as JSON data."""
        ...

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state()``."""
        ...


@dataclass(frozen=True)
class EncodedSettings(BlackBoxSettings):
    """``encoding`` is one of ``Space.encoding_names``; '' is the space's first.

    ``redraws``: how many points beyond a cap a library may propose in a row.
    """

    encoding: str = ""
    redraws: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.redraws < 0:
            raise SearcherError(f"redraws {self.redraws}: expected 0 or more")


class EncodedBlackBox(BlackBox):
    """Base class of searchers around a library."""

    settings: EncodedSettings

    def __init__(
        self, problem: Problem, settings: EncodedSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        name = settings.encoding or problem.space.encoding_names[0]
        self._encoding = problem.space.named_encoding(name)
        self._library = self._make_library()
        #: Number in the library and index of the architecture, for each result that is due.
        self._due: deque[tuple[int, int]] = deque()

    @abstractmethod
    def _make_library(self) -> Library:
        """The adapter, in its first state; called once, when everything else is set."""

    def _propose(self, n: int) -> Encodings:
        return np.concatenate([self._propose_one() for _ in range(n)])

    def _propose_one(self) -> Encodings:
        """One row (1, columns) within the caps."""
        excess = self._excess if self.problem.capped else None
        for _ in range(self.settings.redraws + 1):
            asked = self._library.ask(excess)
            if asked.excess <= 0.0:
                row, mended = self._encoding.decode([asked.point])
                self.repaired += int(mended[0])
                return self._await(asked.number, row)
            self.redrawn += 1
        row = self.problem.draw(1, self.rng)
        point: Point = tuple(self._encoding.encode(row)[0].tolist())
        return self._await(self._library.impose(point, self._excess(point)), row)

    def _await(self, number: int, row: Encodings) -> Encodings:
        self._due.append((number, int(self.problem.space.rank(row)[0])))
        return row

    def _excess(self, point: Point) -> float:
        row, _ = self._encoding.decode([point])
        over = [-1.0]
        if self.problem.max_macs is not None:
            over.append(int(self.problem.space.macs(row)[0]) / self.problem.max_macs - 1.0)
        if self.problem.max_params is not None:
            over.append(int(self.problem.space.params(row)[0]) / self.problem.max_params - 1.0)
        return max(over)

    def _learn(self, architecture: Architecture, score: float | None) -> None:
        if not self._due or self._due[0][1] != architecture.index:
            due = str(self._due[0][1]) if self._due else "none"
            raise SearcherError(
                f"result of architecture {architecture.index}, but the one due is {due}: tell "
                "results in the order of the work"
            )
        number, _ = self._due.popleft()
        self._library.tell(number, score)

    def _own_state(self) -> dict[str, Any]:
        return {"due": [list(pair) for pair in self._due], "library": self._library.state()}

    def _load_own_state(self, state: Mapping[str, Any]) -> None:
        self._due = deque((int(number), int(index)) for number, index in state["due"])
        self._library.load_state(state["library"])
