"""What is to be trained from scratch, by which preset, and who recommended it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench.errors import RecordError
from bench.presets import load_preset
from bench.records import RunRecord, read_run
from bench.settings import Preset
from spaces.errors import SpaceError
from trainers.baselines.catalogue import BASELINES
from trainers.models.description import (
    ModelDescription,
    describe_architecture,
    describe_baseline,
)

#: Sections of a preset that its runs record and that a model takes from them.
RECORDED = ("space", "data", "recogniser", "supernet", "trainer")
SPLITS = ("search_train", "search_val", "test")


@dataclass(frozen=True)
class Origin:
    """A model to be made; ``label`` is a short name for its folder.

    ``recommended_by`` says which run's recommendation it is, None if nobody's.
    """

    description: ModelDescription
    preset_name: str
    preset: Preset
    label: str
    recommended_by: dict[str, Any] | None = None


def from_architecture(text: str, preset_name: str, overrides: Sequence[str]) -> Origin:
    """An architecture by text or index, in the preset's space."""
    preset = for_retraining(load_preset(preset_name, overrides))
    space = preset.space.load()
    try:
        architecture = space.parse(text)
    except SpaceError as error:
        if text in BASELINES:
            raise RecordError(
                f"{text} is a hand-made recogniser: train it with `bench baseline train {text}`"
            ) from error
        raise SpaceError(f"{text} is no folder of a run, and: {error}") from error
    description = describe_architecture(
        space, architecture, preset.data, preset.recogniser, preset.supernet
    )
    label = f"{space.name}-{architecture.index}"
    return Origin(description, preset_name, preset, label)


def from_baseline(name: str, preset_name: str, overrides: Sequence[str]) -> Origin:
    """A hand-made recogniser that reads the preset's characters."""
    preset = for_retraining(load_preset(preset_name, overrides))
    return Origin(describe_baseline(name, preset.data), preset_name, preset, name)


def from_run(folder: Path, preset_name: str | None, overrides: Sequence[str]) -> Origin:
    """What a run recommends, as it was searched for.

    Space, data, recogniser and widths are those of the run, how it is trained is said by the run's
    preset; another ``preset_name`` replaces all of it but the space.
    """
    record = read_run(folder)
    if record.result is None:
        raise RecordError(
            f"{folder} is a run that has not ended: run its command again, then retrain what it "
            "recommends"
        )
    sections = _recorded(record)
    if preset_name is not None:
        sections = {"space": sections["space"]}
    name = preset_name or str(record.manifest.get("preset_name"))
    preset = for_retraining(load_preset(name, overrides, recorded=sections))
    space = preset.space.load()
    architecture = space.parse(str(record.result["recommendation"].get("text")))
    description = describe_architecture(
        space, architecture, preset.data, preset.recogniser, preset.supernet
    )
    recommended_by = {"run_id": record.run_id, "searcher": record.searcher, "seed": record.seed}
    label = f"{record.searcher.replace(':', '-')}-seed{record.seed}"
    return Origin(description, name, preset, label, recommended_by)


def for_retraining(preset: Preset) -> Preset:
    """The preset with the words and the sequence encoder that its retraining section asks for."""
    settings = preset.retraining
    encoder = settings.sequence_encoder or preset.recogniser.sequence_encoder
    rendering = msgspec.structs.replace(preset.data.rendering, search_train=settings.rendered_words)
    return msgspec.structs.replace(
        preset,
        data=msgspec.structs.replace(preset.data, rendering=rendering),
        recogniser=msgspec.structs.replace(preset.recogniser, sequence_encoder=encoder),
    )


def _recorded(record: RunRecord) -> dict[str, dict[str, Any]]:
    """The run's settings as sections of a preset, with the data that it was given."""
    preset = record.identity["preset"]
    sections: dict[str, dict[str, Any]] = {}
    for name in RECORDED:
        section = preset.get(name) if isinstance(preset, Mapping) else None
        if not isinstance(section, Mapping):
            raise RecordError(
                f"{record.folder} does not say what its preset was: give one with --preset"
            )
        sections[name] = dict(section)
    known = record.manifest.get("data")
    for split in SPLITS:
        described = known.get(split) if isinstance(known, Mapping) else None
        sources = described.get("sources") if isinstance(described, Mapping) else None
        if isinstance(sources, list) and sources != ["rendered"]:
            sections["data"][split] = [str(source) for source in sources]
    return sections
