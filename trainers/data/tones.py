"""Changes of a word's tones, each ``(image (H, W, 3), amount) -> image`` on uint8 RGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainers.data.image import RGB
from trainers.data.opencv import cv2

_VALUES = np.arange(256)


def detail(image: RGB) -> NDArray[np.float32]:
    """What differs from the surroundings, (H, W, 3): letters, and not the light on the sign."""
    values = image.astype(np.float32)
    side = image.shape[0] // 2 | 1
    return np.asarray(values - cv2.blur(values, (side, side)), dtype=np.float32)


def share_kept(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """How much of the detail of one picture there is in another, 0 to 1; alike where inverted.

    The lesser of slope and correlation: faded letters count little, and so do letters among
    stronger grain that was not there. 1 where there was no detail.
    """
    own, new = float(np.vdot(before, before)), float(np.vdot(after, after))
    larger = max(own, (own * new) ** 0.5)
    return abs(float(np.vdot(before, after))) / larger if own else 1.0


def invert(image: RGB) -> RGB:
    """Light becomes dark."""
    return 255 - image


def stretch(image: RGB) -> RGB:
    """Each channel from 0 to 255; one of a single value stays."""
    tables = np.empty((1, 256, 3), dtype=np.uint8)
    ranges = [cv2.minMaxLoc(plane)[:2] for plane in cv2.split(image)]
    for channel, (low, high) in enumerate(ranges):
        scaled = (_VALUES - low) * (255 / (high - low)) if high > low else _VALUES
        tables[0, :, channel] = np.clip(np.round(scaled), 0, 255)
    return _looked_up(image, tables)


def equalise(image: RGB) -> RGB:
    """Each channel with a flat histogram."""
    return np.stack([cv2.equalizeHist(plane) for plane in cv2.split(image)], axis=2)


def posterise(image: RGB, bits: int) -> RGB:
    """Keep the ``bits`` highest bits of each value."""
    return image & np.uint8(256 - (1 << (8 - bits)))


def brighten(image: RGB, factor: float) -> RGB:
    """All values by ``factor``."""
    return _scaled(image, factor, 0.0)


def change_contrast(image: RGB, factor: float) -> RGB:
    """Distances from the mean lightness by ``factor``."""
    mean = float(cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0])
    return _scaled(image, factor, mean * (1 - factor))


def change_colour(image: RGB, factor: float) -> RGB:
    """Distances from grey of the same lightness by ``factor``."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(image, factor, grey, 1 - factor, 0.0), dtype=np.uint8)


def blur(image: RGB, sigma: float) -> RGB:
    """Gaussian blur, ``sigma`` in pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.uint8)


def add_noise(image: RGB, values_HW: NDArray[np.int64]) -> RGB:
    """Add a value to all channels of each pixel."""
    noisy = image + values_HW[:, :, None]
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def _scaled(image: RGB, factor: float, offset: float) -> RGB:
    table = np.clip(np.round(_VALUES * factor + offset), 0, 255).astype(np.uint8)
    return _looked_up(image, table)


def _looked_up(image: RGB, table: NDArray[np.uint8]) -> RGB:
    return np.asarray(cv2.LUT(image, table), dtype=np.uint8)
