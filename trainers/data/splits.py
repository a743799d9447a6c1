"""Word images as a model takes them: one size, folded labels, only what is usable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.data.charset import (
    DEFAULT_MAX_LENGTH,
    FOLD_STATUSES,
    Charset,
    FoldStatus,
    get_charset,
)
from trainers.data.errors import DataError
from trainers.data.image import resize_image, try_decode
from trainers.data.store import WordLMDB
from trainers.data.word_images import WordImages

Source = str | Path | tuple[str | Path, int]

_UNSEEN, _READY, _UNREADABLE = 0, 1, 2


class _Cache:
    """Decoded images; the system hands out the memory only as they come in."""

    def __init__(self, count: int, image_size: tuple[int, int]) -> None:
        self.image_size = image_size
        self.state = np.zeros(count, dtype=np.uint8)
        self.pixels = np.empty((count, *image_size, 3), dtype=np.uint8)
        self.labels = [""] * count

    def __reduce__(self) -> tuple[type[_Cache], tuple[int, tuple[int, int]]]:
        """Travel empty: another process decodes faster than pixels are sent."""
        return _Cache, (len(self.state), self.image_size)

    def put(self, index: int, sample: tuple[NDArray[np.uint8], str] | None) -> None:
        if sample is not None:
            self.pixels[index], self.labels[index] = sample
        # Written last, so that no other thread takes a half-filled entry as ready.
        self.state[index] = _UNREADABLE if sample is None else _READY

    def get(self, index: int) -> tuple[NDArray[np.uint8], str] | None:
        ready = self.state[index] == _READY
        return (self.pixels[index], self.labels[index]) if ready else None


# Of the choice of words to score on; a constant, since all runs must be scored on the same.
_SELECTION_SEED = 20_200_823


class WordSplit:
    """The usable samples of one or several LMDBs, concatenated in the order given.

    Labels are read once, at construction; a sample is usable when it has a label that folds
    to 1 to ``max_length`` characters. Images are decoded on demand and, as long as they fit
    ``cache_bytes``, decoded once only.

    Args:
        sources: a path, or several; ``(path, repeats)`` weighs a source by a whole number.
        charset: name or `Charset` that labels are folded to.
        max_length: longest folded label.
        image_size: (height, width) that every image is resized to.
        steps: time steps of a CTC head, which hold no longer label; None for another head.
        cache_bytes: memory that decoded images may take; 0 decodes every time.

    Raises:
        DataError: a source that cannot be read, or none with a usable sample.
    """

    def __init__(
        self,
        sources: Source | Sequence[Source],
        charset: str | Charset = "36",
        max_length: int = DEFAULT_MAX_LENGTH,
        image_size: tuple[int, int] = (32, 100),
        cache_bytes: int = 1 << 29,
        steps: int | None = None,
    ) -> None:
        self.charset = get_charset(charset)
        self.max_length = max_length
        self.steps = steps
        self.image_size = image_size
        _check_sizes(max_length, image_size)
        pairs = _pairs(sources)
        self.paths = tuple(path for path, _ in pairs)
        self.repeats = tuple(repeats for _, repeats in pairs)
        self._stores = [WordLMDB(path) for path in self.paths]
        counts: dict[FoldStatus | str, int] = dict.fromkeys((*FOLD_STATUSES, "missing"), 0)
        kept = [self._usable(store, counts) for store in self._stores]
        self.status_counts: Mapping[str, int] = counts
        self._files, self._records, self._order = _concatenate(kept, self.repeats)
        if len(self._order) == 0:
            listed = ", ".join(f"{v} {k}" for k, v in counts.items())
            raise DataError(
                f"no usable sample in {', '.join(map(str, self.paths))} ({listed}); expected "
                f"labels of 1 to {max_length} characters of charset {self.charset.title}"
            )
        needed = len(self._records) * image_size[0] * image_size[1] * 3
        self._cache = _Cache(len(self._records), image_size) if needed <= cache_bytes else None

    def __len__(self) -> int:
        """Return the number of usable samples, repeats counted."""
        return len(self._order)

    def sample(self, index: int) -> tuple[NDArray[np.uint8], str] | None:
        """Return (image (H, W, 3), folded label) of sample ``index``; None if unreadable.

        The image may be the cache's own memory: copy it before writing to it.
        """
        if not 0 <= index < len(self):
            raise DataError(f"sample {index} asked of a split that has 0 to {len(self) - 1}")
        unique = int(self._order[index])
        cache = self._cache
        if cache is None:
            return self._decode(unique)
        if cache.state[unique] == _UNSEEN:
            cache.put(unique, self._decode(unique))
        return cache.get(unique)

    def images(self, indices: Sequence[int] | NDArray[np.int64]) -> WordImages:
        """Decode the samples at ``indices``, in that order, without the unreadable ones."""
        found = [(int(i), self.sample(int(i))) for i in indices]
        good = [(i, sample) for i, sample in found if sample is not None]
        height, width = self.image_size
        pixels = np.empty((len(good), height, width, 3), dtype=np.uint8)
        for row, (_, sample) in enumerate(good):
            pixels[row] = sample[0]
        return WordImages(
            np.array([i for i, _ in good], dtype=np.int64),
            pixels,
            [sample[1] for _, sample in good],
            len(found) - len(good),
        )

    def words(self, limit: int | None = None) -> WordImages:
        """Decode all usable samples in order, or ``limit`` of them in a random order.

        Files are often sorted by where their words come from, so a part of them is drawn, always
        the same one and whatever the seed of a run. A smaller part begins a larger one.
        """
        if limit is not None and limit < 1:
            raise DataError(f"limit {limit} given; expected 1 or more")
        if limit is None:
            return self.images(range(len(self)))
        generator = np.random.Generator(np.random.PCG64(_SELECTION_SEED))
        return self.images(generator.permutation(len(self))[:limit])

    def _usable(self, store: WordLMDB, counts: dict[FoldStatus | str, int]) -> NDArray[np.int64]:
        kept: list[int] = []
        for index, label in enumerate(store.labels()):
            if label is None:
                counts["missing"] += 1
                continue
            folded = self.charset.fold(label, self.max_length, self.steps)
            counts[folded.status] += 1
            if folded.usable:
                kept.append(index)
        return np.array(kept, dtype=np.int64)

    def _decode(self, unique: int) -> tuple[NDArray[np.uint8], str] | None:
        store = self._stores[int(self._files[unique])]
        data, label = store.record(int(self._records[unique]))
        if data is None or label is None:
            return None
        image = try_decode(data)
        if image is None:
            return None
        return resize_image(image, *self.image_size), self.charset.fold(label, self.max_length).text


def _pairs(sources: Source | Sequence[Source]) -> list[tuple[Path, int]]:
    listed: Sequence[Source]
    if isinstance(sources, str | Path) or _is_weighted(sources):
        listed = [sources]  # type: ignore[list-item]
    else:
        listed = list(sources)  # type: ignore[arg-type]
    pairs = [(Path(s), 1) if isinstance(s, str | Path) else (Path(s[0]), int(s[1])) for s in listed]
    if not pairs:
        raise DataError("no data source given; expected the path of at least one LMDB")
    for path, repeats in pairs:
        if repeats < 1:
            raise DataError(f"{path} is to be repeated {repeats} times; expected 1 or more")
    return pairs


def _is_weighted(sources: object) -> bool:
    return isinstance(sources, tuple) and len(sources) == 2 and isinstance(sources[1], int)


def _check_sizes(max_length: int, image_size: tuple[int, int]) -> None:
    if max_length < 1:
        raise DataError(f"max_length {max_length} given; expected 1 or more")
    if min(image_size) < 1 or max(image_size) > 4096:
        raise DataError(f"image size {image_size} given; expected (height, width) of 1 to 4096")


def _concatenate(
    kept: list[NDArray[np.int64]], repeats: tuple[int, ...]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return file (U,) and record (U,) of each unique sample, and the order (N,) over them."""
    files = np.repeat(np.arange(len(kept), dtype=np.int32), [len(k) for k in kept])
    records = np.concatenate(kept)
    starts = np.cumsum([0, *(len(k) for k in kept)])
    order = [
        np.tile(np.arange(starts[i], starts[i + 1], dtype=np.int64), repeats[i])
        for i in range(len(kept))
    ]
    return files, records, np.concatenate(order)
