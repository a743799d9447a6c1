"""Whether runs were made under one protocol: the same space, data, budget, caps and evaluation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from bench.records.errors import RecordError
from bench.records.flat import flatten
from bench.records.record import RunRecord

#: Of a run's identity, what may differ between runs of one protocol.
VARIES = ("searcher", "searcher_source", "hyperparameters", "seed", "supernet")


def check_one_protocol(records: Sequence[RunRecord], varied: Collection[str] = ()) -> None:
    """Refuse runs that differ in more than searcher, seed and supernet.

    ``varied`` are keys of the preset in which a study says that its arms differ.

    ``RecordError`` names the first setting in which they differ, and how many runs have which.
    """
    flat = [
        {key: json.dumps(value) for key, value in flatten(_shared(record)).items()}
        for record in records
    ]
    free = {f"preset.{key}" for key in varied}
    for key in sorted({key for row in flat for key in row} - free):
        values = Counter(row.get(key, "nothing") for row in flat)
        if len(values) > 1:
            counts = ", ".join(f"{value} in {n} runs" for value, n in values.most_common(3))
            raise RecordError(
                f"runs of different protocols cannot be compared: {key} is {counts}; give the runs "
                "of one protocol"
            )


def _shared(record: RunRecord) -> dict[str, Any]:
    shared = {key: value for key, value in record.manifest.identity.items() if key not in VARIES}
    # Seeds of landscapes are to synthetic runs what supernets are to others.
    landscape = dict(shared["preset"]["landscape"])
    landscape.pop("seed")
    return {**shared, "preset": {**shared["preset"], "landscape": landscape}}
