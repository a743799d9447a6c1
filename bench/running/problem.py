"""The searcher of a run and the problem it is given."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from bench.presets import searcher_settings
from bench.records.settings import Preset, RunSettings
from bench.running.latency import LatencyTable, latency_array, read_latency
from searchers.base import Problem, Searcher
from searchers.finding import find_searcher
from trainers.streams import Stream

#: A name that ``find_searcher`` knows; or name, class and settings of a searcher it does not.
SearcherChoice = str | tuple[str, type[Searcher], Any]


@dataclass(frozen=True)
class Caps:
    """Hard limits on architectures of the full-size space; None: no limit."""

    max_macs: int | None = None
    max_params: int | None = None

    @classmethod
    def of(cls, run: RunSettings) -> Caps:
        """Those of a preset's section, where 0 is none."""
        return cls(run.max_macs or None, run.max_params or None)


@dataclass(frozen=True)
class Chosen:
    """A searcher's name, class and settings, before there is a problem."""

    name: str
    kind: type[Searcher]
    settings: Any
    latency: LatencyTable | None = None

    @classmethod
    def of(cls, choice: SearcherChoice, preset: Preset) -> Chosen:
        """Look the choice up; errors name what is unknown or wrong."""
        table = preset.run.latency_table
        latency = read_latency(Path(table)) if table else None
        if not isinstance(choice, str):
            return cls(*choice, latency)
        found = find_searcher(choice)
        return cls(choice, found.kind, searcher_settings(preset, found), latency)

    @property
    def default_operations(self) -> tuple[str, ...]:
        """Operations outside the space that the supernet must hold for this searcher."""
        return self.kind.default_operations(self.settings)

    def source_hash(self) -> str | None:
        """Of the module of a plug-in: with other code it is another run. None for our own."""
        if self.kind.__module__.partition(".")[0] == "searchers":
            return None
        file = inspect.getsourcefile(self.kind)
        content = b"" if file is None else Path(file).read_bytes()
        return blake2b(content, digest_size=12).hexdigest()

    def build(
        self,
        preset: Preset,
        seed: int,
        caps: Caps,
        images_per_evaluation: int | None = None,
        epoch_images: int | None = None,
    ) -> Searcher:
        """The searcher; it refuses settings and caps that do not fit.

        An evaluation consumes what the preset says, unless the data are known to have less. An
        epoch is ``epoch_images``; before the data are read, what they say they have.
        """
        epoch = epoch_images or self._words_named(preset)
        wanted = preset.run.evaluation_images + preset.trainer.calibration_images
        space = preset.space.load()
        problem = Problem(
            space=space,
            budget_images=_budget(preset, epoch),
            images_per_step=preset.trainer.batch_images,
            images_per_evaluation=images_per_evaluation or wanted,
            max_macs=caps.max_macs,
            max_params=caps.max_params,
            training_share=preset.run.training_share,
            epoch_images=epoch,
            latency_ms=None if self.latency is None else latency_array(self.latency, space),
        )
        sequence = np.random.SeedSequence(seed, spawn_key=(Stream.SEARCHER,))
        return self.kind(problem, self.settings, np.random.default_rng(sequence))

    def _words_named(self, preset: Preset) -> int | None:
        """How many words the files of search_train say they have, or will be rendered.

        None where files are given and nothing is measured in epochs: then nobody has to have them
        yet. ``DataError`` for a file that is none.
        """
        given, rendered = preset.data.search_train, preset.data.rendering.search_train
        if not given or preset.run.evaluator != "supernet":
            return rendered
        own = asdict(self.settings).items()
        if not preset.run.budget_epochs and not any(
            value for name, value in own if name.endswith("_epochs")
        ):
            return None
        # Here, since most commands that make a searcher read no words.
        from trainers.data.store import WordLMDB
        from trainers.data_splits import RENDERED

        return sum(rendered if path == RENDERED else len(WordLMDB(path)) for path in given)


def _budget(preset: Preset, epoch_images: int | None) -> int:
    """Images that the run may consume."""
    if preset.run.budget_epochs and epoch_images:
        return max(1, round(preset.run.budget_epochs * epoch_images))
    return preset.run.budget_images
