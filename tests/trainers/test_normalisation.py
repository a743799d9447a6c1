"""The four ways to normalise, and what each leaves behind."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Normaliser
from spaces.networks.normalisation import (
    BatchStatistics,
    CalibratedStatistics,
    RunningStatistics,
    UpdatingStatistics,
)


@pytest.fixture
def layer() -> BatchNorm:
    layer = BatchNorm(3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
        layer.bias.copy_(torch.tensor([0.0, -1.0, 1.0]))
        layer.running_mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
        layer.running_var.copy_(torch.tensor([0.5, 1.0, 4.0]))
    return layer


def batch(seed: int) -> Tensor:
    return 2 + 3 * torch.randn(4, 3, 5, 6, generator=torch.Generator().manual_seed(seed))


def by_hand(layer: BatchNorm, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    scaled = (x - mean[:, None, None]) / (variance[:, None, None] + 1e-3).sqrt()
    return scaled * layer.weight[:, None, None] + layer.bias[:, None, None]


def moments(x: Tensor, correction: int = 0) -> tuple[Tensor, Tensor]:
    flat = x.transpose(0, 1).flatten(1)
    return flat.mean(1), flat.var(1, correction=correction)


def test_updating_moves_the_running_statistics_and_undo_moves_them_back(layer: BatchNorm) -> None:
    x, before, norm = batch(0), copy.deepcopy(layer.state_dict()), UpdatingStatistics()
    torch.testing.assert_close(layer(x, norm), by_hand(layer, x, *moments(x)))
    mean, variance = moments(x, correction=1)
    torch.testing.assert_close(layer.running_mean, 0.9 * before["running_mean"] + 0.1 * mean)
    torch.testing.assert_close(layer.running_var, 0.9 * before["running_var"] + 0.1 * variance)
    layer(batch(1), norm)
    norm.undo()
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name])


def test_batch_statistics(layer: BatchNorm) -> None:
    x = batch(0)
    torch.testing.assert_close(layer(x, BatchStatistics()), by_hand(layer, x, *moments(x)))


def test_running_statistics(layer: BatchNorm) -> None:
    x = batch(0)
    expected = by_hand(layer, x, layer.running_mean, layer.running_var)
    torch.testing.assert_close(layer(x, RunningStatistics()), expected)


def test_calibrated_statistics_are_those_of_the_calibration_batch(layer: BatchNorm) -> None:
    calibration, x, norm = batch(0), 10 + batch(1), CalibratedStatistics()
    torch.testing.assert_close(layer(calibration, norm), layer(calibration, BatchStatistics()))
    norm.gathering = False
    expected = by_hand(layer, x, *moments(calibration))
    torch.testing.assert_close(layer(x, norm), expected)
    torch.testing.assert_close(layer(x[:1], norm), expected[:1])  # Whatever the batch.


@torch.no_grad()
def test_calibration_in_bf16_gathers_moments_in_full_precision(layer: BatchNorm) -> None:
    calibration, norm = batch(0).bfloat16(), CalibratedStatistics()
    layer(calibration, norm)
    norm.gathering = False
    out = layer(batch(1), norm)  # In fp32, so that only the moments could be coarse.
    torch.testing.assert_close(out, by_hand(layer, batch(1), *moments(calibration.float())))
    assert layer(batch(1).bfloat16(), norm).dtype == torch.bfloat16


@pytest.mark.parametrize("kind", [BatchStatistics, RunningStatistics, CalibratedStatistics])
def test_only_updating_changes_the_layer(layer: BatchNorm, kind: type[Normaliser]) -> None:
    before, norm = copy.deepcopy(layer.state_dict()), kind()
    layer(batch(0), norm)
    layer(batch(1), norm)
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name]), name
