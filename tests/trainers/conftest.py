"""A trainer small enough for unit tests: words as coloured stripes, a mesh of four layers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

# The repository, whose benchmarks are not in the installed packages, and the modules beside this.
sys.path += [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from spaces.networks.mesh import Mesh
from trainers.codec import Codec
from trainers.data.charset import Charset
from trainers.data.loader import BatchLoader
from trainers.data.word_images import WordImages
from trainers.settings import RecogniserSettings, TrainerSettings
from trainers.supernet import build_supernet
from trainers.trainer import Trainer, TrainerData

CHARSET = Charset("tiny", "abcd")
COLOURS = np.array([[250, 30, 30], [30, 250, 30], [30, 30, 250], [240, 240, 40]], np.uint8)
#: 4 layers, height 4 -> 1, width halved once.
SMALL = Mesh(4, (4, 6), layers=4, downsampling_a=1, downsampling_b=1, sharing="stage")
#: All 15 layers of the space, for 32x100 images.
NARROW = Mesh(4, (4, 4, 6, 6, 8), sharing="stage")


class StripedWords:
    """Stands in for ``WordSplit``: each character is a stripe of its colour, with a dark border."""

    def __init__(self, count: int, seed: int, image_size: tuple[int, int]) -> None:
        self.image_size = image_size
        rng = np.random.default_rng(seed)
        letters = list(CHARSET.characters)
        self.labels = ["".join(rng.choice(letters, rng.integers(1, 5))) for _ in range(count)]

    def __len__(self) -> int:
        return len(self.labels)

    def sample(self, index: int) -> tuple[npt.NDArray[np.uint8], str]:
        height, width = self.image_size
        image = np.zeros((height, width, 3), np.uint8)
        label = self.labels[index]
        share = width // len(label)
        for place, character in enumerate(label):
            stripe = slice(place * share + share // 8, (place + 1) * share - share // 8)
            image[:, stripe] = COLOURS[CHARSET.characters.index(character)]
        return image, label

    def words(self, limit: int | None = None) -> WordImages:
        indices = np.arange(min(limit or len(self), len(self)))
        images = np.stack([self.sample(int(i))[0] for i in indices])
        return WordImages(indices, images, self.labels[: len(indices)])


MakeTrainer = Callable[..., Trainer]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small gain nothing from threads, and on a busy machine wait for them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def striped_words() -> type[StripedWords]:
    return StripedWords


@pytest.fixture(scope="session")
def make_trainer() -> MakeTrainer:
    """``make_trainer(recogniser=..., mesh=..., seed=..., workers=..., **trainer settings)``."""

    def make(
        recogniser: RecogniserSettings | None = None,
        full: bool = False,
        seed: int = 0,
        words: int = 32,
        workers: int = 0,
        default_operations: tuple[str, ...] = (),
        **settings: Any,
    ) -> Trainer:
        recogniser = recogniser or RecogniserSettings()
        size = recogniser.input_size if full else (4, 40)
        given = {
            "device": "cpu",
            "batch_images": 8,
            "learning_rate": 1e-2,
            "calibration_images": 8,
            "evaluation_batch_images": 8,
        }
        trainer_settings = TrainerSettings(**(given | settings))
        mesh = NARROW if full else SMALL
        net = build_supernet(mesh, recogniser, len(CHARSET), 5, seed, default_operations)
        train, val = StripedWords(words, 10, size), StripedWords(words, 11, size)
        batch = trainer_settings.batch_images
        data = TrainerData(
            search_train=BatchLoader(train, batch, seed, workers),  # type: ignore[arg-type]
            search_val=BatchLoader(val, batch, seed, workers),  # type: ignore[arg-type]
            calibration=train.words(trainer_settings.calibration_images),
            evaluation=val.words(),
        )
        return Trainer(net, data, Codec(CHARSET), trainer_settings)

    return make
