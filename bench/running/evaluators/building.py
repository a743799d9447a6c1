"""From a preset to an evaluator, with what the manifest says about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from bench.records.errors import PresetError
from bench.records.settings import Preset, settings_as_dict
from bench.running.evaluators.base import Evaluator
from bench.running.evaluators.landscape import Landscape
from bench.running.evaluators.synthetic import SyntheticEvaluator
from spaces import Space

if TYPE_CHECKING:
    from trainers.data_splits import RenderProgress
    from trainers.scoring_worker import SupernetParts
    from trainers.trainer import Trainer


@dataclass(frozen=True)
class Built:
    """An evaluator and its provenance.

    ``data`` describes each split, ``data_hashes`` is the part of it that belongs to the identity,
    ``supernet_start`` the trained supernet; ``trainer`` and ``recipe``, from which other processes
    build its supernet, are None where nothing is trained. So is ``epoch_images``, the usable words
    of search_train.
    """

    evaluator: Evaluator
    images_per_evaluation: int
    data: dict[str, Any]
    data_hashes: dict[str, list[str]]
    supernet_start: dict[str, Any] | None
    trainer: Trainer | None
    recipe: SupernetParts | None = None
    epoch_images: int | None = None


def build_evaluator(
    preset: Preset,
    space: Space,
    seed: int,
    default_operations: tuple[str, ...],
    render_progress: RenderProgress | None,
) -> Built:
    """The evaluator that the preset asks for; reads, or renders, the data if it needs any."""
    if preset.run.evaluator == "synthetic":
        return _synthetic(preset, space)
    if preset.run.evaluator == "replay":
        return _replay(preset, space, default_operations)
    return _supernet(preset, space, seed, default_operations, render_progress)


def _synthetic(preset: Preset, space: Space) -> Built:
    landscape = Landscape(space, preset.landscape.seed, preset.landscape.noise)
    evaluation = preset.run.evaluation_images + preset.trainer.calibration_images
    evaluator = SyntheticEvaluator(landscape, preset.trainer.batch_images, evaluation)
    return Built(evaluator, evaluation, {}, {}, None, None)


def _replay(preset: Preset, space: Space, default_operations: tuple[str, ...]) -> Built:
    # Here, since scikit-learn takes a second to load.
    from bench.running.evaluators.replay import ReplayEvaluator, read_record

    if default_operations:
        raise PresetError(
            f"a replay knows no operations outside the space ({', '.join(default_operations)}): "
            "run this searcher with evaluator = supernet"
        )
    if not preset.run.replay:
        raise PresetError(
            "run.evaluator = replay needs run.replay, the folder of the runs to replay"
        )
    record = read_record(Path(preset.run.replay), space)
    evaluator = ReplayEvaluator(space, record, preset.trainer.batch_images)
    described = {"replay": asdict(evaluator.describe())}
    hashes = {"replay": [record.digest]}
    return Built(evaluator, record.evaluation_images, described, hashes, None, None)


def _supernet(
    preset: Preset,
    space: Space,
    seed: int,
    default_operations: tuple[str, ...],
    render_progress: RenderProgress | None,
) -> Built:
    # Here, since a synthetic run needs no torch and no images.
    from bench.running.evaluators.supernet import SupernetEvaluator
    from trainers.building import build_trainer
    from trainers.compute import resolve_device
    from trainers.data_splits import keep_test_apart, open_splits
    from trainers.scoring_worker import SupernetParts
    from trainers.starts import find_supernet

    # What can be refused is refused before words are rendered.
    resolve_device(preset.trainer.device)
    if preset.supernet.start:
        find_supernet(preset.supernet.start)
    splits = open_splits(
        preset.data, preset.recogniser.input_size, render_progress, preset.recogniser.time_steps
    )
    keep_test_apart(splits)
    trainer, start = build_trainer(
        space,
        splits,
        preset.data,
        preset.recogniser,
        preset.supernet,
        preset.trainer,
        preset.run.evaluation_images,
        seed,
        default_operations,
    )
    hashes = {name: list(split.hashes) for name, split in splits.items()}
    evaluator = SupernetEvaluator(
        space,
        trainer,
        splits["test"].words.words(preset.data.test_images or None),
        preset.run.evaluation_images,
        preset.data.case_sensitive,
        hashes,
        {
            "charset": preset.data.charset,
            "max_length": preset.data.max_length,
            **settings_as_dict(preset.recogniser),
        },
        None if start is None else trainer.frozen(),
    )
    return Built(
        evaluator,
        evaluator.evaluation_images + len(trainer.data.calibration),
        {name: split.describe() for name, split in splits.items()},
        hashes,
        start,
        trainer,
        SupernetParts(space, preset.data, preset.recogniser, preset.supernet, default_operations),
        len(splits["search_train"].words),
    )
