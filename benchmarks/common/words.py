"""Random images with random labels: data whose content does not matter, in no time."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from trainers.data.charset import Charset
from trainers.data.loader import BatchLoader
from trainers.data.splits import WordSplit
from trainers.data.word_images import WordImages
from trainers.settings import TrainerSettings
from trainers.trainer import TrainerData


class RandomWords:
    """Stands in for ``WordSplit``: labels of 3 to 10 characters, images of smooth noise.

    The few images are shown again and again: a batch costs the copying of it.
    """

    def __init__(
        self,
        charset: Charset,
        image_size: tuple[int, int],
        seed: int,
        count: int = 1024,
        distinct: int = 64,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.image_size = image_size
        height, width = image_size
        coarse = rng.integers(0, 256, (distinct, height // 4, width // 4, 3), np.uint8)
        self._images = [cv2.resize(image, (width, height)) for image in coarse]
        letters = list(charset.characters)
        self._labels = ["".join(rng.choice(letters, rng.integers(3, 11))) for _ in range(count)]

    def __len__(self) -> int:
        return len(self._labels)

    def sample(self, index: int) -> tuple[npt.NDArray[np.uint8], str]:
        """Image and label at a position."""
        return self._images[index % len(self._images)], self._labels[index]

    def words(self, limit: int) -> WordImages:
        """The first ``limit`` words."""
        indices = np.arange(limit)
        images = np.stack([self.sample(int(index))[0] for index in indices])
        return WordImages(indices, images, self._labels[:limit])


def random_data(
    charset: Charset,
    image_size: tuple[int, int],
    settings: TrainerSettings,
    evaluation_images: int,
    seed: int = 0,
) -> TrainerData:
    """Loaders, calibration and evaluation words of a trainer, drawn from ``seed`` alone."""
    count = max(1024, settings.calibration_images, evaluation_images)
    train, val = (
        cast("WordSplit", RandomWords(charset, image_size, seed + place, count))
        for place in range(2)
    )
    return TrainerData(
        search_train=BatchLoader(train, settings.batch_images, seed),
        search_val=BatchLoader(val, settings.batch_images, seed),
        calibration=train.words(settings.calibration_images),
        evaluation=val.words(evaluation_images),
    )
