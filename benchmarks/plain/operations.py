"""The candidates of a choice block (AutoSTR, Table 2) and the stem, as ordinary modules.

The stride comes with the call: some ways of sharing weights use one block for two strides.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from spaces.autostr.operations import OPERATIONS

Stride = tuple[int, int]


class ConvolutionNorm(nn.Module):
    """Convolution without bias, 'same' padding, then batch norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.1)

    def forward(self, x_BCHW: Tensor, stride: Stride = (1, 1)) -> Tensor:
        y_BDhw = F.conv2d(
            x_BCHW,
            self.conv.weight,
            stride=stride,
            padding=self.conv.padding,
            groups=self.conv.groups,
        )
        normal_BDhw: Tensor = self.norm(y_BDhw)
        return normal_BDhw


class InvertedBottleneck(nn.Module):
    """1x1 expand, depthwise, 1x1 project; shortcut where the shape stays."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, expansion: int, downsamples: bool
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = ConvolutionNorm(inputs, hidden, 1) if expansion > 1 else None
        self.depthwise = ConvolutionNorm(hidden, hidden, kernel, groups=hidden)
        self.project = ConvolutionNorm(hidden, outputs, 1)
        self.activation = nn.ReLU6()
        self.shortcut = inputs == outputs and not downsamples

    def forward(self, x_BCHW: Tensor, stride: Stride) -> Tensor:
        hidden = x_BCHW
        if self.expand is not None:
            hidden = self.activation(self.expand(hidden))
        hidden = self.activation(self.depthwise(hidden, stride))
        y_BDhw: Tensor = self.project(hidden)
        return y_BDhw + x_BCHW if self.shortcut else y_BDhw


class Identity(nn.Module):
    """Skip where the shape stays."""

    def forward(self, x_BCHW: Tensor, stride: Stride) -> Tensor:
        return x_BCHW


class Projection(nn.Module):
    """Skip where the shape changes: strided 1x1 convolution and batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.project = ConvolutionNorm(inputs, outputs, 1)

    def forward(self, x_BCHW: Tensor, stride: Stride) -> Tensor:
        y_BDhw: Tensor = self.project(x_BCHW, stride)
        return y_BDhw


class Stem(nn.Module):
    """3x3 convolution of the image, batch norm, ReLU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = ConvolutionNorm(3, width, 3)
        self.activation = nn.ReLU()

    def forward(self, images_B3HW: Tensor) -> Tensor:
        x_BCHW: Tensor = self.activation(self.conv(images_B3HW))
        return x_BCHW


def candidates(inputs: int, outputs: int, downsamples: bool) -> nn.ModuleList:
    """The K candidates between two widths, in the order of their codes."""
    found: list[nn.Module] = []
    for operation in OPERATIONS:
        if operation.kernel:
            kernel, expansion = operation.kernel, operation.expansion
            found.append(InvertedBottleneck(inputs, outputs, kernel, expansion, downsamples))
        else:
            found.append(Projection(inputs, outputs) if downsamples else Identity())
    return nn.ModuleList(found)
