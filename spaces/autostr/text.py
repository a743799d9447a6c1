"""Text forms of AutoSTR architectures, read and written.

``A..B..A..B..B..-555555545514466``: a stride letter per layer, a dash, an operation digit per
layer. On reading, the path may be the name of a typical path (``ABABB-555555555555555``) and
the whole may be a decimal index.
"""

from __future__ import annotations

import re

import numpy as np

from spaces.autostr.operations import DEFAULT_LETTERS, KEEP, OPERATIONS, SKIP, STRIDE_LETTERS
from spaces.autostr.paths import PathSet
from spaces.base import Int8
from spaces.errors import SpaceError

_LETTERS = np.frombuffer(STRIDE_LETTERS.encode(), np.uint8)
#: Digits of candidates, then the letters of default operations.
_OPERATIONS = "".join(map(str, range(len(OPERATIONS)))) + DEFAULT_LETTERS
_DIGITS = np.frombuffer(_OPERATIONS.encode(), np.uint8)


def write_texts(encodings: Int8) -> list[str]:
    """Return the text form of each row (N, 2 * layers); default operations have their letter."""
    rows, columns = encodings.shape
    layers = columns // 2
    letters = np.full((rows, columns + 1), ord("-"), np.uint8)
    letters[:, :layers] = _LETTERS[encodings[:, :layers]]
    letters[:, layers + 1 :] = _DIGITS[encodings[:, layers:]]
    texts: list[str] = letters.view(f"S{columns + 1}").ravel().astype(str).tolist()
    return texts


def read_index(text: str, size: int) -> int | None:
    """Return the index that ``text`` is, None when it is no number at all."""
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        return None
    # Digits beyond an int64's are out of range whatever they are; int() refuses very many.
    index = int(text) if len(text) <= 20 else size
    if not 0 <= index < size:
        shown = text if len(text) <= 24 else f"{text[:20]}... ({len(text)} characters)"
        raise SpaceError(f"index {shown} is out of range, expected 0 to {size - 1}")
    return index


def read_text(text: str, paths: PathSet, strict: bool) -> Int8:
    """Return the encoding (2 * layers,) of a text form; SpaceError says what is wrong where."""
    if text.count("-") != 1:
        raise SpaceError(
            f"architecture {text!r} has {text.count('-')} dashes, expected one: PATH-OPERATIONS, "
            f"for example {example_text(paths)}, or an index"
        )
    path_text, operation_text = text.split("-")
    path = paths.parse(path_text)
    layers = paths.layers
    if len(operation_text) != layers:
        raise SpaceError(
            f"operations {operation_text!r} have {len(operation_text)} digits, expected {layers}: "
            "one per layer"
        )
    last = len(OPERATIONS) - 1
    if set(operation_text) & set(DEFAULT_LETTERS):
        raise SpaceError(
            f"architecture {text!r} has a default operation, which is no member of the space: it "
            f"stands in while a path is searched; give digits from 0 to {last}"
        )
    for layer, digit in enumerate(operation_text, start=1):
        if digit not in "0123456"[: last + 1]:
            raise SpaceError(
                f"operations {operation_text!r} have {digit!r} at layer {layer}, expected a digit "
                f"from 0 to {last}"
            )
    operations = np.array([int(digit) for digit in operation_text], np.int8)
    if strict:
        clash = np.flatnonzero((path != KEEP) & (operations == SKIP))
        if len(clash):
            raise SpaceError(
                f"architecture {text!r} has skip (6) at downsampling layer {clash[0] + 1}, which "
                "the strict space forbids: choose 0 to 5 there, or leave strict off"
            )
    return np.concatenate([path, operations])


def read_mixed_text(text: str, paths: PathSet, strict: bool) -> Int8:
    """Return the encoding (2 * layers,) of a text that may have letters of default operations."""
    path, _, operations = text.partition("-")
    without = "".join("0" if letter in DEFAULT_LETTERS else letter for letter in operations)
    row = read_text(f"{path}-{without}", paths, strict)
    row[paths.layers :] = [_OPERATIONS.index(letter) for letter in operations]
    return row


def example_text(paths: PathSet) -> str:
    """Return a legal text form to show in a message: the first typical path, all k5e6."""
    return f"{paths.text(paths.typical()[0])}-{'5' * paths.layers}"
