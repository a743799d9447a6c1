"""The compiled kernels compute what torch computes in double precision."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.errors import SpaceError
from spaces.networks.batch_norm import EPSILON
from spaces.networks.convolution import Activation, Stride
from spaces.networks.kernels.choice import choose_kernels, kernels_in_use
from spaces.networks.kernels.compiling import Kernels, find_kernels
from spaces.networks.kernels.convolution import Channels, Step, alone, kernel_convolution
from spaces.networks.kernels.widening import Covariance, kernel_widening
from spaces.networks.normalisation import BatchStatistics, UpdatingStatistics
from spaces.networks.operations import MBConv
from spaces.networks.operations import product as plain_product

pytest.importorskip("numba")

#: Inputs, outputs, kernel, depthwise, stride.
SHAPES: list[tuple[int, int, int, bool, Stride]] = [
    (4, 24, 1, False, (1, 1)),
    (24, 4, 1, False, (1, 1)),
    (3, 8, 3, False, (1, 1)),
    (24, 24, 3, True, (2, 1)),
    (1, 1, 5, True, (1, 1)),
    (4, 4, 5, True, (1, 1)),
    (24, 24, 5, True, (2, 1)),
    (24, 24, 5, True, (2, 2)),
    (300, 300, 5, True, (1, 1)),
    (300, 300, 5, True, (2, 2)),
]
ACTIVATIONS: list[Activation] = ["linear", "relu", "relu6"]


@pytest.fixture
def kernels() -> Kernels:
    found = find_kernels()
    assert found is not None
    return found


@pytest.fixture
def without_kernels() -> Iterator[None]:
    choose_kernels("torch")
    yield
    choose_kernels(None)


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def given(shape: tuple[int, int, int, bool, Stride], size: tuple[int, int]) -> list[Tensor]:
    """Input, weight, scale and shift."""
    inputs, outputs, kernel, depthwise, _ = shape
    x = normal(3, inputs, *size, seed=0).to(memory_format=torch.channels_last)
    weight = normal(outputs, 1 if depthwise else inputs, kernel, kernel, seed=1) / kernel
    return [x, weight, 1.0 + 0.5 * normal(outputs, seed=2), 2.0 + normal(outputs, seed=3)]


def in_double(
    tensors: list[Tensor], shape: tuple[int, int, int, bool, Stride], activation: Activation
) -> tuple[Tensor, list[Tensor], Tensor]:
    """Output, gradients and the output's gradient, by torch in double precision."""
    x, weight, scale, shift = (t.detach().double().requires_grad_() for t in tensors)
    groups = shape[0] if shape[3] else 1
    z = F.conv2d(x, weight, None, shape[4], shape[2] // 2, groups=groups)
    y = F.batch_norm(z, None, None, scale, shift, True, 0.1, EPSILON)
    y = {"linear": lambda v: v, "relu": F.relu, "relu6": F.relu6}[activation](y)
    weights = normal(*y.shape, seed=4)
    y.backward(weights.double())
    return y.detach(), [t.grad for t in (x, weight, scale, shift) if t.grad is not None], weights


def close(found: Tensor, wanted: Tensor) -> bool:
    """Within a millionth of the largest, or a few, for sums of many."""
    return bool((found.double() - wanted).abs().max() <= 2e-5 * wanted.abs().max())


@pytest.mark.parametrize(("shape", "activation"), list(product(SHAPES, ACTIVATIONS)))
@pytest.mark.parametrize("size", [(6, 11), (1, 1)])
def test_output_and_gradients(
    kernels: Kernels,
    shape: tuple[int, int, int, bool, Stride],
    activation: Activation,
    size: tuple[int, int],
) -> None:
    tensors = given(shape, size)
    wanted, gradients, weights = in_double(tensors, shape, activation)
    step = Step(kernels, alone, shape[4], shape[0] if shape[3] else 1, activation, EPSILON)
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    y = kernel_convolution(*leaves, step, None)
    y.backward(weights)
    assert close(y.detach(), wanted)
    for leaf, gradient in zip(leaves, gradients, strict=True):
        assert leaf.grad is not None
        if size == (1, 1) and leaf is not leaves[3]:
            # Of three numbers the gradient is a small difference of large ones.
            torch.testing.assert_close(leaf.grad.double(), gradient, rtol=1e-3, atol=1e-4)
        else:
            assert close(leaf.grad, gradient)


WIDENING = [(4, 24), (8, 24), (9, 20), (16, 96)]


@pytest.mark.parametrize(("widths", "activation"), list(product(WIDENING, ["relu", "relu6"])))
def test_widening(kernels: Kernels, widths: tuple[int, int], activation: Activation) -> None:
    shape: tuple[int, int, int, bool, Stride] = (*widths, 1, False, (1, 1))
    tensors = given(shape, (6, 11))
    wanted, gradients, weights = in_double(tensors, shape, activation)
    step = Step(kernels, alone, (1, 1), 1, activation, EPSILON)
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    noted: list[Channels] = []
    y = kernel_widening(*leaves, step, None, noted.append)
    y.backward(weights)
    assert close(y.detach(), wanted)
    for leaf, gradient in zip(leaves, gradients, strict=True):
        assert leaf.grad is not None
        assert close(leaf.grad, gradient)
    z = F.conv2d(tensors[0].double(), tensors[1].double()).transpose(0, 1).flatten(1)
    np.testing.assert_allclose(noted[0].mean, z.mean(1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(noted[0].variance, z.var(1, correction=0), rtol=1e-4)


def test_widening_gives_the_input_its_gradient_without_one_of_the_weight(kernels: Kernels) -> None:
    shape: tuple[int, int, int, bool, Stride] = (8, 24, 1, False, (1, 1))
    x, *parameters = given(shape, (6, 11))
    _, gradients, weights = in_double([x, *parameters], shape, "relu6")
    step = Step(kernels, alone, (1, 1), 1, "relu6", EPSILON)
    leaf = x.clone().requires_grad_()
    kernel_widening(leaf, *parameters, step, Covariance.of(step, x), None).backward(weights)
    assert leaf.grad is not None
    assert close(leaf.grad, gradients[0])


@pytest.mark.parametrize("channels", [4, 12])
def test_covariance_of_what_lies_far_from_zero(kernels: Kernels, channels: int) -> None:
    x = (300.0 + normal(5, channels, 7, 9, seed=0)).to(memory_format=torch.channels_last)
    found = Covariance.of(Step(kernels, alone, (1, 1), 1, "relu", EPSILON), x)
    exact = x.double().transpose(0, 1).flatten(1)
    np.testing.assert_allclose(found.mean, exact.mean(1), rtol=1e-6)
    np.testing.assert_allclose(found.covariance, torch.cov(exact, correction=0), atol=1e-3)


def test_a_large_mean_costs_no_digits(kernels: Kernels) -> None:
    x = (1000.0 + normal(4, 6, 8, 9, seed=0)).to(memory_format=torch.channels_last)
    norm = Step(kernels, alone, (1, 1), 1, "linear", EPSILON).convolve(
        x, torch.eye(6)[:, :, None, None], torch.ones(6), torch.zeros(6)
    )
    exact = x.double().transpose(0, 1).flatten(1)
    np.testing.assert_allclose(norm.channels.variance, exact.var(1, correction=0), rtol=1e-4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_no_number_shows(kernels: Kernels, bad: float, activation: Activation) -> None:
    x, weight, scale, shift = given((4, 4, 5, True, (1, 1)), (6, 11))
    x[1, 2, 3, 3] = bad
    step = Step(kernels, alone, (1, 1), 4, activation, EPSILON)
    weight.requires_grad_()
    y = kernel_convolution(x, weight, scale, shift, step, None)
    assert bool(y[:, 2].isnan().any())
    y.sum().backward()
    assert weight.grad is not None
    assert bool(weight.grad[2].isnan().any())


def test_parts_that_meet_come_to_the_numbers_of_one(kernels: Kernels) -> None:
    tensors = given((8, 8, 5, True, (2, 1)), (6, 11))
    x = torch.cat([tensors[0], tensors[0].flip(0) + 0.5])[:4]
    gradient = normal(4, 8, 3, 11, seed=5).to(memory_format=torch.channels_last)
    noted: list[Channels] = []

    def pass_over(step: Step, rows: slice) -> tuple[Tensor, Tensor]:
        own = x[rows].clone(memory_format=torch.channels_last).requires_grad_()
        y = kernel_convolution(own, *tensors[1:], step, noted.append)
        y.backward(gradient[rows])
        assert own.grad is not None
        return y.detach(), own.grad

    whole = pass_over(Step(kernels, alone, (2, 1), 8, "relu6", EPSILON), slice(None))
    barrier, met = threading.Barrier(2), [{}, {}]  # type: ignore[var-annotated]
    answers: dict[int, tuple[Tensor, Tensor]] = {}

    def part(place: int) -> None:
        def gather(own: np.ndarray) -> np.ndarray:
            number = len(met[place])
            met[place][number] = own
            barrier.wait(60)
            return np.concatenate([met[0][number], met[1][number]], axis=1)

        step = Step(kernels, gather, (2, 1), 8, "relu6", EPSILON)
        answers[place] = pass_over(step, slice(2 * place, 2 * place + 2))

    threads = [threading.Thread(target=part, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for place, wanted in enumerate(whole):
        joined = torch.cat([answers[0][place], answers[1][place]])
        torch.testing.assert_close(joined, wanted, rtol=1e-5, atol=1e-6)
    for each in noted:
        assert np.array_equal(each.mean, noted[0].mean)
        assert np.array_equal(each.variance, noted[0].variance)


@pytest.mark.parametrize("shortcut", [True, False])
def test_products_need_no_normalised_output(shortcut: bool) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        block = MBConv(8, 8 if shortcut else 16, 5, 3, downsamples=not shortcut)
        with torch.no_grad():
            block.project.norm.bias.uniform_(-1.0, 1.0)
    block.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    stride = (1, 1) if shortcut else (2, 1)
    x = normal(4, 8, 6, 10, seed=1).to(memory_format=torch.channels_last)
    with torch.no_grad():
        y = block(x, stride, BatchStatistics())
        gradient = normal(*y.shape, seed=2).to(memory_format=torch.channels_last)
        found = block.product(x, stride, BatchStatistics(), gradient)
        branch = y - x if shortcut else y
    torch.testing.assert_close(found, plain_product(branch, gradient), rtol=1e-4, atol=1e-3)


def test_they_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernels_in_use() is not None
    monkeypatch.setenv("STRNAS_KERNELS", "torch")
    assert kernels_in_use() is None
    monkeypatch.setenv("STRNAS_KERNELS", "fast")
    with pytest.raises(SpaceError, match="STRNAS_KERNELS=fast in the environment: expected auto"):
        kernels_in_use()


@pytest.mark.usefixtures("without_kernels")
def test_without_them_a_block_learns_the_same() -> None:
    def learned() -> tuple[Tensor, list[Tensor]]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            block = MBConv(8, 8, 5, 6, downsamples=False)
        block.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        x = normal(4, 8, 6, 10, seed=1).to(memory_format=torch.channels_last)
        y = block(x, (1, 1), UpdatingStatistics())
        (y * normal(*y.shape, seed=2)).sum().backward()
        state = [value for name, value in block.state_dict().items() if "running" in name]
        return y.detach(), [*state, *(p.grad for p in block.parameters() if p.grad is not None)]

    plain = learned()
    choose_kernels("auto")
    fast = learned()
    assert kernels_in_use() is not None
    torch.testing.assert_close(fast[0], plain[0], rtol=1e-4, atol=1e-5)
    for found, wanted in zip(fast[1], plain[1], strict=True):
        assert close(found, wanted.double()) or torch.allclose(found, wanted, rtol=1e-3, atol=1e-4)
