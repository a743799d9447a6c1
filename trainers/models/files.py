"""A model's weights and description as one safetensors file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import torch

from trainers.compute import resolve_device
from trainers.errors import TrainerError
from trainers.models.building import build_model
from trainers.models.description import ModelDescription, read_description
from trainers.models.model import Model
from trainers.recogniser.standalone import StandAlone
from trainers.state import load_weights, read_tensors, write_tensors

KEY = "model"


def write_model(path: Path, model: Model) -> None:
    """Write weights, running statistics and description; ``OSError`` as it comes."""
    description = msgspec.to_builtins(model.description)
    write_tensors(path, model.network.state_dict(), {KEY: description})


def read_model(path: Path, device: str = "auto") -> Model:
    """The model in a file; ``TrainerError`` if it is missing, damaged, or not one."""
    tensors, metadata = read_tensors(path)
    plain = metadata.get(KEY)
    if not isinstance(plain, dict):
        raise TrainerError(
            f"{path} is no model: choose a model folder of `bench retrain` or "
            "`bench baseline train`"
        )
    description = read_description(plain, str(path))
    _check_size(description, {name: value.numel() for name, value in tensors.items()}, path)
    network = build_model(description, seed=0)
    load_weights(network, tensors, str(path))
    return Model(description, network, resolve_device(device))


def _check_size(description: ModelDescription, sizes: dict[str, int], path: Path) -> None:
    """Refuse a description that asks for more memory than the file has numbers for."""
    with torch.device("meta"):
        skeleton: StandAlone = build_model(description, seed=0)
    expected = sum(value.numel() for value in skeleton.state_dict().values())
    if sum(sizes.values()) != expected:
        raise TrainerError(
            f"{path} holds {sum(sizes.values()):,} numbers, its description is of a model of "
            f"{expected:,}: restore it or train again"
        )
