"""Models that a recipe trained from scratch, read from their cards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.comparison.trainings import find_models
from bench.records.card import Card
from bench.records.errors import RecordError
from bench.records.model_folder import read_card
from spaces import Space


@dataclass(frozen=True)
class Trained:
    """A model: ``accuracy`` on test, case ignored, None where its output is not finite.

    Multiply-adds and parameters are those of the space, as in the results of runs: at full width,
    whatever the preset's is.
    """

    architecture: str
    seed: int
    accuracy: float | None
    macs: int
    params: int


def trained_in(folder: Path, space: Space) -> list[Trained]:
    """The models in and below ``folder``; ``RecordError`` where there is none."""
    return [_trained(place, read_card(place), space) for place in find_models([folder])]


def _trained(place: Path, card: Card, space: Space) -> Trained:
    test, text = card.scores.test, str(card.description.get("text"))
    try:
        encoding = space.encode([space.parse(text)])
    except ValueError as error:
        raise RecordError(f"the card in {place} is damaged ({error}): train again") from error
    return Trained(
        text,
        card.seed,
        None if test is None else test.word_accuracy_case_insensitive,
        int(space.macs(encoding)[0]),
        int(space.params(encoding)[0]),
    )
