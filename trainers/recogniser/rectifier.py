"""Rectifier: a spatial transformer with a thin-plate spline (Shi et al., *ASTER*, 2018).

A small network looks at the image in 32x64 and predicts 20 control points, ten along the upper and
ten along the lower border of the word; the spline that takes them to the border of the output
straightens the word.

Shape legend: B images, K control points, H x W output size, N = H * W.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Normaliser

CONTROL_POINTS = 20
LOCALISATION_SIZE = (32, 64)
#: Margins of the control points: where the network starts, and where the output expects them.
START_MARGIN, TARGET_MARGIN = 0.01, 0.05


class ThinPlateSpline(nn.Module):
    """``source_BK2 -> grid_BHW2``: sampling positions in [0, 1] (x, y) for each output pixel.

    The spline (Bookstein, 1989) is solved once: its matrix depends only on the target points.
    """

    mapping_NK: Tensor

    def __init__(self, output_size: tuple[int, int]) -> None:
        super().__init__()
        self.output_size = output_size
        height, width = output_size
        target_K2 = border_points(CONTROL_POINTS, TARGET_MARGIN)
        ones_K1 = torch.ones(CONTROL_POINTS, 1, dtype=torch.float64)
        system = torch.zeros(CONTROL_POINTS + 3, CONTROL_POINTS + 3, dtype=torch.float64)
        system[:CONTROL_POINTS, :CONTROL_POINTS] = radial_basis(target_K2, target_K2)
        system[:CONTROL_POINTS, CONTROL_POINTS:] = torch.cat([ones_K1, target_K2], 1)
        system[CONTROL_POINTS:, :CONTROL_POINTS] = torch.cat([ones_K1, target_K2], 1).T
        ys = (torch.arange(height, dtype=torch.float64) + 0.5) / height
        xs = (torch.arange(width, dtype=torch.float64) + 0.5) / width
        pixels_N2 = torch.stack(torch.meshgrid(ys, xs, indexing="ij")[::-1], -1).reshape(-1, 2)
        basis = torch.cat(
            [radial_basis(pixels_N2, target_K2), torch.ones(len(pixels_N2), 1).double(), pixels_N2],
            1,
        )
        # The three side conditions of the spline have zero right-hand sides: drop their columns.
        mapping = basis @ torch.linalg.inv(system)[:, :CONTROL_POINTS]
        self.register_buffer("mapping_NK", mapping.float(), persistent=False)

    def forward(self, source_BK2: Tensor) -> Tensor:
        height, width = self.output_size
        with torch.autocast(source_BK2.device.type, enabled=False):
            grid_BN2 = torch.matmul(self.mapping_NK, source_BK2.to(self.mapping_NK.dtype))
        return grid_BN2.clamp(0.0, 1.0).reshape(-1, height, width, 2)


class LocalisationNetwork(nn.Module):
    """``images_B3hw (32x64) -> points_BK2``: six 3x3 convolutions and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        channels = (3, 32, 64, 128, 256, 256, 256)
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in pairwise(channels))
        self.norms = nn.ModuleList(BatchNorm(o, eps=1e-5) for o in channels[1:])
        self.hidden = nn.Linear(512, 512)
        self.hidden_norm = BatchNorm(512, eps=1e-5)
        self.points = nn.Linear(512, 2 * CONTROL_POINTS)

    def forward(self, images_B3hw: Tensor, norm: Normaliser) -> Tensor:
        x = images_B3hw
        for index, (conv, batch_norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = F.relu(batch_norm(conv(x), norm))
            if index < 5:
                x = F.max_pool2d(x, 2)
        hidden = self.hidden(x.flatten(1))
        hidden = F.relu(self.hidden_norm(hidden[:, :, None, None], norm))[:, :, 0, 0]
        # Never in bf16, here and in the spline: its 8 bits place a point to half a column of 100.
        with torch.autocast(hidden.device.type, enabled=False):
            points: Tensor = self.points(hidden.to(self.points.weight.dtype))
        return points.reshape(-1, CONTROL_POINTS, 2)


class Rectifier(nn.Module):
    """``images_B3hw (any size, 64x256 in the papers) -> rectified_B3HW``."""

    def __init__(self, output_size: tuple[int, int] = (32, 100)) -> None:
        super().__init__()
        self.localisation = LocalisationNetwork()
        self.spline = ThinPlateSpline(output_size)

    def reset(self) -> None:
        """Start from no rectification: zero weights, control points along the border."""
        nn.init.zeros_(self.localisation.points.weight)
        with torch.no_grad():
            self.localisation.points.bias.copy_(
                border_points(CONTROL_POINTS, START_MARGIN).float().reshape(-1)
            )

    def forward(self, images_B3hw: Tensor, norm: Normaliser) -> Tensor:
        small = F.interpolate(images_B3hw, LOCALISATION_SIZE, mode="bilinear", align_corners=True)
        grid_BHW2 = self.spline(self.localisation(small, norm))
        return F.grid_sample(
            images_B3hw, (2.0 * grid_BHW2 - 1.0).to(images_B3hw.dtype), align_corners=False
        )


def border_points(count: int, margin: float) -> Tensor:
    """``count`` points (x, y) in [0, 1], half of them along the upper border, half the lower."""
    xs = torch.linspace(margin, 1.0 - margin, count // 2, dtype=torch.float64)
    upper = torch.stack([xs, torch.full_like(xs, margin)], 1)
    lower = torch.stack([xs, torch.full_like(xs, 1.0 - margin)], 1)
    return torch.cat([upper, lower])


def radial_basis(a_N2: Tensor, b_M2: Tensor) -> Tensor:
    """``r^2 log r^2 / 2`` of all pairs, zero at distance zero."""
    squared = ((a_N2[:, None, :] - b_M2[None, :, :]) ** 2).sum(-1)
    return 0.5 * torch.where(squared > 0, squared * squared.clamp_min(1e-300).log(), 0.0)
