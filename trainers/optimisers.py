"""Weight optimisers and learning-rate schedules.

Parameters without a gradient are skipped by torch's optimisers together with their state, which is
what a supernet needs: weights off the path stay as they are. Of entangled candidates the unused
part of a weight on the path has a gradient of zero instead: momentum and weight decay go on there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from trainers.settings import RetrainingSettings, Schedule, TrainerSettings

#: Share of the steps for which ``late-cosine`` stays.
LATE = 0.6


def build_optimiser(
    parameters: Iterable[nn.Parameter], settings: TrainerSettings | RetrainingSettings
) -> torch.optim.Optimizer:
    """The preset's optimiser; Adadelta with the AutoSTR paper's rho 0.9 and eps 1e-6."""
    if settings.optimiser == "adadelta":
        return torch.optim.Adadelta(
            parameters,
            lr=settings.learning_rate,
            rho=0.9,
            eps=1e-6,
            weight_decay=settings.weight_decay,
        )
    # Fused: one pass over each parameter and its state, a quarter of the time on CPU.
    return torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )


def learning_rate(settings: TrainerSettings, step: int) -> float:
    """Learning rate of a step of the supernet's weights.

    A pure function of the step, so that resuming needs no scheduler state.
    """
    progress = min(1.0, step / settings.schedule_steps)
    return settings.learning_rate * _warmth(settings, step) * _fall(settings.schedule, progress)


def retraining_rate(settings: RetrainingSettings, step: int, steps: int) -> float:
    """Learning rate of one of ``steps`` steps from scratch; a pure function, too."""
    progress = step / steps
    fall = (
        0.1 ** sum(progress >= drop for drop in settings.drops)
        if settings.schedule == "steps"
        else _fall(settings.schedule, progress)
    )
    return settings.learning_rate * _warmth(settings, step) * fall


def _warmth(settings: TrainerSettings | RetrainingSettings, step: int) -> float:
    """Share of the rate that linear warm-up allows."""
    return min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0


def _fall(schedule: Schedule, progress: float) -> float:
    """Share of the rate after a part of the training: half a cosine comes down to 1 %."""
    if schedule == "constant":
        return 1.0
    if schedule == "late-cosine":
        progress = max(0.0, progress - LATE) / (1.0 - LATE)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * progress))
