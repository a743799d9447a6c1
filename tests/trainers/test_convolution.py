"""Convolution, batch norm and activation done together give what the three give one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.networks.batch_convolution import MOST_CHANNELS
from spaces.networks.batch_norm import MOMENTUM
from spaces.networks.convolution import Activation, Convolution, Normaliser, Stride
from spaces.networks.normalisation import (
    BatchStatistics,
    CalibratedStatistics,
    RunningStatistics,
    UpdatingStatistics,
)

#: Inputs, outputs, kernel, depthwise: widening by moments, widening directly, narrowing, depthwise.
SHAPES = [
    (8, 48, 1, False),
    (MOST_CHANNELS + 1, 2 * MOST_CHANNELS, 1, False),
    (24, 6, 1, False),
    (3, 8, 3, False),
    (12, 12, 5, True),
]
ACTIVATIONS: list[Activation] = ["linear", "relu", "relu6"]
CASES = list(product(SHAPES, ACTIVATIONS))
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def made(inputs: int, outputs: int, kernel: int, depthwise: bool) -> Convolution:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        convolution = Convolution(inputs, outputs, kernel, depthwise)
        norm = convolution.norm
        with torch.no_grad():
            for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                tensor.uniform_(0.5, 2.0)
    return convolution


def batch(channels: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = 3.0 + 2.0 * torch.randn(4, channels, 6, 10, generator=generator)
    return x.to(memory_format=torch.channels_last)


def plain(
    convolution: Convolution,
    x: Tensor,
    stride: Stride,
    activation: Activation,
    statistics: tuple[Tensor, Tensor] | None,
) -> Tensor:
    """One operation of torch after the other; ``statistics`` None: those of the batch."""
    norm = convolution.norm
    z = F.conv2d(
        x,
        convolution.conv.weight,
        stride=stride,
        padding=convolution.kernel // 2,
        groups=convolution.groups,
    )
    mean, variance = statistics or (None, None)
    y = F.batch_norm(
        z, mean, variance, norm.weight, norm.bias, statistics is None, MOMENTUM, norm.eps
    )
    return {"linear": lambda y: y, "relu": F.relu, "relu6": F.relu6}[activation](y)


@pytest.mark.parametrize(("shape", "activation"), CASES)
def test_weight_steps(shape: tuple[int, int, int, bool], activation: Activation) -> None:
    convolution, x = made(*shape), batch(shape[0]).requires_grad_()
    parameters = [x, convolution.conv.weight, convolution.norm.weight, convolution.norm.bias]
    stride = (2, 1) if shape[2] > 1 else (1, 1)
    expected = plain(convolution, x, stride, activation, None)
    # Uneven, so that no gradient is the same everywhere or cancels.
    towards = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))
    wanted = torch.autograd.grad(expected, parameters, towards)
    running = [convolution.norm.running_mean.clone(), convolution.norm.running_var.clone()]
    z = convolution.convolved(x.detach(), stride)
    F.batch_norm(z, *running, training=True, momentum=MOMENTUM)

    norm = UpdatingStatistics()
    y = convolution(x, norm, stride, activation)
    torch.testing.assert_close(y, expected, **CLOSE)
    for found, right in zip(torch.autograd.grad(y, parameters, towards), wanted, strict=True):
        torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-4 * float(right.abs().max()))
    torch.testing.assert_close(convolution.norm.running_mean, running[0], **CLOSE)
    torch.testing.assert_close(convolution.norm.running_var, running[1], **CLOSE)
    norm.undo()
    assert torch.equal(convolution.norm.running_var, made(*shape).norm.running_var)


@pytest.mark.parametrize(("shape", "activation"), CASES)
def test_gate_steps_give_gradients_of_the_input_alone(
    shape: tuple[int, int, int, bool], activation: Activation
) -> None:
    convolution, x = made(*shape), batch(shape[0]).requires_grad_()
    expected = plain(convolution, x, (1, 1), activation, None)
    towards = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))
    (wanted,) = torch.autograd.grad(expected, [x], towards)
    y = convolution(x, BatchStatistics(), (1, 1), activation)
    y.backward(towards)
    torch.testing.assert_close(y, expected, **CLOSE)
    assert x.grad is not None
    torch.testing.assert_close(x.grad, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))
    assert all(parameter.grad is None for parameter in convolution.parameters())
    assert torch.equal(convolution.norm.running_mean, made(*shape).norm.running_mean)


def test_moments_are_kept_for_one_input_only() -> None:
    """Candidates of a block share them; the next block's input has others."""
    convolution, norm = made(8, 48, 1, False), BatchStatistics()
    for seed in (1, 2, 2, 1):
        x = batch(8, seed)
        torch.testing.assert_close(
            convolution(x, norm, (1, 1), "relu6"),
            plain(convolution, x, (1, 1), "relu6", None),
            **CLOSE,
        )


