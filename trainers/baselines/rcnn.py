"""The gated recurrent convolutional network of GRCNN (Wang and Hu, 2017), as in the benchmark.

A recurrent layer looks at its own output again and again with the same weights, so that each pixel
sees further each time; gates choose how much of that it takes.

Shape legend: B images, C input and D output channels, H rows, W columns.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Normaliser
from trainers.recogniser.layers import EPSILON, ConvolutionLayer, Layers, MaxPool

ITERATIONS = 5


class RecurrentStep(nn.Module):
    """The batch norms of one iteration: convolutions are shared by all, statistics are not."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate_input = BatchNorm(channels, EPSILON)
        self.gate_state = BatchNorm(channels, EPSILON)
        self.input = BatchNorm(channels, EPSILON)
        self.state = BatchNorm(channels, EPSILON)
        self.gated = BatchNorm(channels, EPSILON)

    def forward(
        self,
        for_gate_BDHW: tuple[Tensor, Tensor],
        for_state_BDHW: tuple[Tensor, Tensor],
        norm: Normaliser,
    ) -> Tensor:
        """The next state, of what was convolved from (input, state) for the gate and for itself."""
        gate_BDHW = F.sigmoid(
            self.gate_input(for_gate_BDHW[0], norm) + self.gate_state(for_gate_BDHW[1], norm)
        )
        again_BDHW = self.state(for_state_BDHW[1], norm) * gate_BDHW
        return F.relu(self.input(for_state_BDHW[0], norm) + self.gated(again_BDHW, norm))


class GatedRecurrentLayer(nn.Module):
    """``x_BCHW -> y_BDHW``, by ``ITERATIONS`` looks at its own output."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.gate_input = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.gate_state = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.input = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.state = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.start = BatchNorm(outputs, EPSILON)
        self.steps = nn.ModuleList(RecurrentStep(outputs) for _ in range(ITERATIONS))

    def forward(self, x_BCHW: Tensor, norm: Normaliser) -> Tensor:
        # The input is the same at every step: convolved once.
        for_gate_BDHW, for_state_BDHW = self.gate_input(x_BCHW), self.input(x_BCHW)
        state_BDHW = F.relu(self.start(for_state_BDHW, norm))
        for step in self.steps:
            state_BDHW = step(
                (for_gate_BDHW, self.gate_state(state_BDHW)),
                (for_state_BDHW, self.state(state_BDHW)),
                norm,
            )
        return state_BDHW


class RCNN(Layers):
    """``images_B1HW (32 x 100) -> features_BC1T`` with C = 512, T = 26."""

    out_channels = 512

    def __init__(self) -> None:
        super().__init__(
            ConvolutionLayer(1, 64, 3, normalised=False),
            MaxPool((2, 2), (2, 2)),  # 16 x 50
            GatedRecurrentLayer(64, 64),
            MaxPool((2, 2), (2, 2)),  # 8 x 25
            GatedRecurrentLayer(64, 128),
            MaxPool((2, 2), (2, 1), (0, 1)),  # 4 x 26
            GatedRecurrentLayer(128, 256),
            MaxPool((2, 2), (2, 1), (0, 1)),  # 2 x 27
            ConvolutionLayer(256, 512, 2, padding=(0, 0)),  # 1 x 26
        )
