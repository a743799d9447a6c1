"""Layouts in MATLAB files: IIIT5K and SynthText."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trainers.data.errors import DataError
from trainers.data.importing.layout import Annotations, Box, Item, Layout, Skipped, Tell, Word
from trainers.data.importing.matfile import MatFile, Value

_NAME, _LABELS = "ImgName", ("GroundTruth", "chars")


def _read_iiit5k(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    """``traindata.mat``: a struct array of ImgName and GroundTruth.

    Without it ``trainCharBound.mat``, of ImgName and chars.
    """
    file = MatFile(annotations.source, annotations.files[0])
    for variable in file.variables.values():
        labels = [field for field in _LABELS if field in variable.fields]
        if _NAME in variable.fields and labels:
            break
    else:
        raise DataError(
            f"{annotations.files[0]} has no struct array of {_NAME} and {' or '.join(_LABELS)}; "
            f"it has {', '.join(file.variables) or 'nothing'}"
        )
    fields = (_NAME, labels[0])
    for done, row in enumerate(file.structs(variable.name, fields), start=1):
        path, label = (_text(row[field]) for field in fields)
        yield Word(path, label) if path else Skipped("image without a name", label)
        tell(done, variable.count)


def _read_synthtext(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    """``gt.mat``: cell arrays, one cell an image.

    ``imnames`` its name, ``wordBB`` corners (2, 4, words), ``txt`` texts of which the words,
    parted by any white space, come in the order of the boxes.
    """
    file = MatFile(annotations.source, annotations.files[0])
    counts = {name: file.variable(name).count for name in ("imnames", "wordBB", "txt")}
    if len(set(counts.values())) > 1:
        raise DataError(f"{annotations.files[0]} disagrees on the number of its images: {counts}")
    columns = zip(file.cells("imnames"), file.cells("wordBB"), file.cells("txt"), strict=True)
    for done, (name, corners, texts) in enumerate(columns, start=1):
        yield from _scene(_text(name), corners, texts)
        tell(done, counts["imnames"])


def _scene(path: str, corners: Value, texts: Value) -> Iterator[Item]:
    words = " ".join(texts).split() if isinstance(texts, list) else []
    boxes = _boxes(corners)
    if not path:
        yield Skipped("image without a name", " ".join(words))
    elif len(boxes) != len(words):
        yield Skipped("image with unequal numbers of words and boxes", path)
    else:
        yield from (Word(path, word, box) for word, box in zip(words, boxes, strict=True))


def _boxes(corners: Value) -> list[Box]:
    """Bounding rectangles of corners (2, 4, words); a single word has shape (2, 4)."""
    if not isinstance(corners, np.ndarray) or corners.shape[:2] != (2, 4) or corners.ndim > 3:
        return []
    points = corners.reshape(2, 4, -1)
    low, high = points.min(axis=1), points.max(axis=1)
    return [
        (float(x0), float(y0), float(x1), float(y1))
        for x0, y0, x1, y1 in zip(*low, *high, strict=True)
    ]


def _text(value: Value) -> str:
    return "".join(value).strip() if isinstance(value, list) else ""


IIIT5K = Layout(
    "iiit5k",
    "IIIT5K",
    {part: (f"{part}data.mat", f"{part}CharBound.mat") for part in ("train", "test")},
    _read_iiit5k,
)
SYNTHTEXT = Layout("synthtext", "SynthText", {"all": ("gt.mat",)}, _read_synthtext)
