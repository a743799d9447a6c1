"""From a baseline's name to a module."""

from __future__ import annotations

import torch
from torch import nn

from spaces import load_space
from spaces.networks.backbone import Backbone
from spaces.networks.network import network_of
from trainers.baselines.aster import AsterResNet
from trainers.baselines.catalogue import ARCHITECTURES, Baseline, find_baseline
from trainers.baselines.rcnn import RCNN
from trainers.baselines.resnet import ResNet
from trainers.baselines.strnas import NormalisedExtractor
from trainers.baselines.vgg import VGG
from trainers.data.charset import DEFAULT_MAX_LENGTH
from trainers.recogniser.recogniser import Recogniser, initialise
from trainers.recogniser.standalone import StandAlone

EXTRACTORS: dict[str, type[nn.Module]] = {
    "vgg": VGG,
    "rcnn": RCNN,
    "resnet": ResNet,
    "aster": AsterResNet,
}


def build_baseline(
    name: str,
    characters: int | None = None,
    max_length: int = DEFAULT_MAX_LENGTH,
    seed: int = 0,
) -> StandAlone:
    """A baseline with fresh weights of ``seed`` alone; torch's generator is untouched.

    ``characters`` is the size of the charset, the paper's where it is None; ``max_length`` bounds
    what attention reads. TrainerError for a name that is not known.
    """
    baseline = find_baseline(name)
    characters = baseline.characters if characters is None else characters
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = assemble(baseline, characters, max_length)
        initialise(model)
    return model


def assemble(baseline: Baseline, characters: int, max_length: int) -> StandAlone:
    """The four stages of a baseline, with the weights that torch's modules start with."""
    backbone = _backbone(baseline)
    features = int(backbone.out_channels)  # type: ignore[arg-type]
    parts = Recogniser(baseline.recogniser, features, characters, max_length)
    return StandAlone(
        parts.rectifier,
        backbone,
        parts.sequence_encoder,
        parts.head,
        baseline.grey,
        baseline.input_size,
    )


def _backbone(baseline: Baseline) -> nn.Module:
    if baseline.extractor not in ARCHITECTURES:
        return EXTRACTORS[baseline.extractor]()
    name, text = ARCHITECTURES[baseline.extractor]
    space = load_space(name)
    encoding = space.parse(text).encoding
    path, operations = encoding[: space.path_length], encoding[space.path_length :]
    backbone = Backbone(network_of(space), path, operations)
    return NormalisedExtractor(backbone) if name == "strnas" else backbone
