"""What kind of word images are rendered."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainers.data.charset import get_charset
from trainers.data.errors import DataError

LONGEST_TEXT = 32


@dataclass(frozen=True)
class RenderSettings:
    """Settings of the renderer; together with a seed they fix every pixel.

    Args:
        charset: ``"36"`` and ``"62"`` show letters and digits, ``"94"`` punctuation and prices
            too. Words are shown in upper, title and lower case under every charset; labels
            keep the case shown and are folded when read.
        min_length: shortest text, in characters.
        max_length: longest text, in characters.
        difficulty: 0 is plain print, 0.3 clean signs, 1 as hard as incidental scene text.
        min_height: smallest image height, in pixels.
        max_height: largest image height, in pixels.
    """

    charset: str = "36"
    min_length: int = 1
    max_length: int = 16
    difficulty: float = 0.6
    min_height: int = 20
    max_height: int = 64

    def __post_init__(self) -> None:
        """Refuse settings that nothing could be rendered with."""
        get_charset(self.charset)
        if not 1 <= self.min_length <= self.max_length <= LONGEST_TEXT:
            raise DataError(
                f"text length {self.min_length} to {self.max_length} given; expected "
                f"1 <= min_length <= max_length <= {LONGEST_TEXT}"
            )
        if not (math.isfinite(self.difficulty) and 0 <= self.difficulty <= 1):
            raise DataError(f"difficulty {self.difficulty} given; expected 0 to 1")
        if not 16 <= self.min_height <= self.max_height <= 256:
            raise DataError(
                f"image height {self.min_height} to {self.max_height} given; expected "
                "16 <= min_height <= max_height <= 256"
            )

    @property
    def min_contrast(self) -> float:
        """Least difference of luma (0 to 255) between text and every tone behind it.

        90 at difficulty 0 falling linearly to 40 at difficulty 1, before blur and noise.
        """
        return 90.0 - 50.0 * self.difficulty
