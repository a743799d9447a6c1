"""What is fixed before a study, and whether the runs at hand were made under one protocol."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.errors import RecordError
from bench.records import RunRecord

#: The endpoint of docs and reports, in one sentence.
ENDPOINT = (
    "The referee's score on test of the architecture that a searcher recommends at the end of its "
    "budget; not the best score it has seen."
)
#: Of a run's identity, what may differ between runs of one protocol.
VARIES = ("searcher", "searcher_source", "hyperparameters", "seed", "supernet")


@dataclass(frozen=True)
class Protocol:
    """Levels of the statistics; ``margin`` is the shift below which searchers count as equivalent.

    ``bootstrap_seed`` makes every resampling repeatable; each part draws from a stream of its own.
    """

    alpha: float = 0.05
    level: float = 0.95
    power: float = 0.8
    margin: float | None = 0.02
    baseline: str = "random"
    bootstrap_seed: int = 2026

    def generator(self, part: str) -> np.random.Generator:
        """The generator of one part of the analysis."""
        return np.random.default_rng([self.bootstrap_seed, *part.encode()])


def check_one_protocol(records: Sequence[RunRecord]) -> None:
    """Refuse runs that differ in more than searcher, seed and supernet.

    ``RecordError`` names the first setting in which they differ, and how many runs have which.
    """
    flat = [_flat(_shared(record)) for record in records]
    for key in sorted({key for row in flat for key in row}):
        values = Counter(row.get(key, "nothing") for row in flat)
        if len(values) > 1:
            counts = ", ".join(f"{value} in {n} runs" for value, n in values.most_common(3))
            raise RecordError(
                f"runs of different protocols cannot be compared: {key} is {counts}; give the runs "
                "of one protocol"
            )


def _shared(record: RunRecord) -> dict[str, Any]:
    shared = {key: value for key, value in record.identity.items() if key not in VARIES}
    # Seeds of landscapes are to synthetic runs what supernets are to others.
    landscape = dict(shared["preset"]["landscape"])
    landscape.pop("seed")
    return {**shared, "preset": {**shared["preset"], "landscape": landscape}}


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = json.dumps(value)
    return flat
