"""Trains a recogniser from scratch: the trainer's fourth verb.

As in the trainer of supernets, data order depends on the seed and the number of steps alone, so the
state is weights, optimiser and a counter; several processes make the step of one (``distributed``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from torch import Tensor

from trainers.data.loader import BatchLoader
from trainers.data.unused import undecodable
from trainers.data.word_images import WordImages
from trainers.distributed import ProcessGroup
from trainers.errors import TrainerError
from trainers.models.model import Model, ReadingScores
from trainers.optimisers import retraining_rate
from trainers.recogniser.ctc import CTCHead
from trainers.settings import RetrainingSettings
from trainers.weight_steps import WeightSteps, check_flat_start


class ModelTraining:
    """``settings.epochs`` of ``search_train`` for one model with fresh weights.

    Raises ``TrainerError`` for settings that do not go with the model.
    """

    def __init__(
        self,
        model: Model,
        search_train: BatchLoader,
        search_val: WordImages,
        settings: RetrainingSettings,
    ) -> None:
        _check_settings(model, settings)
        self.model = model
        self.search_val = search_val
        self.settings = settings
        images = settings.epochs * len(search_train.split)
        self.steps = max(1, round(images / settings.batch_images))
        rate = partial(retraining_rate, settings, steps=self.steps)
        self.weight_steps = WeightSteps(
            model.network, model.compute, search_train, model.codec, settings, rate, "retraining"
        )

    @property
    def done(self) -> int:
        """Steps so far."""
        return self.weight_steps.done

    @property
    def rate(self) -> float:
        """Learning rate of the last step."""
        return self.weight_steps.rate(max(0, self.done - 1))

    def join(self, group: ProcessGroup) -> None:
        """From now on, do this process's part of each step of ``group``."""
        self.weight_steps.join(group)

    def step(self) -> float:
        """One weight step; its loss, NaN for one that was not made. Its words are spent."""
        with self.weight_steps.next() as step:
            step.loss = self.model.network.loss(
                step.images_BHW3, step.labels, step.norm, step.flat_start
            )
        return step.value

    def validate(self) -> ReadingScores | None:
        """How search_val is read, None where the output is not finite; changes nothing."""
        return self.model.score(self.search_val)

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Live tensors, and the steps done, from which ``load_state`` continues exactly."""
        counters = {"steps": self.done, "substituted": self.weight_steps.substituted}
        return self.weight_steps.tensors(), counters

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        """Continue from ``state()``; ``TrainerError`` if it is of another training."""
        done = counters.get("steps")
        if not (isinstance(done, int) and 0 <= done <= self.steps):
            raise TrainerError(f"checkpoint of step {done}, expected 0 to {self.steps}: restore it")
        self.weight_steps.load(tensors, done, counters)

    def warnings(self) -> list[str]:
        """What its words have to be said of, a sentence each; counted up to now."""
        asked = self.search_val
        return [
            *self.weight_steps.warnings(self.done),
            *undecodable("search_val", asked.unreadable, len(asked) + asked.unreadable),
        ]

    def close(self) -> None:
        """Stop the loader's threads."""
        self.weight_steps.close()


def _check_settings(model: Model, settings: RetrainingSettings) -> None:
    check_flat_start(
        settings.flat_start_steps,
        isinstance(model.network.head, CTCHead),
        "retraining.flat_start_steps = 0",
    )
    if settings.batch_images < 2:
        raise TrainerError(
            f"batch_images {settings.batch_images}, whose batch norm may need 2 images or more: "
            "raise retraining.batch_images"
        )
    if settings.drops and settings.schedule != "steps":
        raise TrainerError(
            f"drops with schedule {settings.schedule!r}, which has none: set "
            'retraining.schedule = "steps" or retraining.drops = []'
        )
