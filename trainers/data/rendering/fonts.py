"""The fonts that come with the pip install, in a stable order.

Every face is under the Apache or the Open Font License. Families, not files, are drawn
uniformly: twelve weights of one design are worth one hand-drawn face.
"""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import ImageFont

from trainers.data.errors import DataError

# Package folder -> family. DejaVu and STIX come with matplotlib.
_PACKAGES: dict[str, str] = {
    "font_amatic_sc": "files/AmaticSC-*.ttf",
    "font_caladea": "files/Caladea-*.ttf",
    "font_fredoka_one": "files/FredokaOne-*.ttf",
    "font_hanken_grotesk": "files/HankenGrotesk-*.otf",
    "font_intuitive": "files/Intuitive*.ttf",
    "font_manrope": "files/Manrope-[!V]*.ttf",
    "font_roboto": "files/Roboto-*.ttf",
    "font_source_sans_pro": "files/SourceSansPro-*.ttf",
    "font_source_serif_pro": "files/SourceSerifPro-*.ttf",
}
_MATPLOTLIB: dict[str, str] = {
    "dejavu_sans": "DejaVuSans.ttf DejaVuSans-*.ttf",
    "dejavu_mono": "DejaVuSansMono*.ttf",
    "dejavu_serif": "DejaVuSerif.ttf DejaVuSerif-*.ttf",
    "stix": "STIXGeneral*.ttf",
}


@dataclass(frozen=True)
class FontFamily:
    """One design in its weights and slopes; ``files`` sorted by name."""

    name: str
    files: tuple[Path, ...]

    def draw(self, rng: np.random.Generator) -> Path:
        """Draw a face; light weights are rarer, as they are on signs."""
        file = self.files[int(rng.integers(len(self.files)))]
        if is_light(file) and rng.random() < 0.6:
            file = self.files[int(rng.integers(len(self.files)))]
        return file


def is_light(file: Path) -> bool:
    """Whether the strokes are hairlines, too thin for an outline, a shadow or much blur."""
    return any(word in file.stem for word in ("Thin", "Light", "Amatic", "Intuitive"))


def draw_family(rng: np.random.Generator) -> FontFamily:
    """Draw a family, each as likely as the other."""
    families = font_families()
    return families[int(rng.integers(len(families)))]


@lru_cache(maxsize=1)
def font_families() -> tuple[FontFamily, ...]:
    """Return the installed families, sorted by name.

    Raises:
        DataError: none of the font packages is installed.
    """
    found: list[FontFamily] = []
    for package, pattern in _PACKAGES.items():
        root = _package_folder(package)
        if root is not None:
            found.append(FontFamily(package.removeprefix("font_"), _glob(root, pattern)))
    plots = _package_folder("matplotlib")
    if plots is not None:
        for name, patterns in _MATPLOTLIB.items():
            found.append(FontFamily(name, _glob(plots / "mpl-data" / "fonts" / "ttf", patterns)))
    families = tuple(sorted((f for f in found if f.files), key=lambda f: f.name))
    if not families:
        raise DataError("no fonts found; reinstall with the font-* packages of pyproject.toml")
    return families


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


def has_glyphs(file: Path, characters: str = string.ascii_letters + string.digits) -> bool:
    """Whether every character draws something, and not the box for unknown characters."""
    font = load_font(file, 24)
    unknown = bytes(font.getmask("\U0010fffd"))
    return all(bytes(font.getmask(c)) not in (unknown, b"") for c in characters)


def _package_folder(package: str) -> Path | None:
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _glob(root: Path, patterns: str) -> tuple[Path, ...]:
    files = {f for pattern in patterns.split() for f in root.glob(pattern)}
    return tuple(sorted(files, key=lambda f: f.name))
