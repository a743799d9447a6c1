"""Which supernet a run starts from, where that of its preset does not fit."""

from __future__ import annotations

from bench.commands.shared.say import warn
from bench.presets import load_preset
from bench.records.settings import Preset, with_start
from spaces import Space
from trainers.settings import SHIPPED
from trainers.starts import gives

#: Behind the name of a shipped supernet of the extractor: the one of both parts.
BOTH = "-both"


def with_a_start_that_fits(name: str, settings: Preset) -> Preset:
    """Another start where the preset's supernet is of another space or part.

    Where a rectifier is searched, ``shipped:NAME-both`` stands in for the preset's file.
    What has no supernet begins with fresh weights, which is said.
    """
    own, start = load_preset(name), settings.supernet.start
    named = start != own.supernet.start or not start.startswith(SHIPPED)
    if named or settings.run.evaluator != "supernet":
        return settings
    searched, trained = settings.space.load(), own.space.load()
    if (searched.name, searched.part) == (trained.name, trained.part):
        return settings
    if searched.name == trained.name and gives(trained.part, searched.part):
        return with_start(settings, start + BOTH)
    warn(
        f"preset {name} starts from a supernet of {_said(trained)}, and there is none of "
        f"{_said(searched)}: weights are fresh, and the budget has to teach them to read. "
        "--from-scratch trains a supernet first."
    )
    return with_start(settings, "")


def _said(space: Space) -> str:
    return f"space {space.name}" + (f", part {space.part}" if space.part else "")
