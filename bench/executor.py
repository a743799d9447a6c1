"""Has the trainer do a piece of work: the one place where searchers' words meet trainers' verbs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from bench.referee import proxy_score
from searchers.base import (
    Evaluated,
    Failure,
    GateGradient,
    GatesMeasured,
    Result,
    TrainWeights,
    WeightsTrained,
    Work,
)
from spaces import Space
from trainers.cost import Cost, Pricer
from trainers.trainer import Trainer

OUT_OF_MEMORY = (MemoryError, torch.OutOfMemoryError)


class Executor:
    """Prices, executes and describes work."""

    def __init__(
        self, space: Space, trainer: Trainer, evaluation_images: int, case_sensitive: bool
    ) -> None:
        self.space = space
        self.trainer = trainer
        self.case_sensitive = case_sensitive
        # What is billed is what is done: a small split has fewer words than asked for.
        self.evaluation_images = min(evaluation_images, len(trainer.data.evaluation))
        self.pricer = Pricer(
            trainer.supernet.mesh, trainer.settings.batch_images, len(trainer.data.calibration)
        )

    def price(self, work: Work) -> Cost:
        """What the work will consume; known before it runs."""
        if isinstance(work, TrainWeights):
            return self.pricer.train_weights(self.space.encode(work.architectures))
        encoding = self.space.encode([work.architecture])
        if isinstance(work, GateGradient):
            return self.pricer.gate_gradient(encoding[0], self._wanted(work))
        return self.pricer.evaluate(encoding, self.evaluation_images)

    def execute(self, work: Work) -> Result:
        """Do it. Too little memory or numbers that are not finite become a ``Failure``."""
        try:
            return self._execute(work)
        except (RuntimeError, MemoryError) as error:
            # torch reports a full CPU as a plain RuntimeError; any other one is a bug to be seen.
            if isinstance(error, OUT_OF_MEMORY) or "can't allocate memory" in str(error):
                return Failure(work, "out of memory")
            raise

    def _execute(self, work: Work) -> Result:
        if isinstance(work, TrainWeights):
            trained = self.trainer.train_weights(self.space.encode(work.architectures))
            if trained.failed_steps:
                return Failure(work, f"no finite gradient in {trained.failed_steps} steps")
            return WeightsTrained(work, trained.loss)
        encoding = self.space.encode([work.architecture])[0]
        if isinstance(work, GateGradient):
            gates = self.trainer.gate_gradient(encoding, self._wanted(work))
            if not (math.isfinite(gates.loss) and np.isfinite(gates.gradients).all()):
                return Failure(work, "gate gradients are not finite")
            return GatesMeasured(work, gates.loss, gates.gradients)
        scores = self.trainer.evaluate(encoding, self.evaluation_images)
        score = proxy_score(scores, self.case_sensitive)
        if score is None:
            return Failure(work, "network output is not finite")
        return Evaluated(work, score)

    def _wanted(self, work: GateGradient) -> np.ndarray[Any, np.dtype[np.bool_]]:
        wanted = np.zeros((self.space.layers, len(self.space.operations)), dtype=bool)
        for layer, candidates in enumerate(work.candidates):
            wanted[layer, list(candidates)] = True
        return wanted


def kind_of(work: Work) -> str:
    """Name of the work in ledger and log."""
    if isinstance(work, TrainWeights):
        return "train_weights"
    return "gate_gradient" if isinstance(work, GateGradient) else "evaluate"


def describe_work(work: Work) -> dict[str, Any]:
    """The work as JSON data."""
    if isinstance(work, TrainWeights):
        return {"architectures": [found.text for found in work.architectures]}
    described: dict[str, Any] = {"architecture": work.architecture.text}
    if isinstance(work, GateGradient):
        described["candidates"] = [list(row) for row in work.candidates]
    return described


def describe_result(result: Result) -> dict[str, Any]:
    """The result as JSON data, numbers in full precision."""
    if isinstance(result, Failure):
        return {"failure": result.reason}
    if isinstance(result, Evaluated):
        return {"score": result.score}
    if isinstance(result, GatesMeasured):
        return {"loss": result.loss, "gradients": result.gradients.tolist()}
    return {"loss": result.loss}
