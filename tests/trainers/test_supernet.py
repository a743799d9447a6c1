"""The supernet: what is off the path does not move, and a path equals the stand-alone network."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from spaces import load_space
from spaces.networks.backbone import Backbone
from spaces.networks.mesh import SHARINGS, Mesh
from spaces.networks.normalisation import BatchStatistics, RunningStatistics, UpdatingStatistics
from spaces.networks.operations import Convolution
from trainers.optimisers import build_optimiser
from trainers.settings import RecogniserSettings, TrainerSettings
from trainers.supernet import Supernet, build_supernet


def supernet_of(sharing: str = "stage") -> Supernet:
    mesh = Mesh(4, (4, 6, 8, 8, 10), sharing=sharing)
    return build_supernet(mesh, RecogniserSettings(), characters=5, max_length=5, seed=3)


@cache
def unchanged_supernet_of(sharing: str) -> Supernet:
    """One for all tests that only look at it."""
    return supernet_of(sharing)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_every_path_finds_its_weights(sharing: str) -> None:
    net = unchanged_supernet_of(sharing)
    space = load_space("autostr")
    used = set()
    for path in space.sample(300, np.random.default_rng(0)).tolist():
        for edge, operation in net.route(path):
            candidate = net.candidates(edge)[operation]
            used.add(edge.weight_key(sharing))
            assert candidate is net.blocks[edge.weight_key(sharing)][operation]
    # The extreme paths: everything downsamples first, and everything last.
    for path in ("AABBB..........", "..........BBBAA"):
        net.route([".AB".index(c) for c in path] + [0] * 15)
    assert used <= set(net.blocks)


def test_edge_sharing_gives_every_edge_its_own_weights() -> None:
    sizes = {
        s: sum(p.numel() for p in unchanged_supernet_of(s).blocks.parameters()) for s in SHARINGS
    }
    assert sizes["edge"] > sizes["width"] > sizes["stage"]


@pytest.mark.parametrize("optimiser", ["adamw", "adadelta"])
def test_what_is_off_the_path_does_not_move(optimiser: str) -> None:
    net = supernet_of()
    settings = TrainerSettings(optimiser=optimiser, weight_decay=0.1, learning_rate=0.1)
    optimiser_ = build_optimiser(net.parameters(), settings)
    images = torch.randint(0, 256, (4, 32, 100, 3), dtype=torch.uint8)
    space = load_space("autostr")
    first, second = space.sample(2, np.random.default_rng(5)).tolist()

    def step(path: list[int]) -> None:
        loss = net.recogniser.loss(
            images,
            [[1], [2, 3], [4], [0]],
            net.backbone(path, UpdatingStatistics()),
            UpdatingStatistics(),
        )
        optimiser_.zero_grad(set_to_none=True)
        loss.backward()
        optimiser_.step()

    step(first)
    names = {parameter: name for name, parameter in net.named_parameters()}
    before = copy.deepcopy(net.state_dict())
    state_before = {
        names[p]: copy.deepcopy(state) for p, state in optimiser_.state.items() if state
    }
    step(second)
    active = {
        f"blocks.{edge.weight_key('stage')}.{operation}." for edge, operation in net.route(second)
    }

    def is_active(name: str) -> bool:
        return not name.startswith("blocks.") or any(name.startswith(a) for a in active)

    moved = {n for n, value in net.state_dict().items() if not torch.equal(value, before[n])}
    assert moved
    assert all(is_active(name) for name in moved)
    for parameter, state in optimiser_.state.items():
        name = names[parameter]
        if not is_active(name):
            for key, value in state.items():
                assert torch.equal(torch.as_tensor(value), torch.as_tensor(state_before[name][key]))


def test_a_path_equals_the_stand_alone_backbone() -> None:
    net = supernet_of().double()
    path = load_space("autostr").sample(1, np.random.default_rng(8))[0].tolist()
    alone = Backbone(net.network, path[:15], path[15:]).double()
    alone.stem.load_state_dict(net.stem.state_dict())
    for block, (edge, operation) in zip(alone.blocks, net.route(path), strict=True):
        block.load_state_dict(net.candidates(edge)[operation].state_dict())
    x = torch.randn(2, 3, 32, 100, dtype=torch.float64)
    for norm in (BatchStatistics(), RunningStatistics()):
        torch.testing.assert_close(net.backbone(path, norm)(x), alone(x, norm))


@pytest.mark.parametrize("seed", range(4))
def test_costs_of_the_space_are_those_of_the_network(seed: int) -> None:
    """Counted by torch on the meta device, on full-size networks."""
    space = load_space("autostr")
    row = space.sample(1, np.random.default_rng(seed))
    path = row[0].tolist()
    with torch.device("meta"):
        backbone = Backbone(Mesh(), path[:15], path[15:])
        images = torch.empty(1, 3, 32, 100)
        counter = FlopCounterMode(display=False)
        with counter:
            features = backbone(images, BatchStatistics())
    assert tuple(features.shape[1:]) == space.output_shape
    assert counter.get_total_flops() == 2 * int(space.macs(row)[0])
    assert sum(p.numel() for p in backbone.parameters()) == int(space.params(row)[0])


def test_strided_projection_on_channels_last_is_safe_and_right() -> None:
    """torch 2.13.0 corrupts memory in the backward pass of a strided 1x1 convolution on CPU."""
    module = Convolution(8, 8, 1)
    x = torch.randn(64, 8, 32, 100).contiguous(memory_format=torch.channels_last).requires_grad_()
    module(x, BatchStatistics(), (2, 2)).square().sum().backward()
    expected = torch.nn.functional.conv2d(x.detach(), module.conv.weight, stride=(2, 2))
    actual = torch.nn.functional.conv2d(x.detach()[:, :, ::2, ::2], module.conv.weight)
    torch.testing.assert_close(actual, expected)
    assert x.grad is not None
    assert not x.grad[:, :, 1::2].any()
