"""The faces that words are written in: files in ``faces``, in a stable order.

Families, not files, are drawn uniformly: three weights of one design are worth one hand-drawn face.
Where they come from and their licences: ``faces/README.md``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

from trainers.data.errors import DataError

FOLDER = Path(__file__).parent / "faces"
SUFFIXES = (".otf", ".ttf")
#: Hairline strokes, too thin for an outline, a shadow or much blur.
_LIGHT = frozenset(
    {"NationalPark-Outline", "Quattrocento-Regular", "CourierPrime-Regular", "ComicNeue-Regular"}
)
_MAX_TRIES = 50


@dataclass(frozen=True)
class FontFamily:
    """One design in its weights and slopes; ``files`` sorted by name."""

    name: str
    files: tuple[Path, ...]

    def draw(self, rng: np.random.Generator) -> Path:
        """Draw a face."""
        return self.files[int(rng.integers(len(self.files)))]


def is_light(file: Path) -> bool:
    """Whether the strokes are hairlines."""
    return file.stem in _LIGHT


def draw_face(rng: np.random.Generator, text: str) -> Path:
    """Draw a face that has all characters of ``text``, each family as likely as the other.

    Raises:
        DataError: hardly any has.
    """
    families = font_families()
    for _ in range(_MAX_TRIES):
        file = families[int(rng.integers(len(families)))].draw(rng)
        if has_glyphs(file, text):
            return file
    raise DataError(f"no face for text {text!r}; expected printable ASCII")


@lru_cache(maxsize=1)
def font_families() -> tuple[FontFamily, ...]:
    """Return the families, sorted by name: what stands before the dash in their files' names.

    Raises:
        DataError: the files are not there.
    """
    grouped: dict[str, list[Path]] = {}
    for file in sorted(FOLDER.glob("*"), key=lambda path: path.name):
        if file.suffix in SUFFIXES:
            grouped.setdefault(file.stem.partition("-")[0], []).append(file)
    if not grouped:
        raise DataError(f"no faces in {FOLDER}: install the package again")
    return tuple(FontFamily(name, tuple(files)) for name, files in sorted(grouped.items()))


@lru_cache(maxsize=1)
def fonts_hash() -> str:
    """Return a hash over the bytes of all font files: other fonts, other images."""
    digest = hashlib.blake2b(digest_size=16)
    for family in font_families():
        digest.update(family.name.encode())
        for file in family.files:
            digest.update(file.name.encode())
            digest.update(hashlib.blake2b(file.read_bytes(), digest_size=16).digest())
    return digest.hexdigest()


@lru_cache(maxsize=512)
def load_font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """Return ``file`` at ``size`` pixels; the basic layout, which every Pillow build has."""
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)


def has_glyphs(file: Path, text: str) -> bool:
    """Whether every character draws something, and not the box for unknown characters."""
    return all(_has_glyph(file, character) for character in text)


@lru_cache(maxsize=16_384)
def _has_glyph(file: Path, character: str) -> bool:
    font = load_font(file, 24)
    return bytes(font.getmask(character)) not in (bytes(font.getmask("\U0010fffd")), b"")