@pytest.mark.parametrize(("shape", "activation"), CASES)
@torch.no_grad()
def test_evaluations(shape: tuple[int, int, int, bool], activation: Activation) -> None:
    convolution, calibration, x = made(*shape), batch(shape[0]), batch(shape[0], seed=5)
    norm = CalibratedStatistics()
    y = convolution(calibration, norm, (1, 1), activation)
    torch.testing.assert_close(
        y, plain(convolution, calibration, (1, 1), activation, None), **CLOSE
    )
    norm.gathering = False
    z = convolution.convolved(calibration)
    statistics = (z.mean((0, 2, 3)), z.var((0, 2, 3), correction=0))
    expected = plain(convolution, x, (1, 1), activation, statistics)
    torch.testing.assert_close(convolution(x, norm, (1, 1), activation), expected, **CLOSE)
    running = (convolution.norm.running_mean, convolution.norm.running_var)
    torch.testing.assert_close(
        convolution(x, RunningStatistics(), (1, 1), activation),
        plain(convolution, x, (1, 1), activation, running),
        **CLOSE,
    )


@pytest.mark.parametrize("make", [UpdatingStatistics, BatchStatistics])
def test_a_constant_input_has_no_variance_and_gives_no_nan(make: Callable[[], Normaliser]) -> None:
    convolution, x = made(8, 48, 1, False), torch.full((4, 8, 6, 10), 7.3, requires_grad=True)
    y = convolution(x, make(), (1, 1), "relu6")
    y.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(y).all()
    assert torch.isfinite(x.grad).all()


def test_bf16_takes_the_plain_way() -> None:
    convolution, x = made(8, 48, 1, False), batch(8)
    with torch.autocast("cpu", torch.bfloat16):
        y = convolution(x, UpdatingStatistics(), (1, 1), "relu6")
    assert y.dtype == torch.bfloat16
    expected = plain(convolution, x, (1, 1), "relu6", None)
    torch.testing.assert_close(y.float(), expected, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "make", [UpdatingStatistics, BatchStatistics, CalibratedStatistics, RunningStatistics]
)
@torch.no_grad()
def test_nan_is_not_clipped_to_a_number(
    shape: tuple[int, int, int, bool], make: Callable[[], Normaliser]
) -> None:
    convolution, norm = made(*shape), make()
    convolution.conv.weight[0] = torch.nan
    assert convolution(batch(shape[0]), norm, (1, 1), "relu6").isnan().any()
    if isinstance(norm, CalibratedStatistics):
        norm.gathering = False
        assert convolution(batch(shape[0], 5), norm, (1, 1), "relu6").isnan().any()


def test_running_statistics_let_gradients_through() -> None:
    """For who trains weights further with statistics held fixed."""
    convolution, x = made(8, 48, 1, False), batch(8).requires_grad_()
    parameters = [x, *convolution.parameters()]
    running = (convolution.norm.running_mean, convolution.norm.running_var)
    wanted = torch.autograd.grad(plain(convolution, x, (1, 1), "relu6", running).sum(), parameters)
    norm = RunningStatistics()
    for _ in range(2):
        found = torch.autograd.grad(convolution(x, norm, (1, 1), "relu6").sum(), parameters)
        for gradient, right in zip(found, wanted, strict=True):
            torch.testing.assert_close(gradient, right, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("make", [UpdatingStatistics, BatchStatistics])
@pytest.mark.parametrize(("shape", "activation"), CASES)
def test_the_layout_of_the_input_changes_nothing(
    shape: tuple[int, int, int, bool], activation: Activation, make: Callable[[], Normaliser]
) -> None:
    last = batch(shape[0])
    found = []
    for x in (last, last.contiguous()):
        x = x.detach().requires_grad_()
        convolution = made(*shape)
        # Memory that is given back holds these; whoever reads what nobody wrote finds them.
        del_me = [torch.full((4, channels, 6, 10), 1e24) for channels in shape[:2] * 8]
        del del_me
        y = convolution(x, make(), (1, 1), activation)
        # Not the sum of squares, which batch norm fixes: its gradient is rounding and nothing else.
        weights = torch.rand(y.shape, generator=torch.Generator().manual_seed(3))
        (y * weights).sum().backward()
        found.append((y, x.grad, *(each.grad for each in convolution.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
