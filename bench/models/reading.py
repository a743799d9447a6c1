"""From image files to words: what a person who wants to try a model needs.

Shape legend: B images, H x W input size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bench.records.errors import RecordError
from spaces.files import read_regular
from trainers.data.errors import DataError
from trainers.data.image import MAX_BYTES, RGB, decode_image, resize_image

if TYPE_CHECKING:
    from trainers.models.model import Model

#: Files of a folder that are taken for images; a file that is named itself may be called anything.
SUFFIXES = frozenset(
    {".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff"}
    | {".webp"}
)


@dataclass(frozen=True)
class ReadWord:
    """A word and its probability in [0, 1] by the model's own account."""

    word: str
    confidence: float


def image_files(given: Iterable[Path]) -> list[Path]:
    """The files that are given, and in place of each folder its images, sorted by name.

    A folder without images stays, for ``load_word`` to refuse.
    """
    return [path for each in given for path in (_images_in(each) or [each])]


def load_word(path: Path, size: tuple[int, int]) -> RGB:
    """An image file as a model takes it: upright, RGB, resized to ``size`` (height, width).

    ``RecordError`` names the file and says why it cannot be read.
    """
    try:
        if not path.is_dir():
            return _load(path, size)
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror or error})") from error
    except (DataError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    raise RecordError(f"{path} is a folder without images: choose an image such as word.png")


def read_words(model: Model, images_BHW3: npt.NDArray[np.uint8]) -> list[ReadWord]:
    """Read images of the model's input size; ``RecordError`` where its output is not finite."""
    import torch

    from spaces.networks.normalisation import RunningStatistics
    from trainers.models.reader import WordReader

    with torch.inference_mode(), model.compute.autocast():
        if model.network.beam_width > 1:
            return _read_by_beams(model, images_BHW3)
        reader = WordReader(model.network, RunningStatistics())
        ids_BS, scores_B, _ = (part.cpu() for part in reader(model.compute.images(images_BHW3)))
    if not bool(torch.isfinite(scores_B).all()):
        raise RecordError("the model's output is not finite: train again")
    rows = zip(ids_BS.tolist(), scores_B.tolist(), strict=True)
    return [ReadWord(model.codec.decode([i for i in ids if i >= 0]), score) for ids, score in rows]


def _load(path: Path, size: tuple[int, int]) -> RGB:
    return resize_image(decode_image(read_regular(path, MAX_BYTES)), *size)


def _images_in(path: Path) -> list[Path]:
    """None of what is no folder, or one that cannot be looked into."""
    try:
        return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    except (OSError, ValueError):
        return []


def _read_by_beams(model: Model, images_BHW3: npt.NDArray[np.uint8]) -> list[ReadWord]:
    import torch

    from spaces.networks.normalisation import RunningStatistics

    features_BTC = model.network.encode(model.compute.images(images_BHW3), RunningStatistics())
    if not bool(torch.isfinite(features_BTC).all()):
        raise RecordError("the model's output is not finite: train again")
    head = model.network.head
    return [
        ReadWord(
            model.codec.decode(ids), math.exp(-float(head.loss(features_BTC[row : row + 1], [ids])))
        )
        for row, ids in enumerate(head.read(features_BTC, model.network.beam_width))
    ]
