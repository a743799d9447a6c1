"""An evaluator whose weight steps several processes make together; see ``running.leading``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bench.running.evaluators.base import AroundEvaluator, Evaluator, Outcome
from bench.running.leading import Leader, follow
from searchers.base import TrainWeights, Work
from spaces import Space
from trainers.distributed import ProcessGroup

if TYPE_CHECKING:
    from trainers.trainer import Trainer


class LeadingEvaluator(AroundEvaluator):
    """``inner``, whose weight steps and states all processes of ``group`` share.

    Everything else is done by this process alone, while the others wait.
    """

    def __init__(
        self, inner: Evaluator, trainer: Trainer, space: Space, group: ProcessGroup
    ) -> None:
        super().__init__(inner)
        self.leader = Leader(trainer, group)
        self.space = space

    def execute_many(self, works: Sequence[Work]) -> list[Outcome]:
        outcomes = []
        for work in works:
            if isinstance(work, TrainWeights):
                paths = torch.from_numpy(self.space.encode(work.architectures))
                with self.leader.training(paths):
                    outcomes += self.inner.execute_many([work])
            else:
                outcomes += self.inner.execute_many([work])
        return outcomes

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """The state of all; ``TrainerError`` if it is not the same."""
        self.leader.compare()
        return self.inner.state()

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        self.inner.load_state(tensors, counters)
        self.leader.send_state(tensors, counters)

    def close(self) -> None:
        self.leader.end()
        self.inner.close()


def follow_weight_steps(trainer: Trainer, group: ProcessGroup) -> None:
    """Make the weight steps that a leading evaluator orders, until it ends."""
    follow(trainer, lambda paths: trainer.train_weights(paths.view(torch.int8).numpy()), group)
