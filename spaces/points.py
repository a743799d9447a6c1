"""Points of an encoding, as black-box searchers propose them: checked before they are decoded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spaces.errors import SpaceError


def checked_points(
    points: ArrayLike, cardinalities: Sequence[int], encoding: str
) -> NDArray[np.int64]:
    """``points`` (N, D) as integers; ``SpaceError`` unless each is below its cardinality (D,)."""
    array, limits = np.asarray(points), np.array(cardinalities)
    if array.ndim != 2 or array.shape[1] != len(limits):
        raise SpaceError(
            f"points have shape {array.shape}, expected (N, {len(limits)}) for {encoding}"
        )
    if array.dtype.kind not in "iu":
        raise SpaceError(f"points have type {array.dtype}, expected integers")
    wrong = np.argwhere((array < 0) | (array >= limits))
    if len(wrong):
        row, choice = wrong[0].tolist()
        raise SpaceError(
            f"row {row} has {array[row, choice]} as choice {choice}, expected 0 to "
            f"{limits[choice] - 1}"
        )
    return array.astype(np.int64)
