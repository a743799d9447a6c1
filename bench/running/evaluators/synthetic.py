"""Scores by the made-up landscape: a run in seconds, to test searchers and the harness itself.

No number from here says anything about text recognition, and no report may mix it with ones that
do: the evaluator is part of a run's identity.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.running.evaluators.base import Evaluator, RefereeScores
from bench.running.evaluators.landscape import Landscape
from searchers.base import (
    Evaluated,
    GateGradient,
    GatesMeasured,
    Result,
    TrainWeights,
    WeightsTrained,
    Work,
)
from spaces import Architecture
from trainers.cost import Cost


class SyntheticEvaluator(Evaluator):
    """A landscape that answers every kind of work; training changes nothing."""

    device = "none"

    def __init__(
        self, landscape: Landscape, images_per_step: int, images_per_evaluation: int
    ) -> None:
        self.landscape = landscape
        self.space = landscape.space
        self.images_per_step = images_per_step
        self.images_per_evaluation = images_per_evaluation

    def price(self, work: Work) -> Cost:
        """Images as the supernet would consume them; MACs of the full-size space."""
        if isinstance(work, TrainWeights):
            images = self.images_per_step * len(work.architectures)
            macs = 3 * self.images_per_step * self._macs(*work.architectures)
            return Cost(images_forward_backward=images, macs=macs)
        if isinstance(work, GateGradient):
            images = self.images_per_step
            macs = images * (2 * self._macs(work.architecture) + self._candidate_macs(work))
            return Cost(images_forward_backward=images, macs=macs)
        images = self.images_per_evaluation
        macs = images * self._macs(work.architecture)
        return Cost(images_forward=images, macs=macs, evaluations=1)

    def perform(self, work: Work) -> Result:
        if isinstance(work, TrainWeights):
            losses = self.landscape.loss(self._members(*work.architectures))
            return WeightsTrained(work, float(losses.mean()))
        row = self._members(work.architecture)
        if isinstance(work, GateGradient):
            wanted = np.zeros((self.space.layers, len(self.space.operations)), dtype=bool)
            for layer, candidates in enumerate(work.candidates):
                wanted[layer, list(candidates)] = True
            gradients = np.where(wanted, self.landscape.gate_gradients(row[0]), 0.0)
            return GatesMeasured(work, float(self.landscape.loss(row)[0]), gradients)
        return Evaluated(work, float(self.landscape.scores(row)[0]))

    def scores_for_referee(self, architecture: Architecture, final: bool) -> RefereeScores:
        quality = float(self.landscape.quality(self._members(architecture))[0])
        return RefereeScores(quality, self.glance(architecture), None, None, None, None, 0)

    def glance(self, architecture: Architecture) -> float | None:
        return float(self.landscape.scores(self._members(architecture))[0])

    def _members(self, *architectures: Architecture) -> npt.NDArray[np.int8]:
        """Encodings; operations that are none of the space's own count as its first."""
        rows = self.space.encode(architectures)
        foreign = rows >= len(self.space.operations)
        foreign[:, : self.space.path_length] = False
        return np.where(foreign, np.int8(0), rows)

    def _candidate_macs(self, work: GateGradient) -> int:
        """Of the candidates beside the active ones, as the supernet bills them."""
        row = np.array(work.architecture.encoding)
        path, active = row[: self.space.path_length], row[self.space.path_length :]
        table = self.space.operation_macs(path)
        return sum(
            int(table[layer, k])
            for layer, wanted in enumerate(work.candidates)
            for k in wanted
            if k != active[layer]
        )

    def _macs(self, *architectures: Architecture) -> int:
        """Of one image in each of them."""
        return int(self.space.macs(self._members(*architectures)).sum())
