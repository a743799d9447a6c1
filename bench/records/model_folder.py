"""A model folder: a trained recogniser and what is known of it.

``model.json``          its card: architecture, charset, preset, scores, costs and provenance;
                        written last, so a folder that has one is complete
``weights.safetensors`` weights, running statistics and description
``curve.csv``           loss and search_val scores along the training
``training.json``       what is being trained: written first, never changed
``checkpoint/``         state.safetensors while training; removed at the end
``trouble.json``        of one that was trained beside others: why it failed; see ``trouble``
"""

from __future__ import annotations

from pathlib import Path

from bench.records.card import Card
from bench.records.errors import RecordError
from bench.records.manifest import Begun
from bench.records.sealed import read_sealed, write_sealed
from bench.records.work_folder import FirstFile, WorkFolder

CARD = "model.json"
WEIGHTS = "weights.safetensors"
CURVE = "curve.csv"
TRAINING = "training.json"
MAX_CARD_BYTES = 16 * 2**20
MEND = "restore it or train again"


class ModelFolder:
    """A folder in which one model is trained; ``work`` is the folder as any work has one.

    ``started`` says which model, and with what. Raises what ``WorkFolder`` does.
    """

    def __init__(self, path: Path, started: Begun) -> None:
        self.path = path
        self.work = WorkFolder(path, FIRST, started)

    def card(self) -> Card | None:
        """The card of a model that is trained; None while it is not.

        ``RecordError`` if it is damaged or its weights are gone.
        """
        if not is_model(self.path):
            return None
        card = read_card(self.path)
        self.work.forget_checkpoint()
        return card

    def complete(self) -> None:
        """The model is trained and has its card: what was needed to go on is removed."""
        self.work.forget_checkpoint()
        self.work.complete()


def is_model(folder: Path) -> bool:
    """Whether there is a trained model in ``folder``; ``RecordError`` if a part of it is gone."""
    card, weights = (folder / CARD).is_file(), (folder / WEIGHTS).is_file()
    if card and not weights:
        raise RecordError(
            f"{folder} has a {CARD} and no {WEIGHTS}: restore it, or delete {CARD} to train again"
        )
    return card


def read_card(folder: Path) -> Card:
    """The card of a model folder; ``RecordError`` if there is none, or it is damaged."""
    path = folder / CARD
    if not path.is_file():
        unfinished = (folder / TRAINING).is_file()
        raise RecordError(
            f"{folder} is "
            + (
                "a model whose training has not ended: run the same command again to go on"
                if unfinished
                else f"no model folder (no {CARD} in it): choose one that `bench retrain` or "
                "`bench baseline train` made"
            )
        )
    return read_sealed(path, Card, MEND, MAX_CARD_BYTES)


def write_card(folder: Path, card: Card) -> None:
    """Write the card of a model whose weights are there."""
    write_sealed(folder / CARD, card)


def read_started(folder: Path) -> Begun | None:
    """What is, or was, trained in ``folder``; None where nothing was begun.

    ``RecordError`` if it is damaged.
    """
    path = folder / TRAINING
    return read_sealed(path, Begun, MEND, MAX_CARD_BYTES) if path.exists() else None


def _write_started(folder: Path, started: Begun) -> None:
    write_sealed(folder / TRAINING, started)


FIRST = FirstFile("model", TRAINING, read_started, _write_started)
