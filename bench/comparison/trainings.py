"""Trainings from scratch, read from model folders: which of them belong beside the runs at hand.

Cards may come from elsewhere: parsed strictly, sizes bounded, nothing executed, no weights read. A
model that does not belong is named with the reason, never dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.records.card import Untrained
from bench.records.counted import word_accuracy
from bench.records.errors import RecordError
from bench.records.flat import flatten
from bench.records.model_folder import CARD, TRAINING, read_card
from bench.records.record import RunRecord
from bench.records.settings import settings_as_dict
from spaces import Space
from spaces.errors import InputError
from trainers.models.description import ArchitectureModel, read_description

#: A model folder, a folder of them, one of folders of them, and one more.
MAX_DEPTH = 3
#: Of a reason, which may quote a stranger's card.
LONGEST_REASON = 300

#: Trained with another sequence encoder than searched: the paper's own way.
MAY_DIFFER = "recogniser.sequence_encoder"


@dataclass(frozen=True)
class Training:
    """An architecture trained once; scores compare where ``conditions``, as JSON, are the same.

    ``untrained`` is None where the version that trained it did not keep it.
    """

    folder: Path
    text: str
    seed: int
    score: float
    images: int
    conditions: dict[str, str]
    untrained: Untrained | None = None


@dataclass(frozen=True)
class Searched:
    """What the runs searched and were scored on; ``described`` in the words of a model's card."""

    space: Space
    described: dict[str, Any]
    test: tuple[str, ...]
    test_images: int | None
    case_sensitive: bool

    @classmethod
    def of(cls, record: RunRecord, space: Space) -> Searched:
        """From any of the runs: those of one protocol agree in all of it."""
        preset = flatten(record.preset)
        described = {
            "space": space.name,
            "part": space.part,
            "charset": preset.get("data.charset"),
            "max_length": preset.get("data.max_length"),
            "first_width": preset.get("supernet.stem_width"),
            "widths": preset.get("supernet.widths"),
            **{key: value for key, value in preset.items() if key.startswith("recogniser.")},
        }
        del described[MAY_DIFFER]
        test = tuple(record.identity.data.get("test", ()))
        images = preset.get("data.test_images")
        return cls(space, described, test, images, record.case_sensitive)


def find_models(places: Sequence[Path]) -> list[Path]:
    """Model folders at or below the given places, sorted; ``RecordError`` where there is none."""
    found: list[Path] = []
    for place in places:
        here = sorted(_models_below(place, MAX_DEPTH))
        if not here:
            what = "no such folder" if not place.exists() else f"no {CARD} in it or below"
            raise RecordError(f"{place}: {what}: give models that `bench retrain` made")
        found.extend(here)
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class LeftOut:
    """A model that does not belong beside the runs, and why."""

    model: str
    reason: str


@dataclass(frozen=True)
class Models:
    """``trained`` are the trainings of each architecture by seed; ``given`` counts the folders.

    ``left_out`` are models that do not belong beside the runs or to each other, with reasons.
    """

    trained: Mapping[str, Sequence[Training]]
    left_out: Sequence[LeftOut]
    given: int


def read_models(folders: Sequence[Path], record: RunRecord, space: Space) -> Models:
    """The trainings in ``folders`` that belong beside ``record``; each card is read once."""
    if not folders:
        return Models({}, (), 0)
    trainings, left_out = _read_trainings(folders, Searched.of(record, space))
    trained: dict[str, list[Training]] = {}
    for training in sorted(trainings, key=lambda each: (each.text, each.seed)):
        trained.setdefault(training.text, []).append(training)
    return Models(trained, left_out, len(folders))


