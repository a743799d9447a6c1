"""Every architecture that was trained from scratch, and what its scores say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.comparison.answers import Missing
from bench.comparison.retraining import Commands
from bench.comparison.trainings import LeftOut
from bench.statistics.answers import Answer

Kind = Literal["test", "search_val"]


@dataclass(frozen=True)
class Point:
    """An architecture; ``scores`` are the final ones of its ``seeds``, ``final`` is their mean.

    ``proxy`` is the mean over ``proxy_runs``; None where no run knows one. ``images`` are those of
    a training. ``gradient_norm`` and ``snip`` are means over untrained networks (Abdelfattah et
    al., 2021); None where a training does not know them.
    """

    architecture: str
    recommended_by: tuple[str, ...]
    proxy: float | None
    proxy_runs: int
    final: Answer
    sd: float | None
    seeds: tuple[int, ...]
    scores: tuple[float, ...]
    images: float
    gradient_norm: float | None
    snip: float | None

    @property
    def mean(self) -> float:
        """The final score; it is known of every point."""
        return self.final.value or 0.0


@dataclass(frozen=True)
class Agreement:
    """How well proxy scores rank architectures by their final ones, and what that is worth.

    ``tau_corrected`` is freed of the noise of seeds, ``ceiling`` is the tau of two seeds.
    ``rivals`` holds the taus of what costs no supernet, ``lead`` by how much the proxy's is above
    the best of them, ``better_than_rival`` both in a sentence. ``top_k`` and ``regret`` are by k.
    """

    tau: Answer
    tau_error_of_chance: float
    tau_corrected: Answer
    ceiling: Answer
    rivals: Mapping[str, Answer]
    lead: Answer
    better_than_rival: str
    top_k: Mapping[int, Answer]
    regret: Mapping[int, Answer]


@dataclass(frozen=True)
class FinalRow:
    """Final scores of what one searcher recommended, in ``retrained`` of its ``runs``."""

    searcher: str
    runs: int
    retrained: int
    architectures: int
    final: Answer


@dataclass(frozen=True)
class TrainingRow:
    """One training from scratch."""

    architecture: str
    seed: int
    final: float
    images: int
    folder: str


@dataclass(frozen=True)
class FinalScores:
    """``proxy`` is the kind of proxy score; ``notes`` are what one has to know to read it.

    ``left_out`` are models that do not belong; ``commands`` train recommendations that lack seeds.
    """

    proxy: Kind
    notes: tuple[str, ...]
    agreement: Agreement | Missing
    points: tuple[Point, ...]
    searchers: tuple[FinalRow, ...]
    trainings: tuple[TrainingRow, ...]
    left_out: tuple[LeftOut, ...]
    commands: Commands


@dataclass(frozen=True)
class NoFinalScores:
    """Why there is none; ``left_out`` is None where no model was given."""

    reason: str
    left_out: tuple[LeftOut, ...] | None = None
    commands: Commands | None = None
