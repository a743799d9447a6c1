"""The trainer: it spends, and decides nothing.

Three verbs on one supernet: train weights on given paths, gate gradients of a sampled path,
evaluate architectures with inherited weights. Data order depends on the seed and the number of
steps done, evaluation does not change the supernet; so the state is weights, optimiser and two
counters.

Shape legend: N architectures, D integers of an encoding, L layers, K candidates a layer, B images.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spaces.networks.normalisation import CalibratedStatistics
from trainers.codec import Codec
from trainers.compute import Compute, resolve_device
from trainers.cost import Encodings
from trainers.data.loader import BatchLoader, WordImages
from trainers.data.unused import undecodable
from trainers.distributed import ProcessGroup
from trainers.errors import TrainerError
from trainers.gates import gate_gradients
from trainers.memory import is_out_of_memory
from trainers.metrics import WordScores, score_words
from trainers.optimisers import learning_rate
from trainers.population import in_groups
from trainers.recogniser.ctc import CTCHead
from trainers.recogniser.rectifier import Rectifier
from trainers.settings import TrainerSettings
from trainers.supernet import Supernet
from trainers.weight_steps import WeightSteps, check_flat_start

#: Words that are read from their features at a time.
READ_IMAGES = 512


@dataclass(frozen=True)
class TrainerData:
    """What the trainer sees of the data. The test split is not here: it is the referee's."""

    search_train: BatchLoader
    search_val: BatchLoader
    calibration: WordImages
    evaluation: WordImages


@dataclass(frozen=True)
class WeightOutcome:
    """Mean loss over the steps that were made, and how many were not.

    Those gave no finite gradient, or were ``out_of_memory``.
    """

    loss: float
    failed_steps: int
    out_of_memory: int = 0


@dataclass(frozen=True)
class GateOutcome:
    """Loss of the path and dL/dg of shape (L, K)."""

    loss: float
    gradients: npt.NDArray[np.float64]


