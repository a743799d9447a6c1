"""Words that several trainings read: opened, hashed and decoded once for all of them."""

from __future__ import annotations

from collections.abc import Mapping

from trainers.data.word_images import WordImages
from trainers.data_splits import RenderProgress, Split, keep_test_apart, open_splits
from trainers.settings import DataSettings


class SplitWords:
    """The three splits, test kept apart from the others; what is scored on is decoded once."""

    def __init__(self, splits: Mapping[str, Split]) -> None:
        keep_test_apart(splits)
        self.splits = splits
        self._decoded: dict[tuple[str, int | None], WordImages] = {}

    def scored(self, split: str, limit: int | None) -> WordImages:
        """``limit`` words of ``split``, or all; not to be written to."""
        key = split, limit
        if key not in self._decoded:
            self._decoded[key] = self.splits[split].words.words(limit)
        return self._decoded[key]


class OpenedWords:
    """Keeps what was opened last: trainings on the same words share it.

    Files are believed to hold what they held when they were opened, so make one of these for each
    command. It travels empty: another process opens files itself.
    """

    def __init__(self) -> None:
        self._settings: DataSettings | None = None
        self._shape: tuple[tuple[int, int], int | None] | None = None
        self._words: SplitWords | None = None

    def __reduce__(self) -> tuple[type[OpenedWords], tuple[()]]:
        """Without what was opened."""
        return OpenedWords, ()

    def of(
        self,
        settings: DataSettings,
        image_size: tuple[int, int],
        progress: RenderProgress | None = None,
        steps: int | None = None,
    ) -> SplitWords:
        """The words of these settings at this size; what is not there is rendered.

        ``steps`` are the time steps of a CTC head, None for another head.
        """
        known, shape = self._words, (image_size, steps)
        if known is None or (settings, shape) != (self._settings, self._shape):
            # Let go of first: both need not fit in memory.
            self._words = known = None
            known = SplitWords(open_splits(settings, image_size, progress, steps))
            self._settings, self._shape, self._words = settings, shape, known
        return known
