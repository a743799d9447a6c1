"""Batch normalisation without a will of its own: who calls it says which statistics it uses.

Shape legend: B images, C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

MOMENTUM = 0.1
EPSILON = 1e-3


class BatchNorm(nn.Module):
    """Affine batch normalisation of ``x_BCHW``; momentum 0.1, eps 1e-3 as in the AutoSTR code."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = EPSILON) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x_BCHW: Tensor, norm: Callable[[BatchNorm, Tensor], Tensor]) -> Tensor:
        return norm(self, x_BCHW)
