"""Training batches as a pure function of the step, decoded ahead by threads.

Nothing but (split, seed, batch size, augmentation) decides what is in batch ``step``: a resumed
run sees what an undisturbed run would have seen. Decoding and resizing release the interpreter's
lock, so threads suffice.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from trainers.data.augmentation import augment
from trainers.data.errors import DataError
from trainers.data.splits import WordSplit
from trainers.data.word_images import WordImages

__all__ = ["Batch", "BatchLoader", "WordImages"]

_EPOCHS_KEPT = 3


@dataclass(frozen=True)
class Batch:
    """One training batch.

    ``images`` is contiguous uint8 RGB (B, H, W, 3); ``substituted`` counts the samples that
    stand in for unreadable ones.
    """

    images: NDArray[np.uint8]
    labels: list[str]
    substituted: int


class BatchLoader:
    """Shuffled batches of a split, epoch after epoch, every batch full.

    Sample ``step * batch_size + k`` of the endless stream is at that position of the epochs'
    permutations laid end to end; each permutation is drawn from (seed, epoch). An unreadable
    image is replaced by the next readable one of the permutation.

    Args:
        split: what to draw from.
        batch_size: samples in a batch, 1 or more.
        seed: of the order, 0 or more.
        workers: threads that decode ahead; 0 decodes when asked.
        stream: sets this loader's random numbers apart from other users of the same seed.
        rows: those of each batch that are loaded; all by default.
        augmentation: strength of random changes to the images, 0 (none) to 1; see
            `trainers.data.augmentation`. Those of an image are drawn from seed, stream, epoch and
            the image's place in the epoch, so neither threads nor `rows` change them.

    Raises:
        DataError: an argument is out of range; in `batch`, when no image at all is readable.
    """

    def __init__(
        self,
        split: WordSplit,
        batch_size: int,
        seed: int,
        workers: int = 1,
        stream: int = 0,
        rows: slice = slice(None),
        augmentation: float = 0.0,
    ) -> None:
        if not 0 <= augmentation <= 1:
            raise DataError(f"augmentation {augmentation} given; expected 0 (none) to 1")
        if batch_size < 1 or seed < 0 or workers < 0:
            raise DataError(
                f"batch_size {batch_size}, seed {seed}, workers {workers} given; expected "
                "batch_size >= 1, seed >= 0, workers >= 0"
            )
        self.split = split
        self.batch_size = batch_size
        self.seed = seed
        self.stream = stream
        self.workers = workers
        self.rows = rows
        self.augmentation = augmentation
        self.unreadable: set[int] = set()
        self._lock = threading.Lock()
        self._orders: OrderedDict[int, NDArray[np.int64]] = OrderedDict()
        self._ahead: dict[int, Future[Batch]] = {}
        self._pool = ThreadPoolExecutor(workers, "word-loader") if workers else None
        self._closed = False

    def __enter__(self) -> BatchLoader:
        """Return the loader; leaving the block closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the loader."""
        self.close()

    def part(self, rows: slice) -> BatchLoader:
        """A loader of only these rows of the same batches."""
        return BatchLoader(
            self.split,
            self.batch_size,
            self.seed,
            self.workers,
            self.stream,
            rows,
            self.augmentation,
        )

    def batch(self, step: int) -> Batch:
        """Return batch ``step`` (0 or more) and start decoding the ones after it."""
        if step < 0:
            raise DataError(f"step {step} given; expected 0 or more")
        if self._closed:
            raise DataError("the loader is closed; make a new one")
        if self._pool is None:
            return self._load(step)
        depth = self.workers + 1
        for old in [s for s in self._ahead if not step <= s <= step + depth]:
            self._ahead.pop(old).cancel()
        for wanted in range(step, step + depth + 1):
            if wanted not in self._ahead:
                self._ahead[wanted] = self._pool.submit(self._load, wanted)
        return self._ahead.pop(step).result()

    def indices(self, step: int) -> NDArray[np.int64]:
        """Return the split positions (batch_size,) of batch ``step``, before substitution."""
        positions = step * self.batch_size + np.arange(self.batch_size, dtype=np.int64)
        epochs, offsets = np.divmod(positions, len(self.split))
        return np.array(
            [self._order(int(e))[o] for e, o in zip(epochs, offsets, strict=True)], dtype=np.int64
        )

    def close(self) -> None:
        """Stop the threads; batches that were decoded ahead are dropped."""
        self._closed = True
        for future in self._ahead.values():
            future.cancel()
        self._ahead.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _load(self, step: int) -> Batch:
        count = len(self.split)
        rows = range(self.batch_size)[self.rows]
        images = np.empty((len(rows), *self.split.image_size, 3), dtype=np.uint8)
        labels: list[str] = []
        substituted = 0
        for place, row in enumerate(rows):
            epoch, offset = divmod(step * self.batch_size + row, count)
            image, label, replaced = self._readable(self._order(epoch), offset)
            if self.augmentation:
                image = augment(image, self.augmentation, self._draws(epoch, offset))
            images[place] = image
            labels.append(label)
            substituted += replaced
        return Batch(images, labels, substituted)

    def _readable(
        self, order: NDArray[np.int64], offset: int
    ) -> tuple[NDArray[np.uint8], str, bool]:
        count = len(order)
        for further in range(count):
            index = int(order[(offset + further) % count])
            sample = self.split.sample(index)
            if sample is not None:
                return sample[0], sample[1], further > 0
            with self._lock:
                self.unreadable.add(index)
        raise DataError(
            f"none of the {count} usable samples has a readable image; "
            "look at the data with `bench data info`"
        )

    def _draws(self, epoch: int, offset: int) -> np.random.Generator:
        """Random numbers of one image; the key of three parts is none of the orders' keys."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(self.stream, epoch, offset))
        return np.random.Generator(np.random.PCG64(sequence))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        with self._lock:
            order = self._orders.get(epoch)
            if order is None:
                sequence = np.random.SeedSequence(self.seed, spawn_key=(self.stream, epoch))
                order = np.random.Generator(np.random.PCG64(sequence)).permutation(len(self.split))
                self._orders[epoch] = order
                while len(self._orders) > _EPOCHS_KEPT:
                    self._orders.popitem(last=False)
            return order
