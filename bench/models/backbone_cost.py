"""What the backbone of a model costs for one image."""

from __future__ import annotations

from trainers.baselines.counting import StageCost, count_baseline
from trainers.models.building import network_of_model
from trainers.models.description import BaselineModel, ModelDescription
from trainers.models.model import Model


def backbone_cost(model: Model) -> StageCost:
    """Parameters and multiply-adds at the model's own widths."""
    params = sum(each.numel() for each in model.network.backbone.parameters())
    return StageCost(params, _macs(model.description))


def _macs(description: ModelDescription) -> int:
    if isinstance(description, BaselineModel):
        return count_baseline(description.baseline).stages["backbone"].macs
    space = description.load_space()
    rows = space.encode([space.parse(description.text)])
    return int(network_of_model(description).macs(rows)[0])
