"""What follows the searched convolutions of a rectifier: control points, spline and sampling.

As in the four-stage recogniser of Baek et al. (2019), whose rectifier the STR-NAS slides search:
the mean over all positions, two linear layers, 20 control points, a thin-plate spline.

Shape legend: B images, C channels, H x W image size, h x w size of the features, K points.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.convolution import Normaliser
from spaces.networks.network import SearchedRectifier
from trainers.recogniser.rectifier import (
    CONTROL_POINTS,
    START_MARGIN,
    ThinPlateSpline,
    border_points,
)

HIDDEN = 256


class Rectification(nn.Module):
    """``features_BChw, images_B1HW -> rectified_B1HW``, or what fixed layers make of that."""

    def __init__(self, rectifier: SearchedRectifier, size: tuple[int, int] = (32, 100)) -> None:
        super().__init__()
        self.hidden = nn.Linear(rectifier.channels, HIDDEN)
        self.points = nn.Linear(HIDDEN, 2 * CONTROL_POINTS)
        self.spline = ThinPlateSpline(size)
        self.strides = [edge.stride for edge, _ in rectifier.rest]
        self.rest = nn.ModuleList(edge.build(operation) for edge, operation in rectifier.rest)

    def reset(self) -> None:
        """Start from no rectification: zero weights, control points along the border."""
        nn.init.zeros_(self.points.weight)
        with torch.no_grad():
            self.points.bias.copy_(border_points(CONTROL_POINTS, START_MARGIN).float().reshape(-1))

    def forward(self, features_BChw: Tensor, images_B1HW: Tensor, norm: Normaliser) -> Tensor:
        hidden = F.relu(self.hidden(features_BChw.mean(dim=(2, 3))))
        # Never in bf16, here and in the spline: its 8 bits place a point to half a column of 100.
        with torch.autocast(hidden.device.type, enabled=False):
            points = self.points(hidden.to(self.points.weight.dtype))
        grid_BHW2 = self.spline(points.reshape(-1, CONTROL_POINTS, 2))
        x_BCHW = F.grid_sample(
            images_B1HW, (2.0 * grid_BHW2 - 1.0).to(images_B1HW.dtype), align_corners=False
        )
        for block, stride in zip(self.rest, self.strides, strict=True):
            x_BCHW = block(x_BCHW, stride, norm)
        return x_BCHW
