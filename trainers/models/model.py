"""A recogniser that reads words with its own weights and running statistics.

Shape legend: B images, H x W image size, S characters.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch

from spaces.networks.normalisation import RunningStatistics
from trainers.codec import Codec
from trainers.compute import Compute
from trainers.data.word_images import WordImages
from trainers.metrics import WordScores, score_words
from trainers.models.description import ModelDescription, charset_of
from trainers.recogniser.standalone import StandAlone


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
        norm = RunningStatistics()
        words: list[str] = []
        with self.compute.autocast():
            for start in range(0, len(images_BHW3), batch_images):
                images = self.compute.images(images_BHW3[start : start + batch_images])
                features = self.network.encode(images, norm)
                if not bool(torch.isfinite(features).all()):
                    return None
                ids = self.network.head.read(features, self.network.beam_width)
                words.extend(self.codec.decode(each) for each in ids)
        return words

    def score(self, words: WordImages, batch_images: int = 64) -> WordScores | None:
        """How well it reads ``words``; None where weights or output are not finite."""
        # Fused activations clip NaN: it does not show behind them.
        weights = self.network.state_dict().values()
        if not all(bool(torch.isfinite(value).all()) for value in weights):
            return None
        read = self.read(words.images, batch_images)
        return None if read is None else score_words(read, words.labels)

    @torch.inference_mode()
    def loss_per_character(self, words: WordImages, batch_images: int = 64) -> float | None:
        """Negative log-likelihood of the labels, over their characters; None unless finite.

        Finer than accuracy, which only sees whether a word is right: it still tells networks apart
        that read nothing yet.
        """
        norm = RunningStatistics()
        total = 0.0
        with self.compute.autocast():
            for start in range(0, len(words), batch_images):
                labels = [
                    self.codec.encode(label) for label in words.labels[start : start + batch_images]
                ]
                images = self.compute.images(words.images[start : start + batch_images])
                features = self.network.encode(images, norm)
                total += float(self.network.head.loss(features, labels)) * len(labels)
        loss = total / sum(len(label) for label in words.labels)
        return loss if math.isfinite(loss) else None
