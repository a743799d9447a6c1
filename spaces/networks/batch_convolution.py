"""Convolution, batch norm with the batch's own statistics and activation as one step of autograd.

Two ways, of the same result up to rounding. ``DirectConvolution`` does what the three operations do
and keeps one tensor less. ``WideningConvolution`` is for 1x1 convolutions that make more channels
than they are given, which the first of an MBConv does: mean and variance of its output follow from
mean and covariance of its narrow input,

    mean(K x) = K mean(x),    var(k x) = k cov(x) k^T    for each row k of K,

so batch norm becomes another choice of weights and a bias, and nothing ever passes over the wide
tensor but the convolution itself. It pays where memory is what takes time: for few input channels.

Shape legend: B images, C input and D output channels, H rows, W columns, h x w after the stride,
N = B h w.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from spaces.networks.batch_norm import MOMENTUM
from spaces.networks.convolution import UPPER, Activation, Convolution, Stride, fused_convolution
from spaces.networks.kernels.compiling import Kernels
from spaces.networks.kernels.convolution import depthwise_weight_gradient, is_large_depthwise

aten = torch.ops.aten
#: Input channels from which the products with a covariance cost more than the passes they spare.
MOST_CHANNELS = 64


@dataclass(frozen=True)
class Running:
    """The running statistics that a step moves; None, None: it moves none."""

    mean_D: Tensor | None = None
    variance_D: Tensor | None = None


@dataclass(frozen=True)
class Moments:
    """Mean and covariance of a tensor's channels over its N pixels."""

    mean_C: Tensor
    covariance_CC: Tensor
    count: int

    @classmethod
    def of(cls, x_BCHW: Tensor) -> Moments:
        """The moments of ``x_BCHW``."""
        x_NC = _rows(x_BCHW)
        mean_C = x_NC.mean(0)
        # Centred first: the difference of two large products would lose the digits.
        centred_NC = x_NC - mean_C
        return cls(mean_C, (centred_NC.T @ centred_NC).div_(len(x_NC)), len(x_NC))

    def widened(self, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean (D,) and variance (D,) of ``K x``, and ``K cov(x)`` (D, C), of a 1x1 ``weight``."""
        kernel_DC = weight.flatten(1)
        spread_DC = kernel_DC @ self.covariance_CC
        # Rounding may leave a variance of nothing below zero.
        variance_D = (spread_DC * kernel_DC).sum(1).clamp_min_(0.0)
        return kernel_DC @ self.mean_C, variance_D, spread_DC


def widens_cheaply(convolution: Convolution, activation: Activation) -> bool:
    """Whether ``WideningConvolution`` is the way to go."""
    narrow = convolution.conv.in_channels <= MOST_CHANNELS
    return convolution.widens and narrow and activation != "linear"


class DirectConvolution(Function):
    """``x_BCHW -> y_BDhw``; gradients of x, the weight, and the scale and shift of batch norm."""

    @staticmethod
    def forward(
        ctx: Any,
        x_BCHW: Tensor,
        weight: Tensor,
        scale_D: Tensor,
        shift_D: Tensor,
        eps: float,
        running: Running,
        stride: Stride,
        groups: int,
        activation: Activation,
        kernels: Kernels | None,
    ) -> Tensor:
        padding = weight.shape[-1] // 2
        z_BDhw = F.conv2d(x_BCHW, weight, None, stride, padding, groups=groups)
        y_BDhw, mean_D, inverse_D = torch.native_batch_norm(
            z_BDhw, scale_D, shift_D, running.mean_D, running.variance_D, True, MOMENTUM, eps
        )
        kept = None
        if activation != "linear":
            kept = y_BDhw.clamp_(0.0, UPPER[activation])
        ctx.save_for_backward(x_BCHW, weight, scale_D, z_BDhw, mean_D, inverse_D, kept)
        ctx.settings = eps, stride, padding, groups, activation, kernels
        return y_BDhw

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x_BCHW, weight, scale_D, z_BDhw, mean_D, inverse_D, y_BDhw = ctx.saved_tensors
        eps, stride, padding, groups, activation, kernels = ctx.settings
        wants_x, wants_weight, wants_scale, wants_shift = ctx.needs_input_grad[:4]
        if activation != "linear":
            gradient = aten.hardtanh_backward(gradient, y_BDhw, 0.0, UPPER[activation])
        wanted = [True, wants_scale, wants_shift]
        gradient, of_scale, of_shift = aten.native_batch_norm_backward(
            gradient, z_BDhw, scale_D, None, None, mean_D, inverse_D, True, eps, wanted
        )
        of_weight = None
        if wants_weight and kernels is not None and is_large_depthwise(weight, groups):
            # One thread of it is several times as fast as torch with two.
            gradient = gradient.contiguous(memory_format=torch.channels_last)
            of_weight = depthwise_weight_gradient(kernels, gradient, x_BCHW, stride)
            wants_weight = False
        of_x, by_torch, _ = aten.convolution_backward(
            gradient,
            x_BCHW,
            weight,
            None,
            stride,
            [padding, padding],
            [1, 1],
            False,
            [0, 0],
            groups,
            [wants_x, wants_weight, False],
        )
        of_weight = by_torch if of_weight is None else of_weight
        return of_x, of_weight, of_scale, of_shift, None, None, None, None, None, None


class WideningConvolution(Function):
    """The same for a 1x1 convolution of stride 1 with an activation; ``moments`` are those of x."""

    @staticmethod
    def forward(
        ctx: Any,
        x_BCHW: Tensor,
        weight: Tensor,
        scale_D: Tensor,
        shift_D: Tensor,
        moments: Moments,
        eps: float,
        running: Running,
        activation: Activation,
    ) -> Tensor:
        mean_D, variance_D, spread_DC = moments.widened(weight)
        inverse_D = (variance_D + eps).rsqrt_()
        if running.mean_D is not None and running.variance_D is not None:
            count = moments.count
            running.mean_D.lerp_(mean_D, MOMENTUM)
            running.variance_D.lerp_(variance_D * (count / max(1, count - 1)), MOMENTUM)
        factor_D = scale_D * inverse_D
        y_BDHW = fused_convolution(
            x_BCHW,
            weight * factor_D[:, None, None, None],
            shift_D - factor_D * mean_D,
            (1, 1),
            0,
            1,
            UPPER[activation],
        )
        ctx.save_for_backward(x_BCHW, weight, scale_D, y_BDHW, moments.mean_C, spread_DC, inverse_D)
        ctx.upper = UPPER[activation]
        return y_BDHW

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x_BCHW, weight, scale_D, y_BDHW, mean_C, spread_DC, inverse_D = ctx.saved_tensors
        gradient = aten.hardtanh_backward(gradient, y_BDHW, 0.0, ctx.upper)
        kernel_DC = weight.flatten(1)
        factor_D = scale_D * inverse_D
        of_x, product, _ = aten.convolution_backward(
            gradient,
            x_BCHW,
            weight * factor_D[:, None, None, None],
            None,
            [1, 1],
            [0, 0],
            [1, 1],
            False,
            [0, 0],
            1,
            [True, True, False],
        )
        gradient_ND = _rows(gradient)
        count = len(gradient_ND)
        of_shift_D = gradient_ND.sum(0)
        # Sum over pixels of gradient times centred input; then the same for the normalised output.
        product_DC = product.flatten(1).addr_(of_shift_D, mean_C, alpha=-1.0)
        along_D = (product_DC * kernel_DC).sum(1)
        of_scale_D = along_D * inverse_D
        of_variance_D = -0.5 * along_D * scale_D * inverse_D**3
        of_weight_DC = factor_D[:, None] * product_DC + 2.0 * of_variance_D[:, None] * spread_DC
        # Every pixel also moved the mean and the covariance.
        of_covariance_CC = (kernel_DC.T * of_variance_D) @ kernel_DC * (2.0 / count)
        of_mean_C = (of_shift_D * factor_D) @ kernel_DC / -count - mean_C @ of_covariance_CC
        moved_NC = torch.addmm(of_mean_C, _rows(x_BCHW), of_covariance_CC)
        of_x += _image(moved_NC, x_BCHW)
        of_weight = of_weight_DC.view_as(weight)
        return of_x, of_weight, of_scale_D, of_shift_D, None, None, None, None


def _rows(x_BCHW: Tensor) -> Tensor:
    """``(B, C, H, W) -> (N, C)``: a view of a channels-last tensor."""
    return x_BCHW.permute(0, 2, 3, 1).reshape(-1, x_BCHW.shape[1])


def _image(x_NC: Tensor, like_BCHW: Tensor) -> Tensor:
    batch, channels, height, width = like_BCHW.shape
    return x_NC.view(batch, height, width, channels).permute(0, 3, 1, 2)


direct_convolution: Callable[..., Tensor] = DirectConvolution.apply
widening_convolution: Callable[..., Tensor] = WideningConvolution.apply
