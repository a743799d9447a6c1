"""A 1x1 convolution that makes more channels than it is given, batch norm and activation.

As ``batch_convolution.WideningConvolution``, with compiled loops where torch has none that suit few
channels. Mean and variance of the wide output follow from mean and covariance of the narrow input,

    mean(K x) = K mean(x),    var(k x) = k cov(x) k^T    for each row k of K,

so batch norm becomes a factor of the weights and a bias: the wide tensor is written once, clipped
by torch's convolution, and never read to be normalised.

Shape legend: B images, C input and D output channels, H rows, W columns, N = H W D numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from spaces.networks.convolution import UPPER, fused_convolution
from spaces.networks.kernels.convolution import Channels, Float64, Step, rows

aten = torch.ops.aten
#: Channels up to which the compiled loops beat products of matrices.
FEW = 8


@dataclass(frozen=True)
class Covariance:
    """Mean (C,) and covariance (C, C) of a tensor's channels over all pixels of the batch."""

    mean: Float64
    covariance: Float64
    count: int

    @classmethod
    def of(cls, step: Step, x_BCHW: Tensor) -> Covariance:
        """Of one's own images and those of whoever shares the batch, as many each."""
        x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
        images, channels, height, width = x_BCHW.shape
        count = images * height * width
        own = np.empty((1 + channels, 1, channels))
        if channels <= FEW:
            step.kernels.covariances(rows(x_BCHW), own[0, 0], own[1:, 0])
        else:
            x_NC = x_BCHW.detach().permute(0, 2, 3, 1).flatten(0, 2)
            mean_C = x_NC.mean(0)
            # Centred first: the difference of two large products would lose the digits.
            apart_NC = x_NC - mean_C
            own[0, 0], own[1:, 0] = mean_C.numpy(), (apart_NC.T @ apart_NC).numpy()
        both = step.gather(own)
        parts = both.shape[1]
        mean = both[0].mean(0)
        apart = both[0] - mean
        spread = both[1:].sum(1) + count * _product(apart.T, apart)
        return cls(mean, spread / (parts * count), parts * count)


@dataclass(frozen=True)
class Widened:
    """What batch norm comes to behind a 1x1 weight (D, C), and ``K cov(x)`` (D, C)."""

    kernel: Float64
    spread: Float64
    channels: Channels
    factor: Float64
    bias: Float64

    @classmethod
    def of(
        cls, known: Covariance, weight: Tensor, scale_D: Tensor, shift_D: Tensor, eps: float
    ) -> Widened:
        """From what is known of the input."""
        kernel = weight.detach().flatten(1).numpy().astype(np.float64)
        spread = _product(kernel, known.covariance)
        mean = kernel @ known.mean
        variance = (spread * kernel).sum(1)
        # Rounding may leave a variance of nothing below zero; NaN stays NaN.
        variance[variance < 0.0] = 0.0
        inverse = 1.0 / np.sqrt(variance + eps)
        factor = scale_D.detach().numpy() * inverse
        shift = shift_D.detach().numpy()
        norm = Channels(
            mean.astype(np.float32),
            variance,
            inverse.astype(np.float32),
            factor.astype(np.float32),
            shift,
            known.count,
        )
        return cls(kernel, spread, norm, factor, shift - factor * mean)

    def of_variance(self, along: Float64) -> Float64:
        """Gradient of the variance (D,), of ``sum(g (y - shift))``: that is factor (z - mean)."""
        return -0.5 * along * self.channels.inverse.astype(np.float64) ** 2

    def convolved(self, step: Step, x_BCHW: Tensor) -> Tensor:
        """``y_BDHW``, activated."""
        bias = torch.from_numpy(self.bias.astype(np.float32))
        return fused_convolution(x_BCHW, self.weight, bias, (1, 1), 0, 1, UPPER[step.activation])

    @property
    def weight(self) -> Tensor:
        """(D, C, 1, 1), the factor of batch norm in it."""
        scaled = (self.kernel * self.factor[:, None]).astype(np.float32)
        return torch.from_numpy(scaled)[:, :, None, None]


