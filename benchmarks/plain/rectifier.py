"""Spatial transformer with a thin-plate spline, as ASTER (Shi et al., 2018) describes it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

POINTS = 20
OUTPUT_SIZE = (32, 100)


class Localisation(nn.Module):
    """``images_B3hw (32x64) -> points_B(20)2``: six convolutions and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        channels = [3, 32, 64, 128, 256, 256, 256]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels[i], channels[i + 1], 3, padding=1) for i in range(6)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels[i + 1]) for i in range(6))
        self.hidden = nn.Linear(512, 512)
        self.hidden_norm = nn.BatchNorm1d(512)
        self.points = nn.Linear(512, 2 * POINTS)

    def forward(self, x: Tensor) -> Tensor:
        for i in range(6):
            x = F.relu(self.norms[i](self.convs[i](x)))
            if i < 5:
                x = F.max_pool2d(x, 2)
        x = F.relu(self.hidden_norm(self.hidden(x.flatten(1))))
        points: Tensor = self.points(x)
        return points.reshape(-1, POINTS, 2)


class Rectifier(nn.Module):
    """``images_B3hw (64x256) -> rectified_B3HW (32x100)``.

    With the control points C' where the output expects them, the spline's matrix
    ``[[U(C'), 1, C'], [1, 0, 0], [C'^T, 0, 0]]`` is the same for every image: it is inverted
    once, and applied to every pixel's basis.
    """

    mapping: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.localisation = Localisation()
        height, width = OUTPUT_SIZE
        xs = torch.linspace(0.05, 0.95, POINTS // 2, dtype=torch.float64)
        target = torch.cat(
            [
                torch.stack([xs, torch.full_like(xs, 0.05)], 1),
                torch.stack([xs, torch.full_like(xs, 0.95)], 1),
            ]
        )
        ones = torch.ones(POINTS, 1, dtype=torch.float64)
        upper = torch.cat([kernel(target, target), ones, target], 1)
        lower = torch.cat([torch.cat([ones, target], 1).T, torch.zeros(3, 3)], 1)
        pixels = torch.tensor(
            [[(x + 0.5) / width, (y + 0.5) / height] for y in range(height) for x in range(width)],
            dtype=torch.float64,
        )
        basis = torch.cat([kernel(pixels, target), torch.ones(len(pixels), 1), pixels], 1)
        # Solved in float64: the matrix is badly conditioned. Its last columns would meet zeros.
        mapping = basis @ torch.linalg.inv(torch.cat([upper, lower]))[:, :POINTS]
        self.register_buffer("mapping", mapping.float(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        small = F.interpolate(images, (32, 64), mode="bilinear", align_corners=True)
        grid = (self.mapping @ self.localisation(small)).clamp(0, 1).reshape(-1, *OUTPUT_SIZE, 2)
        return F.grid_sample(images, 2 * grid - 1, align_corners=False)


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """``r^2 log r`` of all pairs of points, zero at distance zero."""
    r = torch.cdist(a, b)
    return torch.where(r > 0, r**2 * torch.log(r), torch.zeros_like(r))
