"""The residual network of the four-stage benchmark (Baek et al., 2019): 29 convolutions in depth.

It follows Cheng et al., *Focusing Attention*, 2017.

Shape legend: B images, C input and D output channels, H rows, W columns.
"""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.convolution import Normaliser
from trainers.recogniser.layers import ConvolutionLayer, Layers, MaxPool


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, projected where the width changes."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = ConvolutionLayer(inputs, outputs, 3)
        self.second = ConvolutionLayer(outputs, outputs, 3, activated=False)
        self.project = (
            None if inputs == outputs else ConvolutionLayer(inputs, outputs, 1, activated=False)
        )

    def forward(self, x_BCHW: Tensor, norm: Normaliser) -> Tensor:
        shortcut_BDHW = x_BCHW if self.project is None else self.project(x_BCHW, norm)
        return F.relu(self.second(self.first(x_BCHW, norm), norm) + shortcut_BDHW)


class ResNet(Layers):
    """``images_B1HW (32 x 100) -> features_BC1T`` with C = 512, T = 26."""

    out_channels = 512

    def __init__(self) -> None:
        super().__init__(
            ConvolutionLayer(1, 32, 3),
            ConvolutionLayer(32, 64, 3),
            MaxPool((2, 2), (2, 2)),  # 16 x 50
            *_stage(64, 128, blocks=1),
            MaxPool((2, 2), (2, 2)),  # 8 x 25
            *_stage(128, 256, blocks=2),
            MaxPool((2, 2), (2, 1), (0, 1)),  # 4 x 26
            *_stage(256, 512, blocks=5),
            *_blocks(512, 512, 3),
            ConvolutionLayer(512, 512, 2, (2, 1), (0, 1)),  # 2 x 27
            ConvolutionLayer(512, 512, 2, padding=(0, 0)),  # 1 x 26
        )


def _stage(inputs: int, outputs: int, blocks: int) -> list[nn.Module]:
    """Blocks, and a convolution after them."""
    return [*_blocks(inputs, outputs, blocks), ConvolutionLayer(outputs, outputs, 3)]


def _blocks(inputs: int, outputs: int, count: int) -> list[nn.Module]:
    widths = [inputs] + [outputs] * count
    return [BasicBlock(*pair) for pair in pairwise(widths)]
