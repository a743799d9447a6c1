"""Layouts in XML: SVT and IC03.

* SVT's ``train.xml`` and ``test.xml``, and the scenes of IC03 in ``words.xml``: images with
  ``imageName`` and ``taggedRectangle`` elements, each of which has x, y, width, height and a
  ``tag``. IC03's ``locations.xml`` is read where there is no ``words.xml``.
* IC03's cropped words in ``word.xml``: ``<image file="word/1/1.jpg" tag="self" />``.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from trainers.data.importing.layout import Annotations, Item, Layout, Skipped, Tell, Word
from trainers.data.importing.safe_xml import elements


def _read_scenes(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    for image in elements(annotations.source, annotations.files[0], "image", tell):
        path = (image.findtext("imageName") or "").strip()
        if not path:
            yield Skipped("image without a name", annotations.files[0])
            continue
        for rectangle in image.iterfind("taggedRectangles/taggedRectangle"):
            yield _tagged(path, rectangle)


def _tagged(path: str, rectangle: Element) -> Item:
    try:
        x, y, width, height = (float(rectangle.get(a, "")) for a in ("x", "y", "width", "height"))
    except ValueError:
        return Skipped("malformed box", path)
    label = (rectangle.findtext("tag") or "").strip()
    return Word(path, label, (x, y, x + width, y + height))


def _read_words(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    for image in elements(annotations.source, annotations.files[0], "image", tell):
        path = image.get("file", "").strip()
        if path:
            yield Word(path, image.get("tag", "").strip())
        else:
            yield Skipped("image without a name", image.get("tag", ""))


def _read_ic03(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    words = annotations.files[0].rpartition("/")[2] == "word.xml"
    yield from (_read_words if words else _read_scenes)(annotations, tell)


SVT = Layout("svt", "SVT", {"train": ("train.xml",), "test": ("test.xml",)}, _read_scenes)
IC03 = Layout(
    "ic03",
    "IC03: words, or scenes",
    {"all": ("word.xml", "words.xml", "locations.xml")},
    _read_ic03,
)