def _read_trainings(
    folders: Iterable[Path], searched: Searched
) -> tuple[list[Training], list[LeftOut]]:
    found, left_out = [], []
    for folder in folders:
        try:
            found.append(_training(folder, searched))
        except InputError as error:
            left_out.append(_left_out(folder, str(error)))
    alike, others = _alike(found)
    # After that: one of other conditions must not stand in the way of a proper one.
    first: dict[tuple[str, int], Training] = {}
    for training in alike:
        known = first.setdefault((training.text, training.seed), training)
        if known is not training:
            reason = f"seed {training.seed} of the same architecture as {known.folder}"
            others.append(_left_out(training.folder, reason))
    return list(first.values()), left_out + others


def _training(folder: Path, searched: Searched) -> Training:
    """``InputError`` says why the model in ``folder`` does not belong."""
    if folder.is_symlink():
        raise RecordError("a link: give the folder itself")
    card = read_card(folder)
    description = read_description(card.description, CARD)
    if not isinstance(description, ArchitectureModel):
        raise RecordError("a hand-made recogniser: no search could have recommended it")
    described = flatten(settings_as_dict(description))
    for key, wanted in searched.described.items():
        if described.get(key) != wanted:
            raise RecordError(f"{key} is {json.dumps(described.get(key))}, "
                              f"in the runs {json.dumps(wanted)}")  # fmt: skip
    if tuple(card.data.test.hashes) != searched.test:
        raise RecordError("scored on other words: its test is not that of the runs")
    if set(card.data.search_train.hashes) & set(searched.test):
        raise RecordError("trained on words of test")
    test_images = card.preset.data.get("test_images")
    if test_images != searched.test_images:
        raise RecordError(
            f"scored on {_words(test_images)} of test, the runs' recommendations "
            f"on {_words(searched.test_images)}"
        )
    scores = card.scores.test
    if scores is None:
        raise RecordError("no score on test: its output was not finite")
    if card.cost.failed_steps == card.cost.steps:
        raise RecordError("not trained: none of its steps had a finite loss")
    counted = word_accuracy(scores, searched.case_sensitive)
    conditions = {
        "number of words of test": scores.words,
        "trainer.precision": card.preset.trainer.get("precision"),
        # Cards from before this setting do not have it.
        "retraining.augmentation": 0.0,
        **{f"retraining.{key}": value for key, value in card.preset.retraining.items()},
        MAY_DIFFER: described[MAY_DIFFER],
        "words of search_train": card.data.search_train.hashes,
    }
    as_text = {key: json.dumps(value) for key, value in conditions.items()}
    text = searched.space.parse(description.text).text
    images, untrained = card.cost.images, card.untrained
    return Training(folder, text, card.seed, counted, images, as_text, untrained)


def _alike(trainings: list[Training]) -> tuple[list[Training], list[LeftOut]]:
    """The trainings under the conditions that most of them share, and the others with reasons."""
    kinds = sorted(tuple(sorted(training.conditions.items())) for training in trainings)
    usual = max(kinds, key=kinds.count) if kinds else ()
    most = dict(usual)
    alike, others = [], []
    for training in trainings:
        own = training.conditions
        differing = sorted(key for key in own | most if own.get(key) != most.get(key))
        if not differing:
            alike.append(training)
            continue
        key = differing[0]
        reason = f"{key} is {own.get(key)}, in most of these models {most.get(key)}"
        others.append(_left_out(training.folder, reason))
    return alike, others


def _words(test_images: int | None) -> str:
    """As a preset counts them."""
    return "all words" if test_images == 0 else f"{test_images} words"


def _left_out(folder: Path, reason: str) -> LeftOut:
    return LeftOut(str(folder), reason[:LONGEST_REASON])


def _models_below(place: Path, depth: int) -> Iterable[Path]:
    try:
        if (place / CARD).is_file() or (place / TRAINING).is_file():
            yield place
        elif depth > 0 and place.is_dir():
            for child in place.iterdir():
                # A link to a model is named; one to a folder could lead anywhere.
                yield from _models_below(child, 0 if child.is_symlink() else depth - 1)
    except OSError as error:
        raise RecordError(f"{place} cannot be read ({error.strerror or error})") from error