class KernelWidening(Function):
    """``x_BCHW -> y_BDHW``; gradients of x, the weight, and the scale and shift of batch norm.

    ``known`` is the covariance of x, None: not known yet; ``noted`` is given the statistics.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x_BCHW: Tensor,
        weight: Tensor,
        scale_D: Tensor,
        shift_D: Tensor,
        step: Step,
        known: Covariance | None,
        noted: Callable[[Channels], None] | None,
    ) -> Tensor:
        # A 1x1 convolution gives its output the layout of its input.
        x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
        known = known or Covariance.of(step, x_BCHW)
        found = Widened.of(known, weight, scale_D, shift_D, step.eps)
        if noted is not None:
            noted(found.channels)
        y_BDHW = found.convolved(step, x_BCHW)
        ctx.save_for_backward(x_BCHW, y_BDHW)
        ctx.step, ctx.known, ctx.found = step, known, found
        return y_BDHW

    @staticmethod
    def backward(ctx: Any, gradient_BDHW: Tensor) -> Any:
        x_BCHW, y_BDHW = ctx.saved_tensors
        step, known, found = ctx.step, ctx.known, ctx.found
        wants_x, wants_weight = ctx.needs_input_grad[:2]
        gradient_BDHW = gradient_BDHW.contiguous(memory_format=torch.channels_last)
        given_BDHW = torch.empty_like(y_BDHW)
        sums = np.empty((2, *y_BDHW.shape[:2]))
        step.kernels.let_through(
            rows(gradient_BDHW), rows(y_BDHW), found.channels.shift, *step.bounds,
            rows(given_BDHW), *sums,
        )  # fmt: skip
        own = sums.sum(1)
        of_x, product, _ = aten.convolution_backward(
            given_BDHW, x_BCHW, found.weight, None,
            [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [wants_x, wants_weight, False],
        )  # fmt: skip
        if wants_x:
            _add_product(of_x, x_BCHW, *_of_moments(known, found, step.gather(own[:, None]).sum(1)))
        if not wants_weight:
            return of_x, None, None, None, None, None, None
        # Sums over pixels of gradient times centred input; then along each row of the kernel.
        product = product.flatten(1).numpy() - own[0][:, None] * known.mean
        of_scale = (product * found.kernel).sum(1) * found.channels.inverse
        of_weight = found.factor[:, None] * product
        of_weight += 2.0 * found.of_variance(own[1])[:, None] * found.spread
        parameters = _single(of_weight)[:, :, None, None], _single(of_scale), _single(own[0])
        return of_x, *parameters, None, None, None


def _of_moments(known: Covariance, found: Widened, sums: Float64) -> tuple[Tensor, Tensor]:
    """What every pixel is given for having moved the covariance (C, C) and the mean (C,)."""
    level, along = sums
    weighted = found.kernel.T * (found.of_variance(along) * (2 / known.count))
    of_covariance = _product(weighted, found.kernel)
    of_mean = (level * found.factor) @ found.kernel / -known.count - known.mean @ of_covariance
    return _single(of_covariance), _single(of_mean)


def _add_product(into_BCHW: Tensor, x_BCHW: Tensor, matrix_CC: Tensor, summand_C: Tensor) -> None:
    """``into += matrix x + summand``; the matrix is symmetric."""
    if len(summand_C) <= FEW:
        # Of few channels, products of matrices and sums with a bias take several times as long.
        into_BCHW.add_(F.conv2d(x_BCHW, matrix_CC[:, :, None, None], summand_C))
        return
    into_NC, x_NC = (x.permute(0, 2, 3, 1).flatten(0, 2) for x in (into_BCHW, x_BCHW))
    into_NC.addmm_(x_NC, matrix_CC).add_(summand_C)


def _product(a: Float64, b: Float64) -> Float64:
    """Of matrices, by torch: numpy's library has threads of its own, which fight with torch's."""
    found: Float64 = torch.mm(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    return found


def _single(values: Float64) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


kernel_widening: Callable[..., Tensor] = KernelWidening.apply
