"""One word to one picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainers.data.errors import DataError
from trainers.data.image import encode_jpeg
from trainers.data.rendering.colours import draw_palette, keep_apart
from trainers.data.rendering.effects import photograph
from trainers.data.rendering.geometry import place
from trainers.data.rendering.masks import draw_mask
from trainers.data.rendering.settings import LONGEST_TEXT, RenderSettings
from trainers.data.rendering.surroundings import draw_ground, draw_light, paint_neighbours
from trainers.data.rendering.words import WordSampler

RENDERER_VERSION = 4
"""Raised whenever the same seed no longer gives the same pixels."""


def render_word(text: str, rng: np.random.Generator, settings: RenderSettings) -> NDArray[np.uint8]:
    """Render ``text`` in a style drawn from ``rng``.

    Returns:
        RGB of shape (H, W, 3), cut close around the word; H is about 20 to 64 (see the
        settings), W follows the word. No letter is cut off, and the text differs in luma by
        at least ``settings.min_contrast`` from the ground, before blur and noise.

    Raises:
        DataError: an empty text, one of more than 32 characters, or not printable ASCII.
    """
    return render_layers(text, rng, settings)[0]


def render_layers(
    text: str, rng: np.random.Generator, settings: RenderSettings
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Like `render_word`; also the picture before the camera, and the letters' coverage.

    Returns:
        (picture, clean, coverage): uint8 (H, W, 3), (H, W, 3) and (H, W).
    """
    _check_text(text)
    difficulty = settings.difficulty
    height = _draw_height(rng, settings)
    mask = draw_mask(text, rng, round(0.75 * height), difficulty)
    placement = place((mask.layers.shape[0], mask.layers.shape[1]), height, rng, difficulty)
    coverage = placement.warp(mask.layers)
    darkest = 1.0 - float(rng.random()) ** 2 * 0.55 * difficulty
    contrast = (settings.min_contrast + (25 * difficulty if mask.light else 0)) / darkest
    palette = draw_palette(
        rng, contrast, spread=20 + 70 * difficulty, print_share=0.35 - 0.25 * difficulty
    )
    clean = draw_ground(rng, placement, palette, difficulty)
    keep_apart(clean, palette.text, palette.ground, contrast)
    if rng.random() < 0.15 + 0.55 * difficulty:
        paint_neighbours(rng, placement, clean, palette.text)
    for k in range(coverage.shape[2]):
        tone = palette.text if k == coverage.shape[2] - 1 else palette.edge
        clean += (coverage[:, :, k : k + 1] * np.float32(1 / 255)) * (tone - clean)
    if darkest < 0.97:
        clean *= draw_light(rng, placement, darkest)[:, :, None]
    reach = placement.letter_height * (0.55 if mask.light else 1.0)
    picture = photograph(clean, rng, reach, difficulty)
    return picture, np.clip(clean + 0.5, 0, 255).astype(np.uint8), coverage[:, :, -1]


def render_sample(
    sampler: WordSampler, rng: np.random.Generator, settings: RenderSettings
) -> tuple[bytes, str]:
    """Draw a text and render it; return (JPEG bytes, the text as shown)."""
    text = sampler.draw(rng)
    picture = render_word(text, rng, settings)
    worst = 92 - 52 * settings.difficulty
    return encode_jpeg(picture, int(rng.uniform(worst, 97))), text


def _draw_height(rng: np.random.Generator, settings: RenderSettings) -> int:
    """Heights about log-normal, as in the field's sets: median a third up the range."""
    low, high = math.log(settings.min_height), math.log(settings.max_height)
    return round(math.exp(low + (high - low) * float(rng.beta(1.5, 1.9))))


def _check_text(text: str) -> None:
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise DataError(f"text of {len(text)} characters given; expected 1 to {LONGEST_TEXT}")
    if not all("!" <= c <= "~" for c in text):
        raise DataError(f"text {text!r} given; expected printable ASCII without spaces")
