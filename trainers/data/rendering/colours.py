"""Colours as signs and print have them: mostly muted, always readable.

A colour is a luma (Rec. 601, 0 to 255) plus a chroma along a hue that leaves the luma as it
is; chroma is held inside the RGB cube, so the luma drawn is the luma seen and a contrast
asked for is a contrast had.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]
Role = Literal["ground", "text"]

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)

# Hue (0 to 1), share, and strongest chroma: paint and light are seldom neon green or violet.
_HUES = (
    (0.00, 0.25, 105.0),  # red
    (0.07, 0.12, 95.0),  # orange, brown
    (0.13, 0.14, 105.0),  # yellow
    (0.39, 0.13, 52.0),  # green
    (0.50, 0.08, 45.0),  # teal
    (0.61, 0.24, 80.0),  # blue
    (0.80, 0.04, 40.0),  # violet
)
_HUE_EDGES = np.cumsum([share for _, share, _ in _HUES])


@dataclass(frozen=True)
class Palette:
    """The tones of one image, each of shape (3,), before light falls on them.

    ``second`` is the other end of the ground's gradient; ``edge`` colours shadow and outline
    and lies beyond the ground, away from the text.
    """

    text: Colour
    ground: Colour
    second: Colour
    edge: Colour


def luma(colour: Colour) -> float:
    """Rec. 601 luma of one RGB colour, 0 to 255."""
    return float(colour @ LUMA)


def draw_palette(
    rng: np.random.Generator, contrast: float, spread: float, print_share: float
) -> Palette:
    """Draw tones whose text differs by at least ``contrast`` from all others.

    Args:
        rng: source of randomness.
        contrast: least luma difference, 0 to 255; capped at 235.
        spread: largest luma difference between the two ends of the ground's gradient.
        print_share: probability of near-black on near-white, as in print.
    """
    contrast = min(contrast, 235.0)
    printed = rng.random() < print_share
    light_text = rng.random() < (0.1 if printed else 0.58)
    room = 255.0 - contrast
    # The ground, counted as distance from the end of the scale that the text avoids.
    depth = room * float(rng.random()) ** (1.6 if rng.random() < 0.7 else 1.0)
    if printed:
        depth *= 0.1
    left = room - depth
    # Text goes from just enough contrast to the far end; most sign painters use the far end.
    extra = left * (1.0 - float(rng.random()) ** 2)
    text_at = depth + contrast + extra
    second_at = min(max(depth + spread * float(rng.uniform(-1, 1)), 0.0), text_at - contrast)
    # Any starker, and under blur edge and letters would cancel to the ground's tone.
    edge_at = max(0.0, depth - 0.7 * (text_at - depth) * float(rng.random()))

    def level(position: float) -> float:
        return position if light_text else 255.0 - position

    hue, chroma = _draw_paint(rng, "ground")
    if printed:
        chroma = min(chroma, 6.0)
    return Palette(
        text=_tone(level(text_at), *_draw_paint(rng, "text")),
        ground=_tone(level(depth), hue, chroma),
        second=_tone(level(second_at), hue, chroma),
        edge=_tone(level(edge_at), *_draw_paint(rng, "text")),
    )


def keep_apart(ground: NDArray[np.float32], text: Colour, side: Colour, contrast: float) -> None:
    """Move tones of ``ground`` (H, W, 3), in place, at least ``contrast`` from the text's luma.

    They stay on the side of the text that ``side`` is on: lighter or darker than it.
    """
    light = ground @ LUMA
    at = luma(text)
    if luma(side) < at:
        most = max(at - contrast, 0.0)
        ground *= np.minimum(1.0, most / np.maximum(light, 1e-3))[:, :, None]
    else:
        least = min(at + contrast, 255.0)
        share = np.minimum(1.0, (255.0 - least) / np.maximum(255.0 - light, 1e-3))
        ground -= 255.0
        ground *= share[:, :, None]
        ground += 255.0


def draw_ground_tone(rng: np.random.Generator) -> Colour:
    """Draw a tone for what surrounds a sign; it owes the text no contrast."""
    return _tone(float(rng.uniform(10, 245)), *_draw_paint(rng, "ground"))


def _draw_paint(rng: np.random.Generator, role: Role) -> tuple[float, float]:
    """Draw (hue, chroma): mostly grey, then muted, seldom strong."""
    row = min(int(np.searchsorted(_HUE_EDGES, rng.random())), len(_HUES) - 1)
    centre, _, strongest = _HUES[row]
    hue = float((centre + rng.normal(0, 0.02)) % 1.0)
    grey, muted = (0.28, 0.40) if role == "ground" else (0.60, 0.22)
    kind = rng.random()
    if kind < grey:
        return hue, abs(float(rng.normal(0, 8)))
    if kind < grey + muted:
        return hue, strongest * float(rng.uniform(0.1, 0.45))
    return hue, strongest * float(rng.uniform(0.4, 1.0))


def _tone(level: float, hue: float, chroma: float) -> Colour:
    pure = np.array(colorsys.hsv_to_rgb(hue, 1.0, 1.0), dtype=np.float32)
    direction = pure - pure @ LUMA
    direction = direction / np.abs(direction).max()
    up = np.where(direction > 1e-6, (255.0 - level) / np.maximum(direction, 1e-6), np.inf)
    down = np.where(direction < -1e-6, level / np.maximum(-direction, 1e-6), np.inf)
    limit = max(0.0, float(min(up.min(), down.min())))
    return np.asarray(level + min(chroma, limit) * direction, dtype=np.float32)
