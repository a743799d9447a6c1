"""Searchers for the doctor: one that keeps the contract, and others that break one clause each."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path

import numpy as np

from searchers.base import Evaluate, TrainWeights
from searchers.black_box import BlackBox, BlackBoxSettings


class Fine(BlackBox):
    """Mutates the best so far; keeps the contract."""

    Settings = BlackBoxSettings

    def _propose(self, n):
        if self._best is None:
            return self._draw(n)
        parents = self.problem.space.unrank(np.full(n, self._best[1], dtype=np.int64))
        rows = self.problem.space.mutate(parents, self.rng)
        within = self.problem.allows(rows)
        self.redrawn += int((~within).sum())
        return np.where(within[:, None], rows, self._draw(n))

    def _learn(self, architecture, score):
        pass


# ---- legal proposals ------------------------------------------------------------------------


class SkipsEverywhere(Fine):
    """Legal in the loose space, not in the strict one."""

    def _propose(self, n):
        rows = self._draw(n)
        rows[:, self.problem.space.path_length :] = 6
        return rows


class RecommendsSkips(Fine):
    def recommend(self):
        space = self.problem.space
        row = np.concatenate([space.typical_paths()[0], np.full(space.layers, 6, np.int8)])
        return space.architecture(row)


class GivesMoreThanAsked(Fine):
    def _propose(self, n):
        return super()._propose(n + 1)


class ProposesText(Fine):
    """A text where an architecture belongs."""

    def recommend(self):
        return super().recommend().text


# ---- hard caps ------------------------------------------------------------------------------


class IgnoresTheCaps(Fine):
    def _propose(self, n):
        return self.problem.space.sample(n, self.rng)


class RecommendsBeyondTheCap(Fine):
    """Before it knows anything."""

    def recommend(self):
        return self.problem.space.parse("AABBB-222222222222222") if not self._best else _best(self)


# ---- budget ---------------------------------------------------------------------------------


class Idle(Fine):
    def ask(self, n=1):
        return []


class WantsMuchAtOnce(Fine):
    def ask(self, n=1):
        steps = self.problem.budget_images * 6 // 10 // self.problem.images_per_step
        return [TrainWeights(tuple(self.problem.space.architectures(self._draw(steps))))]


# ---- randomness -----------------------------------------------------------------------------


class SeedsItself(Fine):
    def _propose(self, n):
        return self.problem.draw(n, np.random.default_rng())


class IgnoresTheSeed(Fine):
    """The same sequence, whatever the generator."""

    def ask(self, n=1):
        self._training.asked += 1
        row = self.problem.draw(1, np.random.default_rng(self._training.asked))
        return [Evaluate(self.problem.space.architecture(row[0]))]


# ---- state ----------------------------------------------------------------------------------


class ForgetsItsParent(Fine):
    """Its best is in the state, what it mutates is not."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._parent = None

    def _learn(self, architecture, score):
        if score is not None:
            self._parent = architecture

    def _propose(self, n):
        if self._parent is None:
            return self._draw(n)
        rows = self.problem.space.mutate(self.problem.space.encode([self._parent] * n), self.rng)
        return np.where(self.problem.allows(rows)[:, None], rows, self._draw(n))


class CountsInSecret(Fine):
    """Every ninth proposal is another, and nobody knows how many there were."""

    count = 0

    def _propose(self, n):
        self.count += 1
        return self._draw(n) if self.count % 9 == 0 else super()._propose(n)


class KeepsAnArray(Fine):
    """No JSON data."""

    def _own_state(self):
        return {"array": np.zeros(3)}


class IteratesOverASet(Fine):
    def _propose(self, n):
        rows = self._draw(n)
        layers = [int(text) for text in {str(layer) for layer in range(15)}]
        rows[:, -15:] = np.array(layers) % 2
        return np.where(self.problem.allows(rows)[:, None], rows, self._draw(n))


class UsesHash(Fine):
    def _propose(self, n):
        seed = hash(self.recommend().text) % 2**32
        return self.problem.draw(n, np.random.default_rng(seed))


class TakesAnyState(Fine):
    def _load_state(self, state):
        if state:
            super()._load_state(state)


class LetsErrorsThrough(Fine):
    def _load_state(self, state):
        if "best" not in state:
            raise AttributeError("best")
        super()._load_state(state)


# ---- failures -------------------------------------------------------------------------------


class CrashesOnFailures(Fine):
    def _learn(self, architecture, score):
        self._best = (float(score), architecture.index)


class RecommendsWhatFailed(Fine):
    def _learn(self, architecture, score):
        self._best = (score or 0.0, architecture.index)


# ---- independence ---------------------------------------------------------------------------


class ClaimsIndependence(Fine):
    """Mutates the best so far, which the last result may have changed."""

    def _independent(self):
        return 5


class ChangesWhenAskedHowMuch(Fine):
    def independent(self, limit):
        self.rng.random()
        return 1


class CountsAhead(Fine):
    """The same work, but its count shows how much of it was asked for."""

    def _propose(self, n):
        self.repaired += n
        return self._draw_each(n)

    def _independent(self):
        return 5


# ---- recommendation and records -------------------------------------------------------------


class RecommendsNothing(Fine):
    """Before the first score."""

    def recommend(self):
        return None if self._best is None else super().recommend()


class DrawsItsRecommendation(Fine):
    def recommend(self):
        self.rng.random()
        return super().recommend()


class RemembersBeingAsked(Fine):
    """In an attribute that is in no state."""

    asked = False

    def recommend(self):
        self.asked = True
        return super().recommend()

    def _propose(self, n):
        return self._draw(n) if self.asked else super()._propose(n)


class SamplesFromItsGenerator(Fine):
    def samples(self, n, rng):
        return self.problem.space.architectures(self._draw(n))


class StatusNaN(Fine):
    def status(self):
        return {"loss": float("nan")}


class StatusText(Fine):
    def status(self):
        return {"phase": "warm-up"}


class StatusCounts(Fine):
    def status(self):
        self.repaired += 1
        return {}


class TablesOfArrays(Fine):
    def tables(self):
        return {"scores": [{"score": np.zeros(2)}]}


# ---- reaching out ---------------------------------------------------------------------------


class ImportsTheTrainer(Fine):
    def _propose(self, n):
        importlib.import_module("trainers.data.charset")
        return super()._propose(n)


class OpensTheWords(Fine):
    def _propose(self, n):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "data.mdb").open("wb").close()
        return super()._propose(n)


# ---- raising, leaving, talking --------------------------------------------------------------


class RaisesInInit(Fine):
    def __init__(self, problem, settings, rng):
        raise RuntimeError("two\nlines")


class RaisesInAsk(Fine):
    def ask(self, n=1):
        raise KeyError("temperature")


class RaisesInTell(Fine):
    def tell(self, results):
        raise ZeroDivisionError("division by zero")


class LeavesInAsk(Fine):
    def ask(self, n=1):
        raise SystemExit(3)


class Talks(Fine):
    """Keeps the contract, and prints."""

    def ask(self, n=1):
        print("asked")  # noqa: T201
        return super().ask(n)


def _best(searcher):
    return BlackBox.recommend(searcher)
