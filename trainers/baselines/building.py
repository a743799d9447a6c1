"""From a baseline's name to a module."""

from __future__ import annotations

import torch
from torch import nn

from spaces import load_space
from spaces.networks.backbone import Backbone
from spaces.networks.mesh import Mesh
from trainers.baselines.aster import AsterResNet
from trainers.baselines.attention import LSTMAttentionHead
from trainers.baselines.catalogue import ARCHITECTURES, Baseline, find_baseline
from trainers.baselines.rcnn import RCNN
from trainers.baselines.rectifier import BenchmarkRectifier
from trainers.baselines.resnet import ResNet
from trainers.baselines.sequence import ProjectedBiLSTM
from trainers.baselines.vgg import VGG
from trainers.data.charset import DEFAULT_MAX_LENGTH
from trainers.recogniser.attention import AttentionHead
from trainers.recogniser.ctc import CTCHead
from trainers.recogniser.head import Head
from trainers.recogniser.recogniser import initialise
from trainers.recogniser.rectifier import Rectifier
from trainers.recogniser.sequence import BiLSTM, NoSequenceEncoder
from trainers.recogniser.standalone import StandAlone

EXTRACTORS: dict[str, type[nn.Module]] = {
    "vgg": VGG,
    "rcnn": RCNN,
    "resnet": ResNet,
    "aster": AsterResNet,
}
#: Units each way of every sequence encoder, and of the benchmark's decoder.
HIDDEN = 256
#: Units of the AutoSTR paper's decoder.
AUTOSTR_HIDDEN = 512


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
    make_stages = _four_stage if baseline.family == "four-stage" else _autostr
    rectifier, encoder, head = make_stages(baseline, features, characters, max_length)
    return StandAlone(rectifier, backbone, encoder, head, baseline.grey, baseline.input_size)


def _backbone(baseline: Baseline) -> nn.Module:
    if baseline.extractor not in ARCHITECTURES:
        return EXTRACTORS[baseline.extractor]()
    space = load_space("autostr")
    encoding = space.parse(ARCHITECTURES[baseline.extractor]).encoding
    return Backbone(Mesh(), encoding[: space.path_length], encoding[space.path_length :])


def _four_stage(
    baseline: Baseline, features: int, characters: int, max_length: int
) -> tuple[nn.Module | None, nn.Module, Head]:
    rectifier = BenchmarkRectifier() if baseline.rectifier == "tps" else None
    ctc = baseline.head == "ctc"
    encoder = (
        ProjectedBiLSTM(features, HIDDEN, project_last=not ctc)
        if baseline.sequence_encoder == "bilstm"
        else NoSequenceEncoder(features)
    )
    inputs = encoder.out_channels
    head = (
        CTCHead(inputs, characters)
        if ctc
        else LSTMAttentionHead(inputs, characters, HIDDEN, max_length)
    )
    return rectifier, encoder, head


def _autostr(
    baseline: Baseline, features: int, characters: int, max_length: int
) -> tuple[nn.Module | None, nn.Module, Head]:
    encoder = BiLSTM(features, HIDDEN)
    head = AttentionHead(encoder.out_channels, characters, AUTOSTR_HIDDEN, max_length)
    return Rectifier(), encoder, head
