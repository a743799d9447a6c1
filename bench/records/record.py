"""A run as comparisons see it: its manifest, its result and its log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.records.events import Event
from bench.records.flat import flatten
from bench.records.manifest import Manifest, RunIdentity, known_identity
from bench.records.result import StoredResult

FRESH_WEIGHTS = "fresh weights"
#: In place of weights, where a verdict is replayed.
RECORDED, PREDICTED = "recorded", "predicted"


@dataclass(frozen=True)
class Trajectory:
    """The referee's scores along a run; all arrays are (P,), in order of cost.

    Seconds are those of trainer, ask and tell; the referee's own are the harness's.
    """

    images: npt.NDArray[np.int64]
    evaluations: npt.NDArray[np.int64]
    macs: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]

    @property
    def looks(self) -> int:
        """P."""
        return len(self.score)


@dataclass(frozen=True)
class RunRecord:
    """One run folder."""

    folder: Path
    manifest: Manifest
    result: StoredResult | None
    events: list[Event]

    @cached_property
    def identity(self) -> RunIdentity:
        """What makes it this run; ``manifest.identity`` is all of it."""
        return known_identity(self.folder, self.manifest)

    @property
    def preset(self) -> dict[str, Any]:
        """The preset's sections, with all keys that this version or another knows."""
        found: dict[str, Any] = self.manifest.identity["preset"]
        return found

    @cached_property
    def case_sensitive(self) -> bool:
        """Whether its scores count case."""
        return bool(flatten(self.preset).get("data.case_sensitive"))

    @property
    def evaluator(self) -> str:
        """Which one the scores are of."""
        return self.identity.preset.run.evaluator

    @property
    def run_id(self) -> str:
        """The hash that names it everywhere."""
        return self.manifest.identity_hash

    @property
    def searcher(self) -> str:
        """Name of the searcher."""
        return self.identity.searcher

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.identity.seed

    @property
    def complete(self) -> bool:
        """Whether the run has ended and written its result."""
        return self.result is not None

    @property
    def supernet(self) -> str:
        """What the scores come from: the hash of a supernet, a landscape, or fresh weights."""
        if self.evaluator == "synthetic":
            return f"landscape {self.identity.preset.landscape.seed}"
        if self.evaluator == "replay":
            hashes = self.identity.data.get("replay") or [""]
            return f"record {hashes[0][:8]}"
        start = self.identity.supernet
        return f"supernet {start[:8]}" if start else FRESH_WEIGHTS

    @property
    def block(self) -> str:
        """Runs of one block share supernet and data order: what paired tests pair."""
        return f"{self.supernet}, seed {self.seed}"

    @property
    def score(self) -> float | None:
        """The endpoint: the referee's score on test of what was recommended at the end."""
        return None if self.result is None else self.result.recommendation.score

    @cached_property
    def trajectory(self) -> Trajectory:
        """The referee's looks, with the costs up to each."""
        rows: list[tuple[int, int, int, float, float]] = []
        images = macs = evaluations = 0
        seconds = 0.0
        for event in self.events:
            if event.look is None:
                images += event.cost.images
                macs += event.cost.macs
                evaluations += event.cost.evaluations
                seconds += event.time.spent
            elif event.look.score is not None:
                rows.append((images, evaluations, macs, seconds, event.look.score))
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 5)
        # Multiply-adds of a run stay below 2^53, where floats still count by one.
        images_P, evaluations_P, macs_P = table[:, :3].astype(np.int64).T
        return Trajectory(images_P, evaluations_P, macs_P, table[:, 3], table[:, 4])
