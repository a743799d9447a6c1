"""Convolution, batch norm with the batch's own statistics and activation, as one step of autograd.

The convolution and the gradient of its input are torch's. Batch norm and activation pass over the
tensor twice each way, by the compiled loops: for moments and for values; for the sums of the
gradient and for its values. With z the convolution's output and g the gradient where the activation
lets it through, of each channel (Ioffe and Szegedy, *Batch Normalization*, 2015, algorithm 1),

    y = clip(factor (z - mean) + shift),    factor = scale inverse,    inverse = (var + eps)^-1/2
    dz = factor (g - mean(g) - (z - mean) inverse^2 mean(g (z - mean)))
    dscale = inverse sum(g (z - mean)),      dshift = sum(g).

Moments and sums are found image by image and then put together, by ``gather``: so several threads
that share the images of a batch come to the numbers of one.

Shape legend: B images, C input and D output channels, H rows, W columns, h x w after the stride,
N = h w D numbers of an image, K = 25 places of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from spaces.networks.convolution import UPPER, Activation, Stride
from spaces.networks.kernels.compiling import Kernels
from spaces.networks.kernels.loops import KERNEL

aten = torch.ops.aten
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
#: From two numbers (2, b, D) of each of one's own images to those (2, B, D) of the whole batch.
Gather = Callable[[Float64], Float64]
#: Lowest and highest value behind an activation.
BOUNDS: dict[Activation, tuple[np.float32, np.float32]] = {
    "linear": (np.float32(-inf), np.float32(inf)),
    **{name: (np.float32(0.0), np.float32(upper)) for name, upper in UPPER.items()},
}


@dataclass(frozen=True)
class Channels:
    """What batch norm comes to in each channel (D,); ``count`` numbers it has in the batch."""

    mean: Float32
    variance: Float64
    inverse: Float32
    factor: Float32
    shift: Float32
    count: int


@dataclass(frozen=True)
class Convolved:
    """z and its statistics: those of one's own images (b, D), and what they come to."""

    z_BDhw: Tensor
    z_BN: Float32
    mean_BC: Float64
    channels: Channels


@dataclass(frozen=True)
class Step:
    """How one convolution is carried out."""

    kernels: Kernels
    gather: Gather
    stride: Stride
    groups: int
    activation: Activation
    eps: float

    @property
    def bounds(self) -> tuple[np.float32, np.float32]:
        """Lowest and highest value behind the activation."""
        return BOUNDS[self.activation]

    def convolve(
        self, x_BCHW: Tensor, weight: Tensor, scale_D: Tensor, shift_D: Tensor
    ) -> Convolved:
        """z of one's own images, and the statistics of the whole batch."""
        padding = weight.shape[-1] // 2
        z_BDhw = F.conv2d(x_BCHW, weight, None, self.stride, padding, groups=self.groups)
        z_BDhw = z_BDhw.contiguous(memory_format=torch.channels_last)
        images, channels, height, width = z_BDhw.shape
        own, z_BN = np.empty((2, images, channels)), rows(z_BDhw)
        self.kernels.moments(z_BN, own[0], own[1])
        both = self.gather(own)
        found = np.empty((2, channels))
        self.kernels.joint_moments(both[0], both[1], height * width, found[0], found[1])
        inverse = 1.0 / np.sqrt(found[1] + self.eps)
        norm = Channels(
            found[0].astype(np.float32),
            found[1],
            inverse.astype(np.float32),
            (scale_D.detach().numpy() * inverse).astype(np.float32),
            shift_D.detach().numpy(),
            both.shape[1] * height * width,
        )
        return Convolved(z_BDhw, z_BN, own[0], norm)

    def normalise(self, convolved: Convolved) -> Tensor:
        """``y_BDhw``, activated."""
        # Never in place: the loops are only vectorised where their arrays do not overlap.
        y_BDhw, norm = torch.empty_like(convolved.z_BDhw), convolved.channels
        self.kernels.normalise(
            convolved.z_BN, norm.mean, norm.factor, norm.shift, *self.bounds, rows(y_BDhw)
        )
        return y_BDhw

    def product(self, convolved: Convolved, gradient_BDhw: Tensor) -> float:
        """``sum(y gradient)`` without making y, where there is no activation."""
        norm, mean_BC = convolved.channels, convolved.mean_BC
        given = rows(gradient_BDhw.contiguous(memory_format=torch.channels_last))
        level_BC, along_BC = np.empty((2, *mean_BC.shape))
        self.kernels.products(given, convolved.z_BN, level_BC, along_BC, mean_BC)
        along = (along_BC + (mean_BC - norm.mean) * level_BC).sum(0)
        return float(norm.factor @ along + norm.shift @ level_BC.sum(0))


