"""A convolution, its batch norm and its activation: the unit that networks here are made of.

They are one module because they are one computation: how a convolution is best carried out depends
on where the statistics of its batch norm come from, which the caller decides (see
``normalisation``).

Shape legend: B images, C input and D output channels, H rows, W columns, h x w after the stride.
"""

from __future__ import annotations

from math import inf
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.batch_norm import BatchNorm

Stride = tuple[int, int]
Activation = Literal["linear", "relu", "relu6"]
#: Upper bounds of the activations that clip at zero.
UPPER: dict[Activation, float] = {"relu": inf, "relu6": 6.0}


class Normaliser(Protocol):
    """Where the statistics of batch norm come from; the ways there are: ``normalisation``."""

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        """``x_BCHW``, normalised."""

    def convolve(
        self, convolution: Convolution, x_BCHW: Tensor, stride: Stride, activation: Activation
    ) -> Tensor:
        """``x_BCHW`` convolved, normalised and activated."""


class Convolution(nn.Module):
    """Bias-free convolution with 'same' padding, optionally depthwise, followed by batch norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int, depthwise: bool = False) -> None:
        super().__init__()
        self.kernel = kernel
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, groups=inputs if depthwise else 1, bias=False
        )
        self.norm = BatchNorm(outputs)

    def forward(
        self,
        x_BCHW: Tensor,
        norm: Normaliser,
        stride: Stride = (1, 1),
        activation: Activation = "linear",
    ) -> Tensor:
        """``x_BCHW -> y_BDhw``, normalised and activated."""
        if self.kernel == 1 and stride != (1, 1):
            # Same result as a strided 1x1 convolution, whose backward pass on channels-last tensors
            # corrupts memory in torch 2.13.0 on CPU.
            x_BCHW = x_BCHW[:, :, :: stride[0], :: stride[1]]
            stride = (1, 1)
        return norm.convolve(self, x_BCHW, stride, activation)

    @property
    def groups(self) -> int:
        """1, or as many as there are channels."""
        return self.conv.groups

    @property
    def padding(self) -> int:
        """Rows and columns of zeros on each side."""
        return self.kernel // 2

    @property
    def widens(self) -> bool:
        """Whether it is a 1x1 convolution that makes more channels than it is given."""
        return self.kernel == 1 and self.conv.out_channels > self.conv.in_channels

    def convolved(self, x_BCHW: Tensor, stride: Stride = (1, 1)) -> Tensor:
        """``x_BCHW -> z_BDhw``, neither normalised nor activated."""
        return convolve(x_BCHW, self.conv.weight, None, stride, self.padding, self.groups)

    def folded(
        self,
        x_BCHW: Tensor,
        weight: Tensor,
        bias_D: Tensor,
        stride: Stride,
        activation: Activation,
    ) -> Tensor:
        """``x_BCHW -> y_BDhw`` with other weights and a bias; without gradients.

        For batch norm of known statistics, which is a factor and a summand of each channel.
        """
        if activation != "linear" and runs_fused(x_BCHW):
            return fused_convolution(
                x_BCHW, weight, bias_D, stride, self.padding, self.groups, UPPER[activation]
            )
        y_BDhw = convolve(x_BCHW, weight, bias_D, stride, self.padding, self.groups)
        return activate_(y_BDhw, activation)


def convolve(
    x_BCHW: Tensor,
    weight: Tensor,
    bias_D: Tensor | None,
    stride: Stride,
    padding: int,
    groups: int,
) -> Tensor:
    """``x_BCHW -> z_BDhw``; differentiable.

    Of depthwise convolutions cuDNN has quick kernels for equal strides only. With stride (2, 1) it
    is 2 to 20 times as quick to compute all places and to take some of them (an H100, results/gpu).
    """
    quick = groups == 1 or stride[0] == stride[1]
    if quick or x_BCHW.device.type != "cuda":
        return F.conv2d(x_BCHW, weight, bias_D, stride, padding, groups=groups)
    z_BDHW = F.conv2d(x_BCHW, weight, bias_D, 1, padding, groups=groups)
    return z_BDHW[:, :, :: stride[0], :: stride[1]].contiguous(memory_format=torch.channels_last)


def activate(x: Tensor, activation: Activation) -> Tensor:
    """The activation of ``x``, differentiable."""
    if activation == "linear":
        return x
    return F.relu(x) if activation == "relu" else F.relu6(x)


def activate_(x: Tensor, activation: Activation) -> Tensor:
    """``x``, activated in place; not for tensors that a gradient has to flow through."""
    return x if activation == "linear" else x.clamp_(0.0, UPPER[activation])


def fused_convolution(
    x_BCHW: Tensor,
    weight: Tensor,
    bias_D: Tensor,
    stride: Stride,
    padding: int,
    groups: int,
    upper: float,
) -> Tensor:
    """Convolution and clipping to [0, upper] in one pass over memory, where torch can do it.

    The operator is oneDNN's, as torch's own compiler calls it. It has no gradients.
    """
    # It would clip NaN to a number, and nobody would see that the weights are none.
    if not torch.isfinite(bias_D).all():
        exact_BDhw = F.conv2d(x_BCHW, weight, bias_D, stride, padding, groups=groups)
        return exact_BDhw.clamp_(0.0, upper)
    y_BDhw: Tensor = torch.ops.mkldnn._convolution_pointwise(
        x_BCHW,
        weight,
        bias_D,
        [padding, padding],
        list(stride),
        [1, 1],
        groups,
        "hardtanh",
        [0.0, upper],
        "",
    )
    return y_BDhw


def runs_fused(x: Tensor) -> bool:
    """Whether operators that torch fuses, or that are put together here, can take ``x``.

    They are of the CPU and of full precision; autocast does not reach them.
    """
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and not torch.is_autocast_enabled("cpu")
    )
