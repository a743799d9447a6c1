"""COCO-Text: one JSON file with images and words of all parts; crops of the legible words."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from trainers.data.errors import DataError
from trainers.data.importing.layout import Annotations, Item, Layout, Skipped, Tell, Word

MAX_BYTES = 1 << 29
_FILES = ("cocotext*.json", "COCO_Text*.json")


class _Image(msgspec.Struct):
    file_name: str
    set: str | None = None


class _Word(msgspec.Struct):
    image_id: int | str
    bbox: tuple[float, float, float, float]
    legibility: str
    utf8_string: str = ""


class _File(msgspec.Struct):
    imgs: dict[str, _Image]
    anns: dict[str, _Word]


def _read(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    name = annotations.files[0]
    raw = annotations.source.read(name, MAX_BYTES)
    if raw is None:
        raise DataError(f"{name} cannot be read or has more than {MAX_BYTES} bytes")
    try:
        content = msgspec.json.decode(raw, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{name} is no JSON file of COCO-Text ({error})") from error
    # Words of an image together, so that it is decoded once.
    words = sorted(content.anns.values(), key=lambda word: str(word.image_id))
    for done, word in enumerate(words, start=1):
        image = content.imgs.get(str(word.image_id))
        if image is None:
            yield Skipped("word of an unknown image", str(word.image_id))
        elif annotations.part in ("all", image.set):
            yield _item(image.file_name, word)
        tell(done, len(words))


def _item(path: str, word: _Word) -> Item:
    if word.legibility != "legible":
        return Skipped("illegible", path)
    x, y, width, height = word.bbox
    return Word(path, word.utf8_string.strip(), (x, y, x + width, y + height))


COCO_TEXT = Layout(
    "coco-text",
    "COCO-Text",
    dict.fromkeys(("train", "val", "all"), _FILES),
    _read,
    elsewhere=True,
)
