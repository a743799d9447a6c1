"""What a preset holds in all: a section for each room."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from trainers.settings import (
    DataSettings,
    Positive,
    RecogniserSettings,
    SupernetSettings,
    TrainerSettings,
)


class RunSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Budget and bookkeeping of one run.

    ``referee_points``: at how many equal parts of the budget the referee scores the recommendation.
    """

    budget_images: Positive = 50_000
    evaluation_images: Positive = 500
    referee_points: Annotated[int, Meta(ge=1, le=100)] = 4
    checkpoint_seconds: Annotated[float, Meta(ge=0.0)] = 60.0


class SpaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which space, and whether skip is kept out of downsampling layers."""

    name: str = "autostr"
    strict: bool = False


class Preset(Struct, frozen=True, forbid_unknown_fields=True):
    """A complete protocol; ``searcher`` maps a searcher's name to its hyperparameters."""

    description: str
    run: RunSettings = RunSettings()
    space: SpaceSettings = SpaceSettings()
    data: DataSettings = DataSettings()
    recogniser: RecogniserSettings = RecogniserSettings()
    supernet: SupernetSettings = SupernetSettings()
    trainer: TrainerSettings = TrainerSettings()
    searcher: dict[str, dict[str, Any]] = {}
