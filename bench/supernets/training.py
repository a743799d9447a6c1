"""Trains a preset's supernet by its recipe, through the same run loop as every search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench.records.errors import PresetError
from bench.records.settings import Preset, SupernetRecipe
from bench.run import Run
from bench.running.arithmetic import TORCH
from bench.running.evaluators.leading import LeadingEvaluator, follow_weight_steps
from bench.running.runner import WorkReport
from bench.supernets.file import export_supernet
from searchers.supernet_strategies.strategy import SupernetTrainingSettings
from searchers.supernet_training import SupernetTraining
from trainers.data_splits import RenderProgress
from trainers.distributed import ProcessGroup


class SupernetJob:
    """One supernet to train: a preset whose recipe is applied, and a seed."""

    def __init__(
        self,
        preset_name: str,
        preset: Preset,
        seed: int,
        render_progress: RenderProgress | None = None,
    ) -> None:
        recipe = preset.supernet_recipe
        if recipe.images == 0:
            raise PresetError(
                f"preset {preset_name} has no recipe for a supernet: set supernet_recipe.images"
            )
        settings = SupernetTrainingSettings(
            recipe.strategy,
            recipe.base,
            recipe.base_share,
            recipe.widening_share,
            recipe.favourite_share,
        )
        training = ("supernet-training", SupernetTraining, settings)
        self.images = recipe.images
        self.run = Run(
            training, preset_name, apply_recipe(preset, recipe), seed, None, render_progress
        )

    def share(self, group: ProcessGroup) -> None:
        """Do the weight steps together with the other processes of ``group``.

        The first of them trains, the others follow.
        """
        group.check_equal("settings, data or supernet", self.run.manifest.identity_hash)
        self.run.trainer.join(group)
        # Several processes meet at each batch norm, which the kernels know nothing of.
        self.run.manifest.hardware.update(processes=group.size, kernels=TORCH)
        if group.rank == 0:
            self.run.evaluator = LeadingEvaluator(
                self.run.evaluator, self.run.trainer, self.run.space, group
            )

    def follow(self, group: ProcessGroup) -> None:
        """Do this process's part of what the first one trains, until that ends."""
        try:
            follow_weight_steps(self.run.trainer, group)
        finally:
            self.run.evaluator.close()

    def close(self) -> None:
        """End without training: stop what loads words."""
        self.run.evaluator.close()

    def train(
        self,
        out: Path,
        folder: Path,
        half: bool,
        command: str,
        report: Callable[[WorkReport], None],
        stop_requested: Callable[[], bool],
    ) -> dict[str, Any]:
        """Train, or resume in ``folder``, and write ``out``; returns what to print."""
        result = self.run.execute(folder, report, stop_requested, referee=False)
        return export_supernet(folder, out, self.run, result, half, command)


def apply_recipe(preset: Preset, recipe: SupernetRecipe) -> Preset:
    """The preset with the recipe's budget, schedule and words."""
    batch = preset.trainer.batch_images
    return msgspec.structs.replace(
        preset,
        # A supernet is one of all architectures, and is trained for as long as the recipe says.
        run=msgspec.structs.replace(
            preset.run, budget_images=recipe.images, budget_epochs=0.0, max_macs=0, max_params=0
        ),
        data=msgspec.structs.replace(
            preset.data,
            rendering=msgspec.structs.replace(
                preset.data.rendering, search_train=recipe.rendered_words
            ),
        ),
        trainer=msgspec.structs.replace(
            preset.trainer,
            learning_rate=recipe.learning_rate,
            warmup_steps=recipe.warmup_steps,
            flat_start_steps=recipe.flat_start_steps,
            schedule=recipe.schedule,
            schedule_steps=max(1, recipe.images // batch),
        ),
    )
