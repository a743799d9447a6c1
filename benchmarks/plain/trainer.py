"""The verbs of ``Trainer`` on the plain supernet: same data, same settings, same results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.plain.gates import gated_features
from benchmarks.plain.normalisation import batch_statistics, calibrated
from benchmarks.plain.supernet import PlainSupernet
from trainers.codec import Codec
from trainers.compute import resolve_device
from trainers.data.word_images import WordImages
from trainers.metrics import WordScores, score_words
from trainers.settings import TrainerSettings
from trainers.trainer import GateOutcome, TrainerData

Path = Sequence[int]


class PlainTrainer:
    """One supernet, one optimiser over all of its parameters."""

    def __init__(
        self, net: PlainSupernet, data: TrainerData, codec: Codec, settings: TrainerSettings
    ) -> None:
        self.device = resolve_device(settings.device)
        self.net = net.to(self.device)
        self.data = data
        self.codec = codec
        self.settings = settings
        rate, decay = settings.learning_rate, settings.weight_decay
        self.optimiser: torch.optim.Optimizer = (
            torch.optim.Adadelta(net.parameters(), rate, rho=0.9, eps=1e-6, weight_decay=decay)
            if settings.optimiser == "adadelta"
            else torch.optim.AdamW(net.parameters(), rate, weight_decay=decay)
        )
        self.weight_steps = 0
        self.gate_steps = 0

    def train_weights(self, encodings: npt.NDArray[np.int8]) -> list[float]:
        """One step for each row; the losses."""
        return [self.weight_step(encoding.tolist()) for encoding in encodings]

    def weight_step(self, path: Path) -> float:
        """Forward and backward along one path, gradients clipped, parameters off it untouched."""
        batch = self.data.search_train.batch(self.weight_steps)
        self.weight_steps += 1
        labels = [self.codec.encode(label) for label in batch.labels]
        self.optimiser.zero_grad(set_to_none=True)
        with self.autocast():
            features = self.net.encode(self.images(batch.images), path)
            loss = self.net.recogniser.head.loss(features, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.settings.clip_norm)
        self.optimiser.step()
        return float(loss.detach())

    def gate_gradient(
        self, encoding: npt.NDArray[np.int8], wanted: npt.NDArray[np.bool_]
    ) -> GateOutcome:
        """Loss and dL/dg (L, K) of the candidates that ``wanted`` marks."""
        batch = self.data.search_val.batch(self.gate_steps)
        self.gate_steps += 1
        labels = [self.codec.encode(label) for label in batch.labels]
        dtype = next(self.net.parameters()).dtype
        gates = torch.zeros(wanted.shape, dtype=dtype, device=self.device, requires_grad=True)
        columns = [np.flatnonzero(row).tolist() for row in wanted]
        path = encoding.tolist()
        candidates = torch.nn.ModuleList(block for block, _, _ in self.net.route(path))
        candidates += [self.net.stem, self.net.recogniser]
        with batch_statistics(candidates):
            with self.autocast():
                features = gated_features(self.net, self.images(batch.images), path, gates, columns)
                loss = self.net.recogniser.head.loss(features, labels)
            loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.zero_grad(set_to_none=True)
        gradients = torch.zeros_like(gates) if gates.grad is None else gates.grad
        return GateOutcome(float(loss.detach()), gradients.double().cpu().numpy())

    def evaluate_many(self, encodings: npt.NDArray[np.int8], images: int) -> list[WordScores]:
        """One architecture after the other."""
        return [self.score(e, self.data.evaluation.first(images)) for e in encodings]

    def score(self, encoding: npt.NDArray[np.int8], words: WordImages) -> WordScores:
        """Scores with inherited weights; batch-norm statistics from the calibration images."""
        return score_words(self.predict(encoding, words), words.labels)

    @torch.no_grad()
    def predict(self, encoding: npt.NDArray[np.int8], words: WordImages) -> list[str]:
        """What is read in each image."""
        path, predictions = encoding.tolist(), []
        calibration = self.images(self.data.calibration.images)
        size = self.settings.evaluation_batch_images
        with (
            self.autocast(),
            calibrated(self.net.active(path), lambda: self.net.encode(calibration, path)),
        ):
            for start in range(0, len(words), size):
                images = self.images(words.images[start : start + size])
                read = self.net.recogniser.head.read(self.net.encode(images, path))
                predictions += [self.codec.decode(ids) for ids in read]
        return predictions

    def close(self) -> None:
        """Stop the threads of both loaders."""
        self.data.search_train.close()
        self.data.search_val.close()

    def images(self, images_BHW3: npt.NDArray[np.uint8]) -> Tensor:
        """On the device, as loaded."""
        return torch.from_numpy(images_BHW3).to(self.device)

    def autocast(self) -> torch.autocast:
        """Only for ``precision = "bf16"``."""
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.settings.precision == "bf16"
        )
