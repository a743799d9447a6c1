"""One change of shape of a word: rotation, shear, perspective and place, in one resampling.

The turned picture is fitted into the frame again, each axis by itself, as PARSeq does after a
rotation. So nothing of the word leaves the picture, and it is never mirrored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainers.data.image import RGB
from trainers.data.opencv import cv2

#: Clockwise from the upper left, in units of the picture's width and height.
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@dataclass
class Warp:
    """What is done to the shape.

    ``degrees`` turn; ``shear_x`` and ``shear_y`` are pixels along one axis for each pixel of the
    other; ``move_x`` and ``move_y`` are shares of width and height, signed, that are left empty at
    one side; ``pulls`` (4, 2) move the corners inwards, in shares of width and height.
    """

    degrees: float = 0.0
    shear_x: float = 0.0
    shear_y: float = 0.0
    move_x: float = 0.0
    move_y: float = 0.0
    pulls: NDArray[np.float64] | None = None

    def changes(self) -> bool:
        """Whether there is anything to do."""
        numbers = (self.degrees, self.shear_x, self.shear_y, self.move_x, self.move_y)
        return any(numbers) or self.pulls is not None

    def corners(self, height: int, width: int) -> NDArray[np.float64]:
        """Where the corners (4, 2) of a picture go, as x and y in pixels; within its frame."""
        frame = np.array([width, height], dtype=np.float64)
        shares = _CORNERS.copy()
        if self.pulls is not None:
            shares += self.pulls * (1 - 2 * _CORNERS)
        angle = math.radians(self.degrees)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        shear = np.array([[1.0, self.shear_x], [self.shear_y, 1.0]])
        placed = (shares * frame) @ (turn @ shear).T
        placed -= placed.min(0)
        move = np.array([self.move_x, self.move_y])
        placed *= frame * (1 - np.abs(move)) / placed.max(0)
        return np.asarray(placed + np.maximum(move, 0) * frame, dtype=np.float64)

    def matrix(self, height: int, width: int) -> NDArray[np.float64]:
        """The homography (3, 3) between coordinates of pixel centres."""
        given = _CORNERS * [width, height] - 0.5
        wanted = self.corners(height, width) - 0.5
        found = cv2.getPerspectiveTransform(given.astype(np.float32), wanted.astype(np.float32))
        return np.asarray(found, dtype=np.float64)

    def apply(self, image: RGB) -> RGB:
        """The picture (H, W, 3) in its new shape; what is uncovered goes on as its edge does."""
        height, width = image.shape[:2]
        warped = cv2.warpPerspective(
            image,
            self.matrix(height, width),
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(warped, dtype=np.uint8)
