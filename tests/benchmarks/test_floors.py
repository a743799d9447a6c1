"""Multiply-adds that the floors count, against those that torch is asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.common.floors import macs_of_verbs
from benchmarks.common.subject import wanted_gates
from spaces import load_space
from spaces.networks.mesh import Mesh
from trainers.settings import RecogniserSettings

BATCH, CALIBRATION, SCORED = 6, 12, 20
MESH = Mesh(4, (4, 4, 6, 6, 8), sharing="stage")
ENCODINGS = load_space("autostr").sample(3, np.random.default_rng(0))


class Counter(TorchDispatchMode):
    """Multiply-adds of the convolutions that run while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.macs = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default:
            self.macs += found.numel() * args[1][0].numel()
        elif func is torch.ops.aten.convolution_backward.default:
            # As much again for each gradient that is asked for: of the input, of the weights.
            self.macs += args[0].numel() * args[2][0].numel() * sum(args[-1][:2])
        return found


def counted(work: Callable[[], object]) -> int:
    with Counter() as counter:
        work()
    return counter.macs


@pytest.fixture(scope="module")
def plain(make_both):
    pair = make_both(MESH, RecogniserSettings(head="ctc"), BATCH, torch.float32)
    yield pair.plain
    pair.close()


def test_floors_count_what_the_plain_trainer_computes(plain):
    floor = macs_of_verbs(MESH, ENCODINGS, BATCH, SCORED + CALIBRATION, rectified=False)
    assert counted(lambda: plain.train_weights(ENCODINGS)) == floor["weight steps"]
    words = plain.data.evaluation
    found = counted(lambda: [plain.score(one, words) for one in ENCODINGS])
    assert found == floor["evaluation"]
    # The plain one also takes gradients that gates do not need: of the stem's weights and of the
    # first block's input.
    spare = BATCH * sum(
        MESH.tables.stem_macs + int(MESH.candidate_macs(one[:15].tolist())[0, one[15]])
        for one in ENCODINGS
    )
    for kind, everything in (("all", True), ("two", False)):
        found = counted(
            lambda everything=everything: [
                plain.gate_gradient(one, wanted_gates(one, everything)) for one in ENCODINGS
            ]
        )
        assert found == floor[f"gate gradients, {kind}"] + spare


def test_a_rectifier_needs_the_gradient_of_the_image():
    without, with_it = (
        macs_of_verbs(MESH, ENCODINGS, BATCH, SCORED, rectified)["weight steps"]
        for rectified in (False, True)
    )
    assert with_it - without == BATCH * len(ENCODINGS) * MESH.tables.stem_macs
