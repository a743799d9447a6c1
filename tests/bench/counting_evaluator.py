"""An evaluator that counts what it computes, for the tests of the evaluation cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.running.evaluators.cache import CachedEvaluator, EvaluationCache, key_of
from bench.running.evaluators.landscape import Landscape
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers.base import Evaluate, Failure, Result, Work
from spaces import load_space

SPACE = load_space("autostr")
FOUND = SPACE.architectures(SPACE.sample(40, np.random.default_rng(0)))


class Counting(SyntheticEvaluator):
    """Scores worth keeping, and how often one was computed; ``failure`` instead of all of them."""

    def __init__(self, weights: str = "w0", failure: str = "") -> None:
        super().__init__(Landscape(SPACE), 8, 32)
        self.weights = weights
        self.failure = failure
        self.computed = 0

    def fingerprint(self) -> dict[str, Any]:
        return {"weights": self.weights}

    def perform(self, work: Work) -> Result:
        self.computed += 1
        return Failure(work, self.failure) if self.failure else super().perform(work)


def key(n: int) -> bytes:
    return key_of({"weights": "w0"}, FOUND[n])


def filled(cache: EvaluationCache) -> EvaluationCache:
    evaluator = CachedEvaluator(Counting(), cache)
    for architecture in FOUND:
        assert not evaluator.execute_many([Evaluate(architecture)])[0].cached
    return cache


def check_answers(cache: EvaluationCache) -> CachedEvaluator:
    """Whatever is wrong with the cache, scores are right."""
    evaluator = CachedEvaluator(Counting(), cache)
    plain = Counting()
    for architecture in FOUND:
        work = Evaluate(architecture)
        assert evaluator.execute_many([work])[0].result == plain.perform(work)
    return evaluator
