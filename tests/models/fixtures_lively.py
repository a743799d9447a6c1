"""Small models that read different words in different images, without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from made_card import card_of
from torch import Tensor

from bench.models.stored import write_model_folder
from spaces import load_space
from spaces.networks.batch_norm import BatchNorm
from spaces.networks.normalisation import RunningStatistics, UpdatingStatistics
from trainers.data.image import resize_image
from trainers.models.building import build_model
from trainers.models.description import ModelDescription, describe_architecture, describe_baseline
from trainers.models.model import Model
from trainers.recogniser.ctc import CTCHead
from trainers.recogniser.head import Head
from trainers.recogniser.lstm_attention import LSTMAttentionHead
from trainers.settings import DataSettings, RecogniserSettings, SupernetSettings

AUTOSTR = "A..B..A..B..B..-213045612304560"
NARROW = SupernetSettings(stem_width=4, widths=(4, 4, 8, 8, 16))


def architecture(**parts: object) -> ModelDescription:
    """Of space autostr, narrow, in a recogniser of the given parts."""
    small = {"sequence_hidden": 8, "attention_hidden": 8, **parts}
    space = load_space("autostr")
    settings = RecogniserSettings(**small)
    return describe_architecture(space, space.parse(AUTOSTR), DataSettings(), settings, NARROW)


def cells(part: str, **parts: object) -> ModelDescription:
    """Of space strnas, narrow."""
    space = load_space("strnas", part=part)
    text = space.texts(space.sample(1, np.random.default_rng(0)))[0]
    settings = RecogniserSettings(attention_hidden=8, **parts)
    return describe_architecture(space, space.parse(text), DataSettings(), settings, NARROW)


def baseline(name: str) -> ModelDescription:
    return describe_baseline(name, DataSettings())


@torch.no_grad()
def lively(description: ModelDescription) -> Model:
    """Statistics as of a trained network, points off the border, and decided opinions.

    A fresh network reads about the same everywhere, and its running statistics fold to nothing.
    """
    network = build_model(description, seed=0)
    generator = torch.Generator().manual_seed(0)
    for part in network.modules():
        if isinstance(part, BatchNorm):
            part.weight.uniform_(0.7, 1.3, generator=generator)
            part.bias.normal_(0.0, 0.3, generator=generator)
    for name, value in network.named_parameters():
        if name.endswith("points.weight"):
            value.normal_(0.0, 0.01, generator=generator)
    model = Model(description, network, torch.device("cpu"))
    for _ in range(10):
        network.encode(model.compute.images(noise(model, 16)), UpdatingStatistics())
    features_BTC = network.encode(model.compute.images(noise(model, 16)), RunningStatistics())
    spread_C = features_BTC.std((0, 1))
    # Where features hardly differ, rounding would be all that is looked at.
    _sharpen(
        network.head, features_BTC.mean((0, 1)), spread_C.clamp_min(float(spread_C.max()) / 10)
    )
    # Attention reads on until an end is likely enough, in half of the images.
    while min(sorted(map(len, model.read(noise(model, 16)) or []))[7:]) == description.max_length:
        network.head.classify.bias[network.head.eos] += 0.25
    return model


def noise(model: Model, count: int) -> np.ndarray:
    """Images (count, H, W, 3) of blocks: fine and coarse, dark and light, strong and weak."""
    rng = np.random.default_rng(1)
    images = []
    for _ in range(count):
        darkest, lightest = sorted(rng.integers(0, 256, 2))
        shape = rng.integers(1, 6), rng.integers(2, 20), 3
        blocks = rng.integers(darkest, lightest + 1, shape).astype(np.uint8)
        images.append(resize_image(blocks, *model.input_size))
    return np.stack(images)


def folder_of(path: Path, model: Model) -> Path:
    """A model folder at ``path``."""
    path.mkdir()
    write_model_folder(path, model, card_of(model))
    return path


def _sharpen(head: Head, mean_C: Tensor, spread_C: Tensor) -> None:
    """Let it look at how features differ from their mean, in units of their spread."""
    if isinstance(head, CTCHead):
        weight, bias = head.classify.weight.mul_(4.0), head.classify.bias
    else:
        first = isinstance(head, LSTMAttentionHead)
        weight, bias = head.cell.weight_ih, head.cell.bias_ih
        weight = (weight[:, : len(mean_C)] if first else weight[:, -len(mean_C) :]).mul_(1.5)
        head.cell.weight_hh.mul_(3.0)
        head.energy.weight.mul_(5.0)
        head.classify.weight.mul_(8.0)
    weight.div_(spread_C)
    bias.sub_(weight @ mean_C)
