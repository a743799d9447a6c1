"""What belongs to the runs at hand: their study, the models that it trained, their space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.comparison.archive import FINALS, STUDY
from bench.records.errors import RecordError
from bench.records.model_folder import CARD
from bench.records.record import RunRecord
from bench.records.study_file import StudyFile, read_study
from spaces import Space, load_space
from spaces.errors import InputError


def study_of(places: Sequence[Path]) -> StudyFile | None:
    """The study whose folder this is; None where it is none, or there are several folders.

    ``PresetError`` where its file cannot be read.
    """
    if len(places) != 1 or not (places[0] / STUDY).is_file():
        return None
    return read_study(places[0] / STUDY)


def finals_below(places: Sequence[Path]) -> list[Path]:
    """Folders of the cards of final scores that studies keep."""
    kept = [place / FINALS for place in places]
    return [place for place in kept if any(place.glob(f"*/{CARD}"))]


def space_of(record: RunRecord) -> Space:
    """The space that a run searched; ``RecordError`` for settings that no space has."""
    described = record.manifest.space
    try:
        return load_space(described.name, **described.settings)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise RecordError(
            f"{record.folder} says of its space what no space has ({error}): restore its manifest"
        ) from error
