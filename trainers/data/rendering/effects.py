"""What a camera does to the picture: blur, few pixels, sharpening, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainers.data.opencv import cv2

Field = NDArray[np.float32]
#: Pixels of height below which letters are not made smaller: they could not be read.
_LEAST_LETTERS = 9.0


# Whoever changes what a word looks like, here or elsewhere in this room, raises RENDERER_VERSION in
# ``render.py``. Rendered words are kept in the cache, in folders whose names cover that version but
# not this code (``embedded_path`` in ``trainers/data/embedded.py``): else old pictures stay in use.
def photograph(
    image: Field, rng: np.random.Generator, letter_height: float, difficulty: float
) -> NDArray[np.uint8]:
    """Return uint8 (H, W, 3) of ``image`` float (H, W, 3) as a camera would store it.

    All reaches are in proportion to ``letter_height`` (pixels; give less for thin strokes), so
    small text stays readable.
    """
    if rng.random() < difficulty:
        image = _exposed(image, rng, difficulty)
    kind = rng.random()
    if kind < 0.3 * difficulty:
        share = max(float(rng.uniform(0.3, 0.8)), _LEAST_LETTERS / letter_height)
        image = _few_pixels(image, share) if share < 1 else image
    elif kind < 0.45 * difficulty:
        image = _motion(image, rng, letter_height * 0.18 * difficulty)
    elif kind < 0.25 + 0.75 * difficulty:
        sigma = letter_height * float(rng.uniform(0.01, 0.02 + 0.05 * difficulty))
        image = _gaussian(image, sigma)
    if rng.random() < 0.15:
        soft = _gaussian(image, 1.2)
        image = image + float(rng.uniform(0.3, 0.9)) * (image - soft)
    if rng.random() < 0.25 + 0.6 * difficulty:
        image = image + _noise(rng, image.shape, float(rng.uniform(0.5, 1.5 + 9 * difficulty)))
    return np.asarray(np.clip(image + 0.5, 0, 255), dtype=np.uint8)


def _exposed(image: Field, rng: np.random.Generator, difficulty: float) -> Field:
    """Less contrast, darker or lighter, and of the colour of the light."""
    contrast = 1.0 - float(rng.uniform(-0.2, 0.45)) * difficulty
    cast = rng.normal(0, 6 * difficulty, 3).astype(np.float32)
    level = np.float32(128 + rng.normal(0, 22 * difficulty))
    return np.asarray((image - 128) * np.float32(contrast) + level + cast, dtype=np.float32)


def _gaussian(image: Field, sigma: float) -> Field:
    if sigma < 0.3:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _motion(image: Field, rng: np.random.Generator, reach: float) -> Field:
    length = max(2.0, reach)
    size = int(length) | 1
    kernel = np.zeros((size + 2, size + 2), dtype=np.float32)
    centre = (size + 1) / 2
    angle = rng.uniform(0, np.pi)
    steps = np.linspace(-length / 2, length / 2, 4 * size)
    columns = np.clip(np.round(centre + steps * np.cos(angle)), 0, size + 1).astype(int)
    rows = np.clip(np.round(centre + steps * np.sin(angle)), 0, size + 1).astype(int)
    np.add.at(kernel, (rows, columns), 1.0)
    return np.asarray(
        cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    )


def _few_pixels(image: Field, share: float) -> Field:
    height, width = image.shape[:2]
    small = cv2.resize(
        image,
        (max(4, round(width * share)), max(9, round(height * share))),
        interpolation=cv2.INTER_AREA,
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Field:
    """Sensor noise: mostly grey, some of it coloured, some grainier than a pixel."""
    height, width = shape[:2]
    grey: Field = rng.standard_normal((height, width, 1), dtype=np.float32)
    if rng.random() < 0.4:
        grey = np.float32(2) * _gaussian(grey[:, :, 0], 0.8)[:, :, None]
    if rng.random() < 0.35:
        tint = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32)
        grey = grey + np.float32(0.7) * cv2.resize(tint, (width, height))
    return np.asarray(sigma * grey, dtype=np.float32)
