"""What strategies have in common: the settings of all, and what ``SupernetTraining`` asks for."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.errors import SearcherError

StrategyName = Literal["uniform", "grown", "neutral"]


@dataclass(frozen=True)
class SupernetTrainingSettings:
    """``strategy`` and what the strategies are told; each says what it ``takes``.

    ``base_share`` of the training is on a base alone; over the next ``widening_share`` it widens to
    all architectures; the rest is uniform. ``base`` is an architecture, and ``favourite_share`` the
    part of the uniform steps that stay on its path.
    """

    strategy: StrategyName = "uniform"
    base: str = ""
    base_share: float = 0.0
    widening_share: float = 0.0
    favourite_share: float = 0.0

    def __post_init__(self) -> None:
        for name in ("base_share", "widening_share", "favourite_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SearcherError(f"{name} {getattr(self, name)}: expected 0 to 1")

    def widening(self, progress: float) -> float:
        """How far widening has come, 0 to 1, at a share of the training."""
        over = progress - self.base_share
        if over < 0.0:
            return 0.0
        return 1.0 if over >= self.widening_share else over / self.widening_share


class Strategy(ABC):
    """Draws the paths of weight steps.

    ``takes`` names the settings that it reads. ``SearcherError`` for one that it does not, if it is
    set. ``default_operations`` are those outside the space that it draws, too.
    """

    takes: ClassVar[tuple[str, ...]] = ()
    default_operations: ClassVar[tuple[str, ...]] = ()

    def __init__(self, problem: Problem, settings: SupernetTrainingSettings) -> None:
        others = [each for each in fields(settings) if each.name not in ("strategy", *self.takes)]
        idle = {
            each.name: each.default
            for each in others
            if getattr(settings, each.name) != each.default
        }
        if idle:
            given = " and ".join(f"{name} {getattr(settings, name)}" for name in idle)
            mend = " and ".join(f"{name} to {json.dumps(value)}" for name, value in idle.items())
            raise SearcherError(
                f"strategy {settings.strategy!r} has no use for {given}: in supernet_recipe, set "
                f"{mend}, or another strategy"
            )
        self.problem = problem
        self.settings = settings

    @abstractmethod
    def draw(self, n: int, progress: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        """Encodings (n, columns) for the next n steps, at a share 0 to 1 of the training."""
