"""What the extractors of the four-stage benchmark are made of; the caller chooses the statistics.

Shape legend: B images, C input and D output channels, H rows, W columns, h x w afterwards.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Normaliser

#: The benchmark keeps torch's default; the AutoSTR space has 1e-3.
EPSILON = 1e-5


class ConvolutionLayer(nn.Module):
    """Convolution, then batch norm (or a bias instead), then ReLU: ``x_BCHW -> y_BDhw``."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] | None = None,
        normalised: bool = True,
        activated: bool = True,
    ) -> None:
        super().__init__()
        padding = (kernel // 2, kernel // 2) if padding is None else padding
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=not normalised)
        self.norm = BatchNorm(outputs, EPSILON) if normalised else None
        self.activated = activated

    def forward(self, x_BCHW: Tensor, norm: Normaliser) -> Tensor:
        y_BDhw: Tensor = self.conv(x_BCHW)
        if self.norm is not None:
            y_BDhw = self.norm(y_BDhw, norm)
        return F.relu(y_BDhw) if self.activated else y_BDhw


class MaxPool(nn.Module):
    """``x_BCHW -> y_BChw``."""

    def __init__(
        self, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int] = (0, 0)
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x_BCHW: Tensor, norm: Normaliser) -> Tensor:
        return F.max_pool2d(x_BCHW, self.kernel, self.stride, self.padding)


class Layers(nn.Module):
    """One after the other, each given the way to normalise."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x_BCHW: Tensor, norm: Normaliser) -> Tensor:
        for layer in self.layers:
            x_BCHW = layer(x_BCHW, norm)
        return x_BCHW