class KernelConvolution(Function):
    """``x_BCHW -> y_BDhw``; gradients of x, the weight, and the scale and shift of batch norm.

    ``noted`` is given the statistics.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x_BCHW: Tensor,
        weight: Tensor,
        scale_D: Tensor,
        shift_D: Tensor,
        step: Step,
        noted: Callable[[Channels], None] | None,
    ) -> Tensor:
        found = step.convolve(x_BCHW, weight, scale_D, shift_D)
        if noted is not None:
            noted(found.channels)
        ctx.save_for_backward(x_BCHW, weight, found.z_BDhw)
        ctx.step, ctx.norm = step, found.channels
        return step.normalise(found)

    @staticmethod
    def backward(ctx: Any, gradient_BDhw: Tensor) -> Any:
        x_BCHW, weight, z_BDhw = ctx.saved_tensors
        step, norm = ctx.step, ctx.norm
        gradient_BDhw = gradient_BDhw.contiguous(memory_format=torch.channels_last)
        of_z_BDhw, of_scale, of_shift = _through_norm(step, norm, gradient_BDhw, z_BDhw)
        of_x, of_weight = _through_convolution(
            step, of_z_BDhw, x_BCHW, weight, *ctx.needs_input_grad[:2]
        )
        return of_x, of_weight, of_scale, of_shift, None, None


def alone(own: Float64) -> Float64:
    """Where one has the whole batch."""
    return own


def _through_norm(
    step: Step, norm: Channels, gradient_BDhw: Tensor, z_BDhw: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of z, and of one's own images' share in scale and shift."""
    given, z = rows(gradient_BDhw), rows(z_BDhw)
    own = np.empty((2, *z_BDhw.shape[:2]))
    at = norm.mean, norm.factor, norm.shift, *step.bounds
    step.kernels.gradient_sums(given, z, *at, own[0], own[1])
    level, along = step.gather(own).sum(1) * (norm.factor / norm.count)
    along *= norm.inverse**2
    of_z_BDhw = torch.empty_like(z_BDhw)
    step.kernels.input_gradient(
        given, z, *at, level.astype(np.float32), along.astype(np.float32), rows(of_z_BDhw)
    )
    of_shift, of_scale = own.sum(1)
    return of_z_BDhw, _tensor(of_scale * norm.inverse), _tensor(of_shift)


def _through_convolution(
    step: Step,
    of_z_BDhw: Tensor,
    x_BCHW: Tensor,
    weight: Tensor,
    wants_x: bool,
    wants_weight: bool,
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients of x and of the weight."""
    of_weight = None
    if wants_weight and is_large_depthwise(weight, step.groups):
        of_weight = depthwise_weight_gradient(step.kernels, of_z_BDhw, x_BCHW, step.stride)
        wants_weight = False
    if not (wants_x or wants_weight):
        return None, of_weight
    padding = weight.shape[-1] // 2
    of_x, by_torch, _ = aten.convolution_backward(
        of_z_BDhw,
        x_BCHW,
        weight,
        None,
        step.stride,
        [padding, padding],
        [1, 1],
        False,
        [0, 0],
        step.groups,
        [wants_x, wants_weight, False],
    )
    return of_x, of_weight if of_weight is not None else by_torch


def is_large_depthwise(weight: Tensor, groups: int) -> bool:
    """Whether ``depthwise_weight_gradient`` is for this weight."""
    return groups > 1 and weight.shape[-1] == KERNEL


def depthwise_weight_gradient(
    kernels: Kernels, of_z_BDhw: Tensor, x_BCHW: Tensor, stride: Stride
) -> Tensor:
    """(C, 1, 5, 5): of a depthwise convolution."""
    _, channels, height, width = x_BCHW.shape
    down, right = stride
    padded = np.empty((height, -(-(width + KERNEL) // right) * right, channels), np.float32)
    found_KC = np.empty((KERNEL**2, channels))
    kernels.depthwise_weight_gradient(
        _features(of_z_BDhw), _features(x_BCHW), down, right, padded, found_KC
    )
    return _tensor(found_KC.T).view(channels, 1, KERNEL, KERNEL)


def rows(x_BCHW: Tensor) -> Float32:
    """(B, N): the memory of a channels-last tensor, which loops may write to.

    torch raises where that would need a copy: what is written to one is lost.
    """
    found: Float32 = x_BCHW.detach().permute(0, 2, 3, 1).view(x_BCHW.shape[0], -1).numpy()
    return found


def _features(x_BCHW: Tensor) -> Float32:
    """(B, H, W, C): the memory of a channels-last tensor, a copy of another one."""
    found: Float32 = x_BCHW.detach().permute(0, 2, 3, 1).contiguous().numpy()
    return found


def _tensor(values: Float64) -> Tensor:
    """In single precision."""
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


kernel_convolution: Callable[..., Tensor] = KernelConvolution.apply
