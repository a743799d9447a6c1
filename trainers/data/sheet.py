"""A contact sheet: many words of an LMDB on one picture, each over its label."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from spaces.atomic import write_atomically
from trainers.data.augmentation import augment
from trainers.data.errors import DataError
from trainers.data.image import RGB, resize_image, try_decode
from trainers.data.store import WordLMDB

CELL_HEIGHT, CELL_WIDTH = 48, 150
LABEL_HEIGHT = 16
GAP = 6
MAX_WORDS = 2_000
#: Height and width of augmented words: what a network without a rectifier takes.
INPUT_SIZE = (32, 100)
_PAPER, _INK, _MISSING = (250, 250, 250), (30, 30, 30), (200, 60, 60)


def contact_sheet(
    path: str | Path,
    count: int = 60,
    columns: int = 6,
    rng: np.random.Generator | None = None,
    augmentation: float = 0.0,
) -> RGB:
    """Return a picture (H, W, 3), uint8 RGB, of ``count`` words of the LMDB at ``path``.

    The first ones, or ones that ``rng`` draws; all where there are fewer. A word keeps its shape
    and is scaled to fit its cell; an unreadable one leaves a red cell. With ``augmentation``, a
    strength up to 1, words are shown as a network sees them in training: at `INPUT_SIZE`, changed
    at random (by ``rng``, else always in the same way).

    Raises:
        DataError: the LMDB cannot be read or has no samples, or a number is out of range.
    """
    if not (1 <= count <= MAX_WORDS and 1 <= columns <= MAX_WORDS):
        raise DataError(f"{count} words, {columns} columns given; expected 1 to {MAX_WORDS} each")
    store = WordLMDB(path)
    count = min(count, len(store))
    if not count:
        raise DataError(f"{path} has no samples; nothing to show")
    chosen = range(count)
    shown = chosen if rng is None else sorted(rng.choice(len(store), count, replace=False).tolist())
    columns = min(columns, count)
    rows = -(-count // columns)
    draws = rng or np.random.default_rng(0)
    step_x, step_y = CELL_WIDTH + GAP, CELL_HEIGHT + LABEL_HEIGHT + GAP
    sheet = Image.new("RGB", (GAP + columns * step_x, GAP + rows * step_y), _PAPER)
    for place, index in enumerate(shown):
        row, column = divmod(place, columns)
        data, label = store.record(index)
        pixels = try_decode(data)
        if augmentation and pixels is not None:
            pixels = augment(resize_image(pixels, *INPUT_SIZE), augmentation, draws)
        _draw_word(sheet, GAP + column * step_x, GAP + row * step_y, pixels, label)
    return np.asarray(sheet, dtype=np.uint8)


def write_png(image: RGB, dest: str | Path) -> None:
    """Write a picture (H, W, 3) to a new PNG file, whole or not at all.

    Raises:
        DataError: ``dest`` exists, does not end in .png or cannot be written.
    """
    dest = Path(dest)
    if dest.suffix.lower() != ".png":
        raise DataError(f"{dest} given; expected a file name that ends in .png")
    if dest.exists() or dest.is_symlink():
        raise DataError(f"{dest} exists; give a new path, or remove it first")
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(dest, content.getvalue())
    except OSError as error:
        raise DataError(f"{dest} cannot be written ({error.strerror}); check the path") from error


def _draw_word(sheet: Image.Image, x: int, y: int, pixels: RGB | None, label: str | None) -> None:
    draw = ImageDraw.Draw(sheet)
    if pixels is None:
        draw.rectangle((x, y, x + CELL_WIDTH - 1, y + CELL_HEIGHT - 1), outline=_MISSING)
    else:
        height, width = pixels.shape[:2]
        scale = min(CELL_HEIGHT / height, CELL_WIDTH / width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        word = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
        sheet.paste(word, (x, y))
    # Pillow's own face covers Latin; labels beyond it show boxes, which a sheet can live with.
    font = ImageFont.load_default(LABEL_HEIGHT - 4)
    text = "(no label)" if label is None else label[:40]
    while draw.textlength(text, font) > CELL_WIDTH:
        text = text[:-1]
    ink = _MISSING if pixels is None or label is None else _INK
    draw.text((x, y + CELL_HEIGHT + 1), text, fill=ink, font=font)
