"""Gate gradients against autograd through the explicit sum over all candidates."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from spaces.networks.batch_norm import BatchNorm
from spaces.networks.mesh import Mesh
from spaces.networks.normalisation import BatchStatistics
from trainers.gates import gate_gradients
from trainers.settings import RecogniserSettings
from trainers.supernet import Supernet, build_supernet

MESH = Mesh(stem_width=4, widths=(4, 6), layers=4, downsampling_a=1, downsampling_b=1)
# Height 4 -> 1 after two downsamplings; layer 1 and 2 downsample.
STRIDES = [0, 1, 2, 0]
LABELS = [[1, 2], [3], [0, 4, 2]]


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    settings = RecogniserSettings(head="ctc", sequence_encoder="bilstm", sequence_hidden=4)
    net = build_supernet(MESH, settings, characters=5, max_length=5, seed=1).double()
    generator = torch.Generator().manual_seed(2)
    for part in net.modules():
        if isinstance(part, BatchNorm):  # Fresh blocks are the identity: nothing to tell apart.
            with torch.no_grad():
                part.weight.uniform_(0.5, 1.5, generator=generator)
    return net


@pytest.fixture(scope="module")
def images() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, 4, 16, 3), dtype=torch.uint8, generator=generator)


def explicit_sum(supernet: Supernet, path: list[int], images: Tensor) -> tuple[float, np.ndarray]:
    """Y = sum_j g_j op_j(X) with one-hot g, differentiated by autograd."""
    norm = BatchStatistics()
    gates = torch.zeros(4, 7, dtype=torch.float64)
    for layer, operation in enumerate(path[4:]):
        gates[layer, operation] = 1.0
    gates.requires_grad_()

    def backbone(x: Tensor) -> Tensor:
        x = supernet.stem(x, norm)
        for layer, (edge, _) in enumerate(supernet.route(path)):
            outputs = [op(x, edge.stride, norm) for op in supernet.candidates(edge)]
            x = sum(g * out for g, out in zip(gates[layer], outputs, strict=True))
        return x

    loss = supernet.recogniser.loss(images, LABELS, backbone, norm)
    (gradient,) = torch.autograd.grad(loss, [gates])
    return float(loss.detach()), gradient.numpy()


@pytest.mark.parametrize("operations", [[0, 1, 2, 3], [6, 6, 6, 6], [5, 4, 6, 1], [6, 2, 0, 6]])
def test_all_candidates_equal_autograd(
    supernet: Supernet, images: Tensor, operations: list[int]
) -> None:
    path = STRIDES + operations
    loss, gradients = gate_gradients(supernet, path, np.ones((4, 7), bool), images, LABELS)
    expected_loss, expected = explicit_sum(supernet, path, images)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert np.abs(expected).min() > 0
    assert np.linalg.norm(gradients - expected) / np.linalg.norm(expected) < 1e-6
    np.testing.assert_allclose(gradients, expected, rtol=1e-6, atol=1e-12)


def test_only_wanted_candidates_are_computed(supernet: Supernet, images: Tensor) -> None:
    path = [*STRIDES, 0, 1, 6, 3]
    wanted = np.zeros((4, 7), bool)
    wanted[[0, 1, 2, 3], [0, 1, 6, 3]] = wanted[[0, 1, 2, 3], [4, 5, 0, 6]] = True
    _, two_path = gate_gradients(supernet, path, wanted, images, LABELS)
    _, everything = gate_gradients(supernet, path, np.ones((4, 7), bool), images, LABELS)
    np.testing.assert_array_equal(two_path[wanted], everything[wanted])
    assert not two_path[~wanted].any()


def test_the_supernet_is_left_as_it_was(supernet: Supernet, images: Tensor) -> None:
    before = copy.deepcopy(supernet.state_dict())
    gate_gradients(supernet, [*STRIDES, 0, 1, 2, 3], np.ones((4, 7), bool), images, LABELS)
    for name, value in supernet.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.grad is None for p in supernet.parameters())


def test_products_in_bf16_lose_no_bits(images: Tensor) -> None:
    mesh = Mesh(4, (6, 8), layers=4, downsampling_a=1, downsampling_b=1)
    net = build_supernet(mesh, RecogniserSettings(), characters=5, max_length=5, seed=1)
    path = [*STRIDES, 0, 1, 2, 3]
    exact: dict[int, float] = {}

    def watch(layer: int) -> Callable[..., None]:
        def look(module: torch.nn.Module, inputs: object, y: Tensor) -> None:
            def arrived(grad: Tensor) -> None:
                assert grad.dtype == torch.bfloat16
                exact[layer] = float((y.detach().double() * grad.double()).sum())

            y.register_hook(arrived)

        return look

    for layer, (edge, active) in enumerate(net.route(path)):
        net.candidates(edge)[active].register_forward_hook(watch(layer))
    wanted = np.zeros((4, 7), bool)
    wanted[range(4), path[4:]] = True
    with torch.autocast("cpu", torch.bfloat16):
        _, gradients = gate_gradients(net, path, wanted, images, LABELS)
    expected = [exact[layer] for layer in range(4)]
    np.testing.assert_allclose(gradients[range(4), path[4:]], expected, rtol=1e-6, atol=1e-7)
