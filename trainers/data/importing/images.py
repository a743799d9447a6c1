"""From an annotated word to the bytes of its image."""

from __future__ import annotations

from math import ceil, floor, isfinite
from unicodedata import normalize

from trainers.data.image import RGB, encode_jpeg, try_decode
from trainers.data.importing.layout import Annotations, Box, Layout, Skipped, Word
from trainers.data.importing.recognise import folders_in

CROP_QUALITY = 95
MISSING = "image missing"
OUTSIDE = "path or link out of the source"
_JPEG_MOST = 65_500  # pixels on a side


class Images:
    """Finds the images of one layout, checks them, cuts words out of scenes.

    Word images are passed on byte by byte. A word in a scene is cut out along its box, an
    upright rectangle rounded outwards and clipped to the image, and stored as JPEG of quality
    ``CROP_QUALITY``. The last scene is kept decoded, since its words come one after another.
    """

    def __init__(self, layout: Layout, annotations: Annotations) -> None:
        self._source = annotations.source
        self._folder = annotations.folder
        self._suffixes = layout.suffixes
        self._others = self._neighbours() if layout.elsewhere else []
        self._scene: tuple[str, RGB | None] = ("", None)

    def bytes_of(self, word: Word) -> bytes | Skipped:
        """Return the encoded image of a word, or why there is none."""
        member = self._member(word.path)
        if isinstance(member, Skipped):
            return member
        if word.box is not None:
            return self._crop(member, word.box)
        data = self._source.read_image(member)
        if data is None or try_decode(data) is None:
            return Skipped("image not decodable", word.path)
        return data

    def _member(self, path: str) -> str | Skipped:
        for folders in ([self._folder], self._others):
            found = [
                member
                for folder in folders
                for suffix in self._suffixes
                if (member := self._named(folder, path + suffix)) is not None
            ]
            if len(found) > 1:
                return Skipped("image in more than one folder", path)
            if found:
                return found[0]
        outside = any(self._source.leads_outside(self._folder, path + s) for s in self._suffixes)
        return Skipped(OUTSIDE if outside else MISSING, path)

    def _named(self, folder: str, path: str) -> str | None:
        """The file, also where it has the other of Unicode's two forms of an accent."""
        for form in dict.fromkeys((path, normalize("NFC", path), normalize("NFD", path))):
            member = self._source.member(folder, form)
            if member is not None:
                return member
        return None

    def _neighbours(self) -> list[str]:
        """The folders in the annotation's, and beside it."""
        folders = folders_in(self._source, self._folder)
        if self._folder:
            folders += folders_in(self._source, self._folder.rpartition("/")[0])
        return [folder for folder in folders if folder != self._folder]

    def _crop(self, member: str, box: Box) -> bytes | Skipped:
        left, top, right, bottom = box
        if not all(map(isfinite, box)) or right <= left or bottom <= top:
            return Skipped("box without area", member)
        if self._scene[0] != member:
            # Boxes were measured on the pixels as they are stored.
            data = self._source.read_image(member)
            self._scene = (member, try_decode(data, upright=False))
        image = self._scene[1]
        if image is None:
            return Skipped("image not decodable", member)
        height, width = image.shape[:2]
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            return Skipped("box outside the image", member)
        rows = slice(max(floor(top), 0), min(ceil(bottom), height))
        columns = slice(max(floor(left), 0), min(ceil(right), width))
        crop = image[rows, columns]
        if max(crop.shape) > _JPEG_MOST:
            return Skipped(f"box over {_JPEG_MOST} pixels long", member)
        return encode_jpeg(crop, CROP_QUALITY)
