"""Batch normalisation whose statistics are chosen by the caller, not by a hidden train/eval flag.

A weight-sharing supernet normalises in four ways, and mixing them up silently spoils a search:
weight steps use batch statistics and update the running ones; gate-gradient steps must leave the
supernet untouched; evaluation uses statistics gathered for the one architecture at hand, or the
running ones. Each way is an object passed down the forward call, so that a forward pass through
shared weights has no side effect unless it is asked for one.

Shape legend: B images, C channels, H rows, W columns.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
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

    def forward(self, x_BCHW: Tensor, norm: Normaliser) -> Tensor:
        return norm(self, x_BCHW)


class Normaliser(Protocol):
    """Normalises ``x_BCHW`` for one ``BatchNorm`` layer; returns the same shape."""

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor: ...


class UpdatingStatistics:
    """Batch statistics, running statistics updated: weight training.

    One object serves one step: ``undo`` takes back what it did to the running statistics. Copying
    them for that takes 0.4 % of a weight step (preset cpu, one core, batch 32).
    """

    def __init__(self) -> None:
        self._before: dict[BatchNorm, tuple[Tensor, Tensor]] = {}

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        if layer not in self._before:
            self._before[layer] = (layer.running_mean.clone(), layer.running_var.clone())
        return F.batch_norm(
            x_BCHW,
            layer.running_mean,
            layer.running_var,
            layer.weight,
            layer.bias,
            training=True,
            momentum=MOMENTUM,
            eps=layer.eps,
        )

    def undo(self) -> None:
        """Running statistics as they were: a step that failed must not leave NaN in them."""
        for layer, (mean_C, variance_C) in self._before.items():
            layer.running_mean.copy_(mean_C)
            layer.running_var.copy_(variance_C)


class BatchStatistics:
    """Batch statistics, nothing remembered: gate gradients, which must not change the supernet."""

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        return F.batch_norm(x_BCHW, None, None, layer.weight, layer.bias, True, MOMENTUM, layer.eps)


class RunningStatistics:
    """The statistics stored with the layer: stand-alone networks at test time."""

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        return F.batch_norm(
            x_BCHW, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps
        )


class CalibratedStatistics:
    """One architecture's statistics, gathered from a calibration batch, kept beside the supernet.

    Shared running statistics average over all architectures that passed through a layer and fit
    none of them, so inherited weights are scored with statistics of the architecture itself (as in
    Guo et al., *Single Path One-Shot*, 2020, section 3.4). While ``gathering`` is true, a forward
    pass stores each layer's batch mean and variance; afterwards passes use them.
    """

    def __init__(self) -> None:
        self.gathering = True
        self._moments: dict[BatchNorm, tuple[Tensor, Tensor]] = {}

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        if self.gathering:
            # In the parameters' type: under autocast, 8 bits of mantissa are too few for moments.
            exact_BCHW = x_BCHW.to(layer.weight.dtype)
            variance_C, mean_C = torch.var_mean(exact_BCHW, dim=(0, 2, 3), correction=0)
            self._moments[layer] = (mean_C, variance_C)
        mean_C, variance_C = self._moments[layer]
        return F.batch_norm(x_BCHW, mean_C, variance_C, layer.weight, layer.bias, eps=layer.eps)
