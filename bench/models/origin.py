"""What is to be trained from scratch, by which preset, and who recommended it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from bench.presets import load_preset, make_preset
from bench.records.architectures import parse_architecture
from bench.records.errors import PresetError, RecordError
from bench.records.model_folder import is_model
from bench.records.readable import folder_name
from bench.records.record import RunRecord
from bench.records.runs import read_run
from bench.records.settings import Preset
from spaces import Architecture, Space
from spaces.errors import SpaceError
from trainers.baselines.catalogue import BASELINES
from trainers.data_splits import RENDERED
from trainers.models.description import (
    ArchitectureModel,
    ModelDescription,
    describe_architecture,
    describe_baseline,
)

#: Where models lie that are given no other place.
MODELS = Path("results") / "models"
#: Sections of a preset that its runs record and that a model takes from them.
RECORDED = ("space", "data", "recogniser", "supernet", "trainer")
SPLITS = ("search_train", "search_val", "test")
ENCODER = "recogniser.sequence_encoder"


@dataclass(frozen=True)
class Origin:
    """A model to be made; ``label`` is a short name for its folder.

    ``recommended_by`` says which run's recommendation it is, None if nobody's; ``hashes`` what the
    run found in its files of words, by split and path, so far as they are to be used again.
    """

    description: ModelDescription
    preset_name: str
    preset: Preset
    label: str
    recommended_by: dict[str, Any] | None = None
    hashes: Mapping[tuple[str, str], str] = field(default_factory=dict)


class Architectures:
    """Architectures of one preset, whose files are read once."""

    def __init__(self, preset_name: str, overrides: Sequence[str]) -> None:
        self.preset_name = preset_name
        self.preset = for_retraining(load_preset(preset_name, overrides), overrides)
        self.space = self.preset.space.load()

    def find(self, text: str) -> Origin:
        """One by text or index; ``SpaceError`` or ``RecordError`` where there is none such."""
        try:
            architecture = parse_architecture(self.space, text)
        except SpaceError as error:
            if text in BASELINES:
                raise RecordError(
                    f"{text} is a hand-made recogniser: train it with `bench baseline train {text}`"
                ) from error
            raise SpaceError(f"{text} is no folder of a run, and {error}") from error
        described = _described(self.space, architecture, self.preset)
        return Origin(described, self.preset_name, self.preset, _label(self.space, architecture))


def from_baseline(name: str, preset_name: str, overrides: Sequence[str]) -> Origin:
    """A hand-made recogniser that reads the preset's characters.

    A preset's flat start is one of CTC: other heads have none.
    """
    preset = for_retraining(load_preset(preset_name, overrides), overrides)
    description = describe_baseline(name, preset.data, preset.trainer.precision)
    if description.baseline.head != "ctc":
        settings = msgspec.structs.replace(preset.retraining, flat_start_steps=0)
        preset = msgspec.structs.replace(preset, retraining=settings)
    return Origin(description, preset_name, preset, name)


def from_run(folder: Path, preset_name: str | None, overrides: Sequence[str]) -> Origin:
    """What a run recommends, as it was searched for.

    Space, data, recogniser and widths are those of the run, how it is trained is said by the run's
    preset; another ``preset_name`` replaces all of it but the space.
    """
    if is_model(folder):
        raise RecordError(
            f"{folder} is a trained model: give the architecture in its model.json, or the folder "
            "of a run"
        )
    record = read_run(folder)
    if record.result is None:
        raise RecordError(
            f"{folder} is a run that has not ended: run its command again, then retrain what it "
            "recommends"
        )
    sections = _recorded(record)
    if preset_name is None:
        name = record.manifest.preset_name
        preset = _preset_of_run(record, name, sections, overrides)
    else:
        name = preset_name
        recorded = {"space": sections["space"]}
        preset = load_preset(name, overrides, recorded=recorded)
    preset = for_retraining(preset, overrides)
    space = preset.space.load()
    architecture = space.parse(record.result.recommendation.text)
    return Origin(
        _described(space, architecture, preset),
        name,
        preset,
        f"{record.searcher}-seed{record.seed}",
        {"run_id": record.run_id, "searcher": record.searcher, "seed": record.seed},
        _hashes(record, preset),
    )


def by_content(origin: Origin) -> Origin:
    """The same to be made, called by what it is and not by the run that recommends it."""
    space = origin.preset.space.load()
    label = _label(space, space.parse(origin.description.name))
    return replace(origin, label=label, recommended_by=None)


def default_name(origin: Origin, seed: int, identity: str) -> str:
    """Of a model's folder: the same command finds the same one again, and so resumes."""
    name = folder_name(f"{Path(origin.preset_name).stem}-{origin.label}")
    return f"{name}-r{seed}-{identity[:8]}"


