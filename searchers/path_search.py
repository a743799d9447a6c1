"""Step 1 of AutoSTR (Zhang et al., *Efficient Backbone Search for Scene Text Recognition*, 2020,
section 3.3, Eq. 2): every layer has the same default operation, the downsampling path is searched.

    S* = argmin_S L_rec(N(w*, S, O^); D_val)   s.t.   w* = argmin_w L_rec(N(w, S, O^); D_tra)

The paper trains the ten typical paths one by one, five epochs each, and keeps the best on the
validation set (a "small grid search"). Here the paths share the supernet's weights, so they take
turns instead: in each cycle every candidate gets as many weight steps, in a random order, and none
is trained later than another. Then each is evaluated on search_val.

Two variants go beyond the paper. ``selection = "halving"`` is successive halving (Jamieson and
Talwalkar, *Non-stochastic Best Arm Identification and Hyperparameter Optimization*, 2016): rounds
of equal budget, after each of which the better half stays. ``paths = "all"`` trains the supernet on
random ones of all paths and compares a random sample of them by inherited weights.

A hard cap holds for the architectures of step 1 too, though nobody would recommend them. Where one
of them is beyond it with ``operation``, all are made of ``operation_within_cap``: paths are to be
compared, not operations; a path that is beyond the cap even so is no candidate. The paper means its
450 M (section 4.2) of what it searches for: its residual units have 397 M to 742 M on the ten
paths. So with ``operation_beyond_cap`` the cap binds what is recommended, and what step 2 does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from searchers.base import (
    Evaluate,
    Evaluated,
    Problem,
    Result,
    Searcher,
    TrainWeights,
    WeightsTrained,
    Work,
)
from searchers.candidate_paths import CandidatePaths
from searchers.epochs import check_budget, check_epochs
from searchers.errors import SearcherError
from searchers.training_plan import STEPS_PER_WORK
from spaces import Architecture

#: Turns that each candidate gets in a round at least, if it has as many steps.
TURNS = 10
#: How far the moving average of a path's training loss goes towards the newest one.
LOSS_RATE = 0.3
#: Draws of a random path within the caps before one of the candidates is taken instead.
REDRAWS = 100


@dataclass(frozen=True)
class PathSearchSettings:
    """Defaults as published: the ten typical paths, equal shares, the 3x3 residual unit.

    ``paths`` is ``typical`` or ``all``; of the paths that this names, at most ``candidates`` are
    compared, drawn at random where there are more. ``selection`` is ``equal`` (equal shares of the
    budget, one comparison) or ``halving``. ``path_epochs``, where it is not 0, are the passes over
    search_train that each path is trained for, in place of a share of the budget; the paper has 5.
    ``operation`` is on every layer of every path: an operation of the space (``k3e1`` is the
    paper's alternative, Table 5) or ``residual``. ``operation_within_cap`` takes its place where
    that breaks a hard cap, unless ``operation_beyond_cap`` says that it may.
    """

    paths: Literal["typical", "all"] = "typical"
    candidates: int = 10
    selection: Literal["equal", "halving"] = "equal"
    operation: str = "residual"
    operation_within_cap: str = "k3e1"
    operation_beyond_cap: bool = False
    path_epochs: float = 0.0

    def __post_init__(self) -> None:
        check_epochs("path_epochs", self.path_epochs)
        if self.path_epochs and self.selection == "halving":
            raise SearcherError(
                f"path_epochs {self.path_epochs:g} with selection 'halving', which trains paths "
                "for unequal times: set selection to equal, or path_epochs to 0"
            )
        if self.candidates < 1:
            raise SearcherError(f"candidates {self.candidates}: expected 1 or more paths")
        for name, known in (("paths", ("typical", "all")), ("selection", ("equal", "halving"))):
            if getattr(self, name) not in known:
                raise SearcherError(
                    f"{name} {getattr(self, name)!r}: expected one of {', '.join(known)}"
                )


@dataclass(frozen=True)
class Round:
    """``candidates`` paths get ``steps`` weight steps each, then one evaluation each."""

    candidates: int
    steps: int

    @property
    def turn(self) -> int:
        """Weight steps that a path gets at a time."""
        return min(max(self.steps // TURNS, 1), STEPS_PER_WORK)

    def images(self, problem: Problem) -> int:
        """What the round consumes."""
        each = self.steps * problem.images_per_step + problem.images_per_evaluation
        return self.candidates * each


def plan_rounds(
    problem: Problem, candidates: int, selection: str, epochs: float = 0.0
) -> tuple[Round, ...]:
    """Rounds that use up ``problem.budget_images`` but for less than a step of each candidate.

    With ``epochs``, one round of so many for each candidate. None for a single candidate, which
    needs no comparison. ``SearcherError`` if the budget of a round does not pay a weight step and
    an evaluation of each of its candidates, or not the epochs.
    """
    if epochs and candidates > 1:
        planned = Round(candidates, problem.steps_of(epochs))
        what = f"{candidates} paths of path_epochs {epochs:g} each"
        check_budget(what, planned.images(problem), problem.budget_images)
        return (planned,)
    sizes = [candidates] if candidates > 1 else []
    while selection == "halving" and sizes and sizes[-1] > 2:
        sizes.append(math.ceil(sizes[-1] / 2))
    step, evaluation = problem.images_per_step, problem.images_per_evaluation
    rounds: list[Round] = []
    spent = 0
    for number, size in enumerate(sizes, start=1):
        # What one round leaves over is the next one's.
        budget = number * problem.budget_images // len(sizes) - spent
        steps = (budget - size * evaluation) // (size * step)
        if steps < 1:
            least = len(sizes) * candidates * (step + evaluation)
            raise SearcherError(
                f"{problem.budget_images} images for step 1 do not train and score {candidates} "
                f"paths, which takes {least}: raise budget_images or path_share, or lower "
                "candidates"
            )
        rounds.append(Round(size, steps))
        spent += rounds[-1].images(problem)
    return tuple(rounds)


class PathSearch(Searcher):
    """The downsampling path, searched with one default operation on every layer."""

    Settings = PathSearchSettings

    def __init__(
        self, problem: Problem, settings: PathSearchSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        if problem.space.path_length == 0:
            raise SearcherError(
                f"space {problem.space.name} has no choice of path to search: use searcher "
                "proxyless, which learns its operations"
            )
        self._candidates = CandidatePaths.draw(
            problem,
            settings.paths == "all",
            settings.candidates,
            (settings.operation, settings.operation_within_cap),
            rng,
            settings.operation_beyond_cap,
        )
        self._begin()

    def _begin(self) -> None:
        """Everything as it is before the first ask, for the candidates there are."""
        count = len(self._candidates)
        self.rounds = plan_rounds(
            self.problem, count, self.settings.selection, self.settings.path_epochs
        )
        self._round = 0
        self._remaining = list(range(count))
        self._turns: list[int] = []
        self._asked_steps = 0
        self._asked_evaluations = 0
        self._weight_steps = [0] * count
        self._scores: list[float | None] = [None] * count
        self._losses: list[float | None] = [None] * count

    @classmethod
    def default_operations(cls, settings: PathSearchSettings) -> tuple[str, ...]:
        return CandidatePaths.foreign(settings.operation, settings.operation_within_cap)

    @property
    def planned_images(self) -> int:
        """What the search consumes in all."""
        return sum(each.images(self.problem) for each in self.rounds)

    def scored_on(self, path: npt.NDArray[np.int8]) -> tuple[Architecture, float | None] | None:
        """The architecture that stood for a path (path_length,), and its score if there is one.

        None for a path that is no candidate.
        """
        for place, candidate in enumerate(self._candidates.paths):
            if np.array_equal(candidate, path):
                return self._candidates.architectures[place], self._scores[place]
        return None

    @property
    def path(self) -> npt.NDArray[np.int8]:
        """The best path so far, (path_length,); the first candidate before anything is known."""
        best: npt.NDArray[np.int8] = self._candidates.paths[self._ranking()[0]]
        return best

    def ask(self, n: int = 1) -> list[Work]:
        if self._round < len(self.rounds) and self._evaluated:
            self._close_round()
        if self._round == len(self.rounds):
            return []
        if not self._trained:
            work: list[Work] = []
            while len(work) < n and not self._trained:
                work.append(self._training())
            return work
        # Scores depend on weights: evaluations are never in one batch with weight steps.
        start = self._asked_evaluations
        self._asked_evaluations = min(start + n, len(self._remaining))
        chosen = self._remaining[start : self._asked_evaluations]
        return [Evaluate(self._candidates.architectures[i]) for i in chosen]

    def independent(self, limit: int) -> int:
        """The rest of a round's evaluations."""
        if self._round == len(self.rounds) or not self._trained or self._evaluated:
            return 1
        return min(limit, len(self._remaining) - self._asked_evaluations)

    def tell(self, results: Sequence[Result]) -> None:
        for result in results:
            work = result.work
            if isinstance(work, TrainWeights):
                places = [self._candidates.place(found) for found in work.architectures]
                for place in places:
                    if place is not None:
                        self._weight_steps[place] += 1
                if isinstance(result, WeightsTrained) and places[0] is not None:
                    self._learn_loss(set(places), result.loss)
            elif isinstance(work, Evaluate):
                place = self._candidates.place(work.architecture)
                if place is not None:
                    # A path whose evaluation failed is worth nothing, whatever it scored before.
                    self._scores[place] = result.score if isinstance(result, Evaluated) else None

    def recommend(self) -> Architecture:
        return self._candidates.member(self._ranking()[0])

    def status(self) -> dict[str, float]:
        status = {"paths": float(len(self._remaining))}
        best = self._scores[self._ranking()[0]]
        return status if best is None else status | {"path_score": best}

    def warnings(self) -> list[str]:
        found = []
        if self._candidates.operation != self.settings.operation:
            found.append(
                f"step 1 uses {self._candidates.operation} on every layer, since with "
                f"{self.settings.operation} there are paths beyond the cap; "
                "operation_beyond_cap lets the cap bind the result only"
            )
        known = [score for score in self._scores if score is not None]
        if len(known) == len(self._scores) > 1 and len(set(known)) == 1:
            found.append(
                f"all {len(known)} paths have the score {known[0]:.3f}: the training loss decided "
                "between them; give step 1 more images, or an operation whose weights are trained"
            )
        return found

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """``paths``: every candidate, best first (the column "Search Step 1" of Table 5)."""
        rows = []
        for rank, place in enumerate(self._ranking(), start=1):
            rows.append(
                {
                    "rank": rank,
                    **self._candidates.describe(place),
                    "weight_steps": self._weight_steps[place],
                    "training_loss": self._losses[place],
                    "score": self._scores[place],
                }
            )
        return {"paths": rows}

    # ---- a round -----------------------------------------------------------------------------

    @property
    def _trained(self) -> bool:
        plan = self.rounds[self._round]
        return self._asked_steps >= plan.candidates * plan.steps

    @property
    def _evaluated(self) -> bool:
        return self._trained and self._asked_evaluations >= len(self._remaining)

    def _training(self) -> TrainWeights:
        """The next turn of a candidate; or random paths, in the first round over all paths."""
        plan = self.rounds[self._round]
        left = plan.candidates * plan.steps - self._asked_steps
        if self.settings.paths == "all" and self._round == 0:
            count = min(STEPS_PER_WORK, left)
            self._asked_steps += count
            return TrainWeights(tuple(self._random_path() for _ in range(count)))
        if not self._turns:
            self._turns = self.rng.permutation(self._remaining).tolist()
        # In the last cycle of a round, turns may be shorter.
        steps = min(plan.turn, left // len(self._turns))
        self._asked_steps += steps
        return TrainWeights((self._candidates.architectures[self._turns.pop()],) * steps)

    def _random_path(self) -> Architecture:
        for _ in range(REDRAWS):
            found = self._candidates.random(self.rng)
            if found is not None:
                return found
            self.redrawn += 1
        place = int(self.rng.integers(len(self._candidates)))
        return self._candidates.architectures[place]

    def _close_round(self) -> None:
        self._round += 1
        self._asked_steps = self._asked_evaluations = 0
        if self._round < len(self.rounds):
            keep = set(self._ranking()[: self.rounds[self._round].candidates])
            self._remaining = [place for place in self._remaining if place in keep]

    def _learn_loss(self, places: set[int | None], loss: float) -> None:
        if len(places) == 1:
            (place,) = places
            if place is not None:
                before = self._losses[place]
                self._losses[place] = (
                    loss if before is None else before + LOSS_RATE * (loss - before)
                )

    def _ranking(self) -> list[int]:
        """Places of all candidates, best first: those still in, by score, then by training loss.

        Where neither decides, the cheaper path comes first. Failed evaluations come last.
        """
        remaining = set(self._remaining)

        def key(place: int) -> tuple[bool, float, float, int, int]:
            score, loss = self._scores[place], self._losses[place]
            return (
                place not in remaining,
                math.inf if score is None else -score,
                math.inf if loss is None else loss,
                self._candidates.macs[place],
                place,
            )

        return sorted(range(len(self._candidates)), key=key)

    def _state(self) -> dict[str, Any]:
        return {
            "candidates": self._candidates.state(),
            "round": self._round,
            "remaining": self._remaining,
            "turns": self._turns,
            "asked_steps": self._asked_steps,
            "asked_evaluations": self._asked_evaluations,
            "weight_steps": self._weight_steps,
            "scores": self._scores,
            "losses": self._losses,
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._candidates = CandidatePaths.from_state(
            self.problem, state["candidates"], self.settings.operation_beyond_cap
        )
        self._begin()
        count = len(self._candidates)
        self._round = int(state["round"])
        self._remaining = [int(place) for place in state["remaining"]]
        self._turns = [int(place) for place in state["turns"]]
        self._asked_steps = int(state["asked_steps"])
        self._asked_evaluations = int(state["asked_evaluations"])
        self._weight_steps = [int(steps) for steps in state["weight_steps"]]
        self._scores = [None if score is None else float(score) for score in state["scores"]]
        self._losses = [None if loss is None else float(loss) for loss in state["losses"]]
        sizes = {len(self._weight_steps), len(self._scores), len(self._losses)}
        if sizes != {count} or not 0 <= self._round <= len(self.rounds):
            raise ValueError(f"the state is of {sorted(sizes)} paths, expected {count}")
