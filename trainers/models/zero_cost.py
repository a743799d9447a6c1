"""What a network tells before any training: two measures from one backward pass.

Abdelfattah et al., *Zero-Cost Proxies for Lightweight NAS*, 2021, section 3.1. They are what a
proxy score, which costs a supernet, has to beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from spaces.networks.normalisation import UpdatingStatistics
from spaces.networks.operations import Candidate
from trainers.models.building import build_model
from trainers.models.description import ModelDescription
from trainers.models.model import Model


@dataclass(frozen=True)
class ZeroCost:
    """``gradient_norm``: sum over weights of the norm of their gradient; ``snip``: sum of |weight
    gradient| (Lee et al., 2019).
    """

    gradient_norm: float
    snip: float


def zero_cost(
    description: ModelDescription,
    seed: int,
    device: torch.device,
    images_BHW3: npt.NDArray[np.uint8],
    labels: Sequence[str],
) -> ZeroCost | None:
    """Of the model with fresh weights on one batch; None where its gradients are not finite.

    Branches beside a shortcut begin with scale 1 here: with that of our trainings, which is 0, no
    gradient reaches into them, and neither measure would see what they are.
    """
    model = Model(description, build_model(description, seed), device)
    for module in model.network.modules():
        if isinstance(module, Candidate) and module.branch_norm is not None:
            torch.nn.init.ones_(module.branch_norm.weight)
    norm = UpdatingStatistics()
    with model.compute.autocast():
        ids = [model.codec.encode(label) for label in labels]
        loss = model.network.loss(model.compute.images(images_BHW3), ids, norm, False)
    loss.backward()  # type: ignore[no-untyped-call]
    found = [p for p in model.network.parameters() if p.grad is not None and p.dim() > 1]
    norms = sum(float(p.grad.norm()) for p in found if p.grad is not None)
    snip = sum(float((p.detach() * p.grad).abs().sum()) for p in found if p.grad is not None)
    if not np.isfinite([norms, snip]).all():
        return None
    return ZeroCost(norms, snip)
