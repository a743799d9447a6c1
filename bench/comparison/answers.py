"""What parts of an analysis are where no statistic of ``bench.statistics`` fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.statistics.answers import Answer, Estimate, NotComputable


@dataclass(frozen=True)
class Missing(NotComputable):
    """A part that is not there. Nothing was computed: there is a ``reason`` and nothing else."""


@dataclass(frozen=True)
class Range:
    """Mean, smallest and largest of ``n`` that were chosen; nothing is inferred from them."""

    method: ClassVar[str] = "mean, smallest and largest"
    level: ClassVar[None] = None
    value: float
    low: float
    high: float
    n: int


def value_or_least(answer: Answer) -> float:
    """Its value, for putting in order; below every score and tau where it is unknown."""
    return -1.0 if answer.value is None else answer.value


#: What has two ends around its value.
Interval = Estimate | Range
