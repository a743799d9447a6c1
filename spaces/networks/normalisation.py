"""Batch normalisation whose statistics are chosen by the caller, not by a hidden train/eval flag.

A weight-sharing supernet normalises in four ways, and mixing them up silently spoils a search:
weight steps use batch statistics and update the running ones; gate-gradient steps must leave the
supernet untouched; evaluation uses statistics gathered for the one architecture at hand, or the
running ones. Each way is an object passed down the forward call, so that a forward pass through
shared weights has no side effect unless it is asked for one. What the statistics are also decides
how a convolution before them is best carried out, so it is done here, too.

Shape legend: B images, C channels, H rows, W columns; after a convolution D channels, h, w.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.networks.batch_convolution import (
    Moments,
    Running,
    direct_convolution,
    widening_convolution,
    widens_cheaply,
)
from spaces.networks.batch_norm import MOMENTUM, BatchNorm
from spaces.networks.convolution import (
    Activation,
    Convolution,
    Stride,
    activate,
    activate_,
    runs_fused,
)
from spaces.networks.kernels.choice import kernels_in_use
from spaces.networks.kernels.compiling import Kernels
from spaces.networks.kernels.convolution import Channels, Step, alone, kernel_convolution
from spaces.networks.kernels.widening import Covariance, Widened, kernel_widening

#: Channels, and numbers of a tensor, up to which one thread of the kernels beats several of torch:
#: preset cpu's largest tensor has 2.5 million.
MOST_CHANNELS, MOST_NUMBERS = 96, 3 * 2**20


class UpdatingStatistics:
    """Batch statistics, running statistics updated: weight training.

    One object serves one step: ``undo`` takes back what it did to the running statistics. Copying
    them for that takes 0.4 % of a weight step (preset cpu, one core, batch 32).
    """

    def __init__(self) -> None:
        self._before: dict[BatchNorm, tuple[Tensor, Tensor]] = {}

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        running = self._noted(layer)
        return F.batch_norm(
            x_BCHW,
            running.mean_D,
            running.variance_D,
            layer.weight,
            layer.bias,
            training=True,
            momentum=MOMENTUM,
            eps=layer.eps,
        )

    def convolve(
        self, convolution: Convolution, x_BCHW: Tensor, stride: Stride, activation: Activation
    ) -> Tensor:
        if not runs_fused(x_BCHW):
            return activate(
                self(convolution.norm, convolution.convolved(x_BCHW, stride)), activation
            )
        layer = convolution.norm
        parameters = (convolution.conv.weight, layer.weight, layer.bias)
        running = self._noted(layer)
        kernels = kernels_in_use()
        if kernels is not None and _one_thread_pays(convolution, x_BCHW):
            step = _step(kernels, convolution, stride, activation)
            if widens_cheaply(convolution, activation):
                return kernel_widening(
                    x_BCHW, *parameters, step, None, lambda norm: _move(layer, norm)
                )
            return kernel_convolution(x_BCHW, *parameters, step, lambda norm: _move(layer, norm))
        if widens_cheaply(convolution, activation):
            return widening_convolution(
                x_BCHW, *parameters, Moments.of(x_BCHW.detach()), layer.eps, running, activation
            )
        return direct_convolution(
            x_BCHW, *parameters, layer.eps, running, stride, convolution.groups, activation,
            kernels,
        )  # fmt: skip

    def undo(self) -> None:
        """Running statistics as they were: a step that failed must not leave NaN in them."""
        # Backwards: of a part and its whole, the one noted first knows what was there before both.
        for layer, (mean_C, variance_C) in reversed(self._before.items()):
            layer.running_mean.copy_(mean_C)
            layer.running_var.copy_(variance_C)

    def _noted(self, layer: BatchNorm) -> Running:
        if layer not in self._before:
            self._before[layer] = (layer.running_mean.clone(), layer.running_var.clone())
        return Running(layer.running_mean, layer.running_var)


class BatchStatistics:
    """Batch statistics, nothing remembered, gradients of inputs only: gate gradients.

    These must not change the supernet. All candidates of a block are given the same input, whose
    moments are found once.
    """

    def __init__(self) -> None:
        self._known: tuple[Tensor, Moments] | None = None
        self._known_covariance: tuple[Tensor, Covariance] | None = None

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        weight, bias = layer.weight.detach(), layer.bias.detach()
        return F.batch_norm(x_BCHW, None, None, weight, bias, True, MOMENTUM, layer.eps)

    def convolve(
        self, convolution: Convolution, x_BCHW: Tensor, stride: Stride, activation: Activation
    ) -> Tensor:
        layer = convolution.norm
        if not runs_fused(x_BCHW):
            return activate(self(layer, convolution.convolved(x_BCHW, stride)), activation)
        parameters = _detached(convolution)
        kernels = kernels_in_use()
        if kernels is not None and _one_thread_pays(convolution, x_BCHW):
            step = _step(kernels, convolution, stride, activation)
            if widens_cheaply(convolution, activation):
                known = self._covariance(step, x_BCHW)
                if torch.is_grad_enabled():
                    return kernel_widening(x_BCHW, *parameters, step, known, None)
                return Widened.of(known, *parameters, layer.eps).convolved(step, x_BCHW)
            if torch.is_grad_enabled():
                return kernel_convolution(x_BCHW, *parameters, step, None)
            return step.normalise(step.convolve(x_BCHW, *parameters))
        if widens_cheaply(convolution, activation):
            moments = self._moments(x_BCHW)
            return widening_convolution(
                x_BCHW, *parameters, moments, layer.eps, Running(), activation
            )
        return direct_convolution(
            x_BCHW, *parameters, layer.eps, Running(), stride, convolution.groups, activation, None
        )

    def product(
        self, convolution: Convolution, x_BCHW: Tensor, gradient_BDHW: Tensor
    ) -> Tensor | None:
        """``sum(y gradient)`` of a 1x1 convolution without activation, y not made.

        In double precision, no gradients. None where only the long way can be gone.
        """
        if not (runs_fused(x_BCHW) and runs_fused(gradient_BDHW)):
            return None
        kernels = kernels_in_use()
        if kernels is None or not _one_thread_pays(convolution, x_BCHW):
            return None
        step = _step(kernels, convolution, (1, 1), "linear")
        found = step.product(step.convolve(x_BCHW, *_detached(convolution)), gradient_BDHW)
        return torch.tensor(found, dtype=torch.float64)

    def _covariance(self, step: Step, x_BCHW: Tensor) -> Covariance:
        if self._known_covariance is None or self._known_covariance[0] is not x_BCHW:
            self._known_covariance = x_BCHW, Covariance.of(step, x_BCHW)
        return self._known_covariance[1]

    def _moments(self, x_BCHW: Tensor) -> Moments:
        if self._known is None or self._known[0] is not x_BCHW:
            self._known = x_BCHW, Moments.of(x_BCHW.detach())
        return self._known[1]


class RunningStatistics:
    """The statistics stored with the layer: stand-alone networks at test time.

    Without gradients, weights must not change while an object is in use: it keeps what it made of
    them.
    """

    def __init__(self) -> None:
        self._folded: dict[Convolution, tuple[Tensor, Tensor]] = {}

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        return F.batch_norm(
            x_BCHW, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps
        )

    def convolve(
        self, convolution: Convolution, x_BCHW: Tensor, stride: Stride, activation: Activation
    ) -> Tensor:
        if torch.is_grad_enabled():
            return activate(
                self(convolution.norm, convolution.convolved(x_BCHW, stride)), activation
            )
        if convolution not in self._folded:
            layer = convolution.norm
            factors = _factors(layer, layer.running_mean, layer.running_var)
            weight, bias_D = _fold(convolution, *factors)
            # Statistics of the past know nothing of a weight that is NaN now.
            broken = ~torch.isfinite(weight).all()
            self._folded[convolution] = weight, bias_D.masked_fill(broken, torch.nan)
        return convolution.folded(x_BCHW, *self._folded[convolution], stride, activation)


class CalibratedStatistics:
    """One architecture's statistics, gathered from a calibration batch, kept beside the supernet.

    Shared running statistics average over all architectures that passed through a layer and fit
    none of them, so inherited weights are scored with statistics of the architecture itself (as in
    Guo et al., *Single Path One-Shot*, 2020, section 3.4). While ``gathering`` is true, a forward
    pass takes each layer's batch mean and variance and keeps the factor and summand of each channel
    that they come to; afterwards passes use them. No gradients.
    """

    def __init__(self) -> None:
        self.gathering = True
        self._factors: dict[BatchNorm, tuple[Tensor, Tensor]] = {}
        self._folded: dict[Convolution, tuple[Tensor, Tensor]] = {}

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        if self.gathering:
            return self._gathered(layer, x_BCHW)
        factor_C, shift_C = self._factors[layer]
        y_BCHW = torch.addcmul(shift_C[:, None, None], x_BCHW, factor_C[:, None, None])
        return y_BCHW.to(x_BCHW.dtype)

    def convolve(
        self, convolution: Convolution, x_BCHW: Tensor, stride: Stride, activation: Activation
    ) -> Tensor:
        layer = convolution.norm
        if self.gathering and not (widens_cheaply(convolution, activation) and runs_fused(x_BCHW)):
            y_BDhw = self._gathered(layer, convolution.convolved(x_BCHW, stride))
            self._folded[convolution] = _fold(convolution, *self._factors[layer])
            return activate_(y_BDhw, activation)
        if self.gathering:
            mean_D, variance_D, _ = Moments.of(x_BCHW).widened(convolution.conv.weight)
            self._folded[convolution] = _fold(convolution, *_factors(layer, mean_D, variance_D))
        return convolution.folded(x_BCHW, *self._folded[convolution], stride, activation)

    def _gathered(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        # In the parameters' type: under autocast, 8 bits of mantissa are too few for moments.
        y_BCHW, mean_C, inverse_C = torch.native_batch_norm(
            x_BCHW.to(layer.weight.dtype),
            layer.weight,
            layer.bias,
            None,
            None,
            True,
            MOMENTUM,
            layer.eps,
        )
        factor_C = layer.weight * inverse_C
        self._factors[layer] = (factor_C, layer.bias - mean_C * factor_C)
        return y_BCHW.to(x_BCHW.dtype)


def _one_thread_pays(convolution: Convolution, x_BCHW: Tensor) -> bool:
    """Whether the kernels, which have one thread, beat torch with all it has in this process."""
    if torch.get_num_threads() == 1:
        return True
    widest = max(convolution.conv.in_channels, convolution.conv.out_channels)
    numbers = x_BCHW.numel() // x_BCHW.shape[1] * widest
    return widest <= MOST_CHANNELS and numbers <= MOST_NUMBERS


def _step(
    kernels: Kernels, convolution: Convolution, stride: Stride, activation: Activation
) -> Step:
    return Step(kernels, alone, stride, convolution.groups, activation, convolution.norm.eps)


def _detached(convolution: Convolution) -> tuple[Tensor, Tensor, Tensor]:
    """Weight, scale and shift, without gradients."""
    norm = convolution.norm
    return convolution.conv.weight.detach(), norm.weight.detach(), norm.bias.detach()


def _move(layer: BatchNorm, norm: Channels) -> None:
    """Running statistics, by those of a batch."""
    unbiased = norm.variance * (norm.count / max(1, norm.count - 1))
    layer.running_mean.lerp_(torch.from_numpy(norm.mean), MOMENTUM)
    layer.running_var.lerp_(torch.from_numpy(unbiased).to(layer.running_var.dtype), MOMENTUM)


def _factors(layer: BatchNorm, mean_C: Tensor, variance_C: Tensor) -> tuple[Tensor, Tensor]:
    """Factor and summand of each channel that batch norm comes to."""
    factor_C = layer.weight * torch.rsqrt(variance_C + layer.eps)
    return factor_C, layer.bias - mean_C * factor_C


def _fold(convolution: Convolution, factor_D: Tensor, shift_D: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution with a factor and a summand of each channel."""
    return convolution.conv.weight * factor_D[:, None, None, None], shift_D
