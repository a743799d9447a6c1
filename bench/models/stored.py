"""Trained models into their folders, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench.records.errors import RecordError
from bench.records.model_folder import CARD, WEIGHTS, WEIGHTS_HASH, read_card, write_card
from trainers.models.description import read_description
from trainers.models.files import read_model, write_model
from trainers.models.model import Model
from trainers.state import tensors_hash


@dataclass(frozen=True)
class TrainedModel:
    """A model and its card."""

    folder: Path
    model: Model
    card: dict[str, Any]


def load_model(folder: Path, device: str = "auto") -> TrainedModel:
    """A trained model from its folder.

    Raises ``RecordError`` where it is none, its parts do not belong together or something in it is
    damaged.
    """
    card = read_card(folder)

    weights = folder / WEIGHTS
    model = read_model(weights, device)
    if card.get(WEIGHTS_HASH) != tensors_hash(model.network.state_dict()):
        raise RecordError(
            f"{weights} is not what {CARD} was written for: restore both, or train again"
        )
    described = card.get("description")
    own = isinstance(described, dict) and read_description(described, str(folder / CARD))
    if own != model.description:
        raise RecordError(f"{folder / CARD} describes another model than {WEIGHTS}: restore it")
    return TrainedModel(folder, model, card)


def write_model_folder(folder: Path, model: Model, known: Mapping[str, Any]) -> dict[str, Any]:
    """Write weights, then the card with what is ``known`` of the model; returns the card."""
    write_model(folder / WEIGHTS, model)
    card = {
        "description": msgspec.json.decode(msgspec.json.encode(model.description)),
        "charset": model.charset.characters,
        "params": model.params,
        **known,
        WEIGHTS_HASH: tensors_hash(model.network.state_dict()),
    }
    write_card(folder, card)
    return card