class Trainer:
    """Trains one supernet and scores architectures with its weights.

    Raises ``TrainerError`` for settings that do not go with this supernet or this machine. On a
    CUDA device, cuDNN is set to deterministic kernels, for the whole process.
    """

    def __init__(
        self, supernet: Supernet, data: TrainerData, codec: Codec, settings: TrainerSettings
    ) -> None:
        _check_settings(supernet, settings)
        self.settings = settings
        self.compute = Compute(resolve_device(settings.device), settings.precision)
        self.compute.place(supernet)
        self.supernet = supernet
        self.codec = codec
        self.data = data
        rate = partial(learning_rate, settings)
        self.weight_steps = WeightSteps(
            supernet, self.compute, data.search_train, codec, settings, rate, "trainer"
        )
        self.gate_steps = 0

    @property
    def device(self) -> torch.device:
        """Where the supernet is."""
        return self.compute.device

    def join(self, group: ProcessGroup) -> None:
        """From now on, do this process's part of each weight step of ``group``."""
        self.weight_steps.join(group)

    def train_weights(self, encodings: Encodings) -> WeightOutcome:
        """One weight step on a fresh batch of search_train for each row of ``encodings`` (N, D).

        Each row is begun: a path that needs too much memory does not cost the others their steps.
        """
        losses, out_of_memory = [], 0
        for encoding in encodings:
            try:
                loss = self._weight_step(encoding.tolist())
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                out_of_memory += 1
            else:
                losses.append(loss)
        finite = [loss for loss in losses if math.isfinite(loss)]
        mean = sum(finite) / len(finite) if finite else math.nan
        return WeightOutcome(mean, len(encodings) - len(finite), out_of_memory)

    def gate_gradient(
        self, encoding: npt.NDArray[np.int8], wanted: npt.NDArray[np.bool_]
    ) -> GateOutcome:
        """Gate gradients of ``encoding`` (D,) for ``wanted`` (L, K) on a batch of search_val."""
        batch = self.data.search_val.batch(self.gate_steps)
        images = self.compute.images(batch.images)
        labels = [self.codec.encode(label) for label in batch.labels]
        self.gate_steps += 1
        self.weight_steps.substituted += batch.substituted
        with self.compute.autocast():
            loss, gradients = gate_gradients(
                self.supernet, encoding.tolist(), wanted, images, labels
            )
        return GateOutcome(loss, gradients)

    def evaluate(self, encoding: npt.NDArray[np.int8], images: int) -> WordScores | None:
        """Scores of one architecture on the first ``images`` words of search_val.

        None when the network's output is not finite: a failed evaluation, not a bad one.
        """
        return self.score(encoding, self.data.evaluation.first(images))

    @torch.inference_mode()
    def evaluate_many(self, encodings: Encodings, images: int) -> list[WordScores | None]:
        """What ``evaluate`` says of each row of ``encodings`` (N, D); see ``population``."""
        words = self.data.evaluation.first(images)
        found: list[WordScores | None] = [None] * len(encodings)
        for group in in_groups(self.supernet, encodings):
            with self.compute.autocast():
                group.calibrate(self.compute.images(self.data.calibration.images))
                if group.members:
                    for images_BHW3 in self._batches(words):
                        group.read(images_BHW3, READ_IMAGES)
                    group.read_rest()
            for member in group.members:
                predictions = [self.codec.decode(ids) for ids in member.ids]
                found[member.place] = score_words(predictions, words.labels)
        return found

    @torch.inference_mode()
    def score(
        self, encoding: npt.NDArray[np.int8], words: WordImages, supernet: Supernet | None = None
    ) -> WordScores | None:
        """Scores with inherited weights on any words; batch-norm statistics from search_train.

        The weights are those of ``supernet``, by default the one that is trained.
        """
        supernet = supernet or self.supernet
        with self.compute.autocast():
            encoded = self._encoded(encoding, words, supernet)
            if encoded is None:
                return None
            # Convolutions are fastest on few images, the small products of a decoder on many.
            parts = torch.split(torch.cat(encoded), READ_IMAGES)
            read = [ids for features in parts for ids in supernet.recogniser.read(features)]
        predictions = [self.codec.decode(ids) for ids in read]
        return score_words(predictions, words.labels)

    @torch.inference_mode()
    def loss_per_character(self, encoding: npt.NDArray[np.int8], words: WordImages) -> float | None:
        """Negative log-likelihood of the labels with inherited weights, over their characters.

        In nats; None unless finite. Finer than accuracy, which only sees whether a word is right.
        """
        total, at = 0.0, 0
        with self.compute.autocast():
            for features in self._encoded(encoding, words, self.supernet) or ():
                labels = [self.codec.encode(each) for each in words.labels[at : at + len(features)]]
                total += float(self.supernet.recogniser.loss_of(features, labels)) * len(labels)
                at += len(features)
        loss = total / sum(len(label) for label in words.labels) if at else math.nan
        return loss if math.isfinite(loss) else None

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Tensors and counters from which ``load_state`` continues exactly.

        The tensors are the live ones: write or copy them before the next step.
        """
        counters = {
            "weight_steps": self.weight_steps.done,
            "gate_steps": self.gate_steps,
            "substituted": self.weight_steps.substituted,
        }
        return self.weight_steps.tensors(), counters

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        """Continue from ``state()``; ``TrainerError`` if it is of another network."""
        weight_steps, gate_steps = counters.get("weight_steps"), counters.get("gate_steps")
        if not (isinstance(weight_steps, int) and isinstance(gate_steps, int)):
            raise TrainerError("checkpoint counts no weight_steps and gate_steps: restore it")
        self.weight_steps.load(tensors, weight_steps, counters)
        self.gate_steps = gate_steps

    def frozen(self) -> Supernet:
        """A copy of the supernet as it is now, that no step changes."""
        return copy.deepcopy(self.supernet).requires_grad_(False)

    def warnings(self) -> list[str]:
        """What its words have to be said of, a sentence each; counted up to now."""
        evaluation = self.data.evaluation
        asked = len(evaluation) + evaluation.unreadable
        return [
            *self.weight_steps.warnings(self.weight_steps.done + self.gate_steps),
            *undecodable("the words of evaluations", evaluation.unreadable, asked),
        ]

    def close(self) -> None:
        """Stop the threads of both loaders; the trainer can still score, but not train."""
        self.weight_steps.close()
        self.data.search_val.close()

    def _weight_step(self, path: Sequence[int]) -> float:
        """One on ``path``; its loss, NaN for one that was not made."""
        with self.weight_steps.next() as step:
            step.loss = self.supernet.loss(
                path, step.images_BHW3, step.labels, step.norm, step.flat_start
            )
        return step.value

    def _encoded(
        self, encoding: npt.NDArray[np.int8], words: WordImages, supernet: Supernet
    ) -> list[Tensor] | None:
        """Features (B, T, C) of the words, a batch of evaluation at a time; None unless finite."""
        norm = CalibratedStatistics()
        backbone = supernet.backbone(encoding.tolist(), norm)
        recogniser = supernet.recogniser
        calibration_BHW3 = self.compute.images(self.data.calibration.images)
        features = recogniser.encode(calibration_BHW3, backbone, norm)
        # A rectifier or head that holds NaN does not show in the features.
        if not _all_finite([features, *recogniser.parameters()]):
            return None
        norm.gathering = False
        return [recogniser.encode(batch, backbone, norm) for batch in self._batches(words)]

    def _batches(self, words: WordImages) -> Iterator[Tensor]:
        """Images ``uint8 BHW3`` of an evaluation where the supernet is, a batch at a time."""
        size = self.settings.evaluation_batch_images
        for start in range(0, len(words), size):
            yield self.compute.images(words.images[start : start + size])


def _check_settings(supernet: Supernet, settings: TrainerSettings) -> None:
    recogniser = supernet.recogniser
    check_flat_start(
        settings.flat_start_steps,
        isinstance(recogniser.head, CTCHead),
        'trainer.flat_start_steps = 0 or recogniser.head = "ctc"',
    )
    if settings.batch_images < 2 and isinstance(recogniser.rectifier, Rectifier):
        raise TrainerError(
            "batch_images 1 with rectifier tps, whose batch norm needs 2 images or more: raise "
            'trainer.batch_images or set recogniser.rectifier = "none"'
        )


def _all_finite(tensors: Sequence[Tensor]) -> bool:
    """One answer from the device for all tensors."""
    return bool(torch.stack([torch.isfinite(tensor).all() for tensor in tensors]).all())
