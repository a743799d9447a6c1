"""A recogniser that reads words with its own weights and running statistics.

Shape legend: B images, H x W image size, T time steps, C channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spaces.networks.normalisation import RunningStatistics
from trainers.codec import Codec
from trainers.compute import Compute
from trainers.data.word_images import WordImages
from trainers.metrics import WordScores, score_words
from trainers.models.description import ModelDescription, charset_of
from trainers.recogniser.standalone import StandAlone


@dataclass(frozen=True)
class ReadingScores:
    """Of words that were read: the scores, and the negative log-likelihood of their labels.

    The latter over characters, in nats, None unless finite. It is finer than accuracy, which only
    sees whether a word is right: it still tells networks apart that read nothing yet.
    """

    scores: WordScores
    loss_per_character: float | None


class Model:
    """A network with what it is, on a device; images are uint8 RGB of ``input_size``."""

    def __init__(
        self,
        description: ModelDescription,
        network: StandAlone,
        device: torch.device,
    ) -> None:
        self.description = description
        self.compute = Compute(device, description.precision)
        self.compute.place(network)
        self.network = network
        self.charset = charset_of(description)
        self.codec = Codec(self.charset)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.compute.device

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that images are loaded at."""
        return self.description.input_size

    @property
    def params(self) -> int:
        """All parameters of the recogniser."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @torch.inference_mode()
    def read(self, images_BHW3: npt.NDArray[np.uint8], batch_images: int = 64) -> list[str] | None:
        """The word in each image; None where the network's output is not finite."""
        words: list[str] = []
        with self.compute.autocast():
            for features_BTC in self._features(images_BHW3, batch_images):
                if not bool(torch.isfinite(features_BTC).all()):
                    return None
                words.extend(self._words(features_BTC))
        return words

    @torch.inference_mode()
    def score(self, words: WordImages, batch_images: int = 64) -> ReadingScores | None:
        """How well it reads ``words``; None where weights or output are not finite."""
        # Fused activations clip NaN: it does not show behind them.
        weights = self.network.state_dict().values()
        if not all(bool(torch.isfinite(value).all()) for value in weights):
            return None
        read: list[str] = []
        total = 0.0
        with self.compute.autocast():
            for features_BTC in self._features(words.images, batch_images):
                if not bool(torch.isfinite(features_BTC).all()):
                    return None
                labels = words.labels[len(read) : len(read) + len(features_BTC)]
                ids = [self.codec.encode(label) for label in labels]
                total += float(self.network.head.loss(features_BTC, ids)) * len(ids)
                read.extend(self._words(features_BTC))
        loss = total / sum(len(label) for label in words.labels)
        return ReadingScores(score_words(read, words.labels), loss if math.isfinite(loss) else None)

    def _features(self, images_BHW3: npt.NDArray[np.uint8], batch_images: int) -> Iterator[Tensor]:
        """``features_BTC`` of the images, a batch after the other."""
        norm = RunningStatistics()
        for start in range(0, len(images_BHW3), batch_images):
            images = self.compute.images(images_BHW3[start : start + batch_images])
            yield self.network.encode(images, norm)

    def _words(self, features_BTC: Tensor) -> list[str]:
        ids = self.network.head.read(features_BTC, self.network.beam_width)
        return [self.codec.decode(each) for each in ids]
