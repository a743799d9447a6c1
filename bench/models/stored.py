"""Trained models into their folders, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from bench.records.card import Card
from bench.records.errors import RecordError
from bench.records.model_folder import CARD, WEIGHTS, read_card, write_card
from trainers.models.description import read_description
from trainers.models.files import read_model, write_model
from trainers.models.model import Model
from trainers.state import tensors_hash


@dataclass(frozen=True)
class TrainedModel:
    """A model and its card."""

    folder: Path
    model: Model
    card: Card


def load_model(folder: Path, device: str = "auto") -> TrainedModel:
    """A trained model from its folder.

    Raises ``RecordError`` where it is none, its parts do not belong together or something in it is
    damaged.
    """
    card = read_card(folder)
    weights = folder / WEIGHTS
    model = read_model(weights, device)
    if card.weights_hash != tensors_hash(model.network.state_dict()):
        raise RecordError(
            f"{weights} is not what {CARD} was written for: restore both, or train again"
        )
    if read_description(card.description, str(folder / CARD)) != model.description:
        raise RecordError(f"{folder / CARD} describes another model than {WEIGHTS}: restore it")
    return TrainedModel(folder, model, card)


def write_model_folder(folder: Path, model: Model, card: Card) -> Card:
    """Write weights, then the card, with their hash; returns it."""
    write_model(folder / WEIGHTS, model)
    hashed = replace(card, weights_hash=tensors_hash(model.network.state_dict()))
    write_card(folder, hashed)
    return hashed
