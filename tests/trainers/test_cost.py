"""Prices against torch's own counter on networks that are really built."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from spaces import load_space
from spaces.networks.backbone import Backbone
from spaces.networks.mesh import Mesh
from spaces.networks.normalisation import BatchStatistics
from spaces.networks.operations import build_operation
from trainers.cost import Cost, Pricer
from trainers.gates import gate_gradients
from trainers.settings import RecogniserSettings
from trainers.supernet import build_supernet

MESH = Mesh(4, (6, 8, 8, 12, 10), sharing="stage")
PRICER = Pricer(MESH, batch_images=8, calibration_images=16)
ROWS = load_space("autostr").sample(4, np.random.default_rng(0))


def path_macs(row: np.ndarray) -> int:
    """Multiply-adds of the backbone on one image."""
    counter = FlopCounterMode(display=False)
    with torch.device("meta"):
        backbone = Backbone(MESH, row[:15].tolist(), row[15:].tolist())
        with counter:
            backbone(torch.empty(1, 3, 32, 100), BatchStatistics())
    return counter.get_total_flops() // 2


def candidate_macs(row: np.ndarray) -> np.ndarray:
    """(15, 7) multiply-adds of every candidate on the way of one image."""
    macs = np.zeros((15, 7), np.int64)
    counter = FlopCounterMode(display=False)
    with torch.device("meta"):
        x = torch.empty(1, MESH.stem_width, 32, 100)
        for layer, edge in enumerate(MESH.route(row[:15].tolist())):
            for operation in range(7):
                module = build_operation(operation, edge.inputs, edge.outputs, edge.downsamples)
                with counter:
                    out = module(x, edge.stride, BatchStatistics())
                macs[layer, operation] = counter.get_total_flops() // 2
            x = out
    return macs


def test_weight_steps_cost_three_forward_passes_of_each_path() -> None:
    cost = PRICER.train_weights(ROWS)
    macs = 3 * 8 * sum(path_macs(row) for row in ROWS)
    assert cost == Cost(images_forward_backward=32, macs=macs)


def test_an_evaluation_costs_calibration_and_scored_images() -> None:
    cost = PRICER.evaluate(ROWS[:2], images=50)
    macs = 66 * sum(path_macs(row) for row in ROWS[:2])
    assert cost == Cost(images_forward=132, macs=macs, evaluations=2)


def test_a_gate_step_costs_the_path_and_the_wanted_candidates() -> None:
    row = ROWS[0]
    table, path = candidate_macs(row), path_macs(row)
    active = np.zeros((15, 7), bool)
    active[np.arange(15), row[15:]] = True
    for wanted in (
        np.ones((15, 7), bool),
        np.zeros((15, 7), bool),
        active,
        np.random.default_rng(1).random((15, 7)) < 0.4,
    ):
        others = int(table[wanted & ~active].sum())
        expected = Cost(images_forward_backward=8, macs=8 * (2 * path + others))
        assert PRICER.gate_gradient(row, wanted) == expected


def test_a_gate_step_is_billed_what_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convolutions of a real one, counted; a CTC head without sequence encoder has none.

    Batch norm costs the same however it is computed: here, as an operation of its own.
    """
    monkeypatch.setattr("spaces.networks.normalisation.runs_fused", lambda x: False)
    row = ROWS[0]
    net = build_supernet(MESH, RecogniserSettings(), characters=4, max_length=5, seed=0)
    images, labels = torch.zeros(8, 32, 100, 3, dtype=torch.uint8), [[0]] * 8
    wanted = np.random.default_rng(1).random((15, 7)) < 0.4
    with Convolutions() as gate_step:
        gate_gradients(net, row.tolist(), wanted, images, labels)
    # But for the stem, which has no backward pass here and is billed one as all the rest.
    stem = 8 * MESH.tables.stem_macs
    assert gate_step.macs == PRICER.gate_gradient(row, wanted).macs - stem


class Convolutions(TorchDispatchMode):
    """Counts multiply-adds, forward and backward; ``FlopCounterMode`` forbids ``autograd.grad``."""

    def __init__(self) -> None:
        super().__init__()
        self.macs = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        out = func(*args, **(kwargs or {}))
        kind = func.overloadpacket
        if "convolution" in str(kind):
            self.macs += flop_registry[kind](*args, **(kwargs or {}), out_val=out) // 2
        return out


def test_costs_add_up() -> None:
    total = Cost(1, 2, 30, 1) + Cost(10, 20, 300, 2)
    assert total == Cost(11, 22, 330, 3)
    assert total.images == 33
    assert total.as_dict() == {
        "images": 33,
        "images_forward": 11,
        "images_forward_backward": 22,
        "macs": 330,
        "evaluations": 3,
    }
