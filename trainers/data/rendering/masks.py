"""Text as coverage masks: the letters, and where wanted their outline and shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from trainers.data.rendering.fonts import draw_face, is_light, load_font

Mask = NDArray[np.uint8]

_SIZES = (24, 36, 54)
_PAD = 2


@dataclass(frozen=True)
class TextMask:
    """Coverage of one text, 0 to 255, (H, W, layers); the layers are painted first to last.

    The last layer is the letters. The array ends two empty pixels outside the outermost
    layer on every side. ``light`` tells of hairline strokes.
    """

    layers: Mask
    light: bool


def draw_mask(text: str, rng: np.random.Generator, height: int, difficulty: float) -> TextMask:
    """Draw ``text`` in one of the faces, at about ``height`` pixels."""
    file = draw_face(rng, text)
    light = is_light(file)
    size = next((s for s in _SIZES if s >= height), _SIZES[-1])
    font = load_font(file, size)
    spacing = 0.0
    if rng.random() < 0.2:
        spacing = size * float(rng.uniform(-0.02, 0.16))
    bold = 1 if rng.random() < 0.12 else 0
    style = rng.random()
    decorated = 0.04 + 0.4 * difficulty
    outline = max(1, size // 18) if style < 0.3 * decorated and not light else 0
    letters = _stroke(text, font, spacing, bold, outline)
    layers = [letters]
    if outline:
        layers.insert(0, _stroke(text, font, spacing, bold + outline, 0))
    elif style < decorated and not light:
        reach = max(1, size // 12)
        dx = int(rng.integers(-reach, reach + 1))
        dy = int(rng.integers(1, reach + 1))
        layers = _with_depth(letters, dx, dy, solid=style > 0.75 * decorated)
    return TextMask(_trim(np.stack(layers, axis=2)), light)


def _stroke(
    text: str, font: ImageFont.FreeTypeFont, spacing: float, stroke: int, around: int
) -> Mask:
    """Draw with a stroke of ``stroke`` pixels, leaving room for ``around`` more."""
    room = _PAD + stroke + around + 1
    left, top, right, bottom = font.getbbox(text)
    extra = abs(spacing) * len(text)
    # A glyph may start left of its origin or end right of its advance, by less than an em.
    width = int(right - left + extra) + 2 * room + int(font.size)
    canvas = Image.new("L", (width, int(bottom - top) + 2 * room), 0)
    draw = ImageDraw.Draw(canvas)
    x, y = room - left + font.size / 2, room - top
    if spacing == 0.0:
        draw.text((x, y), text, fill=255, font=font, stroke_width=stroke)
    else:
        for character in text:
            draw.text((x, y), character, fill=255, font=font, stroke_width=stroke)
            x += font.getlength(character) + spacing
    return np.asarray(canvas, dtype=np.uint8)


def _with_depth(letters: Mask, dx: int, dy: int, solid: bool) -> list[Mask]:
    """A shadow that falls on the ground, or a ``solid`` side that reaches back to it."""
    room = max(abs(dx), abs(dy))
    padded = np.pad(letters, room)
    behind = np.roll(padded, (dy, dx), axis=(0, 1))
    for step in range(1, room) if solid else ():
        part = (round(dy * step / room), round(dx * step / room))
        behind = np.maximum(behind, np.roll(padded, part, axis=(0, 1)))
    return [behind, padded]


def _trim(layers: Mask) -> Mask:
    """Cut to the painted box plus the pad; a text without ink keeps its canvas."""
    flat = layers.max(axis=2)
    rows = np.flatnonzero(flat.any(axis=1))
    columns = np.flatnonzero(flat.any(axis=0))
    if rows.size == 0:
        return layers
    cut = layers[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(cut, ((_PAD, _PAD), (_PAD, _PAD), (0, 0)))
