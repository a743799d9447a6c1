"""The rectifier of the four-stage benchmark: a thin-plate spline and its localisation network.

The spline is the one of all recognisers here, with its margins of the control points. The benchmark
has none, and starts from slanted rows of points; here the start is no rectification.

Shape legend: B images, C channels of an image (1 or 3), H x W image size, K control points.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.chain import Grey
from spaces.networks.convolution import Normaliser
from trainers.recogniser.layers import ConvolutionLayer, Layers, MaxPool
from trainers.recogniser.rectifier import (
    CONTROL_POINTS,
    START_MARGIN,
    ThinPlateSpline,
    border_points,
)


class BenchmarkRectifier(nn.Module):
    """``images_BCHW -> rectified_BCHW``, of the same size (32 x 100).

    It looks at the grey image and straightens the one it is given. Grey is a weighted sum of the
    colours and so is sampling one of pixels: grey made afterwards is the grey image straightened.
    """

    def __init__(self) -> None:
        super().__init__()
        self.grey = Grey()
        self.convolutions = Layers(
            ConvolutionLayer(1, 64, 3),
            MaxPool((2, 2), (2, 2)),
            ConvolutionLayer(64, 128, 3),
            MaxPool((2, 2), (2, 2)),
            ConvolutionLayer(128, 256, 3),
            MaxPool((2, 2), (2, 2)),
            ConvolutionLayer(256, 512, 3),
        )
        self.hidden = nn.Linear(512, 256)
        self.points = nn.Linear(256, 2 * CONTROL_POINTS)
        self.spline = ThinPlateSpline((32, 100))
        nn.init.zeros_(self.points.weight)
        with torch.no_grad():
            start_K2 = border_points(CONTROL_POINTS, START_MARGIN)
            self.points.bias.copy_(start_K2.float().reshape(-1))

    def forward(self, images_BCHW: Tensor, norm: Normaliser) -> Tensor:
        seen_BC = self.convolutions(self.grey(images_BCHW, norm), norm).mean((2, 3))
        hidden = F.relu(self.hidden(seen_BC))
        # Never in bf16: its 8 bits place a point to half a column of 100.
        with torch.autocast(hidden.device.type, enabled=False):
            points = self.points(hidden.to(self.points.weight.dtype))
        grid_BHW2 = self.spline(points.reshape(-1, CONTROL_POINTS, 2))
        return F.grid_sample(
            images_BCHW,
            (2.0 * grid_BHW2 - 1.0).to(images_BCHW.dtype),
            padding_mode="border",
            align_corners=False,
        )
