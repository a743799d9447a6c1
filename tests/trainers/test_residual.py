"""Residual blocks beside the supernet's candidates: built on request, in nobody's way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from spaces import load_space
from spaces.networks.backbone import Backbone
from spaces.networks.mesh import SHARINGS, Mesh
from spaces.networks.normalisation import BatchStatistics, UpdatingStatistics
from spaces.networks.operations import ResidualUnit
from trainers.building import PACKED, load_supernet, supernet_identity
from trainers.cost import Pricer
from trainers.errors import TrainerError
from trainers.optimisers import build_optimiser
from trainers.settings import DataSettings, RecogniserSettings, SupernetSettings, TrainerSettings
from trainers.state import load_weights, pack_parameters, write_tensors
from trainers.supernet import Supernet, build_supernet

SPACE = load_space("autostr")
PATH = SPACE.parse_path("ABABB")
ROW = SPACE.encode([SPACE.uniform_architecture(PATH, "residual")])[0]
WIDTHS = (4, 6, 8, 8, 10)


def supernet_of(*default_operations: str, sharing: str = "stage", seed: int = 3) -> Supernet:
    mesh = Mesh(4, WIDTHS, sharing=sharing)
    return build_supernet(mesh, RecogniserSettings(), 5, 5, seed, default_operations)


def assert_equal(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in found.items())


def test_a_unit_computes_what_aster_says() -> None:
    unit = ResidualUnit(4, 6, 3, downsamples=True)
    x = torch.randn(2, 4, 8, 10)
    norm = BatchStatistics()

    def normalised(y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.batch_norm(y, None, None, training=True, eps=1e-3)

    conv = torch.nn.functional.conv2d
    hidden = normalised(conv(x, unit.reduce.conv.weight, stride=(2, 1))).relu()
    branch = normalised(conv(hidden, unit.convolve.conv.weight, padding=1))
    assert unit.project is not None
    shortcut = normalised(conv(x, unit.project.conv.weight, stride=(2, 1)))
    torch.testing.assert_close(unit(x, (2, 1), norm), (branch + shortcut).relu())


def test_a_strided_unit_on_channels_last_is_safe_and_right() -> None:
    """torch 2.13.0 corrupts memory in the backward pass of a strided 1x1 convolution on CPU."""
    unit = ResidualUnit(8, 8, 3, downsamples=True)
    unit.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(64, 8, 32, 100)
    last = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    out = unit(last, (2, 2), BatchStatistics())
    out.square().sum().backward()
    torch.testing.assert_close(out, unit(x, (2, 2), BatchStatistics()))
    assert last.grad is not None
    assert not last.grad[:, :, 1::2].any()


def test_units_start_as_the_identity_where_the_shape_stays() -> None:
    net = supernet_of("residual")
    for edge, code in net.route(ROW.tolist()):
        x = torch.rand(2, edge.inputs, 8, 10)
        out = net.operation(edge, code)(x, edge.stride, BatchStatistics())
        assert torch.equal(out, x) == (not edge.downsamples)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_every_path_finds_residual_blocks(sharing: str) -> None:
    net = supernet_of("residual", sharing=sharing)
    assert net.default_blocks["residual"].keys() == net.blocks.keys()  # type: ignore[operator]
    paths = [PATH, *SPACE.sample(100, np.random.default_rng(0))[:, :15]]
    for path in paths:
        for edge, code in net.route([*path.tolist(), *[7] * 15]):
            unit = net.operation(edge, code)
            assert isinstance(unit, ResidualUnit)
            assert (unit.project is not None) == edge.downsamples


def test_the_weights_of_the_rest_do_not_depend_on_them() -> None:
    without, with_ = supernet_of(), supernet_of("residual")
    assert_equal(with_.shared.state_dict(), without.state_dict())
    order = [name for name, _ in without.named_parameters()]
    assert [name for name, _ in with_.named_parameters()][: len(order)] == order
    assert torch.equal(
        torch.nn.utils.parameters_to_vector(with_.default_blocks.parameters()),
        torch.nn.utils.parameters_to_vector(supernet_of("residual").default_blocks.parameters()),
    )


def test_without_them_the_architecture_is_refused() -> None:
    with pytest.raises(TrainerError, match="this supernet has no operation residual"):
        supernet_of().backbone(ROW.tolist(), BatchStatistics())
    with pytest.raises(TrainerError, match="unknown default operation 'residul', did you mean"):
        supernet_of("residul")


def test_a_step_moves_the_residual_blocks_of_the_path_and_nothing_else() -> None:
    net = supernet_of("residual")
    settings = TrainerSettings(optimiser="adamw", weight_decay=0.1, learning_rate=0.1)
    optimiser = build_optimiser(net.parameters(), settings)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    norm = UpdatingStatistics()
    images = torch.randint(0, 256, (4, 32, 100, 3), dtype=torch.uint8)
    labels = [[1], [2, 3], [4], [0]]
    loss = net.recogniser.loss(images, labels, net.backbone(ROW.tolist(), norm), norm)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    moved = {n for n, value in net.state_dict().items() if not torch.equal(value, before[n])}
    passed = {f"default_blocks.residual.{edge.weight_key('stage')}." for edge, _ in net.route(ROW)}
    inside = {name for name in moved if not name.startswith(("stem.", "recogniser."))}
    assert all(any(name.startswith(key) for name in inside) for key in passed)
    assert all(any(name.startswith(key) for key in passed) for name in inside)


@pytest.mark.parametrize("packed", [False, True])
def test_a_stored_supernet_leaves_them_fresh(tmp_path: Path, packed: bool) -> None:
    file, stored = tmp_path / "net.safetensors", supernet_of(seed=1)
    identity = supernet_identity(SPACE, DataSettings(), RecogniserSettings(), SupernetSettings())
    tensors = dict(stored.state_dict())
    if packed:
        tensors = {PACKED: pack_parameters(stored, tensors, half=False)}
    write_tensors(file, tensors, {"identity": identity, "provenance": {}})
    net, fresh = supernet_of("residual"), supernet_of("residual")
    load_supernet(net, str(file), identity)
    for given, loaded in zip(stored.parameters(), net.shared.parameters(), strict=True):
        assert torch.equal(given, loaded)
    assert_equal(net.default_blocks.state_dict(), fresh.default_blocks.state_dict())


def test_a_checkpoint_holds_them() -> None:
    net, other = supernet_of("residual"), supernet_of("residual", seed=4)
    load_weights(other, net.state_dict(), "checkpoint")
    assert_equal(other.state_dict(), net.state_dict())
    with pytest.raises(TrainerError, match="default_blocks"):
        load_weights(supernet_of("residual"), supernet_of().state_dict(), "checkpoint")


def test_the_trainer_trains_and_scores_them(make_trainer) -> None:  # type: ignore[no-untyped-def]
    trainer = make_trainer(full=True, default_operations=("residual",))
    first = trainer.train_weights(ROW[None]).loss
    last = [trainer.train_weights(np.stack([ROW] * 5)).loss for _ in range(8)][-1]
    assert last < first
    scores = trainer.evaluate(ROW, 16)
    assert scores is not None
    assert 0.0 <= scores.word_accuracy <= 1.0


def test_the_pricer_bills_them() -> None:
    mesh = Mesh(4, WIDTHS)
    pricer = Pricer(mesh, batch_images=8, calibration_images=16)
    with torch.device("meta"):
        backbone = Backbone(mesh, ROW[:15].tolist(), ROW[15:].tolist())
        images = torch.zeros(1, 3, 32, 100)
        with FlopCounterMode(display=False) as counter:
            backbone(images, BatchStatistics())
    macs = counter.get_total_flops() // 2
    assert pricer.train_weights(ROW[None]).macs == 3 * 8 * macs
    assert pricer.evaluate(ROW[None], 32).macs == (16 + 32) * macs


def test_costs_of_the_space_are_those_of_the_network() -> None:
    with torch.device("meta"):
        backbone = Backbone(Mesh(), ROW[:15].tolist(), ROW[15:].tolist())
        with FlopCounterMode(display=False) as counter:
            features = backbone(torch.empty(1, 3, 32, 100), BatchStatistics())
    assert tuple(features.shape[1:]) == SPACE.output_shape
    assert counter.get_total_flops() == 2 * int(SPACE.macs(ROW[None])[0])
    assert sum(p.numel() for p in backbone.parameters()) == int(SPACE.params(ROW[None])[0])
