"""Memory of a step: that of one path, however many candidates are asked for.

Measured twice: bytes that autograd keeps for the backward pass, and the peak of what torch
allocates in the step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from spaces.networks.backbone import Backbone
from spaces.networks.mesh import Mesh
from spaces.networks.normalisation import BatchStatistics, UpdatingStatistics
from trainers.gates import gate_gradients
from trainers.recogniser.recogniser import BackboneCall
from trainers.settings import RecogniserSettings
from trainers.supernet import Supernet, build_supernet

PATH = [0, 1, 0, 2, 0, 0, 0, 5, 0, 5, 2, 0]
LABELS = [[0, 1]] * 16


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    mesh = Mesh(8, (12, 16), layers=6, downsampling_a=1, downsampling_b=1)
    return build_supernet(mesh, RecogniserSettings(), characters=4, max_length=5, seed=0)


@pytest.fixture(scope="module")
def images() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (16, 4, 64, 3), dtype=torch.uint8, generator=generator)


def kept_for_backward(step: Callable[[], object]) -> int:
    """Bytes of the distinct storages that autograd saves during ``step``."""
    storages: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage  # Kept alive: its address stays its own.
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(storage.nbytes() for storage in storages.values())


def peak(step: Callable[[], object]) -> int:
    """Greatest sum of what torch allocated and did not free, in bytes."""
    step()  # Once before, so that nothing is allocated for the first time.
    # Kept beyond the block: older versions warn where that is not said.
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as record:
        step()
    events = [e for e in record.profiler.kineto_results.events() if e.name() == "[memory]"]
    assert events
    changes = [e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())]
    return int(np.cumsum(changes).max())


def gate_step(supernet: Supernet, images: Tensor, candidates: list[int]) -> Callable[[], object]:
    wanted = np.zeros((6, 7), bool)
    wanted[:, candidates] = True
    return lambda: gate_gradients(supernet, PATH, wanted, images, LABELS)


def sum_over_candidates(supernet: Supernet, images: Tensor) -> Callable[[], object]:
    """The textbook way: every candidate in the graph, weighted by its gate."""
    gates = torch.full((6, 7), 1 / 7, requires_grad=True)
    norm = BatchStatistics()

    def backbone(x: Tensor) -> Tensor:
        x = supernet.stem(x, norm).detach().requires_grad_()
        for layer, (edge, _) in enumerate(supernet.route(PATH)):
            outputs = [op(x, edge.stride, norm) for op in supernet.candidates(edge)]
            x = sum(g * out for g, out in zip(gates[layer], outputs, strict=True))
        return x

    def step() -> None:
        loss = supernet.recogniser.loss(images, LABELS, backbone, norm)
        torch.autograd.grad(loss, [gates])

    return step


@pytest.mark.parametrize("measure", [kept_for_backward, peak])
def test_gate_steps_need_the_memory_of_one_path(
    supernet: Supernet, images: Tensor, measure: Callable[[Callable[[], object]], int]
) -> None:
    two = measure(gate_step(supernet, images, [0, 5]))
    seven = measure(gate_step(supernet, images, list(range(7))))
    everything = measure(sum_over_candidates(supernet, images))
    assert 0 < seven <= 1.01 * two
    assert everything > 3 * seven


@pytest.mark.parametrize("measure", [kept_for_backward, peak])
def test_a_weight_step_needs_the_memory_of_a_stand_alone_network(
    supernet: Supernet, images: Tensor, measure: Callable[[Callable[[], object]], int]
) -> None:
    """Seven candidates a layer or one: activations, gradients and temporaries are the same."""
    alone = Backbone(supernet.network, PATH[:6], PATH[6:])

    def step(backbone_of: Callable[[UpdatingStatistics], BackboneCall]) -> Callable[[], object]:
        def run() -> None:
            norm = UpdatingStatistics()
            supernet.recogniser.loss(images, LABELS, backbone_of(norm), norm).backward()
            supernet.zero_grad()
            alone.zero_grad()

        return run

    shared = measure(step(lambda norm: supernet.backbone(PATH, norm)))
    expected = measure(step(lambda norm: lambda x: alone(x, norm)))
    assert shared == pytest.approx(expected, rel=0.01)
