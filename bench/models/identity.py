"""What makes a training what it is: the model, how it is trained, the seed, the very words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.models.origin import Origin
from bench.records.errors import RecordError
from bench.records.settings import settings_as_dict, without_off
from trainers.data_splits import RenderProgress, Split
from trainers.opened_words import OpenedWords, SplitWords


def identity_of(origin: Origin, seed: int, splits: Mapping[str, Split]) -> dict[str, Any]:
    """What makes it this model: description, settings, seed and the words themselves."""
    data = origin.preset.data
    return {
        "description": settings_as_dict(origin.description),
        "retraining": without_off(settings_as_dict(origin.preset.retraining)),
        "seed": seed,
        "search_val_images": data.search_val_images,
        "test_images": data.test_images,
        "data": {name: list(split.hashes) for name, split in splits.items()},
    }


def check_there(origin: Origin) -> None:
    """``RecordError`` where files of words that a run was given are not there."""
    for split, source in origin.hashes:
        if not Path(source).exists():
            raise RecordError(
                f"the run read {split} from {source}, which is not there, seen from this folder: "
                f"go to the one it was run in, or name words with --{split.replace('_', '-')}"
            )


def check_unchanged(origin: Origin, splits: Mapping[str, Split]) -> None:
    """``RecordError`` where they are there, and hold other words than the run has read."""
    for (split, source), digest in origin.hashes.items():
        found = splits[split]
        if (source, digest) not in zip(found.sources, found.hashes, strict=True):
            raise RecordError(
                f"{source} holds other words than when the run read {split} from it: put them "
                f"back, or name words with --{split.replace('_', '-')}"
            )


def words_of(origin: Origin, opened: OpenedWords, progress: RenderProgress | None) -> SplitWords:
    """The words that it is trained on and scored on."""
    description = origin.description
    size, steps = description.input_size, description.time_steps
    return opened.of(origin.preset.data, size, progress, steps)
