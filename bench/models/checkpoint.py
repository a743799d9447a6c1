"""The checkpoint of a training from scratch: the state of the weights, and what has happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec
from torch import Tensor

from bench.records.errors import RecordError
from bench.records.work_folder import WorkFolder
from trainers.models.model import ReadingScores
from trainers.state import read_tensors, write_tensors

#: Live tensors and counters of a training.
State = tuple[Mapping[str, Tensor], dict[str, int]]


@dataclass
class Past:
    """What has happened so far, beside the weights: it is kept in the checkpoint."""

    rows: list[dict[str, Any]]
    losses: list[float]
    failed_steps: int = 0
    #: Of all, and of it in steps: the rest was spent on reading search_val and saving.
    seconds: float = 0.0
    step_seconds: float = 0.0
    #: The last reading of search_val.
    last: ReadingScores | None = None
    #: That it went on elsewhere, if it did.
    warnings: list[str] = field(default_factory=list)


def write_checkpoint(folder: WorkFolder, identity_hash: str, state: State, past: Past) -> None:
    """Replace the checkpoint of the training with this identity."""
    tensors, counters = state
    write_tensors(
        folder.checkpoint,
        tensors,
        {"identity_hash": identity_hash, "counters": counters, "past": asdict(past)},
    )


def read_checkpoint(folder: WorkFolder, identity_hash: str) -> tuple[State, Past] | None:
    """What was written, None where there is nothing.

    ``RecordError`` if it is damaged or of another training.
    """
    if not folder.checkpoint.exists():
        return None
    tensors, metadata = read_tensors(folder.checkpoint)
    counters = metadata.get("counters")
    if metadata.get("identity_hash") != identity_hash or not isinstance(counters, dict):
        raise RecordError(
            f"{folder.checkpoint} is of another training: delete {folder.path} and begin again"
        )
    try:
        past = msgspec.convert(metadata.get("past"), Past)
    except msgspec.ValidationError as error:
        raise RecordError(
            f"{folder.checkpoint} is damaged ({error}): delete {folder.path} and begin again"
        ) from error
    return (tensors, counters), past
