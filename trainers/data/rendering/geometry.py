"""Where the text lands: stretch, arc, perspective and the canvas that holds all of it.

A mask point (x, y) is stretched, bent by an arc (a parabola in x), carried by a homography,
and scaled and shifted into the canvas. The inverse has a closed form, since the arc moves
only y as a function of x: one ``cv2.remap`` does everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainers.data.opencv import cv2

_LEAST_LETTERS = 11.0  # pixels; smaller letters could not be read
_OUTLINE_STEPS = 17


@dataclass(frozen=True)
class Placement:
    """How a mask of ``box`` = (height, width) maps to a canvas of (height, width) pixels."""

    height: int
    width: int
    box: tuple[int, int]
    inverse: NDArray[np.float64]
    arc: float
    letter_height: float
    margins: tuple[int, int, int, int]

    def warp(self, layers: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Carry (h, w, layers) to (height, width, layers); nothing is cut off."""
        box_height, box_width = self.box
        x = np.arange(self.width, dtype=np.float32)[None, :]
        y = np.arange(self.height, dtype=np.float32)[:, None]
        m = self.inverse.astype(np.float32)
        depth = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        source_x = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / depth
        source_y = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / depth
        if self.arc:
            source_y -= _bend(source_x, box_width, self.arc)
        out = cv2.remap(
            layers, source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        return np.asarray(out, dtype=np.uint8).reshape(self.height, self.width, -1)


def place(
    box: tuple[int, int], height: int, rng: np.random.Generator, difficulty: float
) -> Placement:
    """Draw a placement for a mask of ``box`` = (height, width) on about ``height`` pixels."""
    box_height, box_width = float(box[0]), float(box[1])
    arc = _draw_arc(rng, box_height, box_width, difficulty)
    corners = _draw_corners(rng, box_height, box_width, difficulty)
    source = np.array(
        [[0, 0], [box_width, 0], [box_width, box_height], [0, box_height]], dtype=np.float32
    )
    forward = np.asarray(cv2.getPerspectiveTransform(source, corners), dtype=np.float64)
    outline = _project(forward, _outline(box_height, box_width, arc))
    low, high = outline.min(axis=0), outline.max(axis=0)
    shares = _draw_margins(rng, difficulty)
    size = high - low
    scale = max(height * (1 - shares[0] - shares[1]) / size[1], _LEAST_LETTERS / box_height)
    top, bottom, left, right = (1 + round(float(s) * scale * size[1]) for s in shares)
    out_height = math.ceil(scale * size[1]) + top + bottom
    out_width = math.ceil(scale * size[0]) + left + right
    fit = np.array(
        [[scale, 0, left - scale * low[0]], [0, scale, top - scale * low[1]], [0, 0, 1]],
        dtype=np.float64,
    )
    return Placement(
        height=out_height,
        width=out_width,
        box=box,
        inverse=np.asarray(np.linalg.inv(fit @ forward), dtype=np.float64),
        arc=arc,
        letter_height=scale * box_height,
        margins=(top, bottom, left, right),
    )


def _draw_margins(rng: np.random.Generator, difficulty: float) -> NDArray[np.float64]:
    """Room above, below, left and right of the word, in its heights: tight crops and loose ones."""
    loose = rng.random() < 0.25 + 0.3 * difficulty
    spread = 0.10 + 0.16 * difficulty if loose else 0.07
    return rng.uniform(0.0, spread, size=4)


def _draw_arc(rng: np.random.Generator, height: float, width: float, difficulty: float) -> float:
    """Depth of the arc in mask pixels; positive bends the ends down."""
    if rng.random() >= 0.3 * difficulty:
        return 0.0
    deepest = min(0.55 * height, 0.14 * width)
    return float(rng.uniform(-1, 1)) * deepest


def _draw_corners(
    rng: np.random.Generator, height: float, width: float, difficulty: float
) -> NDArray[np.float32]:
    """Corners of the box after stretch, foreshortening, shear and rotation."""
    stretch = float(np.clip(math.exp(rng.normal(-0.06, 0.10 + 0.12 * difficulty)), 0.6, 1.5))
    half_w, half_h = width * stretch / 2, height / 2
    near = float(np.clip(rng.normal(0, 0.11 * difficulty), -0.28, 0.28))
    tilt = float(np.clip(rng.normal(0, 0.03 * difficulty), -0.08, 0.08))
    shear = float(np.clip(rng.normal(0, 0.14 * difficulty), -0.4, 0.4))
    turn = float(rng.normal(0, math.radians(1.0 + 5.5 * difficulty)))
    # A long word turned far would shrink to nothing on a canvas of the given height.
    steepest = min(math.radians(22), math.atan(0.9 * half_h / half_w))
    turn = min(max(turn, -steepest), steepest)
    corners = np.array(
        [
            [-half_w * (1 - tilt), -half_h * (1 + near)],
            [half_w * (1 - tilt), -half_h * (1 - near)],
            [half_w * (1 + tilt), half_h * (1 - near)],
            [-half_w * (1 + tilt), half_h * (1 + near)],
        ]
    )
    corners[:, 0] -= shear * corners[:, 1]
    cos, sin = math.cos(turn), math.sin(turn)
    return np.asarray(corners @ np.array([[cos, sin], [-sin, cos]]), dtype=np.float32)


def _bend(x: NDArray[np.float32], width: float, arc: float) -> NDArray[np.float32]:
    u = x * np.float32(2.0 / width) - np.float32(1.0)
    return np.asarray(np.float32(arc) * u * u, dtype=np.float32)


def _outline(height: float, width: float, arc: float) -> NDArray[np.float64]:
    """Points along top and bottom of the bent box, (N, 2)."""
    x = np.linspace(0, width, _OUTLINE_STEPS if arc else 2)
    bend = arc * (2 * x / width - 1) ** 2
    return np.concatenate([np.stack([x, bend], 1), np.stack([x, bend + height], 1)])


def _project(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    carried = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return np.asarray(carried[:, :2] / carried[:, 2:], dtype=np.float64)