def for_retraining(preset: Preset, overrides: Sequence[str] = ()) -> Preset:
    """The preset with the words and the sequence encoder that its retraining section asks for.

    An encoder that ``overrides`` name is kept.
    """
    settings = preset.retraining
    named = any(override.partition("=")[0].strip() == ENCODER for override in overrides)
    kept = preset.recogniser.sequence_encoder
    encoder = kept if named else settings.sequence_encoder or kept
    rendering = msgspec.structs.replace(preset.data.rendering, search_train=settings.rendered_words)
    return msgspec.structs.replace(
        preset,
        data=msgspec.structs.replace(preset.data, rendering=rendering),
        recogniser=msgspec.structs.replace(preset.recogniser, sequence_encoder=encoder),
    )


def _label(space: Space, architecture: Architecture) -> str:
    return f"{space.name}-{architecture.index}"


def _described(space: Space, architecture: Architecture, preset: Preset) -> ArchitectureModel:
    return describe_architecture(
        space,
        architecture,
        preset.data,
        preset.recogniser,
        preset.supernet,
        preset.trainer.precision,
    )


def _preset_of_run(
    record: RunRecord, name: str, sections: Mapping[str, Any], overrides: Sequence[str]
) -> Preset:
    """From what the run recorded; runs that did not record all of it need its preset."""
    retraining = record.manifest.retraining
    try:
        if retraining is not None:
            recorded = {**sections, "retraining": retraining, "description": name}
            return make_preset(recorded, f"of {record.folder}", overrides)
        return load_preset(name, overrides, recorded=sections)
    except PresetError as error:
        raise PresetError(f"{error} (the preset of {record.folder}; --preset gives one)") from error


def _recorded(record: RunRecord) -> dict[str, dict[str, Any]]:
    """The run's settings as sections of a preset, with the data that it was given."""
    sections: dict[str, dict[str, Any]] = {}
    for name in RECORDED:
        section = record.preset.get(name)
        if not isinstance(section, Mapping):
            raise RecordError(
                f"{record.folder} does not say what its preset was: give one with --preset"
            )
        sections[name] = dict(section)
    for split in SPLITS:
        sources = [source for source, _ in _sources(record, split)]
        if sources and sources != [RENDERED]:
            sections["data"][split] = sources
    return sections


def _hashes(record: RunRecord, preset: Preset) -> dict[tuple[str, str], str]:
    """Of the files that the preset names and the run has read."""
    return {
        (split, source): digest
        for split in SPLITS
        for source, digest in _sources(record, split)
        if source != RENDERED and source in getattr(preset.data, split)
    }


def _sources(record: RunRecord, split: str) -> list[tuple[str, str]]:
    """Paths of a split with the hashes of what the run found there."""
    described = record.manifest.data.get(split, {})
    sources, hashes = described.get("sources"), described.get("hashes")
    if not (isinstance(sources, list) and isinstance(hashes, list)):
        return []
    return [(str(source), str(digest)) for source, digest in zip(sources, hashes, strict=False)]
