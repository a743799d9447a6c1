"""What parts of an analysis are where no statistic of ``bench.statistics`` fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.statistics.answers import Estimate, NotComputable


@dataclass(frozen=True)
class Missing(NotComputable):
    """A part that is not there. Nothing was computed: there is a ``reason`` and nothing else."""


@dataclass(frozen=True)
class Range:
    """Mean, smallest and largest of ``n`` that were chosen; nothing is inferred from them."""

    method: ClassVar[str] = "mean, smallest and largest"
    value: float
    low: float
    high: float
    n: int


#: What has two ends around its value.
Interval = Estimate | Range
