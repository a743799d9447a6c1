"""Trains a recogniser from scratch: the trainer's fourth verb.

As in the trainer of supernets, data order depends on the seed and the number of steps alone, so the
state is weights, optimiser and a counter; several processes make the step of one (``distributed``).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from spaces.networks.normalisation import UpdatingStatistics
from trainers.allocator import keep_large_buffers
from trainers.data.loader import BatchLoader
from trainers.data.unused import undecodable
from trainers.data.word_images import WordImages
from trainers.distributed import Group
from trainers.errors import TrainerError
from trainers.metrics import WordScores
from trainers.models.model import Model
from trainers.optimisers import build_optimiser, retraining_rate
from trainers.recogniser.ctc import CTCHead
from trainers.settings import RetrainingSettings
from trainers.state import (
    load_optimiser,
    load_weights,
    model_tensors,
    optimiser_tensors,
    weights_in,
)
from trainers.trainer import compute_repeatably
from trainers.weight_steps import WeightSteps


class Training:
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
        keep_large_buffers()
        compute_repeatably(model.device)
        self.model = model
        self.search_train = search_train
        self.search_val = search_val
        self.settings = settings
        parameters = list(model.network.parameters())
        self.optimiser = build_optimiser(parameters, settings)
        self.weight_steps = WeightSteps(parameters, self.optimiser, settings.clip_norm)
        images = settings.epochs * len(search_train.split)
        self.steps = max(1, round(images / settings.batch_images))
        self.done = 0
        #: Images of this process whose places others took, since they could not be decoded.
        self.substituted = 0

    def join(self, group: Group) -> None:
        """From now on, do this process's part of each step of ``group``."""
        group.launch.check_batch(self.settings.batch_images, "retraining.batch_images")
        self.weight_steps.group = group
        self.search_train = self.search_train.part(slice(group.rank, None, group.size))

    def step(self) -> float:
        """One weight step; its loss, NaN for one that was not made. Its words are spent."""
        step = self.done
        batch = self.search_train.batch(step)
        self.done += 1
        self.substituted += batch.substituted
        flat_start = step < self.settings.flat_start_steps

        def loss(norm: UpdatingStatistics) -> Tensor:
            images = self.model.on_device(batch.images)
            labels = self.model.encode_labels(batch.labels)
            with self.model.autocast():
                return self.model.network.loss(images, labels, norm, flat_start)

        return self.weight_steps.make(retraining_rate(self.settings, step, self.steps), loss)

    @property
    def rate(self) -> float:
        """Learning rate of the last step."""
        return retraining_rate(self.settings, max(0, self.done - 1), self.steps)

    def validate(self) -> WordScores | None:
        """Scores on search_val, None where the output is not finite; changes nothing."""
        return self.model.score(self.search_val)

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Live tensors, and the steps done, from which ``load_state`` continues exactly."""
        network = self.model.network
        return model_tensors(network) | optimiser_tensors(network, self.optimiser), {
            "steps": self.done,
            "substituted": self.substituted,
        }

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        """Continue from ``state()``; ``TrainerError`` if it is of another training."""
        done = counters.get("steps")
        if not (isinstance(done, int) and 0 <= done <= self.steps):
            raise TrainerError(f"checkpoint of step {done}, expected 0 to {self.steps}: restore it")
        load_weights(self.model.network, weights_in(tensors), "checkpoint")
        load_optimiser(self.model.network, self.optimiser, tensors)
        self.done = done
        # Checkpoints of older versions do not count it.
        self.substituted = counters.get("substituted", 0)

    def warnings(self) -> list[str]:
        """What its words have to be said of, a sentence each; counted up to now."""
        drawn, asked = self.done * self.settings.batch_images, self.search_val
        return [
            *undecodable("the words of training steps", self.substituted, drawn),
            *undecodable("search_val", asked.unreadable, len(asked) + asked.unreadable),
        ]

    def close(self) -> None:
        """Stop the loader's threads."""
        self.search_train.close()


def _check_settings(model: Model, settings: RetrainingSettings) -> None:
    network = model.network
    if settings.flat_start_steps and not isinstance(network.head, CTCHead):
        raise TrainerError(
            f"flat_start_steps {settings.flat_start_steps} with a head that is not CTC: set "
            "retraining.flat_start_steps = 0"
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
