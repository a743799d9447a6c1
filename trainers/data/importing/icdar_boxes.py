"""ICDAR's scenes: a file ``gt_img_1.txt`` beside the image ``img_1.jpg``, a word a line.

IC15 gives four corners, ``x1,y1,x2,y2,x3,y3,x4,y4,label``; IC13 a rectangle,
``x1, y1, x2, y2, "label"``, with spaces instead of commas in its training part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trainers.data.importing.layout import (
    DONT_CARE,
    Annotations,
    Item,
    Layout,
    Skipped,
    Tell,
    Word,
)
from trainers.data.importing.lines import first_line, read_lines, unquoted
from trainers.data.sources import Source

_DONT_CARE = f"don't care ({DONT_CARE})"
_SUFFIXES = (".jpg", ".png", ".gif", ".jpeg", ".JPG", ".PNG")
_NUMBER = r"\s*(-?\d{1,9}(?:\.\d{0,9})?)"
_CORNERS = re.compile("^" + ",".join([_NUMBER] * 8) + ",(.*)$")
_RECTANGLE = re.compile("^" + r"[,\s]".join([_NUMBER] * 4) + r'[,\s]\s*"(.*)"$')


def _read(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    for done, file in enumerate(annotations.files, start=1):
        image = file.rpartition("/")[2].removeprefix("gt_").removesuffix(".txt")
        one = Annotations(annotations.source, [file], annotations.part)
        for line in read_lines(one, lambda done, total: None):
            yield _word(image, line.strip())
        tell(done, len(annotations.files))


def _word(image: str, line: str) -> Item:
    corners, rectangle = _CORNERS.match(line), _RECTANGLE.match(line)
    if corners:
        numbers, label = [float(n) for n in corners.groups()[:8]], corners[9].strip()
    elif rectangle:
        numbers, label = [float(n) for n in rectangle.groups()[:4]], unquoted(rectangle[5])
    else:
        return Skipped("malformed line", f"{image}: {line}")
    if label == DONT_CARE:
        return Skipped(_DONT_CARE, image)
    xs, ys = numbers[0::2], numbers[1::2]
    return Word(image, label, (min(xs), min(ys), max(xs), max(ys)))


def _is_boxes(source: Source, file: str) -> bool:
    item = _word(file, first_line(source, file))
    return isinstance(item, Word) or item.reason == _DONT_CARE


ICDAR_BOXES = Layout(
    "icdar-boxes",
    "scenes of IC13 and IC15",
    {"all": ("gt_*.txt",)},
    _read,
    fits=_is_boxes,
    many=True,
    suffixes=_SUFFIXES,
    elsewhere=True,
)
