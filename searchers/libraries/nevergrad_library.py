"""nevergrad behind ask and tell: the only module that imports it, itself imported when needed.

An optimiser of nevergrad keeps its state in itself. It is restored by replaying what happened: a
fresh one with the same seed is asked again, must give the same points, and is told the same.

*Choices* are ``TransitionChoice``, whose points are what they say; ``Choice`` would draw again from
a softmax at each evaluation. Choices with the same number of options lie in one object.

*The first point* is the same for every seed: what the parametrisation holds, which nevergrad takes
for the user's initial guess. Without one, ``TransitionChoice`` has the option in the middle of each
choice. Seeds differ from the second point on.

*Losses* are scaled. nevergrad ranks points by a pessimistic bound that adds 0.1 sqrt(1e6 / 2) = 71
to the loss of a point that was evaluated once and next to nothing to one evaluated twice. With
losses of the size of a score any point proposed twice would be the best one known, for good. After
scaling, 71 is less than a ten-thousandth of accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import nevergrad as ng
import numpy as np

from searchers.errors import SearcherError
from searchers.libraries.encoded import Asked, Excess, Point

#: Loss of a score of 0; far above 71, and far below 1e10, where nevergrad clips.
SCALE = 1e6
#: Losses of failed evaluations and of points beyond a cap, in units of SCALE: worse than any score.
FAILED, BEYOND = 2.0, 3.0
ASK, IMPOSE, TELL = "ask", "impose", "tell"


class NevergradLibrary:
    """One optimiser; see ``searchers.libraries.encoded.Library``. ``budget`` is in evaluations."""

    def __init__(
        self, cardinalities: Sequence[int], optimiser: str, budget: int, seed: int
    ) -> None:
        self._cardinalities = tuple(cardinalities)
        self._optimiser = optimiser
        self._budget = budget
        self._begin(seed)

    def _begin(self, seed: int) -> None:
        # Parameters draw from numpy's global generator until they are given one.
        with _numpy_left_alone():
            groups = [
                ng.p.TransitionChoice(range(options), repetitions=len(list(members)))
                for options, members in groupby(self._cardinalities)
            ]
            parameters = ng.p.Tuple(*groups)
            parameters.random_state = np.random.RandomState(seed)
            make = ng.optimizers.registry[self._optimiser]
            self._made = make(parameters, budget=self._budget, num_workers=1)
        self._seed = seed
        self._asked = 0
        #: What was asked and not yet told.
        self._open: dict[int, ng.p.Parameter] = {}
        #: [ASK, point], [IMPOSE, point] or [TELL, number, loss], as it happened.
        self._history: list[list[Any]] = []

    def ask(self, excess: Excess | None) -> Asked:
        number, point = self._ask(ASK)
        if excess is None:
            return Asked(number, point, 0.0)
        beyond = excess(point)
        if beyond > 0.0:
            self._tell(number, SCALE * (BEYOND + beyond))
        return Asked(number, point, beyond)

    def impose(self, point: Point, excess: float) -> int:
        left = iter(point)
        value = tuple(
            tuple(next(left) for _ in members) for _, members in groupby(self._cardinalities)
        )
        # What was suggested last is asked next.
        self._made.suggest(value)
        number, _ = self._ask(IMPOSE)
        return number

    def tell(self, number: int, score: float | None) -> None:
        self._tell(number, SCALE * (FAILED if score is None else 1.0 - score))

    def state(self) -> dict[str, Any]:
        return {"seed": self._seed, "history": [list(event) for event in self._history]}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._begin(int(state["seed"]))
        for kind, what, *loss in state["history"]:
            if kind == TELL:
                self._tell(int(what), float(loss[0]))
                continue
            point = tuple(what)
            if kind == IMPOSE:
                self.impose(point, 0.0)
            else:
                self._ask(ASK)
            if tuple(self._history[-1][1]) != point:
                raise SearcherError(
                    f"nevergrad {ng.__version__} does not repeat point {self._asked - 1} of the "
                    "saved run: install the version that wrote it"
                )

    def _ask(self, kind: str) -> tuple[int, Point]:
        candidate = self._made.ask()
        point: Point = tuple(int(option) for group in candidate.value for option in group)
        number = self._asked
        self._asked += 1
        self._open[number] = candidate
        self._history.append([kind, list(point)])
        return number, point

    def _tell(self, number: int, loss: float) -> None:
        self._made.tell(self._open.pop(number), loss)
        self._history.append([TELL, number, loss])


@contextmanager
def _numpy_left_alone() -> Iterator[None]:
    before = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def known_optimisers() -> list[str]:
    """All names in nevergrad's registry."""
    return sorted(ng.optimizers.registry)
