"""What strategies have in common: the settings of all, and what ``SupernetTraining`` asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.errors import SearcherError

StrategyName = Literal["uniform", "grown", "neutral"]


@dataclass(frozen=True)
class SupernetTrainingSettings:
    """``strategy`` and what the strategies are told; docs/supernet.md says what each makes of it.

    ``base_share`` of the training is on a base alone; over the next ``widening_share`` it widens to
    all architectures; the rest is uniform. ``base`` is an architecture, and ``favourite_share`` the
    part of the uniform steps that stay on its path; both are for ``grown``.
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
        if (self.strategy == "grown") != bool(self.base):
            what = "needs a base architecture" if self.strategy == "grown" else "has no base"
            raise SearcherError(
                f"strategy {self.strategy!r} {what}, base is {self.base!r}: set "
                "supernet_recipe.base, or supernet_recipe.strategy"
            )
        if self.favourite_share > 0.0 and self.strategy != "grown":
            raise SearcherError(
                f"favourite_share {self.favourite_share} with strategy {self.strategy!r}: it is of "
                "'grown', set it to 0"
            )
        if self.strategy == "uniform" and (self.base_share or self.widening_share):
            raise SearcherError(
                f"base_share {self.base_share} and widening_share {self.widening_share} with "
                "strategy 'uniform', which has no base: set both to 0"
            )

    def widening(self, progress: float) -> float:
        """How far widening has come, 0 to 1, at a share of the training."""
        over = progress - self.base_share
        if over < 0.0:
            return 0.0
        return 1.0 if over >= self.widening_share else over / self.widening_share


class Strategy(ABC):
    """Draws the paths of weight steps.

    ``default_operations`` are those outside the space that it draws, too.
    """

    default_operations: ClassVar[tuple[str, ...]] = ()

    def __init__(self, problem: Problem, settings: SupernetTrainingSettings) -> None:
        self.problem = problem
        self.settings = settings

    @abstractmethod
    def draw(self, n: int, progress: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        """Encodings (n, columns) for the next n steps, at a share 0 to 1 of the training."""
