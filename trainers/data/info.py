"""What is in an LMDB of words: every record is looked at, every image decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from trainers.data.charset import CHARSETS, DEFAULT_MAX_LENGTH, FOLD_STATUSES, Charset, get_charset
from trainers.data.image import try_decode
from trainers.data.rendering.dataset import Progress
from trainers.data.store import WordLMDB
from trainers.data.writing import content_hash

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
_REPORT_EVERY = 256


@dataclass(frozen=True)
class DataInfo:
    """Facts about one LMDB.

    Args:
        path: the LMDB.
        samples: what ``num-samples`` says.
        readable: samples with a label and an image that decodes.
        corrupted: the other samples.
        characters: all characters in the labels, sorted.
        covered_by: the smallest known charset with all of them, ``None`` where none has.
        label_lengths: (min, median, max) over readable samples, in characters; zeros if none.
        heights: image heights in pixels at the quantiles 0, 0.25, 0.5, 0.75, 1; zeros if none.
        widths: likewise.
        charset: the charset that ``label_statuses`` were counted under.
        label_statuses: kept, stripped, empty, too_long -> readable samples.
        content_hash: see `trainers.data.writing.content_hash`.
    """

    path: Path
    samples: int
    readable: int
    corrupted: int
    characters: str
    covered_by: str | None
    label_lengths: tuple[int, float, int]
    heights: tuple[float, ...]
    widths: tuple[float, ...]
    charset: str
    label_statuses: Mapping[str, int]
    content_hash: str


def lmdb_info(
    path: str | Path,
    charset: str | Charset = "36",
    max_length: int = DEFAULT_MAX_LENGTH,
    progress: Progress | None = None,
    steps: int | None = None,
) -> DataInfo:
    """Read every record of the LMDB at ``path`` and count.

    Labels are judged for a charset, a longest label, and the time ``steps`` of a CTC head.

    Raises:
        DataError: the file as a whole cannot be read; single bad records are counted.
    """
    target = get_charset(charset)
    store = WordLMDB(path)
    characters: set[str] = set()
    lengths: list[int] = []
    sizes: list[tuple[int, int]] = []
    statuses: Counter[str] = Counter(dict.fromkeys(FOLD_STATUSES, 0))
    for index in range(len(store)):
        data, label = store.record(index)
        image = try_decode(data) if label is not None else None
        if label is not None and image is not None:
            characters.update(label)
            lengths.append(len(label))
            sizes.append((image.shape[0], image.shape[1]))
            statuses[target.fold(label, max_length, steps).status] += 1
        if progress is not None and ((index + 1) % _REPORT_EVERY == 0 or index + 1 == len(store)):
            progress(index + 1, len(store))
    return DataInfo(
        path=Path(path),
        samples=len(store),
        readable=len(lengths),
        corrupted=len(store) - len(lengths),
        characters="".join(sorted(characters)),
        covered_by=_covering(characters),
        label_lengths=_length_summary(lengths),
        heights=_quantiles([height for height, _ in sizes]),
        widths=_quantiles([width for _, width in sizes]),
        charset=target.title,
        label_statuses=MappingProxyType(dict(statuses)),
        content_hash=content_hash(path),
    )


def _covering(characters: set[str]) -> str | None:
    for charset in sorted(CHARSETS.values(), key=len):
        if characters <= charset.members:
            return charset.name
    return None


def _length_summary(lengths: list[int]) -> tuple[int, float, int]:
    if not lengths:
        return 0, 0.0, 0
    return min(lengths), float(np.median(lengths)), max(lengths)


def _quantiles(values: list[int]) -> tuple[float, ...]:
    if not values:
        return (0.0,) * len(QUANTILES)
    return tuple(float(q) for q in np.quantile(np.array(values), QUANTILES))
