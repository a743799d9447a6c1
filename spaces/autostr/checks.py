"""What encodings and paths have to be, and what is said of those that are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spaces.autostr.moves import has_strided_skip
from spaces.autostr.operations import DEFAULT_OPERATIONS, OPERATIONS, STRIDE_A, STRIDE_B
from spaces.autostr.paths import PathSet
from spaces.autostr.text import read_text, write_texts
from spaces.base import Bool, Int8
from spaces.errors import SpaceError

CODES = len(OPERATIONS)
# Rows checked at a time, small enough to stay in the core's cache.
BLOCK = 8192


def shaped(encodings: ArrayLike, paths: PathSet) -> Int8:
    """Return encodings as int8 (N, 2 * layers), or say what shape or type they have."""
    array = np.asarray(encodings)
    columns = 2 * paths.layers
    if array.ndim != 2 or array.shape[1] != columns:
        raise SpaceError(
            f"encodings have shape {array.shape}, expected (N, {columns}): strides, then operations"
        )
    if array.dtype.kind not in "iu":
        raise SpaceError(f"encodings have type {array.dtype}, expected integers")
    # Clipped first, so that 256 does not become 0.
    return array if array.dtype == np.int8 else np.clip(array, -1, 127).astype(np.int8)


def in_space(array: Int8, paths: PathSet, codes: int = CODES) -> Bool:
    """Return (N,) whether rows have a legal path and operations below ``codes``.

    Skips are not judged.
    """
    valid = np.empty(len(array), np.bool_)
    downsamplings = ((STRIDE_A, paths.downsampling_a), (STRIDE_B, paths.downsampling_b))
    for start in range(0, len(array), BLOCK):
        # As unsigned numbers, negative codes are too large as well.
        by_layer = np.ascontiguousarray(array[start : start + BLOCK].T).view(np.uint8)
        strides, operations = by_layer[: paths.layers], by_layer[paths.layers :]
        found = (strides.max(axis=0) <= STRIDE_B) & (operations.max(axis=0) < codes)
        for code, wanted in downsamplings:
            found &= (strides == code).sum(axis=0, dtype=np.uint8) == wanted
        valid[start : start + BLOCK] = found
    return valid


def checked(encodings: ArrayLike, paths: PathSet, defaults: bool = False) -> Int8:
    """Return encodings whose every row has a legal path and known operations.

    With ``defaults`` a row may also have default operations.
    """
    array = shaped(encodings, paths)
    kinds = CODES + len(DEFAULT_OPERATIONS) if defaults else CODES
    wrong = np.flatnonzero(~in_space(array, paths, kinds))
    if len(wrong):
        raise SpaceError(
            f"row {wrong[0]} of the encodings is {array[wrong[0]].tolist()}, expected stride "
            f"codes 0 to 2 with {paths.downsampling_a} A (1) and "
            f"{paths.downsampling_b} B (2), then operations 0 to {CODES - 1}"
        )
    return array


def legal(encodings: ArrayLike, paths: PathSet, strict: bool) -> Int8:
    """Return encodings that are legal in the space, ``strict`` rule included."""
    array = checked(encodings, paths)
    wrong = np.flatnonzero(has_strided_skip(array)) if strict else ()
    if len(wrong):
        # Says which layer it is.
        read_text(write_texts(array[wrong[:1]])[0], paths, strict)
    return array


def one_path(path: ArrayLike, paths: PathSet) -> Int8:
    """Return one legal path as int8 (layers,)."""
    codes = np.asarray(path)
    if codes.shape != (paths.layers,) or codes.dtype.kind not in "iu":
        raise SpaceError(
            f"path has shape {codes.shape} and type {codes.dtype}, expected ({paths.layers},) "
            f"integer stride codes: Space.parse_path reads one from text"
        )
    if not paths.is_valid(codes[None])[0]:
        raise SpaceError(
            f"path {codes.tolist()} is illegal, expected codes 0 to 2 with "
            f"{paths.downsampling_a} A (1) and {paths.downsampling_b} B (2)"
        )
    return codes.astype(np.int8)
