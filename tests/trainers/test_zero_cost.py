"""What an untrained network tells, against gradients by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.models.origin import Architectures
from spaces.networks.normalisation import UpdatingStatistics
from spaces.networks.operations import Candidate
from trainers.models.building import build_model
from trainers.models.model import Model
from trainers.models.zero_cost import ZeroCost, zero_cost

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 100, 3), dtype=np.uint8)
LABELS = ["ab", "cd", "1", "word"]


def measured(operations: str) -> ZeroCost:
    described = Architectures("tiny", ()).find(f"ABABB-{operations}").description
    found = zero_cost(described, 0, CPU, IMAGES, LABELS)
    assert found is not None
    return found


def test_both_are_sums_over_the_weights() -> None:
    """Also over those of branches beside shortcuts, which trainings begin with scale 0."""
    described = Architectures("tiny", ()).find("ABABB-123450123450123").description
    model = Model(described, build_model(described, 0), CPU)
    for module in model.network.modules():
        if isinstance(module, Candidate) and module.branch_norm is not None:
            torch.nn.init.ones_(module.branch_norm.weight)
    labels = [model.codec.encode(label) for label in LABELS]
    loss = model.network.loss(torch.from_numpy(IMAGES), labels, UpdatingStatistics(), False)
    weights = [each for each in model.network.parameters() if each.dim() > 1]
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    pairs = [(w.detach(), g) for w, g in zip(weights, gradients, strict=True) if g is not None]
    found = measured("123450123450123")
    assert found.gradient_norm == pytest.approx(sum(float(g.norm()) for _, g in pairs), rel=1e-4)
    assert found.snip == pytest.approx(sum(float((w * g).abs().sum()) for w, g in pairs), rel=1e-4)
