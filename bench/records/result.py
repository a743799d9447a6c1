"""``result.json``: what a run came to. One schema for whoever writes it and whoever reads it.

Files may be a stranger's, or of an older version: keys that came later have defaults, keys that
nothing reads are left alone. What does not fit ends the reading of that run, not of the report.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0, le=2**62)]
Finite = Annotated[float, Meta(ge=-1e300, le=1e300)]
Score = Annotated[float, Meta(ge=0.0, le=1.0)]
MOST_SECONDS = 1e12
Seconds = Annotated[float, Meta(ge=0.0, le=MOST_SECONDS)]


class Consumed(Struct, frozen=True, kw_only=True):
    """What work consumed; ``images`` are all of them, in one direction or in both."""

    images: Count
    images_forward: Count = 0
    images_forward_backward: Count = 0
    macs: Count
    evaluations: Count


class Clocks(Struct, frozen=True):
    """Seconds of each part; ``total`` is what was ``spent``, unless it is of before that."""

    trainer: Seconds
    ask: Seconds
    tell: Seconds
    referee: Seconds = 0.0
    total: Seconds = 0.0

    @property
    def spent(self) -> float:
        """Without the referee's, which are the harness's."""
        return self.trainer + self.ask + self.tell


class Billed(Struct, frozen=True, kw_only=True):
    """What a ledger has counted, in all and by kind of work."""

    total: Consumed
    by_kind: dict[str, Consumed] = {}
    failures: Count = 0
    seconds: Clocks


class RunCost(Billed, frozen=True, kw_only=True):
    """The run's own costs, and with those of the supernet that it began from: sunk, private."""

    images_sunk: Count
    images_private: Count
    supernet_images_before: Count
    peak_memory_bytes: Count | None = None
    peak_accelerator_bytes: Count | None = None


class Recommendation(Struct, frozen=True, kw_only=True):
    """The architecture that a run ended with, its sizes, and what the referee says of it."""

    text: Annotated[str, Meta(min_length=1, max_length=4000)]
    index: int | None = None
    macs: Count
    params: Count
    score: Score | None
    search_val_score: Score | None = None
    word_accuracy: Score | None = None
    one_ned: Score | None = None
    word_accuracy_case_insensitive: Score | None = None
    one_ned_case_insensitive: Score | None = None
    test_words: Count | None = None
    weights: str | None = None
    own_score: Score | None = None


class RefereeRow(Struct, frozen=True, kw_only=True):
    """One look of the referee: in the log, in the table of incumbents and in the result."""

    point: int
    images: int
    evaluations: int
    architecture: str
    index: int | None = None
    score: float | None
    search_val_score: float | None = None
    word_accuracy: float | None = None
    one_ned: float | None = None
    word_accuracy_case_insensitive: float | None = None
    one_ned_case_insensitive: float | None = None
    test_words: int | None = None
    weights: str = ""
    own_score: float | None = None
    samples_mean: float | None = None
    discretisation_gap: float | None = None


class RunResult(Struct, frozen=True, kw_only=True):
    """What a run came to, as `bench run --json` prints it; ``tables`` are the searcher's own."""

    run_dir: str = ""
    searcher: str = ""
    seed: int = 0
    ended: str = ""
    recommendation: Recommendation
    cost: RunCost
    proposals: dict[str, Count]
    warnings: list[str] = []
    tables: dict[str, list[dict[str, Any]]] = {}
    trajectory: list[RefereeRow]


class StoredResult(RunResult, frozen=True, kw_only=True):
    """The file: also says by a hash which log it is of, unless it is of before that."""

    log_hash: str | None = None
