"""One run from preset to result: puts the rooms together and calls the runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import RecordError
from bench.executor import Executor
from bench.ledger import peak_memory_bytes
from bench.manifest import hardware, identity_hash, versions
from bench.presets import searcher_settings
from bench.referee import Referee, Verdict
from bench.run_folder import RunFolder
from bench.runner import Limits, Report, Runner
from bench.settings import Preset, settings_as_dict
from searchers import load_searcher
from searchers.base import Problem, Searcher
from spaces import load_space
from trainers.building import build_trainer, find_supernet
from trainers.data_splits import RenderProgress, Split, open_splits
from trainers.trainer import resolve_device

#: Streams of random numbers drawn from a run's seed, one for each component.
SEARCHER_STREAM = 1


#: A name of the registry; or name, class and settings of a searcher that is not in it.
SearcherChoice = str | tuple[str, type[Searcher], Any]


class Run:
    """A searcher on a preset with a seed, in a folder.

    Building it reads the data and the supernet; ``execute`` does the work.
    """

    def __init__(
        self,
        searcher: SearcherChoice,
        preset_name: str,
        preset: Preset,
        seed: int,
        max_macs: int | None = None,
        render_progress: RenderProgress | None = None,
    ) -> None:
        self.preset = preset
        self.seed = seed
        # What can be refused is refused before words are rendered.
        self.name, settings, self.searcher = build_searcher(searcher, preset, seed, max_macs)
        self.space = self.searcher.problem.space
        resolve_device(preset.trainer.device)
        if preset.supernet.start:
            find_supernet(preset.supernet.start)
        splits = open_splits(preset.data, preset.recogniser.input_size, render_progress)
        _keep_test_apart(splits)
        self.trainer, self.supernet_start = build_trainer(
            splits,
            preset.data,
            preset.recogniser,
            preset.supernet,
            preset.trainer,
            preset.run.evaluation_images,
            seed,
        )
        self.test = splits["test"].words.words(preset.data.test_images or None)
        self.executor = Executor(
            self.space, self.trainer, preset.run.evaluation_images, preset.data.case_sensitive
        )
        identity = {
            "searcher": self.name,
            "hyperparameters": asdict(settings),
            "seed": seed,
            "max_macs": max_macs,
            "preset": _without_bookkeeping(preset),
            "data": {name: list(split.hashes) for name, split in splits.items()},
            "supernet": self.supernet_start and self.supernet_start["hash"],
        }
        self.manifest = self._manifest(preset_name, identity, splits)

    def _manifest(
        self, preset_name: str, identity: Mapping[str, Any], splits: Mapping[str, Split]
    ) -> dict[str, Any]:
        return {
            "identity": identity,
            "identity_hash": identity_hash(identity),
            "preset_name": preset_name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "space": {"name": self.space.name, "settings": self.space.settings()},
            "data": {name: split.describe() for name, split in splits.items()},
            "supernet_start": self.supernet_start,
            "versions": versions(),
            "hardware": hardware(str(self.trainer.device)),
        }

    def execute(
        self,
        folder: Path,
        report: Callable[[Report], None] = lambda _: None,
        stop_requested: Callable[[], bool] = lambda: False,
        referee: bool = True,
    ) -> dict[str, Any]:
        """Run, or resume, or return the result of a run that is complete."""
        opened = RunFolder(folder, self.manifest)
        try:
            known = opened.result()
            if known is not None:
                return {**known, "run_dir": str(folder)}
            settings = self.preset.run
            runner = Runner(
                self.searcher,
                self.executor,
                self._referee() if referee else None,
                opened,
                Limits(
                    settings.budget_images, settings.referee_points, settings.checkpoint_seconds
                ),
                report,
                stop_requested,
            )
            reason = runner.run()
            result = self._result(folder, runner, reason)
            opened.write_result(result)
            return result
        except OSError as error:
            raise RecordError(
                f"run folder {folder} cannot be written ({error.strerror or error}): free space, "
                "then run the same command to resume"
            ) from error
        finally:
            opened.close()
            self.trainer.close()

    def _referee(self) -> Referee:
        return Referee(self.space, self.trainer, self.test, self.preset.data.case_sensitive)

    def _result(self, folder: Path, runner: Runner, reason: str) -> dict[str, Any]:
        found = self.searcher.recommend()
        row = self.space.encode([found])
        verdict = runner.verdicts[-1] if runner.verdicts else {}
        return {
            "run_dir": str(folder),
            "searcher": self.name,
            "seed": self.seed,
            "ended": reason,
            "recommendation": {
                "text": found.text,
                "index": found.index,
                "macs": int(self.space.macs(row)[0]),
                "params": int(self.space.params(row)[0]),
                **{field: verdict.get(field) for field in Verdict.__dataclass_fields__},
            },
            "cost": self._cost(runner),
            "trajectory": runner.verdicts,
        }

    def _cost(self, runner: Runner) -> dict[str, Any]:
        """The run's own costs, and with the supernet that it started from: private, sunk."""
        own = runner.ledger.total.images
        before = int((self.supernet_start or {}).get("images", 0))
        return {
            **runner.ledger.as_dict(),
            "images_sunk": own,
            "images_private": own + before,
            "supernet_images_before": before,
            "peak_memory_bytes": peak_memory_bytes(),
        }


def build_searcher(
    choice: SearcherChoice, preset: Preset, seed: int, max_macs: int | None
) -> tuple[str, Any, Searcher]:
    """Name, settings and object of a searcher; it refuses settings and caps that do not fit."""
    if isinstance(choice, str):
        name, kind, settings = choice, load_searcher(choice), searcher_settings(preset, choice)
    else:
        name, kind, settings = choice
    problem = Problem(
        space=load_space(preset.space.name, strict=preset.space.strict),
        budget_images=preset.run.budget_images,
        images_per_step=preset.trainer.batch_images,
        images_per_evaluation=preset.run.evaluation_images + preset.trainer.calibration_images,
        max_macs=max_macs,
    )
    return name, settings, kind(problem, settings, _generator(seed, SEARCHER_STREAM))


def _keep_test_apart(splits: Mapping[str, Split]) -> None:
    """The referee's words may not be searched on."""
    test = splits["test"]
    for name in ("search_train", "search_val"):
        for source, digest in zip(splits[name].sources, splits[name].hashes, strict=True):
            if digest in test.hashes:
                raise RecordError(
                    f"{source} is given as {name} and its words are in test too: keep the words "
                    "that the referee scores on out of the search"
                )


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,)))


def _without_bookkeeping(preset: Preset) -> dict[str, Any]:
    """The preset as identity: where data lie and how often is saved do not matter."""
    plain = settings_as_dict(preset)
    del plain["description"], plain["searcher"], plain["supernet_recipe"]
    del plain["run"]["checkpoint_seconds"]
    for split in ("search_train", "search_val", "test", "workers"):
        del plain["data"][split]
    del plain["supernet"]["start"]
    return plain
