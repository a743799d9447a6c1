"""Decoded words in a fixed order, as evaluation and calibration take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainers.data.errors import DataError


@dataclass(frozen=True)
class WordImages:
    """N decoded words; unreadable ones were left out and counted.

    Args:
        indices: (N,) positions in the split they come from.
        images: (N, H, W, 3) uint8 RGB.
        labels: N folded labels.
        unreadable: samples that were asked for and could not be decoded.
    """

    indices: NDArray[np.int64]
    images: NDArray[np.uint8]
    labels: list[str]
    unreadable: int = 0

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        count = len(self.labels)
        if self.images.ndim != 4 or self.images.shape[3] != 3:
            raise DataError(f"images of shape {self.images.shape} given; expected (N, H, W, 3)")
        if len(self.images) != count or len(self.indices) != count:
            raise DataError(
                f"{len(self.indices)} indices, {len(self.images)} images and {count} labels "
                "given; expected as many of each"
            )

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)

    def first(self, count: int) -> WordImages:
        """Return the first ``count`` words, all of them where there are fewer; no copy."""
        if count < 1:
            raise DataError(f"count {count} given; expected 1 or more")
        return WordImages(
            self.indices[:count], self.images[:count], self.labels[:count], self.unreadable
        )
