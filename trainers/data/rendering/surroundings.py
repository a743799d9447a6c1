"""What lies behind and around the text: grounds, light, neighbours.

Shape legend: H, W of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainers.data.opencv import cv2
from trainers.data.rendering.colours import Colour, Palette, draw_ground_tone
from trainers.data.rendering.fonts import draw_face, load_font
from trainers.data.rendering.geometry import Placement

Field = NDArray[np.float32]

_LETTERS = "aeinorstlETAIOSRNHLDBM0123"


def draw_ground(
    rng: np.random.Generator, placement: Placement, palette: Palette, difficulty: float
) -> Field:
    """Return the ground (H, W, 3): plain, shaded, grainy, or with something on it."""
    height, width = placement.height, placement.width
    ground = np.empty((height, width, 3), dtype=np.float32)
    ground[:] = palette.ground
    chance = 0.2 + 0.6 * difficulty
    if rng.random() < chance:
        ground += _ramp(rng, height, width)[:, :, None] * (palette.second - palette.ground)
    if rng.random() < 0.75 * difficulty:
        _paint_structure(rng, ground, difficulty)
    if rng.random() < chance:
        strength = float(rng.uniform(2, 6 + 30 * difficulty))
        ground += (strength * _grain(rng, height, width))[:, :, None]
    return np.clip(ground, 0, 255, out=ground)


def draw_light(rng: np.random.Generator, placement: Placement, darkest: float) -> Field:
    """Return a factor (H, W) between ``darkest`` and 1: light that falls off, or a shadow."""
    ramp = _ramp(rng, placement.height, placement.width)
    if rng.random() < 0.4:
        # A shadow's edge, soft or sharp.
        ramp = np.clip((ramp - np.float32(rng.uniform(0.25, 0.75))) * 12 + 0.5, 0, 1)
    return np.asarray(darkest + (1 - darkest) * ramp, dtype=np.float32)


def paint_neighbours(
    rng: np.random.Generator, placement: Placement, image: Field, text: Colour
) -> None:
    """Paint, in place, what a crop catches in its margins; never over the text's box.

    Neighbouring words have the text's tone ``text`` as a rule: they are of the same sign.
    """
    top, bottom, left, right = placement.margins
    height, width = placement.height, placement.width
    tone = text if rng.random() < 0.7 else draw_ground_tone(rng)
    margins = {
        "top": image[: max(0, top - 1)],
        "bottom": image[height - max(0, bottom - 1) :],
        "left": image[:, : max(0, left - 1)],
        "right": image[:, width - max(0, right - 1) :],
    }
    for side, margin in margins.items():
        if min(margin.shape[:2]) < 2 or rng.random() < 0.5:
            continue
        if rng.random() < 0.35:
            _paint_edge(rng, margin, side)
        else:
            cover = _letters(rng, side, height, *margin.shape[:2])[:, :, None]
            margin += cover * (tone - margin)


def _paint_edge(rng: np.random.Generator, margin: Field, side: str) -> None:
    """The end of the sign, or a line along it."""
    room = margin.shape[0] if side in ("top", "bottom") else margin.shape[1]
    far = int(rng.integers(1, room + 1))
    near = 0 if rng.random() < 0.6 else max(0, far - max(1, room // 3))
    outer = slice(near, far) if side in ("top", "left") else slice(room - far, room - near)
    tone = draw_ground_tone(rng)
    if side in ("top", "bottom"):
        margin[outer] = tone
    else:
        margin[:, outer] = tone


def _letters(rng: np.random.Generator, side: str, letter: int, height: int, width: int) -> Field:
    """Coverage (height, width) of the part of neighbouring words that is nearest to the text."""
    beside = side in ("left", "right")
    count = 2 if beside else width // 12 + 4
    text = "".join(_LETTERS[int(k)] for k in rng.integers(0, len(_LETTERS), size=count))
    core = load_font(draw_face(rng, text), 24 if letter < 36 else 36).getmask(text, mode="L")
    line = np.asarray(core, dtype=np.uint8).reshape(core.size[1], core.size[0])
    if side == "top":
        line = line[-height:, :width]
    elif side == "bottom":
        line = line[:height, :width]
    elif side == "left":
        line = line[:height, -width:]
    else:
        line = line[:height, :width]
    out = np.zeros((height, width), dtype=np.float32)
    down = 0 if side in ("top", "bottom") else int(rng.integers(0, height - line.shape[0] + 1))
    down = height - line.shape[0] if side == "bottom" else down
    across = width - line.shape[1] if side == "left" else 0
    out[down : down + line.shape[0], across : across + line.shape[1]] = line * np.float32(1 / 255)
    return out


def _paint_structure(rng: np.random.Generator, ground: Field, difficulty: float) -> None:
    """Something on the ground, in place: planks, bricks, another area, a blurred view."""
    height, width = ground.shape[:2]
    strength = float(rng.uniform(0.15, 0.35 + 0.6 * difficulty))
    kind = rng.random()
    if kind < 0.25:
        cover = _planks(rng, height, width)
    elif kind < 0.4:
        cover = _bricks(rng, height, width)
    elif kind < 0.65:
        cover = (_ramp(rng, height, width) > rng.uniform(0.2, 0.8)).astype(np.float32)
    else:
        size = (int(rng.integers(2, 5)), int(rng.integers(3, 9)))
        tones = rng.uniform(10, 245, (*size, 1)) + rng.normal(0, 25, (*size, 3))
        view = cv2.resize(tones.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        ground += np.float32(strength) * (view - ground)
        return
    ground += np.float32(strength) * cover[:, :, None] * (draw_ground_tone(rng) - ground)


def _planks(rng: np.random.Generator, height: int, width: int) -> Field:
    """Stripes (H, W) in any direction: lines between planks, or every other one."""
    period = float(rng.uniform(5, 24))
    thin = rng.random() < 0.6
    angle = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.15)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(np.cos(angle))
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    place = np.mod(x + y + np.float32(rng.uniform(0, period)), np.float32(period))
    return (place < (1.5 if thin else period / 2)).astype(np.float32)


def _bricks(rng: np.random.Generator, height: int, width: int) -> Field:
    """The joints (H, W) of a wall."""
    row = int(rng.integers(6, 18))
    brick = int(row * rng.uniform(1.6, 2.6))
    across = np.arange(width)[None, :]
    down = np.arange(height)[:, None] + int(rng.integers(0, row))
    shifted = across + (down // row % 2) * (brick // 2)
    joints = (down % row == 0) | (shifted % brick == 0)
    return np.asarray(joints, dtype=np.float32)


def _ramp(rng: np.random.Generator, height: int, width: int) -> Field:
    """Return a linear ramp from 0 to 1 across (H, W) in a drawn direction."""
    angle = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.float32(np.cos(angle))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    reach = np.float32(abs(np.cos(angle)) + abs(np.sin(angle)))
    return np.asarray((x + y) / (2 * reach) + 0.5, dtype=np.float32)


def _grain(rng: np.random.Generator, height: int, width: int) -> Field:
    """Noise (H, W) in [-1, 1] at one or two drawn grains, stretched in one direction or none."""
    stretch = float(np.exp(rng.normal(0, 0.7)))
    total = np.zeros((height, width), dtype=np.float32)
    for share in (0.65, 0.35)[: 1 + (rng.random() < 0.5)]:
        grain = float(rng.uniform(1.5, 16.0))
        rows = max(2, round(height / grain))
        columns = max(2, round(width / (grain * stretch)))
        coarse = rng.uniform(-1, 1, size=(rows, columns)).astype(np.float32)
        total += share * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return total
