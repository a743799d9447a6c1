"""Small data sets that the data tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainers.data.image import encode_jpeg
from trainers.data.writing import write_lmdb

Records = list[tuple[bytes, str]]


def _picture(shade: int, height: int = 20, width: int = 60) -> bytes:
    return encode_jpeg(np.full((height, width, 3), shade, dtype=np.uint8), 95)


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Return a function (shade, height, width) -> JPEG of one shade.

    The shade tells which record an image came from.
    """
    return _picture


@pytest.fixture
def make_lmdb(tmp_path: Path) -> Callable[[Records], Path]:
    """Return a function that writes records to a new LMDB."""
    made = 0

    def make(records: Records) -> Path:
        nonlocal made
        made += 1
        path = tmp_path / f"words-{made}"
        write_lmdb(path, records)
        return path

    return make


@pytest.fixture
def ten_words(make_lmdb: Callable[[Records], Path]) -> Path:
    """Return an LMDB of word0 to word9, record i of shade 20 * i."""
    return make_lmdb([(_picture(20 * i), f"word{i}") for i in range(10)])
