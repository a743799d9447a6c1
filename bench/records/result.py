"""What ``result.json`` and ``run.json`` have to hold for a comparison, checked when they are read.

Files may be a stranger's, or of an older version: keys that came later have defaults, keys that
nothing reads are left alone. What does not fit ends the reading of that run, not of the report.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0, le=2**62)]
Score = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=1e12)]


class Recommendation(Struct, frozen=True):
    """The architecture that a run ended with, its sizes, and what the referee says of it."""

    text: Annotated[str, Meta(min_length=1, max_length=4000)]
    macs: Count
    params: Count
    score: Score | None
    search_val_score: Score | None = None
    one_ned: Score | None = None
    own_score: Score | None = None
    test_words: Count | None = None
    weights: str | None = None


class Total(Struct, frozen=True):
    """Sums over the run's own work."""

    images: Count
    evaluations: Count
    macs: Count


class Clocks(Struct, frozen=True):
    """Seconds of each part."""

    trainer: Seconds
    ask: Seconds
    tell: Seconds


class RunCost(Struct, frozen=True):
    """What the run consumed, and what was consumed before it began."""

    total: Total
    seconds: Clocks
    images_sunk: Count
    images_private: Count
    supernet_images_before: Count
    failures: Count = 0


class Result(Struct, frozen=True):
    """``result.json``."""

    recommendation: Recommendation
    cost: RunCost
    proposals: dict[str, Count]
    trajectory: list[dict[str, Any]]
    ended: str = ""
    warnings: list[str] = []
    tables: dict[str, list[dict[str, Any]]] = {}


class StoredRunSettings(Struct, frozen=True):
    """Section ``run`` of a preset."""

    evaluator: str


class StoredLandscape(Struct, frozen=True):
    """Section ``landscape`` of a preset."""

    seed: int


class StoredPreset(Struct, frozen=True):
    """Of a preset, what says where scores come from."""

    run: StoredRunSettings
    landscape: StoredLandscape


class RunIdentity(Struct, frozen=True):
    """What makes it this run."""

    searcher: Annotated[str, Meta(min_length=1, max_length=1000)]
    seed: Count
    supernet: str | None
    preset: StoredPreset
    hyperparameters: dict[str, Any]
    data: dict[str, Any]


class SpaceNamed(Struct, frozen=True):
    """The space, and how it was built."""

    name: str
    settings: dict[str, Any]


class Manifest(Struct, frozen=True):
    """``run.json``."""

    identity: RunIdentity
    identity_hash: Annotated[str, Meta(min_length=1, max_length=128)]
    space: SpaceNamed
    created: str = ""
    preset_name: str = ""
    data: dict[str, dict[str, Any]] = {}
    hardware: dict[str, Any] = {}
    versions: dict[str, str] = {}
