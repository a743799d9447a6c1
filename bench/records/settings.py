"""What a preset holds in all: a section for each room."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from searchers.supernet_strategies.strategy import StrategyName
from spaces import Space, load_space
from trainers.settings import (
    DataSettings,
    Fraction,
    Positive,
    Rate,
    RecogniserSettings,
    RetrainingSettings,
    Schedule,
    SupernetSettings,
    TrainerSettings,
)

#: Of an architecture; 0: none.
Cap = Annotated[int, Meta(ge=0, le=10**15)]


class RunSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Budget and bookkeeping of one run.

    ``budget_images`` is what searchers plan by; where ``budget_epochs`` is not 0 it is so many
    times the words of search_train. ``budget_macs``, ``budget_evaluations`` and
    ``budget_seconds`` (of trainer, ask and tell), where they are not 0, end a run earlier.
    ``max_macs`` and ``max_params`` are hard caps on architectures of the full-size space, 0: none.
    ``referee_points``: at how many equal parts of the budget the referee scores the recommendation,
    with ``referee_samples`` draws beside it where a distribution is learned. ``evaluator`` is the
    supernet, a made-up landscape with a planted optimum, or what the runs in the folder ``replay``
    recorded.
    ``training_share`` of the budget is what black-box searchers spend on weights before their first
    evaluation. ``latency_table``: a file of `bench latency measure`, for searchers that weigh
    latency. ``evaluation_cache``: whether evaluations are kept and looked up (billed in any case).
    """

    budget_images: Positive = 50_000
    budget_epochs: Annotated[float, Meta(ge=0.0, le=100_000.0)] = 0.0
    budget_macs: Annotated[int, Meta(ge=0, le=2**62)] = 0
    budget_evaluations: Annotated[int, Meta(ge=0)] = 0
    budget_seconds: Annotated[float, Meta(ge=0.0, le=1e9)] = 0.0
    max_macs: Cap = 0
    max_params: Cap = 0
    evaluation_images: Positive = 500
    evaluator: Literal["supernet", "synthetic", "replay"] = "supernet"
    evaluation_cache: bool = True
    training_share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.5
    latency_table: str = ""
    replay: str = ""
    referee_samples: Annotated[int, Meta(ge=0, le=100)] = 4
    referee_points: Annotated[int, Meta(ge=1, le=100)] = 4
    checkpoint_seconds: Annotated[float, Meta(ge=0.0)] = 60.0


class SpaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which space, and what is searched of it.

    ``strict`` keeps skip out of downsampling layers. ``part`` is strnas's: extractor, rectifier or
    both; '' is the space's own default.
    """

    name: str = "autostr"
    strict: bool = False
    part: str = ""

    def load(self) -> Space:
        """The space; SpaceError for an unknown name, or a part of a space that has none."""
        return load_space(self.name, part=self.part, strict=self.strict)

    def options(self) -> str:
        """What `bench space` needs to mean this space; nothing for the default."""
        name = f" --space {self.name}" if self.name != SpaceSettings().name else ""
        return name + (f" --part {self.part}" if self.part else "")


class LandscapeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The made-up landscape of the synthetic evaluator; see its module."""

    seed: Annotated[int, Meta(ge=0)] = 0
    noise: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.02


class SupernetRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """How the preset's supernet is trained before any search; ``images`` 0: it is not.

    The learning rate falls over ``images``, see ``TrainerSettings.schedule``; ``strategy`` and what
    it is told are those of ``searchers.supernet_strategies``. See ``docs/supernet.md``.
    """

    images: Annotated[int, Meta(ge=0)] = 0
    strategy: StrategyName = "uniform"
    base: str = ""
    base_share: Fraction = 0.0
    widening_share: Fraction = 0.0
    favourite_share: Fraction = 0.0
    learning_rate: Rate = 1e-3
    schedule: Schedule = "cosine"
    warmup_steps: Annotated[int, Meta(ge=0)] = 0
    flat_start_steps: Annotated[int, Meta(ge=0)] = 0
    rendered_words: Positive = 20_000


class Preset(Struct, frozen=True, forbid_unknown_fields=True):
    """A complete protocol; ``searcher`` maps a searcher's name to its hyperparameters."""

    description: str
    run: RunSettings = RunSettings()
    space: SpaceSettings = SpaceSettings()
    data: DataSettings = DataSettings()
    recogniser: RecogniserSettings = RecogniserSettings()
    supernet: SupernetSettings = SupernetSettings()
    trainer: TrainerSettings = TrainerSettings()
    supernet_recipe: SupernetRecipe = SupernetRecipe()
    retraining: RetrainingSettings = RetrainingSettings()
    landscape: LandscapeSettings = LandscapeSettings()
    searcher: dict[str, dict[str, Any]] = {}


def settings_as_dict(settings: Struct) -> dict[str, Any]:
    """Settings as plain data."""
    # Through JSON, since tuples and lists must not make two equal presets differ.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    return plain


#: Settings that earlier versions did not have, and did as if they were off.
LATER = frozenset({"augmentation", "entangled"})
#: The same of our own searchers' hyperparameters.
LATER_HYPERPARAMETERS = frozenset(
    {"path_epochs", "warmup_epochs", "search_epochs", "operation_beyond_cap"}
)


def without_off(section: dict[str, Any], later: frozenset[str] = LATER) -> dict[str, Any]:
    """A section for an identity: without settings that came ``later``, where they are off.

    Runs and models from before do not have the keys, and remain what they were.
    """
    return {key: value for key, value in section.items() if key not in later or value}


def with_budget(preset: Preset, images: int) -> Preset:
    """The preset with a budget of so many images: what a budget in epochs has come to."""
    run = msgspec.structs.replace(preset.run, budget_images=images)
    return msgspec.structs.replace(preset, run=run)


def with_start(preset: Preset, start: str) -> Preset:
    """The preset with another supernet to start from."""
    supernet = msgspec.structs.replace(preset.supernet, start=start)
    return msgspec.structs.replace(preset, supernet=supernet)
