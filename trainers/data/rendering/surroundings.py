"""What lies behind and around the text: grounds, light, neighbours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainers.data.rendering.colours import Palette, draw_ground_tone
from trainers.data.rendering.fonts import draw_family, load_font
from trainers.data.rendering.geometry import Placement

Field = NDArray[np.float32]


def draw_ground(
    rng: np.random.Generator, placement: Placement, palette: Palette, texture: float, chance: float
) -> Field:
    """Return the ground (H, W, 3), every tone within ``texture`` luma of the palette's two.

    ``chance`` is the probability of a gradient and of a texture.
    """
    height, width = placement.height, placement.width
    ground = np.empty((height, width, 3), dtype=np.float32)
    if rng.random() < chance:
        ramp = _ramp(rng, height, width)[:, :, None]
        ground[:] = palette.ground + ramp * (palette.second - palette.ground)
    else:
        ground[:] = palette.ground
    if texture > 0 and rng.random() < chance:
        ground += (texture * _texture(rng, height, width))[:, :, None]
    return ground


def draw_light(rng: np.random.Generator, placement: Placement, darkest: float) -> Field:
    """Return a factor (H, W) between ``darkest`` and 1: light falling off across the image."""
    ramp = _ramp(rng, placement.height, placement.width)
    return np.asarray(darkest + (1 - darkest) * ramp, dtype=np.float32)


def paint_neighbours(rng: np.random.Generator, placement: Placement, image: Field) -> None:
    """Paint, in place, what a tight crop catches in its margins; never over the text's box."""
    top, bottom, left, right = placement.margins
    height, width = placement.height, placement.width
    tone = draw_ground_tone(rng)
    kind = rng.random()
    if kind < 0.3 and top > 2:
        image[: int(rng.integers(1, top))] = tone
    elif kind < 0.6 and bottom > 2:
        image[height - int(rng.integers(1, bottom)) :] = tone
    elif kind < 0.7 and left > 2:
        image[:, : int(rng.integers(1, left))] = tone
    elif kind < 0.8 and right > 2:
        image[:, width - int(rng.integers(1, right)) :] = tone
    elif bottom > 3:
        strip = _letter_tops(rng, bottom - 1, width)[:, :, None]
        rows = image[height - strip.shape[0] :]
        rows += strip * (tone - rows)


def _letter_tops(rng: np.random.Generator, height: int, width: int) -> Field:
    """Coverage (height, width) of the tops of a next line of text."""
    font = load_font(draw_family(rng).draw(rng), 36)
    text = "".join("aeinorstlETAIOS "[int(k)] for k in rng.integers(0, 16, size=width // 12 + 4))
    core = font.getmask(text, mode="L")
    line = np.asarray(core, dtype=np.uint8).reshape(core.size[1], core.size[0])
    line = line[:height, :width]
    out = np.zeros((height, width), dtype=np.float32)
    out[height - line.shape[0] :, : line.shape[1]] = line * np.float32(1 / 255)
    return out


def _ramp(rng: np.random.Generator, height: int, width: int) -> Field:
    """Return a linear ramp from 0 to 1 across (H, W) in a drawn direction."""
    angle = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.float32(np.cos(angle))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    reach = np.float32(abs(np.cos(angle)) + abs(np.sin(angle)))
    return np.asarray((x + y) / (2 * reach) + 0.5, dtype=np.float32)


def _texture(rng: np.random.Generator, height: int, width: int) -> Field:
    """Smooth noise (H, W) in [-1, 1] at one drawn grain, stretched in one direction or none."""
    grain = float(rng.uniform(2.0, 16.0))
    stretch = float(np.exp(rng.normal(0, 0.7)))
    rows = max(2, round(height / grain))
    columns = max(2, round(width / (grain * stretch)))
    coarse = rng.uniform(-1, 1, size=(rows, columns)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
