"""When a run ends, is looked at and saved. The first limit of its budget that is spent ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainers.cost import Cost

if TYPE_CHECKING:
    from bench.records.settings import RunSettings

#: Axis -> what it counts, in words.
AXES = {
    "images": "images",
    "evaluations": "evaluations",
    "macs": "MACs",
    "seconds": "seconds",
}


@dataclass(frozen=True)
class Budget:
    """Limits of a run; 0: none. Searchers plan by ``images``, the others only cut."""

    images: int
    macs: int = 0
    evaluations: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, run: RunSettings) -> Budget:
        """Of a preset's section."""
        return cls(run.budget_images, run.budget_macs, run.budget_evaluations, run.budget_seconds)

    def out_of_time(self, seconds: float) -> bool:
        """Whether the clock has run out: no piece of work says beforehand how long it takes."""
        return 0.0 < self.seconds <= seconds

    def payable(self, total: Cost, costs: Sequence[Cost]) -> tuple[int, str | None]:
        """How many of ``costs``, in order, are paid for, and the axis that the next exceeds."""
        for place, cost in enumerate(costs):
            total += cost
            for axis, limit in self._counted():
                if limit and getattr(total, axis) > limit:
                    return place, axis
        return len(costs), None

    def share(self, total: Cost, seconds: float) -> float:
        """Of the limit that is nearest to its end, how much is spent; 1 or more: all."""
        used = [float(getattr(total, axis)) / limit for axis, limit in self._counted() if limit]
        return max([*used, seconds / self.seconds if self.seconds else 0.0])

    def _counted(self) -> list[tuple[str, int]]:
        return [(axis, getattr(self, axis)) for axis in ("images", "macs", "evaluations")]


@dataclass(frozen=True)
class Limits:
    """The budget, parts of it after which the referee looks, seconds between checkpoints."""

    budget: Budget
    referee_points: int
    checkpoint_seconds: float

    @classmethod
    def of(cls, run: RunSettings) -> Limits:
        """Of a preset's section."""
        return cls(Budget.of(run), run.referee_points, run.checkpoint_seconds)
