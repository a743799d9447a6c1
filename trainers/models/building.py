"""From the description of a model to its network."""

from __future__ import annotations

import torch

from spaces.networks.backbone import Backbone
from spaces.networks.network import Network, network_of
from trainers.baselines.building import build_baseline
from trainers.errors import TrainerError
from trainers.models.description import (
    ArchitectureModel,
    BaselineModel,
    ModelDescription,
    charset_of,
)
from trainers.recogniser.recogniser import Recogniser, initialise
from trainers.recogniser.searched_rectifier import Rectification
from trainers.recogniser.standalone import StandAlone


def build_model(description: ModelDescription, seed: int) -> StandAlone:
    """The network with fresh weights of ``seed`` alone; torch's generator is untouched.

    Raises ``SpaceError`` or ``TrainerError`` for a description of nothing that exists.
    """
    if isinstance(description, BaselineModel):
        characters = len(charset_of(description))
        return build_baseline(description.name, characters, description.max_length, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _assembled(description)
        initialise(model)
        for part in model.modules():
            if isinstance(part, Rectification):
                part.reset()
    return model


def network_of_model(description: ArchitectureModel) -> Network:
    """The space's networks at the model's widths; ``SpaceError`` where the space has none such."""
    return network_of(description.load_space(), description.first_width, description.widths)


def _assembled(description: ArchitectureModel) -> StandAlone:
    """With the weights that torch's modules start with."""
    space = description.load_space()
    encoding = space.parse(description.text).encoding
    network = network_of_model(description)
    settings = description.recogniser
    rectifier = network.searched_rectifier
    if rectifier is not None and settings.rectifier != "none":
        raise TrainerError(
            f"rectifier {settings.rectifier!r} before a rectifier that is searched: set "
            'recogniser.rectifier = "none"'
        )
    backbone = Backbone(
        network,
        encoding[: network.path_length],
        encoding[network.path_length :],
        None if rectifier is None else Rectification(rectifier),
    )
    parts = Recogniser(
        settings, network.out_channels, len(charset_of(description)), description.max_length
    )
    return StandAlone(
        parts.rectifier,
        backbone,
        parts.sequence_encoder,
        parts.head,
        grey=False,  # Where a space wants grey images, its stem makes them.
        input_size=settings.input_size,
        beam_width=settings.beam_width,
    )
